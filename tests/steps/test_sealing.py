"""Sealing and forgetting, crashed at every port call: an entry is sealed once or waits, and it always verifies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clientportal.operations.verifying import verify_audit
from clientportal.outcomes import AuditVerdict
from clientportal.ports import step
from clientportal.records import AuditEntry
from clientportal.testing.stepping import crash_points
from steps.scenes import logged_in
from steps.stages import Ground, Scene, Stage

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


def verdict(scene: Scene) -> AuditVerdict:
    """What verifying says of the stored audit, past whatever crashes."""
    setup: Any = scene.world.portal._setup
    return step(verify_audit(setup, scene.world.tenant, None))


def after_a_crash(scene: Scene) -> Scene:
    """Nothing between: whatever was sealed holds, the rest waits."""
    seen = verdict(scene)
    assert seen.intact, seen
    assert seen.entries + seen.unsealed + seen.pruned >= len(scene.held().of(AuditEntry))
    return scene.restarted()


LIMITS = {"memory": 300, "sqlite": 6, "postgres": 4}
"""In full in memory; a sample where each crash puts a database back to its beginning."""

DATABASES = pytest.mark.parametrize("database", ["memory", "sqlite", "postgres"])


@DATABASES
def test_a_pump_that_dies_while_it_seals(database: str, grounds: Grounds, counted: Counted) -> None:
    """The next one seals what is left; every entry is in one seal."""
    stage = Stage(grounds(database), logged_in)

    def seal(scene: Scene) -> None:
        scene.portal.seal_audit(scene.world.tenant)

    def check(scene: Scene) -> None:
        seen = verdict(scene)
        assert (seen.intact, seen.unsealed, seen.entries) == (True, 0, len(scene.held().of(AuditEntry)))

    report = crash_points(
        stage.scene,
        seal,
        check,
        retry=seal,
        restart=after_a_crash,
        during_recovery=database == "memory",
        limit=LIMITS[database],
    )
    counted("seal_audit", database, report)


@pytest.mark.parametrize("database", ["memory", "sqlite"])
def test_a_purge_that_dies_while_it_forgets(database: str, grounds: Grounds, counted: Counted) -> None:
    """The chain's end knows exactly what went."""

    def sealed_long_ago(scene: Scene) -> None:
        logged_in(scene)
        scene.portal.seal_audit(scene.world.tenant)
        scene.world.clock.advance(timedelta(days=100))

    stage = Stage(grounds(database), sealed_long_ago)
    many = len(stage.begun.of(AuditEntry))

    def forget(scene: Scene) -> None:
        scene.portal.purge(scene.world.tenant, audit_older_than=timedelta(days=30))

    def check(scene: Scene) -> None:
        seen = verdict(scene)
        assert (seen.intact, seen.pruned, scene.held().of(AuditEntry)) == (True, many, [])

    report = crash_points(stage.scene, forget, check, retry=forget, restart=after_a_crash, limit=LIMITS[database])
    counted("purge of the audit", database, report)
