"""The portal's records in SQL: SQLite and PostgreSQL, plain and async, on SQLAlchemy Core."""

try:
    import cattrs as _cattrs  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import sqlalchemy as _sqlalchemy  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError as error:
    raise ImportError(
        "clientportal.stores.sql needs the extra 'sql': pip install 'clientportal[sql]'", name=error.name
    ) from None

from clientportal.stores.sql.host import SqlHost
from clientportal.stores.sql.store import SqlStore

__all__ = ["SqlHost", "SqlStore"]
