"""Codes of an authenticator app: a step is used once, a wrong one is counted, and the app comes and goes by step-up."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason
from clientportal.outcomes import Enrolment, SignInStage
from clientportal.policy import SecondFactorUse
from clientportal.records import GuessCounter, MessageKind, OutboxMessage, SecondFactor, Session, Stage
from clientportal.rules.second_factor import (
    Enrolling,
    FactorChange,
    LostFactor,
    Passing,
    TypedFactor,
    begin_second_factor,
    confirm_second_factor,
    factor_lane,
    new_recovery_codes,
    pass_second_factor,
    remove_by_staff,
    remove_second_factor,
)
from clientportal.values import Secret
from rules.one_account import (
    DAY,
    EMAIL,
    FRESH,
    NOW,
    TIMETAP,
    account,
    factor,
    put,
    reason,
    removed,
    session,
    sight,
    using,
)

OFFERED, REQUIRED = (using(TIMETAP, use) for use in (SecondFactorUse.OFFERED, SecondFactorUse.REQUIRED))
LANE = factor_lane(account())
WAITING = session(stage=Stage.SECOND_FACTOR)
CODES = (Secret("aaaa"), Secret("bbbb"))


def misses(**more: Any) -> GuessCounter:
    """Wrong codes of Ana's account."""
    return GuessCounter(**{"id": f"{EMAIL}|{LANE}", "identity": EMAIL, "day_began": NOW} | more)


def passing(*steps: int, recovery: str | None = None, **more: Any) -> Passing:
    """A code is typed."""
    given: dict[str, Any] = {
        "session": WAITING, "sight": sight(second_factor=factor()), "typed": TypedFactor(steps, recovery),
        "counter": None, "fresh": FRESH,
    }  # fmt: skip
    return Passing(**given | more)


# --- at a login ------------------------------------------------------------------------------------------------------


def test_a_right_code_lets_the_session_go_further_under_a_new_token() -> None:
    """The step is used up, and the run of wrong codes ends."""
    decision = pass_second_factor(passing(102, counter=misses(consecutive=2, day_count=2)), OFFERED, NOW)
    assert decision.outcome.stage is SignInStage.DONE  # type: ignore[union-attr]
    assert removed(decision) == {"s1"}
    assert put(decision, SecondFactor) == [factor(last_step=102)]
    assert [one.id for one in put(decision, Session)] == ["digest"]
    assert put(decision, GuessCounter) == [misses(day_count=2)]
    assert put(pass_second_factor(passing(102), OFFERED, NOW), GuessCounter) == []


@pytest.mark.parametrize("steps", [(), (100,), (99,), (99, 100)])
def test_a_wrong_code_a_used_step_and_an_earlier_one_are_refused_and_counted(steps: tuple[int, ...]) -> None:
    """One step, one login (RFC 6238, 5.2; V6.5.1)."""
    decision = pass_second_factor(passing(*steps), OFFERED, NOW)
    assert reason(decision) is Reason.SECOND_FACTOR_WRONG
    assert put(decision, GuessCounter) == [misses(day_count=1, consecutive=1)]
    assert put(decision, SecondFactor) == []


def test_of_a_code_that_is_good_for_two_steps_the_unused_one_is_taken() -> None:
    """The earliest that is left; an app that was never used has no last step."""
    assert put(pass_second_factor(passing(100, 101), OFFERED, NOW), SecondFactor) == [factor(last_step=101)]
    new = sight(second_factor=factor(last_step=None))
    assert put(pass_second_factor(passing(5, sight=new), OFFERED, NOW), SecondFactor) == [factor(last_step=5)]


def test_a_recovery_code_works_once() -> None:
    """It is struck off; one that is not there is a wrong code."""
    decision = pass_second_factor(passing(recovery="r1"), OFFERED, NOW)
    assert put(decision, SecondFactor) == [factor(recovery=("r2",))]
    assert reason(pass_second_factor(passing(recovery="r9"), OFFERED, NOW)) is Reason.SECOND_FACTOR_WRONG


def test_wrong_codes_use_up_the_account_s_day_and_the_owner_is_told() -> None:
    """In one lane, whatever session they come from; the right code is not looked at then."""
    used_up = misses(day_count=20, consecutive=20)
    assert reason(pass_second_factor(passing(102, counter=used_up), OFFERED, NOW)) is Reason.TOO_MANY_TRIES
    tenth = pass_second_factor(passing(counter=misses(day_count=9, consecutive=9)), OFFERED, NOW)
    (told,) = put(tenth, OutboxMessage)
    assert (told.kind, told.to) == (MessageKind.GUESSES_WARNING, EMAIL)


def test_a_session_that_waits_for_no_code_takes_none() -> None:
    """``not_found``; and one that waits for the code of an app that is gone has ended."""
    assert reason(pass_second_factor(passing(102, session=session()), OFFERED, NOW)) is Reason.NOT_FOUND
    for gone in (None, factor(confirmed_at=None)):
        decision = pass_second_factor(passing(102, sight=sight(second_factor=gone)), OFFERED, NOW)
        assert reason(decision) is Reason.SESSION_ENDED
        assert removed(decision) == {"s1"}


# --- setting one up --------------------------------------------------------------------------------------------------


def change(**more: Any) -> FactorChange:
    """Ana is about to change her app, having shown her password just now."""
    given: dict[str, Any] = {
        "session": session(), "account": account(), "factor": None, "message_id": "m1", "key_id": "k2", "nonce": "n2",
        "enrolment": Enrolment(Secret("otpauth://…"), Secret("BASE32")), "codes": CODES, "digests": ("d1", "d2"),
    }  # fmt: skip
    return FactorChange(**given | more)


def test_a_new_app_is_handed_out_and_not_asked_for_yet() -> None:
    """Begun again, it is another one; next to one that is confirmed it waits its turn."""
    decision = begin_second_factor(change(), OFFERED, NOW)
    assert decision.outcome == change().enrolment
    begun = SecondFactor(id="a1", key_id="k2", nonce="n2", begun_at=NOW)
    assert put(decision, SecondFactor) == [begun]
    unfinished = evolve(begun, version=1, nonce="n1")
    again = begin_second_factor(change(factor=unfinished), OFFERED, NOW)
    assert put(again, SecondFactor) == [evolve(begun, version=1)]
    beside = begin_second_factor(change(factor=factor()), OFFERED, NOW)
    assert put(beside, SecondFactor) == [factor(next_key_id="k2", next_nonce="n2")]


@pytest.mark.parametrize("rule", [begin_second_factor, new_recovery_codes, remove_second_factor])
def test_the_app_is_changed_by_whoever_has_shown_the_password(rule: Any) -> None:
    """``step_up_first`` without; ``disabled`` where there are no apps."""
    seen = change(factor=factor())
    assert reason(rule(evolve(seen, session=session(confirmed_at=None)), OFFERED, NOW)) is Reason.STEP_UP_FIRST
    assert reason(rule(seen, TIMETAP, NOW)) is Reason.DISABLED
    assert reason(rule(seen, OFFERED, NOW)) is None


def enrolling(*steps: int, **more: Any) -> Enrolling:
    """A code of the new app is typed."""
    begun = SecondFactor(id="a1", version=1, key_id="k2", nonce="n2", begun_at=NOW)
    seen = Enrolling(change(factor=begun), sight(), TypedFactor(steps), None, FRESH)
    return evolve(seen, **more)


def test_a_code_of_the_new_app_makes_it_the_account_s() -> None:
    """With recovery codes, of which digests are kept; the owner is told in the same commit."""
    decision = confirm_second_factor(enrolling(101, counter=misses(consecutive=1, day_count=1)), OFFERED, NOW)
    assert decision.outcome.codes == CODES  # type: ignore[union-attr]
    assert decision.outcome.signed_in.stage is SignInStage.DONE  # type: ignore[union-attr]
    (made,) = put(decision, SecondFactor)
    assert (made.confirmed_at, made.last_step, made.recovery, made.version) == (NOW, 101, ("d1", "d2"), 1)
    assert [one.kind for one in put(decision, OutboxMessage)] == [MessageKind.SECOND_FACTOR_CHANGED]
    assert removed(decision) == {"s1"}
    assert put(decision, GuessCounter) == [misses(day_count=1)]


def test_where_it_was_required_the_session_goes_further() -> None:
    """From setting up to whatever comes after a second factor."""
    seen = enrolling(101)
    seen = evolve(seen, change=evolve(seen.change, session=session(stage=Stage.ENROLLING)))
    decision = confirm_second_factor(seen, REQUIRED, NOW)
    (goes_on,) = put(decision, Session)
    assert (goes_on.stage, goes_on.id) == (Stage.OPEN, "digest")
    assert put(decision, GuessCounter) == []


def test_the_next_app_takes_the_place_of_the_one_before() -> None:
    """Its secret, its steps, its recovery codes."""
    two = factor(next_key_id="k2", next_nonce="n2")
    decision = confirm_second_factor(enrolling(7, change=change(factor=two)), OFFERED, NOW)
    (made,) = put(decision, SecondFactor)
    assert (made.key_id, made.nonce, made.last_step, made.next_nonce) == ("k2", "n2", 7, None)


def test_a_wrong_code_of_the_new_app_is_counted_like_any_other() -> None:
    """And after twenty the day is used up; nothing is confirmed where nothing was begun, or there are no apps."""
    decision = confirm_second_factor(enrolling(), OFFERED, NOW)
    assert reason(decision) is Reason.SECOND_FACTOR_WRONG
    assert put(decision, GuessCounter) == [misses(day_count=1, consecutive=1)]
    assert reason(confirm_second_factor(enrolling(1, counter=misses(day_count=20)), OFFERED, NOW)) is (
        Reason.TOO_MANY_TRIES
    )
    for nothing in (None, factor()):
        seen = enrolling(1, change=change(factor=nothing))
        assert reason(confirm_second_factor(seen, OFFERED, NOW)) is Reason.NOT_FOUND
    assert reason(confirm_second_factor(enrolling(1), TIMETAP, NOW)) is Reason.DISABLED


# --- and taking it off -----------------------------------------------------------------------------------------------


def test_new_recovery_codes_make_the_others_worthless() -> None:
    """The owner is told; there are none without an app."""
    decision = new_recovery_codes(change(factor=factor()), OFFERED, NOW)
    assert put(decision, SecondFactor) == [factor(recovery=("d1", "d2"))]
    assert decision.outcome.signed_in is None  # type: ignore[union-attr]
    assert put(decision, OutboxMessage) != []
    assert reason(new_recovery_codes(change(), OFFERED, NOW)) is Reason.NOT_FOUND


def test_a_client_takes_the_app_off_unless_it_is_required() -> None:
    """The owner is told; without one there is nothing to take off."""
    decision = remove_second_factor(change(factor=factor()), OFFERED, NOW)
    assert removed(decision) == {"a1"}
    assert put(decision, OutboxMessage) != []
    assert reason(remove_second_factor(change(factor=factor()), REQUIRED, NOW)) is Reason.DISABLED
    assert reason(remove_second_factor(change(), OFFERED, NOW)) is Reason.NOT_FOUND


def test_staff_take_a_lost_app_off_whatever_the_policy_says() -> None:
    """Sessions that wait for a code of it end with it."""
    lost = LostFactor(account(), factor(), (WAITING,), "m1")
    for policy in (TIMETAP, OFFERED, REQUIRED):
        decision = remove_by_staff(lost, policy, NOW + DAY)
        assert removed(decision) == {"a1", "s1"}
        assert decision.outcome.sessions == 1  # type: ignore[union-attr]
