"""Every port call of every operation crashed: before it, after it, at an unknown commit; and again during recovery.

After each crash the store must hold what it held before or what the whole operation leaves, nothing between (I1, I8).
After the retry it must hold exactly what a run without a crash leaves (I2): whoever was told "done" or nothing at all
ends in the same place, once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from clientportal.records import MessageState, OutboxMessage
from clientportal.testing.stepping import CrashReport, crash_points
from steps.dumps import Contents, broken, dump
from steps.scenes import CASES, Case, code_waiting
from steps.stages import Ground, Scene, Stage, answered

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


class Judge:
    """Compares what every crashed world holds with what it held before and with what the whole run leaves."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.done: tuple[str, ...] = ()

    def change(self, held: Contents) -> tuple[str, ...]:
        """What has happened since the scene began; of the audit what was done, for a retry may be refused."""
        return dump(held, self.stage.begun)

    def after_crash(self, scene: Scene) -> Scene:
        """Nothing between: and then the next process begins."""
        left = self.change(scene.held())
        assert left in ((), self.done), _difference(left, self.done)
        return scene.restarted()

    def at_the_end(self, scene: Scene) -> None:
        """What a run without a crash leaves, and every promise kept."""
        held = scene.held()
        left = self.change(held)
        if not self.done:
            self.done = left
            assert self.done, "the operation does nothing, so there is nothing to crash"
        assert left == self.done, _difference(left, self.done)
        assert broken(held) == []


def _difference(left: tuple[str, ...], expected: tuple[str, ...]) -> str:
    more = "\n  + ".join(sorted(set(left) - set(expected)))
    less = "\n  - ".join(sorted(set(expected) - set(left)))
    return f"\n  + {more}\n  - {less}"


def judged(judge: Judge, case: Case, *, twice: bool = False, limit: int | None = None) -> CrashReport:
    """Crash one operation everywhere. The retry is the caller's: the same call with the same key."""
    return crash_points(
        judge.stage.scene,
        case.act,
        judge.at_the_end,
        retry=lambda scene: answered(lambda: case.act(scene)),
        restart=judge.after_crash,
        during_recovery=twice,
        limit=limit,
    )


def tried(case: Case, where: Ground, *, twice: bool, limit: int | None = None) -> CrashReport:
    """The same on a sound store."""
    return judged(Judge(Stage(where, case.prepare)), case, twice=twice, limit=limit)


@pytest.mark.parametrize("name", CASES)
def test_in_memory_every_crash(name: str, grounds: Grounds, counted: Counted) -> None:
    """Every call, once: what the inner loop has time for."""
    counted(name, "memory", tried(CASES[name], grounds("memory"), twice=False))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_in_memory_every_crash_and_every_crash_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """In full on the reference store: every call, then every call of the retry."""
    counted(f"{name}, recovery", "memory", tried(CASES[name], grounds("memory"), twice=True))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", CASES)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """In full on both databases: every call, once."""
    counted(name, database, tried(CASES[name], grounds(database), twice=False))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", CASES)
def test_on_a_database_crashes_of_the_recovery(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample of the crashes during recovery; in memory they are tried in full."""
    counted(f"{name}, recovery", database, tried(CASES[name], grounds(database), twice=True, limit=20))


@pytest.mark.parametrize("database", ["memory", "sqlite", "postgres"])
def test_a_pump_that_dies_leaves_every_message_to_the_next(database: str, grounds: Grounds, counted: Counted) -> None:
    """I5: whatever call it dies at, each code goes out at least once, always the same one under the same id."""
    stage = Stage(grounds(database), code_waiting)

    def next_pump(scene: Scene) -> None:
        # A message that was taken is due again when its lease has run out.
        scene.world.clock.advance(timedelta(minutes=2))
        scene.pump()

    def check(scene: Scene) -> None:
        assert {(one.state, one.note) for one in scene.held().of(OutboxMessage)} == {(MessageState.SENT, "")}
        for number in ("+64211234567", "+64217654321"):
            sent = scene.world.box.to(number)
            assert sent, f"nobody told {number}"
            assert len({(one.id, one.text) for one in sent}) == 1
            assert len(sent) <= 3, "each process that died sent it at most once"
        assert broken(scene.held()) == []

    report = crash_points(
        stage.scene,
        Scene.pump,
        check,
        retry=next_pump,
        restart=Scene.restarted,
        during_recovery=True,
        limit={"memory": 300, "sqlite": 20, "postgres": 5}[database],
    )
    counted("deliver", database, report)
