"""What the author of an adapter writes to try it, as type checkers see it."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from clientportal import (
    Appointment,
    BaseHost,
    Business,
    Channel,
    ClientRecord,
    OutgoingMessage,
    RecordRef,
    When,
)
from clientportal.ports import AsyncBaseHost, ContactPage, RawContacts, Store
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.contracts import (
    Arrived,
    HostContract,
    HostGround,
    MessengerContract,
    MessengerGround,
    ShippedGround,
    StateContract,
)
from clientportal.values import AppointmentPage, Slot


class Platform(BaseHost):
    """A plain adapter."""

    def business(self) -> Business:
        return Business(self.tenant, "Kōwhai Hair", "Pacific/Auckland")


class Awaited(AsyncBaseHost):
    """An async one."""

    async def appointments(
        self, refs: Sequence[RecordRef], when: When, now: object, after: str | None, limit: int
    ) -> AppointmentPage:
        return AppointmentPage(())

    async def contacts(self, after: str | None, limit: int) -> ContactPage:
        return ContactPage(())


class PlainGround(HostGround):
    """Rows written at once."""

    lacks = frozenset({"guests"})

    def add_client(self, business: str, client: ClientRecord) -> RecordRef:
        return client.ref

    def add_appointment(self, business: str, appointment: Appointment, contacts: RawContacts | None) -> str:
        return appointment.id


class AwaitedGround(HostGround):
    """Rows written by an async driver."""

    async def open(self) -> None:
        return None

    async def add_client(self, business: str, client: ClientRecord) -> RecordRef:
        return client.ref

    async def add_appointment(self, business: str, appointment: Appointment, contacts: RawContacts | None) -> str:
        return appointment.id

    async def add_slot(self, business: str, slot: Slot) -> str:
        return slot.id


class TestPlatform(HostContract):
    """A plain host."""

    racers = 16

    @pytest.fixture
    def ground(self) -> HostGround:
        return PlainGround(MemoryStore(), Platform)


class TestAwaited(HostContract):
    """An async host, closed afterwards."""

    asynchronous = True

    @pytest.fixture
    def ground(self) -> Generator[HostGround, None, None]:
        ground = AwaitedGround(MemoryStore(), Awaited)
        yield ground
        self.run(ground.open())


class TestShipped(HostContract):
    """An adapter made of a shipped one."""

    @pytest.fixture
    def ground(self) -> HostGround:
        return ShippedGround(MemoryStore(), MemoryHost)


class TestStore(StateContract):
    """A store."""

    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class Texts:
    """A sender."""

    def __init__(self) -> None:
        self.sent: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> None:
        self.sent.append(message)


class TextsGround(MessengerGround):
    """Its far end."""

    channel = Channel.SMS
    to = "+64215550142"
    lacks = frozenset({"faults", "refusals"})

    def __init__(self) -> None:
        self.texts = self.sender = Texts()

    def arrived(self) -> Sequence[Arrived]:
        return [Arrived(one.to, one.text, id=one.id) for one in self.texts.sent]


class TestTexts(MessengerContract):
    """A sender of texts."""

    @pytest.fixture
    def post(self) -> MessengerGround:
        return TextsGround()
