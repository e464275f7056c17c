"""Hypothesis strategies for what hosts hand over, made to collide.

Clients drawn from a wide space never meet: two random numbers are never equal, two random instants never tie. So
everything here is drawn from few people: a handful of numbers and addresses, each in several spellings; a handful of
instants; a handful of names, some the beginning of another. A test that needs many distinct values wants other ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from attrs import evolve
from hypothesis import strategies as st

from clientportal.policy import (
    ChangePolicy,
    Edge,
    Fee,
    Late,
    Override,
    Policy,
    Survivorship,
    Window,
    WindowUnit,
    presets,
)
from clientportal.policy.merging import rules_for
from clientportal.values import (
    CLIENT_FIELDS,
    Address,
    Appointment,
    AppointmentStatus,
    ClientRecord,
    Money,
    RecordRef,
)

__all__ = [
    "EMAIL_SPELLINGS",
    "INSTANTS",
    "NUMBER_SPELLINGS",
    "ZONES",
    "appointments",
    "change_policies",
    "client_records",
    "emails",
    "instants",
    "numbers",
    "policies",
    "record_groups",
    "refs",
    "survivorships",
    "windows",
]

NUMBER_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "+64211234567": ("021 123 4567", "+64 21 123 4567", "0064211234567", "(021) 123-4567", "０２１１２３４５６７"),
    "+64211234568": ("021 123 4568", "+64211234568"),
    "+6493001234": ("09 300 1234", "+64 9 300 1234"),
}
"""Number -> spellings of it, all readable in New Zealand. The last is a landline."""

EMAIL_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "ana@example.com": ("ana@example.com", "Ana@Example.com", " ana@example.com "),
    "ben@example.com": ("ben@example.com", "BEN@EXAMPLE.COM"),
}
"""Address -> spellings of it."""

INSTANTS = (
    datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2025, 6, 1, 9, 30, tzinfo=UTC),
)
"""Few, so that they tie; the first two are a microsecond apart."""

ZONES = (
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Europe/Dublin",
    "Asia/Kathmandu",
)
"""Half an hour of summer time, midnights that are skipped, winter time that is behind, three quarters of an hour."""

_NAMES = ("Ana", "An", "Kingi", "Āna")
_ADDRESSES = (Address("1 High St", "Wellington"), Address("2 Low Rd", postcode="6011"), Address())


# Built once: a strategy that is made anew in every draw costs more than the draw.
_INSTANTS = st.sampled_from(INSTANTS)
_MAYBE_INSTANTS = st.sampled_from((None, *INSTANTS))
_NUMBERS = st.sampled_from([spelling for group in NUMBER_SPELLINGS.values() for spelling in group])
_EMAILS = st.sampled_from([spelling for group in EMAIL_SPELLINGS.values() for spelling in group])
_REFS = st.sampled_from(
    [make(id) for make in (RecordRef.client, RecordRef.booking) for id in ("1", "2", "9", "10", "a:b|c")]
)
_FLAGS = st.booleans()


def numbers() -> st.SearchStrategy[str]:
    """A phone number as somebody typed it: one of few, in one of its spellings."""
    return _NUMBERS


def emails() -> st.SearchStrategy[str]:
    """An email address as somebody typed it: one of few, in one of its spellings."""
    return _EMAILS


def instants() -> st.SearchStrategy[datetime]:
    """An aware instant that is likely to tie with another."""
    return _INSTANTS


def refs() -> st.SearchStrategy[RecordRef]:
    """A reference to one of few records; ``10`` sorts before ``9``, and a booking may have a client's id."""
    return _REFS


class _Cleared(Enum):
    """Stands for a field that was emptied on purpose."""

    CLEARED = "cleared"


_NOTHING = (None, _Cleared.CLEARED)
_FIRST_NAMES = st.sampled_from((*_NOTHING, "", *_NAMES))
_LAST_NAMES = st.sampled_from((*_NOTHING, *_NAMES))
_ADDRESS_FIELDS = st.sampled_from((*_NOTHING, *_ADDRESSES))
_EMAIL_FIELDS = st.sampled_from(
    (*_NOTHING, "no address", *(text for group in EMAIL_SPELLINGS.values() for text in group))
)
_PHONE_FIELDS = st.sampled_from((*_NOTHING, "12", *(text for group in NUMBER_SPELLINGS.values() for text in group)))

F = TypeVar("F")


def _kept(value: F | _Cleared) -> F | None:
    return None if isinstance(value, _Cleared) else value


@st.composite
def client_records(draw: st.DrawFn, ref: st.SearchStrategy[RecordRef] = _REFS) -> ClientRecord:
    """One client. Each field is never set, empty, cleared on purpose, or set; some hosts say when, some do not."""
    first_name, last_name = draw(_FIRST_NAMES), draw(_LAST_NAMES)
    email, phone, mobile = draw(_EMAIL_FIELDS), draw(_PHONE_FIELDS), draw(_PHONE_FIELDS)
    address = draw(_ADDRESS_FIELDS)
    values = (first_name, last_name, email, phone, mobile, address)
    times = (draw(_MAYBE_INSTANTS), draw(_MAYBE_INSTANTS)) * 3
    cleared = [name for name, said in zip(CLIENT_FIELDS, values, strict=True) if said is _Cleared.CLEARED]
    changed_at = {name: time for name, time in zip(CLIENT_FIELDS, times, strict=True) if time is not None}
    return ClientRecord(
        ref=draw(ref),
        created_at=draw(_INSTANTS),
        first_name=_kept(first_name),
        last_name=_kept(last_name),
        email=_kept(email),
        phone=_kept(phone),
        mobile=_kept(mobile),
        address=_kept(address),
        last_booked_at=draw(_MAYBE_INSTANTS),
        usable=draw(_FLAGS),
        changed_at=changed_at or None,
        cleared=frozenset(cleared),  # type: ignore[arg-type]
    )


_CLIENT_RECORDS = client_records()


def record_groups(*, min_size: int = 1, max_size: int = 5) -> st.SearchStrategy[tuple[ClientRecord, ...]]:
    """Several clients with different refs, sharing contacts, names and times."""
    return st.lists(_CLIENT_RECORDS, min_size=min_size, max_size=max_size, unique_by=lambda record: record.ref).map(
        tuple
    )


_STARTS = st.sampled_from(
    # Days on which clocks change somewhere in ZONES, and an ordinary one.
    [
        datetime.fromisoformat(day).replace(tzinfo=UTC)
        for day in ("2018-11-04", "2023-04-28", "2024-04-07", "2024-09-29", "2025-10-05", "2025-06-16")
    ]
)
_QUARTERS = st.integers(-96, 192)
_SERVICES = st.sampled_from(("cut", "colour"))
_STAFF = st.sampled_from(("mia", "tom"))
_MAYBE_STAFF = st.sampled_from((None, "mia", "tom"))
_PRICES = st.sampled_from((None, Money("65.00", "NZD"), Money("0.01", "NZD"), Money("0", "NZD")))
_MINUTES = st.sampled_from((0, 45, 120))
_ZONES = st.sampled_from(ZONES)
_STATUSES = st.sampled_from(AppointmentStatus)
_FEW = st.integers(0, 3)
_APPOINTMENT_IDS = st.sampled_from(("a1", "a2", "a3"))


@st.composite
def appointments(draw: st.DrawFn, ref: st.SearchStrategy[RecordRef] = _REFS) -> Appointment:
    """One appointment, in a zone whose clocks do something unusual about as often as not."""
    start = draw(_STARTS) + timedelta(minutes=15 * draw(_QUARTERS))
    return Appointment(
        id=draw(_APPOINTMENT_IDS),
        ref=draw(ref),
        service_id=draw(_SERVICES),
        start=start,
        end=start + timedelta(minutes=draw(_MINUTES)),
        zone=draw(_ZONES),
        status=draw(_STATUSES),
        made_at=start - timedelta(days=draw(_FEW)),
        staff_id=draw(_MAYBE_STAFF),
        price=draw(_PRICES),
        moves=draw(_FEW),
    )


_FEES = st.sampled_from(
    (
        None,
        Fee(amount=Money("10.00", "NZD")),
        Fee(amount=Money("25.00", "NZD")),
        Fee(percent=Decimal(10)),
        Fee(percent=Decimal(100)),
    )
)
_UNITS = st.sampled_from(WindowUnit)
_EDGES = st.sampled_from(Edge)
_HOURS = st.integers(0, 72)
_DAYS = st.integers(0, 4)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """How long before its start something may be changed: in hours or days, with either edge, with or without a fee."""
    fee, unit = draw(_FEES), draw(_UNITS)
    return Window(
        amount=draw(_HOURS if unit is WindowUnit.HOURS else _DAYS),
        unit=unit,
        edge=draw(_EDGES),
        late=Late.REFUSED if fee is None else Late.FEE,
        fee=fee,
    )


_OVERRIDES = st.builds(Override, cancel=st.none() | windows(), move=st.none() | windows())
_CHANGE_POLICIES = st.builds(
    ChangePolicy,
    enabled=_FLAGS,
    cancel=windows(),
    move=windows(),
    services=st.dictionaries(_SERVICES, _OVERRIDES, max_size=2),
    staff=st.dictionaries(_STAFF, _OVERRIDES, max_size=2),
    max_moves=st.none() | _FEW,
    rebooking=_FLAGS,
)
_FIELD_NAMES = st.sampled_from(list[str](CLIENT_FIELDS))
_SURVIVORSHIPS = st.lists(
    _FIELD_NAMES.flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(rules_for(name)))), max_size=3
).map(dict)


def change_policies() -> st.SearchStrategy[ChangePolicy]:
    """What clients may change, with overrides that meet :func:`appointments`' services and staff."""
    return _CHANGE_POLICIES


def survivorships() -> st.SearchStrategy[dict[str, Survivorship]]:
    """Which value survives, field by field; some fields are left to the default."""
    return _SURVIVORSHIPS


_PRESETS = st.sampled_from([presets.timely, presets.vcita, presets.acuity, presets.timetap, presets.mytime])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A whole policy without contradictions: a preset with other changes and survivorship."""
    make = draw(_PRESETS)
    policy = make(region="NZ")
    merging = evolve(policy.merging, survivorship=draw(_SURVIVORSHIPS))
    return evolve(policy, changes=draw(_CHANGE_POLICIES), merging=merging)
