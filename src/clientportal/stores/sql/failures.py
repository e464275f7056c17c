"""What the database's errors mean to the portal.

An error of the driver is never passed on: its text may hold the parameters, and so what clients typed. What remains
is the kind of the error and its code.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

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
# Classes that say nothing about whether a COMMIT was carried out: the connection, an operator, the system, a crash.
_PG_UNSURE = ("08", "57", "58", "XX")

# https://www.sqlite.org/rescode.html: the low byte is the primary code, SQLITE_BUSY_SNAPSHOT and kin are above it.
_SQLITE_BUSY, _SQLITE_LOCKED = 5, 6
_SQLITE_UNIQUE = (1555, 2067)

MISSING_TABLES = (
    "the portal's tables are not in this database: run store.upgrade() "
    "(await store.upgrade_async() with an async engine) once, before the first use"
)


def _sqlstate(error: SQLAlchemyError) -> str:
    return str(getattr(_origin(error), "sqlstate", None) or "")


def _sqlite_code(error: SQLAlchemyError) -> int:
    return int(getattr(_origin(error), "sqlite_errorcode", None) or 0)


def _origin(error: SQLAlchemyError) -> Any:
    return error.orig if isinstance(error, DBAPIError) else None


def passing(error: SQLAlchemyError) -> bool:
    """Whether the same work may well succeed when it is read and decided again."""
    return _sqlstate(error) in _PG_PASSING or _sqlite_code(error) & 0xFF in (_SQLITE_BUSY, _SQLITE_LOCKED)


def _collided(error: SQLAlchemyError) -> bool:
    return _sqlstate(error) == _PG_UNIQUE or _sqlite_code(error) in _SQLITE_UNIQUE


def _no_table(error: SQLAlchemyError) -> bool:
    return _sqlstate(error) == _PG_NO_TABLE or "no such table" in str(_origin(error))


def failure(error: SQLAlchemyError, *, committing: bool = False) -> Conflict | StoreError:
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
    if committing and (not state or state.startswith(_PG_UNSURE)):
        return StoreError(f"the database failed during COMMIT ({what})", committed=None)
    return StoreError(f"the database failed ({what})")
