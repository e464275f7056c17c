"""What becomes of everything else when staff delete a client (TT4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import presets
from clientportal.decisions import Because, HostEvent, Reason, Refusal
from clientportal.outcomes import AppointmentDeleted, Deleted
from clientportal.policy import Policy
from clientportal.records import (
    AccountLink,
    Assignment,
    ContactEntry,
    HostWrite,
    Intent,
    LinkEvidence,
    Merge,
    MessageKind,
    MessageState,
    OutboxMessage,
    Put,
    Remove,
    Session,
    Snapshot,
)
from clientportal.rules.deleting_clients import Deleting, DeletingAppointment, delete_appointment, delete_client
from clientportal.rules.undoing import Undoing, undo
from clientportal.values import Appointment, AppointmentStatus, ChangeKind, ContactKey, Offer, RecordRef
from world import AUCKLAND, at

pytestmark = pytest.mark.requirement("TT4")

NOW = at("2026-11-21 10:00")
ANA, ANNA = RecordRef.client("ana"), RecordRef.client("anna")
KEEP, CANCEL = presets.timetap(region="NZ"), presets.mytime(region="NZ")
MOBILE = ContactKey.parse("mobile:+64211234567")
TOMORROW = Appointment(
    id="a1",
    ref=ANA,
    service_id="cut",
    start=at("2026-11-22 09:00"),
    end=at("2026-11-22 09:45"),
    zone=AUCKLAND,
    status=AppointmentStatus.CONFIRMED,
    made_at=at("2026-11-01 09:00"),
)
SESSION = Session(
    id="s",
    entry="client:ana",
    own=(ANA,),
    identity=str(MOBILE),
    opened_at=NOW,
    used_at=NOW,
    idle_until=NOW + timedelta(days=1),
    ends_at=NOW + timedelta(days=30),
)
LINK = AccountLink(
    id="acc|client:ana",
    account="acc",
    ref="client:ana",
    evidence=LinkEvidence.STAFF,
    made_at=NOW,
    actor="staff:mia",
)
MESSAGE = OutboxMessage(
    id="m",
    kind=MessageKind.APPOINTMENT_LINK,
    ref="client:ana",
    created_at=NOW,
    due_at=NOW,
    expires_at=NOW + timedelta(days=2),
)


def seen(**more: Any) -> Deleting:
    """Ana, with Anna merged into her, tomorrow's appointment, and one of everything."""
    given: dict[str, Any] = {
        "root": ANA,
        "rows": frozenset({ANA, ANNA}),
        "coming": (TOMORROW,),
        "offers": {"a1": Offer()},
        "sessions": (SESSION,),
        "entries": (ContactEntry.of(ANA, MOBILE),),
        "links": (LINK, evolve(LINK, id="old|client:ana", revoked_at=NOW)),
        "messages": (MESSAGE, evolve(MESSAGE, id="sent", state=MessageState.SENT)),
        "actor": "staff:mia",
        "intent_id": "i",
        "fresh_ids": ("snapshot-1",),
    }
    return Deleting(**{**given, **more})


def no(view: Deleting, ref: RecordRef = ANA, policy: Policy = KEEP) -> Refusal:
    """What deleting is refused with."""
    outcome = delete_client(view, ref, policy, NOW).outcome
    assert isinstance(outcome, Refusal)
    return outcome


def test_the_client_goes_and_the_appointments_stay() -> None:
    """The platform deletes every row of the group, the one that speaks last; no appointment is touched."""
    decision = delete_client(seen(), ANA, KEEP, NOW)
    assert decision.outcome == Deleted(ANA, (ANA, ANNA), (), sessions=1, links=1)
    assert decision.asks is not None
    assert (decision.asks.write, decision.asks.for_ref) == (HostWrite.DELETE_CLIENT, ANA)
    assert (decision.asks.refs, decision.asks.cancels) == ((ANNA,), ())
    assert not any(isinstance(write.record, Snapshot) for write in decision.changes)


def test_what_the_platform_is_asked_to_delete_is_kept_until_it_has_answered() -> None:
    """With who asked and when, why, and the contacts, which nobody else knows once the rows are gone."""
    decision = delete_client(seen(contacts=(MOBILE,)), ANA, CANCEL, NOW)
    assert decision.because == Because(
        "deleting_clients.delete_client",
        (("client", "client:ana"), ("records", "2"), ("appointments to cancel", "1")),
        (("clients.on_delete", "keep_past_cancel_future"),),
    )
    assert decision.asks == Intent(
        id="i",
        write=HostWrite.DELETE_CLIENT,
        actor="staff:mia",
        asked_at=NOW,
        due_at=NOW,
        for_ref=ANA,
        refs=(ANNA,),
        cancels=(TOMORROW,),
        entries=(MOBILE,),
        because=str(decision.because),
    )


def test_nobody_goes_on_as_a_client_who_is_deleted() -> None:
    """Sessions end, contacts find nobody, links are revoked, what was about to be sent is dropped; journals stay."""
    decision = delete_client(seen(), ANA, KEEP, NOW)
    assert decision.changes == (
        Remove(SESSION),
        Remove(ContactEntry.of(ANA, MOBILE)),
        Put(evolve(LINK, revoked_at=NOW, revoked_by="staff:mia")),
        Put(evolve(MESSAGE, state=MessageState.DROPPED, note="whom it was for was deleted")),
    )
    told = (("account", "acc"), ("record", "client:ana"), ("evidence", "staff"), ("actor", "staff:mia"))
    assert decision.events == (HostEvent("unlinked", told),)


def test_where_the_policy_says_so_what_is_to_come_is_cancelled() -> None:
    """In the same commit, each remembered as it was."""
    decision = delete_client(seen(), ANA, CANCEL, NOW)
    assert isinstance(decision.outcome, Deleted)
    assert decision.outcome.cancelled == ("a1",)
    assert decision.asks is not None
    assert decision.asks.cancels == (TOMORROW,)
    (snapshot,) = (write.record for write in decision.changes if isinstance(write.record, Snapshot))
    assert snapshot == Snapshot(
        id="snapshot-1",
        ref="client:ana",
        appointment_id="a1",
        taken_at=NOW,
        change=ChangeKind.CANCEL,
        actor="staff:mia",
        appointment=TOMORROW,
    )


def test_an_appointment_that_cannot_be_cancelled_stops_it_all() -> None:
    """The refusal names it, with the platform's own words."""
    stuck = seen(offers={"a1": Offer(allowed=False, why_not="it is paid for")})
    refusal = no(stuck, policy=CANCEL)
    assert (refusal.reason, refusal.facts["why"]) == (Reason.NOT_CHANGEABLE, "a1: it is paid for")
    assert delete_client(stuck, ANA, KEEP, NOW).granted, "it stays anyway"


def test_a_platform_elsewhere_has_cancelled_before() -> None:
    """What is still to come then was booked meanwhile: it is looked at again."""
    assert no(seen(one_commit=False), policy=CANCEL).reason is Reason.CHANGED_MEANWHILE
    assert delete_client(seen(one_commit=False, coming=(), offers={}), ANA, CANCEL, NOW).granted


def test_an_absorbed_record_is_not_deleted_and_the_one_that_speaks_is_named() -> None:
    """Whoever has an old link to it in front of them does not mean the person who is shown today."""
    refusal = no(seen(), ANNA)
    assert refusal.reason is Reason.ALREADY_MERGED
    assert refusal.facts == {"record": "client:anna", "survivor": "client:ana"}


def test_who_is_not_there_is_not_found() -> None:
    """Deleted already, never there, or a guest's booking, which is an appointment."""
    assert no(seen(rows=frozenset())).reason is Reason.NOT_FOUND
    guest = RecordRef.booking("b1")
    assert no(seen(root=guest, rows=frozenset()), guest).reason is Reason.NOT_FOUND


def test_once_both_are_deleted_a_merge_is_not_undone() -> None:
    """There is nobody to stand by themselves again; while one of the two is there it can be."""
    entry = Merge(id="m", survivor="client:ana", absorbed="client:anna", merged_at=NOW, actor="staff:mia")
    both = (RecordRef.client("anna"), RecordRef.client("ana"))
    outcome = undo(Undoing(entry, (), "staff:mia", gone=both), KEEP, NOW).outcome
    assert isinstance(outcome, Refusal)
    assert (outcome.reason, outcome.facts) == (Reason.ERASED, {"what": "deleted: client:anna and client:ana"})


def test_an_appointment_is_deleted_by_itself() -> None:
    """For good: no snapshot is kept, and it is nobody's any more."""
    held = Assignment(id="a1", account="acc", ref="client:ana", at=NOW, actor="system")
    decision = delete_appointment(DeletingAppointment(TOMORROW, (held,), "staff:mia", "i"), KEEP, NOW)
    assert decision.outcome == AppointmentDeleted("a1", "acc")
    assert decision.changes == (Remove(held),)
    assert decision.asks is not None
    assert decision.because == Because("deleting_clients.delete_appointment", (("appointment", "a1"),))
    assert decision.asks == Intent(
        id="i",
        write=HostWrite.DELETE_APPOINTMENT,
        actor="staff:mia",
        asked_at=NOW,
        due_at=NOW,
        appointment=TOMORROW,
        because=str(decision.because),
    )
    free = delete_appointment(DeletingAppointment(TOMORROW, (), "staff:mia", "i"), KEEP, NOW)
    assert free.outcome == AppointmentDeleted("a1", None)


def test_an_appointment_that_is_not_there_is_not_found() -> None:
    """Deleted already, or never there."""
    decision = delete_appointment(DeletingAppointment(None, (), "staff:mia", "i"), KEEP, NOW)
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.reason is Reason.NOT_FOUND
    assert decision.because == Because("deleting_clients.delete_appointment", (("appointment", "–"),))
