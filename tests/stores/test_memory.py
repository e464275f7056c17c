"""The memory store keeps every promise of the port, and is strict where databases are."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import Conflict, InvalidInput, StoreError
from clientportal.ports import BaseHost, step
from clientportal.records import AuditEntry, GuessCounter, Put, Remove
from clientportal.stores.memory import MemoryStore
from clientportal.testing.contracts import StateContract
from clientportal.testing.contracts.state_ground import START, audit, counter


class TestMemoryStepped(StateContract):
    """Without an event loop, and with real threads."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestMemoryOnALoop(StateContract):
    """Awaited, with tasks of one event loop."""

    asynchronous = True

    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


async def put(store: MemoryStore, *records: Any) -> None:
    async with store.begin("t", BaseHost, writes=True) as unit:
        await unit.commit([Put(record) for record in records])


class TestRows:
    """The host's rows in a transaction."""

    def test_own_writes(self) -> None:
        """A transaction reads its own writes; others do only after its end; an exception undoes all."""
        store = MemoryStore()
        with store.transaction("t") as tx:
            tx.put("clients", "b", 2)
            tx.put("clients", "a", 1)
            assert tx.scan("clients") == [("a", 1), ("b", 2)]
            with store.transaction("t") as other:
                assert other.get("clients", "a") is None

        def fails() -> None:
            with store.transaction("t") as tx:
                tx.remove("clients", "a")
                assert tx.get("clients", "a") is None
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fails()
        with store.transaction("t") as tx, store.transaction("other") as other:
            assert tx.get("clients", "a") == 1
            assert other.scan("clients") == []

    @pytest.mark.parametrize("look", ["get", "scan", "nothing"])
    def test_write_write(self, look: str) -> None:
        """A row that changed since it was first seen cannot be written; one that nobody else touched can."""
        store = MemoryStore()
        with store.transaction("t") as tx:
            tx.put("slots", "s", "free")
        mine = store.transaction("t")
        if look == "get":
            mine.get("slots", "s")
        elif look == "scan":
            mine.scan("slots")
        with store.transaction("t") as tx:
            tx.put("slots", "s", "taken")
        mine.put("slots", "s", "mine")
        mine.put("slots", "new", "mine")
        if look == "nothing":
            mine.commit()
        else:
            with pytest.raises(Conflict):
                mine.commit()
        with store.transaction("t") as tx:
            assert tx.get("slots", "new") == ("mine" if look == "nothing" else None)

    def test_inserted_twice(self) -> None:
        """Two transactions that insert the same row: one of them conflicts, the second removal as well."""
        store = MemoryStore()
        first, second = store.transaction("t"), store.transaction("t")
        first.put("slots", "s", 1)
        second.put("slots", "s", 2)
        first.commit()
        with pytest.raises(Conflict):
            second.commit()

    def test_host_rows_and_records(self) -> None:
        """A unit's records and its host's rows are committed together, or neither."""
        store = MemoryStore()

        async def both() -> None:
            async with store.begin("t", BaseHost, writes=True) as unit:
                unit.connection.put("rows", "r", "new")
                await unit.commit([Put(counter("a"))])

        async def conflict() -> None:
            async with store.begin("t", BaseHost, writes=True) as unit:
                unit.connection.put("rows", "r", "newer")
                await unit.commit([Put(counter("a"))])

        step(both())
        with pytest.raises(Conflict):
            step(conflict())
        with store.transaction("t") as tx:
            assert tx.get("rows", "r") == "new"

    def test_joined_conflict_at_the_end(self) -> None:
        """What a joined unit read is checked again when the caller commits."""
        store = MemoryStore()
        step(put(store, counter("a")))
        tx = store.transaction("t")

        async def join() -> None:
            async with store.begin("t", BaseHost, writes=True, connection=tx) as unit:
                await unit.state.get(GuessCounter, "a")
                await unit.commit([Put(counter("b"))])

        step(join())
        step(put(store, evolve(counter("a", 1), version=1)))
        with pytest.raises(Conflict):
            tx.commit()
        assert not store.in_transaction(tx)

    def test_wrong_transactions(self) -> None:
        """A unit joins an open transaction of this store and this tenant only; nothing works after the end."""
        store = MemoryStore()

        async def join(connection: object) -> None:
            async with store.begin("t", BaseHost, writes=True, connection=connection) as unit:
                await unit.commit([])

        ended = store.transaction("t")
        ended.commit()
        for wrong in (object(), ended, store.transaction("other"), MemoryStore().transaction("t")):
            with pytest.raises(StoreError):
                step(join(wrong))
        for use in (lambda: ended.get("x", "y"), lambda: ended.put("x", "y", 1), ended.commit):
            with pytest.raises(StoreError):
                use()


class TestUnits:
    """What ends a unit, and what it refuses."""

    def test_after_the_end(self) -> None:
        """A unit that has ended reads nothing; one begun for reading does not commit."""
        store = MemoryStore()

        async def late() -> Any:
            async with store.begin("t", BaseHost, writes=False) as unit:
                with pytest.raises(StoreError):
                    await unit.commit([])
            with pytest.raises(StoreError):
                await unit.state.get(GuessCounter, "a")
            async with store.begin("t", BaseHost, writes=True) as unit:
                await unit.commit([])
                with pytest.raises(StoreError):
                    await unit.state.hold("x")
                with pytest.raises(StoreError):
                    await unit.commit([])

        step(late())

    def test_limits(self) -> None:
        """A page of nothing, and collisions of a key of two attributes, are mistakes."""
        store = MemoryStore()

        async def ask() -> None:
            async with store.begin("t", BaseHost, writes=False) as unit:
                with pytest.raises(InvalidInput):
                    await unit.state.page(AuditEntry, "time", limit=0)
                with pytest.raises(InvalidInput):
                    await unit.state.collisions(AuditEntry, "subject")

        step(ask())


class TestLocks:
    """Waiting for another unit."""

    def test_patience(self) -> None:
        """A thread that waits too long is told of a conflict, on a loop as well."""
        store = MemoryStore(patience=0.05)

        async def hold() -> None:
            async with store.begin("t", BaseHost, writes=True) as unit:
                await unit.state.hold("n")
                async with store.begin("t", BaseHost, writes=True) as other:
                    await other.state.hold("n")

        for run in (step, asyncio.run):
            began = time.monotonic()
            with pytest.raises(Conflict, match=r"waited 0\.05 s"):
                run(hold())  # type: ignore[operator]
            assert 0.04 < time.monotonic() - began < 2

    def test_deadlock_is_found_at_once(self) -> None:
        """Two threads that wait in a circle do not wait for their patience."""
        store = MemoryStore(patience=30)
        both = threading.Barrier(2)
        told: list[str] = []

        async def cross(first: str, second: str) -> None:
            try:
                async with store.begin("t", BaseHost, writes=True) as unit:
                    await unit.state.hold(first)
                    both.wait(5)
                    await unit.state.hold(second)
                told.append("done")
            except Conflict:
                told.append("conflict")

        threads = [threading.Thread(target=lambda pair=pair: step(cross(*pair))) for pair in (("x", "y"), ("y", "x"))]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == ["conflict", "done"]
        assert time.monotonic() - began < 5

    def test_the_loop_goes_on(self) -> None:
        """A task that waits for a lock does not stop the event loop, and may be cancelled."""
        store = MemoryStore()

        async def main() -> None:
            async def wait() -> None:
                async with store.begin("t", BaseHost, writes=True) as unit:
                    await unit.state.get(GuessCounter, "a", lock=True)

            async with store.begin("t", BaseHost, writes=True) as unit:
                await unit.state.get(GuessCounter, "a", lock=True)
                task = asyncio.create_task(wait())
                await asyncio.sleep(0.02)
                assert not task.done()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                task = asyncio.create_task(wait())
                await asyncio.sleep(0.01)
            await asyncio.wait_for(task, 2)

        asyncio.run(main())


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=30),
    st.integers(1, 4),
    st.booleans(),
    st.integers(0, 5),
)
def test_pages_are_a_sorted_list(
    writes: list[tuple[int, int, bool]], limit: int, newest_first: bool, bound: int
) -> None:
    """After any writes, also uncommitted ones of the caller, the pages are the sorted list of what is there."""
    store = MemoryStore()
    kept: dict[str, AuditEntry] = {}

    async def write(connection: Any, id: str, minute: int, remove: bool) -> None:
        async with store.begin("t", BaseHost, writes=True, connection=connection) as unit:
            before = await unit.state.get(AuditEntry, id)
            if remove and before is not None:
                await unit.commit([Remove(before)])
                del kept[id]
            else:
                await unit.commit([Put(evolve(audit(id, minute=minute), version=before.version if before else 0))])
                kept[id] = audit(id, minute=minute)

    async def walk(connection: Any) -> list[str]:
        seen: list[str] = []
        after: str | None = None
        while True:
            async with store.begin("t", BaseHost, writes=False, connection=connection) as unit:
                page = await unit.state.page(
                    AuditEntry, "time", upto=upto, after=after, limit=limit, newest_first=newest_first
                )
            seen += [entry.id for entry in page.items]
            after = page.next
            if after is None:
                return seen

    upto = START + timedelta(minutes=bound)
    half = len(writes) // 2
    for id, minute, remove in writes[:half]:
        step(write(None, str(id), minute, remove))
    with store.transaction("t") as tx:
        for id, minute, remove in writes[half:]:
            step(write(tx, str(id), minute, remove))
        within = [entry for entry in kept.values() if entry.at <= upto]
        expected = [entry.id for entry in sorted(within, key=lambda entry: (entry.at, entry.id), reverse=newest_first)]
        assert step(walk(tx)) == expected
    assert step(walk(None)) == expected
