"""Quick add, changing and deleting, crashed at every port call and interleaved with what touches the same things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clientportal import Refused
from clientportal.records import Intent, Session
from clientportal.testing.interleaving import interleavings
from clientportal.testing.stepping import crash_points
from steps.client_list_scenes import ADDING_ELSEWHERE, CASES, ERASING, PAIRS
from steps.dumps import broken
from steps.stages import Ground, Scene, Stage, answered
from steps.test_crashes import tried
from steps.test_elsewhere import change, pumps
from steps.test_interleavings import every, some

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


@pytest.mark.parametrize("name", CASES)
def test_in_memory_every_crash_and_every_crash_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """A client is added whole or not at all, deleted whole or not at all; the retry ends where no crash would."""
    counted(name, "memory", tried(CASES[name], grounds("memory"), twice=True, limit=400))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", CASES)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """The same on both databases, every call once."""
    counted(name, database, tried(CASES[name], grounds(database), twice=False))


@pytest.mark.parametrize("name", PAIRS)
def test_interleavings_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """Two desks at once: as if one had come after the other."""
    counted(name, "memory", every(grounds("memory"), PAIRS[name], limit=300))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", PAIRS)
def test_some_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), PAIRS[name], 3))


@pytest.mark.parametrize("where", ["memory", "sqlite", "postgres"])
def test_nobody_is_logged_in_as_a_client_who_is_erased_meanwhile(
    where: str, grounds: Grounds, counted: Counted
) -> None:
    """A login that was under way: its session ends with the others, or it finds nobody any more."""
    stage = Stage(grounds(where), ERASING.prepare, awaited=where == "memory")

    def check(scene: Scene, erased: Any, _logged_in: Any) -> None:
        assert erased.ref == scene["ana"]
        assert [one for one in scene.held().of(Session) if one.entry == str(scene["ana"])] == []

    database = where != "memory"
    report = interleavings(
        stage.scene, ERASING.one, ERASING.other, check, threads=database, limit=5 if database else 300
    )
    counted(ERASING.name, where, report)


@pytest.mark.parametrize("name", ADDING_ELSEWHERE)
def test_a_platform_elsewhere_is_asked_once(name: str, grounds: Grounds, counted: Counted) -> None:
    """Whatever call it dies at: a retry under its key, or the pump, finishes it, and nobody is added twice."""
    case = CASES[name]
    stage = Stage(grounds("elsewhere"), case.prepare)
    done: list[tuple[str, ...]] = []

    def retry(scene: Scene) -> None:
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

    report = crash_points(
        stage.scene, case.act, check, retry=retry, restart=Scene.restarted, during_recovery=True, limit=200
    )
    counted(f"{name}, retried at once", "elsewhere", report)
