"""The sections of the in-memory host: items of any kind, the twin of ``stores.sql.host_sections``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from attrs import evolve

from clientportal.ports.host import HostAnswer
from clientportal.ports.section import Section
from clientportal.sections import SECTIONS
from clientportal.sections.payments import Transactions
from clientportal.stores.memory.host_held import (
    MemoryGiftCards,
    MemoryMemberships,
    MemoryPackages,
    MemoryPaymentMethods,
    MemoryRewards,
)
from clientportal.stores.memory.host_holdings import CountedHoldings
from clientportal.stores.memory.host_messages import MemoryMessages
from clientportal.stores.memory.host_own import MemoryPets, MemoryPreferences, MemoryReferrals
from clientportal.stores.memory.host_papers import KeptPapers, MemoryDocuments, MemoryForms
from clientportal.stores.memory.host_payments import MemoryPayments
from clientportal.stores.memory.host_rows import OwnedRow, next_version
from clientportal.stores.memory.kept_items import KeptItems, items_table
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import SectionItem

__all__ = ["KeptItems", "MemoryMemberships", "StoredSections", "items_table"]


class StoredSections(KeptPapers, CountedHoldings):
    """The part of the in-memory host that has to do with sections."""

    sections: ClassVar[tuple[type[Section[Any]], ...]] = (
        MemoryMemberships,
        MemoryPackages,
        MemoryGiftCards,
        MemoryRewards,
        MemoryPaymentMethods,
        MemoryMessages,
        MemoryPayments,
        MemoryPets,
        MemoryPreferences,
        MemoryReferrals,
        MemoryDocuments,
        MemoryForms,
    )

    def item_sections(self) -> Mapping[str, type[Section[Any]]]:
        """Everything that has items here, by name: what ships, and what a subclass has of its own."""
        every: tuple[type[Section[Any]], ...] = (*SECTIONS.values(), Transactions, *self.sections)
        return {one.name: one for one in every}

    def once(self, key: str, write: Callable[[MemoryTransaction], HostAnswer]) -> HostAnswer:
        """A section's write, under its key."""
        return self._once(key, write)

    async def add_items(self, items: Sequence[SectionItem]) -> None:
        """Add items of any sections, or replace those of the same id: which section, their type says."""
        kinds = {one.item: name for name, one in self.item_sections().items()}
        with self.rows() as tx:
            for item in items:
                table = items_table(kinds[type(item)])
                before = cast("OwnedRow[SectionItem] | None", tx.get(table, item.id))
                version = next_version("" if before is None else before.thing.version)
                tx.put(table, item.id, OwnedRow(item.ref, evolve(item, version=version)))
