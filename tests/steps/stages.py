"""What small worlds are made on, and put back to their beginning: a store, a host, a portal whose calls are stepped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import event, insert, select

from clientportal import AsyncPortal, Channel, Portal, RecordRef
from clientportal.doors.dispatching import dispatch_blocking
from clientportal.errors import ClientPortalError, Refused
from clientportal.operations.delivery import Delivered, deliver
from clientportal.ports import step
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.stores.sql.tables import METADATA
from clientportal.testing.clock import FixedClock
from clientportal.testing.stepping import Call, Stepper, SteppingStore
from servers import fresh_database
from steps.dumps import Contents, contents, dump, owner_of
from world import EVERYTHING, World, at

__all__ = ["GROUNDS", "Ground", "Scene", "Stage", "answered", "ground", "outcome_text"]

GROUNDS = ("memory", "sqlite", "postgres")

_START = FixedClock(at("2026-11-21 10:00"))()


class _MemoryHostAtRest(MemoryHost):
    """Tells the time at which every world begins, so that rows it makes are equal in every run."""

    clock = staticmethod(lambda: _START)


class _SqlHostAtRest(SqlHost):
    def now(self) -> Any:
        return _START


_ASKED_ELSEWHERE = (
    *("create_client", "update_client", "delete_client", "erase_client"),
    *("move", "cancel", "book", "delete_appointment", "reassign", "restore", "outcome"),
)


class _SteppedElsewhere:
    """A host in a database of its own, whose writes happen between units: announced here, for no unit does it."""

    shares_transaction = False

    def __init__(self, host: Any, stepper: Stepper) -> None:
        self.capabilities = host.capabilities
        self._host = host
        self._stepper = stepper

    def open(self, connection: Any, tenant: str) -> Any:
        return _SteppedWrites(self._host.open(connection, tenant), self._stepper, tenant)


class _SteppedWrites:
    def __init__(self, host: Any, stepper: Stepper, tenant: str) -> None:
        self._host = host
        self._stepper = stepper
        self._everything = frozenset({f"{tenant}/host"})

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._host, name)
        if name not in _ASKED_ELSEWHERE:
            return method

        async def announced(*args: Any) -> Any:
            async def perform() -> Any:
                return method(*args)

            call = Call(f"elsewhere.{name}", reads=self._everything, writes=self._everything)
            return await self._stepper.call(call, perform)

        return announced


@frozen
class Ground:
    """A store to make worlds on: a new one for each in memory, one database with a business for each elsewhere."""

    name: str
    _new_store: Callable[[], Any]
    _new_host: Callable[[], Any]

    def world(self) -> SteppedWorld:
        """An empty business."""
        return SteppedWorld(self._new_store(), self._new_host())


class SteppedWorld(World):
    """A world that knows what was booked in it."""

    def __init__(self, store: Any, host: Any) -> None:
        self.booked: list[str] = []
        self.wrap: Callable[[Any], Any] = lambda inner: inner
        super().__init__(store, host, awaited=False, close=lambda: None)

    def book(self, id: str, ref: RecordRef, start: str, **more: Any) -> str:
        self.booked.append(id)
        return super().book(id, ref, start, **more)

    def appointments(self) -> tuple[list[Any], list[Any]]:
        """Every appointment that the host has, whoever's, and the records that they belong to."""

        async def go() -> tuple[list[Any], list[Any]]:
            async with self.store.begin(self.tenant, self.host, writes=False) as unit:
                found = [one for id in self.booked if (one := await unit.host.appointment(id)) is not None]
                return found, list(await unit.host.clients(sorted({one.ref for one in found})))

        return self.run(go())


class Scene:
    """One world, with a portal whose port calls are stepped, and with what the actors know (tokens, handles, links).

    ``awaited``: whether the stepped portal is the async one, whose calls are coroutines.
    """

    def __init__(
        self,
        world: SteppedWorld,
        known: dict[str, Any],
        stepper: Stepper,
        *,
        awaited: bool = False,
        begun: Contents | None = None,
    ) -> None:
        self.world = world
        self._begun = begun
        self.known = known
        self.awaited = awaited
        self.stepper = stepper
        self.portal = self._stepped()

    def _stepped(self) -> Any:
        world = self.world
        given = {
            "store": SteppingStore(world.wrap(world.store), self.stepper),
            "host": world.host if world.host.shares_transaction else _SteppedElsewhere(world.host, self.stepper),
            "policy": lambda _business: world.policy,
            "keys": world.keys,
            "senders": {Channel.SMS: world.box, Channel.EMAIL: world.box},
            "clock": world.clock,
            "base_url": "https://kowhai.example/change/",
        }
        return AsyncPortal(**given) if self.awaited else Portal(**given)

    def restarted(self) -> Scene:
        """The next process over the same store: whatever the portal kept in memory is gone."""
        self.portal = self._stepped()
        return self

    def held(self) -> Contents:
        """Everything that is stored just now."""
        return contents(self.world)

    def changed(self, **how: Any) -> tuple[str, ...]:
        """What has changed since the scene began; see :func:`steps.dumps.dump`."""
        assert self._begun is not None
        return dump(self.held(), self._begun, **how)

    # --- who acts

    def visitor(self) -> Any:
        """Somebody logged out."""
        return self.portal.visitor(self.world.tenant)

    def client(self, name: str = "session") -> Any:
        """Whoever has that session."""
        return self.portal.client(self.known[name])

    def staff(self) -> Any:
        """Mia, who may do everything."""
        return self.portal.staff(self.world.tenant, actor="mia", permissions=EVERYTHING)

    def pump(self) -> Any:
        """The pump; a coroutine where the portal is async, without any loop underneath."""
        run = deliver(self.portal._setup, self.world.tenant, dispatch_blocking, 100)
        return run if self.awaited else step(run)

    def __getitem__(self, name: str) -> Any:
        return self.known[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.known[name] = value


class Stage:
    """A scene that is prepared once and put back to its beginning as often as it is run.

    ``wrap`` may put something faulty between the portal and the store, once the scene is set.
    """

    def __init__(
        self,
        where: Ground,
        prepare: Callable[[Any], None],
        *,
        awaited: bool = False,
        wrap: Callable[[Any], Any] = lambda store: store,
    ) -> None:
        self.world = where.world()
        self.known: dict[str, Any] = {}
        self.awaited = awaited
        prepare(Scene(self.world, self.known, Stepper()))
        self.world.wrap = wrap
        self._clock = self.world.clock()
        self._sent = list(self.world.box.messages)
        self.begun = contents(self.world)
        homes = {id(store): store for store in (self.world.store, getattr(self.world.host, "home", None)) if store}
        self._back = [_way_back(store, self.world.tenant) for store in homes.values()]

    def scene(self, stepper: Stepper) -> Scene:
        """The scene from its beginning."""
        for back in self._back:
            back()
        self.world.clock.set(self._clock)
        self.world.box.messages[:] = self._sent
        return Scene(self.world, dict(self.known), stepper, awaited=self.awaited, begun=self.begun)


def _way_back(store: Any, tenant: str) -> Callable[[], None]:
    """Remember what a store holds for one business; the answer puts it back."""
    if isinstance(store, MemoryStore):
        return _memory_back(store._tables)
    with store.engine.connect() as connection:
        tables = [table for table in METADATA.sorted_tables if "tenant" in table.c]
        kept = {
            table: [dict(row) for row in connection.execute(select(table).where(owner_of(table) == tenant)).mappings()]
            for table in tables
        }

    def back() -> None:
        with store.engine.begin() as connection:
            gone = [f"DELETE FROM {table.name} WHERE tenant = '{tenant}'" for table in tables]
            if store.engine.dialect.name == "postgresql":
                gone = ["; ".join(gone)]
            for sql in gone:
                connection.exec_driver_sql(sql)
            for table, rows in kept.items():
                if rows:
                    connection.execute(insert(table), rows)

    return back


def _memory_back(tables: Any) -> Callable[[], None]:
    records = {key: dict(found) for key, found in tables._records.items()}
    rows = {key: dict(found) for key, found in tables._rows.items()}

    def back() -> None:
        tables._records = {key: dict(found) for key, found in records.items()}
        tables._rows = {key: dict(found) for key, found in rows.items()}
        tables._indexes.clear()

    return back


@cache
def _postgres() -> SqlStore:
    return _opened(fresh_database())


def _opened(url: str) -> SqlStore:
    store = SqlStore.open(url)
    store.upgrade()
    return store


@contextmanager
def ground(name: str, folder: Path) -> Iterator[Ground]:
    """A place to make worlds on, for one test."""
    if name == "memory":
        yield Ground(name, MemoryStore, lambda: _MemoryHostAtRest)
    elif name == "elsewhere":
        yield Ground(name, MemoryStore, _MemoryHostAtRest.elsewhere)
    elif name == "sqlite":
        store = SqlStore.open(f"sqlite:///{folder / 'portal.db'}")

        # These tests end processes, not machines: nothing has to reach a disk.
        def hurry(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA synchronous=OFF")

        event.listen(store.engine, "connect", hurry)
        store.upgrade()
        yield Ground(name, lambda: store, lambda: _SqlHostAtRest)
        store.close()
    else:
        store = _postgres()
        yield Ground(name, lambda: store, lambda: _SqlHostAtRest)


def answered(call: Callable[[], Any]) -> Any:
    """What came back, or the refusal that did."""
    try:
        return call()
    except Refused as refused:
        return refused


def outcome_text(outcome: Any) -> str:
    """An answer or an error as one line."""
    if isinstance(outcome, Refused):
        return f"refused {outcome.reason.value}"
    if isinstance(outcome, ClientPortalError):
        return f"{type(outcome).__name__} {outcome}"
    if isinstance(outcome, Delivered):
        # Of two pumps at one intent both may say that they finished it.
        return repr(evolve(outcome, finished=0))
    return repr(outcome)
