"""Payments: what is owed, what was paid, and what is under way (V8, V4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from clientportal.errors import HostError
from clientportal.ports.section import Given, Section
from clientportal.values import HostAnswer, ItemPage, Money, RecordRef, SectionWrite
from clientportal.values.appointments import AnswerKind
from clientportal.values.invoices import ConfirmedPayment, Invoice, Transaction

__all__ = ["SETTLE", "Payments", "Transactions"]

SETTLE = "settle"
"""The one write of this section: the portal's own, no client's."""


class Payments(Section[Invoice]):
    """The port of invoices and payments. ``page`` lists invoices: what is owed first, then what was paid; newest first.

    Listing works without a payment provider; paying needs one (``Portal(payments=…)``), ``one`` and ``settle``.
    """

    name: ClassVar[str] = "payments"
    item: ClassVar[type[Invoice]] = Invoice
    actions: ClassVar[tuple[str, ...]] = ("pay",)

    def due(self, refs: Sequence[RecordRef]) -> Given[Sequence[Money]]:
        """What those records owe by all their open invoices: one exact sum for each currency, none that is zero.

        In a fixed number of statements, however many refs and invoices. Sum in the database, or read the open ones and
        use ``values.invoices.sums``.
        """
        raise HostError(f"{type(self).__name__}.due is not implemented, though something asked for it")

    def transactions(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> Given[ItemPage[Transaction]]:
        """A page of money that has moved or is on its way, latest first; as ``page`` otherwise. Default: there is none
        to be shown.
        """
        return ItemPage()

    def settle(self, payment: ConfirmedPayment, key: str) -> Given[HostAnswer]:
        """Put a confirmed payment in the books: the invoice owes that much less, and is paid where nothing is left.

        Once for each ``key``, and for each ``payment.payment``. Check the invoice's ``version`` in the same statement
        and raise ``Conflict`` where it has changed; it is decided again then. Answer ``DECLINED`` where the invoice
        cannot take it (paid or void by now, less is due): staff are shown the payment as ``overpaid`` then, with your
        note.
        """
        raise HostError(f"{type(self).__name__}.settle is not implemented, though a payment is to be put in the books")

    def write(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        """Nobody but the portal writes here, and nothing but a confirmed payment."""
        if change.action != SETTLE or change.item is None or change.amount is None:
            return HostAnswer(AnswerKind.DECLINED, note=f"payments have no {change.action}")
        payment = ConfirmedPayment(
            invoice=change.item,
            version=change.version,
            payment=change.fields["payment"],
            provider_ref=change.fields["provider_ref"],
            amount=change.amount,
            at=datetime.fromisoformat(change.fields["at"]),
        )
        return self.settle(payment, key)


class Transactions(Section[Transaction]):
    """Where the shipped hosts keep the transactions that ``Payments.transactions`` lists. No section of a portal: a
    host of your own answers from its own tables.
    """

    name: ClassVar[str] = "transactions"
    item: ClassVar[type[Transaction]] = Transaction
    within: ClassVar[str | None] = "payments"
