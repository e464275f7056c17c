"""The barbers' adapter keeps the contract of the client portal's hosts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from barber.tables import METADATA
from ground import BarberGround
from sqlalchemy import create_engine, event

from clientportal.stores.sql import SqlStore
from clientportal.testing.contracts import HostContract


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the shop's tables and the portal's, made once."""
    file = tmp_path_factory.mktemp("barber") / "empty.db"
    store = SqlStore.open(f"sqlite:///{file}")
    store.upgrade()
    METADATA.create_all(store.engine)
    store.close()
    return file


def hurry(connection: Any, _record: Any) -> None:
    """A test's file need not outlive a power cut."""
    connection.execute("PRAGMA synchronous = OFF")


class TestBarber(HostContract):
    """On the engine that the application has."""

    @pytest.fixture
    def ground(self, tables: Path, tmp_path: Path) -> Iterator[BarberGround]:
        """A file of its own for each test."""
        shutil.copyfile(tables, tmp_path / "barber.db")
        engine = create_engine(f"sqlite:///{tmp_path / 'barber.db'}")
        event.listen(engine, "connect", hurry)
        yield BarberGround(engine)
        engine.dispose()
