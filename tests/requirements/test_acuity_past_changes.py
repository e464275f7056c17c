"""Acuity: what was changed of the appointments that are assigned to an account, and of no others (A7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts_ground import NEW_YORK, a_session, an_account
from clientportal import RecordRef, presets
from clientportal.policy import SeenBy
from clientportal.ports import RawContacts
from watching import BOTH_COLOURS, platform
from world import World, at

pytestmark = pytest.mark.requirement("A7")

MAYA = "maya.ortiz@example.com"


def acuity(world: World) -> None:
    """An Acuity business in New York, on Monday, 2 March 2026, at 9."""
    world.use(presets.acuity(region="US"))
    world.clock.set(at("2026-03-02 09:00", NEW_YORK))


def changes(door: object) -> list[tuple[str, str]]:
    """What was done to which appointment, the newest first."""
    return [(one.change.value, one.before.id) for one in door.past_changes()]  # type: ignore[attr-defined]


def test_past_changes_are_those_of_the_assigned_appointments_alone(world: World) -> None:
    """Dan's client row has three appointments, one of which is Maya's account's, as is a guest's booking. She sees what
    she and staff changed of those two, newest first; nothing of Dan's others, nor of Dan's whose ids look like hers.
    When staff take the appointment off her, its changes go with it."""
    acuity(world)
    dan = world.add_client("dan", "Dan Ruiz", email="dan@example.com")
    guest = RecordRef.booking("g1")
    for id in ("a1", "a10", "a"):
        world.book(id, dan, "2026-03-20 10:00", zone=NEW_YORK)
    world.book("g1", guest, "2026-03-21 10:00", zone=NEW_YORK, contacts=RawContacts(guest, email=MAYA))
    account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    world.staff().assign_many(["a1", "g1"], account)
    slots = world.add_slots(*(f"2026-03-2{day} 12:00" for day in range(2, 8)), zone=NEW_YORK)
    door = world.portal.client(a_session(world, account))
    assert changes(door) == []
    for id, slot in zip(("a1", "a10", "a", "g1"), slots, strict=False):
        world.clock.advance(timedelta(minutes=1))
        world.staff().move(id, slot)
    world.clock.advance(timedelta(minutes=1))
    door.move("a1", slots[4])
    assert changes(door) == [("move", "a1"), ("move", "g1"), ("move", "a1")]
    assert [one.before.id for one in door.past_changes(limit=1)] == ["a1"]
    assert door.past_changes()[-1].before.start == at("2026-03-20 10:00", NEW_YORK)
    world.staff().clear_assignment("a1")
    assert changes(door) == [("move", "g1")]


def test_an_account_without_a_record_sees_those_of_its_own_bookings(world: World) -> None:
    """Where records are shown, an account whose email is not proved yet shows what it booked itself (A16): its
    changes too, and none of the record that the booking stands under."""
    acuity(world)
    world.change_policy("visibility", appointments=SeenBy.RECORD)
    dan = world.add_client("dan", "Dan Ruiz", email="dan@example.com")
    account = an_account(world, MAYA, "2026-03-01 12:00", zone=NEW_YORK)
    door = world.portal.client(a_session(world, account))
    for id in ("hers", "his"):
        world.book(id, dan, "2026-03-20 10:00", zone=NEW_YORK)
    door.booked("hers")
    for id, slot in zip(("hers", "his"), world.add_slots("2026-03-22 12:00", "2026-03-23 12:00"), strict=True):
        world.staff().move(id, slot)
    assert changes(door) == [("move", "hers")]


@BOTH_COLOURS
def test_past_changes_under_every_id_that_an_appointment_has_had(awaited: bool) -> None:
    """The platform books anew at each move: Maya's appointment has its third id, and all that was changed of it is
    hers to see; of the appointment that became nobody's, nothing."""
    with platform(awaited, move_makes_new_id=True) as world:
        acuity(world)
        dan = world.add_client("dan", "Dan Ruiz", email="dan@example.com")
        account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
        for id in ("a1", "a2"):
            world.book(id, dan, "2026-03-20 10:00", zone=NEW_YORK)
            world.staff().assign(id, account)
        slots = world.add_slots(*(f"2026-03-2{day} 12:00" for day in range(2, 6)), zone=NEW_YORK)
        second = world.staff().move("a1", slots[0]).appointment.id
        world.clock.advance(timedelta(minutes=1))
        third = world.staff().move(second, slots[1]).appointment.id
        world.clock.advance(timedelta(minutes=1))
        other = world.staff().move("a2", slots[2]).appointment.id
        world.staff().clear_assignment(other)
        door = world.portal.client(a_session(world, account))
        assert changes(door) == [("move", second), ("move", "a1")]
        world.clock.advance(timedelta(minutes=1))
        door.cancel(third)
        assert changes(door) == [("cancel", third), ("move", second), ("move", "a1")]
