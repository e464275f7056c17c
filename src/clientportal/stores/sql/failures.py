"""What the database's errors mean to the portal.

An error of the driver is never passed on: its text may hold the parameters, and so what clients typed. What remains
is the kind of the error and its code.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clientportal.errors import Conflict, StoreError

__all__ = ["MISSING_TABLES", "failure", "passing"]

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_PG_PASSING = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available: lock_timeout ran out
}
_PG_UNIQUE = "23505"
_PG_NO_TABLE = "42P01"
_PG_NO_COLUMN = "42703"
# Classes that say nothing about whether a COMMIT was carried out: the connection, an operator, the system, a crash.
_PG_UNSURE = ("08", "57", "58", "XX")

# https://www.sqlite.org/rescode.html: the low byte is the primary code, SQLITE_BUSY_SNAPSHOT and kin are above it.
_SQLITE_BUSY, _SQLITE_LOCKED = 5, 6
_SQLITE_UNIQUE = (1555, 2067)

MISSING_TABLES = (
    "the portal's tables are not in this database: run store.upgrade() "
    "(await store.upgrade_async() with an async engine, manage.py migrate in a Django project) once, before the first "
    "use"
)

OTHER_COLUMNS = (
    "the tables lack a column that was asked for: if they are the portal's, another version of clientportal has "
    "upgraded them or has not yet, and store.check_schema() says which"
)

NO_CONNECTION = (
    "no connection became free within the pool's timeout: let the pool be as large as there are threads or tasks at "
    "work, or fewer of them work at once"
)


def _sqlstate(error: Exception) -> str:
    origin = _origin(error)
    # psycopg2 has another name for it; Django and many hosts still use that driver.
    return str(getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or "")


def _sqlite_code(error: Exception) -> int:
    return int(getattr(_origin(error), "sqlite_errorcode", None) or 0)


def _origin(error: Exception) -> Any:
    """The driver's own error: SQLAlchemy wraps it, Django raises its own from it, a driver shows it as it is."""
    if isinstance(error, SQLAlchemyError):
        return error.orig if isinstance(error, DBAPIError) else None
    return error.__cause__ if type(error).__module__ == "django.db.utils" else error


def passing(error: Exception) -> bool:
    """Whether the same work may well succeed when it is read and decided again."""
    return _sqlstate(error) in _PG_PASSING or _sqlite_code(error) & 0xFF in (_SQLITE_BUSY, _SQLITE_LOCKED)


def _collided(error: Exception) -> bool:
    return _sqlstate(error) == _PG_UNIQUE or _sqlite_code(error) in _SQLITE_UNIQUE


def _no_table(error: Exception) -> bool:
    return _sqlstate(error) == _PG_NO_TABLE or "no such table" in str(_origin(error))


def _no_column(error: Exception) -> bool:
    said = str(_origin(error))
    return _sqlstate(error) == _PG_NO_COLUMN or "no such column" in said or "has no column named" in said


def failure(error: Exception, *, committing: bool = False) -> Conflict | StoreError:
    """The library's own error for one of the database's.

    ``committing``: it came out of COMMIT, where only an answer by the server tells that nothing was written.
    """
    state = _sqlstate(error)
    what = f"{type(_origin(error) or error).__name__} {state or _sqlite_code(error) or ''}".strip()
    if passing(error):
        return Conflict(f"the database found other work in the way ({what})")
    if _collided(error):
        return Conflict(f"a record with that id has appeared meanwhile ({what})")
    if _no_table(error):
        return StoreError(MISSING_TABLES)
    if _no_column(error):
        return StoreError(OTHER_COLUMNS)
    if isinstance(error, PoolTimeout):
        return StoreError(NO_CONNECTION)
    if committing and (not state or state.startswith(_PG_UNSURE)):
        return StoreError(f"the database failed during COMMIT ({what})", committed=None)
    return StoreError(f"the database failed ({what})")
