"""May this be changed, cancelled, rebooked; until when, and at what price?

The whole answer for one appointment is :func:`terms`; :func:`cancel`, :func:`move` and :func:`rebook` add the request.
Host and policy both speak, and the stricter wins: the earlier deadline, the larger fee, either one's "no".
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import Booked, Cancelled, Moved, Terms
from clientportal.policy import ChangePolicy, Edge, Late, Policy, Window, WindowUnit
from clientportal.records import HostWrite, Intent, Put, Snapshot, Trail, Write
from clientportal.rules.who_may_see import judge_action
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    ChangeKind,
    HostAnswer,
    Money,
    Offer,
    RecordRef,
    Service,
    Slot,
    as_utc,
    in_zone,
    zone,
)

__all__ = [
    "Change",
    "Changing",
    "Judged",
    "cancel",
    "catch_up",
    "deadline",
    "judge",
    "move",
    "not_online",
    "rebook",
    "terms",
]


@frozen
class Changing:
    """Everything read about one appointment that somebody wants to change.

    ``zone`` is the business's; ``mine`` is false where the appointment is not the client's own (foreign equals absent).
    ``staff`` are not bound by windows, caps and fees. ``account`` is whose session asks. ``elsewhere``: it belongs to
    another business of the franchise than the one whose door and policy this is.
    """

    appointment: Appointment | None
    mine: bool
    zone: str
    offer: Offer
    service: Service | None
    trail: Trail | None
    slot: Slot | None = None
    staff: bool = False
    actor: str = ""
    intent_id: str = ""
    for_ref: RecordRef | None = None
    name: str = ""
    slots_possible: bool = True
    account: str | None = None
    elsewhere: bool = False


@frozen
class Change:
    """What is asked for: ``accept_fee`` is the fee that the client was shown and agreed to."""

    appointment_id: str
    slot_id: str | None = None
    accept_fee: Money | None = None


@frozen
class Judged:
    """Whether a change may be made: a reason against it, or its price.

    ``until`` is the last free moment, ``why`` the host's own word against it, for staff.
    """

    reason: Reason | None
    because: Because
    until: datetime | None = None
    fee: Money | None = None
    why: str = ""


def deadline(start: datetime, window: Window, business_zone: str) -> datetime:
    """The last moment of a window, aware UTC.

    Hours are elapsed hours: 24 hours before a Sunday 09:00 on which the clocks went forward is Saturday 08:00 by the
    wall clock. Days end at 24:00 in the business's zone, N dates before the appointment's date there (X4); where the
    clocks skip midnight, at the moment they skip it. Never after the start.
    """
    if window.unit is WindowUnit.HOURS:
        return start - timedelta(hours=window.amount)
    there = zone(business_zone)
    date = start.astimezone(there).date() - timedelta(days=window.amount - 1)
    # fold=0 reads a midnight that does not exist with the offset before the gap, which is the moment of the gap; and
    # a midnight that comes twice as the first one.
    midnight = datetime.combine(date, time(0), tzinfo=there)
    return min(as_utc(midnight), start)


def _clock(instant: datetime, zone_name: str) -> str:
    """The wall clock of the business: what staff compare with their calendar."""
    return f"{in_zone(instant, zone_name):%Y-%m-%d %H:%M %Z}"


def _windows(policy: ChangePolicy, kind: ChangeKind, appointment: Appointment) -> list[tuple[str, Window]]:
    """The windows that apply, each with the setting it comes from: overrides replace the general one, together.

    Of two overrides each is judged by itself, and the stricter answer wins: the earlier deadline, either one's "no",
    the larger fee.
    """
    found: list[tuple[str, Window]] = []
    for table, key, name in (
        (policy.services, appointment.service_id, "services"),
        (policy.staff, appointment.staff_id or "", "staff"),
    ):
        override = table.get(key)
        if override is not None:
            window = override.cancel if kind is ChangeKind.CANCEL else override.move
            if window is not None:
                found.append((f"changes.{name}.{key}.{kind.value}", window))
    general = policy.cancel if kind is ChangeKind.CANCEL else policy.move
    return found or [(f"changes.{kind.value}", general)]


def judge(seen: Changing, kind: ChangeKind, policy: Policy, now: datetime) -> Judged:
    """May this change be made to this appointment now, by this actor?

    In this order, so that the first true reason is the one given: the switch (T7), whether it is among what clients may
    do at all (V5), what the host forbids, whether it is over, the cap on moves, the window. A pending request may be
    cancelled whatever the window, while cancelling is on (X1). Staff are bound by nothing but the host and time.
    """
    appointment = seen.appointment
    changes = policy.changes
    facts: list[tuple[str, str]] = []
    settings: list[tuple[str, str]] = [("changes.enabled", str(changes.enabled))]

    def because() -> Because:
        return Because("who_may_change.judge", tuple(facts), tuple(settings))

    if appointment is None or not seen.mine:
        return Judged(Reason.NOT_FOUND, because())
    facts += [
        ("starts", _clock(appointment.start, seen.zone)),
        ("status", appointment.status.value),
        ("now", _clock(now, seen.zone)),
    ]
    if not changes.enabled and not seen.staff:
        return Judged(Reason.DISABLED, because())
    closed = _not_named(seen, kind, policy)
    if closed is not None:
        return Judged(Reason.DISABLED, closed)
    if seen.elsewhere and not seen.staff:
        facts.append(("business", appointment.business or "the parent itself"))
        return Judged(Reason.NOT_CHANGEABLE, because(), why=_ELSEWHERE)
    if not appointment.status.open or appointment.start <= now:
        return Judged(Reason.ALREADY_OVER, because())
    if not seen.offer.allowed:
        facts.append(("the platform says", seen.offer.why_not or "no"))
        return Judged(Reason.NOT_CHANGEABLE, because(), why=seen.offer.why_not)
    if seen.staff:
        return Judged(None, because(), fee=None)
    if kind is ChangeKind.CANCEL and appointment.status is AppointmentStatus.REQUESTED:
        facts.append(("pending", "may be cancelled whatever the window"))
        return Judged(None, because())
    if kind is ChangeKind.MOVE and changes.max_moves is not None:
        moves = max(appointment.moves, seen.trail.moves if seen.trail else 0)
        facts.append(("moved before", str(moves)))
        settings.append(("changes.max_moves", str(changes.max_moves)))
        if moves >= changes.max_moves:
            return Judged(Reason.TOO_MANY_MOVES, because())
    return _by_window(seen, appointment, kind, changes, now, facts, settings)


_ELSEWHERE = "it is changed at the business of the franchise that it belongs to"


def _not_named(seen: Changing, kind: ChangeKind, policy: Policy) -> Because | None:
    """Why a client may not do this at all, where the business names what clients may do (V5). Staff are not bound."""
    judged = judge_action("bookings", kind.value, policy)
    return judged.because if isinstance(judged, Refusal) and not seen.staff else None


def _by_window(
    seen: Changing,
    appointment: Appointment,
    kind: ChangeKind,
    changes: ChangePolicy,
    now: datetime,
    facts: list[tuple[str, str]],
    settings: list[tuple[str, str]],
) -> Judged:
    windows = _windows(changes, kind, appointment)
    ends = [deadline(appointment.start, window, seen.zone) for _, window in windows]
    late = [
        window
        for (_, window), end in zip(windows, ends, strict=True)
        if now > end or (now == end and window.edge is Edge.LATE)
    ]
    settings.extend((name, str(window)) for name, window in windows)
    last = min(ends) if seen.offer.until is None else min(*ends, seen.offer.until)
    facts.append(("last moment", _clock(last, seen.zone)))
    host_late = seen.offer.until is not None and now > seen.offer.until
    fees = [window.fee.of(appointment.price) for window in late if window.fee is not None]
    # A percentage of a price that nobody knows cannot be shown before it is accepted, so there is no such change.
    if host_late or any(window.late is Late.REFUSED for window in late) or None in fees:
        return Judged(Reason.TOO_LATE, Because("who_may_change.judge", tuple(facts), tuple(settings)), until=last)
    fee = seen.offer.fee
    for late_fee in fees:
        fee = _larger(fee, late_fee)
    if fee is not None:
        facts.append(("fee", str(fee)))
    return Judged(None, Because("who_may_change.judge", tuple(facts), tuple(settings)), until=last, fee=fee)


def _larger(first: Money | None, second: Money | None) -> Money | None:
    if first is None or second is None:
        return second if first is None else first
    return max(first, second, key=lambda money: money.amount) if first.currency == second.currency else first


def _sum(fee: Money | None, forfeits: Money | None) -> Money | None:
    """What cancelling costs in all, so that nobody loses a deposit by saying yes to a fee.

    Where the two are in different currencies there is no sum: the fee is what is accepted, and the terms show both.
    """
    if fee and forfeits and fee.currency == forfeits.currency:
        return fee + forfeits
    return fee or forfeits


def terms(seen: Changing, kind: ChangeKind, policy: Policy, now: datetime) -> Terms:
    """The terms of one change, for showing them before the client decides."""
    judged = judge_rebooking(seen, policy, now) if kind is ChangeKind.REBOOK else judge(seen, kind, policy, now)
    return Terms(
        change=kind,
        refusal=_refusal(judged, seen.zone),
        until=judged.until,
        fee=judged.fee,
        forfeits=seen.offer.forfeits if kind is ChangeKind.CANCEL and judged.reason is None else None,
    )


# --- the three changes ---------------------------------------------------------------------------------------------


def cancel(seen: Changing, asked: Change, policy: Policy, now: datetime) -> Decision[Cancelled]:
    """Cancel an appointment. A fee or a forfeited deposit is shown first: the client sends it back as accepted."""
    judged = judge(seen, ChangeKind.CANCEL, policy, now)
    if judged.reason is not None or seen.appointment is None:
        return _no(judged, seen.zone)
    price = _sum(judged.fee, None if seen.staff else seen.offer.forfeits)
    if price and asked.accept_fee != price:
        return refuse(Reason.FEE_NOT_ACCEPTED, judged.because, fee=price, amount=str(price))
    outcome = Cancelled(
        seen.appointment,
        AppointmentStatus.CANCELLED,
        fee=judged.fee,
        forfeits=None if seen.staff else seen.offer.forfeits,
        waits=seen.offer.needs_approval,
    )
    intent = _intent(seen, seen.appointment, HostWrite.CANCEL, judged, now)
    return grant(outcome, judged.because, asks=intent)


def move(seen: Changing, asked: Change, policy: Policy, now: datetime) -> Decision[Moved]:
    """Move an appointment to a free slot of the same service (X2). Of two who want the same slot, one gets it."""
    judged = judge(seen, ChangeKind.MOVE, policy, now)
    appointment, slot = seen.appointment, seen.slot
    if judged.reason is not None or appointment is None:
        return _no(judged, seen.zone)
    if slot is None:
        return refuse(Reason.SLOT_TAKEN, judged.because)
    if slot.service_id != appointment.service_id or slot.start <= now:
        return refuse(Reason.NOT_FOUND, judged.because)
    if slot.start == appointment.start and slot.staff_id == appointment.staff_id:
        return refuse(Reason.SAME_SLOT, judged.because)
    if judged.fee and asked.accept_fee != judged.fee:
        return refuse(Reason.FEE_NOT_ACCEPTED, judged.because, fee=judged.fee, amount=str(judged.fee))
    forecast = evolve(
        appointment,
        start=slot.start,
        end=slot.end,
        zone=slot.zone,
        staff_id=slot.staff_id,
        staff_name=slot.staff_name or appointment.staff_name,
        moves=appointment.moves + 1,
    )
    intent = _intent(seen, appointment, HostWrite.MOVE, judged, now)
    return grant(Moved(forecast, waits=seen.offer.needs_approval, fee=judged.fee), judged.because, asks=intent)


def not_online(policy: Policy) -> Because | None:
    """Why nothing can be booked in the portal, where the business takes no bookings online (V7)."""
    if policy.bookings.online:
        return None
    return Because("who_may_change.not_online", (), (("bookings.online", "False"),))


def judge_rebooking(seen: Changing, policy: Policy, now: datetime) -> Judged:
    """May the client book the same service again?

    The service's settings *as they are today* decide (T9): whatever forbids a fresh online booking forbids this,
    whatever the status or age of the old appointment. So does a business that takes no bookings online (V7).
    """
    service = seen.service
    because = Because(
        "who_may_change.judge_rebooking",
        (
            ("service", seen.appointment.service_id if seen.appointment else "–"),
            ("active", str(service.active) if service else "no such service"),
            ("bookable online", str(service.bookable_online) if service else "–"),
            ("the platform says", "yes" if seen.offer.allowed else seen.offer.why_not or "no"),
        ),
        (("changes.rebooking", str(policy.changes.rebooking)),),
    )
    if seen.appointment is None or not seen.mine:
        return Judged(Reason.NOT_FOUND, because)
    if not policy.changes.rebooking and not seen.staff:
        return Judged(Reason.DISABLED, because)
    closed = not_online(policy) if not seen.staff else None
    closed = closed or _not_named(seen, ChangeKind.REBOOK, policy)
    if closed is not None:
        return Judged(Reason.DISABLED, closed)
    if seen.elsewhere and not seen.staff:
        return Judged(Reason.CONTACT_BUSINESS, because)
    bookable = service is not None and service.active and service.bookable_online
    if not bookable or not seen.slots_possible or not seen.offer.allowed:
        return Judged(Reason.CONTACT_BUSINESS, because)
    return Judged(None, because)


def rebook(seen: Changing, asked: Change, policy: Policy, now: datetime) -> Decision[Booked]:
    """Book the same service again, in a free slot, for the record that the session is for."""
    judged = judge_rebooking(seen, policy, now)
    appointment, slot = seen.appointment, seen.slot
    if judged.reason is not None or appointment is None:
        return _no(judged, seen.zone)
    if slot is None:
        return refuse(Reason.SLOT_TAKEN, judged.because)
    if slot.service_id != appointment.service_id or slot.start <= now:
        return refuse(Reason.NOT_FOUND, judged.because)
    forecast = evolve(
        appointment,
        id="",
        ref=seen.for_ref or appointment.ref,
        start=slot.start,
        end=slot.end,
        zone=slot.zone,
        staff_id=slot.staff_id,
        staff_name=slot.staff_name,
        status=AppointmentStatus.REQUESTED if seen.offer.needs_approval else AppointmentStatus.CONFIRMED,
        made_at=now,
        booked_as=seen.name,
        moves=0,
        version="",
    )
    intent = evolve(
        _intent(seen, forecast, HostWrite.BOOK, judged, now),
        for_ref=seen.for_ref or appointment.ref,
        account=seen.account,
    )
    return grant(Booked(forecast, waits=seen.offer.needs_approval), judged.because, asks=intent)


def _refusal(judged: Judged, zone_name: str) -> Refusal | None:
    if judged.reason is None:
        return None
    until = _clock(judged.until, zone_name) if judged.until is not None else ""
    return Refusal(judged.reason, judged.because, facts={"until": until, "why": judged.why})


def _no(judged: Judged, zone_name: str) -> Decision[Any]:
    refusal = _refusal(judged, zone_name) or Refusal(Reason.NOT_FOUND, judged.because)
    return Decision(refusal, judged.because)


def _intent(seen: Changing, appointment: Appointment, write: HostWrite, judged: Judged, now: datetime) -> Intent:
    return Intent(
        id=seen.intent_id,
        write=write,
        actor=seen.actor,
        asked_at=now,
        due_at=now,
        appointment=appointment,
        slot=seen.slot,
        trail=seen.trail,
        fee=judged.fee,
        because=str(judged.because),
    )


# --- once the host has answered ------------------------------------------------------------------------------------


def catch_up(intent: Intent, present: Trail | None, answer: HostAnswer) -> Intent:
    """The same intent over the trail as it is now: two moves of one appointment that a host elsewhere made one after
    the other may be recorded the other way round, and both count.

    A host that counts moves itself told the later one of the earlier; else each recorded move is one more.
    """
    before, after = intent.appointment, answer.appointment
    if present is None or before is None or after is None or present == intent.trail:
        return intent
    at_first = max(before.moves, intent.trail.moves if intent.trail else 0)
    host_counts = after.moves > before.moves
    moves = max(at_first, present.moves - 1) if host_counts else present.moves
    return evolve(intent, trail=evolve(present, moves=moves))


def remember_change(intent: Intent, after: Appointment | None, snapshot_id: str) -> tuple[Write, ...]:
    """What the portal keeps of a change: the appointment as it was, and where a link sent earlier finds it now (X1)."""
    before = intent.appointment
    if before is None or intent.write is HostWrite.BOOK:
        return ()
    kind = ChangeKind.MOVE if intent.write is HostWrite.MOVE else ChangeKind.CANCEL
    writes: list[Write] = [
        Put(
            Snapshot(
                id=snapshot_id,
                ref=str(before.ref),
                appointment_id=before.id,
                taken_at=intent.asked_at,
                change=kind,
                actor=intent.actor,
                appointment=before,
            )
        )
    ]
    if kind is ChangeKind.MOVE and after is not None:
        moves = max(before.moves, intent.trail.moves if intent.trail else 0) + 1
        trail = intent.trail or Trail(id=before.id, current_id=before.id)
        writes.append(Put(evolve(trail, current_id=after.id, moves=moves)))
        if after.id != before.id:
            writes.append(Put(Trail(id=after.id, current_id=after.id, moves=moves)))
    return tuple(writes)
