"""SQLAlchemy's plain connection, as the store sees it, and the short way to its driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from attrs import define, field
from sqlalchemy import Connection, Executable, NestedTransaction
from sqlalchemy.exc import SQLAlchemyError

from clientportal.stores.sql.compiled import Prepared, Spelling, spelling_of
from clientportal.stores.sql.connections import Demand, OverSqlalchemy, Parameters
from clientportal.stores.sql.failures import failure

__all__ = ["PlainFace"]

_DRIVERS = ("pysqlite", "psycopg")
"""The drivers that the short way is written for: they execute on a connection, and mark parameters as ``compiled``
does. A host's engine may have another (psycopg2), which SQLAlchemy knows how to talk to.
"""

_LISTENING = ("before_execute", "after_execute", "before_cursor_execute", "after_cursor_execute")


def _unwatched(connection: Connection) -> bool:
    """Whether nobody would miss it that a statement goes to the driver without passing through SQLAlchemy.

    Listeners to statements (tracing, a log, a count), ``echo`` and a translated schema all sit in between. Listeners to
    anything else do not: an isolation level of an engine's options is one.
    """
    if connection.dialect.driver not in _DRIVERS:
        return False
    if connection._echo or connection.get_execution_options().get("schema_translate_map") is not None:
        return False
    if not (connection._has_events or connection.engine._has_events):
        return True
    heard: Any = connection.dispatch
    return not any(listener for name in _LISTENING for listener in getattr(heard, name))


def _pipelines(driver: Any) -> bool:
    """Whether the driver can send several statements before it reads an answer (psycopg, with libpq 14 or later)."""
    pipeline: Any = getattr(driver, "pipeline", None)
    return pipeline is not None and _libpq_pipelines()


@cache
def _libpq_pipelines() -> bool:
    from psycopg import Pipeline

    return bool(Pipeline.is_supported())


@define
class PlainFace(OverSqlalchemy):
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

    async def carry_out(self, demands: Sequence[Demand]) -> None:
        if len(demands) < 2 or not self._straight() or self.sqlite or not _pipelines(self._driver):
            await super().carry_out(demands)
            return
        try:
            # All are sent before any answer is read. What fails ends the transaction, whatever came after it.
            with self._driver.pipeline():
                asked = [[self._driver.execute(*self._spelt(one, row)) for row in one.rows] for one in demands]
        except self._errors as error:
            raise self._lost(error) from None
        for one, cursors in zip(demands, asked, strict=True):
            if one.reads:
                one.check(0, cursors[0].fetchall())
            else:
                one.check(sum(cursor.rowcount for cursor in cursors), ())

    def _spelt(self, one: Demand, row: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        assert self._spelling is not None
        return one.statement.spelt(self._spelling, row)

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
