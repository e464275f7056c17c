"""Django's email as a sender: the contract of senders, and what is its own."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence

import pytest
from django.test import override_settings

from clientportal import Channel, OutgoingMessage, SendFailed
from clientportal.testing.contracts import MessengerContract, MessengerGround
from clientportal.testing.contracts.messenger_ground import Arrived
from clientportal.web.django.mail import DjangoMail
from django_app.project import MailServer


class Mailroom(MessengerGround):
    """The sender, and the project's backend behind it."""

    lacks = frozenset({"silent_provider"})
    """Nothing of ours waits here: ``EMAIL_TIMEOUT`` is Django's."""

    def __init__(self) -> None:
        self.sender = DjangoMail()
        MailServer.taken.clear()
        MailServer.fails.clear()

    def arrived(self) -> Sequence[Arrived]:
        """As a mailbox has it."""
        return [
            Arrived(one.to[0], str(one.body), str(one.subject), str(one.message()["Message-ID"]))
            for one in MailServer.taken
        ]

    def break_down(self) -> None:
        """The server hangs up, and says what it was sent."""
        MailServer.fails[:] = [smtplib.SMTPServerDisconnected("connection lost after: your code is 123456")]

    def refuse(self) -> None:
        """The server refuses the address, and quotes it."""
        MailServer.fails[:] = [smtplib.SMTPRecipientsRefused({self.to: (550, f"no such user {self.to}".encode())})]

    def recover(self) -> None:
        """It works again."""
        MailServer.fails.clear()


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(
        EMAIL_BACKEND="django_app.project.MailServer", DEFAULT_FROM_EMAIL="Kōwhai Hair <hi@kowhai.example>"
    ):
        yield
    MailServer.fails.clear()


class TestDjangoMail(MessengerContract):
    """Every promise of a sender."""

    @pytest.fixture
    def post(self) -> Mailroom:
        """Over the project's backend."""
        return Mailroom()


def _message(id: str = "m1", *, to: str = "ana@kingi.example", channel: Channel = Channel.EMAIL) -> OutgoingMessage:
    return OutgoingMessage(id=id, channel=channel, to=to, text="123456 is your code\nBye", subject="A\ncode")


def test_what_leaves() -> None:
    """A subject on one line, the portal's id with the sender's domain, and the mark of a machine."""
    room = Mailroom()
    DjangoMail().send(_message())
    [one] = room.arrived()
    assert (one.to, one.subject, one.text) == ("ana@kingi.example", "A code", "123456 is your code\nBye\n")
    assert one.id == "<m1@kowhai.example>"
    assert MailServer.taken[0].message()["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("to", ["ana@kingi.example\nBcc: all@example.com", "a@b.example, c@d.example"])
def test_one_address_and_no_more(to: str) -> None:
    """The attack: a typed address that carries a second one, or a header, along."""
    room = Mailroom()
    with pytest.raises(SendFailed, match="not one email address") as error:
        DjangoMail().send(_message(to=to))
    assert error.value.permanent
    assert room.arrived() == []


def test_what_is_no_mail() -> None:
    """An SMS is refused; a server that refuses the message says so once, for good or for now."""
    room = Mailroom()
    with pytest.raises(SendFailed, match="emails only"):
        DjangoMail().send(_message(channel=Channel.SMS))
    for code, permanent in ((452, False), (554, True)):
        MailServer.fails[:] = [smtplib.SMTPDataError(code, b"your message: 123456")]
        with pytest.raises(SendFailed, match=str(code)) as error:
            DjangoMail().send(_message())
        assert error.value.permanent == permanent
        assert "123456" not in str(error.value)
    room.recover()


def test_without_a_server() -> None:
    """Where nobody listens it is tried again later; a backend that takes nothing has sent nothing."""
    smtp = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": 9}
    with override_settings(**smtp), pytest.raises(SendFailed, match="could not be used") as error:
        DjangoMail().send(_message())
    assert not error.value.permanent
