"""One awaited face over SQLAlchemy's two kinds of connection.

Everything in this store is written once against :class:`Face`. :class:`PlainFace` never suspends, so that
``ports.driving.step`` runs the very code that an event loop awaits over :class:`AwaitedFace`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import define, field
from sqlalchemy import Connection, Executable, NestedTransaction
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from clientportal.errors import StoreError
from clientportal.stores.sql.failures import failure

__all__ = ["AwaitedFace", "Face", "PlainFace", "face_of"]

_PG_IN_ERROR = 3
"""libpq's PQTRANS_INERROR: a statement failed, and whatever follows, COMMIT included, is a rollback."""

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@define
class Face(ABC):
    """One connection with one transaction at a time. Every method raises the library's own errors.

    ``leave`` is called when it has been closed.
    """

    leave: Callable[[], None] | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def raw(self) -> Connection | AsyncConnection:
        """SQLAlchemy's connection: what a host's adapter is handed."""

    @property
    @abstractmethod
    def _plain(self) -> Connection: ...

    @property
    def sqlite(self) -> bool:
        """Whether this is SQLite; otherwise it is PostgreSQL."""
        return self._plain.dialect.name == "sqlite"

    def in_transaction(self) -> bool:
        """Whether the *driver* has a transaction open; SQLAlchemy believes so as soon as anything was executed."""
        driver: Any = self._plain.connection.driver_connection
        if self.sqlite:
            return bool(driver.in_transaction)
        return self._plain.in_transaction()

    def spoiled(self) -> bool:
        """Whether the transaction has quietly ended, so that COMMIT would succeed without having written anything.

        PostgreSQL answers COMMIT after a failed statement with ROLLBACK, and SQLite rolls back by itself when a disk
        is full: a host that swallowed such an error must not make the portal believe that its writes are stored.
        """
        driver: Any = self._plain.connection.driver_connection
        if self.sqlite:
            return not driver.in_transaction
        return getattr(getattr(driver, "info", None), "transaction_status", None) == _PG_IN_ERROR

    @abstractmethod
    async def fetch(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        """Run a query."""

    @abstractmethod
    async def change(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run a statement, once or once per mapping, and tell how many rows it touched in all."""

    @abstractmethod
    async def say(self, sql: str) -> None:
        """Run a literal statement."""

    @abstractmethod
    async def begin(self) -> None:
        """Begin SQLAlchemy's transaction where none has begun."""

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
class PlainFace(Face):
    """Over a :class:`sqlalchemy.Connection`."""

    connection: Connection
    savepoint: NestedTransaction | None = None

    @property
    def raw(self) -> Connection:
        return self.connection

    @property
    def _plain(self) -> Connection:
        return self.connection

    async def fetch(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        try:
            return self.connection.execute(statement, parameters).all()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def change(self, statement: Executable, parameters: Parameters | None = None) -> int:
        try:
            return self.connection.execute(statement, parameters).rowcount
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def say(self, sql: str) -> None:
        try:
            self.connection.exec_driver_sql(sql)
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def begin(self) -> None:
        try:
            if not self.connection.in_transaction():
                self.connection.begin()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def commit(self) -> None:
        try:
            self.connection.commit()
        except SQLAlchemyError as error:
            raise failure(error, committing=True) from None

    async def rollback(self) -> None:
        try:
            self.connection.rollback()
        except SQLAlchemyError:
            with suppress(SQLAlchemyError):
                self.connection.invalidate()

    async def mark(self) -> None:
        try:
            self.savepoint = self.connection.begin_nested()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def release(self) -> None:
        try:
            if self.savepoint is not None:
                self.savepoint.commit()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def back(self) -> None:
        with suppress(SQLAlchemyError):
            if self.savepoint is not None:
                self.savepoint.rollback()

    async def close(self) -> None:
        try:
            with suppress(SQLAlchemyError):
                self.connection.close()
        finally:
            self._left()


@define
class AwaitedFace(Face):
    """Over a :class:`sqlalchemy.ext.asyncio.AsyncConnection`."""

    connection: AsyncConnection
    savepoint: AsyncTransaction | None = None

    @property
    def raw(self) -> AsyncConnection:
        return self.connection

    @property
    def _plain(self) -> Connection:
        plain = self.connection.sync_connection
        if plain is None:
            raise StoreError("this connection has not been opened: use `async with engine.connect()`")
        return plain

    async def fetch(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        try:
            return (await self.connection.execute(statement, parameters)).all()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def change(self, statement: Executable, parameters: Parameters | None = None) -> int:
        try:
            return (await self.connection.execute(statement, parameters)).rowcount
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def say(self, sql: str) -> None:
        try:
            await self.connection.exec_driver_sql(sql)
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def begin(self) -> None:
        try:
            if not self.connection.in_transaction():
                await self.connection.begin()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def commit(self) -> None:
        try:
            await self.connection.commit()
        except SQLAlchemyError as error:
            raise failure(error, committing=True) from None

    async def rollback(self) -> None:
        try:
            await self.connection.rollback()
        except SQLAlchemyError:
            with suppress(SQLAlchemyError):
                await self.connection.invalidate()

    async def mark(self) -> None:
        try:
            self.savepoint = await self.connection.begin_nested()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def release(self) -> None:
        try:
            if self.savepoint is not None:
                await self.savepoint.commit()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def back(self) -> None:
        with suppress(SQLAlchemyError):
            if self.savepoint is not None:
                await self.savepoint.rollback()

    async def close(self) -> None:
        try:
            with suppress(SQLAlchemyError):
                await self.connection.close()
        finally:
            self._left()


def face_of(connection: object) -> Face:
    """The face of a connection of either colour."""
    if isinstance(connection, Connection):
        return PlainFace(connection)
    if isinstance(connection, AsyncConnection):
        return AwaitedFace(connection)
    raise TypeError(
        f"a SQLAlchemy Connection or AsyncConnection is needed, not {type(connection).__name__} "
        "(a Session hands its own out: session.connection())"
    )
