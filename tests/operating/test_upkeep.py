"""What is forgotten is counted by kind; what hangs on a key is counted before the key goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import KeyRing
from clientportal.outcomes import Purged
from clientportal.records import MessageKind, MessageState, OutboxMessage, Put, SecondFactor
from world import World

ANA = "021 123 4567"


def write(world: World, *changes: Any) -> None:
    """Put something there."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit(changes)

    world.run(go())


def test_a_purge_says_what_went(world: World) -> None:
    """By kind, called as an export of one client calls it; after each batch to whoever wants to watch."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.sign_in(ANA)
    assert world.portal.purge(world.tenant) == Purged({})
    world.clock.advance(timedelta(days=400))
    told: list[Purged] = []
    gone = world.portal.purge(world.tenant, progress=told.append)
    assert {"login_codes", "messages", "sends", "sessions"} <= set(gone.kinds)
    assert gone.records == sum(gone.kinds.values()) > 0
    assert told[-1] == gone
    assert world.portal.purge(world.tenant).records == 0


def test_what_still_waits_does_not_keep_what_is_done(memory_world: World) -> None:
    """Six hundred messages that are queued, older than one that was sent: the one goes."""
    now = memory_world.clock()
    queued = OutboxMessage(
        id="q", kind=MessageKind.LOGIN_CODE, created_at=now, due_at=now, expires_at=now + timedelta(days=900)
    )
    sent = evolve(queued, id="s", state=MessageState.SENT, created_at=now + timedelta(hours=1))
    write(memory_world, *(Put(evolve(queued, id=f"q{at}")) for at in range(600)), Put(sent))
    memory_world.clock.advance(timedelta(days=60))
    assert memory_world.portal.purge(memory_world.tenant).kinds == {"messages": 1}


@pytest.fixture
def rings() -> dict[str, KeyRing]:
    """The old key, both, the new one."""
    old, new = KeyRing.generate_secret(), KeyRing.generate_secret()
    return {
        "old": KeyRing.from_secrets({"2026-10": old}),
        "both": KeyRing.from_secrets({"2026-11": new, "2026-10": old}),
        "new": KeyRing.from_secrets({"2026-11": new}),
    }


def test_what_hangs_on_a_key_is_counted(world: World, rings: dict[str, KeyRing]) -> None:
    """Codes on their way, audit entries; then the new key signs, and what the old one signed runs out."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.portal = world.make_portal(keys=rings["old"])
    world.visitor().request_code(ANA)
    world.portal = world.make_portal(keys=rings["both"])
    before = world.portal.keys_in_use(world.tenant)
    assert [(one.key_id, one.signs, one.in_ring) for one in before.keys][:2] == [
        ("2026-11", True, True),
        ("2026-10", False, True),
    ]
    assert before.key("2026-10").counts["codes"] == 1
    world.clock.advance(timedelta(minutes=11))
    world.deliver()
    world.portal.seal_audit(world.tenant)
    after = world.portal.keys_in_use(world.tenant)
    assert after.key("2026-10").nothing_counted
    assert not after.key("2026-11").nothing_counted
    assert after.not_counted["devices that have logged in"] == 365


def test_an_app_hangs_on_its_key_for_ever(memory_world: World, rings: dict[str, KeyRing]) -> None:
    """Also one that is to take the place of another; a key that was removed too early shows itself."""
    memory_world.portal = memory_world.make_portal(keys=rings["new"])
    now = memory_world.clock()
    one = SecondFactor(id="a1", key_id="2026-10", nonce="n", begun_at=now, next_key_id="2026-11", next_nonce="m")
    write(memory_world, Put(one), Put(evolve(one, id="a2", next_key_id=None)))
    seen = memory_world.portal.keys_in_use(memory_world.tenant)
    assert seen.key("2026-10").counts == {"apps": 2}
    assert not seen.key("2026-10").in_ring
    assert seen.key("2026-11").counts["apps"] == 1
    with pytest.raises(KeyError):
        seen.key("2025-01")
