"""Mail by SMTP, with TLS, on the standard library."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import smtplib
import socket
import ssl
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from enum import StrEnum
from typing import Any, cast

from email_validator import EmailNotValidError, validate_email

from clientportal.errors import InvalidInput, SendFailed
from clientportal.messages.texts import clean
from clientportal.ports import Channel, OutgoingMessage
from clientportal.senders.deadlines import Deadline
from clientportal.values import Secret

__all__ = ["Security", "SmtpSender"]

_MOST_SAID = 65_536
"""Bytes that a server may say in one conversation: a greeting and a dozen answers fill a few hundred."""


class Security(StrEnum):
    """How the conversation is kept private."""

    STARTTLS = "starttls"
    """Plain at first, then TLS; a server that offers none is refused: anybody in between can drop the offer."""
    TLS = "tls"
    """TLS from the first byte (port 465)."""
    NONE = "none"
    """No TLS: for a server on this very machine."""


class SmtpSender:
    """Sends each email in a conversation of its own, which is over after ``timeout`` seconds, whatever the server does.

    A ``5xx`` about the address or about this very message is permanent, and so is an address in other letters than a
    server knows. Everything else is worth another try: a ``4xx``, no connection, a drop, and whatever is the operator's
    to mend (a refused login, sender, greeting or certificate). A server that drops the line after DATA may have taken
    the message: it is sent again then, under the same ``Message-ID``, so that mailboxes can tell; what happens after it
    has said that it took it changes nothing any more. No text of the server's answer is kept beyond its code: servers
    quote what they were sent.

    ``helo`` is how this machine calls itself to the server, its full name in the DNS unless given. For an
    ``AsyncPortal`` it is the same sender: the portal runs it in a thread of its own.
    """

    def __init__(
        self,
        *,
        host: str,
        sender: str,
        port: int = 587,
        security: Security | str = Security.STARTTLS,
        username: str | None = None,
        password: Secret | str | None = None,
        timeout: float = 15.0,
        context: ssl.SSLContext | None = None,
        helo: str | None = None,
    ) -> None:
        self._sender = _address_of(sender)
        if (username is None) != (password is None):
            raise InvalidInput("a username and its password come together")
        if not timeout > 0:
            raise InvalidInput("timeout is a number of seconds above 0, and below the policy's messages.send_timeout")
        self._host = host
        self._port = port
        self._security = Security(security)
        self._username = username
        self._password = password if isinstance(password, Secret) or password is None else Secret(password)
        self._timeout = timeout
        self._helo = helo
        self._context = context or ssl.create_default_context()
        if self._security is Security.NONE and username is not None and not _is_this_machine(host):
            raise InvalidInput("without TLS a password would be read on the way: security is 'starttls' or 'tls'")

    def __repr__(self) -> str:
        return f"SmtpSender(host={self._host!r}, port={self._port}, security={self._security.value!r})"

    def send(self, message: OutgoingMessage) -> None:
        """Hand one email over; raises :class:`~clientportal.errors.SendFailed`."""
        if message.channel is not Channel.EMAIL:
            raise SendFailed("this sender takes emails only", permanent=True)
        mail = self._mail(message)
        talk = _Talk(self._helo)
        try:
            with Deadline(self._timeout, lambda: talk.line) as talk.deadline, contextlib.closing(talk):
                self._greet(talk)
                self._hand_over(talk, mail)
        except smtplib.SMTPRecipientsRefused as error:
            (code, _), *_ = error.recipients.values()
            raise SendFailed(f"the server refused the address ({code})", permanent=code >= 500) from None
        except smtplib.SMTPDataError as error:
            raise SendFailed(
                f"the server refused the message ({error.smtp_code})", permanent=error.smtp_code >= 500
            ) from None
        except smtplib.SMTPResponseException as error:
            raise SendFailed(f"the server said {error.smtp_code}") from None
        except ssl.SSLCertVerificationError:
            raise SendFailed("the server's certificate is not to be trusted") from None
        except (smtplib.SMTPException, OSError) as error:
            raise SendFailed(f"the mail server could not be used ({type(error).__name__})") from None

    def _greet(self, talk: _Talk) -> None:
        talk.call(self._host, self._port, self._context if self._security is Security.TLS else None)
        if self._security is Security.STARTTLS:
            talk.starttls(context=self._context)
        if self._username is not None and self._password is not None:
            talk.login(self._username, self._password.reveal())

    @staticmethod
    def _hand_over(talk: _Talk, mail: EmailMessage) -> None:
        try:
            talk.send_message(mail)
        except smtplib.SMTPNotSupportedError:
            raise SendFailed("the server takes no address in other letters than a to z", permanent=True) from None
        # It has been taken: a server that is slow, or gone, when it is told goodbye must not have it sent again.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            talk.quit()

    def _mail(self, message: OutgoingMessage) -> EmailMessage:
        # The standard library refuses line breaks in an address, and hands every other control on to the server.
        if not message.to.isprintable():
            raise SendFailed("this cannot be an email", permanent=True)
        mail = EmailMessage()
        try:
            mail["From"] = self._sender
            mail["To"] = _reachable(message.to)
            mail["Subject"] = clean(message.subject)
            mail["Date"] = formatdate()
            mail["Message-ID"] = f"<{message.id}@{self._sender.domain}>"
            mail["Auto-Submitted"] = "auto-generated"
            mail.set_content("\n".join(clean(line, longest=900) for line in message.text.splitlines()) + "\n")
        except ValueError:
            raise SendFailed("this cannot be an email", permanent=True) from None
        if [bool(one.domain) for one in mail["To"].addresses] != [True]:
            raise SendFailed("this is not one email address", permanent=True)
        return mail


def _address_of(sender: str) -> Address:
    name, address = parseaddr(sender)
    try:
        if not sender.isprintable() or "@" not in address:
            raise ValueError
        return Address(display_name=name, addr_spec=_reachable(address))
    except (ValueError, HeaderParseError):
        said = "the sender is an email address on one line, such as 'Kōwhai Hair <hello@example.com>'"
        raise InvalidInput(said) from None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reachable(address: str) -> str:
    """The address with its domain as the DNS knows it: a name in other letters then needs nothing of the server."""
    if address.isascii():
        return address
    try:
        return f"{address.rpartition('@')[0]}@{validate_email(address, check_deliverability=False).ascii_domain}"
    except EmailNotValidError:
        return address


class _Heard(io.BufferedIOBase):
    """What the server says, no more of it than a conversation can need: the attack is a greeting without an end."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = _MOST_SAID

    def readline(self, size: int | None = -1, /) -> bytes:
        line: bytes = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise smtplib.SMTPServerDisconnected("the server says more than anybody needs")
        return line

    def close(self) -> None:
        self._file.close()


class _Talk(smtplib.SMTP):
    """One conversation, whose line is known as soon as there is one, so that it can be cut."""

    deadline: Deadline

    def __init__(self, helo: str | None) -> None:
        self.line: socket.socket | None = None
        super().__init__(local_hostname=helo)  # without a host: it is called when the clock is running

    def call(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Connect, with TLS from the first byte where there is a ``context``, and hear the greeting."""
        self._host = host  # what the certificate of STARTTLS is held against
        self.sock = self._line_to(host, port)
        if context is not None:
            self.sock = self._private(self.sock, context)
        code, said = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)

    def _line_to(self, host: str, port: int) -> socket.socket:
        failed: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
            self.line = socket.socket(family, kind, protocol)
            try:
                self.line.settimeout(self.deadline.left())
                self.line.connect(address)
            except OSError as error:
                self.line.close()
                failed = error
            else:
                return self.line
        raise failed or OSError("the name has no address")

    def _private(self, line: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        # In two steps: the old line is no more, and the new one must be known before it waits for anybody.
        private = context.wrap_socket(line, server_hostname=self._host, do_handshake_on_connect=False)
        self.line = private
        private.settimeout(self.deadline.left())
        private.do_handshake()
        return private

    def starttls(self, *, context: ssl.SSLContext, **_more: Any) -> tuple[int, bytes]:  # type: ignore[override]
        """TLS from here on; what the server, or somebody in between, has said before it is forgotten."""
        return super().starttls(context=cast("ssl.SSLContext", _InTwoSteps(self, context)))

    def close(self) -> None:
        """Hang up, also where the line never became private."""
        super().close()
        if self.line is not None:
            self.line.close()

    def getreply(self) -> tuple[int, bytes]:
        """One answer, as long as an answer may be."""
        if self.file is None and self.sock is not None:
            self.file = _Heard(self.sock.makefile("rb"))
        return super().getreply()


class _InTwoSteps:
    """A context as the standard library uses it for STARTTLS, over a line that can be cut meanwhile."""

    def __init__(self, talk: _Talk, context: ssl.SSLContext) -> None:
        self._talk = talk
        self._context = context

    def wrap_socket(self, line: socket.socket, **_more: Any) -> ssl.SSLSocket:
        """The private line in the place of the plain one."""
        return self._talk._private(line, self._context)
