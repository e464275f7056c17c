"""What belongs to a client record besides its appointments, counted: what a merge must neither lose nor double."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.clients import RecordRef
from clientportal.values.codes import CodeKind
from clientportal.values.field_checks import as_member, one_of, text
from clientportal.values.money import Money

__all__ = ["KIND_OF_CODE", "HeldThing", "Holding", "HoldingKind"]


class HoldingKind(StrEnum):
    """What a client may hold at a business."""

    FORM = "form"
    DOCUMENT = "document"
    CARD = "card"
    MEMBERSHIP = "membership"
    PACKAGE = "package"
    GIFT_CARD = "gift_card"
    BALANCE = "balance"
    INVOICE = "invoice"


KIND_OF_CODE: Mapping[CodeKind, HoldingKind] = {
    CodeKind.PACKAGE: HoldingKind.PACKAGE,
    CodeKind.GIFT: HoldingKind.GIFT_CARD,
    CodeKind.SUBSCRIPTION: HoldingKind.MEMBERSHIP,
}
"""As what the code of each kind is held."""


def _kind(value: HoldingKind | str) -> HoldingKind:
    return as_member(HoldingKind, value, "kind of holding")


def _count(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidInput("Holding.count is a whole number, 0 or more")


@frozen
class Holding:
    """How many things of one kind a record holds, and their sum in one currency.

    * ``amount``: what is left on gift cards and balances, what is owed on invoices; ``None`` for what has no price.
      One entry for each currency: sums of two currencies are never mixed.
    * ``credits``: what is left on packages, where it is counted.
    """

    ref: RecordRef = field(validator=one_of(RecordRef))
    kind: HoldingKind = field(converter=_kind)
    count: int = field(validator=_count)
    amount: Money | None = field(default=None, validator=one_of(Money, type(None)))
    credits: int | None = field(default=None, validator=one_of(int, type(None)))

    def joined(self, other: Holding) -> Holding:
        """Both together, of one record, kind and currency."""
        amount = self.amount if other.amount is None else other.amount
        if self.amount is not None and other.amount is not None:
            amount = self.amount + other.amount
        counted = [one.credits for one in (self, other) if one.credits is not None]
        return Holding(self.ref, self.kind, self.count + other.count, amount, sum(counted) if counted else None)


@frozen(kw_only=True)
class HeldThing:
    """One thing that a record of the shipped host tables holds: a document, a membership, a balance, an invoice.

    ``label`` is what it is called, for staff. ``amount`` and ``credits`` as in :class:`Holding`, of this thing alone.
    """

    id: str = field(validator=text)
    ref: RecordRef = field(validator=one_of(RecordRef))
    kind: HoldingKind = field(converter=_kind)
    label: str = field(default="", validator=text, repr=False)
    amount: Money | None = field(default=None, validator=one_of(Money, type(None)))
    credits: int | None = field(default=None, validator=one_of(int, type(None)))
