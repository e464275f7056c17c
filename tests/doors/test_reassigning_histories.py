"""Whether the platform's rows follow a merge or stay: nobody can tell, whatever happens, and an undo is exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clientportal.policy import MergedCards
from clientportal.stores.memory import MemoryHost, MemoryStore
from doors.histories import STEPS, Step, live
from world import World, make_world


PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A history takes a while: one that fails is shown as it was drawn."""


def memory_worlds(**host: Any) -> tuple[World, World]:
    """Two businesses on stores of their own."""
    made = [
        World(MemoryStore(), type("Host", (MemoryHost,), dict(host)), awaited=False, close=lambda: None)
        for _ in range(2)
    ]
    for world in made:
        world.host.clock = world.clock
    return made[0], made[1]


@settings(phases=PHASES, max_examples=8)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_whether_rows_follow(steps: list[Step], cards: MergedCards) -> None:
    """After every step of a history every door shows the same; when all is undone every row is where it was (law 8)."""
    live(*memory_worlds(), steps, cards)


@pytest.mark.slow
@settings(phases=PHASES, max_examples=80)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_in_many_more_histories(steps: list[Step], cards: MergedCards) -> None:
    """The same, many more."""
    live(*memory_worlds(), steps, cards)


@pytest.mark.slow
@settings(phases=PHASES, max_examples=60)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_on_a_platform_that_books_anew(steps: list[Step], cards: MergedCards) -> None:
    """A move makes another row there: it is whose the old one was first."""
    live(*memory_worlds(move_makes_new_id=True), steps, cards)


@pytest.mark.parametrize("variant", ["sqlite-plain", "postgres-plain"])
@settings(phases=PHASES, max_examples=3)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_on_a_database(
    variant: str, tmp_path_factory: pytest.TempPathFactory, steps: list[Step], cards: MergedCards
) -> None:
    """A sample of the same."""
    worlds = [make_world(variant, Path(tmp_path_factory.mktemp("rows"))) for _ in range(2)]
    try:
        live(worlds[0], worlds[1], steps, cards)
    finally:
        for world in worlds:
            world.close()
