"""Importing and exporting the list, erasing and handing out what is held: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe

__all__ = ["StaffClientFiles", "AsyncStaffClientFiles"]


class StaffClientFiles(Door):
    """What staff can do of it."""


class AsyncStaffClientFiles(AsyncDoor):
    """The twin of :class:`StaffClientFiles`, awaited."""


describe(AsyncStaffClientFiles, StaffClientFiles)
