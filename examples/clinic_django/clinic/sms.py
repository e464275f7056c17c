"""The clinic's SMS provider, in an example: what it is given is printed, and nothing leaves this machine."""

from __future__ import annotations

import sys

from clientportal import OutgoingMessage

__all__ = ["Phones", "phones"]


class Phones:
    """Everybody's phone."""

    def __init__(self) -> None:
        self.latest: OutgoingMessage | None = None

    def send(self, message: OutgoingMessage) -> None:
        """Show one message."""
        self.latest = message
        print(f"        [SMS to {message.to}] {message.text}")
        sys.stdout.flush()


phones = Phones()
