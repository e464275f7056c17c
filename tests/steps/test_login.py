"""Logging in is two steps with a hash between them: crashed at every port call of both, and raced.

Between the steps a try stands charged that nobody has judged; so "nothing between" reads here: never a session without
its charge given back, never a charge lost.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clientportal import Reason, Refused
from clientportal.records import Credential, GuessCounter, MessageKind, OutboxMessage, Session
from clientportal.testing.stepping import Stepper, crash_points
from steps.dumps import broken
from steps.login_scenes import CHANGE, LOGIN_PAIRS, RIGHT_LOGIN, SECOND_FACTOR, WRONG_LOGIN
from steps.scenes import Case
from steps.stages import Ground, Scene, Stage, answered
from steps.test_crashes import tried
from steps.test_interleavings import every, some

# The inner loop keeps the crashes and interleavings of the first operations; the whole run has these as well.
pytestmark = pytest.mark.slow

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]
STORES = ("memory", "sqlite", "postgres")


def crashed(case: Case, where: Ground, check: Callable[[Scene], None], limit: int | None) -> object:
    """Crash it at every call, then every call of its retry, and look at what is left each time."""
    stage = Stage(where, case.prepare)

    def checked(scene: Scene) -> None:
        assert broken(scene.held()) == []
        check(scene)

    def restarted(scene: Scene) -> Scene:
        assert broken(scene.held()) == []
        return scene.restarted()

    return crash_points(
        stage.scene,
        case.act,
        checked,
        retry=lambda scene: answered(lambda: case.act(scene)),
        restart=restarted,
        during_recovery=True,
        limit=limit,
    )


def limit_of(store: str) -> int:
    """Every crash, and of those of its recovery a sample, drawn anew; a smaller one on a database."""
    return 120 if store == "memory" else 25


@pytest.mark.parametrize("store", STORES)
def test_a_login_that_crashes_and_is_tried_again_opens_one_session(
    store: str, grounds: Grounds, counted: Counted
) -> None:
    """I2: under its key one session however often the process died; each death costs at most one try."""

    def check(scene: Scene) -> None:
        held = scene.held()
        assert len(held.of(Session)) == 3, "the two from before, and this one"
        charged = [one.day_count for one in held.of(GuessCounter)]
        assert all(0 <= count <= 2 for count in charged), charged

    counted("log_in", store, crashed(RIGHT_LOGIN, grounds(store), check, limit_of(store)))


@pytest.mark.parametrize("store", STORES)
def test_a_wrong_try_that_crashes_is_counted_all_the_same(store: str, grounds: Grounds, counted: Counted) -> None:
    """Pulling the plug buys no guess: every comparison that was made is counted, whatever was told; and no session."""

    def check(scene: Scene) -> None:
        held = scene.held()
        assert len(held.of(Session)) == 2
        (counter,) = held.of(GuessCounter)
        assert scene["compared"] <= counter.day_count <= 3
        assert counter.consecutive == counter.day_count

    counted("log_in, wrong", store, crashed(WRONG_LOGIN, grounds(store), check, limit_of(store)))


@pytest.mark.parametrize("store", STORES)
def test_a_change_of_the_password_is_whole_or_absent(store: str, grounds: Grounds, counted: Counted) -> None:
    """I8: the new password, the end of the other sessions and the notice are one commit."""

    def check(scene: Scene) -> None:
        held = scene.held()
        (credential,) = held.of(Credential)
        told = [one for one in held.of(OutboxMessage) if one.kind is MessageKind.PASSWORD_CHANGED]
        assert (len(held.of(Session)), len(told), credential.set_at) == (1, 1, scene.world.clock())

    counted("change_password", store, crashed(CHANGE, grounds(store), check, limit_of(store)))


@pytest.mark.long
@pytest.mark.parametrize("case", [RIGHT_LOGIN, WRONG_LOGIN, CHANGE], ids=str)
def test_more_crashes_of_the_recovery(case: Case, grounds: Grounds, counted: Counted) -> None:
    """A larger sample: whatever is left keeps every promise, and there is one account with one password."""

    def check(scene: Scene) -> None:
        assert len(scene.held().of(Credential)) == 1

    counted(f"{case}, more", "memory", crashed(case, grounds("memory"), check, 360))


def test_a_second_factor_that_crashes_is_passed_once(grounds: Grounds, counted: Counted) -> None:
    """One step, one commit: nothing between, and the same session under its key."""
    counted("second_factor", "memory", tried(SECOND_FACTOR, grounds("memory"), twice=True))


@pytest.mark.parametrize("name", LOGIN_PAIRS)
def test_every_interleaving_of_logins_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """Whatever the order of their calls, it looks as if one had come after the other."""
    counted(name, "memory", every(grounds("memory"), LOGIN_PAIRS[name], limit=400))


@pytest.mark.parametrize("database", STORES[1:])
@pytest.mark.parametrize("name", LOGIN_PAIRS)
def test_some_interleavings_of_logins_on_a_database(
    name: str, database: str, grounds: Grounds, counted: Counted
) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), LOGIN_PAIRS[name], 3))


def test_the_scenes_are_what_they_say(grounds: Grounds) -> None:
    """A wrong password is refused there, so that what is crashed is a wrong try."""
    refused = WRONG_LOGIN.act(Stage(grounds("memory"), WRONG_LOGIN.prepare).scene(Stepper()))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.LOGIN_FAILED
