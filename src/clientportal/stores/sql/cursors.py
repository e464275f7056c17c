"""Paging cursors: a place in one list, opaque to whoever hands it back."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, TypeGuard

from clientportal.errors import InvalidCursor
from clientportal.stores.sql.tables import MOST, storable

__all__ = ["read_cursor", "write_cursor"]

_CHECK = 8


def _check(scope: Sequence[str], body: bytes) -> bytes:
    return blake2b(json.dumps(list(scope)).encode() + b"\n" + body, digest_size=_CHECK).digest()


def write_cursor(scope: Sequence[str], place: Sequence[str | int]) -> str:
    """A cursor that goes on after ``place``; ``scope`` names the list, so that no other list takes it."""
    body = json.dumps(list(place)).encode()
    return base64.urlsafe_b64encode(_check(scope, body) + body).decode().rstrip("=")


def read_cursor(scope: Sequence[str], cursor: str, types: Sequence[type]) -> list[Any]:
    """The place, whose parts are of those types; raises ``InvalidCursor`` for one that was cut, changed or made up.

    The check is against mistakes, not against forgery: a place leads nowhere that the list's own filter does not.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeError, binascii.Error, ValueError) as error:
        raise InvalidCursor("this is not a cursor that this list handed out") from error
    check, body = raw[:_CHECK], raw[_CHECK:]
    if check != _check(scope, body):
        raise InvalidCursor("this cursor was changed, or belongs to another list")
    try:
        place: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidCursor("this is not a cursor that this list handed out") from error
    if (
        not _is_list(place)
        or len(place) != len(types)
        or not all(_fits(part, kind) for part, kind in zip(place, types, strict=True))
    ):
        raise InvalidCursor("this is not a cursor that this list handed out")
    return place


def _is_list(place: object) -> TypeGuard[list[Any]]:
    return isinstance(place, list)


def _fits(part: object, kind: type) -> bool:
    if isinstance(part, int):
        return kind is int and type(part) is int and abs(part) <= MOST
    return kind is str and isinstance(part, str) and storable(part)
