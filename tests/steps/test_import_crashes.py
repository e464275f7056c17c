"""Importing and erasing, crashed at every port call: rows are there whole or not at all, nobody is there twice, and
nobody is half erased."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from clientportal.errors import StoreError
from clientportal.operations import importing
from clientportal.records import ClientNumber, ContactEntry, ImportedClient, Intent
from clientportal.testing.stepping import Stepper, crash_points
from steps.dumps import dump
from steps.import_scenes import CASES, FILE, imported
from steps.stages import Ground, Scene, Stage, answered

# The inner loop keeps the crashes and interleavings of the first operations; the whole run has these as well.
pytestmark = pytest.mark.slow

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]
LIMITS = {"memory": None, "sqlite": 80, "postgres": 25}
"""In memory every crash is tried, and many of those of the recovery; what a database adds, a sample shows."""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows a commit, so that a file of seven has commits to die between."""
    monkeypatch.setattr(importing, "BATCH", 2)


def change(stage: Stage, scene: Scene) -> tuple[str, ...]:
    """What has happened; that a run was begun is told as often as it was."""
    lines = dump(scene.held(), stage.begun)
    return tuple(line for line in lines if "begin_import" not in line)


@pytest.mark.parametrize("database", ["memory", "sqlite", "postgres"])
def test_a_file_run_again_after_a_crash_adds_nobody_twice(database: str, grounds: Grounds, counted: Counted) -> None:
    """After the crash the store holds some batches, each whole; after the retry what a run without one leaves, and the
    report says the same of every row."""
    stage = Stage(grounds(database), CASES["import_clients"].prepare)
    whole = stage.scene(Stepper())
    states: list[tuple[str, ...]] = [()]
    rows = [
        (row.line, row.outcome)
        for row in whole.staff().import_clients(
            FILE, name="spring", progress=lambda _report: states.append(change(stage, whole))
        )
    ]
    done = states[-1]
    assert len(set(states)) >= 4

    def restart(scene: Scene) -> Scene:
        assert change(stage, scene) in states
        return scene.restarted()

    def retry(scene: Scene) -> None:
        assert [(row.line, row.outcome) for row in imported(scene)] == rows

    def check(scene: Scene) -> None:
        assert change(stage, scene) == done

    report = crash_points(
        stage.scene,
        imported,
        check,
        retry=retry,
        restart=restart,
        during_recovery=False,
        limit=LIMITS[database],
    )
    counted("import_clients", database, report)


@pytest.mark.parametrize("database", ["memory", "sqlite", "postgres"])
def test_a_client_is_erased_whole_or_not_at_all(database: str, grounds: Grounds, counted: Counted) -> None:
    """The platform's row and everything of ours, in one commit; erasing again finishes nothing, for there is nothing
    between."""
    case = CASES["erase"]
    stage = Stage(grounds(database), case.prepare)
    done: list[tuple[str, ...]] = []

    def erased(scene: Scene) -> tuple[str, ...]:
        # A retry finds nothing left to do, says so, and is in the audit, too.
        return tuple(line for line in change(stage, scene) if not line.startswith("+ audit "))

    def restart(scene: Scene) -> Scene:
        assert erased(scene) in ((), *done[:1])
        return scene.restarted()

    def check(scene: Scene) -> None:
        done.append(erased(scene))
        assert done[-1] == done[0]

    report = crash_points(
        stage.scene,
        case.act,
        check,
        retry=lambda scene: answered(lambda: case.act(scene)),
        restart=restart,
        during_recovery=database == "memory",
        limit=300 if database == "memory" else LIMITS[database],
    )
    counted("erase", database, report)


def test_a_platform_elsewhere_is_asked_what_became_of_each_row(grounds: Grounds, counted: Counted) -> None:
    """Wherever it dies, the next run of the import ends where a run without a crash does: nobody twice, nobody without
    contacts and number."""
    stage = Stage(grounds("elsewhere"), CASES["import_clients"].prepare)
    kept: list[tuple[int, int, int]] = []

    def retry(scene: Scene) -> None:
        imported(scene)

    def check(scene: Scene) -> None:
        held = scene.held()
        made = {one.ref for one in held.of(ImportedClient)}
        assert "" not in made
        assert {one.id for one in held.of(ClientNumber)} == made
        clients = scene.world.ask("client_list", None, None, 100).items
        assert {str(one.ref) for one in clients} == made | {"client:ana"}
        kept.append((len(made), len(held.of(ContactEntry)), len(held.of(ClientNumber))))
        assert kept[-1] == kept[0] == (3, 3, 3)
        assert held.of(Intent) == []

    report = crash_points(stage.scene, imported, check, retry=retry, restart=Scene.restarted)
    counted("import_clients", "elsewhere", report)


def test_an_erasure_at_a_platform_elsewhere_is_finished_by_the_pump(grounds: Grounds, counted: Counted) -> None:
    """Whoever asked goes away at the crash: nothing was begun, or the pump finishes it."""
    case = CASES["erase"]
    stage = Stage(grounds("elsewhere"), case.prepare)
    done: list[tuple[str, ...]] = []

    def erase(scene: Scene) -> None:
        with suppress(StoreError):
            case.act(scene)

    def check(scene: Scene) -> None:
        scene.world.clock.advance(timedelta(minutes=2))
        scene.pump()
        assert scene.held().of(Intent) == []
        left = tuple(
            sorted(line for line in dump(scene.held(), stage.begun, times=False) if not line.startswith("+ audit "))
        )
        done.append(left)
        names = " ".join(scene.held().rows)
        assert ("Ana Kingi" in names) == (left != done[0])

    report = crash_points(stage.scene, erase, check, retry=lambda _scene: None, restart=Scene.restarted)
    counted("erase, then the pump", "elsewhere", report)
