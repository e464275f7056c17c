"""What another policy would change about the search for duplicates."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from clientportal.values import RecordRef

__all__ = ["Rehearsed", "RehearsedKind"]


class RehearsedKind(StrEnum):
    """What a line of a rehearsal is about."""

    KEYS = "keys"
    """A record would be found by other contacts, or searched for duplicates by other facts."""
    READABLE = "readable"
    """A contact that cannot be read today could be."""
    UNREADABLE = "unreadable"
    """A contact that can be read today could not be."""
    FORMS = "forms"
    """A group that nobody sees today."""
    CHANGES = "changes"
    """A group that would be larger, smaller, or made of others; ``before`` are the groups of its records today."""
    FALLS_APART = "falls_apart"
    """A group of today, of which no two would be shown together."""


@frozen
class Rehearsed:
    """One thing that would be different. ``refs`` is the one record, or the group.

    ``before`` and ``after``: of a record the keys that it would lose and get (``mobile:+6421…``), of a contact the
    field and the problem with it, of a group the groups that there are and would be, each as its records.
    """

    kind: RehearsedKind
    refs: tuple[RecordRef, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
