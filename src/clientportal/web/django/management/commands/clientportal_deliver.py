"""``manage.py clientportal_deliver``: send what is due, once or for ever."""

from __future__ import annotations

import signal
import threading
from typing import Any

from attrs import asdict
from django.core.management.base import CommandError, CommandParser
from django.db import close_old_connections

from clientportal.doors import Portal
from clientportal.web.django.commands import PortalCommand, at_least, lines

__all__ = ["Command"]


class Command(PortalCommand):
    """The pump: from cron, or with ``--loop`` as a service."""

    help = "Send the messages that are due, and finish what a crash has left. Many at once are fine."

    def add_arguments(self, parser: CommandParser) -> None:
        """As all, and how long to go on."""
        super().add_arguments(parser)
        parser.add_argument("--limit", type=at_least(1), default=100, help="messages of one business at a time")
        parser.add_argument("--loop", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument("--every", type=at_least(1), default=5, metavar="SECONDS", help="the pause of --loop")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Once, with an exit code; in a loop a failure is said, and tried again."""
        if not options["loop"]:
            super().handle(**options)
            return
        stop = threading.Event()
        before = _on_signals(stop)
        try:
            while not stop.is_set():
                self.all_went_well(options)
                # As after a request: a connection that the server has closed is not used again.
                close_old_connections()
                stop.wait(options["every"])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        self.say(options, "stopped")

    def for_business(self, ours: Portal, business: str, options: dict[str, Any]) -> bool:
        """One batch of one business; in a loop nothing is said of nothing."""
        done = asdict(ours.deliver(business, limit=options["limit"]))
        quiet = options["loop"] and not any(done.values())
        self.say(options, f"{business}: {lines(done)}", level=2 if quiet else 1)
        return True


def _on_signals(stop: threading.Event) -> dict[int, Any]:
    """End the loop after the batch that is under way; messages are handed over whole."""
    if threading.current_thread() is not threading.main_thread():
        raise CommandError("--loop waits for signals, which reach the main thread alone")

    def end(_number: int, _frame: object) -> None:
        stop.set()

    return {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
