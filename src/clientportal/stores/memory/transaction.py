"""One open transaction: what it has read, what it would write, and whether that may be committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from types import TracebackType
from typing import Any, cast

from attrs import evolve, frozen

from clientportal.errors import Conflict, StoreError
from clientportal.records import Put, Stored, Write
from clientportal.stores.memory.locks import Locks
from clientportal.stores.memory.ordering import Place, place_of, place_of_id
from clientportal.stores.memory.tables import Bounds, Tables, between

__all__ = ["MemoryTransaction", "Savepoint"]


@frozen
class Savepoint:
    """What a transaction had written and seen when a joined unit began."""

    records: dict[tuple[str, str], Stored | None]
    seen: dict[tuple[str, str], int]
    rows: dict[tuple[str, str], object | None]
    rows_seen: dict[tuple[str, str], int]
    tables_seen: dict[str, int]


class MemoryTransaction:
    """The connection that a host over the memory store is handed, and the transaction that a host's own code opens.

    Host code keeps any immutable value as a row, under a table's name and a key, for its one tenant::

        with store.transaction("salon") as tx:
            tx.put("clients", "c1", row)
            ...                     # portal.on(tx) joins it here
        # committed; an exception would have rolled all of it back

    It reads its own writes; nobody else does before the commit. A row that it writes must be the one that it first
    saw (by ``get`` or ``scan``, or when it was written): else the commit raises ``Conflict`` and nothing is written.
    One thread or task at a time uses a transaction.
    """

    def __init__(self, tables: Tables, locks: Locks, tenant: str) -> None:
        self.tenant = tenant
        self._tables = tables
        self._locks = locks
        self._open = True
        self._records: dict[tuple[str, str], Stored | None] = {}
        self._seen: dict[tuple[str, str], int] = {}
        self._rows: dict[tuple[str, str], object | None] = {}
        self._rows_seen: dict[tuple[str, str], int] = {}
        self._tables_seen: dict[str, int] = {}

    @property
    def open(self) -> bool:
        """Whether it still waits for its commit or rollback."""
        return self._open

    def belongs_to(self, tables: Tables) -> bool:
        """Whether it was opened on those tables."""
        return self._tables is tables

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError("this transaction has ended")

    # --- the host's rows

    def get(self, table: str, key: str) -> object | None:
        """One row, or ``None``."""
        self._check_open()
        with self._tables.mutex:
            self._rows_seen.setdefault((table, key), self._tables.serial)
            if (table, key) in self._rows:
                return self._rows[table, key]
            return self._tables.row(self.tenant, table, key)

    def scan(self, table: str) -> Sequence[tuple[str, object]]:
        """Every row of a table with its key, in the order of the keys."""
        self._check_open()
        with self._tables.mutex:
            self._tables_seen.setdefault(table, self._tables.serial)
            rows: dict[str, object | None] = dict(self._tables.rows(self.tenant, table))
        rows.update((key, row) for (own, key), row in self._rows.items() if own == table)
        return [(key, row) for key in sorted(rows) if (row := rows[key]) is not None]

    def put(self, table: str, key: str, row: object) -> None:
        """Insert or replace one row."""
        self.get(table, key)
        self._rows[table, key] = row

    def remove(self, table: str, key: str) -> None:
        """Remove one row; an absent one is no error."""
        self.get(table, key)
        self._rows[table, key] = None

    # --- the portal's records

    def peek(self, kind: type[Stored], id: str) -> Stored | None:
        """A record as this transaction sees it, without remembering that it was read."""
        own = (kind.TABLE, id)
        return self._records[own] if own in self._records else self._tables.record(self.tenant, kind.TABLE, id)

    def read(self, kind: type[Stored], id: str) -> Stored | None:
        """A record, remembered with its committed version (0 where it is absent): the commit checks it again."""
        self._check_open()
        with self._tables.mutex:
            self._remember(kind.TABLE, id)
            return self.peek(kind, id)

    def _remember(self, table: str, id: str) -> None:
        self._seen.setdefault((table, id), self._tables.version(self.tenant, table, id))

    def ids(self, kind: type[Stored], key: str, bounds: Bounds) -> Iterator[Place]:
        """The places under a key within the bounds, own writes included. The caller holds the mutex."""
        self._check_open()
        index = self._tables.index(self.tenant, kind, key)
        changed = {id: record for (table, id), record in self._records.items() if table == kind.TABLE}
        committed = between(index.places, bounds)
        if not changed:
            return committed
        own = sorted(place_of(record, index.attributes) for record in changed.values() if record is not None)
        unchanged = (place for place in committed if place_of_id(place) not in changed)
        return merge(unchanged, between(own, bounds), reverse=bounds.newest_first)

    def write(self, writes: Sequence[Write]) -> None:
        """Check all that was read, then take the writes in, in their order; on ``Conflict`` none of them."""
        self._check_open()
        before = dict(self._records)
        with self._tables.mutex:
            try:
                self._check_seen()
                for one in writes:
                    self._take_in(one)
            except Conflict:
                self._records = before
                raise

    def _take_in(self, one: Write) -> None:
        record = one.record
        kind, own = type(record), (record.TABLE, record.id)
        self._remember(*own)
        stored = self.peek(kind, record.id)
        version = 0 if stored is None else stored.version
        if isinstance(one, Put):
            if version != record.version:
                raise Conflict(f"{record.TABLE}: a record to be written has version {version}, not {record.version}")
            self._records[own] = evolve(cast("Any", record), version=version + 1)
        else:
            if stored is None or version != record.version:
                raise Conflict(f"{record.TABLE}: a record to be removed has version {version}, not {record.version}")
            self._records[own] = None

    def _check_seen(self) -> None:
        for (table, id), version in self._seen.items():
            if self._tables.version(self.tenant, table, id) != version:
                raise Conflict(f"{table}: a record that was read has changed since")

    def _check_rows(self) -> None:
        for table, key in self._rows:
            first = min(self._rows_seen[table, key], self._tables_seen.get(table, self._tables.serial))
            if self._tables.row_serial(self.tenant, table, key) > first:
                raise Conflict(f"{table}: a row to be written has changed since it was read")

    # --- its end

    def savepoint(self) -> Savepoint:
        """Where a joined unit goes back to when it is left without commit."""
        return Savepoint(
            dict(self._records), dict(self._seen), dict(self._rows), dict(self._rows_seen), dict(self._tables_seen)
        )

    def back_to(self, savepoint: Savepoint) -> None:
        """Forget everything since; locks stay until the transaction ends."""
        self._records, self._seen = savepoint.records, savepoint.seen
        self._rows, self._rows_seen = savepoint.rows, savepoint.rows_seen
        self._tables_seen = savepoint.tables_seen

    def commit(self) -> None:
        """Make it all visible at once, or raise ``Conflict`` with nothing written; either way it has ended."""
        self._check_open()
        try:
            with self._tables.mutex:
                self._check_seen()
                self._check_rows()
                for (table, id), record in self._records.items():
                    self._tables.store(self.tenant, table, id, record)
                for (table, key), row in self._rows.items():
                    self._tables.store_row(self.tenant, table, key, row)
        finally:
            self.end()

    def end(self) -> None:
        """Roll back what is not committed and let go of every lock; a second call does nothing."""
        if self._open:
            self._open = False
            self._locks.release(self)

    def __enter__(self) -> MemoryTransaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._open:
            self.commit()
        else:
            self.end()
