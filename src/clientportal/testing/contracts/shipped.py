"""A ground over the shipped hosts, for adapters that are made of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from clientportal.ports.host import RawContacts
from clientportal.testing.contracts.host_ground import HostGround, NotOnThisPlatform
from clientportal.values import (
    ActiveCode,
    Appointment,
    Business,
    ClientRecord,
    HeldThing,
    Money,
    Prefill,
    RecordRef,
    SectionItem,
    Service,
    Slot,
)
from clientportal.values.documents import Document

__all__ = ["ShippedGround"]


class ShippedGround(HostGround):
    """Fills ``MemoryHost``, ``SqlHost``, and what is derived from them, by the functions that they have for it.

    Hand it over like this::

        from clientportal.stores.memory import MemoryHost, MemoryStore
        from clientportal.testing.contracts import ShippedGround

        ground = ShippedGround(MemoryStore(), MemoryHost)
    """

    async def _fill(self, business: str, filling: Callable[[Any], Awaitable[None]]) -> None:
        async with self.store.begin(business, self.host, writes=True) as unit:
            connection = unit.connection if self.host.shares_transaction else None
            await filling(self.host.open(connection, business))
            await unit.commit([])

    async def open(self) -> None:
        """Both businesses."""
        for id, name in zip(self.businesses, ("Kōwhai Hair", "Rātā Nails"), strict=True):
            await self._fill(id, self._business(Business(id, name, self.zone)))

    def _business(self, business: Business) -> Callable[[Any], Awaitable[None]]:
        return lambda host: host.add_business(business)

    async def add_client(self, business: str, client: ClientRecord) -> RecordRef:
        await self._fill(business, lambda host: host.add_clients([client]))
        return client.ref

    async def add_appointment(self, business: str, appointment: Appointment, contacts: RawContacts | None) -> str:
        given = None if contacts is None else {appointment.id: contacts}
        await self._fill(business, lambda host: host.add_appointments([appointment], contacts=given))
        return appointment.id

    async def add_service(self, business: str, service: Service) -> str:
        await self._fill(business, lambda host: host.add_services([service]))
        return service.id

    async def add_slot(self, business: str, slot: Slot) -> str:
        await self._fill(business, lambda host: host.add_slots([slot]))
        return slot.id

    async def add_code(self, business: str, code: ActiveCode) -> None:
        await self._fill(business, lambda host: host.add_codes([code]))

    async def add_prefill(self, business: str, ref: RecordRef, prefill: Prefill) -> None:
        await self._fill(business, lambda host: host.add_prefill(ref, prefill))

    async def add_holding(self, business: str, thing: HeldThing) -> None:
        await self._fill(business, lambda host: host.add_holdings([thing]))

    async def add_item(self, business: str, item: SectionItem, content: bytes) -> str:
        if isinstance(item, Document):
            await self._fill(business, lambda host: host.add_document(item, content))
        else:
            await self._fill(business, lambda host: host.add_items([item]))
        return item.id

    async def owed(self, business: str, id: str) -> Money | None:
        host: Any = self.host
        if getattr(host, "cancel_deletes", False):
            raise NotOnThisPlatform("owed")  # the fee goes with the row
        async with self.store.begin(business, self.host, writes=False) as unit:
            shipped: Any = host.open(unit.connection if host.shares_transaction else None, business)
            charged: Money | None = await shipped.charged(id)
            return charged
