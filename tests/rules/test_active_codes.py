"""A15: which codes are active, by the business's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal import InvalidInput, Money, RecordRef
from clientportal.rules.active_codes import active, is_active
from clientportal.values import ActiveCode, CodeKind

pytestmark = pytest.mark.requirement("A15")

AUCKLAND, NEW_YORK = "Pacific/Auckland", "America/New_York"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def code(id: str = "c", **more: Any) -> ActiveCode:
    """One code of Ana's."""
    given = {"kind": "package", "code": "SECRET", "name": id, **more}
    return ActiveCode(id=id, ref=RecordRef.client("ana"), **given)


@pytest.mark.parametrize(
    ("more", "still"),
    [
        ({}, True),
        ({"credits_left": 1}, True),
        ({"credits_left": 0}, False),
        ({"balance": Money("0.01", "NZD")}, True),
        ({"balance": Money("0", "NZD")}, False),
        ({"balance": Money("5", "NZD"), "credits_left": 0}, True),
        ({"balance": Money("0", "NZD"), "credits_left": 0}, False),
        ({"expires_at": NOW}, False),
        ({"expires_at": NOW + timedelta(microseconds=1)}, True),
        ({"last_day": date(2026, 11, 22)}, True),
        ({"last_day": date(2026, 11, 21)}, False),
        ({"last_day": date(2026, 11, 22), "expires_at": NOW}, False),
    ],
)
def test_something_must_be_left_and_it_must_not_be_over(more: dict[str, Any], still: bool) -> None:
    """Noon in UTC is one in the morning of the 22nd in Auckland."""
    assert is_active(code(**more), AUCKLAND, NOW) is still


def test_a_last_day_is_the_businesss_day() -> None:
    """In New York it is still the 21st."""
    assert is_active(code(last_day=date(2026, 11, 21)), NEW_YORK, NOW)
    assert not is_active(code(last_day=date(2026, 11, 21)), AUCKLAND, NOW)


@pytest.mark.parametrize(
    ("last_moment", "day"),
    [
        # The clocks go forward on 27 September and back on 4 April 2027: the day is an hour shorter, or longer.
        (datetime(2026, 9, 27, 10, 59, 59, tzinfo=UTC), date(2026, 9, 27)),
        (datetime(2027, 4, 4, 11, 59, 59, tzinfo=UTC), date(2027, 4, 4)),
    ],
)
def test_a_last_day_ends_at_midnight_where_the_clocks_change(last_moment: datetime, day: date) -> None:
    """To the second, on both days."""
    assert is_active(code(last_day=day), AUCKLAND, last_moment)
    assert not is_active(code(last_day=day), AUCKLAND, last_moment + timedelta(seconds=1))


def test_packages_come_before_gifts_before_subscriptions_and_what_ends_first_before_the_rest() -> None:
    """By the day on which it ends, in whichever way the platform says it; then by name, then by id."""
    codes = [
        code("s", kind=CodeKind.SUBSCRIPTION, last_day=date(2026, 12, 1)),
        code("g", kind=CodeKind.GIFT),
        code("never", kind=CodeKind.PACKAGE),
        code("moment", expires_at=datetime(2026, 12, 1, 12, tzinfo=UTC)),
        code("day", last_day=date(2026, 12, 1)),
        code("both", last_day=date(2027, 1, 1), expires_at=datetime(2026, 11, 30, tzinfo=UTC)),
        code("gone", credits_left=0),
    ]
    assert [one.id for one in active(codes, AUCKLAND, NOW)] == ["both", "day", "moment", "never", "g", "s"]


def test_a_moment_counts_by_the_day_that_it_is_at_the_business() -> None:
    """Noon of 1 December in Greenwich is the small hours of the 2nd in Auckland: what ends on the 1st comes first."""
    moment = code("a", expires_at=datetime(2026, 12, 1, 12, tzinfo=UTC))
    day = code("b", last_day=date(2026, 12, 1))
    assert active([moment, day], AUCKLAND, NOW) == (day, moment)
    assert active([day, moment], "Europe/London", NOW) == (moment, day)


@given(st.datetimes(timezones=st.just(UTC)), st.dates())
def test_a_code_that_is_over_is_never_active_again(now: datetime, day: date) -> None:
    """Law: whatever the moment, later is not better."""
    one = code(last_day=day)
    later = min(now, datetime(9998, 1, 1, tzinfo=UTC)) + timedelta(days=1)
    earlier = later - timedelta(days=1)
    if earlier.year > 1 and is_active(one, AUCKLAND, later):
        assert is_active(one, AUCKLAND, earlier)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "loan"}, {"code": 5}, {"name": None}, {"credits_left": -1}, {"credits_left": True},
        {"credits_left": "2"}, {"balance": 5}, {"last_day": NOW}, {"last_day": "2026-12-01"},
        {"expires_at": datetime(2026, 12, 1)},
    ],
    ids=repr,
)  # fmt: skip
def test_what_a_host_hands_over_is_checked_once(wrong: dict[str, Any]) -> None:
    """One documented error that says what would be right; the code itself is not in it."""
    with pytest.raises(InvalidInput) as caught:
        code(**wrong)
    assert "SECRET" not in str(caught.value)
