"""Puts an invented client base into the tables of the SQL store, faster than its doors would.

What a walk over a million contacts writes (``portal.walk_contacts``) is written here as rows, in one go and without its
indexes, which are made afterwards: a benchmark of the report waits for seconds, not for the quarter of an hour that
reading a million numbers and committing them takes. tests/benchmarks shows that both write the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from people import Record
from sqlalchemy import Connection, Engine, Table, insert
from sqlalchemy.schema import CreateIndex, DropIndex

from clientportal import Business, ClientRecord, RecordRef
from clientportal.ports import step
from clientportal.records import ContactEntry, Put, WalkMark
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.stores.sql.host_rows import client_row
from clientportal.stores.sql.host_tables import CLIENTS
from clientportal.stores.sql.tables import record_table

TENANT = "salon"
MADE = datetime(2025, 1, 1, tzinfo=UTC)
_BATCH = 20_000


def open_store(url: str) -> SqlStore:
    """A store with its tables, empty or as an earlier run has left it."""
    store = SqlStore.open(url)
    store.upgrade()
    return store


def fill(store: SqlStore, records: Iterable[Record], *, rows: bool) -> int:
    """The contact index of those records, and their client rows where ``rows`` is true; how many entries it made."""
    engine = store.engine
    assert isinstance(engine, Engine)
    entries = 0
    with engine.begin() as connection, _without_indexes(connection, rows=rows):
        for batch in _batches(records):
            made = [_entry(record.id, key) for record in batch for key in record.keys]
            _write(connection, record_table(ContactEntry).table, made)
            entries += len(made)
            if rows:
                clients = (client_row(_client(record)) for record in batch)
                _write(connection, CLIENTS, [{"tenant": TENANT, "version": 1, **row} for row in clients])
    step(_finish(store))
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    return entries


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    left = iter(records)
    while batch := list(islice(left, _BATCH)):
        yield batch


@contextmanager
def _without_indexes(connection: Connection, *, rows: bool) -> Iterator[None]:
    tables = [record_table(ContactEntry).table, *([CLIENTS] if rows else [])]
    indexes = [index for table in tables for index in sorted(table.indexes, key=lambda one: str(one.name))]
    for index in indexes:
        connection.execute(DropIndex(index))
    yield
    for index in indexes:
        connection.execute(CreateIndex(index))


def _entry(id: str, key: str) -> dict[str, Any]:
    ref = f"client:{id}"
    body = json.dumps({"id": f"{ref}|{key}", "key": key, "ref": ref}, separators=(",", ":"))
    return {"tenant": TENANT, "id": f"{ref}|{key}", "version": 1, "key": key, "ref": ref, "body": body}


def _client(record: Record) -> ClientRecord:
    return ClientRecord(
        RecordRef.client(record.id),
        MADE + timedelta(minutes=record.person),
        record.first_name,
        record.last_name,
        mobile=record.mobile,
        phone=record.phone,
        email=record.email,
        birthday=record.birthday,
    )


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        statement = insert(table).values(dict.fromkeys(rows[0]))
        compiled = str(statement.compile(dialect=connection.dialect, column_keys=list(rows[0])))
        driver: Any = connection.connection.driver_connection
        order = [column.name for column in table.columns if column.name in rows[0]]
        driver.executemany(compiled, [tuple(row[name] for name in order) for row in rows])
        return
    names = list(rows[0])
    driver = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


async def _finish(store: SqlStore) -> None:
    """The business, and the mark that a walk has come to its end."""
    async with store.begin(TENANT, SqlHost, writes=True) as unit:
        await unit.host.add_business(Business(TENANT, "Kōwhai Hair", "Pacific/Auckland"))
        marks = ("contacts", WalkMark.FIRST)
        await unit.commit([Put(WalkMark(id=id, started_at=MADE, finished_at=MADE)) for id in marks])
