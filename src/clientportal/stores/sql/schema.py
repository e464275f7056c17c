"""The tables' versions: an ordered row of steps, each run once per database, beside processes that go on working.

A release is rolled out process by process, so old and new ones work on one database for a while: **expand**, roll
out, **contract**. A step expands: it adds what the old processes do not miss. What nobody needs any more goes in a step
of a *later* release, whose ``oldest`` says from which version on a process can still work beside it. A process asks
every five seconds whether that is still so (:class:`Lease`); a step that raises ``oldest`` is announced first and
waits until everybody must have asked.

A later version of the library appends a step and never edits an old one; ``docs/explanation/upgrading.md`` says how to
write one. Tables, columns and indexes are of version 1 unless ``SINCE`` names a later one, so that step 1 goes on
creating what it always did and a later step creates what is new in it (``add(face, 2)``), then fills or rewrites
whatever else it must. A test compares what all steps make with what ``tables`` declares.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from math import inf

from attrs import define, frozen
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.schema import CreateIndex, CreateTable

from clientportal.errors import StoreError
from clientportal.records import RECORD_TYPES
from clientportal.stores.sql.codec import instant_text
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.failures import MISSING_TABLES
from clientportal.stores.sql.host_tables import HOST_TABLES
from clientportal.stores.sql.tables import SCHEMA_VERSIONS, record_table
from clientportal.stores.sql.upgrading import alone, brief, build_index, is_there, patiently, pause

__all__ = ["LEASE", "SINCE", "STEPS", "How", "Lease", "Step", "add", "build", "check", "upgrade"]

LEASE = 5.0
"""Seconds for which a store trusts that it may work on this database, once it has asked."""

SINCE: Mapping[str, int] = {}
"""The step that creates a table (``cp_x``), column (``cp_x.name``) or index (``cp_x_by_name``), if not the first."""


class How(Enum):
    """In how many transactions a step is carried out."""

    ONCE = "once"
    """In one: all of it or nothing."""
    REPEATED = "repeated"
    """In one after the other, until it says that there was nothing left to do: for filling a big table in portions."""
    OUTSIDE = "outside"
    """In none, for ``CREATE INDEX CONCURRENTLY``: what it has done it must find done when it is run again."""


@frozen
class Step:
    """What brings a database of version n - 1 to version n.

    ``release`` is the first release of the library that has it. ``oldest`` is the version that a process must know to
    work beside it: those that know fewer steps are told so, and do nothing any more.
    """

    make: Callable[[Face], Awaitable[object]]
    release: str
    oldest: int = 1
    how: How = How.ONCE


async def add(face: Face, version: int) -> None:
    """Create the tables, columns and indexes that are new in that step."""
    for table in _tables():
        made = SINCE.get(table.name, 1)
        if made == version:
            await face.change(_as_of(table, version))
        for column in table.columns:
            if made < version == SINCE.get(f"{table.name}.{column.name}", made):
                await face.say(_adding(face, table, column.name))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if SINCE.get(str(index.name), made) == version:
                await face.change(CreateIndex(index))


async def build(face: Face, version: int) -> None:
    """Create the indexes that are new in that step, of tables that are in use: for a step that is ``How.OUTSIDE``."""
    for table in _tables():
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if SINCE.get(str(index.name), 1) == version:
                await build_index(face, index)


def _tables() -> tuple[Table, ...]:
    return (*(record_table(kind).table for kind in RECORD_TYPES), *HOST_TABLES)


def _as_of(table: Table, version: int) -> CreateTable:
    later = [c.name for c in table.columns if SINCE.get(f"{table.name}.{c.name}", 1) > version]
    statement = CreateTable(table)
    statement.columns = [column for column in statement.columns if column.element.name not in later]
    return statement


def _adding(face: Face, table: Table, name: str) -> str:
    dialect = face.dialect
    column = table.columns[name]
    # Rows that are there, and those of processes that know no such column, get what an absent value is kept as.
    empty = "" if column.nullable else " NOT NULL DEFAULT " + ("''" if column.type.python_type is str else "0")
    typed = f"{dialect.identifier_preparer.quote(name)} {column.type.compile(dialect)}"
    return f"ALTER TABLE {table.name} ADD COLUMN {typed}{empty}"


async def _first(face: Face) -> None:
    """Version 1: one table per record type, and the host tables for platforms without their own."""
    await add(face, 1)


STEPS: tuple[Step, ...] = (Step(_first, release="0.1.0"),)
"""Step n brings a database of version n - 1 to version n."""


# --- what a database says of itself


@frozen
class _Had:
    """The version of a database, from which version on a process can work with it, and which release that is."""

    version: int
    oldest: int
    release: str


_ROWS = select(SCHEMA_VERSIONS.c.version, SCHEMA_VERSIONS.c.oldest, SCHEMA_VERSIONS.c.release)
_RECORD = insert(SCHEMA_VERSIONS).values(
    version=bindparam("p_version"),
    applied_at=bindparam("p_at"),
    oldest=bindparam("p_oldest"),
    release=bindparam("p_release"),
)
_ANNOUNCE = (
    update(SCHEMA_VERSIONS)
    .where(SCHEMA_VERSIONS.c.version == bindparam("p_version"))
    .values(oldest=bindparam("p_oldest"))
)


async def _had(face: Face) -> _Had:
    rows = await face.fetch(_ROWS)
    if not rows:
        return _Had(0, 0, "")
    version, oldest = max(row[0] for row in rows), max(row[1] for row in rows)
    releases = {row[0]: row[2] for row in rows}
    # A step that was announced, and whose upgrade was killed, has no row yet.
    return _Had(version, oldest, releases.get(oldest, ""))


async def check(face: Face) -> None:
    """Raise ``StoreError`` unless this library can work with the database as it is."""
    had = await _had(face)
    if had.version == 0:
        raise StoreError(MISSING_TABLES)
    _check_not_left_behind(had)
    if had.version < len(STEPS):
        raise StoreError(
            f"this database has the portal's tables in version {had.version}, this library needs version {len(STEPS)}: "
            "run store.upgrade() (await store.upgrade_async() with an async engine)"
        )


def _check_not_left_behind(had: _Had) -> None:
    if had.oldest > len(STEPS):
        which = f"clientportal {had.release} or later" if had.release else "a later release of clientportal"
        raise StoreError(
            f"this database has the portal's tables in version {had.version}, which needs a library that knows version "
            f"{had.oldest}; this one knows version {len(STEPS)}: install {which}"
        )


@define
class Lease:
    """What one store remembers of :func:`check`, so that not every unit of work costs a statement more.

    Whoever takes something away from older processes waits until none of them can still believe that it may go on
    (``_fence``): so nobody works by an answer that is not true any more.
    """

    _until: float = -inf

    async def check(self, face: Face) -> None:
        """Ask again, if it is time to."""
        now = time.monotonic()
        if now >= self._until:
            await check(face)
            self._until = now + LEASE


# --- upgrading


async def upgrade(face: Face) -> None:
    """Run the steps that this database has not had, one after the other, each all or nothing; nobody else upgrades.

    A step that other processes' locks keep out gives way at once and tries again, for a minute; then it raises
    ``StoreError``, and the database is as the step before left it.
    """
    try:
        if await is_there(face, SCHEMA_VERSIONS.name) and await _is_up_to_date(face):
            return
        async with alone(face):
            await patiently(face, lambda: _in_one(face, _make_versions))
            for number, step in enumerate(STEPS, start=1):
                await _take(face, number, step)
    except BaseException:
        await face.rollback()
        raise


async def _is_up_to_date(face: Face) -> bool:
    had = await _looked_up(face)
    _check_not_left_behind(had)
    return had.version >= len(STEPS)


async def _looked_up(face: Face) -> _Had:
    await face.begin_own(writes=False)
    had = await _had(face)
    await face.rollback()
    return had


async def _make_versions(face: Face) -> None:
    await face.change(CreateTable(SCHEMA_VERSIONS, if_not_exists=True))


async def _take(face: Face, number: int, step: Step) -> None:
    had = await _looked_up(face)
    _check_not_left_behind(had)
    if had.version >= number:
        return
    if not 0 < had.oldest < step.oldest:
        await _carry_out(face, number, step)
        return
    # Before anything is taken away from them, processes that do not know that version must have stopped.
    await patiently(face, lambda: _in_one(face, lambda here: _announce(here, had, step.oldest)))
    try:
        await pause(face, _fence())
        await _carry_out(face, number, step)
    except BaseException:
        await face.rollback()
        await patiently(face, lambda: _in_one(face, lambda here: _announce(here, had, had.oldest)))
        raise


def _fence() -> float:
    """Seconds after which no process works by an answer of before: its lease, and as much again to end its unit."""
    return 2 * LEASE


async def _announce(face: Face, had: _Had, oldest: int) -> None:
    await face.change(_ANNOUNCE, {"p_version": had.version, "p_oldest": oldest})


async def _carry_out(face: Face, number: int, step: Step) -> None:
    async def whole(here: Face) -> None:
        if (await _had(here)).version < number:
            if step.how is How.ONCE:
                await step.make(here)
            await _note(here, number, step)

    if step.how is How.REPEATED:
        while await patiently(face, lambda: _in_one(face, step.make)):
            await pause(face, 0)
    elif step.how is How.OUTSIDE:
        await patiently(face, lambda: step.make(face))
    await patiently(face, lambda: _in_one(face, whole))


async def _note(face: Face, number: int, step: Step) -> None:
    at = instant_text(datetime.now(UTC))
    noted = {"p_version": number, "p_at": at, "p_oldest": step.oldest, "p_release": step.release}
    await face.change(_RECORD, noted)


async def _in_one(face: Face, work: Callable[[Face], Awaitable[object]]) -> object:
    await face.begin_own(writes=True)
    await brief(face)
    done = await work(face)
    await face.commit_surely()
    return done
