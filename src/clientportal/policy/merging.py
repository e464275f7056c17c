"""What a merged client shows, and what becomes of what its records own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import gt, instance_of

from clientportal.errors import PolicyError
from clientportal.values import CLIENT_FIELDS

__all__ = ["MergePolicy", "MergedCards", "Survivorship"]


class Survivorship(StrEnum):
    """Which of several records' values a merged client shows. Every rule is total: ties fall to (value, time, id)."""

    MOST_RECENT = "most_recent"
    """The value changed last; where the host does not say when, the newest record's."""
    OLDEST = "oldest"
    """The value of the record that was there first."""
    MOST_COMPLETE = "most_complete"
    """The longest value."""


class MergedCards(StrEnum):
    """Whose saved cards a merged client has: a card is a way to pay, and one person's is not another's (law 11)."""

    SURVIVORS = "survivors"
    """The survivor's alone; the plan lists the others, which their own records keep."""
    ALL = "all"
    """Those of every record."""


def _survivorship(value: Mapping[str, str | Survivorship]) -> Mapping[str, Survivorship]:
    for name in value:
        if name not in CLIENT_FIELDS:
            raise PolicyError(
                f"merging.survivorship: there is no field {name!r}; choose from {', '.join(CLIENT_FIELDS)}",
                ("merging.survivorship",),
            )
    return {name: Survivorship(value.get(name, Survivorship.MOST_RECENT)) for name in CLIENT_FIELDS}


@frozen(kw_only=True)
class MergePolicy:
    """Merging.

    * ``survivorship``: field -> which of the records' values is shown.
    * ``cards``: whose saved cards a merged client has.
    * ``reassign``: whether the host moves the absorbed record's rows as well (capability ``reassign``); clients see
      the same with and without it.
    * ``undo_for``: how long a merge can be taken back.
    """

    survivorship: Mapping[str, Survivorship] = field(factory=dict[str, Survivorship], converter=_survivorship)
    cards: MergedCards = field(default=MergedCards.SURVIVORS, converter=MergedCards)
    reassign: bool = field(default=False, validator=instance_of(bool))
    undo_for: timedelta = field(default=timedelta(days=30), validator=gt(timedelta(0)))
