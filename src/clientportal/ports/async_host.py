"""The start of an adapter whose methods are ``async def``: what ``BaseHost`` is to the plain ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from clientportal.decisions import HostEvent
from clientportal.errors import HostError
from clientportal.ports.branches import AtBranch
from clientportal.ports.host import BaseHost, Capabilities, ContactPage
from clientportal.ports.section import Section
from clientportal.values import (
    ActiveCode,
    Appointment,
    AppointmentPage,
    Business,
    ChangeKind,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    ContactKey,
    Holding,
    HostAnswer,
    Money,
    Offer,
    Prefill,
    RecordRef,
    Service,
    Slot,
    When,
)

__all__ = ["AsyncBaseHost"]


class AsyncBaseHost(AtBranch):
    """Start of an async adapter: the same methods, promises and defaults as :class:`BaseHost`, awaited.

    Every method's docstring is its twin's. It is a class of its own because an ``async def`` is no override of a
    ``def``: a type checker refuses it, rightly, though the portal would take either.
    """

    capabilities: ClassVar[Capabilities] = Capabilities()
    shares_transaction: ClassVar[bool] = True
    sections: ClassVar[tuple[type[Section[Any]], ...]] = ()

    def __init__(self, connection: Any, tenant: str) -> None:
        self.connection = connection
        self.tenant = tenant

    @classmethod
    def open(cls, connection: Any, tenant: str) -> Any:
        """Bind one host to one unit of work and one tenant."""
        return cls(connection, tenant)

    def _missing(self, method: str) -> HostError:
        return HostError(f"{type(self).__name__}.{method} is not implemented, though something asked for it")

    async def business(self) -> Business:
        raise self._missing("business")

    async def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        raise self._missing("clients")

    async def contacts(self, after: str | None, limit: int) -> ContactPage:
        raise self._missing("contacts")

    async def by_contact(self, key: ContactKey) -> Sequence[RecordRef]:
        raise self._missing("by_contact")

    async def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        raise self._missing("appointments")

    async def appointment(self, id: str) -> Appointment | None:
        raise self._missing("appointment")

    async def offer(self, appointment: Appointment, change: ChangeKind) -> Offer:
        return Offer()

    async def service(self, id: str) -> Service | None:
        return None

    async def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]:
        raise self._missing("slots")

    async def slot(self, id: str) -> Slot | None:
        raise self._missing("slot")

    async def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        raise self._missing("client_list")

    async def prefill(self, refs: Sequence[RecordRef]) -> Prefill:
        raise self._missing("prefill")

    async def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
        raise self._missing("create_client")

    async def create_clients(self, drafts: Sequence[tuple[ClientDraft, str]]) -> Sequence[HostAnswer]:
        return [await self.create_client(draft, key) for draft, key in drafts]

    async def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        raise self._missing("update_client")

    async def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        raise self._missing("delete_client")

    async def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        raise self._missing("erase_client")

    async def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer:
        raise self._missing("move")

    async def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        raise self._missing("cancel")

    async def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        raise self._missing("book")

    async def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer:
        raise self._missing("delete_appointment")

    async def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]:
        raise self._missing("active_codes")

    async def holdings(self, refs: Sequence[RecordRef]) -> Sequence[Holding]:
        raise self._missing("holdings")

    async def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        raise self._missing("reassign")

    async def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        raise self._missing("restore")

    def section(self, name: str) -> Section[Any] | None:
        kind = next((one for one in self.sections if one.name == name), None)
        return None if kind is None else kind(self)

    async def outcome(self, key: str) -> HostAnswer | None:
        raise self._missing("outcome")

    async def heard(self, event: HostEvent) -> None:
        return


for _name, _method in vars(AsyncBaseHost).items():
    if callable(_method) and not _name.startswith("_"):
        # One promise, written down once.
        _method.__doc__ = getattr(BaseHost, _name).__doc__
