"""The tests of accounts bite: with one fault planted, a scenario, a crash or an interleaving of the suite fails.

Each is shown to pass on the sound library first, so that what fails is the fault.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clientportal.testing.stepping import interleavings
from mails import timetap
from password_ground import add_account, with_passwords
from requirements import (
    test_acuity_assignment,
    test_acuity_login,
    test_sign_in_links,
    test_timetap_login,
    test_x3_accounts,
)
from security import test_password_login, test_prehijacking, test_reset, test_second_factor, test_viewing
from steps import account_defects as defects
from steps.account_defects import Plant
from steps.account_scenes import PAIRS
from steps.login_scenes import LOGIN_PAIRS
from steps.pairs import Pair
from steps.stages import Ground, Stage
from steps.test_interleavings import Explained
from steps.test_login import test_a_wrong_try_that_crashes_is_counted_all_the_same as crashed_wrong_try
from world import World, make_world

Grounds = Callable[[str], Ground]
Test = Callable[[World], None]

FAILS = (AssertionError, pytest.fail.Exception)
"""How a test says that it found something."""


def _as_it_is(_world: World) -> None:
    """The scenario prepares everything itself."""


def _with_ana(world: World) -> None:
    with_passwords(world)
    add_account(world)


def _with_links(world: World) -> None:
    timetap(world)
    world.change_policy("accounts", sign_in_links=True)


def _in_new_york(world: World) -> None:
    test_acuity_assignment.acuity(world)


SCENARIOS: dict[str, tuple[Plant, Callable[[World], None], Test]] = {
    "a try is charged after hashing": (
        defects.charged_after_hashing,
        _with_ana,
        test_password_login.test_a_crash_between_the_steps_leaves_the_try_counted,
    ),
    "a reset link works twice": (
        defects.link_not_spent,
        _as_it_is,
        test_reset.test_one_link_used_many_times_at_once_acts_once,
    ),
    "a sign-in link works twice": (
        defects.link_not_spent,
        _with_links,
        test_sign_in_links.test_a_link_logs_in_once,
    ),
    "the first proof keeps sessions": (
        defects.kept_sessions,
        _as_it_is,
        test_prehijacking.test_class_2_unexpired_session_eves_session_ends_with_anas_proof,
    ),
    "the first proof keeps a change of the email": (
        defects.kept_email_change,
        _as_it_is,
        test_prehijacking.test_class_4_unexpired_change_one_that_eve_began_dies_with_the_proof,
    ),
    "an import's word is taken": (
        defects.trusted_import,
        _as_it_is,
        test_timetap_login.test_an_import_s_word_that_an_email_is_verified_is_not_taken,
    ),
    "a registration logs in from anywhere": (
        defects.unproved_logs_in_anywhere,
        _with_ana,
        test_password_login.test_a_registration_logs_in_nowhere_but_where_it_was_made,
    ),
    "a hash is written over a new password": (
        defects.rehashed_blindly,
        _with_ana,
        test_password_login.test_a_password_that_is_changed_meanwhile_wins,
    ),
    "a step of the app is used again": (
        defects.step_used_again,
        _as_it_is,
        test_second_factor.test_a_code_is_used_once_and_so_is_its_step,
    ),
    "a recovery code is used again": (
        defects.recovery_code_kept,
        _as_it_is,
        test_second_factor.test_a_recovery_code_lets_in_once_without_the_app,
    ),
    "an equal email assigns": (
        defects.equal_email_is_enough,
        _in_new_york,
        test_acuity_assignment.test_the_first_proof_takes_what_was_booked_before_and_nothing_else,
    ),
    "a sign-in link skips the app": (
        defects.factor_skipped_by_link,
        _with_links,
        test_sign_in_links.test_the_second_factor_is_asked_still,
    ),
    "a merge keeps the absorbed sessions": (
        defects.absorbed_sessions_move_along,
        timetap,
        test_x3_accounts.test_the_absorbed_accounts_logins_end_and_the_survivors_stay,
    ),
    "staff reset where the policy says never": (
        defects.staff_reset_whatever_the_policy,
        _as_it_is,
        test_acuity_login.test_staff_cannot_reset_a_password,
    ),
    "a view can write": (
        defects.looks_can_write,
        _as_it_is,
        test_viewing.test_a_view_can_look_at_everything_and_touch_nothing,
    ),
}


@pytest.mark.parametrize("fault", SCENARIOS)
def test_a_scenario_finds_it(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario passes without it, and fails with it."""
    plant, prepare, test = SCENARIOS[fault]

    def play() -> None:
        world = make_world("memory-plain", tmp_path)
        try:
            prepare(world)
            test(world)
        finally:
            world.close()

    play()
    plant(monkeypatch)
    with pytest.raises(FAILS):
        play()


RACED: dict[str, tuple[Plant, Pair]] = {
    "a hash is written over a new password": (
        defects.rehashed_blindly,
        LOGIN_PAIRS["log in, its hash weak, and change of password"],
    ),
    "a step of the app is used again": (
        defects.step_used_again,
        LOGIN_PAIRS["second factor and second factor, one code"],
    ),
    "a reset link works twice": (defects.link_not_spent, PAIRS["reset and reset, one link"]),
    "a sign-in link works twice": (defects.link_not_spent, PAIRS["sign in and sign in, one link"]),
}


@pytest.mark.parametrize("fault", RACED)
def test_an_interleaving_finds_it(fault: str, grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some order of two calls ends in what neither serial order of the sound library explains."""
    plant, pair = RACED[fault]
    stage = Stage(grounds("memory"), pair.prepare, awaited=True)
    explained = Explained(stage, pair)
    plant(monkeypatch)
    with pytest.raises(AssertionError) as caught:
        interleavings(stage.scene, pair.one, pair.other, explained.check, limit=400)
    assert "in this order" in caught.value.__notes__[0]


def test_a_crash_finds_a_late_charge(grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong try that is charged after it was judged costs nothing where the process dies in between."""

    def ignored(*_told: Any) -> None:
        """Nothing is counted here."""

    defects.charged_after_hashing(monkeypatch)
    with pytest.raises(AssertionError) as caught:
        crashed_wrong_try("memory", grounds, ignored)
    assert "crashed" in caught.value.__notes__[0]
