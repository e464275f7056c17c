"""Workers are killed with SIGKILL at random instants, again and again, and after each death it is asked what is left.

    PYTHONPATH=tests python -m crashes.kill_loop --times 2000 --store sqlite
    PYTHONPATH=tests python -m crashes.kill_loop --times 1000 --store postgresql --seed 7

``--host elsewhere`` keeps the platform's tables in a second database. ``--defects`` puts each seeded fault in, which
has to be found within so many kills. The command ends with 1 where a promise was broken, or a fault was not found, and
names the seed. Which acts are played follows from that; where exactly a worker dies does not.
"""

from __future__ import annotations

import argparse
import random
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from clientportal.stores.sql import SqlHost, SqlStore
from crashes.acts import script
from crashes.databases import database
from crashes.defects import DEFECTS
from crashes.elsewhere import elsewhere
from crashes.outside import Lines
from crashes.playing import Figures, Play
from crashes.salon import BUSINESSES, Salon

__all__ = ["main"]

_TOLD_EVERY = 100
_PLAYS = 5
"""How often each script is played under fire before another one is drawn."""


def main(arguments: list[str] | None = None) -> int:
    """The loop; 0 where every promise was kept, or every fault was found."""
    asked = _asked(arguments)
    # Whoever ends it early leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before its time"))
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    where = f"{asked.store}{', host elsewhere' if asked.host == 'elsewhere' else ''}, seed {seed}"
    with tempfile.TemporaryDirectory(prefix="clientportal-killed-") as name, database(asked.store, Path(name)) as url:
        folder = Path(name)
        store = SqlStore.open(url)
        store.upgrade()
        host = elsewhere(asked.store, url, folder) if asked.host == "elsewhere" else SqlHost
        if asked.defects:
            return sum(not _found(name, store, host, folder, asked.times, seed) for name in DEFECTS) and 1
        figures, began = Figures(), time.monotonic()
        try:
            _loop(_salons(store, host, folder), figures, Lines(folder / "acknowledged"), asked.times, seed)
        except AssertionError as error:
            print(f"LOST after {figures.kills} kills, {where}: {error}", file=sys.stderr)
            return 1
    print(f"{where}, {time.monotonic() - began:.0f} s: {figures}")
    return 0


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40, help="how often a worker is killed")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--host", choices=["here", "elsewhere"], default="here")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--defects", action="store_true", help="seeded faults, each of which has to be found")
    return parser.parse_args(arguments)


def _salons(store: SqlStore, host: Any, folder: Path) -> list[Salon]:
    return [Salon(name, store, host, folder) for name in BUSINESSES]


def _found(defect: str, store: SqlStore, host: Any, folder: Path, times: int, seed: int) -> bool:
    figures, salons = Figures(), _salons(store, host, folder)
    for salon in salons:
        DEFECTS[defect](salon)
    try:
        _loop(salons, figures, Lines(folder / "acknowledged"), times, seed)
    except AssertionError as error:
        print(f"{defect}: found after {figures.kills} kills: {str(error).splitlines()[0]}")
        return True
    print(f"{defect}: not found by {figures.kills} kills, seed {seed}", file=sys.stderr)
    return False


def _loop(salons: list[Salon], figures: Figures, acknowledged: Lines, times: int, seed: int) -> None:
    chance = random.Random(seed)
    told = 0
    while figures.kills < times:
        if figures.kills >= told + _TOLD_EVERY:
            told = figures.kills
            print(f"{told} kills", file=sys.stderr, flush=True)
        salon = chance.choice(salons)
        play = Play(salon, script(salon, chance), figures, acknowledged)
        for _ in range(_PLAYS):
            if figures.kills < times:
                play.run(chance)
    for salon in salons:
        salon.let_go()


if __name__ == "__main__":
    sys.exit(main())
