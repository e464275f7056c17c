"""What a booking form starts with: the record's, else the account's; the latest answer to each question (A14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from attrs import evolve

from clientportal.outcomes import Profile
from clientportal.policy import presets
from clientportal.records import Account
from clientportal.rules.who_may_see import booking_profile, latest_answers
from clientportal.values import Answer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TIMETAP = presets.timetap(region="NZ")
MERE = Account(
    id="a1", email="email:mere@example.com", address="mere@example.com", created_at=NOW, first_name="Mere",
    phone="021 123 4567",
)  # fmt: skip


@pytest.mark.parametrize(
    ("record", "account", "expected"),
    [
        (Profile("Hana", "Kingi"), MERE, ("Hana", "mere@example.com", "021 123 4567", None)),
        (Profile("Hana", email="h@example.com"), MERE, ("Hana", "h@example.com", "021 123 4567", None)),
        (Profile("Hana", phone="09 300 1234"), MERE, ("Hana", "mere@example.com", "09 300 1234", None)),
        (Profile("Hana", mobile="021 9"), MERE, ("Hana", "mere@example.com", None, "021 9")),
        (Profile("Hana"), None, ("Hana", None, None, None)),
    ],
)
def test_a_contact_that_the_record_lacks_is_the_accounts(
    record: Profile, account: Account | None, expected: tuple[str | None, ...]
) -> None:
    """A mother books for her child: the child's name, her own email and phone. Never her name for the child's."""
    start = booking_profile(record, account, TIMETAP)
    assert (start.first_name, start.email, start.phone, start.mobile) == expected


def test_what_the_policy_does_not_show_is_not_filled_in_either() -> None:
    """Neither the record's nor the account's."""
    closed = evolve(TIMETAP, visibility=evolve(TIMETAP.visibility, fields=("first_name",)))
    assert booking_profile(Profile("Hana"), MERE, closed) == Profile("Hana")


def test_each_question_is_answered_once_and_by_the_latest() -> None:
    """Whatever the order in which the platform hands them over; the same question of another form is another one."""
    old, new = NOW - timedelta(days=1), NOW
    answers = [
        Answer("health", "allergies", "none", old),
        Answer("health", "allergies", "latex", new),
        Answer("health", "allergies", "dust", new),
        Answer("pets", "allergies", "fleas", old),
    ]
    for order in permutations(answers):
        assert latest_answers(order) == (answers[1], answers[3])
    assert latest_answers(()) == ()
