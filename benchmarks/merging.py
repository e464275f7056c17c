"""What a merge of two records with a long history costs: ``python benchmarks/merging.py [--appointments 10000]``.

On an SQLite file where every commit is durable (WAL, synchronous FULL), in one interleaved run; only the *ratios* mean
anything. The floors are what somebody would write by hand: one durable commit of one row, and one UPDATE that moves the
rows with a journal from which it can be undone. Beside them our merge (a pointer; the host's rows stay), its undo, the
same with ``merging.reassign`` (rows move as well), and reading a page of appointments of a merged client and of one
that never was.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import evolve

from clientportal import (
    Appointment,
    AppointmentStatus,
    Business,
    Channel,
    ClientRecord,
    KeyRing,
    OutgoingMessage,
    Permission,
    Policy,
    Portal,
    RecordRef,
    Service,
    presets,
)
from clientportal.outcomes import Merged
from clientportal.ports import step
from clientportal.stores.sql import SqlHost, SqlStore

TENANT = "salon"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ANA, ANNA, WHOLE = (RecordRef.client(id) for id in ("ana", "anna", "whole"))
NUMBERS = {ANA: "+6421555001", ANNA: "+6421555002", WHOLE: "+6421555003"}


class Box:
    """Keeps the last message."""

    def send(self, message: OutgoingMessage) -> None:
        self.text = message.text


class Salon:
    """A business where Ana and Anna have that many appointments each, and one record has as many as both."""

    def __init__(self, path: Path, policy: Policy, appointments: int) -> None:
        self.store = SqlStore.open(f"sqlite:///{path}")
        self.store.upgrade()
        self.box = Box()
        self.portal = Portal(
            store=self.store,
            host=SqlHost,
            policy=policy,
            keys=KeyRing.from_secrets({"k": KeyRing.generate_secret()}),
            senders={Channel.SMS: self.box},
            clock=lambda: NOW,
        )
        step(self._lay_out(appointments))
        self.portal.walk_contacts(TENANT)
        self.staff = self.portal.staff(TENANT, actor="benchmark", permissions=frozenset(Permission))
        self.merge_id = ""

    async def _lay_out(self, appointments: int) -> None:
        async with self.store.begin(TENANT, SqlHost, writes=True) as unit:
            host = unit.host
            await host.add_business(Business(TENANT, "Kōwhai Hair", "Pacific/Auckland"))
            await host.add_services([Service("cut", "Cut", timedelta(minutes=45))])
            await host.add_clients([ClientRecord(ref, NOW, "Ana", "Kingi", mobile=NUMBERS[ref]) for ref in NUMBERS])
            for ref, count in ((ANA, appointments), (ANNA, appointments), (WHOLE, 2 * appointments)):
                await host.add_appointments([_appointment(ref, at, count) for at in range(count)])
            await unit.commit(())

    def merge(self) -> None:
        """Ana absorbs Anna."""
        done: Merged = self.staff.merge(ANA, ANNA)
        self.merge_id = done.merges[0]

    def undo(self) -> None:
        """And back."""
        self.staff.undo(self.merge_id)

    def reading(self, ref: RecordRef) -> Callable[[], object]:
        """A client's first page of appointments, in a session of theirs."""
        door = self.portal.visitor(TENANT)
        sent = door.request_code(NUMBERS[ref])
        self.portal.deliver(TENANT)
        return self.portal.client(door.verify_code(sent.handle, self.box.text[:6]).token).appointments


def _appointment(ref: RecordRef, at: int, count: int) -> Appointment:
    # Half of them are over.
    start = NOW + timedelta(hours=at - count // 2)
    id = f"{ref.id}{at:06}"
    return Appointment(
        id, ref, "cut", start, start + timedelta(minutes=45), "Pacific/Auckland", AppointmentStatus.CONFIRMED, NOW
    )


class Floor:
    """The same tables, by the driver alone: what somebody would write by hand."""

    def __init__(self, path: Path, appointments: int) -> None:
        Salon(path, presets.timely(region="NZ"), appointments)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE notes (text TEXT);")

    def commit(self) -> None:
        """One row, durable."""
        self.db.execute("INSERT INTO notes (text) VALUES ('Anna is Ana')")

    def move(self) -> None:
        """One UPDATE of Anna's rows; each keeps whose it was, which is the journal."""
        self.db.execute(
            "UPDATE cp_host_appointments SET client_id = 'ana', moved_from = 'client:anna' "
            "WHERE tenant = 'salon' AND client_id = 'anna'"
        )

    def back(self) -> None:
        """By that column."""
        self.db.execute(
            "UPDATE cp_host_appointments SET client_id = 'anna', moved_from = NULL "
            "WHERE tenant = 'salon' AND moved_from = 'client:anna'"
        )


def measure(rounds: int, things: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Milliseconds, the median of the rounds: every thing in every round, one after the other, in this order."""
    found: dict[str, list[float]] = {name: [] for name in things}
    for _ in range(rounds):
        for name, thing in things.items():
            began = time.perf_counter()
            thing()
            found[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--appointments", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=25)
    given = arguments.parse_args()
    plain = presets.timely(region="NZ")
    moving = evolve(plain, merging=evolve(plain.merging, reassign=True))
    with tempfile.TemporaryDirectory() as folder:
        floor = Floor(Path(folder) / "floor.db", given.appointments)
        small = Salon(Path(folder) / "small.db", plain, 10)
        salon = Salon(Path(folder) / "salon.db", plain, given.appointments)
        mover = Salon(Path(folder) / "mover.db", moving, given.appointments)
        costs = measure(
            given.rounds,
            {
                "floor: one durable commit": floor.commit,
                "floor: one UPDATE and its journal": floor.move,
                "floor: the same, back": floor.back,
                "merge, 10 appointments each": small.merge,
                "undo, 10 appointments each": small.undo,
                "merge": salon.merge,
                "undo": salon.undo,
                "merge with reassign": mover.merge,
                "undo with reassign": mover.undo,
            },
        )
        salon.merge()
        reads = {"never merged": salon.reading(WHOLE), "through the pointer": salon.reading(ANA)}
        pages = measure(given.rounds * 4, reads)
    print(f"{given.appointments} appointments each, SQLite\n{'':36}{'ms':>8}{'of a commit':>13}{'of the UPDATE':>15}")
    commit, update = costs["floor: one durable commit"], costs["floor: one UPDATE and its journal"]
    for name, ms in costs.items():
        print(f"{name:36}{ms:8.2f}{ms / commit:13.2f}{ms / update:15.3f}")
    print(f"\n{'a page of appointments':36}{'ms':>8}{'ratio':>13}")
    for name, ms in pages.items():
        print(f"{name:36}{ms:8.2f}{ms / pages['never merged']:13.2f}")


if __name__ == "__main__":
    main()
