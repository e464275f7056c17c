"""Fixtures that every test may use; see ``world.py`` for what a scenario happens in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import VARIANTS, World, make_world


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
