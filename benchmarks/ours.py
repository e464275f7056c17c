"""Our portal as the benchmarks drive it: through its doors, on the same database as the floor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from attrs import evolve
from filling import TENANT, fill
from people import people
from sqlalchemy import event

from clientportal import Channel, ImportedAccount, KeyRing, OutgoingMessage, Policy, Portal, presets
from clientportal.outcomes import CodeSent, SignedIn
from clientportal.passwords import hashing
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.values import Secret

__all__ = ["Ours"]

PASSWORD = "kereru over the harbour"
EMAIL = "ana@bench.example"
_BOUNDS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET")


def _by_password() -> Policy:
    """TimeTap's, with the cheapest hash that argon2 knows: what is measured is everything else."""
    policy = presets.timetap(region="NZ")
    passwords = evolve(policy.passwords, memory_kib=8, passes=1)
    return evolve(policy, passwords=passwords, allow_weaker={"passwords.memory_kib", "passwords.passes"})


class Ours:
    """Two portals over one store: one where clients log in by a code, one where they do by a password."""

    def __init__(self, url: str, clients: int) -> None:
        self.store = SqlStore.open(url)
        self.store.upgrade()
        self.text = ""
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self.number = self._fill(clients)
        self.by_code = self._portal(presets.timely(region="NZ"))
        self.by_password = self._portal(_by_password())
        hashed = hashing.make(Secret(PASSWORD), _by_password().passwords)
        self.by_password.import_accounts(TENANT, [ImportedAccount(email=EMAIL, password_hash=hashed)])

    def send(self, message: OutgoingMessage) -> None:
        """Keep the last message: its text begins with the code."""
        self.text = message.text

    def _fill(self, clients: int) -> str:
        number = ""

        def noticed():
            nonlocal number
            for record in people(clients):
                number = number or (record.mobile or "")
                yield record

        fill(self.store, noticed(), rows=True)
        return number

    def _portal(self, policy: Policy) -> Portal:
        return Portal(
            store=self.store,
            host=SqlHost,
            policy=policy,
            keys=KeyRing.from_secrets({"bench": KeyRing.generate_secret()}),
            senders={Channel.SMS: self, Channel.EMAIL: self},
            base_url="https://bench.example/",
            clock=lambda: self._now,
        )

    def close(self) -> None:
        """Give the store back."""
        self.store.close()

    def later(self) -> None:
        """A day passes, so that no budget for sends is ever used up."""
        self._now += timedelta(days=1)

    def request(self) -> CodeSent:
        """Ask for a code: budgets, challenge, outbox and audit in one commit."""
        return self.by_code.visitor(TENANT).request_code(self.number)

    def deliver(self) -> None:
        """What the pump does of it, after the response: whose number is it, send, mark."""
        self.by_code.deliver(TENANT)

    def verify(self, sent: CodeSent) -> SignedIn:
        """Judge the code, find the client, open the session."""
        return self.by_code.visitor(TENANT).verify_code(sent.handle, self.text[:6])

    def log_in(self) -> SignedIn:
        """By email and password."""
        return self.by_password.visitor(TENANT).log_in(EMAIL, PASSWORD)

    @contextmanager
    def counted(self) -> Iterator[dict[str, int]]:
        """How many statements reach the portal's tables, and the platform's; BEGIN and its kin are not counted."""
        seen = {"portal": 0, "host": 0}

        def note(_connection, _cursor, sql, *_) -> None:
            if sql.split()[0].upper() not in _BOUNDS and "cp_schema" not in sql:
                seen["host" if "cp_host_" in sql else "portal"] += 1

        event.listen(self.store.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.store.engine, "before_cursor_execute", note)
