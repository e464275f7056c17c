"""Every operation on accounts takes its locks in one order (``operations/accounts.py``): seen at the port."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import an_account
from clientportal import RecordRef
from clientportal.policy import SeenBy
from clientportal.records import Assignment, Identifier
from mails import ANOTHER, PASSWORD, link_in, links_to, register, reset_link, timetap
from security.attacking import Trace
from world import World

ANA, NEW = "ana@example.com", "ana@new.example"
RANKS = {"MailedLink": 1, "Challenge": 1, "contact": 2, "Identifier": 0, "Account": 3, "Session": 4}
"""What was shown; names; the account; its sessions. All else comes after, but an identifier, which its name guards."""


def locks_of(calls: list[str]) -> Iterator[list[tuple[int, str]]]:
    """Of each unit, the locks that it took, in their order, with the rank of each."""
    unit: list[tuple[int, str]] = []
    for call in [*calls, "begin"]:
        if "begin" in call:
            yield unit
            unit = []
        elif name := re.match(r"state\.hold\((\w+):", call):
            unit.append((RANKS.get(name[1], 0), call))
        elif call.endswith(", locked)") and (kind := re.match(r"state\.\w+\((\w+) ", call)):
            # The counter of a code stands with its challenge, any other counter with the rest.
            typed = kind[1] == "GuessCounter" and bool(unit) and "Challenge" in unit[-1][1]
            unit.append((1 if typed else RANKS.get(kind[1], 5), call))


def after_the_rest(calls: list[str]) -> list[str]:
    """Every lock that was taken after one that stands behind it in the order, each once: those again are none."""
    wrong: list[str] = []
    for unit in locks_of(calls):
        highest, seen = 0, set[str]()
        for rank, call in unit:
            if rank and call not in seen and rank < highest:
                wrong.append(f"{call} after {seen}")
            highest = max(highest, rank)
            seen.add(call)
    return wrong


def ana(world: World) -> Any:
    """Ana's account, and her door after a login."""
    world.add_client("ana", "Ana Kingi", email=ANA, mobile="021 123 4567")
    an_account(world, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    return world.client(world.visitor().log_in(ANA, PASSWORD))


def code_of(world: World, sent: Any) -> tuple[Any, str]:
    """The handle, and the code that was delivered."""
    world.deliver()
    return sent.handle, world.code_in(world.box.messages[-1])


def by_session(world: World) -> Callable[[], Any]:
    """A registration follows its link."""
    door = world.client(register(world))
    link = link_in(world, ANA)
    return lambda: door.verify_email(link)


def by_code(world: World) -> Callable[[], Any]:
    """A registration types its code."""
    door = world.client(register(world))
    world.clock.advance(timedelta(minutes=11))
    typed = code_of(world, door.request_email_code())
    return lambda: door.verify_email_code(*typed)


def by_password(world: World) -> Callable[[], Any]:
    """A registration shows its password."""
    register(world)
    link = link_in(world, ANA)
    return lambda: world.visitor().verify_email(link, PASSWORD)


def reset(world: World) -> Callable[[], Any]:
    """A new password by a mailed link."""
    ana(world)
    link = reset_link(world)
    return lambda: world.visitor().reset_password(link, ANOTHER)


def email_change(world: World) -> Callable[[], Any]:
    """The new address is confirmed."""
    door = ana(world)
    door.change_email(NEW)
    link = link_in(world, NEW, "change_email")
    return lambda: door.confirm_email_change(link)


def email_back(world: World) -> Callable[[], Any]:
    """And taken back."""
    email_change(world)()
    (link,) = links_to(world, ANA, "revert_email")
    return lambda: world.visitor().revert_email_change(link)


def claim_by_code(world: World) -> Callable[[], Any]:
    """One more record by a code to its mobile."""
    door = ana(world)
    typed = code_of(world, door.claim("021 123 4567"))
    return lambda: door.finish_claim(*typed)


def claim_by_link(world: World) -> Callable[[], Any]:
    """And by a link to its email."""
    world.add_client("rua", "Rua Kingi", email="rua@example.com")
    door = ana(world)
    door.request_claim_link("rua@example.com")
    link = link_in(world, "rua@example.com", "claim")
    return lambda: door.claim_by_link(link)


def login(world: World) -> Callable[[], Any]:
    """Email and password."""
    ana(world)
    return lambda: world.visitor().log_in(ANA, PASSWORD)


def new_password(world: World) -> Callable[[], Any]:
    """The session sets one."""
    door = ana(world)
    return lambda: door.change_password(ANOTHER, old=PASSWORD)


def not_me(world: World) -> Callable[[], Any]:
    """The session of an account says that these records are not its."""
    return ana(world).not_me


def staff_reset(world: World) -> Callable[[], Any]:
    """The desk takes the password away."""
    ana(world)
    return lambda: world.staff().reset_password(RecordRef.client("ana"))


def deleted(world: World) -> Callable[[], Any]:
    """The desk deletes the client."""
    ana(world)
    return lambda: world.staff().delete_client(RecordRef.client("ana"))


def assigned(world: World) -> Callable[[], Any]:
    """The desk gives an appointment to an account that a first proof may be about to forget (A8b)."""
    ana(world)
    world.book("a1", RecordRef.client("ana"), "2026-12-01 09:00")
    account = world.stored(Identifier, f"email:{ANA}").account
    return lambda: world.staff().assign_many(["a1"], account)


@pytest.mark.parametrize(
    "scene",
    [
        by_session, by_code, by_password, reset, email_change, email_back, claim_by_code, claim_by_link, login,
        new_password, not_me, staff_reset, deleted, assigned,
    ],
    ids=lambda scene: scene.__name__,
)  # fmt: skip
def test_locks_are_taken_in_one_order(memory_world: World, scene: Callable[[World], Callable[[], Any]]) -> None:
    """What was shown, the names of contacts, the account, its sessions, the rest; never back."""
    timetap(memory_world)
    trace = Trace(memory_world)
    memory_world.portal = trace.portal
    act = scene(memory_world)
    calls = trace.of(act)
    assert not calls[-1].startswith("raised"), calls[-1]
    assert any(rank > 1 for unit in locks_of(calls) for rank, _ in unit), "something is locked"
    assert after_the_rest(calls) == []


def test_whoever_gets_an_appointment_is_locked(memory_world: World) -> None:
    """A8b: a first proof at the same moment may forget the account, and takes away what it finds assigned to it. Were
    it not waited for, the appointment would stay with an account that is no more, and be kept from its owner."""
    world = memory_world
    timetap(world)
    world.change_policy("visibility", appointments=SeenBy.ASSIGNED)
    trace = Trace(world)
    world.portal = trace.portal
    door = ana(world)
    account = world.stored(Identifier, f"email:{ANA}").account
    for id in ("a1", "a2", "a3"):
        world.book(id, RecordRef.client("ana"), "2026-12-01 09:00")
    for act in (
        lambda: world.staff().assign("a1", account),
        lambda: world.staff().assign_many(["a2"], account),
        lambda: door.booked("a3"),
    ):
        (locked,) = [call for call in trace.of(act) if call.startswith("state.get(Account") and "locked" in call]
        assert account in locked
    assert {one.id for one in world.all_stored(Assignment, "account", account)} == {"a1", "a2", "a3"}
