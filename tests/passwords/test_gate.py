"""The gate: at most four hash at once, thirty-two wait, two seconds at most, and nobody's place is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from clientportal.passwords import (
    AwaitedGate,
    BlockingGate,
    Checked,
    HashingBusy,
    HashingLimits,
    PasswordGate,
    Pbkdf2,
    hashing,
)
from clientportal.policy.passwords import PasswordPolicy
from clientportal.ports import step
from clientportal.values import Secret

CHEAP = PasswordPolicy(memory_kib=8, passes=1)
KOWHAI = Secret("Kōwhai tree 7 by the ferry")
PATIENT = HashingLimits(queue=1000, wait=timedelta(seconds=60))


class Meter:
    """Stands in front of the real hashing, and counts how many are in it at once."""

    def __init__(self, lasts: float) -> None:
        self.lasts = lasts
        self.now = self.most = self.calls = 0
        self._lock = threading.Lock()
        self._check = hashing.check

    def check(self, *args: Any) -> Checked:
        with self._lock:
            self.now += 1
            self.calls += 1
            self.most = max(self.most, self.now)
        try:
            time.sleep(self.lasts)
            return self._check(*args)
        finally:
            with self._lock:
                self.now -= 1


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    """Every check passes it, and takes five milliseconds longer."""
    made = Meter(0.005)
    monkeypatch.setattr(hashing, "check", made.check)
    yield made
    assert made.now == 0


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    """... and takes half a second longer."""
    made = Meter(0.5)
    monkeypatch.setattr(hashing, "check", made.check)
    yield made
    assert made.now == 0


async def login(gate: PasswordGate, stored: Secret | None, password: Secret = KOWHAI) -> str:
    """What the operation does: a place, one check in it."""
    try:
        async with gate.place(CHEAP) as place:
            return "in" if (await place.check(stored, password)).matches else "wrong"
    except HashingBusy:
        return "busy"


def in_threads(gate: PasswordGate, count: int, stored: Secret | None) -> Counter[str]:
    """So many plain logins at the same moment."""
    answers: list[str] = []
    together = threading.Barrier(count)

    def one() -> None:
        together.wait()
        answers.append(step(login(gate, stored)))

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(answers)


def in_tasks(gate: PasswordGate, count: int, stored: Secret | None) -> Counter[str]:
    """So many awaited logins at the same moment."""

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(login(gate, stored) for _ in range(count)))

    return Counter(asyncio.run(all_of_them()))


COLOURS = [(BlockingGate, in_threads), (AwaitedGate, in_tasks)]
Crowd = Callable[[PasswordGate, int, Secret | None], Counter[str]]


@pytest.mark.parametrize(("kind", "crowd"), COLOURS)
def test_of_two_hundred_logins_four_hash_and_the_rest_wait(
    kind: type[BlockingGate | AwaitedGate], crowd: Crowd, meter: Meter
) -> None:
    """With a queue that is long enough everybody gets in, four at a time, and every place is free again."""
    gate = kind(PATIENT)
    assert crowd(gate, 200, hashing.make(KOWHAI, CHEAP)) == {"in": 200}
    assert [meter.most, meter.calls] == [4, 200]
    assert gate.places._free == 4


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "crowd"), COLOURS)
def test_of_two_hundred_logins_those_beyond_the_queue_hear_busy_at_once(
    kind: type[BlockingGate | AwaitedGate], crowd: Crowd, slow: Meter
) -> None:
    """Four places and thirty-two in the queue, by default: the others are sent away before anything was hashed.

    At half a second each, three rounds of four more get in within two seconds or so; the rest of the queue has waited
    in vain.
    """
    gate = kind()
    begun = time.perf_counter()
    answers = crowd(gate, 200, hashing.make(KOWHAI, CHEAP))
    assert time.perf_counter() - begun < 10
    assert answers["in"] + answers["busy"] == 200
    assert 4 <= answers["in"] <= 36
    assert slow.calls == answers["in"]
    assert slow.most == 4
    assert gate.places._free == 4


@pytest.mark.parametrize(("kind", "crowd"), COLOURS)
def test_without_a_queue_only_the_places_are_served(
    kind: type[BlockingGate | AwaitedGate], crowd: Crowd, slow: Meter
) -> None:
    """The numbers are the host's."""
    assert crowd(kind(HashingLimits(at_once=2, queue=0)), 20, None) == {"wrong": 2, "busy": 18}


@pytest.mark.parametrize(("kind", "crowd"), COLOURS)
def test_whoever_has_waited_too_long_hears_busy(
    kind: type[BlockingGate | AwaitedGate], crowd: Crowd, slow: Meter
) -> None:
    """Nothing was hashed for them; and the place is free for the next."""
    gate = kind(HashingLimits(at_once=1, queue=10, wait=timedelta(milliseconds=100)))
    assert crowd(gate, 5, None) == {"wrong": 1, "busy": 4}
    assert slow.calls == 1
    assert crowd(gate, 1, None) == {"wrong": 1}


@pytest.mark.parametrize("kind", [BlockingGate, AwaitedGate])
def test_both_gates_do_the_same(kind: type[BlockingGate | AwaitedGate]) -> None:
    """Make, match, refuse, replace, and the unknown identity; the parameters come with the place."""
    gate = kind(past=[Pbkdf2()])
    django = Secret("pbkdf2_sha256$1000$EEcHliTNqADC$6luylrKaRKZKFSnwTodJY3lCKgJ7j1CxcRH/XHXD9nM=")

    async def all_of_it() -> list[bool]:
        async with gate.place(CHEAP) as place:
            stored = await place.make(KOWHAI)
            right, wrong, nobody = [
                await place.check(known, password)
                for known, password in ((stored, KOWHAI), (stored, Secret("")), (None, KOWHAI))
            ]
            past = await place.check(django, KOWHAI)
        async with gate.place(PasswordPolicy(memory_kib=16, passes=1)) as place:
            raised = await place.check(past.replacement, KOWHAI)
        assert raised.replacement is not None
        return [right.matches, wrong.matches, nobody.matches, past.matches, "m=16," in raised.replacement.reveal()]

    answers = step(all_of_it()) if kind is BlockingGate else asyncio.run(all_of_it())
    assert answers == [True, False, False, True, True]


def test_the_event_loop_goes_on_while_a_password_is_hashed(slow: Meter) -> None:
    """Others are served meanwhile."""

    async def both() -> int:
        gate = AwaitedGate()
        task, beats = asyncio.ensure_future(login(gate, None)), 0
        while not task.done():
            await asyncio.sleep(0.01)
            beats += 1
        return beats

    assert asyncio.run(both()) >= 10


def test_a_cancelled_login_keeps_its_place_until_its_hash_has_ended(slow: Meter) -> None:
    """The attack: log in and hang up, again and again; each hash runs on, and has its memory."""

    async def hang_up_often(gate: AwaitedGate) -> None:
        for _ in range(12):
            task = asyncio.ensure_future(login(gate, None))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert [slow.now, gate.places._free] == [4, 0]
        await asyncio.sleep(1.2)
        assert [slow.now, gate.places._free] == [0, 4]

    asyncio.run(hang_up_often(AwaitedGate()))
    assert slow.most == 4


def test_a_cancelled_wait_leaves_the_queue() -> None:
    """Also where its place arrives at that very moment: it goes to the next."""

    async def scenario(gate: AwaitedGate) -> None:
        first = gate.place(CHEAP)
        await first.__aenter__()
        waiting = [asyncio.ensure_future(login(gate, None)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        await first.__aexit__(None, None, None)  # given to the second, which is cancelled before it can run
        waiting[1].cancel()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert [isinstance(answers[0], asyncio.CancelledError), answers[2]] == [True, "wrong"]
        assert gate.places._free == 1

    asyncio.run(scenario(AwaitedGate(HashingLimits(at_once=1))))


@pytest.mark.parametrize("given", [False, True], ids=["while it waits", "as its place arrives"])
def test_an_interrupted_wait_leaves_the_queue(given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the plain portal loses no place."""
    gate = BlockingGate(HashingLimits(at_once=1))
    first = gate.place(CHEAP)
    step(first.__aenter__())

    def interrupted(_event: threading.Event, _timeout: float) -> bool:
        if given:
            step(first.__aexit__(None, None, None))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(threading.Event, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            step(login(gate, None))
    if not given:
        step(first.__aexit__(None, None, None))
    assert gate.places._free == 1
    assert step(login(gate, None)) == "wrong"


def test_a_place_is_not_lost_to_a_loop_that_was_closed() -> None:
    """A waiter of another loop that is gone is passed over."""
    gate = AwaitedGate(HashingLimits(at_once=1, wait=timedelta(seconds=30)))

    async def take() -> Any:
        place = gate.place(CHEAP)
        await place.__aenter__()
        return place

    gone = asyncio.new_event_loop()
    place = asyncio.run(take())
    waiting = gone.create_task(login(gate, None))
    gone.run_until_complete(asyncio.sleep(0))
    gone._run_once = lambda: None  # type: ignore[attr-defined]
    waiting.cancel()  # its loop never hears of it
    gone.close()
    asyncio.run(place.__aexit__(None, None, None))
    assert gate.places._free == 1
    assert asyncio.run(login(gate, None)) == "wrong"


def test_one_gate_serves_several_loops_at_once(meter: Meter) -> None:
    """Loops in threads of their own share the four places."""
    gate, stored = AwaitedGate(PATIENT), hashing.make(KOWHAI, CHEAP)
    answers: list[Counter[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(in_tasks(gate, 25, stored))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answers, Counter[str]()) == {"in": 100}
    assert meter.most == 4


@pytest.mark.parametrize("kind", [BlockingGate, AwaitedGate])
def test_an_error_gives_the_place_back(kind: type[BlockingGate | AwaitedGate], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong at a place, in the hashing or around it."""
    gate = kind(HashingLimits(at_once=1, queue=0))

    def broken(*_args: Any) -> Checked:
        raise MemoryError("argon2 could not get its memory")

    async def around() -> None:
        async with gate.place(CHEAP):
            raise LookupError("the store has failed")

    drive: Any = step if kind is BlockingGate else asyncio.run
    with monkeypatch.context() as patched:
        patched.setattr(hashing, "check", broken)
        with pytest.raises(MemoryError):
            drive(login(gate, None))
    with pytest.raises(LookupError):
        drive(around())
    assert drive(login(gate, None)) == "wrong"


def test_a_system_without_a_thread_left_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was hashed; and the place comes back."""

    def none_left(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    gate = AwaitedGate()
    monkeypatch.setattr(threading.Thread, "start", none_left)
    assert asyncio.run(login(gate, None)) == "busy"
    assert gate.places._free == 4


def test_a_place_is_for_one_thing_at_a_time_and_not_for_later(slow: Meter) -> None:
    """Else the four would be more than four."""

    async def twice(gate: AwaitedGate) -> None:
        async with gate.place(CHEAP) as place:
            answers = await asyncio.gather(place.check(None, KOWHAI), place.make(KOWHAI), return_exceptions=True)
        assert [type(answer) for answer in answers] == [Checked, RuntimeError]
        with pytest.raises(RuntimeError, match="after it was left"):
            await place.make(KOWHAI)
        assert gate.places._free == 4

    asyncio.run(twice(AwaitedGate()))


def test_first_come_first_served() -> None:
    """Nobody is overtaken in the queue."""

    async def scenario(gate: AwaitedGate) -> list[int]:
        served: list[int] = []

        async def one(number: int) -> None:
            async with gate.place(CHEAP) as place:
                served.append(number)
                await place.check(None, KOWHAI)

        await asyncio.gather(*(one(number) for number in range(20)))
        return served

    assert asyncio.run(scenario(AwaitedGate(HashingLimits(at_once=2)))) == list(range(20))


@pytest.mark.parametrize(
    "wrong", [{"at_once": 0}, {"queue": -1}, {"wait": timedelta(seconds=-1)}, {"wait": 2}, {"at_once": "4"}]
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    """When they are made."""
    with pytest.raises((ValueError, TypeError)):
        HashingLimits(**wrong)
