"""Businesses in which appointments are assigned to accounts, with somebody in each about to do something."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from attrs import frozen

from accounts_ground import a_session, an_account
from clientportal.errors import StoreError
from mails import acuity, links_to, register
from steps.pairs import Pair
from steps.scenes import Case
from steps.stages import Scene

__all__ = ["ASSIGNING", "ASSIGNING_ELSEWHERE", "ASSIGNING_PAIRS", "CHANGES", "CHANGING_PAIRS"]

EARLY = "2026-11-01 09:00"
ANA, BEN = "ana@example.com", "ben@example.com"


def two_accounts(scene: Scene) -> None:
    """Ana's record has three appointments. Ana and Ben have accounts, proved, each with a session open."""
    world = scene.world
    acuity(world)
    scene["record"] = world.add_client("ana", "Ana Kingi", email=ANA)
    for hour, id in enumerate(("a1", "a2", "a3")):
        world.book(id, scene["record"], f"2026-11-30 {9 + hour:02}:00", made=EARLY)
    for name, email in (("ana", ANA), ("ben", BEN)):
        account = an_account(world, email, EARLY, proved=EARLY)
        scene[name] = scene[f"account of {name}'s session"] = account
        scene[f"{name}'s session"] = a_session(world, account)
    scene["slot"], scene["slot2"] = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00")


def hers(scene: Scene) -> None:
    """The first appointment is Ana's already."""
    two_accounts(scene)
    scene.world.staff().assign("a1", scene["ana"])
    scene.world.clock.advance(timedelta(minutes=1))


def just_booked(scene: Scene) -> None:
    """With her session open, Ana has booked a4; Mia has booked a5 for her."""
    hers(scene)
    for id in ("a4", "a5"):
        scene.world.book(id, scene["record"], "2026-12-03 09:00")
    scene.world.clock.advance(timedelta(minutes=1))


def registered(scene: Scene) -> None:
    """Ana and somebody else have registered with Ana's email, after two bookings with it; both have their links."""
    world = scene.world
    acuity(world)
    scene["record"] = world.add_client("ana", "Ana Kingi", email=ANA)
    for id in ("a1", "a2"):
        world.book(id, scene["record"], "2026-11-30 09:00", made=EARLY)
    for name in ("first", "second"):
        done = register(world, ANA)
        scene[f"{name}'s session"] = done.token
        scene[name] = scene[f"account of {name}'s session"] = done.account
        world.clock.advance(timedelta(minutes=1))
        scene[f"{name}'s link"] = links_to(world, ANA, "verify")[-1]
    scene["ben"] = scene["account of ben's session"] = an_account(world, BEN, EARLY, proved=EARLY)
    scene["ben's session"] = a_session(world, scene["ben"])
    world.clock.advance(timedelta(minutes=1))
    world.book("b1", scene["record"], "2026-12-04 09:00")


def left_open(scene: Scene) -> None:
    """Ana's move was asked for, the platform's network broke, and she went away; the lease has run out."""
    hers(scene)
    host = scene.world.host

    def broken(*_: Any) -> Any:
        raise OSError("no route to the platform")

    host.move, whole = broken, host.move
    with suppress(StoreError):
        scene.world.portal.client(scene["ana's session"]).move("a1", scene["slot"], key="k")
    host.move = whole
    scene.world.clock.advance(timedelta(minutes=2))


def _assign(id: str, name: str) -> Any:
    return lambda scene: scene.staff().assign(id, scene[name])


def _clear(scene: Scene) -> Any:
    return scene.staff().clear_assignment("a1")


def _assign_all(scene: Scene) -> Any:
    return scene.staff().assign_all(scene["record"])


def _client_booked(scene: Scene) -> Any:
    return scene.client("ana's session").booked("a4")


def _staff_booked(id: str) -> Any:
    return lambda scene: scene.staff().booked(id)


def _first_proof(name: str) -> Any:
    return lambda scene: scene.client(f"{name}'s session").verify_email(scene[f"{name}'s link"])


def _first_proof_keyed(scene: Scene) -> Any:
    return scene.client("first's session").verify_email(scene["first's link"], key="k")


def _move(scene: Scene) -> Any:
    return scene.client("ana's session").move("a1", scene["slot"])


def _move_away(scene: Scene) -> Any:
    return scene.client("ana's session").move("a1", scene["slot2"])


def _move_keyed(scene: Scene) -> Any:
    return scene.client("ana's session").move("a1", scene["slot"], key="k")


def _rebook(scene: Scene) -> Any:
    return scene.client("ana's session").rebook("a1", scene["slot2"])


def _rebook_keyed(scene: Scene) -> Any:
    return scene.client("ana's session").rebook("a1", scene["slot2"], key="k")


ASSIGNING = {
    case.name: case
    for case in (
        Case("assign", two_accounts, _assign("a1", "ana")),
        Case("assign to another", hers, _assign("a1", "ben")),
        Case("assign many", hers, lambda on: on.staff().assign_many(["a1", "a2", "none"], on["ben"])),
        Case("assign all", hers, _assign_all),
        Case("clear", hers, _clear),
        Case("client booked", just_booked, _client_booked),
        Case("staff booked", just_booked, _staff_booked("a5")),
        Case("first proof", registered, _first_proof_keyed),
        Case("move by an account", hers, _move_keyed),
        Case("rebook by an account", hers, _rebook_keyed),
    )
}
"""What is crashed, by name."""

CHANGES = ("move by an account", "rebook by an account")
"""What asks the platform to write, so that the assignment has to go along."""

ASSIGNING_PAIRS = {
    pair.name: pair
    for pair in (
        Pair("assign and assign", two_accounts, _assign("a1", "ana"), _assign("a1", "ben")),
        Pair("assign and assign, taken", hers, _assign("a1", "ana"), _assign("a1", "ben")),
        Pair("assign and clear", hers, _assign("a1", "ben"), _clear),
        Pair("assign and assign all", hers, _assign("a2", "ben"), _assign_all),
        Pair("client booked and assign", just_booked, _client_booked, _assign("a4", "ben")),
        Pair("client booked and client booked", just_booked, _client_booked, _client_booked),
        Pair("staff booked and assign", just_booked, _staff_booked("a5"), _assign("a5", "ben")),
        Pair("staff booked and clear", just_booked, _staff_booked("a5"), _clear),
        Pair("first proof and staff booked", registered, _first_proof("first"), _staff_booked("b1")),
        Pair("first proof and assign", registered, _first_proof("first"), _assign("a1", "ben")),
        Pair("first proof and first proof", registered, _first_proof("first"), _first_proof("second")),
        Pair("first proof twice", registered, _first_proof("first"), _first_proof("first")),
        Pair("move and assign", hers, _move, _assign("a1", "ben")),
        Pair("move and clear", hers, _move, _clear),
        Pair("rebook and assign", hers, _rebook, _assign("a1", "ben")),
    )
}
"""What is interleaved, by name. Moves and bookings again also where the platform makes a new appointment of it."""

CHANGING_PAIRS = ("move and assign", "move and clear", "rebook and assign")


@frozen
class Elsewhere:
    """Somebody changes the first appointment, or the pump does, and meanwhile somebody decides whose it is."""

    name: str
    prepare: Callable[[Scene], None]
    one: Callable[[Scene], Any]
    other: Callable[[Scene], Any]
    other_is: str | None
    """Whose it is when the other was granted what they asked for."""


ASSIGNING_ELSEWHERE = {
    pair.name: pair
    for pair in (
        Elsewhere("move and assign", hers, _move, _assign("a1", "ben"), "ben"),
        Elsewhere("move and clear", hers, _move, _clear, None),
        Elsewhere("rebook and assign", hers, _rebook, _assign("a1", "ben"), "ben"),
        Elsewhere("pump and assign", left_open, Scene.pump, _assign("a1", "ben"), "ben"),
        Elsewhere("pump and clear", left_open, Scene.pump, _clear, None),
        Elsewhere("pump and retry of a move", left_open, Scene.pump, _move_keyed, "ana"),
        Elsewhere("move and move", hers, _move, _move_away, "ana"),
    )
}
"""What is interleaved on a platform in another database that books anew at each move."""
