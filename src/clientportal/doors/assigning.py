"""Telling the portal of a booking, and whose it is: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = [
    "VisitorAssigning",
    "AsyncVisitorAssigning",
    "ClientAssigning",
    "AsyncClientAssigning",
    "StaffAssigning",
    "AsyncStaffAssigning",
]


class VisitorAssigning(Door):
    """What a visitor can do of it."""


class AsyncVisitorAssigning(AsyncDoor):
    """The twin of :class:`VisitorAssigning`, awaited."""


class ClientAssigning(Door):
    """What a session can do of it."""


class AsyncClientAssigning(AsyncDoor):
    """The twin of :class:`ClientAssigning`, awaited."""


class StaffAssigning(Door):
    """What staff can do of it."""


class AsyncStaffAssigning(AsyncDoor):
    """The twin of :class:`StaffAssigning`, awaited."""


describe(AsyncVisitorAssigning, VisitorAssigning)
describe(AsyncClientAssigning, ClientAssigning)
describe(AsyncStaffAssigning, StaffAssigning)
