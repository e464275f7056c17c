"""Gift cards: received and purchased, with what is left on each, and where to buy more (M6)."""

from __future__ import annotations

from typing import ClassVar

from clientportal.ports.section import Given, Section
from clientportal.values.gift_cards import GiftCard

__all__ = ["GiftCards"]


class GiftCards(Section[GiftCard]):
    """The port of gift cards. ``page`` lists them latest bought first: those that a client was given and those that
    they have bought, for themselves or for somebody else. A card that one client bought for another is an item of
    each, under an id of its own; its code is money, so leave it empty for whom it does not belong to.
    """

    name: ClassVar[str] = "gift_cards"
    item: ClassVar[type[GiftCard]] = GiftCard
    actions: ClassVar[tuple[str, ...]] = ("buy",)

    def shop(self) -> Given[str | None]:
        """The address at which a client buys another (``https://…``, or a path of the portal's own site); ``None``
        where none are sold online. Default: none are.
        """
        return None
