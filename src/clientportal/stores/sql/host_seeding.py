"""Putting things into the shipped host tables: what a platform's own screens, an import, or an example would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Table

from clientportal.errors import Conflict
from clientportal.ports.branches import AtBranch
from clientportal.ports.host import RawContacts
from clientportal.stores.sql import host_queries as queries
from clientportal.stores.sql import host_rows as rows
from clientportal.stores.sql.faces import face_of
from clientportal.stores.sql.host_tables import APPOINTMENTS, BUSINESSES, CLIENTS, CODES, PREFILLS, SERVICES, SLOTS
from clientportal.values import (
    ActiveCode,
    Appointment,
    Business,
    ClientRecord,
    Money,
    Prefill,
    RecordRef,
    Service,
    Slot,
)

__all__ = ["HostSeeding"]


class HostSeeding(AtBranch):
    """The part of ``SqlHost`` that is no part of the host port.

    Awaited over an ``AsyncConnection``; over a plain ``Connection`` run it with ``ports.step``. It never commits: that
    is left to whoever opened the connection.
    """

    def __init__(self, connection: Any, tenant: str) -> None:
        self.connection = connection
        self.tenant = tenant
        self._face = face_of(connection)

    async def _rows(self, query: Executable, **parameters: Any) -> Sequence[Any]:
        return await self._face.fetch(query, {"p_tenant": self.tenant, **parameters})

    async def _run(self, statement: Executable, **parameters: Any) -> int:
        return await self._face.change(statement, {"p_tenant": self.tenant, **parameters})

    async def _put(self, table: Table, values: Iterable[Mapping[str, Any]]) -> None:
        await self._insert(queries.putting(table, self._face.sqlite), values)

    async def _insert(self, statement: Executable, values: Iterable[Mapping[str, Any]]) -> None:
        all_rows = [{"tenant": self.tenant, **row} for row in values]
        if all_rows:
            await self._face.change(statement, all_rows)

    async def add_business(self, business: Business, *, branch: str = "") -> None:
        """Add the business of this tenant, or change it; with ``branch``, one of the businesses of a franchise."""
        await self._put(BUSINESSES, [rows.business_row(business, branch)])

    async def add_clients(self, records: Iterable[ClientRecord]) -> None:
        """Add clients, or replace those of the same id.

        Their ``version`` and ``last_booked_at`` are not taken over: they follow from the tables.
        """
        await self._put(CLIENTS, [{"version": 1, **rows.client_row(record)} for record in records])

    async def change_client(self, record: ClientRecord) -> None:
        """Write a client's fields again, where it still has the version that the record was read with."""
        row = rows.client_row(record)
        values = {f"v_{name}": value for name, value in row.items() if name not in ("id", "created_at")}
        seen = int(record.version) if record.version.isdecimal() and len(record.version) < 19 else 0
        if await self._run(queries.CHANGE_CLIENT, p_id=record.ref.id, p_seen=seen, **values) != 1:
            raise Conflict("the client has changed since it was read")

    async def add_services(self, services: Iterable[Service]) -> None:
        """Add services, or replace those of the same id."""
        await self._put(SERVICES, [rows.service_row(service) for service in services])

    async def add_codes(self, codes: Iterable[ActiveCode]) -> None:
        """Add package, gift and subscription codes, or replace those of the same id."""
        await self._put(CODES, [rows.code_row(code) for code in codes])

    async def add_prefill(self, ref: RecordRef, prefill: Prefill) -> None:
        """What was answered for a client or at a booking, and the card that is stored, instead of what was there."""
        await self._put(PREFILLS, [rows.prefill_row(ref, prefill)])

    async def add_slots(self, slots: Iterable[Slot]) -> None:
        """Add free times, or make those of the same id free again."""
        await self._put(SLOTS, [{"taken_by": None, **rows.slot_row(slot)} for slot in slots])

    async def add_appointments(
        self,
        appointments: Iterable[Appointment],
        *,
        contacts: Mapping[str, RawContacts] | None = None,
        deposits: Mapping[str, Money] | None = None,
        locked: Mapping[str, str] | None = None,
    ) -> None:
        """Add appointments, or replace those of the same id.

        By appointment id: ``contacts`` of bookings that are their own record (``ref`` is ``booking:<its id>``), the
        ``deposits`` that cancelling loses, and why some are ``locked``.
        """
        contacts, deposits, locked = contacts or {}, deposits or {}, locked or {}
        await self._put(
            APPOINTMENTS,
            [
                _appointment_row(one, contacts.get(one.id), deposits.get(one.id), locked.get(one.id), None)
                for one in appointments
            ],
        )

    async def _add_appointment(self, appointment: Appointment, contacts: RawContacts | None, slot_id: str) -> None:
        await self._insert(queries.adding(APPOINTMENTS), [_appointment_row(appointment, contacts, None, None, slot_id)])

    async def charged(self, id: str) -> Money | None:
        """The fee that the latest change of that appointment was charged."""
        found = await self._rows(queries.APPOINTMENT, p_id=id)
        return rows.money_of(found[0], "fee") if found else None


def _appointment_row(
    appointment: Appointment,
    contacts: RawContacts | None,
    deposit: Money | None,
    locked_reason: str | None,
    slot_id: str | None,
) -> dict[str, Any]:
    return {
        "version": 1,
        "booked_mobile": None if contacts is None else contacts.mobile,
        "booked_phone": None if contacts is None else contacts.phone,
        "booked_email": None if contacts is None else contacts.email,
        "locked_reason": locked_reason,
        "slot_id": slot_id,
        **rows.appointment_row(appointment),
        **rows.money_row("deposit", deposit),
        **rows.money_row("fee", None),
    }
