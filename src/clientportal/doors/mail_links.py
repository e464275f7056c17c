"""Links in mails: sign-in links, changing the email, invitations: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = [
    "VisitorMailLinks",
    "AsyncVisitorMailLinks",
    "ClientMailLinks",
    "AsyncClientMailLinks",
    "StaffMailLinks",
    "AsyncStaffMailLinks",
]


class VisitorMailLinks(Door):
    """What a visitor can do of it."""


class AsyncVisitorMailLinks(AsyncDoor):
    """The twin of :class:`VisitorMailLinks`, awaited."""


class ClientMailLinks(Door):
    """What a session can do of it."""


class AsyncClientMailLinks(AsyncDoor):
    """The twin of :class:`ClientMailLinks`, awaited."""


class StaffMailLinks(Door):
    """What staff can do of it."""


class AsyncStaffMailLinks(AsyncDoor):
    """The twin of :class:`StaffMailLinks`, awaited."""


describe(AsyncVisitorMailLinks, VisitorMailLinks)
describe(AsyncClientMailLinks, ClientMailLinks)
describe(AsyncStaffMailLinks, StaffMailLinks)
