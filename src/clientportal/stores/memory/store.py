"""The reference store: every promise of ``ports.state`` in plain dictionaries, for tests and for trying things out.

Nothing here survives the process; everything else is as strict as a database with serialisable transactions.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import groupby, islice
from typing import Any, TypeVar, cast

from clientportal.errors import InvalidInput, StoreError
from clientportal.ports.driving import awaited_host
from clientportal.ports.host import AsyncHost, HostAdapter
from clientportal.ports.state import Collision, Page, Unit
from clientportal.records import Stored, Write
from clientportal.stores.memory.locks import Locks, Pause
from clientportal.stores.memory.ordering import (
    Place,
    place_of,
    place_of_id,
    read_cursor,
    text_of,
    typed_prefix,
    write_cursor,
)
from clientportal.stores.memory.tables import Bounds, Tables
from clientportal.stores.memory.transaction import MemoryTransaction

__all__ = ["MemoryStore"]

R = TypeVar("R", bound=Stored)


class MemoryState:
    """The portal's face of one unit."""

    def __init__(self, tables: Tables, locks: Locks, tx: MemoryTransaction) -> None:
        self._tables = tables
        self._locks = locks
        self._tx = tx
        self._ended = False

    def close(self) -> None:
        """From here on nothing can be read through it."""
        self._ended = True

    def _check(self, limit: int = 1) -> None:
        if self._ended:
            raise StoreError("this unit of work has ended")
        if limit < 1:
            raise InvalidInput("a limit is at least 1")

    async def _lock(self, kind: type[Stored], ids: Sequence[str]) -> None:
        for id in sorted(set(ids)):
            await self._locks.take((self._tx.tenant, kind.TABLE, id), self._tx)

    async def get(self, kind: type[R], id: str, *, lock: bool = False) -> R | None:
        self._check()
        if lock:
            await self._lock(kind, [id])
        return cast("R | None", self._tx.read(kind, id))

    async def get_many(self, kind: type[R], ids: Sequence[str], *, lock: bool = False) -> Mapping[str, R]:
        self._check()
        if lock:
            await self._lock(kind, ids)
        found = {id: self._tx.read(kind, id) for id in ids}
        return {id: cast("R", record) for id, record in found.items() if record is not None}

    async def get_with(
        self, kind: type[R], id: str, links: Mapping[str, type[Stored]]
    ) -> tuple[R | None, Mapping[str, Stored]]:
        self._check()
        record = cast("R | None", self._tx.read(kind, id))
        if record is None:
            return None, {}
        named = {name: getattr(record, name) for name in links}
        found = {name: self._tx.read(links[name], str(named[name])) for name in links if named[name] is not None}
        return record, {name: other for name, other in found.items() if other is not None}

    async def find(
        self, kind: type[R], key: str, values: Sequence[str], *, lock: bool = False, limit: int = 1000
    ) -> Sequence[R]:
        self._check(limit)
        prefix = typed_prefix(kind, kind.KEYS[key], values)
        if prefix is None:
            return []
        bounds = Bounds(prefix)
        locked: set[str] = set()
        while True:
            # A record may come under the key while the locks of the others are waited for.
            with self._tables.mutex:
                ids = [place_of_id(place) for place in islice(self._tx.ids(kind, key, bounds), limit)]
                if not lock or locked.issuperset(ids):
                    return self._records(kind, ids)
            await self._lock(kind, ids)
            locked.update(ids)

    def _records(self, kind: type[R], ids: Sequence[str]) -> list[R]:
        found = (self._tx.read(kind, id) for id in ids)
        return [cast("R", record) for record in found if record is not None]

    async def find_any(self, kind: type[R], key: str, values: Sequence[str], *, limit: int = 1000) -> Sequence[R]:
        self._check(limit)
        prefixes = {prefix for value in values if (prefix := typed_prefix(kind, kind.KEYS[key], [value])) is not None}
        with self._tables.mutex:
            places = (place for prefix in sorted(prefixes) for place in self._tx.ids(kind, key, Bounds(prefix)))
            return self._records(kind, [place_of_id(place) for place in islice(places, limit)])

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
        attributes = kind.KEYS[key]
        scope = (self._tx.tenant, kind.TABLE, key, *values, "newest first" if newest_first else "oldest first")
        place = None if after is None else read_cursor(scope, after)
        prefix = typed_prefix(kind, attributes, values)
        if prefix is None:
            return Page(())
        bounds = Bounds(prefix, upto=upto, after=place, newest_first=newest_first)
        with self._tables.mutex:
            ids = [place_of_id(found) for found in islice(self._tx.ids(kind, key, bounds), limit + 1)]
            items = self._records(kind, ids[:limit])
        more = write_cursor(scope, place_of(items[-1], attributes)) if len(ids) > limit else None
        return Page(items, more)

    async def collisions(
        self, kind: type[Stored], key: str, *, after: str | None = None, limit: int = 100, most: int = 1000
    ) -> Page[Collision]:
        self._check(limit)
        if len(kind.KEYS[key]) != 1:
            raise InvalidInput(f"{key!r} of {kind.TABLE} has several attributes; collisions are of one")
        scope = (self._tx.tenant, kind.TABLE, key, "collisions")
        place = None if after is None else read_cursor(scope, after)
        found: list[tuple[Place, Collision]] = []
        with self._tables.mutex:
            for value, ids in self._groups(kind, key, place):
                if len(ids) < 2:
                    continue
                found.append((value, Collision(text_of(value[0][1]), tuple(ids[:most]))))
                if len(found) > limit:
                    break
            for _, collision in found[:limit]:
                self._records(kind, collision.ids)
        more = write_cursor(scope, found[limit - 1][0]) if len(found) > limit else None
        return Page([collision for _, collision in found[:limit]], more)

    def _groups(self, kind: type[Stored], key: str, after: Place | None) -> Iterator[tuple[Place, list[str]]]:
        # A part longer by one comes after every record of that value, whatever its id, and before the next value: a
        # page must not cost a walk over all the pages before it.
        places = self._tx.ids(kind, key, Bounds((), after=None if after is None else ((*after[0], 0),)))
        for value, group in groupby(places, key=lambda place: place[:1]):
            # Absent is not a value: records without it share nothing.
            if value[0][0]:
                yield value, [place_of_id(place) for place in group]

    async def hold(self, name: str) -> None:
        self._check()
        await self._locks.take((self._tx.tenant, name), self._tx)


class MemoryUnit:
    """One unit of work over a transaction: its own, or the caller's."""

    def __init__(self, state: MemoryState, host: AsyncHost, tx: MemoryTransaction, *, writes: bool, own: bool) -> None:
        self._state = state
        self._host = host
        self._tx = tx
        self._writes = writes
        self._own = own
        self.committed = False

    @property
    def state(self) -> MemoryState:
        return self._state

    @property
    def host(self) -> AsyncHost:
        return self._host

    @property
    def connection(self) -> MemoryTransaction:
        return self._tx

    async def commit(self, writes: Sequence[Write]) -> None:
        if not self._writes:
            raise StoreError("this unit was begun with writes=False")
        if self.committed:
            raise StoreError("this unit of work has ended")
        self._tx.write(writes)
        if self._own:
            self._tx.commit()
        self.committed = True
        self._state.close()


class MemoryStore:
    """Keeps everything in this process; see :class:`~clientportal.ports.state.Store` for what it promises.

    ``patience`` is how many seconds a unit waits for another one's lock before it gives up with ``Conflict``.
    """

    def __init__(self, *, patience: float = 5.0) -> None:
        self._tables = Tables()
        self._locks = Locks(patience)

    @property
    def pause(self) -> Pause | None:
        """What is awaited while a lock is held elsewhere, for tools that schedule units themselves."""
        return self._locks.pause

    @pause.setter
    def pause(self, pause: Pause | None) -> None:
        self._locks.pause = pause

    def transaction(self, tenant: str) -> MemoryTransaction:
        """A transaction of the host's own: ``with store.transaction(tenant) as tx``."""
        return MemoryTransaction(self._tables, self._locks, tenant)

    def in_transaction(self, connection: Any) -> bool:
        return isinstance(connection, MemoryTransaction) and connection.open

    def begin(
        self, tenant: str, host: HostAdapter, *, writes: bool, connection: Any = None
    ) -> AbstractAsyncContextManager[Unit]:
        if connection is None:
            return self._own_unit(tenant, host, writes)
        return self._joined_unit(tenant, host, writes, connection)

    def _unit(self, tx: MemoryTransaction, host: HostAdapter, *, writes: bool, own: bool) -> MemoryUnit:
        state = MemoryState(self._tables, self._locks, tx)
        face = awaited_host(host.open(tx if host.shares_transaction else None, tx.tenant))
        return MemoryUnit(state, face, tx, writes=writes, own=own)

    @asynccontextmanager
    async def _own_unit(self, tenant: str, host: HostAdapter, writes: bool) -> AsyncGenerator[Unit, None]:
        tx = self.transaction(tenant)
        try:
            unit = self._unit(tx, host, writes=writes, own=True)
            try:
                yield unit
            finally:
                unit.state.close()
        finally:
            tx.end()

    @asynccontextmanager
    async def _joined_unit(
        self, tenant: str, host: HostAdapter, writes: bool, connection: Any
    ) -> AsyncGenerator[Unit, None]:
        if not isinstance(connection, MemoryTransaction) or not connection.belongs_to(self._tables):
            raise StoreError("a unit joins a transaction of this very store: store.transaction(tenant)")
        if not connection.open or connection.tenant != tenant:
            raise StoreError(f"a unit of {tenant!r} joins an open transaction of {tenant!r} only")
        savepoint = connection.savepoint()
        unit = self._unit(connection, host, writes=writes, own=False)
        try:
            yield unit
        finally:
            unit.state.close()
            if not unit.committed:
                connection.back_to(savepoint)
