"""The tables' versions: an ordered row of steps, each run once per database.

A later version of the library appends a step and never edits an old one. Tables, columns and indexes are of version 1
unless ``SINCE`` names a later one, so that step 1 goes on creating what it always did and a later step creates what
is new in it (``add(face, 2)``), then fills or rewrites whatever else it must. A test compares what all steps make
with what ``tables`` declares.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Table, bindparam, func, insert, select, text
from sqlalchemy.schema import CreateIndex, CreateTable

from clientportal.errors import StoreError
from clientportal.records import RECORD_TYPES
from clientportal.stores.sql.codec import instant_text
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.failures import MISSING_TABLES
from clientportal.stores.sql.host_tables import HOST_TABLES
from clientportal.stores.sql.tables import SCHEMA_VERSIONS, record_table
from clientportal.stores.sql.unit import begin_alone

__all__ = ["SINCE", "STEPS", "Step", "add", "check", "upgrade"]

Step = Callable[[Face], Awaitable[None]]

SINCE: Mapping[str, int] = {}
"""The step that creates a table (``cp_x``), column (``cp_x.name``) or index (``cp_x_by_name``), if not the first."""

# Whoever upgrades holds this PostgreSQL lock; the number is arbitrary and must never change.
_UPGRADE_LOCK = text("SELECT pg_advisory_xact_lock(7095212361118341989)")
# Another process may be busy with a long step; its end is worth waiting for.
_UPGRADE_PATIENCE = "SET LOCAL lock_timeout = 60000"
_LATEST = select(func.max(SCHEMA_VERSIONS.c.version))
_RECORD = insert(SCHEMA_VERSIONS).values(version=bindparam("p_version"), applied_at=bindparam("p_at"))


async def add(face: Face, version: int) -> None:
    """Create the tables, columns and indexes that are new in that step."""
    for table in (*(record_table(kind).table for kind in RECORD_TYPES), *HOST_TABLES):
        made = SINCE.get(table.name, 1)
        if made == version:
            await face.change(_as_of(table, version))
        for column in table.columns:
            if made < version == SINCE.get(f"{table.name}.{column.name}", made):
                await face.say(_adding(face, table, column.name))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if SINCE.get(str(index.name), made) == version:
                await face.change(CreateIndex(index))


def _as_of(table: Table, version: int) -> CreateTable:
    later = [c.name for c in table.columns if SINCE.get(f"{table.name}.{c.name}", 1) > version]
    statement = CreateTable(table)
    statement.columns = [column for column in statement.columns if column.element.name not in later]
    return statement


def _adding(face: Face, table: Table, name: str) -> str:
    dialect = face.raw.dialect
    column = table.columns[name]
    # Rows that are there already get what an absent value is kept as; the step fills in what it knows better.
    empty = "" if column.nullable else " NOT NULL DEFAULT " + ("''" if column.type.python_type is str else "0")
    typed = f"{dialect.identifier_preparer.quote(name)} {column.type.compile(dialect)}"
    return f"ALTER TABLE {table.name} ADD COLUMN {typed}{empty}"


async def _first(face: Face) -> None:
    """Version 1: one table per record type, and the host tables for platforms without their own."""
    await add(face, 1)


STEPS: tuple[Step, ...] = (_first,)
"""Step n brings a database of version n - 1 to version n."""


async def upgrade(face: Face) -> None:
    """Run the steps that this database has not had, all in one transaction, alone."""
    try:
        if face.sqlite:
            await begin_alone(face)
        else:
            await face.say(_UPGRADE_PATIENCE)
            await face.fetch(_UPGRADE_LOCK)
        await face.change(CreateTable(SCHEMA_VERSIONS, if_not_exists=True))
        had = await _version(face)
        if had > len(STEPS):
            raise StoreError(_too_new(had))
        for number, step in enumerate(STEPS[had:], start=had + 1):
            await step(face)
            await face.change(_RECORD, {"p_version": number, "p_at": instant_text(datetime.now(UTC))})
        await face.commit_surely()
    except BaseException:
        await face.rollback()
        raise


async def check(face: Face) -> None:
    """Raise ``StoreError`` unless the database has had exactly the steps of this library."""
    had = await _version(face)
    if had == 0:
        raise StoreError(MISSING_TABLES)
    if had > len(STEPS):
        raise StoreError(_too_new(had))
    if had < len(STEPS):
        raise StoreError(
            f"this database has the portal's tables in version {had}, this library needs version {len(STEPS)}: "
            "run store.upgrade() (await store.upgrade_async() with an async engine)"
        )


async def _version(face: Face) -> int:
    return (await face.fetch(_LATEST))[0][0] or 0


def _too_new(had: int) -> str:
    return (
        f"this database has the portal's tables in version {had}, this library knows version {len(STEPS)}: "
        "install the version of clientportal that upgraded it, or a later one"
    )
