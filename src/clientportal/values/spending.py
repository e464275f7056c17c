"""What one request costs of the budgets for sending, and what came of spending it."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import frozen

__all__ = ["Charge", "Spending"]


@frozen
class Charge:
    """One use of one axis: ``limits`` are (window, at most); ``gap`` is the wait after a use, doubling in a window.

    A window begins with the first use in it. ``id`` names the axis and its value; budgets that are counted outside of
    the portal's store are given a keyed digest in its place.
    """

    id: str
    limits: tuple[tuple[timedelta, int], ...]
    gap: timedelta | None = None


@frozen
class Spending:
    """All of it was spent, and the first charge may be used again at ``at``; or none, and ``at`` is when to try again.

    Aware UTC.
    """

    spent: bool
    at: datetime
