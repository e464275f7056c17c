"""Records to JSON text and back, exactly: what is read equals what was written.

Instants are UTC in a fixed width with microseconds, so that their text sorts as they do; money is decimal text. JSON
is written in ASCII, so that any text that Python can hold survives, including what PostgreSQL refuses in a column.

While a release is rolled out, processes of the one before go on working beside it. A record that such a process
changes keeps what the newer one has stored in it, at any depth: whatever is not changed is written back as it stood
(:class:`AsRead`). What it cannot read at all, such as a kind of message that it has never heard of, is a
``StoreError``.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from cattrs import BaseValidationError, Converter

from clientportal.errors import StoreError
from clientportal.records import Stored
from clientportal.values import Address, ClientChange, ContactKey, FieldValue, RecordRef, Secret
from clientportal.values.instants import as_utc

__all__ = ["AsRead", "from_body", "item_from_body", "item_to_body", "instant_from_text", "instant_text", "to_body"]

R = TypeVar("R", bound=Stored)
I = TypeVar("I")  # noqa: E741


def instant_text(instant: datetime) -> str:
    """An instant as columns and bodies hold it: ``2026-11-21T09:30:00.000000+00:00``."""
    return as_utc(instant).isoformat(timespec="microseconds")


def instant_from_text(text: str) -> datetime:
    """Read back what :func:`instant_text` wrote."""
    return datetime.fromisoformat(text)


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(datetime, instant_text)
    converter.register_structure_hook(datetime, lambda text, _: instant_from_text(text))
    # Days, seconds and microseconds apart: seconds as a float would lose the last digits of a long duration.
    converter.register_unstructure_hook(timedelta, lambda span: [span.days, span.seconds, span.microseconds])
    converter.register_structure_hook(timedelta, lambda parts, _: timedelta(*parts))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(RecordRef, str)
    converter.register_structure_hook(RecordRef, lambda text, _: RecordRef.parse(text))
    converter.register_unstructure_hook(ContactKey, str)
    converter.register_structure_hook(ContactKey, lambda text, _: ContactKey.parse(text))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))

    # A changed field of a client: nothing, text, an address with its parts, or, by its name alone, a day.
    def changed(name: str, value: Any) -> FieldValue:
        if isinstance(value, dict):
            return converter.structure(value, Address)
        return date.fromisoformat(value) if name == "birthday" and value else value

    def change(parts: dict[str, Any], _: object) -> ClientChange:
        fields = {name: changed(name, value) for name, value in parts["fields"].items()}
        return ClientChange(parts["version"], fields, parts["custom"])

    converter.register_structure_hook(ClientChange, change)
    # A store is where a password hash is meant to be; nowhere else is it taken out of its wrapper.
    converter.register_unstructure_hook(Secret, lambda secret: secret.reveal())
    converter.register_structure_hook(Secret, lambda text, _: Secret(text))
    return converter


_CONVERTER = _converter()


class AsRead(NamedTuple):
    """A record, or an item, as it was read, and the text that it was read from: what a change of it must not lose."""

    record: Any
    body: str


def to_body(record: Stored, before: AsRead | None = None) -> str:
    """The whole record but its version, which is a column of its own; with ``before``, whatever that held besides."""
    parts: dict[str, Any] = _CONVERTER.unstructure(record)
    if before is not None:
        _keep(record, parts, before)
    del parts["version"]
    return json.dumps(parts, separators=(",", ":"))


def _keep(record: Any, parts: dict[str, Any], before: AsRead) -> None:
    """Put into ``parts`` what stood in the text and is not this record's to change.

    That is a field which this library does not know, and every value with fields of its own that is still the one that
    was read. One that was replaced is replaced whole: what a newer library knew of another appointment is not true of
    this one.
    """
    stood: dict[str, Any] = json.loads(before.body)
    read: dict[str, Any] | None = None
    for name, value in stood.items():
        if name not in parts:
            parts[name] = value
        elif isinstance(value, dict | list) and value:
            if getattr(record, name) is not getattr(before.record, name):
                if read is None:
                    read = dict(_CONVERTER.unstructure(before.record))
                if parts[name] != read[name]:
                    continue
            parts[name] = value


def from_body(kind: type[R], version: int, body: str) -> R:
    """The record that was stored, with the version it has now."""
    parts: dict[str, Any] = json.loads(body)
    parts["version"] = version
    try:
        return _CONVERTER.structure(parts, kind)
    except (BaseValidationError, ValueError, TypeError, KeyError, ArithmeticError):
        # The cause would quote the body.
        raise StoreError(
            f"{kind.TABLE}: a record holds something that this version of clientportal cannot read; a later one has "
            "written it: let this process make room for one of that version"
        ) from None


def item_to_body(item: Any, before: AsRead | None = None) -> str:
    """An item of a section, whole; with ``before``, whatever that held besides."""
    parts: dict[str, Any] = _CONVERTER.unstructure(item)
    if before is not None:
        _keep(item, parts, before)
    return json.dumps(parts, separators=(",", ":"))


def item_from_body(kind: type[I], body: str) -> I:
    """The item that was stored."""
    return _CONVERTER.structure(json.loads(body), kind)
