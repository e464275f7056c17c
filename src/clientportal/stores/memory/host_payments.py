"""Invoices and payments of the in-memory host, the twin of ``stores.sql.host_payments``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports.host import HostAnswer
from clientportal.sections.payments import Payments, Transactions
from clientportal.stores.memory.host_rows import OwnedRow, owned_rows
from clientportal.stores.memory.kept_items import KeptItems, items_table
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import AnswerKind, ItemPage, Money, RecordRef, SectionItem
from clientportal.values.invoices import ConfirmedPayment, Invoice, Transaction, settled, sums

__all__ = ["MemoryPayments"]


class _MemoryTransactions(KeptItems, Transactions):
    """Where the transactions are; shown where the payments are that they belong to."""

    def shown(self, tx: MemoryTransaction) -> Iterator[OwnedRow[SectionItem]]:
        for _, row in owned_rows(tx, items_table(self.name), SectionItem):
            if self.host.shown_here(row.thing.business, Payments.name):
                yield row


class MemoryPayments(KeptItems, Payments):
    """Invoices and payments of the in-memory host."""

    def due(self, refs: Sequence[RecordRef]) -> Sequence[Money]:
        return sums(invoice.due for invoice in self.every(refs))

    def transactions(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Transaction]:
        return _MemoryTransactions(self.host).page(refs, after, limit)

    def settle(self, payment: ConfirmedPayment, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            row = cast("OwnedRow[Invoice] | None", tx.get(items_table(self.name), payment.invoice))
            if row is None:
                return HostAnswer(AnswerKind.DECLINED, note="there is no such invoice")
            if row.thing.version != payment.version:
                raise Conflict("the invoice has changed since it was read")
            booked = settled(evolve(row.thing, ref=row.ref, moved_from=row.moved_from), payment)
            if booked is None:
                return HostAnswer(AnswerKind.DECLINED, note="the invoice cannot take it")
            self.change(tx, booked[0])
            _MemoryTransactions(self.host).add(tx, booked[1])
            return HostAnswer(item=payment.payment)

        return self.once(key, write)
