"""Stores with one fault each, of the kinds that are really made: what the tests of steps must catch.

Each is put between the portal and a sound memory store, and sees every begin, read and commit.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from attrs import evolve

from clientportal.ports import BaseHost
from clientportal.records import (
    AuditEntry,
    Challenge,
    GuessCounter,
    OutboxMessage,
    Put,
    Receipt,
    Remove,
    Session,
    SpentLink,
    Stored,
    Write,
)

__all__ = [
    "Blind",
    "EffectOfALook",
    "ForgottenReceipt",
    "Halved",
    "KeptToken",
    "NoAudit",
    "NoHolds",
    "ResettableCounter",
]


class _State:
    """Everything is passed on, but for what a subclass changes."""

    def __init__(self, inner: Any, store: Faulty, tenant: str) -> None:
        self._inner = inner
        self._store = store
        self._tenant = tenant

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Unit:
    def __init__(self, inner: Any, store: Faulty, tenant: str) -> None:
        self._inner = inner
        self._store = store
        self._tenant = tenant
        self.state = store.state(inner.state, tenant)

    @property
    def host(self) -> Any:
        return self._inner.host

    @property
    def connection(self) -> Any:
        return self._inner.connection

    async def commit(self, writes: Sequence[Write]) -> None:
        await self._store.commit(self._inner, self._tenant, list(writes))


class Faulty:
    """A store without any fault yet."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def pause(self) -> Any:
        """Waiting for locks is the inner store's."""
        return self.inner.pause

    @pause.setter
    def pause(self, pause: Any) -> None:
        self.inner.pause = pause

    def begin(
        self, tenant: str, host: Any, *, writes: bool, connection: Any = None
    ) -> AbstractAsyncContextManager[Any]:
        return self._begin(tenant, host, writes, connection)

    @asynccontextmanager
    async def _begin(self, tenant: str, host: Any, writes: bool, connection: Any) -> AsyncGenerator[Any, None]:
        async with self.inner.begin(tenant, host, writes=writes, connection=connection) as unit:
            yield _Unit(unit, self, tenant)

    @asynccontextmanager
    async def beside(self, tenant: str) -> AsyncGenerator[Any, None]:
        """A unit that nobody else knows of."""
        async with self.inner.begin(tenant, BaseHost, writes=True) as unit:
            yield unit

    def state(self, inner: Any, tenant: str) -> Any:
        """What is handed out for reading."""
        return _State(inner, self, tenant)

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        """What a commit does."""
        await unit.commit(writes)


class _BlindState(_State):
    async def get(self, kind: type[Any], id: str, *, lock: bool = False) -> Any:
        if kind not in self._store.kinds:  # type: ignore[attr-defined]
            return await self._inner.get(kind, id, lock=lock)
        async with self._store.beside(self._tenant) as unit:
            return await unit.state.get(kind, id)

    async def get_many(self, kind: type[Any], ids: Sequence[str], *, lock: bool = False) -> Any:
        if kind not in self._store.kinds:  # type: ignore[attr-defined]
            return await self._inner.get_many(kind, ids, lock=lock)
        async with self._store.beside(self._tenant) as unit:
            return await unit.state.get_many(kind, ids)

    async def find(self, kind: type[Any], key: str, values: Sequence[str], **how: Any) -> Any:
        if kind not in self._store.kinds:  # type: ignore[attr-defined]
            return await self._inner.find(kind, key, values, **how)
        how.pop("lock", None)
        async with self._store.beside(self._tenant) as unit:
            return await unit.state.find(kind, key, values, **how)


class Blind(Faulty):
    """Some kinds of record are read without a lock and written over whatever is there: no version is looked at."""

    def __init__(self, inner: Any, *kinds: type[Stored]) -> None:
        super().__init__(inner)
        self.kinds = kinds

    def state(self, inner: Any, tenant: str) -> Any:
        return _BlindState(inner, self, tenant)

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        forced: list[Write] = []
        async with self.beside(tenant) as other:
            for write in writes:
                if type(write.record) not in self.kinds:
                    forced.append(write)
                    continue
                there = await other.state.get(type(write.record), write.record.id)
                if isinstance(write, Put):
                    version = 0 if there is None else there.version
                    forced.append(Put(evolve(write.record, version=version)))  # type: ignore[misc]
                elif there is not None:
                    forced.append(Remove(there))
        await unit.commit(forced)


class _NoHoldsState(_State):
    async def hold(self, name: str) -> None:
        """Nobody is kept out."""


class NoHolds(Faulty):
    """Names are not held, so that what rests on nobody having a contact rests on nothing."""

    def state(self, inner: Any, tenant: str) -> Any:
        return _NoHoldsState(inner, self, tenant)


class ResettableCounter(Faulty):
    """A new code gives new tries: every request for one sets the counter of wrong tries to nothing."""

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        asked = any(isinstance(write.record, OutboxMessage) for write in writes)
        for challenge in [write.record for write in writes if asked and isinstance(write.record, Challenge)]:
            counter = await unit.state.get(GuessCounter, f"{challenge.identity}|{challenge.lane}")
            if counter is not None:
                writes.append(Put(evolve(counter, day_count=0, consecutive=0, wait_until=None)))
        await unit.commit(writes)


class NoAudit(Faulty):
    """Commits everything but the audit entry."""

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        await unit.commit([write for write in writes if not isinstance(write.record, AuditEntry)])


class Halved(Faulty):
    """Writes the audit in a commit of its own, first: where the rest then fails, it tells of what never happened."""

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        audit = [write for write in writes if isinstance(write.record, AuditEntry)]
        async with self.beside(tenant) as other:
            await other.commit(audit)
        await unit.commit([write for write in writes if write not in audit])


class _LookingState(_State):
    async def get(self, kind: type[Any], id: str, *, lock: bool = False) -> Any:
        found = await self._inner.get(kind, id, lock=lock)
        if kind is SpentLink and found is None:
            self._store.looked.append(id)  # type: ignore[attr-defined]
        return found


class EffectOfALook(Faulty):
    """Uses a link up as soon as anybody looks at it."""

    def __init__(self, inner: Any, when: Callable[[], Any]) -> None:
        super().__init__(inner)
        self.looked: list[str] = []
        self._when = when

    def state(self, inner: Any, tenant: str) -> Any:
        return _LookingState(inner, self, tenant)

    @asynccontextmanager
    async def _begin(self, tenant: str, host: Any, writes: bool, connection: Any) -> AsyncGenerator[Any, None]:
        async with super()._begin(tenant, host, writes, connection) as unit:
            yield unit
        while not writes and self.looked:
            now = self._when()
            async with self.beside(tenant) as other:
                await other.commit([Put(SpentLink(id=self.looked.pop(), spent_at=now, expires_at=now))])


class ForgottenReceipt(Faulty):
    """Commits everything but what the idempotency key ended in."""

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        await unit.commit([write for write in writes if not isinstance(write.record, Receipt)])


class KeptToken(Faulty):
    """A new token is given out and the old one goes on working: sessions are added and never removed."""

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        kept = [w for w in writes if not (isinstance(w, Remove) and isinstance(w.record, Session))]
        await unit.commit(kept)
