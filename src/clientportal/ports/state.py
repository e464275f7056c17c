"""What a store of the portal's own records promises.

One colour only, the awaited one: a store without an event loop is one whose methods never suspend, and the sync portal
steps it without a loop. The reference is ``stores.memory``; ``testing.contracts.StateContract`` proves another.

The promises, which every rule relies on:

* **Tenancy.** A unit is begun for one tenant; nothing read or written through it touches another's records.
* **Versions.** Every read is remembered with the version seen. ``Unit.commit`` writes all or nothing, and only where
  every record that was read, and every record that is written, still has that version; else
  :class:`~clientportal.errors.Conflict`, and nothing was written. A ``Put`` of version 0 promises that no record with
  that id exists. A read of an absent id is remembered too: where the record has appeared by the commit, it conflicts.
* **Locks.** A read with ``lock=True`` waits until no other open unit holds the same record, and keeps others out until
  this unit ends. ``hold`` does the same for a name, for decisions that rest on the absence of records under a shared
  key. A store that finds a deadlock, or waits too long, raises ``Conflict``.
* **Order.** A page is in key order, then id; a record inserted meanwhile is seen once or not at all.
* **Durability.** When ``commit`` returns, the writes survive the process. Raising
  :class:`~clientportal.errors.StoreError` with ``committed=None`` is the only way to say "unknown".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

from clientportal.ports.host import AsyncHost, HostAdapter
from clientportal.records import Stored, Write

__all__ = ["Collision", "Page", "State", "Store", "StoreProbe", "Unit"]

R = TypeVar("R", bound=Stored)
T_co = TypeVar("T_co", covariant=True)


@frozen
class Page(Generic[T_co]):
    """One page; ``next`` is an opaque cursor, ``None`` at the end."""

    items: Sequence[T_co]
    next: str | None = None


@frozen
class Collision:
    """A key that several records of one type share, and the ids of those records (sorted, at most the limit asked)."""

    key: str
    ids: tuple[str, ...]


@frozen
class StoreProbe:
    """What a store says of itself, where it has a method ``async def probe(self) -> StoreProbe``: for health checks.

    ``version`` is that of its tables, ``needed`` the one of this library, ``now`` its own clock, if it has one.
    """

    version: int
    needed: int
    now: datetime | None = None


class State(Protocol):
    """Reads of the portal's own records, bound to one tenant and one unit."""

    async def get(self, kind: type[R], id: str, *, lock: bool = False) -> R | None:
        """The record with that id, or ``None``."""
        ...

    async def get_many(self, kind: type[R], ids: Sequence[str], *, lock: bool = False) -> Mapping[str, R]:
        """The records with those ids; absent ones are left out. Locks are taken in the order of the ids."""
        ...

    async def get_with(
        self, kind: type[R], id: str, links: Mapping[str, type[Stored]]
    ) -> tuple[R | None, Mapping[str, Stored]]:
        """A record and, in the same read, those that its attributes name: ``{"entry": Pointer}`` is the pointer whose
        id is the record's ``entry``.

        Each attribute belongs to a declared key. What is absent is left out; absence is remembered as by :meth:`get`.
        """
        ...

    async def find(
        self, kind: type[R], key: str, values: Sequence[str], *, lock: bool = False, limit: int = 1000
    ) -> Sequence[R]:
        """The records whose declared key has those values (of its leading attributes), in key order, then id.

        ``values`` are text; at most ``limit`` come back.
        """
        ...

    async def find_any(self, kind: type[R], key: str, values: Sequence[str], *, limit: int = 1000) -> Sequence[R]:
        """The records whose declared key begins with any one of ``values``, in key order, then id."""
        ...

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
        """A page of the records whose key begins with ``values``, ordered by the rest of the key, then id.

        ``upto`` (inclusive) bounds the first attribute after ``values``. ``newest_first`` turns the order round.
        """
        ...

    async def collisions(
        self, kind: type[Stored], key: str, *, after: str | None = None, limit: int = 100, most: int = 1000
    ) -> Page[Collision]:
        """The values of a one-attribute key held by two records or more, in order; at most ``most`` ids of each."""
        ...

    async def hold(self, name: str) -> None:
        """Keep every other unit of this tenant that holds the same name out until this unit ends."""
        ...


class Unit(Protocol):
    """One unit of work: both owners' data, bound to one tenant. Left without ``commit``, nothing was written."""

    @property
    def state(self) -> State: ...
    @property
    def host(self) -> AsyncHost: ...
    @property
    def connection(self) -> Any:
        """What the host adapter was handed: the store's own connection or transaction."""
        ...

    async def commit(self, writes: Sequence[Write]) -> None:
        """Write all of it, with the host's writes of this unit, or raise and write nothing. Ends the unit's work."""
        ...


class Store(Protocol):
    """Where the portal keeps its own records.

    A store on a connection that the framework hands round (Django) may also have ``surrounding()``: the connection,
    where the caller is inside a transaction of its own just now, else ``None``; the portal joins that one then.
    """

    def begin(
        self, tenant: str, host: HostAdapter, *, writes: bool, connection: Any = None
    ) -> AbstractAsyncContextManager[Unit]:
        """Begin a unit.

        ``writes=False`` promises that ``commit`` will not be called. With ``connection`` the unit joins the caller's
        open transaction, in a savepoint of its own: ``commit`` releases the savepoint, and the caller commits.
        """
        ...

    def in_transaction(self, connection: Any) -> bool:
        """Whether the caller's connection has a transaction open."""
        ...
