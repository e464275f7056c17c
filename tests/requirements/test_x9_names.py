"""X9: the name on a past booking never changes because of what came later."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal import When
from world import World

pytestmark = pytest.mark.requirement("X9")


def ana(world: World) -> Any:
    """Ana Kingi with a past and a coming appointment, each under the name of its own day; her door."""
    ref = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="kingi@example.com")
    world.book("a0", ref, "2026-10-10 09:00", made="2026-10-01 09:00", booked_as="Ana Rangi")
    world.book("a1", ref, "2026-11-30 09:00", made="2026-11-01 09:00", booked_as="Ana Kingi")
    return world.log_in("021 123 4567")


def names(door: Any) -> dict[str, str]:
    """Appointment -> the name it was booked under."""
    both = [*door.appointments(When.PAST).items, *door.appointments().items]
    return {one.id: one.booked_as for one in both}


BEFORE = {"a0": "Ana Rangi", "a1": "Ana Kingi"}


def test_a_later_booking_under_another_name_changes_no_earlier_one(world: World) -> None:
    """Her daughter Mia is booked with the same email; and a rebooking carries today's name, on itself alone."""
    door = ana(world)
    (row,) = world.ask("clients", [door.appointment("a1").ref])
    world.book("m1", row.ref, "2026-12-05 09:00", booked_as="Mia Kingi")
    assert names(door) == {**BEFORE, "m1": "Mia Kingi"}
    world.change_client(evolve(row, first_name="Ana-Maria", last_name="Hoani"))
    (slot,) = world.add_slots("2026-12-08 10:00")
    booked = door.rebook("a0", slot).appointment
    assert names(door) == {**BEFORE, "m1": "Mia Kingi", booked.id: "Ana-Maria Hoani"}


def test_a_changed_contact_or_name_changes_no_booking(world: World) -> None:
    """The platform renames the client and gives it another number; the index follows, the bookings stay."""
    door = ana(world)
    (row,) = world.ask("clients", [door.appointment("a1").ref])
    world.change_client(evolve(row, first_name="Hinemoa", last_name="Ngata", mobile="027 555 0001"))
    world.portal.walk_contacts(world.tenant, restart=True)
    assert door.profile().first_name == "Hinemoa"
    assert names(door) == BEFORE
    assert names(world.log_in("027 555 0001")) == BEFORE


def test_merging_and_undoing_rename_no_booking(world: World) -> None:
    """Whoever survives and whichever name is chosen: each booking keeps the name it was made under."""
    door = ana(world)
    first = door.appointment("a1").ref
    twin = world.add_client("twin", "Anna King", mobile="027 555 0001", email="kingi@example.com")
    world.book("t0", twin, "2026-10-12 09:00", made="2026-10-02 09:00", booked_as="Anna King")
    every = {**BEFORE, "t0": "Anna King"}
    staff = world.staff()
    for survivor, absorbed in ((first, twin), (twin, first)):
        for choice in (first, twin):
            merged = staff.merge(survivor, absorbed, choices={"first_name": choice, "last_name": choice})
            assert names(door) == every
            staff.undo(merged.merges[0])
            assert names(door) == BEFORE


def test_moving_and_cancelling_keep_the_name(world: World) -> None:
    """A moved appointment is the same booking, also after the client was renamed; so is what is kept of it."""
    door = ana(world)
    (row,) = world.ask("clients", [door.appointment("a1").ref])
    world.change_client(evolve(row, first_name="Hinemoa", last_name="Ngata"))
    (slot,) = world.add_slots("2026-12-08 10:00")
    assert door.move("a1", slot).appointment.booked_as == "Ana Kingi"
    assert door.cancel("a1").appointment.booked_as == "Ana Kingi"
    assert names(door) == BEFORE
    assert [change.before.booked_as for change in door.past_changes()] == ["Ana Kingi", "Ana Kingi"]


def test_a_new_record_for_an_old_number_renames_nobody(world: World) -> None:
    """Somebody says that the number is theirs now and books: Ana's bookings are Ana's, under her names."""
    ana(world)
    fresh = world.log_in("021 123 4567").not_me().signed_in
    world.book("f1", fresh.record, "2026-12-09 09:00", booked_as="Rawiri Tane")
    assert {one.id: one.booked_as for one in world.client(fresh).appointments().items} == {"f1": "Rawiri Tane"}
    assert {id: world.ask("appointment", id).booked_as for id in BEFORE} == BEFORE
