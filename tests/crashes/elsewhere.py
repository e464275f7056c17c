"""A platform that keeps its tables in a database of its own: each write is committed there when it answers."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, insert, select

from clientportal.ports import step
from clientportal.ports.host import Capabilities
from clientportal.stores.sql import SqlHost, SqlStore

__all__ = ["Elsewhere", "elsewhere"]

_ANSWERS = Table("answers", MetaData(), Column("key", String, primary_key=True), Column("answer", LargeBinary))
"""What was answered under each key, written with what it answers."""

_WRITES = frozenset(
    {"create_client", "update_client", "delete_client", "erase_client", "move", "cancel", "book", "delete_appointment",
     "reassign", "restore"}
)  # fmt: skip


@frozen
class Elsewhere:
    """The shipped tables behind an engine of their own; ``keyed`` says whether a write looks at its key."""

    home: SqlStore
    keyed: bool = True
    shares_transaction: bool = False
    capabilities: Capabilities = SqlHost.capabilities

    def open(self, _connection: Any, tenant: str) -> Any:
        """For one unit; the connection of the portal is no use here."""
        return _Opened(self, tenant)


@frozen
class _Opened:
    host: Elsewhere
    tenant: str

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            def perform(connection: Any) -> Any:
                return step(getattr(SqlHost(connection, self.tenant), name)(*args, **kwargs))

            with self.host.home.engine.begin() as connection:
                if name in _WRITES and self.host.keyed:
                    return _once(connection, args[-1], perform)
                return perform(connection)

        return call

    def section(self, _name: str) -> None:
        """It has none."""

    def heard(self, event: Any) -> None:
        """Nothing follows from it here."""

    def create_clients(self, drafts: Any) -> Any:
        """One by one."""
        return [self.create_client(draft, key) for draft, key in drafts]

    def outcome(self, key: str) -> Any:
        """What was answered under that key; ``None`` where the write never came."""
        with self.host.home.engine.begin() as connection:
            return _known(connection, key)


def _known(connection: Any, key: str) -> Any:
    found = connection.execute(select(_ANSWERS.c.answer).where(_ANSWERS.c.key == key)).scalar()
    return None if found is None else pickle.loads(found)


def _once(connection: Any, key: str, perform: Callable[[Any], Any]) -> Any:
    answer = _known(connection, key)
    if answer is None:
        answer = perform(connection)
        connection.execute(insert(_ANSWERS).values(key=key, answer=pickle.dumps(answer)))
    return answer


def elsewhere(kind: str, url: str, folder: Path, *, keyed: bool = True) -> Elsewhere:
    """Such a platform: a second file, or a second database of the same server."""
    if kind == "sqlite":
        other = f"sqlite:///{folder / 'platform.db'}"
    else:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE platform")
        other = f"{url.rpartition('/')[0]}/platform"
    home = SqlStore.open(other)
    home.upgrade()
    with home.engine.begin() as connection:
        _ANSWERS.create(connection)
    return Elsewhere(home, keyed)
