"""Taking turns where an engine has one connection for everybody.

``StaticPool``, common in tests over ``sqlite://``, hands the same connection to every thread and task. Two units on it
would be one transaction, so they come one after the other.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import StaticPool

from clientportal.errors import Conflict

__all__ = ["Turns"]

_PATIENCE = 5.0


def _nothing() -> None:
    return None


class Turns:
    """The one queue of an engine; engines with several connections have none."""

    def __init__(self, engine: Engine | AsyncEngine) -> None:
        self._alone = isinstance(engine.pool, StaticPool)
        self._awaited = isinstance(engine, AsyncEngine)
        self._tasks = asyncio.Lock()
        self._threads = threading.Lock()

    async def take(self) -> Callable[[], None]:
        """Wait for a turn; call what comes back when it is over."""
        if not self._alone:
            return _nothing
        if not self._awaited:
            if not self._threads.acquire(timeout=_PATIENCE):
                raise Conflict("another unit keeps the only connection of this engine")
            return self._threads.release
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._tasks.acquire()
        except TimeoutError:
            raise Conflict("another unit keeps the only connection of this engine") from None
        return self._tasks.release
