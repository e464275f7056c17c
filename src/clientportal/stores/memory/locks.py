"""Locks of records and names, held until a unit ends, waited for in three worlds.

A waiting unit blocks its thread where there is no event loop (the sync portal steps coroutines that must not suspend),
lets the event loop go on where there is one, and hands over to :attr:`Locks.pause` where a tool has set it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

from clientportal.errors import Conflict

__all__ = ["LockKey", "Locks", "Pause"]

LockKey = tuple[str, ...]

Pause = Callable[[Callable[[], bool]], Awaitable[None]]
"""Awaited instead of waiting; it is handed a function that says whether the lock is still held by another unit."""

_POLL = 0.002
"""Seconds between two looks at a lock under an event loop: far below a database's round trip."""


class Locks:
    """Who holds what. Waiting ends in ``Conflict`` after ``patience`` seconds, at once where units wait in a circle."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.pause: Pause | None = None
        self._changed = threading.Condition()
        self._owners: dict[LockKey, object] = {}
        self._wants: dict[object, LockKey] = {}

    async def take(self, key: LockKey, owner: object) -> None:
        """Make ``owner`` the only holder of ``key``; at once where it holds it already."""
        deadline = time.monotonic() + self.patience
        while not self._taken(key, owner):
            try:
                await self._wait(key, owner, deadline)
            finally:
                with self._changed:
                    self._wants.pop(owner, None)

    def _taken(self, key: LockKey, owner: object) -> bool:
        with self._changed:
            if self._owners.setdefault(key, owner) is owner:
                return True
            self._wants[owner] = key
            if self._circle(owner):
                del self._wants[owner]
                raise Conflict("two units wait for each other's locks")
            return False

    def _circle(self, owner: object) -> bool:
        """Whether following "waits for the holder of" from ``owner`` leads back to it."""
        next_owner: object | None = self._owners.get(self._wants[owner])
        while next_owner is not None and next_owner is not owner:
            wanted = self._wants.get(next_owner)
            next_owner = None if wanted is None else self._owners.get(wanted)
        return next_owner is owner

    def _held_by_another(self, key: LockKey, owner: object) -> bool:
        return self._owners.get(key, owner) is not owner

    async def _wait(self, key: LockKey, owner: object, deadline: float) -> None:
        if self.pause is not None:
            await self.pause(lambda: self._held_by_another(key, owner))
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            with self._changed:
                free = self._changed.wait_for(
                    lambda: not self._held_by_another(key, owner), deadline - time.monotonic()
                )
        else:
            await asyncio.sleep(_POLL)
            free = time.monotonic() < deadline
        if not free:
            raise Conflict(f"waited {self.patience:g} s for a lock that another unit holds")

    def release(self, owner: object) -> None:
        """Let go of everything that ``owner`` holds."""
        with self._changed:
            for key in [key for key, holder in self._owners.items() if holder is owner]:
                del self._owners[key]
            self._changed.notify_all()
