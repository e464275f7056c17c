"""What a client has earned by recommending a business (M10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from attrs import evolve, field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import one_of, text
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, sortable
from clientportal.values.money import Money
from clientportal.values.sections import Counted, SectionItem

__all__ = ["ReferralCredit"]


def _points(_instance: object, _attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise InvalidInput("ReferralCredit.points is a whole number of points, or None")


@frozen(kw_only=True)
class ReferralCredit(SectionItem):
    """One credit that was earned: ``amount`` of money, or a number of ``points``; whatever was spent of it since.

    ``for_what`` is in the platform's own words, without the friend's name.
    """

    earned_at: datetime = field(converter=as_utc)
    amount: Money | None = field(default=None, validator=one_of(Money, type(None)))
    points: int | None = field(default=None, validator=_points)
    for_what: str = field(default="", validator=text)

    def __attrs_post_init__(self) -> None:
        if (self.amount is None) == (self.points is None):
            raise InvalidInput("a ReferralCredit is an amount of money or a number of points: one of the two")

    @property
    def listed_by(self) -> str:
        """Latest earned first."""
        return sortable(self.earned_at)

    @property
    def counted_as(self) -> Counted:
        """One thing that a client has. Not with its amount: how much of it is spent by now, the platform knows."""
        return Counted(HoldingKind.BALANCE)

    def erased(self) -> Self:
        """What was earned, and when: it is in the business's books; the words go."""
        return evolve(self, for_what="")
