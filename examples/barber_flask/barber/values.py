"""Rows to the portal's values, and back."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clientportal import Appointment, AppointmentStatus, ClientRecord, InvalidCursor, Money, RecordRef, Slot
from clientportal.values import ClientDraft
from clientportal.values.searching import list_place, searched_text

__all__ = [
    "CURRENCY",
    "STATES",
    "appointment_of",
    "cents_of",
    "columns_of",
    "cursor",
    "customer_of",
    "guest_of",
    "instant",
    "money_of",
    "number",
    "place",
    "seconds",
    "slot_of",
]

CURRENCY = "GBP"
STATES = {
    "booked": AppointmentStatus.CONFIRMED,
    "done": AppointmentStatus.COMPLETED,
    "cancelled": AppointmentStatus.CANCELLED,
    "no_show": AppointmentStatus.NO_SHOW,
}


def instant(at: int) -> datetime:
    """Seconds since 1970, as the portal wants them."""
    return datetime.fromtimestamp(at, UTC)


def seconds(moment: datetime) -> int:
    """The other way round."""
    return int(moment.timestamp())


def number(id: str) -> int | None:
    """The key behind an id: written as this platform writes it, and small enough for a column."""
    usable = id.isascii() and id.isdecimal() and len(id) <= 15 and str(int(id)) == id
    return int(id) if usable else None


def cursor(listing: str, *place: str | int) -> str:
    """A place in a list, for whoever asks for the page after it."""
    return f"{listing}:{urlsafe_b64encode(json.dumps(place).encode()).decode()}"


def place(text: str, listing: str, *kinds: type) -> list[Any]:
    """The place that a cursor of that list names; text of any other making is refused."""
    kind, _, body = text.partition(":")
    try:
        found = json.loads(b64decode(body.encode("ascii"), altchars=b"-_", validate=True)) if kind == listing else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or [type(part) for part in found] != [*kinds] or not all(map(_storable, found)):
        raise InvalidCursor("this is not a cursor that this list handed out")
    return found


def _storable(part: str | int) -> bool:
    return abs(part) < 10**15 if isinstance(part, int) else part.isprintable()


def money_of(cents: int | None) -> Money | None:
    """An amount, where there is one."""
    return None if cents is None else Money(str(Decimal(cents) / 100), CURRENCY)


def cents_of(money: Money | None) -> int | None:
    """An amount in the shop's own currency."""
    return None if money is None else int(money.amount * 100)


def columns_of(person: ClientDraft | ClientRecord) -> dict[str, Any]:
    """The columns that a customer is written with, and found by."""
    last, first = list_place(person)
    return {
        "first": person.first_name,
        "last": person.last_name,
        "mobile": person.mobile,
        "email": person.email,
        "remark": person.notes,
        "searched": searched_text(person),
        "by_last": last,
        "by_first": first,
    }


def customer_of(row: Any) -> ClientRecord:
    """A customer."""
    return ClientRecord(
        ref=RecordRef.client(str(row.id)),
        created_at=instant(row.since),
        first_name=row.first,
        last_name=row.last,
        mobile=row.mobile,
        email=row.email,
        notes=row.remark,
        last_booked_at=None if row.last_booked is None else instant(row.last_booked),
        usable=not row.barred,
        version=str(row.revision),
    )


def guest_of(row: Any) -> ClientRecord:
    """A walk-in: the booking is the record."""
    return ClientRecord(
        ref=RecordRef.booking(str(row.id)),
        created_at=instant(row.made_at),
        first_name=row.name[:100] or None,
        mobile=row.mobile,
        email=row.email,
        last_booked_at=instant(row.made_at),
        version=str(row.revision),
    )


def appointment_of(row: Any, zone: str) -> Appointment:
    """A booking, with the barber's name and what is done."""
    return Appointment(
        id=str(row.id),
        ref=RecordRef.booking(str(row.id)) if row.customer is None else RecordRef.client(str(row.customer)),
        service_id=row.cut,
        start=instant(row.start_at),
        end=instant(row.end_at),
        zone=zone,
        status=STATES[row.state],
        made_at=instant(row.made_at),
        version=str(row.revision),
        staff_id=None if row.chair is None else str(row.chair),
        staff_name=row.barber or "",
        service_name=row.title or row.cut,
        booked_as=row.name,
        price=money_of(row.cents),
        moves=row.moves,
    )


def slot_of(row: Any, zone: str) -> Slot:
    """A free time in a chair."""
    times = instant(row.start_at), instant(row.end_at)
    return Slot(str(row.id), row.cut, *times, zone, staff_id=str(row.chair), staff_name=row.barber)
