"""The duplicate report beside its floor and its peers: ``python benchmarks/duplicates.py [--count 1000000]``.

The client base is ``people.py``'s, in the contact index of an SQLite file (and of PostgreSQL with ``--postgres URL``).
Every method runs in a process of its own, one after the other in every round; only the *ratios* of one run mean
anything. The floor is the bare driver fetching the rows of the index, one by one, and letting go of them. Peers are
given what they are best at: normalised keys, in their own format where they have one, without the keys that are on too
many records (those would make pairs of everybody). A peer that is not installed is left out, and said so.

``--part`` chooses: ``report`` (seconds and memory), ``growth`` (ten times the rows; one phone for all; a chain),
``quality`` (precision and recall of pairs against the truth), ``lookup`` (one record in a small and a large base).
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import evolve
from filling import TENANT, fill, open_store
from people import Record, people

from clientportal import Channel, KeyRing, OutgoingMessage, Permission, Policy, Portal, RecordRef, presets
from clientportal.operations.components import index_components
from clientportal.policy import MatchingPolicy
from clientportal.ports import step
from clientportal.stores.sql import SqlHost, SqlStore

CAP = 10
SEED = 1
FETCH = "SELECT key, ref FROM cp_contact_index WHERE tenant = ? AND key >= 'email:' AND key < 'phone:'"
"""Mobiles and emails: what counts by default. No key of ours sorts between the two kinds."""


def exact() -> Policy:
    """T5: whoever shares a mobile or an email."""
    return presets.timely(region="NZ")


def careful() -> Policy:
    """The careful policy of the how-to page: any contact, but under names that are alike and no other birthday."""
    return evolve(
        exact(),
        matching=MatchingPolicy(
            weights={"mobile": 1, "phone": 1, "email": 1},
            vetoes=frozenset({"name", "birthday"}),
            names="similar",
            alike_from=0.87,
        ),
    )


# --- methods: each takes the database, and gives the number of groups ------------------------------------------------


def _rows(url: str) -> Iterator[tuple[str, str]]:
    if url.startswith("sqlite"):
        yield from sqlite3.connect(url.removeprefix("sqlite:///")).execute(FETCH, (TENANT,))
        return
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor("rows") as cursor:
        cursor.itersize = 10_000
        yield from cursor.execute(FETCH.replace("?", "%s"), (TENANT,))


def fetch(url: str) -> int:
    """Floor: the rows, nothing done with them."""
    return sum(1 for _ in _rows(url))


def fetch_and_hash(url: str) -> int:
    """Floor: the rows, and who has which key in a dict."""
    return len(_by_key(url))


def _by_key(url: str) -> dict[str, list[str]]:
    held: dict[str, list[str]] = defaultdict(list)
    for key, ref in _rows(url):
        held[key].append(ref)
    return held


def ours(url: str) -> int:
    """The library: colliding keys from the index, closed over."""

    async def run() -> int:
        async with SqlStore.open(url).begin(TENANT, SqlHost, writes=False) as unit:
            return len(await index_components(unit.state, exact()))

    return step(run())


def ours_whole(url: str) -> int:
    """The library's whole report: every row of a group read again in the host's tables, each pair weighed and told."""
    return sum(1 for _ in door(url, exact()).scan_duplicates())


def ours_careful(url: str) -> int:
    """The whole report by the careful policy: similar names, households, birthdays."""
    return sum(1 for _ in door(url, careful()).scan_duplicates())


def union_find(url: str) -> int:
    """A dict of keys and union-find in plain Python."""
    above: dict[str, str] = {}

    def top(ref: str) -> str:
        while above[ref] != ref:
            above[ref] = ref = above[above[ref]]
        return ref

    for refs in _by_key(url).values():
        if 2 <= len(refs) <= CAP:
            for ref in refs:
                above.setdefault(ref, ref)
            for first, second in pairwise(refs):
                above[top(second)] = top(first)
    return sum(up == ref for ref, up in above.items())


def networkx(url: str) -> int:
    """pandas groups, networkx closes over."""
    import networkx as nx
    import pandas as pd

    frame = pd.DataFrame(_rows(url), columns=["key", "ref"])
    sizes = frame.groupby("key")["ref"].transform("size")
    shared = frame[(sizes >= 2) & (sizes <= CAP)].sort_values("key")
    before = shared.shift()
    pairs = shared["ref"][shared["key"] == before["key"]]
    graph = nx.Graph(zip(pairs, before["ref"][shared["key"] == before["key"]], strict=True))
    return sum(1 for _ in nx.connected_components(graph))


def splink(url: str) -> int:
    """Splink 5, a deterministic link on DuckDB with clustering, over a Parquet file of one row per record."""
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    # What it says of every step is silenced where it is said, not in the process that measures.
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        api = DuckDBAPI(connection)
        rows = api.register(connection.sql(f"SELECT * FROM '{_wide(url)}'"))
        rules = [block_on("mobile"), block_on("email")]
        linker = Linker(rows, SettingsCreator(link_type="dedupe_only", blocking_rules_to_generate_predictions=rules))
        links = linker.inference.deterministic_link()
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(links)
        counted = "SELECT count(*) FROM (SELECT 1 FROM {} GROUP BY cluster_id HAVING count(*) > 1)"
        ((count,),) = connection.execute(counted.format(found.physical_name)).fetchall()
        return int(count)


def _wide(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).with_suffix(".parquet")


def prepare_splink(url: str) -> None:
    """Its file, made before the clock runs: the cap is applied here, and the three kinds are three columns."""
    import pyarrow
    from pyarrow import parquet

    wide: dict[str, dict[str, str]] = defaultdict(dict)
    for key, refs in _by_key(url).items():
        kind, _, value = key.partition(":")
        for ref in refs:
            wide[ref][kind] = value if len(refs) <= CAP else ""
    columns = {"unique_id": list(wide)}
    for kind in ("mobile", "email"):
        columns[kind] = [each.get(kind) or None for each in wide.values()]
    parquet.write_table(pyarrow.table(columns), _wide(url))


METHODS: dict[str, tuple[Callable[[str], int], tuple[str, ...]]] = {
    "floor: rows fetched": (fetch, ()),
    "floor: fetched and hashed": (fetch_and_hash, ()),
    "clientportal: components": (ours, ()),
    "dict + union-find": (union_find, ()),
    "pandas + networkx": (networkx, ("pandas", "networkx")),
    "splink 5 on DuckDB": (splink, ("splink", "duckdb", "pyarrow")),
    "clientportal: whole report": (ours_whole, ()),
    "clientportal: careful report": (ours_careful, ("rapidfuzz",)),
}
SLOW = frozenset(
    {"pandas + networkx", "splink 5 on DuckDB", "clientportal: whole report", "clientportal: careful report"}
)
"""Run in the first three rounds only."""


class Nobody:
    """Takes messages, of which there are none."""

    def send(self, message: OutgoingMessage) -> None:
        raise AssertionError(message.to)


def door(url: str, policy: Policy) -> Any:
    """The staff's door of a portal over that database."""
    keys = KeyRing.from_secrets({"k": KeyRing.generate_secret()})
    portal = Portal(store=SqlStore.open(url), host=SqlHost, policy=policy, keys=keys, senders={Channel.SMS: Nobody()})
    return portal.staff(TENANT, actor="benchmark", permissions=frozenset(Permission))


# --- measuring -------------------------------------------------------------------------------------------------------


def child(name: str, url: str) -> None:
    """One method, once: its seconds, its peak of memory above the process that has imported everything, its count."""
    method, packages = METHODS[name]
    for package in packages:
        __import__(package)
    before = _peak()
    began = time.perf_counter()
    count = method(url)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "mb": _peak() - before, "count": count}))


def _peak() -> float:
    """The most memory that this program ever had, in MB: getrusage would count what its parent had, too."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def once(name: str, url: str) -> dict[str, float]:
    """The same in a new process."""
    command = [sys.executable, __file__, "--child", name, "--url", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def installed(name: str) -> bool:
    """Whether its packages are there."""
    import importlib.util

    missing = [package for package in METHODS[name][1] if importlib.util.find_spec(package) is None]
    if missing:
        print(f"{name}: not installed here: {', '.join(missing)}")
    return not missing


def compare(url: str, names: Iterable[str], rounds: int) -> dict[str, float]:
    """Every method in every round; a line for each with its median, its ratio to the floor and its memory."""
    names = [name for name in names if installed(name)]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for at in range(rounds):
        for name in names:
            if at < 3 or name not in SLOW:
                found[name].append(once(name, url))
    print(f"{'':34}{'s':>8}{'ratio':>8}{'MB':>7}{'found':>10}")
    middles = {name: statistics.median(one["seconds"] for one in each) for name, each in found.items()}
    for name, each in found.items():
        mb = statistics.median(one["mb"] for one in each)
        ratio = middles[name] / middles[names[0]]
        print(f"{name:34}{middles[name]:8.2f}{ratio:8.2f}{mb:7.0f}{each[0]['count']:10.0f}", flush=True)
    return middles


def base(folder: Path, count: int, records: Iterable[Record] | None = None, name: str = "people") -> str:
    """The URL of a database with that client base; made where an earlier run has not left it."""
    file = folder / f"{name}-{count}.db"
    url = f"sqlite:///{file}"
    if not file.exists():
        print(f"laying out {count} {name} …", flush=True)
        fill(open_store(url), people(count, SEED) if records is None else records, rows=records is None)
    return url


def report(folder: Path, count: int, rounds: int, postgres: str | None, *, whole: bool) -> None:
    """Part one: seconds and memory."""
    url = base(folder, count)
    methods = [name for name in METHODS if whole or not name.endswith("report")]
    if installed("splink 5 on DuckDB"):
        prepare_splink(url)
    print(f"\n{count} clients, SQLite")
    compare(url, methods, rounds)
    if postgres is not None:
        store = SqlStore.open(postgres)
        store.upgrade()
        fill(store, people(count, SEED), rows=False)
        print(f"\n{count} clients, PostgreSQL")
        compare(postgres, ["floor: rows fetched", "floor: fetched and hashed", "clientportal: components"], rounds)


def one_phone(count: int) -> Iterator[Record]:
    """Everybody shares one phone."""
    for at in range(count):
        yield Record(f"c{at:07}", at, "Ana", str(at), None, None, None, None, ("mobile:+64215550142",))


def a_chain(count: int) -> Iterator[Record]:
    """Each shares a key with the next."""
    for at in range(count):
        keys = (f"email:{at:07}@example.com", f"email:{at + 1:07}@example.com")
        yield Record(f"c{at:07}", 1, "Ana", None, None, None, None, None, keys)


def growth(folder: Path, count: int, rounds: int) -> None:
    """Part two: ten times the rows; everyone with one phone; a chain."""
    shapes: dict[str, Callable[[int], Iterable[Record] | None]] = {
        "people": lambda _: None,
        "one-phone": one_phone,
        "chain": a_chain,
    }
    print(f"\n{'clientportal: components':34}{'clients':>10}{'s':>8}{'times':>8}{'MB':>7}")
    for name, shape in shapes.items():
        large = count // 10 if name == "chain" else count
        sizes = (large // 10, large)
        urls = [base(folder, size, shape(size), name) for size in sizes]
        runs = [[once("clientportal: components", url) for url in urls] for _ in range(rounds)]
        seconds = [statistics.median(run[at]["seconds"] for run in runs) for at in range(2)]
        for at, size in enumerate(sizes):
            mb = statistics.median(run[at]["mb"] for run in runs)
            print(f"{name:34}{size:10}{seconds[at]:8.2f}{seconds[at] / seconds[0]:8.1f}{mb:7.0f}", flush=True)


def quality(folder: Path, count: int) -> None:
    """Part three: of the pairs that are shown, how many are one person; of the pairs of one person, how many shown."""
    url = base(folder, count)
    person = {one.id: one.person for one in people(count, SEED)}
    truth = _pairs(Counter(person.values()).values())
    three = evolve(exact(), matching=MatchingPolicy(weights={"mobile": 1, "phone": 1, "email": 1}))
    policies = {
        "exact keys, mobile and email": exact(),
        "the same, on up to 100 records": evolve(exact(), contacts=evolve(exact().contacts, shared_by_at_most=100)),
        "exact keys, landlines as well": three,
        "careful": careful(),
    }
    print(f"\n{'pairs':34}{'precision':>10}{'recall':>10}{'groups':>10}")
    for name, policy in policies.items():
        shown = right = groups = 0
        for group in door(url, policy).scan_duplicates():
            groups += 1
            shown += _pairs([len(group.refs)])
            right += _pairs(Counter(person[ref.id] for ref in group.refs).values())
        print(f"{name:34}{right / shown:10.4f}{right / truth:10.4f}{groups:10}", flush=True)


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def lookup(folder: Path, count: int, rounds: int) -> None:
    """Part four: ``duplicates_of`` one record, in a small base and in a large one."""
    sizes = (1000, count)
    doors = [door(base(folder, size), exact()) for size in sizes]
    draw = random.Random(SEED)
    found: list[list[float]] = [[], []]
    for _ in range(rounds * 100):
        for at, size in enumerate(sizes):
            ref = RecordRef.client(f"c{draw.randrange(size):07}")
            began = time.perf_counter()
            doors[at].duplicates_of(ref)
            found[at].append(time.perf_counter() - began)
    print(f"\n{'duplicates_of one record':34}{'p50 ms':>10}{'p99 ms':>10}{'times':>8}")
    for at, size in enumerate(sizes):
        middle = statistics.median(found[at])
        late = statistics.quantiles(found[at], n=100)[98]
        name = f"among {size}"
        print(f"{name:34}{middle * 1000:10.2f}{late * 1000:10.2f}{middle / statistics.median(found[0]):8.2f}")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--part", choices=("report", "growth", "quality", "lookup"), action="append")
    arguments.add_argument("--postgres", help="the URL of an empty database: postgresql+psycopg://…")
    arguments.add_argument("--closing-only", action="store_true", help="leave out the whole reports: they take minutes")
    arguments.add_argument("--keep", type=Path, help="a folder for the databases, to be used again by the next run")
    arguments.add_argument("--child", help=argparse.SUPPRESS)
    arguments.add_argument("--url", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        child(given.child, given.url)
        return
    parts = given.part or ["report", "growth", "quality", "lookup"]
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if "report" in parts:
            report(folder, given.count, given.rounds, given.postgres, whole=not given.closing_only)
        if "growth" in parts:
            growth(folder, given.count, given.rounds)
        if "quality" in parts:
            quality(folder, given.count)
        if "lookup" in parts:
            lookup(folder, given.count, given.rounds)


if __name__ == "__main__":
    main()
