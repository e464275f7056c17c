"""Every statement over the portal's tables, built once for each record type and then reused.

Each is filtered by tenant, without exception: this file is where that can be read off.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    Executable,
    FromClause,
    Integer,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_unless

from clientportal.records import Stored
from clientportal.stores.sql.codec import AsRead, to_body
from clientportal.stores.sql.compiled import prepared
from clientportal.stores.sql.tables import RecordTable, record_table

__all__ = [
    "by_id",
    "by_ids",
    "colliding",
    "found",
    "found_any",
    "inserting",
    "paged",
    "placeholders",
    "removing",
    "row_of",
    "updating",
    "versions_held",
    "with_linked",
    "without_placeholders",
]

# Parameters of UPDATE may not be named as columns are, so all of them carry a prefix.
_TENANT: BindParameter[Any] = bindparam("p_tenant")
_ID: BindParameter[Any] = bindparam("p_id")
_IDS: BindParameter[Any] = bindparam("p_ids", expanding=True)
_SEEN: BindParameter[Any] = bindparam("p_seen")


def _columns(of: RecordTable) -> tuple[Any, ...]:
    return (of.table.c.id, of.table.c.version, of.table.c.body)


def _held_against(of: RecordTable) -> tuple[Any, ...]:
    """The key columns of a kind that can be doubted: the last of the row, in their order."""
    return tuple(of.table.c[name] for name in of.columns) if of.doubtful else ()


@prepared
def by_id(kind: type[Stored], lock: bool) -> Executable:
    """One record; ``p_tenant``, ``p_id``."""
    of = record_table(kind)
    query = select(*_columns(of)).where(of.table.c.tenant == _TENANT, of.table.c.id == _ID)
    return query.with_for_update() if lock else query


@prepared
def by_ids(kind: type[Stored], lock: bool) -> Executable:
    """Several, in the order of their ids, so that locks are taken in that order; ``p_tenant``, ``p_ids``."""
    of = record_table(kind)
    query = select(*_columns(of)).where(of.table.c.tenant == _TENANT, of.table.c.id.in_(_IDS)).order_by(of.table.c.id)
    return query.with_for_update() if lock else query


@prepared
def with_linked(kind: type[Stored], links: tuple[tuple[str, type[Stored]], ...]) -> Executable:
    """One record beside those that its key attributes name, each with its id, version and body; ``p_tenant``, ``p_id``.

    An absent attribute is the empty text, which is nobody's id.
    """
    of = record_table(kind)
    columns: list[Any] = [*_columns(of)]
    whole: FromClause = of.table
    for at, (name, linked) in enumerate(links):
        other = record_table(linked).table.alias(f"linked_{at}")
        columns += [of.table.c[of.columns[name].name], other.c.version, other.c.body]
        whole = whole.outerjoin(other, (other.c.tenant == _TENANT) & (other.c.id == of.table.c[name]))
    return select(*columns).select_from(whole).where(of.table.c.tenant == _TENANT, of.table.c.id == _ID)


@prepared
def found(kind: type[Stored], key: str, size: int, lock: bool) -> Executable:
    """Those whose first ``size`` key attributes have the values ``p_0`` …; ``p_tenant``, ``p_limit``."""
    of = record_table(kind)
    columns = [of.table.c[column.name] for column in of.key(key)]
    query = (
        select(*_columns(of), *_held_against(of))
        .where(of.table.c.tenant == _TENANT, *_prefix(columns[:size]))
        .order_by(*columns, of.table.c.id)
        .limit(bindparam("p_limit"))
    )
    return query.with_for_update() if lock else query


def _prefix(columns: list[Any]) -> list[Any]:
    return [column == bindparam(f"p_{at}") for at, column in enumerate(columns)]


@prepared
def found_any(kind: type[Stored], key: str) -> Executable:
    """Those whose first key attribute has one of the values ``p_values``; ``p_tenant``, ``p_limit``."""
    of = record_table(kind)
    columns = [of.table.c[column.name] for column in of.key(key)]
    return (
        select(*_columns(of))
        .where(of.table.c.tenant == _TENANT, columns[0].in_(bindparam("p_values", expanding=True)))
        .order_by(*columns, of.table.c.id)
        .limit(bindparam("p_limit"))
    )


@prepared
def paged(kind: type[Stored], key: str, size: int, *, bounded: bool, onwards: bool, newest_first: bool) -> Executable:
    """A page of those under a prefix: ``p_upto`` bounds, ``a_0`` … (rest of the key, then id) is where it goes on."""
    of = record_table(kind)
    key_columns = of.key(key)
    columns = [of.table.c[column.name] for column in key_columns]
    rest = [*columns[size:], of.table.c.id]
    query = select(*_columns(of), *rest[:-1], *(column.label(f"held_{column.name}") for column in _held_against(of)))
    query = query.where(of.table.c.tenant == _TENANT, *_prefix(columns[:size]))
    if bounded:
        query = query.where(rest[0] <= bindparam("p_upto"))
        if key_columns[size].nullable:
            # An absent attribute is not below any bound.
            query = query.where(rest[0] != "")
    if onwards:
        place = tuple_(*(bindparam(f"a_{at}", type_=column.type) for at, column in enumerate(rest)))
        query = query.where(tuple_(*rest) < place if newest_first else tuple_(*rest) > place)
    return query.order_by(*(column.desc() if newest_first else column for column in rest)).limit(bindparam("p_limit"))


@prepared
def colliding(kind: type[Stored], key: str, *, onwards: bool, versions: bool) -> Executable:
    """(value, id) or (value, id, version) of the records that share a value of a one-attribute key, in order.

    Of at most ``p_limit`` values, after ``p_after``; of each at most ``p_most`` ids. Without versions both databases
    answer from the key's index alone: the values are counted in its order, and only those that several records hold
    are looked up again. Where more than ``p_most`` do, the count also finds the last id that is wanted: neither a
    value that everybody has nor a million of those that nobody shares costs more than one pass over the index.
    """
    of = record_table(kind)
    kept = of.key(key)[0]
    counted, held, last_held = of.table.alias("counted"), of.table.alias("held"), of.table.alias("last_held")
    value, most = counted.c[kept.name], bindparam("p_most", type_=Integer())
    last = (
        select(last_held.c.id)
        .where(last_held.c.tenant == _TENANT, last_held.c[kept.name] == value)
        .order_by(last_held.c.id)
        .limit(1)
        .offset(most - 1)
        .scalar_subquery()
    )
    several = select(value.label("value"), case((func.count() > most, last)).label("last"))
    several = several.where(counted.c.tenant == _TENANT)
    if kept.nullable:
        # An absent attribute is nothing that records share.
        several = several.where(value != "")
    if onwards:
        several = several.where(value > bindparam("p_after"))
    shared = (
        several.group_by(value).having(func.count() > 1).order_by(value).limit(bindparam("p_limit")).subquery("shared")
    )
    column = held.c[kept.name]
    return (
        select(column, held.c.id, *([held.c.version] if versions else []))
        .select_from(shared)
        .join(held, (held.c.tenant == _TENANT) & (column == shared.c.value))
        .where(shared.c.last.is_(None) | (held.c.id <= shared.c.last))
        .order_by(column, held.c.id)
    )


@prepared
def inserting(kind: type[Stored]) -> Executable:
    """A new record, as :func:`row_of` gives it."""
    of = record_table(kind)
    values: dict[str, Any] = {name: bindparam(f"v_{name}") for name in _written(of)}
    return insert(of.table).values({**values, "tenant": _TENANT, "id": _ID, "version": 1})


@prepared
def updating(kind: type[Stored]) -> Executable:
    """The same record again, where it still has the version ``p_seen``."""
    of = record_table(kind)
    columns = of.table.c
    values: dict[str, Any] = {name: bindparam(f"v_{name}") for name in _written(of)}
    return (
        update(of.table)
        .where(columns.tenant == _TENANT, columns.id == _ID, columns.version == _SEEN)
        .values({**values, "version": columns.version + 1})
    )


@prepared
def removing(kind: type[Stored]) -> Executable:
    """The record, where it still has the version ``p_seen``."""
    columns = record_table(kind).table.c
    return delete(record_table(kind).table).where(
        columns.tenant == _TENANT, columns.id == _ID, columns.version == _SEEN
    )


def _written(of: RecordTable) -> list[str]:
    return [*of.columns, "body"]


def row_of(tenant: str, record: Stored, before: AsRead | None = None) -> dict[str, Any]:
    """The parameters of :func:`inserting` and :func:`updating`; ``before`` is the record that is changed."""
    of = record_table(type(record))
    keys = {f"v_{name}": column.kept(getattr(record, name)) for name, column in of.columns.items()}
    return {"p_tenant": tenant, "p_id": record.id, "v_body": to_body(record, before), **keys}


@prepared
def versions_held(kind: type[Stored]) -> Executable:
    """PostgreSQL: the versions that records have now, each kept from changing until this transaction ends."""
    columns = record_table(kind).table.c
    return (
        select(columns.id, columns.version)
        .where(columns.tenant == _TENANT, columns.id.in_(_IDS))
        .order_by(columns.id)
        .with_for_update(read=True)
    )


@prepared
def placeholders(kind: type[Stored]) -> Executable:
    """PostgreSQL: a row of version 0 under an id that must stay absent; touches none where there is a record.

    Whoever inserts that id meanwhile waits at the primary key until this transaction ends, and the reverse: so two
    units that each rest on the absence of what the other inserts cannot both commit.
    """
    of = record_table(kind)
    empty = {name: column.empty for name, column in of.columns.items()}
    values = {"tenant": _TENANT, "id": _ID, "version": 0, "body": "", **empty}
    statement = insert_unless(of.table).values(values).on_conflict_do_nothing()
    # SQLAlchemy keeps the count of an INSERT only where it is asked to.
    return statement.execution_options(preserve_rowcount=True)


@prepared
def without_placeholders(kind: type[Stored]) -> Executable:
    """Takes them out again, so that nobody ever sees one."""
    columns = record_table(kind).table.c
    return delete(record_table(kind).table).where(columns.tenant == _TENANT, columns.id.in_(_IDS), columns.version == 0)
