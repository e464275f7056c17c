"""Two who assign, claim or link at once: whatever the order of their port calls, it must look as if one had come after
the other; and whoever was told that a record is taken off an account can rely on it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clientportal import Reason, Refused
from clientportal.ports import step
from clientportal.records import Intent
from clientportal.testing.stepping import InterleavingReport, interleavings
from steps.account_promises import account_ground, holder, kept, readable
from steps.assigning_scenes import ASSIGNING_ELSEWHERE, ASSIGNING_PAIRS, CHANGING_PAIRS
from steps.claiming_scenes import CLAIMING_PAIRS
from steps.pairs import Pair
from steps.stages import Ground, Scene, Stage
from steps.test_interleavings import Explained

# The inner loop keeps the crashes and interleavings of the first operations; the whole run has these as well.
pytestmark = pytest.mark.slow

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

PAIRS = {**ASSIGNING_PAIRS, **CLAIMING_PAIRS}


class AccountsExplained(Explained):
    """The same, with the promises that accounts add."""

    def check(self, scene: Scene, a: Any, b: Any) -> None:
        """One of the two orders explains it, every promise is kept, and nothing foreign can be read (I7)."""
        assert kept(scene.held()) == []
        seen = self.seen(scene, a, b)
        if seen not in self.serial.values():
            raise AssertionError("neither order explains" + "".join(map(self._difference, self.serial, [seen] * 2)))
        sessions = [name.removeprefix("account of ") for name in scene.known if name.startswith("account of ")]
        assert readable(scene, *sessions) == []


def every(where: Ground, pair: Pair) -> InterleavingReport:
    """Every interleaving that can differ, on the memory store."""
    stage = Stage(where, pair.prepare, awaited=True)
    return interleavings(stage.scene, pair.one, pair.other, AccountsExplained(stage, pair).check)


def some(where: Ground, pair: Pair, limit: int) -> InterleavingReport:
    """A sample of them on a database, each operation in a thread of its own."""
    stage = Stage(where, pair.prepare)
    explained = AccountsExplained(stage, pair, reasons=False)
    return interleavings(stage.scene, pair.one, pair.other, explained.check, threads=True, limit=limit)


@pytest.mark.parametrize("name", PAIRS)
def test_every_interleaving_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """All of them."""
    counted(name, "memory", every(grounds("memory"), PAIRS[name]))


@pytest.mark.parametrize("name", CHANGING_PAIRS)
def test_every_interleaving_where_the_platform_books_anew(name: str, counted: Counted) -> None:
    """All of them, where a move makes a new appointment: it is one account's, under one id."""
    counted(name, "renaming", every(account_ground("renaming"), PAIRS[name]))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", PAIRS)
def test_some_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), PAIRS[name], 3))


@pytest.mark.parametrize("name", ASSIGNING_ELSEWHERE)
def test_some_interleavings_on_a_platform_elsewhere(name: str, counted: Counted) -> None:
    """The move, or the pump that finishes it, and what staff decide meanwhile, before, between or after its commits:
    theirs is the last word, and the appointment is nobody else's under any id that it has."""
    pair = ASSIGNING_ELSEWHERE[name]
    stage = Stage(account_ground("renaming elsewhere"), pair.prepare, awaited=True)

    def check(scene: Scene, _a: Any, b: Any) -> None:
        decided = not isinstance(b, Refused)
        assert decided or b.reason is Reason.BUSY or pair.other_is == "ana", b
        scene.world.clock.advance(timedelta(minutes=2))
        step(scene.pump())
        held = scene.held()
        assert held.of(Intent) == []
        assert kept(held) == []
        expected = pair.other_is if decided else "ana"
        assert holder(held, "a1") == (None if expected is None else scene[expected])
        assert readable(scene, "ana's session", "ben's session") == []

    counted(name, "elsewhere", interleavings(stage.scene, pair.one, pair.other, check, limit=60))
