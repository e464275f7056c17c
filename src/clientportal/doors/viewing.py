"""Looking at the portal through a client's eyes: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = ["StaffViewing", "AsyncStaffViewing"]


class StaffViewing(Door):
    """What staff can do of it."""


class AsyncStaffViewing(AsyncDoor):
    """The twin of :class:`StaffViewing`, awaited."""


describe(AsyncStaffViewing, StaffViewing)
