"""What the doors give back about accounts."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

__all__ = ["MailSent"]


@frozen
class MailSent:
    """The same for everybody, known or not: a mail goes out where there is somebody to get it.

    ``expires_at`` is when its link stops working, ``resend_at`` when another one may be asked for; both aware UTC.
    """

    expires_at: datetime
    resend_at: datetime
