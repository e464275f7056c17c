"""The sections of the shipped SQL host: items of any kind in one table, each as exact JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from sqlalchemy import Executable, bindparam

from clientportal.ports.section import Section
from clientportal.sections import SECTIONS, Memberships
from clientportal.stores.sql.host_holdings import CountedHoldings
from clientportal.stores.sql.host_tables import ITEMS
from clientportal.stores.sql.kept_items import ITEM_COLUMNS, KeptItems, item_row
from clientportal.values import SectionItem

__all__ = ["KeptItems", "SqlMemberships", "StoredSections"]


class SqlMemberships(KeptItems, Memberships):
    """Memberships in ``cp_host_items``."""


class StoredSections(CountedHoldings):
    """The part of ``SqlHost`` that has to do with sections."""

    sections: ClassVar[tuple[type[Section[Any]], ...]] = (SqlMemberships,)

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
        kinds = {one.item: one.name for one in (*SECTIONS.values(), *self.sections)}
        given = [{"version": 1, "section": kinds[type(item)], **item_row(item)} for item in items]
        if replace:
            await self._put(ITEMS, given)
        else:
            await self._insert(_ADD, given)


_ADD = ITEMS.insert().values(
    **{name: bindparam(name) for name in ("tenant", "section", "id", "version", *ITEM_COLUMNS)}
)
