"""SQLAlchemy's async connection, as the store sees it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from attrs import define
from sqlalchemy import Connection, Executable
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from clientportal.errors import StoreError
from clientportal.stores.sql.compiled import Prepared
from clientportal.stores.sql.connections import OverSqlalchemy, Parameters
from clientportal.stores.sql.failures import failure

__all__ = ["AwaitedFace"]


@define
class AwaitedFace(OverSqlalchemy):
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
