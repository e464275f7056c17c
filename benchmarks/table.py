"""Seconds of several parties in rounds of turns, and what is said of them: p50, p99, and the ratio to the floor.

Beside the clock's, what the party's own process worked: neither the disk, nor a PostgreSQL server, nor whoever else
keeps the machine busy is in that. On a busy machine it tells more of the software than the clock does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["FLOOR", "OURS", "Clock", "figures", "ratio", "show"]

FLOOR, OURS = "floor", "clientportal"
TURNS = 10
"""So many turns make one round."""

OPERATIONS = {
    "code login: request + verify": ("request", "verify"),
    "session check": ("session check",),
    "password login, cheapest hash": ("password login",),
}
BESIDES = {
    "the pump, after the response": ("the pump", ("request", "verify")),
    "profile": ("profile", ("session check",)),
    "upcoming appointments": ("upcoming appointments", ("session check",)),
}
"""What only we do, and the part of the floor that it is held against."""

GOALS = {
    "code login: request + verify": {"SQLite": 2.0, "PostgreSQL": 1.7},
    "session check": {"SQLite": 1.3, "PostgreSQL": 1.2},
}
STATEMENTS = {"request": (4, 0), "verify": (6, 1), "session check": (1, 0), "password login": (5, 0)}
HASH = "the hash alone"


class Clock:
    """Seconds of each named thing of one party, a turn at a time; and those of them that its processor worked."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}
        self.worked: dict[str, list[float]] = {}

    def time(self, name: str, thing: Callable[[], object], many: int = 1) -> Any:
        """Run it ``many`` times; keep the mean, give back its last answer."""
        began, worked = time.perf_counter(), time.process_time()
        for _ in range(many):
            answer = thing()
        self.keep(name, (time.perf_counter() - began) / many, (time.process_time() - worked) / many)
        return answer

    def keep(self, name: str, seconds: float, worked: float) -> None:
        """What somebody else has measured."""
        self.found.setdefault(name, []).append(seconds)
        self.worked.setdefault(name, []).append(worked)

    def together(self, names: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """The sum of several things in each turn, by the clock and by the processor; none, where one is not known."""
        if any(name not in self.found for name in names):
            return None
        return _summed([self.found[name] for name in names]), _summed([self.worked[name] for name in names])


def _summed(several: Sequence[Sequence[float]]) -> list[float]:
    return [sum(parts) for parts in zip(*several, strict=True)]


def _rounds(times: Sequence[float]) -> list[float]:
    return [statistics.median(times[at : at + TURNS]) for at in range(0, len(times), TURNS)]


def ratio(times: Sequence[float], floor: Sequence[float]) -> float:
    """The median, over the rounds, of the ratio in each: what was busy in one round was so for both."""
    return statistics.median(mine / bare for mine, bare in zip(_rounds(times), _rounds(floor), strict=True))


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def _figure(mine: tuple[list[float], list[float]], floor: tuple[list[float], list[float]]) -> dict[str, float]:
    (times, worked), (bare, bare_worked) = mine, floor
    return {
        "p50_ms": statistics.median(times) * 1e3,
        "p99_ms": _p99(times) * 1e3,
        "of_the_floor": ratio(times, bare),
        "worked_ms": statistics.median(worked) * 1e3,
        "worked_of_the_floor": ratio(worked, bare_worked),
    }


def figures(database: str, clocks: Mapping[str, Clock], counted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """All that is said of one database, as ``--json`` writes it."""
    floor = clocks[FLOOR]
    found: dict[str, Any] = {}
    for name, parts in OPERATIONS.items():
        bare = floor.together(parts)
        assert bare is not None
        times = {party: clock.together(parts) for party, clock in clocks.items()}
        found[name] = {
            "goal": GOALS.get(name, {}).get(database),
            "parties": {party: _figure(one, bare) for party, one in times.items() if one is not None},
        }
    for name, (part, against) in BESIDES.items():
        bare, ours = floor.together(against), clocks[OURS].together((part,))
        assert bare is not None
        assert ours is not None
        found[name] = {"goal": None, "parties": {OURS: _figure(ours, bare)}}
    alone = statistics.median(floor.found[HASH]) * 1e3
    return {"operations": found, "hash_alone_ms": alone, "statements": counted}


def show(database: str, found: Mapping[str, Any]) -> None:
    """The table of one database."""
    print(f"\n{database:42}{'p50 ms':>10}{'p99 ms':>10}{'× floor':>10}{'goal':>8}{'CPU ms':>10}{'× floor':>10}")
    for name, told in found["operations"].items():
        print(name)
        for party, one in told["parties"].items():
            goal = f"≤ {told['goal']}" if told["goal"] is not None and party == OURS else ""
            by_clock = f"{one['p50_ms']:10.2f}{one['p99_ms']:10.2f}{one['of_the_floor']:10.2f}"
            print(f"    {party:38}{by_clock}{goal:>8}{one['worked_ms']:10.2f}{one['worked_of_the_floor']:10.2f}")
    print(f"{HASH}: {found['hash_alone_ms']:.2f} ms, in the floor's, in ours and in those of Python")
    print(f"\n{database + ': statements (ours: portal + platform)':46}" + "".join(f"{one:>16}" for one in STATEMENTS))
    goals = "".join(f"{f'≤ {portal} + {host}':>16}" for portal, host in STATEMENTS.values())
    print(f"    {'goal':42}{goals}")
    for party, counts in found["statements"].items():
        print(f"    {party:42}" + "".join(f"{counts.get(one, '-'):>16}" for one in STATEMENTS))
