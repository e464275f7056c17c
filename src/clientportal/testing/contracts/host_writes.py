"""Every write of the port, done once in a small salon: what the tests of transactions, versions and tenants share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clientportal.operations.trusting import CheckedHost
from clientportal.testing.contracts.host_frame import HostFrame, Salon
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.values import Appointment, ClientChange, ClientDraft, ClientRecord, HostAnswer, RecordRef

__all__ = ["VERSIONED", "WRITES", "WritingHost"]

WRITES: Mapping[str, tuple[str, ...]] = {
    "create_client": ("create_client",),
    "create_clients": ("create_client",),
    "update_client": ("update_client",),
    "delete_client": ("delete_client",),
    "erase_client": ("erase_client",),
    "move": ("move", "slots"),
    "cancel": ("cancel",),
    "book": ("book", "slots"),
    "delete_appointment": ("delete_appointment",),
    "reassign": ("reassign",),
    "restore": ("reassign",),
}
"""The writes of the port, each with the capabilities that it takes to try it."""

VERSIONED = ("update_client", "move", "cancel", "delete_appointment")
"""Those that are decided on a row as it was read, and refused where it has changed."""


class WritingHost(HostFrame):
    """Does any write of the port."""

    async def appointment(self, host: CheckedHost, id: str) -> Appointment:
        """That appointment, which is there."""
        one = await host.appointment(id)
        assert one is not None, f"appointment({id!r}) is there"
        return one

    async def record(self, host: CheckedHost, ref: RecordRef) -> ClientRecord:
        """That client, who is there."""
        (one,) = await host.clients([ref])
        return one

    async def seen(self, ground: HostGround, salon: Salon, write: str) -> Any:
        """The row that a versioned write is decided on, as it is now."""
        if write == "update_client":
            return await self.asked(ground, lambda host: self.record(host, salon.ana), salon.business)
        return await self.asked(ground, lambda host: self.appointment(host, salon.next), salon.business)

    async def versioned(
        self, host: CheckedHost, salon: Salon, write: str, seen: Any, key: str, slot: str | None = None
    ) -> HostAnswer:
        """That write, decided on that row."""
        if write == "update_client":
            return await host.update_client(salon.ana, ClientChange(seen.version, {"first_name": f"Anna {key}"}), key)
        if write == "cancel":
            return await host.cancel(seen, None, key)
        if write == "delete_appointment":
            return await host.delete_appointment(seen, key)
        free = await host.slot(slot or salon.slots[0])
        assert free is not None, "the time is free"
        return await host.move(seen, free, None, key)

    async def write(self, host: CheckedHost, salon: Salon, write: str, key: str) -> HostAnswer:
        """Do that write, so that something changes."""
        if write in VERSIONED:
            seen: Any = await (
                self.record(host, salon.ana) if write == "update_client" else self.appointment(host, salon.next)
            )
            return await self.versioned(host, salon, write, seen, key)
        match write:
            case "create_client":
                return await host.create_client(
                    ClientDraft("Cleo", mobile="021 555 0177", email="cleo@example.com"), key
                )
            case "create_clients":
                return (await host.create_clients([(ClientDraft("Dan"), key), (ClientDraft("Eva"), f"{key}b")]))[0]
            case "delete_client":
                return await host.delete_client(salon.ana, key)
            case "erase_client":
                return await host.erase_client([salon.ana], key)
            case "book":
                free = await host.slot(salon.slots[0])
                assert free is not None
                return await host.book(salon.ben, free, "Ben", key)
            case "reassign":
                return await host.reassign([salon.ben], salon.ana, key)
            case _:
                return await host.restore([salon.ben], salon.ben, key)

    def declared(self, ground: HostGround, write: str) -> bool:
        """Whether the adapter declares what that write takes."""
        return all(getattr(self.can(ground), one) for one in WRITES[write])

    def first_write(self, ground: HostGround) -> str:
        """Any write that the adapter has, for what is the same with each of them."""
        for write in ("cancel", "update_client", "create_client", "book", "move", "delete_client"):
            if self.declared(ground, write):
                return write
        return self.not_declared("any write")

    async def prepare(self, ground: HostGround, salon: Salon, write: str) -> None:
        """What has to be there before that write can change anything."""
        if write == "restore":
            await self.done(ground, lambda host: host.reassign([salon.ben], salon.ana, self.key()), salon.business)
