"""What the portal tells a client of, once and for the list (V10, V13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from attrs import Factory, field, frozen

from clientportal.records.stored import stored

__all__ = ["Notice", "NoticeKind"]


class NoticeKind(StrEnum):
    """What a notice is about; each has a usual title and text, and a platform may write its own."""

    APPOINTMENT_BOOKED = "appointment_booked"
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    CHANGE_REQUESTED = "change_requested"
    """The business has to agree to what was asked for."""
    MESSAGE_RECEIVED = "message_received"
    FORM_SENT = "form_sent"
    DOCUMENT_SHARED = "document_shared"
    INVOICE_DUE = "invoice_due"
    PAYMENT_RECEIVED = "payment_received"
    OTHER = "other"
    """Whatever else: its title is the platform's to write."""


def _unread(notice: Notice) -> str | None:
    return notice.ref if notice.read_at is None else None


@stored("notices", ref=("ref", "at"), booking=("booking", "at"), unread=("unread",), expiry=("forget_at",))
@frozen(kw_only=True)
class Notice:
    """One thing that a record was told of. ``ref`` is whom, by the record's own name: notices follow a merge and come
    apart again with it.

    ``title`` and ``text`` are the platform's own words, empty where the catalogue's are used, with ``facts`` in them.
    ``section`` and ``item`` say where it leads, ``booking`` is the appointment that it is about: by it an account that
    sees single appointments finds it. ``business`` is the one of a franchise whose news it is, empty where it is the
    whole parent's. ``unread`` follows from ``read_at``.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    ref: str
    at: datetime
    kind: NoticeKind
    title: str = ""
    text: str = ""
    section: str = ""
    item: str = ""
    booking: str | None = None
    business: str = ""
    facts: Mapping[str, str] = field(factory=dict[str, str])
    read_at: datetime | None = None
    forget_at: datetime
    unread: str | None = field(init=False, repr=False, default=Factory(_unread, takes_self=True))
