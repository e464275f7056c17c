"""Our operations beside the floor and the peers, in one interleaved run: ``python benchmarks/run.py [--rounds 7]``.

Every operation in every round, one after the other, on SQLite and on a real PostgreSQL (``--postgres URL``, or one that
is found and started here), each as durable as the other. Machines differ and are busy: only the **ratios** of one run
mean anything, and the seconds are printed to show on how busy a machine they came about. ``--growth`` does the same
with a thousand clients and with a hundred thousand (or ``--growth 1000,1000000``).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from argon2 import PasswordHasher
from floor import Floor
from ours import TENANT, Ours

Timed = dict[str, list[float]]
GOALS = {
    "code login: request + verify": {"SQLite": 2.0, "PostgreSQL": 1.7},
    "session check": {"SQLite": 1.3, "PostgreSQL": 1.2},
}
STATEMENTS = {"request": (4, 0), "verify": (6, 1), "session check": (1, 0), "password login": (5, 0)}


class Clock:
    """Seconds of each named thing, a round at a time."""

    def __init__(self) -> None:
        self.found: Timed = {}

    def time(self, name: str, thing: Callable[[], object], many: int = 1) -> object:
        """Run it ``many`` times; keep the mean, give back its last answer."""
        began = time.perf_counter()
        for _ in range(many):
            answer = thing()
        self.found.setdefault(name, []).append((time.perf_counter() - began) / many)
        return answer


def one_round(clock: Clock, ours: Ours, floor: Floor) -> None:
    """Each operation beside its floor."""
    ours.later()
    handle = clock.time("floor: request", floor.request)
    sent = clock.time("request", ours.request)
    clock.time("the pump, after the response", ours.deliver)
    digest = clock.time("floor: verify", lambda: floor.verify(handle))
    signed_in = clock.time("verify", lambda: ours.verify(sent))
    client = ours.by_code.client(signed_in.token)
    clock.time("floor: session", lambda: floor.session(digest), 10)
    clock.time("session check", client.current_session, 10)
    clock.time("profile", client.profile, 5)
    clock.time("upcoming appointments", client.appointments, 5)
    clock.time("floor: log in", floor.log_in)
    clock.time("password login", ours.log_in)


def measure(url: str, clients: int, rounds: int) -> tuple[Timed, dict[str, tuple[int, int]]]:
    """Seconds by name, and statements (portal's, platform's) of each operation."""
    ours, floor, clock = (
        Ours(url, clients),
        Floor(url, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        Clock(),
    )
    for _ in range(3):
        one_round(Clock(), ours, floor)
    for _ in range(rounds):
        for _ in range(10):
            one_round(clock, ours, floor)
    counted: dict[str, tuple[int, int]] = {}

    def count(name: str, thing: Callable[[], object]) -> object:
        with ours.counted() as seen:
            answer = thing()
        counted[name] = seen["portal"], seen["host"]
        return answer

    ours.later()
    sent = count("request", ours.request)
    ours.deliver()
    signed_in = count("verify", lambda: ours.verify(sent))
    count("session check", ours.by_code.client(signed_in.token).current_session)
    count("password login", ours.log_in)
    ours.store.close()
    floor.engine.dispose()
    return clock.found, counted


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def show(database: str, found: Timed, counted: dict[str, tuple[int, int]]) -> None:
    """The table of one database."""
    pairs = {
        "code login: request + verify": (("request", "verify"), ("floor: request", "floor: verify")),
        "session check": (("session check",), ("floor: session",)),
        "profile": (("profile",), ("floor: session",)),
        "upcoming appointments": (("upcoming appointments",), ("floor: session",)),
        "password login, cheapest hash": (("password login",), ("floor: log in",)),
        "the pump, after the response": (("the pump, after the response",), ("floor: request", "floor: verify")),
    }
    print(f"\n{database:32}{'p50 ms':>9}{'p99 ms':>9}{'floor ms':>10}{'ratio':>8}{'goal':>7}")
    for name, (mine, bare) in pairs.items():
        ours = [sum(parts) for parts in zip(*(found[one] for one in mine), strict=True)]
        floor = [sum(parts) for parts in zip(*(found[one] for one in bare), strict=True)]
        middle, base = statistics.median(ours), statistics.median(floor)
        goal = GOALS.get(name, {}).get(database)
        told = "" if goal is None else f"≤ {goal}"
        print(f"{name:32}{middle * 1e3:9.2f}{_p99(ours) * 1e3:9.2f}{base * 1e3:10.2f}{middle / base:8.1f}{told:>7}")
    print(f"\n{database}: statements, portal + platform (goal)")
    for name, (portal, host) in counted.items():
        goal_portal, goal_host = STATEMENTS[name]
        print(f"{name:32}{portal:5} + {host}   (≤ {goal_portal} + {goal_host})")


def growth(url_of: Callable[[int], str], sizes: Sequence[int], rounds: int) -> None:
    """The same operations among few clients and among many, in turns: 1.0 is flat (goal: ≤ 1.3)."""
    worlds = [(size, Ours(url_of(size), size)) for size in sizes]
    clocks = {size: Clock() for size in sizes}
    for turn in range(rounds * 10):
        for size, ours in worlds if turn % 2 else reversed(worlds):
            clock = clocks[size]
            ours.later()
            sent = clock.time("request", ours.request)
            clock.time("pump", ours.deliver)
            signed_in = clock.time("verify", lambda ours=ours, sent=sent: ours.verify(sent))
            client = ours.by_code.client(signed_in.token)
            clock.time("session check", client.current_session, 5)
            clock.time("upcoming appointments", client.appointments, 5)
            clock.time("password login", ours.log_in)
    first = clocks[sizes[0]].found
    print(f"\n{'among clients':32}" + "".join(f"{size:>12,}" for size in sizes))
    for name, times in first.items():
        base = statistics.median(times)
        ratios = [statistics.median(clocks[size].found[name]) / base for size in sizes]
        print(f"{name:32}" + "".join(f"{ratio:12.2f}" for ratio in ratios))
    for _, ours in worlds:
        ours.store.close()


def import_times() -> None:
    """Milliseconds to import, net of the interpreter (best of seven)."""

    def best(statement: str) -> float:
        times = []
        for _ in range(7):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            times.append((time.perf_counter() - began) * 1000)
        return min(times)

    bare = best("pass")
    print(f"\n{'import, net of the interpreter':32}{'ms':>9}{'goal':>9}")
    for name, statement, goal in (
        ("SQLAlchemy, for comparison", "import sqlalchemy.ext.asyncio", ""),
        ("clientportal", "import clientportal", "≤ 150"),
        ("with its SQL store", "import clientportal.stores.sql, clientportal", "≤ 400"),
    ):
        with suppress(subprocess.CalledProcessError):
            print(f"{name:32}{best(statement) - bare:9.0f}{goal:>9}")


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=7, help="of ten turns each; at least five")
    asked.add_argument("--clients", type=int, default=1000)
    asked.add_argument(
        "--postgres", default="", help="URL of a server whose user may create databases; 'no' leaves it out"
    )
    asked.add_argument("--growth", nargs="?", const="1000,100000", default="", help="sizes, such as 1000,1000000")
    asked.add_argument("--no-import", action="store_true", help="leave the time of importing out")
    given = asked.parse_args()
    print(f"business {TENANT!r}, {given.clients:,} clients, {given.rounds} rounds of ten turns")
    with tempfile.TemporaryDirectory() as folder:
        databases = {"SQLite": f"sqlite:///{Path(folder) / 'portal.db'}"}
        if given.postgres != "no":
            with suppress(ImportError):
                from postgres import durable_database

                databases["PostgreSQL"] = durable_database(given.postgres)
        for database, url in databases.items():
            show(database, *measure(url, given.clients, given.rounds))
        if given.growth:
            sizes = [int(size) for size in given.growth.split(",")]
            growth(lambda size: f"sqlite:///{Path(folder) / f'growth-{size}.db'}", sizes, given.rounds)
    if not given.no_import:
        import_times()


if __name__ == "__main__":
    main()
