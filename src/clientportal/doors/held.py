"""What a client holds, and their saved cards: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.operations import cards, held
from clientportal.operations.held import HeldById, ListHeld
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import SectionChanged
from clientportal.outcomes.held import HeldPage, MembershipDetails, PackagePage
from clientportal.values.cards import Card
from clientportal.values.gift_cards import GiftCard
from clientportal.values.memberships import Membership
from clientportal.values.rewards import RewardBalance

__all__ = ["AsyncClientHeld", "ClientHeld"]


class ClientHeld(Door):
    """What a session can do about it. Each may raise ``Refused`` with ``disabled``: its section is closed."""

    def memberships(self, *, after: str | None = None, limit: int = 20) -> HeldPage[Membership]:
        """Every membership ever bought, in any status, latest first (M4); ``after`` is the last page's ``next``."""
        return self._do(held.MEMBERSHIPS, ListHeld(after, limit))

    def membership(self, id: str) -> MembershipDetails:
        """One of them, with its contract period, charges and credits, and when each batch of credits ends (M4).

        Raises ``Refused`` with ``not_found``.
        """
        return self._do(held.MEMBERSHIP, HeldById(id))

    def packages(self, *, after: str | None = None, limit: int = 20) -> PackagePage:
        """Every package, used up and expired ones included, with the visits left (M5)."""
        return self._do(held.PACKAGES, ListHeld(after, limit))

    def gift_cards(self, *, after: str | None = None, limit: int = 20) -> HeldPage[GiftCard]:
        """Gift cards received and purchased, with their balance (M6). ``code.reveal()`` shows a code: it is money."""
        return self._do(held.GIFT_CARDS, ListHeld(after, limit))

    def gift_card_shop(self) -> str:
        """The address at which another is bought (M6, action ``gift_cards.buy``).

        Raises ``Refused`` with ``disabled`` also where none are sold online.
        """
        return self._do(held.GIFT_CARD_SHOP, Nothing())

    def rewards(self, *, after: str | None = None, limit: int = 20) -> HeldPage[RewardBalance]:
        """What the client has earned: balances of points or money (T8)."""
        return self._do(held.REWARDS, ListHeld(after, limit))

    def cards(self, *, after: str | None = None, limit: int = 20) -> HeldPage[Card]:
        """Saved cards: brand, last four digits and expiry, nothing that pays (M9). Of merged records: those that
        ``merging.cards`` says.
        """
        return self._do(cards.CARDS, ListHeld(after, limit))

    def remove_card(self, id: str, *, key: str | None = None) -> SectionChanged:
        """Remove a saved card (M9, action ``payment_methods.remove``); what it has to stay for, the policy says
        (``clients.card_removal``). On ``preview`` it says whether it could be.

        Raises ``Refused`` with ``card_needed`` (naming the appointment), ``not_found``, ``not_changeable`` (your
        platform said no).
        """
        return self._do(cards.REMOVE_CARD, HeldById(id), key)


class AsyncClientHeld(AsyncDoor):
    """The twin of :class:`ClientHeld`, awaited."""

    async def memberships(self, *, after: str | None = None, limit: int = 20) -> HeldPage[Membership]:
        return await self._do(held.MEMBERSHIPS, ListHeld(after, limit))

    async def membership(self, id: str) -> MembershipDetails:
        return await self._do(held.MEMBERSHIP, HeldById(id))

    async def packages(self, *, after: str | None = None, limit: int = 20) -> PackagePage:
        return await self._do(held.PACKAGES, ListHeld(after, limit))

    async def gift_cards(self, *, after: str | None = None, limit: int = 20) -> HeldPage[GiftCard]:
        return await self._do(held.GIFT_CARDS, ListHeld(after, limit))

    async def gift_card_shop(self) -> str:
        return await self._do(held.GIFT_CARD_SHOP, Nothing())

    async def rewards(self, *, after: str | None = None, limit: int = 20) -> HeldPage[RewardBalance]:
        return await self._do(held.REWARDS, ListHeld(after, limit))

    async def cards(self, *, after: str | None = None, limit: int = 20) -> HeldPage[Card]:
        return await self._do(cards.CARDS, ListHeld(after, limit))

    async def remove_card(self, id: str, *, key: str | None = None) -> SectionChanged:
        return await self._do(cards.REMOVE_CARD, HeldById(id), key)


describe(AsyncClientHeld, ClientHeld)
