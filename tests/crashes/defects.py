"""Faults of the kinds that a kill shows, put between the portal and a sound store or sender."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clientportal import OutgoingMessage
from clientportal.records import AuditEntry, Challenge, Receipt, Stored, Write
from crashes.salon import Salon
from steps.defects import Faulty, ForgottenReceipt

__all__ = ["DEFECTS"]


class _InTwo(Faulty):
    """Some kinds of record are written in a commit of their own, after the rest."""

    def __init__(self, inner: Any, *kinds: type[Stored]) -> None:
        super().__init__(inner)
        self._kinds = kinds

    async def commit(self, unit: Any, tenant: str, writes: list[Write]) -> None:
        later = [write for write in writes if isinstance(write.record, self._kinds)]
        await unit.commit([write for write in writes if write not in later])
        if later:
            async with self.beside(tenant) as other:
                for write in later:
                    await other.state.get(type(write.record), write.record.id)
                await other.commit(later)


class _SentLater:
    """Takes a message, says that it is sent, and sends it with the next one: marked before it is sent."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._waiting: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> None:
        """Keep it, and send what was kept."""
        kept, self._waiting = self._waiting, [message]
        for one in kept:
            self._inner.send(one)


def _store(fault: Callable[[Any], Any]) -> Callable[[Salon], None]:
    def put_in(salon: Salon) -> None:
        salon.wrap = fault

    return put_in


def _sender(salon: Salon) -> None:
    salon.sender = _SentLater(salon.mailbox)


def _hasty(salon: Salon) -> None:
    salon.hasty = True


DEFECTS: dict[str, Callable[[Salon], None]] = {
    "acknowledged before the commit": _hasty,
    "audited in a commit of its own": _store(lambda inner: _InTwo(inner, AuditEntry)),
    "a code consumed after what it opens": _store(lambda inner: _InTwo(inner, Challenge)),
    "a key remembered after its effect": _store(lambda inner: _InTwo(inner, Receipt)),
    "a key forgotten": _store(ForgottenReceipt),
    "marked before it is sent": _sender,
}
"""What the loop has to find, by name."""
