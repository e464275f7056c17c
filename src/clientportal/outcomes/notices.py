"""What the doors answer with about notices."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from clientportal.records import NoticeKind

__all__ = ["MarkedRead", "NoticeLine", "NoticePage", "Notified"]


@frozen(kw_only=True)
class NoticeLine:
    """One notice, as it may be shown: plain text, the title in one line. ``section`` and ``item`` say where it leads:
    an appointment's are ``bookings`` and its id. Times are aware UTC.
    """

    id: str
    at: datetime
    kind: NoticeKind
    title: str
    text: str = field(repr=False)
    section: str = ""
    item: str = ""
    read_at: datetime | None = None


@frozen
class NoticePage:
    """A page of notices, newest first; ``next`` is the cursor of the page after it, ``None`` at the end."""

    items: tuple[NoticeLine, ...]
    next: str | None = None


@frozen
class MarkedRead:
    """How many were unread until now; ``more`` where there are others still: call again."""

    count: int
    more: bool = False


@frozen
class Notified:
    """A notice was made. ``by_email``: an email is on its way as well, if the client wants it."""

    id: str
    by_email: bool
