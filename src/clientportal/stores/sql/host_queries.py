"""Every statement over the shipped host tables. Each is filtered by tenant; each write checks what it rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    Executable,
    Integer,
    Select,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from clientportal.stores.sql.host_rows import EMPTY_CLIENT
from clientportal.stores.sql.host_tables import APPOINTMENTS, BUSINESSES, CLIENTS, CODES, PREFILLS, SERVICES, SLOTS
from clientportal.stores.sql.tables import TEXT

__all__ = [
    "APPOINTMENT",
    "BOOKING_CONTACTS",
    "BUSINESS",
    "CANCEL",
    "CHANGE_CLIENT",
    "CLIENT_CONTACTS",
    "DELETE_APPOINTMENT",
    "DELETE_CLIENT",
    "FREE_SLOT",
    "FREE_SLOTS",
    "GIVE_BACK",
    "MOVE",
    "SERVICE",
    "TAKE",
    "adding",
    "among",
    "appointment_list",
    "client_list",
    "clients_of",
    "codes_of",
    "erasing",
    "forgetting_prefills",
    "listed",
    "prefills",
    "putting",
    "theirs",
]

_a, _c, _s, _p = APPOINTMENTS.c, CLIENTS.c, SLOTS.c, PREFILLS.c
_TENANT: BindParameter[Any] = bindparam("p_tenant")
_ID: BindParameter[Any] = bindparam("p_id")


def listed(ids: Mapping[str, Sequence[str]], sqlite: bool) -> dict[str, Any]:
    """Lists of ids, each as the one parameter that :func:`among` takes."""
    return {name: json.dumps(list(some)) if sqlite else list(some) for name, some in ids.items()}


def among(column: ColumnElement[Any], name: str, sqlite: bool) -> ColumnElement[bool]:
    """The column is one of a list, which is a single parameter: thousands of ids pass where a database counts them."""
    if sqlite:
        each = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(name, type_=ARRAY(Text())))


def each(name: str, sqlite: bool) -> Select[Any]:
    """Such a list, a row for each."""
    if sqlite:
        return select(func.json_each(bindparam(name)).table_valued("value").c.value)
    return select(func.unnest(bindparam(name, type_=ARRAY(Text()))))


BUSINESS = select(BUSINESSES).where(BUSINESSES.c.tenant == _TENANT, BUSINESSES.c.branch == bindparam("p_branch"))
SERVICE = select(SERVICES).where(SERVICES.c.tenant == _TENANT, SERVICES.c.id == _ID)
APPOINTMENT = select(APPOINTMENTS).where(_a.tenant == _TENANT, _a.id == _ID)

# --- records: clients, and bookings that are their own record

# A guest's booking that was moved here is its own record still, and says itself when it was made.
_MOVED_GUEST = _a.moved_from == literal_column("'booking:'", Text) + _a.id
_last_booked = (
    select(_a.made_at)
    .where(_a.tenant == _c.tenant, _a.client_id == _c.id, or_(_a.moved_from.is_(None), not_(_MOVED_GUEST)))
    .order_by(_a.made_at.desc())
    .limit(1)
    .correlate(CLIENTS)
    .scalar_subquery()
)
_no_text = cast(null(), Text)


def _empty(*names: str) -> list[Any]:
    return [_no_text.label(name) for name in names]


_client_rows = select(
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
    _c.birthday,
    _c.consents,
    _c.demo,
    _last_booked.label("last_booked_at"),
).where(_c.tenant == _TENANT)

# No client has the id "". IS NULL would say the same, and SQLite would walk all bookings of that kind to find one.
# A guest's booking that was moved to a client (``host_reassigning``) stays the record that it was.
_OWN_RECORD = or_(func.coalesce(_a.client_id, "") == "", _MOVED_GUEST)

_booking_rows = select(
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
    *_empty("birthday"),
    literal_column("'{}'", Text).label("consents"),
    literal(False, Boolean).label("demo"),
    _a.made_at.label("last_booked_at"),
).where(_a.tenant == _TENANT, _OWN_RECORD)


@cache
def clients_of(sqlite: bool) -> Executable:
    """Records of both kinds, with the time of the newest booking made, in one statement."""
    return union_all(
        _client_rows.where(among(_c.id, "p_clients", sqlite)),
        _booking_rows.where(among(_a.id, "p_bookings", sqlite)),
    )


@cache
def client_list(words: int, onwards: bool, sqlite: bool) -> Executable:
    """Client rows in the order of the list, those that hold every one of so many words."""
    query = _client_rows
    for number in range(words):
        # Not LIKE: whatever stands in a search is itself.
        within = func.instr if sqlite else func.strpos
        query = query.where(within(_c.searched, bindparam(f"p_word{number}", type_=TEXT)) > 0)
    if onwards:
        place = tuple_(bindparam("p_last", type_=TEXT), bindparam("p_first", type_=TEXT), _ID)
        query = query.where(tuple_(_c.by_last, _c.by_first, _c.id) > place)
    return query.order_by(_c.by_last, _c.by_first, _c.id).limit(bindparam("p_limit"))


CLIENT_CONTACTS = (
    select(
        literal_column("'client'", Text).label("kind"),
        *(_c.id, _c.mobile, _c.phone, _c.email, _c.first_name, _c.last_name, _c.birthday, _c.custom, _c.demo),
    )
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
        _a.booked_as.label("first_name"),
        *_empty("last_name", "birthday"),
        literal_column("'{}'", Text).label("custom"),
        literal(False, Boolean).label("demo"),
    )
    .where(_a.tenant == _TENANT, _OWN_RECORD, _a.id > bindparam("p_after"))
    .order_by(_a.id)
    .limit(bindparam("p_limit"))
)

# --- appointments


def theirs(sqlite: bool) -> ColumnElement[bool]:
    """The appointments of those clients, and those appointments themselves, whoever's they are."""
    if not sqlite:
        return or_(among(_a.client_id, "p_clients", sqlite), among(_a.id, "p_bookings", sqlite))
    # Of an OR over two lists SQLite makes a walk over all of the business's appointments; so the ids come first.
    own = APPOINTMENTS.alias()
    of_clients = select(own.c.id).where(own.c.tenant == _TENANT, among(own.c.client_id, "p_clients", sqlite))
    named = func.json_each(bindparam("p_bookings")).table_valued("value")
    return _a.id.in_(union_all(of_clients, select(named.c.value)))


@cache
def appointment_list(upcoming: bool, onwards: bool, sqlite: bool, here: bool = False) -> Executable:
    """A page of the appointments of those clients, and of those appointments themselves, whoever's they are.

    The clients' page is chosen from the index alone, before any row is read: a client of twenty years has thousands.
    ``here``: only what belongs to the business of a franchise that is asked, or to its parent.
    """
    now: BindParameter[Any] = bindparam("p_now")
    start: BindParameter[Any] = bindparam("p_start")
    limit = bindparam("p_limit", type_=Integer())

    own = APPOINTMENTS.alias()

    def bounded(query: Select[Any], of: Any) -> Select[Any]:
        query = query.where(of.tenant == _TENANT, of.end_at > now if upcoming else of.end_at <= now)
        if here:
            query = query.where(of.business.in_(["", bindparam("p_branch")]))
        if onwards:
            later = of.start_at > start if upcoming else of.start_at < start
            query = query.where(or_(later, and_(of.start_at == start, of.id > _ID)))
        return query.order_by(of.start_at if upcoming else of.start_at.desc(), of.id).limit(limit)

    theirs_ = bounded(select(own.c.id).where(among(own.c.client_id, "p_clients", sqlite)), own.c).subquery()
    chosen = _a.id.in_(union_all(select(theirs_.c.id), each("p_bookings", sqlite)))
    return bounded(select(APPOINTMENTS).where(chosen), _a)


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

DELETE_APPOINTMENT = delete(APPOINTMENTS).where(*_UNCHANGED)
DELETE_CLIENT = delete(CLIENTS).where(_c.tenant == _TENANT, _c.id == _ID)


@cache
def erasing(sqlite: bool) -> tuple[Executable, Executable]:
    """Nothing personal is left of those clients, of their bookings, and of those bookings."""
    nobody = {"version": _c.version + 1, **EMPTY_CLIENT}
    unsigned = {name: null() for name in ("booked_mobile", "booked_phone", "booked_email")}
    return (
        update(CLIENTS).where(_c.tenant == _TENANT, among(_c.id, "p_clients", sqlite)).values(nobody),
        update(APPOINTMENTS)
        .where(_a.tenant == _TENANT, theirs(sqlite))
        .values({"version": _a.version + 1, "booked_as": "", **unsigned}),
    )


# --- what a booking form starts with


@cache
def prefills(sqlite: bool) -> Executable:
    """What stands under those refs."""
    return select(PREFILLS).where(_p.tenant == _TENANT, among(_p.ref, "p_refs", sqlite)).order_by(_p.ref)


@cache
def codes_of(sqlite: bool) -> Executable:
    """The codes of those refs."""
    return select(CODES).where(CODES.c.tenant == _TENANT, among(CODES.c.ref, "p_refs", sqlite)).order_by(CODES.c.id)


@cache
def forgetting_prefills(sqlite: bool) -> Executable:
    """Nothing is left under those refs, nor under the bookings of those clients."""
    bookings = select(literal("booking:") + _a.id).where(_a.tenant == _TENANT, theirs(sqlite))
    return delete(PREFILLS).where(_p.tenant == _TENANT, or_(among(_p.ref, "p_refs", sqlite), _p.ref.in_(bookings)))


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
