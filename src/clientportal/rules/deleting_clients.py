"""What becomes of everything else when staff delete a client? (TT4)

The client's row goes and the appointments stay: they are the business's books. Where the policy says so (as MyTime
does) those still to come are cancelled in the same commit; the client's window and fees do not bind staff.

Nobody may go on as a client who is deleted: sessions end, contacts find nobody, links of accounts are revoked, what was
about to be sent is dropped. The journal of merges stays; so do client numbers, which lead to "deleted" for ever.

*A merged client is one client.* Deleting the record that speaks deletes every record behind it: had only its own row
gone, the others would be left in the platform's tables, seen by nobody and found by no list. A record that was absorbed
is not deleted by itself, and not taken for the whole either: whoever has an old link to it in front of them does not
mean the person who is shown today. It is refused, and the refusal names the one that speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, grant, refuse
from clientportal.outcomes.client_list import AppointmentDeleted, Deleted
from clientportal.policy import OnDelete, Policy
from clientportal.records import (
    AccountLink,
    Assignment,
    ContactEntry,
    HostWrite,
    Intent,
    MessageState,
    OutboxMessage,
    Put,
    Remove,
    Session,
    Snapshot,
    Write,
)
from clientportal.values import Appointment, ChangeKind, ContactKey, Offer, RecordRef

__all__ = ["Deleting", "DeletingAppointment", "Leftovers", "delete_appointment", "delete_client", "forget_client"]


@frozen(kw_only=True)
class Leftovers:
    """What the portal itself holds of a client, and who has it deleted."""

    sessions: tuple[Session, ...] = ()
    entries: tuple[ContactEntry, ...] = ()
    links: tuple[AccountLink, ...] = ()
    messages: tuple[OutboxMessage, ...] = ()
    actor: str

    @property
    def valid_links(self) -> tuple[AccountLink, ...]:
        """Those that were not revoked before."""
        return tuple(one for one in self.links if one.revoked_at is None)


@frozen(kw_only=True)
class Deleting(Leftovers):
    """Everything read to delete one client.

    ``root`` is the record that speaks, ``rows`` are the platform's client rows that are there. ``coming`` are the
    appointments still to come, with the platform's own word on cancelling each; read only where the policy cancels
    them. ``one_commit`` says whether the platform's writes commit with ours. ``fresh_ids`` are as many as ``coming``.
    ``contacts`` are those that the rows have: once a platform elsewhere has deleted the rows, nobody else knows them.
    """

    root: RecordRef
    rows: frozenset[RecordRef]
    coming: tuple[Appointment, ...] = ()
    offers: Mapping[str, Offer] = field(factory=dict[str, Offer])
    one_commit: bool = True
    contacts: tuple[ContactKey, ...] = ()
    intent_id: str
    fresh_ids: tuple[str, ...] = ()


def delete_client(seen: Deleting, ref: RecordRef, policy: Policy, now: datetime) -> Decision[Deleted]:
    """Delete a client, with every record that was merged into it."""
    cancelling = policy.clients.on_delete is OnDelete.KEEP_PAST_CANCEL_FUTURE
    cancels = seen.coming if cancelling else ()
    because = Because(
        "deleting_clients.delete_client",
        (("client", str(ref)), ("records", str(len(seen.rows))), ("appointments to cancel", str(len(cancels)))),
        (("clients.on_delete", policy.clients.on_delete.value),),
    )
    if seen.root != ref:
        return refuse(Reason.ALREADY_MERGED, because, record=str(ref), survivor=str(seen.root))
    if ref not in seen.rows:
        return refuse(Reason.NOT_FOUND, because)
    stuck = next((one for one in cancels if not seen.offers[one.id].allowed), None)
    if stuck is not None:
        return refuse(Reason.NOT_CHANGEABLE, because, why=f"{stuck.id}: {seen.offers[stuck.id].why_not}")
    if cancels and not seen.one_commit:
        # They were cancelled one by one just before; this one was booked since.
        return refuse(Reason.CHANGED_MEANWHILE, because)
    intent = Intent(
        id=seen.intent_id,
        write=HostWrite.DELETE_CLIENT,
        actor=seen.actor,
        asked_at=now,
        due_at=now,
        for_ref=ref,
        refs=tuple(sorted(seen.rows - {ref})),
        cancels=cancels,
        entries=seen.contacts,
        because=str(because),
    )
    outcome = Deleted(
        ref=ref,
        refs=(ref, *sorted(seen.rows - {ref})),
        cancelled=tuple(one.id for one in cancels),
        sessions=len(seen.sessions),
        links=len(seen.valid_links),
    )
    writes, events = forget_client(seen, now)
    return grant(outcome, because, (*_snapshots(cancels, seen, now), *writes), events=events, asks=intent)


def forget_client(seen: Leftovers, now: datetime) -> tuple[tuple[Write, ...], tuple[HostEvent, ...]]:
    """What is written once the platform has deleted a client: in the same commit, or in the one after its answer."""
    writes = (
        *(Remove(one) for one in seen.sessions),
        *(Remove(one) for one in seen.entries),
        *(Put(evolve(one, revoked_at=now, revoked_by=seen.actor)) for one in seen.valid_links),
        *(_dropped(one) for one in seen.messages if one.state is MessageState.QUEUED),
    )
    return writes, tuple(_unlinked(one, seen.actor) for one in seen.valid_links)


def _snapshots(cancels: tuple[Appointment, ...], seen: Deleting, now: datetime) -> tuple[Write, ...]:
    """Each appointment as it was: what is cancelled this way is remembered like any other (X1)."""
    return tuple(
        Put(
            Snapshot(
                id=id,
                ref=str(one.ref),
                appointment_id=one.id,
                taken_at=now,
                change=ChangeKind.CANCEL,
                actor=seen.actor,
                appointment=one,
            )
        )
        for id, one in zip(seen.fresh_ids, cancels, strict=False)
    )


def _dropped(message: OutboxMessage) -> Write:
    return Put(evolve(message, state=MessageState.DROPPED, note="whom it was for was deleted"))


def _unlinked(link: AccountLink, actor: str) -> HostEvent:
    facts = (("account", link.account), ("record", link.ref), ("evidence", link.evidence.value), ("actor", actor))
    return HostEvent("unlinked", facts)


# --- single appointments ---------------------------------------------------------------------------------------------


@frozen
class DeletingAppointment:
    """The appointment as it is called today, and whose account it was."""

    appointment: Appointment | None
    assigned: tuple[Assignment, ...]
    actor: str
    intent_id: str


def delete_appointment(seen: DeletingAppointment, _policy: Policy, now: datetime) -> Decision[AppointmentDeleted]:
    """Delete one appointment for good: it leaves no snapshot, and is nobody's any more."""
    appointment = seen.appointment
    because = Because(
        "deleting_clients.delete_appointment", (("appointment", "–" if appointment is None else appointment.id),)
    )
    if appointment is None:
        return refuse(Reason.NOT_FOUND, because)
    intent = Intent(
        id=seen.intent_id,
        write=HostWrite.DELETE_APPOINTMENT,
        actor=seen.actor,
        asked_at=now,
        due_at=now,
        appointment=appointment,
        because=str(because),
    )
    account = seen.assigned[-1].account if seen.assigned else None
    outcome = AppointmentDeleted(appointment.id, account)
    return grant(outcome, because, tuple(Remove(one) for one in seen.assigned), asks=intent)
