"""X1: what a change costs, how often it may be made, and who is not bound by any of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import AppointmentStatus, Money, Reason
from clientportal.policy import Fee, Late, Override, Window
from clientportal.stores.memory import MemoryHost
from clientportal.values import Appointment, ChangeKind, Offer
from watching import BOTH_COLOURS, platform, reason_of, refusal_of
from world import World, at

pytestmark = pytest.mark.requirement("X1")

TWENTY = Money("20.00", "NZD")


def late_for(**fee: Any) -> Window:
    """24 hours, and after that for a fee."""
    return Window(amount=24, late=Late.FEE, fee=Fee(**fee))


def ana(world: World, start: str = "2026-11-22 09:00", **booking: Any) -> Any:
    """Ana, logged in on Saturday morning, with ``a1`` on Sunday at nine: inside every window of 24 hours."""
    ref = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ref, start, **booking)
    return world.log_in("021 123 4567")


# --- fees ----------------------------------------------------------------------------------------------------------


def test_a_late_fee_is_shown_first_and_must_be_accepted(world: World) -> None:
    """Cancelling late costs 20 dollars: the terms say so, without a yes nothing happens, with it it is done."""
    world.change_policy("changes", cancel=late_for(amount=TWENTY))
    door = ana(world)

    assert door.change_terms("a1").cancel.fee == TWENTY
    refused = refusal_of(lambda: door.cancel("a1"))
    assert (refused.reason, refused.refusal.fee) == (Reason.FEE_NOT_ACCEPTED, TWENTY)
    assert "20.00 NZD" in refused.client_text
    for other in (Money("19.99", "NZD"), Money("20.00", "AUD"), Money("200.00", "NZD")):
        assert reason_of(lambda other=other: door.cancel("a1", accept_fee=other)) is Reason.FEE_NOT_ACCEPTED
    assert door.appointment("a1").status is AppointmentStatus.CONFIRMED

    cancelled = door.cancel("a1", accept_fee=TWENTY)
    assert (cancelled.fee, cancelled.status.value) == (TWENTY, "cancelled")


def test_in_time_there_is_no_fee(world: World) -> None:
    """The same window, two days before: nothing is shown, nothing is asked."""
    world.change_policy("changes", cancel=late_for(amount=TWENTY))
    door = ana(world, "2026-11-23 14:00")
    assert door.change_terms("a1").cancel.fee is None
    assert door.cancel("a1").fee is None


def test_a_percentage_is_of_the_price_of_the_appointment(world: World) -> None:
    """Half of 65 dollars, to the cent, for a move as for a cancellation."""
    world.change_policy("changes", move=late_for(percent=50))
    door = ana(world)
    (slot,) = world.add_slots("2026-11-26 10:00")
    half = Money("32.50", "NZD")
    assert door.change_terms("a1").move.fee == half
    assert refusal_of(lambda: door.move("a1", slot)).refusal.fee == half
    moved = door.move("a1", slot, accept_fee=half)
    assert (moved.fee, moved.appointment.start) == (half, at("2026-11-26 10:00"))


def test_of_two_late_fees_the_larger_is_due(world: World) -> None:
    """The service asks 20 dollars, Mia half the price: it is 32.50, and not both."""
    world.change_policy(
        "changes",
        services={"cut": Override(cancel=late_for(amount=TWENTY))},
        staff={"mia": Override(cancel=late_for(percent=50))},
    )
    door = ana(world, staff_id="mia")
    assert door.change_terms("a1").cancel.fee == Money("32.50", "NZD")
    assert door.cancel("a1", accept_fee=Money("32.50", "NZD")).fee == Money("32.50", "NZD")


def test_the_terms_of_a_late_change_by_link_are_the_same(world: World) -> None:
    """A link shows the fee before anything is done, and asks for the same yes; a "no" does not use it up."""
    world.change_policy("changes", cancel=late_for(amount=TWENTY))
    ana(world)
    link = world.staff().appointment_link("a1")
    assert world.visitor().look_at_link(link).cancel.fee == TWENTY
    assert reason_of(lambda: world.visitor().cancel_by_link(link)) is Reason.FEE_NOT_ACCEPTED
    assert world.visitor().cancel_by_link(link, accept_fee=TWENTY).fee == TWENTY


# --- deposits ------------------------------------------------------------------------------------------------------


def test_a_deposit_that_would_be_lost_is_shown_and_must_be_accepted(world: World) -> None:
    """Ana paid 30 dollars: cancelling loses them, moving keeps them."""
    deposit = Money("30.00", "NZD")
    door = ana(world, "2026-11-30 09:00", deposit=deposit)
    (slot,) = world.add_slots("2026-12-02 10:00")

    terms = door.change_terms("a1")
    assert (terms.cancel.forfeits, terms.move.forfeits) == (deposit, None)
    refused = refusal_of(lambda: door.cancel("a1"))
    assert (refused.reason, refused.refusal.fee) == (Reason.FEE_NOT_ACCEPTED, deposit)
    assert door.move("a1", slot).fee is None
    assert door.change_terms("a1").cancel.forfeits == deposit, "it moved along"
    assert door.cancel("a1", accept_fee=deposit).forfeits == deposit


def test_a_fee_on_top_of_a_lost_deposit_is_accepted_as_one_sum(world: World) -> None:
    """A late cancellation costs 20 dollars and the deposit of 30: nobody loses the 30 by saying yes to the 20."""
    world.change_policy("changes", cancel=late_for(amount=TWENTY))
    door = ana(world, deposit=Money("30.00", "NZD"))
    terms = door.change_terms("a1").cancel
    assert (terms.fee, terms.forfeits) == (TWENTY, Money("30.00", "NZD"))
    refused = refusal_of(lambda: door.cancel("a1", accept_fee=TWENTY))
    assert refused.refusal.fee == Money("50.00", "NZD")
    cancelled = door.cancel("a1", accept_fee=Money("50.00", "NZD"))
    assert (cancelled.fee, cancelled.forfeits) == (TWENTY, Money("30.00", "NZD"))


# --- the host's own word -------------------------------------------------------------------------------------------


def test_what_the_platform_forbids_no_policy_allows(world: World) -> None:
    """A locked appointment stays as it is, for the client and for staff; staff read why."""
    door = ana(world, "2026-11-30 09:00", locked="part of a course")
    (slot,) = world.add_slots("2026-12-02 10:00")
    for change in (lambda: door.cancel("a1"), lambda: door.move("a1", slot), lambda: world.staff().cancel("a1")):
        refused = refusal_of(change)
        assert refused.reason is Reason.NOT_CHANGEABLE
        assert "part of a course" in refused.staff_text
        assert "part of a course" not in refused.client_text


@BOTH_COLOURS
def test_the_stricter_of_platform_and_policy_wins(awaited: bool) -> None:
    """The platform's last moment and fee count where they are earlier and larger, the policy's where those are."""

    def offer(_host: Any, appointment: Appointment, change: ChangeKind) -> Offer:
        assert change in ChangeKind
        return Offer(until=appointment.start - timedelta(hours=6), fee=Money("25.00", "NZD"))

    with platform(awaited, offer=offer) as world:
        world.change_policy("changes", cancel=Window(amount=2), move=Window(amount=12))
        door = ana(world)
        terms = door.change_terms("a1")
        assert terms.cancel.until == at("2026-11-22 03:00"), "the platform's six hours"
        assert terms.move.until == at("2026-11-21 21:00"), "the policy's twelve"
        assert terms.cancel.fee == Money("25.00", "NZD")
        world.change_policy("changes", cancel=late_for(amount=TWENTY))
        assert door.change_terms("a1").cancel.fee == Money("25.00", "NZD"), "larger than the policy's 20"
        world.change_policy("changes", cancel=late_for(percent=100))
        assert door.change_terms("a1").cancel.fee == Money("65.00", "NZD"), "larger than the platform's 25"
        world.change_policy("changes", cancel=Window(amount=2))
        world.clock.set(at("2026-11-22 03:00"))
        assert door.preview.cancel("a1", accept_fee=Money("25.00", "NZD")).status.value == "cancelled"
        world.clock.advance(timedelta(microseconds=1))
        assert reason_of(lambda: door.cancel("a1", accept_fee=Money("25.00", "NZD"))) is Reason.TOO_LATE


# --- how often -----------------------------------------------------------------------------------------------------


def test_an_appointment_is_moved_at_most_as_often_as_the_policy_says(world: World) -> None:
    """Twice is fine, a third time is for the business; cancelling is still possible, and staff are not bound."""
    world.change_policy("changes", max_moves=2)
    door = ana(world, "2026-11-30 09:00")
    slots = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00", "2026-12-03 10:00")
    door.move("a1", slots[0])
    door.move("a1", slots[1])
    assert reason_of(lambda: door.move("a1", slots[2])) is Reason.TOO_MANY_MOVES
    terms = door.change_terms("a1")
    assert (terms.move.reason, terms.cancel.allowed) == ("too_many_moves", True)
    assert world.staff().move("a1", slots[2]).appointment.moves == 3
    assert door.cancel("a1").status.value == "cancelled"


def test_a_cap_of_none_at_all(world: World) -> None:
    """Zero: the first move is already one too many."""
    world.change_policy("changes", max_moves=0)
    door = ana(world, "2026-11-30 09:00")
    (slot,) = world.add_slots("2026-12-01 10:00")
    assert reason_of(lambda: door.move("a1", slot)) is Reason.TOO_MANY_MOVES


def test_each_appointment_is_counted_by_itself(world: World) -> None:
    """Ana's moves of one appointment say nothing about the other."""
    world.change_policy("changes", max_moves=1)
    door = ana(world, "2026-11-30 09:00")
    world.book("a2", door.appointment("a1").ref, "2026-12-07 09:00")
    slots = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00", "2026-12-03 10:00")
    door.move("a1", slots[0])
    assert door.move("a2", slots[1]).appointment.moves == 1
    assert reason_of(lambda: door.move("a1", slots[2])) is Reason.TOO_MANY_MOVES


@BOTH_COLOURS
def test_the_cap_holds_where_a_move_makes_a_new_appointment(awaited: bool) -> None:
    """A platform that books anew at each move, and does not count: a new id does not start the count again."""

    def uncounted(host: Any, id: str) -> Appointment | None:
        found = MemoryHost.appointment(host, id)
        return None if found is None else evolve(found, moves=0)

    with platform(awaited, move_makes_new_id=True, appointment=uncounted) as world:
        world.change_policy("changes", max_moves=2)
        door = ana(world, "2026-11-30 09:00")
        slots = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00", "2026-12-03 10:00")
        first = door.move("a1", slots[0]).appointment
        second = door.move(first.id, slots[1]).appointment
        assert len({"a1", first.id, second.id}) == 3
        assert world.ask("appointment", second.id).moves == 0
        for id in ("a1", first.id, second.id):
            assert reason_of(lambda id=id: door.move(id, slots[2])) is Reason.TOO_MANY_MOVES


# --- requests, the switch, staff -----------------------------------------------------------------------------------


def test_a_pending_request_may_be_cancelled_whatever_the_window(world: World) -> None:
    """An hour before, without a fee: the business has not agreed yet. Moving it follows the window."""
    world.change_policy("changes", cancel=late_for(amount=TWENTY), move=Window(amount=24))
    door = ana(world, "2026-11-21 12:00", status=AppointmentStatus.REQUESTED)
    (slot,) = world.add_slots("2026-11-26 10:00")
    terms = door.change_terms("a1")
    assert (terms.cancel.allowed, terms.cancel.fee, terms.move.reason) == (True, None, "too_late")
    assert reason_of(lambda: door.move("a1", slot)) is Reason.TOO_LATE
    assert door.cancel("a1").status.value == "cancelled"


def test_a_pending_request_stays_while_cancelling_is_off(world: World) -> None:
    """The exception is one from the window, not from the switch."""
    door = ana(world, "2026-11-30 09:00", status=AppointmentStatus.REQUESTED)
    world.change_policy("changes", enabled=False)
    assert reason_of(lambda: door.cancel("a1")) is Reason.DISABLED


def test_staff_pay_no_fee_and_lose_no_deposit(world: World) -> None:
    """Late, capped and switched off for clients: staff move and cancel without being asked for anything."""
    world.change_policy(
        "changes", enabled=False, max_moves=0, cancel=late_for(amount=TWENTY), move=late_for(amount=TWENTY)
    )
    ana(world, deposit=Money("30.00", "NZD"))
    (slot,) = world.add_slots("2026-11-22 15:00")
    assert world.staff().move("a1", slot).fee is None
    cancelled = world.staff().cancel("a1")
    assert (cancelled.fee, cancelled.forfeits, cancelled.status.value) == (None, None, "cancelled")


def test_staff_need_the_permission(world: World) -> None:
    """Not being bound by the windows is not being allowed to change."""
    ana(world, "2026-11-30 09:00")
    assert reason_of(lambda: world.staff(permissions=()).cancel("a1")) is Reason.PERMISSION


@BOTH_COLOURS
def test_where_the_business_must_agree_the_client_is_told_so(awaited: bool) -> None:
    """A platform with approval: a move and a cancellation wait, the appointment stays where it is."""
    with platform(awaited, needs_approval=True) as world:
        door = ana(world, "2026-11-30 09:00")
        (slot,) = world.add_slots("2026-12-01 10:00")
        moved = door.move("a1", slot)
        assert (moved.waits, moved.appointment.status.value) == (True, "requested")
        assert door.appointment("a1").start == at("2026-11-30 09:00")
        cancelled = door.cancel("a1")
        assert (cancelled.waits, cancelled.status.value) == (True, "requested")


@BOTH_COLOURS
def test_the_platform_is_told_what_a_late_move_costs(awaited: bool) -> None:
    """The fee that Ana accepted for moving late reaches the platform with the move: nobody else could charge it."""
    told: list[Money | None] = []

    def move(self: Any, appointment: Appointment, slot: Any, fee: Money | None, key: str) -> Any:
        told.append(fee)
        return MemoryHost.move(self, appointment, slot, fee, key)

    with platform(awaited, move=move) as world:
        world.change_policy("changes", move=late_for(amount=TWENTY))
        door = ana(world)
        (slot,) = world.add_slots("2026-11-25 10:00")
        assert reason_of(lambda: door.move("a1", slot)) is Reason.FEE_NOT_ACCEPTED
        assert door.move("a1", slot, accept_fee=TWENTY).fee == TWENTY
    assert told == [TWENTY]


def test_a_percentage_of_an_unknown_price_is_no_offer(world: World) -> None:
    """Half of an unknown price cannot be shown first, so the late change is refused, not given away."""
    world.change_policy("changes", cancel=late_for(percent=50))
    ref = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ref, "2026-11-22 09:00", price=None)
    door = world.log_in("021 123 4567")
    assert door.change_terms("a1").cancel.reason is Reason.TOO_LATE
    assert reason_of(lambda: door.cancel("a1")) is Reason.TOO_LATE
