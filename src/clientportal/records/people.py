"""Which records a contact belongs to, and which records are one person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import Factory, field, frozen

from clientportal.records.stored import stored
from clientportal.values import ContactKey, MatchKey, RecordRef

__all__ = [
    "ClientNumber",
    "ContactEntry",
    "ContactHistory",
    "Dismissal",
    "Merge",
    "NumberCounter",
    "Pointer",
    "WalkMark",
]


@stored("contact_index", key=("key",), ref=("ref",))
@frozen(kw_only=True)
class ContactEntry:
    """One contact of one record, normalised; ``id`` is ``ref|key``. A hint: a hit is re-read before it is trusted.

    Where the policy gives them a weight, birthdays and custom fields have entries too (``matching.weights``).
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    key: str
    ref: str

    @classmethod
    def of(cls, ref: RecordRef, key: ContactKey | MatchKey) -> ContactEntry:
        """The entry of that contact in that record."""
        return cls(id=f"{ref}|{key}", key=str(key), ref=str(ref))

    @property
    def contact(self) -> ContactKey | None:
        """The contact, ``None`` where it is the entry of something else."""
        return MatchKey.parse(self.key).contact


def _mark(history: ContactHistory) -> str | None:
    return ContactHistory.MARKED if history.detached or history.placeholder or history.cleared else None


@stored("contact_history", marked=("marked",))
@frozen(kw_only=True)
class ContactHistory:
    """What the portal knows about one contact beyond who has it; ``id`` is the contact's key.

    ``proved_at`` is its last proof (X6); ``detached`` are the records that "this is not me" took it off;
    ``placeholder`` says that staff flagged it as no real contact (X4), ``cleared`` that they said it is one. ``marked``
    follows from those: the few contacts that matching must know of are found among the many that were merely proved.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    proved_at: datetime | None = None
    detached: tuple[RecordRef, ...] = ()
    placeholder: bool = False
    cleared: bool = False
    marked: str | None = field(init=False, repr=False, default=Factory(_mark, takes_self=True))

    MARKED: ClassVar[str] = "marked"

    @property
    def word(self) -> bool | None:
        """What staff have said: is it a placeholder? ``None`` where nobody has said anything."""
        return True if self.placeholder else False if self.cleared else None


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
    ``refused`` are the consents that it had refused by then, which outlive the row as well (law 11).
    ``cards`` is ``merging.cards`` as it was then: whose saved cards the plan promised.

    ``reassigned``: the host was asked to move the absorbed record's rows, by this merge or by one on top of it, so an
    undo has them brought back. ``moved`` says how many of each table, all records absorbed at once together, ``left``
    which stayed; ``restored`` and ``not_restored`` say the same of the undo.
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
    cards: str = "survivors"
    contacts: tuple[ContactKey, ...] = ()
    refused: tuple[str, ...] = ()
    undone_at: datetime | None = None
    undone_by: str | None = None
    erased: bool = False
    reassigned: bool = False
    moved: Mapping[str, int] = field(factory=dict[str, int])
    left: tuple[str, ...] = ()
    restored: Mapping[str, int] = field(factory=dict[str, int])
    not_restored: tuple[str, ...] = ()


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
