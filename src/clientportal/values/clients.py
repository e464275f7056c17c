"""Clients as the host hands them over: contacts raw, in any spelling; ids opaque text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import as_member, one_of, text, text_or_none, text_up_to
from clientportal.values.instants import as_utc, as_utc_or_none

__all__ = ["CLIENT_FIELDS", "Address", "ClientDraft", "ClientRecord", "RecordKind", "RecordRef"]

MAX_NAME = 100
MAX_NOTE = 10_000
MAX_ID = 200


class RecordKind(StrEnum):
    """Where a person stands in the host's tables."""

    CLIENT = "client"
    BOOKING = "booking"
    """There is no client row: the contact stands on the booking itself (guest checkout)."""


def _kind(value: RecordKind | str) -> RecordKind:
    return as_member(RecordKind, value, "kind of record")


def _check_id(_instance: object, _attribute: object, value: Any) -> None:
    # Lone surrogates and NUL are text that no database takes; refused here, they are nobody's surprise later.
    if (
        not isinstance(value, str)
        or not value
        or len(value) > MAX_ID
        or any(c in "\x00" or "\ud800" <= c <= "\udfff" for c in value)
    ):
        raise InvalidInput(f"a record id is text of 1 to {MAX_ID} characters, without NUL and lone surrogates")


@frozen(order=True)
class RecordRef:
    """Points at one record of the host. ``id`` is opaque text made by the host's adapter."""

    kind: RecordKind = field(converter=_kind)
    id: str = field(validator=_check_id)

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.id}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    @classmethod
    def parse(cls, text: str) -> RecordRef:
        """Read back what ``str`` wrote."""
        kind, separator, id = text.partition(":")
        if not separator or kind not in tuple(RecordKind):
            raise InvalidInput("a record is written kind:id, such as client:42")
        return cls(RecordKind(kind), id)

    @classmethod
    def client(cls, id: str) -> RecordRef:
        """A client row."""
        return cls(RecordKind.CLIENT, id)

    @classmethod
    def booking(cls, id: str) -> RecordRef:
        """A booking that carries its own contact."""
        return cls(RecordKind.BOOKING, id)


_short = text_up_to(MAX_NAME)


@frozen
class Address:
    """A postal address, line by line; every part may be absent."""

    street: str | None = field(default=None, validator=text_up_to(300))
    city: str | None = field(default=None, validator=_short)
    region: str | None = field(default=None, validator=_short)
    postcode: str | None = field(default=None, validator=text_up_to(20))
    country: str | None = field(default=None, validator=_short)

    def __str__(self) -> str:
        parts = (self.street, self.city, self.region, self.postcode, self.country)
        return ", ".join(part for part in parts if part)


_address_or_none = one_of(Address, type(None))


def _instants(value: Mapping[str, datetime] | None) -> Mapping[str, datetime] | None:
    return None if value is None else MappingProxyType({name: as_utc(when) for name, when in value.items()})


CLIENT_FIELDS = ("first_name", "last_name", "email", "phone", "mobile", "address")
"""The fields of a client that a merge decides one by one, and that T8 shows."""


@frozen
class ClientRecord:
    """One client of the host.

    * ``created_at``, ``last_booked_at``: aware UTC; the latter is when the newest booking was **made** (not when
      it starts), any status, ``None`` where there is none. T4 rests on it.
    * ``usable``: false for records that nobody may log in to (staff in the same table, deactivated clients).
    * ``version``: opaque; changes whenever a field does.
    * ``changed_at``: per field, optional; without it "most recent" falls through to ``created_at``.
    * ``cleared``: the fields that were emptied on purpose; ``None`` in any other field means *never set*.
    * ``notes`` and ``custom`` are for staff: no portal ever shows them (T8, TT8).
    """

    ref: RecordRef = field(validator=one_of(RecordRef))
    created_at: datetime = field(converter=as_utc)
    first_name: str | None = field(default=None, validator=_short)
    last_name: str | None = field(default=None, validator=_short)
    email: str | None = field(default=None, validator=text_or_none)
    phone: str | None = field(default=None, validator=text_or_none)
    mobile: str | None = field(default=None, validator=text_or_none)
    address: Address | None = field(default=None, validator=_address_or_none)
    last_booked_at: datetime | None = field(default=None, converter=as_utc_or_none)
    usable: bool = True
    version: str = field(default="", validator=text)
    changed_at: Mapping[str, datetime] | None = field(default=None, converter=_instants, eq=False)
    cleared: frozenset[str] = field(default=frozenset(), converter=frozenset)
    notes: str | None = field(default=None, repr=False, validator=text_up_to(MAX_NOTE))
    custom: Mapping[str, str] = field(factory=dict[str, str], repr=False)

    @property
    def name(self) -> str:
        """First and last name, as far as known."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@frozen
class ClientDraft:
    """What a new client starts with; everything else stays empty (T6)."""

    first_name: str | None = field(default=None, validator=_short)
    last_name: str | None = field(default=None, validator=_short)
    email: str | None = field(default=None, validator=text_or_none)
    phone: str | None = field(default=None, validator=text_or_none)
    mobile: str | None = field(default=None, validator=text_or_none)
    address: Address | None = field(default=None, validator=_address_or_none)
