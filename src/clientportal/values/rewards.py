"""What a client has earned and can spend: points or money (T8)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import day_or_none, one_of, text, whole_or_none
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc_or_none, sortable
from clientportal.values.money import Money
from clientportal.values.sections import Counted, SectionItem

__all__ = ["RewardBalance"]


@frozen(kw_only=True)
class RewardBalance(SectionItem):
    """One balance: ``points`` or ``balance`` (money), one of the two. ``name`` is what the business calls it.

    It can be spent until the end of ``last_day``, by the business's calendar; ``None``: for ever. ``changed_at`` is
    when something was earned or spent last.
    """

    name: str = field(validator=text)
    points: int | None = field(default=None, validator=whole_or_none)
    balance: Money | None = field(default=None, validator=one_of(Money, type(None)))
    last_day: date | None = field(default=None, validator=day_or_none)
    changed_at: datetime | None = field(default=None, converter=as_utc_or_none)

    def __attrs_post_init__(self) -> None:
        if (self.points is None) == (self.balance is None):
            raise InvalidInput("a RewardBalance has points or a balance of money, one of the two")

    @property
    def listed_by(self) -> str:
        """What has changed latest first."""
        return "" if self.changed_at is None else sortable(self.changed_at)

    @property
    def counted_as(self) -> Counted:
        """A balance, with its money or its points."""
        return Counted(HoldingKind.BALANCE, self.balance, self.points)

    def erased(self) -> Self:
        """What the business owes; nobody's name is in it."""
        return self
