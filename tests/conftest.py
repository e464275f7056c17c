"""Fixtures that every test may use; see ``world.py`` for what a scenario happens in.

``world`` is every store behind both portals. Of the scenarios of requirements, attacks, operation and pages the usual
command runs four of these six: both in memory, and each database behind one portal, plain or async by the name of the
test (``variants.py``). ``--every-variant`` runs all six.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from variants import VARIANTS, is_left_out
from world import World, make_world

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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two switches of our own."""
    parser.addoption(
        "--every-variant", action="store_true", help="run every scenario on all stores behind both portals"
    )
    parser.addoption("--long", action="store_true", help="larger samples: crashes, interleavings, histories")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what repeats a scenario on a database, or behind the second portal: the inner loop leaves it out. Leave out
    what says a second time what another variant says, unless it was asked for by name.
    """
    words = ("sqlite", "postgres", "async", "SQLite", "PostgreSQL")
    for item in items:
        variant = item.name.partition("[")[2]
        if item.path.name.startswith("test_sql") or any(word in variant for word in words):
            item.add_marker(pytest.mark.wide)
    asked = config.option.every_variant or config.option.keyword or any("::" in arg for arg in config.args)
    left_out = [] if asked else [item for item in items if is_left_out(item)]
    if not (asked or config.option.long):
        left_out += [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def pytest_sessionfinish() -> None:
    """Close the databases that were kept from one world to the next."""
    if "databases" in sys.modules:
        sys.modules["databases"].close_all()


@pytest.fixture(params=VARIANTS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A small business on every store, behind both portals."""
    made = make_world(request.param, own=request.node.get_closest_marker("own_database") is not None)
    yield made
    made.close()


@pytest.fixture
def memory_world() -> Iterator[World]:
    """The same on the reference store alone, for what no store can change."""
    made = make_world("memory-plain")
    yield made
    made.close()
