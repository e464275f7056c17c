"""A host for platforms without tables of their own, over the shipped ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Executable

from clientportal.decisions import HostEvent
from clientportal.errors import Conflict, HostError
from clientportal.ports.host import AnswerKind, Capabilities, ContactPage, HostAnswer, RawContacts
from clientportal.stores.sql import host_queries as queries
from clientportal.stores.sql import host_rows as rows
from clientportal.stores.sql.codec import instant_text
from clientportal.stores.sql.cursors import read_cursor, write_cursor
from clientportal.stores.sql.host_clients import id_from, wanted
from clientportal.stores.sql.host_reassigning import ReassigningHost
from clientportal.stores.sql.tables import storable
from clientportal.values import (
    ActiveCode,
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    Business,
    ChangeKind,
    ContactKey,
    Money,
    Offer,
    Prefill,
    RecordKind,
    RecordRef,
    Service,
    Slot,
    When,
)

__all__ = ["SqlHost"]


class SqlHost(ReassigningHost):
    """Businesses, clients, services, appointments and free times in the tables ``cp_host_…``.

    It is the awaited colour of the host port over either kind of connection, so one class serves ``Portal`` and
    ``AsyncPortal``: pass the class itself as the host. The tables come and go with ``SqlStore.upgrade()``. There is no
    look-up by contact: contacts stand as typed, and the portal's own contact index answers.

    A subclass may give it another clock (:meth:`now`).
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        create_client=True,
        move=True,
        cancel=True,
        book=True,
        slots=True,
        client_list=True,
        update_client=True,
        delete_client=True,
        erase_client=True,
        delete_appointment=True,
        prefill=True,
        active_codes=True,
        holdings=True,
        reassign=True,
    )
    shares_transaction: ClassVar[bool] = True

    @classmethod
    def open(cls, connection: Any, tenant: str) -> SqlHost:
        """Bind one host to one unit of work and one tenant."""
        return cls(connection, tenant)

    # --- reads

    async def business(self) -> Business:
        """The business itself."""
        found = await self._rows(queries.BUSINESS, p_branch=self.branch)
        if not found:
            name = self.branch or self.tenant
            raise HostError(f"SqlHost.business: there is no business {name!r}; add_business() adds one")
        return rows.business_of(found[0])

    async def contacts(self, after: str | None, limit: int) -> ContactPage:
        """A page of every record's contacts: the clients by id, then the bookings that are their own record."""
        scope = (self.tenant, "contacts")
        kind, last = ("client", "") if after is None else read_cursor(scope, after, [str, str])
        found: list[Any] = []
        if kind == "client":
            found += await self._rows(queries.CLIENT_CONTACTS, p_after=last, p_limit=limit + 1)
            last = ""
        if len(found) <= limit:
            found += await self._rows(queries.BOOKING_CONTACTS, p_after=last, p_limit=limit + 1 - len(found))
        items: tuple[RawContacts, ...] = tuple(rows.contacts_of(row) for row in found[:limit])
        if len(found) <= limit:
            return ContactPage(items)
        ref = items[-1].ref
        return ContactPage(items, write_cursor(scope, [ref.kind.value, ref.id]))

    async def by_contact(self, key: ContactKey) -> Sequence[RecordRef]:
        """Not declared: raw contacts cannot be looked up by a normalised one."""
        raise HostError(f"SqlHost.by_contact is not implemented, though something asked for a {key.kind.value}")

    async def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        """A page of the union of those refs' appointments; ties in the start are listed by id."""
        scope = (self.tenant, "appointments", when.value)
        asked = wanted(refs)
        place: dict[str, str] = {}
        if after is not None:
            place = dict(zip(("p_start", "p_id"), read_cursor(scope, after, [str, str]), strict=True))
        if not any(asked.values()):
            return AppointmentPage(())
        here = bool(self.branch) and "bookings" not in self.shares
        if here:
            place["p_branch"] = self.branch
        query = queries.appointment_list(when is When.UPCOMING, after is not None, self._face.sqlite, here)
        found = await self._among(query, asked, p_now=instant_text(now), p_limit=limit + 1, **place)
        items = tuple(rows.appointment_of(row) for row in found[:limit])
        if len(found) <= limit:
            return AppointmentPage(items)
        return AppointmentPage(items, write_cursor(scope, [instant_text(items[-1].start), items[-1].id]))

    async def appointment(self, id: str) -> Appointment | None:
        """One appointment, or ``None``."""
        row = await self._one(queries.APPOINTMENT, id)
        return None if row is None else rows.appointment_of(row)

    async def offer(self, appointment: Appointment, change: ChangeKind) -> Offer:
        """What ``add_appointments`` was told: a lock with its reason, and the deposit that cancelling loses."""
        row = await self._one(queries.APPOINTMENT, appointment.id)
        if row is None or change is ChangeKind.REBOOK:
            return Offer()
        return Offer(
            allowed=row.locked_reason is None,
            why_not=row.locked_reason or "",
            forfeits=rows.money_of(row, "deposit") if change is ChangeKind.CANCEL else None,
        )

    async def service(self, id: str) -> Service | None:
        """The service as it is today."""
        row = await self._one(queries.SERVICE, id)
        return None if row is None else rows.service_of(row)

    async def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]:
        """Free times of a service that start in [since, until), earliest first."""
        if not storable(service_id) or not storable(staff_id or ""):
            return []
        found = await self._rows(
            queries.FREE_SLOTS,
            p_service=service_id,
            p_any=staff_id is None,
            p_staff=staff_id,
            p_since=instant_text(since),
            p_until=instant_text(until),
            p_limit=limit,
        )
        return [rows.slot_of(row) for row in found]

    async def prefill(self, refs: Sequence[RecordRef]) -> Prefill:
        """What was answered for those clients and at those bookings, and a card that is stored."""
        named = queries.listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, self._face.sqlite)
        return rows.prefill_of(await self._rows(queries.prefills(self._face.sqlite), **named))

    async def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]:
        """The codes of those clients and bookings; the portal decides which are active."""
        named = queries.listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, self._face.sqlite)
        return [rows.code_of(row) for row in await self._rows(queries.codes_of(self._face.sqlite), **named)]

    async def slot(self, id: str) -> Slot | None:
        """That slot where it is still free."""
        row = await self._one(queries.FREE_SLOT, id)
        return None if row is None else rows.slot_of(row)

    async def outcome(self, key: str) -> HostAnswer | None:
        """Never asked: what this host writes commits or rolls back with the portal."""
        raise HostError("SqlHost.outcome is not implemented: its writes share the portal's transaction")

    async def heard(self, event: HostEvent) -> None:
        """Nothing to follow: there are no screens here."""
        return

    # --- writes

    async def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer:
        """Take the slot, note the fee, offer the old time again; the id stays."""
        before = await self._current(appointment)
        if before is None:
            return HostAnswer(AnswerKind.DECLINED, note="this appointment is over or cancelled")
        if not await self._take(slot, appointment.id):
            return HostAnswer(AnswerKind.TAKEN)
        place = rows.slot_row(slot)
        new = {f"v_{name}": place[name] for name in ("start_at", "end_at", "zone", "staff_id", "staff_name")}
        await self._change(queries.MOVE, appointment, v_slot_id=slot.id, **new, **_charged(fee))
        await self._offer_again(before)
        return HostAnswer(appointment=await self.appointment(appointment.id))

    async def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        """Mark it cancelled, note the fee, offer its time again."""
        before = await self._current(appointment)
        if before is None:
            return HostAnswer(AnswerKind.DECLINED, note="this appointment is over or cancelled")
        await self._change(queries.CANCEL, appointment, **_charged(fee))
        await self._offer_again(before)
        return HostAnswer(appointment=await self.appointment(appointment.id))

    async def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        """A new appointment in that slot; a record that is a booking gets another booking with the same contacts."""
        service = await self.service(slot.service_id)
        if service is None or not (service.active and service.bookable_online):
            return HostAnswer(AnswerKind.DECLINED, note="this service cannot be booked online")
        records = await self.clients([ref])
        if not records:
            return HostAnswer(AnswerKind.DECLINED, note="there is no such client")
        id = id_from("appointment", key)
        if not await self._take(slot, id):
            return HostAnswer(AnswerKind.TAKEN)
        own = ref if ref.kind is RecordKind.CLIENT else RecordRef.booking(id)
        new = Appointment(
            id=id,
            ref=own,
            service_id=service.id,
            start=slot.start,
            end=slot.end,
            zone=slot.zone,
            status=AppointmentStatus.CONFIRMED,
            made_at=self.now(),
            staff_id=slot.staff_id,
            service_name=service.name,
            staff_name=slot.staff_name,
            booked_as=name,
            business=self.branch,
            price=service.price,
        )
        typed = records[0] if own.kind is RecordKind.BOOKING else None
        contacts = None if typed is None else RawContacts(own, typed.mobile, typed.phone, typed.email)
        await self._add_appointment(new, contacts, slot_id=slot.id)
        return HostAnswer(appointment=await self.appointment(id), ref=own)

    async def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer:
        """The row goes; the time of an open one is offered again."""
        before = await self._one(queries.APPOINTMENT, appointment.id)
        if before is None:
            return HostAnswer(AnswerKind.DECLINED, note="there is no such appointment")
        if str(before.version) != appointment.version:
            raise Conflict("the appointment has changed since it was read")
        await self._change(queries.DELETE_APPOINTMENT, appointment)
        if AppointmentStatus(before.status).open:
            await self._offer_again(before)
        return HostAnswer()

    # --- what the methods above are made of

    async def _one(self, query: Executable, id: str) -> Any | None:
        found = await self._rows(query, p_id=id) if storable(id) else ()
        return found[0] if found else None

    async def _current(self, appointment: Appointment) -> Any | None:
        """The row in the version that the caller decided on; ``None`` where it is no longer open."""
        row = await self._one(queries.APPOINTMENT, appointment.id)
        if row is None or str(row.version) != appointment.version:
            raise Conflict("the appointment has changed since it was read")
        return row if AppointmentStatus(row.status).open else None

    async def _take(self, slot: Slot, appointment_id: str) -> bool:
        if not storable(slot.id):
            return False
        times = {"p_start": instant_text(slot.start), "p_end": instant_text(slot.end)}
        return await self._run(queries.TAKE, p_id=slot.id, p_by=appointment_id, **times) == 1

    async def _change(self, statement: Executable, appointment: Appointment, **values: Any) -> None:
        seen = int(appointment.version)
        if await self._run(statement, p_id=appointment.id, p_seen=seen, **values) != 1:
            raise Conflict("the appointment has changed since it was read")

    async def _offer_again(self, before: Any) -> None:
        if before.slot_id is not None:
            await self._run(queries.GIVE_BACK, p_id=before.slot_id, p_by=before.id)
        else:
            # It never stood in a slot of this table, so its time becomes a new one.
            was = rows.appointment_of(before)
            times = (was.start, was.end, was.zone, was.staff_id, was.staff_name)
            await self.add_slots([Slot(id_from("slot", before.id, str(before.version)), was.service_id, *times)])


def _charged(fee: Money | None) -> dict[str, Any]:
    return {f"v_{name}": value for name, value in rows.money_row("fee", fee).items()}
