"""What a business relies on that is not its database, and survives a killed process: a mailbox, a payment provider.

Each is a file to which whole lines are appended and synced, so that what was sent or charged is known whoever dies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from clientportal import Money, OutgoingMessage
from clientportal.values.charging import Charge, ChargeAnswer

__all__ = ["Lines", "Mail", "Mailbox", "Provider"]


class Lines:
    """A file of JSON lines; each is there whole, on the disk, before ``add`` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def add(self, **line: Any) -> None:
        """Append one."""
        self.add_all([json.dumps(line)])

    def add_all(self, lines: Sequence[str]) -> None:
        """Append some that are JSON already."""
        # One write each time: a process that is killed leaves all of it or nothing.
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, "".join(f"{line}\n" for line in lines).encode())
            os.fsync(file)
        finally:
            os.close(file)

    def all(self) -> list[Any]:
        """Every line."""
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def cut(self, count: int) -> None:
        """Forget all but the first ``count``."""
        kept = self._path.read_text().splitlines(keepends=True)[:count]
        self._path.write_text("".join(kept))


@frozen
class Mail:
    """A message as it arrived."""

    id: str
    to: str
    text: str


class Mailbox(Lines):
    """A sender whose messages arrive in a file."""

    def send(self, message: OutgoingMessage) -> None:
        """Deliver one."""
        self.add(id=message.id, to=message.to, text=message.text)

    @property
    def messages(self) -> list[Mail]:
        """Everything that arrived, twice what arrived twice."""
        return [Mail(**line) for line in self.all()]

    def to(self, address: str) -> list[Mail]:
        """What arrived there."""
        return [mail for mail in self.messages if mail.to == address]


class Provider(Lines):
    """A payment provider that charges, and remembers each charge by its key."""

    def begin(self, charge: Charge) -> ChargeAnswer:
        """One key is one charge."""
        known = self.outcome(charge.key)
        if known is not None:
            return known
        self.add(key=charge.key, amount=str(charge.amount.amount), currency=charge.amount.currency)
        return ChargeAnswer.paid(charge.amount, ref="charge")

    def outcome(self, key: str) -> ChargeAnswer | None:
        """What became of it."""
        for line in self.all():
            if line["key"] == key:
                return ChargeAnswer.paid(Money(line["amount"], line["currency"]), ref="charge")
        return None
