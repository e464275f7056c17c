"""Fixtures that every test may use; see ``world.py`` for what a scenario happens in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from world import VARIANTS, World, make_world

# Machines differ and are busy, so no example has a deadline. The CI draws the same examples every time: a submission is
# not to fail for what it did not change; everybody's own runs draw new ones.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.register_profile("inner loop", parent=settings.get_profile("house"), max_examples=30)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """A law that names no number of its own is asked of 100 examples; of 30 where every change waits for the answer."""
    if "not slow" in config.option.markexpr:
        settings.load_profile("inner loop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what repeats a scenario on a database, or behind the second portal: the inner loop leaves it out."""
    words = ("sqlite", "postgres", "async", "SQLite", "PostgreSQL")
    for item in items:
        variant = item.name.partition("[")[2]
        if item.path.name.startswith("test_sql") or any(word in variant for word in words):
            item.add_marker(pytest.mark.wide)


@pytest.fixture(params=VARIANTS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A small business on every store, behind both portals."""
    made = make_world(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture
def memory_world(tmp_path: Path) -> Iterator[World]:
    """The same on the reference store alone, for what no store can change."""
    made = make_world("memory-plain", tmp_path)
    yield made
    made.close()
