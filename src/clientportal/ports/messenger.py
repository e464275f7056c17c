"""Whoever takes a message and gets it to a phone or a mailbox."""

from __future__ import annotations

from typing import Protocol

from attrs import field, frozen

from clientportal.values.channels import Channel

__all__ = ["AsyncSender", "Channel", "OutgoingMessage", "Sender"]


@frozen
class OutgoingMessage:
    """One message, ready to leave. ``text`` may hold a code or a link, so neither it nor ``html`` shows in a repr.

    ``id`` stays the same when a message is tried again: hand it to the provider as its idempotency key.
    """

    id: str
    channel: Channel
    to: str
    text: str = field(repr=False)
    subject: str = ""
    tenant: str = ""


class Sender(Protocol):
    """Plain colour."""

    def send(self, message: OutgoingMessage) -> None:
        """Hand the message over.

        Returns when the provider has taken it. Raises :class:`~clientportal.errors.SendFailed` (``permanent`` where
        another try cannot work); any other exception counts as a passing fault. Called at least once per message, from
        a thread of the pump, never inside a transaction; must give up by itself within the policy's ``send_timeout``.
        """
        ...


class AsyncSender(Protocol):
    """Async colour, the same promise."""

    async def send(self, message: OutgoingMessage) -> None: ...
