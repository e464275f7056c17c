"""Real SMTP conversations on the loopback: TLS, refusals, slowness, and a line that drops after DATA."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from clientportal import Channel, InvalidInput, OutgoingMessage, Secret, SendFailed
from clientportal.senders.smtp import Security, SmtpSender

CODE = "482913"


def outgoing(text: str = f"{CODE} is your code for Kōwhai Hair.", to: str = "ana@example.com") -> OutgoingMessage:
    return OutgoingMessage(id="m-1", channel=Channel.EMAIL, to=to, text=text, subject="Your code for Kōwhai Hair")


class Mailbox:
    """Takes mail, and answers RCPT and DATA as it is told."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.rcpt = ""
        self.data = "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        if self.data == "drop":
            server.transport.abort()
            return "250 nobody hears this"
        return self.data


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key"), "-out", str(folder / "cert")],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


Server = Callable[..., tuple[Mailbox, int]]


@pytest.fixture
def server() -> Iterator[Server]:
    running: list[Controller] = []

    def start(**options: Any) -> tuple[Mailbox, int]:
        box = Mailbox()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        controller = Controller(box, hostname="localhost", port=port, **options)
        controller.start()
        running.append(controller)
        return box, port

    yield start
    for controller in running:
        controller.stop()


def sender(port: int, **more: Any) -> SmtpSender:
    given: dict[str, Any] = {"security": Security.NONE, "timeout": 2.0, **more}
    return SmtpSender(host="localhost", port=port, sender="salon@kowhai.example", **given)


def test_a_mail_arrives_whole_under_a_stable_id(server: Server) -> None:
    """Text and subject keep their letters; the Message-ID is the message's own, so that a repeat can be told."""
    box, port = server()
    sender(port).send(outgoing())
    (mail,) = box.mails
    assert mail["Subject"] == "Your code for Kōwhai Hair"
    assert mail["To"] == "ana@example.com"
    assert mail["Message-ID"] == "<m-1@kowhai.example>"
    assert mail.get_content().replace("\r\n", "\n") == f"{CODE} is your code for Kōwhai Hair.\n"


def test_starttls_is_insisted_on_and_the_certificate_is_checked(server: Server, certificate: Path) -> None:
    """With TLS it works; without an offer of TLS, or with a certificate nobody vouches for, nothing is sent."""
    offering = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    offering.load_cert_chain(certificate / "cert", certificate / "key")
    trusting = ssl.create_default_context(cafile=str(certificate / "cert"))
    box, port = server(tls_context=offering, require_starttls=True)
    sender(port, security="starttls", context=trusting).send(outgoing())
    assert len(box.mails) == 1
    with pytest.raises(SendFailed) as untrusted:
        sender(port, security="starttls").send(outgoing())
    assert not untrusted.value.permanent
    plain_box, plain_port = server()
    with pytest.raises(SendFailed):
        sender(plain_port, security="starttls", context=trusting).send(outgoing())
    assert plain_box.mails == []


@pytest.mark.parametrize(("answer", "permanent"), [("550 no such user", True), ("450 greylisted", False)])
def test_a_refused_address_says_whether_another_try_can_help(server: Server, answer: str, permanent: bool) -> None:
    """5xx is for good, 4xx is for now; what the server wrote is not kept, for servers quote what they were sent."""
    box, port = server()
    box.rcpt = f"{answer} {CODE}"
    with pytest.raises(SendFailed) as refused:
        sender(port).send(outgoing())
    assert refused.value.permanent is permanent
    assert CODE not in str(refused.value)


def test_a_line_that_drops_after_data_is_worth_another_try(server: Server) -> None:
    """Nobody knows whether the mail was taken: it counts as not sent, and goes again under the same id."""
    box, port = server()
    box.data = "drop"
    with pytest.raises(SendFailed) as dropped:
        sender(port).send(outgoing())
    assert not dropped.value.permanent
    box.data = "250 OK"
    sender(port).send(outgoing())
    assert [mail["Message-ID"] for mail in box.mails] == ["<m-1@kowhai.example>"] * 2


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time-out the try has failed, and can be made again."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        held: list[socket.socket] = []
        taking = threading.Thread(target=lambda: held.append(silent.accept()[0]), daemon=True)
        taking.start()
        with pytest.raises(SendFailed) as slow:
            sender(silent.getsockname()[1], timeout=0.3).send(outgoing())
        assert not slow.value.permanent
        taking.join(2)
        for connection in held:
            connection.close()


def test_nothing_listens_there() -> None:
    """No server is a passing fault."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SendFailed) as nobody:
        sender(port).send(outgoing())
    assert not nobody.value.permanent


def test_lines_cannot_be_smuggled_into_the_header(server: Server) -> None:
    """A subject with a line break stays one line; an address with one is refused for good."""
    box, port = server()
    bad = OutgoingMessage(
        id="m-2", channel=Channel.EMAIL, to="ana@example.com", text="x", subject="Hi\r\nBcc: eve@example.com"
    )
    sender(port).send(bad)
    assert box.mails[0]["Bcc"] is None
    with pytest.raises(SendFailed) as refused:
        sender(port).send(outgoing(to="ana@example.com\r\nBcc: eve@example.com"))
    assert refused.value.permanent
    with pytest.raises(InvalidInput):
        SmtpSender(host="localhost", sender="a@b.example\r\nBcc: c@d.example")


def test_the_password_shows_nowhere() -> None:
    """Neither in the repr nor among the attributes as text."""
    made = SmtpSender(host="localhost", sender="a@b.example", username="u", password=Secret("hunter2hunter2"))
    assert "hunter2" not in repr(made)
    assert "hunter2" not in str(vars(made))
