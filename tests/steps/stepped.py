"""One deed crashed at every call of its ports, judged by every state that may stand between two of its commits."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from attrs import evolve

from clientportal.operations.observing import Observing
from clientportal.ports.observing import Ended, Observer, Outcome
from clientportal.testing.stepping import CrashReport, Stepper, crash_points
from steps.defects import Faulty
from steps.dumps import _appointments, _merges
from steps.house import Deed
from steps.stages import Ground, Scene, Stage, answered

__all__ = ["Recording", "but_seals", "drawn", "granted", "shown", "stage_of", "stepped"]

State = tuple[str, ...]

_HASH = re.compile(r"\$argon2id?\$[^\"\\']+")
_COUNTED = re.compile(r'"(tries|checks)": ?\d+')
_STEPS = (
    "take_message|try_password|try_own_password|try_verifying|finish_[a-z_]+|charge_again|payment_heard|password_failed"
)
_BETWEEN_STEPS = re.compile(rf"[+-] (guess_counters |audit \S+ ({_STEPS}) )")
"""What is judged by other rules: a try is charged before its hash is compared, and is told of each time that it is
wrong; a pump may take a message again."""
_SEALS = re.compile(r"[+-] audit_(chains|seals) ")


def shown(line: str) -> str | None:
    """A line of a dump without what may differ between a run with crashes and one without."""
    return None if _BETWEEN_STEPS.match(line) else _COUNTED.sub(r'"\1": "*"', _HASH.sub("<hash>", line))


def but_seals(line: str) -> str | None:
    """The same without the seals of the audit: when it is sealed, and how much at once, hangs on the clock."""
    return None if _SEALS.match(line) else shown(line)


class Recording(Faulty):
    """Says so whenever something was committed; a host elsewhere commits between our units."""

    def __init__(self, inner: Any, note: Callable[[], object]) -> None:
        super().__init__(inner)
        self._note = note

    def begin(self, tenant: str, host: Any, *, writes: bool, connection: Any = None) -> Any:
        if not host.shares_transaction:
            self._note()
        return super().begin(tenant, host, writes=writes, connection=connection)

    async def commit(self, unit: Any, tenant: str, writes: Any) -> None:
        await unit.commit(writes)
        self._note()


class _Listening(Observer):
    """An observer of what was granted."""

    def __init__(self) -> None:
        self.granted: set[str] = set()

    def ended(self, ended: Ended, token: object) -> None:
        """Noted, where it was not refused."""
        if ended.outcome is Outcome.DONE:
            self.granted.add(ended.begun.name)


def granted(scene: Scene, act: Callable[[Scene], Any]) -> set[str]:
    """The operations that were carried out, and not refused."""
    listening = _Listening()
    scene.portal._setup = evolve(scene.portal._setup, observing=Observing((listening,)))
    answered(lambda: act(scene))
    return listening.granted


class _Judge:
    def __init__(self, stage: Stage, deed: Deed, *, erases: bool) -> None:
        self._stage = stage
        self._deed = deed
        self._erases = erases
        self._states: list[State] = [()]
        self._rehearse()

    def _seen(self, scene: Scene) -> State:
        match self._deed.again:
            case "steps":
                return scene.changed(audit="none", times=False, shown=but_seals)
            case "another":
                return scene.changed(audit="none", shown=shown)
            case _:
                return scene.changed(shown=shown)

    def _rehearse(self) -> None:
        """Run whole, once, noting what stands after each commit."""
        stage = self._stage
        sound = stage.world.wrap
        scenes: list[Scene] = []
        stage.world.wrap = lambda inner: Recording(inner, lambda: self._states.append(self._seen(scenes[0])))
        scenes.append(stage.scene(Stepper()))
        answered(lambda: self._deed.act(scenes[0]))
        self._states.append(self._seen(scenes[0]))
        stage.world.wrap = sound

    @property
    def done(self) -> State:
        return self._states[-1]

    def after_crash(self, scene: Scene) -> Scene:
        """One of the states between two commits, and nothing else; after a retry of its own, also its repetition."""
        left = self._seen(scene)
        once = left in self._states
        assert once or set(left) <= {line for state in self._states for line in state} or self._again(left), left
        scene.world.clock.advance(self._deed.later)
        return scene.restarted()

    def _again(self, left: State) -> bool:
        return self._deed.again == "another" and len(left) >= len(self.done)

    def at_the_end(self, scene: Scene) -> None:
        """What a run without a crash leaves; told twice, or twice there, where that is what asking twice means."""
        left = self._seen(scene)
        match self._deed.again:
            case "told":
                assert set(left) == set(self.done), _difference(left, self.done)
            case "another":
                assert len(left) >= len(self.done), _difference(left, self.done)
            case _:
                assert left == self.done, _difference(left, self.done)
        if not self._erases:
            held = scene.held()
            assert [*_appointments(held), *_merges(held)] == []


def _difference(left: State, expected: State) -> str:
    more = "".join(f"\n  + {line}" for line in left if line not in expected)
    less = "".join(f"\n  - {line}" for line in expected if line not in left)
    return more + less


_STAGES: dict[tuple[Ground, Callable[[Scene], None]], Stage] = {}


def stage_of(where: Ground, prepare: Callable[[Scene], None], *, awaited: bool = False) -> Stage:
    """The scene that deeds begin in, prepared once for all of them."""
    key = (where, prepare)
    if key not in _STAGES:
        _STAGES[key] = Stage(where, prepare)
    _STAGES[key].awaited = awaited
    return _STAGES[key]


def stepped(
    prepare: Callable[[Scene], None],
    name: str,
    deed: Deed,
    where: Ground,
    *,
    twice: int = 0,
    some: int | None = None,
    seed: int | None = None,
) -> CrashReport:
    """Crash one deed everywhere, or at ``some`` points drawn at random, and so many of its recoveries.

    The retry is the caller's: the same call again.
    """
    stage = stage_of(where, prepare)
    assert name in granted(stage.scene(Stepper()), deed.act), f"{name} is refused, so there is nothing to crash"
    judge = _Judge(stage, deed, erases=name in ("erase", "purge"))
    return crash_points(
        stage.scene,
        lambda scene: answered(lambda: deed.act(scene)),
        judge.at_the_end,
        restart=judge.after_crash,
        during_recovery=bool(twice),
        limit=twice,
        some=some,
        seed=seed,
    )


def drawn(names: list[str], count: int, seed: int) -> list[str]:
    """Some of them, the same ones for one seed."""
    return random.Random(seed).sample(sorted(names), min(count, len(names)))
