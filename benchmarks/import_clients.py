"""Importing clients from CSV into SQLite, beside bare inserts: ``python benchmarks/import_clients.py [--rows 100000]``.

Three runs over the same rows, each in a process of its own so that the peak of memory is its own: bare inserts of the
rows through SQLAlchemy Core in one table, with the batches and the durability of the import; the import into an empty
business; and its rows once more under another name, when every one is matched. Only the *ratios* of one run mean
anything: machines differ and are busy. The share of normalising is measured in the import's own process, by a clock
around the two functions that read a phone and an email.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROWS = 100_000
BATCH = 500
HEADER = "first_name,last_name,email,mobile,phone,street,city,postcode,notes"
FIRST = ("Ana", "Ben", "Mere", "Zoë", "Wiremu", "Carl", "Dora", "Hēmi", "Ida", "Jo")
LAST = ("Kingi", "Ngata", "Hart", "O'Neill", "Ngāta-King", "Lee", "van Dyk", "Otto", "Smith", "Brown")
MOBILES = ("021 {a} {b}", "+64 21 {a} {b}", "021{a}{b}", "0064 21 {a}-{b}", "(021) {a} {b}")
LANDLINES = ("09 3{a} {b}", "+64 9 3{a} {b}", "(09) 3{a}-{b}")


def lines(rows: int) -> Iterator[str]:
    """A list as another program writes it: every number in one of several spellings, some rows without."""
    yield HEADER + "\n"
    for n in range(rows):
        a, b = f"{n // 10_000 + 100:03}", f"{n % 10_000:04}"
        mobile = MOBILES[n % len(MOBILES)].format(a=a, b=b)
        phone = LANDLINES[n % len(LANDLINES)].format(a=a[1:], b=b) if n % 4 == 0 else ""
        email = f"{FIRST[n % 10]}.{n}@example.com" if n % 10 else ""
        name = f"{FIRST[n % 10]},{LAST[n // 10 % 10]}"
        yield f"{name},{email},{mobile},{phone},{n} Ponsonby Road,Auckland,1011,\n"


def peak() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bare(folder: Path, rows: int) -> dict[str, float]:
    """The cells of every row into one table, nothing read, nothing checked."""
    import csv

    from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event, insert

    engine = create_engine(f"sqlite:///{folder / 'bare.db'}")

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    names = HEADER.split(",")
    table = Table("clients", MetaData(), Column("id", Integer, primary_key=True), *(Column(n, String) for n in names))
    table.metadata.create_all(engine)
    statement, before = insert(table), peak()
    reader = csv.DictReader(lines(rows))
    began = time.perf_counter()
    batch: list[dict[str, str]] = []

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(statement, batch)
        batch.clear()

    for row in reader:
        batch.append(row)
        if len(batch) == BATCH:
            write()
    if batch:
        write()
    return {"seconds": time.perf_counter() - began, "megabytes": peak() - before}


class Clock:
    """Adds up the time that is spent in some functions."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


def imported(folder: Path, rows: int, name: str) -> dict[str, float]:
    """The whole import; a second name over the same business matches every row."""
    from clientportal import Business, KeyRing, Permission, Portal, presets
    from clientportal.operations import importing
    from clientportal.ports import step
    from clientportal.rules import whose_contact
    from clientportal.stores.sql import SqlHost, SqlStore

    store = SqlStore.open(f"sqlite:///{folder / 'portal.db'}")
    if name == "first":
        store.upgrade()
        with store.engine.begin() as connection:
            step(SqlHost(connection, "salon").add_business(Business("salon", "Kōwhai Hair", "Pacific/Auckland")))
    secret = folder / "key"
    if not secret.exists():
        secret.write_text(KeyRing.generate_secret())

    class Box:
        def send(self, message: object) -> None:
            raise AssertionError("nothing is sent")

    portal = Portal(
        store=store,
        host=SqlHost,
        policy=presets.timely(region="NZ"),
        senders={channel: Box() for channel in _channels()},
        keys=KeyRing.from_secrets({"k1": secret.read_text()}),
    )
    portal.walk_contacts("salon")
    phones, emails = Clock(), Clock()
    for module in (importing, whose_contact):
        module.phone_key = phones.around(module.phone_key)  # type: ignore[attr-defined]
        module.email_key = emails.around(module.email_key)  # type: ignore[attr-defined]
    staff = portal.staff("salon", actor="mia", permissions=frozenset(Permission))
    before, began, counted = peak(), time.perf_counter(), 0
    for row in staff.import_clients(lines(rows), name=name):
        counted += row.outcome == ("added" if name == "first" else "matched")
    took = time.perf_counter() - began
    assert counted == rows, (counted, rows)
    return {
        "seconds": took,
        "megabytes": peak() - before,
        "phones": phones.seconds / took,
        "emails": emails.seconds / took,
    }


def _channels() -> list[Any]:
    from clientportal import Channel

    return list(Channel)


def apart(what: str, folder: Path, rows: int) -> dict[str, float]:
    """One run in a fresh process."""
    command = [sys.executable, __file__, "--rows", str(rows), "--only", what, "--folder", str(folder)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(answer))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", choices=["bare", "first", "again"])
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.only is not None:
        run = bare(asked.folder, asked.rows) if asked.only == "bare" else imported(asked.folder, asked.rows, asked.only)
        print(json.dumps(run))
        return
    words = {"bare": "bare inserts", "first": "import, all added", "again": "import, all matched"}
    print(f"{asked.rows:,} rows of CSV into SQLite, {BATCH} a commit, every commit durable\n")
    print(f"{'':22}{'seconds':>9}{'rows/s':>9}{'x bare':>8}{'MB grown':>10}{'phones':>8}{'emails':>8}")
    with tempfile.TemporaryDirectory() as made:
        floor = 0.0
        for what, word in words.items():
            run = apart(what, Path(made), asked.rows)
            floor = floor or run["seconds"]
            shares = "".join(f"{run[name]:>8.0%}" if name in run else f"{'–':>8}" for name in ("phones", "emails"))
            print(
                f"{word:22}{run['seconds']:>9.1f}{asked.rows / run['seconds']:>9,.0f}"
                f"{run['seconds'] / floor:>8.1f}{run['megabytes']:>10.1f}{shares}"
            )


if __name__ == "__main__":
    main()
