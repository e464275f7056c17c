"""Tables for a platform that has none of its own: businesses, clients and what they hold, services, free times.

They hold the facts of one booking platform, plainly: no availability engine. Contacts stand as they were typed.

Whatever belongs to a record has a column ``moved_from``: the record that the row belonged to first, where it was moved
to another since.
"""

from __future__ import annotations

from attrs import fields
from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, PrimaryKeyConstraint, Table, Text

from clientportal.stores.sql.tables import METADATA, TEXT
from clientportal.values import Branding

__all__ = [
    "APPOINTMENTS",
    "BRANDING",
    "BUSINESSES",
    "CLIENTS",
    "CODES",
    "CONTENTS",
    "HOLDINGS",
    "HOST_TABLES",
    "ITEMS",
    "PREFILLS",
    "SERVICES",
    "SLOTS",
]


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, TEXT, nullable=optional)


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _money(name: str) -> tuple[Column[str], Column[str]]:
    return _text(f"{name}_amount", optional=True), _text(f"{name}_currency", optional=True)


BRANDING = tuple(one.name for one in fields(Branding))
"""What a business looks like, a column each."""

BUSINESSES = Table(
    "cp_host_businesses",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("name"),
    _text("zone"),
    _text("branch"),
    *(_text(name, optional=True) for name in BRANDING),
    PrimaryKeyConstraint("tenant", "branch", name="cp_host_businesses_pk"),
)
"""One row per tenant, with an empty ``branch``; of a franchise, one more for each of its businesses."""

CLIENTS = Table(
    "cp_host_clients",
    METADATA,
    _text("tenant"),
    _text("id"),
    _whole("version"),
    _text("created_at"),
    *(_text(name, optional=True) for name in ("first_name", "last_name", "email", "phone", "mobile")),
    *(_text(name, optional=True) for name in ("street", "city", "region", "postcode", "country")),
    Column("usable", Boolean(create_constraint=False), nullable=False),
    Column("changed_at", Text),
    Column("cleared", Text, nullable=False),
    Column("notes", Text),
    Column("custom", Text, nullable=False),
    _text("birthday", optional=True),
    Column("consents", Text, nullable=False),
    Column("demo", Boolean(create_constraint=False), nullable=False),
    *(_text(name) for name in ("searched", "by_last", "by_first")),
    PrimaryKeyConstraint("tenant", "id", name="cp_host_clients_pk"),
)
"""``changed_at``, ``cleared``, ``custom`` and ``consents`` are JSON; ``birthday`` is an ISO date.

``searched``, ``by_last`` and ``by_first`` repeat what the client list searches and is ordered by, folded
(``values.searching``): they are written with the row.
"""

Index("cp_host_clients_by_name", *(CLIENTS.c[n] for n in ("tenant", "by_last", "by_first", "id")))

SERVICES = Table(
    "cp_host_services",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("name"),
    _whole("duration"),
    Column("bookable_online", Boolean(create_constraint=False), nullable=False),
    Column("active", Boolean(create_constraint=False), nullable=False),
    *_money("price"),
    PrimaryKeyConstraint("tenant", "id", name="cp_host_services_pk"),
)
"""``duration`` is in microseconds."""

SLOTS = Table(
    "cp_host_slots",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("service_id"),
    _text("staff_id", optional=True),
    _text("staff_name"),
    _text("start_at"),
    _text("end_at"),
    _text("zone"),
    _text("taken_by", optional=True),
    PrimaryKeyConstraint("tenant", "id", name="cp_host_slots_pk"),
)
"""Times that are or were offered; ``taken_by`` is the appointment that stands there."""

Index("cp_host_slots_by_start", SLOTS.c.tenant, SLOTS.c.service_id, SLOTS.c.start_at, SLOTS.c.id)

APPOINTMENTS = Table(
    "cp_host_appointments",
    METADATA,
    _text("tenant"),
    _text("id"),
    _whole("version"),
    _text("client_id", optional=True),
    *(_text(name, optional=True) for name in ("booked_mobile", "booked_phone", "booked_email")),
    _text("booked_as"),
    _text("service_id"),
    _text("service_name"),
    _text("staff_id", optional=True),
    _text("staff_name"),
    _text("start_at"),
    _text("end_at"),
    _text("zone"),
    _text("status"),
    _text("made_at"),
    _whole("moves"),
    _text("slot_id", optional=True),
    _text("locked_reason", optional=True),
    *_money("price"),
    *_money("deposit"),
    *_money("fee"),
    _text("moved_from", optional=True),
    _text("business"),
    PrimaryKeyConstraint("tenant", "id", name="cp_host_appointments_pk"),
)
"""Without ``client_id`` the booking is its own record, with the contacts that were typed at it.

``fee`` is what the latest late change was charged.
"""

Index("cp_host_appointments_by_end", *(APPOINTMENTS.c[n] for n in ("tenant", "client_id", "end_at", "start_at", "id")))
Index("cp_host_appointments_by_made", *(APPOINTMENTS.c[n] for n in ("tenant", "client_id", "made_at")))

PREFILLS = Table(
    "cp_host_prefills",
    METADATA,
    _text("tenant"),
    _text("ref"),
    Column("answers", Text, nullable=False),
    _whole("forms"),
    Column("card", Text),
    _text("moved_from", optional=True),
    PrimaryKeyConstraint("tenant", "ref", name="cp_host_prefills_pk"),
)
"""What was answered for a client (``client:7``) or at a booking (``booking:a1``), and a stored card: both are JSON.

``forms`` is how many different forms the answers are of.
"""

CODES = Table(
    "cp_host_codes",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("ref"),
    _text("kind"),
    _text("code"),
    _text("name"),
    *_money("balance"),
    Column("credits_left", BigInteger),
    _text("expires_at", optional=True),
    _text("last_day", optional=True),
    _text("moved_from", optional=True),
    PrimaryKeyConstraint("tenant", "id", name="cp_host_codes_pk"),
)
"""Packages, gift certificates and subscriptions of a client (``client:7``) or of one booking (``booking:a1``)."""

Index("cp_host_codes_by_ref", CODES.c.tenant, CODES.c.ref, CODES.c.id)

HOLDINGS = Table(
    "cp_host_holdings",
    METADATA,
    _text("tenant"),
    _text("id"),
    _text("ref"),
    _text("kind"),
    _text("label"),
    _text("amount", optional=True),
    _text("currency", optional=True),
    Column("credits", BigInteger),
    _text("moved_from", optional=True),
    PrimaryKeyConstraint("tenant", "id", name="cp_host_holdings_pk"),
)
"""Whatever else a client (``client:7``) or a booking (``booking:a1``) has, one row a thing: documents, memberships,
balances, invoices. An ``amount`` is written in plain digits, so that a database can add it up."""

Index("cp_host_holdings_by_ref", HOLDINGS.c.tenant, HOLDINGS.c.ref, HOLDINGS.c.id)

ITEMS = Table(
    "cp_host_items",
    METADATA,
    _text("tenant"),
    _text("section"),
    _text("id"),
    _whole("version"),
    _text("ref"),
    _text("listed_by"),
    _text("business"),
    Column("body", Text, nullable=False),
    _text("counted", optional=True),
    _text("amount", optional=True),
    _text("currency", optional=True),
    Column("credits", BigInteger),
    _text("moved_from", optional=True),
    PrimaryKeyConstraint("tenant", "section", "id", name="cp_host_items_pk"),
)
"""The items of every section, one row a thing. ``body`` is JSON, exact; ``listed_by`` and ``business`` repeat of it
what a section is listed by, ``counted``, ``amount``, ``currency`` and ``credits`` as what it is counted among what its
record holds, and how much of it there is: an ``amount`` is written in plain digits, so that a database can add it up.
"""

Index("cp_host_items_by_ref", *(ITEMS.c[n] for n in ("tenant", "section", "ref", "listed_by", "id")))

CONTENTS = Table(
    "cp_host_contents",
    METADATA,
    _text("tenant"),
    _text("document"),
    _whole("place"),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "document", "place", name="cp_host_contents_pk"),
)
"""What is in the documents (``cp_host_items`` of the section ``documents``), in pieces of equal size, in order."""

for _table in (APPOINTMENTS, CODES, HOLDINGS, ITEMS):
    _moved = _table.c.moved_from.is_not(None)
    Index(f"{_table.name}_moved", _table.c.tenant, _table.c.moved_from, sqlite_where=_moved, postgresql_where=_moved)

HOST_TABLES = (BUSINESSES, CLIENTS, SERVICES, SLOTS, APPOINTMENTS, PREFILLS, CODES, HOLDINGS, ITEMS, CONTENTS)
