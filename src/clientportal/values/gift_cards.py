"""Gift cards that a client was given or has bought, each with what is left on it (M6)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Self

from attrs import evolve, field, frozen

from clientportal.values.field_checks import as_member, day_or_none, one_of, text
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, sortable
from clientportal.values.money import Money
from clientportal.values.secret import Secret
from clientportal.values.sections import Counted, SectionItem

__all__ = ["GiftCard", "GiftCardSide"]


class GiftCardSide(StrEnum):
    """How a client comes to see a gift card."""

    RECEIVED = "received"
    """Somebody gave it to them."""
    BOUGHT = "bought"
    """They bought it and have it themselves."""
    GIVEN = "given"
    """They bought it for somebody else, who has it now."""


def _side(value: GiftCardSide | str) -> GiftCardSide:
    return as_member(GiftCardSide, value, "side of a gift card")


def _secret(value: Secret | str) -> Secret:
    return Secret(value) if isinstance(value, str) else value


@frozen(kw_only=True)
class GiftCard(SectionItem):
    """One gift card, as one client sees it: a card that one client bought for another is an item of each, and each has
    an id of its own.

    The ``code`` is money: a :class:`~clientportal.values.Secret`, shown to its owner by ``code.reveal()``; a platform
    may leave it empty for whoever has given the card away. ``balance`` is what is left. It can be used until the end
    of ``last_day``, by the business's calendar; ``None``: for ever. ``giver``, ``receiver`` and ``message`` are what
    was written on it.
    """

    side: GiftCardSide = field(converter=_side)
    bought_at: datetime = field(converter=as_utc)
    balance: Money = field(validator=one_of(Money))
    worth: Money | None = field(default=None, validator=one_of(Money, type(None)))
    code: Secret = field(default=Secret(""), converter=_secret, validator=one_of(Secret))
    last_day: date | None = field(default=None, validator=day_or_none)
    giver: str = field(default="", validator=text, repr=False)
    receiver: str = field(default="", validator=text, repr=False)
    message: str = field(default="", validator=text, repr=False)

    @property
    def purchased(self) -> bool:
        """Whether this client has bought it."""
        return self.side is not GiftCardSide.RECEIVED

    @property
    def listed_by(self) -> str:
        """Latest bought first."""
        return sortable(self.bought_at)

    @property
    def counted_as(self) -> Counted | None:
        """A gift card with its balance, once: at whoever has it."""
        return None if self.side is GiftCardSide.GIVEN else Counted(HoldingKind.GIFT_CARD, self.balance)

    def erased(self) -> Self:
        """What the business still owes for it, without what was written on it."""
        return evolve(self, giver="", receiver="", message="")
