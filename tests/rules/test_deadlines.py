"""The last moment of a window: elapsed hours, calendar days, and the clocks that change in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.policy import Window, WindowUnit
from clientportal.rules.who_may_change import deadline
from clientportal.testing.strategies import ZONES, appointments
from clientportal.values import Appointment

TICK = timedelta(microseconds=1)
UNITS = st.sampled_from(WindowUnit)
AMOUNTS = st.integers(0, 400)


def wall(text: str, zone: str, fold: int = 0) -> datetime:
    """A wall clock as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@given(appointments(), UNITS, AMOUNTS, st.sampled_from(ZONES))
def test_a_longer_window_ends_no_later(appointment: Appointment, unit: WindowUnit, amount: int, zone: str) -> None:
    """Monotone in the amount, never after the start, and in UTC."""
    ends = [deadline(appointment.start, Window(amount=n, unit=unit), zone) for n in (amount, amount + 1)]

    assert ends[1] <= ends[0] <= appointment.start
    assert all(end.utcoffset() == timedelta(0) for end in ends)


@given(appointments(), AMOUNTS)
def test_hours_are_elapsed_hours(appointment: Appointment, amount: int) -> None:
    """Whatever the clocks do and wherever the business is."""
    for zone in ZONES:
        assert appointment.start - deadline(appointment.start, Window(amount=amount), zone) == timedelta(hours=amount)


@given(appointments(), st.integers(1, 400), st.sampled_from(ZONES))
def test_days_end_where_the_date_changes(appointment: Appointment, amount: int, zone: str) -> None:
    """The deadline is the first moment of a date: a microsecond before it is N dates before the appointment's."""
    there = ZoneInfo(zone)
    end = deadline(appointment.start, Window(amount=amount, unit=WindowUnit.DAYS), zone)
    date = appointment.start.astimezone(there).date()

    assert (date - (end - TICK).astimezone(there).date()).days == amount
    assert (date - end.astimezone(there).date()).days == amount - 1


@given(appointments(), st.sampled_from(ZONES))
def test_no_days_is_until_the_start(appointment: Appointment, zone: str) -> None:
    """The end of the appointment's own day is after its start, and the start is the last moment."""
    assert deadline(appointment.start, Window(unit=WindowUnit.DAYS), zone) == appointment.start


@pytest.mark.parametrize(
    ("start", "zone", "amount", "unit", "expected"),
    [
        # New Zealand, clocks forward on Sunday 27 September 2026 at 02:00, back on Sunday 5 April 2026 at 03:00.
        ("2026-09-27 09:00", "Pacific/Auckland", 24, "hours", "2026-09-26 08:00"),
        ("2026-04-05 09:00", "Pacific/Auckland", 24, "hours", "2026-04-04 10:00"),
        ("2026-09-27 09:00", "Pacific/Auckland", 1, "days", "2026-09-27 00:00"),
        ("2026-09-28 09:00", "Pacific/Auckland", 1, "days", "2026-09-28 00:00"),
        ("2026-09-28 09:00", "Pacific/Auckland", 2, "days", "2026-09-27 00:00"),
        # Lord Howe Island moves by half an hour.
        ("2025-10-05 09:00", "Australia/Lord_Howe", 24, "hours", "2025-10-04 08:30"),
        # São Paulo skipped midnight of 4 November 2018: 24:00 of the 3rd is 01:00 of the 4th.
        ("2018-11-04 09:00", "America/Sao_Paulo", 1, "days", "2018-11-04 01:00"),
        ("2018-11-05 09:00", "America/Sao_Paulo", 2, "days", "2018-11-04 01:00"),
        # Cairo skips midnight too.
        ("2023-04-28 10:00", "Africa/Cairo", 1, "days", "2023-04-28 01:00"),
        # Samoa skipped the whole of 30 December 2011.
        ("2011-12-31 09:00", "Pacific/Apia", 1, "days", "2011-12-31 00:00"),
        ("2011-12-31 09:00", "Pacific/Apia", 2, "days", "2011-12-31 00:00"),
        ("2011-12-31 09:00", "Pacific/Apia", 3, "days", "2011-12-29 00:00"),
        # Havana has midnight twice on 2 November 2025: the first one counts.
        ("2025-11-02 09:00", "America/Havana", 1, "days", "2025-11-02 00:00"),
        # An appointment at midnight: the day before ends when it starts.
        ("2026-06-10 00:00", "Europe/Dublin", 1, "days", "2026-06-10 00:00"),
        ("2026-06-10 00:00", "Europe/Dublin", 2, "days", "2026-06-09 00:00"),
    ],
)
def test_the_clocks_change(start: str, zone: str, amount: int, unit: str, expected: str) -> None:
    """Deadlines around every kind of clock change, by the wall clock."""
    window = Window(amount=amount, unit=WindowUnit(unit))

    assert deadline(wall(start, zone), window, zone) == wall(expected, zone)


def test_days_are_those_of_the_business() -> None:
    """An appointment at 09:00 in Auckland is on the day before in Dublin, and its days are counted there."""
    start = wall("2026-06-10 09:00", "Pacific/Auckland")
    window = Window(amount=1, unit=WindowUnit.DAYS)

    assert deadline(start, window, "Europe/Dublin") == wall("2026-06-09 00:00", "Europe/Dublin")


@pytest.mark.parametrize("unit", WindowUnit)
def test_the_longest_window_has_a_date(unit: WindowUnit) -> None:
    """A hundred thousand hours or days before is a moment; more is refused when the policy is made, not at a client."""
    start = wall("2026-06-10 09:00", "Pacific/Auckland")

    assert deadline(start, Window(amount=100_000, unit=unit), "Pacific/Auckland") < start
    with pytest.raises(ValueError, match="100000"):
        Window(amount=100_001, unit=unit)
