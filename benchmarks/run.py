"""Our operations beside the floor and the peers, in one interleaved run: ``python benchmarks/run.py [--rounds 7]``.

Every operation in every round, one after the other, on SQLite and on a real PostgreSQL (``--postgres URL``, or one that
is found and started here), each as durable as the other. Machines differ and are busy: only the **ratios** of one run
mean anything, and the milliseconds are printed to show on how busy a machine they came about. ``--peers`` asks other
libraries the same in every turn. ``--growth`` does the same with a thousand clients and with a hundred thousand (or
``--growth 1000,1000000``).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from floor import Floor
from ours import TENANT, Ours
from peers.asking import Peer, peers
from table import FLOOR, HASH, OURS, TURNS, Clock, figures, ratio, show

CHECKS = 10
"""Session checks in one turn: one alone is too short to be timed."""
Clocks = dict[str, Clock]


def one_turn(clocks: Clocks, ours: Ours, floor: Floor, asked: Sequence[Peer]) -> None:
    """Each operation of everybody, the floor's first."""
    bare, mine = clocks[FLOOR], clocks[OURS]
    ours.later()
    handle = bare.time("request", floor.request)
    sent = mine.time("request", ours.request)
    mine.time("the pump", ours.deliver)
    digest = bare.time("verify", lambda: floor.verify(handle))
    signed_in = mine.time("verify", lambda: ours.verify(sent))
    _each(clocks, asked, "request")
    _each(clocks, asked, "verify")
    client = ours.by_code.client(signed_in.token)
    bare.time("session check", lambda: floor.session(digest), CHECKS)
    mine.time("session check", client.current_session, CHECKS)
    bare.time("password login", floor.log_in)
    mine.time("password login", ours.log_in)
    _each(clocks, asked, "password login")
    _each(clocks, asked, "session check", CHECKS)
    mine.time("profile", client.profile, 5)
    mine.time("upcoming appointments", client.appointments, 5)
    bare.time(HASH, floor.hash_alone)


def _each(clocks: Clocks, asked: Sequence[Peer], operation: str, times: int = 1) -> None:
    for peer in asked:
        if operation in peer.operations:
            clocks[peer.name].keep(operation, *peer.seconds(operation, times))


def measure(
    database: str, url: str, clients: int, rounds: int, asked: Sequence[Peer] = (), warming: int = 3
) -> dict[str, Any]:
    """What is said of one database: ``table.figures``."""
    ours, floor = Ours(url, clients), Floor(url, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    names = [FLOOR, OURS, *(peer.name for peer in asked)]
    for _ in range(warming):
        one_turn({name: Clock() for name in names}, ours, floor, asked)
    clocks = {name: Clock() for name in names}
    for _ in range(rounds * TURNS):
        one_turn(clocks, ours, floor, asked)
    counted = {OURS: statements(ours)}
    for peer in asked:
        counted[peer.name] = {name: str(len(peer.statements(name))) for name in peer.operations}
    ours.close()
    floor.engine.dispose()
    return figures(database, clocks, counted)


def statements(ours: Ours) -> dict[str, str]:
    """Statements of each operation: portal + platform."""
    counted: dict[str, str] = {}

    def count(name: str, thing: Callable[[], Any]) -> Any:
        with ours.counted() as seen:
            answer = thing()
        counted[name] = f"{seen['portal']} + {seen['host']}"
        return answer

    ours.later()
    sent = count("request", ours.request)
    ours.deliver()
    signed_in = count("verify", lambda: ours.verify(sent))
    count("session check", ours.by_code.client(signed_in.token).current_session)
    count("password login", ours.log_in)
    return counted


def growth(url_of: Callable[[int], str], sizes: Sequence[int], rounds: int) -> dict[str, dict[int, float]]:
    """The same operations among few clients and among many, in turns: 1.0 is flat (goal: ≤ 1.3)."""
    worlds = [(size, Ours(url_of(size), size)) for size in sizes]
    clocks = {size: Clock() for size in sizes}
    for turn in range(rounds * TURNS + 3):
        if turn == 3:  # those were to warm up
            clocks = {size: Clock() for size in sizes}
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
    found = {name: {size: ratio(clocks[size].found[name], first[name]) for size in sizes} for name in first}
    print(f"\n{'among clients':32}" + "".join(f"{size:>12,}" for size in sizes))
    for name, ratios in found.items():
        print(f"{name:32}" + "".join(f"{one:12.2f}" for one in ratios.values()))
    for _, ours in worlds:
        ours.close()
    return found


def import_times(best_of: int = 7) -> dict[str, float]:
    """Milliseconds of processor to import, net of the interpreter, the best of several: others' load is not in it.

    As where it is installed: from bytecode, which the first run writes.
    """
    kept = tempfile.TemporaryDirectory()
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": kept.name, "PYTHONDONTWRITEBYTECODE": ""}

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (used.ru_utime + used.ru_stime) * 1000

    def best(statement: str) -> float:
        times = []
        for _ in range(best_of + 1):
            began = spent()
            subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
            times.append(spent() - began)
        return min(times)

    bare = best("pass")
    found: dict[str, float] = {}
    print(f"\n{'import, net of the interpreter':32}{'CPU ms':>9}{'goal':>9}")
    for name, statement, goal in (
        ("SQLAlchemy, for comparison", "import sqlalchemy.ext.asyncio", ""),
        ("clientportal", "import clientportal", "≤ 150"),
        ("with its SQL store", "import clientportal.stores.sql, clientportal", "≤ 400"),
    ):
        with suppress(subprocess.CalledProcessError):
            found[name] = best(statement) - bare
            print(f"{name:32}{found[name]:9.0f}{goal:>9}")
    kept.cleanup()
    return found


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=7, help="of ten turns each; at least five")
    asked.add_argument("--clients", type=int, default=1000)
    asked.add_argument(
        "--postgres", default="", help="URL of a server whose user may create databases; 'no' leaves it out"
    )
    asked.add_argument("--peers", action="store_true", help="measure other libraries, too, where they are installed")
    asked.add_argument("--peers-python", default=sys.executable, help="the interpreter that has those of Python")
    asked.add_argument("--peers-node", default="", help="the folder in which npm has installed those of Node")
    asked.add_argument("--growth", nargs="?", const="1000,100000", default="", help="sizes, such as 1000,1000000")
    asked.add_argument("--only-growth", action="store_true", help="nothing beside --growth")
    asked.add_argument("--no-import", action="store_true", help="leave the time of importing out")
    asked.add_argument("--json", type=Path, help="a file for all figures")
    return asked.parse_args()


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    """Measure and print."""
    given = _asked()
    print(f"business {TENANT!r}, {given.clients:,} clients, {given.rounds} rounds of ten turns; {_load()}")
    told: dict[str, Any] = {"rounds": given.rounds, "clients": given.clients, "load_before": _load(), "databases": {}}
    with tempfile.TemporaryDirectory() as folder:
        databases: dict[str, Callable[[str], str]] = {}
        if not given.only_growth:
            databases["SQLite"] = lambda name: f"sqlite:///{Path(folder) / name}.db"
        if given.postgres != "no" and not given.only_growth:
            with suppress(ImportError):
                from postgres import durable_database

                durable_database(given.postgres)  # here it is seen whether there is one
                databases["PostgreSQL"] = lambda _name: durable_database(given.postgres)
        for database, new in databases.items():
            with peers(new, given.peers_python, given.peers_node, given.peers) as asked:
                found = measure(database, new("portal"), given.clients, given.rounds, asked)
            show(database, found)
            told["databases"][database] = found
        if given.growth:
            sizes = [int(size) for size in given.growth.split(",")]
            told["growth"] = growth(lambda size: f"sqlite:///{Path(folder) / f'growth-{size}.db'}", sizes, given.rounds)
    if not given.no_import and not given.only_growth:
        told["import_ms"] = import_times()
    print(f"\nat the end: {_load()}")
    told["load_after"] = _load()
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
