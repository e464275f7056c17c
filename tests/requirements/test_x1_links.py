"""X1: a link sent earlier acts on the current booking and never makes a second one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import Reason, RecordRef, When
from clientportal.ports import RawContacts
from watching import BOTH_COLOURS, everything_stored, platform, reason_of
from world import World, at

pytestmark = pytest.mark.requirement("X1")


def booked(world: World) -> Any:
    """Ana with ``a1`` on Monday in nine days; her door."""
    ref = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ref, "2026-11-30 09:00")
    return world.log_in("021 123 4567")


def open_ones(door: Any) -> list[Any]:
    """What is still to happen, upcoming and not cancelled."""
    return [one for one in door.appointments().items if one.status.open]


def test_a_link_acts_on_the_appointment_where_it_is_now(world: World) -> None:
    """Sent before Ana moved her cut to Tuesday: the link shows Tuesday, and cancels that."""
    door = booked(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    link = world.staff().appointment_link("a1")
    door.move("a1", slot)

    assert world.visitor().look_at_link(link).appointment.start == at("2026-12-01 10:00")
    cancelled = world.visitor().cancel_by_link(link)
    assert cancelled.appointment.start == at("2026-12-01 10:00")
    assert open_ones(door) == []


def test_two_links_for_one_appointment_never_make_two(world: World) -> None:
    """The reminder's link moves to Tuesday, the first mail's to Wednesday: one appointment, on Wednesday."""
    door = booked(world)
    tuesday, wednesday = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00")
    first, second = world.staff().appointment_link("a1"), world.staff().appointment_link("a1")
    world.visitor().move_by_link(second, tuesday)
    world.visitor().move_by_link(first, wednesday)
    (one,) = open_ones(door)
    assert one.start == at("2026-12-02 10:00")
    freed = [slot.start for slot in door.slots(one.id, at("2026-11-29 00:00"), at("2026-12-05 00:00"))]
    assert freed == [at("2026-11-30 09:00"), at("2026-12-01 10:00")], "the times that were left are free again"


@BOTH_COLOURS
@pytest.mark.parametrize("moves", [1, 2, 4])
def test_a_link_follows_through_platforms_that_book_anew(awaited: bool, moves: int) -> None:
    """Each move makes a new id: the first mail's link acts on the last of them, and there is only one."""
    with platform(awaited, move_makes_new_id=True) as world:
        door = booked(world)
        slots = world.add_slots(*(f"2026-12-0{day} 10:00" for day in range(1, moves + 2)))
        link, other = world.staff().appointment_link("a1"), world.staff().appointment_link("a1")
        id = "a1"
        for slot in slots[:moves]:
            id = door.move(id, slot).appointment.id
        assert id != "a1"
        assert [one.id for one in open_ones(door)] == [id]
        assert door.appointment("a1").id == id, "the client finds it under the id of the first mail"
        assert world.visitor().look_at_link(link).appointment.id == id
        moved = world.visitor().move_by_link(link, slots[moves]).appointment
        assert [(one.id, one.start) for one in open_ones(door)] == [(moved.id, at(f"2026-12-0{moves + 1} 10:00"))]
        assert world.visitor().cancel_by_link(other).appointment.id == moved.id
        assert open_ones(door) == []


@BOTH_COLOURS
def test_a_link_to_what_the_platform_has_deleted_is_gone(awaited: bool) -> None:
    """A platform that deletes at cancelling: the client still sees what was cancelled, the link is gone."""
    with platform(awaited, cancel_deletes=True) as world:
        door = booked(world)
        link = world.staff().appointment_link("a1")
        cancelled = door.cancel("a1")
        assert (cancelled.status.value, cancelled.appointment.start) == ("cancelled", at("2026-11-30 09:00"))
        assert reason_of(lambda: door.appointment("a1")) is Reason.NOT_FOUND
        (change,) = door.past_changes()
        assert (change.before.id, change.before.start) == ("a1", at("2026-11-30 09:00"))
        assert reason_of(lambda: world.visitor().look_at_link(link)) is Reason.LINK_GONE
        assert reason_of(lambda: world.visitor().cancel_by_link(link)) is Reason.LINK_GONE


@BOTH_COLOURS
def test_a_link_to_a_booking_without_a_client_row_follows_it_too(awaited: bool) -> None:
    """Guest checkout on a platform that books anew: the booking is its own record, and so is the new one."""
    with platform(awaited, move_makes_new_id=True) as world:
        guest = RecordRef.booking("g1")
        world.book("g1", guest, "2026-11-30 09:00", contacts=RawContacts(guest, mobile="021 123 4567"))
        world.portal.contact_changed(world.tenant, guest)
        slots = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00")
        link, other = world.staff().appointment_link("g1"), world.staff().appointment_link("g1")
        door = world.log_in("021 123 4567")
        moved = world.visitor().move_by_link(link, slots[0]).appointment
        assert world.visitor().look_at_link(other).appointment.id == moved.id
        assert door.appointment("g1").id == moved.id, "the guest's open session has it still"
        again = door.move("g1", slots[1]).appointment
        assert [one.id for one in open_ones(door)] == [again.id]
        assert world.visitor().cancel_by_link(other).appointment.id == again.id


@BOTH_COLOURS
def test_a_link_whose_move_waits_for_approval_leaves_one_appointment(awaited: bool) -> None:
    """The business has not agreed yet: the link sent earlier still shows the one appointment there is."""
    with platform(awaited, needs_approval=True) as world:
        door = booked(world)
        (slot,) = world.add_slots("2026-12-01 10:00")
        link, other = world.staff().appointment_link("a1"), world.staff().appointment_link("a1")
        assert world.visitor().move_by_link(link, slot).waits
        assert [one.id for one in door.appointments().items] == ["a1"]
        assert world.visitor().look_at_link(other).appointment.status.value == "requested"


def test_looking_has_no_effect_and_acting_uses_the_link_up(world: World) -> None:
    """A mail scanner may look ten times; the client cancels once, and the link is gone."""
    booked(world)
    link = world.staff().appointment_link("a1")
    before = everything_stored(world)
    for _ in range(10):
        assert world.visitor().look_at_link(link).appointment.id == "a1"
    assert everything_stored(world) == before
    world.visitor().cancel_by_link(link)
    for again in (world.visitor().look_at_link, world.visitor().cancel_by_link):
        assert reason_of(lambda again=again: again(link)) is Reason.LINK_GONE


def test_a_link_obeys_the_windows_and_the_switch_of_today(world: World) -> None:
    """Leave to change is judged when it is used: late is late, off is off, and the link is not used up by a "no"."""
    booked(world)
    link = world.staff().appointment_link("a1")
    world.clock.set(at("2026-11-29 20:00"))
    terms = world.visitor().look_at_link(link)
    assert (terms.cancel.reason, terms.move.reason) == ("too_late", "too_late")
    assert reason_of(lambda: world.visitor().cancel_by_link(link)) is Reason.TOO_LATE
    world.clock.set(at("2026-11-26 20:00"))
    world.change_policy("changes", enabled=False)
    assert reason_of(lambda: world.visitor().cancel_by_link(link)) is Reason.DISABLED
    world.change_policy("changes", enabled=True)
    assert world.visitor().cancel_by_link(link).status.value == "cancelled"


def test_a_link_ends_when_its_life_does(world: World) -> None:
    """At exactly the end of its life it is gone; a moment before it is good."""
    booked(world)
    world.change_policy("messages", link_life=timedelta(days=3))
    made = world.clock().replace(microsecond=0)
    link = world.staff().appointment_link("a1")
    world.clock.set(made + timedelta(days=3, microseconds=-1))
    assert world.visitor().look_at_link(link).appointment.id == "a1"
    world.clock.set(made + timedelta(days=3))
    assert reason_of(lambda: world.visitor().look_at_link(link)) is Reason.LINK_GONE


def test_a_link_is_for_its_appointment_alone(world: World) -> None:
    """Ana's link shows and frees nothing but its own appointment, and is no login."""
    door = booked(world)
    world.book("a2", door.appointment("a1").ref, "2026-12-07 09:00")
    link = world.staff().appointment_link("a1")
    world.visitor().cancel_by_link(link)
    assert {one.id: one.status.value for one in door.appointments(When.UPCOMING).items} == {
        "a1": "cancelled",
        "a2": "confirmed",
    }
    assert reason_of(lambda: world.portal.client(link).profile()) is Reason.SESSION_ENDED
