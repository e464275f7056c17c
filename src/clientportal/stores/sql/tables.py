"""The portal's tables: one for each record type, with its declared keys as columns.

The body holds the whole record; key columns repeat what it is found by. Text is compared by code points on both
databases. An absent key attribute is kept as the empty text, which sorts first on both, where NULL would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, get_args, get_type_hints

from attrs import frozen
from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy.types import TypeEngine

from clientportal.records import RECORD_TYPES, Stored
from clientportal.stores.sql.codec import instant_from_text, instant_text

__all__ = [
    "METADATA",
    "MOST",
    "SCHEMA_VERSIONS",
    "TEXT",
    "KeyColumn",
    "RecordTable",
    "record_table",
    "storable",
]

METADATA = MetaData()

TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
"""Text ordered by code points: SQLite's own order, and PostgreSQL's in the collation "C"."""

SCHEMA_VERSIONS = Table(
    "cp_schema",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", TEXT, nullable=False),
    Column("oldest", Integer, nullable=False),
    Column("release", TEXT, nullable=False),
)
"""Which steps of ``schema.STEPS`` this database has had, and when; which version a process must know to work beside it;
and the release of the library that the step came with.
"""

MOST = 2**63 - 1
"""The largest whole number that a column holds."""


@frozen
class KeyColumn:
    """One key attribute: how its values are kept in its column."""

    name: str
    holds: type
    nullable: bool

    def kept(self, value: object) -> str | int:
        """A record's value as the column holds it."""
        if value is None:
            return ""
        if isinstance(value, datetime):
            return instant_text(value)
        if isinstance(value, int):
            return value
        return str(value.value) if isinstance(value, Enum) else str(value)

    def sought(self, text: str) -> str | int | None:
        """The text of a search as the column holds it; ``None`` where no record can hold such a value."""
        if self.holds is int:
            # One spelling only: int() would read " 7" and "٧" as 7, and no column holds more than 64 bits.
            number = int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else None
            return number if number is not None and str(number) == text and abs(number) <= MOST else None
        if self.holds is datetime:
            return _sought_instant(text)
        if (self.nullable and not text) or not storable(text):
            return None
        return text

    def told(self, kept: str | int) -> str:
        """A column's value as the text that :meth:`sought` takes."""
        return instant_from_text(str(kept)).isoformat() if self.holds is datetime else str(kept)

    @property
    def sql_type(self) -> TypeEngine[Any]:
        """The type of the column."""
        return BigInteger() if self.holds is int else TEXT

    @property
    def empty(self) -> str | int:
        """What the column holds where there is nothing to hold."""
        return 0 if self.holds is int else ""


def _sought_instant(text: str) -> str | None:
    try:
        instant = instant_from_text(text)
    except ValueError:
        return None
    return instant_text(instant) if instant.tzinfo is not None and instant.isoformat() == text else None


def storable(text: str) -> bool:
    """Whether a column can hold that text: PostgreSQL knows no NUL, and UTF-8 no lone surrogate."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@frozen(eq=False)
class RecordTable:
    """The table of one record type."""

    kind: type[Stored]
    table: Table
    columns: Mapping[str, KeyColumn]

    @property
    def doubtful(self) -> bool:
        """Whether a record of this kind is held against the columns that it was found by."""
        return hasattr(self.kind, "doubted")

    def tells(self, record: Stored, id: str, held: Sequence[str | int]) -> bool:
        """Whether a row's id and key columns, in their order, say what the record in it says."""
        columns = zip(self.columns.items(), held, strict=True)
        return record.id == id and all(column.kept(getattr(record, name)) == kept for (name, column), kept in columns)

    def key(self, key: str) -> tuple[KeyColumn, ...]:
        """The columns of a declared key, in order."""
        return tuple(self.columns[name] for name in self.kind.KEYS[key])


def _key_column(kind: type[Stored], name: str, hint: Any) -> KeyColumn:
    types = [one for one in get_args(hint) if one is not type(None)] or [hint]
    holds: type = types[0]
    nullable = type(None) in get_args(hint)
    if len(types) > 1 or not issubclass(holds, str | int | datetime) or (nullable and not issubclass(holds, str)):
        raise TypeError(f"{kind.__name__}.{name} cannot be a key: a key is text, a whole number or an instant")
    return KeyColumn(name, holds, nullable)


def _record_table(kind: type[Stored]) -> RecordTable:
    hints = get_type_hints(kind)
    names = dict.fromkeys(name for attributes in kind.KEYS.values() for name in attributes)
    columns = {name: _key_column(kind, name, hints[name]) for name in names}
    table = Table(
        f"cp_{kind.TABLE}",
        METADATA,
        Column("tenant", TEXT, nullable=False),
        Column("id", TEXT, nullable=False),
        Column("version", BigInteger, nullable=False),
        *(Column(name, column.sql_type, nullable=False) for name, column in columns.items()),
        Column("body", Text, nullable=False),
        PrimaryKeyConstraint("tenant", "id", name=f"cp_{kind.TABLE}_pk"),
    )
    for key, attributes in kind.KEYS.items():
        Index(f"cp_{kind.TABLE}_by_{key}", *(table.c[name] for name in ("tenant", *attributes, "id")))
    return RecordTable(kind, table, columns)


_TABLES = {kind: _record_table(kind) for kind in RECORD_TYPES}


def record_table(kind: type[Stored]) -> RecordTable:
    """The table of that record type."""
    return _TABLES[kind]
