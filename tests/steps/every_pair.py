"""Every two deeds of a house that share a record, found by what each of them touches; and both done at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from typing import Any

from attrs import evolve, frozen

from clientportal.passwords import BlockingGate
from clientportal.testing.crashing import _Counting
from clientportal.testing.port_calls import Call
from clientportal.testing.stepping import InterleavingReport, Stepper, interleavings
from steps.dumps import _appointments, _merges
from steps.house import HOUSES, Deed
from steps.pairs import Pair
from steps.stages import Ground, Scene, Stage, answered
from steps.stepped import shown, stage_of
from steps.test_interleavings import Explained

__all__ = ["Two", "at_once", "pairs"]

SMALL = 14
"""Calls of both together up to which every interleaving is tried."""


@frozen
class Two:
    """Two deeds of one house, and how many calls they make together that can matter to others."""

    house: str
    one: str
    other: str
    calls: int

    def __str__(self) -> str:
        return f"{self.house}: {self.one} and {self.other}"

    @property
    def deeds(self) -> tuple[Deed, Deed]:
        """What is done."""
        deeds = HOUSES[self.house].deeds
        return deeds[self.one], deeds[self.other]


def _touched(stage: Stage, deed: Deed) -> list[Call]:
    stepper, counting = Stepper(), _Counting()
    scene = stage.scene(stepper)
    stepper.use(counting)
    answered(lambda: deed.act(scene))
    stepper.use(None)
    return [call for call in counting.calls if not call.alone]


def _share(one: list[Call], other: list[Call]) -> bool:
    """Whether something that one writes is read or written by the other. That both add to the audit does not count."""
    return any(
        evolve(a, locks=False, tables=_but_audit(a)).matters_to(evolve(b, locks=False, tables=_but_audit(b)))
        for a, b in itertools.product(one, other)
    )


def _but_audit(call: Call) -> frozenset[str]:
    return frozenset(table for table in call.tables if not table.endswith(("/audit", "/receipts")))


@cache
def pairs(where: Ground) -> tuple[Two, ...]:
    """All of them, in one order."""
    found: list[Two] = []
    for name, house in HOUSES.items():
        stage = stage_of(where, house.prepare)
        touched = {deed: _touched(stage, what) for deed, what in house.deeds.items()}
        for one, other in itertools.combinations_with_replacement(sorted(touched), 2):
            if _share(touched[one], touched[other]):
                found.append(Two(name, one, other, len(touched[one]) + len(touched[other])))
    return tuple(found)


class _Explained(Explained):
    def seen(self, scene: Scene, a: Any, b: Any) -> tuple[str, ...]:
        """Without what is drawn at random, and no id: the salt of a hash."""
        said = [f"the {who} was told {self._told(said)}" for who, said in (("first", a), ("second", b))]
        return scene.changed(extra=said, audit="none", shown=shown)

    def check(self, scene: Scene, a: Any, b: Any) -> None:
        """One of the two orders explains it, or one was told that it is too busy just now, and nothing came of it."""
        seen = self.seen(scene, a, b)
        if seen not in self.serial.values() and not self._too_busy(scene, a, b, seen):
            raise AssertionError("neither order explains" + "".join(map(self._difference, self.serial, [seen] * 2)))


def _hashing(act: Callable[[Scene], Any]) -> Callable[[Scene], Any]:
    """Hashes in the calling thread: stepped calls have no loop to wait on."""

    def run(scene: Scene) -> Any:
        scene.portal._setup = evolve(scene.portal._setup, gate=BlockingGate())
        return act(scene)

    return run


def at_once(
    two: Two,
    where: Ground,
    *,
    limit: int | None,
    seed: int,
    threads: bool = False,
    wrap: Callable[[Any], Any] | None = None,
) -> InterleavingReport:
    """Both at once: in every order where they are small and no ``limit`` is set, or in so many.

    Of a deed of several commits no serial order need explain what is left: that nothing is lost is asked of it alone.
    ``wrap`` puts a faulty store in, once the serial orders are known.
    """
    one, other = two.deeds
    stage = stage_of(where, HOUSES[two.house].prepare, awaited=not threads)
    acts = (_hashing(one.act), _hashing(other.act))
    if "steps" in (one.again, other.again):
        check: Callable[[Scene, Any, Any], None] = _nothing_lost
    else:
        pair = Pair(str(two), HOUSES[two.house].prepare, *acts)
        check = _Explained(stage, pair, elsewhere=True, reasons=not threads).check
    sound = stage.world.wrap
    stage.world.wrap = wrap or sound
    try:
        return _interleaved(two, stage, acts, check, limit, seed, threads)
    finally:
        stage.world.wrap = sound


def _interleaved(
    two: Two, stage: Stage, acts: tuple[Any, Any], check: Any, limit: int | None, seed: int, threads: bool
) -> InterleavingReport:
    most = limit if limit is not None or two.calls <= SMALL else 40
    return interleavings(stage.scene, *acts, check, limit=most, seed=seed, threads=threads)


def _nothing_lost(scene: Scene, _a: Any, _b: Any) -> None:
    held = scene.held()
    assert [*_appointments(held), *_merges(held)] == []
