"""What the portal itself stores, with the keys that each is found by.

Every record is a frozen value with an ``id`` and a ``version``. A store keeps one table per record type, with the
declared keys as columns; everything starts with the tenant, which the unit of work adds and no record can name. The
version is the store's: 0 means *not stored yet*, and a write names the version that it saw.

Keys: a *shared* key may be held by many records. Uniqueness is promised for ``id`` alone, so whatever must be unique
is made the id (a pair of dismissed records, a contact in a record).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol, TypeVar

from attrs import evolve, field, frozen

from clientportal.values import (
    Appointment,
    ChangeKind,
    ClientDraft,
    ContactKey,
    Money,
    RecordRef,
    Slot,
)

__all__ = [
    "RECORD_TYPES",
    "Allowance",
    "AuditEntry",
    "Challenge",
    "ClientNumber",
    "ContactEntry",
    "ContactHistory",
    "Dismissal",
    "GuessCounter",
    "HostWrite",
    "Intent",
    "Merge",
    "MessageKind",
    "MessageState",
    "NumberCounter",
    "OutboxMessage",
    "Pointer",
    "Purpose",
    "Put",
    "Receipt",
    "Remove",
    "Session",
    "Snapshot",
    "SpentLink",
    "Stage",
    "Stored",
    "Trail",
    "WalkMark",
    "Write",
]


class Stored(Protocol):
    """What a store needs to know of a record."""

    TABLE: ClassVar[str]
    """The name of its table, without a prefix."""
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    """Key name -> the attributes that make it, in order; a store indexes (tenant, attributes, id)."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Stored)


@frozen
class Put:
    """Store ``record``; refused as a conflict unless the stored version is still ``record.version``."""

    record: Stored


@frozen
class Remove:
    """Remove ``record``; refused as a conflict unless the stored version is still ``record.version``."""

    record: Stored


Write = Put | Remove


RECORD_TYPES: list[type[Stored]] = []
"""Every record type, in the order of this file: what a store makes tables of."""

_C = TypeVar("_C")


def stored(table: str, **keys: tuple[str, ...]) -> Callable[[type[_C]], type[_C]]:
    """Declare a record type: its table and its shared keys."""

    def declare(cls: type[_C]) -> type[_C]:
        cls.TABLE = table  # type: ignore[attr-defined]
        cls.KEYS = keys  # type: ignore[attr-defined]
        RECORD_TYPES.append(cls)  # type: ignore[arg-type]
        return cls

    return declare


# --- proving who one is -----------------------------------------------------------------------------------------


class Purpose(StrEnum):
    """What a challenge is good for; a code for one purpose is worthless for another (V6.6.2)."""

    LOGIN = "login"
    SECOND_PROOF = "second_proof"
    """Another contact of a record whose number may have been recycled (X6)."""


@stored("challenges", lane=("identity", "lane", "expires_at"), expiry=("expires_at",))
@frozen(kw_only=True)
class Challenge:
    """One open question "type the code that we sent". ``id`` is the digest of the handle, never the handle.

    The code is not here: it is derived from the key ring, this row and ``send_number``. ``last_mark`` is the latest
    time that this row has seen, so that a clock set back revives nothing.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    purpose: Purpose
    identity: str
    lane: str
    key_id: str
    created_at: datetime
    expires_at: datetime
    last_mark: datetime
    send_number: int = 1
    misses: int = 0
    spent: bool = False
    bound_to: str | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether a code may still be tried: not spent, and before ``expires_at`` by the later clock."""
        return not self.spent and max(now, self.last_mark) < self.expires_at


@stored("guess_counters", identity=("identity",))
@frozen(kw_only=True)
class GuessCounter:
    """Wrong tries against one identity in one lane; ``id`` is ``identity|lane``. Never reset by a new code."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    identity: str = ""
    day_began: datetime
    day_count: int = 0
    consecutive: int = 0
    wait_until: datetime | None = None
    stopped: bool = False


@stored("allowances", expiry=("forget_at",))
@frozen(kw_only=True)
class Allowance:
    """What one axis (a destination, a source, a prefix, a tenant) has sent; ``id`` names axis and value.

    ``windows`` holds (seconds, began, count) for each limit of the axis.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    windows: tuple[tuple[int, datetime, int], ...] = ()
    last_at: datetime
    forget_at: datetime


class Stage(StrEnum):
    """How far a session has come."""

    OPEN = "open"
    CHOOSING = "choosing"
    """Proved, but several records match: one must be chosen before anything is shown."""
    SECOND_PROOF = "second_proof"
    """Proved, but the number may have been recycled (X6)."""


@stored("sessions", entry=("entry",), identity=("identity",), expiry=("ends_at",))
@frozen(kw_only=True)
class Session:
    """One signed-in device; ``id`` is the digest of its token.

    ``entry`` is the record it was opened for; the merge pointer is followed at every read, so it keeps its entry
    through merges and comes back at an undo. ``own`` are the records it may switch among. ``because`` says in words
    why it names this record (for staff).
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    stage: Stage = Stage.OPEN
    entry: str | None
    own: tuple[RecordRef, ...]
    identity: str
    opened_at: datetime
    used_at: datetime
    idle_until: datetime
    ends_at: datetime
    device: str | None = None
    because: str = ""

    def alive_at(self, now: datetime) -> bool:
        """Whether it may still be used, by the later of ``now`` and its own last mark."""
        seen = max(now, self.used_at)
        return seen < self.idle_until and seen < self.ends_at

    @property
    def entry_ref(self) -> RecordRef | None:
        """``entry`` as a reference."""
        return None if self.entry is None else RecordRef.parse(self.entry)


@stored("spent_links", expiry=("expires_at",))
@frozen(kw_only=True)
class SpentLink:
    """A signed link that has acted. ``id`` is the link's own id."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    spent_at: datetime
    expires_at: datetime


# --- which records a contact belongs to --------------------------------------------------------------------------


@stored("contact_index", key=("key",), ref=("ref",))
@frozen(kw_only=True)
class ContactEntry:
    """One contact of one record, normalised; ``id`` is ``ref|key``. A hint: a hit is re-read before it is trusted."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    key: str
    ref: str

    @classmethod
    def of(cls, ref: RecordRef, key: ContactKey) -> ContactEntry:
        """The entry of that contact in that record."""
        return cls(id=f"{ref}|{key}", key=str(key), ref=str(ref))


@stored("contact_history")
@frozen(kw_only=True)
class ContactHistory:
    """What the portal knows about one contact beyond who has it; ``id`` is the contact's key.

    ``proved_at`` is its last proof (X6); ``detached`` are the records that "this is not me" took it off;
    ``placeholder`` says that staff flagged it as no real contact (X4).
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    proved_at: datetime | None = None
    detached: tuple[RecordRef, ...] = ()
    placeholder: bool = False


@stored("walk_marks")
@frozen(kw_only=True)
class WalkMark:
    """How far the walk over the host's contacts has come; ``id`` is the walk's name.

    ``FIRST`` is written once, when a walk has come to its end for the first time, and never again: a sign-in that makes
    a new record rests on it, and must not conflict with every later walk.
    """

    FIRST: ClassVar[str] = "contacts:first"

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    cursor: str | None = None
    started_at: datetime
    finished_at: datetime | None = None
    records: int = 0
    contacts: int = 0
    unreadable: int = 0


@stored("client_numbers", number=("number",))
@frozen(kw_only=True)
class ClientNumber:
    """The short number of one record; ``id`` is the record. Assigned once, never changed or reused (TT9)."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    number: int


@stored("number_counters")
@frozen(kw_only=True)
class NumberCounter:
    """The next free client number."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    next: int = 1


# --- one person, many records --------------------------------------------------------------------------------------


@stored("pointers", root=("root",))
@frozen(kw_only=True)
class Pointer:
    """An absorbed record (``id``) leads to ``survivor``; ``root`` is where the whole chain ends today.

    ``survivor`` is the edge that one merge drew and that its undo erases; ``root`` is derived from the edges and kept
    here so that a read follows one pointer, not a chain.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    survivor: str
    root: str
    merge_id: str

    @property
    def absorbed_ref(self) -> RecordRef:
        """The absorbed record."""
        return RecordRef.parse(self.id)

    @property
    def root_ref(self) -> RecordRef:
        """The record that now speaks for it."""
        return RecordRef.parse(self.root)


@stored("merges", survivor=("survivor", "merged_at"), absorbed=("absorbed", "merged_at"), time=("merged_at",))
@frozen(kw_only=True)
class Merge:
    """The journal of one merge: one record absorbed into another, by whom, why, and with which choices.

    ``rules`` is the survivorship in force when it was made, field -> rule; ``choices`` are staff's own picks, field ->
    the record whose value they chose. ``contacts`` are the absorbed record's contacts, which outlive the host's row.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    survivor: str
    absorbed: str
    merged_at: datetime
    actor: str
    reason: str = ""
    rules: Mapping[str, str] = field(factory=dict[str, str])
    choices: Mapping[str, str] = field(factory=dict[str, str])
    contacts: tuple[ContactKey, ...] = ()
    undone_at: datetime | None = None
    undone_by: str | None = None
    erased: bool = False


@stored("dismissals", first=("first",), second=("second",))
@frozen(kw_only=True)
class Dismissal:
    """ "These two are not the same person"; ``id`` is the pair, in order, so that it is one fact (law 12)."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    first: str
    second: str
    at: datetime
    actor: str

    @staticmethod
    def pair_id(a: RecordRef, b: RecordRef) -> str:
        """The id of a pair, whichever way round it is named."""
        first, second = sorted((str(a), str(b)))
        # Ids are opaque and may hold any separator: the length says where the first one ends.
        return f"{len(first)}:{first}|{second}"


# --- appointments ----------------------------------------------------------------------------------------------------


@stored("snapshots", ref=("ref", "taken_at"), appointment=("appointment_id", "taken_at"))
@frozen(kw_only=True)
class Snapshot:
    """An appointment as it was just before it was changed: hosts that delete would lose it."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    ref: str
    appointment_id: str
    taken_at: datetime
    change: ChangeKind
    actor: str
    appointment: Appointment


@stored("trails", current=("current_id",))
@frozen(kw_only=True)
class Trail:
    """Where an appointment (``id``) is now, and how often it was moved: a link sent earlier follows it (X1)."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    current_id: str
    moves: int = 0


# --- leaving and remembering -----------------------------------------------------------------------------------------


class MessageKind(StrEnum):
    """What a message says; each has a template per channel."""

    LOGIN_CODE = "login_code"
    SECOND_PROOF_CODE = "second_proof_code"
    GUESSES_WARNING = "guesses_warning"
    APPOINTMENT_LINK = "appointment_link"


class MessageState(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"
    """Not to be sent: nobody there, expired, or over the destination's budget; ``note`` says which."""
    ABANDONED = "abandoned"
    """Tried as often as the policy says, or refused for good; staff see it."""


@stored("outbox", due=("state", "due_at"), time=("created_at",))
@frozen(kw_only=True)
class OutboxMessage:
    """A message that was committed and must leave at least once.

    No secret is here: codes and links are derived when it is sent, from ``challenge_id`` and ``send_number`` or from
    ``facts``. ``to`` is a contact as typed and normalised, ``ref`` a record whose contact is looked up when it leaves.
    ``due_at`` is also the lease: a pump that takes a message moves it ahead, so that two pumps take it once.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    kind: MessageKind
    to: str | None = None
    ref: str | None = None
    challenge_id: str | None = None
    send_number: int = 0
    facts: Mapping[str, str] = field(factory=dict[str, str])
    state: MessageState = MessageState.QUEUED
    tries: int = 0
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    note: str = ""
    sent_to: str | None = None


@stored("audit", time=("at",), subject=("subject", "at"))
@frozen(kw_only=True)
class AuditEntry:
    """Who did what, on whom, why, and how it ended. Contacts are masked; nothing secret is ever in it."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    at: datetime
    actor: str
    action: str
    subject: str
    outcome: str
    because: str = ""
    reason: str = ""


@stored("receipts", expiry=("forget_at",))
@frozen(kw_only=True)
class Receipt:
    """What an idempotency key ended in; ``id`` is the keyed digest of operation, caller and key.

    ``fingerprint`` is the keyed digest of the parameters: other parameters under that key are refused (I2).
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    fingerprint: str
    at: datetime
    forget_at: datetime
    result: Mapping[str, str] = field(factory=dict[str, str])


class HostWrite(StrEnum):
    """The writes that a host may allow."""

    CREATE_CLIENT = "create_client"
    MOVE = "move"
    CANCEL = "cancel"
    BOOK = "book"


@stored("intents", state=("state", "due_at"))
@frozen(kw_only=True)
class Intent:
    """One host write that a decision asks for, with all that is needed to finish it after a crash.

    Where the host shares the transaction it lives for one commit; where it does not, it is stored before the host is
    called, and the pump finishes it. ``id`` is the idempotency key that the host gets. ``receipt`` holds what the
    caller's key will remember; ``link`` is the signed link that it uses up, given back where the host says no.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    write: HostWrite
    actor: str
    asked_at: datetime
    due_at: datetime
    state: str = "open"
    appointment: Appointment | None = None
    slot: Slot | None = None
    draft: ClientDraft | None = None
    for_ref: RecordRef | None = None
    trail: Trail | None = None
    fee: Money | None = None
    session: Session | None = None
    entries: tuple[ContactKey, ...] = ()
    because: str = ""
    receipt: Receipt | None = None
    link: str | None = None

    @property
    def trail_id(self) -> str | None:
        """Which trail a move goes on with, made or not."""
        if self.write is not HostWrite.MOVE or self.appointment is None:
            return None
        return self.appointment.id if self.trail is None else self.trail.id

    def put_off(self, until: timedelta, now: datetime) -> Intent:
        """The same intent, looked at again after ``until``."""
        return evolve(self, due_at=now + until)
