"""The sections of the shipped SQL host: items of any kind in one table, each as exact JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, ClassVar

from attrs import evolve
from sqlalchemy import BindParameter, Executable, bindparam, delete, select, tuple_, update

from clientportal.errors import Conflict
from clientportal.ports.section import Section
from clientportal.sections import SECTIONS, Memberships
from clientportal.stores.sql.codec import item_from_body, item_to_body
from clientportal.stores.sql.cursors import read_cursor, write_cursor
from clientportal.stores.sql.host_holdings import CountedHoldings
from clientportal.stores.sql.host_queries import among, listed
from clientportal.stores.sql.host_tables import ITEMS
from clientportal.stores.sql.tables import TEXT, storable
from clientportal.values import ItemPage, RecordRef, SectionItem

__all__ = ["KeptItems", "SqlMemberships", "StoredSections"]

_TENANT = bindparam("p_tenant", type_=TEXT)
_SECTION = bindparam("p_section", type_=TEXT)
_ID = bindparam("p_id", type_=TEXT)
_SEEN: BindParameter[Any] = bindparam("p_seen")

_HERE = (ITEMS.c.tenant == _TENANT, ITEMS.c.section == _SECTION)
_ONE = select(ITEMS).where(*_HERE, ITEMS.c.id == _ID)
_DROP = delete(ITEMS).where(*_HERE, ITEMS.c.id == _ID, ITEMS.c.version == _SEEN)
_WRITTEN = ("ref", "listed_by", "business", "body", "moved_from")
_CHANGE = (
    update(ITEMS)
    .where(*_HERE, ITEMS.c.id == _ID, ITEMS.c.version == _SEEN)
    .values(version=ITEMS.c.version + 1, **{name: bindparam(f"v_{name}") for name in _WRITTEN})
)


@cache
def _page(later: bool, sqlite: bool) -> Executable:
    place = tuple_(ITEMS.c.listed_by, ITEMS.c.id)
    edge = (place < tuple_(bindparam("p_listed_by", type_=TEXT), _ID),) if later else ()
    return (
        select(ITEMS)
        .where(*_HERE, among(ITEMS.c.ref, "p_refs", sqlite), *edge)
        .order_by(ITEMS.c.listed_by.desc(), ITEMS.c.id.desc())
        .limit(bindparam("p_limit"))
    )


def _row(item: SectionItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "ref": str(item.ref),
        "listed_by": item.listed_by,
        "business": item.business,
        "body": item_to_body(evolve(item, version="", moved_from=None)),
        "moved_from": None if item.moved_from is None else str(item.moved_from),
    }


class KeptItems(Section[Any]):
    """A section whose items are rows of ``cp_host_items``: mix it into the port of the section."""

    async def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        """One statement, by the section's index."""
        scope = (self.host.tenant, self.name)
        place: dict[str, Any] = {}
        if after is not None:
            place["p_listed_by"], place["p_id"] = read_cursor(scope, after, [str, str])
        sqlite = self.host.face.sqlite
        named = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, sqlite)
        query = _page(after is not None, sqlite)
        found = await self.host.fetched(query, p_section=self.name, p_limit=limit + 1, **named, **place)
        items = tuple(self._item(row) for row in found[:limit])
        more = len(found) > limit
        return ItemPage(items, write_cursor(scope, [items[-1].listed_by, items[-1].id]) if more else None)

    async def one(self, id: str) -> Any | None:
        if not storable(id):
            return None
        found = await self.host.fetched(_ONE, p_section=self.name, p_id=id)
        return self._item(found[0]) if found else None

    def _item(self, row: Any) -> Any:
        moved_from = None if row.moved_from is None else RecordRef.parse(row.moved_from)
        item = item_from_body(self.item, row.body)
        return evolve(item, version=str(row.version), ref=RecordRef.parse(row.ref), moved_from=moved_from)

    async def add(self, item: SectionItem) -> None:
        """A new item; its id must be new."""
        await self.host.add_items([item], replace=False)

    async def change(self, item: SectionItem) -> None:
        """Write an item again, where it still has the version that it was read with."""
        row = {f"v_{name}": value for name, value in _row(item).items() if name != "id"}
        changed = await self.host.changed(_CHANGE, p_section=self.name, p_id=item.id, p_seen=_seen(item.version), **row)
        if changed != 1:
            raise Conflict(f"the item of {self.name} has changed since it was read")

    async def drop(self, id: str, version: str) -> None:
        """Remove an item, where it still has that version."""
        if await self.host.changed(_DROP, p_section=self.name, p_id=id, p_seen=_seen(version)) != 1:
            raise Conflict(f"the item of {self.name} has changed since it was read")


def _seen(version: str) -> int:
    return int(version) if version.isdecimal() and len(version) < 19 else 0


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
        given = [{"version": 1, "section": kinds[type(item)], **_row(item)} for item in items]
        if replace:
            await self._put(ITEMS, given)
        else:
            await self._insert(_ADD, given)


_ADD = ITEMS.insert().values(**{name: bindparam(name) for name in ("tenant", "section", "id", "version", *_WRITTEN)})
