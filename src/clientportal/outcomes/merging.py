"""What a merge shows, takes over and leaves behind, value by value with where each comes from."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from clientportal.outcomes.staff import Evidence
from clientportal.values import Holding, HoldingKind, Money, RecordRef

__all__ = [
    "ConsentChoice",
    "FieldChoice",
    "HoldingSum",
    "Holdings",
    "MergePlan",
    "Merged",
    "Part",
    "PlannedLogin",
    "Source",
    "Undone",
]


@frozen
class Source:
    """One candidate for a field: the value, and the record it comes from."""

    ref: RecordRef
    value: str


@frozen
class Part:
    """One part of a value that was put together, and every record that says it."""

    value: str
    sources: tuple[RecordRef, ...]


@frozen
class FieldChoice:
    """What a merged client shows in one field, from which record, by which rule, and what else there was.

    * ``source``: the record that says exactly this; ``None`` where nobody says anything, and where the value was put
      together (rule ``union``): ``parts`` then tell which record each part is from.
    * ``alike`` says that all the others are only other spellings of the same number or address.
    * ``instead_of``: the rule by which this would be decided if it were still there: one that your platform has
      registered no longer, or that this version does not know for this field.
    """

    field: str
    value: str | None
    source: RecordRef | None
    rule: str
    others: tuple[Source, ...] = ()
    alike: bool = False
    parts: tuple[Part, ...] = ()
    instead_of: str = ""

    @property
    def conflict(self) -> bool:
        """Whether another record says something else, and not only in another spelling."""
        return not self.alike and any(other.value != (self.value or "") for other in self.others)


@frozen
class ConsentChoice:
    """What a merged client has agreed to: the strictest answer of all records (law 11).

    ``sources`` are the records that give that answer, ``others`` those that give the other one; a record that was
    never asked is in neither. An absorbed record whose row the platform has deleted goes on saying the "no" that it
    said when it was merged.
    """

    name: str
    given: bool
    sources: tuple[RecordRef, ...]
    others: tuple[RecordRef, ...] = ()


@frozen
class HoldingSum:
    """How many things of one kind there are together, and their sum in one currency."""

    kind: HoldingKind
    count: int
    amount: Money | None = None
    credits: int | None = None


@frozen
class Holdings:
    """What the records hold besides appointments, as the platform counts it.

    * ``each``: record by record.
    * ``together``: what the merged client has, per kind and currency; sums are exact.
    * ``left``: what stays with its own record alone. ``together`` and ``left`` are ``each``, to the cent (law 7).
    """

    each: tuple[Holding, ...]
    together: tuple[HoldingSum, ...]
    left: tuple[Holding, ...] = ()


@frozen
class PlannedLogin:
    """One account that leads to the merged client afterwards. ``address`` is masked; ``refs`` are the records that it
    is linked to, or whose email it has proved. Merging records joins no passwords and ends no session.
    """

    account: str
    address: str
    refs: tuple[RecordRef, ...]
    sees: RecordRef

    def __str__(self) -> str:
        linked = ", ".join(map(str, self.refs))
        return (
            f"account {self.account} ({self.address}) leads to {linked}: it keeps its own password and its sessions, "
            f"and sees {self.sees} with every record merged into it"
        )


@frozen
class MergePlan:
    """What a merge would do, before it does it; equal to what it does, where nothing changes meanwhile (law 14).

    * ``fields``: the six that a client may see; ``internal``: notes, birthday and custom fields, for staff alone.
    * ``consents``: the strictest answer of all. Neither is there for staff without ``SEE_CLIENTS``, nor what
      ``left_behind`` says of it: only the profile shows it.
    * ``evidence``: what the records agree on and where they differ, pair by pair, as the duplicate report has it.
    * ``appointments``: how many each group brings, up to a hundred past and a hundred to come.
    * ``holdings``: ``None`` where the platform does not say what its records hold.
    * ``cards``: the records whose saved cards the client has afterwards (``merging.cards``).
    * ``logins``: the accounts that lead to the client afterwards.
    * ``left_behind``: in words, what the survivor does not take over (law 7).
    * ``remarks``: in words, what else is worth knowing before it is done.
    """

    survivor: RecordRef
    absorbed: tuple[RecordRef, ...]
    fields: tuple[FieldChoice, ...]
    appointments: Mapping[str, int]
    evidence: tuple[Evidence, ...] = ()
    internal: tuple[FieldChoice, ...] = field(default=(), repr=False)
    consents: tuple[ConsentChoice, ...] = ()
    holdings: Holdings | None = None
    cards: tuple[RecordRef, ...] = ()
    logins: tuple[PlannedLogin, ...] = ()
    left_behind: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def conflicts(self) -> tuple[FieldChoice, ...]:
        """The fields where the records disagree."""
        return tuple(choice for choice in (*self.fields, *self.internal) if choice.conflict)


@frozen
class Merged:
    """A merge that was made. ``merges`` are the journal entries, one per absorbed record: each can be undone.

    What the client shows now is what ``plan_merge`` has shown, and what ``client`` shows.

    Where the platform moves rows as well (``merging.reassign``): ``moved`` says how many of each of its tables,
    ``left`` names those that stayed, in its words; ``under_way`` says that it has been asked and has not answered yet.
    """

    survivor: RecordRef
    merges: tuple[str, ...]
    moved: Mapping[str, int] = field(factory=dict[str, int], hash=False)
    left: tuple[str, ...] = ()
    under_way: bool = False


@frozen
class Undone:
    """A merge that was taken back: ``absorbed`` stands by itself again, as if it had never been merged.

    ``moved`` says how many rows of each of the platform's tables came back, ``left`` which could not.
    """

    survivor: RecordRef
    absorbed: RecordRef
    moved: Mapping[str, int] = field(factory=dict[str, int], hash=False)
    left: tuple[str, ...] = ()
