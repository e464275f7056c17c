"""Two operations at once: whatever the order of their port calls, it must look as if one had come after the other.

What both were answered and what both owners then hold is compared with the two serial runs: the same check for every
pair, so a lost update, a double effect and an answer that nothing stands behind all show as "neither order explains".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clientportal.decisions import Because, Reason, Refusal
from clientportal.errors import ClientPortalError, Refused
from clientportal.operations.delivery import Delivered
from clientportal.ports import step
from clientportal.records import MessageState, OutboxMessage
from clientportal.testing.stepping import InterleavingReport, Stepper, interleavings
from steps.dumps import broken
from steps.pairs import PAIRS, Pair
from steps.scenes import code_waiting
from steps.stages import Ground, Scene, Stage, outcome_text

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

_BUSY = Refused(Refusal(Reason.BUSY, Because("performing.perform")), "", "")


class Explained:
    """Says whether a world could have come out of one after the other.

    ``reasons=False``: a visitor's refusal that left no trace may give another reason than the serial one. It is not
    committed, so nothing checks again what it rests on, and PostgreSQL reads each row as it is at that moment: of two
    who use one link the second may find it unused still, and its appointment cancelled already.
    """

    def __init__(self, stage: Stage, pair: Pair, *, elsewhere: bool = False, reasons: bool = True) -> None:
        self.stage = stage
        self.reasons = reasons
        self.elsewhere = elsewhere
        self.serial = {
            "the first, then the second": self._serial(pair),
            "the second, then the first": self._turned(pair),
        }
        self.alone = (self._alone(pair.one, 0), self._alone(pair.other, 1)) if elsewhere else ((), ())

    def _serial(self, pair: Pair) -> tuple[str, ...]:
        scene = self.stage.scene(Stepper())
        return self.seen(scene, self._run(pair.one, scene), self._run(pair.other, scene))

    def _turned(self, pair: Pair) -> tuple[str, ...]:
        scene = self.stage.scene(Stepper())
        other = self._run(pair.other, scene)
        return self.seen(scene, self._run(pair.one, scene), other)

    def _run(self, act: Callable[[Scene], Any], scene: Scene) -> Any:
        try:
            answer = act(scene)
            return step(answer) if scene.awaited else answer
        except ClientPortalError as error:
            return error

    def seen(self, scene: Scene, a: Any, b: Any) -> tuple[str, ...]:
        """Both answers and everything that changed, with the ids that connect them."""
        said = [f"the {who} was told {self._told(said)}" for who, said in (("first", a), ("second", b))]
        return scene.changed(extra=said, audit="none" if self.elsewhere else "all")

    def _told(self, outcome: Any) -> str:
        return outcome_text(outcome) if self.reasons or not isinstance(outcome, Refused) else "refused"

    def check(self, scene: Scene, a: Any, b: Any) -> None:
        """One of the two orders explains it, and every promise is kept."""
        assert broken(scene.held()) == []
        seen = self.seen(scene, a, b)
        if seen not in self.serial.values() and not self._too_busy(scene, a, b, seen):
            raise AssertionError("neither order explains" + "".join(map(self._difference, self.serial, [seen] * 2)))

    def _too_busy(self, scene: Scene, a: Any, b: Any, seen: tuple[str, ...]) -> bool:
        """With a host elsewhere, where each step of one can be in the way of the other: one was told to try again, and
        nothing came of it."""
        alone = {True: self.alone[1], False: self.alone[0]}
        told = [isinstance(outcome, Refused) and outcome.reason is Reason.BUSY for outcome in (a, b)]
        return self.elsewhere and told.count(True) == 1 and seen == alone[told[0]]

    def _alone(self, act: Callable[[Scene], Any], which: int) -> tuple[str, ...]:
        scene = self.stage.scene(Stepper())
        outcomes: list[Any] = [_BUSY, _BUSY]
        outcomes[which] = self._run(act, scene)
        return self.seen(scene, *outcomes)

    def _difference(self, order: str, seen: tuple[str, ...]) -> str:
        expected = self.serial[order]
        more = "".join(f"\n    more: {line}" for line in seen if line not in expected)
        less = "".join(f"\n    less: {line}" for line in expected if line not in seen)
        return f"\n  {order}:{more}{less}"


def every(where: Ground, pair: Pair, *, elsewhere: bool = False, limit: int | None = None) -> InterleavingReport:
    """Every interleaving that can differ, on the memory store; or that many of them.

    ``elsewhere``: the host is in another database, so an operation is several commits. Somebody else may finish it,
    and so stand in the audit, and it may be too busy.
    """
    stage = Stage(where, pair.prepare, awaited=True)
    explained = Explained(stage, pair, elsewhere=elsewhere)
    return interleavings(stage.scene, pair.one, pair.other, explained.check, limit=limit)


def some(where: Ground, pair: Pair, limit: int) -> InterleavingReport:
    """A sample of them on a database, each operation in a thread of its own."""
    stage = Stage(where, pair.prepare)
    explained = Explained(stage, pair, reasons=False)
    return interleavings(stage.scene, pair.one, pair.other, explained.check, threads=True, limit=limit)


@pytest.mark.parametrize("name", PAIRS)
def test_every_interleaving_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """All of them."""
    counted(name, "memory", every(grounds("memory"), PAIRS[name]))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", PAIRS)
def test_some_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), PAIRS[name], 3))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", PAIRS)
def test_more_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A larger sample."""
    counted(f"{name}, more", database, some(grounds(database), PAIRS[name], 10))


def test_a_twin_that_waited_for_the_lock_gets_the_same_answer(grounds: Grounds) -> None:
    """Two calls with one key, the second of which looks for the key before the first has committed and at the code
    after that: it must not be told that the code is gone (PostgreSQL reads each row as it is at that moment)."""
    pair = PAIRS["verify and verify, one key"]
    stage = Stage(grounds("postgres"), pair.prepare)
    check = Explained(stage, pair).check
    interleavings(stage.scene, pair.one, pair.other, check, threads=True, limit=6, seed=3389130562)


@pytest.mark.parametrize("name", ["memory", "sqlite", "postgres"])
def test_two_pumps_send_every_message_once(name: str, grounds: Grounds, counted: Counted) -> None:
    """I5: a pump takes a message before it sends it, so no second one does (each is many steps: no serial order)."""
    threads = name != "memory"
    stage = Stage(grounds(name), code_waiting, awaited=not threads)

    def check(scene: Scene, a: Any, b: Any) -> None:
        for answer in (a, b):
            assert isinstance(answer, Delivered), answer
        assert a.sent + b.sent == 2
        assert sorted(message.to for message in scene.world.box.messages) == ["+64211234567", "+64217654321"]
        assert {one.state for one in scene.held().of(OutboxMessage)} == {MessageState.SENT}
        assert broken(scene.held()) == []

    report = interleavings(stage.scene, Scene.pump, Scene.pump, check, threads=threads, limit=6 if threads else 200)
    counted("pump and pump", name, report)
