"""Changes of an appointment, with everything that is said of them and asked of the host."""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve

from clientportal.outcomes import Booked, Cancelled, Detached, Moved
from clientportal.outcomes.client_list import Added
from clientportal.policy import Fee, Late, Override, Window, WindowUnit
from clientportal.records import Assignment, HostWrite, Intent, Trail
from clientportal.rules.settling import settle, settled_result
from clientportal.rules.who_may_change import (
    Change,
    cancel,
    catch_up,
    deadline,
    judge,
    judge_rebooking,
    move,
    rebook,
    remember_change,
    terms,
)
from clientportal.values import AnswerKind, AppointmentStatus, ChangeKind, HostAnswer, Money, Offer, RecordRef, Service
from rules.changing import ANA, HOUR, NZD10, NZD20, START, TIMELY, appointment, changes, seen, slot
from rules.in_full import in_full
from rules.test_settling import SIGNED_IN

NOW = START - 30 * HOUR
LATE = START - 2 * HOUR
BEN = RecordRef.client("ben")
FEE = changes(cancel=Window(amount=24, late=Late.FEE, fee=Fee(amount=NZD10)), move=Window(amount=24), max_moves=2)
CANCEL, MOVE, BOOK = HostWrite.CANCEL, HostWrite.MOVE, HostWrite.BOOK

# --- cancelling ------------------------------------------------------------------------------------------------------


def test_an_appointment_is_cancelled() -> None:
    """In time, free; the host is asked with the reason, and the appointment as it is."""
    assert in_full(cancel(seen(), Change("a1"), FEE, NOW)) == [
        "yes: Cancelled(appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), status=cancelled)",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True, changes.cancel = 24",
        "  hours, edge allowed, late fee",
        "asks Intent(id=i1, write=cancel, actor=client:ana, asked_at=2026-11-23 19:00, due_at=2026-11-23",
        "  19:00, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25 01:00,",
        "  end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), slot=Slot(id=s1,",
        "  service_id=cut, start=2026-11-26 01:00, end=2026-11-26 02:00, zone=Pacific/Auckland, staff_id=tom,",
        "  staff_name=Tom), because=who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status",
        "  confirmed, now 2026-11-24 08:00 NZDT, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled =",
        "  True, changes.cancel = 24 hours, edge allowed, late fee)",
    ]


def test_cancelling_late_costs_what_was_shown() -> None:
    """Fee and deposit are one sum, accepted as such or refused with it; staff pay neither."""
    late = seen(offer=Offer(forfeits=NZD20, needs_approval=True), trail=Trail(id="a1", current_id="a1", moves=1))
    assert in_full(cancel(late, Change("a1"), FEE, LATE)) == [
        "no: fee_not_accepted, fee=30.00 NZD, facts={amount: 30.00 NZD}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25",
        "  12:00 NZDT, last moment 2026-11-24 14:00 NZDT, fee 10.00 NZD; policy: changes.enabled = True,",
        "  changes.cancel = 24 hours, edge allowed, late fee",
    ]
    assert in_full(cancel(late, Change("a1", accept_fee=Money("30.00", "NZD")), FEE, LATE)) == [
        "yes: Cancelled(appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), status=cancelled,",
        "  fee=10.00 NZD, forfeits=20.00 NZD, waits=True)",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25",
        "  12:00 NZDT, last moment 2026-11-24 14:00 NZDT, fee 10.00 NZD; policy: changes.enabled = True,",
        "  changes.cancel = 24 hours, edge allowed, late fee",
        "asks Intent(id=i1, write=cancel, actor=client:ana, asked_at=2026-11-24 23:00, due_at=2026-11-24",
        "  23:00, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25 01:00,",
        "  end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), slot=Slot(id=s1,",
        "  service_id=cut, start=2026-11-26 01:00, end=2026-11-26 02:00, zone=Pacific/Auckland, staff_id=tom,",
        "  staff_name=Tom), trail=Trail(id=a1, current_id=a1, moves=1), fee=10.00 NZD,",
        "  because=who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now",
        "  2026-11-25 12:00 NZDT, last moment 2026-11-24 14:00 NZDT, fee 10.00 NZD; policy: changes.enabled =",
        "  True, changes.cancel = 24 hours, edge allowed, late fee)",
    ]
    assert in_full(cancel(evolve(late, staff=True, actor="staff:mia"), Change("a1"), FEE, LATE)) == [
        "yes: Cancelled(appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), status=cancelled,",
        "  waits=True)",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25",
        "  12:00 NZDT; policy: changes.enabled = True",
        "asks Intent(id=i1, write=cancel, actor=staff:mia, asked_at=2026-11-24 23:00, due_at=2026-11-24",
        "  23:00, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25 01:00,",
        "  end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), slot=Slot(id=s1,",
        "  service_id=cut, start=2026-11-26 01:00, end=2026-11-26 02:00, zone=Pacific/Auckland, staff_id=tom,",
        "  staff_name=Tom), trail=Trail(id=a1, current_id=a1, moves=1), because=who_may_change.judge; facts:",
        "  starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25 12:00 NZDT; policy: changes.enabled",
        "  = True)",
    ]
    abroad = evolve(late, offer=Offer(forfeits=Money("5.00", "AUD")))
    assert in_full(cancel(abroad, Change("a1"), FEE, LATE)) == [
        "no: fee_not_accepted, fee=10.00 NZD, facts={amount: 10.00 NZD}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25",
        "  12:00 NZDT, last moment 2026-11-24 14:00 NZDT, fee 10.00 NZD; policy: changes.enabled = True,",
        "  changes.cancel = 24 hours, edge allowed, late fee",
    ]
    assert in_full(cancel(evolve(late, offer=Offer(forfeits=NZD20)), Change("a1"), FEE, NOW)) == [
        "no: fee_not_accepted, fee=20.00 NZD, facts={amount: 20.00 NZD}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True, changes.cancel = 24",
        "  hours, edge allowed, late fee",
    ]


def test_why_an_appointment_may_not_be_cancelled() -> None:
    """Times are the business's wall clock; the host's own word goes to staff."""
    refused = changes(cancel=Window(amount=24), move=Window(amount=24))
    assert in_full(cancel(seen(), Change("a1"), refused, LATE)) == [
        "no: too_late, facts={until: 2026-11-24 14:00 NZDT, why: ''}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25",
        "  12:00 NZDT, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True, changes.cancel = 24",
        "  hours, edge allowed, late refused",
    ]
    assert in_full(cancel(seen(mine=False), Change("a1"), FEE, NOW)) == [
        "no: not_found, facts={until: '', why: ''}",
        "because who_may_change.judge; policy: changes.enabled = True",
    ]
    assert in_full(cancel(seen(appointment=None), Change("a1"), FEE, NOW)) == [
        "no: not_found, facts={until: '', why: ''}",
        "because who_may_change.judge; policy: changes.enabled = True",
    ]
    assert in_full(cancel(seen(), Change("a1"), changes(enabled=False), NOW)) == [
        "no: disabled, facts={until: '', why: ''}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT; policy: changes.enabled = False",
    ]
    assert in_full(cancel(seen(), Change("a1"), FEE, START)) == [
        "no: already_over, facts={until: '', why: ''}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25",
        "  14:00 NZDT; policy: changes.enabled = True",
    ]
    no = Offer(allowed=False, why_not="closed that day")
    assert in_full(cancel(seen(offer=no), Change("a1"), FEE, NOW)) == [
        "no: not_changeable, facts={until: '', why: closed that day}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, the platform says closed that day; policy: changes.enabled = True",
    ]
    assert in_full(cancel(seen(offer=Offer(allowed=False)), Change("a1"), FEE, NOW)) == [
        "no: not_changeable, facts={until: '', why: ''}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, the platform says no; policy: changes.enabled = True",
    ]


def test_a_request_is_taken_back_at_any_time() -> None:
    """X1: nothing was promised yet."""
    pending = seen(appointment=appointment(status=AppointmentStatus.REQUESTED))
    assert in_full(judge(pending, ChangeKind.CANCEL, FEE, LATE)) == [
        "Judged(reason=None, because=who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status",
        "  requested, now 2026-11-25 12:00 NZDT, pending may be cancelled whatever the window; policy:",
        "  changes.enabled = True)",
    ]


def test_what_is_shown_before_a_change() -> None:
    """The stricter of two overrides, of the host's time, and the larger fee; a deposit only where it is lost."""
    mixed = changes(
        services={"cut": Override(cancel=Window(amount=48, late=Late.FEE, fee=Fee(amount=NZD10)))},
        staff={"mia": Override(cancel=Window(amount=2, unit=WindowUnit.DAYS, late=Late.FEE, fee=Fee(percent=50)))},
    )
    offer = Offer(until=START - 72 * HOUR, fee=NZD20, forfeits=NZD20)
    assert in_full(terms(seen(offer=offer), ChangeKind.CANCEL, mixed, START - 80 * HOUR)) == [
        "Terms(change=cancel, until=2026-11-22 01:00, fee=20.00 NZD, forfeits=20.00 NZD)"
    ]
    assert in_full(terms(seen(offer=evolve(offer, until=None)), ChangeKind.CANCEL, mixed, NOW)) == [
        "Terms(change=cancel, until=2026-11-23 01:00, fee=32.50 NZD, forfeits=20.00 NZD)"
    ]
    assert in_full(terms(seen(offer=offer), ChangeKind.CANCEL, mixed, NOW)) == [
        "Terms(change=cancel, refusal=Refusal(reason=too_late, because=who_may_change.judge; facts: starts",
        "  2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24 08:00 NZDT, last moment 2026-11-22 14:00",
        "  NZDT; policy: changes.enabled = True, changes.services.cut.cancel = 48 hours, edge allowed, late",
        "  fee, changes.staff.mia.cancel = 2 days, edge allowed, late fee, facts={until: 2026-11-22 14:00",
        "  NZDT, why: ''}), until=2026-11-22 01:00)",
    ]
    assert in_full(terms(seen(offer=evolve(offer, until=None)), ChangeKind.MOVE, mixed, NOW)) == [
        "Terms(change=move, until=2026-11-25 01:00, fee=20.00 NZD)"
    ]
    assert in_full(terms(seen(offer=offer), ChangeKind.REBOOK, TIMELY, NOW)) == ["Terms(change=rebook)"]


# --- moving ----------------------------------------------------------------------------------------------------------


def test_an_appointment_is_moved() -> None:
    """To the slot's time, zone and member of staff, one move more; the name stays where the slot has none."""
    plain = seen(trail=Trail(id="a1", current_id="a1", moves=1), offer=Offer(needs_approval=True))
    assert in_full(move(plain, Change("a1", "s1"), FEE, NOW)) == [
        "yes: Moved(appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-26 01:00,",
        "  end=2026-11-26 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=tom, staff_name=Tom, booked_as=Ana K, price=65.00 NZD, moves=1), waits=True)",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, moved before 1, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True,",
        "  changes.max_moves = 2, changes.move = 24 hours, edge allowed, late refused",
        "asks Intent(id=i1, write=move, actor=client:ana, asked_at=2026-11-23 19:00, due_at=2026-11-23 19:00,",
        "  appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25 01:00,",
        "  end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), slot=Slot(id=s1,",
        "  service_id=cut, start=2026-11-26 01:00, end=2026-11-26 02:00, zone=Pacific/Auckland, staff_id=tom,",
        "  staff_name=Tom), trail=Trail(id=a1, current_id=a1, moves=1), because=who_may_change.judge; facts:",
        "  starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24 08:00 NZDT, moved before 1, last",
        "  moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True, changes.max_moves = 2, changes.move",
        "  = 24 hours, edge allowed, late refused)",
    ]
    there = evolve(plain, slot=slot(staff_name="", zone="Australia/Sydney"))
    assert in_full(move(there, Change("a1", "s1"), FEE, NOW)) == [
        "yes: Moved(appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-26 01:00,",
        "  end=2026-11-26 02:00, zone=Australia/Sydney, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=tom, staff_name=Mia, booked_as=Ana K, price=65.00 NZD, moves=1), waits=True)",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, moved before 1, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True,",
        "  changes.max_moves = 2, changes.move = 24 hours, edge allowed, late refused",
        "asks Intent(id=i1, write=move, actor=client:ana, asked_at=2026-11-23 19:00, due_at=2026-11-23 19:00,",
        "  appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25 01:00,",
        "  end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), slot=Slot(id=s1,",
        "  service_id=cut, start=2026-11-26 01:00, end=2026-11-26 02:00, zone=Australia/Sydney,",
        "  staff_id=tom), trail=Trail(id=a1, current_id=a1, moves=1), because=who_may_change.judge; facts:",
        "  starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24 08:00 NZDT, moved before 1, last",
        "  moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True, changes.max_moves = 2, changes.move",
        "  = 24 hours, edge allowed, late refused)",
    ]


def test_why_an_appointment_may_not_be_moved() -> None:
    """Moved too often, the slot is gone, of another service, over, or the same; or a fee was not accepted."""
    often = seen(trail=Trail(id="a1", current_id="a1", moves=2))
    assert in_full(move(often, Change("a1", "s1"), FEE, NOW)) == [
        "no: too_many_moves, facts={until: '', why: ''}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, moved before 2; policy: changes.enabled = True, changes.max_moves = 2",
    ]
    assert in_full(move(seen(), Change("a1", "s1"), FEE, LATE)) == [
        "no: too_late, facts={until: 2026-11-24 14:00 NZDT, why: ''}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-25",
        "  12:00 NZDT, moved before 0, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True,",
        "  changes.max_moves = 2, changes.move = 24 hours, edge allowed, late refused",
    ]
    assert in_full(move(seen(slot=None), Change("a1", "s1"), FEE, NOW)) == [
        "no: slot_taken",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, moved before 0, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True,",
        "  changes.max_moves = 2, changes.move = 24 hours, edge allowed, late refused",
    ]
    assert in_full(move(seen(slot=slot(service_id="dye")), Change("a1", "s1"), FEE, NOW)) == [
        "no: not_found",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, moved before 0, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True,",
        "  changes.max_moves = 2, changes.move = 24 hours, edge allowed, late refused",
    ]
    assert in_full(move(seen(slot=slot(start=START, staff_id="mia")), Change("a1", "s1"), FEE, NOW)) == [
        "no: same_slot",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, moved before 0, last moment 2026-11-24 14:00 NZDT; policy: changes.enabled = True,",
        "  changes.max_moves = 2, changes.move = 24 hours, edge allowed, late refused",
    ]
    dear = changes(move=Window(amount=48, late=Late.FEE, fee=Fee(amount=NZD10)))
    assert in_full(move(seen(), Change("a1", "s1"), dear, NOW)) == [
        "no: fee_not_accepted, fee=10.00 NZD, facts={amount: 10.00 NZD}",
        "because who_may_change.judge; facts: starts 2026-11-25 14:00 NZDT, status confirmed, now 2026-11-24",
        "  08:00 NZDT, last moment 2026-11-23 14:00 NZDT, fee 10.00 NZD; policy: changes.enabled = True,",
        "  changes.move = 48 hours, edge allowed, late fee",
    ]
    assert move(seen(), Change("a1", "s1", NZD10), dear, NOW).granted
    assert move(seen(slot=slot(start=START, staff_id="tom")), Change("a1", "s1"), FEE, NOW).granted


# --- booking again ---------------------------------------------------------------------------------------------------


def test_the_same_is_booked_again() -> None:
    """A new appointment of the session's record, with nothing of the old one but its service and price."""
    old = seen(account="acc", for_ref=BEN, appointment=appointment(moves=3, status=AppointmentStatus.CANCELLED))
    assert in_full(rebook(old, Change("a1", "s1"), TIMELY, NOW)) == [
        "yes: Booked(appointment=Appointment(id='', ref=client:ben, service_id=cut, start=2026-11-26 01:00,",
        "  end=2026-11-26 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-23 19:00,",
        "  staff_id=tom, staff_name=Tom, booked_as=Ana Kingi, price=65.00 NZD))",
        "because who_may_change.judge_rebooking; facts: service cut, active True, bookable online True, the",
        "  platform says yes; policy: changes.rebooking = True",
        "asks Intent(id=i1, write=book, actor=client:ana, asked_at=2026-11-23 19:00, due_at=2026-11-23 19:00,",
        "  appointment=Appointment(id='', ref=client:ben, service_id=cut, start=2026-11-26 01:00,",
        "  end=2026-11-26 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-23 19:00,",
        "  staff_id=tom, staff_name=Tom, booked_as=Ana Kingi, price=65.00 NZD), slot=Slot(id=s1,",
        "  service_id=cut, start=2026-11-26 01:00, end=2026-11-26 02:00, zone=Pacific/Auckland, staff_id=tom,",
        "  staff_name=Tom), for_ref=client:ben, because=who_may_change.judge_rebooking; facts: service cut,",
        "  active True, bookable online True, the platform says yes; policy: changes.rebooking = True,",
        "  account=acc)",
    ]
    asked = seen(offer=Offer(needs_approval=True), slot=slot(zone="Australia/Sydney"))
    assert in_full(rebook(asked, Change("a1", "s1"), TIMELY, NOW)) == [
        "yes: Booked(appointment=Appointment(id='', ref=client:ana, service_id=cut, start=2026-11-26 01:00,",
        "  end=2026-11-26 02:00, zone=Australia/Sydney, status=requested, made_at=2026-11-23 19:00,",
        "  staff_id=tom, staff_name=Tom, booked_as=Ana Kingi, price=65.00 NZD), waits=True)",
        "because who_may_change.judge_rebooking; facts: service cut, active True, bookable online True, the",
        "  platform says yes; policy: changes.rebooking = True",
        "asks Intent(id=i1, write=book, actor=client:ana, asked_at=2026-11-23 19:00, due_at=2026-11-23 19:00,",
        "  appointment=Appointment(id='', ref=client:ana, service_id=cut, start=2026-11-26 01:00,",
        "  end=2026-11-26 02:00, zone=Australia/Sydney, status=requested, made_at=2026-11-23 19:00,",
        "  staff_id=tom, staff_name=Tom, booked_as=Ana Kingi, price=65.00 NZD), slot=Slot(id=s1,",
        "  service_id=cut, start=2026-11-26 01:00, end=2026-11-26 02:00, zone=Australia/Sydney, staff_id=tom,",
        "  staff_name=Tom), for_ref=client:ana, because=who_may_change.judge_rebooking; facts: service cut,",
        "  active True, bookable online True, the platform says yes; policy: changes.rebooking = True)",
    ]


def test_why_it_cannot_be_booked_again() -> None:
    """The service as it is today: inactive, not online, none at all; or the host's own no."""
    service = Service("cut", "Cut", HOUR)
    assert in_full(judge_rebooking(seen(service=evolve(service, active=False)), TIMELY, NOW)) == [
        "Judged(reason=contact_business, because=who_may_change.judge_rebooking; facts: service cut, active",
        "  False, bookable online True, the platform says yes; policy: changes.rebooking = True)",
    ]
    assert in_full(judge_rebooking(seen(service=evolve(service, bookable_online=False)), TIMELY, NOW)) == [
        "Judged(reason=contact_business, because=who_may_change.judge_rebooking; facts: service cut, active",
        "  True, bookable online False, the platform says yes; policy: changes.rebooking = True)",
    ]
    assert in_full(judge_rebooking(seen(service=None), TIMELY, NOW)) == [
        "Judged(reason=contact_business, because=who_may_change.judge_rebooking; facts: service cut, active",
        "  no such service, bookable online –, the platform says yes; policy: changes.rebooking = True)",
    ]
    no = Offer(allowed=False, why_not="new clients only")
    assert in_full(rebook(seen(offer=no), Change("a1", "s1"), TIMELY, NOW)) == [
        "no: contact_business, facts={until: '', why: ''}",
        "because who_may_change.judge_rebooking; facts: service cut, active True, bookable online True, the",
        "  platform says new clients only; policy: changes.rebooking = True",
    ]
    assert in_full(rebook(seen(offer=Offer(allowed=False)), Change("a1", "s1"), TIMELY, NOW)) == [
        "no: contact_business, facts={until: '', why: ''}",
        "because who_may_change.judge_rebooking; facts: service cut, active True, bookable online True, the",
        "  platform says no; policy: changes.rebooking = True",
    ]
    assert in_full(rebook(seen(appointment=None), Change("a1", "s1"), TIMELY, NOW)) == [
        "no: not_found, facts={until: '', why: ''}",
        "because who_may_change.judge_rebooking; facts: service –, active True, bookable online True, the",
        "  platform says yes; policy: changes.rebooking = True",
    ]
    assert in_full(rebook(seen(slot=None), Change("a1", "s1"), TIMELY, NOW)) == [
        "no: slot_taken",
        "because who_may_change.judge_rebooking; facts: service cut, active True, bookable online True, the",
        "  platform says yes; policy: changes.rebooking = True",
    ]
    off = changes(rebooking=False)
    assert in_full(rebook(seen(), Change("a1", "s1"), off, NOW)) == [
        "no: disabled, facts={until: '', why: ''}",
        "because who_may_change.judge_rebooking; facts: service cut, active True, bookable online True, the",
        "  platform says yes; policy: changes.rebooking = False",
    ]
    assert rebook(seen(staff=True), Change("a1", "s1"), off, NOW).granted


def test_days_end_at_midnight_of_the_business() -> None:
    """Two days before Wednesday 14:00 in Auckland is the end of Monday there; today is never after the start."""
    assert deadline(START, Window(amount=2, unit=WindowUnit.DAYS), "Pacific/Auckland") == datetime(
        2026, 11, 23, 11, tzinfo=UTC
    )
    assert deadline(START, Window(amount=0, unit=WindowUnit.DAYS), "Pacific/Auckland") == START


# --- once the host has answered --------------------------------------------------------------------------------------


def asked(write: HostWrite, **more: object) -> Intent:
    """The host was asked at noon the day before."""
    return Intent(id="i1", write=write, actor="client:ana", asked_at=NOW, due_at=NOW, because="so", **more)  # type: ignore[arg-type]


def test_a_change_is_remembered() -> None:
    """As it was, by whom and when; a link sent earlier finds the new one from the first and from the last."""
    there = appointment(id="b2")
    first = asked(MOVE, appointment=appointment(moves=1))
    assert in_full(remember_change(first, there, "n1")) == [
        "put Snapshot(id=n1, ref=client:ana, appointment_id=a1, taken_at=2026-11-23 19:00, change=move,",
        "  actor=client:ana, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD, moves=1))",
        "put Trail(id=a1, current_id=b2, moves=2)",
        "put Trail(id=b2, current_id=b2, moves=2)",
    ]
    trail = Trail(id="a0", version=2, current_id="a1", moves=4)
    assert in_full(remember_change(evolve(first, trail=trail), appointment(), "n1")) == [
        "put Snapshot(id=n1, ref=client:ana, appointment_id=a1, taken_at=2026-11-23 19:00, change=move,",
        "  actor=client:ana, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD, moves=1))",
        "put Trail(id=a0, version=2, current_id=a1, moves=5)",
    ]
    assert in_full(remember_change(asked(CANCEL, appointment=appointment()), None, "n1")) == [
        "put Snapshot(id=n1, ref=client:ana, appointment_id=a1, taken_at=2026-11-23 19:00, change=cancel,",
        "  actor=client:ana, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD))",
    ]
    assert remember_change(asked(BOOK, appointment=appointment()), there, "n1") == ()
    assert remember_change(asked(MOVE), there, "n1") == ()


def test_moves_that_crossed() -> None:
    """The trail as it is now is built on, with the count that both moves need."""
    trail = Trail(id="a1", version=1, current_id="a1", moves=1)
    first = asked(MOVE, appointment=appointment(moves=1), trail=trail)
    present = evolve(trail, version=2, current_id="b2", moves=2)
    uncounted = HostAnswer(appointment=appointment(id="c3", moves=1))
    counted = HostAnswer(appointment=appointment(id="c3", moves=2))
    assert catch_up(first, present, uncounted).trail == present
    assert catch_up(first, present, counted).trail == evolve(present, moves=1)
    assert catch_up(evolve(first, trail=None), present, counted).trail == evolve(present, moves=1)


def test_moves_that_were_counted_before() -> None:
    """By the trail, where it had counted more than the host; by nobody, where there was neither."""
    trail = Trail(id="a1", version=1, current_id="a1", moves=3)
    present = evolve(trail, version=2, current_id="b2", moves=2)
    counted = HostAnswer(appointment=appointment(id="c3", moves=1))
    first = asked(MOVE, appointment=appointment(), trail=trail)
    assert catch_up(first, present, counted).trail == evolve(present, moves=3)
    fresh = evolve(present, moves=1)
    assert catch_up(evolve(first, trail=None), fresh, counted).trail == evolve(fresh, moves=0)


def test_a_client_that_staff_added_gets_its_record() -> None:
    """The row that the host made; nothing is proved by it, so nobody is logged in."""
    forecast = Added(None, 7, (RecordRef.client("ben"),))
    assert in_full(settle(asked(HostWrite.CREATE_CLIENT), HostAnswer(ref=ANA), forecast, "n1")) == [
        "yes: Added(ref=client:ana, number=7, alike=(client:ben))",
        "because settling.settle; facts: host answered done, asked because so",
    ]


def test_the_hosts_answer_is_settled() -> None:
    """What it said, and why it was asked, are in every explanation."""
    held = Assignment(id="a1", version=2, account="acc", ref="client:ana", at=NOW, actor="staff:mia")
    moved = asked(MOVE, appointment=appointment(), assignment=held)
    there = HostAnswer(AnswerKind.WAITS, appointment=appointment(id="b2"))
    assert in_full(settle(moved, there, Moved(appointment()), "n1")) == [
        "yes: Moved(appointment=Appointment(id=b2, ref=client:ana, service_id=cut, start=2026-11-25 01:00,",
        "  end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), waits=True)",
        "because settling.settle; facts: host answered waits, asked because so",
        "put Snapshot(id=n1, ref=client:ana, appointment_id=a1, taken_at=2026-11-23 19:00, change=move,",
        "  actor=client:ana, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD))",
        "put Trail(id=a1, current_id=b2, moves=1)",
        "put Trail(id=b2, current_id=b2, moves=1)",
        "remove Assignment a1 (version 2)",
        "put Assignment(id=b2, account=acc, ref=client:ana, at=2026-11-23 19:00, actor=staff:mia)",
    ]
    taken = HostAnswer(AnswerKind.TAKEN)
    assert in_full(settle(moved, taken, Moved(appointment()), "n1")) == [
        "no: slot_taken",
        "because settling.settle; facts: host answered taken, asked because so",
    ]
    declined = HostAnswer(AnswerKind.DECLINED, note="closed that day")
    assert in_full(settle(asked(BOOK, appointment=appointment()), declined, Booked(appointment()), "n1")) == [
        "no: contact_business, facts={why: closed that day}",
        "because settling.settle; facts: host answered declined, asked because so",
    ]
    assert in_full(settle(asked(CANCEL, appointment=appointment()), declined, Booked(appointment()), "n1")) == [
        "no: not_changeable, facts={why: closed that day}",
        "because settling.settle; facts: host answered declined, asked because so",
    ]
    gone = HostAnswer()
    forecast = Cancelled(appointment(), AppointmentStatus.NO_SHOW, fee=NZD10)
    assert in_full(settle(asked(CANCEL, appointment=appointment()), gone, forecast, "n1")) == [
        "yes: Cancelled(appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD), status=cancelled,",
        "  fee=10.00 NZD)",
        "because settling.settle; facts: host answered done, asked because so",
        "put Snapshot(id=n1, ref=client:ana, appointment_id=a1, taken_at=2026-11-23 19:00, change=cancel,",
        "  actor=client:ana, appointment=Appointment(id=a1, ref=client:ana, service_id=cut, start=2026-11-25",
        "  01:00, end=2026-11-25 02:00, zone=Pacific/Auckland, status=confirmed, made_at=2026-11-21 07:00,",
        "  version=7, staff_id=mia, staff_name=Mia, booked_as=Ana K, price=65.00 NZD))",
    ]
    new = asked(HostWrite.CREATE_CLIENT)
    assert in_full(settle(new, HostAnswer(), SIGNED_IN, "n1")) == [
        "no: contact_business",
        "because settling.settle; facts: host answered done, asked because so",
    ]
    assert in_full(settle(new, HostAnswer(ref=ANA), Detached("+64…", SIGNED_IN), "n1")) == [
        "yes: Detached(contact=+64…, signed_in=SignedIn(token=secret t, device=secret d, stage=done,",
        "  expires_at=2026-11-23 12:00, record=client:ana, new_record=True))",
        "because settling.settle; facts: host answered done, asked because so",
    ]
    assert in_full(settle(new, HostAnswer(ref=ANA), Detached("+64…", None), "n1")) == [
        "yes: Detached(contact=+64…, signed_in=None)",
        "because settling.settle; facts: host answered done, asked because so",
    ]
    staff = asked(HostWrite.UPDATE_CLIENT)
    assert in_full(settle(staff, HostAnswer(), "as forecast", "n1")) == [
        "yes: as forecast",
        "because settling.settle; facts: host answered done, asked because so",
    ]


def test_what_a_key_remembers() -> None:
    """The client and the appointment as the host has them, and whether it waits."""
    both = HostAnswer(AnswerKind.WAITS, ref=ANA, appointment=appointment(id="b2"))
    assert settled_result({"client": "?", "appointment": "a1"}, both) == {
        "client": "client:ana", "appointment": "b2", "waits": "1",
    }  # fmt: skip
    assert settled_result({"client": "?"}, HostAnswer()) == {"client": "?"}
    assert settled_result({"appointment": "a1"}, HostAnswer(ref=ANA)) == {"appointment": "a1", "waits": ""}
