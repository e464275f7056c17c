"""Can it be told from the time it takes who has an account? ``python benchmarks/timing_of_login.py [--tries 1000]``.

A wrong password, a registration and a request for a new password, each for an address that has an account and for one
that has none, in turns, the first of each two drawn by lot. The hash is made as cheap as argon2 allows: what it costs
is the same for both by construction, and hides what else differs. On a database something does: three rows that are
there have to be read out of their text, a tenth of a millisecond in all. ``--as-chosen`` shows what is left of that
beside a hash as policies choose it.

What is printed is the area under the curve: how often a try at a known address took longer than one at an unknown one.
0.5 is a coin. Between 0.40 and 0.60 is taken for equal; a machine that was busy gets a second run. That the calls of
the ports and the statements are the same is proved by the tests (``tests/security``, ``tests/steps/test_costs.py``),
which never look at a clock.
"""

from __future__ import annotations

import argparse
import gc
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve, frozen

from clientportal import Business, Channel, ImportedAccount, KeyRing, OutgoingMessage, Policy, Portal, Refused, presets
from clientportal.passwords import hashing
from clientportal.ports import Store, step
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.testing.clock import FixedClock
from clientportal.values import Secret

EQUAL = (0.40, 0.60)
WRONG = "four words of nobody"
RIGHT = "kereru over the harbour"


class Nowhere:
    """Takes no message: nothing is delivered here."""

    def send(self, message: OutgoingMessage) -> None:
        raise AssertionError(message)


def quick() -> Policy:
    """TimeTap's policy with the cheapest hash."""
    policy = presets.timetap(region="NZ")
    passwords = evolve(policy.passwords, memory_kib=8, passes=1)
    return evolve(policy, passwords=passwords, allow_weaker={"passwords.memory_kib", "passwords.passes"})


def opened(where: str, folder: Path) -> tuple[Store, object]:
    """A store and a host on it: in memory, on SQLite, or at a URL of PostgreSQL."""
    if where == "memory":
        return MemoryStore(), MemoryHost
    store = SqlStore.open(f"sqlite:///{folder / 'portal.db'}" if where == "sqlite" else where)
    store.upgrade()
    return store, SqlHost


@frozen
class Studio:
    """A business of its own, however many share the store."""

    id: str
    portal: Portal
    clock: FixedClock
    policy: Policy

    def log_in(self, email: str) -> None:
        """With a password that is wrong, or would be."""
        with suppress(Refused):
            self.portal.visitor(self.id).log_in(email, WRONG)

    def register(self, email: str) -> None:
        """From anywhere."""
        consents = dict(self.policy.registration.consents)
        self.portal.visitor(self.id).register(email, WRONG, consents=consents)

    def request_reset(self, email: str) -> None:
        """Of whoever has the mailbox."""
        self.portal.visitor(self.id).request_reset(email)


def studio(where: str, folder: Path, known: int, policy: Policy) -> Studio:
    """A business with so many accounts, ``known-0@example.com`` and on."""
    id, clock = f"studio-{secrets.token_hex(4)}", FixedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    store, host = opened(where, folder)

    async def seed() -> None:
        async with store.begin(id, host, writes=True) as unit:
            await unit.host.add_business(Business(id, "Harbour Studio", "Pacific/Auckland"))
            await unit.commit(())

    step(seed())
    portal = Portal(
        store=store,
        host=host,
        policy=lambda _business: policy,
        keys=KeyRing.from_secrets({"k1": KeyRing.generate_secret()}),
        senders={Channel.EMAIL: Nowhere(), Channel.SMS: Nowhere()},
        clock=clock,
        base_url="https://studio.example/",
    )
    portal.walk_contacts(id)
    hashed = hashing.make(Secret(RIGHT), policy.passwords)
    rows = [ImportedAccount(email=f"known-{one}@example.com", password_hash=hashed) for one in range(known)]
    portal.import_accounts(id, rows)
    return Studio(id, portal, clock, policy)


ASKED: dict[str, Callable[[Studio, str], None]] = {
    "log_in, wrong": Studio.log_in,
    "register": Studio.register,
    "request_reset": Studio.request_reset,
}


def timed(at: Studio, ask: Callable[[Studio, str], None], tries: int) -> tuple[list[float], list[float]]:
    """The times for known and for unknown addresses, each address asked about once, in pairs by lot."""
    lots = random.Random(tries)
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    for one in warmed(tries):
        for kind in lots.sample(("known", "unknown"), 2):
            at.clock.advance(timedelta(minutes=11))
            began = time.perf_counter_ns()
            ask(at, f"{kind}-{one}@example.com")
            took[kind].append((time.perf_counter_ns() - began) / 1e6)
    return took["known"][20:], took["unknown"][20:]


def warmed(tries: int) -> Iterator[int]:
    """Twenty to warm up and then the tries; what is thrown away is collected between them, never within one."""
    gc.disable()
    try:
        for one in range(tries + 20):
            if one % 50 == 0:
                gc.collect()
            yield one
    finally:
        gc.enable()


def area(known: list[float], unknown: list[float]) -> float:
    """How likely it is that a known address took longer than an unknown one; ties count half."""
    ranked = sorted([(took, 1) for took in known] + [(took, 0) for took in unknown])
    below = wins = 0.0
    at = 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        same = [kind for _, kind in ranked[at:end]]
        wins += sum(same) * (below + (len(same) - sum(same)) / 2)
        below += len(same) - sum(same)
        at = end
    return wins / (len(known) * len(unknown))


def main() -> int:
    """Print the table; 1 where something can be told apart, twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--store", default="memory", help="memory, sqlite, or a URL")
    parser.add_argument("--as-chosen", action="store_true", help="with the hash that the policy chooses: slow")
    asked = parser.parse_args()
    policy = presets.timetap(region="NZ") if asked.as_chosen else quick()
    told_apart = False
    print(f"{asked.tries:,} tries each way on {asked.store.partition(':')[0]}\n")
    print(f"{'':16}{'known ms':>10}{'unknown ms':>12}{'AUC':>7}")
    for name, ask in ASKED.items():
        for again in (False, True):
            with TemporaryDirectory() as folder:
                at = studio(asked.store, Path(folder), asked.tries + 20, policy)
                known, unknown = timed(at, ask, asked.tries)
            found = area(known, unknown)
            middle = len(known) // 2
            print(f"{name:16}{sorted(known)[middle]:>10.3f}{sorted(unknown)[middle]:>12.3f}{found:>7.3f}")
            if EQUAL[0] <= found <= EQUAL[1]:
                break
            told_apart = told_apart or again
    return int(told_apart)


if __name__ == "__main__":
    sys.exit(main())
