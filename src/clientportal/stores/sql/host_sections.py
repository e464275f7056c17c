"""The sections of the shipped SQL host: items of any kind in one table, each as exact JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import Executable, bindparam

from clientportal.ports.section import Section
from clientportal.sections import SECTIONS
from clientportal.sections.payments import Transactions
from clientportal.stores.sql.host_held import (
    SqlGiftCards,
    SqlMemberships,
    SqlPackages,
    SqlPaymentMethods,
    SqlRewards,
)
from clientportal.stores.sql.host_holdings import CountedHoldings
from clientportal.stores.sql.host_messages import SqlMessages
from clientportal.stores.sql.host_own import SqlPets, SqlPreferences, SqlReferrals
from clientportal.stores.sql.host_papers import KeptPapers, SqlDocuments, SqlForms
from clientportal.stores.sql.host_payments import SqlPayments
from clientportal.stores.sql.host_tables import ITEMS
from clientportal.stores.sql.kept_items import ITEM_COLUMNS, KeptItems, item_row
from clientportal.values import SectionItem

__all__ = ["KeptItems", "SqlMemberships", "StoredSections"]


class StoredSections(KeptPapers, CountedHoldings):
    """The part of ``SqlHost`` that has to do with sections."""

    sections: ClassVar[tuple[type[Section[Any]], ...]] = (
        SqlMemberships,
        SqlPackages,
        SqlGiftCards,
        SqlRewards,
        SqlPaymentMethods,
        SqlMessages,
        SqlPayments,
        SqlPets,
        SqlPreferences,
        SqlReferrals,
        SqlDocuments,
        SqlForms,
    )

    def item_sections(self) -> Mapping[str, type[Section[Any]]]:
        """Everything that has items here, by name: what ships, and what a subclass has of its own."""
        every: tuple[type[Section[Any]], ...] = (*SECTIONS.values(), Transactions, *self.sections)
        return {one.name: one for one in every}

    def section(self, name: str) -> Section[Any] | None:
        """That one of ``sections``, over this connection."""
        kind = next((one for one in self.sections if one.name == name), None)
        return None if kind is None else kind(self)

    @property
    def face(self) -> Any:
        """The connection's face: which database it is, and how statements are run on it."""
        return self._face

    async def fetched(self, query: Executable, **parameters: Any) -> Sequence[Any]:
        """Rows of this tenant, for a section."""
        return await self._rows(query, **parameters)

    async def changed(self, statement: Executable, **parameters: Any) -> int:
        """Run a section's statement for this tenant; answers how many rows it changed."""
        return await self._run(statement, **parameters)

    async def add_items(self, items: Iterable[SectionItem], *, replace: bool = True) -> None:
        """Add items of any sections, or replace those of the same id: which section, their type says."""
        kinds = {one.item: name for name, one in self.item_sections().items()}
        given = [{"version": 1, "section": kinds[type(item)], **item_row(item)} for item in items]
        if replace:
            await self._put(ITEMS, given)
        else:
            await self._insert(_ADD, given)


_ADD = ITEMS.insert().values(
    **{name: bindparam(name) for name in ("tenant", "section", "id", "version", *ITEM_COLUMNS)}
)
