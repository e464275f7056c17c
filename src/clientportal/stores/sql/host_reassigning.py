"""Moving the rows of merged records in the shipped SQL host, and back: one UPDATE a table, however long the history."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Executable,
    Table,
    Update,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
    union_all,
    update,
)

from clientportal.ports.host import HostAnswer
from clientportal.sections import PaymentMethods
from clientportal.stores.sql.host_clients import ListedClients, wanted
from clientportal.stores.sql.host_queries import among, listed
from clientportal.stores.sql.host_tables import APPOINTMENTS, CODES, HOLDINGS, ITEMS, PREFILLS
from clientportal.stores.sql.tables import TEXT, storable
from clientportal.values import HoldingKind, RecordKind, RecordRef
from clientportal.values.reassigning import left_behind, nothing_for_a_booking

__all__ = ["ReassigningHost"]

_TENANT = bindparam("p_tenant", type_=TEXT)
_TO = bindparam("p_to", type_=TEXT)
_TO_ID = bindparam("p_to_id", type_=TEXT)
_OF_CLIENT, _OF_BOOKING = "client:", "booking:"
_OWNED = {"codes": CODES, "holdings": HOLDINGS, "items": ITEMS}
"""The tables of things that records have, one row a thing."""


def _may_move(table: Table, sqlite: bool) -> tuple[ColumnElement[bool], ...]:
    """A saved card is a way to pay, and its holder's alone: no merge hands it on; nor what a section keeps back."""
    if table is ITEMS:
        # Not ``not_(among(...))``: of "= ANY" that makes "<> ANY", which is true of everything.
        return (case((among(ITEMS.c.section, "p_staying", sqlite), literal(value=False)), else_=literal(value=True)),)
    return () if table is not HOLDINGS else (HOLDINGS.c.kind != HoldingKind.CARD.value,)


@cache
def _moving_appointments(sqlite: bool) -> Executable:
    """Every appointment of those records becomes the survivor's; whose it was *first* stays with it."""
    a, own = APPOINTMENTS.c, APPOINTMENTS.alias()
    # The ids come first: of an OR over two lists SQLite makes a walk over all of the business's appointments.
    of_clients = select(own.c.id).where(own.c.tenant == _TENANT, among(own.c.client_id, "p_clients", sqlite))
    guests = select(own.c.id).where(
        own.c.tenant == _TENANT, own.c.client_id.is_(None), among(own.c.id, "p_bookings", sqlite)
    )
    whose = case(
        (a.client_id.is_(None), literal_column(f"'{_OF_BOOKING}'", TEXT) + a.id),
        else_=literal_column(f"'{_OF_CLIENT}'", TEXT) + a.client_id,
    )
    return (
        update(APPOINTMENTS)
        .where(a.tenant == _TENANT, a.id.in_(union_all(of_clients, guests)))
        .values(client_id=_TO_ID, moved_from=func.nullif(func.coalesce(a.moved_from, whose), _TO))
    )


@cache
def _moving(table: Table, sqlite: bool) -> Executable:
    """The same of what they have. What came with a single booking is found by it, and goes where it goes: only what is
    a client's own is named here.
    """
    return (
        update(table)
        .where(table.c.tenant == _TENANT, among(table.c.ref, "p_refs", sqlite), *_may_move(table, sqlite))
        .values(ref=_TO, moved_from=func.nullif(func.coalesce(table.c.moved_from, table.c.ref), _TO))
    )


@cache
def _restoring_appointments(to_client: bool, sqlite: bool) -> Executable:
    """Every appointment that was first one of those records' goes to the one that stands by itself again.

    Nothing can have been moved to a single booking: where that stands by itself, everything goes where it came from.
    """
    first = APPOINTMENTS.c.moved_from
    of_guest = func.substr(first, 1, len(_OF_BOOKING)) == _OF_BOOKING
    whose = _TO_ID if to_client else case((of_guest, null()), else_=func.substr(first, len(_OF_CLIENT) + 1))
    still_away = func.nullif(first, _TO) if to_client else null()
    return _first_of(APPOINTMENTS, sqlite).values({"client_id": whose, "moved_from": still_away})


@cache
def _restoring(table: Table, to_client: bool, sqlite: bool) -> Executable:
    first = table.c.moved_from
    back = {"ref": _TO, "moved_from": func.nullif(first, _TO)} if to_client else {"ref": first, "moved_from": null()}
    return _first_of(table, sqlite).values(back)


def _first_of(table: Table, sqlite: bool) -> Update:
    return update(table).where(table.c.tenant == _TENANT, among(table.c.moved_from, "p_refs", sqlite))


@cache
def _staying(sqlite: bool) -> Executable:
    """Whose answers in booking forms, and whose saved cards, stay where they are."""
    forms = select(literal_column("'form'", TEXT).label("what"), PREFILLS.c.ref).where(
        PREFILLS.c.tenant == _TENANT, among(PREFILLS.c.ref, "p_refs", sqlite)
    )
    cards = select(literal_column("'card'", TEXT).label("what"), HOLDINGS.c.ref).where(
        HOLDINGS.c.tenant == _TENANT,
        among(HOLDINGS.c.ref, "p_refs", sqlite),
        HOLDINGS.c.kind == HoldingKind.CARD.value,
    )
    saved = select(literal_column("'card'", TEXT).label("what"), ITEMS.c.ref).where(
        ITEMS.c.tenant == _TENANT,
        ITEMS.c.section == PaymentMethods.name,
        among(ITEMS.c.ref, "p_refs", sqlite),
    )
    return union_all(forms, cards, saved)


class ReassigningHost(ListedClients):
    """The part of ``SqlHost`` that follows a merge with its rows."""

    async def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        """One UPDATE a table, and one look at what stays."""
        if to.kind is RecordKind.BOOKING:
            return HostAnswer(left=nothing_for_a_booking(to))
        merged = [ref for ref in dict.fromkeys(refs) if ref != to and storable(ref.id)]
        sqlite = self._face.sqlite
        clients = listed({"p_refs": [str(ref) for ref in merged if ref.kind is RecordKind.CLIENT]}, sqlite)
        staying = listed({"p_staying": [n for n, one in self.item_sections().items() if not one.moves]}, sqlite)
        moved = {
            "appointments": await self._run(
                _moving_appointments(sqlite), **listed(wanted(merged), sqlite), p_to=str(to), p_to_id=to.id
            ),
            **{
                name: await self._run(
                    _moving(table, sqlite), **clients, **(staying if table is ITEMS else {}), p_to=str(to)
                )
                for name, table in _OWNED.items()
            },
        }
        left = await self._rows(_staying(sqlite), **clients)
        forms, cards = ([RecordRef.parse(row.ref) for row in left if row.what == what] for what in ("form", "card"))
        return HostAnswer(moved=_counted(moved), left=left_behind(forms, cards))

    async def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        """One UPDATE a table, by whose the rows were first."""
        sqlite, to_client = self._face.sqlite, to.kind is RecordKind.CLIENT
        first = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, sqlite)
        whose = {"p_to": str(to)} if to_client else {}
        own = {**whose, "p_to_id": to.id} if to_client else {}
        moved = {
            "appointments": await self._run(_restoring_appointments(to_client, sqlite), **first, **own),
            **{
                name: await self._run(_restoring(table, to_client, sqlite), **first, **whose)
                for name, table in _OWNED.items()
            },
        }
        return HostAnswer(moved=_counted(moved))


def _counted(moved: dict[str, int]) -> dict[str, int]:
    return {table: count for table, count in moved.items() if count}
