"""The portal's records in SQLite or PostgreSQL, over a plain or an async engine of SQLAlchemy."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clientportal.errors import StoreError
from clientportal.ports.driving import step
from clientportal.ports.host import HostAdapter
from clientportal.ports.state import StoreProbe, Unit
from clientportal.stores.sql import probing, schema
from clientportal.stores.sql.awaited import AwaitedFace
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.engines import open_async_engine, open_engine
from clientportal.stores.sql.faces import face_of
from clientportal.stores.sql.failures import failure
from clientportal.stores.sql.plain import PlainFace
from clientportal.stores.sql.turns import Turns
from clientportal.stores.sql.unit import JoinedUnit, OwnUnit

__all__ = ["SqlStore"]


class SqlStore:
    """Keeps the portal's records in SQL; see :class:`~clientportal.ports.state.Store` for what it promises.

    Over an :class:`~sqlalchemy.Engine` it never suspends and serves ``Portal``; over an
    :class:`~sqlalchemy.ext.asyncio.AsyncEngine` it serves ``AsyncPortal``. An engine of the host's own is used as it
    is; :meth:`open` and :meth:`open_async` make one with the right settings. Run :meth:`upgrade` once per release.
    """

    def __init__(self, engine: Engine | AsyncEngine) -> None:
        name = engine.dialect.name
        if name not in ("sqlite", "postgresql"):
            raise StoreError(f"the SQL store knows SQLite and PostgreSQL, not {name}")
        self._engine = engine
        self._sqlite = name == "sqlite"
        self._sets_patience = not self._sqlite
        self._lease = schema.Lease()
        self._turns = Turns(engine)
        self._writing = self._with_isolation(isolation_level="READ COMMITTED")
        # One snapshot for all reads of a unit that only reads; nothing of this costs a statement.
        self._reading = self._with_isolation(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def _with_isolation(self, **options: Any) -> Engine | AsyncEngine:
        return self._engine if self._sqlite else self._engine.execution_options(**options)

    @classmethod
    def open(cls, url: str | URL) -> SqlStore:
        """A store for ``Portal``: ``sqlite:///portal.db``, ``sqlite://`` (in memory), ``postgresql://…``."""
        return cls._with_patience(open_engine(url))

    @classmethod
    def open_async(cls, url: str | URL) -> SqlStore:
        """The same for ``AsyncPortal``; needs the extra ``sqlite-async`` or ``postgres``."""
        return cls._with_patience(open_async_engine(url))

    @classmethod
    def _with_patience(cls, engine: Engine | AsyncEngine) -> SqlStore:
        store = cls(engine)
        # Connections of these engines have their lock timeout from the start.
        store._sets_patience = False
        return store

    def begin(
        self, tenant: str, host: HostAdapter, *, writes: bool, connection: Any = None
    ) -> AbstractAsyncContextManager[Unit]:
        if connection is not None:
            return JoinedUnit(tenant, host, face_of(connection), writes=writes, check=self._lease.check)
        return OwnUnit(
            tenant, host, self._connect, writes=writes, check=self._lease.check, patience=self._sets_patience
        )

    @property
    def engine(self) -> Engine:
        """Its plain engine, for transactions of the host's own; ``TypeError`` where it has an async one."""
        if isinstance(self._engine, AsyncEngine):
            raise TypeError("this store has an async engine: it is store.async_engine")
        return self._engine

    @property
    def async_engine(self) -> AsyncEngine:
        """Its async engine; ``TypeError`` where it has a plain one."""
        if not isinstance(self._engine, AsyncEngine):
            raise TypeError("this store has a plain engine: it is store.engine")
        return self._engine

    @property
    def needs_loop(self) -> bool:
        """Whether its engine is async, so that only ``AsyncPortal`` can use it."""
        return isinstance(self._engine, AsyncEngine)

    def in_transaction(self, connection: Any) -> bool:
        """Whether anything was begun or executed on it since its last commit, unless every statement commits itself."""
        if not isinstance(connection, Connection | AsyncConnection):
            raise TypeError(f"a SQLAlchemy connection is needed, not {type(connection).__name__}")
        plain = connection if isinstance(connection, Connection) else connection.sync_connection
        if plain is None or not plain.in_transaction():
            return False
        return plain.get_execution_options().get("isolation_level") != "AUTOCOMMIT"

    async def _connect(self, writes: bool) -> Face:
        engine = self._writing if writes else self._reading
        leave = await self._turns.take()
        try:
            if isinstance(engine, AsyncEngine):
                return AwaitedFace(await engine.connect(), leave=leave)
            return PlainFace(engine.connect(), leave=leave)
        except BaseException as error:
            leave()
            if isinstance(error, SQLAlchemyError):
                raise failure(error) from None
            raise

    # --- the schema

    def upgrade(self) -> None:
        """Bring the database to this library's tables: an empty one, or one of any older version. Safe to repeat."""
        self._plainly("upgrade_async")
        step(self.upgrade_async())

    async def upgrade_async(self) -> None:
        """The same over an async engine."""
        face = await self._connect(writes=True)
        try:
            await schema.upgrade(face)
        finally:
            await face.close()

    def check_schema(self) -> None:
        """Raise ``StoreError`` unless this library can work with the tables as they are: upgraded, and not too far."""
        self._plainly("check_schema_async")
        step(self.check_schema_async())

    async def check_schema_async(self) -> None:
        """The same over an async engine."""
        face = await self._connect(writes=False)
        try:
            await schema.check(face)
        finally:
            await face.close()

    async def probe(self) -> StoreProbe:
        """What the database says of itself: the version of its tables, and its clock."""
        face = await self._connect(writes=False)
        try:
            return await probing.probe(face)
        finally:
            await face.close()

    def _plainly(self, instead: str) -> None:
        if isinstance(self._engine, AsyncEngine):
            raise TypeError(f"this store has an async engine: await store.{instead}()")

    # --- its end

    def close(self) -> None:
        """Close the engine's connections."""
        self._plainly("close_async")
        step(self.close_async())

    async def close_async(self) -> None:
        """The same over an async engine."""
        if isinstance(self._engine, AsyncEngine):
            await self._engine.dispose()
        else:
            self._engine.dispose()
