"""Examples in words: a record, a person, a value, as they are named in the text of a broken law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from clientportal.rules.whose_contact import Candidate
from clientportal.values import CLIENT_FIELDS, ClientRecord

__all__ = [
    "field_words",
    "record_words",
    "ref_or_none",
    "refs_words",
    "said",
    "speaks",
    "tell_people",
    "tell_records",
    "value_words",
]


def said(record: ClientRecord, name: str) -> str | None:
    """What a record says in one field, as text; empty text says nothing."""
    value = getattr(record, name)
    return None if value is None else str(value) or None


def speaks(record: ClientRecord, name: str) -> bool:
    """Whether a record has a say in a field: it has a value, or it was cleared on purpose."""
    return said(record, name) is not None or name in record.cleared


def field_words(name: str) -> str:
    """``the first name``."""
    return "the " + name.replace("_", " ")


def value_words(value: object, ref: object) -> str:
    """A shown value and whose it is."""
    if ref is None:
        return "empty"
    return f"{'cleared' if value is None else repr(value)} (from {ref})"


def ref_or_none(record: ClientRecord | None) -> str:
    """Which record was chosen."""
    return "none" if record is None else str(record.ref)


def refs_words(records: Iterable[ClientRecord]) -> str:
    """Which records, in their order."""
    return ", ".join(str(record.ref) for record in records)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def record_words(record: ClientRecord) -> str:
    """One record: when it was made, what it says, and when that was changed."""
    parts = [f"made {_at(record.created_at)}"]
    if record.last_booked_at is not None:
        parts.append(f"last booked {_at(record.last_booked_at)}")
    changed = record.changed_at or {}
    for name in CLIENT_FIELDS:
        if speaks(record, name):
            text, when = said(record, name), changed.get(name)
            suffix = f" (changed {_at(when)})" if when else ""
            parts.append(f"{name.replace('_', ' ')} {'cleared' if text is None else repr(text)}{suffix}")
    parts.extend(f"{name} {value!r}" for name, value in sorted(record.custom.items()))
    return f"{record.ref}: {', '.join(parts)}"


def tell_records(records: Sequence[ClientRecord]) -> list[str]:
    """One line for each record."""
    return [record_words(record) for record in records]


def tell_people(people: Sequence[Candidate]) -> list[str]:
    """One line for each person's speaking record, and one for each record that was merged into it."""
    lines: list[str] = []
    for one in people:
        lines.append(record_words(one.speaker) + ("" if one.speaker.usable else ", not usable"))
        absorbed = (member for member in one.members if member.ref != one.ref)
        lines.extend(f"  merged into it: {record_words(member)}" for member in absorbed)
    return lines
