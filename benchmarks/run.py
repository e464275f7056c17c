"""Our operations beside the floor, in one interleaved run: ``python benchmarks/run.py [--rounds 7]``.

The floor is the bare statements that any correct implementation needs, through SQLAlchemy Core with prebuilt
statements, on the same database with the same durability. Machines differ and are busy: only the *ratios* of one run
mean anything.
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)

from clientportal import Business, Channel, ClientRecord, KeyRing, OutgoingMessage, Portal, RecordRef, presets
from clientportal.ports import step
from clientportal.stores.sql import SqlHost, SqlStore

TENANT = "bench"


class Box:
    """Keeps the last message."""

    def send(self, message: OutgoingMessage) -> None:
        self.text = message.text


class Floor:
    """Challenges, sessions and clients in three bare tables."""

    def __init__(self, path: Path) -> None:
        self.engine: Engine = create_engine(f"sqlite:///{path}")

        @event.listens_for(self.engine, "connect")
        def settings(connection, _record):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

        tables = MetaData()
        self.challenges = Table(
            "challenges",
            tables,
            Column("id", String, primary_key=True),
            Column("code", String),
            Column("spent", Integer),
        )
        self.sessions = Table(
            "sessions", tables, Column("id", String, primary_key=True), Column("client", String), Column("ends", String)
        )
        self.clients = Table("clients", tables, Column("id", String, primary_key=True), Column("name", String))
        tables.create_all(self.engine)
        self.ask = insert(self.challenges)
        self.read = select(self.challenges).where(self.challenges.c.id == bindparam("i"))
        self.spend = (
            update(self.challenges)
            .where(self.challenges.c.id == bindparam("i"), self.challenges.c.spent == 0)
            .values(spent=1)
        )
        self.open = insert(self.sessions)
        self.check = (
            select(self.sessions, self.clients)
            .join(self.clients, self.clients.c.id == self.sessions.c.client)
            .where(self.sessions.c.id == bindparam("i"))
        )
        with self.engine.begin() as connection:
            connection.execute(insert(self.clients), {"id": "ana", "name": "Ana"})

    def login(self) -> str:
        """One insert; then read, spend, open, in one transaction."""
        handle = secrets.token_hex(16)
        with self.engine.begin() as connection:
            connection.execute(self.ask, {"id": handle, "code": "123456", "spent": 0})
        with self.engine.begin() as connection:
            connection.execute(self.read, {"i": handle}).one()
            connection.execute(self.spend, {"i": handle})
            token = secrets.token_hex(32)
            digest = hashlib.sha256(token.encode()).hexdigest()
            connection.execute(self.open, {"id": digest, "client": "ana", "ends": "2099"})
        return digest

    def session(self, digest: str) -> None:
        """One select with a join."""
        with self.engine.connect() as connection:
            connection.execute(self.check, {"i": digest}).one()


def portal_on(path: Path, clients: int) -> tuple[Portal, Box, Callable[[], None]]:
    """A portal over an SQLite file with that many clients, and a way to move its clock on."""
    store = SqlStore.open(f"sqlite:///{path}")
    store.upgrade()
    box = Box()
    now = [datetime(2026, 1, 1, tzinfo=UTC)]

    def later() -> None:
        now[0] += timedelta(days=1)

    portal = Portal(
        store=store,
        host=SqlHost,
        policy=presets.timely(region="NZ"),
        keys=KeyRing.from_secrets({"k": KeyRing.generate_secret()}),
        senders={Channel.SMS: box},
        clock=lambda: now[0],
    )

    async def seed() -> None:
        async with store.begin(TENANT, SqlHost, writes=True) as unit:
            await unit.host.add_business(Business(TENANT, "Bench", "Pacific/Auckland"))
            made = datetime(2025, 1, 1, tzinfo=UTC)
            await unit.host.add_clients(
                [
                    ClientRecord(RecordRef.client(f"c{i}"), made, first_name="Ana", mobile=f"+6421{1000000 + i}")
                    for i in range(clients)
                ]
            )
            await unit.commit(())

    step(seed())
    portal.walk_contacts(TENANT)
    return portal, box, later


def measure(rounds: int, many: int, things: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds per call: every thing in every round, one after the other."""
    found: dict[str, list[float]] = {name: [] for name in things}
    for _ in range(rounds):
        for name, thing in things.items():
            began = time.perf_counter()
            for _ in range(many):
                thing()
            found[name].append((time.perf_counter() - began) / many)
    return found


def import_time() -> tuple[float, float]:
    """Milliseconds to import the core, and the core with the SQL store, net of the interpreter (best of five)."""

    def best(statement: str) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            times.append((time.perf_counter() - began) * 1000)
        return min(times)

    bare = best("pass")
    return best("import clientportal") - bare, best("import clientportal.stores.sql, clientportal") - bare


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--clients", type=int, default=1000)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        floor = Floor(Path(folder) / "floor.db")
        portal, box, later = portal_on(Path(folder) / "portal.db", given.clients)
        door = portal.visitor(TENANT)

        def login() -> object:
            later()
            sent = door.request_code("021 1000001")
            portal.deliver(TENANT)
            return door.verify_code(sent.handle, box.text[:6])

        logins = {"floor: code login": floor.login, "code login, pump included": login}
        found = measure(given.rounds, 20, logins)
        client, digest = portal.client(login().token), floor.login()
        reads = {
            "floor: session check": lambda: floor.session(digest),
            "session check and profile": client.profile,
            "upcoming appointments": client.appointments,
        }
        found |= measure(given.rounds, 20, reads)
    print(f"{'':38}{'p50 ms':>9}{'ratio':>8}")
    base = {"code": "floor: code login", "session": "floor: session check", "upcoming": "floor: session check"}
    for name, times in found.items():
        middle = statistics.median(times)
        against = statistics.median(found[base.get(name.split()[0], name)]) if not name.startswith("floor") else middle
        print(f"{name:38}{middle * 1000:9.2f}{middle / against:8.1f}")
    core, sql = import_time()
    print(f"{'import clientportal':38}{core:9.0f}\n{'import with the SQL store':38}{sql:9.0f}")


if __name__ == "__main__":
    main()
