"""Units of work: one in a transaction of its own, one in a savepoint of the caller's."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any

from sqlalchemy import text

from clientportal.errors import Conflict, StoreError
from clientportal.ports.driving import awaited_host
from clientportal.ports.host import AsyncHost, HostAdapter
from clientportal.ports.state import State, Unit
from clientportal.records import Write
from clientportal.stores.sql.compiled import Prepared
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.failures import failure, passing
from clientportal.stores.sql.state import SqlState
from clientportal.stores.sql.writing import write_all

__all__ = ["JoinedUnit", "OwnUnit", "SqlUnit"]

# Takes SQLite's one write lock without writing: a transaction whose snapshot is no longer the latest fails here.
_TAKE_WRITE_LOCK = Prepared(text("DELETE FROM cp_schema WHERE version < 0"))
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = 5000"

Check = Callable[[Face], Awaitable[None]]


class SqlUnit:
    """What is handed out by both; see :class:`~clientportal.ports.state.Unit`."""

    def __init__(self, face: Face, tenant: str, adapter: HostAdapter, *, writes: bool, keep: Check) -> None:
        self._face = face
        self._tenant = tenant
        self._adapter = adapter
        self._writes = writes
        self._keep = keep
        self._state = SqlState(face, tenant, writes)
        self._host: AsyncHost | None = None
        self.committed = False

    @property
    def state(self) -> State:
        return self._state

    @property
    def host(self) -> AsyncHost:
        if self._host is None:
            shared = self._face.raw if self._adapter.shares_transaction else None
            self._host = awaited_host(self._adapter.open(shared, self._tenant))
        return self._host

    @property
    def connection(self) -> Any:
        return self._face.raw

    async def commit(self, writes: Sequence[Write]) -> None:
        if not self._writes:
            raise StoreError("this unit was begun with writes=False")
        if self._state.ended:
            raise StoreError("this unit of work has ended")
        self._state.ended = True
        await write_all(self._face, self._tenant, writes, self._state.seen)
        await self._keep(self._face)
        self.committed = True

    def close(self) -> None:
        """From here on nothing can be read through it."""
        self._state.ended = True


class _Begun(AbstractAsyncContextManager[Unit]):
    """What both kinds share: begin, hand the unit out, undo what was not committed."""

    def __init__(self, tenant: str, adapter: HostAdapter, *, writes: bool, check: Check) -> None:
        self._tenant = tenant
        self._adapter = adapter
        self._writes = writes
        self._check = check
        self._face: Face | None = None
        self._unit: SqlUnit | None = None

    @abstractmethod
    async def _open(self) -> Face: ...

    @abstractmethod
    async def _begin(self, face: Face) -> None: ...

    @abstractmethod
    async def _keep(self, face: Face) -> None: ...

    @abstractmethod
    async def _undo(self, face: Face) -> None: ...

    async def _end(self, face: Face) -> None:
        """After a unit that only read."""
        await self._undo(face)

    @abstractmethod
    async def _close(self, face: Face) -> None: ...

    async def __aenter__(self) -> Unit:
        face = await self._open()
        try:
            await self._begin(face)
            await self._check(face)
        except BaseException:
            await self._undo(face)
            await self._close(face)
            raise
        self._face = face
        self._unit = SqlUnit(face, self._tenant, self._adapter, writes=self._writes, keep=self._keep)
        return self._unit

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        face, unit = self._face, self._unit
        if face is None or unit is None:
            return
        unit.close()
        try:
            if not unit.committed:
                await (self._undo(face) if self._writes or error is not None else self._end(face))
        finally:
            await self._close(face)
        # A host that met a deadlock or a lock in its own statement met the same conflict as the portal would have.
        if isinstance(error, Exception) and passing(error):
            raise failure(error) from None


class OwnUnit(_Begun):
    """A unit in a transaction of its own."""

    def __init__(
        self,
        tenant: str,
        adapter: HostAdapter,
        opening: Callable[[bool], Awaitable[Face]],
        *,
        writes: bool,
        check: Check,
        patience: bool,
    ) -> None:
        super().__init__(tenant, adapter, writes=writes, check=check)
        self._opening = opening
        self._patience = patience

    async def _open(self) -> Face:
        return await self._opening(self._writes)

    async def _begin(self, face: Face) -> None:
        await face.begin_own(writes=self._writes)
        if self._writes and self._patience and not face.sqlite:
            await face.say(_LOCK_TIMEOUT)

    async def _keep(self, face: Face) -> None:
        await face.commit_surely()

    async def _undo(self, face: Face) -> None:
        await face.rollback()

    async def _end(self, face: Face) -> None:
        # psycopg forgets at every ROLLBACK what it has prepared on the server, and has to prepare it again. PostgreSQL
        # was told that nothing is written; elsewhere a rollback makes sure of it, whatever a host's reads may do.
        if face.sqlite:
            await face.rollback()
            return
        try:
            await face.commit()
        except (Conflict, StoreError):
            await face.rollback()

    async def _close(self, face: Face) -> None:
        await face.close()


class JoinedUnit(_Begun):
    """A unit in a savepoint of the caller's transaction, which stays the caller's to commit."""

    def __init__(self, tenant: str, adapter: HostAdapter, face: Face, *, writes: bool, check: Check) -> None:
        super().__init__(tenant, adapter, writes=writes, check=check)
        self._joined = face

    async def _open(self) -> Face:
        return self._joined

    async def _begin(self, face: Face) -> None:
        await face.begin()
        if not face.sqlite:
            await face.mark()
            return
        # Python's driver would commit the caller's work at RELEASE if SAVEPOINT were its first statement.
        begun = face.in_transaction()
        if not begun:
            await face.say("BEGIN IMMEDIATE" if self._writes else "BEGIN")
        await face.mark()
        if begun and self._writes:
            # The caller's transaction may have begun with a read: from here on it is alone, or it conflicts now.
            await self._check(face)
            await face.change(_TAKE_WRITE_LOCK)

    async def _keep(self, face: Face) -> None:
        await face.release()

    async def _undo(self, face: Face) -> None:
        await face.back()

    async def _close(self, face: Face) -> None:
        return None
