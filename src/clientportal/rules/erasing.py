"""What is held about one client, and what is left of it once they are erased? (X7)

Somebody who asks to be forgotten is found everywhere: in the platform's rows, in every kind of memory the portal has,
and in the journal of a merge that was made years ago. So every kind of record says here what becomes of it, or why it
holds nothing about anybody; a kind that says neither fails a test before it can keep a name for good.

What two people share is not one person's to take away: a mother's email on her child's record, an account that leads
to both. It stays, and only the way from it to the erased client goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any, cast

from attrs import evolve, field, fields, frozen, has

from clientportal.records import (
    Account,
    AccountLink,
    Allowance,
    Assignment,
    AuditChain,
    AuditEntry,
    AuditSeal,
    Challenge,
    ClientNumber,
    Consent,
    ContactChange,
    ContactEntry,
    ContactHistory,
    Credential,
    Dismissal,
    DocumentsSeen,
    GuessCounter,
    Identifier,
    ImportedClient,
    Intent,
    MailedLink,
    Merge,
    Notice,
    NumberCounter,
    OutboxMessage,
    Payment,
    PaymentStage,
    Pointer,
    Put,
    Receipt,
    Referral,
    Remove,
    SecondFactor,
    Session,
    Snapshot,
    SpentLink,
    Stored,
    Trail,
    WalkMark,
    Write,
)
from clientportal.rules.first_proof import Belongings
from clientportal.rules.sealing import without_words
from clientportal.values import (
    ActiveCode,
    Address,
    Appointment,
    ClientRecord,
    ContactKey,
    Holding,
    Money,
    Prefill,
    RecordRef,
    Secret,
    SectionItem,
    mask,
)

__all__ = [
    "ERASE",
    "NOTHING_PERSONAL",
    "TOPICS",
    "Held",
    "erased",
    "exported",
    "flattened",
    "is_blank",
    "only_theirs",
    "says_nothing",
]

ERASE = "erase"
"""What the audit calls it; its own entries are all that stays readable."""

TOPICS: Mapping[type[Stored], str] = {
    Account: "accounts",
    AccountLink: "account_links",
    Allowance: "sends",
    Assignment: "assignments",
    AuditEntry: "audit",
    Challenge: "login_codes",
    ClientNumber: "numbers",
    Consent: "consents",
    ContactChange: "contact_changes",
    ContactEntry: "contacts",
    ContactHistory: "contact_history",
    Credential: "passwords",
    Dismissal: "not_duplicates",
    DocumentsSeen: "documents_seen",
    GuessCounter: "wrong_tries",
    Identifier: "login_emails",
    ImportedClient: "imports",
    MailedLink: "mailed_links",
    Merge: "merges",
    Notice: "notices",
    OutboxMessage: "messages",
    Payment: "payments",
    Pointer: "merged_records",
    Referral: "referrals",
    SecondFactor: "second_factors",
    Session: "sessions",
    Snapshot: "changes",
}
"""What an export calls each kind of record that can be about somebody."""

NOTHING_PERSONAL: Mapping[type[Stored], str] = {
    AuditChain: "a count, and a digest of digests",
    AuditSeal: "salted digests; what is erased takes its salt along",
    Intent: "is finished before a client is exported or erased, and then gone",
    NumberCounter: "a number",
    Receipt: "digests and ids, for a day",
    SpentLink: "the drawn id of a link",
    Trail: "ids of appointments",
    WalkMark: "how far a walk has come",
}
"""The kinds that hold nothing about anybody, and why."""

_SECRET: Mapping[type[Stored], frozenset[str]] = {
    AuditEntry: frozenset({"salt", "words", "key_id", "mark", "seal"}),
    Challenge: frozenset({"id", "key_id", "lane", "bound_to"}),
    Credential: frozenset({"hash"}),
    ImportedClient: frozenset({"id"}),
    MailedLink: frozenset({"id", "key_id"}),
    OutboxMessage: frozenset({"challenge_id", "mailed_link_id", "other"}),
    SecondFactor: frozenset({"key_id", "nonce", "next_key_id", "next_nonce", "last_step", "recovery"}),
    Session: frozenset({"id", "device"}),
}
"""What opens something, or is a digest of what does: no data about a person."""


@frozen
class Held:
    """Everything about one client: the record that speaks, all refs behind it, the platform's rows, ours by kind.

    What is ``stored`` is theirs alone, or the part of it that is: a link of a family's account, not the account.
    ``appointments`` are also those whose client row is gone, ``others`` whatever else the platform has of them.
    """

    root: RecordRef
    refs: tuple[RecordRef, ...]
    records: tuple[ClientRecord, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    others: tuple[Prefill | ActiveCode | Holding | SectionItem, ...] = ()
    stored: Mapping[type[Stored], tuple[Stored, ...]] = field(factory=dict[type[Stored], "tuple[Stored, ...]"])
    contacts: frozenset[ContactKey] = frozenset()

    @property
    def anything(self) -> bool:
        """Whether such a client is, or was, known at all."""
        return bool(self.records or self.appointments or any(self.stored.get(kind) for kind in _TELLING))

    @property
    def nothing_left(self) -> bool:
        """Whether the platform's rows say nothing any more."""
        personal = any(
            isinstance(one, Prefill) or (isinstance(one, SectionItem) and one.erased() != one) for one in self.others
        )
        return (
            not personal
            and all(map(says_nothing, self.records))
            and not any(one.booked_as for one in self.appointments)
        )


_TELLING = (ClientNumber, ContactEntry, Merge, Pointer, Snapshot, AccountLink)
"""What is not made for a ref that nobody has: the audit is, when somebody mistypes one."""


def says_nothing(record: ClientRecord) -> bool:
    """Whether a row has nobody in it."""
    given = (record.first_name, record.last_name, record.email, record.phone, record.mobile, record.notes)
    known = (*given, record.birthday, record.custom)
    return not any(known) and record.address in (None, Address())


def is_blank(record: ClientRecord) -> bool:
    """Whether a row is of somebody who was erased: nobody in it, and nobody may log in to it."""
    return not record.usable and says_nothing(record)


def only_theirs(
    seen: Belongings, refs: frozenset[RecordRef], keys: frozenset[ContactKey], shared: frozenset[ContactKey]
) -> bool:
    """Whether an account is this client's and nobody else's: then it goes with them.

    It is where its email is among their contacts (``keys``) and on no other record: name, phone and password are theirs
    then, and what they had booked for somebody else is merely nobody's in the portal. An email that somebody else's
    record has (``shared``) is a family's. One that no record has tells nothing: there the account is theirs where it
    is linked to no other record, and holds no appointment of another.
    """
    if seen.account.identity in shared:
        return False
    if seen.account.identity in keys:
        return True
    elsewhere = any(link.revoked_at is None and link.record_ref not in refs for link in seen.links)
    return not elsewhere and all(RecordRef.parse(one.ref) in refs for one in seen.assignments)


def flattened(seen: Belongings) -> tuple[Stored, ...]:
    """Everything that hangs on one account, the account itself included, one by one."""
    found: list[Stored] = []
    for one in fields(Belongings):
        value = getattr(seen, one.name)
        found.extend(cast("Iterable[Stored]", value) if isinstance(value, tuple) else [value] if value else [])
    return tuple(found)


# --- erasing ----------------------------------------------------------------------------------------------------------


def _gone(record: Any, _held: Held) -> Write | None:
    return Remove(record)


def _stays(_record: Any, _held: Held) -> Write | None:
    return None


def _nobodys_booking(record: Snapshot, _held: Held) -> Write | None:
    if not record.appointment.booked_as:
        return None
    return Put(evolve(record, appointment=evolve(record.appointment, booked_as="")))


def _no_undo(record: Merge, _held: Held) -> Write | None:
    """The journal keeps that there was a merge; undoing it would need what is erased, and is refused."""
    if record.erased:
        return None
    return Put(evolve(record, erased=True, contacts=(), refused=(), choices={}, reason="", left=(), not_restored=()))


def _told_without_words(record: AuditEntry, _held: Held) -> Write | None:
    """Who did what, when, and how it ended stays; what staff wrote of it, and the facts, go."""
    if record.action == ERASE or not (record.reason or record.because):
        return None
    return Put(without_words(record))


def _ended(record: Session, held: Held) -> Write | None:
    """Theirs ends. A family's goes on, and does not lead to them any more."""
    if _is_theirs(record, held):
        return Remove(record)
    return Put(evolve(record, own=tuple(ref for ref in record.own if ref not in held.refs)))


def _is_theirs(session: Session, held: Held) -> bool:
    return session.entry_ref in held.refs or ContactKey.parse(session.identity) in held.contacts


def _settled_first(record: Payment, _held: Held) -> Write | None:
    """Money that is under way, or was charged and is in no book yet, is not forgotten: what is left names a record
    that says nothing any more. It goes when erasing is asked for once more.
    """
    return Remove(record) if record.stage is PaymentStage.DONE else None


_FATE: Mapping[type[Stored], Callable[[Any, Held], Write | None]] = {
    **dict.fromkeys(TOPICS, _gone),
    AuditEntry: _told_without_words,
    # A number is never given away again, and leads to a row in which nobody is (TT9).
    ClientNumber: _stays,
    Merge: _no_undo,
    Payment: _settled_first,
    Pointer: _stays,
    Session: _ended,
    Snapshot: _nobodys_booking,
}


def erased(held: Held) -> tuple[Write, ...]:
    """What is to be written so that nothing here says who they were. Nothing, where it was done before."""
    found = (_FATE[kind](record, held) for kind, records in held.stored.items() for record in records)
    return tuple(write for write in found if write is not None)


# --- exporting --------------------------------------------------------------------------------------------------------


def exported(held: Held) -> dict[str, list[dict[str, Any]]]:
    """The same by topic, as values that JSON knows; every topic is there, also where it is empty."""
    topics: dict[str, list[dict[str, Any]]] = {
        "records": [_plain_fields(record, frozenset()) for record in held.records],
        "appointments": [_plain_fields(one, frozenset()) for one in held.appointments],
        "booking_forms": [_plain_fields(one, frozenset()) for one in held.others if isinstance(one, Prefill)],
        "codes": [_plain_fields(one, frozenset()) for one in held.others if isinstance(one, ActiveCode)],
        "holdings": [_plain_fields(one, frozenset()) for one in held.others if isinstance(one, Holding)],
        "items": [
            {"kind": type(one).__name__, **_plain_fields(one.as_shown(), frozenset())}
            for one in held.others
            if isinstance(one, SectionItem)
        ],
    }
    for kind, topic in TOPICS.items():
        hidden = _SECRET.get(kind, frozenset())
        topics[topic] = [_plain_fields(_shown(one, held), hidden) for one in held.stored.get(kind, ())]
    topics["sessions"] = [
        _plain_fields(one, _SECRET[Session])
        for one in cast("Sequence[Session]", held.stored.get(Session, ()))
        if _is_theirs(one, held)
    ]
    return topics


def _shown(record: Stored, held: Held) -> Stored | dict[str, Any]:
    if isinstance(record, Merge) and RecordRef.parse(record.absorbed) not in held.refs:
        # It was undone: the contacts, and what was refused, are somebody else's.
        masked = [f"{key.kind.value}:{mask(key.value)}" for key in record.contacts]
        return {**_plain_fields(record, frozenset()), "contacts": masked, "refused": []}
    if isinstance(record, OutboxMessage):
        return evolve(record, facts={name: text for name, text in record.facts.items() if name != "key"})
    return record


def _plain_fields(value: Any, hidden: frozenset[str]) -> dict[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    return {
        one.name: _plain(getattr(value, one.name))
        for one in fields(cast("Any", type(value)))
        if one.name not in hidden and one.name != "version" and not isinstance(getattr(value, one.name), Secret)
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | RecordRef | ContactKey | Money):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in cast("Any", value).items()}
    if isinstance(value, Iterable):
        several = [_plain(one) for one in cast("Any", value)]
        return sorted(several) if isinstance(value, frozenset) else several
    assert has(cast("Any", type(value))), type(value)
    return _plain_fields(value, frozenset())
