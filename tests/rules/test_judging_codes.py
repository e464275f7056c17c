"""The budget is judged before the code, one wrong try counts once, and waits double up to their cap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.outcomes import SignedIn
from clientportal.policy import GuessPolicy, Policy
from clientportal.records import (
    Challenge,
    GuessCounter,
    MessageKind,
    OutboxMessage,
    Session,
)
from clientportal.rules.signing_in import (
    STRANGERS,
    Verdict,
    judge_code,
    sign_in,
)
from rules.codes import (
    DAY,
    HOUR,
    MINUTE,
    MOBILE,
    NOW,
    OWNER,
    SECOND,
    TICK,
    TIMELY,
    challenge,
    counter,
    person,
    put,
    reason,
    typed,
)

CHALLENGES = st.none() | st.builds(
    challenge, misses=st.integers(0, 6), spent=st.booleans(), last_mark=st.sampled_from([NOW, NOW + 10 * MINUTE])
)
COUNTERS = st.none() | st.builds(
    counter,
    day_began=st.sampled_from([NOW - DAY, NOW - DAY + TICK, NOW, NOW + MINUTE, NOW + DAY, NOW + DAY + TICK]),
    day_count=st.integers(18, 21),
    consecutive=st.integers(0, 101),
    wait_until=st.sampled_from([None, NOW - TICK, NOW, NOW + TICK, NOW + HOUR, NOW + HOUR + TICK]),
    stopped=st.booleans(),
)


@given(CHALLENGES, COUNTERS)
def test_a_used_up_budget_says_nothing_about_the_code(seen: Challenge | None, count: GuessCounter | None) -> None:
    """A right and a wrong code get the same verdict, unless the verdict is what the code is for."""
    right, wrong = (judge_code(seen, count, matches, TIMELY, NOW) for matches in (True, False))

    assert right is wrong or (right, wrong) == (Verdict.RIGHT, Verdict.WRONG)


@given(CHALLENGES, COUNTERS)
def test_what_is_judged_is_what_is_left_of_each_budget(seen: Challenge | None, count: GuessCounter | None) -> None:
    """Gone, stopped, wait, day, code: a code is looked at only where none of these holds, in this order."""
    expected = Verdict.RIGHT
    if seen is not None and seen.misses >= 5:
        expected = Verdict.USED_UP
    if count is not None:
        if count.day_count >= 20 and NOW - DAY < count.day_began <= NOW + DAY:
            expected = Verdict.TOMORROW
        if count.wait_until is not None and NOW < count.wait_until <= NOW + HOUR:
            expected = Verdict.WAIT
        if count.stopped:
            expected = Verdict.STOPPED
    if seen is None or seen.spent or max(NOW, seen.last_mark) >= seen.expires_at:
        expected = Verdict.GONE

    assert judge_code(seen, count, True, TIMELY, NOW) is expected


def test_a_clock_that_was_ahead_locks_nobody_out_for_ever() -> None:
    """A wait or a day from the year 2099 is void today."""
    ahead = datetime(2099, 1, 1, tzinfo=UTC)

    verdict = judge_code(challenge(), counter(day_began=ahead, day_count=20, wait_until=ahead), True, TIMELY, NOW)

    assert verdict is Verdict.RIGHT
    a_day_ahead = counter(day_began=NOW + DAY, day_count=20)
    assert judge_code(challenge(), a_day_ahead, True, TIMELY, NOW) is Verdict.TOMORROW
    assert judge_code(challenge(), a_day_ahead, True, TIMELY, NOW - TICK) is Verdict.RIGHT
    an_hour_ahead = counter(wait_until=NOW + HOUR)
    assert judge_code(challenge(), an_hour_ahead, True, TIMELY, NOW) is Verdict.WAIT
    assert judge_code(challenge(), an_hour_ahead, True, TIMELY, NOW - TICK) is Verdict.RIGHT


def test_a_clock_set_back_revives_no_code_and_no_budget() -> None:
    """A code that was seen expired stays so, and a day's tries stay counted, though the clock goes back an hour."""
    expired = challenge(last_mark=NOW + 10 * MINUTE)

    assert judge_code(expired, None, True, TIMELY, NOW - HOUR) is Verdict.GONE
    assert judge_code(challenge(), counter(day_count=20), True, TIMELY, NOW - HOUR) is Verdict.TOMORROW


def miss(count: GuessCounter | None, now: datetime, policy: Policy = TIMELY, **more: Any) -> Decision[SignedIn]:
    """One wrong try."""
    seen = challenge(**{"expires_at": now + MINUTE, "last_mark": now} | more)
    return sign_in(typed(Verdict.WRONG, challenge=seen, counter=count), policy, now)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([SECOND, MINUTE, HOUR, DAY]), min_size=1, max_size=130),
    st.sampled_from([STRANGERS, OWNER]),
)
def test_every_wrong_try_counts_exactly_once(steps: list[timedelta], lane: str) -> None:
    """Tried as often as it may be: the run, the day and the wait are what they say, and at 100 it is over."""
    now, count, judged, day = NOW, None, 0, list[datetime]()
    for step in steps:
        now += step
        verdict = judge_code(challenge(expires_at=now + MINUTE), count, False, TIMELY, now)
        if day and now >= day[0] + DAY:
            day = []
        waits = count is not None and count.wait_until is not None and count.wait_until > now
        if judged == 100:
            assert verdict is Verdict.STOPPED
        elif waits:
            assert verdict is Verdict.WAIT
        elif len(day) == 20:
            assert verdict is Verdict.TOMORROW
        else:
            assert verdict is Verdict.WRONG
            decision = miss(count, now, lane=lane)
            (count,) = put(decision, GuessCounter)
            judged, day = judged + 1, [*day, now]
            assert (count.consecutive, count.day_count, count.day_began) == (judged, len(day), day[0])
            assert count.stopped is (judged == 100)
            assert count.wait_until == (now + wait_after(judged) if lane == STRANGERS and judged >= 5 else None)


def wait_after(run: int) -> timedelta:
    """Thirty seconds after the fifth, doubling, at most an hour."""
    return min(HOUR, 30 * SECOND * 2 ** (run - 5))


def test_strangers_wait_and_a_known_device_does_not() -> None:
    """The fifth failure in a row costs a stranger half a minute, the fourth nothing, a known device nothing at all."""
    waits = {
        (run, lane): put(miss(counter(consecutive=run - 1), NOW, lane=lane), GuessCounter)[0].wait_until
        for run in (4, 5, 6, 11, 12, 99)
        for lane in (STRANGERS, OWNER)
    }

    assert waits == {
        (4, STRANGERS): None,
        (5, STRANGERS): NOW + 30 * SECOND,
        (6, STRANGERS): NOW + 60 * SECOND,
        (11, STRANGERS): NOW + 1920 * SECOND,
        (12, STRANGERS): NOW + HOUR,
        (99, STRANGERS): NOW + HOUR,
        **dict.fromkeys([(run, OWNER) for run in (4, 5, 6, 11, 12, 99)]),
    }


def test_the_exponent_of_a_wait_is_capped() -> None:
    """Ten thousand failures under a generous policy still have a date."""
    generous = evolve(TIMELY, guesses=GuessPolicy(longest_wait=timedelta(days=9000)), allow_weaker=frozenset())
    (count,) = put(miss(counter(consecutive=10_000), NOW, generous), GuessCounter)

    assert count.wait_until == NOW + 30 * SECOND * 2**20


def test_a_miss_is_written_on_its_challenge_and_its_lane() -> None:
    """The first wrong try of all makes a counter; the mark on the challenge never goes back."""
    decision = miss(None, NOW, misses=2, last_mark=NOW + SECOND)

    assert reason(decision) is Reason.CODE_WRONG
    assert put(decision, Challenge) == [challenge(expires_at=NOW + MINUTE, misses=3, last_mark=NOW + SECOND)]
    assert put(decision, GuessCounter) == [counter(day_count=1, consecutive=1)]
    assert put(decision, OutboxMessage) == []


def test_the_owner_is_told_once() -> None:
    """At the tenth failure in a row, not at the ninth or the eleventh."""
    told = {run: put(miss(counter(consecutive=run - 1), NOW), OutboxMessage) for run in (9, 10, 11)}

    assert [run for run, messages in told.items() if messages] == [10]
    (message,) = told[10]
    assert (message.kind, message.to) == (MessageKind.GUESSES_WARNING, MOBILE)
    assert message.expires_at == NOW + TIMELY.messages.notice_life


@pytest.mark.parametrize(
    ("verdict", "expected", "retry_at"),
    [
        (Verdict.GONE, Reason.CODE_GONE, None),
        (Verdict.STOPPED, Reason.STOPPED, None),
        (Verdict.WAIT, Reason.WAIT, NOW + MINUTE),
        (Verdict.TOMORROW, Reason.TOO_MANY_TRIES, NOW + DAY),
        (Verdict.USED_UP, Reason.TOO_MANY_TRIES, None),
    ],
)
def test_a_verdict_that_is_no_try_counts_nothing(verdict: Verdict, expected: Reason, retry_at: datetime | None) -> None:
    """Refused with its own reason, and nothing is written: neither the right nor the wrong code changes anything."""
    decision = sign_in(typed(verdict, counter=counter(wait_until=NOW + MINUTE)), TIMELY, NOW)

    assert reason(decision) is expected
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.retry_at == retry_at
    assert decision.changes == ()


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.RIGHT])
def test_nothing_but_the_right_code_opens_anything(verdict: Verdict) -> None:
    """Whatever is missing of what was read, every other verdict is a refusal."""
    for count in (None, counter()):
        decision = sign_in(typed(verdict, counter=count, candidates=(person("ana"),), hits=1), TIMELY, NOW)
        assert not decision.granted
        assert put(decision, Session) == []


def test_without_a_challenge_or_with_login_off_nothing_is_judged() -> None:
    """A right code is worth nothing where login is off."""
    off = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))

    assert reason(sign_in(typed(challenge=None), TIMELY, NOW)) is Reason.CODE_GONE
    assert reason(sign_in(typed(candidates=(person("ana"),), hits=1), off, NOW)) is Reason.DISABLED


def test_the_hundredth_failure_in_a_row_stops_the_lane() -> None:
    """Not the ninety-ninth, and a known device's lane as well as the strangers'."""
    for lane in (STRANGERS, OWNER):
        stopped = [
            put(miss(counter(consecutive=run - 1), NOW, lane=lane), GuessCounter)[0].stopped for run in (99, 100)
        ]
        assert stopped == [False, True]
