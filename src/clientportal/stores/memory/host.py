"""The shipped host over the memory store: clients, services, slots and appointments, for tests and trying things out.

The twin of the SQL host: the same functions to fill it, the same answers. Subclass it to try a platform that works
another way (see the class attributes), without writing an adapter first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, cast

from attrs import evolve

from clientportal.decisions import HostEvent
from clientportal.errors import Conflict, HostError
from clientportal.ports.host import AnswerKind, Capabilities, ContactPage, HostAnswer, RawContacts
from clientportal.stores.memory.host_reassigning import ReassigningHost
from clientportal.stores.memory.host_rows import (
    AppointmentRow,
    OwnedRow,
    as_client,
    contacts_of,
    found_by,
    id_from,
    latest_bookings,
    next_version,
    owned_rows,
    page_of,
    rows_of,
    slot_of,
    walk_place,
    walked,
)
from clientportal.stores.memory.item_rows import carry_prepayments
from clientportal.stores.memory.ordering import write_cursor
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import (
    ActiveCode,
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    Business,
    ChangeKind,
    ClientRecord,
    Money,
    Offer,
    Prefill,
    RecordKind,
    RecordRef,
    Service,
    Slot,
    When,
)

__all__ = ["MemoryHost"]


class MemoryHost(ReassigningHost):
    """A whole booking platform in a :class:`~clientportal.stores.memory.MemoryStore`.

    Fill it inside a transaction of the store::

        with store.transaction("salon") as tx:
            host = MemoryHost(tx, "salon")
            step(host.add_business(Business("salon", "Salon", "Pacific/Auckland")))
            step(host.add_clients([ClientRecord(RecordRef.client("c1"), created_at=now, mobile="021 123 4567")]))

    An appointment belongs to a client, or has none: then it is ``RecordRef.booking(its own id)`` and carries its
    contacts itself. Adding something under an id that is there replaces it with a new version, as staff would.

    What a subclass may turn, to resemble other platforms:

    * ``cancel_deletes``: a cancelled appointment's row is gone, and the answer names none.
    * ``move_makes_new_id``: a move cancels the old appointment and books a new one.
    * ``needs_approval``: changes and bookings are requests (``WAITS``, status ``REQUESTED``) until staff agree.
    * ``clock``: what ``made_at`` and ``created_at`` are taken from, such as a ``testing.FixedClock``.
    * ``shares_transaction = False`` with ``home``, a store of its own: see :meth:`elsewhere`.
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

    # --- reads

    def business(self) -> Business:
        with self.rows() as tx:
            found = cast("Business | None", tx.get("business", self.branch))
        if found is None:
            raise HostError(f"no business {self.branch or self.tenant!r}: add_business was never called for it")
        return found

    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        found: list[ClientRecord] = []
        with self.rows() as tx:
            latest = latest_bookings(tx, refs)
            for ref in dict.fromkeys(refs):
                if ref.kind is RecordKind.CLIENT:
                    client = cast("ClientRecord | None", tx.get("clients", ref.id))
                    if client is not None:
                        found.append(evolve(client, last_booked_at=latest.get(ref)))
                else:
                    row = cast("AppointmentRow | None", tx.get("appointments", ref.id))
                    if row is not None and row.own_record:
                        found.append(as_client(row))
        return found

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        start = walk_place(self.tenant, after)
        with self.rows() as tx:
            every = [contacts_of(row) for row in rows_of(tx, "appointments", AppointmentRow) if row.own_record]
            for client in rows_of(tx, "clients", ClientRecord):
                every.append(found_by(client))
        rest = sorted((place, one) for one in every if (place := walked(one)) > start)
        page = tuple(one for _, one in rest[:limit])
        more = write_cursor((self.tenant, "contacts"), walked(page[-1])) if len(rest) > limit else None
        return ContactPage(page, more)

    def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        with self.rows() as tx:
            return page_of(tx, refs, when, now, after, limit, self)

    def appointment(self, id: str) -> Appointment | None:
        with self.rows() as tx:
            row = cast("AppointmentRow | None", tx.get("appointments", id))
        return None if row is None else row.appointment

    def offer(self, appointment: Appointment, change: ChangeKind) -> Offer:
        with self.rows() as tx:
            row = cast("AppointmentRow | None", tx.get("appointments", appointment.id))
        if row is None or change is ChangeKind.REBOOK:
            return Offer(needs_approval=self.needs_approval)
        return Offer(
            allowed=not row.locked,
            why_not=row.locked,
            # Moving keeps the deposit where it is; only cancelling loses it.
            forfeits=row.deposit if change is ChangeKind.CANCEL else None,
            needs_approval=self.needs_approval,
        )

    def service(self, id: str) -> Service | None:
        with self.rows() as tx:
            return cast("Service | None", tx.get("services", id))

    def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]:
        with self.rows() as tx:
            free = [
                slot
                for slot in rows_of(tx, "slots", Slot)
                if slot.service_id == service_id
                and (staff_id is None or slot.staff_id == staff_id)
                and since <= slot.start < until
            ]
        return sorted(free, key=lambda slot: (slot.start, slot.id))[:limit]

    def slot(self, id: str) -> Slot | None:
        with self.rows() as tx:
            return cast("Slot | None", tx.get("slots", id))

    def prefill(self, refs: Sequence[RecordRef]) -> Prefill:
        with self.rows() as tx:
            found = [cast("OwnedRow[Prefill] | None", tx.get("prefills", str(ref))) for ref in dict.fromkeys(refs)]
        given = [row.thing for row in found if row is not None]
        answers = tuple(answer for one in given for answer in one.answers)
        return Prefill(answers, next((one.card for one in given if one.card is not None), None))

    def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]:
        with self.rows() as tx:
            return [
                evolve(row.thing, ref=row.ref, moved_from=row.moved_from)
                for _, row in owned_rows(tx, "codes", ActiveCode)
                if row.ref in refs
            ]

    def outcome(self, key: str) -> HostAnswer | None:
        with self.rows() as tx:
            return cast("HostAnswer | None", tx.get("answers", key))

    # --- writes

    def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer:
        return self._once(key, lambda tx: self._move(tx, self._current(tx, appointment), slot, fee))

    def _move(self, tx: MemoryTransaction, row: AppointmentRow, slot: Slot, fee: Money | None) -> HostAnswer:
        free = self._free(tx, slot)
        if free is None:
            return HostAnswer(AnswerKind.TAKEN)
        before = row.appointment
        if self.needs_approval:
            return self._ask(tx, evolve(row, asked=free))
        after = evolve(
            before,
            start=free.start,
            end=free.end,
            zone=free.zone,
            staff_id=free.staff_id,
            staff_name=free.staff_name,
            version=next_version(before.version),
            moves=before.moves + 1,
        )
        tx.remove("slots", free.id)
        if self.move_makes_new_id:
            new_id = id_from("appointment", before.id, before.version)
            ref, first = (_renamed(one, new_id) for one in (before.ref, before.moved_from))
            after = evolve(after, id=new_id, ref=ref or before.ref, moved_from=first, version="1", made_at=self.now())
            self._cancel(tx, evolve(row, deposit=None), None)
            carry_prepayments(tx, before.id, after)
        else:
            self._give_back(tx, row)
        tx.put("appointments", after.id, evolve(row, appointment=after, slot=free, charged=fee or row.charged))
        return HostAnswer(appointment=after, ref=None if after.ref == before.ref else after.ref)

    def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            row = self._current(tx, appointment)
            return self._ask(tx, row) if self.needs_approval else self._cancel(tx, row, fee)

        return self._once(key, write)

    def _cancel(self, tx: MemoryTransaction, row: AppointmentRow, fee: Money | None) -> HostAnswer:
        before = row.appointment
        self._give_back(tx, row)
        if self.cancel_deletes:
            tx.remove("appointments", before.id)
            return HostAnswer()
        after = evolve(before, status=AppointmentStatus.CANCELLED, version=next_version(before.version))
        tx.put("appointments", after.id, evolve(row, appointment=after, charged=fee or row.charged, slot=None))
        return HostAnswer(appointment=after)

    def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            service = cast("Service | None", tx.get("services", slot.service_id))
            if service is None or not (service.active and service.bookable_online):
                return HostAnswer(AnswerKind.DECLINED, note="this service cannot be booked online")
            contacts = self._contacts_for(tx, ref)
            if contacts is None:
                return HostAnswer(AnswerKind.DECLINED, note="there is no such client")
            free = self._free(tx, slot)
            if free is None:
                return HostAnswer(AnswerKind.TAKEN)
            id = id_from("appointment", key)
            own = RecordRef.booking(id) if ref.kind is RecordKind.BOOKING else ref
            made = Appointment(
                id=id,
                ref=own,
                service_id=free.service_id,
                start=free.start,
                end=free.end,
                zone=free.zone,
                status=AppointmentStatus.REQUESTED if self.needs_approval else AppointmentStatus.CONFIRMED,
                made_at=self.now(),
                version="1",
                staff_id=free.staff_id,
                service_name=service.name,
                staff_name=free.staff_name,
                booked_as=name,
                price=service.price,
                business=self.branch,
            )
            tx.remove("slots", free.id)
            tx.put(
                "appointments", id, AppointmentRow(made, None if own.kind is RecordKind.CLIENT else contacts, slot=free)
            )
            kind = AnswerKind.WAITS if self.needs_approval else AnswerKind.DONE
            return HostAnswer(kind, made, made.ref)

        return self._once(key, write)

    def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            if tx.get("appointments", appointment.id) is None:
                return HostAnswer(AnswerKind.DECLINED, note="there is no such appointment")
            row = self._current(tx, appointment)
            if row.appointment.status.open:
                self._give_back(tx, row)
            tx.remove("appointments", appointment.id)
            return HostAnswer()

        return self._once(key, write)

    def heard(self, event: HostEvent) -> None:
        with self.rows() as tx:
            tx.put("events", id_from("event", self.now().isoformat(), repr(event)), event)

    # --- what the writes share

    def _current(self, tx: MemoryTransaction, appointment: Appointment) -> AppointmentRow:
        """The row in the version that the caller decided on."""
        row = cast("AppointmentRow | None", tx.get("appointments", appointment.id))
        if row is None or row.appointment.version != appointment.version:
            raise Conflict("the appointment has changed since it was read")
        return row

    def _free(self, tx: MemoryTransaction, slot: Slot) -> Slot | None:
        found = cast("Slot | None", tx.get("slots", slot.id))
        return found if found == slot else None

    def _give_back(self, tx: MemoryTransaction, row: AppointmentRow) -> None:
        # A time that never stood in a slot becomes a new one.
        free = slot_of(row.appointment) if row.slot is None else row.slot
        tx.put("slots", free.id, free)

    def _ask(self, tx: MemoryTransaction, row: AppointmentRow) -> HostAnswer:
        before = row.appointment
        waits = evolve(before, status=AppointmentStatus.REQUESTED, version=next_version(before.version))
        tx.put("appointments", waits.id, evolve(row, appointment=waits))
        return HostAnswer(AnswerKind.WAITS, waits, note="the business has to agree")

    def _contacts_for(self, tx: MemoryTransaction, ref: RecordRef) -> RawContacts | None:
        if ref.kind is RecordKind.CLIENT:
            return None if tx.get("clients", ref.id) is None else RawContacts(ref)
        row = cast("AppointmentRow | None", tx.get("appointments", ref.id))
        return None if row is None or not row.own_record else contacts_of(row)


def _renamed(ref: RecordRef | None, id: str) -> RecordRef | None:
    """A guest's booking is named after its row; a client stays who they are."""
    return RecordRef.booking(id) if ref is not None and ref.kind is RecordKind.BOOKING else ref
