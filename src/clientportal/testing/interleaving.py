"""Run two operations at the same time, in every order of their port calls that can make a difference."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from attrs import define, field, frozen

from clientportal.testing.port_calls import Stepper
from clientportal.testing.steppers import Mover, SteppedMover, SteppedPlan, ThreadedMover, ThreadedPlan

__all__ = ["InterleavingReport", "interleavings"]

World = TypeVar("World")

_DEFAULT_SAMPLES = 50


@frozen
class InterleavingReport:
    """What was tried.

    ``runs`` were run to their end and checked; ``cut`` were given up because another run stands for them (full search
    alone). ``complete`` says whether every order that can matter was among them; ``seed`` repeats a sample.
    """

    runs: int
    cut: int
    complete: bool
    seed: int | None = None

    def __str__(self) -> str:
        scope = "all that can differ" if self.complete else f"a sample, seed {self.seed}"
        return f"{self.runs} interleavings ({scope}; {self.cut} cut short)"


@define
class _Node:
    """One moment of a schedule at which it was decided who goes on."""

    enabled: tuple[int, ...]
    asleep: frozenset[int]
    choice: int
    tried: set[int] = field(factory=set[int])


class _Run:
    """One world with both operations, moved one port call at a time."""

    def __init__(
        self,
        make_world: Callable[[Stepper], Any],
        operations: Sequence[Callable[[Any], Any]],
        threads: bool,
    ) -> None:
        self.stepper = Stepper()
        self.world = make_world(self.stepper)
        self.history: list[str] = []
        self.movers: list[Mover] = []
        if threads:
            threaded = ThreadedPlan()
            self.stepper.use(threaded)
            self.movers += [ThreadedMover(threaded, operation, self.world) for operation in operations]
        else:
            self.stepper.use(SteppedPlan())
            self.movers += [SteppedMover(operation(self.world)) for operation in operations]
        for mover in self.movers:
            mover.move()

    @property
    def done(self) -> bool:
        return all(mover.done for mover in self.movers)

    def enabled(self) -> tuple[int, ...]:
        """Who can move. Where nobody can, the one that waits last is told that it is a deadlock."""
        while True:
            able = tuple(at for at, mover in enumerate(self.movers) if mover.runnable())
            if able or self.done:
                return able
            if not any(mover.wait_a_little() for mover in self.movers):
                next(mover for mover in reversed(self.movers) if not mover.done).deadlocked()

    def move(self, who: int) -> None:
        self.history.append(f"{'AB'[who]} {self.movers[who].pending}")
        self.movers[who].move()

    def independent(self, one: int, other: int) -> bool:
        """Whether the calls that both are about to make can be exchanged."""
        first, second = self.movers[one].pending, self.movers[other].pending
        return first is not None and second is not None and not first.matters_to(second)

    def close(self) -> None:
        self.stepper.use(None)
        for mover in self.movers:
            mover.close()


def interleavings(
    make_world: Callable[[Stepper], World],
    op_a: Callable[[World], Any],
    op_b: Callable[[World], Any],
    check: Callable[[World, Any, Any], object],
    *,
    limit: int | None = None,
    seed: int | None = None,
    threads: bool = False,
) -> InterleavingReport:
    """Run two operations at once in every order of their port calls, and check each world that comes out.

    * ``make_world(stepper)`` builds a fresh world over ``SteppingStore(inner, stepper)`` for every run.
    * ``op_a(world)`` and ``op_b(world)`` give coroutines: the methods of ``AsyncPortal``, or ``async def`` over the
      store. They run without an event loop, so nothing underneath may need one (the memory store does not).
    * ``check(world, a, b)`` gets what each returned, or the ``ClientPortalError`` that it raised. Any other exception
      ends the search.
    * ``limit``: that many schedules at random instead of all of them; ``seed`` (in the report, and in the note of a
      failure) repeats them.
    * ``threads=True`` for stores that block: operations are plain calls (the sync ``Portal``), each in a thread of its
      own, moved one port call at a time. One that has not come back after 0.1 s counts as waiting for a lock, and
      the other goes on. Always a sample; 50 unless ``limit`` says otherwise.

    The full search leaves out orders that cannot differ from one that was run: two calls are only worth exchanging
    if one writes (at its commit) what the other reads or writes, or if both take or free locks (sleep sets, Godefroid
    1996). A unit that waits for a lock cannot move; where nobody can, one is told ``Conflict``. Example::

        interleavings(
            world,
            lambda world: world.portal.client(TOKEN).cancel("a1"),
            lambda world: world.portal.client(TOKEN).move("a1", "slot"),
            lambda world, cancelled, moved: one_of_them_won(world, cancelled, moved),
        )
    """
    operations = (op_a, op_b)
    if threads or limit is not None:
        seed = secrets.randbits(32) if seed is None else seed
        chooser = random.Random(seed)  # noqa: S311 - schedules must repeat, not surprise
        count = _DEFAULT_SAMPLES if limit is None else limit
        for _ in range(count):
            _sample(_Run(make_world, operations, threads), chooser, check, seed)
        return InterleavingReport(count, 0, complete=False, seed=seed)
    return _search(lambda: _Run(make_world, operations, threads=False), check)


def _judge(run: _Run, check: Callable[[Any, Any, Any], object], note: str) -> None:
    run.stepper.use(None)
    try:
        check(run.world, *(mover.outcome() for mover in run.movers))
    except BaseException as error:
        error.add_note(note + "in this order:\n  " + "\n  ".join(run.history))
        raise


def _sample(run: _Run, chooser: random.Random, check: Callable[[Any, Any, Any], object], seed: int) -> None:
    try:
        while able := run.enabled():
            run.move(chooser.choice(able))
        _judge(run, check, f"seed {seed}, ")
    finally:
        run.close()


def _search(start: Callable[[], _Run], check: Callable[[Any, Any, Any], object]) -> InterleavingReport:
    path: list[_Node] = []
    runs = cut = 0
    while True:
        if _follow(start(), path, check):
            runs += 1
        else:
            cut += 1
        while path:
            node = path[-1]
            node.tried.add(node.choice)
            left = [at for at in node.enabled if at not in node.asleep and at not in node.tried]
            if left:
                node.choice = left[0]
                break
            path.pop()
        if not path:
            return InterleavingReport(runs, cut, complete=True)


def _follow(run: _Run, path: list[_Node], check: Callable[[Any, Any, Any], object]) -> bool:
    """Repeat the schedule of ``path`` and go on from there; whether it came to its end, or was cut short."""
    asleep: frozenset[int] = frozenset()
    last = 0
    depth = 0
    try:
        while able := run.enabled():
            if depth == len(path):
                free = [at for at in able if at not in asleep]
                if not free:
                    return False
                path.append(_Node(able, asleep, last if last in free else free[0]))
            node = path[depth]
            if node.enabled != able:
                raise AssertionError("the same schedule went another way this time: the operations are not repeatable")
            # Whoever was tried here before, or slept here, need not be tried again before a call that matters to it.
            asleep = frozenset(
                at for at in node.asleep | node.tried if at != node.choice and run.independent(at, node.choice)
            )
            run.move(node.choice)
            last = node.choice
            depth += 1
        _judge(run, check, "")
        return True
    finally:
        run.close()
