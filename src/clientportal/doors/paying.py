"""Invoices and payments: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.doors.checks import check_tenant
from clientportal.operations import payments
from clientportal.operations.paying import LookAtPayment, Pay, look_at_payment, pay, payment_changed
from clientportal.operations.payments import ListInvoices, ListPayments, PaymentById
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import Setup
from clientportal.outcomes import PaymentLine, PaymentsPage, PaymentView
from clientportal.ports import Page, step
from clientportal.records import PaymentStage, PaymentState
from clientportal.values import ItemPage, Money
from clientportal.values.invoices import Transaction

__all__ = [
    "AsyncClientPaying",
    "AsyncPortalPaying",
    "AsyncStaffPaying",
    "ClientPaying",
    "PortalPaying",
    "StaffPaying",
]


class ClientPaying(Door):
    """What a session can do of it."""

    def payments(self, *, after: str | None = None, limit: int = 20) -> PaymentsPage:
        """Invoices, what is owed first; what is due altogether; and the payments that are under way (V8).

        Raises ``Refused`` with ``disabled`` where the business takes no payments online (``bookings.payments``), or
        does not show this section.
        """
        return self._do(payments.PAYMENTS, ListInvoices(after, limit))

    def transactions(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Transaction]:
        """Money that has moved or is on its way, latest first (V8). Raises ``Refused`` with ``disabled``."""
        return self._do(payments.TRANSACTIONS, ListInvoices(after, limit))

    def total_due(self) -> tuple[Money, ...] | None:
        """What is due altogether: one exact sum for each currency, ``()`` where nothing is due.

        ``None`` where payments are off: show nothing then, not a zero (V4).
        """
        return self._do(payments.TOTAL_DUE, Nothing())

    def pay(self, invoice_id: str, amount: Money, *, card: str | None = None, key: str | None = None) -> PaymentView:
        """Pay what is due of an invoice, a deposit or a fee: exactly ``amount``, which the client has seen (V8).

        ``card`` is the id of a saved card; without one the provider says how it goes on. Send the browser to ``page``
        where the answer has one; look again with :meth:`payment` when it comes back, or while ``state`` is not final.
        Whatever fails on the way, nothing is charged twice: the same call again, with the same ``key`` or without,
        goes on with the payment that is under way. Never called inside your transaction. Raises ``Refused`` with
        ``amount_changed`` (nothing was charged; show what is due now), ``nothing_due``, ``payment_under_way`` (for
        another amount or card, or one that staff look into), ``not_found``, ``disabled``.
        """
        asked = Pay(invoice_id, amount, card)
        return step(pay(self._setup, self._caller, asked, key=key, preview=self._preview))

    def payment(self, id: str) -> PaymentView:
        """What became of a payment, for the page that the provider sends the client back to: the provider is asked.

        Raises ``Refused`` with ``not_found``, ``disabled``.
        """
        return step(look_at_payment(self._setup, self._caller, LookAtPayment(id), preview=self._preview))


class AsyncClientPaying(AsyncDoor):
    """The twin of :class:`ClientPaying`, awaited."""

    async def payments(self, *, after: str | None = None, limit: int = 20) -> PaymentsPage:
        return await self._do(payments.PAYMENTS, ListInvoices(after, limit))

    async def transactions(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Transaction]:
        return await self._do(payments.TRANSACTIONS, ListInvoices(after, limit))

    async def total_due(self) -> tuple[Money, ...] | None:
        return await self._do(payments.TOTAL_DUE, Nothing())

    async def pay(
        self, invoice_id: str, amount: Money, *, card: str | None = None, key: str | None = None
    ) -> PaymentView:
        asked = Pay(invoice_id, amount, card)
        return await pay(self._setup, self._caller, asked, key=key, preview=self._preview)

    async def payment(self, id: str) -> PaymentView:
        return await look_at_payment(self._setup, self._caller, LookAtPayment(id), preview=self._preview)


class StaffPaying(Door):
    """What staff can do of it."""

    def payments(
        self, stage: PaymentStage | str = PaymentStage.STAFF, *, after: str | None = None, limit: int = 50
    ) -> Page[PaymentLine]:
        """The payments that clients have begun, latest first: those that wait for staff (charged, and in no book);
        those that are ``open`` (``checks`` says how long already); or those that are ``done``.
        """
        return self._do(payments.STAFF_PAYMENTS, ListPayments(stage, after, limit))

    def payment_handled(self, id: str) -> PaymentLine:
        """Note that money which is in no book was dealt with: refunded at the provider, or booked by hand.

        Nothing is refunded by that. The invoice can be paid online again afterwards. Raises ``Refused`` with
        ``not_found``.
        """
        return self._do(payments.HANDLED, PaymentById(id))


class AsyncStaffPaying(AsyncDoor):
    """The twin of :class:`StaffPaying`, awaited."""

    async def payments(
        self, stage: PaymentStage | str = PaymentStage.STAFF, *, after: str | None = None, limit: int = 50
    ) -> Page[PaymentLine]:
        return await self._do(payments.STAFF_PAYMENTS, ListPayments(stage, after, limit))

    async def payment_handled(self, id: str) -> PaymentLine:
        return await self._do(payments.HANDLED, PaymentById(id))


class PortalPaying:
    """What the platform itself can do of it."""

    _setup: Setup

    def payment_changed(self, business: str, id: str) -> PaymentState | None:
        """Somebody called your webhook: ask the provider what became of that payment, and record it.

        ``id`` is the payment's own id (the key that the provider was given) or the provider's name for it. Whoever
        calls is not believed: what counts is what the provider says when it is asked. Answers where the payment stands
        now; ``None`` where there is none by that id.
        """
        return step(payment_changed(self._setup, check_tenant(business), id))


class AsyncPortalPaying:
    """The twin of :class:`PortalPaying`, awaited."""

    _setup: Setup

    async def payment_changed(self, business: str, id: str) -> PaymentState | None:
        return await payment_changed(self._setup, check_tenant(business), id)


describe(AsyncClientPaying, ClientPaying)
describe(AsyncStaffPaying, StaffPaying)
describe(AsyncPortalPaying, PortalPaying)
