"""Invoices and payments of the shipped SQL host."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, select

from clientportal.errors import Conflict
from clientportal.ports.host import HostAnswer
from clientportal.sections.payments import Payments, Transactions
from clientportal.stores.sql.host_queries import among, listed
from clientportal.stores.sql.host_tables import ITEMS
from clientportal.stores.sql.kept_items import KeptItems, shown_here
from clientportal.stores.sql.tables import TEXT, storable
from clientportal.values import AnswerKind, ItemPage, Money, RecordRef
from clientportal.values.invoices import ConfirmedPayment, Transaction, settled, sums

__all__ = ["SqlPayments"]


@cache
def _open(sqlite: bool, here: bool) -> Executable:
    # Open invoices are listed first, which is what their place begins with.
    return select(ITEMS).where(
        ITEMS.c.tenant == bindparam("p_tenant", type_=TEXT),
        ITEMS.c.section == bindparam("p_section", type_=TEXT),
        among(ITEMS.c.ref, "p_refs", sqlite),
        ITEMS.c.listed_by >= "1",
        *shown_here(here),
    )


class _SqlTransactions(KeptItems, Transactions):
    """Where the transactions are; shown where the payments are that they belong to."""

    @property
    def branch(self) -> dict[str, str]:
        return SqlPayments(self.host).branch


class SqlPayments(KeptItems, Payments):
    """Invoices and payments in ``cp_host_items``."""

    async def due(self, refs: Sequence[RecordRef]) -> Sequence[Money]:
        """One statement, which reads what is open alone; the sum is made of decimals, not of a database's floats."""
        sqlite = self.host.face.sqlite
        named = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, sqlite)
        rows: Sequence[Any] = await self.host.fetched(
            _open(sqlite, bool(self.branch)), p_section=self.name, **named, **self.branch
        )
        return sums(self._item(row).due for row in rows)

    async def transactions(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Transaction]:
        return await _SqlTransactions(self.host).page(refs, after, limit)

    async def settle(self, payment: ConfirmedPayment, key: str) -> HostAnswer:
        invoice = await self.one(payment.invoice)
        if invoice is None:
            return HostAnswer(AnswerKind.DECLINED, note="there is no such invoice")
        if invoice.version != payment.version:
            raise Conflict("the invoice has changed since it was read")
        booked = settled(invoice, payment)
        if booked is None:
            return HostAnswer(AnswerKind.DECLINED, note="the invoice cannot take it")
        await self.change(booked[0])
        await _SqlTransactions(self.host).add(booked[1])
        return HostAnswer(item=payment.payment)
