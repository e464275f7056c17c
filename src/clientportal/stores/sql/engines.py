"""Engines with the settings that the store's promises need."""

from __future__ import annotations

import sqlite3
import time
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from clientportal.errors import InvalidInput

__all__ = ["open_async_engine", "open_engine"]

LOCK_TIMEOUT = 5000
"""Milliseconds that a unit waits for another one's lock before it conflicts."""

IDLE = 0.05
"""Seconds after which a connection of the pool is asked whether it still works: no server restarts in less."""

_USED = "clientportal_used"

_DRIVERS = {
    ("sqlite", False): "sqlite+pysqlite",
    ("sqlite", True): "sqlite+aiosqlite",
    ("postgresql", False): "postgresql+psycopg",
    ("postgresql", True): "postgresql+psycopg",
}


def open_engine(url: str | URL) -> Engine:
    """A plain engine for SQLite or PostgreSQL."""
    target, keeper = _target(url, awaited=False)
    engine = create_engine(target, hide_parameters=True, **_options(target))
    _set_up(engine, keeper)
    return engine


def open_async_engine(url: str | URL) -> AsyncEngine:
    """An async engine for SQLite (aiosqlite) or PostgreSQL (psycopg)."""
    target, keeper = _target(url, awaited=True)
    engine = create_async_engine(target, hide_parameters=True, **_options(target))
    _set_up(engine.sync_engine, keeper)
    return engine


def _is_postgres(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def _target(url: str | URL, *, awaited: bool) -> tuple[URL, sqlite3.Connection | None]:
    given = make_url(url)
    backend = "postgresql" if given.drivername == "postgres" else given.get_backend_name()
    driver = _DRIVERS.get((backend, awaited))
    if driver is None:
        raise InvalidInput(f"the SQL store knows SQLite and PostgreSQL, not {backend}")
    target = given.set(drivername=driver)
    if backend == "sqlite" and given.database in (None, "", ":memory:"):
        return _in_memory(target)
    return target, None


def _in_memory(url: URL) -> tuple[URL, sqlite3.Connection]:
    """A database in memory that several connections share, each with transactions of its own.

    SQLite's "memdb" is that, while one connection for everybody (``StaticPool``) would mix the transactions of
    threads and tasks. It lives as long as any connection to it: the keeper. It knows no WAL, so reads wait while
    somebody writes.
    """
    name = f"file:/clientportal-{uuid4().hex}"
    keeper = sqlite3.connect(f"{name}?vfs=memdb", uri=True, check_same_thread=False)
    return url.set(database=name, query={"vfs": "memdb", "uri": "true"}), keeper


def _options(url: URL) -> dict[str, Any]:
    if not _is_postgres(url):
        return {}
    asked = url.query.get("options", "")
    given = asked if isinstance(asked, str) else " ".join(asked)
    return {"connect_args": {"options": f"-c lock_timeout={LOCK_TIMEOUT} {given}".strip()}}


def _set_up(engine: Engine, keeper: sqlite3.Connection | None) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _pragmas)
    else:
        _ask_the_idle(engine)
    if keeper is not None:

        def close(_engine: Engine) -> None:
            keeper.close()

        event.listen(engine, "engine_disposed", close)


def _ask_the_idle(engine: Engine) -> None:
    """Ask a connection that was idle for a while whether its server is still there; a restart closes them all.

    SQLAlchemy's ``pool_pre_ping`` asks each time, which is one journey in four of a session check where there is much
    to do and connections hardly rest.
    """

    def returned(_connection: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    def taken(connection: Any, record: Any, _fairy: Any) -> None:
        used = record.info.get(_USED)
        if used is None or time.monotonic() - used < IDLE:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None

    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", taken)


def _pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # First of all the patience: switching to WAL may find another connection doing the same.
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # With WAL, NORMAL would lose the last commits when the power fails: a spent code would be good again.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
