"""Passwords, second factors, and logging in with them: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = [
    "VisitorPasswords",
    "AsyncVisitorPasswords",
    "ClientPasswords",
    "AsyncClientPasswords",
    "StaffPasswords",
    "AsyncStaffPasswords",
]


class VisitorPasswords(Door):
    """What a visitor can do of it."""


class AsyncVisitorPasswords(AsyncDoor):
    """The twin of :class:`VisitorPasswords`, awaited."""


class ClientPasswords(Door):
    """What a session can do of it."""


class AsyncClientPasswords(AsyncDoor):
    """The twin of :class:`ClientPasswords`, awaited."""


class StaffPasswords(Door):
    """What staff can do of it."""


class AsyncStaffPasswords(AsyncDoor):
    """The twin of :class:`StaffPasswords`, awaited."""


describe(AsyncVisitorPasswords, VisitorPasswords)
describe(AsyncClientPasswords, ClientPasswords)
describe(AsyncStaffPasswords, StaffPasswords)
