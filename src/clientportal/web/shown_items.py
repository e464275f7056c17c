"""How an item of a platform's own section is shown without a page that was written for it: its fields, readably."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from attrs import fields, frozen, has

from clientportal.decisions import Because
from clientportal.values import Money, RecordRef, Secret, SectionItem
from clientportal.web.api_values import HIDDEN
from clientportal.web.languages import Words

__all__ = ["ShownItem", "as_words", "shown_item"]

_NAMES = ("name", "title", "label")


def as_words(name: str) -> str:
    """A name of the platform's as a heading: ``bought_at`` is "Bought at"."""
    spaced = name.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def _is_read(name: str) -> bool:
    return not name.startswith("_") and name not in HIDDEN


@frozen
class ShownItem:
    """One item as a page shows it: its id, what it is called, and the rest as (label, text)."""

    id: str
    title: str
    facts: tuple[tuple[str, str], ...]


def shown_item(item: SectionItem, section: str, words: Words, zone: str) -> ShownItem:
    """What a client reads of an item: never whose row it is, its version, or a secret.

    Labels are the host's texts ``section.<name>.<field>``, else the fields' own names. An instant is told in the zone
    that the item names (a field ``zone``), else in the business's.
    """
    named = getattr(item, "zone", None)
    reader = _Reader(section, words, named if isinstance(named, str) and named else zone)
    facts: list[tuple[str, str]] = []
    title = ""
    for one in fields(cast("Any", type(item))):
        if not _is_read(one.name) or one.name in ("id", "business", "zone"):
            continue
        text = reader.text(one.name, getattr(item, one.name))
        if not text:
            continue
        if one.name in _NAMES and not title:
            title = text
        else:
            facts.append((words.or_else(f"section.{section}.{one.name}", as_words(one.name)), text))
    if not title and facts:
        title = facts.pop(0)[1]
    return ShownItem(item.id, title or words.or_else(f"section.{section}", as_words(section)), tuple(facts))


@frozen
class _Reader:
    section: str
    words: Words
    zone: str

    def text(self, name: str, value: object) -> str:
        """A value in words; nothing, where there is none or nobody should read it."""
        match value:
            case None | Secret() | RecordRef() | Because():
                return ""
            case bool():
                return self.words("forms.yes" if value else "forms.no")
            case Enum():
                said = str(value.value)
                return self.words.or_else(f"section.{self.section}.{name}.{said}", as_words(said))
            case str():
                return value
            case Money():
                return self.words.money(value)
            case datetime():
                return self.words.moment(value, self.zone) if value.tzinfo is not None else ""
            case date():
                return self.words.day(value)
            case time():
                return value.isoformat("minutes")
            case int() | Decimal():
                return self.words.number(value)
            case _:
                return self._of_several(name, value)

    def _of_several(self, name: str, value: Any) -> str:
        if isinstance(value, Mapping):
            pairs = cast("Mapping[object, object]", value).items()
            said = [f"{key}: {text}" for key, one in pairs if (text := self.text(name, one))]
        elif isinstance(value, tuple | list):
            said = [text for one in cast("Sequence[object]", value) if (text := self.text(name, one))]
        elif isinstance(value, Set):
            said = sorted(text for one in cast("Set[object]", value) if (text := self.text(name, one)))
        elif has(cast("Any", type(value))):
            kind = cast("Any", type(value))
            said = [
                text
                for one in fields(kind)
                if _is_read(one.name) and (text := self.text(name, getattr(value, one.name)))
            ]
        else:
            return ""
        return ", ".join(said)
