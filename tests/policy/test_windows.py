"""Windows and their price are validated when they are built."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import PolicyError
from clientportal.policy import ChangePolicy, Fee, Override, Window
from clientportal.values import Money

TEN = Money("10.00", "NZD")


@pytest.mark.parametrize("amount", [-1, -24])
def test_a_window_cannot_be_negative(amount: int) -> None:
    """It ends before the appointment or at its start."""
    with pytest.raises(ValueError, match="amount"):
        Window(amount=amount)


@pytest.mark.parametrize("settings", [{"unit": "weeks"}, {"edge": "open"}, {"late": "maybe"}])
def test_a_window_takes_only_its_own_choices(settings: dict[str, Any]) -> None:
    """A misspelt choice is no choice."""
    with pytest.raises(ValueError, match="not a valid"):
        Window(**settings)


@pytest.mark.parametrize(
    "settings", [{"late": "fee"}, {"fee": Fee(amount=TEN)}, {"late": "refused", "fee": Fee(amount=TEN)}]
)
def test_a_late_fee_and_its_price_belong_together(settings: dict[str, Any]) -> None:
    """Neither half alone means anything; the refusal names both."""
    with pytest.raises(PolicyError, match="late = 'fee' and a fee") as caught:
        Window(**settings)
    assert caught.value.settings == ("late", "fee")


def test_a_window_reads_as_one_phrase() -> None:
    """Explanations quote it."""
    assert str(Window(amount=2, unit="days", edge="late")) == "2 days, edge late, late refused"  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{}, {"amount": TEN, "percent": 50}])
def test_a_fee_is_an_amount_or_a_percentage(settings: dict[str, Any]) -> None:
    """Exactly one of the two; the refusal names both."""
    with pytest.raises(PolicyError) as caught:
        Fee(**settings)
    assert caught.value.settings == ("fee.amount", "fee.percent")


@pytest.mark.parametrize("percent", [0, -1, 101, "100.01", "-0.5"])
def test_a_percentage_is_above_nothing_and_at_most_everything(percent: Any) -> None:
    """More than the price is no fee for a change."""
    with pytest.raises(PolicyError) as caught:
        Fee(percent=percent)
    assert caught.value.settings == ("fee.percent",)


@pytest.mark.parametrize(
    ("fee", "price", "expected"),
    [
        (Fee(amount=TEN), None, TEN),
        (Fee(amount=TEN), Money("5", "NZD"), TEN),
        (Fee(percent=50), Money("25.00", "NZD"), Money("12.50", "NZD")),  # type: ignore[arg-type]
        (Fee(percent="12.5"), Money("10", "NZD"), Money("1.25", "NZD")),  # type: ignore[arg-type]
        (Fee(percent=100), Money("0", "NZD"), Money("0", "NZD")),  # type: ignore[arg-type]
        (Fee(percent=50), None, None),  # type: ignore[arg-type]
    ],
)
def test_the_fee_of_an_appointment(fee: Fee, price: Money | None, expected: Money | None) -> None:
    """A fixed amount is what it is; a percentage needs a price, and keeps its currency."""
    assert expected == fee.of(price)


def test_a_float_percentage_is_what_was_written() -> None:
    """12.1 means twelve point one, not its nearest binary fraction."""
    assert Decimal("12.1") == Fee(percent=12.1).percent  # type: ignore[arg-type]


@given(st.decimals("0.01", 100, places=2), st.decimals(0, 10**9, places=2))
def test_a_percentage_never_costs_more_than_the_price(percent: Decimal, price: Decimal) -> None:
    """Rounded to cents, the fee lies between nothing and the whole price."""
    fee = Fee(percent=percent).of(Money(price, "NZD"))
    assert fee is not None
    assert 0 <= fee.amount <= price


def test_an_override_leaves_out_what_it_does_not_name() -> None:
    """None leaves the general window in force."""
    override = Override(cancel=Window(amount=48))
    assert (override.cancel and override.cancel.amount, override.move) == (48, None)


def test_until_it_starts_is_the_default() -> None:
    """Without any choice clients may change until the appointment starts."""
    policy = ChangePolicy()
    assert (Window(), Window(), True, None) == (policy.cancel, policy.move, policy.enabled, policy.max_moves)
