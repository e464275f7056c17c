"""The client list: finding, adding, changing, deleting clients: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = ["StaffClientList", "AsyncStaffClientList"]


class StaffClientList(Door):
    """What staff can do of it."""


class AsyncStaffClientList(AsyncDoor):
    """The twin of :class:`StaffClientList`, awaited."""


describe(AsyncStaffClientList, StaffClientList)
