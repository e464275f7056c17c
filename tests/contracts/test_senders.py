"""The shipped senders keep their contract; so does an async one made of a plain one."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Generator, Sequence
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from clientportal.ports import Channel, OutgoingMessage
from clientportal.senders.console import ConsoleSender
from clientportal.senders.smtp import Security, SmtpSender
from clientportal.testing.contracts import Arrived, MessengerContract, MessengerGround


class ConsoleGround(MessengerGround):
    """A stream for a phone: what was printed is read out of its boxes again."""

    channel = Channel.SMS
    to = "+64215550142"
    lacks = frozenset({"ids", "silence", "subject", "faults", "refusals", "silent_provider"})

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.sender = ConsoleSender(self.stream)

    def arrived(self) -> Sequence[Arrived]:
        boxes = self.stream.getvalue().split("┌")[1:]
        found: list[Arrived] = []
        for box in boxes:
            lines = [line.strip().strip("│").strip() for line in box.splitlines()[1:] if line.strip().startswith("│")]
            found.append(Arrived(lines[0].partition(" to ")[2], "\n".join(lines[1:])))
        return found


class TestConsole(MessengerContract):
    """The sender that prints."""

    @pytest.fixture
    def post(self) -> MessengerGround:
        return ConsoleGround()


class Mailbox:
    """Takes mail, and answers RCPT and DATA as it is told."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Any]] = []
        self.answer = ""
        self.silent = False

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.silent:
            await asyncio.sleep(5)
        if self.answer:
            # Servers quote what they were sent.
            return f"{self.answer} {envelope.content.decode(errors='replace')[-60:]!r}"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"


class SmtpGround(MessengerGround):
    """A real conversation on the loopback."""

    provider_loggers = ("mail.log",)

    def __init__(self, box: Mailbox, port: int) -> None:
        self.box = box
        self.sender = SmtpSender(
            host="localhost", port=port, sender="salon@kowhai.example", security=Security.NONE, timeout=1.0
        )

    def arrived(self) -> Sequence[Arrived]:
        return [
            Arrived(", ".join(to), mail.get_content(), mail["Subject"], mail["Message-ID"])
            for to, mail in self.box.mails
        ]

    def break_down(self) -> None:
        self.box.answer = "451 try later:"

    def refuse(self) -> None:
        self.box.answer = "554 no such user:"

    def fall_silent(self) -> None:
        self.box.silent = True

    def recover(self) -> None:
        self.box.answer = ""


@pytest.fixture
def smtp() -> Generator[SmtpGround, None, None]:
    """A server that takes mail."""
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="localhost", port=port, enable_SMTPUTF8=True)
    controller.start()
    yield SmtpGround(box, port)
    controller.stop()


class TestSmtp(MessengerContract):
    """Mail."""

    @pytest.fixture
    def post(self, smtp: SmtpGround) -> MessengerGround:
        return smtp


class AwaitedSender:
    """A sender of the other colour."""

    def __init__(self, plain: SmtpSender) -> None:
        self._plain = plain

    async def send(self, message: OutgoingMessage) -> None:
        """Hand it over in a thread."""
        await asyncio.to_thread(self._plain.send, message)


class TestAwaitedSmtp(MessengerContract):
    """Mail, awaited."""

    asynchronous = True

    @pytest.fixture
    def post(self, smtp: SmtpGround) -> MessengerGround:
        assert isinstance(smtp.sender, SmtpSender)
        smtp.sender = AwaitedSender(smtp.sender)
        return smtp
