"""Lengths of time are words, and survive exactly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.policy.durations import in_words, read_words


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("10 minutes", timedelta(minutes=10)),
        ("1 minute", timedelta(minutes=1)),
        ("1 hour 30 minutes", timedelta(minutes=90)),
        ("1 hour and 30 minutes", timedelta(minutes=90)),
        ("1 day, 2 hours, 3 seconds", timedelta(days=1, hours=2, seconds=3)),
        ("2 weeks", timedelta(days=14)),
        ("90 minutes", timedelta(minutes=90)),
        (" 5  microseconds ", timedelta(microseconds=5)),
        ("0 seconds", timedelta(0)),
    ],
)
def test_lengths_of_time_are_words(text: str, length: timedelta) -> None:
    """Whole numbers of different units, added up."""
    assert length == read_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "minutes",
        "10min",
        "1.5 hours",
        "-1 days",
        "1 hour 1 hour",
        "1 hour,",
        "1 hour and",
        "1 hour30 minutes",
        "ten minutes",
        "1 month",
        "PT10M",
        "00:10:00",
        "999999999999 weeks",
        "\u0661 day",
        "1 hour\x00",
        ", 1 hour",
    ],
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    """Months and years differ in length, fractions and repeated units are slips."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_words(text)
    assert text == str(caught.value)


@given(st.timedeltas(timedelta(0), timedelta.max))
def test_lengths_of_time_survive_exactly(length: timedelta) -> None:
    """Words and back, to the microsecond."""
    assert length == read_words(in_words(length))
