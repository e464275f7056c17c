"""A platform that keeps its tables in another database: never lost, finished by the pump, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clientportal import Refused
from clientportal.records import Intent, Pointer
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.stepping import crash_points
from steps.dumps import broken
from steps.pairs import ELSEWHERE
from steps.scenes import CASES
from steps.stages import Ground, Scene, Stage, answered
from steps.test_interleavings import every
from world import World

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

ASKING = ("first_login", "move", "cancel", "cancel_by_link", "not_me")
"""What asks the host to write."""

LARGE = {"verify and verify, new number": 500, "pump and another move": 700, "pump and cancel": 700}
"""Pairs with thousands of interleavings, and how many are tried."""

KEYED = ("first_login", "move", "cancel")


def change(scene: Scene) -> tuple[str, ...]:
    """What has happened, whenever, and whoever finished it: the one who asked, or the pump."""
    lines = scene.changed(times=False)
    return tuple(sorted(line for line in lines if not line.startswith("+ audit ")))


def pumps(scene: Scene) -> None:
    """Everything that is due is done, and done again."""
    scene.world.clock.advance(timedelta(minutes=2))
    scene.pump()
    once = scene.changed()
    scene.pump()
    assert scene.changed() == once, "the second run of the pump did something"


@pytest.mark.parametrize("name", ASKING)
def test_what_crashed_is_finished_once(name: str, grounds: Grounds, counted: Counted) -> None:
    """The client goes away at the crash; the pump finishes what was begun, or nothing was."""
    case = CASES[name]
    stage = Stage(grounds("elsewhere"), case.prepare)
    done: list[tuple[str, ...]] = []

    def check(scene: Scene) -> None:
        pumps(scene)
        held = scene.held()
        assert held.of(Intent) == []
        assert broken(held) == []
        left = change(scene)
        if not done:
            done.append(left)
        assert left in ((), done[0])

    def nobody(scene: Scene) -> None:
        """No retry."""

    report = crash_points(stage.scene, case.act, check, retry=nobody, restart=Scene.restarted)
    counted(f"{name}, then the pump", "elsewhere", report)


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize(
    "pump_first",
    [pytest.param(False, marks=pytest.mark.slow, id="at once"), pytest.param(True, id="after the pump")],
)
def test_a_retry_with_the_same_key_equals_a_run_without_a_crash(
    name: str, pump_first: bool, grounds: Grounds, counted: Counted
) -> None:
    """I2, whether the client tries again at once or after the pump has been there."""
    case = CASES[name]
    stage = Stage(grounds("elsewhere"), case.prepare)
    done: list[tuple[str, ...]] = []

    def retry(scene: Scene) -> None:
        if pump_first:
            pumps(scene)
        scene["answer"] = answered(lambda: case.act(scene))

    def check(scene: Scene) -> None:
        assert not isinstance(scene.known.get("answer"), Refused), scene["answer"]
        pumps(scene)
        held = scene.held()
        left = change(scene)
        if not done:
            done.append(left)
        assert held.of(Intent) == []
        assert left == done[0], _difference(left, done[0])
        assert broken(held) == []

    report = crash_points(
        stage.scene,
        case.act,
        check,
        retry=retry,
        restart=Scene.restarted,
        during_recovery=not pump_first,
        limit=300,
    )
    counted(f"{name}, retried {'later' if pump_first else 'at once'}", "elsewhere", report)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_some_interleavings(name: str, grounds: Grounds, counted: Counted) -> None:
    """What two do at once looks as if one had come after the other; the pump and a retry finish the same thing once."""
    counted(name, "elsewhere", every(grounds("elsewhere"), ELSEWHERE[name], elsewhere=True, limit=20))


@pytest.mark.slow
@pytest.mark.parametrize("name", ELSEWHERE)
def test_every_interleaving(name: str, grounds: Grounds, counted: Counted) -> None:
    """The same, all of them; of thousands, many."""
    counted(
        f"{name}, in full",
        "elsewhere",
        every(grounds("elsewhere"), ELSEWHERE[name], elsewhere=True, limit=LARGE.get(name)),
    )


def _difference(left: tuple[str, ...], expected: tuple[str, ...]) -> str:
    return "\n".join(
        [
            *(f"more {one}" for one in left if one not in expected),
            *(f"less {one}" for one in expected if one not in left),
        ]
    )


def test_a_host_elsewhere_hears_of_a_merge_that_is_committed() -> None:
    """It could not take the news back: when it is told, the merge already stands, and a refused one is never told."""
    heard: list[tuple[str, bool]] = []

    def hear(self: Any, event: Any) -> None:
        heard.append((event.kind, world.stored(Pointer, "client:twin") is not None))

    host = type("Listening", (MemoryHost.elsewhere(),), {"heard": hear})
    world = World(MemoryStore(), host, awaited=False, close=lambda: None)
    host.clock = world.clock  # type: ignore[attr-defined]
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    twin = world.add_client("twin", "Anna Kingi", mobile="+64 21 123 4567")
    merged = world.staff().merge(ana, twin)
    world.staff().undo(merged.merges[0])
    with pytest.raises(Refused):
        world.staff().merge(ana, ana)
    assert heard == [("merged", True), ("unmerged", False)]
