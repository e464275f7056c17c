"""A store that announces every call of its ports, so that a tool can count them, crash at one, or order them.

Build what is to be tested over ``SteppingStore(inner, stepper)`` instead of ``inner``; as long as the stepper has no
plan, nothing is different. Senders are wrapped alike by :func:`stepping_sender`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

from attrs import field, frozen

from clientportal.ports.driving import step
from clientportal.ports.host import AsyncHost, HostAdapter
from clientportal.ports.messenger import AsyncSender, OutgoingMessage, Sender
from clientportal.ports.state import Collision, Page, State, Store, Unit
from clientportal.records import Stored, Write

__all__ = ["Call", "Plan", "Stepper", "SteppingStore", "stepping_sender"]

T = TypeVar("T")
R = TypeVar("R", bound=Stored)

_HOST_READS = frozenset(
    {
        "business", "clients", "contacts", "by_contact", "appointments", "appointment",
        "offer", "service", "slots", "slot", "client_list", "outcome", "prefill", "active_codes", "holdings",
    }
)  # fmt: skip

_NOTHING: frozenset[str] = frozenset()


@frozen
class Call:
    """One call of a port: what it is, and the keys by which two calls can matter to each other.

    ``reads`` and ``writes`` are keys as others see them: a unit's writes are those of its commit, and its commit reads
    again all that the unit has read. A search reads its whole table; ``tables`` are those that a commit changes, which
    matters to searches alone.
    """

    name: str
    reads: frozenset[str] = field(default=_NOTHING, repr=False)
    writes: frozenset[str] = field(default=_NOTHING, repr=False)
    tables: frozenset[str] = field(default=_NOTHING, repr=False)
    locks: bool = field(default=False, repr=False)
    commits: bool = field(default=False, repr=False)

    @property
    def alone(self) -> bool:
        """Whether it can matter to no other call."""
        return not (self.reads or self.writes or self.locks)

    def matters_to(self, other: Call) -> bool:
        """Whether their order can make a difference.

        Any two that take or free locks do, whatever they lock: their order decides who is told of a deadlock.
        """
        return (
            (self.locks and other.locks)
            or not self.writes.isdisjoint(other.reads | other.writes)
            or not other.writes.isdisjoint(self.reads)
            or not self.tables.isdisjoint(other.reads)
            or not other.tables.isdisjoint(self.reads)
        )

    def __str__(self) -> str:
        return self.name


class Plan(Protocol):
    """What a tool does with each call."""

    async def around(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        """Perform the call, or not."""
        ...

    async def ending(self, call: Call) -> None:
        """A unit that holds locks is about to end without commit."""
        ...

    async def wait(self, held: Callable[[], bool]) -> None:
        """A lock is held by another unit as long as ``held()``."""
        ...


class Stepper:
    """Ties the stepping faces of one world to the tool that runs it, and which hands it to ``make_world``."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._patient: list[Any] = []

    def watch(self, store: object) -> None:
        """Take over a store's waiting for locks where it lets a tool do so (``MemoryStore.pause``)."""
        if hasattr(store, "pause"):
            self._patient.append(store)

    def use(self, plan: Plan | None) -> None:
        """From here on calls go by that plan; ``None``: as if there were no tool."""
        self._plan = plan
        for store in self._patient:
            store.pause = None if plan is None else plan.wait

    async def call(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        """Announce a call."""
        return await (perform() if self._plan is None else self._plan.around(call, perform))

    async def ending(self, call: Call) -> None:
        """Announce that a unit lets go of its locks."""
        if self._plan is not None:
            await self._plan.ending(call)


class _Trace:
    """What one unit has touched so far."""

    def __init__(self, tenant: str, shared: bool) -> None:
        self.tenant = tenant
        self.shared = shared
        self.reads: set[str] = set()
        self.locked = False
        self.wrote_host = False
        self.committed = False

    def key(self, *parts: str) -> str:
        return "/".join((self.tenant, *parts))

    def call(self, name: str, keys: Sequence[str], *, locks: bool = False) -> Call:
        """A reading call of those keys."""
        self.reads.update(keys)
        self.locked = self.locked or locks
        return Call(name, frozenset(keys), locks=locks)


class _SteppingState:
    def __init__(self, inner: State, stepper: Stepper, trace: _Trace) -> None:
        self._inner = inner
        self._stepper = stepper
        self._trace = trace

    def _call(self, method: str, kind: type[Stored], what: str, ids: Sequence[str], lock: bool = False) -> Call:
        table = kind.TABLE
        keys = [self._trace.key(table, id) for id in ids] or [self._trace.key(table)]
        name = f"state.{method}({kind.__name__} {what}{', locked' if lock else ''})"
        return self._trace.call(name, keys, locks=lock)

    async def get(self, kind: type[R], id: str, *, lock: bool = False) -> R | None:
        call = self._call("get", kind, id, [id], lock)
        return await self._stepper.call(call, lambda: self._inner.get(kind, id, lock=lock))

    async def get_many(self, kind: type[R], ids: Sequence[str], *, lock: bool = False) -> Mapping[str, R]:
        call = self._call("get_many", kind, ", ".join(ids), ids, lock)
        return await self._stepper.call(call, lambda: self._inner.get_many(kind, ids, lock=lock))

    async def get_with(
        self, kind: type[R], id: str, links: Mapping[str, type[Stored]]
    ) -> tuple[R | None, Mapping[str, Stored]]:
        # Which ids the record names is known after the read alone, so each linked table counts as read whole.
        keys = [self._trace.key(kind.TABLE, id), *(self._trace.key(linked.TABLE) for linked in links.values())]
        call = self._trace.call(f"state.get_with({kind.__name__} {id}: {', '.join(links)})", keys)
        return await self._stepper.call(call, lambda: self._inner.get_with(kind, id, links))

    async def find(
        self, kind: type[R], key: str, values: Sequence[str], *, lock: bool = False, limit: int = 1000
    ) -> Sequence[R]:
        call = self._call("find", kind, f"by {key}", (), lock)
        return await self._stepper.call(call, lambda: self._inner.find(kind, key, values, lock=lock, limit=limit))

    async def find_any(self, kind: type[R], key: str, values: Sequence[str], *, limit: int = 1000) -> Sequence[R]:
        call = self._call("find_any", kind, f"by {key}", ())
        return await self._stepper.call(call, lambda: self._inner.find_any(kind, key, values, limit=limit))

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
        def perform() -> Awaitable[Page[R]]:
            return self._inner.page(kind, key, values, upto=upto, after=after, limit=limit, newest_first=newest_first)

        return await self._stepper.call(self._call("page", kind, f"by {key}", ()), perform)

    async def collisions(
        self, kind: type[Stored], key: str, *, after: str | None = None, limit: int = 100, most: int = 1000
    ) -> Page[Collision]:
        call = self._call("collisions", kind, f"by {key}", ())
        return await self._stepper.call(
            call, lambda: self._inner.collisions(kind, key, after=after, limit=limit, most=most)
        )

    async def hold(self, name: str) -> None:
        call = self._trace.call(f"state.hold({name})", [], locks=True)
        await self._stepper.call(call, lambda: self._inner.hold(name))


class _SteppingHost:
    """Every method of the host, announced."""

    def __init__(self, inner: AsyncHost, stepper: Stepper, trace: _Trace) -> None:
        self._inner = inner
        self._stepper = stepper
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        method: Any = getattr(self._inner, name)

        async def announced(*args: Any, **kwargs: Any) -> Any:
            call = self._trace.call(f"host.{name}", [self._trace.key("host")])
            if name not in _HOST_READS:
                self._trace.wrote_host = True
                if not self._trace.shared:
                    # A host elsewhere has committed when it answers.
                    call = Call(call.name, call.reads, call.reads)
            return await self._stepper.call(call, lambda: method(*args, **kwargs))

        return announced

    async def section(self, name: str) -> Any:
        found: Any = self._inner.section(name)
        if inspect.isawaitable(found):
            found = await found
        return None if found is None else _SteppingSection(found, self._stepper, self._trace)


class _SteppingSection:
    """Every method of one section of the host, announced; what it says of itself is no call."""

    def __init__(self, inner: Any, stepper: Stepper, trace: _Trace) -> None:
        self._inner = inner
        self._stepper = stepper
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        found: Any = getattr(self._inner, name)
        if not inspect.ismethod(found):
            return found

        async def perform(*args: Any) -> Any:
            answer = found(*args)
            return await answer if inspect.isawaitable(answer) else answer

        async def announced(*args: Any) -> Any:
            call = self._trace.call(f"host.{self._inner.name}.{name}", [self._trace.key("host")])
            if name == "write":
                self._trace.wrote_host = True
                if not self._trace.shared:
                    call = Call(call.name, call.reads, call.reads)
            return await self._stepper.call(call, lambda: perform(*args))

        return announced


class _SteppingUnit:
    def __init__(self, inner: Unit, stepper: Stepper, trace: _Trace) -> None:
        self._inner = inner
        self._stepper = stepper
        self._trace = trace
        self._state = _SteppingState(inner.state, stepper, trace)

    @property
    def state(self) -> State:
        return self._state

    @property
    def host(self) -> AsyncHost:
        return cast("AsyncHost", _SteppingHost(self._inner.host, self._stepper, self._trace))

    @property
    def connection(self) -> Any:
        return self._inner.connection

    async def commit(self, writes: Sequence[Write]) -> None:
        trace = self._trace
        written = {trace.key(write.record.TABLE, write.record.id) for write in writes}
        if trace.wrote_host:
            written.add(trace.key("host"))
        tables = sorted({write.record.TABLE for write in writes})
        call = Call(
            f"commit({', '.join(tables)})",
            frozenset(trace.reads),
            frozenset(written),
            frozenset(trace.key(table) for table in tables),
            locks=trace.locked,
            commits=True,
        )
        await self._stepper.call(call, lambda: self._inner.commit(writes))
        trace.committed = True


class _SteppingBegin(AbstractAsyncContextManager[Unit]):
    def __init__(self, inner: AbstractAsyncContextManager[Unit], stepper: Stepper, trace: _Trace, name: str) -> None:
        self._inner = inner
        self._stepper = stepper
        self._trace = trace
        self._name = name
        self._entered = False

    async def _enter(self) -> Unit:
        unit = await self._inner.__aenter__()
        self._entered = True
        return unit

    async def __aenter__(self) -> Unit:
        try:
            unit = await self._stepper.call(Call(self._name), self._enter)
        except BaseException as error:
            # Crashed just after it began: as with a connection that breaks, the inner unit ends without commit.
            if self._entered:
                await self._inner.__aexit__(type(error), error, error.__traceback__)
            raise
        return _SteppingUnit(unit, self._stepper, self._trace)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            if self._trace.locked and not self._trace.committed:
                await self._stepper.ending(Call("end", locks=True))
        finally:
            swallowed = await self._inner.__aexit__(kind, error, trace)
        return swallowed


class SteppingStore:
    """Any store, with every call of its units, states and hosts announced to ``stepper``."""

    def __init__(self, inner: Store, stepper: Stepper) -> None:
        self._inner = inner
        self._stepper = stepper
        stepper.watch(inner)

    def begin(
        self, tenant: str, host: HostAdapter, *, writes: bool, connection: Any = None
    ) -> AbstractAsyncContextManager[Unit]:
        inner = self._inner.begin(tenant, host, writes=writes, connection=connection)
        trace = _Trace(tenant, host.shares_transaction)
        return _SteppingBegin(inner, self._stepper, trace, f"begin({tenant}{'' if writes else ', only reads'})")

    def in_transaction(self, connection: Any) -> bool:
        return self._inner.in_transaction(connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _SteppingSender:
    def __init__(self, inner: Sender, stepper: Stepper) -> None:
        self._inner = inner
        self._stepper = stepper

    async def _send(self, message: OutgoingMessage) -> None:
        self._inner.send(message)

    def send(self, message: OutgoingMessage) -> None:
        step(self._stepper.call(Call("sender.send"), lambda: self._send(message)))


class _SteppingAsyncSender:
    def __init__(self, inner: AsyncSender, stepper: Stepper) -> None:
        self._inner = inner
        self._stepper = stepper

    async def send(self, message: OutgoingMessage) -> None:
        await self._stepper.call(Call("sender.send"), lambda: self._inner.send(message))


def stepping_sender(inner: T, stepper: Stepper, *, asynchronous: bool = False) -> T:
    """A sender of either colour whose ``send`` is announced too."""
    made = (_SteppingAsyncSender if asynchronous else _SteppingSender)(cast("Any", inner), stepper)
    return cast("T", made)
