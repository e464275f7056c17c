"""What keeping the portal going gives back: the pump, the walk over the contacts."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from clientportal.values import ContactKind, RecordRef

__all__ = [
    "Delivered",
    "Purged",
    "Unreadable",
    "WalkReport",
]


@frozen
class Delivered:
    """What one run of the pump did. ``abandoned`` messages are listed by ``staff.outbox()`` until they are purged."""

    sent: int = 0
    dropped: int = 0
    put_off: int = 0
    abandoned: int = 0
    finished: int = 0


@frozen
class Purged:
    """What has been forgotten, by kind: ``sessions``, ``login_codes``, ``messages``, …; after every batch to
    ``progress``, and at the end.
    """

    kinds: Mapping[str, int] = field(factory=dict[str, int])

    @property
    def records(self) -> int:
        """All of them."""
        return sum(self.kinds.values())


@frozen
class Unreadable:
    """A contact in the host's tables that is none: which record, which field, what is wrong; never the text itself."""

    ref: RecordRef
    field: ContactKind
    problem: str


@frozen
class WalkReport:
    """How far the walk has come: after every batch to ``progress``, and at the end.

    ``unreadable`` lists the first thousand; ``unreadable_count`` counts all. ``shared`` is how many contacts two
    records or more have (filled at the end): who would match whom is the duplicate report's business.
    """

    records: int
    contacts: int
    unreadable_count: int
    unreadable: tuple[Unreadable, ...] = field(default=(), repr=False)
    shared: int = 0
    finished: bool = False
