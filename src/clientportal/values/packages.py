"""Packages that a client has bought: so many visits, paid for together (M5)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Self

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import day_or_none, one_of, text, whole
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, sortable
from clientportal.values.money import Money
from clientportal.values.sections import Counted, SectionItem

__all__ = ["Package", "PackageCredits", "PackageState"]


class PackageState(StrEnum):
    """What a package is good for."""

    ACTIVE = "active"
    USED_UP = "used_up"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class PackageCredits:
    """How many visits of one kind were bought, and how many of them are ``left``."""

    for_what: str = field(default="", validator=text)
    bought: int = field(validator=whole)
    left: int = field(validator=whole)

    def __attrs_post_init__(self) -> None:
        if self.left > self.bought:
            raise InvalidInput(f"PackageCredits.left is at most what was bought: {self.left} of {self.bought}")


@frozen(kw_only=True)
class Package(SectionItem):
    """One package. It can be used until the end of ``last_day``, by the business's calendar; ``None``: for ever."""

    name: str = field(validator=text)
    bought_at: datetime = field(converter=as_utc)
    price: Money | None = field(default=None, validator=one_of(Money, type(None)))
    credits: tuple[PackageCredits, ...] = field(default=(), converter=tuple[PackageCredits, ...])
    last_day: date | None = field(default=None, validator=day_or_none)
    cancelled: bool = field(default=False, validator=one_of(bool))

    @property
    def credits_left(self) -> int:
        """How many visits are left, of all kinds."""
        return sum(one.left for one in self.credits)

    @property
    def listed_by(self) -> str:
        """Latest bought first."""
        return sortable(self.bought_at)

    @property
    def counted_as(self) -> Counted:
        """A package, with its credits."""
        return Counted(HoldingKind.PACKAGE, credits=self.credits_left)

    def erased(self) -> Self:
        """The whole of it: it was sold, and nobody's name is in it."""
        return self
