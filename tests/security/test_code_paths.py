"""Five answers, ten minutes, once: on every path that takes a code, found by introspection (ASVS V6.5, V6.6.3)."""

from __future__ import annotations

import inspect
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from clientportal import Reason
from clientportal.doors import ClientDoor, StaffDoor, VisitorDoor
from clientportal.records import Purpose
from security.attacking import wrong
from security.code_paths import HANDLES, PATHS, Path, opened
from watching import at_once, reason_of
from world import World

REFUSED = {Reason.TOO_MANY_TRIES, Reason.WAIT, Reason.BUSY, Reason.CODE_GONE, Reason.STOPPED}


def test_every_path_that_takes_a_code_is_tried() -> None:
    """Each method of a door with an argument ``code``, and each purpose that a code is sent for."""
    doors = {"visitor": VisitorDoor, "client": ClientDoor, "staff": StaffDoor}
    takes = {
        (door, name)
        for door, kind in doors.items()
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if "code" in inspect.signature(method).parameters
    }
    assert takes == {(path.door, path.method) for path in PATHS}
    assert {path.purpose for path in HANDLES} == set(Purpose)


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_sixty_four_parallel_guesses_reveal_no_more_than_the_budget(world: World, path: Path) -> None:
    """Each guesses another code at once: "wrong" is said five times at most, and of an app's codes twenty times."""
    typing = opened(world, path)

    def guess(step: int) -> Any:
        return lambda portal: typing.type(portal, wrong(typing.code, step))

    # Of an app the codes of the neighbouring steps are right too: one in half a million is met by chance.
    ended = at_once(world, *map(guess, range(1, 65)))
    said = Counter(one.reason for one in ended)
    assert 1 <= said[path.wrong] <= path.most
    assert said.keys() <= {path.wrong, *REFUSED}
    with pytest.raises(Exception, match=r"code|tries|wait|again"):
        typing.type(world.portal, wrong(typing.code))


@pytest.mark.parametrize("path", HANDLES, ids=str)
def test_after_the_last_try_the_right_code_is_refused_too(world: World, path: Path) -> None:
    """One after the other, a while apart: the sixth answer says nothing about the code."""
    typing = opened(world, path)
    for _ in range(5):
        assert reason_of(lambda: typing.type(world.portal, wrong(typing.code))) is Reason.CODE_WRONG
        world.clock.advance(timedelta(seconds=2))
    world.clock.advance(timedelta(minutes=1))
    assert reason_of(lambda: typing.type(world.portal, typing.code)) is Reason.TOO_MANY_TRIES


@pytest.mark.parametrize("path", HANDLES, ids=str)
@pytest.mark.parametrize("left", [1, 0], ids=["a second before", "at the end"])
def test_a_sent_code_is_good_until_a_second_before_its_end(world: World, path: Path, left: int) -> None:
    """Ten minutes, and not a moment more, whatever it is for; used, it is gone."""
    typing = opened(world, path)
    world.clock.advance(timedelta(minutes=10) - timedelta(seconds=left))
    if left:
        assert typing.type(world.portal, typing.code) is not None
    assert reason_of(lambda: typing.type(world.portal, typing.code)) in {Reason.CODE_GONE, Reason.SESSION_ENDED}


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_sixteen_hands_with_the_right_code_use_it_once(world: World, path: Path) -> None:
    """All type the right code at the same moment: one of them is answered with what it is for."""
    typing = opened(world, path)
    ended = at_once(world, *[lambda portal: typing.type(portal, typing.code)] * 16)
    assert sum(not isinstance(one, Exception) for one in ended) == 1
    said = {one.reason for one in ended if isinstance(one, Exception)}  # type: ignore[attr-defined]
    assert said <= {Reason.CODE_GONE, Reason.SESSION_ENDED, Reason.BUSY, path.wrong}
