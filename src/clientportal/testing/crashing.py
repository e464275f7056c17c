"""Crash an operation at every call of its ports, let it be tried again, and look at what is left."""

from __future__ import annotations

import inspect
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from attrs import frozen

from clientportal.errors import ClientPortalError, StoreError
from clientportal.ports.driving import step
from clientportal.testing.port_calls import Call, Stepper

__all__ = ["CrashMode", "CrashReport", "Crashed", "crash_points"]

World = TypeVar("World")
T = TypeVar("T")


class Crashed(BaseException):
    """The process ended here. No ``except Exception`` stops it, and every later call of a port raises it again."""


class CrashMode(StrEnum):
    """What goes wrong at a call."""

    BEFORE = "before"
    AFTER = "after"
    UNKNOWN_DONE = "unknown, done"
    """The commit happens, but whoever asked for it is told that nobody knows (``StoreError(committed=None)``)."""
    UNKNOWN_NOT_DONE = "unknown, not done"
    """The commit does not happen, and whoever asked is told the same."""


@frozen
class CrashReport:
    """What was tried: ``calls`` of the operation run whole, ``runs`` in all, and how many of each mode.

    ``seed`` is set where the crashes, or those during recovery, were a sample of all.
    """

    calls: tuple[str, ...]
    runs: int
    modes: Mapping[str, int]
    seed: int | None = None

    def __str__(self) -> str:
        modes = ", ".join(f"{count} {mode}" for mode, count in self.modes.items())
        sampled = "" if self.seed is None else f"; a sample, seed {self.seed}"
        return f"{len(self.calls)} port calls, {self.runs} runs ({modes}{sampled})"


@frozen
class _Crash:
    number: int
    mode: CrashMode
    call: Call

    def __str__(self) -> str:
        return f"{self.mode.value} call {self.number} {self.call}"


class _Counting:
    """Performs every call and writes it down."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def around(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        self.calls.append(call)
        return await perform()

    async def ending(self, call: Call) -> None:
        """Nothing to try here: a process that ends lets go of its locks as well."""

    async def wait(self, held: Callable[[], bool]) -> None:
        raise AssertionError("an operation on its own waits for a lock that it will never get")


class _Crashing(_Counting):
    def __init__(self, crash: _Crash) -> None:
        super().__init__()
        self._crash = crash
        self._dead = False
        self.reached = False

    async def around(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        if self._dead:
            raise Crashed
        self.calls.append(call)
        if self.reached or len(self.calls) - 1 != self._crash.number:
            return await perform()
        self.reached = True
        mode = self._crash.mode
        if mode is CrashMode.AFTER:
            # Whatever the call came to, an error of its own included, nobody is there any more to hear of it.
            with suppress(Exception):
                await perform()
        elif mode is CrashMode.UNKNOWN_DONE:
            await perform()
        if mode in (CrashMode.UNKNOWN_DONE, CrashMode.UNKNOWN_NOT_DONE):
            raise StoreError("the connection broke during the commit", committed=None)
        self._dead = True
        raise Crashed


def _points(calls: Sequence[Call]) -> Iterator[_Crash]:
    for number, call in enumerate(calls):
        for mode in CrashMode if call.commits else (CrashMode.BEFORE, CrashMode.AFTER):
            yield _Crash(number, mode, call)


def _finish(answer: object) -> object:
    return step(answer) if inspect.iscoroutine(answer) else answer


def crash_points(
    make_world: Callable[[Stepper], World],
    operation: Callable[[World], object],
    check: Callable[[World], object],
    *,
    retry: Callable[[World], object] | None = None,
    restart: Callable[[World], World] | None = None,
    during_recovery: bool = False,
    limit: int | None = None,
    some: int | None = None,
    seed: int | None = None,
) -> CrashReport:
    """Crash ``operation`` at every port call, before it, after it and at an unknown commit; then retry; then check.

    * ``make_world(stepper)`` builds a fresh world each time: anything that holds a portal (or a store) made over
      ``SteppingStore(inner, stepper)``. It must make the same calls every time, so give it a fixed clock.
    * ``operation(world)`` is tried and crashed. Plain or a coroutine (one that needs no event loop).
    * ``retry(world)`` is what the caller does afterwards: the same with the same idempotency key, and the pump
      (default: ``operation`` again).
    * ``restart(world)`` gives the world of the next process over the same store (default: the same world).
    * ``check(world)`` asserts what must hold, on every world. It is also asked after a run without a crash.
    * ``during_recovery``: crash each retry at each of its own calls too, and retry again.
    * ``limit``: of those second crashes that many at random instead of all; ``some``: of the first ones. ``seed`` (in
      the report) repeats them.

    An assertion that fails names the crash points. Example::

        def world(stepper):
            store = MemoryStore()
            fill(store)
            return Portal(SteppingStore(store, stepper), ...)

        report = crash_points(
            world,
            lambda portal: portal.client(TOKEN).cancel("a1", key="k1"),
            lambda portal: check_cancelled_once(portal),
            during_recovery=True,
        )
    """
    tried: Counter[str] = Counter()
    again = operation if retry is None else retry

    def run(*crashes: _Crash) -> list[Call]:
        stepper = Stepper()
        world = make_world(stepper)
        try:
            for nth, crash in enumerate(crashes):
                _attempt(stepper, crash, partial(again if nth else operation, world))
                world = world if restart is None else restart(world)
            counting = _Counting()
            stepper.use(counting)
            _finish((again if crashes else operation)(world))
            stepper.use(None)
            _finish(check(world))
        except BaseException as error:
            error.add_note("crashed " + ", then ".join(map(str, crashes)) if crashes else "without any crash")
            raise
        tried[crashes[-1].mode.value if crashes else "whole"] += 1
        return counting.calls

    draw = random.Random(seed := secrets.randbits(32) if seed is None else seed)  # noqa: S311 - it must repeat
    whole = run()
    points = list(_points(whole))
    first_ones = points if some is None or some >= len(points) else draw.sample(points, some)
    recoveries = [(first, run(first)) for first in first_ones]
    twice = [(first, second) for first, calls in recoveries for second in _points(calls)] if during_recovery else []
    second_ones = twice if limit is None or limit >= len(twice) else draw.sample(twice, limit)
    for first, second in second_ones:
        run(first, second)
    sampled = len(first_ones) < len(points) or len(second_ones) < len(twice)
    return CrashReport(tuple(map(str, whole)), tried.total(), dict(tried), seed if sampled else None)


def _attempt(stepper: Stepper, crash: _Crash, work: Callable[[], Any]) -> None:
    """Run up to the crash. An unknown commit is an answer like any other: the operation makes of it what it does."""
    plan = _Crashing(crash)
    stepper.use(plan)
    ended_by_itself = False
    try:
        _finish(work())
        ended_by_itself = True
    except Crashed:
        pass
    except ClientPortalError:
        if not plan.reached:
            raise
    finally:
        stepper.use(None)
    if not plan.reached:
        raise AssertionError(f"this run never came to call {crash.number}: the operation makes other calls each time")
    if ended_by_itself and crash.mode in (CrashMode.BEFORE, CrashMode.AFTER):
        raise AssertionError("the operation swallowed its own end: it catches BaseException")
