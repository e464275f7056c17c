"""One bare and one full example of every record type, built from the types' own declarations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from clientportal.records import Stored
from clientportal.values import (
    Address,
    Appointment,
    AppointmentStatus,
    ClientChange,
    ClientDraft,
    ContactKey,
    ContactKind,
    Money,
    RecordRef,
    Secret,
    Slot,
)

__all__ = ["example_records"]

R = TypeVar("R", bound=Stored)

_AT = datetime(2025, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
_TEXT = "Zoë 💥 'one' \"two\" %s :x \\ {}\n"
"""What a store that builds statements or paths out of text would trip over."""

_VALUES: Mapping[type, object] = {
    str: _TEXT,
    int: 7,
    bool: True,
    Secret: Secret("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"),
    datetime: _AT,
    Money: Money("12.50", "NZD"),
    RecordRef: RecordRef.booking("7:a|b"),
    ContactKey: ContactKey(ContactKind.EMAIL, "zoë@example.com"),
    ClientDraft: ClientDraft(
        "Zoë", "O'Neil", "Zoe@example.com", mobile="021 123 4567", address=Address("1 High St"),
        notes=_TEXT, custom={"Allergies": _TEXT, "Door": ""}, birthday=date(1948, 2, 29),
    ),
    ClientChange: ClientChange(
        "4",
        {
            "first_name": "Zoë", "email": None, "address": Address("1 High St"), "notes": _TEXT,
            "birthday": date(1948, 2, 29),
        },
        {"Allergies": None, "Door": ""},
    ),
    Slot: Slot("s1", "cut", _AT, _AT + timedelta(minutes=45), "Pacific/Auckland", staff_id="st1", staff_name="Kim"),
    Appointment: Appointment(
        id="a1", ref=RecordRef.client("c1"), service_id="cut", start=_AT, end=_AT + timedelta(hours=1),
        zone="Pacific/Auckland", status=AppointmentStatus.CONFIRMED, made_at=_AT - timedelta(days=3), version="4",
        booked_as=_TEXT, price=Money("80.00", "NZD"), moves=2,
    ),
}  # fmt: skip


def example_records(kind: type[R]) -> tuple[R, R]:
    """A record with only what it needs, and one with everything filled in."""
    return cast("R", _record(kind, full=False)), cast("R", _record(kind, full=True))


def _record(kind: type[Any], *, full: bool) -> Any:
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for attribute in attrs.fields(kind):
        if attribute.name == "version" or not attribute.init:
            continue
        if full or attribute.default is attrs.NOTHING:
            given[attribute.name] = _value(hints[attribute.name], full=full)
    if any(attribute.name == "id" for attribute in attrs.fields(kind)):
        given["id"] = f"{kind.__name__}|{'full' if full else 'bare'}"
    return kind(**given)


def _value(hint: Any, *, full: bool) -> Any:
    """A value of that type; absent or empty where it may be, unless ``full``."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _value(next(one for one in inner if one is not NoneType), full=full) if full else None
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return (_value(inner[0], full=full),) * 2 if full else ()
        return tuple(_value(one, full=full) for one in inner)
    if origin is not None:
        return {"name": _value(inner[1], full=True), "": _value(inner[1], full=False)} if full else {}
    if issubclass(hint, Enum):
        return list(hint)[-1 if full else 0]
    if hint in _VALUES:
        return _VALUES[hint]
    return _record(hint, full=full)
