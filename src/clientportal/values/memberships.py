"""Memberships that a client has bought, in any status (M4)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from attrs import field, frozen

from clientportal.values.field_checks import as_member, day_or_none, one_of, text
from clientportal.values.instants import as_utc, as_utc_or_none, sortable
from clientportal.values.money import Money
from clientportal.values.sections import SectionItem

__all__ = ["CreditBatch", "Membership", "MembershipStatus"]


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

    ``credits`` are what is left of items (a number of visits), ``value`` what is left of money; one of the two.
    ``for_what`` is what they pay for. They can be used until the end of ``last_day``, by the business's calendar;
    ``None``: as long as the membership lasts.
    """

    for_what: str = field(default="", validator=text)
    credits: int | None = field(default=None, validator=one_of(int, type(None)))
    value: Money | None = field(default=None, validator=one_of(Money, type(None)))
    last_day: date | None = field(default=None, validator=day_or_none)


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
    price: Money | None = field(default=None, validator=one_of(Money, type(None)))
    last_charge: datetime | None = field(default=None, converter=as_utc_or_none)
    last_charged: Money | None = field(default=None, validator=one_of(Money, type(None)))
    next_charge: datetime | None = field(default=None, converter=as_utc_or_none)
    credits: tuple[CreditBatch, ...] = field(default=(), converter=tuple[CreditBatch, ...])

    @property
    def listed_by(self) -> str:
        """Latest bought first."""
        return sortable(self.bought_at)
