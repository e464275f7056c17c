"""Items of sections as rows of ``cp_host_items``: what the sections of the shipped SQL host are made of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from attrs import evolve
from sqlalchemy import BindParameter, ColumnElement, Executable, bindparam, delete, select, tuple_, update

from clientportal.errors import Conflict
from clientportal.ports.section import Section
from clientportal.stores.sql.codec import AsRead, item_from_body, item_to_body
from clientportal.stores.sql.cursors import read_cursor, write_cursor
from clientportal.stores.sql.host_queries import among, listed
from clientportal.stores.sql.host_rows import summed_row
from clientportal.stores.sql.host_tables import ITEMS
from clientportal.stores.sql.tables import TEXT, storable
from clientportal.values import ItemPage, RecordRef, SectionItem

__all__ = ["ITEM_COLUMNS", "KeptItems", "item_row", "shown_here"]

_TENANT = bindparam("p_tenant", type_=TEXT)
_SECTION = bindparam("p_section", type_=TEXT)
_ID = bindparam("p_id", type_=TEXT)
_SEEN: BindParameter[Any] = bindparam("p_seen")

_HERE = (ITEMS.c.tenant == _TENANT, ITEMS.c.section == _SECTION)
_ONE = select(ITEMS).where(*_HERE, ITEMS.c.id == _ID)
_DROP = delete(ITEMS).where(*_HERE, ITEMS.c.id == _ID, ITEMS.c.version == _SEEN)
ITEM_COLUMNS = ("ref", "listed_by", "business", "body", "counted", "amount", "currency", "credits", "moved_from")
# Whose an item is changes with a merge alone: a write that had read it before a merge must not bring it back.
_CHANGED = tuple(name for name in ITEM_COLUMNS if name not in ("ref", "moved_from"))
_CHANGE = (
    update(ITEMS)
    .where(*_HERE, ITEMS.c.id == _ID, ITEMS.c.version == _SEEN)
    .values(version=ITEMS.c.version + 1, **{name: bindparam(f"v_{name}") for name in _CHANGED})
)


def shown_here(here: bool) -> tuple[ColumnElement[bool], ...]:
    """What is shown at one business of a franchise, where it is: its own and the parent's. ``p_branch`` names it."""
    return (ITEMS.c.business.in_(["", bindparam("p_branch", type_=TEXT)]),) if here else ()


@cache
def _page(later: bool, sqlite: bool, here: bool) -> Executable:
    place = tuple_(ITEMS.c.listed_by, ITEMS.c.id)
    edge = (place < tuple_(bindparam("p_listed_by", type_=TEXT), _ID),) if later else ()
    return (
        select(ITEMS)
        .where(*_HERE, among(ITEMS.c.ref, "p_refs", sqlite), *edge, *shown_here(here))
        .order_by(ITEMS.c.listed_by.desc(), ITEMS.c.id.desc())
        .limit(bindparam("p_limit"))
    )


@cache
def _every(sqlite: bool, here: bool) -> Executable:
    mine = among(ITEMS.c.ref, "p_refs", sqlite)
    return select(ITEMS).where(*_HERE, mine, *shown_here(here)).order_by(ITEMS.c.id)


def item_row(item: SectionItem, before: AsRead | None = None) -> dict[str, Any]:
    """The columns of an item, but for its section and version; ``before`` is the item that is changed."""
    counted = item.counted_as
    amount = summed_row("amount", None if counted is None else counted.amount)
    return {
        "id": item.id,
        "ref": str(item.ref),
        "listed_by": item.listed_by,
        "business": item.business,
        "body": item_to_body(evolve(item, version="", moved_from=None), before),
        "counted": None if counted is None else counted.kind.value,
        "amount": amount["amount_amount"],
        "currency": amount["amount_currency"],
        "credits": None if counted is None else counted.credits,
        "moved_from": None if item.moved_from is None else str(item.moved_from),
    }


class KeptItems(Section[Any]):
    """A section whose items are rows of ``cp_host_items``: mix it into the port of the section."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._stood: dict[str, AsRead] = {}

    async def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        """One statement, by the section's index."""
        scope = (self.host.tenant, self.name)
        place: dict[str, Any] = {}
        if after is not None:
            place["p_listed_by"], place["p_id"] = read_cursor(scope, after, [str, str])
        sqlite = self.host.face.sqlite
        named = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, sqlite)
        query = _page(after is not None, sqlite, bool(self.branch))
        found = await self.host.fetched(query, p_section=self.name, p_limit=limit + 1, **named, **place, **self.branch)
        items = tuple(self._item(row) for row in found[:limit])
        more = len(found) > limit
        return ItemPage(items, write_cursor(scope, [items[-1].listed_by, items[-1].id]) if more else None)

    async def one(self, id: str) -> Any | None:
        if not storable(id):
            return None
        found = await self.host.fetched(_ONE, p_section=self.name, p_id=id)
        return self._item(found[0]) if found else None

    async def every(self, refs: Sequence[RecordRef]) -> Sequence[Any]:
        """All that those records have, for a section of few items each."""
        sqlite = self.host.face.sqlite
        named = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, sqlite)
        query = _every(sqlite, bool(self.branch))
        return [self._item(row) for row in await self.host.fetched(query, p_section=self.name, **named, **self.branch)]

    @property
    def branch(self) -> dict[str, str]:
        """What :func:`shown_here` is asked with: nothing where all is shown."""
        everything = not self.host.branch or self.name in self.host.shares
        return {} if everything else {"p_branch": self.host.branch}

    def _item(self, row: Any) -> Any:
        moved_from = None if row.moved_from is None else RecordRef.parse(row.moved_from)
        item = item_from_body(self.item, row.body)
        self._stood[row.id] = AsRead(item, row.body)
        return evolve(item, version=str(row.version), ref=RecordRef.parse(row.ref), moved_from=moved_from)

    async def add(self, item: SectionItem) -> None:
        """A new item; its id must be new."""
        await self.host.add_items([item], replace=False)

    async def change(self, item: SectionItem) -> None:
        """Write an item again, where it still has the version that it was read with."""
        whole = item_row(item, self._stood.get(item.id))
        row = {f"v_{name}": value for name, value in whole.items() if name in _CHANGED}
        changed = await self.host.changed(_CHANGE, p_section=self.name, p_id=item.id, p_seen=_seen(item.version), **row)
        if changed != 1:
            raise Conflict(f"the item of {self.name} has changed since it was read")

    async def drop(self, id: str, version: str) -> None:
        """Remove an item, where it still has that version."""
        there = (
            storable(id) and await self.host.changed(_DROP, p_section=self.name, p_id=id, p_seen=_seen(version)) == 1
        )
        if not there:
            raise Conflict(f"the item of {self.name} has changed since it was read")


def _seen(version: str) -> int:
    return int(version) if version.isdecimal() and len(version) < 19 else 0
