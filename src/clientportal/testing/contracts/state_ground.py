"""What the parts of the store contract share: single steps, and records to store."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar, cast

import pytest

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
from clientportal.testing.contracts.proving import Proving
from clientportal.testing.contracts.running import Running

__all__ = ["START", "Ground", "audit", "contact", "counter", "session"]

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


class Ground(Running, Proving):
    """Runs the contract's coroutines, each in a unit of its own or several at once."""

    contract = "StateContract"

    joins: ClassVar[bool] = True
    """Whether units may join a caller's open transaction (:meth:`caller`)."""

    tenant: ClassVar[str] = "salon"
    host: ClassVar[HostAdapter] = cast("HostAdapter", BaseHost)
    """The adapter that units are begun with. Nothing in the contract calls it."""

    @pytest.fixture
    def store(self) -> Any:
        """Override: an empty store."""
        raise NotImplementedError("override the fixture `store` with one that returns an empty store")

    def caller(self, store: Store, tenant: str) -> AbstractAsyncContextManager[Any]:
        """A transaction of the host's own code: commits when left, rolls back on an exception.

        Override it where the store has no ``transaction(tenant)``; what it gives is the ``connection`` to join.
        """
        return _plain_transaction(store, tenant)

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


@asynccontextmanager
async def _plain_transaction(store: Any, tenant: str) -> AsyncGenerator[Any, None]:
    with store.transaction(tenant) as tx:
        yield tx
