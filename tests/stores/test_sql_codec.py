"""Records to text and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidInput
from clientportal.records import RECORD_TYPES, AuditEntry, Intent, Stored
from clientportal.stores.sql.codec import from_body, instant_from_text, instant_text, to_body
from clientportal.values import (
    CLIENT_FIELDS,
    Address,
    Appointment,
    ClientChange,
    ClientDraft,
    ContactKey,
    ContactKind,
    Money,
    RecordKind,
    RecordRef,
    Secret,
    Slot,
)

_INSTANTS = st.datetimes(timezones=st.just(UTC))
_TEXT = st.text(st.characters(codec=None), max_size=20)
_IDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=20)
_REFS = st.builds(RecordRef, st.sampled_from(RecordKind), _IDS)
_MONEY = st.builds(Money, st.decimals(allow_nan=False, allow_infinity=False), st.sampled_from(["NZD", "EUR", "JPY"]))
# What is written into a client is text that every database takes, and never too long for its field.
_PARTS = st.none() | _IDS
_ADDRESSES = st.builds(Address, street=_PARTS, city=_PARTS, region=_PARTS, postcode=_PARTS, country=_PARTS)
_FIELDS: dict[str, Any] = {
    **dict.fromkeys(CLIENT_FIELDS, _PARTS),
    "address": st.none() | _ADDRESSES,
    "birthday": st.none() | st.dates(),
    "notes": _PARTS,
}
_SPECIAL: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    int: st.integers(),
    bool: st.booleans(),
    datetime: _INSTANTS,
    timedelta: st.timedeltas(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    RecordRef: _REFS,
    ContactKey: st.builds(ContactKey, st.sampled_from(ContactKind), _TEXT),
    Money: _MONEY,
    Secret: st.builds(Secret, _IDS),
    ClientDraft: st.builds(ClientDraft, **_FIELDS, custom=st.dictionaries(_IDS, _IDS | st.just(""), max_size=3)),
    ClientChange: st.builds(
        ClientChange,
        _TEXT,
        st.fixed_dictionaries({}, optional=_FIELDS),
        st.dictionaries(_IDS, _PARTS | st.just(""), max_size=3),
    ),
    NoneType: st.none(),
}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of that type may hold."""
    if hint in _SPECIAL:
        return _SPECIAL[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple and parts[-1] is Ellipsis:
        return st.lists(_values(parts[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_values, parts))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(_values(parts[0]), _values(parts[1]), max_size=3)
    if parts:
        return st.one_of(*map(_values, parts))
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return _built(hint)


def _built(cls: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    fields = {field.name: _values(hints[field.name]) for field in attrs.fields(cls) if field.init}
    if "zone" in fields:
        fields["zone"] = st.sampled_from(["UTC", "Pacific/Auckland", "America/New_York"])
    if cls in (Appointment, Slot):
        return st.tuples(st.fixed_dictionaries(fields), _INSTANTS, _INSTANTS).map(
            lambda drawn: cls(**drawn[0] | {"start": min(drawn[1:]), "end": max(drawn[1:])})
        )
    return st.fixed_dictionaries(fields).map(lambda drawn: cls(**drawn))


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.__name__)
@given(picked=st.data())
def test_round_trip(kind: type[Stored], picked: st.DataObject) -> None:
    """Whatever a record holds, what is read equals what was written, with the version of the column."""
    record = picked.draw(_built(kind))
    body = to_body(record)
    assert from_body(kind, record.version, body) == record
    assert body.isascii()
    assert from_body(kind, 7, body).version == 7


@given(st.lists(_INSTANTS, min_size=2, max_size=2))
def test_instants_sort_as_their_text(pair: list[datetime]) -> None:
    """Instants are in the same order as their text, to the microsecond, from year 1 to year 9999."""
    first, second = pair
    assert (first < second) == (instant_text(first) < instant_text(second))
    assert instant_from_text(instant_text(first)) == first


def test_instants_of_other_zones() -> None:
    """An instant is stored in UTC, whatever zone it came in; without a zone it is refused."""
    auckland = datetime(2025, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=13)))
    assert instant_text(auckland) == "2025-02-28T23:00:00.000000+00:00"
    with pytest.raises(InvalidInput):
        instant_text(datetime(2025, 3, 1))


def test_unknown_fields_are_left_out() -> None:
    """A body written by a later version of the library, with a field more, can still be read."""
    entry = AuditEntry(id="a", at=datetime(2025, 3, 1, tzinfo=UTC), actor="x", action="y", subject="z", outcome="ok")
    longer = to_body(entry)[:-1] + ',"mood":"fine"}'
    assert from_body(AuditEntry, 0, longer) == entry


def test_money_keeps_its_digits() -> None:
    """Money comes back with the same number of decimals: 25.00 is not 25."""
    now = datetime(2025, 3, 1, tzinfo=UTC)
    intent = Intent(id="i", write="move", actor="a", asked_at=now, due_at=now, fee=Money("25.00", "NZD"))  # type: ignore[arg-type]
    again = from_body(Intent, 0, to_body(intent))
    assert again.fee is not None
    assert str(again.fee) == "25.00 NZD"
