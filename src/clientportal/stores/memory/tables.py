"""What is committed: the portal's records with their indexes, and the host's rows with the serial of each change."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence

from clientportal.records import Stored
from clientportal.stores.memory.ordering import Place, place_of

__all__ = ["Bounds", "Index", "Tables", "between"]


class Index:
    """The places of one table's records under one key, sorted."""

    def __init__(self, attributes: Sequence[str]) -> None:
        self.attributes = attributes
        self.places: list[Place] = []

    def add(self, record: Stored) -> None:
        """Enter a record."""
        insort(self.places, place_of(record, self.attributes))

    def drop(self, record: Stored) -> None:
        """Take a record out."""
        place = place_of(record, self.attributes)
        del self.places[bisect_left(self.places, place)]


class Bounds:
    """Which part of an index is meant: a prefix, an inclusive bound of the next attribute, a place to go on from."""

    def __init__(
        self, prefix: Place, *, upto: object = None, after: Place | None = None, newest_first: bool = False
    ) -> None:
        self.prefix = prefix
        self.upto = upto
        self.after = after
        self.newest_first = newest_first


def between(places: Sequence[Place], bounds: Bounds) -> Iterator[Place]:
    """The places within the bounds, in the order asked for."""
    size = len(bounds.prefix)
    if bounds.upto is None:
        low = bisect_left(places, bounds.prefix)
        high = bisect_right(places, bounds.prefix, key=lambda place: place[:size])
    else:
        # An absent attribute is not below any bound, as NULL in SQL: (0, "") < (1,) <= (1, value).
        low = bisect_left(places, (*bounds.prefix, (1,)))
        high = bisect_right(places, (*bounds.prefix, (1, bounds.upto)), key=lambda place: place[: size + 1])
    if bounds.after is not None:
        if bounds.newest_first:
            high = min(high, bisect_left(places, bounds.after))
        else:
            low = max(low, bisect_right(places, bounds.after))
    steps = range(high - 1, low - 1, -1) if bounds.newest_first else range(low, high)
    return (places[at] for at in steps)


class Tables:
    """Everything that survives a unit. Whoever reads or writes holds ``mutex``."""

    def __init__(self) -> None:
        self.mutex = threading.RLock()
        self.serial = 0
        self._records: dict[tuple[str, str], dict[str, Stored]] = {}
        self._indexes: dict[tuple[str, type[Stored], str], Index] = {}
        self._rows: dict[tuple[str, str], dict[str, object]] = {}
        self._row_serials: dict[tuple[str, str, str], int] = {}

    def record(self, tenant: str, table: str, id: str) -> Stored | None:
        """The committed record."""
        return self._records.get((tenant, table), {}).get(id)

    def version(self, tenant: str, table: str, id: str) -> int:
        """The committed version, 0 for a record that is not there."""
        record = self.record(tenant, table, id)
        return 0 if record is None else record.version

    def index(self, tenant: str, kind: type[Stored], key: str) -> Index:
        """The index of one key; built on first use, kept up to date from then on."""
        index = self._indexes.get((tenant, kind, key))
        if index is None:
            index = self._indexes[tenant, kind, key] = Index(kind.KEYS[key])
            for record in self._records.get((tenant, kind.TABLE), {}).values():
                index.places.append(place_of(record, index.attributes))
            index.places.sort()
        return index

    def store(self, tenant: str, table: str, id: str, record: Stored | None) -> None:
        """Replace one record, ``None`` to remove it, with all its index entries."""
        records = self._records.setdefault((tenant, table), {})
        before = records.pop(id, None)
        if before is not None:
            for index in self._indexes_of(tenant, type(before)):
                index.drop(before)
        if record is not None:
            records[id] = record
            for index in self._indexes_of(tenant, type(record)):
                index.add(record)

    def _indexes_of(self, tenant: str, kind: type[Stored]) -> list[Index]:
        found = (self._indexes.get((tenant, kind, key)) for key in kind.KEYS)
        return [index for index in found if index is not None]

    def row(self, tenant: str, table: str, key: str) -> object | None:
        """One committed row of the host."""
        return self._rows.get((tenant, table), {}).get(key)

    def rows(self, tenant: str, table: str) -> Mapping[str, object]:
        """All committed rows of one host table."""
        return self._rows.get((tenant, table), {})

    def row_serial(self, tenant: str, table: str, key: str) -> int:
        """The serial of the latest change of that row, its removal included; 0 for one that never was."""
        return self._row_serials.get((tenant, table, key), 0)

    def store_row(self, tenant: str, table: str, key: str, row: object | None) -> None:
        """Replace one row, ``None`` to remove it."""
        self.serial += 1
        self._row_serials[tenant, table, key] = self.serial
        rows = self._rows.setdefault((tenant, table), {})
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
