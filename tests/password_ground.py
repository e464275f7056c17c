"""Accounts to log in with: cheap to hash for, and made without asking anybody."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from attrs import evolve

from accounts_ground import write
from clientportal import RecordRef, Secret
from clientportal.passwords import hashing
from clientportal.policy import Policy, presets
from clientportal.records import Account, AccountLink, AccountOrigin, Credential, Identifier, LinkEvidence, Put
from clientportal.values import parse_email
from world import World

__all__ = ["NEW", "RIGHT", "WRONG", "CountingGate", "add_account", "cheap", "count_hashes", "log_in", "with_passwords"]

RIGHT = "kereru over the harbour"
NEW = "pohutukawa by the lighthouse"
WRONG = "tui in the kowhai tree"


def cheap(policy: Policy, **passwords: Any) -> Policy:
    """The same with hashes that cost next to nothing."""
    weak = {"passwords.memory_kib", "passwords.passes"}
    return evolve(
        policy,
        passwords=evolve(policy.passwords, memory_kib=8, passes=1, **passwords),
        allow_weaker=policy.allow_weaker | weak,
    )


def with_passwords(world: World, policy: Policy | None = None) -> World:
    """A business whose clients log in with a password: TimeTap's, unless said."""
    world.use(cheap(policy or presets.timetap(region="NZ")))
    return world


def add_account(
    world: World,
    id: str = "ana",
    email: str = "ana@example.com",
    password: str | None = RIGHT,
    *,
    proved: bool = True,
    owns: bool = True,
    ref: RecordRef | None = None,
    policy: Policy | None = None,
) -> Account:
    """An account with a password; ``owns``: its email logs in to it; ``ref``: the record it is linked to."""
    key = str(parse_email(email).key())
    at = world.clock() if proved else None
    account = Account(
        id=id, email=key, address=email, created_at=world.clock(), proved_at=at, origin=AccountOrigin.REGISTERED
    )
    writes: list[Any] = [Put(account)]
    if owns:
        writes.append(Put(Identifier(id=key, account=id, proved_at=at)))
    if password is not None:
        made = hashing.make(Secret(password), (policy or world.policy).passwords)
        writes.append(Put(Credential(id=id, hash=made, set_at=world.clock(), set_by="client")))
    if ref is not None:
        writes.append(
            Put(
                AccountLink(
                    id=AccountLink.id_of(id, ref),
                    account=id,
                    ref=str(ref),
                    evidence=LinkEvidence.STAFF,
                    made_at=world.clock(),
                    actor="staff:mia",
                )
            )
        )
    write(world, *writes)
    return account


def log_in(world: World, email: str = "ana@example.com", password: str = RIGHT, **more: Any) -> Any:
    """The whole login; a second later, so that one session is not another's age."""
    world.clock.advance(timedelta(seconds=1))
    return world.visitor(**more).log_in(email, password)


class CountingGate:
    """Counts what is hashed, and may do something just then, while no unit is open."""

    def __init__(self, gate: Any) -> None:
        self._gate = gate
        self.past = gate.past
        self.places = 0
        self.checks = 0
        self.made = 0
        self.meanwhile: list[Any] = []

    @asynccontextmanager
    async def place(self, policy: Any) -> Any:
        """A place whose work is counted."""
        self.places += 1
        async with self._gate.place(policy) as inner:
            yield _Counted(self, inner)

    async def run(self, work: Any, longest: Any = None) -> Any:
        """As the gate itself."""
        return await self._gate.run(work, longest)

    async def within(self, longest: Any, answer: Any) -> Any:
        """As the gate itself."""
        return await self._gate.within(longest, answer)


class _Counted:
    def __init__(self, gate: CountingGate, inner: Any) -> None:
        self._gate = gate
        self._inner = inner

    async def check(self, stored: Any, password: Any) -> Any:
        self._gate.checks += 1
        if self._gate.meanwhile:
            await self._gate.meanwhile.pop(0)()
        return await self._inner.check(stored, password)

    async def make(self, password: Any) -> Any:
        self._gate.made += 1
        return await self._inner.make(password)


def count_hashes(portal: Any) -> CountingGate:
    """Put a counting gate into a portal of either colour."""
    inner = getattr(portal, "_awaited", portal)
    gate = CountingGate(inner._setup.gate)
    inner._setup = evolve(inner._setup, gate=gate)
    return gate
