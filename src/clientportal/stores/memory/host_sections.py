"""The sections of the in-memory host: items of any kind, the twin of ``stores.sql.host_sections``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from attrs import evolve

from clientportal.ports.host import HostAnswer
from clientportal.ports.section import Section
from clientportal.sections import SECTIONS, Memberships
from clientportal.stores.memory.host_holdings import CountedHoldings
from clientportal.stores.memory.host_rows import OwnedRow, next_version
from clientportal.stores.memory.kept_items import KeptItems, items_table
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import SectionItem

__all__ = ["KeptItems", "MemoryMemberships", "StoredSections", "items_table"]


class MemoryMemberships(KeptItems, Memberships):
    """Memberships of the in-memory host."""


class StoredSections(CountedHoldings):
    """The part of the in-memory host that has to do with sections."""

    sections: ClassVar[tuple[type[Section[Any]], ...]] = (MemoryMemberships,)

    def once(self, key: str, write: Callable[[MemoryTransaction], HostAnswer]) -> HostAnswer:
        """A section's write, under its key."""
        return self._once(key, write)

    async def add_items(self, items: Sequence[SectionItem]) -> None:
        """Add items of any sections, or replace those of the same id: which section, their type says."""
        kinds = {one.item: one.name for one in (*SECTIONS.values(), *self.sections)}
        with self.rows() as tx:
            for item in items:
                table = items_table(kinds[type(item)])
                before = cast("OwnedRow[SectionItem] | None", tx.get(table, item.id))
                version = next_version("" if before is None else before.thing.version)
                tx.put(table, item.id, OwnedRow(item.ref, evolve(item, version=version)))
