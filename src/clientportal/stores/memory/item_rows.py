"""What the in-memory host does with the items of every section at once: count, move and erase them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from attrs import evolve

from clientportal.stores.memory.contents import forget_contents
from clientportal.stores.memory.host_rows import OwnedRow, next_version, owned_rows
from clientportal.stores.memory.kept_items import items_table
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import RecordKind, RecordRef, SectionItem
from clientportal.values.cards import Card
from clientportal.values.documents import Document

__all__ = ["carry_prepayments", "erase_items", "item_rows", "move_items", "staying_items"]

Place = Callable[[RecordRef, RecordRef | None], "tuple[RecordRef, RecordRef | None] | None"]
Row = OwnedRow[SectionItem]


def item_rows(host: Any, tx: MemoryTransaction, *, moving: bool | None = None) -> Iterator[tuple[str, str, Row]]:
    """Every item with its table and key: of all sections, or of those alone that follow a merge, or do not."""
    for name, section in host.item_sections().items():
        if moving is None or section.moves is moving:
            table = items_table(name)
            for key, row in owned_rows(tx, table, SectionItem):
                yield table, key, row


def move_items(host: Any, tx: MemoryTransaction, placed: Place) -> int:
    """Give the items of clients to whom ``placed`` says; how many there were. What came with a single booking is found
    by it, and goes where it goes.
    """
    count = 0
    for table, key, row in list(item_rows(host, tx, moving=True)):
        after = None if row.ref.kind is RecordKind.BOOKING else placed(row.ref, row.moved_from)
        if after is not None:
            tx.put(table, key, evolve(row, ref=after[0], moved_from=after[1]))
            count += 1
    return count


def staying_items(host: Any, tx: MemoryTransaction) -> Iterator[tuple[RecordRef, SectionItem]]:
    """What a merge does not move, with whose it is."""
    return ((row.ref, row.thing) for _, _, row in item_rows(host, tx, moving=False))


def erase_items(host: Any, tx: MemoryTransaction, refs: Collection[RecordRef]) -> None:
    """What is personal goes; what stays in the books says nothing of anybody (X7)."""
    for table, key, row in list(item_rows(host, tx)):
        if row.ref not in refs:
            continue
        left = row.thing.erased()
        if left is None:
            tx.remove(table, key)
            if isinstance(row.thing, Document):
                forget_contents(tx, {key})
        elif left != row.thing:
            tx.put(table, key, evolve(row, thing=evolve(left, version=next_version(left.version))))


def carry_prepayments(tx: MemoryTransaction, before: str, after: Any) -> None:
    """What was paid for in advance is paid for still where a move makes a new appointment of it."""
    table = items_table("payment_methods")
    for key, row in list(owned_rows(tx, table, Card)):
        if any(one.appointment == before for one in row.thing.prepaid):
            prepaid = tuple(
                evolve(one, appointment=after.id, start=after.start, zone=after.zone)
                if one.appointment == before
                else one
                for one in row.thing.prepaid
            )
            card = evolve(row.thing, prepaid=prepaid, version=next_version(row.thing.version))
            tx.put(table, key, evolve(row, thing=card))
