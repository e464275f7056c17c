"""Every key and every statement begins with the tenant, so that a sharded PostgreSQL takes the tables as they are.

A database that is spread over several machines by ``tenant`` (Citus: ``create_distributed_table``) keeps what is
unique by a key that the tenant is part of, and sends a statement to the one machine that has the tenant where the
statement says which. Both are read off here: from the tables, from a real database, and from every statement that the
library can say.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

from sqlalchemy import BinaryExpression, BindParameter, Column, Delete, Executable, Insert, Select, Table, Update, text
from sqlalchemy import inspect as look
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList, TextClause
from sqlalchemy.sql.selectable import Alias, Join

import clientportal.stores.sql as package
from clientportal.records import RECORD_TYPES, Stored
from clientportal.stores.sql import SqlStore, statements
from clientportal.stores.sql.compiled import FORMAT, QMARK, Prepared
from clientportal.stores.sql.host_tables import HOST_TABLES
from clientportal.stores.sql.tables import METADATA, SCHEMA_VERSIONS, record_table
from servers import fresh_database

SPREAD = [table for table in METADATA.sorted_tables if table is not SCHEMA_VERSIONS]
"""All tables but the one that every machine has whole."""


# --- the tables


def test_every_key_and_every_index_begins_with_the_tenant() -> None:
    """Nothing is unique, and nothing is found, beyond one business; no table refers to another."""
    assert len(SPREAD) == len(RECORD_TYPES) + len(HOST_TABLES)
    for table in SPREAD:
        assert not table.c.tenant.nullable, table.name
        assert next(iter(table.primary_key)).name == "tenant", table.name
        assert {next(iter(index.columns)).name for index in table.indexes} <= {"tenant"}, table.name
        assert {type(one).__name__ for one in table.constraints} <= {"PrimaryKeyConstraint"}, table.name


def test_a_real_database_has_nothing_else() -> None:
    """What an upgrade makes in PostgreSQL: every index there is begins with the tenant, and no trigger, sequence or
    generated value stands in the way of spreading a table.
    """
    store = SqlStore.open(fresh_database())
    store.upgrade()
    found = look(store.engine)
    names = set(found.get_table_names()) - {"cp_schema"}
    assert names == {table.name for table in SPREAD}
    with store.engine.connect() as connection:
        keys = connection.execute(
            text(
                "SELECT i.indexrelid::regclass::text, a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid "
                "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] "
                "WHERE t.relname LIKE 'cp\\_%' AND t.relname <> 'cp_schema'"
            )
        ).all()
        assert len(keys) >= len(SPREAD)
        assert {key[1] for key in keys} == {"tenant"}
        hindrances = (
            "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relname LIKE 'cp\\_%'",
            "SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relname LIKE 'cp\\_%'",
            "SELECT count(*) FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid WHERE c.relname LIKE 'cp\\_%'",
        )
        assert [connection.execute(text(one)).scalar() for one in hindrances] == [0, 0, 0]
    store.close()


# --- the statements


def _modules() -> Iterator[Any]:
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "django":
            yield importlib.import_module(f"{package.__name__}.{module.name}")


def _arguments(name: str, hint: Any) -> Iterable[Any]:
    """Every value that makes a difference to what is built."""
    if hint is bool:
        return (False, True)
    if hint is int:
        return (0, 1, 2)
    if hint is Table:
        return HOST_TABLES
    raise TypeError(f"the parameter {name} of a statement is a {hint}: say here which values there are")


def _of_records() -> Iterator[tuple[str, Any]]:
    """What is said over the tables of the records, for each type, each key, and each way to ask."""
    both = (False, True)
    for kind in RECORD_TYPES:
        made: list[Any] = [getattr(statements, name)(kind) for name in _ONE_EACH]
        made += [getattr(statements, name)(kind, lock) for name in ("by_id", "by_ids") for lock in both]
        texts = [name for name, column in record_table(kind).columns.items() if column.holds is str]
        made.append(statements.with_linked(kind, tuple((name, kind) for name in texts)))
        for key in kind.KEYS:
            made += _by_key(kind, key)
        yield from ((kind.TABLE, one) for one in made)


_ONE_EACH = ("inserting", "updating", "removing", "versions_held", "placeholders", "without_placeholders")
_BY_KEY = ("found", "found_any", "paged", "colliding")


def _by_key(kind: type[Stored], key: str) -> list[Any]:
    both, columns = (False, True), record_table(kind).key(key)
    made: list[Any] = [statements.found_any(kind, key)]
    for size in range(len(columns) + 1):
        made += [statements.found(kind, key, size, lock) for lock in both]
        for bounded, onwards, newest_first in itertools.product(both, both, both):
            if size < len(columns) or not bounded:
                how = {"bounded": bounded, "onwards": onwards, "newest_first": newest_first}
                made.append(statements.paged(kind, key, size, **how))
    if len(columns) == 1:
        made += [statements.colliding(kind, key, onwards=on, versions=has) for on in both for has in both]
    return made


def _every() -> Iterator[tuple[str, Any]]:
    """Every statement of every module: constants, and whatever the functions build."""
    yield from _of_records()
    for module in _modules():
        for name, value in vars(module).items():
            where = f"{module.__name__.rpartition('.')[2]}.{name}"
            if inspect.isfunction(value):
                value = inspect.unwrap(value)
            elif hasattr(value, "__wrapped__"):
                value = value.__wrapped__
            if inspect.isfunction(value):
                if value.__module__ == module.__name__ and module is not statements:
                    yield from ((where, one) for one in _built(value))
            else:
                yield from ((where, one) for one in _in(value))


def _in(value: Any) -> Iterator[Any]:
    if isinstance(value, Executable | Prepared):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _in(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _in(one)


def _built(function: Any) -> Iterator[Any]:
    answers = str(function.__annotations__.get("return", ""))
    if "Executable" not in answers or inspect.iscoroutinefunction(function) or "Callable" in answers:
        return
    hints = get_type_hints(function)
    hints.pop("return")
    if any(hint in (Executable, str, Any) or "Spelling" in str(hint) for hint in hints.values()):
        return  # it passes a statement on, and says none of its own
    for values in itertools.product(*(_arguments(name, hint) for name, hint in hints.items())):
        tables = [one for one in values if isinstance(one, Table)]
        needed = {"ref", "moved_from"}.intersection(function.__code__.co_names)
        if any(needed - set(table.c.keys()) for table in tables):
            continue  # about rows of a client, which that table has none of
        yield from _in(function(**dict(zip(hints, values, strict=True))))


def _unwrapped(one: Any) -> Any:
    return one.statement if isinstance(one, Prepared) else one


@cache
def every_statement() -> list[tuple[str, Any]]:
    """Where it stands, and the statement."""
    return [(where, _unwrapped(one)) for where, one in _every()]


def _conjuncts(clause: Any) -> Iterator[Any]:
    if isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for one in clause.clauses:
            yield from _conjuncts(one)
    elif clause is not None:
        yield clause


def _tables(source: Any) -> Iterator[Any]:
    """The tables, under whichever name, that a FROM reads itself; a subquery is looked at by itself."""
    if isinstance(source, Join):
        yield from _tables(source.left)
        yield from _tables(source.right)
    elif isinstance(source, Table) or (isinstance(source, Alias) and isinstance(source.element, Table)):
        yield source


def _conditions(source: Any) -> Iterator[Any]:
    if isinstance(source, Join):
        yield from _conjuncts(source.onclause)
        yield from _conditions(source.left)
        yield from _conditions(source.right)


def _told(source: Any, conditions: Iterable[Any]) -> bool:
    """Whether one of the conditions says which tenant's rows of that table are meant."""
    for one in conditions:
        if not isinstance(one, BinaryExpression) or one.operator is not operators.eq:
            continue
        sides = (one.left, one.right)
        for mine, other in (sides, sides[::-1]):
            if isinstance(mine, Column) and mine.name == "tenant" and mine.table is source:
                bound = isinstance(other, BindParameter) and other.key == "p_tenant"
                if bound or (isinstance(other, Column) and other.name == "tenant"):
                    return True
    return False


def _untold(part: Any, around: frozenset[Any] = frozenset()) -> list[str]:
    """Every table in a statement, at any depth, of which it does not say whose rows are meant.

    ``around`` are those of the statements around this part: a subquery may name them, and does not read them again.
    """
    conditions: list[Any] = []
    tables: list[Any] = []
    if isinstance(part, Select):
        sources = part.get_final_froms()
        conditions = [*_conjuncts(part.whereclause), *(one for source in sources for one in _conditions(source))]
        tables = [table for source in sources for table in _tables(source)]
    elif isinstance(part, Update | Delete):
        conditions, tables = [*_conjuncts(part.whereclause)], [part.table]
    here = [one for one in tables if one not in around]
    found = [str(one.name) for one in here if _is_spread(one) and not _told(one, conditions)]
    for inner in part.get_children():
        found += _untold(inner, around | frozenset(here))
    return found


def _is_spread(table: Any) -> bool:
    return (table.element if isinstance(table, Alias) else table) in SPREAD


def test_the_search_for_statements_finds_them() -> None:
    """Those of the records in every way to ask, and those of the shipped host."""
    where = {one.partition(".")[0] for one, _ in every_statement()}
    assert {"host_queries", "host_reassigning", "host_papers", "kept_items", "erasing_items", "sessions"} <= where
    assert len(every_statement()) > 1000
    built = {name for name in statements.__all__ if name not in (*_ONE_EACH, *_BY_KEY)}
    assert built == {"by_id", "by_ids", "row_of", "with_linked"}, "a new statement is to be looked at here as well"


def test_every_statement_says_whose_rows_it_means() -> None:
    """Each table that is read or written, in subqueries and joins too, is bound to one tenant."""
    assert [(where, untold) for where, one in every_statement() if (untold := _untold(one))] == []


def test_every_insert_says_whose_row_it_is() -> None:
    """... and what it does where there is a row already is decided within the tenant."""
    inserts = [(where, one) for where, one in every_statement() if isinstance(one, Insert) and _is_spread(one.table)]
    assert len(inserts) > 2 * len(RECORD_TYPES)
    for where, one in inserts:
        spelling = QMARK if "sqlite" in type(one).__module__ else FORMAT
        spelt = str(one.compile(dialect=spelling.dialect))
        assert spelt.partition("VALUES")[0].partition("(")[2].startswith("tenant,"), where
        _, conflict, target = spelt.partition("ON CONFLICT ")
        assert not conflict or target.startswith(("(tenant,", "DO NOTHING")), where


def test_what_is_said_as_text_names_no_table_that_is_spread() -> None:
    """Text cannot be looked into; it is about locks, the clock and the table of versions alone."""
    texts = [str(one) for _, one in every_statement() if isinstance(one, TextClause)]
    assert texts
    assert [one for one in texts for table in SPREAD if table.name in one] == []


def test_a_query_across_tenants_would_be_found() -> None:
    """The search itself: a join that forgets one side, a subquery that asks everybody's rows."""
    from sqlalchemy import bindparam, select, update

    sessions, accounts = (METADATA.tables[f"cp_{name}"] for name in ("sessions", "accounts"))
    mine = sessions.c.tenant == bindparam("p_tenant")
    joined = select(sessions.c.id).select_from(sessions.join(accounts, accounts.c.id == sessions.c.account)).where(mine)
    assert _untold(joined) == ["cp_accounts"]
    nested = select(sessions.c.id).where(mine, sessions.c.account.in_(select(accounts.c.id)))
    assert _untold(nested) == ["cp_accounts"]
    either = select(sessions.c.id).where(mine | (sessions.c.id == "x"))
    assert _untold(either) == ["cp_sessions"]
    assert _untold(update(sessions).values(body="")) == ["cp_sessions"]
    assert _untold(select(sessions.c.id).where(mine)) == []
