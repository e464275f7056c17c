"""The crew of this test process, and a business on each real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processes.crew import Crew, Ground, make_ground


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    """Processes that stay from one test to the next."""
    crew = Crew()
    yield crew
    crew.close()


@pytest.fixture(params=["postgres", "sqlite"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """One business on PostgreSQL, and one in an SQLite file."""
    ground = make_ground(request.param, tmp_path)
    yield ground
    ground.world.close()


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Ground]:
    """One business on PostgreSQL."""
    ground = make_ground("postgres", tmp_path)
    yield ground
    ground.world.close()
