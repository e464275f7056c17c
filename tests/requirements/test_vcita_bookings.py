"""V6, V7: upcoming, history and pending requests; online booking and what follows its settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import AppointmentStatus, Reason, presets
from watching import BOTH_COLOURS, platform, reason_of
from world import World, at

ANA = "ana@example.com"
WEEKS = (at("2026-11-24 00:00"), at("2026-12-20 00:00"))


@pytest.fixture
def salon(world: World) -> World:
    """A business of vcita's kind; it is Saturday, 21 November 2026, 10:00 in Auckland."""
    world.use(presets.vcita(region="NZ"))
    return world


def shown(door: Any, when: str) -> list[tuple[str, AppointmentStatus]]:
    """The ids of a list with where each stands."""
    return [(one.id, one.status) for one in door.appointments(when).items]


@pytest.mark.requirement("V6")
def test_upcoming_and_history_each_with_where_it_stands(salon: World) -> None:
    """A confirmed one, a request and one that was cancelled are still to come; a finished one is history."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.book("done", ana, "2026-11-02 09:00")
    salon.book("confirmed", ana, "2026-11-30 09:00")
    salon.book("asked", ana, "2026-12-01 09:00", status=AppointmentStatus.REQUESTED)
    salon.book("off", ana, "2026-12-02 09:00", status=AppointmentStatus.CANCELLED)
    door = salon.log_in(ANA)
    assert shown(door, "upcoming") == [
        ("confirmed", AppointmentStatus.CONFIRMED),
        ("asked", AppointmentStatus.REQUESTED),
        ("off", AppointmentStatus.CANCELLED),
    ]
    assert shown(door, "past") == [("done", AppointmentStatus.CONFIRMED)]
    assert door.appointment("asked").status is AppointmentStatus.REQUESTED


@pytest.mark.requirement("V6")
def test_what_was_changed_is_history_too(salon: World) -> None:
    """Moved and then cancelled: both are listed with the appointment as it was before."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.book("a1", ana, "2026-11-30 09:00")
    (slot,) = salon.add_slots("2026-12-01 10:00")
    door = salon.log_in(ANA)
    door.move("a1", slot)
    salon.clock.advance(timedelta(minutes=1))
    door.cancel("a1")
    cancelled, moved = door.past_changes()
    assert (moved.change.value, moved.before.start) == ("move", at("2026-11-30 09:00"))
    assert (cancelled.change.value, cancelled.before.start) == ("cancel", at("2026-12-01 10:00"))
    assert shown(door, "upcoming") == [("a1", AppointmentStatus.CANCELLED)]


@BOTH_COLOURS
@pytest.mark.requirement("V6")
def test_a_request_says_that_it_waits(awaited: bool) -> None:
    """The business agrees to every change first: a move waits and the appointment stands as it did, a new booking is a
    request; both can be seen, and a request can be cancelled."""
    with platform(awaited, needs_approval=True) as world:
        world.use(presets.vcita(region="NZ"))
        ana = world.add_client("ana", "Ana Kingi", email=ANA)
        world.book("a1", ana, "2026-11-30 09:00")
        first, second = world.add_slots("2026-12-01 10:00", "2026-12-08 10:00")
        door = world.log_in(ANA)
        assert door.move("a1", first).waits
        assert door.appointment("a1").start == at("2026-11-30 09:00")
        asked = door.rebook("a1", second)
        assert asked.waits
        assert asked.appointment.status is AppointmentStatus.REQUESTED
        assert (asked.appointment.id, AppointmentStatus.REQUESTED) in shown(door, "upcoming")
        assert [one.change.value for one in door.past_changes()] == ["move"]


@pytest.mark.requirement("V7")
def test_without_online_booking_nothing_is_booked_and_moves_go_on(salon: World) -> None:
    """The start of a booking, booking again and the terms of it are refused, for a visitor and in an open session, at
    the next call; moving and cancelling follow their own settings, with their free times."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.book("a1", ana, "2026-11-30 09:00")
    salon.book("old", ana, "2026-11-02 09:00")
    first, second = salon.add_slots("2026-12-01 10:00", "2026-12-08 10:00")
    door = salon.log_in(ANA)
    assert door.start_booking().login_offered
    salon.change_policy("bookings", online=False)
    for call in (
        door.start_booking,
        lambda: salon.visitor().start_booking(),
        lambda: door.rebook("a1", second),
        lambda: door.slots("old", *WEEKS),
    ):
        assert reason_of(call) is Reason.DISABLED
    terms = door.change_terms("a1")
    assert terms.rebook.refusal.reason is Reason.DISABLED
    assert (terms.move.refusal, terms.cancel.refusal) == (None, None)
    assert [slot.id for slot in door.slots("a1", *WEEKS)] == [first, second]
    door.move("a1", first)
    door.cancel("a1")
    salon.change_policy("bookings", online=True)
    assert door.rebook("old", second).appointment.start == at("2026-12-08 10:00")


@pytest.mark.requirement("V7")
def test_moving_and_cancelling_follow_their_own_settings(salon: World) -> None:
    """Online booking is on and changes are off: it is the other way round, and nobody sees free times to move to."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.book("a1", ana, "2026-11-30 09:00")
    (slot,) = salon.add_slots("2026-12-01 10:00")
    door = salon.log_in(ANA)
    salon.change_policy("changes", enabled=False)
    assert reason_of(lambda: door.move("a1", slot)) is Reason.DISABLED
    assert reason_of(lambda: door.cancel("a1")) is Reason.DISABLED
    assert [one.id for one in door.slots("a1", *WEEKS)] == [slot]
    salon.change_policy("bookings", online=False)
    assert reason_of(lambda: door.slots("a1", *WEEKS)) is Reason.DISABLED
    salon.change_policy("changes", enabled=True)
    assert door.move("a1", slot).appointment.start == at("2026-12-01 10:00")


@pytest.mark.requirement("V7")
def test_staff_move_whatever_clients_may_book(salon: World) -> None:
    """The setting is about clients."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.book("a1", ana, "2026-11-30 09:00")
    (slot,) = salon.add_slots("2026-12-01 10:00")
    salon.change_policy("bookings", online=False)
    assert salon.staff().move("a1", slot).appointment.start == at("2026-12-01 10:00")
    explained = salon.staff().explain_change("a1")
    assert "bookings.online = False" in explained.because["rebook"]
