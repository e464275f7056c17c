"""The contract of stores bites: each broken promise is caught by the test that is named after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.errors import InvalidInput
from clientportal.records import Put, Stored, Write
from clientportal.stores.memory import MemoryStore, MemoryTransaction
from clientportal.stores.memory import ordering as order
from clientportal.stores.memory import store as stores
from clientportal.stores.memory.locks import Locks
from clientportal.stores.memory.store import MemoryState, MemoryUnit
from clientportal.stores.memory.tables import Bounds
from clientportal.testing import FixedClock
from clientportal.testing.contracts import StateContract

Patch = pytest.MonkeyPatch


def unchecked_reads(patch: Patch) -> None:
    """Versions of what was only read are not looked at again."""
    patch.setattr(MemoryTransaction, "_check_seen", lambda self: None)


def forgotten_searches(patch: Patch) -> None:
    """What a search found does not count as read."""

    def records(self: MemoryState, kind: type[Stored], ids: Sequence[str]) -> list[Any]:
        return [self._tx.peek(kind, id) for id in ids]

    patch.setattr(MemoryState, "_records", records)


def forgotten_absence(patch: Patch) -> None:
    """That a record was absent is not remembered."""
    remember = MemoryTransaction._remember

    def forget(self: MemoryTransaction, table: str, id: str) -> None:
        if self._tables.version(self.tenant, table, id):
            remember(self, table, id)

    patch.setattr(MemoryTransaction, "_remember", forget)


def last_write_wins(patch: Patch) -> None:
    """The version that a write names is ignored."""

    def take_in(self: MemoryTransaction, one: Write) -> None:
        record: Any = one.record
        stored = self.peek(type(record), record.id)
        version = stored.version if stored else 0
        kept = evolve(record, version=version + 1) if isinstance(one, Put) else None
        self._records[record.TABLE, record.id] = kept

    patch.setattr(MemoryTransaction, "_take_in", take_in)
    unchecked_reads(patch)


def half_a_commit(patch: Patch) -> None:
    """A conflict leaves the writes before it in place."""

    def write(self: MemoryTransaction, writes: Sequence[Write]) -> None:
        try:
            for one in writes:
                self._take_in(one)
        finally:
            for (table, id), record in self._records.items():
                self._tables.store(self.tenant, table, id, record)
                self._seen[table, id] = self._tables.version(self.tenant, table, id)

    patch.setattr(MemoryTransaction, "write", write)


def one_tenant_for_all(patch: Patch) -> None:
    """The tenant is missing from every key."""
    begin = MemoryTransaction.__init__
    patch.setattr(MemoryTransaction, "__init__", lambda self, tables, locks, tenant: begin(self, tables, locks, "all"))


def no_locks(patch: Patch) -> None:
    """Locks keep nobody out."""

    async def take(self: Locks, key: object, owner: object) -> None:
        return None

    patch.setattr(Locks, "take", take)


def locks_for_ever(patch: Patch) -> None:
    """Locks stay when their unit ends."""
    patch.setattr(Locks, "release", lambda self, owner: None)
    begin = Locks.__init__
    patch.setattr(Locks, "__init__", lambda self, patience: begin(self, 0.1))


def written_on_leaving(patch: Patch) -> None:
    """A unit commits whatever it has when it is left, and a joined one at once."""
    write = MemoryTransaction.write

    def write_now(self: MemoryTransaction, writes: Sequence[Write]) -> None:
        write(self, writes)
        for (table, id), record in self._records.items():
            self._tables.store(self.tenant, table, id, record)

    patch.setattr(MemoryTransaction, "write", write_now)


def no_savepoint(patch: Patch) -> None:
    """A joined unit that is left keeps the caller from going on."""
    patch.setattr(MemoryTransaction, "back_to", lambda self, savepoint: self.end())


def twice_committed(patch: Patch) -> None:
    """A unit may be committed again."""

    async def commit(self: MemoryUnit, writes: Sequence[Write]) -> None:
        self._tx._open = True
        self._tx.write(writes)
        self._tx.commit()

    patch.setattr(MemoryUnit, "commit", commit)


def folded_order(patch: Patch) -> None:
    """Text is ordered as a language would."""
    part = order._part
    patch.setattr(order, "_part", lambda value: part(value.casefold() if type(value) is str else value))


def pages_by_number(patch: Patch) -> None:
    """Cursors count records instead of naming a place."""
    ids = MemoryTransaction.ids

    def numbered(self: MemoryTransaction, kind: type[Stored], key: str, bounds: Bounds) -> Iterator[Any]:
        skip = bounds.after[0] if bounds.after else 0
        bounds.after = None
        now["skip"] = skip
        return iter(list(ids(self, kind, key, bounds))[skip:])

    now = {"skip": 0}
    two_a_page = 2

    patch.setattr(MemoryTransaction, "ids", numbered)
    patch.setattr(stores, "write_cursor", lambda scope, place: str(now["skip"] + two_a_page))
    patch.setattr(stores, "read_cursor", lambda scope, cursor: (int(cursor),))


def any_cursor(patch: Patch) -> None:
    """A cursor is taken by any list."""
    read, write = stores.read_cursor, stores.write_cursor
    patch.setattr(stores, "read_cursor", lambda scope, cursor: read(("x",), cursor))
    patch.setattr(stores, "write_cursor", lambda scope, place: write(("x",), place))


def exclusive_bound(patch: Patch) -> None:
    """``upto`` leaves its own moment out."""
    begin = Bounds.__init__

    def bounds(self: Bounds, prefix: Any, *, upto: Any = None, **rest: Any) -> None:
        begin(self, prefix, upto=upto and upto - timedelta(microseconds=1), **rest)

    patch.setattr(Bounds, "__init__", bounds)


def cursors_for_every_tenant(patch: Patch) -> None:
    """A cursor does not say whose list it belongs to."""
    read, write = stores.read_cursor, stores.write_cursor
    patch.setattr(stores, "read_cursor", lambda scope, cursor: read(scope[1:], cursor))
    patch.setattr(stores, "write_cursor", lambda scope, place: write(scope[1:], place))


def no_limit(patch: Patch) -> None:
    """A search gives whatever there is."""
    find, find_any = MemoryState.find, MemoryState.find_any

    async def all_of(self: MemoryState, *asked: Any, **more: Any) -> Any:
        return await find(self, *asked, **{**more, "limit": 99_999})

    async def any_of(self: MemoryState, *asked: Any, **more: Any) -> Any:
        return await find_any(self, *asked, **{**more, "limit": 99_999})

    patch.setattr(MemoryState, "find", all_of)
    patch.setattr(MemoryState, "find_any", any_of)


def unlocked_single_reads(patch: Patch) -> None:
    """``lock=True`` of a single record is ignored, and what it saw is not looked at again."""
    get = MemoryState.get

    async def unlocked(self: MemoryState, kind: Any, id: str, *, lock: bool = False) -> Any:
        return await get(self, kind, id)

    patch.setattr(MemoryState, "get", unlocked)


def consumed_by_many(patch: Patch) -> None:
    """A record is read, judged and written in three steps that know nothing of each other."""
    last_write_wins(patch)
    no_locks(patch)


def absent_is_empty(patch: Patch) -> None:
    """A key attribute that is absent is stored as empty text."""
    part = order._part
    patch.setattr(order, "_part", lambda value: part("" if value is None else value))


def lenient_numbers(patch: Patch) -> None:
    """Text is cast to whatever number it resembles."""
    typed = stores.typed_prefix

    def cast_to(kind: Any, attributes: Sequence[str], values: Sequence[str]) -> Any:
        return typed(kind, attributes, [str(int(one)) if one.strip().isdecimal() else one for one in values])

    patch.setattr(stores, "typed_prefix", cast_to)


def versions_stand_still(patch: Patch) -> None:
    """A second write leaves the version as it was."""
    take_in = MemoryTransaction._take_in

    def keep(self: MemoryTransaction, one: Write) -> None:
        take_in(self, one)
        stored: Any = self._records[one.record.TABLE, one.record.id]
        if stored is not None and stored.version > 1:
            self._records[one.record.TABLE, one.record.id] = evolve(stored, version=1)

    patch.setattr(MemoryTransaction, "_take_in", keep)


def joined_at_once(patch: Patch) -> None:
    """A joined unit's transaction counts as open for ever."""
    patch.setattr(MemoryStore, "in_transaction", lambda self, connection: True)


BROKEN: list[tuple[Callable[[Patch], None], str, tuple[Any, ...]]] = [
    (unchecked_reads, "test_reads_are_checked", ("get",)),
    (unchecked_reads, "test_absence_is_checked", ("get",)),
    *((forgotten_searches, "test_reads_are_checked", (look,)) for look in ("find", "find_any", "page", "collisions")),
    (forgotten_absence, "test_absence_is_checked", ("get",)),
    (last_write_wins, "test_stale_writes", ()),
    (last_write_wins, "test_no_lost_update", ()),
    (last_write_wins, "test_consumed_once", (False,)),
    (half_a_commit, "test_all_or_nothing", ()),
    (one_tenant_for_all, "test_tenants", ()),
    (no_locks, "test_locked_reads_count_exactly", ()),
    (no_locks, "test_locked_find", ()),
    (no_locks, "test_hold", ()),
    (locks_for_ever, "test_left_without_commit", ()),
    (written_on_leaving, "test_joined_rollback", ()),
    (no_savepoint, "test_joined_left", ()),
    (twice_committed, "test_empty_commit", ()),
    (folded_order, "test_code_points", ()),
    (pages_by_number, "test_pages_under_inserts", ()),
    (any_cursor, "test_bad_cursors", ()),
    (exclusive_bound, "test_upto", ()),
    (cursors_for_every_tenant, "test_bad_cursors", ()),
    (no_limit, "test_find_order", ()),
    (no_limit, "test_find_any", ()),
    (unlocked_single_reads, "test_locked_reads_count_exactly", ()),
    (consumed_by_many, "test_consumed_once", (True,)),
    (absent_is_empty, "test_absent_attribute", ()),
    (lenient_numbers, "test_find_typed", ()),
    (versions_stand_still, "test_versions_count", ()),
    (joined_at_once, "test_joined_ends", ()),
]


@pytest.mark.parametrize(("defect", "test", "more"), BROKEN, ids=lambda part: getattr(part, "__name__", str(part)))
def test_a_broken_promise_is_caught(
    defect: Callable[[Patch], None], test: str, more: tuple[Any, ...], monkeypatch: Patch
) -> None:
    """The store with that defect fails that test; without it, it passes."""
    check = getattr(StateContract(), test)
    check(MemoryStore(), *more)
    defect(monkeypatch)
    with pytest.raises((Exception, pytest.fail.Exception, pytest.skip.Exception)) as caught:
        check(MemoryStore(), *more)
    assert not isinstance(caught.value, pytest.skip.Exception), "left out is not caught"
    assert not isinstance(caught.value, TypeError | AttributeError | NameError), "the defect itself is broken"


def test_the_clock() -> None:
    """It stands still, moves by hand in both directions, and takes aware instants only."""
    start = datetime(2025, 3, 1, 9, tzinfo=UTC)
    clock = FixedClock(start)
    assert clock() == clock.now() == start
    clock.advance(timedelta(hours=-1))
    assert clock() == start - timedelta(hours=1)
    clock.set(start.astimezone())
    assert (clock(), clock().tzinfo) == (start, UTC)
    with pytest.raises(InvalidInput):
        clock.set(datetime(2025, 3, 1))
    assert repr(clock) == "FixedClock(2025-03-01T09:00:00+00:00)"
