"""The engines that a store opens."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import create_engine, make_url, text

from clientportal.errors import InvalidInput, StoreError
from clientportal.ports import BaseHost, HostAdapter, step
from clientportal.records import NumberCounter, Put
from clientportal.stores.sql import SqlStore
from servers import fresh_database

HOST = cast("HostAdapter", BaseHost)


def _told(store: SqlStore, sql: str) -> Any:
    with store.engine.connect() as connection:
        return connection.execute(text(sql)).scalar()


def test_sqlite_settings(tmp_path: Path) -> None:
    """A commit in SQLite survives a power failure, foreign keys are checked, and locks are waited for."""
    store = SqlStore.open(f"sqlite:///{tmp_path / 'portal.db'}")
    assert _told(store, "PRAGMA journal_mode") == "wal"
    assert _told(store, "PRAGMA synchronous") == 2
    assert _told(store, "PRAGMA foreign_keys") == 1
    assert _told(store, "PRAGMA busy_timeout") == 5000
    store.close()


def test_postgres_settings() -> None:
    """Connections to PostgreSQL give up on a lock after five seconds; options in the URL are kept."""
    url = make_url(fresh_database()).update_query_dict({"options": "-c work_mem=8MB"})
    store = SqlStore.open(url)
    assert _told(store, "SHOW lock_timeout") == "5s"
    assert _told(store, "SHOW work_mem") == "8MB"
    store.close()


def test_in_memory() -> None:
    """Each store in memory is its own database, shared by all of its connections."""
    first, second = SqlStore.open("sqlite://"), SqlStore.open("sqlite:///:memory:")

    async def work(store: SqlStore) -> int:
        async with store.begin("salon", HOST, writes=True) as unit:
            await unit.commit([Put(NumberCounter(id="n"))])
        async with store.begin("salon", HOST, writes=False) as unit:
            page = await unit.state.get_many(NumberCounter, ["n", "m"])
            return len(page)

    for store in (first, second):
        store.upgrade()
        assert step(work(store)) == 1
        store.close()

    async def awaited() -> int:
        store = SqlStore.open_async("sqlite://")
        await store.upgrade_async()
        counted = await work(store)
        await store.close_async()
        return counted

    assert asyncio.run(awaited()) == 1


def test_other_databases() -> None:
    """What is neither SQLite nor PostgreSQL is refused when it is opened."""
    with pytest.raises(InvalidInput, match="mysql"):
        SqlStore.open("mysql://root@localhost/x")
    with pytest.raises(InvalidInput, match="oracle"):
        SqlStore.open_async("oracle://root@localhost/x")


def test_nobody_there() -> None:
    """A server that cannot be reached is a store error with nothing written, without the password in its text."""
    store = SqlStore.open("postgresql://someone:s3cr3t@127.0.0.1:1/none")

    async def use() -> None:
        async with store.begin("salon", HOST, writes=True):
            pytest.fail("the unit was begun")

    with pytest.raises(StoreError) as caught:
        step(use())
    assert caught.value.committed is False
    assert "s3cr3t" not in str(caught.value)


def test_errors_hide_parameters(tmp_path: Path) -> None:
    """Errors of an engine that the store opened do not quote the values of a statement."""
    store = SqlStore.open(f"sqlite:///{tmp_path / 'portal.db'}")
    assert isinstance(store.engine, type(create_engine("sqlite://")))
    assert store.engine.hide_parameters
    store.close()
