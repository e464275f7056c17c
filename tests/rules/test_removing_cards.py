"""rules/removing_cards.py: may a client remove a saved card? Each of the three rules, by all that it looks at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal import Appointment, AppointmentStatus, Policy, Reason, RecordRef, Refusal
from clientportal.decisions import Because
from clientportal.policy import CardRemoval
from clientportal.rules.removing_cards import CardInUse, judge_removal, kept_by, next_open
from clientportal.values.cards import Card, CardGuard

START = datetime(2026, 12, 1, 20, 0, tzinfo=UTC)
FREE, REQUIRED, PREPAID = CardRemoval
CARD = Card(
    id="c1",
    ref=RecordRef.client("ana"),
    brand="Visa",
    last_four="4242",
    expires_month=4,
    expires_year=2029,
    saved_at=datetime(2026, 1, 1, tzinfo=UTC),
)
WANTED = evolve(CARD, required=True)


def under(rule: CardRemoval) -> Policy:
    """A policy that has chosen one of the three."""
    return evolve(Policy(), clients=evolve(Policy().clients, card_removal=rule))


def an_appointment(id: str = "a1", status: AppointmentStatus = AppointmentStatus.CONFIRMED) -> Appointment:
    """One on the second of December at 9:00 in Auckland."""
    return Appointment(
        id=id,
        ref=RecordRef.client("ana"),
        service_id="cut",
        start=START,
        end=START + timedelta(minutes=45),
        zone="Pacific/Auckland",
        status=status,
        made_at=START - timedelta(days=30),
    )


def a_guard(
    status: AppointmentStatus = AppointmentStatus.CONFIRMED, *, refund: bool = False, id: str = "a1", days: int = 0
) -> CardGuard:
    """One that was paid for in advance."""
    return CardGuard(
        appointment=id,
        status=status,
        start=START + timedelta(days=days),
        zone="Pacific/Auckland",
        refund_outstanding=refund,
    )


def test_free_is_free() -> None:
    """Required, with an appointment ahead, and prepaid: it may go all the same."""
    seen = CardInUse(WANTED, an_appointment(), (a_guard(),))
    assert judge_removal(seen, under(FREE)) == Because(
        "removing_cards.judge_removal", (), (("clients.card_removal", "free"),)
    )


@pytest.mark.parametrize(
    ("card", "ahead", "kept"),
    [
        (WANTED, an_appointment(), True),
        (WANTED, None, False),
        (CARD, an_appointment(), False),
        (CARD, None, False),
    ],
)
def test_required_and_upcoming_are_both_needed(card: Card, ahead: Appointment | None, kept: bool) -> None:
    """Timely: one of the two alone keeps no card; what was prepaid does not matter there."""
    judged = judge_removal(CardInUse(card, ahead, (a_guard(),)), under(REQUIRED))
    assert isinstance(judged, Refusal) is kept
    because = judged.because if isinstance(judged, Refusal) else judged
    assert dict(because.facts) == {
        "a card is required": "yes" if card.required else "no",
        "upcoming": "none" if ahead is None else "a1",
    }


@pytest.mark.parametrize(
    ("status", "refund", "kept"),
    [
        (AppointmentStatus.REQUESTED, False, True),
        (AppointmentStatus.CONFIRMED, False, True),
        (AppointmentStatus.CONFIRMED, True, True),
        (AppointmentStatus.COMPLETED, False, False),
        (AppointmentStatus.COMPLETED, True, False),
        (AppointmentStatus.CANCELLED, False, False),
        (AppointmentStatus.CANCELLED, True, True),
        (AppointmentStatus.NO_SHOW, False, False),
        (AppointmentStatus.NO_SHOW, True, True),
    ],
)
def test_a_prepaid_appointment_keeps_its_card_until_it_is_settled(
    status: AppointmentStatus, refund: bool, kept: bool
) -> None:
    """M9, by every status, with and without money to be paid back."""
    judged = judge_removal(CardInUse(CARD, guards=(a_guard(status, refund=refund),)), under(PREPAID))
    assert isinstance(judged, Refusal) is kept


def test_a_refusal_names_the_appointment_its_date_and_the_rule() -> None:
    """By the clock of the appointment's own zone; the earliest of several, ties by id."""
    guards = (
        a_guard(id="late", days=3),
        a_guard(id="b"),
        a_guard(id="a"),
        a_guard(AppointmentStatus.COMPLETED, days=-9),
    )
    judged = judge_removal(CardInUse(CARD, guards=guards), under(PREPAID))
    assert isinstance(judged, Refusal)
    assert judged.reason is Reason.CARD_NEEDED
    assert judged.facts == {"appointment": "a", "when": "2026-12-02 09:00 NZDT", "rule": "unless_prepaid_future"}
    assert dict(judged.because.facts) == {
        "prepaid": "4",
        "stays for": "a",
        "status": "confirmed",
        "to be paid back": "no",
    }


def test_where_nothing_is_kept_nothing_is_named() -> None:
    """No prepaid appointment at all, and one that is completed."""
    for guards in ((), (a_guard(AppointmentStatus.COMPLETED),)):
        judged = judge_removal(CardInUse(CARD, guards=guards), under(PREPAID))
        assert isinstance(judged, Because)
        assert dict(judged.facts) == {"prepaid": str(len(guards)), "stays for": "nothing"}


@given(st.lists(st.tuples(st.sampled_from(AppointmentStatus), st.booleans(), st.integers(-5, 5)), max_size=6))
def test_one_more_prepaid_appointment_never_frees_a_card(given_: list[tuple[AppointmentStatus, bool, int]]) -> None:
    """Whatever stands there already: with another that is to happen, the card stays; and time alone changes nothing,
    for the rule is handed no clock.
    """
    guards = [a_guard(status, refund=refund, id=str(n), days=days) for n, (status, refund, days) in enumerate(given_)]
    if kept_by(guards) is not None:
        assert kept_by([*guards, a_guard(id="x")]) is not None
    assert kept_by([*guards, a_guard(id="x")]) is not None


def test_the_next_one_is_the_first_that_is_to_happen() -> None:
    """Cancelled ones are listed among what lies ahead, and passed over."""
    cancelled = an_appointment("x", AppointmentStatus.CANCELLED)
    assert next_open([cancelled, an_appointment("a"), an_appointment("b")]) == an_appointment("a")
    assert next_open([cancelled]) is None
    assert next_open([]) is None
