"""One awaited face over SQLAlchemy's two kinds of connection, and over Django's (``django``).

Everything in this store is written once against :class:`Face`. :class:`PlainFace` never suspends, so that
``ports.driving.step`` runs the very code that an event loop awaits over :class:`AwaitedFace`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import define, field
from sqlalchemy import Connection, Dialect, Executable, NestedTransaction
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from clientportal.errors import StoreError
from clientportal.stores.sql.compiled import Prepared, Spelling, spelling_of
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
class _OverSqlalchemy(Face):
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


def _unwatched(connection: Connection) -> bool:
    """Whether nobody would miss it that a statement goes to the driver without passing through SQLAlchemy.

    Listeners to statements (tracing, a log, a count), ``echo`` and a translated schema all sit in between.
    """
    watching = connection._has_events or connection.engine._has_events or connection._echo
    return not watching and connection.get_execution_options().get("schema_translate_map") is None


@define
class PlainFace(_OverSqlalchemy):
    """Over a :class:`sqlalchemy.Connection`.

    Prepared statements go straight to its driver, inside the transaction that SQLAlchemy has begun and will end; see
    ``compiled``. Everything else, and all of it where somebody listens, goes through SQLAlchemy.
    """

    connection: Connection
    savepoint: NestedTransaction | None = None
    _driver: Any = field(default=None, init=False)
    _spelling: Spelling | None = field(default=None, init=False)

    @property
    def raw(self) -> Connection:
        return self.connection

    @property
    def _plain(self) -> Connection:
        return self.connection

    async def fetch(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> Sequence[Any]:
        if isinstance(statement, Prepared):
            if isinstance(parameters, Mapping) and self._straight() and self._spelling is not None:
                text, values = statement.spelt(self._spelling, parameters)
                try:
                    rows: list[Any] = self._driver.execute(text, values).fetchall()
                except self._errors as error:
                    raise self._lost(error) from None
                return rows
            statement = statement.statement
        try:
            return self.connection.execute(statement, parameters).all()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def change(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> int:
        if isinstance(statement, Prepared):
            if parameters and self._straight() and self._spelling is not None:
                rows = [parameters] if isinstance(parameters, Mapping) else parameters
                spelt = [statement.spelt(self._spelling, row) for row in rows]
                try:
                    if len(spelt) == 1:
                        return int(self._driver.execute(*spelt[0]).rowcount)
                    cursor = self._driver.cursor()
                    cursor.executemany(spelt[0][0], [values for _, values in spelt])
                    return int(cursor.rowcount)
                except self._errors as error:
                    raise self._lost(error) from None
            statement = statement.statement
        try:
            return self.connection.execute(statement, parameters).rowcount
        except SQLAlchemyError as error:
            raise failure(error) from None

    def _straight(self) -> bool:
        """Whether statements may go to the driver; finds it out once."""
        if self._driver is None and self._spelling is None:
            if _unwatched(self.connection):
                # SQLAlchemy ends only a transaction that it knows of.
                if not self.connection.in_transaction():
                    self.connection.begin()
                self._driver = self.connection.connection.dbapi_connection
            self._spelling = spelling_of(sqlite=self.sqlite)
        return self._driver is not None

    @property
    def _errors(self) -> type[Exception]:
        errors: type[Exception] = self.connection.dialect.loaded_dbapi.Error
        return errors

    def _lost(self, error: Exception) -> Exception:
        """The library's error; a connection that is gone does not go back to the pool, nor do its elders."""
        if self.connection.dialect.is_disconnect(error, self._driver, None):  # type: ignore[arg-type]
            self.connection.invalidate(error)
        return failure(error)

    async def say(self, sql: str) -> None:
        if self._straight():
            try:
                self._driver.execute(sql)
            except self._errors as error:
                raise self._lost(error) from None
            return
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
class AwaitedFace(_OverSqlalchemy):
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

    async def fetch(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> Sequence[Any]:
        if isinstance(statement, Prepared):
            statement = statement.statement
        try:
            return (await self.connection.execute(statement, parameters)).all()
        except SQLAlchemyError as error:
            raise failure(error) from None

    async def change(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> int:
        if isinstance(statement, Prepared):
            statement = statement.statement
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
    if type(connection).__module__.startswith("django."):
        # Only a project that has Django hands such a connection over.
        from clientportal.stores.sql.django import DjangoFace

        return DjangoFace(connection)
    raise TypeError(
        f"a SQLAlchemy Connection or AsyncConnection is needed, not {type(connection).__name__} "
        "(a Session hands its own out: session.connection())"
    )
