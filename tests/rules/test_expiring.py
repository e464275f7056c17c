"""rules/expiring.py: days of the business's calendar, and what is left of packages and memberships (M4, M5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal import Money, RecordRef
from clientportal.rules.expiring import batches_apart, business_day, is_over, package_state
from clientportal.values.memberships import CreditBatch
from clientportal.values.packages import Package, PackageCredits, PackageState

TODAY = date(2026, 11, 21)
ZONES = ("Pacific/Auckland", "America/New_York", "America/Havana", "Asia/Beirut", "Pacific/Kiritimati", "Etc/GMT+12")


def a_package(left: int = 3, *, last_day: date | None = None, cancelled: bool = False) -> Package:
    """Five cuts, of which some are left."""
    return Package(
        id="p",
        ref=RecordRef.client("ana"),
        name="Five cuts",
        bought_at=datetime(2026, 1, 1, tzinfo=UTC),
        credits=(PackageCredits(bought=5, left=left),),
        last_day=last_day,
        cancelled=cancelled,
    )


def test_it_is_another_day_elsewhere() -> None:
    """At one instant it is Saturday in Auckland and Friday in New York."""
    now = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    assert business_day("Pacific/Auckland", now) == TODAY
    assert business_day("America/New_York", now) == TODAY - timedelta(days=1)


def test_what_has_no_last_day_is_never_over() -> None:
    """Nor is what ends today; what ended yesterday is."""
    assert not is_over(None, date.max)
    assert not is_over(TODAY, TODAY)
    assert is_over(TODAY, TODAY + timedelta(days=1))


@given(
    st.sampled_from(ZONES),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31)).map(lambda one: one.replace(tzinfo=UTC)),
)
def test_over_is_over(zone: str, last_day: date, now: datetime) -> None:
    """What is over does not come back an hour later, whatever the clocks do that night; and it is over exactly from
    the midnight on that the business's clock shows.
    """
    over = is_over(last_day, business_day(zone, now))
    next_day = last_day + timedelta(days=1)
    midnight = datetime(next_day.year, next_day.month, next_day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert over == (now >= midnight)
    if over:
        assert is_over(last_day, business_day(zone, now + timedelta(hours=1)))


def test_batches_that_end_first_come_first_and_expired_ones_apart() -> None:
    """Of five: two have expired, the latest first; what never ends comes last of those that can be used."""
    ends = [date(2027, 1, 1), None, date(2026, 11, 20), TODAY, date(2026, 1, 1)]
    usable, expired = batches_apart([CreditBatch(credits=1, last_day=day) for day in ends], TODAY)
    assert [one.last_day for one in usable] == [TODAY, date(2027, 1, 1), None]
    assert [one.last_day for one in expired] == [date(2026, 11, 20), date(2026, 1, 1)]


@given(st.lists(st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 1)), max_size=8))
def test_no_batch_is_lost_or_doubled(ends: list[date | None]) -> None:
    """Whatever ends when: each batch is in one of the two lists."""
    batches = [
        CreditBatch(for_what=str(place), value=Money("1.00", "NZD"), last_day=day) for place, day in enumerate(ends)
    ]
    usable, expired = batches_apart(batches, TODAY)
    assert sorted(one.for_what for one in (*usable, *expired)) == sorted(one.for_what for one in batches)
    assert all(is_over(one.last_day, TODAY) for one in expired)


@pytest.mark.parametrize(
    ("package", "state"),
    [
        (a_package(), PackageState.ACTIVE),
        (a_package(last_day=TODAY), PackageState.ACTIVE),
        (a_package(last_day=date(2026, 11, 20)), PackageState.EXPIRED),
        (a_package(0), PackageState.USED_UP),
        (a_package(0, last_day=date(2026, 11, 20)), PackageState.USED_UP),
        (a_package(0, last_day=date(2026, 11, 20), cancelled=True), PackageState.CANCELLED),
    ],
)
def test_the_state_of_a_package(package: Package, state: PackageState) -> None:
    """Cancelled for good, used up for good, expired, else active."""
    assert package_state(package, TODAY) is state
