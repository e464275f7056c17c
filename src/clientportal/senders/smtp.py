"""Mail by SMTP, with TLS, on the standard library."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from enum import StrEnum

from clientportal.errors import InvalidInput, SendFailed
from clientportal.messages.texts import clean
from clientportal.ports import Channel, OutgoingMessage
from clientportal.values import Secret

__all__ = ["Security", "SmtpSender"]


class Security(StrEnum):
    """How the conversation is kept private."""

    STARTTLS = "starttls"
    """Plain at first, then TLS; a server that offers none is refused: anybody in between can drop the offer."""
    TLS = "tls"
    """TLS from the first byte (port 465)."""
    NONE = "none"
    """No TLS: for a server on this very machine."""


class SmtpSender:
    """Sends each email in a conversation of its own, and gives up after ``timeout`` seconds.

    A ``5xx`` about this address or this message is permanent; everything else (``4xx``, no connection, a drop) is worth
    another try. A server that drops the line after DATA may have taken the message: it is sent again then, under the
    same ``Message-ID``, so that mailboxes can tell. No text of the server's answer is kept beyond its code: servers
    quote what they were sent.
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
    ) -> None:
        if any(c in sender for c in "\r\n\x00"):
            raise InvalidInput("the sender is an email address on one line")
        self._host = host
        self._port = port
        self._sender = sender
        self._security = Security(security)
        self._username = username
        self._password = password if isinstance(password, Secret) or password is None else Secret(password)
        self._timeout = timeout
        self._context = context or ssl.create_default_context()

    def __repr__(self) -> str:
        return f"SmtpSender(host={self._host!r}, port={self._port}, security={self._security.value!r})"

    def send(self, message: OutgoingMessage) -> None:
        """Hand one email over; raises :class:`~clientportal.errors.SendFailed`."""
        if message.channel is not Channel.EMAIL:
            raise SendFailed("this sender takes emails only", permanent=True)
        mail = self._mail(message)
        try:
            with self._connect() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise SendFailed(f"the server refused the address ({codes[0]})", permanent=codes[0] >= 500) from None
        except smtplib.SMTPResponseException as error:
            raise SendFailed(f"the server said {error.smtp_code}", permanent=self._final(error)) from None
        except (smtplib.SMTPException, OSError) as error:
            raise SendFailed(f"the mail server could not be used ({type(error).__name__})") from None

    @staticmethod
    def _final(error: smtplib.SMTPResponseException) -> bool:
        # A refused login or sender is the operator's to mend, and then the message can still go.
        mendable = isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused)
        return error.smtp_code >= 500 and not mendable

    def _connect(self) -> smtplib.SMTP:
        server: smtplib.SMTP
        if self._security is Security.TLS:
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=self._context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._security is Security.STARTTLS:
                server.starttls(context=self._context)
            if self._username is not None and self._password is not None:
                server.login(self._username, self._password.reveal())
        except BaseException:
            server.close()
            raise
        return server

    def _mail(self, message: OutgoingMessage) -> EmailMessage:
        # The standard library refuses line breaks in an address, and hands every other control on to the server.
        if not message.to.isprintable():
            raise SendFailed("this cannot be an email", permanent=True)
        mail = EmailMessage()
        try:
            mail["From"] = self._sender
            mail["To"] = message.to
            mail["Subject"] = clean(message.subject)
            mail["Date"] = formatdate()
            mail["Message-ID"] = f"<{message.id}@{self._sender.rpartition('@')[2].strip('>')}>"
            mail["Auto-Submitted"] = "auto-generated"
            mail.set_content("\n".join(clean(line, longest=900) for line in message.text.splitlines()) + "\n")
        except ValueError:
            raise SendFailed("this cannot be an email", permanent=True) from None
        return mail
