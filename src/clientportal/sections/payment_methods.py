"""Saved cards: which there are, what they still stand for, and removing one (M9, T8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from clientportal.ports.section import Given, Section
from clientportal.values import HostAnswer, SectionWrite
from clientportal.values.appointments import AnswerKind
from clientportal.values.cards import Card, CardGuard

__all__ = ["PaymentMethods"]


class PaymentMethods(Section[Card]):
    """The port of saved cards. ``page`` lists them latest saved first.

    A card stays with its own record when records are merged (``moves`` is false): whose are shown and may be removed,
    ``merging.cards`` says.
    """

    name: ClassVar[str] = "payment_methods"
    item: ClassVar[type[Card]] = Card
    actions: ClassVar[tuple[str, ...]] = ("remove",)
    moves: ClassVar[bool] = False

    def guards(self, card: Card) -> Given[Sequence[CardGuard]]:
        """Everything that was paid for in advance with this card, as it stands now, whatever its status (M9): asked
        only where the policy keeps cards for prepaid appointments. What has long been completed may be left out.
        Default: nothing was.
        """
        return ()

    def write(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        if change.action == "remove":
            return self.remove(change, key)
        return super().write(change, key)

    def remove(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        """Remove the card ``change.item`` here and at the provider. Checks ``change.version``, and that nothing was
        paid for with it meanwhile; ``DECLINED`` where your own rules keep it after all.
        """
        return HostAnswer(AnswerKind.DECLINED, note="cards cannot be removed online")
