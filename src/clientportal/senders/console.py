"""A sender that prints: for trying things out, never for production, since what it prints are live codes."""

from __future__ import annotations

import sys
from typing import TextIO

from clientportal.messages.texts import clean
from clientportal.ports import OutgoingMessage

__all__ = ["ConsoleSender"]


class ConsoleSender:
    """Prints every message as a small box."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, message: OutgoingMessage) -> None:
        """Print it. Codes are shown: that is the point, and the reason why this is no sender for real clients."""
        stream = self._stream or sys.stdout
        word = "SMS" if message.channel.value == "sms" else "Email"
        lines = [f"{word} to {message.to}"]
        if message.subject:
            lines.append(f"Subject: {message.subject}")
        # A terminal carries out what it is told between the letters.
        lines = [clean(line, longest=900) for line in (*lines, *message.text.splitlines())]
        width = max(len(line) for line in lines)
        stream.write(f"  ┌{'─' * (width + 2)}┐\n")
        for line in lines:
            stream.write(f"  │ {line.ljust(width)} │\n")
        stream.write(f"  └{'─' * (width + 2)}┘\n")
        stream.flush()
