"""A sender to try, and the far end of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from attrs import frozen

from clientportal.ports.messenger import AsyncSender, Channel, Sender

__all__ = ["MESSENGER_LACKS", "Arrived", "MessengerGround"]

MESSENGER_LACKS = {
    "ids": "a provider that is told the id of a message",
    "silence": "silence: showing the text is what this sender is for",
    "subject": "subjects",
    "refusals": "addresses that a provider refuses for good",
    "faults": "faults that pass: nothing can fail between this sender and its provider",
    "silent_provider": "a provider that never answers",
}
"""What a sender, or the way to its provider that a test has, may be without."""


@frozen
class Arrived:
    """What the provider has been handed. ``id`` is what it can tell a repeated message by."""

    to: str
    text: str
    subject: str = ""
    id: str | None = None


class MessengerGround(ABC):
    """A sender and the far end of it: a provider of your own making, or its test environment.

    Such as::

        class SmsGround(MessengerGround):
            channel = Channel.SMS
            to = "+64215550142"

            def __init__(self):
                self.provider = FakeProvider()
                self.sender = SmsSender(url=self.provider.url)

            def arrived(self):
                return [Arrived(one["to"], one["body"], id=one["idempotency_key"]) for one in self.provider.taken]
    """

    channel: ClassVar[Channel] = Channel.EMAIL
    to: ClassVar[str] = "ana@example.com"
    """An address that the provider takes."""
    patience: ClassVar[timedelta] = timedelta(seconds=15)
    """The policy's ``send_timeout``: by then the sender must have given up by itself."""
    lacks: ClassVar[frozenset[str]] = frozenset()
    """Words of :data:`MESSENGER_LACKS`; each is listed as not declared."""

    provider_loggers: ClassVar[tuple[str, ...]] = ()
    """Loggers of a provider that runs in this very process, and may log what it likes."""

    sender: Sender | AsyncSender

    @abstractmethod
    def arrived(self) -> Sequence[Arrived]:
        """Whatever the provider has been handed so far, in order."""

    def break_down(self) -> None:
        """From now on the provider fails in a way that passes: 503, 4xx of SMTP, no connection."""
        raise NotImplementedError("write break_down(), or say lacks = {'faults'}")

    def refuse(self) -> None:
        """From now on the provider refuses this address for good. Its answer quotes the text, as providers do."""
        raise NotImplementedError("write refuse(), or say lacks = {'refusals'}")

    def fall_silent(self) -> None:
        """From now on the provider takes the connection and never answers."""
        raise NotImplementedError("write fall_silent(), or say lacks = {'silent_provider'}")

    def recover(self) -> None:
        """From now on the provider works again."""
        raise NotImplementedError("write recover() next to break_down() and refuse()")
