"""Reading in portions: what is too much for one unit of work, such as every client of a business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from clientportal.errors import Conflict
from clientportal.operations.frame import TRIES, Reading
from clientportal.operations.setting import Setup, Staff

__all__ = ["look"]

P = ParamSpec("P")
T = TypeVar("T")


async def look(
    setup: Setup,
    staff: Staff,
    read: Callable[Concatenate[Reading, P], Awaitable[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Read one portion, ``read(reading, …)``, in a unit of its own; again where what was read has changed."""
    tries = 0
    while True:
        tries += 1
        try:
            async with setup.store.begin(staff.tenant, setup.host, writes=False, connection=setup.connection) as unit:
                return await read(Reading(setup, unit, staff, setup.clock()), *args, **kwargs)
        except Conflict:
            if setup.connection is not None or tries == TRIES:
                raise
