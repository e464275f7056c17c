"""What the staff's door gives back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from clientportal.outcomes.clients import ChangeTerms
from clientportal.values import ContactKey, ContactKind, RecordRef

__all__ = [
    "AuditLine",
    "ChangeExplained",
    "ContactExplained",
    "Difference",
    "DifferenceKind",
    "DuplicateGroup",
    "Duplicates",
    "Evidence",
    "FieldChoice",
    "MergePlan",
    "Merged",
    "OutboxLine",
    "Source",
    "Undone",
]


@frozen
class Evidence:
    """Why two records look like one person."""

    key: ContactKey
    first: RecordRef
    second: RecordRef

    def __str__(self) -> str:
        word = {ContactKind.EMAIL: "email", ContactKind.MOBILE: "mobile", ContactKind.PHONE: "phone"}[self.key.kind]
        return f"{self.first} and {self.second} share the {word} {self.key.value}"


@frozen
class DuplicateGroup:
    """Records that look like one person, by transitive closure over shared contacts.

    ``blocked`` are links that staff have dismissed, or that would join two dismissed records.
    """

    refs: tuple[RecordRef, ...]
    names: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    blocked: tuple[Evidence, ...] = ()


@frozen
class Duplicates:
    """One page of the duplicate report."""

    groups: tuple[DuplicateGroup, ...]
    next: str | None = None


@frozen
class Source:
    """One candidate for a field: the value, and the record it comes from."""

    ref: RecordRef
    value: str


@frozen
class FieldChoice:
    """What a merged client shows in one field, from which record, by which rule, and what else there was.

    ``alike`` says that all the others are only other spellings of the same number or address.
    """

    field: str
    value: str | None
    source: RecordRef | None
    rule: str
    others: tuple[Source, ...] = ()
    alike: bool = False

    @property
    def conflict(self) -> bool:
        """Whether another record says something else, and not only in another spelling."""
        return not self.alike and any(other.value != self.value for other in self.others)


@frozen
class MergePlan:
    """What a merge would do, before it does it."""

    survivor: RecordRef
    absorbed: tuple[RecordRef, ...]
    fields: tuple[FieldChoice, ...]
    appointments: Mapping[str, int]
    evidence: tuple[str, ...] = ()

    @property
    def conflicts(self) -> tuple[FieldChoice, ...]:
        """The fields where the records disagree."""
        return tuple(choice for choice in self.fields if choice.conflict)


@frozen
class Merged:
    """A merge that was made. ``merges`` are the journal entries, one per absorbed record: each can be undone."""

    survivor: RecordRef
    merges: tuple[str, ...]
    plan: MergePlan


@frozen
class Undone:
    """A merge that was taken back: ``absorbed`` stands by itself again, as if it had never been merged."""

    survivor: RecordRef
    absorbed: RecordRef


@frozen
class ContactExplained:
    """Which record a contact finds, and why."""

    contact: str
    record: RecordRef | None
    because: str


@frozen
class AuditLine:
    """One line of the audit: who did what, on whom, why, and how it ended. ``at`` is aware UTC."""

    at: datetime
    actor: str
    action: str
    subject: str
    outcome: str
    because: str
    reason: str


@frozen
class ChangeExplained:
    """What the client may do with one appointment right now, and the reasons in full, one per kind of change."""

    terms: ChangeTerms
    because: dict[str, str] = field(factory=dict[str, str])


class DifferenceKind(StrEnum):
    """What a difference is about."""

    LOGIN = "login"
    """Which record a contact opens."""
    CANCEL = "cancel"
    MOVE = "move"
    REBOOK = "rebook"


@frozen
class Difference:
    """One thing that one client would gain or lose. ``subject`` is a masked contact or an appointment id."""

    kind: DifferenceKind
    ref: RecordRef
    subject: str
    before: str
    after: str

    @property
    def gain(self) -> bool:
        """Whether the client may do more afterwards."""
        return self.before.startswith("no") and not self.after.startswith("no")


@frozen
class OutboxLine:
    """One message, as staff may see it: no text, no code."""

    id: str
    kind: str
    state: str
    tries: int
    created_at: datetime
    note: str
