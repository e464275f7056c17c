"""What the staff's door gives back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from clientportal.outcomes.clients import ChangeTerms
from clientportal.values import ContactKind, MatchKey, RecordRef

__all__ = [
    "AuditLine",
    "ChangeExplained",
    "ContactExplained",
    "Difference",
    "DifferenceKind",
    "DuplicateGroup",
    "Duplicates",
    "Evidence",
    "KeptApart",
    "OutboxLine",
]


class KeptApart(StrEnum):
    """Why two records that agree on something are not shown as one person."""

    VETOED = "vetoed"
    """A fact that both have and that rules it out differs (``matching.vetoes``)."""
    DISMISSED = "dismissed"
    """Staff have said that they are two people."""
    ACROSS = "across"
    """Joined, they would put two others into one group who are kept apart."""


@frozen(kw_only=True)
class Evidence:
    """Why two records look like one person, or why they do not.

    * ``first``, ``second``: the records, in this order.
    * ``shared``: contacts and custom values that both have and that say something (X4), in order.
    * ``silent``: such as both have and that say nothing here: the number of a household, used under names that are not
      alike.
    * ``names_alike``: 0 to 1; ``None`` where a name is missing or names do not count.
    * ``agreeing``: fact -> the points that it brought; ``score`` is their sum.
    * ``differing``: the facts that both have, that count, and that are not the same.
    * ``vetoed_by``: those of them that rule the pair out.
    * ``apart``: why this is no link, ``None`` for one; ``between`` are the two that the link would have put into one
      group although ``between_by`` (``dismissed``, or a fact that rules it out) keeps them apart.
    """

    first: RecordRef
    second: RecordRef
    shared: tuple[MatchKey, ...] = ()
    silent: tuple[MatchKey, ...] = ()
    names_alike: float | None = None
    agreeing: tuple[tuple[str, float], ...] = ()
    differing: tuple[str, ...] = ()
    score: float = 0.0
    vetoed_by: tuple[str, ...] = ()
    apart: KeptApart | None = None
    between: tuple[RecordRef, RecordRef] | None = None
    between_by: str = ""

    def __str__(self) -> str:
        """As in ``client:1 and client:2: same mobile +64215550142, names alike 0.93, different birthdays: vetoed``."""
        said = [f"same {_told(key)}" for key in self.shared if key.contact is not None]
        said += [f"{_told(key)} is used under other names" for key in self.silent]
        if self.names_alike is not None:
            said.append(f"names {'unlike' if 'name' in self.differing else 'alike'} {self.names_alike:.2f}")
        said += [f"same {_fact(name)}" for name, _ in self.agreeing if name not in _SAID]
        said += [f"different {_facts(name)}" for name in self.differing if name not in _SAID]
        return f"{self.first} and {self.second}: {', '.join(said)}{self._verdict()}"

    def _verdict(self) -> str:
        if self.apart is KeptApart.VETOED:
            return ": vetoed"
        if self.apart is KeptApart.DISMISSED:
            return ": staff have called them no duplicates"
        if self.between is None:
            return ""
        first, second = self.between
        why = "staff have told apart" if self.between_by == "dismissed" else f"have different {_facts(self.between_by)}"
        return f": would join {first} and {second}, which {why}"

    @property
    def reckoning(self) -> str:
        """How the score came about: ``email 1.00 + name 0.46 = 1.46``."""
        parts = [f"{name} {points:.2f}" for name, points in self.agreeing if points]
        return f"{' + '.join(parts) or 'nothing'} = {self.score:.2f}"


_SAID = frozenset({*(kind.value for kind in ContactKind), "name"})
"""The facts that are said with their value or with a number."""


def _fact(name: str) -> str:
    return name.removeprefix("custom.")


def _told(key: MatchKey) -> str:
    """A contact is told in full; what else a client has given the platform is theirs, and only named."""
    return f"{_fact(key.kind)} {key.value}" if key.contact is not None else _fact(key.kind)


def _facts(name: str) -> str:
    return "birthdays" if name == "birthday" else _fact(name)


@frozen
class DuplicateGroup:
    """Records that look like one person, by transitive closure over the links between them.

    * ``evidence``: every link between two of them.
    * ``weakest``: the weakest link that the group needs to hold together: without links like it, it falls apart.
    * ``blocked``: pairs with one of them that agree on something and are no link, each with why.
    """

    refs: tuple[RecordRef, ...]
    names: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    weakest: Evidence
    blocked: tuple[Evidence, ...] = ()


@frozen
class Duplicates:
    """One page of the duplicate report."""

    groups: tuple[DuplicateGroup, ...]
    next: str | None = None


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
    """One message, as staff may see it: no text, no code. ``by`` is the channel that it was last sent by, if any."""

    id: str
    kind: str
    state: str
    tries: int
    created_at: datetime
    note: str
    by: str = ""
