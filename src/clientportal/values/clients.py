"""Clients as the host hands them over: contacts raw, in any spelling; ids opaque text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from attrs import evolve, field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import as_member, day_or_none, one_of, text, text_or_none, text_up_to
from clientportal.values.instants import as_utc, as_utc_or_none

__all__ = [
    "CLIENT_FIELDS",
    "MAX_CUSTOM",
    "MAX_CUSTOM_NAME",
    "MAX_CUSTOM_VALUE",
    "MAX_NOTE",
    "STAFF_FIELDS",
    "Address",
    "ClientChange",
    "ClientDraft",
    "ClientPage",
    "ClientRecord",
    "FieldValue",
    "RecordKind",
    "RecordRef",
]

MAX_NAME = 100
MAX_CONTACT = 320
MAX_NOTE = 10_000
MAX_ID = 200
MAX_CUSTOM = 50
MAX_CUSTOM_NAME = 100
MAX_CUSTOM_VALUE = 1000


def _storable(value: str) -> bool:
    # NUL and lone surrogates are text that no database takes; refused here, they are nobody's surprise later. An
    # account may show ten thousand single appointments, each of which comes by here: nearly all are ASCII.
    if value.isascii():
        return "\x00" not in value
    return not any(c in "\x00" or "\ud800" <= c <= "\udfff" for c in value)


class RecordKind(StrEnum):
    """Where a person stands in the host's tables."""

    CLIENT = "client"
    BOOKING = "booking"
    """There is no client row: the contact stands on the booking itself (guest checkout)."""


def _kind(value: RecordKind | str) -> RecordKind:
    return as_member(RecordKind, value, "kind of record")


def _check_id(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str) or not value or len(value) > MAX_ID or not _storable(value):
        raise InvalidInput(f"a record id is text of 1 to {MAX_ID} characters, without NUL and lone surrogates")


_KIND_OF: Mapping[str, RecordKind] = {kind.value: kind for kind in RecordKind}


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
        word, separator, id = text.partition(":")
        kind = _KIND_OF.get(word)
        if not separator or kind is None:
            raise InvalidInput("a record is written kind:id, such as client:42")
        return cls(kind, id)

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


def _consents(value: Mapping[str, bool]) -> dict[str, bool]:
    for name, given in value.items():
        if not isinstance(given, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(
                f"ClientRecord.consents[{name!r:.40}] is True or False; what was never asked is left out"
            )
    return dict(value)


CLIENT_FIELDS = ("first_name", "last_name", "email", "phone", "mobile", "address")
"""The fields of a client that a merge decides one by one, and that T8 shows."""

STAFF_FIELDS = (*CLIENT_FIELDS, "birthday", "notes")
"""Those that staff see and write besides: no portal shows a client what stands in the last two."""

FieldValue = str | Address | date | None
"""What a field of a client may hold: a birthday is a date, an address has parts, all others are text."""


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
    * ``birthday`` is a day of the calendar, without a zone; it tells people apart who share a name and a number. For
      staff, as ``notes`` are.
    * ``consents``: what the client was asked -> whether they agreed (``marketing_email``); what is not named was never
      asked. Of several records of one person the strictest answer holds.
    * ``demo``: "you as a client" (V12), a row that the business made to try things out and that nobody is. It stands
      first in the client list, is left out of exports, duplicates, matching and numbers, and whatever is sent to it
      goes to ``portal.demo_address`` alone.
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
    birthday: date | None = field(default=None, repr=False, validator=day_or_none)
    consents: Mapping[str, bool] = field(factory=dict[str, bool], converter=_consents)
    demo: bool = field(default=False, validator=one_of(bool))

    @property
    def name(self) -> str:
        """First and last name, as far as known."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


def _checked(name: str, value: str, most: int) -> None:
    """One text that is about to be written: short enough, and such as every database takes."""
    if len(value) > most:
        raise InvalidInput(f"{name} has at most {most} characters; this has {len(value)}")
    if not _storable(value):
        raise InvalidInput(f"{name} holds NUL or half a surrogate pair, which no database keeps; leave it out")


def _written_up_to(most: int) -> Any:
    """An attrs validator: text that is about to be written, or absent."""

    def check(instance: object, attribute: Any, value: Any) -> None:
        text_or_none(instance, attribute, value)
        if value is not None:
            _checked(f"{type(instance).__name__}.{attribute.name}", value, most)

    return check


def _check_custom(owner: str, custom: Mapping[str, Any], *, may_clear: bool) -> None:
    if len(custom) > MAX_CUSTOM:
        raise InvalidInput(f"{owner} has at most {MAX_CUSTOM} entries; this has {len(custom)}")
    for name, value in custom.items():
        # Whoever hands these over may have read them from a file: the types are no promise.
        if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"the names of {owner} are text that is not empty; this is {name!r:.40}")
        _checked(f"a name of {owner}", name, MAX_CUSTOM_NAME)
        if value is None and may_clear:
            continue
        if not isinstance(value, str):
            raise InvalidInput(f"the values of {owner} are text; {name!r} has {type(value).__name__}")
        _checked(f"{owner}[{name!r}]", value, MAX_CUSTOM_VALUE)


def _check_address(owner: str, address: Address) -> None:
    if not _storable(str(address)):
        raise InvalidInput(f"{owner} holds NUL or half a surrogate pair, which no database keeps; leave it out")


def _written_address(instance: object, attribute: Any, value: Any) -> None:
    _address_or_none(instance, attribute, value)
    if value is not None:
        _check_address(f"{type(instance).__name__}.{attribute.name}", value)


def _texts(custom: Mapping[str, str]) -> dict[str, str]:
    return dict(custom)


def _custom(_instance: object, attribute: Any, value: Mapping[str, Any]) -> None:
    _check_custom(f"ClientDraft.{attribute.name}", value, may_clear=False)


_contact = _written_up_to(MAX_CONTACT)
_name = _written_up_to(MAX_NAME)


@frozen
class ClientDraft:
    """What a new client starts with; everything else stays empty (T6).

    ``notes``, ``birthday`` and ``custom`` are for staff, as in :class:`ClientRecord`. ``custom`` has at most 50
    entries, with names of at most 100 characters and values of at most 1,000.
    """

    first_name: str | None = field(default=None, validator=_name)
    last_name: str | None = field(default=None, validator=_name)
    email: str | None = field(default=None, validator=_contact)
    phone: str | None = field(default=None, validator=_contact)
    mobile: str | None = field(default=None, validator=_contact)
    address: Address | None = field(default=None, validator=_written_address)
    notes: str | None = field(default=None, repr=False, validator=_written_up_to(MAX_NOTE))
    custom: Mapping[str, str] = field(
        factory=dict[str, str], repr=False, hash=False, converter=_texts, validator=_custom
    )
    birthday: date | None = field(default=None, repr=False, validator=day_or_none)


_MOST: Mapping[str, int] = {
    "first_name": MAX_NAME,
    "last_name": MAX_NAME,
    "email": MAX_CONTACT,
    "phone": MAX_CONTACT,
    "mobile": MAX_CONTACT,
    "notes": MAX_NOTE,
}


_KINDS: Mapping[str, type] = {"address": Address, "birthday": date}
"""Fields that are not text."""


def _emptied(fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    # A form's empty field, and an address without any part, are cleared fields.
    return {name: None if value in ("", Address()) else value for name, value in fields.items()}


def _changes(_instance: object, _attribute: object, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name not in STAFF_FIELDS:
            known = ", ".join(STAFF_FIELDS)
            raise InvalidInput(f"ClientChange.fields has no {name!r:.40}; there are {known}")
        wanted = _KINDS.get(name, str)
        if value is None:
            continue
        if not isinstance(value, wanted) or isinstance(value, datetime):
            raise InvalidInput(
                f"ClientChange.fields[{name!r}] is {wanted.__name__} or None; this is {type(value).__name__}"
            )
        if isinstance(value, Address):
            _check_address("ClientChange.fields['address']", value)
        elif isinstance(value, str):
            _checked(f"ClientChange.fields[{name!r}]", value, _MOST[name])


def _texts_or_none(custom: Mapping[str, str | None]) -> dict[str, str | None]:
    return dict(custom)


def _entries(_instance: object, _attribute: object, custom: Mapping[str, Any]) -> None:
    _check_custom("ClientChange.custom", custom, may_clear=True)


def _names_alone(values: Mapping[str, object]) -> str:
    return f"<{', '.join(sorted(values))}>"


@frozen
class ClientChange:
    """What is to be written into one client row, and nothing else of it.

    * ``version``: that of the record it was decided on; where the row has another by now, nothing is written.
    * ``fields``: by the names of ``STAFF_FIELDS``. A name that is absent leaves its field as it is; ``None`` (or empty
      text) clears it, and the record then says so in ``cleared``. The birthday is a date.
    * ``custom``: by name; ``None`` takes the entry away. Empty text is a value here.

    Consents are no part of it: a client gives and withdraws them where your platform asked, and staff do not answer
    for them.
    """

    version: str = field(validator=text)
    fields: Mapping[str, FieldValue] = field(
        factory=dict[str, FieldValue], converter=_emptied, validator=_changes, repr=_names_alone, hash=False
    )
    custom: Mapping[str, str | None] = field(
        factory=dict[str, str | None], converter=_texts_or_none, validator=_entries, repr=_names_alone, hash=False
    )

    def applied_to(self, record: ClientRecord, now: datetime) -> ClientRecord:
        """The record as it is after this change, but for its version, which is the host's.

        Every field that is written is stamped with ``now`` in ``changed_at``, also where it stays the same: somebody
        has just said that this is right.
        """
        touched = frozenset(name for name in self.fields)
        emptied = frozenset(name for name in touched if self.fields[name] is None)
        custom = {name: value for name, value in {**record.custom, **self.custom}.items() if value is not None}
        if len(custom) > max(MAX_CUSTOM, len(record.custom)):
            raise InvalidInput(
                f"a client has at most {MAX_CUSTOM} custom fields; with this change there would be {len(custom)}"
            )
        written: dict[str, Any] = {
            **self.fields,
            "custom": custom,
            "changed_at": {**(record.changed_at or {}), **dict.fromkeys(touched, now)} or None,
            "cleared": (record.cleared - touched) | emptied,
        }
        return evolve(record, **written)


@frozen
class ClientPage:
    """One page of the client list; ``next`` is the cursor of the page after it, ``None`` at the end."""

    items: tuple[ClientRecord, ...]
    next: str | None = None
