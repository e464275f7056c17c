"""Committing: the writes, each on the version that was seen, and the check of everything else that was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from clientportal.errors import Conflict, InvalidInput
from clientportal.records import RECORD_TYPES, Put, Remove, Stored, Write
from clientportal.stores.sql import statements
from clientportal.stores.sql.codec import AsRead, from_body
from clientportal.stores.sql.connections import Demand, Face
from clientportal.stores.sql.state import Seen, chunks
from clientportal.stores.sql.tables import record_table, storable

__all__ = ["write_all"]

# One order for everybody, so that two units seldom wait for each other crosswise.
_ORDER: Mapping[type[Stored], int] = {kind: at for at, kind in enumerate(RECORD_TYPES)}


async def write_all(face: Face, tenant: str, writes: Sequence[Write], seen: Seen) -> None:
    """Write in the open transaction, and make sure that everything read holds until it ends; else ``Conflict``.

    On SQLite nothing is left to check: a unit that may write is alone from its beginning. On PostgreSQL a write
    locks its row, an insert its id, and what was only read is locked and compared at last. All of it is asked for at
    once, in its order, so that a commit costs one journey to the server and not one for each statement.
    """
    waves = _waves(writes, seen)
    demands: list[Demand] = []
    for wave in waves:
        for kind in sorted(wave, key=_ORDER.__getitem__):
            ordered = sorted(wave[kind], key=lambda write: write.record.id)
            demands += await _written(face, tenant, kind, ordered, seen)
    if not face.sqlite:
        demands += _held(tenant, seen, {(type(write.record), write.record.id) for write in writes})
    await face.carry_out(demands)


def _waves(writes: Sequence[Write], seen: Seen) -> list[dict[type[Stored], list[Write]]]:
    """The writes by kind; a record that is written twice is in the second wave the second time."""
    waves: list[dict[type[Stored], list[Write]]] = []
    times: Counter[tuple[type[Stored], str]] = Counter()
    for write in writes:
        record, kind = write.record, type(write.record)
        _check_storable(kind, record)
        at = times[kind, record.id]
        times[kind, record.id] += 1
        if at == 0 and seen.versions.get(kind, {}).get(record.id, record.version) != record.version:
            raise Conflict(f"{kind.TABLE}: a record to be written is not the one that was read")
        if isinstance(write, Remove) and record.version == 0:
            raise Conflict(f"{kind.TABLE}: a record to be removed was never stored")
        if at == len(waves):
            waves.append({})
        waves[at].setdefault(kind, []).append(write)
    return waves


def _check_storable(kind: type[Stored], record: Stored) -> None:
    for name in ("id", *record_table(kind).columns):
        value = getattr(record, name)
        if isinstance(value, str) and not storable(value):
            raise InvalidInput(f"{kind.__name__}.{name} holds a character that no database column can (NUL, surrogate)")


async def _written(face: Face, tenant: str, kind: type[Stored], writes: Sequence[Write], seen: Seen) -> list[Demand]:
    gone = [write.record for write in writes if isinstance(write, Remove)]
    puts = [write.record for write in writes if isinstance(write, Put)]
    new = [record for record in puts if record.version == 0]
    changed = [record for record in puts if record.version]
    demands: list[Demand] = []
    if gone:
        rows = [{"p_tenant": tenant, "p_id": record.id, "p_seen": record.version} for record in gone]
        demands.append(Demand(statements.removing(kind), rows, _touching(len(rows), kind)))
    if changed:
        before = await _as_they_stood(face, tenant, kind, changed, seen)
        rows = [
            statements.row_of(tenant, record, before.get(record.id)) | {"p_seen": record.version} for record in changed
        ]
        demands.append(Demand(statements.updating(kind), rows, _touching(len(rows), kind)))
    if new:
        # An id that has appeared meanwhile is an error of the database by itself.
        demands.append(Demand(statements.inserting(kind), [statements.row_of(tenant, record) for record in new]))
    return demands


async def _as_they_stood(
    face: Face, tenant: str, kind: type[Stored], changed: Sequence[Stored], seen: Seen
) -> Mapping[str, AsRead]:
    """What a newer library may have stored in them is not this one's to lose; what was not read is read here."""
    stood = {record.id: seen.stood.get((kind, record.id)) for record in changed}
    for ids in chunks([id for id, before in stood.items() if before is None]):
        rows = await face.fetch(statements.by_ids(kind, False), {"p_tenant": tenant, "p_ids": list(ids)})
        stood.update({row[0]: AsRead(from_body(kind, row[1], row[2]), row[2]) for row in rows})
    return {id: before for id, before in stood.items() if before is not None}


def _touching(asked: int, kind: type[Stored]) -> Callable[[int, Sequence[Any]], None]:
    """Ids are unique within a wave, so each statement touches one row or none: the total tells."""

    def check(touched: int, _rows: Sequence[Any]) -> None:
        if touched != asked:
            raise Conflict(f"{kind.TABLE}: a record to be written has changed meanwhile")

    return check


def _held(tenant: str, seen: Seen, written: set[tuple[type[Stored], str]]) -> Iterator[Demand]:
    for kind in sorted(seen.versions, key=_ORDER.__getitem__):
        open_reads = {
            id: version
            for id, version in seen.versions[kind].items()
            if (kind, id) not in written and (kind, id) not in seen.locked
        }
        yield from _kept_present(tenant, kind, {id: version for id, version in open_reads.items() if version})
        yield from _kept_absent(tenant, kind, sorted(id for id, version in open_reads.items() if not version))


def _kept_present(tenant: str, kind: type[Stored], versions: Mapping[str, int]) -> Iterator[Demand]:
    for ids in chunks(sorted(versions)):
        wanted = {id: versions[id] for id in ids}

        def check(_touched: int, rows: Sequence[Any], wanted: Mapping[str, int] = wanted) -> None:
            if {row[0]: row[1] for row in rows} != wanted:
                raise Conflict(f"{kind.TABLE}: a record that was read has changed since")

        yield Demand(statements.versions_held(kind), [{"p_tenant": tenant, "p_ids": list(ids)}], check, reads=True)


def _kept_absent(tenant: str, kind: type[Stored], absent: Sequence[str]) -> Iterator[Demand]:
    for ids in chunks(absent):

        def check(touched: int, _rows: Sequence[Any], asked: int = len(ids)) -> None:
            if touched != asked:
                raise Conflict(f"{kind.TABLE}: a record that was read as absent has appeared since")

        yield Demand(statements.placeholders(kind), [{"p_tenant": tenant, "p_id": id} for id in ids], check)
        yield Demand(statements.without_placeholders(kind), [{"p_tenant": tenant, "p_ids": list(ids)}])
