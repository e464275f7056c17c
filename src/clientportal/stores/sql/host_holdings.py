"""What the clients of the shipped SQL host hold besides their appointments, counted and added up by the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Numeric,
    Table,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)

from clientportal.stores.sql import host_rows as rows
from clientportal.stores.sql.host_queries import among, listed, theirs
from clientportal.stores.sql.host_seeding import HostSeeding
from clientportal.stores.sql.host_tables import APPOINTMENTS, CODES, HOLDINGS, ITEMS, PREFILLS
from clientportal.stores.sql.tables import TEXT, storable
from clientportal.values import HeldThing, Holding, HoldingKind, Money, RecordRef
from clientportal.values.holdings import KIND_OF_CODE

__all__ = ["CountedHoldings"]

_TENANT = bindparam("p_tenant", type_=TEXT)
_NO_TEXT = cast(null(), Text)
_NO_NUMBER = cast(null(), BigInteger)


def _kind(kind: HoldingKind) -> ColumnElement[str]:
    return literal_column(f"'{kind.value}'", Text)


def _whose(table: Table, sqlite: bool) -> ColumnElement[str]:
    """Whose a row was first, where it was moved since and that record is asked for as well: else whose it is."""
    first = table.c.moved_from
    return case((among(first, "p_refs", sqlite), first), else_=table.c.ref).label("ref")


@cache
def _counting(sqlite: bool) -> Executable:
    """Everything that those records hold, a line for each record, kind, currency and number of decimals.

    SQLite knows no decimal numbers, and its floating ones lose cents. So amounts are added as whole numbers of their
    last decimal, those with as many decimals together, and the few sums of a kind are added by whoever reads them.
    """
    named = union_all(
        select(
            _whose(CODES, sqlite),
            case({one.value: kind.value for one, kind in KIND_OF_CODE.items()}, value=CODES.c.kind).label("kind"),
            literal(1, BigInteger).label("things"),
            CODES.c.balance_amount.label("amount"),
            CODES.c.balance_currency.label("currency"),
            CODES.c.credits_left.label("credits"),
        ).where(CODES.c.tenant == _TENANT, among(CODES.c.ref, "p_refs", sqlite)),
        select(
            *(_whose(HOLDINGS, sqlite), HOLDINGS.c.kind, literal(1, BigInteger)),
            *(HOLDINGS.c.amount, HOLDINGS.c.currency, HOLDINGS.c.credits),
        ).where(HOLDINGS.c.tenant == _TENANT, among(HOLDINGS.c.ref, "p_refs", sqlite)),
        select(
            *(_whose(ITEMS, sqlite), ITEMS.c.counted, literal(1, BigInteger)),
            *(ITEMS.c.amount, ITEMS.c.currency, ITEMS.c.credits),
        ).where(ITEMS.c.tenant == _TENANT, ITEMS.c.counted.is_not(None), among(ITEMS.c.ref, "p_refs", sqlite)),
        select(PREFILLS.c.ref, _kind(HoldingKind.FORM), PREFILLS.c.forms, _NO_TEXT, _NO_TEXT, _NO_NUMBER).where(
            PREFILLS.c.tenant == _TENANT, among(PREFILLS.c.ref, "p_refs", sqlite)
        ),
        select(
            *(PREFILLS.c.ref, _kind(HoldingKind.CARD), literal(1, BigInteger), _NO_TEXT, _NO_TEXT, _NO_NUMBER)
        ).where(PREFILLS.c.tenant == _TENANT, PREFILLS.c.card.is_not(None), among(PREFILLS.c.ref, "p_refs", sqlite)),
    ).subquery("held")
    held = named.c
    point = (func.instr if sqlite else func.strpos)(held.amount, ".")
    decimals = case((point > 0, func.length(held.amount) - point), else_=0)
    units = cast(func.replace(held.amount, ".", ""), BigInteger if sqlite else Numeric)
    group = (held.ref, held.kind, held.currency, decimals)
    return (
        select(
            held.ref,
            held.kind,
            held.currency,
            decimals.label("decimals"),
            func.sum(held.things).label("things"),
            func.sum(units).label("units"),
            func.sum(held.credits).label("credits"),
        )
        .where(held.things > 0)
        .group_by(*group)
        .order_by(*group)
    )


@cache
def _forgetting_labels(sqlite: bool) -> Executable:
    """What somebody held stays in the books, and is not called anything any more."""
    bookings = select(literal("booking:") + APPOINTMENTS.c.id).where(APPOINTMENTS.c.tenant == _TENANT, theirs(sqlite))
    return (
        update(HOLDINGS)
        .where(HOLDINGS.c.tenant == _TENANT, or_(among(HOLDINGS.c.ref, "p_refs", sqlite), HOLDINGS.c.ref.in_(bookings)))
        .values(label="")
    )


class CountedHoldings(HostSeeding):
    """The part of ``SqlHost`` that has to do with what clients hold."""

    async def add_holdings(self, things: Iterable[HeldThing]) -> None:
        """Add documents, memberships, balances, invoices, or replace those of the same id."""
        await self._put(HOLDINGS, [_thing_row(thing) for thing in things])

    async def holdings(self, refs: Sequence[RecordRef]) -> Sequence[Holding]:
        """What those records hold, in one statement: forms, cards and codes, and what :meth:`add_holdings` added."""
        named = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, self._face.sqlite)
        sums: dict[tuple[str, str, str | None], Holding] = {}
        for row in await self._rows(_counting(self._face.sqlite), **named):
            place = (row.ref, row.kind, row.currency)
            here = _sum_of(row)
            sums[place] = sums[place].joined(here) if place in sums else here
        return [sums[place] for place in sorted(sums, key=lambda place: (*place[:2], place[2] or ""))]

    async def _forget_labels(self, refs: Sequence[RecordRef], asked: dict[str, Any]) -> None:
        named = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, self._face.sqlite)
        await self._run(_forgetting_labels(self._face.sqlite), **asked, **named)


def _thing_row(thing: HeldThing) -> dict[str, Any]:
    amount = rows.summed_row("amount", thing.amount)
    return {
        "id": thing.id,
        "ref": str(thing.ref),
        "kind": thing.kind.value,
        "label": thing.label,
        "amount": amount["amount_amount"],
        "currency": amount["amount_currency"],
        "credits": thing.credits,
    }


def _sum_of(row: Any) -> Holding:
    # Made of text: no context of the caller's can round it.
    amount = None if row.currency is None else Money(Decimal(f"{int(row.units)}E-{row.decimals}"), row.currency)
    credits = None if row.credits is None else int(row.credits)
    return Holding(RecordRef.parse(row.ref), row.kind, int(row.things), amount, credits)
