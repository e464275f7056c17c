"""The contract of stores: what is written in a unit that joins a transaction of the host's own code, and the whole."""

from __future__ import annotations

import pytest
from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports.state import Store
from clientportal.records import AuditEntry, GuessCounter, Put
from clientportal.testing.contracts.state_ground import audit, counter
from clientportal.testing.contracts.state_reads import ReadingContract
from clientportal.testing.contracts.state_writes import WritingContract

__all__ = ["StateContract"]


class _Undone(Exception):
    """Makes a caller roll back."""


class StateContract(ReadingContract, WritingContract):
    """Everything that ``clientportal.ports.state`` promises. Override the fixture ``store``::

        from clientportal.stores.memory import MemoryStore
        from clientportal.testing.contracts import StateContract
        import pytest

        class TestMyStore(StateContract):
            @pytest.fixture
            def store(self):
                return MemoryStore()             # yours: empty, a fresh one for each test

    and, where the store needs them:

    * ``asynchronous = True`` for a store whose coroutines need an event loop. Each test has a private loop; set-up
      code that must run on it goes through ``self.run(coroutine)``.
    * ``caller(store, tenant)``, an async context manager that opens a transaction as the host's own code would and
      gives the ``connection`` to join (default: ``store.transaction(tenant)``); ``joins = False`` for a store that
      cannot be joined.
    * ``host``, where units need another adapter than a plain ``BaseHost``.

    The tests at the same time use real threads (tasks on the private loop where ``asynchronous``). They hold for
    stores that let writers run side by side and find conflicts at the commit, and for those that let one in after the
    other.
    """

    @pytest.fixture(autouse=True)
    def _only_where_joined(self, request: pytest.FixtureRequest) -> None:
        if not self.joins and request.node.name.startswith("test_joined"):
            self.not_declared("units that join a transaction of the host's own code")

    async def join(self, store: Store, connection: object, *writes: Put, commit: bool = True) -> None:
        """Write through a unit that joins the caller's transaction."""
        async with store.begin(self.tenant, self.host, writes=True, connection=connection) as unit:
            if commit:
                await unit.commit(writes)

    def test_joined_commit(self, store: Store) -> None:
        """What a joined unit commits is written when the caller commits; the next joined unit reads it before."""

        async def call() -> None:
            async with self.caller(store, self.tenant) as connection:
                assert store.in_transaction(connection)
                await self.join(store, connection, Put(counter("a")), Put(audit("x")))
                async with store.begin(self.tenant, self.host, writes=True, connection=connection) as unit:
                    seen = await unit.state.get(GuessCounter, "a")
                    assert seen is not None
                    assert seen == evolve(counter("a"), version=1)
                    found = await unit.state.find(AuditEntry, "subject", ["client:1"])
                    assert [entry.id for entry in found] == ["x"]
                    await unit.commit([Put(evolve(seen, day_count=5))])

        self.run(call())
        assert self.get(store, GuessCounter, "a") == evolve(counter("a", 5), version=2)

    def test_joined_rollback(self, store: Store) -> None:
        """What a joined unit committed is gone when the caller rolls back."""

        async def call() -> None:
            async with self.caller(store, self.tenant) as connection:
                await self.join(store, connection, Put(counter("a")))
                raise _Undone

        with pytest.raises(_Undone):
            self.run(call())
        assert self.get(store, GuessCounter, "a") is None
        self.put(store, counter("a"))

    def test_joined_left(self, store: Store) -> None:
        """A joined unit that is left without commit, or conflicts, takes nothing else of the caller with it."""
        self.put(store, counter("taken"))

        async def call() -> None:
            async with self.caller(store, self.tenant) as connection:
                await self.join(store, connection, Put(counter("first")))
                await self.join(store, connection, Put(counter("left")), commit=False)
                with pytest.raises(Conflict):
                    await self.join(store, connection, Put(counter("half")), Put(counter("taken")))
                with pytest.raises(_Undone):
                    await self._join_and_fail(store, connection)
                await self.join(store, connection, Put(counter("last")))

        self.run(call())
        stored = [id for id in ("first", "left", "half", "last") if self.get(store, GuessCounter, id)]
        assert stored == ["first", "last"]

    async def _join_and_fail(self, store: Store, connection: object) -> None:
        async with store.begin(self.tenant, self.host, writes=True, connection=connection) as unit:
            await unit.state.get(GuessCounter, "first", lock=True)
            raise _Undone

    def test_joined_ends(self, store: Store) -> None:
        """A caller's transaction is seen while it is open, and only then."""

        async def call() -> object:
            async with self.caller(store, self.tenant) as connection:
                assert store.in_transaction(connection)
                return connection

        connection = self.run(call())
        assert not store.in_transaction(connection)
