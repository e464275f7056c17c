"""The barbers' adapter keeps the contract of the client portal's hosts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ground import BarberGround
from sqlalchemy import create_engine

from clientportal.stores.sql import SqlStore
from clientportal.testing.contracts import HostContract


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the portal's tables, made once."""
    file = tmp_path_factory.mktemp("barber") / "empty.db"
    store = SqlStore.open(f"sqlite:///{file}")
    store.upgrade()
    store.close()
    return file


class TestBarber(HostContract):
    """On the engine that the application has."""

    @pytest.fixture
    def ground(self, tables: Path, tmp_path: Path) -> Iterator[BarberGround]:
        """A file of its own for each test."""
        shutil.copyfile(tables, tmp_path / "barber.db")
        engine = create_engine(f"sqlite:///{tmp_path / 'barber.db'}")
        yield BarberGround(engine)
        engine.dispose()
