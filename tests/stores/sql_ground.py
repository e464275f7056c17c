"""What the tests of the SQL store share: databases of both kinds, emptied between tests, in both colours."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from clientportal.ports import step
from clientportal.stores.sql import SqlStore
from clientportal.stores.sql.tables import METADATA
from databases import hurry
from servers import fresh_database

__all__ = ["SITES", "Site", "database_url", "empty_tables"]

T = TypeVar("T")

SITES = ("sqlite", "postgres", "async-sqlite", "async-postgres")


class Site:
    """A store on an empty database, with a way to run coroutines on it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.awaited = name.startswith("async-")
        self.postgres = name.endswith("postgres")
        self.url = database_url(name.removeprefix("async-"), folder)
        with_tables = SqlStore.open(self.url)
        empty_tables(with_tables)
        with_tables.close()
        self._runner = asyncio.Runner() if self.awaited else None
        self.store = SqlStore.open_async(self.url) if self.awaited else SqlStore.open(self.url)
        if not self.postgres:
            hurry(self.store.async_engine.sync_engine if self.awaited else self.store.engine)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """To its end: stepped without a loop, or on one."""
        return step(coroutine) if self._runner is None else self._runner.run(coroutine)

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[Any, None]:
        """A connection of the host's own code on which nothing was done yet; rolls back what is not committed."""
        engine: Any = self.store.async_engine if self.awaited else self.store.engine
        if self.awaited:
            async with engine.connect() as connection:
                yield connection
        else:
            with engine.connect() as connection:
                yield connection

    async def said(self, answer: Any) -> Any:
        """What a call on a connection of either colour came to."""
        return await answer if self.awaited else answer

    def close(self) -> None:
        """Close the connections and the loop."""
        if self._runner is None:
            self.store.close()
        else:
            self._runner.run(self.store.close_async())
            self._runner.close()


@cache
def _postgres() -> str:
    return fresh_database()


@cache
def _sqlite_file() -> Path:
    """A file with all tables, made once for each process: copying it takes a hundredth of what making it takes."""
    folder = Path(tempfile.mkdtemp(prefix="clientportal-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = SqlStore.open(f"sqlite:///{folder / 'portal.db'}")
    store.upgrade()
    store.close()
    return folder / "portal.db"


def database_url(database: str, folder: Path) -> str:
    """A new SQLite file that has the tables, SQLite in memory, or this process's PostgreSQL database."""
    if database == "postgres":
        return _postgres()
    if database == "memory":
        return "sqlite://"
    file = folder / "portal.db"
    if not file.exists():
        shutil.copyfile(_sqlite_file(), file)
    return f"sqlite:///{file}"


def empty_tables(store: SqlStore) -> None:
    """Bring the database to the tables of today, with nothing in them."""
    store.upgrade()
    with store.engine.begin() as connection:
        gone = [f"DELETE FROM {table.name}" for table in METADATA.sorted_tables if table.name != "cp_schema"]
        # As text, and at once where that can be: nothing is compiled for an engine that lives a moment.
        for sql in ["; ".join(gone)] if store.engine.dialect.name == "postgresql" else gone:
            connection.exec_driver_sql(sql)
