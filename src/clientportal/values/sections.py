"""What a section of the portal is made of: typed items of a client, in pages, and what is asked to be written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, Self, TypeVar

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.clients import RecordRef
from clientportal.values.field_checks import one_of, text
from clientportal.values.holdings import HoldingKind
from clientportal.values.money import Money

__all__ = ["MAX_ITEM_ID", "SECTION_NAME", "Counted", "ItemPage", "SectionItem", "SectionWrite"]

T = TypeVar("T", covariant=True)

MAX_ITEM_ID = 200
"""No item has a longer id: longer text is no id of anything."""

SECTION_NAME = re.compile(r"[a-z][a-z_]{0,39}")
"""What a section, or an action of one, can be called: a word that policy, menu and address can use."""


def _some_text(instance: object, attribute: Any, value: Any) -> None:
    text(instance, attribute, value)
    if not 0 < len(value) <= MAX_ITEM_ID:
        raise InvalidInput(f"{type(instance).__name__}.id is text of 1 to {MAX_ITEM_ID} characters")


@frozen
class Counted:
    """As what an item is counted among what its record holds, and how much of it there is (``Holding``)."""

    kind: HoldingKind
    amount: Money | None = None
    credits: int | None = None


@frozen(kw_only=True)
class SectionItem:
    """One thing of one record: what every item of every section says of itself.

    ``id`` is the host's opaque name for it; ``ref`` whose it is. ``business`` names the one business of a franchise
    that it belongs to, and is empty where it belongs to all of them (or where there is only one). ``version`` is opaque
    and changes with every change. ``moved_from`` is the record that its row belonged to first, where the host has moved
    it to another since (capability ``reassign``).
    """

    id: str = field(validator=_some_text)
    ref: RecordRef = field(validator=one_of(RecordRef))
    business: str = field(default="", validator=text)
    version: str = field(default="", validator=text)
    moved_from: RecordRef | None = field(default=None, validator=one_of(RecordRef, type(None)))

    @property
    def listed_by(self) -> str:
        """Where it stands in its section, as text: the greatest comes first, ties by the greater id. The shipped hosts
        list by it; an adapter lists by the columns that it is made of.
        """
        return ""

    @property
    def counted_as(self) -> Counted | None:
        """As what the plan of a merge counts it; ``None`` for what is nothing that a record holds."""
        return None

    def as_shown(self) -> Self:
        """The item as its owner may see it: without what is between the platform and its payment provider."""
        return self

    def erased(self) -> Self | None:
        """What stays of it in the business's books once its owner is erased (X7): nothing personal. ``None``: it
        goes as a whole.
        """
        return None


@frozen
class ItemPage(Generic[T]):
    """One page of a section, newest first unless the section says otherwise; ``next`` is the cursor of the page after
    it, ``None`` at the end.
    """

    items: tuple[T, ...] = ()
    next: str | None = None


def _texts(_instance: object, _attribute: object, value: Mapping[str, Any]) -> None:
    for name, given in value.items():
        if not isinstance(given, str):
            raise InvalidInput(f"SectionWrite.fields holds text under every name; {name!r} is {type(given).__name__}")


@frozen(kw_only=True)
class SectionWrite:
    """One write of a section that the host is asked for.

    ``action`` is the section's own word for it. ``item`` is what it is about, ``None`` for something new; ``version``
    is the item's as it was decided on: a host checks it in its own statement and raises ``Conflict`` where it has
    changed. ``ref`` is the record whose it is, or will be; ``refs`` are all records of the client where one write is
    for all of them. ``fields`` are texts by name; ``amount`` is exact. ``business`` is the one business of a franchise
    that the item belongs to: of something new, the one at whose door it was asked for.
    """

    section: str = field(validator=text)
    action: str = field(validator=text)
    ref: RecordRef = field(validator=one_of(RecordRef))
    refs: tuple[RecordRef, ...] = ()
    item: str | None = None
    version: str = field(default="", validator=text)
    fields: Mapping[str, str] = field(factory=dict[str, str], validator=_texts, repr=False, hash=False)
    amount: Money | None = None
    business: str = field(default="", validator=text)
