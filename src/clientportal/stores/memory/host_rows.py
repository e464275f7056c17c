"""The rows of the shipped in-memory host, and how they are read as the library's values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar, cast

from attrs import frozen

from clientportal.errors import HostError
from clientportal.ports.branches import AtBranch
from clientportal.ports.host import RawContacts
from clientportal.stores.memory.ordering import Place, read_cursor, write_cursor
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import (
    Appointment,
    AppointmentPage,
    ClientRecord,
    Money,
    RecordKind,
    RecordRef,
    Slot,
    When,
)

__all__ = [
    "AppointmentRow",
    "OwnedRow",
    "as_client",
    "contacts_of",
    "found_by",
    "id_from",
    "latest_bookings",
    "next_version",
    "owned_rows",
    "page_of",
    "rows_of",
    "slot_of",
    "walk_place",
    "walked",
]

T = TypeVar("T")

_MOST_NAME = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@frozen
class AppointmentRow:
    """One appointment with what the host alone knows of it.

    ``contacts`` stand on the booking itself where it has no client row. ``deposit`` is lost by cancelling; ``locked``
    says why it may not be changed; ``charged`` is the fee that was taken; ``asked`` is the slot that a move waits for,
    ``slot`` the one that it stands in, which is free again when it leaves.
    """

    appointment: Appointment
    contacts: RawContacts | None = None
    deposit: Money | None = None
    locked: str = ""
    charged: Money | None = None
    asked: Slot | None = None
    slot: Slot | None = None

    @property
    def own_record(self) -> bool:
        """Whether it is a guest's booking, a record of its own: also where it was moved to a client since."""
        return (self.appointment.moved_from or self.appointment.ref).kind is RecordKind.BOOKING

    def __attrs_post_init__(self) -> None:
        ref = self.appointment.ref
        if ref.kind is RecordKind.BOOKING and ref.id != self.appointment.id:
            raise HostError("an appointment without a client is its own record: RecordRef.booking(appointment.id)")


@frozen
class OwnedRow(Generic[T]):
    """Something that a record has, and whose it is; ``moved_from`` is whose it was first, where it was moved since.

    The ``ref`` here holds, whatever the thing itself says: it is the one that changes when a row is moved.
    """

    ref: RecordRef
    thing: T
    moved_from: RecordRef | None = None


def owned_rows(tx: MemoryTransaction, table: str, kind: type[T]) -> Iterator[tuple[str, OwnedRow[T]]]:
    """Every row of a table of things that records have, with its key; each thing is a ``kind``."""
    return ((key, cast("OwnedRow[T]", row)) for key, row in tx.scan(table))


def rows_of(tx: MemoryTransaction, table: str, kind: type[T]) -> Iterator[T]:
    """Every row of a table; each is a ``kind``, because nothing else is ever put there."""
    return (cast("T", row) for _, row in tx.scan(table))


def next_version(version: str) -> str:
    """The version after that one; the first is ``1``."""
    return str(int(version) + 1) if version.isdecimal() else "1"


def id_from(prefix: str, *parts: str) -> str:
    """An id made of an idempotency key or of another id and version: the same try makes the same row, never two."""
    return f"{prefix}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:20]}"


def contacts_of(row: AppointmentRow) -> RawContacts:
    """What a booking can be found by, under its own reference: the contacts and the name that were typed at it."""
    typed = row.contacts or RawContacts(RecordRef.booking(row.appointment.id))
    return RawContacts(
        RecordRef.booking(row.appointment.id),
        typed.mobile,
        typed.phone,
        typed.email,
        # The name that was typed at a booking has no limit of its own.
        name=row.appointment.booked_as[:_MOST_NAME] or None,
    )


def found_by(client: ClientRecord) -> RawContacts:
    """What a client row can be found by."""
    return RawContacts(
        client.ref,
        client.mobile,
        client.phone,
        client.email,
        name=client.name or None,
        birthday=client.birthday,
        custom=client.custom,
        demo=client.demo,
    )


def as_client(row: AppointmentRow) -> ClientRecord:
    """A booking without a client row, as the record that it is: one booking, under the name given there."""
    own = contacts_of(row)
    return ClientRecord(
        ref=own.ref,
        created_at=row.appointment.made_at,
        first_name=own.name,
        email=own.email,
        phone=own.phone,
        mobile=own.mobile,
        last_booked_at=row.appointment.made_at,
        version=row.appointment.version,
    )


def latest_bookings(tx: MemoryTransaction, refs: Iterable[RecordRef]) -> dict[RecordRef, datetime]:
    """When each record's newest booking was made, whatever became of it (T4)."""
    wanted = set(refs)
    latest: dict[RecordRef, datetime] = {}
    for row in rows_of(tx, "appointments", AppointmentRow):
        ref, made_at = row.appointment.ref, row.appointment.made_at
        if row.own_record and ref.kind is RecordKind.CLIENT:
            continue  # a guest's booking that was moved here: it is its own record still, and says it itself
        if ref in wanted and (ref not in latest or made_at > latest[ref]):
            latest[ref] = made_at
    return latest


def slot_of(appointment: Appointment) -> Slot:
    """The time that an appointment gives back, as a free slot. Its name is never used twice."""
    return Slot(
        id=id_from("slot", appointment.id, appointment.version),
        service_id=appointment.service_id,
        start=appointment.start,
        end=appointment.end,
        zone=appointment.zone,
        staff_id=appointment.staff_id,
        staff_name=appointment.staff_name,
    )


def page_of(
    tx: MemoryTransaction,
    refs: Sequence[RecordRef],
    when: When,
    now: datetime,
    after: str | None,
    limit: int,
    door: AtBranch,
) -> AppointmentPage:
    """A page of the union of those records' appointments that are shown at a door, by (start, id) from the near end."""
    wanted, upcoming = set(refs), when is When.UPCOMING
    scope = (tx.tenant, "appointments", when.value)
    edge = None if after is None else read_cursor(scope, after)
    placed: list[tuple[Place, Appointment]] = []
    for row in rows_of(tx, "appointments", AppointmentRow):
        one = row.appointment
        # Ties go by id in both lists, so the past cannot simply be the upcoming turned round.
        since = (one.start - _EPOCH) // _MICROSECOND
        place: Place = ((1, since if upcoming else -since), one.id)
        asked_for = one.ref in wanted or RecordRef.booking(one.id) in wanted
        asked_for = asked_for and door.shown_here(one.business, "bookings")
        if asked_for and (one.end > now) == upcoming and (edge is None or place > edge):
            placed.append((place, one))
    placed.sort(key=lambda entry: entry[0])
    more = write_cursor(scope, placed[limit - 1][0]) if len(placed) > limit else None
    return AppointmentPage(tuple(one for _, one in placed[:limit]), more)


def walked(one: RawContacts) -> Place:
    """Where a record stands in the walk over contacts: clients first, then bookings that are their own record."""
    return ((1, int(one.ref.kind is RecordKind.BOOKING)), one.ref.id)


def walk_place(tenant: str, after: str | None) -> Place:
    """The place that a walk over contacts goes on after."""
    return () if after is None else read_cursor((tenant, "contacts"), after)
