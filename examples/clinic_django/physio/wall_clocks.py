"""What a clock on a wall says, as an instant; and the reverse.

A wall clock without a zone says nothing clear twice a year. Where clocks go forward an hour is missing: a time in it is
read as if they had not gone forward yet. Where they go back an hour comes twice: a time in it is the first of the two,
and the second cannot be written down.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["WIDEST", "instant", "on_the_wall", "plain_utc", "stretch"]

WIDEST = timedelta(hours=16)
"""No clock has ever been further from UTC than this, to either side (Manila was 15:56 behind, until 1844)."""


def instant(wall: datetime, zone: str) -> datetime:
    """When the clock in that zone says this."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def stretch(starts: datetime, ends: datetime, zone: str) -> tuple[datetime, datetime]:
    """From when to when. The end is counted from the start: read by itself it would be an hour off on some nights."""
    start = instant(starts, zone)
    return start, start + (ends - starts)


def on_the_wall(moment: datetime, zone: str) -> datetime:
    """What the clock in that zone says then, to the minute."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0, second=0, microsecond=0)


def plain_utc(moment: datetime) -> datetime:
    """What a clock in UTC says then: at most WIDEST from any other."""
    return moment.astimezone(UTC).replace(tzinfo=None)
