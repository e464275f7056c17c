"""Notices, and messages to the business: one topic of the doors, in both colours (V10, V13).

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.operations import notices
from clientportal.operations.messaging import SECTION, SEND_MESSAGE, SendMessage
from clientportal.operations.notices import ListNotices, MarkRead, Notify
from clientportal.operations.sections import SECTION_PAGE, ListItems
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import MarkedRead, NoticePage, Notified, SectionChanged
from clientportal.records import NoticeKind
from clientportal.values import ItemPage, RecordRef
from clientportal.values.messages import Message

__all__ = ["AsyncClientNotices", "AsyncStaffNotices", "ClientNotices", "StaffNotices"]


class ClientNotices(Door):
    """What a session can do of it."""

    def notices(self, *, after: str | None = None, limit: int = 20) -> NoticePage:
        """What this client was told of, newest first, of all their records (section ``notifications``)."""
        return self._do(notices.LIST_NOTICES, ListNotices(after, limit))

    def unread_notices(self) -> int:
        """How many of them are unread; counting stops at 100."""
        return self._do(notices.UNREAD, Nothing())

    def mark_read(self, id: str | None = None) -> MarkedRead:
        """Mark one notice as read, or all of them, 200 at a time. Raises ``Refused`` with ``not_found``."""
        return self._do(notices.MARK_READ, MarkRead(id))

    def messages(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Message]:
        """The conversation with the business, newest first, of all the client's records (section ``messages``)."""
        return self._do(SECTION_PAGE, ListItems(SECTION, after, limit))

    def send_message(self, text: str, *, key: str | None = None) -> SectionChanged:
        """Write to the business: plain text of at most 4,000 characters; the outcome's ``item`` is the message's id.

        Raises ``Refused`` with ``disabled``, ``wait`` (``portal.messages_per_day``; ``retry_at`` says until when) and
        ``not_changeable`` (your platform said no).
        """
        return self._do(SEND_MESSAGE, SendMessage(text), key)


class StaffNotices(Door):
    """What staff can do of it."""

    def notify(
        self,
        ref: RecordRef,
        kind: NoticeKind | str,
        *,
        title: str = "",
        text: str = "",
        section: str = "",
        item: str = "",
        key: str | None = None,
    ) -> Notified:
        """Tell a client something, in the list and by email where the business mails notices; as ``portal.notify``."""
        return self._do(notices.STAFF_NOTIFY, Notify(ref, kind, title, text, section, item), key)


class AsyncClientNotices(AsyncDoor):
    """The twin of :class:`ClientNotices`, awaited."""

    async def notices(self, *, after: str | None = None, limit: int = 20) -> NoticePage:
        return await self._do(notices.LIST_NOTICES, ListNotices(after, limit))

    async def unread_notices(self) -> int:
        return await self._do(notices.UNREAD, Nothing())

    async def mark_read(self, id: str | None = None) -> MarkedRead:
        return await self._do(notices.MARK_READ, MarkRead(id))

    async def messages(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Message]:
        return await self._do(SECTION_PAGE, ListItems(SECTION, after, limit))

    async def send_message(self, text: str, *, key: str | None = None) -> SectionChanged:
        return await self._do(SEND_MESSAGE, SendMessage(text), key)


class AsyncStaffNotices(AsyncDoor):
    """The twin of :class:`StaffNotices`, awaited."""

    async def notify(
        self,
        ref: RecordRef,
        kind: NoticeKind | str,
        *,
        title: str = "",
        text: str = "",
        section: str = "",
        item: str = "",
        key: str | None = None,
    ) -> Notified:
        return await self._do(notices.STAFF_NOTIFY, Notify(ref, kind, title, text, section, item), key)


describe(AsyncClientNotices, ClientNotices)
describe(AsyncStaffNotices, StaffNotices)
