"""Taking a client out of the items of every section: what is personal goes, what is in the books stays (X7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, delete, literal, or_, select, update

from clientportal.stores.sql.codec import item_from_body
from clientportal.stores.sql.host_queries import among, theirs
from clientportal.stores.sql.host_tables import APPOINTMENTS, ITEMS
from clientportal.stores.sql.kept_items import item_row
from clientportal.stores.sql.tables import TEXT

__all__ = ["DROP_ITEM", "WRITE_ITEM", "items_of", "without_person"]

_TENANT = bindparam("p_tenant", type_=TEXT)
_ONE = (
    ITEMS.c.tenant == _TENANT,
    ITEMS.c.section == bindparam("p_section", type_=TEXT),
    ITEMS.c.id == bindparam("p_id", type_=TEXT),
)

DROP_ITEM = delete(ITEMS).where(*_ONE)
WRITE_ITEM = update(ITEMS).where(*_ONE).values(version=ITEMS.c.version + 1, body=bindparam("v_body"))


@cache
def items_of(sqlite: bool) -> Executable:
    """Everything in any section that is those records', and what came with their appointments."""
    bookings = select(literal("booking:") + APPOINTMENTS.c.id).where(APPOINTMENTS.c.tenant == _TENANT, theirs(sqlite))
    return (
        select(ITEMS.c.section, ITEMS.c.id, ITEMS.c.body)
        .where(ITEMS.c.tenant == _TENANT, or_(among(ITEMS.c.ref, "p_refs", sqlite), ITEMS.c.ref.in_(bookings)))
        .order_by(ITEMS.c.section, ITEMS.c.id)
    )


def without_person(
    rows: Sequence[Any], kinds: Mapping[str, type[Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is to be removed and what is to be written again. What belongs to no section any more is removed: nobody
    can say what is in it.
    """
    gone: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for row in rows:
        named = {"p_section": row.section, "p_id": row.id}
        kind = kinds.get(row.section)
        before = None if kind is None else item_from_body(kind, row.body)
        after = None if before is None else before.erased()
        if after is None:
            gone.append(named)
        elif after != before:
            changed.append({**named, "v_body": item_row(after)["body"]})
    return gone, changed
