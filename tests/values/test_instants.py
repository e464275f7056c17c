"""Instants are aware UTC; wall clocks follow the zone through daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidInput
from clientportal.values import Business, as_utc, in_zone, zone
from clientportal.values.instants import as_utc_or_none

ZONES = ["UTC", "Pacific/Auckland", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]


class _Unsure(tzinfo):
    """A zone that does not know its offset: the datetime carries it and is naive all the same."""

    def utcoffset(self, _when: datetime | None) -> None:
        return None


def test_an_aware_instant_becomes_utc() -> None:
    """The moment stays, the zone becomes UTC."""
    auckland = datetime(2026, 1, 15, 9, 0, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert (datetime(2026, 1, 14, 20, 0, tzinfo=UTC), UTC) == (as_utc(auckland), as_utc(auckland).tzinfo)


@pytest.mark.parametrize(("year", "zone_name"), [(1, "Pacific/Auckland"), (9999, "America/New_York")])
def test_an_instant_outside_of_the_calendar_is_refused(year: int, zone_name: str) -> None:
    """The first hour of year 1 in Auckland is no instant of UTC, nor the last of year 9999 in New York."""
    day = (1, 1, 1, 0) if year == 1 else (9999, 12, 31, 23)
    with pytest.raises(InvalidInput, match="outside of the calendar"):
        as_utc(datetime(*day, tzinfo=ZoneInfo(zone_name)))


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 15, 9, 0),
        datetime(2026, 1, 15, 9, 0, tzinfo=_Unsure()),
        date(2026, 1, 15),
        "2026-01-15T09:00:00Z",
        1768467600,
        None,
    ],
)
def test_what_has_no_offset_is_refused(value: Any) -> None:
    """The meaning of a naive time would be a guess."""
    with pytest.raises(InvalidInput, match="aware datetime"):
        as_utc(value)


def test_an_absent_instant_stays_absent() -> None:
    """Optional fields convert only what is there."""
    assert as_utc_or_none(None) is None


@pytest.mark.parametrize(
    "name", ["", "NZ Time", "Pacific", "../../etc/passwd", "/etc/passwd", "\x00", "\ud800", "A" * 5000, "+12:00"]
)
def test_only_iana_names_are_zones(name: str) -> None:
    """Neither paths nor offsets nor broken text are zones, here or in a business."""
    with pytest.raises(InvalidInput, match="IANA"):
        zone(name)
    with pytest.raises(InvalidInput, match="IANA"):
        Business("1", "Salon", name)


@pytest.mark.parametrize(
    ("instant", "clock"),
    [
        (datetime(2026, 4, 4, 13, 30, tzinfo=UTC), "02:30 NZDT"),
        (datetime(2026, 4, 4, 14, 30, tzinfo=UTC), "02:30 NZST"),
        (datetime(2026, 9, 26, 13, 30, tzinfo=UTC), "01:30 NZST"),
        (datetime(2026, 9, 26, 14, 30, tzinfo=UTC), "03:30 NZDT"),
    ],
)
def test_wall_clocks_follow_daylight_saving(instant: datetime, clock: str) -> None:
    """The hour that comes twice and the hour that is left out are told apart by the instant."""
    assert clock == in_zone(instant, "Pacific/Auckland").strftime("%H:%M %Z")


@given(
    st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from(ZONES).map(ZoneInfo)),
    st.sampled_from(ZONES),
)
def test_a_wall_clock_and_back_is_the_same_moment(instant: datetime, name: str) -> None:
    """Going through any zone's wall clock loses nothing, not even in the hour that comes twice."""
    utc = as_utc(instant)
    assert (utc, timedelta(0)) == (as_utc(in_zone(utc, name)), as_utc(utc) - utc)
