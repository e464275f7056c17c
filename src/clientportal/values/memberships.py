"""Memberships that a client has bought, in any status (M4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import reduce
from typing import Any, Self

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import as_member, day_or_none, one_of, text, whole_or_none
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, as_utc_or_none, sortable
from clientportal.values.money import Money
from clientportal.values.sections import Counted, SectionItem

__all__ = ["CreditBatch", "Membership", "MembershipStatus"]

_money_or_none = one_of(Money, type(None))


class MembershipStatus(StrEnum):
    """Where a membership stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


def _status(value: MembershipStatus | str) -> MembershipStatus:
    return as_member(MembershipStatus, value, "status of a membership")


@frozen(kw_only=True)
class CreditBatch:
    """Credits that were given together and end together.

    ``credits`` are what is left of items (a number of visits), ``value`` what is left of money: one of the two.
    ``for_what`` is what they pay for. They can be used until the end of ``last_day``, by the business's calendar;
    ``None``: as long as the membership lasts.
    """

    for_what: str = field(default="", validator=text)
    credits: int | None = field(default=None, validator=whole_or_none)
    value: Money | None = field(default=None, validator=_money_or_none)
    last_day: date | None = field(default=None, validator=day_or_none)

    def __attrs_post_init__(self) -> None:
        if (self.credits is None) == (self.value is None):
            raise InvalidInput("a CreditBatch has credits (a number of visits) or a value (money), one of the two")


def _one_currency(_instance: object, _attribute: object, value: Sequence[Any]) -> None:
    found = {batch.value.currency for batch in value if batch.value is not None}
    if len(found) > 1:
        raise InvalidInput(f"the value credits of one Membership are of one currency; these are {sorted(found)}")


@frozen(kw_only=True)
class Membership(SectionItem):
    """One membership. Days are of the business's calendar, moments aware UTC.

    The contract runs from ``first_day`` to the end of ``last_day`` (``None``: until it is cancelled). ``price`` is what
    a period costs; ``last_charge`` and ``next_charge`` are when it was and will be charged, ``last_charged`` what.
    """

    name: str = field(validator=text)
    status: MembershipStatus = field(converter=_status)
    bought_at: datetime = field(converter=as_utc)
    first_day: date | None = field(default=None, validator=day_or_none)
    last_day: date | None = field(default=None, validator=day_or_none)
    price: Money | None = field(default=None, validator=_money_or_none)
    last_charge: datetime | None = field(default=None, converter=as_utc_or_none)
    last_charged: Money | None = field(default=None, validator=_money_or_none)
    next_charge: datetime | None = field(default=None, converter=as_utc_or_none)
    credits: tuple[CreditBatch, ...] = field(default=(), converter=tuple[CreditBatch, ...], validator=_one_currency)

    @property
    def listed_by(self) -> str:
        """Latest bought first."""
        return sortable(self.bought_at)

    @property
    def counted_as(self) -> Counted:
        """A membership, with everything that is left in its batches: what has expired among it is not for a plan of a
        merge to say.
        """
        values = [batch.value for batch in self.credits if batch.value is not None]
        credits = [batch.credits for batch in self.credits if batch.credits is not None]
        amount = reduce(lambda one, other: one + other, values) if values else None
        return Counted(HoldingKind.MEMBERSHIP, amount, sum(credits) if credits else None)

    def erased(self) -> Self:
        """The whole of it: a contract of the business's books, with nobody's name in it."""
        return self
