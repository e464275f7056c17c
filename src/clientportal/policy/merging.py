"""What a merged client shows, and what becomes of what its records own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import gt, instance_of

from clientportal.errors import PolicyError
from clientportal.policy.client_fields import CUSTOM
from clientportal.values import STAFF_FIELDS, ContactKind

__all__ = ["MERGED_FIELDS", "MergePolicy", "MergedCards", "Survivorship", "is_merged_field", "rules_for", "usual_rule"]

MERGED_FIELDS = STAFF_FIELDS
"""The fields that a merge decides for every client; custom ones, ``custom.<name>``, come after them."""


class Survivorship(StrEnum):
    """Which of several records' values a merged client shows. Every rule is total: ties fall to (time, value, id)."""

    MOST_RECENT = "most_recent"
    """The value changed last; where the host does not say when, the newest record's."""
    OLDEST = "oldest"
    """The value of the record that was there first."""
    MOST_COMPLETE = "most_complete"
    """The longest value."""
    VERIFIED = "verified"
    """The contact that was proved last (by a code or a link); where none ever was, the most recent. For contacts."""
    UNION = "union"
    """Every distinct part of every record's text, the oldest first. For notes and custom fields."""


class MergedCards(StrEnum):
    """Whose saved cards a merged client has: a card is a way to pay, and one person's is not another's (law 11)."""

    SURVIVORS = "survivors"
    """The survivor's alone; the plan lists the others, which their own records keep."""
    ALL = "all"
    """Those of every record."""


_EVERYWHERE = (Survivorship.MOST_RECENT, Survivorship.OLDEST)


def rules_for(name: str) -> tuple[Survivorship, ...]:
    """The rules that a field can be decided by: only a contact is ever proved, and only texts can be put together."""
    if name in tuple(ContactKind):
        return (*_EVERYWHERE, Survivorship.MOST_COMPLETE, Survivorship.VERIFIED)
    if name == "notes" or name.startswith(CUSTOM):
        return (*_EVERYWHERE, Survivorship.MOST_COMPLETE, Survivorship.UNION)
    return _EVERYWHERE if name == "birthday" else (*_EVERYWHERE, Survivorship.MOST_COMPLETE)


def usual_rule(name: str) -> Survivorship:
    """The rule of a field that nobody has chosen one for: what staff wrote down about somebody is never hidden."""
    return Survivorship.UNION if name == "notes" else Survivorship.MOST_RECENT


_HERE = "merging.survivorship"


def is_merged_field(name: str) -> bool:
    """Whether there is such a field to be decided."""
    return name in MERGED_FIELDS or (name.startswith(CUSTOM) and len(name) > len(CUSTOM))


def _survivorship(value: Mapping[str, str | Survivorship]) -> Mapping[str, Survivorship]:
    for name, rule in value.items():
        if not is_merged_field(name):
            raise PolicyError(
                f"{_HERE}: there is no field {name!r}; choose from {', '.join(MERGED_FIELDS)}, {CUSTOM}<field>",
                (_HERE,),
            )
        if rule in tuple(Survivorship) and rule not in rules_for(name):
            allowed = ", ".join(rules_for(name))
            raise PolicyError(
                f"{_HERE}: {name} cannot be decided by {rule!s}, {_WHY[rule]}; choose from {allowed}", (_HERE,)
            )
    custom = sorted(name for name in value if name not in MERGED_FIELDS)
    return {name: Survivorship(value.get(name, usual_rule(name))) for name in (*MERGED_FIELDS, *custom)}


_WHY: Mapping[str, str] = {
    Survivorship.VERIFIED: "for only a mobile, a phone or an email is ever proved",
    Survivorship.UNION: "for two of them put together are neither one",
    Survivorship.MOST_COMPLETE: "for one day is as long as another",
}


@frozen(kw_only=True)
class MergePolicy:
    """Merging.

    * ``survivorship``: field -> which of the records' values is shown: the six of a client, ``notes`` (by default the
      ``union``), ``birthday``, ``custom.<field>``. Consents are no field: the strictest answer holds (law 11).
    * ``cards``: whose saved cards a merged client has.
    * ``reassign``: whether the host moves the absorbed record's rows as well (capability ``reassign``); clients see
      the same with and without it.
    * ``undo_for``: how long a merge can be taken back.
    """

    survivorship: Mapping[str, Survivorship] = field(factory=dict[str, Survivorship], converter=_survivorship)
    cards: MergedCards = field(default=MergedCards.SURVIVORS, converter=MergedCards)
    reassign: bool = field(default=False, validator=instance_of(bool))
    undo_for: timedelta = field(default=timedelta(days=30), validator=gt(timedelta(0)))
