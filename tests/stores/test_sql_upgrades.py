"""How the store lives beside a newer one: what that has stored is kept, what that has upgraded is noticed."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, text

from clientportal import Appointment, AppointmentStatus, Money, RecordRef
from clientportal.errors import StoreError
from clientportal.ports import BaseHost, HostAdapter, step
from clientportal.records import MessageKind, MessageState, NumberCounter, OutboxMessage, Put, Receipt, Snapshot, Stored
from clientportal.stores.sql import SqlStore, schema, upgrading
from clientportal.stores.sql.codec import AsRead, from_body, to_body
from clientportal.stores.sql.connections import Face
from clientportal.values import ChangeKind
from servers import fresh_database
from stores.sql_ground import SITES, Site

HOST = cast("HostAdapter", BaseHost)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Site, None, None]:
    """Both databases, both colours."""
    site = Site(request.param, tmp_path)
    yield site
    site.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[SqlStore, None, None]:
    """A store on a database of its own."""
    store = SqlStore.open(fresh_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'own.db'}")
    store.upgrade()
    yield store
    store.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases and pauses that a test can wait for."""
    monkeypatch.setattr(schema, "LEASE", 0.0)
    monkeypatch.setattr(upgrading, "BETWEEN", 0.01)


def append(monkeypatch: pytest.MonkeyPatch, *steps: schema.Step) -> None:
    """A later release has these steps as well."""
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, *steps))


def said(store: SqlStore, sql: str) -> list[tuple[Any, ...]]:
    """Run a statement in a transaction of its own."""
    with store.engine.begin() as connection:
        result = connection.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


# --- what a newer release has stored


def an_appointment(**more: Any) -> Appointment:
    begins = NOW + timedelta(days=9)
    whole: dict[str, Any] = {
        "id": "a1",
        "ref": RecordRef.client("ana"),
        "service_id": "cut",
        "start": begins,
        "end": begins + timedelta(minutes=45),
        "zone": "Pacific/Auckland",
        "status": AppointmentStatus.CONFIRMED,
        "made_at": NOW,
        "price": Money("65.00", "NZD"),
    }
    return Appointment(**whole | more)


def newer(body: str, *path: str, **fields: Any) -> str:
    """The body as a later release would have written it: with more fields, in the value at that path."""
    parts = json.loads(body)
    inner = parts
    for name in path:
        inner = inner[name]
    inner.update(fields)
    return json.dumps(parts)


def changed(kind: Any, body: str, **fields: Any) -> dict[str, Any]:
    """What is written when a record is read from that body and some of its fields are changed."""
    record = from_body(kind, 3, body)
    parts: dict[str, Any] = json.loads(to_body(evolve(record, **fields), AsRead(record, body)))
    return parts


A_SNAPSHOT = Snapshot(
    id="s1",
    ref="client:ana",
    appointment_id="a1",
    appointment=an_appointment(),
    taken_at=NOW,
    change=ChangeKind.MOVE,
    actor="mia",
)
A_RECEIPT = Receipt(id="r1", fingerprint="f", at=NOW, forget_at=NOW + timedelta(days=1), result={"a": "1", "b": "2"})


def test_a_field_that_is_not_known_stays() -> None:
    """What a later release has stored in a record is there after this one has changed the record."""
    body = newer(to_body(A_SNAPSHOT), mood="fine", rooms=["2", {"floor": 1}])
    written = changed(Snapshot, body, actor="client:ana")
    assert written == {**json.loads(body), "actor": "client:ana"}


def test_a_field_that_is_not_known_stays_in_a_value_that_was_not_touched() -> None:
    """... at any depth: in the appointment of a snapshot, in its price."""
    body = newer(to_body(A_SNAPSHOT), "appointment", room="2")
    body = newer(body, "appointment", "price", taxed=True)
    written = changed(Snapshot, body, actor="client:ana", appointment=evolve(an_appointment()))
    assert written == {**json.loads(body), "actor": "client:ana"}


def test_a_value_that_was_replaced_is_replaced_whole() -> None:
    """What was known of one appointment is not true of another."""
    body = newer(to_body(A_SNAPSHOT), "appointment", room="2")
    written = changed(Snapshot, body, appointment=an_appointment(id="a2"))
    assert written["appointment"]["id"] == "a2"
    assert "room" not in written["appointment"]


def test_what_is_taken_out_of_a_mapping_is_out() -> None:
    """Names of a mapping are values, not fields: one that is gone does not come back."""
    assert changed(Receipt, newer(to_body(A_RECEIPT), mood="fine"), result={"b": "2"})["result"] == {"b": "2"}
    assert changed(Receipt, to_body(A_RECEIPT), result={})["result"] == {}


@given(st.dictionaries(st.text("xyz", min_size=1), st.none() | st.booleans() | st.integers() | st.text()), st.text())
def test_any_field_that_is_not_known_stays(more: dict[str, Any], note: str) -> None:
    """Whatever it holds; and what this release writes is what it would have written without."""
    body = newer(to_body(A_SNAPSHOT), **more)
    plain = json.loads(to_body(evolve(A_SNAPSHOT, actor=note)))
    assert changed(Snapshot, body, actor=note) == {**more, **plain}


def test_what_cannot_be_read_at_all_says_so() -> None:
    """A kind of message that this release has never heard of is a store error that quotes nothing of it."""
    message = OutboxMessage(
        id="m1", kind=MessageKind.NOTICE, created_at=NOW, due_at=NOW, expires_at=NOW, state=MessageState.QUEUED
    )
    with pytest.raises(StoreError, match="outbox: a record holds something that this version") as caught:
        from_body(OutboxMessage, 1, newer(to_body(message), kind="telegram", to="ana@example.com"))
    assert caught.value.__cause__ is None
    assert "telegram" not in str(caught.value)
    assert "example" not in str(caught.value)


@pytest.mark.parametrize("read", [True, False], ids=["read", "not read"])
def test_the_store_keeps_them(site: Site, read: bool) -> None:
    """A record keeps them through a change, whether the unit that changes it has read it or was handed it."""

    async def check() -> None:
        async with site.store.begin("salon", HOST, writes=True) as unit:
            await unit.commit([Put(A_RECEIPT)])
        async with site.connected() as connection:
            body = newer(to_body(A_RECEIPT), mood="fine")
            await site.said(connection.execute(text("UPDATE cp_receipts SET body = :body"), {"body": body}))
            await site.said(connection.commit())
        held = evolve(A_RECEIPT, version=1)
        async with site.store.begin("salon", HOST, writes=True) as unit:
            if read:
                found = await unit.state.get(Receipt, "r1", lock=True)
                assert found == held
            first = evolve(held, result={})
            await unit.commit([Put(first), Put(evolve(first, version=2, fingerprint="g"))])
        async with site.connected() as connection:
            rows = await site.said(connection.execute(text("SELECT version, body FROM cp_receipts")))
            ((version, after),) = rows.all()
        assert version == 3
        assert json.loads(after) == {**json.loads(to_body(A_RECEIPT)), "result": {}, "fingerprint": "g", "mood": "fine"}

    site.run(check())


# --- noticing


async def _use(store: SqlStore) -> None:
    async with store.begin("salon", HOST, writes=True) as unit:
        await unit.state.get(NumberCounter, "n")


def test_a_store_asks_again(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Having worked for a while, it learns from the database that it is too old; until its lease has run out it does
    not ask.
    """
    moment = 100.0
    monkeypatch.setattr("clientportal.stores.sql.schema.time.monotonic", lambda: moment)
    step(_use(store))
    said(store, "INSERT INTO cp_schema VALUES (2, '2027-01-01', 2, '0.2.0')")
    moment += schema.LEASE - 0.1
    step(_use(store))
    moment += 0.2
    for _ in range(2):
        with pytest.raises(StoreError, match=r"this one knows version 1: install clientportal 0\.2\.0 or later"):
            step(_use(store))


def test_a_newer_database_that_takes_old_processes(store: SqlStore) -> None:
    """A database with more steps serves a process that knows fewer, where no step has said otherwise."""
    said(store, "INSERT INTO cp_schema VALUES (2, '2027-01-01', 1, '0.2.0')")
    fresh = SqlStore(store.engine)
    fresh.check_schema()
    fresh.upgrade()
    step(_use(fresh))


# --- steps


async def _nothing(face: Face) -> None:
    await face.say("SELECT 1")


def test_a_step_that_contracts_is_announced_first(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    """While it waits for old processes to have noticed, the database says already what it will take."""
    seen: list[tuple[Any, ...]] = []

    async def look(face: Face, seconds: float) -> None:
        other = create_engine(store.engine.url)
        with other.connect() as connection:
            seen.extend(tuple(row) for row in connection.execute(text("SELECT version, oldest FROM cp_schema")))
        other.dispose()

    append(monkeypatch, schema.Step(_nothing, release="0.2.0"), schema.Step(_nothing, release="0.3.0", oldest=2))
    monkeypatch.setattr(schema, "pause", look)
    store.upgrade()
    assert sorted(seen) == [(1, 1), (2, 2)]
    assert said(store, "SELECT version, oldest, release FROM cp_schema ORDER BY version") == [
        (1, 1, "0.1.0"),
        (2, 2, "0.2.0"),
        (3, 2, "0.3.0"),
    ]


def test_a_step_that_contracts_and_fails_turns_nobody_away(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    """Everything is as it was: the tables, and whom the database takes."""

    async def fail(face: Face) -> None:
        await face.say("ALTER TABLE cp_number_counters ADD COLUMN note TEXT")
        await face.say("SELECT * FROM cp_there_is_none")

    append(monkeypatch, schema.Step(_nothing, release="0.2.0"), schema.Step(fail, release="0.3.0", oldest=2))
    with pytest.raises(StoreError):
        store.upgrade()
    assert said(store, "SELECT version, oldest FROM cp_schema ORDER BY version") == [(1, 1), (2, 1)]
    assert "note" not in {column["name"] for column in inspect(store.engine).get_columns("cp_number_counters")}
    monkeypatch.undo()
    store.check_schema()


def test_a_new_database_waits_for_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no process can be at work yet, contracting steps are made at once."""

    async def never(face: Face, seconds: float) -> None:
        pytest.fail("there is nobody to wait for")

    monkeypatch.setattr(schema, "pause", never)
    append(monkeypatch, schema.Step(_nothing, release="0.2.0"))
    store = SqlStore.open(f"sqlite:///{tmp_path / 'new.db'}")
    store.upgrade()
    store.close()


def test_filling_in_portions(store: SqlStore, monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    """A step that is repeated is committed portion by portion, and goes on after a failure where it was."""
    for at in range(5):
        step(_put(store, f"n{at}"))
    said(store, "ALTER TABLE cp_number_counters ADD COLUMN note TEXT NOT NULL DEFAULT ''")
    calls = 0

    async def fill(face: Face) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("the connection broke")
        where = "WHERE id IN (SELECT id FROM cp_number_counters WHERE note = '' ORDER BY id LIMIT 2)"
        return await face.change(text(f"UPDATE cp_number_counters SET note = 'seen' {where}"))

    append(monkeypatch, schema.Step(fill, release="0.2.0", how=schema.How.REPEATED))
    with pytest.raises(StoreError, match="broke"):
        store.upgrade()
    assert said(store, "SELECT note FROM cp_number_counters ORDER BY id") == [("seen",)] * 2 + [("",)] * 3
    with pytest.raises(StoreError, match="version 1, this library needs version 2"):
        store.check_schema()
    store.upgrade()
    assert said(store, "SELECT DISTINCT note FROM cp_number_counters") == [("seen",)]
    store.check_schema()


async def _put(store: SqlStore, id: str) -> None:
    await _store(store, NumberCounter(id=id))


async def _store(store: SqlStore, record: Stored) -> None:
    async with store.begin("salon", HOST, writes=True) as unit:
        await unit.commit([Put(record)])


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])
def test_an_index_is_built_beside_those_who_write(awaited: bool, monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    """... and one that cannot be built leaves nothing behind, and is built when it can be."""
    url = fresh_database()
    store = SqlStore.open(url)
    store.upgrade()
    said(store, "DROP INDEX cp_outbox_by_due")
    message = OutboxMessage(id="m1", kind=MessageKind.NOTICE, created_at=NOW, due_at=NOW, expires_at=NOW)
    step(_store(store, message))
    # More than an entry of an index can hold, even compressed.
    said(store, f"UPDATE cp_outbox SET state = '{secrets.token_hex(10_000)}'")
    monkeypatch.setattr(schema, "SINCE", {"cp_outbox_by_due": 2})

    async def build(face: Face) -> None:
        await schema.build(face, 2)

    append(monkeypatch, schema.Step(build, release="0.2.0", how=schema.How.OUTSIDE))
    upgrade = _upgrading(url, awaited)
    with pytest.raises(StoreError, match="54000"):
        upgrade()
    assert "cp_outbox_by_due" not in indexes(store)
    said(store, "DELETE FROM cp_outbox")
    upgrade()
    assert "cp_outbox_by_due" in indexes(store)
    assert said(store, "SHOW lock_timeout") == [("5s",)]
    store.check_schema()
    store.close()


def _upgrading(url: str, awaited: bool) -> Callable[[], None]:
    if not awaited:

        def plainly() -> None:
            store = SqlStore.open(url)
            try:
                store.upgrade()
            finally:
                store.close()

        return plainly

    async def go() -> None:
        store = SqlStore.open_async(url)
        try:
            await store.upgrade_async()
        finally:
            await store.close_async()

    return lambda: asyncio.run(go())


def indexes(store: SqlStore) -> set[str]:
    return {str(index["name"]) for index in inspect(store.engine).get_indexes("cp_outbox")}


def test_tables_that_never_come_free(monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    """A transaction that stays open ends the upgrade with a sentence that says what to look for."""
    store = SqlStore.open(fresh_database())
    store.upgrade()
    monkeypatch.setattr(upgrading, "TRIES", 2)
    monkeypatch.setattr(upgrading, "_BRIEF", "SET LOCAL lock_timeout = 10")

    async def alter(face: Face) -> None:
        await face.say("ALTER TABLE cp_outbox ADD COLUMN note TEXT")

    append(monkeypatch, schema.Step(alter, release="0.2.0"))
    with store.engine.connect() as holder:
        holder.execute(text("SELECT count(*) FROM cp_outbox"))
        with pytest.raises(StoreError, match="look for a transaction that stays open"):
            store.upgrade()
    assert said(store, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
    store.upgrade()
    store.check_schema()
    store.close()


def test_another_upgrade_that_never_ends(monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    """Whoever waits for another process's upgrade says so when that does not end."""
    store = SqlStore.open(fresh_database())
    monkeypatch.setattr(upgrading, "TRIES", 1)
    with store.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(7095212361118341989)"))
        with pytest.raises(StoreError, match="another process is upgrading"):
            store.upgrade()
        other.execute(text("SELECT pg_advisory_unlock_all()"))
    store.upgrade()
    store.close()
