"""The SQL store inside a Django project: the same tables and statements, over Django's own connection.

Needs the extra ``django``. What the portal writes and what the project writes through its models share one connection,
and so one transaction: ``transaction.atomic`` around both commits or rolls back both.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

from attrs import define, field
from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from sqlalchemy import Dialect, Executable
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from clientportal.errors import StoreError
from clientportal.ports.driving import step
from clientportal.ports.host import HostAdapter
from clientportal.ports.state import StoreProbe, Unit
from clientportal.stores.sql import probing, schema
from clientportal.stores.sql.compiled import Compiled, Prepared, Spelling, compiled_in, spelling_of
from clientportal.stores.sql.connections import Face, Parameters
from clientportal.stores.sql.failures import failure
from clientportal.stores.sql.unit import JoinedUnit, OwnUnit

__all__ = ["DjangoFace", "DjangoStore"]


_OURS = "clientportal_unit"
"""What a connection is marked with while a unit of our own is open on it: that one surrounds nobody's call."""


def _surrounds(connection: Any) -> bool:
    """Whether somebody has still to commit, or may roll back, what is done on that connection."""
    return bool(connection.in_atomic_block) or not connection.get_autocommit()


def _is_of_a_test(connection: Any) -> bool:
    """Whether the innermost open block is the one that ``django.test.TestCase`` keeps around a test."""
    blocks = connection.atomic_blocks
    return bool(blocks) and bool(getattr(blocks[-1], "_from_testcase", False))


class _Undone(Exception):
    """Handed to ``atomic`` where it is to roll back; it never leaves this file."""


@define
class DjangoFace(Face):
    """Over a Django connection: ``django.db.connections[alias]``, of the thread that it was taken in."""

    connection: Any
    _atomic: list[Any] = field(factory=list[Any], init=False)
    _marked: bool = field(default=False, init=False)

    @property
    def raw(self) -> Any:
        return self.connection

    @property
    def dialect(self) -> Dialect:
        return self._spelling.dialect

    def in_transaction(self) -> bool:
        driver = self._driver_connection
        if self.sqlite:
            # With autocommit off SQLite has begun nothing yet, and would commit at the end of a first savepoint.
            return driver is not None and bool(driver.in_transaction)
        return _surrounds(self.connection)

    @property
    def _driver_connection(self) -> Any:
        return self.connection.connection

    def spoiled(self) -> bool:
        return bool(self.connection.needs_rollback) or super().spoiled()

    async def fetch(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> Sequence[Any]:
        one: Any = parameters or {}
        try:
            with self.connection.cursor() as cursor:
                if isinstance(statement, Prepared):
                    cursor.execute(*statement.spelt(self._spelling, one))
                    rows: Sequence[Any] = cursor.fetchall()
                    return rows
                compiled, compiler = self._compile(statement, one)
                cursor.execute(*self._bound(compiled, compiler, one))
                return self._named(compiler, cursor.fetchall())
        except Error as error:
            raise failure(error) from None

    async def change(self, statement: Executable | Prepared, parameters: Parameters | None = None) -> int:
        rows: Sequence[Any] = parameters if isinstance(parameters, Sequence) else [parameters or {}]
        if isinstance(statement, Prepared):
            spelt = [statement.spelt(self._spelling, row) for row in rows]
        else:
            compiled, compiler = self._compile(statement, rows[0])
            spelt = [self._bound(compiled, compiler, row) for row in rows]
        try:
            with self.connection.cursor() as cursor:
                if len(spelt) == 1:
                    # Without parameters a cursor reads no place-holders: what is no data needs none.
                    cursor.execute(spelt[0][0], spelt[0][1] or None)
                else:
                    cursor.executemany(spelt[0][0], [values for _, values in spelt])
                return int(cursor.rowcount)
        except Error as error:
            raise failure(error) from None

    @property
    def _spelling(self) -> Spelling:
        return spelling_of(sqlite=self.connection.vendor == "sqlite", django=True)

    def _compile(self, statement: Executable, row: Any) -> tuple[Compiled, Any]:
        return compiled_in(self._spelling, statement, list(row) or None)

    @staticmethod
    def _bound(compiled: Compiled, compiler: Any, row: Any) -> tuple[str, tuple[Any, ...]]:
        """As SQLAlchemy would bind them: a host's own statements may hold days, truths, amounts."""
        processors = getattr(compiler, "_bind_processors", {})
        values = {name: processors[name](value) if name in processors else value for name, value in row.items()}
        return compiled.spelt(values)

    def _named(self, compiler: Any, rows: Sequence[Any]) -> Sequence[Any]:
        """Rows whose values have names, converted as SQLAlchemy would."""
        columns = compiler._result_columns or ()
        if not columns:
            return rows
        convert = [one[3].dialect_impl(self.dialect).result_processor(self.dialect, None) for one in columns]
        converted = [
            tuple([value if how is None else how(value) for how, value in zip(convert, row, strict=True)])
            for row in rows
        ]
        result = cast("Any", IteratorResult)
        return cast("Sequence[Any]", result(SimpleResultMetaData([str(one[0]) for one in columns]), converted).all())

    async def say(self, sql: str) -> None:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql)
        except Error as error:
            raise failure(error) from None

    # --- transactions: Django's own ``atomic``, entered and left by hand, since a unit is no ``with`` block

    async def begin(self) -> None:
        """Nothing: Django begins with ``atomic``, by :meth:`begin_own` or around the caller."""

    async def begin_own(self, *, writes: bool) -> None:
        if self.connection.in_atomic_block:
            if not _is_of_a_test(self.connection):
                raise StoreError(
                    "the portal was called from inside of one of its own units: an adapter calls no portal"
                )
            self._mark_ours()
            self._enter(savepoint=True)
            return
        self._mark_ours()
        if not self.sqlite:
            self._enter(savepoint=False)
            if writes:
                # Without a say of the project's, READ COMMITTED is what its connections have.
                await self.say("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            else:
                await self.say("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return
        self.connection.ensure_connection()
        mode = self.connection.transaction_mode
        # A project may begin all of its own as writers; what only reads keeps no writer waiting.
        self.connection.transaction_mode = "IMMEDIATE" if writes else None
        try:
            self._enter(savepoint=False)
        finally:
            self.connection.transaction_mode = mode

    def _mark_ours(self) -> None:
        setattr(self.connection, _OURS, True)
        self._marked = True

    def _enter(self, *, savepoint: bool) -> None:
        block = transaction.atomic(using=self.connection.alias, savepoint=savepoint)
        try:
            block.__enter__()
        except Error as error:
            raise failure(error) from None
        self._atomic.append(block)

    async def commit(self) -> None:
        try:
            self._atomic.pop().__exit__(None, None, None)
        except Error as error:
            raise failure(error, committing=True) from None

    async def rollback(self) -> None:
        while self._atomic:
            try:
                self._atomic.pop().__exit__(_Undone, _Undone(), None)
            except Error:
                # Django has closed the connection then, which comes to the same.
                continue

    async def mark(self) -> None:
        self._enter(savepoint=True)

    async def release(self) -> None:
        try:
            self._atomic.pop().__exit__(None, None, None)
        except Error as error:
            raise failure(error) from None

    async def back(self) -> None:
        await self.rollback()

    async def close(self) -> None:
        """Django closes its connections itself, after each request or when they are old."""
        if self._marked:
            setattr(self.connection, _OURS, False)
        self._left()


class DjangoStore:
    """Keeps the portal's records in a database of a Django project; ``using`` is its alias in ``DATABASES``.

    Every call runs on the connection of the thread that it is made in. Inside ``transaction.atomic`` the portal joins,
    in a savepoint; what must commit by itself refuses there with ``DurableOperation``. See
    :class:`~clientportal.ports.state.Store` for what it promises.
    """

    leave_transaction = (
        "Leave the transaction that surrounds this call: do it after the `with transaction.atomic()` block, and with "
        "ATOMIC_REQUESTS decorate the view with transaction.non_atomic_requests"
    )

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self._using = using
        self._lease = schema.Lease()

    def __repr__(self) -> str:
        return f"DjangoStore(using={self._using!r})"

    @property
    def using(self) -> str:
        """The alias of its database."""
        return self._using

    def _here(self) -> Any:
        connection = connections[self._using]
        if connection.vendor not in ("sqlite", "postgresql"):
            raise StoreError(f"the SQL store knows SQLite and PostgreSQL, not {connection.vendor}")
        return connection

    def surrounding(self) -> Any:
        """Django's connection, where the caller is inside ``transaction.atomic`` or has autocommit off; else ``None``.

        The block that Django's own ``TestCase`` keeps around each test is none, as ``atomic(durable=True)`` has it: in
        a test the portal does what it does outside, and the test's end takes all of it back.
        """
        connection = self._here()
        if getattr(connection, _OURS, False) or _is_of_a_test(connection):
            return None
        return connection if _surrounds(connection) else None

    def in_transaction(self, connection: Any) -> bool:
        """Whether the caller is inside ``transaction.atomic``, or has switched autocommit off."""
        return _surrounds(connection)

    def begin(
        self, tenant: str, host: HostAdapter, *, writes: bool, connection: Any = None
    ) -> AbstractAsyncContextManager[Unit]:
        if connection is not None:
            if not self.in_transaction(connection):
                raise StoreError("there is no transaction to join: open one with transaction.atomic()")
            return JoinedUnit(tenant, host, DjangoFace(connection), writes=writes, check=self._lease.check)
        return OwnUnit(tenant, host, self._connect, writes=writes, check=self._lease.check, patience=True)

    async def _connect(self, _writes: bool) -> Face:
        return DjangoFace(self._here())

    def upgrade(self) -> None:
        """Bring the database to this library's tables; in a project ``manage.py migrate`` does this."""
        face = DjangoFace(self._here())
        try:
            step(schema.upgrade(face))
        finally:
            step(face.close())

    def check_schema(self) -> None:
        """Raise ``StoreError`` unless this library can work with the tables as they are: upgraded, and not too far."""
        step(schema.check(DjangoFace(self._here())))

    async def probe(self) -> StoreProbe:
        """What the database says of itself: the version of its tables, and its clock. Not inside ``atomic``."""
        face = DjangoFace(self._here())
        try:
            return await probing.probe(face)
        finally:
            await face.close()
