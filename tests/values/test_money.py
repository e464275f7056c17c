"""Money is exact and never mixes currencies."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidInput
from clientportal.values import Money

amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize(
    ("given_amount", "amount"),
    [("25.00", "25.00"), (25, "25"), (Decimal("0.1"), "0.1"), ("-5", "-5"), ("1E+2", "100"), ("0.0001", "0.0001")],
)
def test_amounts_are_taken_exactly(given_amount: Decimal | int | str, amount: str) -> None:
    """Text, whole numbers and decimals are taken as they are."""
    assert Decimal(amount) == Money(given_amount, "NZD").amount


@pytest.mark.parametrize(
    "amount", [0.1, "", "ten", "1,50", "NaN", "Infinity", "-Infinity", "sNaN", None, [], (1, 2), "\ud800"]
)
def test_what_is_no_exact_amount_is_refused(amount: object) -> None:
    """A float has lost the exactness already; NaN and infinity are no amounts."""
    with pytest.raises(InvalidInput):
        Money(amount, "NZD")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "nzd", "NZ", "NZDX", "N2D", "N D", "ΝΖD", "$"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    """A currency is three capital Latin letters (ISO 4217)."""
    with pytest.raises(InvalidInput, match="ISO 4217"):
        Money("1", currency)


def test_currencies_do_not_mix() -> None:
    """Adding or ordering two currencies is an error, not a guess; comparing for equality is just False."""
    for mix in (
        lambda a, b: a + b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ):
        with pytest.raises(InvalidInput, match=r"(NZD and AUD|AUD and NZD) cannot be"):
            mix(Money("1", "NZD"), Money("1", "AUD"))
    assert Money("1", "NZD") != Money("1", "AUD")


def test_the_scale_does_not_matter_for_equality() -> None:
    """10 and 10.00 are the same money, as values and as keys of a dict."""
    assert len({Money("10", "NZD"), Money("10.00", "NZD")}) == 1


def test_it_reads_as_amount_and_currency() -> None:
    """The text keeps the decimals that were given."""
    assert str(Money("25.00", "NZD")) == "25.00 NZD"


def test_only_zero_is_false() -> None:
    """Nothing to pay is false, a credit is true."""
    assert [bool(Money(amount, "NZD")) for amount in ("0", "0.00", "-1")] == [False, False, True]


@given(amounts, amounts)
def test_sums_are_exact_whatever_the_callers_decimal_context(one: Decimal, other: Decimal) -> None:
    """A host that rounds its own decimals to three digits still gets exact sums, in any order."""
    with localcontext() as context:
        context.prec = 100
        expected = one + other
    with localcontext() as context:
        context.prec = 3
        first, second = Money(one, "NZD"), Money(other, "NZD")
        assert expected == (first + second).amount
        assert first + second == second + first


def test_a_sum_that_cannot_be_exact_is_refused() -> None:
    """Rounding silently would lose money."""
    with pytest.raises(InvalidInput, match="exactly"):
        Money("1E+100", "NZD") + Money("0.01", "NZD")


@given(amounts, amounts)
def test_order_is_that_of_the_amounts(one: Decimal, other: Decimal) -> None:
    """All four comparisons agree with the amounts."""
    first, second = Money(one, "NZD"), Money(other, "NZD")
    assert (one < other, one <= other, one > other, one >= other) == (
        first < second,
        first <= second,
        first > second,
        first >= second,
    )
