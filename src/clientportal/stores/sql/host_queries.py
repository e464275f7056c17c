"""Every statement over the shipped host tables. Each is filtered by tenant; each write checks what it rests on."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Executable,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from clientportal.stores.sql.host_tables import APPOINTMENTS, BUSINESSES, CLIENTS, SERVICES, SLOTS

__all__ = [
    "APPOINTMENT",
    "BOOKING_CONTACTS",
    "BUSINESS",
    "CANCEL",
    "CHANGE_CLIENT",
    "CLIENTS_OF",
    "CLIENT_CONTACTS",
    "FREE_SLOT",
    "FREE_SLOTS",
    "GIVE_BACK",
    "MOVE",
    "PAST",
    "PAST_ON",
    "SERVICE",
    "TAKE",
    "UPCOMING",
    "UPCOMING_ON",
    "adding",
    "putting",
]

_a, _c, _s = APPOINTMENTS.c, CLIENTS.c, SLOTS.c
_TENANT: BindParameter[Any] = bindparam("p_tenant")
_ID: BindParameter[Any] = bindparam("p_id")
_CLIENT_IDS: BindParameter[Any] = bindparam("p_clients", expanding=True)
_BOOKING_IDS: BindParameter[Any] = bindparam("p_bookings", expanding=True)

BUSINESS = select(BUSINESSES).where(BUSINESSES.c.tenant == _TENANT)
SERVICE = select(SERVICES).where(SERVICES.c.tenant == _TENANT, SERVICES.c.id == _ID)
APPOINTMENT = select(APPOINTMENTS).where(_a.tenant == _TENANT, _a.id == _ID)

# --- records: clients, and bookings that are their own record

_last_booked = (
    select(func.max(_a.made_at))
    .where(_a.tenant == _c.tenant, _a.client_id == _c.id)
    .correlate(CLIENTS)
    .scalar_subquery()
)
_no_text = cast(null(), Text)


def _empty(*names: str) -> list[Any]:
    return [_no_text.label(name) for name in names]


_client_records = select(
    literal_column("'client'", Text).label("kind"),
    _c.id,
    _c.version,
    _c.created_at,
    _c.first_name,
    _c.last_name,
    _c.email,
    _c.phone,
    _c.mobile,
    _c.street,
    _c.city,
    _c.region,
    _c.postcode,
    _c.country,
    _c.usable,
    _c.changed_at,
    _c.cleared,
    _c.notes,
    _c.custom,
    _last_booked.label("last_booked_at"),
).where(_c.tenant == _TENANT, _c.id.in_(_CLIENT_IDS))

_booking_records = select(
    literal_column("'booking'", Text).label("kind"),
    _a.id,
    _a.version,
    _a.made_at.label("created_at"),
    func.nullif(_a.booked_as, "").label("first_name"),
    *_empty("last_name"),
    _a.booked_email.label("email"),
    _a.booked_phone.label("phone"),
    _a.booked_mobile.label("mobile"),
    *_empty("street", "city", "region", "postcode", "country"),
    literal(True, Boolean).label("usable"),
    *_empty("changed_at"),
    literal_column("'[]'", Text).label("cleared"),
    *_empty("notes"),
    literal_column("'{}'", Text).label("custom"),
    _a.made_at.label("last_booked_at"),
).where(_a.tenant == _TENANT, _a.client_id.is_(None), _a.id.in_(_BOOKING_IDS))

CLIENTS_OF = union_all(_client_records, _booking_records)
"""Records of both kinds, with the time of the newest booking made, in one statement."""

CLIENT_CONTACTS = (
    select(literal_column("'client'", Text).label("kind"), _c.id, _c.mobile, _c.phone, _c.email)
    .where(_c.tenant == _TENANT, _c.id > bindparam("p_after"))
    .order_by(_c.id)
    .limit(bindparam("p_limit"))
)
BOOKING_CONTACTS = (
    select(
        literal_column("'booking'", Text).label("kind"),
        _a.id,
        _a.booked_mobile.label("mobile"),
        _a.booked_phone.label("phone"),
        _a.booked_email.label("email"),
    )
    .where(_a.tenant == _TENANT, _a.client_id.is_(None), _a.id > bindparam("p_after"))
    .order_by(_a.id)
    .limit(bindparam("p_limit"))
)

# --- appointments


def _list(*, upcoming: bool, onwards: bool) -> Select[Any]:
    now: BindParameter[Any] = bindparam("p_now")
    start: BindParameter[Any] = bindparam("p_start")
    query = select(APPOINTMENTS).where(
        _a.tenant == _TENANT,
        or_(_a.client_id.in_(_CLIENT_IDS), and_(_a.client_id.is_(None), _a.id.in_(_BOOKING_IDS))),
        _a.end_at > now if upcoming else _a.end_at <= now,
    )
    if onwards:
        later = _a.start_at > start if upcoming else _a.start_at < start
        query = query.where(or_(later, and_(_a.start_at == start, _a.id > _ID)))
    by_start = _a.start_at if upcoming else _a.start_at.desc()
    return query.order_by(by_start, _a.id).limit(bindparam("p_limit"))


UPCOMING = _list(upcoming=True, onwards=False)
UPCOMING_ON = _list(upcoming=True, onwards=True)
PAST = _list(upcoming=False, onwards=False)
PAST_ON = _list(upcoming=False, onwards=True)

# --- free times

FREE_SLOTS = (
    select(SLOTS)
    .where(
        _s.tenant == _TENANT,
        _s.service_id == bindparam("p_service"),
        _s.taken_by.is_(None),
        _s.start_at >= bindparam("p_since"),
        _s.start_at < bindparam("p_until"),
        or_(bindparam("p_any", type_=Boolean), _s.staff_id == bindparam("p_staff", type_=Text)),
    )
    .order_by(_s.start_at, _s.id)
    .limit(bindparam("p_limit"))
)
FREE_SLOT = select(SLOTS).where(_s.tenant == _TENANT, _s.id == _ID, _s.taken_by.is_(None))

TAKE = (
    update(SLOTS)
    .where(
        _s.tenant == _TENANT,
        _s.id == _ID,
        _s.taken_by.is_(None),
        _s.start_at == bindparam("p_start"),
        _s.end_at == bindparam("p_end"),
    )
    .values(taken_by=bindparam("p_by"))
)
"""Free, and still at the times that the client chose."""

GIVE_BACK = (
    update(SLOTS).where(_s.tenant == _TENANT, _s.id == _ID, _s.taken_by == bindparam("p_by")).values(taken_by=null())
)

# --- changes

_UNCHANGED = (_a.tenant == _TENANT, _a.id == _ID, _a.version == bindparam("p_seen"))

# A change without a fee leaves the fee of an earlier one standing.
_FEE: dict[str, Any] = {
    name: func.coalesce(bindparam(f"v_{name}", type_=String), APPOINTMENTS.c[name])
    for name in ("fee_amount", "fee_currency")
}

MOVE = (
    update(APPOINTMENTS)
    .where(*_UNCHANGED)
    .values(
        version=_a.version + 1,
        moves=_a.moves + 1,
        **_FEE,
        **{
            name: bindparam(f"v_{name}") for name in ("start_at", "end_at", "zone", "staff_id", "staff_name", "slot_id")
        },
    )
)
CANCEL = (
    update(APPOINTMENTS)
    .where(*_UNCHANGED)
    .values(
        version=_a.version + 1,
        status="cancelled",
        slot_id=null(),
        **_FEE,
    )
)

# --- what is put in


@cache
def putting(table: Table, sqlite: bool) -> Executable:
    """Add a row, or replace the one under that id; a row that has a version then gets the next one."""
    statement = (sqlite_insert if sqlite else postgres_insert)(table)
    values: dict[str, Any] = {column.name: statement.excluded[column.name] for column in table.columns}
    if "version" in table.c:
        values["version"] = table.c.version + 1
    keys = list(table.primary_key.columns)
    for key in keys:
        del values[key.name]
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


@cache
def adding(table: Table) -> Executable:
    """Add a row whose id is new; one that is there already is a conflict."""
    return insert(table)


_client_values: dict[str, Any] = {
    column.name: bindparam(f"v_{column.name}")
    for column in CLIENTS.c
    if column.name not in ("tenant", "id", "version", "created_at")
}
CHANGE_CLIENT = (
    update(CLIENTS)
    .where(_c.tenant == _TENANT, _c.id == _ID, _c.version == bindparam("p_seen"))
    .values({**_client_values, "version": _c.version + 1})
)
