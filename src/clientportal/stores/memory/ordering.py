"""The one order that every store lists records in, and the cursors that stand in it.

A record's place under a key is its key attributes as they are (text by code points, numbers, instants), then its id.
An absent attribute comes first. SQL stores say the same with binary collation and ``NULLS FIRST``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, get_args, get_type_hints

from clientportal.errors import InvalidCursor
from clientportal.records import Stored

__all__ = ["Place", "place_of", "place_of_id", "read_cursor", "text_of", "typed_prefix", "write_cursor"]

Place = tuple[Any, ...]
"""One ``(0, "")`` (absent) or ``(1, value)`` per key attribute, then the id: comparable within one key."""

_CHECK = 8


def _part(value: object) -> tuple[int, Any]:
    return (0, "") if value is None else (1, value)


def place_of(record: Stored, attributes: Sequence[str]) -> Place:
    """Where a record stands under a key made of those attributes."""
    return (*(_part(getattr(record, name)) for name in attributes), record.id)


def place_of_id(place: Place) -> str:
    """The id that a place ends with."""
    id: str = place[-1]
    return id


@lru_cache(maxsize=256)
def _attribute_types(kind: type[Stored], attribute: str) -> tuple[type, ...]:
    hint = get_type_hints(kind)[attribute]
    return get_args(hint) or (hint,)


def text_of(value: object) -> str:
    """A key's value as the text that ``find`` takes and ``collisions`` gives."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def typed_prefix(kind: type[Stored], attributes: Sequence[str], values: Sequence[str]) -> Place | None:
    """Those texts as the leading attributes hold them; ``None`` where no record could ever hold one of them."""
    parts: list[tuple[int, Any]] = []
    for attribute, text in zip(attributes, values, strict=False):
        types = _attribute_types(kind, attribute)
        value: Any = text
        try:
            if int in types:
                value = int(text)
            elif datetime in types:
                value = datetime.fromisoformat(text)
        except ValueError:
            return None
        # int() reads " 7" and "٧" as 7; a key has one spelling only.
        if text_of(value) != text:
            return None
        parts.append((1, value))
    return tuple(parts)


def _check(scope: Sequence[str], body: bytes) -> bytes:
    return hashlib.sha256(json.dumps(list(scope)).encode() + b"\n" + body).digest()[:_CHECK]


def write_cursor(scope: Sequence[str], place: Place) -> str:
    """A cursor that continues after ``place``; ``scope`` names the list, so that no other list takes it."""
    body = json.dumps([_plain(part) for part in place]).encode()
    return base64.urlsafe_b64encode(_check(scope, body) + body).decode()


def read_cursor(scope: Sequence[str], cursor: str) -> Place:
    """The place that a cursor stands for; raises ``InvalidCursor`` for one that was cut, changed or made elsewhere."""
    try:
        raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeError, binascii.Error, ValueError) as error:
        raise InvalidCursor("this is not a cursor that this list handed out") from error
    check, body = raw[:_CHECK], raw[_CHECK:]
    if check != _check(scope, body):
        raise InvalidCursor("this cursor was changed, or belongs to another list")
    return tuple(_restored(part) for part in json.loads(body))


def _plain(part: Any) -> Any:
    if isinstance(part, str):
        return part
    value = part[1]
    return ["t", value.isoformat()] if isinstance(value, datetime) else [part[0], value]


def _restored(part: Any) -> Any:
    if isinstance(part, str):
        return part
    mark, value = part
    return (1, datetime.fromisoformat(value)) if mark == "t" else (mark, value)
