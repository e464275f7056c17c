"""Proving an email by its registration's password, while something happens between the two steps."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal import HostError, Reason
from clientportal.passwords import hashing
from clientportal.records import Credential, GuessCounter, Identifier, Put
from clientportal.values import Secret
from mails import ANOTHER, PASSWORD, acuity, link_in, register
from password_ground import count_hashes
from watching import reason_of
from world import World

ANA = "ana@example.com"
LANE = f"email:{ANA}|verify"


def tries(world: World) -> tuple[int, int]:
    """Wrong tries at the registration's password: of the day, and in a row."""
    counter = world.stored(GuessCounter, LANE)
    return (0, 0) if counter is None else (counter.day_count, counter.consecutive)


def meanwhile_set(world: World, account: str, password: str) -> Any:
    """Between the two steps, somebody sets another password."""

    async def go() -> None:
        made = hashing.make(Secret(password), world.policy.passwords)
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            had = await unit.state.get(Credential, account)
            assert had is not None
            await unit.commit((Put(evolve(had, hash=made)),))

    return go


def test_a_registrations_password_that_is_changed_meanwhile_proves_nothing(world: World) -> None:
    """The old one was right when it was compared, and verifies nothing; the new one is compared with the new hash."""
    acuity(world)
    ana = register(world, ANA, PASSWORD)
    link = link_in(world, ANA)
    gate = count_hashes(world.portal)
    gate.meanwhile.append(meanwhile_set(world, ana.account, ANOTHER))
    assert reason_of(lambda: world.visitor().verify_email(link, PASSWORD)) is Reason.LOGIN_FAILED
    assert world.stored(Identifier, f"email:{ANA}") is None
    assert tries(world) == (1, 1)
    gate.meanwhile.append(meanwhile_set(world, ana.account, ANOTHER))
    assert world.visitor().verify_email(link, ANOTHER).stage.value == "done", "only its hash was made anew"
    assert tries(world)[0] == 1, "that try was given back"


def test_a_password_that_is_changed_all_the_time_is_busy(memory_world: World) -> None:
    """Three times the hash is another by the time it was compared: come back in a moment."""
    world = memory_world
    acuity(world)
    ana = register(world, ANA, PASSWORD)
    link = link_in(world, ANA)
    gate = count_hashes(world.portal)
    gate.meanwhile.extend(meanwhile_set(world, ana.account, PASSWORD) for _ in range(3))
    assert reason_of(lambda: world.visitor().verify_email(link, PASSWORD)) is Reason.BUSY


def test_what_could_not_be_judged_was_no_try_at_verifying(memory_world: World) -> None:
    """The memory for a hash was not to be had, a port of the platform's broke: the error comes out, the charge goes."""
    world = memory_world
    acuity(world)
    register(world, ANA, PASSWORD)
    link = link_in(world, ANA)
    gate = count_hashes(world.portal)

    async def broken() -> None:
        raise MemoryError

    async def torn() -> None:
        raise HostError("the platform's verifier broke")

    for how in (broken, torn):
        gate.meanwhile.append(how)
        with pytest.raises((MemoryError, HostError)):
            world.visitor().verify_email(link, PASSWORD)
        assert tries(world) == (0, 0)


def test_a_call_asked_once_more_under_its_key_that_cannot_be_judged_gives_nothing_back(memory_world: World) -> None:
    """It was charged for when it was first asked; a breakdown now takes no other try off the count."""
    world = memory_world
    acuity(world)
    register(world, ANA, PASSWORD)
    link = link_in(world, ANA)
    first = world.visitor().verify_email(link, PASSWORD, key="k1")
    before = tries(world)
    gate = count_hashes(world.portal)

    async def broken() -> None:
        raise MemoryError

    gate.meanwhile.append(broken)
    with pytest.raises(MemoryError):
        world.visitor().verify_email(link, PASSWORD, key="k1")
    assert tries(world) == before
    assert world.visitor().verify_email(link, PASSWORD, key="k1").token != first.token, "the same sign-in, once more"
