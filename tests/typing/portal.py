"""What a user of the library writes, as type checkers see it: checked by mypy --strict and pyright, never run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, assert_type

from clientportal import (
    Appointment,
    AsyncPortal,
    BaseHost,
    Business,
    Capabilities,
    Channel,
    ClientRecord,
    KeyRing,
    Money,
    OutgoingMessage,
    Permission,
    Policy,
    Portal,
    Reason,
    RecordRef,
    Refused,
    Secret,
    When,
    presets,
)
from clientportal.outcomes import Appointments, Cancelled, CodeSent, Duplicates, MergePlan, Profile, SignedIn
from clientportal.ports import ContactPage
from clientportal.stores.memory import MemoryStore
from clientportal.stores.sql import SqlStore
from clientportal.values import AppointmentPage


class Platform(BaseHost):
    """A host adapter with the minimum."""

    capabilities: ClassVar[Capabilities] = Capabilities()

    def business(self) -> Business:
        return Business(self.tenant, "Kōwhai Hair", "Pacific/Auckland")

    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        return [ClientRecord(ref, datetime(2026, 1, 1, tzinfo=UTC), mobile="021 123 4567") for ref in refs]

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        return ContactPage(())

    def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        return AppointmentPage(())

    def appointment(self, id: str) -> Appointment | None:
        return None


class Texts:
    """A plain sender."""

    def send(self, message: OutgoingMessage) -> None:
        print(message.to)


class AsyncTexts:
    """An async sender."""

    async def send(self, message: OutgoingMessage) -> None:
        print(message.to)


def policy_for(business: str) -> Policy:
    return presets.vcita(region="NZ")


def use_it() -> None:
    portal = Portal(
        store=MemoryStore(),
        host=Platform,
        policy=policy_for,
        keys=KeyRing.from_secrets({"k": KeyRing.generate_secret()}),
        senders={Channel.SMS: Texts(), Channel.EMAIL: Texts()},
    )
    sent = portal.visitor("salon", source="192.0.2.7").request_code("021 123 4567")
    assert_type(sent, CodeSent)
    signed_in = portal.visitor("salon").verify_code(sent.handle, "123456", key="k-1")
    assert_type(signed_in, SignedIn)
    assert_type(signed_in.token, Secret)
    me = portal.client(signed_in.token)
    assert_type(me.profile(), Profile)
    assert_type(me.appointments("past", limit=5), Appointments)
    try:
        assert_type(me.cancel("a1", accept_fee=Money("10.00", "NZD")), Cancelled)
    except Refused as refused:
        assert_type(refused.reason, Reason)
        assert_type(refused.retry_at, datetime | None)
    staff = portal.staff("salon", actor="mia", permissions={Permission.MERGE})
    assert_type(staff.duplicates(), Duplicates)
    assert_type(staff.plan_merge(RecordRef.client("1"), [RecordRef.client("2")]), MergePlan)
    for difference in staff.replay(presets.timely()):
        print(difference.gain)


async def await_it() -> None:
    portal = AsyncPortal(
        store=MemoryStore(),
        host=Platform,
        policy=presets.timely(),
        keys=KeyRing.from_secrets({"k": KeyRing.generate_secret()}),
        senders={Channel.SMS: AsyncTexts()},
    )
    sent = await portal.visitor("salon").request_code("021 123 4567")
    assert_type(sent, CodeSent)
    me = portal.client((await portal.visitor("salon").verify_code(sent.handle, "123456")).token)
    assert_type(await me.appointments(), Appointments)
    async for difference in portal.staff("salon", actor="mia", permissions=[]).replay(presets.timely()):
        print(difference.kind)


def a_host_of_its_own_transaction(store: SqlStore) -> None:
    """An engine of either colour is known as what it is."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")


async def the_same_awaited(store: SqlStore) -> None:
    async with store.async_engine.begin() as connection:
        await connection.exec_driver_sql("SELECT 1")
