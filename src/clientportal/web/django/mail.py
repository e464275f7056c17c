"""Email through Django's own: whatever ``EMAIL_BACKEND`` says."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage

from clientportal.errors import SendFailed
from clientportal.messages.texts import clean
from clientportal.ports import Channel, OutgoingMessage

__all__ = ["DjangoMail"]


class DjangoMail:
    """A sender for ``"email"``: ``{"email": "clientportal.web.django.mail.DjangoMail"}``.

    It writes from ``DEFAULT_FROM_EMAIL`` and sends by ``EMAIL_BACKEND``, so a project's tests find what the portal has
    sent in ``mail.outbox``. Set ``EMAIL_TIMEOUT`` below the policy's ``messages.send_timeout``. No text of a server's
    answer is kept: servers quote what they were sent.
    """

    def send(self, message: OutgoingMessage) -> None:
        """Hand one email over; raises :class:`~clientportal.errors.SendFailed`."""
        if message.channel is not Channel.EMAIL:
            raise SendFailed("this sender takes emails only", permanent=True)
        if not (message.to + message.id).isprintable() or "," in message.to:
            raise SendFailed("this is not one email address, under one id", permanent=True)
        domain = str(settings.DEFAULT_FROM_EMAIL).rpartition("@")[2].rstrip("> ")
        mail = EmailMessage(
            subject=clean(message.subject),
            body="\n".join(clean(line, longest=900) for line in message.text.splitlines()) + "\n",
            to=[message.to],
            headers={"Message-ID": f"<{message.id}@{domain}>", "Auto-Submitted": "auto-generated"},
        )
        try:
            # Django refuses a header of two lines only when it writes the whole, which some backends never do.
            mail.message()
            taken = mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            (code, _), *_ = error.recipients.values()
            raise SendFailed(f"the server refused the address ({code})", permanent=code >= 500) from None
        except smtplib.SMTPDataError as error:
            raise SendFailed(
                f"the server refused the message ({error.smtp_code})", permanent=error.smtp_code >= 500
            ) from None
        except ValueError:
            raise SendFailed("this cannot be an email", permanent=True) from None
        except (smtplib.SMTPException, OSError) as error:
            raise SendFailed(f"the mail server could not be used ({type(error).__name__})") from None
        if not taken:
            raise SendFailed("the mail backend has taken nothing")
