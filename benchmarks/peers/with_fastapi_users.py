"""fastapi-users: ``with_fastapi_users.py URL``, asked by ``asking.py``. It knows no login by a code.

Its manager and its ``DatabaseStrategy`` are called as its dependencies call them, with a session of SQLAlchemy's for
each request.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import Any
from uuid import UUID

from fastapi.security import OAuth2PasswordRequestForm
from fastapi_users import BaseUserManager, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport
from fastapi_users.authentication.strategy import DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase, SQLAlchemyBaseAccessTokenTableUUID
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from serving import serve
from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

EMAIL, PASSWORD = "ana@bench.example", "kereru over the harbour"


class Base(DeclarativeBase):
    """Its tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """Who logs in."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """A session."""


class Manager(UUIDIDMixin, BaseUserManager[User, UUID]):
    """As it comes."""

    reset_password_token_secret = verification_token_secret = "of no use to anybody"


class Peer:
    """One user, and the calls that a request makes."""

    def __init__(self, url: str) -> None:
        self.engine = create_async_engine(url.replace("sqlite://", "sqlite+aiosqlite://", 1))
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine.sync_engine, "connect", _as_durable)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.hashing = PasswordHelper(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
        self.form = OAuth2PasswordRequestForm(username=EMAIL, password=PASSWORD, scope="")
        self.token = ""

    @asynccontextmanager
    async def _parts(self) -> AsyncIterator[tuple[Any, Any]]:
        async with self.sessions() as session:
            manager = Manager(SQLAlchemyUserDatabase(session, User), self.hashing)
            tokens = SQLAlchemyAccessTokenDatabase(session, AccessToken)
            yield manager, DatabaseStrategy(tokens, lifetime_seconds=86_400)

    async def prepare(self) -> None:
        """Tables and one user."""
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with self._parts() as (manager, _):
            await manager.create(schemas.BaseUserCreate(email=EMAIL, password=PASSWORD))

    async def session(self) -> None:
        """The token and its user."""
        async with self._parts() as (manager, strategy):
            assert await strategy.read_token(self.token, manager) is not None

    async def log_in(self) -> None:
        """By email and password."""
        backend = AuthenticationBackend("bench", BearerTransport("login"), lambda: strategy)
        async with self._parts() as (manager, strategy):
            user = await manager.authenticate(self.form)
            assert user is not None
            response = await backend.login(strategy, user)
            await manager.on_after_login(user, None, response)
        self.token = response.body.split(b'"')[3].decode()

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Statements that reach the driver."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
            seen.append(sql)

        event.listen(self.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.engine.sync_engine, "before_cursor_execute", note)


def _as_durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


if __name__ == "__main__":
    peer = Peer(sys.argv[1])
    operations = {"password login": peer.log_in, "session check": peer.session}
    serve(f"fastapi-users {version('fastapi-users')}", operations, peer.counting, peer.prepare)
