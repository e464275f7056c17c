"""What is due is sent by a thread of the application's: messages, and whatever a crash has left half done."""

from __future__ import annotations

import logging
import threading

from clientportal import Portal

__all__ = ["Pump"]

_log = logging.getLogger(__name__)


class Pump(threading.Thread):
    """Calls ``portal.deliver`` every so often, until it is told to stop.

    Any number of them may run, in any number of processes: each message is taken by one. A run that fails is told to
    the log, and the next one tries again.
    """

    def __init__(self, portal: Portal, business: str, every: float = 2.0) -> None:
        super().__init__(name="client portal's pump", daemon=True)
        self._portal, self._business, self._every = portal, business, every
        self._ended = threading.Event()

    def run(self) -> None:
        """Until :meth:`stop`."""
        while not self._ended.wait(self._every):
            self.once()

    def once(self) -> None:
        """One run."""
        try:
            self._portal.deliver(self._business)
        except Exception:
            _log.exception("sending what is due failed; it is tried again")

    def stop(self) -> None:
        """After the run that is under way."""
        self._ended.set()
        if self.is_alive():
            self.join(timeout=30)
