"""Deleting clients and appointments, and what staff do with several clients at once (TT4).

Rules: ``rules/deleting_clients.py``. Of several each is an operation of its own, with its own commit and its own line
in the audit: what is refused for one holds up no other, and a crash leaves each whole or untouched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import InvalidInput, PolicyError, Refused
from clientportal.operations.assignments import line_of
from clientportal.operations.changing import load_changing
from clientportal.operations.client_list import need
from clientportal.operations.ending_sessions import END_SESSIONS_OF, SessionsOf
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.leaving import held_group, load_leftovers
from clientportal.operations.people import group_of, records_of
from clientportal.operations.performing import perform
from clientportal.operations.setting import Caller, Setup
from clientportal.outcomes import Cancelled
from clientportal.outcomes.client_list import AppointmentDeleted, Deleted, DeletedRow, EndedRow
from clientportal.policy import OnDelete, Policy
from clientportal.records import Receipt
from clientportal.rules import who_may_change
from clientportal.rules.deleting_clients import (
    Deleting,
    DeletingAppointment,
    delete_appointment,
    delete_client,
)
from clientportal.rules.who_may_change import Change, Changing
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import keys_of
from clientportal.values import Appointment, ChangeKind, Offer, RecordKind, RecordRef, When

__all__ = [
    "CANCEL_FOR_DELETION",
    "COMING",
    "DELETE_APPOINTMENT",
    "DELETE_CLIENT",
    "MOST_AT_ONCE",
    "AppointmentToDelete",
    "ClientToDelete",
    "delete_clients",
    "delete_one",
    "end_sessions_of",
    "several",
]

MOST_AT_ONCE = 200
_PAGE = 200
_REPLAYED = Because("performing.perform", (("receipt", "found"),))


@frozen
class ClientToDelete:
    """Which client, by the record that speaks.

    ``cancelled`` are the appointments that were cancelled just before, for a platform elsewhere. They are remembered
    with the answer and are no part of the question: whoever asks again under the same key finds none left to cancel.
    """

    ref: RecordRef
    cancelled: tuple[str, ...] = field(default=(), eq=False)


# --- one client ------------------------------------------------------------------------------------------------------


async def _coming(reading: Reading, refs: Sequence[RecordRef]) -> tuple[Appointment, ...]:
    """Every appointment of the client that is still to begin and not cancelled already."""
    found: list[Appointment] = []
    after: str | None = None
    while True:
        page = await reading.host.appointments(list(refs), When.UPCOMING, reading.now, after, _PAGE)
        found += [one for one in page.items if one.status.open and one.start > reading.now]
        after = page.next
        if after is None:
            return tuple(found)


async def _offers(reading: Reading, appointments: Sequence[Appointment]) -> dict[str, Offer]:
    if not reading.setup.host.capabilities.cancel:
        return {one.id: Offer(allowed=False, why_not="the platform does not offer to cancel") for one in appointments}
    return {one.id: await reading.host.offer(one, ChangeKind.CANCEL) for one in appointments}


async def _load_deleting(reading: Reading, asked: ClientToDelete) -> Deleting:
    need(reading, "delete_client", "deleting a client")
    group = await held_group(reading, asked.ref)
    rows = await records_of(reading, group.refs)
    region = reading.policy.contacts.region
    keys = sorted({key for row in rows.values() for key in keys_of(row, region)})
    left = await load_leftovers(reading, frozenset(group.refs), keys, reading.actor)
    cancelling = reading.policy.clients.on_delete is OnDelete.KEEP_PAST_CANCEL_FUTURE
    coming = await _coming(reading, group.refs) if cancelling and asked.ref in rows else ()
    return Deleting(
        root=group.root,
        rows=frozenset(ref for ref in rows if ref.kind is RecordKind.CLIENT),
        coming=coming,
        offers=await _offers(reading, coming),
        one_commit=reading.setup.host.shares_transaction,
        contacts=tuple(keys),
        sessions=left.sessions,
        entries=left.entries,
        links=left.links,
        messages=left.messages,
        actor=left.actor,
        intent_id=reading.fresh_id(),
        fresh_ids=tuple(reading.fresh_id() for _ in coming),
    )


def _decide_deleting(seen: Deleting, asked: ClientToDelete, policy: Policy, now: datetime) -> Decision[Deleted]:
    decision = delete_client(seen, asked.ref, policy, now)
    if isinstance(decision.outcome, Refusal):
        return decision
    cancelled = (*asked.cancelled, *decision.outcome.cancelled)
    return evolve(decision, outcome=evolve(decision.outcome, cancelled=cancelled))


def _remember(outcome: Deleted) -> Mapping[str, str]:
    return {
        "refs": "\n".join(map(str, outcome.refs)),
        "cancelled": "\n".join(outcome.cancelled),
        "sessions": str(outcome.sessions),
        "links": str(outcome.links),
    }


async def _replay_deleting(_reading: Reading, asked: ClientToDelete, receipt: Receipt) -> Decision[Deleted]:
    result = receipt.result
    outcome = Deleted(
        ref=asked.ref,
        refs=tuple(RecordRef.parse(text) for text in result["refs"].split("\n")),
        cancelled=tuple(id for id in result["cancelled"].split("\n") if id),
        sessions=int(result["sessions"]),
        links=int(result["links"]),
    )
    return grant(outcome, _REPLAYED)


DELETE_CLIENT = Operation[ClientToDelete, Deleting, Deleted](
    name="delete_client",
    load=_load_deleting,
    decide=_decide_deleting,
    subject=lambda asked: str(asked.ref),
    permission=Permission.DELETE_CLIENTS,
    keyed=Keyed(_remember, _replay_deleting),
)


# --- a platform elsewhere: its appointments are cancelled before, each by itself -----------------------------------


async def _load_coming(reading: Reading, asked: ClientToDelete) -> tuple[Appointment, ...]:
    need(reading, "delete_client", "deleting a client")
    group = await group_of(reading, asked.ref)
    rows = await records_of(reading, [asked.ref])
    return await _coming(reading, group.refs) if group.root == asked.ref and rows else ()


COMING = Operation[ClientToDelete, tuple[Appointment, ...], tuple[Appointment, ...]](
    name="coming_appointments",
    load=_load_coming,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("deleting_clients.coming")),
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.DELETE_CLIENTS,
)


async def _load_cancelling(reading: Reading, asked: Change) -> Changing:
    return await load_changing(reading, asked.appointment_id, ChangeKind.CANCEL, mine=None)


CANCEL_FOR_DELETION = Operation[Change, Changing, Cancelled](
    name="cancel_for_deletion",
    load=_load_cancelling,
    decide=who_may_change.cancel,
    subject=lambda asked: asked.appointment_id[:200],
    permission=Permission.DELETE_CLIENTS,
)


async def delete_one(
    setup: Setup, caller: Caller, ref: RecordRef, *, key: str | None = None, preview: bool = False
) -> Deleted:
    """Delete one client. A platform that keeps its tables elsewhere cannot commit with us: what is to be cancelled is
    cancelled first, one by one, so that a crash leaves a client with fewer appointments, never appointments whose
    cancelling nobody remembers. Whoever asks again after such a crash is told of those that were left to cancel.
    """
    cancelled: list[str] = []
    cancelling = setup.policy_of(caller.tenant).clients.on_delete is OnDelete.KEEP_PAST_CANCEL_FUTURE
    if cancelling and not setup.host.shares_transaction and not preview:
        for one in await perform(setup, caller, COMING, ClientToDelete(ref)):
            await perform(setup, caller, CANCEL_FOR_DELETION, Change(one.id))
            cancelled.append(one.id)
    asked = ClientToDelete(ref, tuple(cancelled))
    return await perform(setup, caller, DELETE_CLIENT, asked, key=key, preview=preview)


# --- several clients -------------------------------------------------------------------------------------------------


def several(refs: Iterable[RecordRef]) -> tuple[RecordRef, ...]:
    """The records that were picked, each once, in their order."""
    found: tuple[RecordRef, ...] = ()
    if isinstance(cast("object", refs), Iterable):
        found = tuple(dict.fromkeys(refs))
    if not 1 <= len(found) <= MOST_AT_ONCE or not all(isinstance(cast("object", one), RecordRef) for one in found):
        raise InvalidInput(f"refs are 1 to {MOST_AT_ONCE} records, such as [RecordRef.client('42')]")
    return found


def _not_for_all(refused: Refused) -> None:
    """What is refused to this member of staff is refused for all of them, and said once."""
    if refused.reason is Reason.PERMISSION:
        raise refused


async def delete_clients(
    setup: Setup, caller: Caller, refs: Iterable[RecordRef], *, key: str | None = None, preview: bool = False
) -> tuple[DeletedRow, ...]:
    """Delete several clients, each by itself, and say of each what became of it."""
    rows: list[DeletedRow] = []
    for ref in several(refs):
        own_key = None if key is None else f"{key}|{ref}"
        try:
            rows.append(DeletedRow(ref, await delete_one(setup, caller, ref, key=own_key, preview=preview)))
        except Refused as refused:
            _not_for_all(refused)
            rows.append(DeletedRow(ref, None, refused.reason, refused.staff_text))
    return tuple(rows)


async def end_sessions_of(
    setup: Setup, caller: Caller, refs: Iterable[RecordRef], *, preview: bool = False
) -> tuple[EndedRow, ...]:
    """End every session of several clients, each by itself."""
    if preview:
        raise PolicyError("end_sessions_of cannot be previewed: it ends something")
    rows: list[EndedRow] = []
    for ref in several(refs):
        try:
            ended = await perform(setup, caller, END_SESSIONS_OF, SessionsOf(ref))
            rows.append(EndedRow(ref, ended.sessions))
        except Refused as refused:
            _not_for_all(refused)
            rows.append(EndedRow(ref, 0, refused.reason, refused.staff_text))
    return tuple(rows)


# --- single appointments ---------------------------------------------------------------------------------------------


@frozen
class AppointmentToDelete:
    """Which appointment, by any id that it has had."""

    id: str


async def _load_appointment(reading: Reading, asked: AppointmentToDelete) -> DeletingAppointment:
    need(reading, "delete_appointment", "deleting an appointment")
    line = await line_of(reading, asked.id)
    return DeletingAppointment(line.appointment, line.held, reading.actor, reading.fresh_id())


def _decide_appointment(
    seen: DeletingAppointment, _asked: AppointmentToDelete, policy: Policy, now: datetime
) -> Decision[AppointmentDeleted]:
    return delete_appointment(seen, policy, now)


async def _replay_appointment(
    _reading: Reading, _asked: AppointmentToDelete, receipt: Receipt
) -> Decision[AppointmentDeleted]:
    return grant(AppointmentDeleted(receipt.result["id"], receipt.result["account"] or None), _REPLAYED)


DELETE_APPOINTMENT = Operation[AppointmentToDelete, DeletingAppointment, AppointmentDeleted](
    name="delete_appointment",
    load=_load_appointment,
    decide=_decide_appointment,
    subject=lambda asked: asked.id[:200],
    permission=Permission.DELETE_CLIENTS,
    keyed=Keyed(lambda outcome: {"id": outcome.appointment_id, "account": outcome.account or ""}, _replay_appointment),
)
