"""What the clients of the in-memory host hold besides their appointments: the twin of ``stores.sql.host_holdings``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from attrs import evolve

from clientportal.stores.memory.host_rows import OwnedRow, owned_rows
from clientportal.stores.memory.host_seeding import SeededHost
from clientportal.stores.memory.item_rows import item_rows
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import ActiveCode, HeldThing, Holding, HoldingKind, Prefill, RecordRef
from clientportal.values.holdings import KIND_OF_CODE

__all__ = ["CountedHoldings", "forget_labels"]


class CountedHoldings(SeededHost):
    """The part of the in-memory host that has to do with what clients hold."""

    async def add_holdings(self, things: Sequence[HeldThing]) -> None:
        """Add documents, memberships, balances, invoices, or replace those of the same id."""
        with self.rows() as tx:
            for thing in things:
                tx.put("holdings", thing.id, OwnedRow(thing.ref, thing))

    def holdings(self, refs: Sequence[RecordRef]) -> Sequence[Holding]:
        """What those records hold: forms, cards and codes, and what :meth:`add_holdings` added."""
        wanted = frozenset(refs)
        sums: dict[tuple[RecordRef, str, str], Holding] = {}
        with self.rows() as tx:
            for one in (*_held(tx, wanted), *_items(self, tx, wanted)):
                if one.ref in wanted:
                    place = (one.ref, one.kind.value, "" if one.amount is None else one.amount.currency)
                    sums[place] = sums[place].joined(one) if place in sums else one
        return [sums[place] for place in sorted(sums)]


def _whose(row: OwnedRow[Any], wanted: frozenset[RecordRef]) -> RecordRef:
    """Whose a row was first, where it was moved since and that record is asked for as well: else whose it is."""
    if row.moved_from is None or not wanted >= {row.ref, row.moved_from}:
        return row.ref
    return row.moved_from


def _held(tx: MemoryTransaction, wanted: frozenset[RecordRef]) -> Iterator[Holding]:
    """Every single thing, counted as what it is."""
    for _, row in owned_rows(tx, "prefills", Prefill):
        forms = len({answer.form for answer in row.thing.answers})
        if forms:
            yield Holding(row.ref, HoldingKind.FORM, forms)
        if row.thing.card is not None:
            yield Holding(row.ref, HoldingKind.CARD, 1)
    for _, owned in owned_rows(tx, "codes", ActiveCode):
        code = owned.thing
        yield Holding(_whose(owned, wanted), KIND_OF_CODE[code.kind], 1, code.balance, code.credits_left)
    for _, kept in owned_rows(tx, "holdings", HeldThing):
        yield Holding(_whose(kept, wanted), kept.thing.kind, 1, kept.thing.amount, kept.thing.credits)


def _items(host: object, tx: MemoryTransaction, wanted: frozenset[RecordRef]) -> Iterator[Holding]:
    """Every item of the portal's sections that counts as something."""
    for _, _, row in item_rows(host, tx):
        counted = row.thing.counted_as
        if counted is not None:
            yield Holding(_whose(row, wanted), counted.kind, 1, counted.amount, counted.credits)


def forget_labels(tx: MemoryTransaction, refs: Collection[RecordRef]) -> None:
    """What somebody held stays in the books, and is not called anything any more."""
    for key, row in owned_rows(tx, "holdings", HeldThing):
        if row.ref in refs:
            tx.put("holdings", key, evolve(row, thing=evolve(row.thing, label="")))
