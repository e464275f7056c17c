"""Telling the portal of a booking, and what staff do with assignments (A7–A13).

Rules: ``rules/whose_appointment.py``; what they need is read by ``assignments.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.operations.appointments import ListAppointments
from clientportal.operations.assignments import (
    Line,
    line_of,
    load_booking,
    load_lines,
    load_staff_booking,
    load_standings,
    standing_of,
)
from clientportal.operations.frame import Denied, Operation, Reading, audit_entry
from clientportal.operations.people import group_of, roots_of, session_of
from clientportal.operations.setting import Staff
from clientportal.outcomes import (
    AllAssigned,
    AppointmentAssignment,
    AssignedRow,
    AssignedTo,
    Assignments,
    BookedFor,
    MayAssignAll,
)
from clientportal.policy import Policy
from clientportal.records import Account, Assignment, AuditEntry, Put, Write
from clientportal.rules import whose_appointment
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_appointment import AllOfClient, Booking, ByStaff, How, Standing
from clientportal.values import Appointment, RecordRef, mask

__all__ = [
    "ASSIGN",
    "ASSIGNMENT",
    "ASSIGNMENTS",
    "ASSIGN_ALL",
    "ASSIGN_MANY",
    "CLEAR_ASSIGNMENT",
    "CLIENT_BOOKED",
    "MAY_ASSIGN_ALL",
    "STAFF_BOOKED",
    "VISITOR_BOOKED",
    "AppointmentOf",
    "AssignMany",
    "AssignOne",
    "AssignmentsOf",
    "ClientOf",
]

MOST_AT_ONCE = 200


@frozen
class AppointmentOf:
    """Which appointment."""

    id: str


def _subject(asked: AppointmentOf) -> str:
    return asked.id[:200]


# --- the platform tells of a booking -------------------------------------------------------------------------------


@frozen
class _Told:
    booking: Booking | None
    actor: str
    session_opened: datetime | None = None


async def _load_client_booked(reading: Reading, asked: AppointmentOf) -> _Told:
    session = await session_of(reading, needs_record=True)
    if session.account is not None:
        if await reading.state.get(Account, session.account, lock=True) is None:
            raise Denied(Refusal(Reason.SESSION_ENDED, Because("sessions.judge_session", (("account", "gone"),))))
        reading.actor = f"account:{session.account}"
    elif (entry := session.entry_ref) is not None:
        reading.actor = str((await roots_of(reading, [entry]))[entry])
    booking = await load_booking(reading, asked.id, How.LOGGED_IN, logged_in=session.account)
    return _Told(booking, reading.actor, session.opened_at)


async def _load_visitor_booked(reading: Reading, asked: AppointmentOf) -> _Told:
    return _Told(await load_booking(reading, asked.id, How.LOGGED_OUT), reading.actor)


async def _load_staff_booked(reading: Reading, asked: AppointmentOf) -> _Told:
    return _Told(await load_staff_booking(reading, asked.id), reading.actor)


def _decide_booked(seen: _Told, _asked: AppointmentOf, policy: Policy, now: datetime) -> Decision[BookedFor]:
    return whose_appointment.booked(seen.booking, policy, now, actor=seen.actor, session_opened=seen.session_opened)


CLIENT_BOOKED = Operation[AppointmentOf, _Told, BookedFor](
    name="client_booked", load=_load_client_booked, decide=_decide_booked, subject=_subject
)
VISITOR_BOOKED = Operation[AppointmentOf, _Told, BookedFor](
    name="visitor_booked", load=_load_visitor_booked, decide=_decide_booked, subject=_subject
)
STAFF_BOOKED = Operation[AppointmentOf, _Told, BookedFor](
    name="staff_booked",
    load=_load_staff_booked,
    decide=_decide_booked,
    subject=_subject,
    permission=Permission.CHANGE_APPOINTMENTS,
)


# --- one appointment -----------------------------------------------------------------------------------------------


@frozen
class AssignOne:
    """This appointment to that account."""

    id: str
    account_id: str


@frozen
class _Assigning:
    standing: Standing | None
    account: Account | None
    by: ByStaff


def _by(reading: Reading) -> ByStaff:
    caller = reading.caller
    return ByStaff(reading.actor, caller.reason if isinstance(caller, Staff) else "")


async def _load_assign(reading: Reading, asked: AssignOne) -> _Assigning:
    account = await _receiver(reading, asked.account_id)
    return _Assigning(await standing_of(reading, asked.id), account, _by(reading))


async def _receiver(reading: Reading, account_id: str) -> Account | None:
    """The account that is to get appointments, locked.

    A first proof that is under way may forget it, and takes away what it finds assigned to it. An assignment that
    came after would stay with an account that is no more, and keep the appointment from its owner (A8b).
    """
    return await reading.state.get(Account, account_id, lock=True)


def _shown(held: Assignment, account: Account | None) -> AssignedTo:
    # An account that was forgotten is named all the same: there would be no other way to see what is to be cleared.
    email = "" if account is None else mask(account.identity.value)
    return AssignedTo(held.account, email, held.actor, held.at, held.because)


def _decide_assign(
    seen: _Assigning, _asked: AssignOne, _policy: Policy, now: datetime
) -> Decision[AppointmentAssignment]:
    """An appointment or account of another business is absent, like one that never was."""
    if seen.standing is None or seen.account is None:
        return refuse(Reason.NOT_FOUND, Because("whose_appointment.assign"))
    held, because, changes = whose_appointment.assign(seen.standing, seen.account, seen.by, now)
    return grant(AppointmentAssignment(seen.standing.appointment, _shown(held, seen.account)), because, changes)


ASSIGN = Operation[AssignOne, _Assigning, AppointmentAssignment](
    name="assign",
    load=_load_assign,
    decide=_decide_assign,
    subject=lambda asked: asked.id[:200],
    permission=Permission.ASSIGN,
)


@frozen
class _Clearing:
    line: Line
    by: ByStaff


async def _load_clear(reading: Reading, asked: AppointmentOf) -> _Clearing:
    return _Clearing(await line_of(reading, asked.id), _by(reading))


def _decide_clear(seen: _Clearing, _asked: AppointmentOf, _policy: Policy, _now: datetime) -> Decision[bool]:
    """What the host has deleted can be cleared still; what there never was is not found."""
    if seen.line.appointment is None and not seen.line.held:
        return refuse(Reason.NOT_FOUND, Because("whose_appointment.clear"))
    return whose_appointment.clear(seen.line.held, seen.by)


CLEAR_ASSIGNMENT = Operation[AppointmentOf, _Clearing, bool](
    name="clear_assignment",
    load=_load_clear,
    decide=_decide_clear,
    subject=_subject,
    permission=Permission.ASSIGN,
)


# --- several appointments ------------------------------------------------------------------------------------------


def _ids(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(cast("object", value), str):
        raise InvalidInput("appointment_ids is a sequence of ids; this is one text: use assign for one appointment")
    found = tuple(value) if isinstance(cast("object", value), Iterable) else ()
    if not 1 <= len(found) <= MOST_AT_ONCE or not all(isinstance(cast("object", one), str) for one in found):
        raise InvalidInput(f"appointment_ids are 1 to {MOST_AT_ONCE} ids, each of them text")
    return tuple(dict.fromkeys(found))


@frozen
class AssignMany:
    """These appointments to that account; an id that is named twice is one row."""

    ids: tuple[str, ...] = field(converter=_ids)
    account_id: str


@frozen
class _Many:
    rows: Mapping[str, Standing | None]
    account: Account | None
    by: ByStaff
    entries: Mapping[str, AuditEntry]


async def _load_many(reading: Reading, asked: AssignMany) -> _Many:
    account = await _receiver(reading, asked.account_id)
    rows = {id: await standing_of(reading, id) for id in asked.ids}
    # Each is written down by itself: the audit of an appointment must not depend on how many were picked with it.
    entries = {id: audit_entry(reading, ASSIGN.name, id[:200], "done", "") for id in asked.ids}
    return _Many(rows, account, _by(reading), entries)


def _decide_many(seen: _Many, _asked: AssignMany, _policy: Policy, now: datetime) -> Decision[tuple[AssignedRow, ...]]:
    """Row by row: what is not found is said so and holds up nothing else. All in one commit."""
    because = Because("whose_appointment.assign", (("appointments", str(len(seen.rows))),))
    if seen.account is None:
        return refuse(Reason.NOT_FOUND, because)
    rows: list[AssignedRow] = []
    writes: list[Write] = []
    done: set[str] = set()
    for id, standing in seen.rows.items():
        entry = seen.entries[id]
        if standing is None:
            rows.append(AssignedRow(id, assigned=False, reason=Reason.NOT_FOUND))
            writes.append(Put(evolve(entry, outcome=Reason.NOT_FOUND.value, because=str(because))))
            continue
        rows.append(AssignedRow(id, assigned=True, before=standing.account))
        _, why, changes = whose_appointment.assign(standing, seen.account, seen.by, now)
        writes.append(Put(evolve(entry, because=str(why))))
        # Two ids of one booking, from before and after a move, are written once.
        if standing.appointment.id not in done:
            writes.extend(changes)
        done.add(standing.appointment.id)
    return grant(tuple(rows), because, tuple(writes))


ASSIGN_MANY = Operation[AssignMany, _Many, tuple[AssignedRow, ...]](
    name="assign_many",
    load=_load_many,
    decide=_decide_many,
    subject=lambda asked: f"account:{asked.account_id[:200]}",
    permission=Permission.ASSIGN,
)


@frozen
class ClientOf:
    """Which client, by any of their records."""

    ref: RecordRef


@frozen
class _All:
    seen: AllOfClient
    by: ByStaff


async def _load_all_of(reading: Reading, asked: ClientOf) -> _All:
    group = await group_of(reading, asked.ref)
    standings = await load_standings(reading, group.refs)
    ids = sorted({one.account for one in standings if one.account is not None})
    return _All(AllOfClient(standings, await reading.state.get_many(Account, ids)), _by(reading))


def _decide_may_all(seen: _All, _asked: ClientOf, _policy: Policy, _now: datetime) -> Decision[MayAssignAll]:
    return grant(*whose_appointment.may_assign_all(seen.seen))


def _decide_all(seen: _All, _asked: ClientOf, _policy: Policy, now: datetime) -> Decision[AllAssigned]:
    return whose_appointment.assign_all(seen.seen, seen.by, now)


MAY_ASSIGN_ALL = Operation[ClientOf, _All, MayAssignAll](
    name="may_assign_all",
    load=_load_all_of,
    decide=_decide_may_all,
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.ASSIGN,
)
ASSIGN_ALL = Operation[ClientOf, _All, AllAssigned](
    name="assign_all",
    load=_load_all_of,
    decide=_decide_all,
    subject=lambda asked: str(asked.ref),
    permission=Permission.ASSIGN,
)


# --- seeing --------------------------------------------------------------------------------------------------------


async def _with_accounts(
    reading: Reading, shown: Sequence[tuple[Appointment, Line]]
) -> tuple[AppointmentAssignment, ...]:
    ids = sorted({line.held[-1].account for _, line in shown if line.held})
    accounts = await reading.state.get_many(Account, ids)
    return tuple(
        AppointmentAssignment(
            appointment, _shown(line.held[-1], accounts.get(line.held[-1].account)) if line.held else None
        )
        for appointment, line in shown
    )


async def _load_one(reading: Reading, asked: AppointmentOf) -> AppointmentAssignment | None:
    line = await line_of(reading, asked.id)
    if line.appointment is None:
        return None
    return (await _with_accounts(reading, [(line.appointment, line)]))[0]


def _decide_one(
    seen: AppointmentAssignment | None, _asked: AppointmentOf, _policy: Policy, _now: datetime
) -> Decision[AppointmentAssignment]:
    because = Because("who_may_manage.assignment")
    return refuse(Reason.NOT_FOUND, because) if seen is None else grant(seen, because)


ASSIGNMENT = Operation[AppointmentOf, AppointmentAssignment | None, AppointmentAssignment](
    name="assignment",
    load=_load_one,
    decide=_decide_one,
    subject=_subject,
    writes=False,
    permission=Permission.SEE_CLIENTS,
)


@frozen
class AssignmentsOf:
    """Whose, and which page."""

    ref: RecordRef
    page: ListAppointments


async def _load_page(reading: Reading, asked: AssignmentsOf) -> Assignments:
    group = await group_of(reading, asked.ref)
    which = asked.page
    page = await reading.host.appointments(list(group.refs), which.when, reading.now, which.after, which.limit)
    lines = {id: line for line in await load_lines(reading, page.items) for id in line.ids}
    return Assignments(await _with_accounts(reading, [(one, lines[one.id]) for one in page.items]), page.next)


def _decide_page(seen: Assignments, _asked: AssignmentsOf, _policy: Policy, _now: datetime) -> Decision[Assignments]:
    return grant(seen, Because("who_may_manage.assignment"))


ASSIGNMENTS = Operation[AssignmentsOf, Assignments, Assignments](
    name="assignments",
    load=_load_page,
    decide=_decide_page,
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.SEE_CLIENTS,
)
