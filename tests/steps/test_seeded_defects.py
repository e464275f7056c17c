"""The tests of steps bite: with one fault in the store, each of them fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clientportal import Reason, Refused
from clientportal.records import Challenge, ContactHistory, GuessCounter, Pointer, Session, Trail
from clientportal.testing.stepping import Stepper, interleavings
from steps.defects import (
    Blind,
    EffectOfALook,
    ForgottenReceipt,
    Halved,
    KeptToken,
    NoAudit,
    NoHolds,
    ResettableCounter,
)
from steps.dumps import broken
from steps.pairs import PAIRS, Pair
from steps.scenes import CASES, chained, code_sent, logged_in
from steps.stages import Ground, Scene, Stage
from steps.test_crashes import Judge, judged
from steps.test_interleavings import Explained

Grounds = Callable[[str], Ground]
Wrap = Callable[[Any], Any]


def interleaved(where: Ground, pair: Pair, wrap: Wrap, *, elsewhere: bool = False) -> None:
    """Every interleaving over a faulty store; the serial runs are those of a sound one."""
    sound = Stage(where, pair.prepare, awaited=True)
    explained = Explained(sound, pair, elsewhere=elsewhere)
    sound.world.wrap = wrap
    interleavings(sound.scene, pair.one, pair.other, explained.check)


FAULTS: dict[str, tuple[str, Wrap]] = {
    "a code is consumed without looking": ("verify and verify, one code", lambda store: Blind(store, Challenge)),
    "a wrong try is counted without looking": (
        "wrong guess and wrong guess",
        lambda store: Blind(store, Challenge, GuessCounter),
    ),
    "a new code resets the counter": ("wrong guess and resend", ResettableCounter),
    "a pointer is written without looking": ("merge and undo, deep", lambda store: Blind(store, Pointer)),
    "merges of one group do not wait": ("merge and merge, opposite", lambda store: NoHolds(Blind(store, Pointer))),
    "a session is not checked again": ("log out and move", lambda store: Blind(store, Session)),
    "first logins do not wait": (
        "verify and verify, new number",
        lambda store: NoHolds(Blind(store, ContactHistory, GuessCounter)),
    ),
    "the audit is written before the change": ("move and cancel", Halved),
    "a key is not remembered": ("cancel and cancel, one key", ForgottenReceipt),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_interleaving_finds_it(fault: str, grounds: Grounds) -> None:
    """Some order of two calls ends in what neither serial order explains."""
    name, wrap = FAULTS[fault]
    with pytest.raises(AssertionError) as caught:
        interleaved(grounds("memory"), PAIRS[name], wrap)
    assert "in this order" in caught.value.__notes__[0]


def test_a_trail_without_a_version_loses_a_move(grounds: Grounds) -> None:
    """A platform that shares the transaction guards the trail by the appointment's own version; with one elsewhere the
    trail's version alone does, and where it is not looked at, two moves count as one."""
    with pytest.raises(AssertionError, match="neither order explains"):
        interleaved(
            grounds("elsewhere"),
            PAIRS["move and move, one appointment"],
            lambda store: Blind(store, Trail),
            elsewhere=True,
        )


CRASHED: dict[str, tuple[str, Wrap]] = {
    "the audit is dropped": ("cancel", NoAudit),
    "a key is not remembered": ("verify_code", ForgottenReceipt),
    "the old token goes on working": ("switch", KeptToken),
}


@pytest.mark.parametrize("fault", CRASHED)
def test_a_crash_finds_it(fault: str, grounds: Grounds) -> None:
    """Some crash leaves what a whole run does not, or a retry ends somewhere else."""
    name, wrap = CRASHED[fault]
    judge = Judge(Stage(grounds("memory"), CASES[name].prepare))
    sound = judge.stage.scene(Stepper())
    CASES[name].act(sound)
    judge.at_the_end(sound)
    judge.stage.world.wrap = wrap
    with pytest.raises(AssertionError):
        judged(judge, CASES[name])


# --- looking -------------------------------------------------------------------------------------------------------


def look_around(scene: Scene) -> None:
    """Everything that only reads, three times."""
    for _ in range(3):
        scene.visitor().look_at_link(scene["link"])
        scene.visitor().start_booking()
        scene.client().profile()
        scene.client().appointments()
        scene.client().change_terms("a1")
        scene.client().sessions()
        scene.client().preview.cancel("a1")
        scene.staff().duplicates()
        scene.staff().client(scene["ana"])
        scene.staff().audit()


def test_looking_has_no_effect(grounds: Grounds) -> None:
    """A link scanner, a prefetching browser and a curious member of staff change nothing, and the link still acts.

    That a session was used is noted, once in five minutes; that staff looked is audited, every time; a client whom they
    look at for the first time gets a number for good (TT9).
    """
    scene = Stage(grounds("memory"), logged_in).scene(Stepper())
    look_around(scene)
    assert {line.split()[1] for line in scene.changed(audit="none")} == {
        "sessions",
        "client_numbers",
        "number_counters",
    }
    looks = [line for line in scene.changed(audit="all") if line.split()[1] == "audit"]
    assert len(looks) == 9
    assert all(" audit staff:" in line for line in looks)
    scene.visitor().cancel_by_link(scene["link"])


def test_an_effect_of_a_look_is_found(grounds: Grounds) -> None:
    """A link that is used up by being looked at fails the test above."""
    stage = Stage(grounds("memory"), logged_in)
    stage.world.wrap = lambda store: EffectOfALook(store, stage.world.clock)
    scene = stage.scene(Stepper())
    with pytest.raises(Refused) as refused:
        look_around(scene)
    assert refused.value.reason is Reason.LINK_GONE
    assert scene.changed(audit="all") != ()


# --- the promises themselves ---------------------------------------------------------------------------------------


def test_broken_promises_are_named(grounds: Grounds) -> None:
    """A counter reset by hand, a session by no code and a pointer that leads astray are each told in words."""
    scene = Stage(grounds("memory"), code_sent).scene(Stepper())
    wrong = "000000" if scene["code"] != "000000" else "111111"
    with pytest.raises(Refused):
        scene.visitor().verify_code(scene["handle"], wrong)
    assert broken(scene.held()) == []
    tables = scene.world.store._tables._records
    tables[scene.world.tenant, "guess_counters"].clear()
    assert broken(scene.held()) == [
        "1 wrong codes and 0 wrong passwords were answered, 1 counted on the codes and 0 against the identities"
    ]

    scene = Stage(grounds("memory"), chained).scene(Stepper())
    tables = scene.world.store._tables._records
    tables[scene.world.tenant, "pointers"].pop("client:anna")
    assert broken(scene.held()) == ["the journal says that client:anna was merged, and 0 pointers say so"]
