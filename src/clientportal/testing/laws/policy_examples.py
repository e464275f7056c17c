"""Appointments and moments that a policy is asked about: on its edges, in its overrides, where clocks change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import evolve, frozen
from hypothesis import strategies as st

from clientportal.policy import Override, Policy, Window
from clientportal.records import Trail
from clientportal.rules.who_may_change import Changing, deadline
from clientportal.testing.strategies import ZONES
from clientportal.testing.strategies import appointments as any_appointment
from clientportal.values import Appointment, AppointmentStatus, ChangeKind, Money, Offer, RecordRef, Service

__all__ = ["ChangeQuestion", "OfferOf", "change_questions", "tell_change", "windows_of"]

OfferOf = Callable[[Appointment, ChangeKind, datetime], Offer]
"""What a platform says to one change of one appointment, at a moment."""


@frozen
class ChangeQuestion:
    """Two appointments, alike but for their start, and two moments; ``change`` is what somebody wants to do."""

    appointment: Appointment
    later: Appointment
    change: ChangeKind
    zone: str
    first: datetime
    then: datetime
    moves: int
    price: Money | None


def windows_of(policy: Policy, change: ChangeKind, appointment: Appointment) -> tuple[Window, ...]:
    """The windows that bind this appointment: its service's and its staff member's, else the general one.

    Said here once more, in other words than the rule's, so that one is held against the other.
    """

    def own(override: Override | None) -> Window | None:
        if override is None:
            return None
        return override.cancel if change is ChangeKind.CANCEL else override.move

    changes = policy.changes
    of_service = own(changes.services.get(appointment.service_id))
    of_staff = own(changes.staff.get(appointment.staff_id)) if appointment.staff_id else None
    special = tuple(window for window in (of_service, of_staff) if window is not None)
    return special or (changes.cancel if change is ChangeKind.CANCEL else changes.move,)


_CHANGES = st.sampled_from((ChangeKind.CANCEL, ChangeKind.MOVE))
_STATUSES = st.sampled_from(
    (AppointmentStatus.CONFIRMED, AppointmentStatus.CONFIRMED, AppointmentStatus.CONFIRMED, AppointmentStatus.REQUESTED)
)
_ZONES = st.sampled_from(ZONES)
_PRICES = st.sampled_from((Money("65.00", "NZD"), Money("180.00", "NZD"), Money("0.01", "NZD"), None))
_LATER = st.sampled_from(
    (timedelta(0), timedelta(minutes=15), timedelta(hours=5), timedelta(days=1), timedelta(days=40))
)
_OFF = st.sampled_from(
    (timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(hours=1), timedelta(hours=-1))
)
_APPOINTMENTS = any_appointment(st.just(RecordRef.client("ana")))
_MOVES = st.integers(0, 3)
_HOURS = st.integers(0, 24 * 40)


@st.composite
def change_questions(draw: st.DrawFn, policy: Policy) -> ChangeQuestion:
    """A question whose moments lie about the ends of this policy's windows, and whose services and staff it names."""
    services = st.sampled_from([*policy.changes.services, "any service"])
    staff = st.sampled_from([*policy.changes.staff, "anybody", None])
    change, zone = draw(_CHANGES), draw(_ZONES)
    appointment = evolve(
        draw(_APPOINTMENTS),
        service_id=draw(services),
        staff_id=draw(staff),
        status=draw(_STATUSES),
        price=draw(_PRICES),
        zone=zone,
    )
    by = draw(_LATER)
    later = evolve(appointment, id="later", start=appointment.start + by, end=appointment.end + by)
    windows = windows_of(policy, change, appointment)
    ends = [deadline(one.start, window, zone) for one in (appointment, later) for window in windows]
    before = appointment.start - timedelta(hours=draw(_HOURS))
    edges = st.sampled_from([*ends, appointment.start, before, before])
    first, then = sorted((draw(edges) + draw(_OFF), draw(edges) + draw(_OFF)))
    return ChangeQuestion(appointment, later, change, zone, first, then, draw(_MOVES), appointment.price)


def as_seen(question: ChangeQuestion, appointment: Appointment, offer: Offer) -> Changing:
    """What the rules read of one of the appointments."""
    trail = Trail(id=appointment.id, current_id=appointment.id, moves=question.moves)
    service = Service(appointment.service_id, appointment.service_name or "Service", timedelta(minutes=45))
    return Changing(appointment, True, question.zone, offer, service, trail)


def tell_change(question: ChangeQuestion) -> list[str]:
    """The appointment, the later one, what is asked, and when."""
    one = question.appointment
    price = "no known price" if one.price is None else str(one.price)
    lines = [
        f"appointment {one.id}: service {one.service_id!r}, staff {one.staff_id!r}, {one.status.value}, {price}, "
        f"starts {one.start:%Y-%m-%d %H:%M:%S} UTC, moved {question.moves} times before, in {question.zone}",
        f"asked: {question.change.value}, at {question.first} and at {question.then}",
    ]
    if question.later.start != one.start:
        lines.append(f"and of another one that starts {question.later.start:%Y-%m-%d %H:%M:%S} UTC")
    return lines
