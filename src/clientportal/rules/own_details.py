"""What may clients change of their own details, and what follows when a contact is replaced? (M7)

The attacks:

* A thief has a browser that was left open, and writes their own number into the record: the next code is theirs. So a
  contact that identifies a client, or that codes go to, is never merely typed: a code to the new one proves it first,
  and only a session that has just logged in (or shown its password) may ask for that (V7.5.1, V6.3.7, N4.6).
* The thief has the phone as well as the browser. So the earlier contact is told in the commit that replaces it, with a
  link that puts it back for seven days, ends every session, and makes an end of what was changed after it.
* The old phone is with somebody else by now. So its other sessions end when it is replaced.
* Somebody asks for codes to learn whether a number is known, or to make the business pay for messages: the same reply
  for every number, and the budgets of codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes.own import ContactReplaced, DetailsChanged
from clientportal.policy import Delivery, Policy
from clientportal.records import (
    AccountLink,
    ContactChange,
    ContactHistory,
    HostWrite,
    Intent,
    MessageKind,
    OutboxMessage,
    Put,
    Remove,
    Session,
    Write,
)
from clientportal.rules.logging_in import needs_step_up
from clientportal.rules.surviving import Ways, choose
from clientportal.rules.whose_contact import contact_key, is_flagged
from clientportal.values import (
    ClientChange,
    ClientRecord,
    ContactKey,
    ContactKind,
    FieldValue,
    RecordKind,
    RecordRef,
    mask,
)

__all__ = [
    "CONTACT_LINK",
    "ChangingDetails",
    "Replacing",
    "TakingBackContact",
    "by_proof_alone",
    "change_details",
    "judge_field",
    "judge_freshness",
    "put_back",
    "replace_contact",
    "row_to_write",
]

CONTACT_LINK = "contact-change"
"""What the link to an earlier contact is signed for."""


# --- what may be changed ---------------------------------------------------------------------------------------------


def by_proof_alone(policy: Policy) -> frozenset[str]:
    """The contacts that a proof alone replaces: those that identify a client, the email, and where codes go."""
    kinds = {ContactKind.EMAIL, *policy.login.identifiers}
    if policy.login.delivery in (Delivery.SMS, Delivery.SMS_ELSE_EMAIL):
        kinds.add(ContactKind.MOBILE)
    return frozenset(kind.value for kind in kinds)


def judge_field(name: str, policy: Policy, *, proved: bool) -> Refusal | None:
    """Why this field may not be changed by its owner, or not in this way; ``None`` where it may."""
    editable = name in policy.visibility.editable
    because = Because(
        "own_details.judge_field",
        (("field", name), ("by a proof", _yes(proved))),
        (("visibility.editable", "named" if editable else "not named"),),
    )
    if not editable:
        return Refusal(Reason.DISABLED, because)
    if not proved and name in by_proof_alone(policy):
        return Refusal(Reason.PROVE_CONTACT_FIRST, because)
    return None


def judge_freshness(session: Session, policy: Policy, now: datetime) -> Refusal | None:
    """A contact is changed only by whoever has just shown who they are: by the password, or by a login with a code."""
    because = Because("own_details.judge_freshness", (), (("accounts.step_up_for", str(policy.accounts.step_up_for)),))
    if session.account is not None:
        return Refusal(Reason.STEP_UP_FIRST, because) if needs_step_up(session, policy, now) else None
    age = max(now, session.used_at) - session.opened_at
    fresh = timedelta(0) <= age < policy.accounts.step_up_for
    return None if fresh else Refusal(Reason.FRESH_LOGIN_FIRST, because)


# --- typed details ---------------------------------------------------------------------------------------------------


@frozen
class ChangingDetails:
    """What is read when a client changes their details: the records of the person, and how their values are decided."""

    root: RecordRef
    records: tuple[ClientRecord, ...]
    ways: Ways
    fields: Mapping[str, FieldValue]
    session: Session
    actor: str
    intent_id: str


def change_details(seen: ChangingDetails, policy: Policy, now: datetime) -> Decision[DetailsChanged]:
    """Write the fields into the record that speaks, or where that would not show them, into one that does."""
    because = Because("own_details.change_details", (("fields", ", ".join(sorted(seen.fields))),))
    no = next((no for name in seen.fields if (no := judge_field(name, policy, proved=False)) is not None), None)
    if no is None and not {kind.value for kind in ContactKind}.isdisjoint(seen.fields):
        no = judge_freshness(seen.session, policy, now)
    if no is not None:
        return Decision(no, no.because)
    row = row_to_write(seen.records, seen.ways, seen.fields, seen.root, now)
    if row is None:
        # A guest's booking is what was booked: there is no client row to change.
        return refuse(Reason.NOT_CHANGEABLE, because, why="there is no client record yet")
    change = ClientChange(row.version, seen.fields)
    intent = writing(row.ref, change, intent_id=seen.intent_id, actor=seen.actor, now=now, because=because)
    return grant(DetailsChanged(row.ref, tuple(seen.fields)), because, asks=intent)


def row_to_write(
    records: Sequence[ClientRecord], ways: Ways, fields: Mapping[str, FieldValue], root: RecordRef, now: datetime
) -> ClientRecord | None:
    """The client row in which these values are written, so that the person is then shown with them.

    The record that speaks, where the rules of the group's merge show what stands there: by most recent they do. Where
    they do not (the oldest record's, a pick of staff), the first of the others by which they are shown.
    """
    rows = sorted(
        (one for one in records if one.ref.kind is RecordKind.CLIENT), key=lambda one: (one.ref != root, one.ref)
    )
    for row in rows:
        after = ClientChange(row.version, fields).applied_to(row, now)
        shown = choose([after if one.ref == row.ref else one for one in records], ways, tuple(fields))
        if all(shown[name].value == (str(value) if value else None) for name, value in fields.items()):
            return row
    return rows[0] if rows else None


def writing(
    ref: RecordRef, change: ClientChange, *, intent_id: str, actor: str, now: datetime, because: Because
) -> Intent:
    """The one write that is asked for."""
    return Intent(
        id=intent_id,
        write=HostWrite.UPDATE_CLIENT,
        actor=actor,
        asked_at=now,
        due_at=now,
        for_ref=ref,
        change=change,
        because=str(because),
    )


# --- a proved contact ------------------------------------------------------------------------------------------------


@frozen
class Replacing:
    """What is read once the code to the new contact was right.

    ``before`` is the contact that the client is shown with today, as it is written. ``history`` is what is known of the
    new one; ``others`` are the sessions that were opened by the earlier one, besides this. ``spent`` uses the code up.
    """

    details: ChangingDetails
    refs: frozenset[RecordRef]
    new: ContactKey
    before: str | None
    history: ContactHistory | None
    others: tuple[Session, ...]
    spent: tuple[Write, ...]
    change_id: str
    message_id: str
    key_id: str


def replace_contact(seen: Replacing, policy: Policy, now: datetime) -> Decision[ContactReplaced]:
    """The record has the new contact; the earlier one is told, and can put it back.

    What the code was good for is used up in any case; a contact that staff flagged as nobody's is none that identifies.
    """
    details, name = seen.details, seen.new.kind.value
    because = Because("own_details.replace_contact", (("field", name), ("to", mask(seen.new.value))))
    no = judge_field(name, policy, proved=True) or judge_freshness(details.session, policy, now)
    if no is not None:
        return Decision(no, no.because, seen.spent)
    row = row_to_write(details.records, details.ways, details.fields, details.root, now)
    if row is None:
        return refuse(Reason.NOT_CHANGEABLE, because, after=seen.spent, why="there is no client record yet")
    if is_flagged(seen.history):
        return refuse(Reason.CONTACT_NOT_ALLOWED, because, after=seen.spent)
    intent = writing(
        row.ref,
        ClientChange(row.version, details.fields),
        intent_id=details.intent_id,
        actor=details.actor,
        now=now,
        because=because,
    )
    region = policy.contacts.region
    earlier = None if not seen.before else contact_key(seen.new.kind, seen.before, region)
    writes = (
        *seen.spent,
        Put(_proved(seen, now)),
        *(Remove(one) for one in seen.others),
        *_own_session(details.session, earlier, seen.new),
        *(() if earlier in (None, seen.new) else _told(seen, row.ref, earlier, policy, now)),
    )
    return grant(ContactReplaced(name, mask(seen.new.value)), because, writes, asks=intent)


def _proved(seen: Replacing, now: datetime) -> ContactHistory:
    """A contact that "this is not me" once took off these records is theirs again: its holder has just said so."""
    history = seen.history or ContactHistory(id=str(seen.new))
    return evolve(history, proved_at=now, detached=tuple(ref for ref in history.detached if ref not in seen.refs))


def _own_session(session: Session, earlier: ContactKey | None, new: ContactKey) -> tuple[Write, ...]:
    if earlier is None or session.identity != str(earlier):
        return ()
    return (Put(evolve(session, identity=str(new))),)


def _told(
    seen: Replacing, ref: RecordRef, earlier: ContactKey | None, policy: Policy, now: datetime
) -> tuple[Write, ...]:
    until = now + policy.accounts.revert_for
    change = ContactChange(
        id=seen.change_id,
        ref=str(ref),
        field=seen.new.kind.value,
        before=seen.before or "",
        after=str(seen.new),
        at=now,
        expires_at=until,
    )
    message = OutboxMessage(
        id=seen.message_id,
        kind=MessageKind.CONTACT_CHANGED,
        to=str(earlier),
        facts={"change": seen.change_id, "until": str(int(until.timestamp())), "key": seen.key_id},
        created_at=now,
        due_at=now,
        expires_at=now + policy.messages.notice_life,
    )
    return (Put(change), Put(message))


# --- put back --------------------------------------------------------------------------------------------------------


@frozen
class TakingBackContact:
    """What is read when the earlier contact puts itself back: ``sessions`` are all of the client's, ``later`` the
    changes of the same contact that came after this one, ``links`` whatever accounts were linked to the client since.
    """

    change: ContactChange
    row: ClientRecord | None
    sessions: tuple[Session, ...]
    later: tuple[ContactChange, ...]
    links: tuple[AccountLink, ...]
    intent_id: str


def put_back(seen: TakingBackContact, now: datetime) -> Decision[ContactReplaced]:
    """The record has its earlier contact again, and nobody is logged in to it."""
    change = seen.change
    because = Because(
        "own_details.put_back", (("field", change.field), ("sessions", str(len(seen.sessions))), ("record", change.ref))
    )
    if seen.row is None:
        return refuse(Reason.LINK_GONE, because)
    intent = writing(
        seen.row.ref,
        ClientChange(seen.row.version, {change.field: change.before}),
        intent_id=seen.intent_id,
        actor=f"link:{change.ref}",
        now=now,
        because=because,
    )
    writes: tuple[Write, ...] = (
        *(Put(evolve(one, spent=True)) for one in _each_once((change, *seen.later))),
        *(Remove(one) for one in seen.sessions),
        *(Put(evolve(one, revoked_at=now, revoked_by=f"link:{change.ref}")) for one in seen.links),
    )
    return grant(ContactReplaced(change.field, mask(change.before)), because, writes, asks=intent)


def _each_once(changes: Iterable[ContactChange]) -> tuple[ContactChange, ...]:
    return tuple({one.id: one for one in changes}.values())


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
