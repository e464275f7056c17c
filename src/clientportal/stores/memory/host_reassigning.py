"""Moving the rows of merged records in the in-memory host, and back: the twin of ``stores.sql.host_reassigning``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve

from clientportal.ports.host import HostAnswer
from clientportal.stores.memory.host_clients import ListedClients
from clientportal.stores.memory.host_rows import AppointmentRow, OwnedRow, owned_rows, rows_of
from clientportal.stores.memory.item_rows import move_items, staying_items
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import HoldingKind, RecordKind, RecordRef
from clientportal.values.cards import Card
from clientportal.values.reassigning import left_behind, nothing_for_a_booking

__all__ = ["ReassigningHost"]

_OWNED = ("codes", "holdings")
"""The tables of things that records have, one row a thing."""

Place = Callable[[RecordRef, RecordRef | None], "tuple[RecordRef, RecordRef | None] | None"]
"""From whose a row is and whose it was first to the same afterwards; ``None`` where it stays as it is."""


class ReassigningHost(ListedClients):
    """The part of the in-memory host that follows a merge with its rows."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        merged = frozenset(refs) - {to}

        def placed(ref: RecordRef, first: RecordRef | None) -> tuple[RecordRef, RecordRef | None] | None:
            if ref not in merged:
                return None
            first = first or ref
            return to, None if first == to else first

        def write(tx: MemoryTransaction) -> HostAnswer:
            if to.kind is RecordKind.BOOKING:
                return HostAnswer(left=nothing_for_a_booking(to))
            return HostAnswer(moved=self._all_moved(tx, placed), left=self._all_left(tx, merged))

        return self._once(key, write)

    def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        apart = frozenset(refs)

        def placed(_ref: RecordRef, first: RecordRef | None) -> tuple[RecordRef, RecordRef | None] | None:
            if first is None or first not in apart:
                return None
            if to.kind is RecordKind.BOOKING:
                # Nothing can have been moved to a single booking: everything goes where it came from.
                return first, None
            return to, None if first == to else first

        return self._once(key, lambda tx: HostAnswer(moved=self._all_moved(tx, placed)))

    def _all_moved(self, tx: MemoryTransaction, placed: Place) -> dict[str, int]:
        moved = {"appointments": _appointments(tx, placed), **{table: _things(tx, table, placed) for table in _OWNED}}
        moved["items"] = move_items(self, tx, placed)
        return {table: count for table, count in moved.items() if count}

    def _all_left(self, tx: MemoryTransaction, merged: frozenset[RecordRef]) -> tuple[str, ...]:
        clients = {ref for ref in merged if ref.kind is RecordKind.CLIENT}
        forms = [row.ref for _, row in owned_rows(tx, "prefills", object) if row.ref in clients]
        cards = [row.ref for _, row in owned_rows(tx, "holdings", object) if row.ref in clients and _is_card(row)]
        kept = [ref for ref, item in staying_items(self, tx) if ref in clients and isinstance(item, Card)]
        return left_behind(forms, (*cards, *kept))


def _appointments(tx: MemoryTransaction, placed: Place) -> int:
    count = 0
    for row in rows_of(tx, "appointments", AppointmentRow):
        one = row.appointment
        after = placed(one.ref, one.moved_from)
        if after is not None:
            tx.put("appointments", one.id, evolve(row, appointment=evolve(one, ref=after[0], moved_from=after[1])))
            count += 1
    return count


def _things(tx: MemoryTransaction, table: str, placed: Place) -> int:
    count = 0
    for key, row in owned_rows(tx, table, object):
        # What came with a single booking is found by it, and goes where it goes; a card is its holder's alone.
        if row.ref.kind is RecordKind.BOOKING or _is_card(row):
            continue
        after = placed(row.ref, row.moved_from)
        if after is not None:
            tx.put(table, key, evolve(row, ref=after[0], moved_from=after[1]))
            count += 1
    return count


def _is_card(row: OwnedRow[object]) -> bool:
    return getattr(row.thing, "kind", None) is HoldingKind.CARD
