"""Items of sections as rows of the in-memory host: what its sections are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports.host import HostAnswer
from clientportal.ports.section import Section
from clientportal.stores.memory.host_rows import OwnedRow, next_version, owned_rows
from clientportal.stores.memory.ordering import Place, read_cursor, write_cursor
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import ItemPage, RecordRef, SectionItem

__all__ = ["KeptItems", "items_table"]


def items_table(section: str) -> str:
    """Where the items of a section are."""
    return f"items.{section}"


class KeptItems(Section[Any]):
    """A section whose items are rows of the in-memory host: mix it into the port of the section."""

    @property
    def _table(self) -> str:
        return items_table(self.name)

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        wanted = frozenset(refs)
        scope = (self.host.tenant, self.name)
        edge = None if after is None else read_cursor(scope, after)
        with self.host.rows() as tx:
            found = [_item(row) for row in self.shown(tx) if row.ref in wanted]
        # The greatest first: what is left of a page is below its last place.
        placed = sorted(((_place(item), item) for item in found), key=lambda entry: entry[0], reverse=True)
        later = [entry for entry in placed if edge is None or entry[0] < edge]
        more = write_cursor(scope, later[limit - 1][0]) if len(later) > limit else None
        return ItemPage(tuple(item for _, item in later[:limit]), more)

    def shown(self, tx: MemoryTransaction) -> Iterator[OwnedRow[SectionItem]]:
        """The rows that are shown at the door which the host was opened for."""
        for _, row in owned_rows(tx, self._table, SectionItem):
            if self.host.shown_here(row.thing.business, self.name):
                yield row

    def one(self, id: str) -> Any | None:
        with self.host.rows() as tx:
            row = cast("OwnedRow[SectionItem] | None", tx.get(self._table, id))
        return None if row is None else _item(row)

    def every(self, refs: Sequence[RecordRef]) -> Sequence[Any]:
        """All that those records have, for a section of few items each."""
        wanted = frozenset(refs)
        with self.host.rows() as tx:
            found = [_item(row) for row in self.shown(tx) if row.ref in wanted]
        return sorted(found, key=lambda item: item.id)

    def add(self, tx: MemoryTransaction, item: SectionItem) -> None:
        """A new item; its id must be new."""
        if tx.get(self._table, item.id) is not None:
            raise Conflict(f"there is an item {item.id!r} of {self.name} already")
        tx.put(self._table, item.id, OwnedRow(item.ref, evolve(item, version="1")))

    def change(self, tx: MemoryTransaction, item: SectionItem) -> None:
        """Write an item again, where it still has the version that it was read with."""
        row = self._same(tx, item.id, item.version)
        tx.put(self._table, item.id, evolve(row, thing=evolve(item, version=next_version(item.version))))

    def drop(self, tx: MemoryTransaction, id: str, version: str) -> None:
        """Remove an item, where it still has that version."""
        self._same(tx, id, version)
        tx.remove(self._table, id)

    def _same(self, tx: MemoryTransaction, id: str, version: str) -> OwnedRow[SectionItem]:
        row = cast("OwnedRow[SectionItem] | None", tx.get(self._table, id))
        if row is None or row.thing.version != version:
            raise Conflict(f"the item of {self.name} has changed since it was read")
        return row

    def once(self, key: str, write: Callable[[MemoryTransaction], HostAnswer]) -> HostAnswer:
        """Write under an idempotency key: a host elsewhere answers the same again."""
        return cast("HostAnswer", self.host.once(key, write))


def _place(item: SectionItem) -> Place:
    return ((1, item.listed_by), item.id)


def _item(row: OwnedRow[SectionItem]) -> SectionItem:
    return evolve(row.thing, ref=row.ref, moved_from=row.moved_from)
