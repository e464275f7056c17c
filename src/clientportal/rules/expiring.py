"""Is this over, by the business's calendar? And what is left of a package or a membership today? (M4, M5, M6)

A last day ends at 24:00 by the business's clock, wherever the client is, also where the clocks change that night: what
is compared are days of one calendar, never instants that somebody has computed from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from clientportal.values.instants import in_zone
from clientportal.values.memberships import CreditBatch
from clientportal.values.packages import Package, PackageState

__all__ = ["batches_apart", "business_day", "is_over", "package_state"]


def business_day(zone: str, now: datetime) -> date:
    """Which day it is at the business."""
    return in_zone(now, zone).date()


def is_over(last_day: date | None, today: date) -> bool:
    """Whether the last day has passed; what has none is never over."""
    return last_day is not None and today > last_day


def batches_apart(
    batches: Iterable[CreditBatch], today: date
) -> tuple[tuple[CreditBatch, ...], tuple[CreditBatch, ...]]:
    """Credits that can still be used, what ends first first; and those that have expired, the latest first (M4)."""
    ordered = sorted(batches, key=lambda one: one.last_day or date.max)
    expired = [one for one in ordered if is_over(one.last_day, today)]
    return tuple(one for one in ordered if not is_over(one.last_day, today)), tuple(reversed(expired))


def package_state(package: Package, today: date) -> PackageState:
    """What a package is good for on that day; of several reasons why it is not, the one that holds for good (M5)."""
    if package.cancelled:
        return PackageState.CANCELLED
    if not package.credits_left:
        return PackageState.USED_UP
    return PackageState.EXPIRED if is_over(package.last_day, today) else PackageState.ACTIVE
