"""The stepping tool on databases: threads moved one port call at a time, and crashes in front of a real commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clientportal.ports import BaseHost, step
from clientportal.records import Put
from clientportal.stores.sql import SqlStore
from clientportal.testing.stepping import Stepper, SteppingStore, crash_points, interleavings
from stores.sql_ground import database_url, empty_tables
from testing.test_stepping import World, counted_once, counter, in_two_units, locked, nothing_lost, once, optimistic

MakeWorld = Callable[[Stepper], World]


@pytest.fixture(params=["sqlite", "postgres"])
def make_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes worlds over one database, emptied for each."""
    store = SqlStore.open(database_url(request.param, tmp_path))

    async def fill() -> None:
        async with store.begin("t", BaseHost, writes=True) as unit:
            await unit.commit([Put(counter())])

    def make(stepper: Stepper) -> World:
        empty_tables(store)
        step(fill())
        inner: Any = store
        return World(SteppingStore(inner, stepper), inner, [])

    yield make
    store.close()


def test_locked(make_world: MakeWorld) -> None:
    """Whoever waits for the database's lock is left waiting, and the other goes on: both are counted."""

    def check(world: World, a: object, b: object) -> None:
        assert (a, b, world.count()) == ("counted", "counted", 2)

    assert interleavings(make_world, locked, locked, check, threads=True, limit=4, seed=1).runs == 4


def test_optimistic(make_world: MakeWorld) -> None:
    """Increments on the version seen lose nothing."""
    interleavings(make_world, optimistic, optimistic, nothing_lost, threads=True, limit=6, seed=2)


def test_lost_update(make_world: MakeWorld) -> None:
    """A count read outside of the version check is caught by a sample."""
    with pytest.raises(AssertionError) as caught:
        interleavings(make_world, in_two_units, in_two_units, nothing_lost, threads=True, limit=40, seed=1)
    assert caught.value.__notes__[0].startswith("seed 1, in this order:\n  ")


def test_crashes(make_world: MakeWorld) -> None:
    """One commit is wholly there or wholly absent, also where nobody knows."""
    assert crash_points(make_world, once, counted_once).runs == 11
