"""One awaited face over every kind of connection: SQLAlchemy's two (``plain``, ``awaited``), and Django's (``django``).

Everything in this store is written once against :class:`Face`. A plain one never suspends, so that
``ports.driving.step`` runs the very code that an event loop awaits over an async one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen
from sqlalchemy import Connection, Dialect, Executable

from clientportal.errors import StoreError
from clientportal.stores.sql.compiled import Prepared

__all__ = ["Demand", "Face", "OverSqlalchemy", "Parameters"]

_PG_IN_ERROR = 3
"""libpq's PQTRANS_INERROR: a statement failed, and whatever follows, COMMIT included, is a rollback."""

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def _as_it_comes(_touched: int, _rows: Sequence[Any]) -> None:
    """Whatever a statement touches is right."""


@frozen
class Demand:
    """One statement of a commit: once for each of ``rows``, then ``check`` is told how many rows it touched in all, or
    what it read (``reads``, with one row of parameters).
    """

    statement: Prepared
    rows: Sequence[Mapping[str, Any]]
    check: Callable[[int, Sequence[Any]], None] = _as_it_comes
    reads: bool = False


@define
class Face(ABC):
    """One connection with one transaction at a time. Every method raises the library's own errors.

    ``leave`` is called when it has been closed.
    """

    leave: Callable[[], None] | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def raw(self) -> Any:
        """What a host's adapter is handed: SQLAlchemy's connection, or Django's."""

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """How SQLAlchemy writes for this database."""

    @property
    def sqlite(self) -> bool:
        """Whether this is SQLite; otherwise it is PostgreSQL."""
        return self.dialect.name == "sqlite"

    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether the *driver* has a transaction open; SQLAlchemy believes so as soon as anything was executed."""

    @property
    @abstractmethod
    def _driver_connection(self) -> Any: ...

    def spoiled(self) -> bool:
        """Whether the transaction has quietly ended, so that COMMIT would succeed without having written anything.

        PostgreSQL answers COMMIT after a failed statement with ROLLBACK, and SQLite rolls back by itself when a disk
        is full: a host that swallowed such an error must not make the portal believe that its writes are stored.
        """
        driver = self._driver_connection
        if self.sqlite:
            return driver is None or not driver.in_transaction
        return getattr(getattr(driver, "info", None), "transaction_status", None) == _PG_IN_ERROR

    @abstractmethod
    async def fetch(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> Sequence[Any]:
        """Run a query."""

    @abstractmethod
    async def change(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> int:
        """Run a statement, once or once per mapping, and tell how many rows it touched in all."""

    @abstractmethod
    async def say(self, sql: str) -> None:
        """Run a literal statement."""

    async def carry_out(self, demands: Sequence[Demand]) -> None:
        """Run them in their order, each checked."""
        for one in demands:
            if one.reads:
                one.check(0, await self.fetch(one.statement, one.rows[0]))
            else:
                one.check(await self.change(one.statement, one.rows), ())

    @abstractmethod
    async def begin(self) -> None:
        """Begin SQLAlchemy's transaction where none has begun."""

    async def begin_own(self, *, writes: bool) -> None:
        """Begin a transaction that nobody else has begun: to read from one snapshot, or to write.

        SQLite: as the only writer. ``BEGIN IMMEDIATE`` waits for its turn; a later upgrade could only fail. The driver
        would begin by itself, deferred, at the first write; and an engine may say BEGIN by an event hook. A
        transaction in which nothing was done yet is worth nothing, so it makes room.
        """
        await self.begin()
        if not self.sqlite:
            return
        if writes and self.in_transaction():
            await self.say("ROLLBACK")
        if writes:
            await self.say("BEGIN IMMEDIATE")
        elif not self.in_transaction():
            await self.say("BEGIN")

    @abstractmethod
    async def commit(self) -> None:
        """Commit; an error that leaves the outcome open says so."""

    @abstractmethod
    async def rollback(self) -> None:
        """Roll back; a connection on which that fails is thrown away, which comes to the same."""

    @abstractmethod
    async def mark(self) -> None:
        """Set a savepoint."""

    @abstractmethod
    async def release(self) -> None:
        """Release the savepoint."""

    @abstractmethod
    async def back(self) -> None:
        """Roll back to the savepoint, if the connection still can."""

    @abstractmethod
    async def close(self) -> None:
        """Give the connection back; what is not committed is rolled back."""

    def _left(self) -> None:
        if self.leave is not None:
            leave, self.leave = self.leave, None
            leave()

    async def commit_surely(self) -> None:
        """Commit, unless that would quietly be a rollback."""
        if self.spoiled():
            raise StoreError("a statement of this transaction failed, so nothing of it can be committed")
        await self.commit()


@define
class OverSqlalchemy(Face):
    """What the two colours of SQLAlchemy's connections have in common."""

    @property
    @abstractmethod
    def _plain(self) -> Connection: ...

    @property
    def dialect(self) -> Dialect:
        return self._plain.dialect

    @property
    def _driver_connection(self) -> Any:
        return self._plain.connection.driver_connection

    def in_transaction(self) -> bool:
        return bool(self._driver_connection.in_transaction) if self.sqlite else self._plain.in_transaction()
