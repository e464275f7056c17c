"""How often may something be guessed here, before it is looked at whether the guess is right?

One counter for each identity and lane (a device that has logged in before, or the strangers), whatever is guessed in
that lane: codes or passwords (ASVS V6.6.3; NIST SP 800-63B-4 3.2.2). It is looked at before the guess is, so that a
used-up budget reveals nothing; a wrong guess counts exactly once; nothing but a right one ends a run of failures, and
nothing at all gives a day back.

The attack on the limit itself: strangers guess until the owner is locked out. So a known device has a lane of its own,
and waits are for strangers alone ("lockout is no weapon").
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

from attrs import evolve

from clientportal.policy import Policy
from clientportal.records import GuessCounter, MessageKind, OutboxMessage

__all__ = [
    "STRANGERS",
    "Lane",
    "after_success",
    "ended_by_owner",
    "give_back",
    "judge_lane",
    "miss_counted",
    "retry_at",
    "same_day",
    "warning",
]

STRANGERS = "strangers"
"""The lane of everybody who does not show a known device's token."""

_DAY = timedelta(days=1)


class Lane(Enum):
    """Whether anything may be guessed in a lane just now."""

    OPEN = "open"
    WAIT = "wait"
    TOMORROW = "day used up"
    STOPPED = "stopped"


def judge_lane(counter: GuessCounter | None, policy: Policy, now: datetime) -> Lane:
    """Whether another guess may be looked at."""
    if counter is None:
        return Lane.OPEN
    if counter.stopped:
        return Lane.STOPPED
    # A wait that ends further ahead than any wait can was set by a clock that was ahead: it is void.
    if counter.wait_until is not None and now < counter.wait_until <= now + policy.guesses.longest_wait:
        return Lane.WAIT
    if same_day(counter, now) and counter.day_count >= policy.guesses.per_day:
        return Lane.TOMORROW
    return Lane.OPEN


def retry_at(counter: GuessCounter | None, lane: Lane) -> datetime | None:
    """When it is worth trying again, where time heals it."""
    if counter is None or lane not in (Lane.WAIT, Lane.TOMORROW):
        return None
    return counter.wait_until if lane is Lane.WAIT else counter.day_began + _DAY


def same_day(counter: GuessCounter, now: datetime) -> bool:
    """Whether the day that the counter counts is still going on.

    A clock set back a little revives nothing. A day that begins further ahead than it is long was begun by a clock that
    was wrong, and is over: nobody is locked out for ever.
    """
    return -_DAY <= now - counter.day_began < _DAY


def miss_counted(counter: GuessCounter | None, identity: str, lane: str, policy: Policy, now: datetime) -> GuessCounter:
    """The counter after one more wrong guess: of the day, and of the run of failures, with what the run leads to."""
    guesses = policy.guesses
    counter = counter or GuessCounter(id=f"{identity}|{lane}", identity=identity, day_began=now)
    began, count = (counter.day_began, counter.day_count) if same_day(counter, now) else (now, 0)
    run = counter.consecutive + 1
    wait: datetime | None = None
    if lane == STRANGERS and run >= guesses.free_tries:
        # The exponent is capped before it is used: 2 ** 95 seconds is no date.
        doubled = guesses.first_wait * 2 ** min(run - guesses.free_tries, 20)
        wait = now + min(doubled, guesses.longest_wait)
    return evolve(
        counter,
        day_began=began,
        day_count=count + 1,
        consecutive=run,
        wait_until=wait,
        stopped=run >= guesses.stop_after,
    )


def after_success(counter: GuessCounter | None) -> GuessCounter | None:
    """The counter after a right guess, where that changes it: the run of failures of this lane ends, never the day's
    count, never another lane's.
    """
    if counter is None or not (counter.consecutive or counter.wait_until):
        return None
    return evolve(counter, consecutive=0, wait_until=None)


def give_back(counter: GuessCounter | None, charged_in: datetime) -> GuessCounter | None:
    """The counter once a try that was charged before it was judged has turned out right: it counts as no wrong one.

    ``charged_in`` is the beginning of the day that it was charged to; where another has begun since, there is nothing
    to give back to it. Whoever was let in while it was charged was let in before any stop that followed: so this ends
    the run, and with it a stop that the charge itself brought about.
    """
    if counter is None:
        return None
    count = max(counter.day_count - 1, 0) if counter.day_began == charged_in else counter.day_count
    return evolve(counter, day_count=count, consecutive=0, wait_until=None, stopped=False)


def ended_by_owner(counters: Iterable[GuessCounter]) -> tuple[GuessCounter, ...]:
    """The counters of one email, as they stand once its mailbox has answered; those that it does not change left out.

    The attack: strangers guess for five days, until their lane is stopped, and whoever has no known device, the owner
    first, is locked out until staff hear of it. So another proved identifier lifts the stop (V6.6.3): the mailbox, in
    every lane in which this email's password or code is guessed. The day's count stays: no day has more guesses for it.
    Wrong codes of an authenticator app stay counted as they are, because the mailbox is no second factor; so do those
    of somebody who says that the address is theirs as well.
    """
    return tuple(
        evolve(one, consecutive=0, wait_until=None, stopped=False)
        for one in counters
        if _is_of_password(one) and (one.consecutive or one.wait_until or one.stopped)
    )


def _is_of_password(counter: GuessCounter) -> bool:
    lane = counter.id.removeprefix(f"{counter.identity}|")
    return lane == STRANGERS or lane.startswith("device:")


def warning(identity: str, run: int, message_id: str, policy: Policy, now: datetime) -> OutboxMessage | None:
    """What the owner is told at ``guesses.warn_at`` wrong guesses in a row, once for each run."""
    if run != policy.guesses.warn_at:
        return None
    return OutboxMessage(
        id=message_id,
        kind=MessageKind.GUESSES_WARNING,
        to=identity,
        created_at=now,
        due_at=now,
        expires_at=now + policy.messages.notice_life,
    )
