"""What a client owes, what was paid, and what is under way (V8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from attrs import evolve, field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import as_member, day_or_none, one_of, text, text_or_none
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, sortable
from clientportal.values.money import Money
from clientportal.values.sections import Counted, SectionItem

__all__ = [
    "ConfirmedPayment",
    "Invoice",
    "InvoicePurpose",
    "InvoiceStatus",
    "Transaction",
    "TransactionStatus",
    "less",
    "settled",
    "sums",
]


class InvoicePurpose(StrEnum):
    """What an invoice asks for money for."""

    INVOICE = "invoice"
    DEPOSIT = "deposit"
    FEE = "fee"


class InvoiceStatus(StrEnum):
    """Where an invoice stands."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    """Nobody owes it any more, and nobody has paid it."""


class TransactionStatus(StrEnum):
    """Where one transaction stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    REFUNDED = "refunded"


def _purpose(value: InvoicePurpose | str) -> InvoicePurpose:
    return as_member(InvoicePurpose, value, "purpose of an invoice")


def _status(value: InvoiceStatus | str) -> InvoiceStatus:
    return as_member(InvoiceStatus, value, "status of an invoice")


def _transaction_status(value: TransactionStatus | str) -> TransactionStatus:
    return as_member(TransactionStatus, value, "status of a transaction")


@frozen(kw_only=True)
class Invoice(SectionItem):
    """What can be paid: an invoice, a deposit, a fee. Days are of the business's calendar, moments aware UTC.

    ``total`` is what it was made out for and ``due`` exactly what is still owed, in the same currency; nothing is due
    of one that is not open. ``name`` is what the client calls it by ("Invoice 2026-118"); ``appointment`` is the id
    of the appointment that it is for, where there is one.
    """

    name: str = field(validator=text)
    status: InvoiceStatus = field(default=InvoiceStatus.OPEN, converter=_status)
    purpose: InvoicePurpose = field(default=InvoicePurpose.INVOICE, converter=_purpose)
    issued_at: datetime = field(converter=as_utc)
    due_day: date | None = field(default=None, validator=day_or_none)
    total: Money = field(validator=one_of(Money))
    due: Money = field(validator=one_of(Money))
    appointment: str | None = field(default=None, validator=text_or_none)

    def __attrs_post_init__(self) -> None:
        if self.due.currency != self.total.currency:
            raise InvalidInput(
                f"Invoice.due is in the currency of Invoice.total, {self.total.currency}; this is {self.due.currency}"
            )
        if self.due.amount < 0 or (self.due and self.status is not InvoiceStatus.OPEN):
            raise InvalidInput(
                f"Invoice.due is what is still owed: 0 or more of an open invoice, 0 of another; this is {self.due}"
            )

    @property
    def listed_by(self) -> str:
        """What is owed first, and each newest first."""
        return f"{'1' if self.status is InvoiceStatus.OPEN else '0'} {sortable(self.issued_at)}"

    @property
    def counted_as(self) -> Counted:
        """An invoice, with what is owed on it."""
        return Counted(HoldingKind.INVOICE, self.due)

    def erased(self) -> Self:
        """The whole of it: it is in the business's books, under its number."""
        return self


@frozen(kw_only=True)
class Transaction(SectionItem):
    """Money that has moved, or is on its way. ``invoice`` is what it was for; ``what`` says it in words."""

    what: str = field(validator=text)
    at: datetime = field(converter=as_utc)
    amount: Money = field(validator=one_of(Money))
    status: TransactionStatus = field(default=TransactionStatus.DONE, converter=_transaction_status)
    invoice: str | None = field(default=None, validator=text_or_none)

    @property
    def listed_by(self) -> str:
        """Latest first."""
        return sortable(self.at)

    def erased(self) -> Self:
        """What moved, and when: it is in the business's books; the words go."""
        return evolve(self, what="")


@frozen(kw_only=True)
class ConfirmedPayment:
    """Money that the provider says it has, to be put in the books: of which invoice, as it was when that was decided.

    ``payment`` is the portal's id of it and the provider's idempotency key, ``provider_ref`` the provider's own name.
    """

    invoice: str
    version: str
    payment: str
    provider_ref: str
    amount: Money
    at: datetime


def less(owed: Money, paid: Money) -> Money:
    """What is left, exactly; raises ``InvalidInput`` where the currencies differ."""
    return owed + Money(paid.amount.copy_negate(), paid.currency)


def sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One exact sum for each currency, by its code; nothing where nothing is left."""
    found: dict[str, Money] = {}
    for one in amounts:
        before = found.get(one.currency)
        found[one.currency] = one if before is None else before + one
    return tuple(found[currency] for currency in sorted(found) if found[currency])


def settled(invoice: Invoice, payment: ConfirmedPayment) -> tuple[Invoice, Transaction] | None:
    """The invoice once a payment is in the books, and the transaction; ``None`` where it cannot take that payment.

    For the shipped hosts, and for any other that keeps its invoices like that.
    """
    if invoice.status is not InvoiceStatus.OPEN or payment.amount.currency != invoice.due.currency:
        return None
    if not Money(0, invoice.due.currency) < payment.amount <= invoice.due:
        return None
    left = less(invoice.due, payment.amount)
    after = evolve(invoice, due=left, status=InvoiceStatus.OPEN if left else InvoiceStatus.PAID)
    entry = Transaction(
        id=payment.payment,
        ref=invoice.ref,
        business=invoice.business,
        what=invoice.name,
        at=payment.at,
        amount=payment.amount,
        invoice=invoice.id,
    )
    return after, entry
