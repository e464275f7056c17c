"""Reading whose an appointment is: through every id that it has had, and everything that shares its email."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from attrs import evolve, frozen

from clientportal.operations.frame import Reading
from clientportal.operations.people import Group, group_of, groups_of, load_candidates, records_of, trail_from
from clientportal.policy import StaffBooking
from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    ContactEntry,
    ContactHistory,
    HostWrite,
    Identifier,
    Intent,
    Snapshot,
    Trail,
    Write,
)
from clientportal.rules.whose_appointment import Booking, How, Prover, Standing, assigned_at_first_proof
from clientportal.rules.whose_contact import keys_of
from clientportal.values import Appointment, ContactKey, ContactKind, HostAnswer, RecordKind, RecordRef, When

__all__ = [
    "Line",
    "as_assigned_now",
    "assign_at_first_proof",
    "line_of",
    "load_all",
    "load_booking",
    "load_lines",
    "load_staff_booking",
    "load_standings",
    "standing_of",
]

T = TypeVar("T")

_MOST_ID = 200
_PAGE = 200
_BATCH = 500
_MOST = 100_000
"""More than any client has: whose they are is decided over all of them."""


def _batches(items: Collection[T]) -> Iterator[list[T]]:
    every = list(items)
    return (every[start : start + _BATCH] for start in range(0, len(every), _BATCH))


# --- one booking, under all its ids --------------------------------------------------------------------------------


@frozen
class Line:
    """Every id that one booking has had, the first one first and the present one last, and what it is today.

    A host that makes a new appointment at every move has several for one booking (X1).
    """

    ids: tuple[str, ...]
    appointment: Appointment | None
    held: tuple[Assignment, ...] = ()


async def line_of(reading: Reading, id: str, known: Appointment | None = None) -> Line:
    """The booking that has, or had, this id. ``known`` is what the host has just said of it."""
    if len(id) > _MOST_ID or "\x00" in id:
        return Line((id,), None)
    passed, _ = await trail_from(reading, id)
    ids = (*await _before(reading, passed[0]), *passed)
    today = known if known is not None and known.id == ids[-1] else await reading.host.appointment(ids[-1])
    held = await reading.state.get_many(Assignment, ids, lock=True)
    return Line(ids, today, tuple(held[one] for one in ids if one in held))


async def _before(reading: Reading, id: str) -> tuple[str, ...]:
    found: list[str] = []
    while True:
        first = found[0] if found else id
        trails = await reading.state.find(Trail, "current", [first])
        earlier = sorted(trail.id for trail in trails if trail.id != id and trail.id not in found)
        if not earlier:
            return tuple(found)
        found = [*earlier, *found]


async def standing_of(reading: Reading, id: str) -> Standing | None:
    """One booking as staff find it; ``None`` where the host has no such appointment (any more)."""
    line = await line_of(reading, id)
    return None if line.appointment is None else Standing(line.appointment, line.held)


async def _first_made(reading: Reading, line: Line) -> datetime | None:
    """When the booking was made, before anybody moved it: what was there then is in the first id's snapshot."""
    if line.appointment is None:
        return None
    if len(line.ids) == 1:
        return line.appointment.made_at
    page = await reading.state.page(Snapshot, "appointment", [line.ids[0]], limit=1)
    before = page.items[0].appointment if page.items else await reading.host.appointment(line.ids[0])
    made_at = line.appointment.made_at
    return made_at if before is None else min(made_at, before.made_at)


async def load_booking(reading: Reading, id: str, how: How, *, logged_in: str | None = None) -> Booking | None:
    """What the rule needs of a booking that the platform tells of; ``None`` where there is none."""
    line = await line_of(reading, id)
    made_at = await _first_made(reading, line)
    if line.appointment is None or made_at is None:
        return None
    return Booking(
        appointment=line.appointment.id,
        ref=line.appointment.ref,
        how=how,
        made_at=made_at,
        held_by=line.held[-1].account if line.held else None,
        logged_in=logged_in,
    )


async def as_assigned_now(reading: Reading, intent: Intent, answer: HostAnswer) -> Intent:
    """The intent of a change, with whose the appointment is at the moment when the host's answer is recorded.

    A host elsewhere may be slow: meanwhile staff may have assigned or cleared the appointment, the platform may have
    told of the new one itself, the account may be gone. What stands by then counts, so nothing is read before; where
    the appointment keeps its id, nothing is read at all.
    """
    before, after = intent.appointment, answer.appointment
    if after is None:
        return intent
    if intent.write is HostWrite.BOOK and intent.account is not None:
        gone = await reading.state.get(Account, intent.account) is None
        held = await reading.state.get(Assignment, after.id, lock=True)
        return evolve(intent, account=None) if gone or held is not None else intent
    if intent.write is HostWrite.MOVE and before is not None and before.id != after.id:
        held = await reading.state.get(Assignment, before.id, lock=True)
        there = await reading.state.get(Assignment, after.id, lock=True)
        return evolve(intent, assignment=held, account=None if there is None else there.account)
    return intent


# --- everything of a client ----------------------------------------------------------------------------------------


async def load_all(reading: Reading, refs: Sequence[RecordRef]) -> tuple[Appointment, ...]:
    """All appointments of those records, past and upcoming, to the last page."""
    found: dict[str, Appointment] = {}
    for some in _batches(refs):
        for when in When:
            after: str | None = None
            while True:
                page = await reading.host.appointments(some, when, reading.now, after, _PAGE)
                found.update((one.id, one) for one in page.items)
                if page.next is None or page.next == after:
                    break
                after = page.next
    return tuple(found.values())


async def load_lines(reading: Reading, appointments: Sequence[Appointment]) -> tuple[Line, ...]:
    """The bookings that these are, each once. Most were never moved to another id: they take three reads together."""
    lines: dict[str, Line] = {}
    for some in _batches(appointments):
        ids = [one.id for one in some]
        onward = await reading.state.get_many(Trail, ids)
        back = await reading.state.find_any(Trail, "current", ids, limit=_MOST)
        moved = {trail.id for trail in onward.values() if trail.current_id != trail.id}
        moved |= {trail.current_id for trail in back if trail.current_id != trail.id}
        held = await reading.state.get_many(Assignment, ids, lock=True)
        for one in some:
            if one.id in moved:
                line = await line_of(reading, one.id, known=one)
            else:
                line = Line((one.id,), one, (held[one.id],) if one.id in held else ())
            lines.setdefault(line.ids[-1], line)
    return tuple(lines.values())


async def load_standings(reading: Reading, refs: Sequence[RecordRef]) -> tuple[Standing, ...]:
    """Every booking of those records, as staff find it; what the host has no more is left out."""
    lines = await load_lines(reading, await load_all(reading, refs))
    return tuple(Standing(line.appointment, line.held) for line in lines if line.appointment is not None)


# --- what shares an email ------------------------------------------------------------------------------------------


async def _emails_of(reading: Reading, group: Group) -> tuple[ContactKey, ...]:
    """The emails of a client that mean somebody: not a placeholder (X4), not taken off by "this is not me" (X6)."""
    region = reading.policy.contacts.region
    rows = await records_of(reading, group.refs)
    keys = sorted({key for row in rows.values() for key in keys_of(row, region) if key.kind is ContactKind.EMAIL})
    histories = await reading.state.get_many(ContactHistory, [str(key) for key in keys])
    return tuple(key for key in keys if not _means_nobody(histories.get(str(key)), group.refs))


def _means_nobody(history: ContactHistory | None, refs: Sequence[RecordRef]) -> bool:
    return history is not None and (history.placeholder or bool(set(refs) & set(history.detached)))


async def _refs_with(reading: Reading, key: ContactKey) -> tuple[RecordRef, ...]:
    """Every record of everybody who has this email, what was merged into them included, and what is gone by now.

    None where the email means nobody: a placeholder (X4), or on more people than any household has.
    """
    history = await reading.state.get(ContactHistory, str(key))
    if history is not None and history.placeholder:
        return ()
    candidates, _ = await load_candidates(reading, key, history)
    members = [member.ref for candidate in candidates for member in candidate.members]
    found: dict[RecordRef, None] = {}
    for some in _batches(members):
        for group in (await groups_of(reading, some)).values():
            found.update(dict.fromkeys(group.refs))
    return tuple(found)


async def _refs_proved(reading: Reading, key: ContactKey) -> tuple[RecordRef, ...]:
    """Every record of everybody who has the email that is being proved right now.

    Beyond the limit, guests' bookings count by themselves: each was made with this very email, and its mailbox has
    answered. Of client rows beyond it (a front desk's address on all walk-ins) it says nothing, nor of what was merged.
    """
    refs = await _refs_with(reading, key)
    if refs:
        return refs
    history = await reading.state.get(ContactHistory, str(key))
    if history is not None and history.placeholder:
        return ()
    detached = frozenset(history.detached if history is not None else ())
    hits = [ref for ref in await _hits(reading, key) if ref.kind is RecordKind.BOOKING and ref not in detached]
    rows = await records_of(reading, hits)
    found = dict.fromkeys(
        ref for ref in hits if ref in rows and key in keys_of(rows[ref], reading.policy.contacts.region)
    )
    for some in _batches([ref.id for ref in found]):
        later = some
        while later:
            trails = await reading.state.get_many(Trail, later)
            moved = {RecordRef.booking(trail.current_id) for trail in trails.values()} - found.keys()
            found.update(dict.fromkeys(sorted(moved)))
            later = [ref.id for ref in sorted(moved)]
    return tuple(found)


async def _hits(reading: Reading, key: ContactKey) -> tuple[RecordRef, ...]:
    """Every record that the contact index names, to its last page; where it names none, those that the host knows."""
    found: list[RecordRef] = []
    after: str | None = None
    while True:
        page = await reading.state.page(ContactEntry, "key", [str(key)], after=after, limit=_BATCH)
        found.extend(RecordRef.parse(entry.ref) for entry in page.items)
        after = page.next
        if after is None:
            break
    if not found and reading.setup.host.capabilities.by_contact:
        found.extend(await reading.host.by_contact(key))
    return tuple(found)


async def load_staff_booking(reading: Reading, id: str) -> Booking | None:
    """What the clauses on bookings by staff need (A8c, A10): the record's accounts, or those of its email."""
    booking = await load_booking(reading, id, How.BY_STAFF)
    if booking is None or booking.held_by is not None:
        return booking
    group = await group_of(reading, booking.ref)
    if reading.policy.bookings.by_staff is StaffBooking.CHOSEN_CLIENT:
        links = await reading.state.find_any(AccountLink, "ref", [str(ref) for ref in group.refs], limit=_MOST)
        return evolve(booking, linked=tuple(link.account for link in links if link.revoked_at is None))
    refs: dict[RecordRef, None] = dict.fromkeys(group.refs)
    provers: list[Prover] = []
    for key in await _emails_of(reading, group):
        refs.update(dict.fromkeys(await _refs_with(reading, key)))
        identifier = await reading.state.get(Identifier, str(key))
        account = None if identifier is None else await reading.state.get(Account, identifier.account)
        if identifier is not None and account is not None:
            provers.append(Prover(account.id, account.created_at, identifier.proved_at))
    accounts: list[str] = []
    for some in _batches(refs):
        found = await reading.state.find_any(Assignment, "ref", [str(ref) for ref in some], limit=_MOST)
        accounts.extend(one.account for one in found)
    return evolve(booking, provers=tuple(provers), of_email=tuple(accounts))


# --- at the first proof --------------------------------------------------------------------------------------------


async def assign_at_first_proof(reading: Reading, account: Account, identity: ContactKey) -> tuple[Write, ...]:
    """The assignments that follow when ``account`` proves the email ``identity`` for the first time (A8b).

    Every appointment, past or upcoming and of any status, of every record that has the email, that was first made
    before ``account.created_at`` and is nobody's yet. What another account holds stays there, also where that account
    is forgotten in the same commit (``first_proof``): then it is nobody's, and staff decide.

    How to use it: call it in the *loader* of the operation that records the proof, after ``load_unproved`` (which holds
    the email's name, so that two first proofs stand one after the other), keep the writes in the view, and let the
    decision add them: ``grant(outcome, because, (*first_proof(...), *seen.assignments))``. ``account`` is the prover
    as it will be, ``created_at`` being when it was registered; an account that is made by the proof itself (a reset,
    an invitation) passes its new ``Account`` with ``created_at = reading.now``. Without a right proof, do not call it:
    it reads what only the owner of the mailbox may cause to be read.
    """
    refs = await _refs_proved(reading, identity)
    lines = await load_lines(reading, await load_all(reading, refs))
    prover = Prover(account.id, account.created_at, reading.now)
    bookings: list[Booking] = []
    for line in lines:
        made_at = await _first_made(reading, line)
        if line.appointment is not None and made_at is not None:
            bookings.append(
                Booking(
                    appointment=line.appointment.id,
                    ref=line.appointment.ref,
                    how=How.BEFORE_PROOF,
                    made_at=made_at,
                    held_by=line.held[-1].account if line.held else None,
                    provers=(prover,),
                )
            )
    return assigned_at_first_proof(bookings, reading.policy, f"account:{account.id}", reading.now)
