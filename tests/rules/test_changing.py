"""What is asked of the host, and what is remembered of its answer."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason, Refusal
from clientportal.outcomes import Booked, Moved
from clientportal.policy import Policy
from clientportal.records import HostWrite, Intent, Put, Snapshot, Trail
from clientportal.rules.who_may_change import (
    Change,
    cancel,
    move,
    rebook,
    remember_change,
)
from clientportal.values import (
    AppointmentStatus,
    ChangeKind,
    Offer,
    RecordRef,
    Service,
    Slot,
)
from rules.changing import (
    ANA,
    HOUR,
    START,
    TICK,
    TIMELY,
    appointment,
    changes,
    reason,
    seen,
    slot,
)

# --- what is asked of the host ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("waits", [False, True])
def test_the_forecast_of_a_move(waits: bool) -> None:
    """The new time and person, one move more; everything else stays."""
    decision = move(seen(offer=Offer(needs_approval=waits)), Change("a1", "s1"), TIMELY, START - 90 * HOUR)

    expected = appointment(
        start=START + 24 * HOUR, end=START + 25 * HOUR, staff_id="tom", staff_name="Tom", moves=1
    )  # fmt: skip
    assert decision.outcome == Moved(expected, waits=waits)
    assert decision.asks is not None
    assert (decision.asks.write, decision.asks.appointment) == (HostWrite.MOVE, appointment())
    assert (decision.asks.id, decision.asks.slot, decision.asks.actor) == ("i1", slot(), "client:ana")
    unnamed = move(seen(slot=slot(staff_name="")), Change("a1"), TIMELY, START - 90 * HOUR).outcome
    assert isinstance(unnamed, Moved)
    assert unnamed.appointment.staff_name == "Mia"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, Reason.SLOT_TAKEN),
        (slot(service_id="dye"), Reason.NOT_FOUND),
        (slot(start=START - 90 * HOUR), Reason.NOT_FOUND),
        (slot(start=START, staff_id="mia"), Reason.SAME_SLOT),
        (slot(start=START, staff_id="tom"), None),
        (slot(staff_id="mia"), None),
        (slot(start=START - 90 * HOUR + TICK), None),
    ],
)
def test_where_an_appointment_may_be_moved(where: Slot | None, expected: Reason | None) -> None:
    """To a free slot of the same service that is yet to come, and not to where it is."""
    decision = move(seen(slot=where), Change("a1"), TIMELY, START - 90 * HOUR)

    assert decision.granted if expected is None else reason(decision) is expected
    assert (decision.asks is None) is (expected is not None)


@pytest.mark.parametrize(
    ("more", "policy", "expected"),
    [
        ({"appointment": None}, TIMELY, Reason.NOT_FOUND),
        ({"mine": False}, TIMELY, Reason.NOT_FOUND),
        ({}, changes(rebooking=False), Reason.DISABLED),
        ({"staff": True}, changes(rebooking=False), None),
        ({"service": None}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"service": Service("cut", "Cut", HOUR, active=False)}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"service": Service("cut", "Cut", HOUR, bookable_online=False)}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"slots_possible": False}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"offer": Offer(allowed=False, why_not="blocked")}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"slot": None}, TIMELY, Reason.SLOT_TAKEN),
        ({"slot": slot(service_id="dye")}, TIMELY, Reason.NOT_FOUND),
        ({"slot": slot(start=START + HOUR)}, TIMELY, Reason.NOT_FOUND),
        ({"slot": slot(start=START + HOUR + TICK)}, TIMELY, None),
        ({"appointment": appointment(status=AppointmentStatus.NO_SHOW)}, TIMELY, None),
    ],
)
def test_when_the_same_may_be_booked_again(more: dict[str, Any], policy: Policy, expected: Reason | None) -> None:
    """Today's settings of the service decide (T9), an hour after the old appointment began."""
    decision = rebook(seen(**more), Change("a1", "s1"), policy, START + HOUR)

    assert decision.granted if expected is None else reason(decision) is expected


@pytest.mark.parametrize(("for_ref", "waits"), [(None, False), (RecordRef.client("s"), True)])
def test_the_forecast_of_a_new_booking(for_ref: RecordRef | None, waits: bool) -> None:
    """For the record that the session is for, under today's name, never moved yet."""
    one = seen(for_ref=for_ref, offer=Offer(needs_approval=waits), appointment=appointment(moves=2))

    decision = rebook(one, Change("a1", "s1"), TIMELY, START + HOUR)

    status = AppointmentStatus.REQUESTED if waits else AppointmentStatus.CONFIRMED
    expected = appointment(
        id="", ref=for_ref or ANA, start=START + 24 * HOUR, end=START + 25 * HOUR, staff_id="tom", staff_name="Tom",
        status=status, made_at=START + HOUR, booked_as="Ana Kingi", version="",
    )  # fmt: skip
    assert decision.outcome == Booked(expected, waits=waits)
    assert decision.asks is not None
    assert (decision.asks.write, decision.asks.for_ref) == (HostWrite.BOOK, for_ref or ANA)


def test_a_refused_change_says_until_when_it_was_possible() -> None:
    """In the refusal's facts, for the text; empty where there was no such moment."""
    late = cancel(seen(), Change("a1"), TIMELY, START - HOUR).outcome
    absent = move(seen(appointment=None), Change("a1"), TIMELY, START - HOUR).outcome

    assert isinstance(late, Refusal)
    assert isinstance(absent, Refusal)
    assert late.facts["until"] == "2026-11-24 14:00 NZDT"
    assert absent.facts["until"] == ""


# --- what is remembered ----------------------------------------------------------------------------------------------


def intent(write: HostWrite, **more: Any) -> Intent:
    """What the host was asked for."""
    given: dict[str, Any] = {"appointment": appointment(), "asked_at": START, "due_at": START, "actor": "client:ana"}
    return Intent(id="i1", write=write, **given | more)


def test_the_appointment_is_kept_as_it_was() -> None:
    """A snapshot per change; a booking, or nothing, leaves none."""
    snapshot = Snapshot(
        id="n1", ref="client:ana", appointment_id="a1", taken_at=START, change=ChangeKind.CANCEL,
        actor="client:ana", appointment=appointment(),
    )  # fmt: skip

    assert remember_change(intent(HostWrite.CANCEL), appointment(), "n1") == (Put(snapshot),)
    assert remember_change(intent(HostWrite.MOVE), None, "n1") == (Put(evolve(snapshot, change=ChangeKind.MOVE)),)
    assert remember_change(intent(HostWrite.BOOK), appointment(), "n1") == ()
    assert remember_change(intent(HostWrite.CANCEL, appointment=None), None, "n1") == ()


@pytest.mark.parametrize(
    ("before", "trail", "after", "expected"),
    [
        (0, None, "a1", [Trail(id="a1", current_id="a1", moves=1)]),
        (3, Trail(id="a1", version=2, current_id="a1"), "a1", [Trail(id="a1", version=2, current_id="a1", moves=4)]),
        (0, None, "b2", [Trail(id="a1", current_id="b2", moves=1), Trail(id="b2", current_id="b2", moves=1)]),
        (
            0,
            Trail(id="a1", version=1, current_id="a1", moves=5),
            "b2",
            [Trail(id="a1", version=1, current_id="b2", moves=6), Trail(id="b2", current_id="b2", moves=6)],
        ),
    ],
)  # fmt: skip
def test_a_move_leaves_a_trail(before: int, trail: Trail | None, after: str, expected: list[Trail]) -> None:
    """From the old id to the new one, and the number of moves goes along."""
    asked = intent(HostWrite.MOVE, appointment=appointment(moves=before), trail=trail)

    writes = remember_change(asked, appointment(id=after), "n1")

    assert [write.record for write in writes[1:]] == expected
