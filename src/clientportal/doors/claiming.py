"""Linking accounts to records, households, and what a booking starts with: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = [
    "VisitorClaiming",
    "AsyncVisitorClaiming",
    "ClientClaiming",
    "AsyncClientClaiming",
    "StaffClaiming",
    "AsyncStaffClaiming",
]


class VisitorClaiming(Door):
    """What a visitor can do of it."""


class AsyncVisitorClaiming(AsyncDoor):
    """The twin of :class:`VisitorClaiming`, awaited."""


class ClientClaiming(Door):
    """What a session can do of it."""


class AsyncClientClaiming(AsyncDoor):
    """The twin of :class:`ClientClaiming`, awaited."""


class StaffClaiming(Door):
    """What staff can do of it."""


class AsyncStaffClaiming(AsyncDoor):
    """The twin of :class:`StaffClaiming`, awaited."""


describe(AsyncVisitorClaiming, VisitorClaiming)
describe(AsyncClientClaiming, ClientClaiming)
describe(AsyncStaffClaiming, StaffClaiming)
