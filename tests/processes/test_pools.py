"""Pools that are empty, missing, or in between; a server that was away. One typed error, and nothing is half done."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import servers
from clientportal import Channel, Portal, StoreError
from clientportal.ports import BaseHost, HostAdapter, step
from clientportal.records import NumberCounter, Put
from clientportal.stores.sql import SqlHost, SqlStore
from processes.crew import Ground, make_ground
from processes.pooler import Pooler
from security.attacking import ANA, patient
from world import World

HOST = cast("HostAdapter", BaseHost)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """One business on PostgreSQL, with Ana in its list."""
    ground = make_ground("postgres", tmp_path)
    patient(ground.world)
    ana = ground.world.add_client("ana", "Ana Kingi", mobile=ANA, created="2026-01-05 09:00")
    ground.world.book("a1", ana, "2026-12-01 09:00")
    yield ground
    ground.world.close()


def portal_over(world: World, store: SqlStore) -> Portal:
    """The same business over another engine."""
    return Portal(
        store=store,
        host=SqlHost,
        policy=world.policy,
        keys=world.keys,
        senders={Channel.SMS: world.box, Channel.EMAIL: world.box},
        clock=world.clock,
        base_url="https://kowhai.example/change/",
    )


def whole_login(world: World, portal: Portal) -> list[str]:
    """From the number that is typed to the appointments that are shown."""
    world.clock.advance(timedelta(minutes=11))
    sent = portal.visitor(world.tenant).request_code(ANA)
    portal.deliver(world.tenant)
    signed_in = portal.visitor(world.tenant).verify_code(sent.handle, world.code_in(world.box.messages[-1]))
    return [one.id for one in portal.client(signed_in.token).appointments().items]


# --- an empty pool


def test_a_pool_that_is_exhausted_is_a_store_error_with_nothing_written(ground: Ground) -> None:
    """It says what to change; as soon as a connection is back, everything goes on."""
    engine = create_engine(ground.url, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=0.05)
    portal = portal_over(ground.world, SqlStore(engine))
    with engine.connect(), pytest.raises(StoreError, match="no connection became free") as caught:
        portal.visitor(ground.world.tenant).request_code(ANA)
    assert caught.value.committed is False
    assert whole_login(ground.world, portal) == ["a1"]
    engine.dispose()


def test_an_async_pool_that_is_exhausted(ground: Ground) -> None:
    """The same for tasks."""

    async def check() -> None:
        engine = create_async_engine(ground.url, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=0.05)
        store = SqlStore(engine)
        async with engine.connect():
            with pytest.raises(StoreError, match="no connection became free") as caught:
                async with store.begin(ground.world.tenant, HOST, writes=True):
                    pytest.fail("the unit was begun")
        assert caught.value.committed is False
        async with store.begin(ground.world.tenant, HOST, writes=True) as unit:
            await unit.commit([Put(NumberCounter(id="pooled"))])
        await engine.dispose()

    asyncio.run(check())


def test_sixteen_threads_over_a_pool_of_two(ground: Ground) -> None:
    """Whoever waits gets its turn: nobody takes a second connection while holding a first."""
    engine = create_engine(ground.url, hide_parameters=True, pool_size=2, max_overflow=0, pool_timeout=30)
    portal = portal_over(ground.world, SqlStore(engine))
    token = ground.world.sign_in(ANA).token
    shown: list[Any] = []
    threads = [
        threading.Thread(target=lambda: shown.append(portal.client(token).appointments().items)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[one.id for one in items] for items in shown] == [["a1"]] * 16
    engine.dispose()


def test_without_a_pool(ground: Ground) -> None:
    """``NullPool``, one connection for each unit, works; nothing stays open."""
    engine = create_engine(ground.url, hide_parameters=True, poolclass=NullPool)
    assert whole_login(ground.world, portal_over(ground.world, SqlStore(engine))) == ["a1"]
    assert engine.pool.status() == "NullPool"


# --- a pooler of transactions


def test_a_pooler_of_transactions(ground: Ground) -> None:
    """Behind one that gives every transaction another session, an engine that prepares no statements works: eight
    logins, each lock and each timeout within its own transaction.
    """
    with Pooler(ground.url) as pooler:
        engine = create_engine(pooler.url, hide_parameters=True, connect_args={"prepare_threshold": None})
        portal = portal_over(ground.world, SqlStore(engine))
        for _ in range(8):
            assert whole_login(ground.world, portal) == ["a1"]
        assert pooler.transactions > 8 * 4
        engine.dispose()


def test_prepared_statements_do_not_go_through_a_pooler(ground: Ground) -> None:
    """What the page on PostgreSQL says of ``prepare_threshold`` is so: with the driver's own, what one session has
    prepared is asked of another.
    """
    with Pooler(ground.url) as pooler:
        engine = create_engine(pooler.url, hide_parameters=True)
        with pytest.raises(StoreError, match="26000"):
            count_often(SqlStore(engine))
        engine.dispose()


def count_often(store: SqlStore) -> None:
    """More than the five times after which the driver prepares a statement."""
    for at in range(30):
        counted(store, f"n{at}")


def counted(store: SqlStore, id: str) -> None:
    """One write in a unit of its own."""

    async def go() -> None:
        async with store.begin("salon", HOST, writes=True) as unit:
            await unit.commit([Put(NumberCounter(id=id))])

    step(go())


# --- a server that was away


@pytest.fixture
def restarting() -> Iterator[tuple[str, Callable[[], None]]]:
    """A server of this test's own, and what restarts it."""
    servers.postgres_url()  # skips, or fails, where there can be none
    try:
        server = servers._start()
    except (OSError, LookupError) as error:
        pytest.skip(f"no second PostgreSQL could be started: {error}")
    control = [f"{server['bin']}/pg_ctl", "-D", server["data"], "-w", "-t", "30", "-m", "fast"]
    log = ["-l", f"{server['folder']}/log"]

    def restart() -> None:
        servers._run([*control, *log, "restart"], Path(server["folder"]))

    yield server["url"], restart
    servers._run([*control, "stop"], Path(server["folder"]))
    shutil.rmtree(server["folder"], ignore_errors=True)


@pytest.mark.slow
def test_a_server_that_restarts_between_two_requests(restarting: tuple[str, Callable[[], None]]) -> None:
    """``SqlStore.open`` asks a connection whether it is still there before it uses it: nobody notices. An engine of the
    host's own that does not ask fails once, with nothing written, and has new connections from then on.
    """
    url, restart = restarting
    store = SqlStore.open(url)
    store.upgrade()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), hide_parameters=True)
    trusting = SqlStore(engine)
    for at, one in enumerate((store, trusting)):
        counted(one, f"before-{at}")
    restart()
    counted(store, "after-0")
    with pytest.raises(StoreError) as caught:
        counted(trusting, "lost")
    assert caught.value.committed is False
    counted(trusting, "after-1")
    with engine.connect() as connection:
        ids = connection.execute(text("SELECT id FROM cp_number_counters ORDER BY id")).scalars().all()
    assert ids == ["after-0", "after-1", "before-0", "before-1"]
    store.close()
    engine.dispose()
