"""Filling the in-memory host, and where its rows are."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import ClassVar, Protocol, Self, cast

from attrs import evolve

from clientportal.errors import Conflict, HostError
from clientportal.ports.host import BaseHost, HostAnswer, RawContacts
from clientportal.stores.memory.host_rows import AppointmentRow, OwnedRow, next_version
from clientportal.stores.memory.store import MemoryStore
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import (
    ActiveCode,
    Appointment,
    Business,
    ClientRecord,
    Money,
    Prefill,
    RecordKind,
    RecordRef,
    Service,
    Slot,
)

__all__ = ["Clock", "SeededHost", "now_utc"]


class Clock(Protocol):
    """Tells the time, aware UTC."""

    def __call__(self) -> datetime: ...


def now_utc() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


class SeededHost(BaseHost):
    """The part of the in-memory host that staff and fixtures use."""

    cancel_deletes: ClassVar[bool] = False
    move_makes_new_id: ClassVar[bool] = False
    needs_approval: ClassVar[bool] = False
    clock: ClassVar[Clock] = staticmethod(now_utc)
    home: ClassVar[MemoryStore | None] = None

    @classmethod
    def elsewhere(cls) -> type[Self]:
        """This host in a database of its own: every write is committed at once and remembered under its key."""
        made = type(f"{cls.__name__}Elsewhere", (cls,), {"shares_transaction": False, "home": MemoryStore()})
        return cast("type[Self]", made)

    @contextmanager
    def rows(self) -> Generator[MemoryTransaction, None, None]:
        """The unit's transaction; for a host elsewhere, one of its own, committed at the end."""
        if self.shares_transaction:
            yield cast("MemoryTransaction", self.connection)
        elif self.home is None:
            raise HostError("a MemoryHost that shares no transaction needs a home: use MemoryHost.elsewhere()")
        else:
            with self.home.transaction(self.tenant) as tx:
                yield tx

    def now(self) -> datetime:
        """When something is created, aware UTC."""
        return self.clock()

    def _once(self, key: str, write: Callable[[MemoryTransaction], HostAnswer]) -> HostAnswer:
        with self.rows() as tx:
            if self.shares_transaction:
                return write(tx)
            answer = cast("HostAnswer | None", tx.get("answers", key))
            if answer is None:
                answer = write(tx)
                tx.put("answers", key, answer)
            return answer

    # --- filling it

    async def add_business(self, business: Business, *, branch: str = "") -> None:
        """The business itself; with ``branch``, one of the businesses of a franchise, by the name that doors use."""
        with self.rows() as tx:
            tx.put("business", branch, business)

    async def add_clients(self, clients: Sequence[ClientRecord]) -> None:
        """Client rows. ``last_booked_at`` is not taken over: it follows from the appointments."""
        with self.rows() as tx:
            for client in clients:
                if client.ref.kind is not RecordKind.CLIENT:
                    raise HostError(
                        "a client row's reference is RecordRef.client(…); bookings carry their own contacts"
                    )
                before = cast("ClientRecord | None", tx.get("clients", client.ref.id))
                version = next_version(before.version if before else "")
                tx.put("clients", client.ref.id, evolve(client, version=version, last_booked_at=None))

    async def change_client(self, record: ClientRecord) -> None:
        """Write a client's fields again, where it still has the version that the record was read with."""
        with self.rows() as tx:
            before = cast("ClientRecord | None", tx.get("clients", record.ref.id))
            if before is None or before.version != record.version:
                raise Conflict("the client has changed since it was read")
        await self.add_clients([record])

    async def add_services(self, services: Sequence[Service]) -> None:
        """Services, as they are today."""
        with self.rows() as tx:
            for service in services:
                tx.put("services", service.id, service)

    async def add_codes(self, codes: Sequence[ActiveCode]) -> None:
        """Package, gift and subscription codes."""
        with self.rows() as tx:
            for code in codes:
                tx.put("codes", code.id, OwnedRow(code.ref, code))

    async def add_prefill(self, ref: RecordRef, prefill: Prefill) -> None:
        """What was answered for a client or at a booking, and the card that is stored, instead of what was there."""
        with self.rows() as tx:
            tx.put("prefills", str(ref), OwnedRow(ref, prefill))

    async def add_slots(self, slots: Sequence[Slot]) -> None:
        """Free times."""
        with self.rows() as tx:
            for slot in slots:
                tx.put("slots", slot.id, slot)

    async def add_appointments(
        self,
        appointments: Sequence[Appointment],
        *,
        deposits: Mapping[str, Money] | None = None,
        locked: Mapping[str, str] | None = None,
        contacts: Mapping[str, RawContacts] | None = None,
    ) -> None:
        """Appointments, with extras by appointment id: the deposit, why it is locked, the contacts given with it."""
        with self.rows() as tx:
            for one in appointments:
                before = cast("AppointmentRow | None", tx.get("appointments", one.id))
                version = next_version(before.appointment.version if before else "")
                row = AppointmentRow(
                    evolve(one, version=version),
                    contacts=(contacts or {}).get(one.id),
                    deposit=(deposits or {}).get(one.id),
                    locked=(locked or {}).get(one.id, ""),
                )
                tx.put("appointments", one.id, row)

    async def charged(self, id: str) -> Money | None:
        """The fee that the latest change of that appointment was charged."""
        with self.rows() as tx:
            row = cast("AppointmentRow | None", tx.get("appointments", id))
        return None if row is None else row.charged
