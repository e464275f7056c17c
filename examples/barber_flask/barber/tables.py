"""The barbers' own tables. Times are seconds since 1970, money is cents, and what is over stays in the table."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, text

__all__ = ["BOOKINGS", "CHAIRS", "CUSTOMERS", "CUTS", "METADATA", "OPENINGS", "SHOPS"]

METADATA = MetaData()

SHOPS = Table(
    "shops",
    METADATA,
    Column("shop", String(40), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("zone", String(50), nullable=False),
)

CHAIRS = Table(
    "chairs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("shop", String(40), nullable=False),
    Column("barber", String(100), nullable=False),
    sqlite_autoincrement=True,
)

CUTS = Table(
    "cuts",
    METADATA,
    Column("shop", String(40), primary_key=True),
    Column("code", String(40), primary_key=True),
    Column("title", String(100), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("cents", Integer),
    Column("online", Boolean, nullable=False, default=True),
)

CUSTOMERS = Table(
    "customers",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("shop", String(40), nullable=False),
    Column("first", String(100)),
    Column("last", String(100)),
    Column("mobile", String(320)),
    Column("email", String(320)),
    Column("remark", String),
    Column("since", Integer, nullable=False),
    Column("barred", Boolean, nullable=False, default=False),
    # Folded when they are written, because no two databases fold text alike.
    Column("searched", String, nullable=False),
    Column("by_last", String, nullable=False),
    Column("by_first", String, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Index("customers_in_order", "shop", "by_last", "by_first", "id"),
    sqlite_autoincrement=True,  # the id of a deleted customer is never another's
)

BOOKINGS = Table(
    "bookings",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("shop", String(40), nullable=False),
    Column("customer", Integer),  # empty for a walk-in, whose contacts stand here
    Column("mobile", String(320)),
    Column("email", String(320)),
    Column("name", String(300), nullable=False, default=""),
    Column("chair", Integer),
    Column("cut", String(40), nullable=False),
    Column("start_at", Integer, nullable=False),
    Column("end_at", Integer, nullable=False),
    Column("state", String(10), nullable=False, default="booked"),
    Column("made_at", Integer, nullable=False),
    Column("moves", Integer, nullable=False, default=0),
    Column("cents", Integer),
    Column("owed_cents", Integer),
    Column("revision", Integer, nullable=False, default=1),
    Index("bookings_of_a_customer", "shop", "customer", "start_at"),
    # Two who want one chair at one time: the second cannot be written, whoever looked first.
    Index("one_head_in_a_chair", "chair", "start_at", unique=True, sqlite_where=text("state = 'booked'")),
    sqlite_autoincrement=True,
)

OPENINGS = Table(
    "openings",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("shop", String(40), nullable=False),
    Column("chair", Integer, nullable=False),
    Column("cut", String(40), nullable=False),
    Column("start_at", Integer, nullable=False),
    Column("end_at", Integer, nullable=False),
    Index("openings_of_a_cut", "shop", "cut", "start_at"),
    sqlite_autoincrement=True,
)
