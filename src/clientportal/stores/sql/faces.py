"""Which face a connection has that somebody hands over."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from clientportal.stores.sql.awaited import AwaitedFace
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.plain import PlainFace

__all__ = ["face_of"]


def face_of(connection: object) -> Face:
    """The face of a connection of either colour."""
    if isinstance(connection, Connection):
        return PlainFace(connection)
    if isinstance(connection, AsyncConnection):
        return AwaitedFace(connection)
    if type(connection).__module__.startswith("django."):
        # Only a project that has Django hands such a connection over.
        from clientportal.stores.sql.django import DjangoFace

        return DjangoFace(connection)
    raise TypeError(
        f"a SQLAlchemy Connection or AsyncConnection is needed, not {type(connection).__name__} "
        "(a Session hands its own out: session.connection())"
    )
