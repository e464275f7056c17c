"""What may be shown of a card: four digits, and nothing that pays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clientportal import InvalidInput
from clientportal.values import Answer, CardSummary, Prefill

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "card",
    [
        ("visa", "4242424242424242", 12, 2030),
        ("visa", "424", 12, 2030),
        ("visa", "４２４２", 12, 2030),
        ("visa", 4242, 12, 2030),
        ("visa", "4242", 0, 2030),
        ("visa", "4242", 13, 2030),
        ("visa", "4242", "12", 2030),
        ("visa", "4242", 12, 30),
        ("visa", "4242", 12, None),
        (None, "4242", 12, 2030),
    ],
)
def test_a_card_is_a_brand_four_digits_and_a_month(card: tuple[Any, ...]) -> None:
    """Whoever hands over more hands over a card number: refused where the value is made."""
    with pytest.raises(InvalidInput, match="CardSummary"):
        CardSummary(*card)


def test_answers_stay_out_of_logs() -> None:
    """What somebody wrote about their health is in no ``repr``; a card is a summary or absent."""
    given = Prefill((Answer("health", "allergies", "latex", NOW),), CardSummary("visa", "4242", 12, 2030))
    assert "latex" not in repr(given)
    with pytest.raises(InvalidInput, match=r"Prefill\.card"):
        Prefill(card="4242")  # type: ignore[arg-type]
