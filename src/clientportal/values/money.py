"""Exact money with its currency."""

from __future__ import annotations

from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import cast

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import quoted

__all__ = ["Money"]

# A context of its own: the caller's may round to a few digits, and a sum of money must be exact or fail.
_EXACT_SUM = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])

_MOST_DIGITS = 100


def _exact(value: Decimal | int | str) -> Decimal:
    if isinstance(value, float):
        raise InvalidInput("money is exact: use Decimal, int or str, not float")
    try:
        amount = Decimal(value)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise InvalidInput(f"{value!r:.60} is not an amount of money such as '25.00'") from error
    if not amount.is_finite():
        raise InvalidInput("an amount of money is finite")
    # What is typed into a form, or told by a provider, may have two hundred thousand digits, or stand for as many; it
    # is written out in refusals, in the audit and on pages.
    _, digits, exponent = amount.as_tuple()
    if len(digits) > _MOST_DIGITS or not -_MOST_DIGITS <= cast("int", exponent) <= _MOST_DIGITS:
        raise InvalidInput(f"an amount of money has at most {_MOST_DIGITS} digits")
    return amount


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isalpha() or not value.isupper():
        raise InvalidInput(f"{quoted(value)} is not a currency code of ISO 4217 such as 'NZD'")
    return value


@frozen
class Money:
    """An amount in the currency's main unit, exact, with an ISO 4217 code.

    >>> Money("12.50", "NZD") + Money("2.50", "NZD")
    Money(amount=Decimal('15.00'), currency='NZD')

    Amounts of different currencies are never added or ordered: that raises ``InvalidInput``.
    """

    amount: Decimal = field(converter=_exact)
    currency: str = field(converter=_currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvalidInput(f"{self.currency} and {other.currency} cannot be added or compared")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        try:
            return Money(_EXACT_SUM.add(self.amount, other.amount), self.currency)
        except DecimalException as error:
            raise InvalidInput("these amounts cannot be added exactly") from error

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
