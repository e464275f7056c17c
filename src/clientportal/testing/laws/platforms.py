"""What a check of a whole portal needs: a platform that can be filled, and a portal over it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from attrs import evolve, field, frozen

from clientportal.doors import Portal
from clientportal.keyring import KeyRing
from clientportal.policy import Policy, presets
from clientportal.ports import Capabilities, Channel, HostAdapter, OutgoingMessage, Store, step
from clientportal.testing.clock import FixedClock
from clientportal.values import Appointment, Business, ClientRecord, HeldThing, RecordRef

__all__ = ["Ground", "Platform", "ShippedPlatform", "over"]

_CODE = re.compile(r"\b(\d{6})\b")


class Letterbox:
    """Takes every message and keeps it, so that codes can be read."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> None:
        self.messages.append(message)

    def last_code(self) -> str:
        """The code in the message that came last."""
        found = _CODE.search(self.messages[-1].text)
        assert found is not None, "the last message carries no code of six digits"
        return found[1]


def _policy() -> Policy:
    # One number is proved again and again here, which is what the budgets are there to stop.
    timely = presets.timely(region="NZ")
    many = evolve(timely.sends, per_ten_minutes=1000, per_day=1000, per_prefix_hour=1000, per_source_hour=1000)
    return evolve(timely, sends=many)


@frozen
class Ground:
    """What your platform opens the portal with: ``Portal(store=…, host=…, **ground.settings())``.

    The clock stands still until the check moves it, and every message lands in a letterbox that the check reads.
    """

    policy: Policy = field(factory=_policy)
    clock: FixedClock = field(factory=lambda: FixedClock(datetime(2026, 3, 1, 9, tzinfo=UTC)))
    letters: Letterbox = field(factory=Letterbox)
    keys: KeyRing = field(factory=lambda: KeyRing.from_secrets({"laws": KeyRing.generate_secret()}))

    def settings(self) -> dict[str, Any]:
        """Policy, clock, keys and senders, by the names that :class:`~clientportal.Portal` has for them."""
        return {
            "policy": self.policy,
            "clock": self.clock,
            "keys": self.keys,
            "senders": {Channel.SMS: self.letters, Channel.EMAIL: self.letters},
            "base_url": "https://example.com/change/",
        }


class Platform(Protocol):
    """Your platform with a portal over it. Businesses that a check makes up are never used twice."""

    @property
    def portal(self) -> Portal:
        """The portal, opened with the ground's settings."""
        ...

    def add_business(self, business: Business) -> None:
        """A new business without anything in it."""
        ...

    def put_client(self, business: str, record: ClientRecord) -> None:
        """Store a client row under this very id, or write all its fields again; the portal is told by the check."""
        ...

    def put_appointment(self, business: str, appointment: Appointment) -> None:
        """Store an appointment of a client."""
        ...

    def put_holding(self, business: str, thing: HeldThing) -> None:
        """Store a card, a balance, a package or an invoice of a client; nothing, where yours does not count those."""
        ...

    def client(self, business: str, ref: RecordRef) -> ClientRecord | None:
        """The row as it is stored, or ``None`` where there is none."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...


@frozen
class ShippedPlatform:
    """A :class:`Platform` out of a store and one of the shipped hosts, or one that is filled like them."""

    store: Store
    host: HostAdapter
    portal: Portal
    on_close: Callable[[], object]

    def add_business(self, business: Business) -> None:
        """See :class:`Platform`."""
        self._fill(business.id, "add_business", business)

    def put_client(self, business: str, record: ClientRecord) -> None:
        """See :class:`Platform`."""
        self._fill(business, "add_clients", [record])

    def put_appointment(self, business: str, appointment: Appointment) -> None:
        """See :class:`Platform`."""
        self._fill(business, "add_appointments", [appointment])

    def put_holding(self, business: str, thing: HeldThing) -> None:
        """See :class:`Platform`."""
        if getattr(self.host, "capabilities", Capabilities()).holdings:
            self._fill(business, "add_holdings", [thing])

    def client(self, business: str, ref: RecordRef) -> ClientRecord | None:
        """See :class:`Platform`."""

        async def read() -> Sequence[ClientRecord]:
            async with self.store.begin(business, self.host, writes=False) as unit:
                return await unit.host.clients([ref])

        return next(iter(step(read())), None)

    def close(self) -> None:
        """See :class:`Platform`."""
        self.on_close()

    def _fill(self, business: str, method: str, what: object) -> None:
        async def write() -> None:
            async with self.store.begin(business, self.host, writes=True) as unit:
                await getattr(unit.host, method)(what)
                await unit.commit(())

        step(write())


def over(open_store: Callable[[], Store], host: HostAdapter) -> Callable[[Ground], ShippedPlatform]:
    """How :func:`check_world` opens a store of this library with the host that belongs to it, or one of yours that is
    filled in the same way (``add_business``, ``add_clients``, ``add_appointments``, and ``add_holdings`` where it
    counts what its clients hold).
    """

    def open_platform(ground: Ground) -> ShippedPlatform:
        store = open_store()
        portal = Portal(store=store, host=host, **ground.settings())
        return ShippedPlatform(store, host, portal, getattr(store, "close", lambda: None))

    return open_platform
