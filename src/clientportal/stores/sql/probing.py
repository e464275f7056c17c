"""What a database says of itself, for health checks: the version of its tables, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select, text

from clientportal.ports.state import StoreProbe
from clientportal.stores.sql import schema
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.tables import SCHEMA_VERSIONS
from clientportal.stores.sql.upgrading import is_there

__all__ = ["probe"]

_LATEST = select(func.max(SCHEMA_VERSIONS.c.version))
# Not now(): that is the time at which the transaction began.
_CLOCK = text("SELECT clock_timestamp()")


async def probe(face: Face) -> StoreProbe:
    """Ask, whether there are tables or not. SQLite has no clock but the one of this machine."""
    version = 0
    if await is_there(face, SCHEMA_VERSIONS.name):
        await face.begin_own(writes=False)
        version = (await face.fetch(_LATEST))[0][0] or 0
        await face.rollback()
    if face.sqlite:
        return StoreProbe(version, len(schema.STEPS))
    await face.begin_own(writes=False)
    now: datetime = (await face.fetch(_CLOCK))[0][0]
    await face.rollback()
    return StoreProbe(version, len(schema.STEPS), now.astimezone(UTC))
