"""Free times a week at a time, as the pages of a booking and of a signed link show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from clientportal.values import Slot
from clientportal.web.visits import Visit

__all__ = ["MOST_SLOTS", "Day", "Week", "around_day", "days_of", "shown_week", "week_of"]

MOST_SLOTS = 200
"""No page lists more free times than that."""

_WEEK = timedelta(days=7)
_AHEAD = timedelta(days=365)
"""Nobody leafs further: a day that is typed into the address is brought in between."""


@frozen
class Day:
    """One day of the business's calendar with its free times."""

    day: date
    slots: tuple[Slot, ...]


@frozen
class Week:
    """Seven days of the business's calendar, and the instants between which they lie."""

    first: date
    today: date
    since: datetime
    until: datetime


def days_of(slots: tuple[Slot, ...]) -> tuple[Day, ...]:
    """Free times by the day that they are on, each by its own wall clock."""
    ordered = sorted(slots, key=lambda one: (one.local_start.date(), one.start, one.id))
    return tuple(Day(day, tuple(some)) for day, some in groupby(ordered, key=lambda one: one.local_start.date()))


def week_of(visit: Visit) -> Week:
    """The week that is asked for: from today on at the earliest, from a year ahead at the latest."""
    today = _today(visit)
    asked = _asked(visit) or today
    first = min(max(asked, today), today + _AHEAD)
    return Week(first, today, _midnight(visit, first), _midnight(visit, first + _WEEK))


def shown_week(visit: Visit, base: str, week: Week, slots: tuple[Slot, ...]) -> Mapping[str, Any]:
    """What a template shows of a week: its days, and the addresses of the weeks around it."""
    earlier = max(week.first - _WEEK, week.today)
    return {
        "days": days_of(slots),
        "first": week.first,
        "last": week.first + _WEEK - timedelta(days=1),
        "earlier": visit.url(base, **{"from": earlier.isoformat()}) if week.first > week.today else None,
        "later": visit.url(base, **{"from": (week.first + _WEEK).isoformat()}),
    }


def around_day(visit: Visit) -> tuple[datetime, datetime] | None:
    """The instants around the day that is asked for, where one is. A slot says its own day, in its own zone, which may
    be a day off the business's.
    """
    asked, today = _asked(visit), _today(visit)
    if asked is None:
        return None
    day = min(max(asked, today), today + _AHEAD + _WEEK)
    return _midnight(visit, day - timedelta(days=1)), _midnight(visit, day + timedelta(days=2))


def _today(visit: Visit) -> date:
    return visit.now.astimezone(ZoneInfo(visit.business.zone)).date()


def _midnight(visit: Visit, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(visit.business.zone))


def _asked(visit: Visit) -> date | None:
    try:
        return date.fromisoformat(visit.get("from") or visit.request.form.get("from", ""))
    except ValueError:
        return None
