"""A clock that stands still until it is told to move."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from clientportal.values import as_utc

__all__ = ["FixedClock"]


class FixedClock:
    """Call it for the time (aware UTC). Hand it wherever a clock is asked for.

    >>> clock = FixedClock(datetime(2025, 3, 1, 9, tzinfo=UTC))
    >>> clock.advance(timedelta(minutes=10))
    >>> clock().isoformat()
    '2025-03-01T09:10:00+00:00'

    Threads may share it. ``set`` may also turn it back, as a machine's clock can be.
    """

    def __init__(self, start: datetime) -> None:
        self._now = as_utc(start)
        self._mutex = threading.Lock()

    def __call__(self) -> datetime:
        return self._now

    def now(self) -> datetime:
        """The time, aware UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on by that much; a negative amount turns it back."""
        with self._mutex:
            self._now += by

    def set(self, to: datetime) -> None:
        """Move to that instant (aware)."""
        with self._mutex:
            self._now = as_utc(to)

    def __repr__(self) -> str:
        return f"FixedClock({self._now.astimezone(UTC).isoformat()})"
