"""Senders with one defect each, in front of a provider that lives in the test."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from attrs import frozen

from clientportal.errors import SendFailed
from clientportal.ports import Channel, OutgoingMessage
from clientportal.testing.contracts import Arrived, MessengerGround

__all__ = ["BROKEN_SENDERS", "BrokenSender", "ProviderGround", "SoundSender"]


class Fault(Exception):
    """What a provider's own library raises; it quotes the request, as they do."""

    def __init__(self, status: int, request: str) -> None:
        super().__init__(f"{status}: {request}")
        self.status = status


class Provider:
    """Takes text messages over an imagined wire."""

    def __init__(self) -> None:
        self.taken: list[Arrived] = []
        self.status = 200
        self.silent = False

    def post(self, id: str, to: str, text: str, subject: str = "", timeout: float = 60) -> None:
        """One request."""
        if self.silent:
            time.sleep(min(timeout, 0.7))
            raise TimeoutError
        if not to.isprintable():
            raise Fault(400, f"bad address in {text}")
        if self.status != 200:
            raise Fault(self.status, f"{to}: {text}")
        self.taken.append(Arrived(to, text, subject, id))


class SoundSender:
    """As it should be."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def send(self, message: OutgoingMessage) -> None:
        """Hand it over."""
        try:
            self.hand_over(message)
        except Fault as fault:
            raise SendFailed(f"the provider said {fault.status}", permanent=400 <= fault.status < 500) from None
        except TimeoutError:
            raise SendFailed("the provider does not answer") from None

    def hand_over(self, message: OutgoingMessage) -> None:
        """The request."""
        subject = "".join(c if c.isprintable() else " " for c in message.subject)
        self.provider.post(message.id, message.to, message.text, subject, timeout=0.2)


class ProviderGround(MessengerGround):
    """A sender in front of such a provider."""

    channel = Channel.SMS
    to = "+64215550142"
    patience = timedelta(seconds=0.5)

    def __init__(self, sender: type[SoundSender]) -> None:
        self.provider = Provider()
        self.sender = sender(self.provider)

    def arrived(self) -> Sequence[Arrived]:
        return self.provider.taken

    def break_down(self) -> None:
        self.provider.status = 503

    def refuse(self) -> None:
        self.provider.status = 410

    def fall_silent(self) -> None:
        self.provider.silent = True

    def recover(self) -> None:
        self.provider.status = 200


@frozen
class BrokenSender:
    """One defect, and the test that catches it."""

    sender: type[SoundSender]
    test: str
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        return "-".join((self.sender.__name__, self.test.removeprefix("test_"), *self.arguments))


BROKEN_SENDERS: list[BrokenSender] = []
Made = TypeVar("Made", bound="type[SoundSender]")


def caught_by(test: str, *arguments: str) -> Callable[[Made], Made]:
    """Note which test catches the class below."""

    def note(sender: Made) -> Made:
        BROKEN_SENDERS.append(BrokenSender(sender, test, arguments))
        return sender

    return note


@caught_by("test_a_fault_that_passes")
@caught_by("test_refused_for_good")
class FireAndForget(SoundSender):
    """Returns whatever the provider said."""

    def send(self, message: OutgoingMessage) -> None:
        try:
            super().send(message)
        except SendFailed:
            return


@caught_by("test_a_fault_that_passes")
class GivesUpAtOnce(SoundSender):
    """Calls every fault permanent."""

    def send(self, message: OutgoingMessage) -> None:
        try:
            self.hand_over(message)
        except Exception:
            raise SendFailed("it did not work", permanent=True) from None


@caught_by("test_refused_for_good")
class TriesForEver(SoundSender):
    """Calls no fault permanent."""

    def send(self, message: OutgoingMessage) -> None:
        try:
            self.hand_over(message)
        except Exception:
            raise SendFailed("it did not work") from None


@caught_by("test_refused_for_good")
class RaisesTheProvidersError(SoundSender):
    """Lets the provider's own exception through, of which the pump cannot know that it is for good."""

    def send(self, message: OutgoingMessage) -> None:
        try:
            self.hand_over(message)
        except Fault as fault:
            raise RuntimeError(f"status {fault.status}") from None


@caught_by("test_says_nothing_of_the_text", "refusals")
@caught_by("test_says_nothing_of_the_text", "faults")
class QuotesTheAnswer(SoundSender):
    """Chains the provider's error, which quotes the request."""

    def send(self, message: OutgoingMessage) -> None:
        try:
            self.hand_over(message)
        except Fault as fault:
            raise SendFailed("the provider refused", permanent=fault.status < 500) from fault


@caught_by("test_says_nothing_of_the_text", "works")
class LogsTheText(SoundSender):
    """Logs what it sends, at debug level."""

    def hand_over(self, message: OutgoingMessage) -> None:
        logging.getLogger("sms").debug("sending %s", message.text)
        super().hand_over(message)


@caught_by("test_says_nothing_of_the_text", "works")
class PrintsTheText(SoundSender):
    """Left over from trying it out."""

    def hand_over(self, message: OutgoingMessage) -> None:
        print(message.text)
        super().hand_over(message)


@caught_by("test_says_nothing_of_the_text", "works")
class RemembersTheText(SoundSender):
    """Keeps the last message, and shows it."""

    last = ""

    def hand_over(self, message: OutgoingMessage) -> None:
        self.last = message.text
        super().hand_over(message)


@caught_by("test_ids")
class NewIdEachTime(SoundSender):
    """Makes an idempotency key of its own."""

    def hand_over(self, message: OutgoingMessage) -> None:
        self.provider.post(f"{message.id}-{time.monotonic_ns()}", message.to, message.text, message.subject, 0.2)


@caught_by("test_ids")
class OneIdForAll(SoundSender):
    """Sends the tenant as the idempotency key."""

    def hand_over(self, message: OutgoingMessage) -> None:
        self.provider.post(message.tenant, message.to, message.text, message.subject, 0.2)


@caught_by("test_at_once")
@caught_by("test_nothing_is_left_over")
class OneBuffer(SoundSender):
    """Builds each message in one attribute, which it forgets to empty."""

    buffer = ""

    def hand_over(self, message: OutgoingMessage) -> None:
        self.buffer += message.text
        time.sleep(0.01)
        self.provider.post(message.id, message.to, self.buffer, message.subject, 0.2)


@caught_by("test_arrives")
class AsciiAlone(SoundSender):
    """Loses every letter that is not English."""

    def hand_over(self, message: OutgoingMessage) -> None:
        text = message.text.encode("ascii", "ignore").decode()
        self.provider.post(message.id, message.to, text, message.subject, 0.2)


@caught_by("test_lines")
class OneSms(SoundSender):
    """Cuts the text after 160 characters, in the middle of the link."""

    def hand_over(self, message: OutgoingMessage) -> None:
        self.provider.post(message.id, message.to, message.text[:160], message.subject, 0.2)


@caught_by("test_lines")
class OneLine(SoundSender):
    """Makes one line of several."""

    def hand_over(self, message: OutgoingMessage) -> None:
        self.provider.post(message.id, message.to, " ".join(message.text.split()), message.subject, 0.2)


@caught_by("test_odd_text")
class StopsAtNul(SoundSender):
    """Hands the text to a library that ends it at NUL, or at the first empty line."""

    def hand_over(self, message: OutgoingMessage) -> None:
        text = message.text.split("\x00")[-1].split("\r\n\r\n")[0]
        self.provider.post(message.id, message.to, text.split("\r\n.")[0], message.subject, 0.2)


@caught_by("test_gives_up")
class NeverGivesUp(SoundSender):
    """Has no time-out."""

    def hand_over(self, message: OutgoingMessage) -> None:
        subject = "".join(c if c.isprintable() else " " for c in message.subject)
        self.provider.post(message.id, message.to, message.text, subject)


@caught_by("test_control_characters", "subject")
class SubjectAsItIs(SoundSender):
    """Writes the subject into a header, line breaks and all."""

    def hand_over(self, message: OutgoingMessage) -> None:
        self.provider.post(message.id, message.to, message.text, message.subject, 0.2)


@caught_by("test_control_characters", "to")
class WritesToTwo(SoundSender):
    """Takes a line break in an address for the end of a header."""

    def hand_over(self, message: OutgoingMessage) -> None:
        for to in message.to.replace("Bcc: ", "").splitlines():
            self.provider.post(message.id, "".join(c for c in to if c.isprintable()), message.text, "", 0.2)
