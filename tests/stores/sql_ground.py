"""What the tests of the SQL store share: databases of both kinds, emptied between tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import delete

from clientportal.stores.sql import SqlStore
from clientportal.stores.sql.tables import METADATA
from servers import fresh_database

__all__ = ["DATABASES", "database_url", "empty_tables"]

DATABASES = ("sqlite", "postgres")


@cache
def _postgres() -> str:
    return fresh_database()


def database_url(database: str, folder: Path) -> str:
    """A new SQLite file, SQLite in memory, or this process's PostgreSQL database."""
    if database == "postgres":
        return _postgres()
    return "sqlite://" if database == "memory" else f"sqlite:///{folder / 'portal.db'}"


def empty_tables(store: SqlStore) -> None:
    """Bring the database to the tables of today, with nothing in them."""
    store.upgrade()
    with store.engine.begin() as connection:  # type: ignore[union-attr]
        for table in METADATA.sorted_tables:
            if table.name != "cp_schema":
                connection.execute(delete(table))
