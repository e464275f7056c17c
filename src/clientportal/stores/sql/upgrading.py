"""How tables are changed while others use them: alone, briefly, and again where somebody is in the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Index, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex

from clientportal.errors import Conflict, StoreError
from clientportal.stores.sql.connections import Face

__all__ = ["alone", "brief", "build_index", "is_there", "patiently", "pause"]

T = TypeVar("T")

TRIES = 60
"""How often a step tries to get at its tables, and how often somebody asks whether another upgrade is over."""
BETWEEN = 1.0
"""Seconds between two tries: others, who had queued up behind the one that gave way, get their turn."""

# ALTER TABLE waits for everybody who reads the table, and everybody who comes after waits for it: so not for long.
_BRIEF = "SET LOCAL lock_timeout = 1000"
# Building an index beside others waits for the end of their transactions, and keeps nobody waiting.
_LONG = "SET lock_timeout = 600000"

# Whoever upgrades holds this PostgreSQL lock; the number is arbitrary and must never change. It is tried for and never
# waited for: CREATE INDEX CONCURRENTLY waits for every statement that has begun before, a waiting one included.
_LOCK = text("SELECT pg_try_advisory_lock(7095212361118341989)")
_UNLOCK = text("SELECT pg_advisory_unlock(7095212361118341989)")

_PG_TABLE = text("SELECT count(to_regclass(:name))").bindparams(bindparam("name"))
_SQLITE_TABLE = text("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = :name")
_PG_INDEX = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


async def is_there(face: Face, table: str) -> bool:
    """Whether the database has that table."""
    await face.begin_own(writes=False)
    rows = await face.fetch(_SQLITE_TABLE if face.sqlite else _PG_TABLE, {"name": table})
    await face.rollback()
    return bool(rows[0][0])


@asynccontextmanager
async def alone(face: Face) -> AsyncGenerator[None, None]:
    """Keep everybody else who upgrades out, whatever is committed in between. SQLite: each step is alone by itself."""
    if face.sqlite:
        yield
        return
    for _ in range(10 * TRIES):
        if await _asked(face, _LOCK):
            break
        await pause(face, BETWEEN)
    else:
        raise StoreError("another process is upgrading this database and has not come to an end: try again later")
    try:
        yield
    finally:
        # A connection that is gone has let go of it as well.
        with suppress(StoreError):
            await face.rollback()
            await _asked(face, _UNLOCK)


async def _asked(face: Face, statement: Any) -> bool:
    await face.begin_own(writes=True)
    answer = (await face.fetch(statement))[0][0]
    await face.commit()
    return bool(answer)


async def patiently(face: Face, work: Callable[[], Awaitable[T]]) -> T:
    """Do it, and again where somebody's lock was in the way; ``StoreError`` where that does not end."""
    for left in reversed(range(TRIES)):
        try:
            return await work()
        except Conflict as error:
            await face.rollback()
            if not left:
                raise StoreError(
                    f"the portal's tables stayed in use while they were to be upgraded ({error}): this step has done "
                    "nothing; look for a transaction that stays open, and run the upgrade again"
                ) from None
        await pause(face, BETWEEN)
    raise AssertionError("unreachable: the last try returns or raises")


async def brief(face: Face) -> None:
    """Wait but briefly for locks, from here to the end of the transaction."""
    if not face.sqlite:
        await face.say(_BRIEF)


async def pause(face: Face, seconds: float) -> None:
    """Wait, as the colour of the connection waits."""
    if isinstance(face.raw, AsyncConnection):
        await asyncio.sleep(seconds)
    else:
        time.sleep(seconds)


async def build_index(face: Face, index: Index) -> None:
    """Create an index without locking out those who write; one that was left half built is built anew."""
    if face.sqlite:
        # Its one writer is this one, and it reads the table faster than anybody would wait.
        await face.begin_own(writes=True)
        await face.change(CreateIndex(index, if_not_exists=True))
        await face.commit_surely()
        return
    name = str(index.name)
    await _outside(face, outside=True)
    try:
        await face.say(_LONG)
        found = await face.fetch(_PG_INDEX, {"name": name})
        if found and found[0][0]:
            return
        if found:
            await face.say(f"DROP INDEX CONCURRENTLY {name}")
        spelt = str(CreateIndex(index).compile(dialect=face.dialect))
        try:
            await face.say(spelt.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1))
        except BaseException:
            with suppress(StoreError, Conflict):
                await face.say(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            raise
    finally:
        with suppress(StoreError):
            await face.say("RESET lock_timeout")
        await _outside(face, outside=False)


async def _outside(face: Face, *, outside: bool) -> None:
    """Let each statement of the connection commit by itself, or not any more. Django's do so by themselves."""
    level: Any = "AUTOCOMMIT" if outside else "READ COMMITTED"
    raw = face.raw
    await face.rollback()
    if isinstance(raw, Connection):
        raw.execution_options(isolation_level=level)
    elif isinstance(raw, AsyncConnection):
        await raw.execution_options(isolation_level=level)
