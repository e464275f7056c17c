"""What the SQL store does beyond the contract: joined transactions, races, failures."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
import traceback
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve
from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import StaticPool

from clientportal.errors import Conflict, InvalidInput, StoreError
from clientportal.ports import BaseHost, HostAdapter, step
from clientportal.records import (
    ContactEntry,
    ContactHistory,
    GuessCounter,
    NumberCounter,
    Pointer,
    Put,
    Remove,
    SpentLink,
    Stored,
)
from clientportal.stores.sql import SqlStore
from stores.sql_ground import SITES, Site

HOST = cast("HostAdapter", BaseHost)
NOW = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Site, None, None]:
    """Both databases, both colours."""
    site = Site(request.param, tmp_path)
    yield site
    site.close()


@pytest.fixture(params=["postgres", "async-postgres"])
def postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Site, None, None]:
    """PostgreSQL alone, both colours."""
    site = Site(request.param, tmp_path)
    yield site
    site.close()


def unit(site: Site, *, writes: bool = True, connection: Any = None) -> Any:
    return site.store.begin("salon", HOST, writes=writes, connection=connection)


async def put(site: Site, *records: Stored) -> None:
    async with unit(site) as one:
        await one.commit([Put(record) for record in records])


async def number(site: Site, id: str = "n") -> NumberCounter | None:
    async with unit(site, writes=False) as one:
        found: NumberCounter | None = await one.state.get(NumberCounter, id)
        return found


# --- joining


def test_nothing_executed_is_no_transaction(site: Site) -> None:
    """A connection counts as in a transaction from the first statement to the commit."""

    async def check() -> None:
        async with site.connected() as connection:
            assert not site.store.in_transaction(connection)
            await site.said(connection.execute(text("SELECT 1")))
            assert site.store.in_transaction(connection)
            await site.said(connection.commit())
            assert not site.store.in_transaction(connection)

    site.run(check())


def test_autocommit_is_no_transaction(site: Site) -> None:
    """On a connection where every statement commits itself nothing could be rolled back."""

    async def check() -> None:
        async with site.connected() as connection:
            await site.said(connection.execution_options(isolation_level="AUTOCOMMIT"))
            await site.said(connection.execute(text("SELECT 1")))
            assert not site.store.in_transaction(connection)

    site.run(check())


def test_joining_commits_nothing_of_the_caller(site: Site) -> None:
    """A unit joined to a connection on which nothing was executed leaves the commit to the caller all the same."""

    async def check() -> None:
        async with site.connected() as connection:
            async with unit(site, connection=connection) as one:
                await one.commit([Put(NumberCounter(id="n"))])
            assert site.store.in_transaction(connection)
            await site.said(connection.rollback())
        assert await number(site) is None
        async with site.connected() as connection:
            async with unit(site, connection=connection) as one:
                await one.commit([Put(NumberCounter(id="n"))])
            await site.said(connection.commit())
        assert await number(site) == NumberCounter(id="n", version=1)

    site.run(check())


def test_joining_after_a_read(site: Site) -> None:
    """A caller that has read before joins as well as one that has written."""

    async def check() -> None:
        await put(site, NumberCounter(id="n"))
        async with site.connected() as connection:
            await site.said(connection.execute(text("SELECT * FROM cp_number_counters")))
            async with unit(site, connection=connection) as one:
                seen = await one.state.get(NumberCounter, "n", lock=True)
                await one.commit([Put(evolve(seen, next=5))])
            await site.said(connection.commit())
        assert await number(site) == NumberCounter(id="n", version=2, next=5)

    site.run(check())


def test_joining_a_stale_snapshot_conflicts(tmp_path: Path) -> None:
    """On SQLite a caller whose snapshot is older than another's commit gets a conflict, not a lost update."""
    site = Site("sqlite", tmp_path)

    async def check() -> None:
        await put(site, NumberCounter(id="n"))
        async with site.connected() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("SELECT * FROM cp_number_counters").all()
            await put(site, NumberCounter(id="n", version=1, next=9))
            with pytest.raises(Conflict):
                async with unit(site, connection=connection):
                    pytest.fail("the unit was begun")
            connection.rollback()
        assert await number(site) == NumberCounter(id="n", version=2, next=9)

    site.run(check())
    site.close()


def test_joining_holds_the_write_lock(tmp_path: Path) -> None:
    """On SQLite a joined unit that may write is alone from its beginning, before it has written anything."""
    site = Site("sqlite", tmp_path)

    async def check() -> None:
        async with site.connected() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("SELECT * FROM cp_number_counters").all()
            async with unit(site, connection=connection):
                other = sqlite3.connect(tmp_path / "portal.db", timeout=0)
                with pytest.raises(sqlite3.OperationalError):
                    other.execute("BEGIN IMMEDIATE")
                other.close()

    site.run(check())
    site.close()


def test_joining_needs_a_connection(site: Site) -> None:
    """Anything but a connection is refused with a sentence that says what to pass."""
    with pytest.raises(TypeError, match=r"session\.connection"):
        site.store.begin("salon", HOST, writes=True, connection=object())
    with pytest.raises(TypeError):
        site.store.in_transaction(object())


def test_hold_in_an_old_snapshot(postgres: Site) -> None:
    """Holding a name is refused in a caller's REPEATABLE READ: what is read after it would be older than it."""

    async def check() -> None:
        async with postgres.connected() as connection:
            await postgres.said(connection.execution_options(isolation_level="REPEATABLE READ"))
            async with unit(postgres, connection=connection) as one:
                with pytest.raises(StoreError, match="READ COMMITTED"):
                    await one.state.hold("x")

    postgres.run(check())


# --- races


def test_64_at_once_spend_a_link_once(site: Site) -> None:
    """Of 64 that spend the same link at the same time one succeeds, whatever the others are told."""
    link = SpentLink(id="l", spent_at=NOW, expires_at=NOW + timedelta(days=1))

    async def spend() -> bool:
        for _ in range(20):
            try:
                async with unit(site) as one:
                    if await one.state.get(SpentLink, "l", lock=True) is not None:
                        return False
                    await one.commit([Put(link)])
                    return True
            except Conflict:
                continue
        raise AssertionError("never got its turn")

    assert sum(together(site, spend, 64)) == 1


def test_64_at_once_count_to_64(site: Site) -> None:
    """A counter that is read locked loses no count."""
    site.run(put(site, NumberCounter(id="n", next=0)))

    async def count() -> bool:
        for _ in range(20):
            try:
                async with unit(site) as one:
                    seen = await one.state.get(NumberCounter, "n", lock=True)
                    await one.commit([Put(evolve(seen, next=seen.next + 1))])
                    return True
            except Conflict:
                continue
        raise AssertionError("never got its turn")

    assert all(together(site, count, 64))
    assert site.run(number(site)) == NumberCounter(id="n", version=65, next=64)


def together(site: Site, work: Any, times: int) -> list[bool]:
    """What each came to, in threads or in tasks."""
    if site.awaited:

        async def gather() -> list[bool]:
            return list(await asyncio.gather(*(work() for _ in range(times))))

        return site.run(gather())
    outcomes: list[Any] = []

    def run() -> None:
        try:
            outcomes.append(step(work()))
        except BaseException as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return outcomes


def test_each_rests_on_the_absence_of_the_other(site: Site) -> None:
    """Two units that each read as absent what the other inserts cannot both commit (a write skew)."""
    ready = threading.Barrier(2)
    outcomes: list[str] = []

    async def insert(mine: str, others: str) -> None:
        try:
            async with unit(site) as one:
                assert await one.state.get(Pointer, others) is None
                if site.postgres:
                    await (asyncio.sleep(0.2) if site.awaited else _wait(ready))
                await one.commit([Put(Pointer(id=mine, survivor="client:9", root="client:9", merge_id="m"))])
                outcomes.append("done")
        except Conflict:
            outcomes.append("conflict")
        except AssertionError:
            outcomes.append("seen")

    if site.awaited:

        async def both() -> None:
            await asyncio.gather(insert("client:1", "client:2"), insert("client:2", "client:1"))

        site.run(both())
    else:
        threads = [
            threading.Thread(target=lambda pair=pair: step(insert(*pair)))
            for pair in (("client:1", "client:2"), ("client:2", "client:1"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == ["conflict", "done"] if site.postgres else ["done", "seen"]


async def _wait(ready: threading.Barrier) -> None:
    ready.wait(timeout=10)


def test_a_record_read_and_changed_meanwhile(postgres: Site) -> None:
    """A unit that writes something else conflicts where a record it read has changed, gone or appeared since."""

    async def check() -> None:
        await put(postgres, NumberCounter(id="n"), NumberCounter(id="gone"))
        for id, change in (
            ("n", Put(NumberCounter(id="n", version=1, next=2))),
            ("gone", Remove(NumberCounter(id="gone", version=1))),
            ("new", Put(NumberCounter(id="new"))),
        ):
            async with unit(postgres) as one:
                await one.state.get(NumberCounter, id)
                async with unit(postgres) as other:
                    await other.commit([change])
                with pytest.raises(Conflict):
                    await one.commit([Put(NumberCounter(id="mine"))])
        assert await number(postgres, "mine") is None

    postgres.run(check())


def test_absence_leaves_no_trace(postgres: Site) -> None:
    """Checking that a record is still absent leaves nothing behind, and does not hinder inserting it later."""

    async def check() -> None:
        async with unit(postgres) as one:
            assert await one.state.get_many(NumberCounter, ["a", "b"]) == {}
            assert await one.state.get(ContactHistory, "x") is None
            await one.commit([Put(NumberCounter(id="b"))])
        assert await number(postgres, "a") is None
        await put(postgres, NumberCounter(id="a"), ContactHistory(id="x"))
        assert await number(postgres, "a") == NumberCounter(id="a", version=1)

    postgres.run(check())


def test_reading_units_see_one_moment(site: Site) -> None:
    """All reads of a unit that only reads are of the same moment, locked or not."""

    async def check() -> None:
        await put(site, NumberCounter(id="n"), NumberCounter(id="m"))
        async with unit(site, writes=False) as one:
            await one.state.get(NumberCounter, "n", lock=True)
            await put(site, NumberCounter(id="m", version=1, next=7))
            await one.state.hold("x")
            assert await one.state.get(NumberCounter, "m") == NumberCounter(id="m", version=1)

    site.run(check())


# --- writing


def test_written_twice_in_one_commit(site: Site) -> None:
    """Writes of the same record are carried out in their order; the whole is still all or nothing."""

    async def check() -> None:
        first = NumberCounter(id="n")
        async with unit(site) as one:
            await one.commit(
                [Put(first), Put(evolve(first, version=1, next=2)), Remove(evolve(first, version=2)), Put(first)]
            )
        assert await number(site) == evolve(first, version=1)

    site.run(check())


def test_many_writes_at_once(site: Site) -> None:
    """Hundreds of inserts, changes and removals go in one commit, and one wrong version among them undoes all."""

    async def check() -> None:
        entries = [ContactEntry(id=f"{i:05}", key=f"k{i % 7}", ref=f"r{i}") for i in range(600)]
        await put(site, *entries)
        stored = [evolve(entry, version=1) for entry in entries]
        wrong = evolve(stored[599], version=3)
        with pytest.raises(Conflict):
            async with unit(site) as one:
                await one.commit([*map(Put, stored[:300]), *map(Remove, stored[300:599]), Put(wrong)])
        async with unit(site) as one:
            found = await one.state.find_any(ContactEntry, "key", [f"k{i}" for i in range(9)])
            assert [entry.version for entry in found] == [1] * 600
            assert [(entry.key, entry.id) for entry in found] == sorted((e.key, e.id) for e in entries)
            await one.commit([*map(Put, stored[:300]), *map(Remove, stored[300:])])
        async with unit(site, writes=False) as one:
            kept = await one.state.get_many(ContactEntry, [entry.id for entry in entries])
            assert {entry.version for entry in kept.values()} == {2}
            assert len(kept) == 300

    site.run(check())


def test_text_no_column_can_hold(site: Site) -> None:
    """NUL and lone surrogates are found nowhere and refused when written; in a body they are kept."""

    async def check() -> None:
        for bad in ("a\x00b", "\ud800"):
            async with unit(site) as one:
                assert await one.state.get(NumberCounter, bad) is None
                assert await one.state.find(ContactEntry, "key", [bad]) == []
                assert await one.state.find_any(ContactEntry, "key", [bad]) == []
                with pytest.raises(InvalidInput):
                    await one.commit([Put(NumberCounter(id=bad))])
            history = Pointer(id=f"p{bad!r}", survivor=bad, root="client:1", merge_id="m")
            await put(site, history)
            async with unit(site, writes=False) as one:
                assert await one.state.get(Pointer, history.id) == evolve(history, version=1)

    site.run(check())


def test_numbers_beyond_a_column(site: Site) -> None:
    """A client number that was typed with forty digits is no one's, and no error."""

    async def check() -> None:
        from clientportal.records import ClientNumber

        await put(site, ClientNumber(id="client:1", number=12))
        async with unit(site, writes=False) as one:
            for typed in ("9" * 40, "9223372036854775808", " 12", "12.0", "x", "٧"):
                assert await one.state.find(ClientNumber, "number", [typed]) == []
            assert [one.id for one in await one.state.find(ClientNumber, "number", ["12"])] == ["client:1"]

    site.run(check())


def test_a_unit_that_has_ended(site: Site) -> None:
    """After its commit, or its end, a unit neither reads nor writes; one that only reads never commits."""

    async def check() -> None:
        async with unit(site) as one:
            await one.commit([])
            with pytest.raises(StoreError):
                await one.commit([])
            with pytest.raises(StoreError):
                await one.state.get(NumberCounter, "n")
        async with unit(site, writes=False) as one:
            with pytest.raises(StoreError):
                await one.commit([])
        with pytest.raises(StoreError):
            await one.state.get(NumberCounter, "n")

    site.run(check())


# --- hosts and their errors


class _Writing(BaseHost):
    """A host that writes through the connection it is handed."""

    opened = 0

    def __init__(self, connection: Any, tenant: str) -> None:
        super().__init__(connection, tenant)
        type(self).opened += 1

    def heard(self, event: Any) -> Any:
        return self.connection.execute(text(event))


class _Elsewhere(BaseHost):
    shares_transaction = False


def test_host_shares_the_commit(site: Site) -> None:
    """What a host writes through its connection is committed or rolled back with the portal's own writes."""
    sql = "INSERT INTO cp_number_counters (tenant, id, version, body) VALUES ('salon', 'h', 1, '{\"id\":\"h\"}')"

    async def check() -> None:
        adapter = cast("HostAdapter", _Writing)
        async with site.store.begin("salon", adapter, writes=True) as one:
            await one.host.heard(sql)  # type: ignore[arg-type]
        assert await number(site, "h") is None
        async with site.store.begin("salon", adapter, writes=True) as one:
            await one.host.heard(sql)  # type: ignore[arg-type]
            await one.commit([Put(NumberCounter(id="n"))])
        assert await number(site, "h") == NumberCounter(id="h", version=1)

    site.run(check())


def test_host_is_opened_when_asked_for(site: Site) -> None:
    """A unit that never asks its host opens none; one with its tables elsewhere is handed no connection."""

    async def check() -> None:
        before = _Writing.opened
        async with site.store.begin("salon", cast("HostAdapter", _Writing), writes=True) as one:
            await one.commit([])
        assert _Writing.opened == before
        seen: list[Any] = []

        class Spy:
            capabilities = BaseHost.capabilities

            def __init__(self, shares: bool) -> None:
                self.shares_transaction = shares

            def open(self, connection: Any, tenant: str) -> Any:
                seen.append(connection)
                return BaseHost(connection, tenant)

        for shares in (True, False):
            async with site.store.begin("salon", Spy(shares), writes=False) as one:
                assert one.host is one.host
                assert (seen[-1] is one.connection) is shares
        assert seen[-1] is None
        assert len(seen) == 2

    site.run(check())


def test_a_swallowed_error_is_not_committed(postgres: Site) -> None:
    """Where a host swallowed a failed statement PostgreSQL's COMMIT is a rollback: the unit says so."""

    async def check() -> None:
        for connection_of in (None, postgres):
            async with postgres.connected() as connection:
                joined = connection if connection_of else None
                async with unit(postgres, connection=joined) as one:
                    with pytest.raises(Exception, match="no_such_table"):
                        await postgres.said(one.connection.execute(text("SELECT * FROM no_such_table")))
                    with pytest.raises(StoreError) as caught:
                        await one.commit([])
                    assert caught.value.committed is False

    postgres.run(check())


async def _cut(site: Site, one: Any) -> None:
    """Break the connection of a unit."""
    pid = (await site.said(one.connection.execute(text("SELECT pg_backend_pid()")))).scalar()
    async with site.connected() as other:
        await site.said(other.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)")))


def test_a_broken_connection(postgres: Site) -> None:
    """A connection that broke before COMMIT is an error with nothing written, and the next unit works."""

    async def check() -> None:
        async with unit(postgres) as one:
            await one.state.get(NumberCounter, "n")
            await _cut(postgres, one)
            with pytest.raises(StoreError) as caught:
                await one.commit([Put(NumberCounter(id="n"))])
        assert caught.value.committed is False
        assert await number(postgres) is None

    postgres.run(check())


def test_commit_of_unknown_end(postgres: Site) -> None:
    """A connection that breaks during COMMIT leaves the end unknown, and the error says that."""

    async def check() -> None:
        async with unit(postgres) as one:
            await postgres.said(one.connection.execute(text("SELECT 1")))
            await _cut(postgres, one)
            with pytest.raises(StoreError) as caught:
                await one.commit([])
        assert caught.value.committed is None

    postgres.run(check())


def test_errors_show_no_values(site: Site) -> None:
    """What was stored or searched for appears in no error of the store."""

    async def check() -> None:
        stored = NumberCounter(id="yranac"[::-1])
        await put(site, stored)
        with pytest.raises(Conflict) as caught:
            await put(site, stored)
        assert "canary" not in "".join(traceback.format_exception(caught.value))

    site.run(check())


@pytest.mark.parametrize("database", ["async-sqlite", "async-postgres"])
def test_a_cancelled_task(database: str, tmp_path: Path) -> None:
    """A task that is cancelled inside a unit, or while it waits for a lock, leaves neither writes nor locks."""
    site = Site(database, tmp_path)

    async def wait() -> None:
        async with unit(site) as one:
            await one.state.get(NumberCounter, "n", lock=True)
            await asyncio.sleep(30)

    async def check() -> None:
        await put(site, NumberCounter(id="n"))
        for _ in range(20):
            tasks = [asyncio.create_task(wait()) for _ in range(3)]
            await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(outcome, asyncio.CancelledError)
        async with unit(site) as one:
            seen = await one.state.get(NumberCounter, "n", lock=True)
            await one.commit([Put(evolve(seen, next=2))])

    site.run(check())
    site.close()


def test_a_lock_that_is_kept(site: Site) -> None:
    """Who waits too long for another's lock gets a conflict, after the patience of the engine."""

    async def check() -> None:
        await put(site, NumberCounter(id="n"))
        async with unit(site) as one:
            await one.state.get(NumberCounter, "n", lock=True)
            began = time.monotonic()
            with pytest.raises(Conflict):
                async with unit(site) as other:
                    await other.state.get(NumberCounter, "n", lock=True)
            assert 4 < time.monotonic() - began < 9
            await one.commit([Put(NumberCounter(id="n", version=1, next=2))])

    site.run(check())


# --- engines of the host's own


@pytest.mark.parametrize("recipe", ["plain", "begin-event", "autocommit"])
def test_engines_of_the_host(tmp_path: Path, recipe: str) -> None:
    """SQLite engines work as the host made them: with Python's own transactions, the BEGIN recipe, or autocommit."""
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if recipe == "autocommit" else {}
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}", **options)
    if recipe == "begin-event":
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    store = SqlStore(engine)
    store.upgrade()

    async def check() -> None:
        async with store.begin("salon", HOST, writes=True) as one:
            await one.commit([Put(NumberCounter(id="n")), Put(GuessCounter(id="g", day_began=NOW))])
        async with store.begin("salon", HOST, writes=True) as one:
            await one.state.get(NumberCounter, "n")
        async with store.begin("salon", HOST, writes=False) as one:
            assert await one.state.get(NumberCounter, "n") is not None
        with engine.connect() as connection:
            async with store.begin("salon", HOST, writes=True, connection=connection) as one:
                await one.commit([Put(NumberCounter(id="joined"))])
            connection.rollback()
        async with store.begin("salon", HOST, writes=False) as one:
            assert await one.state.get(NumberCounter, "joined") is None

    step(check())
    engine.dispose()


def test_postgres_engine_of_the_host(tmp_path: Path) -> None:
    """A PostgreSQL engine in SERIALIZABLE serves too: units have the isolation and patience that they need."""
    site = Site("postgres", tmp_path)
    engine = create_engine(site.store.engine.url, isolation_level="SERIALIZABLE")
    store = SqlStore(engine)

    async def check() -> None:
        async with store.begin("salon", HOST, writes=True) as one:
            shown = "SELECT current_setting('transaction_isolation'), current_setting('lock_timeout')"
            assert tuple(one.connection.execute(text(shown)).one()) == ("read committed", "5s")
            await one.commit([])
        with engine.connect() as connection:
            assert connection.execute(text("SHOW transaction_isolation")).scalar() == "serializable"

    step(check())
    engine.dispose()
    site.close()


def test_one_connection_for_everybody() -> None:
    """Where an engine has one connection for all threads, units take turns on it."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    store = SqlStore(engine)
    store.upgrade()

    async def count() -> None:
        async with store.begin("salon", HOST, writes=True) as one:
            seen = await one.state.get(NumberCounter, "n") or NumberCounter(id="n", next=0)
            time.sleep(0.01)
            await one.commit([Put(evolve(seen, next=seen.next + 1))])

    threads = [threading.Thread(target=lambda: step(count())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def read() -> NumberCounter | None:
        async with store.begin("salon", HOST, writes=False) as one:
            return await one.state.get(NumberCounter, "n")

    assert step(read()) == NumberCounter(id="n", version=16, next=16)
