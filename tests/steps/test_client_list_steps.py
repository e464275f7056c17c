"""Quick add, changing and deleting, crashed at every port call and interleaved with what touches the same things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clientportal import Refused
from clientportal.records import ContactEntry, Intent, Session
from clientportal.testing.interleaving import interleavings
from clientportal.testing.stepping import crash_points
from steps.client_list_scenes import CASES, DELETING_ELSEWHERE, ERASING, ONE_WRITE_ELSEWHERE, PAIRS
from steps.dumps import broken
from steps.stages import Ground, Scene, Stage, answered
from steps.test_crashes import tried
from steps.test_elsewhere import change, pumps
from steps.test_interleavings import every, some
from world import client

# The inner loop keeps the crashes and interleavings of the first operations; the whole run has these as well.
pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize("name", ONE_WRITE_ELSEWHERE)
def test_a_platform_elsewhere_is_asked_once(name: str, grounds: Grounds, counted: Counted) -> None:
    """Whatever call it dies at: a retry under its key, or the pump, finishes it, and nobody is added twice."""
    case = ONE_WRITE_ELSEWHERE[name]
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
        assert [line for line in broken(held) if not line.endswith(_DELETED)] == []

    report = crash_points(
        stage.scene, case.act, check, retry=retry, restart=Scene.restarted, during_recovery=True, limit=200
    )
    counted(f"{name}, retried at once", "elsewhere", report)


_DELETED = "belongs to client:ana, who is not there"
"""The appointments of a deleted client stay in the books."""


@pytest.mark.parametrize("name", ["delete_client", "delete_appointment"])
def test_a_platform_elsewhere_deletes_whole_or_not_at_all(name: str, grounds: Grounds, counted: Counted) -> None:
    """Whoever asked goes away at the crash: what the portal holds goes with the row, or stands with it."""
    case = CASES[name]
    stage = Stage(grounds("elsewhere"), case.prepare)
    told: set[bool] = set()

    def check(scene: Scene) -> None:
        pumps(scene)
        held = scene.held()
        assert held.of(Intent) == []
        if name == "delete_appointment":
            return
        there = bool(scene.world.ask("clients", [scene["ana"]]))
        told.add(there)
        assert bool([one for one in held.of(Session) if one.entry == str(scene["ana"])]) == there
        assert bool([one for one in held.of(ContactEntry) if one.ref == str(scene["ana"])]) == there

    report = crash_points(stage.scene, case.act, check, retry=lambda _scene: None, restart=Scene.restarted)
    assert name == "delete_appointment" or told == {True, False}
    counted(f"{name}, then the pump", "elsewhere", report)


@pytest.mark.parametrize("name", DELETING_ELSEWHERE)
def test_a_login_between_the_wish_and_the_answer(name: str, grounds: Grounds, counted: Counted) -> None:
    """Whenever it comes, no session of hers is left, and nobody is found by her number."""
    pair = DELETING_ELSEWHERE[name]
    stage = Stage(grounds("elsewhere"), pair.prepare, awaited=True)

    def check(scene: Scene, deleted: Any, _logged_in: Any) -> None:
        assert deleted.refs == (scene["ana"], client("anna"))
        held = scene.held()
        assert [one for one in held.of(Session) if one.entry == str(scene["ana"])] == []
        assert [one for one in held.of(ContactEntry) if one.ref == str(scene["ana"])] == []
        assert held.of(Intent) == []

    report = interleavings(stage.scene, pair.one, pair.other, check, limit=200)
    counted(name, "elsewhere", report)
