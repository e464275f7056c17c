"""Instants and wall clocks: everything that is stored or compared is aware UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import quoted

__all__ = ["as_utc", "as_utc_or_none", "in_zone", "is_zone", "sortable", "zone"]


def as_utc(value: datetime) -> datetime:
    """Turn an aware instant into UTC; a naive one is refused, because its meaning would be a guess."""
    if not isinstance(value, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(f"an aware datetime is needed, not {type(value).__name__}")
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidInput("an aware datetime is needed: this one has no time zone (attach the zone, or UTC)")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(f"{value.isoformat()} lies outside of the calendar: years are 1 to 9999 in UTC") from error


def as_utc_or_none(value: datetime | None) -> datetime | None:
    """The same for a field that may be absent."""
    return None if value is None else as_utc(value)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name, such as ``Pacific/Auckland``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(f"{quoted(name)} is not an IANA time zone such as 'Pacific/Auckland'") from error


def is_zone(_instance: object, _attribute: Any, value: Any) -> None:
    """An attrs validator: the field names an IANA zone that this machine knows."""
    if not isinstance(value, str):
        raise InvalidInput(f"a zone is the text of an IANA name such as 'Pacific/Auckland', not {type(value).__name__}")
    zone(value)


def in_zone(instant: datetime, name: str) -> datetime:
    """The wall clock in that zone at that instant."""
    return instant.astimezone(zone(name))


def sortable(instant: datetime) -> str:
    """An instant as text of a fixed width in UTC, which sorts as instants do."""
    return as_utc(instant).isoformat(timespec="microseconds")
