"""How often something may be guessed: one counter, looked at before the guess is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.policy import presets
from clientportal.records import GuessCounter, MessageKind, OutboxMessage
from clientportal.rules.guessing import (
    STRANGERS,
    Lane,
    after_success,
    ended_by_owner,
    give_back,
    judge_lane,
    miss_counted,
    retry_at,
    same_day,
    warning,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
ACUITY = presets.acuity()
ANA = "email:ana@example.com"


def counter(**more: Any) -> GuessCounter:
    """Wrong tries at Ana's email, by strangers, since noon."""
    return GuessCounter(**{"id": f"{ANA}|{STRANGERS}", "identity": ANA, "day_began": NOW} | more)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (None, Lane.OPEN),
        (counter(), Lane.OPEN),
        (counter(stopped=True, wait_until=NOW + MINUTE), Lane.STOPPED),
        (counter(wait_until=NOW + SECOND), Lane.WAIT),
        (counter(wait_until=NOW), Lane.OPEN),
        (counter(wait_until=NOW + DAY), Lane.OPEN),
        (counter(day_count=20), Lane.TOMORROW),
        (counter(day_count=20, day_began=NOW - DAY), Lane.OPEN),
        (counter(day_count=19), Lane.OPEN),
    ],
)
def test_a_lane_is_open_unless_it_is_stopped_or_waits_or_is_used_up(seen: GuessCounter | None, said: Lane) -> None:
    """In that order; a wait that no clock that is right can have set is void."""
    assert judge_lane(seen, ACUITY, NOW) is said


def test_time_heals_a_wait_and_a_day_and_no_stop() -> None:
    """``retry_at`` is exact, and absent where waiting does not help."""
    waiting = counter(wait_until=NOW + MINUTE, day_count=20)
    assert retry_at(waiting, Lane.WAIT) == NOW + MINUTE
    assert retry_at(waiting, Lane.TOMORROW) == NOW + DAY
    assert retry_at(waiting, Lane.STOPPED) is None
    assert retry_at(None, Lane.OPEN) is None


def test_a_day_is_a_day_whichever_way_the_clock_jumped() -> None:
    """Set back a little it goes on; one that begins further ahead than a day is void."""
    assert same_day(counter(), NOW + DAY - SECOND)
    assert not same_day(counter(), NOW + DAY)
    assert same_day(counter(), NOW - DAY)
    assert not same_day(counter(), NOW - DAY - SECOND)


def test_wrong_guesses_are_counted_and_strangers_wait_longer_and_longer() -> None:
    """From the fifth in a row 30 seconds, a minute, two …, an hour at most; the hundredth stops the lane."""
    seen: GuessCounter | None = None
    waits: list[timedelta | None] = []
    for _ in range(100):
        seen = miss_counted(seen, ANA, STRANGERS, ACUITY, NOW)
        waits.append(None if seen.wait_until is None else seen.wait_until - NOW)
        assert seen.stopped is (seen.consecutive == 100)
    assert seen is not None
    assert (seen.id, seen.identity, seen.day_count, seen.consecutive) == (f"{ANA}|{STRANGERS}", ANA, 100, 100)
    assert waits[:7] == [None] * 4 + [30 * SECOND, MINUTE, 2 * MINUTE]
    assert waits[-1] == 60 * MINUTE


def test_a_wait_stops_doubling_at_a_million() -> None:
    """Of a millisecond: 2 to the 20th at the 25th failure in a row, and not more at the 40th."""
    millisecond = timedelta(milliseconds=1)
    patient = evolve(ACUITY, guesses=evolve(ACUITY.guesses, first_wait=millisecond))
    for run, doublings in ((23, 19), (24, 20), (25, 20), (39, 20)):
        seen = miss_counted(counter(consecutive=run), ANA, STRANGERS, patient, NOW)
        assert seen.wait_until == NOW + 2**doublings * millisecond


def test_a_known_device_never_waits_and_a_new_day_counts_from_one() -> None:
    """Its owner mistypes; the run goes on over midnight, the day's count does not."""
    seen = miss_counted(counter(consecutive=50, day_count=19), ANA, "device:1", ACUITY, NOW + DAY)
    assert (seen.wait_until, seen.day_began, seen.day_count, seen.consecutive) == (None, NOW + DAY, 1, 51)


def test_a_right_guess_ends_the_run_and_gives_no_day_back() -> None:
    """Nothing is written where there is no run."""
    assert after_success(None) is None
    assert after_success(counter(day_count=3)) is None
    ended = after_success(counter(day_count=3, consecutive=3, wait_until=NOW + MINUTE))
    assert ended == counter(day_count=3)
    assert after_success(counter(wait_until=NOW)) == counter()


def test_a_try_that_was_charged_and_was_right_counts_as_no_wrong_one() -> None:
    """The charge is given back to the day that it was made in, with the stop that it alone brought about."""
    charged = miss_counted(counter(day_count=7, consecutive=99), ANA, STRANGERS, ACUITY, NOW)
    assert charged.stopped
    assert give_back(charged, charged.day_began) == counter(day_count=7)
    tomorrow = evolve(charged, day_began=NOW + DAY, day_count=1)
    returned = give_back(tomorrow, charged.day_began)
    assert returned is not None
    assert returned.day_count == 1
    assert give_back(None, NOW) is None


def test_the_mailbox_ends_the_runs_of_its_own_lanes_and_gives_no_day_back() -> None:
    """Strangers' and devices'; an app's codes, somebody else's claims and a registration's password are none of them;
    a counter without a run stays as it is."""
    run: dict[str, Any] = {"day_count": 20, "consecutive": 100, "wait_until": NOW + MINUTE, "stopped": True}
    lanes = (STRANGERS, "device:n1", "second-factor:ana", "claim:eve", "verify")
    held = [counter(id=f"{ANA}|{lane}", **run) for lane in lanes]
    idle = counter(id=f"{ANA}|device:n2", day_count=3)
    ended = {"consecutive": 0, "wait_until": None, "stopped": False}
    assert ended_by_owner([*held, idle]) == (evolve(held[0], **ended), evolve(held[1], **ended))
    for one in ({"consecutive": 1}, {"wait_until": NOW}, {"stopped": True}):
        assert ended_by_owner([counter(**one)]) == (counter(),)


def test_the_owner_is_told_once_for_each_run() -> None:
    """At the tenth in a row, to the identity as it was typed: who has it, the pump finds out."""
    assert [run for run in range(1, 101) if warning(ANA, run, "m", ACUITY, NOW) is not None] == [10]
    assert warning(ANA, 10, "m", ACUITY, NOW) == OutboxMessage(
        id="m", kind=MessageKind.GUESSES_WARNING, to=ANA, created_at=NOW, due_at=NOW, expires_at=NOW + timedelta(days=2)
    )
