"""Saved cards, crashed at every port call and interleaved; and what pages of what clients hold cost, however much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps.held_scenes import CARD_PAIRS, CARDS, holding
from steps.scenes import Case
from steps.stages import Ground, Scene
from steps.test_costs import calls_of, statements_of
from steps.test_crashes import tried
from steps.test_interleavings import every, some

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


@pytest.mark.slow
@pytest.mark.parametrize("name", CARDS)
def test_in_memory_every_crash_and_every_crash_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """The card is gone, or it is there; the retry under the same key ends where no crash would."""
    counted(name, "memory", tried(CARDS[name], grounds("memory"), twice=True, limit=400))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", CARDS)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """The same on both databases, every call once."""
    counted(name, database, tried(CARDS[name], grounds(database), twice=False))


@pytest.mark.slow
@pytest.mark.parametrize("name", CARD_PAIRS)
def test_interleavings_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """Two removals, a removal and a merge that moves rows, a removal and the end of what keeps the card: as if one had
    come after the other.
    """
    counted(name, "memory", every(grounds("memory"), CARD_PAIRS[name], limit=300))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", CARD_PAIRS)
def test_some_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), CARD_PAIRS[name], 3))


def _all_pages(scene: Scene) -> Any:
    door = scene.client()
    return [getattr(door, name)() for name in ("memberships", "packages", "gift_cards", "rewards", "cards")] + [
        door.membership("m5"),
        door.preview.remove_card("mine"),
    ]


COSTS = {
    "memberships": (7, (3, 2)),
    "packages": (7, (3, 2)),
    "gift_cards": (7, (3, 2)),
    "rewards": (7, (3, 2)),
    "cards": (7, (3, 2)),
}
"""Calls of the ports (whether the section is active is one of them), and statements on the portal's tables and on the
platform's: the business for its zone, and the page."""


@pytest.mark.wide
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_two_thousand_cost_what_ten_cost(database: str, grounds: Grounds, counted: Counted) -> None:
    """Every list, a membership's details, a look whether a card may go: as many statements however much there is."""
    few, many = (
        statements_of(Case(f"{count} of everything", holding(count), _all_pages), grounds(database))
        for count in (10, 2000)
    )
    counted("all that clients hold, 10 and 2,000", database, f"{few[0]}+{few[1]} and {many[0]}+{many[1]} statements")
    assert few == many


@pytest.mark.wide
@pytest.mark.parametrize("name", COSTS)
def test_what_a_page_costs(name: str, grounds: Grounds) -> None:
    """One statement for the page, one for the zone; nothing for what is on it."""
    calls, (portal, platform) = COSTS[name]
    case = Case(name, holding(10), lambda scene: getattr(scene.client(), name)())
    made = calls_of(case, grounds("memory"))
    assert len(made) <= calls, "\n".join(made)
    for database in ("sqlite", "postgres"):
        assert statements_of(case, grounds(database)) <= (portal, platform)
