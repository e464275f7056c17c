"""Statements that go straight to the driver mean what they mean through SQLAlchemy, and make room for listeners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    MetaData,
    Numeric,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    text,
)

from clientportal.errors import Conflict
from clientportal.ports import step
from clientportal.ports.host import BaseHost
from clientportal.records import RECORD_TYPES, Account, GuessCounter, Pointer, Put, Session
from clientportal.stores.sql import SqlStore, statements
from clientportal.stores.sql.compiled import FORMAT, QMARK, Prepared, spelling_of
from clientportal.stores.sql.plain import PlainFace
from clientportal.testing.contracts.state_ground import counter
from servers import fresh_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.wide)])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[SqlStore]:
    """An empty store on a real database."""
    url = f"sqlite:///{tmp_path}/portal.db" if request.param == "sqlite" else fresh_database()
    made = SqlStore.open(url)
    made.upgrade()
    yield made
    made.close()


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    """An engine of the host's own."""
    engine = create_engine(url, hide_parameters=True)
    yield engine
    engine.dispose()


def commit(store: SqlStore, *records: Any) -> None:
    """Store them in one unit."""

    async def write() -> None:
        async with store.begin("salon", BaseHost, writes=True) as unit:  # type: ignore[arg-type]
            await unit.state.get(GuessCounter, "somebody else's")
            await unit.commit([Put(record) for record in records])

    step(write())


def counters(store: SqlStore, *ids: str) -> list[int]:
    """What stands there."""

    async def read() -> list[int]:
        async with store.begin("salon", BaseHost, writes=False) as unit:  # type: ignore[arg-type]
            found = await unit.state.get_many(GuessCounter, ids)
            return [found[id].day_count for id in ids if id in found]

    return step(read())


@pytest.mark.parametrize("django", [False, True])
@pytest.mark.parametrize("sqlite", [False, True])
def test_no_statement_of_the_portal_converts_a_value(sqlite: bool, django: bool) -> None:
    """Each can go the short way, on both databases, behind the driver and behind Django's cursor."""
    spelling = spelling_of(sqlite=sqlite, django=django)
    for kind in RECORD_TYPES:
        made = [
            statements.by_id(kind, True), statements.by_ids(kind, False), statements.inserting(kind),
            statements.updating(kind), statements.removing(kind), statements.versions_held(kind),
            statements.placeholders(kind), statements.without_placeholders(kind),
        ]  # fmt: skip
        for key, attributes in kind.KEYS.items():
            made += [statements.found(kind, key, 1, True), statements.found_any(kind, key)]
            for newest in (False, True):
                made.append(statements.paged(kind, key, 0, bounded=True, onwards=True, newest_first=newest))
            if len(attributes) == 1:
                made.append(statements.colliding(kind, key, onwards=True, versions=True))
        for one in made:
            assert one.compiled(spelling) is one.compiled(spelling)
    linked = statements.with_linked(Session, (("entry", Pointer), ("account", Account)))
    assert linked.compiled(spelling).spelt({"p_tenant": "salon", "p_id": "s"})[1].count("salon") == 3


def test_a_statement_that_converts_must_go_the_long_way() -> None:
    """A day, an instant or an amount is one thing in Python and another in the database."""
    table = Table("t", MetaData(), Column("at", DateTime), Column("sum", Numeric(10, 2)))
    for statement in (select(table.c.at), insert(table).values(at=bindparam("at"))):
        with pytest.raises(TypeError, match="converts values"):
            Prepared(statement).spelt(QMARK, {"at": None})


def test_lists_of_every_length_are_spelt_out() -> None:
    """One, two or forty values: the text has as many places, and each value stands in its own."""
    statement = statements.by_ids(GuessCounter, False)
    for size in (1, 2, 3, 40, 2, 1):
        ids = [f"c{number}" for number in range(size)]
        text_of_it, values = statement.spelt(FORMAT, {"p_tenant": "salon", "p_ids": ids})
        assert values == ("salon", *ids)
        assert text_of_it.count("%s") == size + 1


def test_whoever_listens_to_statements_hears_them_all(store: SqlStore) -> None:
    """Tracing, a log or a count on the host's engine misses nothing; without it the driver is asked directly."""
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        heard.append(sql)

    commit(store, counter("before", 1))
    event.listen(store.engine, "before_cursor_execute", note)
    commit(store, counter("a", 1), counter("b", 2))
    assert counters(store, "a", "b") == [1, 2]
    assert next(sql.split()[0] for sql in heard if "cp_guess_counters" in sql) == "SELECT"
    assert any(sql.startswith("INSERT INTO cp_guess_counters") for sql in heard)
    before = len(heard)
    event.remove(store.engine, "before_cursor_execute", note)
    assert counters(store, "before") == [1]
    assert len(heard) == before


def test_what_fails_in_the_middle_of_a_commit_leaves_nothing(store: SqlStore) -> None:
    """The second of three writes collides, all of them sent at once: a conflict, and none is there."""
    commit(store, counter("b", 7))

    async def collide() -> None:
        async with store.begin("salon", BaseHost, writes=True) as unit:  # type: ignore[arg-type]
            await unit.state.get(GuessCounter, "nobody")
            await unit.commit([Put(counter("a")), Put(counter("b")), Put(counter("c"))])

    with pytest.raises(Conflict):
        step(collide())
    assert counters(store, "a", "b", "c") == [7]
    commit(store, counter("a", 1), counter("c", 3))
    assert counters(store, "a", "b", "c") == [1, 7, 3]


def test_a_schema_that_is_translated_is_translated(store: SqlStore) -> None:
    """A host whose tables live in a schema of their own says so on its connection: the short way would miss that."""
    with store.engine.connect() as connection:
        assert PlainFace(connection)._straight()
        connection.rollback()
        elsewhere = connection.execution_options(schema_translate_map={None: "portal"})
        assert not PlainFace(elsewhere)._straight()
        assert elsewhere.execute(text("SELECT 1")).scalar() == 1


@pytest.mark.wide
def test_an_engine_over_another_driver_goes_the_long_way() -> None:
    """A host whose engine speaks psycopg2 has a store as well, with commits and conflicts as over psycopg."""
    url = fresh_database().replace("postgresql://", "postgresql+psycopg2://")
    with closing_engine(url) as engine:
        store = SqlStore(engine)
        store.upgrade()
        commit(store, counter("a", 1), counter("b", 2))
        assert counters(store, "a", "b") == [1, 2]
        with pytest.raises(Conflict):
            commit(store, counter("c", 3), counter("b", 4))
        assert counters(store, "a", "b", "c") == [1, 2]
        with engine.connect() as connection:
            assert not PlainFace(connection)._straight()


@pytest.mark.wide
def test_a_commit_on_postgresql_is_one_journey(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many statements a commit has, they are sent together: one pipeline, whatever was read and written."""
    store = SqlStore.open(fresh_database())
    store.upgrade()
    journeys: list[int] = []
    pipeline = psycopg.Connection.pipeline

    def counted(connection: Any) -> Any:
        journeys.append(1)
        return pipeline(connection)

    monkeypatch.setattr(psycopg.Connection, "pipeline", counted)
    commit(store, counter("a", 1), counter("b", 2), Pointer(id="x", survivor="y", root="y", merge_id="m"))
    assert len(journeys) == 1
    assert counters(store, "a", "b") == [1, 2]
    assert len(journeys) == 1, "reading needs none"
    store.close()


@pytest.mark.wide
def test_what_is_read_again_and_again_stays_prepared_on_the_server() -> None:
    """A unit that only read ends in a way that leaves prepared statements prepared: ROLLBACK would forget them."""
    store = SqlStore.open(fresh_database())
    store.upgrade()
    for _ in range(12):
        assert counters(store, "a") == []
    with store.engine.connect() as connection:
        kept = connection.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("cp_guess_counters" in statement for statement in kept)
    store.close()
