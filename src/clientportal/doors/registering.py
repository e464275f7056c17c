"""Registering, and proving the email of a registration: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = [
    "VisitorRegistering",
    "AsyncVisitorRegistering",
    "ClientRegistering",
    "AsyncClientRegistering",
    "StaffRegistering",
    "AsyncStaffRegistering",
]


class VisitorRegistering(Door):
    """What a visitor can do of it."""


class AsyncVisitorRegistering(AsyncDoor):
    """The twin of :class:`VisitorRegistering`, awaited."""


class ClientRegistering(Door):
    """What a session can do of it."""


class AsyncClientRegistering(AsyncDoor):
    """The twin of :class:`ClientRegistering`, awaited."""


class StaffRegistering(Door):
    """What staff can do of it."""


class AsyncStaffRegistering(AsyncDoor):
    """The twin of :class:`StaffRegistering`, awaited."""


describe(AsyncVisitorRegistering, VisitorRegistering)
describe(AsyncClientRegistering, ClientRegistering)
describe(AsyncStaffRegistering, StaffRegistering)
