"""The portal's records in SQL: SQLite and PostgreSQL, plain and async, on SQLAlchemy Core."""

from clientportal.stores.sql.host import SqlHost
from clientportal.stores.sql.store import SqlStore

__all__ = ["SqlHost", "SqlStore"]
