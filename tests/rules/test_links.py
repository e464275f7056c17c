"""Signed links: what they say survives the way there and back, and every bad one looks the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Because, Reason
from clientportal.rules.links import LinkClaims, judge_link, read_claims
from clientportal.testing.strategies import refs
from clientportal.values import RecordRef

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
CLAIMS = st.builds(
    LinkClaims, TEXT, TEXT, refs(), st.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC)), TEXT
)


@given(CLAIMS, TEXT)
def test_what_was_signed_is_what_is_read(claims: LinkClaims, tenant: str) -> None:
    """For the business that it was signed for."""
    assert read_claims({**claims.as_mapping(), "t": tenant}, tenant) == claims


@given(CLAIMS, TEXT, TEXT)
def test_another_business_reads_nothing(claims: LinkClaims, tenant: str, other: str) -> None:
    """A link is good at one business only (law 10); one that names none is good nowhere."""
    assert read_claims({**claims.as_mapping(), "t": tenant}, tenant + other) is None
    assert read_claims(claims.as_mapping(), tenant) is None
    assert read_claims(None, tenant) is None


@given(CLAIMS)
def test_a_link_lives_no_longer_than_it_says(claims: LinkClaims) -> None:
    """Good until the microsecond before its end, and over at it."""
    assert judge_link(claims, False, claims.expires_at - timedelta(microseconds=1)) is None
    assert judge_link(claims, False, claims.expires_at) is not None


@pytest.mark.parametrize(
    ("good", "spent", "now", "facts"),
    [
        (False, False, NOON, {"signature": "bad", "expired": "False", "used": "False"}),
        (True, True, NOON, {"signature": "good", "expired": "False", "used": "True"}),
        (True, False, NOON + timedelta(hours=1), {"signature": "good", "expired": "True", "used": "False"}),
    ],
)
def test_every_bad_link_is_refused_alike(good: bool, spent: bool, now: datetime, facts: dict[str, str]) -> None:
    """Changed, used or over: one reason for the client, the facts for staff."""
    claims = LinkClaims("a1", "7", RecordRef.client("ana"), NOON + timedelta(hours=1), "l1")

    refusal = judge_link(claims if good else None, spent, now)

    assert refusal is not None
    assert refusal.reason is Reason.LINK_GONE
    assert refusal.because == Because("links.judge_link", tuple(facts.items()))
