"""The shipped SQL host keeps its contract on both databases, in both colours."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import ClassVar, cast

import pytest

from clientportal.ports import HostAdapter
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.testing.contracts import HostContract, HostGround, ShippedGround
from stores.sql_ground import database_url, empty_tables

HOST = cast("HostAdapter", SqlHost)


class _Plain(HostContract):
    database: ClassVar[str]

    @pytest.fixture
    def ground(self, tmp_path: Path) -> Generator[HostGround, None, None]:
        """Empty tables on a plain engine."""
        store = SqlStore.open(database_url(self.database, tmp_path))
        empty_tables(store)
        yield ShippedGround(store, HOST)
        store.close()


class _Awaited(HostContract):
    asynchronous = True
    database: ClassVar[str]

    @pytest.fixture
    def ground(self, tmp_path: Path, _private_loop: None) -> Generator[HostGround, None, None]:
        """Empty tables on an async engine."""
        url = database_url(self.database, tmp_path)
        plain = SqlStore.open(url)
        empty_tables(plain)
        plain.close()
        store = SqlStore.open_async(url)
        yield ShippedGround(store, HOST)
        self.run(store.close_async())


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
