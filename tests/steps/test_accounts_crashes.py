"""Every port call of assigning, claiming and linking crashed: before it, after it, at an unknown commit; and again
during recovery.

As in ``test_crashes.py``: nothing between (I1, I8), and in the end what a run without a crash leaves (I2). Staff's
operations take no key; asked again they change nothing, and are written down once more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from clientportal import Refused
from clientportal.records import Intent
from clientportal.testing.stepping import CrashReport, crash_points
from steps.account_promises import account_ground, kept, readable
from steps.assigning_scenes import ASSIGNING, CHANGES
from steps.claiming_scenes import CLAIMING
from steps.scenes import Case
from steps.stages import Ground, Scene, Stage, answered
from steps.test_crashes import _difference

# The inner loop keeps the crashes and interleavings of the first operations; the whole run has these as well.
pytestmark = pytest.mark.slow

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

CASES = {**ASSIGNING, **CLAIMING}

LARGE = {
    "first proof": 300,
    "finish claim": 300,
    "finish claim of another": 300,
    "staff booked": 300,
    "assign many": 300,
}
"""Operations of so many calls that crashes of their recovery are thousands, and how many are tried each time."""

RECOVERED = ("assign", "move by an account", "first proof", "finish claim", "unlink")
"""Whose recoveries are crashed on databases as well."""


class Judge:
    """Compares what every crashed world holds with what it held before and with what the whole run leaves."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.sessions = [name.removeprefix("account of ") for name in stage.known if name.startswith("account of ")]
        self.whole: tuple[str, ...] = ()
        self.done: tuple[str, ...] = ()

    def after_crash(self, scene: Scene) -> Scene:
        """Nothing between, the audit included; what was done twice is told twice. Then the next process begins."""
        left = scene.changed()
        assert set(left) in (set(), set(self.whole)), _difference(left, self.whole)
        assert kept(scene.held()) == []
        return scene.restarted()

    def at_the_end(self, scene: Scene) -> None:
        """What a run without a crash leaves, every promise kept, and nothing readable that is not the account's."""
        held = scene.held()
        if not self.whole:
            self.whole, self.done = scene.changed(), scene.changed(audit="none")
            assert self.done, "the operation does nothing, so there is nothing to crash"
        left = scene.changed()
        assert set(left) == set(self.whole), _difference(left, self.whole)
        assert scene.changed(audit="none") == self.done
        assert kept(held) == []
        assert readable(scene, *self.sessions) == []


def tried(case: Case, where: Ground, *, twice: bool, limit: int | None = None) -> CrashReport:
    """Crash one operation everywhere. The retry is the caller's: the same call again."""
    judge = Judge(Stage(where, case.prepare))
    return crash_points(
        judge.stage.scene,
        case.act,
        judge.at_the_end,
        retry=lambda scene: answered(lambda: case.act(scene)),
        restart=judge.after_crash,
        during_recovery=twice,
        limit=limit,
    )


@pytest.mark.parametrize("name", CASES)
def test_in_memory_every_crash_and_every_crash_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """In full on the reference store: every call, then every call of the retry; of thousands, many."""
    counted(name, "memory", tried(CASES[name], grounds("memory"), twice=True, limit=LARGE.get(name)))


@pytest.mark.parametrize("name", CHANGES)
def test_where_the_platform_books_anew(name: str, counted: Counted) -> None:
    """The same where a move makes a new appointment: the assignment is there in the commit that makes it, and never
    under two ids."""
    counted(name, "renaming", tried(CASES[name], account_ground("renaming"), twice=True))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", CASES)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """In full on both databases: every call, once."""
    counted(name, database, tried(CASES[name], grounds(database), twice=False))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", RECOVERED)
def test_on_a_database_crashes_of_the_recovery(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample of the crashes during recovery, one operation of each kind; in memory they are tried for all."""
    counted(f"{name}, recovery", database, tried(CASES[name], grounds(database), twice=True, limit=15))


def _pumps(scene: Scene) -> None:
    """Everything that is due is done, and done again."""
    scene.world.clock.advance(timedelta(minutes=2))
    scene.pump()
    once = scene.changed()
    scene.pump()
    assert scene.changed() == once, "the second run of the pump did something"


def _change(scene: Scene) -> tuple[str, ...]:
    """What has happened, whenever, and whoever finished it."""
    return scene.changed(times=False, audit="none")


@pytest.mark.parametrize("ground", ["elsewhere", "renaming elsewhere"])
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("retried", [False, True], ids=["then the pump", "retried"])
def test_a_platform_elsewhere_finishes_it_once(
    name: str, ground: str, retried: bool, grounds: Grounds, counted: Counted
) -> None:
    """The client goes away at the crash, or tries again with the same key: the appointment is the account's, once."""
    case = CASES[name]
    stage = Stage(account_ground(ground) if ground.startswith("renaming") else grounds(ground), case.prepare)
    done: list[tuple[str, ...]] = []

    def retry(scene: Scene) -> None:
        if retried:
            scene["answer"] = answered(lambda: case.act(scene))

    def check(scene: Scene) -> None:
        assert not isinstance(scene.known.get("answer"), Refused), scene["answer"]
        _pumps(scene)
        held = scene.held()
        assert held.of(Intent) == []
        assert kept(held) == []
        left = _change(scene)
        if not done:
            done.append(left)
        assert left in ((done[0],) if retried else ((), done[0])), _difference(left, done[0])
        assert readable(scene, "ana's session", "ben's session") == []

    report = crash_points(
        stage.scene, case.act, check, retry=retry, restart=Scene.restarted, during_recovery=retried, limit=300
    )
    counted(f"{name}, {'retried' if retried else 'then the pump'}", ground, report)
