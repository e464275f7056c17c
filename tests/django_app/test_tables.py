"""Models and migrations: Django makes the very tables that the library makes without it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from sqlalchemy import create_engine, inspect, text

from clientportal import StoreError
from clientportal.rules.who_may_manage import Permission
from clientportal.stores.sql import SqlStore
from clientportal.stores.sql.django import DjangoStore
from clientportal.stores.sql.tables import METADATA
from clientportal.web.django import portal
from django_app.conftest import postgres, sqlite, use
from servers import drop_database, fresh_database


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two empty databases of a kind, as URLs; the first is the project's."""
    if request.param == "postgres":
        urls = fresh_database(), fresh_database()
        use(postgres(urls[0]))
    else:
        urls = f"sqlite:///{tmp_path / 'django.db'}", f"sqlite:///{tmp_path / 'plain.db'}"
        use(sqlite(tmp_path / "django.db"))
    yield urls
    connections["default"].close()
    if request.param == "postgres":
        for url in urls:
            drop_database(url)


def _said(url: str) -> dict[str, Any]:
    """Everything that a database says of the portal's tables."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    found = inspect(engine)
    tables = {
        name: (
            [(one["name"], str(one["type"]), one["nullable"], one["default"]) for one in found.get_columns(name)],
            found.get_pk_constraint(name),
            sorted((one["name"], one["column_names"], one["unique"]) for one in found.get_indexes(name)),
        )
        for name in found.get_table_names()
        if name.startswith("cp_")
    }
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            collations = (
                "SELECT attrelid::regclass::text, attname, collname FROM pg_attribute JOIN pg_collation c "
                "ON c.oid = attcollation WHERE attrelid::regclass::text LIKE 'cp\\_%' ORDER BY 1, 2"
            )
        else:
            collations = "SELECT name, sql FROM sqlite_master WHERE name LIKE 'cp\\_%' ESCAPE '\\' ORDER BY 1"
        tables["as written"] = [tuple(row) for row in connection.execute(text(collations))]
    engine.dispose()
    return tables


def test_migrate_makes_what_upgrade_makes(empty: tuple[str, str]) -> None:
    """Tables, columns, keys, indexes and collations are the same, and the store takes them."""
    call_command("migrate", "clientportal", verbosity=0)
    plain = SqlStore.open(empty[1])
    plain.upgrade()
    plain.close()
    made, wanted = _said(empty[0]), _said(empty[1])
    assert sorted(made) == sorted(wanted)
    assert [name for name in wanted if made[name] != wanted[name]] == []
    DjangoStore().check_schema()


def test_migrating_back_drops_them(empty: tuple[str, str]) -> None:
    """``migrate clientportal zero`` leaves nothing of the portal, and says at the next use what to run."""
    call_command("migrate", "clientportal", verbosity=0)
    call_command("migrate", "clientportal", "zero", verbosity=0)
    assert [name for name in _said(empty[0]) if name.startswith("cp_")] == []
    with pytest.raises(StoreError, match=r"manage\.py migrate"):
        DjangoStore().check_schema()
    call_command("migrate", "clientportal", verbosity=0)
    DjangoStore().check_schema()


@pytest.mark.parametrize("options", [{}, {"fake_initial": True}])
def test_a_database_of_before_is_taken_as_it_is(empty: tuple[str, str], options: dict[str, bool]) -> None:
    """A database that ``upgrade()`` has made keeps its tables, its rows, and when it was made."""
    plain = SqlStore.open(empty[0])
    plain.upgrade()
    with plain.engine.begin() as connection:
        connection.execute(text("INSERT INTO cp_number_counters VALUES ('salon', 'n', 7, '{}')"))
        applied = connection.execute(text("SELECT applied_at FROM cp_schema")).scalars().all()
    call_command("migrate", "clientportal", verbosity=0, **options)
    with plain.engine.begin() as connection:
        assert connection.execute(text("SELECT version FROM cp_number_counters")).scalars().all() == [7]
        assert connection.execute(text("SELECT applied_at FROM cp_schema")).scalars().all() == applied
    plain.close()
    DjangoStore().check_schema()


def test_no_migration_is_missing(on_sqlite: Path) -> None:
    """``makemigrations --check`` finds nothing: the models, the migration and the library say the same."""
    call_command("makemigrations", "clientportal", check=True, dry_run=True, verbosity=0)


def test_the_sql_can_be_read_first(empty: tuple[str, str]) -> None:
    """``sqlmigrate`` shows every table, and what it shows makes a database that the store takes."""
    written = io.StringIO()
    call_command("sqlmigrate", "clientportal", "0001", stdout=written)
    sql = written.getvalue()
    assert [name for name in METADATA.tables if f"CREATE TABLE {name} " not in sql] == []
    with connections["default"].cursor() as cursor:
        for statement in sql.split(";\n"):
            lines = [line for line in statement.splitlines() if not line.startswith("--")]
            if "".join(lines).strip():
                cursor.execute("\n".join(lines))
    DjangoStore().check_schema()


def test_a_router_says_which_database(tmp_path: Path) -> None:
    """Where the project's router keeps the app out of a database, nothing is made there and nothing dropped."""
    from django.test import override_settings

    use(sqlite(tmp_path / "other.db"))
    with override_settings(DATABASE_ROUTERS=["django_app.test_tables.Elsewhere"]):
        call_command("migrate", "clientportal", verbosity=0)
        call_command("migrate", "clientportal", "zero", verbosity=0)
    with connections["default"].cursor() as cursor:
        assert connections["default"].introspection.table_names(cursor) == ["django_migrations"]


class Elsewhere:
    """A router."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Not here."""
        return app_label != "clientportal"


def test_rows_can_be_looked_at(on_sqlite: Path) -> None:
    """Every table is a model, found by its two keys; nobody is given permissions on one."""
    models = {model._meta.db_table: model for model in apps.get_app_config("clientportal").get_models()}
    records = {name for name in METADATA.tables if not name.startswith("cp_host_")}
    assert records <= set(models)
    counters = models["cp_number_counters"].objects
    counters.create(tenant="salon", record_id="n", version=1, body="{}")
    assert counters.get(pk=("salon", "n")).version == 1
    from django.contrib.auth.models import Permission as DjangoPermission

    granted = DjangoPermission.objects.filter(content_type__app_label="clientportal")
    assert {one.codename for one in granted} == {one.value for one in Permission}


def test_flushing_leaves_a_database_that_the_portal_knows(on_sqlite: Path) -> None:
    """``flush``, and TransactionTestCase by it, takes the records; which version the tables are of stays there."""
    call_command("flush", interactive=False, verbosity=0)
    assert portal().health().works
