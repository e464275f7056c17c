"""One moment by which a whole conversation is over, however slowly the other side answers.

A time-out of a socket bounds each read by itself: a server that sends a byte every few seconds holds a conversation for
hours within it. At the deadline the line is cut instead, and whoever reads on it is woken by that.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType

__all__ = ["Deadline"]


class Deadline:
    """Cuts whatever line ``line()`` gives, ``seconds`` after it was entered."""

    def __init__(self, seconds: float, line: Callable[[], socket.socket | None]) -> None:
        self._ends = time.monotonic() + seconds
        self._line = line
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def left(self) -> float:
        """Seconds until then; raises ``TimeoutError`` when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole conversation is over")
        return left

    def _cut(self) -> None:
        line = self._line()
        if line is None:
            return
        try:
            # Of the socket itself: a TLS socket's own way would wait for the other side to say goodbye.
            socket.socket.shutdown(line, socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
