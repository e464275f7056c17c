"""Rows of the shipped host tables to values, and values to rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clientportal.errors import InvalidInput
from clientportal.ports.host import RawContacts
from clientportal.stores.sql.codec import instant_from_text, instant_text
from clientportal.stores.sql.host_tables import BRANDING
from clientportal.values import (
    ActiveCode,
    Address,
    Answer,
    Appointment,
    AppointmentStatus,
    Branding,
    Business,
    CardSummary,
    ClientDraft,
    ClientRecord,
    Money,
    Prefill,
    RecordKind,
    RecordRef,
    Service,
    Slot,
)
from clientportal.values.searching import list_place, searched_text

__all__ = [
    "EMPTY_CLIENT",
    "appointment_of",
    "appointment_row",
    "business_of",
    "business_row",
    "client_of",
    "client_row",
    "code_of",
    "code_row",
    "contacts_of",
    "draft_fields",
    "money_of",
    "money_row",
    "prefill_of",
    "prefill_row",
    "service_of",
    "service_row",
    "slot_of",
    "slot_row",
    "summed_row",
]

_ADDRESS = ("street", "city", "region", "postcode", "country")
_MICROSECOND = timedelta(microseconds=1)
_MOST_NAME = 100
_MOST_DIGITS = 15


def code_row(code: ActiveCode) -> dict[str, Any]:
    """A code."""
    return {
        "id": code.id,
        "ref": str(code.ref),
        "kind": code.kind.value,
        "code": code.code.reveal(),
        "name": code.name,
        "credits_left": code.credits_left,
        "expires_at": None if code.expires_at is None else instant_text(code.expires_at),
        "last_day": None if code.last_day is None else code.last_day.isoformat(),
        **summed_row("balance", code.balance),
    }


def code_of(row: Any) -> ActiveCode:
    """A code."""
    return ActiveCode(
        id=row.id,
        ref=RecordRef.parse(row.ref),
        kind=row.kind,
        code=row.code,
        name=row.name,
        balance=money_of(row, "balance"),
        credits_left=row.credits_left,
        expires_at=None if row.expires_at is None else instant_from_text(row.expires_at),
        last_day=None if row.last_day is None else date.fromisoformat(row.last_day),
        moved_from=_first_ref(row),
    )


def _first_ref(row: Any) -> RecordRef | None:
    return None if row.moved_from is None else RecordRef.parse(row.moved_from)


def prefill_row(ref: RecordRef, prefill: Prefill) -> dict[str, Any]:
    """The columns of what a booking form starts with."""
    answers = [[one.form, one.question, one.answer, instant_text(one.at)] for one in prefill.answers]
    card = prefill.card
    kept = None if card is None else [card.brand, card.last_four, card.expires_month, card.expires_year]
    return {
        "ref": str(ref),
        "answers": json.dumps(answers),
        "forms": len({one.form for one in prefill.answers}),
        "card": None if kept is None else json.dumps(kept),
    }


def prefill_of(found: Sequence[Any]) -> Prefill:
    """All that stands in those rows; of several cards the first."""
    answers = [answer for row in found for answer in json.loads(row.answers)]
    cards = [json.loads(row.card) for row in found if row.card is not None]
    return Prefill(
        tuple(Answer(form, question, said, instant_from_text(at)) for form, question, said, at in answers),
        CardSummary(*cards[0]) if cards else None,
    )


def money_row(name: str, money: Money | None) -> dict[str, str | None]:
    """The two columns of an amount."""
    return {
        f"{name}_amount": None if money is None else str(money.amount),
        f"{name}_currency": None if money is None else money.currency,
    }


def summed_row(name: str, money: Money | None) -> dict[str, str | None]:
    """The two columns of an amount that the database adds up: plain digits, and so few that thousands of sums fit."""
    if money is None:
        return money_row(name, money)
    plain = f"{money.amount:f}"
    if sum(c.isdigit() for c in plain) > _MOST_DIGITS:
        raise InvalidInput(f"an amount that is added up has at most {_MOST_DIGITS} digits in these tables")
    return {f"{name}_amount": plain, f"{name}_currency": money.currency}


def money_of(row: Any, name: str) -> Money | None:
    """An amount, where there is one."""
    amount = getattr(row, f"{name}_amount")
    return None if amount is None else Money(amount, getattr(row, f"{name}_currency"))


def business_row(business: Business, branch: str = "") -> dict[str, Any]:
    """A business."""
    return {
        "branch": branch,
        "id": business.id,
        "name": business.name,
        "zone": business.zone,
        **{name: getattr(business.branding, name) for name in BRANDING},
    }


def business_of(row: Any) -> Business:
    """A business."""
    return Business(row.id, row.name, row.zone, Branding(**{name: getattr(row, name) for name in BRANDING}))


def draft_fields(draft: ClientDraft | ClientRecord) -> dict[str, Any]:
    """The columns that a draft and a record share."""
    address = draft.address or Address()
    names = ("first_name", "last_name", "email", "phone", "mobile")
    return {name: getattr(draft, name) for name in names} | {name: getattr(address, name) for name in _ADDRESS}


def client_row(record: ClientRecord) -> dict[str, Any]:
    """A client; its last booking is not a column, it follows from the appointments."""
    if record.ref.kind is not RecordKind.CLIENT:
        raise InvalidInput("a booking that is its own record is added as an appointment, with its contacts")
    changed = record.changed_at
    return draft_fields(record) | {
        "id": record.ref.id,
        "created_at": instant_text(record.created_at),
        "usable": record.usable,
        "changed_at": None if changed is None else json.dumps({k: instant_text(v) for k, v in changed.items()}),
        "cleared": json.dumps(sorted(record.cleared)),
        "notes": record.notes,
        "custom": json.dumps(dict(record.custom)),
        "birthday": None if record.birthday is None else record.birthday.isoformat(),
        "consents": json.dumps(dict(record.consents)),
        "demo": record.demo,
        **_list_columns(record),
    }


def _list_columns(record: ClientRecord) -> dict[str, str]:
    last, first = list_place(record)
    return {"searched": searched_text(record), "by_last": last, "by_first": first}


EMPTY_CLIENT: Mapping[str, Any] = {
    **dict.fromkeys(("first_name", "last_name", "email", "phone", "mobile", *_ADDRESS)),
    **dict.fromkeys(("changed_at", "notes", "birthday")),
    "usable": False,
    "cleared": "[]",
    "custom": "{}",
    "consents": "{}",
    "demo": False,
    **_list_columns(ClientRecord(RecordRef.client("nobody"), datetime(1970, 1, 1, tzinfo=UTC))),
}
"""The columns of a client of whom nothing is left (X7)."""


def client_of(row: Any) -> ClientRecord:
    """A client, or a booking that is its own record (``kind`` tells)."""
    parts = [getattr(row, name) for name in _ADDRESS]
    changed: Mapping[str, str] | None = None if row.changed_at is None else json.loads(row.changed_at)
    first = row.first_name
    return ClientRecord(
        ref=RecordRef(row.kind, row.id),
        created_at=instant_from_text(row.created_at),
        # The name that was typed at a booking has no limit of its own.
        first_name=None if first is None else first[:_MOST_NAME],
        last_name=row.last_name,
        email=row.email,
        phone=row.phone,
        mobile=row.mobile,
        address=Address(*parts) if any(part is not None for part in parts) else None,
        last_booked_at=None if row.last_booked_at is None else instant_from_text(row.last_booked_at),
        usable=bool(row.usable),
        version=str(row.version),
        changed_at=None if changed is None else {k: instant_from_text(v) for k, v in changed.items()},
        cleared=frozenset(json.loads(row.cleared)),
        notes=row.notes,
        custom=json.loads(row.custom),
        birthday=None if row.birthday is None else date.fromisoformat(row.birthday),
        consents=json.loads(row.consents),
        demo=bool(row.demo),
    )


def contacts_of(row: Any) -> RawContacts:
    """What one record can be found by."""
    # As client_of() names them, so that a walk over all records and a look at one find the same person.
    first = (row.first_name or "")[:_MOST_NAME]
    return RawContacts(
        RecordRef(row.kind, row.id),
        row.mobile,
        row.phone,
        row.email,
        name=" ".join(part for part in (first, row.last_name) if part) or None,
        birthday=None if row.birthday is None else date.fromisoformat(row.birthday),
        custom=json.loads(row.custom),
        demo=bool(row.demo),
    )


def service_row(service: Service) -> dict[str, Any]:
    """A service."""
    return {
        "id": service.id,
        "name": service.name,
        "duration": service.duration // _MICROSECOND,
        "bookable_online": service.bookable_online,
        "active": service.active,
        **money_row("price", service.price),
    }


def service_of(row: Any) -> Service:
    """A service."""
    return Service(
        row.id,
        row.name,
        row.duration * _MICROSECOND,
        bool(row.bookable_online),
        bool(row.active),
        money_of(row, "price"),
    )


def slot_row(slot: Slot) -> dict[str, Any]:
    """A free time."""
    return {
        "id": slot.id,
        "service_id": slot.service_id,
        "staff_id": slot.staff_id,
        "staff_name": slot.staff_name,
        "start_at": instant_text(slot.start),
        "end_at": instant_text(slot.end),
        "zone": slot.zone,
    }


def slot_of(row: Any) -> Slot:
    """A free time."""
    return Slot(
        row.id,
        row.service_id,
        instant_from_text(row.start_at),
        instant_from_text(row.end_at),
        row.zone,
        row.staff_id,
        row.staff_name,
    )


def appointment_row(appointment: Appointment) -> dict[str, Any]:
    """An appointment without what only the host knows of it."""
    ref = appointment.ref
    if ref.kind is RecordKind.BOOKING and ref.id != appointment.id:
        raise InvalidInput("a booking that is its own record refers to itself")
    return {
        "id": appointment.id,
        "client_id": ref.id if ref.kind is RecordKind.CLIENT else None,
        "booked_as": appointment.booked_as,
        "service_id": appointment.service_id,
        "service_name": appointment.service_name,
        "staff_id": appointment.staff_id,
        "staff_name": appointment.staff_name,
        "start_at": instant_text(appointment.start),
        "end_at": instant_text(appointment.end),
        "zone": appointment.zone,
        "status": appointment.status.value,
        "made_at": instant_text(appointment.made_at),
        "moves": appointment.moves,
        "business": appointment.business,
        **money_row("price", appointment.price),
    }


def appointment_of(row: Any) -> Appointment:
    """An appointment."""
    return Appointment(
        id=row.id,
        ref=RecordRef.booking(row.id) if row.client_id is None else RecordRef.client(row.client_id),
        service_id=row.service_id,
        start=instant_from_text(row.start_at),
        end=instant_from_text(row.end_at),
        zone=row.zone,
        status=AppointmentStatus(row.status),
        made_at=instant_from_text(row.made_at),
        version=str(row.version),
        staff_id=row.staff_id,
        service_name=row.service_name,
        staff_name=row.staff_name,
        booked_as=row.booked_as,
        price=money_of(row, "price"),
        moves=row.moves,
        moved_from=_first_ref(row),
        business=row.business,
    )
