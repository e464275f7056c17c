"""The store contract on both databases, in both colours."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from clientportal.stores.sql import SqlStore
from clientportal.testing.contracts import StateContract
from stores.sql_ground import database_url, empty_tables


class _Plain(StateContract):
    database: ClassVar[str]

    @pytest.fixture
    def store(self, tmp_path: Path) -> Generator[SqlStore, None, None]:
        """An empty store on a plain engine."""
        store = SqlStore.open(database_url(self.database, tmp_path))
        empty_tables(store)
        yield store
        store.close()

    @asynccontextmanager
    async def caller(self, store: Any, tenant: str) -> AsyncGenerator[Connection, None]:
        with store.engine.begin() as connection:
            yield connection


class _Awaited(StateContract):
    asynchronous = True
    database: ClassVar[str]

    @pytest.fixture
    def store(self, tmp_path: Path) -> Generator[SqlStore, None, None]:
        """An empty store on an async engine."""
        url = database_url(self.database, tmp_path)
        plain = SqlStore.open(url)
        empty_tables(plain)
        plain.close()
        store = SqlStore.open_async(url)
        yield store
        self.run(store.close_async())

    @asynccontextmanager
    async def caller(self, store: Any, tenant: str) -> AsyncGenerator[AsyncConnection, None]:
        async with store.async_engine.begin() as connection:
            yield connection


class TestSqliteFile(_Plain):
    database = "sqlite"


class TestSqliteInMemory(_Plain):
    database = "memory"


class TestPostgres(_Plain):
    database = "postgres"


class TestAsyncSqliteFile(_Awaited):
    database = "sqlite"


class TestAsyncPostgres(_Awaited):
    database = "postgres"
