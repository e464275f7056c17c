"""The tables' versions."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import inspect, text

from clientportal.errors import StoreError
from clientportal.ports import BaseHost, HostAdapter, step
from clientportal.records import NumberCounter, Put
from clientportal.stores.sql import SqlStore, schema
from clientportal.stores.sql.connections import Face
from clientportal.stores.sql.tables import METADATA
from servers import fresh_database

HOST = cast("HostAdapter", BaseHost)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any tables."""
    return fresh_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def store(url: str) -> Generator[SqlStore, None, None]:
    """A store on it."""
    store = SqlStore.open(url)
    yield store
    store.close()


async def _put(store: SqlStore, id: str = "n") -> None:
    async with store.begin("salon", HOST, writes=True) as unit:
        await unit.commit([Put(NumberCounter(id=id))])


async def _get(store: SqlStore, id: str = "n") -> NumberCounter | None:
    async with store.begin("salon", HOST, writes=False) as unit:
        return await unit.state.get(NumberCounter, id)


def _rows(store: SqlStore, sql: str) -> list[tuple[Any, ...]]:
    with store.engine.begin() as connection:
        result = connection.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


def test_without_tables(store: SqlStore) -> None:
    """The first use of an empty database says what to run, not which table is missing."""
    for use in (lambda: step(_put(store)), lambda: step(_get(store)), store.check_schema):
        with pytest.raises(StoreError, match=r"run store.upgrade\(\)"):
            use()
    with store.engine.connect() as connection, pytest.raises(StoreError, match=r"run store.upgrade\(\)"):
        step(_join(store, connection))


async def _join(store: SqlStore, connection: Any) -> None:
    async with store.begin("salon", HOST, writes=True, connection=connection) as unit:
        await unit.commit([])


def test_upgrading_twice(store: SqlStore) -> None:
    """An upgrade of an upgraded database does nothing, and loses nothing."""
    store.upgrade()
    step(_put(store))
    store.upgrade()
    store.check_schema()
    assert step(_get(store)) == NumberCounter(id="n", version=1)
    assert [row[0] for row in _rows(store, "SELECT version FROM cp_schema")] == list(range(1, len(schema.STEPS) + 1))


def test_upgrading_at_once(url: str) -> None:
    """Of several processes that upgrade at the same time one does the work, the others find it done."""
    stores = [SqlStore.open(url) for _ in range(6)]
    errors: list[BaseException] = []

    def upgrade(store: SqlStore) -> None:
        try:
            store.upgrade()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=upgrade, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    stores[0].check_schema()
    for store in stores:
        store.close()


def test_a_later_step(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An appended step upgrades an older database without loss; until then it is refused, naming both versions."""
    store.upgrade()
    step(_put(store))

    async def add_note(face: Face) -> None:
        await face.say("ALTER TABLE cp_number_counters ADD COLUMN note TEXT")
        await face.say("UPDATE cp_number_counters SET note = 'seen'")

    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, schema.Step(add_note, release="0.2.0")))
    later = SqlStore(store.engine)
    current = len(schema.STEPS)
    with pytest.raises(StoreError, match=rf"version {current - 1}, .* version {current}: run store.upgrade"):
        later.check_schema()
    with pytest.raises(StoreError, match=r"run store.upgrade"):
        step(_get(later))
    later.upgrade()
    later.check_schema()
    assert step(_get(later)) == NumberCounter(id="n", version=1)
    assert _rows(store, "SELECT note FROM cp_number_counters") == [("seen",)]


def test_a_step_that_fails(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails leaves the database as it was, tables and rows alike."""
    store.upgrade()

    async def fail(face: Face) -> None:
        await face.say("ALTER TABLE cp_number_counters ADD COLUMN note TEXT")
        await face.say("SELECT * FROM cp_there_is_none")

    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, schema.Step(fail, release="0.2.0")))
    with pytest.raises(StoreError):
        store.upgrade()
    monkeypatch.undo()
    store.check_schema()
    assert "note" not in {column["name"] for column in inspect(store.engine).get_columns("cp_number_counters")}


def test_a_newer_database(store: SqlStore) -> None:
    """A database that a later version of the library upgraded is refused where that one says so, also by an upgrade."""
    store.upgrade()
    _rows(store, "INSERT INTO cp_schema VALUES (99, '2030-01-01', 99, '4.5.0')")
    for use in (store.upgrade, store.check_schema, lambda: step(_put(store))):
        with pytest.raises(StoreError, match=r"version 99, .* version 99; .* install clientportal 4.5.0 or later"):
            use()


def test_steps_make_what_is_declared(store: SqlStore) -> None:
    """All steps together make exactly the tables, columns and indexes that are declared.

    Whoever gives a record type a new key has to append a step that adds it.
    """
    store.upgrade()
    found = inspect(store.engine)
    for table in METADATA.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}, table.name
        indexes = {index["name"]: index["column_names"] for index in found.get_indexes(table.name)}
        assert indexes == {index.name: [column.name for column in index.columns] for index in table.indexes}
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_what_later_steps_add(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column and a table declared for step 2 are left out by step 1 and added by step 2."""
    names = {"cp_outbox.due_at": 2, "cp_outbox_by_due": 2, "cp_trails": 2}
    monkeypatch.setattr(schema, "SINCE", names)
    store.upgrade()
    before = inspect(store.engine)
    assert "cp_trails" not in before.get_table_names()
    assert "due_at" not in {column["name"] for column in before.get_columns("cp_outbox")}

    async def second(face: Face) -> None:
        await schema.add(face, 2)

    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, schema.Step(second, release="0.2.0")))
    store.upgrade()
    after = inspect(store.engine)
    assert "cp_trails" in after.get_table_names()
    assert "due_at" in {column["name"] for column in after.get_columns("cp_outbox")}
    assert "cp_outbox_by_due" in {index["name"] for index in after.get_indexes("cp_outbox")}


def test_colours(tmp_path: Path) -> None:
    """The plain methods of a store on an async engine say which to await."""
    store = SqlStore.open_async(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(TypeError, match="upgrade_async"):
        store.upgrade()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_async_upgrade(database: str, tmp_path: Path) -> None:
    """An async engine upgrades as a plain one does."""
    import asyncio

    url = fresh_database() if database == "postgres" else f"sqlite:///{tmp_path / 'a.db'}"

    async def check() -> None:
        store = SqlStore.open_async(url)
        with pytest.raises(StoreError):
            await store.check_schema_async()
        await store.upgrade_async()
        await store.upgrade_async()
        await store.check_schema_async()
        await _put(store)
        assert await _get(store) == NumberCounter(id="n", version=1)
        await store.close_async()

    asyncio.run(check())
