"""What the parts of the store contract share: how coroutines are run, and records to store."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar, cast

import pytest

from clientportal.errors import Conflict
from clientportal.ports.driving import step
from clientportal.ports.host import BaseHost, HostAdapter
from clientportal.ports.state import Page, Store, Unit
from clientportal.records import (
    AuditEntry,
    ContactEntry,
    GuessCounter,
    Put,
    Remove,
    Session,
    Stored,
    Write,
)

__all__ = ["START", "Ground", "audit", "contact", "counter", "session"]

T = TypeVar("T")
R = TypeVar("R", bound=Stored)

START = datetime(2025, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
"""With microseconds, because a store that loses them compares times wrongly."""


def audit(id: str, *, minute: int = 0, subject: str = "client:1") -> AuditEntry:
    """An entry with a key of one attribute (time) and one of two (subject, time)."""
    at = START + timedelta(minutes=minute)
    return AuditEntry(id=id, at=at, actor="staff:1", action="looked", subject=subject, outcome="ok")


def contact(ref: str, key: str) -> ContactEntry:
    """An entry of the contact index: what collisions are looked for in."""
    return ContactEntry(id=f"{ref}|{key}", key=key, ref=ref)


def counter(id: str, count: int = 0) -> GuessCounter:
    """A record that units count in."""
    return GuessCounter(id=id, day_began=START, day_count=count)


def session(id: str, entry: str | None) -> Session:
    """A session; ``entry`` is a key attribute that may be absent."""
    end = START + timedelta(days=1)
    return Session(
        id=id, entry=entry, own=(), identity="mobile:+64211234567", opened_at=START, used_at=START,
        idle_until=end, ends_at=end,
    )  # fmt: skip


class Ground:
    """Runs the contract's coroutines, each in a unit of its own or several at once."""

    asynchronous: ClassVar[bool] = False
    """Whether the store's coroutines need an event loop. One private loop then lives as long as the test."""

    joins: ClassVar[bool] = True
    """Whether units may join a caller's open transaction (:meth:`caller`)."""

    tenant: ClassVar[str] = "salon"
    host: ClassVar[HostAdapter] = cast("HostAdapter", BaseHost)
    """The adapter that units are begun with. Nothing in the contract calls it."""

    _runner: asyncio.Runner | None = None

    @pytest.fixture
    def store(self) -> Any:
        """Override: an empty store."""
        raise NotImplementedError("override the fixture `store` with one that returns an empty store")

    @pytest.fixture(autouse=True)
    def _private_loop(self) -> Generator[None, None, None]:
        yield
        if self._runner is not None:
            self._runner.close()

    def caller(self, store: Store, tenant: str) -> AbstractAsyncContextManager[Any]:
        """A transaction of the host's own code: commits when left, rolls back on an exception.

        Override it where the store has no ``transaction(tenant)``; what it gives is the ``connection`` to join.
        """
        return _plain_transaction(store, tenant)

    # --- running

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """One coroutine to its end: stepped without a loop, or on the private loop."""
        if not self.asynchronous:
            return step(coroutine)
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)

    def together(self, *operations: Callable[[], Coroutine[Any, Any, object]]) -> list[object]:
        """All at once: one thread each, or one task each. Gives what each returned, or the exception it raised."""
        if self.asynchronous:
            return self.run(self._tasks(operations))
        outcomes: list[object] = [AssertionError("this operation never ended")] * len(operations)

        def work(at: int) -> None:
            try:
                outcomes[at] = step(operations[at]())
            except Exception as error:
                outcomes[at] = error

        threads = [threading.Thread(target=work, args=(at,), daemon=True) for at in range(len(operations))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        return outcomes

    async def _tasks(self, operations: Sequence[Callable[[], Awaitable[object]]]) -> list[object]:
        return list(await asyncio.gather(*(operation() for operation in operations), return_exceptions=True))

    async def rest(self, seconds: float) -> None:
        """Let the others run for that long."""
        if self.asynchronous:
            await asyncio.sleep(seconds)
        else:
            time.sleep(seconds)

    async def until(self, flag: threading.Event, seconds: float = 0.4) -> None:
        """Wait for the flag, but not for ever: a store may well keep the other one out until this unit ends."""
        for _ in range(int(seconds / 0.01)):
            if flag.is_set():
                return
            await self.rest(0.01)

    # --- single steps

    def unit(
        self, store: Store, *, writes: bool = True, tenant: str | None = None
    ) -> AbstractAsyncContextManager[Unit]:
        """A unit of work of its own."""
        return store.begin(tenant or self.tenant, self.host, writes=writes)

    async def write(self, store: Store, *writes: Write, tenant: str | None = None) -> None:
        """Commit those writes in a unit of their own."""
        async with self.unit(store, tenant=tenant) as unit:
            await unit.commit(writes)

    def put(self, store: Store, *records: Stored, tenant: str | None = None) -> None:
        """Store those records in a unit of their own."""
        self.run(self.write(store, *(Put(record) for record in records), tenant=tenant))

    def drop(self, store: Store, *records: Stored, tenant: str | None = None) -> None:
        """Remove those records in a unit of their own."""
        self.run(self.write(store, *(Remove(record) for record in records), tenant=tenant))

    def get(self, store: Store, kind: type[R], id: str, *, tenant: str | None = None) -> R | None:
        """Read one record in a unit of its own."""

        async def read() -> R | None:
            async with self.unit(store, writes=False, tenant=tenant) as unit:
                return await unit.state.get(kind, id)

        return self.run(read())

    def find(
        self, store: Store, kind: type[R], key: str, *values: str, tenant: str | None = None, limit: int = 1000
    ) -> list[str]:
        """The ids found, in a unit of their own."""

        async def read() -> list[str]:
            async with self.unit(store, writes=False, tenant=tenant) as unit:
                return [record.id for record in await unit.state.find(kind, key, values, limit=limit)]

        return self.run(read())

    def page(
        self, store: Store, kind: type[R], key: str, *values: str, tenant: str | None = None, **options: Any
    ) -> Page[R]:
        """One page, in a unit of its own."""

        async def read() -> Page[R]:
            async with self.unit(store, writes=False, tenant=tenant) as unit:
                return await unit.state.page(kind, key, values, **options)

        return self.run(read())

    def walk(self, store: Store, kind: type[Stored], key: str, *values: str, **options: Any) -> list[str]:
        """The ids of all pages."""
        seen: list[str] = []
        after: str | None = None
        while True:
            page = self.page(store, kind, key, *values, after=after, **options)
            seen += [record.id for record in page.items]
            after = page.next
            if after is None:
                return seen
            assert len(seen) < 1000, "these pages never end"

    def won(self, outcomes: Sequence[object]) -> int:
        """How many succeeded; anything but success and ``Conflict`` fails the test."""
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict):
                raise outcome
        return sum(outcome is True for outcome in outcomes)


@asynccontextmanager
async def _plain_transaction(store: Any, tenant: str) -> AsyncGenerator[Any, None]:
    with store.transaction(tenant) as tx:
        yield tx
