"""The stepping tool finds what goes wrong between two port calls, and is content where nothing does."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import define, evolve

from clientportal.errors import Conflict, StoreError
from clientportal.ports import BaseHost, step
from clientportal.ports.messenger import Channel, OutgoingMessage
from clientportal.records import AuditEntry, GuessCounter, Put
from clientportal.stores.memory import MemoryStore
from clientportal.testing.stepping import (
    Crashed,
    Stepper,
    SteppingStore,
    crash_points,
    interleavings,
    stepping_sender,
)

START = datetime(2025, 3, 1, tzinfo=UTC)


@define
class World:
    """A store under the tool, the same store past the tool, and what was acknowledged."""

    store: SteppingStore
    inner: MemoryStore
    sent: list[str]
    sender: Any = None

    def count(self) -> int:
        return step(self._count())

    async def _count(self) -> int:
        async with self.inner.begin("t", BaseHost, writes=False) as unit:
            stored = await unit.state.get(GuessCounter, "n")
            assert stored is not None
            return stored.day_count


def counter(count: int = 0) -> GuessCounter:
    return GuessCounter(id="n", day_began=START, day_count=count)


def entry(id: str) -> AuditEntry:
    return AuditEntry(id=id, at=START, actor="a", action="b", subject="c", outcome="d")


def make_world(stepper: Stepper) -> World:
    inner = MemoryStore()

    async def fill() -> None:
        async with inner.begin("t", BaseHost, writes=True) as unit:
            await unit.commit([Put(counter())])

    step(fill())
    sent: list[str] = []

    class Sender:
        def send(self, message: OutgoingMessage) -> None:
            sent.append(message.id)

    return World(SteppingStore(inner, stepper), inner, sent, stepping_sender(Sender(), stepper))


async def optimistic(world: World) -> str:
    """Read, then write on the version seen: safe."""
    async with world.store.begin("t", BaseHost, writes=True) as unit:
        seen = await unit.state.get(GuessCounter, "n")
        assert seen is not None
        await unit.commit([Put(evolve(seen, day_count=seen.day_count + 1))])
    return "counted"


async def locked(world: World) -> str:
    """Read locked, then write: safe, and nobody conflicts."""
    async with world.store.begin("t", BaseHost, writes=True) as unit:
        seen = await unit.state.get(GuessCounter, "n", lock=True)
        assert seen is not None
        await unit.commit([Put(evolve(seen, day_count=seen.day_count + 1))])
    return "counted"


async def in_two_units(world: World) -> str:
    """The count read in one unit, the version in another: an update is lost."""
    async with world.store.begin("t", BaseHost, writes=False) as unit:
        seen = await unit.state.get(GuessCounter, "n")
    assert seen is not None
    async with world.store.begin("t", BaseHost, writes=True) as unit:
        now = await unit.state.get(GuessCounter, "n")
        assert now is not None
        await unit.commit([Put(evolve(now, day_count=seen.day_count + 1))])
    return "counted"


def nothing_lost(world: World, a: object, b: object) -> None:
    assert {type(a), type(b)} <= {str, Conflict}
    assert world.count() == [a, b].count("counted") >= 1


class TestInterleavings:
    """Two operations at once."""

    def test_optimistic(self) -> None:
        """An increment on the version seen loses nothing, though one may conflict."""
        conflicts: list[bool] = []

        def check(world: World, a: object, b: object) -> None:
            nothing_lost(world, a, b)
            conflicts.append(isinstance(a, Conflict) or isinstance(b, Conflict))

        report = interleavings(make_world, optimistic, optimistic, check)
        assert report.complete
        assert set(conflicts) == {True, False}

    def test_locked(self) -> None:
        """A locked increment never conflicts: the second waits, and is not runnable meanwhile."""

        def check(world: World, a: object, b: object) -> None:
            assert (a, b, world.count()) == ("counted", "counted", 2)

        report = interleavings(make_world, locked, locked, check)
        assert report.runs >= 2

    def test_lost_update(self) -> None:
        """A count that is read outside of the version check is caught, and the order is told."""
        with pytest.raises(AssertionError) as caught:
            interleavings(make_world, in_two_units, in_two_units, nothing_lost)
        (note,) = caught.value.__notes__
        assert "commit(guess_counters)" in note

    def test_lost_update_by_sample(self) -> None:
        """A sample finds it too, and its seed finds it again."""

        def found(seed: int | None) -> str:
            with pytest.raises(AssertionError) as caught:
                interleavings(make_world, in_two_units, in_two_units, nothing_lost, limit=50, seed=seed)
            return caught.value.__notes__[0]

        note = found(None)
        assert found(int(note.split(",")[0].removeprefix("seed "))) == note

    def test_unchecked_read(self) -> None:
        """A write that rests on a record read in another unit (a write skew) is caught; read in its own, it is not."""

        def guarded(id: str, other: str, own_unit: bool) -> Callable[[World], Any]:
            async def write(world: World) -> bool:
                async with world.store.begin("t", BaseHost, writes=True) as unit:
                    if own_unit:
                        taken = await unit.state.get(AuditEntry, other)
                    else:
                        async with world.store.begin("t", BaseHost, writes=False) as reading:
                            taken = await reading.state.get(AuditEntry, other)
                    if taken:
                        return False
                    await unit.commit([Put(entry(id))])
                return True

            return write

        def only_one(world: World, a: object, b: object) -> None:
            assert [a, b].count(True) == 1

        interleavings(make_world, guarded("x", "y", True), guarded("y", "x", True), only_one)
        with pytest.raises(AssertionError, match="assert 2 == 1"):
            interleavings(make_world, guarded("x", "y", False), guarded("y", "x", False), only_one)

    def test_independent(self) -> None:
        """Operations that share nothing are run in one order only; the rest is known to be the same."""

        def work(id: str) -> Callable[[World], Any]:
            async def write(world: World) -> None:
                async with world.store.begin("t", BaseHost, writes=True) as unit:
                    for number in range(3):
                        await unit.state.get(AuditEntry, f"{id}{number}")
                    await unit.commit([Put(entry(f"{id}{number}")) for number in range(3)])

            return write

        report = interleavings(make_world, work("a"), work("b"), lambda world, a, b: None)
        assert (report.runs, report.complete) == (1, True)

    def test_every_order(self) -> None:
        """The reduction hides no outcome: the same ones are seen as in all orders at random."""

        async def two_steps(world: World) -> tuple[int, ...]:
            seen: list[int] = []
            for _ in range(2):
                try:
                    async with world.store.begin("t", BaseHost, writes=True) as unit:
                        now = await unit.state.get(GuessCounter, "n")
                        assert now is not None
                        await unit.state.find(AuditEntry, "time", [])
                        await unit.commit([Put(evolve(now, day_count=now.day_count + 1)), Put(entry(f"{len(seen)}"))])
                    seen.append(now.day_count)
                except Conflict:
                    seen.append(-1)
            return tuple(seen)

        def outcomes(**options: Any) -> set[object]:
            every: set[object] = set()
            interleavings(make_world, two_steps, two_steps, lambda world, a, b: every.add((a, b)), **options)
            return every

        full = outcomes()
        assert len(full) > 2
        assert outcomes(limit=400, seed=3) <= full

    def test_deadlock(self) -> None:
        """Locks taken crosswise: in some order both wait, and then exactly one is told of a conflict."""

        def cross(first: str, second: str) -> Callable[[World], Any]:
            async def lock(world: World) -> str:
                async with world.store.begin("t", BaseHost, writes=True) as unit:
                    await unit.state.hold(first)
                    await unit.state.hold(second)
                return "done"

            return lock

        seen: set[tuple[str, str]] = set()

        def check(world: World, a: object, b: object) -> None:
            seen.add((type(a).__name__, type(b).__name__))

        interleavings(make_world, cross("x", "y"), cross("y", "x"), check)
        assert seen == {("str", "str"), ("Conflict", "str"), ("str", "Conflict")}

    def test_threads(self) -> None:
        """Plain calls in threads are moved one port call at a time, waiting for locks included."""
        report = interleavings(
            make_world, lambda world: step(locked(world)), locked, nothing_lost, threads=True, limit=10, seed=1
        )
        assert (report.runs, report.complete, report.seed) == (10, False, 1)
        with pytest.raises(AssertionError):
            interleavings(make_world, in_two_units, in_two_units, nothing_lost, threads=True, limit=40, seed=1)

    def test_unexpected_errors(self) -> None:
        """An error that is not this library's ends the search, in a coroutine and in a thread."""

        async def breaks(world: World) -> None:
            with contextlib.suppress(Conflict):  # it may be the one who came second
                await optimistic(world)
            raise ZeroDivisionError

        for options in ({}, {"threads": True, "limit": 2}):
            with pytest.raises(ZeroDivisionError):
                interleavings(make_world, breaks, optimistic, lambda world, a, b: None, **options)  # type: ignore[arg-type]


async def once(world: World) -> None:
    """Count one thing, remembered under a key: retrying it changes nothing."""
    async with world.store.begin("t", BaseHost, writes=True) as unit:
        if await unit.state.get(AuditEntry, "key"):
            return
        seen = await unit.state.get(GuessCounter, "n", lock=True)
        assert seen is not None
        await unit.commit([Put(evolve(seen, day_count=seen.day_count + 1)), Put(entry("key"))])


async def in_two_commits(world: World) -> None:
    """Count, and remember the key in a second commit: a crash between them counts twice."""
    async with world.store.begin("t", BaseHost, writes=True) as unit:
        if await unit.state.get(AuditEntry, "key"):
            return
    await optimistic(world)
    async with world.store.begin("t", BaseHost, writes=True) as unit:
        await unit.commit([Put(entry("key"))])


def counted_once(world: World) -> None:
    assert world.count() == 1


class TestCrashPoints:
    """One operation, crashed everywhere."""

    def test_one_commit(self) -> None:
        """What is counted and remembered in one commit survives every crash, and every crash of its recovery."""
        report = crash_points(make_world, once, counted_once)
        assert [call.partition("(")[0] for call in report.calls] == ["begin", "state.get", "state.get", "commit"]
        assert (report.runs, report.modes["unknown, done"]) == (1 + 4 * 2 + 2, 1)
        assert crash_points(make_world, once, counted_once, during_recovery=True).runs > 80

    def test_sampled_recoveries(self) -> None:
        """Where all crashes during recovery are too many, that many are tried; the seed tells which."""
        report = crash_points(make_world, once, counted_once, during_recovery=True, limit=5, seed=7)
        assert (report.runs, report.seed) == (11 + 5, 7)
        assert "a sample, seed 7" in str(report)
        assert crash_points(make_world, once, counted_once, during_recovery=True, limit=1000).seed is None

    def test_two_commits(self) -> None:
        """Two commits for one fact are caught, and the note says where."""
        with pytest.raises(AssertionError) as caught:
            crash_points(make_world, in_two_commits, counted_once)
        assert "after call 4 commit(guess_counters)" in caught.value.__notes__[0]

    def test_unknown_commit(self) -> None:
        """Whoever takes an unknown commit for one that failed counts twice, and is caught."""

        async def again_at_once(world: World) -> None:
            try:
                await optimistic(world)
            except StoreError:
                await optimistic(world)

        with pytest.raises(AssertionError) as caught:
            crash_points(make_world, again_at_once, counted_once, retry=lambda world: None)
        assert caught.value.__notes__

    def test_dead_is_dead(self) -> None:
        """After the crash no port answers any more, and an operation that goes on regardless is told so."""
        answers: list[str] = []

        async def stubborn(world: World) -> None:
            try:
                await once(world)
            except Crashed:
                try:
                    await once(world)
                    answers.append("answered")
                except Crashed:
                    answers.append("dead")

        with pytest.raises(AssertionError, match="swallowed its own end"):
            crash_points(make_world, stubborn, counted_once)
        assert answers == ["dead"]

    def test_senders_and_restart(self) -> None:
        """A sender's calls are crash points too; ``restart`` makes the next process's world."""
        restarted: list[World] = []

        def send(world: World) -> None:
            world.sender.send(OutgoingMessage("m1", Channel.SMS, "+64211234567", "text"))

        def restart(world: World) -> World:
            restarted.append(world)
            return evolve(world)

        def at_least_once(world: World) -> None:
            assert world.sent
            assert set(world.sent) == {"m1"}

        report = crash_points(make_world, send, at_least_once, restart=restart)
        assert (report.calls, len(restarted)) == (("sender.send",), 2)
        assert str(report) == "1 port calls, 3 runs (1 whole, 1 before, 1 after)"

    def test_locks_are_freed(self) -> None:
        """A crash frees the locks that it held, as the end of a process does."""

        async def hold(world: World) -> None:
            async with world.store.begin("t", BaseHost, writes=True) as unit:
                await unit.state.hold("name")
                await unit.state.get(GuessCounter, "n", lock=True)
                await unit.commit([])

        crash_points(make_world, hold, lambda world: step(hold(world)))


Program = list[list[tuple[str, str]]]


def programs(chooser: random.Random) -> Program:
    """A few units, each with a few reads, locks and a commit."""
    steps = [("get", "x"), ("get", "y"), ("lock", "x"), ("lock", "y"), ("find", ""), ("hold", "h")]
    ends = [("write", "x"), ("write", "y"), ("write", "z"), ("leave", "")]
    return [[*chooser.choices(steps, k=chooser.randint(0, 2)), chooser.choice(ends)] for _ in range(2)]


def run_program(program: Program, name: str) -> Callable[[World], Any]:
    """Run it; the outcome is all that it could see."""

    async def unit_of(world: World, steps: list[tuple[str, str]]) -> tuple[object, ...]:
        seen: list[object] = []
        async with world.store.begin("t", BaseHost, writes=True) as unit:
            for kind, id in steps:
                match kind:
                    case "get" | "lock":
                        found = await unit.state.get(AuditEntry, id, lock=kind == "lock")
                        seen.append(found and (found.actor, found.version))
                    case "find":
                        seen.append(tuple(one.id for one in await unit.state.find(AuditEntry, "time", [])))
                    case "hold":
                        await unit.state.hold(id)
                    case "write":
                        now = await unit.state.get(AuditEntry, id)
                        version = now.version if now else 0
                        await unit.commit([Put(evolve(entry(id), actor=name, version=version))])
        return tuple(seen)

    async def run(world: World) -> tuple[object, ...]:
        seen: list[object] = []
        for steps in program:
            try:
                seen.append(await unit_of(world, steps))
            except Conflict:
                seen.append("conflict")
        return tuple(seen)

    return run


@pytest.mark.parametrize("seed", range(12))
def test_reduction_is_sound(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever two small programs can see in any order at all, they also see in the orders that are kept."""
    chooser = random.Random(seed)
    a, b = programs(chooser), programs(chooser)

    def outcomes() -> tuple[set[object], int]:
        every: set[object] = set()

        def check(world: World, first: object, second: object) -> None:
            final = step(read_all(world))
            every.add((first, second, final))

        report = interleavings(make_world, run_program(a, "a"), run_program(b, "b"), check)
        return every, report.runs

    reduced, few = outcomes()
    monkeypatch.setattr("clientportal.testing.interleaving._Run.independent", lambda *_: False)
    every, many = outcomes()
    assert reduced == every
    assert few <= many


async def read_all(world: World) -> tuple[object, ...]:
    async with world.inner.begin("t", BaseHost, writes=False) as unit:
        return tuple((one.id, one.actor, one.version) for one in await unit.state.find(AuditEntry, "time", []))
