"""Reading the portal's records in one unit, and remembering what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeVar, cast

from attrs import define, field
from sqlalchemy import text

from clientportal.errors import Conflict, InvalidInput, StoreError
from clientportal.ports.state import Collision, Page
from clientportal.records import Stored
from clientportal.stores.sql import statements
from clientportal.stores.sql.codec import AsRead, from_body
from clientportal.stores.sql.compiled import Prepared
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.cursors import read_cursor, write_cursor
from clientportal.stores.sql.tables import KeyColumn, record_table, storable

__all__ = ["Seen", "SqlState", "chunks"]

R = TypeVar("R", bound=Stored)
T = TypeVar("T")

_MOST_PARAMETERS = 30_000
"""Ids in one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535. A client's whole history is asked for in one
(an account may show ten thousand single appointments), so that no page costs more statements as it grows.
"""

_HOLD = Prepared(text("SELECT pg_advisory_xact_lock(:name), current_setting('transaction_isolation')"))


def chunks(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """Those ids in portions that fit into one statement."""
    return (ids[at : at + _MOST_PARAMETERS] for at in range(0, len(ids), _MOST_PARAMETERS))


@define
class Seen:
    """What one unit has read: the version of each record, 0 where there was none, and which of them it locked.

    ``stood`` has, in a unit that may write, each record with the text that it was read from.
    """

    versions: dict[type[Stored], dict[str, int]] = field(factory=dict[type[Stored], dict[str, int]])
    locked: set[tuple[type[Stored], str]] = field(factory=set[tuple[type[Stored], str]])
    stood: dict[tuple[type[Stored], str], AsRead] = field(factory=dict[tuple[type[Stored], str], AsRead])

    def remember(self, kind: type[Stored], id: str, version: int, *, lock: bool) -> None:
        """Note one read; a record that reads differently the second time has been changed in between."""
        if self.versions.setdefault(kind, {}).setdefault(id, version) != version:
            raise Conflict(f"{kind.TABLE}: a record has changed between two reads of one unit")
        # There is nothing to lock where there is no row, so absence is always checked again.
        if lock and version:
            self.locked.add((kind, id))


@define
class SqlState:
    """The portal's face of one unit; see :class:`~clientportal.ports.state.State` for the promises."""

    _face: Face
    _tenant: str
    _writes: bool
    seen: Seen = field(factory=Seen)
    ended: bool = False

    def _check(self, limit: int = 1) -> None:
        if self.ended:
            raise StoreError("this unit of work has ended")
        if limit < 1:
            raise InvalidInput("a limit is at least 1")

    def _locks(self, lock: bool) -> bool:
        # On SQLite a unit that writes is alone; a unit that only reads has nothing that a lock would protect.
        return lock and self._writes and not self._face.sqlite

    def _taken(self, kind: type[R], rows: Sequence[Any], lock: bool) -> list[R]:
        for row in rows:
            self.seen.remember(kind, row[0], row[1], lock=lock)
        records = [from_body(kind, row[1], row[2]) for row in rows]
        if self._writes:
            for record, row in zip(records, rows, strict=True):
                self.seen.stood[kind, row[0]] = AsRead(record, row[2])
        return records

    def _found(self, kind: type[R], rows: Sequence[Any], lock: bool) -> list[R]:
        """The same of rows that may end with the columns that their records are held against."""
        records, of = self._taken(kind, rows, lock), record_table(kind)
        if not of.doubtful:
            return records
        many = len(of.columns)
        return [
            record if of.tells(record, row[0], row[-many:]) else cast("Any", record).doubted()
            for record, row in zip(records, rows, strict=True)
        ]

    async def get(self, kind: type[R], id: str, *, lock: bool = False) -> R | None:
        self._check()
        if not storable(id):
            return None
        lock = self._locks(lock)
        rows = await self._face.fetch(statements.by_id(kind, lock), {"p_tenant": self._tenant, "p_id": id})
        if not rows:
            self.seen.remember(kind, id, 0, lock=lock)
            return None
        return self._taken(kind, rows, lock)[0]

    async def get_many(self, kind: type[R], ids: Sequence[str], *, lock: bool = False) -> Mapping[str, R]:
        self._check()
        lock = self._locks(lock)
        asked = sorted({id for id in ids if storable(id)})
        records: list[R] = []
        for some in chunks(asked):
            rows = await self._face.fetch(
                statements.by_ids(kind, lock), {"p_tenant": self._tenant, "p_ids": list(some)}
            )
            records += self._taken(kind, rows, lock)
        found = {record.id: record for record in records}
        for id in asked:
            if id not in found:
                self.seen.remember(kind, id, 0, lock=lock)
        return found

    async def get_with(
        self, kind: type[R], id: str, links: Mapping[str, type[Stored]]
    ) -> tuple[R | None, Mapping[str, Stored]]:
        self._check()
        if not storable(id):
            return None, {}
        statement = statements.with_linked(kind, tuple(links.items()))
        rows = await self._face.fetch(statement, {"p_tenant": self._tenant, "p_id": id})
        if not rows:
            self.seen.remember(kind, id, 0, lock=False)
            return None, {}
        row = rows[0]
        found: dict[str, Stored] = {}
        for at, (name, linked) in enumerate(links.items(), start=1):
            named, version, body = row[3 * at : 3 * at + 3]
            if version is not None:
                found[name] = self._taken(linked, [(named, version, body)], lock=False)[0]
            elif named != "":
                self.seen.remember(linked, named, 0, lock=False)
        return self._taken(kind, [row], lock=False)[0], found

    async def find(
        self, kind: type[R], key: str, values: Sequence[str], *, lock: bool = False, limit: int = 1000
    ) -> Sequence[R]:
        self._check(limit)
        prefix = _prefix(record_table(kind).key(key), values)
        if prefix is None:
            return []
        lock = self._locks(lock)
        parameters = {"p_tenant": self._tenant, "p_limit": limit, **prefix}
        rows = await self._face.fetch(statements.found(kind, key, len(values), lock), parameters)
        return self._found(kind, rows, lock)

    async def find_any(self, kind: type[R], key: str, values: Sequence[str], *, limit: int = 1000) -> Sequence[R]:
        self._check(limit)
        first = record_table(kind).key(key)[0]
        sought = {kept for value in values if (kept := first.sought(value)) is not None}
        records: list[R] = []
        # In portions of ascending values, so that the whole is in the order of the key.
        for some in chunks(sorted(sought, key=_by_value)):
            parameters = {"p_tenant": self._tenant, "p_values": list(some), "p_limit": limit - len(records)}
            rows = await self._face.fetch(statements.found_any(kind, key), parameters)
            records += self._taken(kind, rows, lock=False)
            if len(records) == limit:
                break
        return records

    async def page(
        self,
        kind: type[R],
        key: str,
        values: Sequence[str] = (),
        *,
        upto: object = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page[R]:
        self._check(limit)
        columns = record_table(kind).key(key)
        rest = columns[len(values) :]
        scope = (self._tenant, kind.TABLE, key, *values, "newest first" if newest_first else "oldest first")
        place = None if after is None else read_cursor(scope, after, [*map(_kept_type, rest), str])
        prefix = _prefix(columns, values)
        if prefix is None:
            return Page(())
        parameters: dict[str, Any] = {"p_tenant": self._tenant, "p_limit": limit + 1, **prefix}
        if upto is not None:
            if not rest:
                raise InvalidInput(f"{key!r} of {kind.TABLE} has no attribute left to bound")
            parameters["p_upto"] = rest[0].kept(upto)
        parameters.update((f"a_{at}", part) for at, part in enumerate(place or ()))
        query = statements.paged(
            kind,
            key,
            len(values),
            bounded=upto is not None,
            onwards=place is not None,
            newest_first=newest_first,
        )
        rows = await self._face.fetch(query, parameters)
        items = self._found(kind, rows[:limit], lock=False)
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(items, None if last is None else write_cursor(scope, [*last[3 : 3 + len(rest)], last[0]]))

    async def collisions(
        self, kind: type[Stored], key: str, *, after: str | None = None, limit: int = 100, most: int = 1000
    ) -> Page[Collision]:
        self._check(limit)
        columns = record_table(kind).key(key)
        if len(columns) != 1:
            raise InvalidInput(f"{key!r} of {kind.TABLE} has several attributes; collisions are of one")
        scope = (self._tenant, kind.TABLE, key, "collisions")
        parameters: dict[str, Any] = {"p_tenant": self._tenant, "p_limit": limit + 1, "p_most": most}
        if after is not None:
            parameters["p_after"] = read_cursor(scope, after, [_kept_type(columns[0])])[0]
        # Versions stand in the rows, not in the index. A unit that only reads will never be asked whether they held.
        query = statements.colliding(kind, key, onwards=after is not None, versions=self._writes)
        rows = await self._face.fetch(query, parameters)
        shared: dict[str | int, list[str]] = {}
        for row in rows:
            shared.setdefault(row[0], []).append(row[1])
        more = None
        if len(shared) > limit:
            shared.popitem()
            more = write_cursor(scope, [next(reversed(shared))])
        if self._writes:
            for value, id, version in rows:
                if value in shared:
                    self.seen.remember(kind, id, version, lock=False)
        told = columns[0].told
        return Page([Collision(told(value), tuple(ids)) for value, ids in shared.items()], more)

    async def hold(self, name: str) -> None:
        self._check()
        if self._face.sqlite or not self._writes:
            return
        digest = blake2b(f"{len(self._tenant)}:{self._tenant}{name}".encode("utf-8", "surrogatepass"), digest_size=8)
        number = int.from_bytes(digest.digest(), "big", signed=True)
        rows = await self._face.fetch(_HOLD, {"name": number})
        if rows[0][1] != "read committed":
            raise StoreError(
                f"a unit cannot join a transaction of the isolation {rows[0][1]!r}: its reads would be older than "
                "its locks; use READ COMMITTED"
            )


def _by_value(kept: str | int) -> tuple[int, str]:
    # Values of one column are all numbers or all text.
    return (kept, "") if isinstance(kept, int) else (0, kept)


def _kept_type(column: KeyColumn) -> type:
    return int if column.holds is int else str


def _prefix(columns: Sequence[KeyColumn], values: Sequence[str]) -> dict[str, str | int] | None:
    """The parameters of a search; ``None`` where no record can hold one of the values."""
    if len(values) > len(columns):
        raise InvalidInput(f"a search by {len(values)} values of a key that has {len(columns)}")
    prefix: dict[str, str | int] = {}
    for at, (column, value) in enumerate(zip(columns, values, strict=False)):
        kept = column.sought(value)
        if kept is None:
            return None
        prefix[f"p_{at}"] = kept
    return prefix
