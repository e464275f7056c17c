"""The in-memory host, and its twin in SQL wherever both must answer alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve, frozen

from clientportal.decisions import HostEvent
from clientportal.errors import Conflict, HostError, InvalidCursor
from clientportal.ports import AnswerKind, RawContacts, step
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.testing import FixedClock
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    Business,
    ChangeKind,
    ClientDraft,
    ClientRecord,
    Money,
    Offer,
    RecordRef,
    Service,
    Slot,
    When,
)

T = TypeVar("T")

NOW = datetime(2025, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA = RecordRef.client("ana")
GUEST = RecordRef.booking("guest")


def appointment(id: str, ref: RecordRef, hours: int, *, made: int = -48) -> Appointment:
    start = NOW + hours * HOUR
    return Appointment(
        id, ref, "cut", start, start + HOUR, "Pacific/Auckland", AppointmentStatus.CONFIRMED, NOW + made * HOUR,
        booked_as="Ana",
    )  # fmt: skip


def slot(id: str, hours: int, staff: str | None = None) -> Slot:
    return Slot(id, "cut", NOW + hours * HOUR, NOW + (hours + 1) * HOUR, "Pacific/Auckland", staff)


async def fill(host: Any) -> None:
    await host.add_business(Business("t", "Salon", "Pacific/Auckland"))
    await host.add_services([Service("cut", "Cut", HOUR, price=Money(80, "NZD"))])
    await host.add_clients([ClientRecord(ANA, NOW, "Ana", mobile="021 123 4567", last_booked_at=NOW + HOUR)])
    await host.add_slots([slot("s1", 5), slot("s2", 6, "kim")])
    await host.add_appointments(
        [
            *(appointment(f"a{hours}", ANA, hours, made=-50 + hours) for hours in (-3, -2, 1, 2)),
            appointment("same", ANA, 1),
            appointment("past", ANA, -2),
            appointment("guest", GUEST, 1),
        ],
        contacts={"guest": RawContacts(GUEST, email="guest@example.com")},
        deposits={"a1": Money("20.00", "NZD")},
        locked={"a2": "a package"},
    )


@frozen
class Platform:
    """A store with a host of one kind in it."""

    store: Any
    host: Any

    def run(self, work: Callable[[Any], Awaitable[T]], tenant: str = "t") -> T:
        """Work with the host in a unit of its own, committed."""

        async def unit() -> T:
            async with self.store.begin(tenant, self.host, writes=True) as begun:
                answer = await work(begun.host)
                await begun.commit([])
            return answer

        return step(unit())


@pytest.fixture(params=["memory", "elsewhere", "sql"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """The same platform in memory, in memory elsewhere, and in SQL."""
    if request.param == "sql":
        sql = SqlStore.open(f"sqlite:///{tmp_path / 'portal.db'}")
        sql.upgrade()
        made = Platform(sql, SqlHost)
        made.run(fill)
        yield made
        sql.close()
    else:
        made = Platform(MemoryStore(), MemoryHost if request.param == "memory" else MemoryHost.elsewhere())
        made.run(fill)
        yield made


def variant(**settings: Any) -> Platform:
    """The in-memory host, turned."""
    made = Platform(MemoryStore(), type("Variant", (MemoryHost,), {"clock": FixedClock(NOW), **settings}))
    made.run(fill)
    return made


class TestTwins:
    """What every shipped host answers alike."""

    def test_reads(self, platform: Platform) -> None:
        """Records with the time of the newest booking made; bookings without a client are their own record."""

        async def read(host: Any) -> None:
            assert (await host.business()).name == "Salon"
            records = {one.ref: one for one in await host.clients([GUEST, ANA, RecordRef.client("nobody"), ANA])}
            assert set(records) == {ANA, GUEST}
            assert records[ANA].last_booked_at == NOW - 48 * HOUR
            guest = records[GUEST]
            assert (guest.first_name, guest.email, guest.last_booked_at) == (
                "Ana",
                "guest@example.com",
                NOW - 48 * HOUR,
            )
            assert await host.clients([RecordRef.booking("a1")]) == []
            assert await host.appointment("nothing") is None
            assert (await host.service("cut")).price == Money("80", "NZD")

        platform.run(read)

    def test_lists(self, platform: Platform) -> None:
        """Upcoming earliest first, past latest first, ties by id; pages of any size give the same."""

        async def read(host: Any) -> None:
            for when, expected in (
                (When.UPCOMING, ["a1", "guest", "same", "a2"]),
                (When.PAST, ["a-2", "past", "a-3"]),
            ):
                for limit in (1, 2, 9):
                    seen: list[str] = []
                    after: str | None = None
                    while True:
                        page = await host.appointments([ANA, GUEST], when, NOW, after, limit)
                        seen += [one.id for one in page.items]
                        after = page.next
                        if after is None:
                            break
                    assert seen == expected
            with pytest.raises(InvalidCursor):
                await host.appointments([ANA], When.PAST, NOW, "x", 5)

        platform.run(read)

    def test_walk(self, platform: Platform) -> None:
        """The walk over contacts names every record once: clients, then bookings that are their own record."""

        async def read(host: Any) -> None:
            first = await host.contacts(None, 1)
            second = await host.contacts(first.next, 1)
            assert [one.ref for one in first.items + second.items] == [ANA, GUEST]
            assert second.next is None
            with pytest.raises(InvalidCursor):
                await host.contacts("x", 1)

        platform.run(read)

    def test_tenants(self, platform: Platform) -> None:
        """Another tenant sees nothing of it."""

        async def read(host: Any) -> None:
            assert await host.clients([ANA, GUEST]) == []
            assert await host.appointment("a1") is None
            assert (await host.contacts(None, 5)).items == ()
            with pytest.raises(HostError):
                await host.business()

        platform.run(read, tenant="other")

    def test_offers(self, platform: Platform) -> None:
        """The deposit is lost by cancelling alone; a lock says why."""

        async def read(host: Any) -> None:
            one, locked = await host.appointment("a1"), await host.appointment("a2")
            assert await host.offer(one, ChangeKind.CANCEL) == Offer(forfeits=Money("20.00", "NZD"))
            assert await host.offer(one, ChangeKind.MOVE) == Offer()
            assert await host.offer(locked, ChangeKind.MOVE) == Offer(allowed=False, why_not="a package")
            assert await host.offer(locked, ChangeKind.REBOOK) == Offer()

        platform.run(read)

    def test_move(self, platform: Platform) -> None:
        """The id stays, the version does not; the slot is gone, the old time is free; nobody else can take it."""

        async def move(host: Any) -> None:
            before, wanted = await host.appointment("a1"), await host.slot("s1")
            answer = await host.move(before, wanted, None, "k1")
            after = answer.appointment
            assert answer.kind is AnswerKind.DONE
            assert after == await host.appointment("a1")
            assert (after.start, after.moves) == (wanted.start, 1)
            assert after.version != before.version
            assert await host.slot("s1") is None
            (old,) = await host.slots("cut", None, NOW, NOW + 2 * HOUR, 10)
            assert (old.start, old.end) == (before.start, before.end)
            assert (await host.move(await host.appointment("a2"), wanted, None, "k2")).kind is AnswerKind.TAKEN
            with pytest.raises(Conflict):
                await host.move(before, old, None, "k3")

        platform.run(move)

    def test_move_there_and_back(self, platform: Platform) -> None:
        """A slot that was taken is free again, under its own name, when the appointment leaves it."""

        async def move(host: Any) -> None:
            first, second = await host.slot("s1"), await host.slot("s2")
            await host.move(await host.appointment("a1"), first, None, "k1")
            await host.move(await host.appointment("a1"), second, None, "k2")
            assert await host.slot("s1") == first
            assert (await host.appointment("a1")).staff_id == "kim"
            assert [one.id for one in await host.slots("cut", "kim", NOW, NOW + 9 * HOUR, 9)] == []

        platform.run(move)

    def test_cancel(self, platform: Platform) -> None:
        """Cancelling marks it, frees the time, and needs the version that was seen."""

        async def cancel(host: Any) -> None:
            before = await host.appointment("guest")
            answer = await host.cancel(before, Money(10, "NZD"), "k1")
            assert answer.appointment.status is AppointmentStatus.CANCELLED
            assert await host.appointment("guest") == answer.appointment
            assert len(await host.slots("cut", None, NOW, NOW + 2 * HOUR, 10)) == 1
            with pytest.raises(Conflict):
                await host.cancel(before, None, "k2")

        platform.run(cancel)

    def test_book_and_create(self, platform: Platform) -> None:
        """A booking is made for a client, or for a guest with the contacts given before; a new client is bare."""

        async def book(host: Any) -> None:
            made = (await host.book(ANA, await host.slot("s1"), "Ana N.", "k1")).appointment
            assert (made.ref, made.booked_as, made.price) == (ANA, "Ana N.", Money(80, "NZD"))
            answer = await host.book(GUEST, await host.slot("s2"), "Guest", "k2")
            assert answer.appointment.ref == RecordRef.booking(answer.appointment.id) == answer.ref
            (record,) = await host.clients([answer.ref])
            assert record.email == "guest@example.com"
            assert (await host.book(ANA, slot("s1", 5), "", "k3")).kind is AnswerKind.TAKEN
            nobody = await host.book(RecordRef.client("nobody"), slot("s1", 5), "", "k4")
            assert nobody.kind is AnswerKind.DECLINED
            created = await host.create_client(ClientDraft("Bo", mobile="021 5"), "k5")
            (bo,) = await host.clients([created.ref])
            assert (bo.first_name, bo.mobile, bo.email, bo.last_booked_at) == ("Bo", "021 5", None, None)

        platform.run(book)

    def test_change_client(self, platform: Platform) -> None:
        """Staff change a client in the version that they saw."""

        async def change(host: Any) -> None:
            (ana,) = await host.clients([ANA])
            await host.change_client(evolve(ana, email="ana@example.com"))
            (after,) = await host.clients([ANA])
            assert (after.email, after.version == ana.version) == ("ana@example.com", False)
            with pytest.raises(Conflict):
                await host.change_client(ana)

        platform.run(change)

    def test_long_names(self, platform: Platform) -> None:
        """A name typed at a booking may be longer than a client's name can be."""

        async def read(host: Any) -> None:
            ref = RecordRef.booking("long")
            await host.add_appointments([evolve(appointment("long", ref, 3), booked_as="x" * 300)])
            (record,) = await host.clients([ref])
            assert record.first_name == "x" * 100

        platform.run(read)


class TestVarieties:
    """Platforms that work another way."""

    def test_cancel_deletes(self) -> None:
        """The row is gone, and the answer names no appointment."""

        async def cancel(host: Any) -> None:
            answer = await host.cancel(await host.appointment("a1"), None, "k")
            assert (answer.kind, answer.appointment) == (AnswerKind.DONE, None)
            assert await host.appointment("a1") is None

        variant(cancel_deletes=True).run(cancel)

    def test_move_makes_new_id(self) -> None:
        """The old one is cancelled; the new one has a new id, and is a new record where there is no client."""

        async def move(host: Any) -> None:
            for id, name in (("a1", "s1"), ("guest", "s2")):
                before = await host.appointment(id)
                after = (await host.move(before, await host.slot(name), None, f"k{id}")).appointment
                assert after.id != id
                assert (await host.appointment(id)).status is AppointmentStatus.CANCELLED
                expected = ANA if id == "a1" else RecordRef.booking(after.id)
                assert (after.ref, after.moves, after.made_at) == (expected, 1, NOW)
            (guest,) = await host.clients([after.ref])
            assert guest.email == "guest@example.com"

        variant(move_makes_new_id=True).run(move)

    def test_needs_approval(self) -> None:
        """Everything is a request until staff agree: nothing moves, nothing is freed."""

        async def ask(host: Any) -> None:
            before = await host.appointment("a1")
            assert (await host.offer(before, ChangeKind.MOVE)).needs_approval
            answer = await host.move(before, await host.slot("s1"), None, "k1")
            after = answer.appointment
            assert (answer.kind, after.status) == (AnswerKind.WAITS, AppointmentStatus.REQUESTED)
            assert (after.start, after.version) == (before.start, "2")
            cancelled = await host.cancel(await host.appointment("a2"), None, "k2")
            assert cancelled.kind is AnswerKind.WAITS
            booked = await host.book(ANA, await host.slot("s1"), "Ana", "k3")
            assert (booked.kind, booked.appointment.status) == (AnswerKind.WAITS, AppointmentStatus.REQUESTED)

        variant(needs_approval=True).run(ask)

    def test_elsewhere(self) -> None:
        """A host elsewhere commits at once, does nothing twice under one key, and tells what became of it."""
        platform = Platform(MemoryStore(), MemoryHost.elsewhere())
        platform.run(fill)

        async def leave() -> None:
            async with platform.store.begin("t", platform.host, writes=True) as unit:
                assert await unit.host.outcome("k") is None
                before = await unit.host.appointment("a1")
                answer = await unit.host.cancel(before, None, "k")
                assert await unit.host.cancel(before, None, "k") == answer

        step(leave())

        async def look(host: Any) -> None:
            assert (await host.appointment("a1")).status is AppointmentStatus.CANCELLED
            assert (await host.outcome("k")).kind is AnswerKind.DONE

        platform.run(look)
        with pytest.raises(HostError):
            variant(shares_transaction=False)

    def test_shared_rolls_back(self) -> None:
        """A host that shares the transaction has written nothing where the unit is left; events are kept else."""
        platform = variant()

        async def leave() -> None:
            async with platform.store.begin("t", platform.host, writes=True) as unit:
                await unit.host.cancel(await unit.host.appointment("a1"), None, "k")

        step(leave())
        event = HostEvent("merged", (("survivor", "client:ana"),))

        async def look(host: Any) -> None:
            assert (await host.appointment("a1")).status is AppointmentStatus.CONFIRMED
            await host.heard(event)

        platform.run(look)
        with platform.store.transaction("t") as tx:
            assert [row for _, row in tx.scan("events")] == [event]
