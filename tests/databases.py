"""Databases that stay open from one world to the next: what a test costs is then what it does, not what it stands on.

A new database for every test is 38 ms of creating tables, and as much again of connecting and of compiling the
statements that every scenario says. So each test process keeps one SQLite file and one PostgreSQL database for each
colour, with its engine, its connections and its compiled statements; every world is a business of its own in it, and
nothing of another business is ever read. One that a test leaves in disorder is not used again.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from copy import copy
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from clientportal.ports import step
from clientportal.stores.sql import SqlStore
from servers import fresh_database

__all__ = ["Database", "Run", "close_all", "hurry", "lent", "open_database"]

Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Drives a coroutine to its end."""


def hurry(engine: Engine) -> None:
    """Let an SQLite database keep nothing safe from a loss of power: these tests end processes, not machines."""

    def say(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()

    event.listen(engine, "connect", say)


class Database:
    """A database with all tables, open behind one colour; the async one on a loop of its own."""

    def __init__(self, url: str, *, awaited: bool) -> None:
        plain = SqlStore.open(url)
        plain.upgrade()
        plain.close()
        self.store = SqlStore.open_async(url) if awaited else SqlStore.open(url)
        self._runner = asyncio.Runner() if awaited else None
        self._engine = self.store.async_engine.sync_engine if awaited else self.store.engine
        if self._engine.dialect.name == "sqlite":
            hurry(self._engine)

    def world(self) -> tuple[SqlStore, Run]:
        """A store of its own over the shared connections, and what runs its coroutines.

        What a test sets in the context of one world is not there in the next.
        """
        runner, context = self._runner, copy_context()
        run: Run = step if runner is None else lambda coroutine: runner.run(coroutine, context=context)
        return copy(self.store), run

    @property
    def in_order(self) -> bool:
        """Whether everything that was taken was given back: no connection is out, no task is still under way."""
        pool: Any = self._engine.pool
        return not pool.checkedout() and (self._runner is None or not asyncio.all_tasks(self._runner.get_loop()))

    def close(self) -> None:
        """Close the connections, and the loop that they belong to."""
        if self._runner is None:
            self.store.close()
            return
        self._runner.run(self.store.close_async())
        self._runner.close()


_kept: dict[tuple[str, bool], Database] = {}
_folders: list[Path] = []


def open_database(kind: str, *, awaited: bool, folder: Path | None = None) -> Database:
    """A new one: a database on the tests' PostgreSQL, or an SQLite file, in ``folder`` if that is given."""
    if kind == "postgres":
        return Database(fresh_database(), awaited=awaited)
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="clientportal-worlds-"))
        _folders.append(folder)
    return Database(f"sqlite:///{folder / 'portal.db'}", awaited=awaited)


def lent(kind: str, *, awaited: bool) -> tuple[Database, Callable[[], None]]:
    """The database that this process keeps for such worlds, and what gives it back."""
    if (kind, awaited) not in _kept:
        _kept[kind, awaited] = open_database(kind, awaited=awaited)
    database = _kept[kind, awaited]

    def give_back() -> None:
        if not database.in_order and _kept.get((kind, awaited)) is database:
            del _kept[kind, awaited]
            database.close()

    return database, give_back


def close_all() -> None:
    """Close what is kept, at the end of the process."""
    for database in _kept.values():
        database.close()
    _kept.clear()
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)
    _folders.clear()
