"""A project on a database of its own for each test, made once and copied."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine, Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connections
from django.test import Client
from sqlalchemy import make_url

from django_app import project
from servers import drop_database, fresh_database

T = TypeVar("T")


def use(database: dict[str, Any]) -> None:
    """Let ``default`` be that database from now on."""
    connections["default"].close()
    del connections["default"]
    connections.settings["default"] = connections.configure_settings({"default": dict(database)})["default"]


def sqlite(file: Path, **options: Any) -> dict[str, Any]:
    """An SQLite file, with the settings that the page for Django recommends, but for what a loss of power needs."""
    recommended = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF",
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file), "OPTIONS": recommended, **options}


def postgres(url: str, **options: Any) -> dict[str, Any]:
    """A PostgreSQL database."""
    parts = make_url(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.database,
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.host or "",
        "PORT": str(parts.port or ""),
        **options,
    }


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it on an event loop, and forget the connection of the thread that Django keeps beside the loop."""

    def forget() -> None:
        connections["default"].close()
        del connections["default"]

    async def whole() -> T:
        try:
            return await coroutine
        finally:
            await sync_to_async(forget)()

    return asyncio.run(whole())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that ``migrate`` has been run on."""
    file = tmp_path_factory.mktemp("django") / "migrated.db"
    use(sqlite(file))
    call_command("migrate", verbosity=0)
    connections["default"].close()
    return file


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """A PostgreSQL database that ``migrate`` has been run on."""
    url = fresh_database()
    use(postgres(url))
    call_command("migrate", verbosity=0)
    connections["default"].close()
    yield url
    drop_database(url)


@pytest.fixture
def on_sqlite(migrated: Path, tmp_path: Path) -> Generator[Path, None, None]:
    """A fresh copy of it as ``default``."""
    file = tmp_path / "project.db"
    shutil.copyfile(migrated, file)
    use(sqlite(file))
    yield file
    connections["default"].close()


@pytest.fixture
def on_postgres(migrated_postgres: str) -> Generator[str, None, None]:
    """The PostgreSQL database as ``default``, with nothing in it."""
    use(postgres(migrated_postgres))
    with connections["default"].cursor() as cursor:
        names = [name for name in connections["default"].introspection.table_names(cursor) if name.startswith("cp_")]
        emptied = ", ".join(name for name in names if name != "cp_schema")
        cursor.execute(f"TRUNCATE {emptied}, auth_user, django_session CASCADE")
    yield migrated_postgres
    connections["default"].close()


@pytest.fixture
def fresh_setting() -> None:
    """A telephone without messages; what the setting says is built once and kept, as in a server."""
    project.PHONE.messages.clear()


@pytest.fixture
def browser(on_sqlite: Path, fresh_setting: None) -> Client:
    """Django's test client, over https as the portal's cookies want it."""
    return Client(headers={"accept-language": "en"})
