"""Merges whose rows follow, and undos whose rows come back: crashed at every call, and interleaved.

Wherever the platform keeps its tables, nothing is ever between: a merge is made or it is not, rows that are still to
follow do so once, and no undo leaves one person's rows with another.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clientportal import RecordRef, Refused
from clientportal.records import Intent, Pointer
from clientportal.testing.stepping import crash_points
from steps.dumps import Contents, broken
from steps.reassigning_scenes import REASSIGNING, REASSIGNING_ELSEWHERE, REASSIGNING_PAIRS
from steps.stages import Ground, Scene, Stage, answered
from steps.test_crashes import tried
from steps.test_elsewhere import change, pumps
from steps.test_interleavings import every, some

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


def homeless(held: Contents) -> list[str]:
    """Appointments whose row is with somebody who is not one person with whom they were booked for first."""
    roots = {one.absorbed_ref: one.root_ref for one in held.of(Pointer)}

    def root(ref: RecordRef) -> RecordRef:
        return roots.get(ref, ref)

    return [
        f"{one.id} of {one.moved_from} is with {one.ref}"
        for one in held.appointments
        if one.moved_from is not None and root(one.moved_from) != root(one.ref)
    ]


@pytest.mark.parametrize("name", REASSIGNING)
def test_in_memory_every_crash(name: str, grounds: Grounds, counted: Counted) -> None:
    """All of it or nothing, and what a retry leaves is what a run without a crash leaves."""
    counted(name, "memory", tried(REASSIGNING[name], grounds("memory"), twice=False))


@pytest.mark.slow
@pytest.mark.parametrize("name", REASSIGNING)
def test_in_memory_every_crash_of_the_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """And every call of the retry."""
    counted(f"{name}, recovery", "memory", tried(REASSIGNING[name], grounds("memory"), twice=True))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", REASSIGNING)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """The same on both."""
    counted(name, database, tried(REASSIGNING[name], grounds(database), twice=False))


@pytest.mark.parametrize("name", REASSIGNING)
def test_what_crashed_elsewhere_is_finished_once(name: str, grounds: Grounds, counted: Counted) -> None:
    """Whoever asked goes away at the crash; the pump finishes what was begun, or nothing was."""
    case = REASSIGNING[name]
    stage = Stage(grounds("elsewhere"), case.prepare)
    done: list[tuple[str, ...]] = []

    def check(scene: Scene) -> None:
        assert homeless(scene.held()) == []
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

    counted(
        f"{name}, then the pump",
        "elsewhere",
        crash_points(stage.scene, case.act, check, retry=nobody, restart=Scene.restarted),
    )


@pytest.mark.parametrize(
    "pump_first",
    [pytest.param(False, marks=pytest.mark.slow, id="at once"), pytest.param(True, id="after the pump")],
)
@pytest.mark.parametrize("name", REASSIGNING)
def test_a_retry_elsewhere_equals_a_run_without_a_crash(
    name: str, pump_first: bool, grounds: Grounds, counted: Counted
) -> None:
    """I2, whether staff try again at once or after the pump has been there."""
    case = REASSIGNING[name]
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
        assert left == done[0]
        assert broken(held) == []
        assert homeless(held) == []

    report = crash_points(stage.scene, case.act, check, retry=retry, restart=Scene.restarted)
    counted(f"{name}, retried {'later' if pump_first else 'at once'}", "elsewhere", report)


@pytest.mark.parametrize("name", REASSIGNING_PAIRS)
def test_some_interleavings_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """What two do at once looks as if one had come after the other."""
    counted(name, "memory", every(grounds("memory"), REASSIGNING_PAIRS[name], limit=20))


@pytest.mark.slow
@pytest.mark.parametrize("name", REASSIGNING_PAIRS)
def test_every_interleaving_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """The same, in full."""
    counted(f"{name}, in full", "memory", every(grounds("memory"), REASSIGNING_PAIRS[name], limit=600))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", REASSIGNING_PAIRS)
def test_some_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), REASSIGNING_PAIRS[name], 3))


@pytest.mark.parametrize("name", REASSIGNING_ELSEWHERE)
def test_some_interleavings_elsewhere(name: str, grounds: Grounds, counted: Counted) -> None:
    """A platform in another database: the rows follow in a call of their own."""
    counted(name, "elsewhere", every(grounds("elsewhere"), REASSIGNING_ELSEWHERE[name], elsewhere=True, limit=20))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", REASSIGNING_ELSEWHERE)
def test_more_interleavings_elsewhere(name: str, grounds: Grounds, counted: Counted) -> None:
    """The same, many more."""
    counted(
        f"{name}, more",
        "elsewhere",
        every(grounds("elsewhere"), REASSIGNING_ELSEWHERE[name], elsewhere=True, limit=500),
    )
