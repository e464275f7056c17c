"""The floor: the bare statements that any correct implementation needs, prebuilt, through SQLAlchemy Core.

A request for a code is one insert; a verification reads the challenge for update, spends it under a condition and opens
a session, in one transaction; a session check is one select with a join; a password login reads the account, verifies
the hash and opens a session.
"""

from __future__ import annotations

import hashlib
import secrets

from argon2 import PasswordHasher
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)

__all__ = ["Floor"]


class Floor:
    """Challenges, sessions, clients and passwords in four bare tables, on the same database as durable as ours."""

    def __init__(self, url: str, hasher: PasswordHasher) -> None:
        self.engine: Engine = create_engine(url)
        self.hasher = hasher
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _as_durable)
        tables = MetaData()
        text = String
        self.challenges = Table(
            "floor_challenges",
            tables,
            Column("id", text, primary_key=True),
            Column("code", text),
            Column("spent", Integer),
        )
        self.sessions = Table(
            "floor_sessions", tables, Column("id", text, primary_key=True), Column("client", text), Column("ends", text)
        )
        self.clients = Table(
            "floor_clients", tables, Column("id", text, primary_key=True), Column("name", text), Column("hash", text)
        )
        tables.create_all(self.engine)
        key = bindparam("i")
        self.ask, self.open = insert(self.challenges), insert(self.sessions)
        self.read = select(self.challenges).where(self.challenges.c.id == key).with_for_update()
        spent = (self.challenges.c.id == key, self.challenges.c.spent == 0)
        self.spend = update(self.challenges).where(*spent).values(spent=1)
        joined = select(self.sessions, self.clients).join(self.clients, self.clients.c.id == self.sessions.c.client)
        self.check = joined.where(self.sessions.c.id == key)
        self.account = select(self.clients).where(self.clients.c.id == key)
        with self.engine.begin() as connection:
            self._hash = hasher.hash("kereru over the harbour")
            row = {"id": "ana", "name": "Ana", "hash": self._hash}
            connection.execute(insert(self.clients), row)

    def request(self) -> str:
        """One insert."""
        handle = secrets.token_hex(16)
        with self.engine.begin() as connection:
            connection.execute(self.ask, {"id": handle, "code": "123456", "spent": 0})
        return handle

    def verify(self, handle: str) -> str:
        """Read, spend, open: the id of the session."""
        with self.engine.begin() as connection:
            connection.execute(self.read, {"i": handle}).one()
            connection.execute(self.spend, {"i": handle})
            return self._opened(connection)

    def _opened(self, connection) -> str:
        digest = hashlib.sha256(secrets.token_hex(32).encode()).hexdigest()
        connection.execute(self.open, {"id": digest, "client": "ana", "ends": "2099"})
        return digest

    def session(self, digest: str) -> None:
        """One select with a join."""
        with self.engine.connect() as connection:
            connection.execute(self.check, {"i": digest}).one()

    def log_in(self) -> str:
        """Read the account, verify its hash, open a session."""
        with self.engine.begin() as connection:
            account = connection.execute(self.account, {"i": "ana"}).one()
            self.hasher.verify(account.hash, "kereru over the harbour")
            return self._opened(connection)

    def hash_alone(self) -> None:
        """What a password login is net of."""
        self.hasher.verify(self._hash, "kereru over the harbour")


def _as_durable(connection, _record) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
