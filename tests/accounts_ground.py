"""Accounts as they are found by scenarios that are not about registering: written straight into the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clientportal import RecordRef, Secret
from clientportal.keyring import digest, new_secret, token_for
from clientportal.passwords import BlockingGate, HashingLimits
from clientportal.ports import step
from clientportal.records import Account, AccountLink, Credential, Identifier, LinkEvidence, Put, Session, Write
from clientportal.values import parse_email
from world import AUCKLAND, World, at

__all__ = ["NEW_YORK", "a_link", "a_session", "an_account", "proves", "write"]

NEW_YORK = "America/New_York"


def write(world: World, *writes: Write) -> None:
    """Write the portal's own records, in a unit of its own."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            for one in writes:
                # What is written over must have been read.
                await unit.state.get(type(one.record), one.record.id)
            await unit.commit(writes)

    world.run(go())


def _instant(moment: str | datetime, zone: str) -> datetime:
    return at(moment, zone) if isinstance(moment, str) else moment


def an_account(
    world: World,
    email: str,
    created: str | datetime,
    *,
    proved: str | datetime | None = None,
    password: str | None = None,
    zone: str = AUCKLAND,
    **more: Any,
) -> str:
    """An account as registering leaves it, and, where ``proved``, as the proof of its email leaves it; its id.

    Times are wall clock in ``zone``. Without a password there is none, and nobody can log in.
    """
    key = parse_email(email).key()
    id = f"account-{new_secret()[:8]}"
    proved_at = None if proved is None else _instant(proved, zone)
    account = Account(
        id=id, email=str(key), address=email, created_at=_instant(created, zone), proved_at=proved_at, **more
    )
    writes: list[Write] = [Put(account)]
    if proved_at is not None:
        writes.append(Put(Identifier(id=str(key), account=id, proved_at=proved_at)))
    if password is not None:
        hashed = step(_hashed(world, password))
        writes.append(Put(Credential(id=id, hash=hashed, set_at=account.created_at, set_by="client")))
    write(world, *writes)
    return id


async def _hashed(world: World, password: str) -> Secret:
    async with BlockingGate(HashingLimits()).place(world.policy.passwords) as hashing:
        return await hashing.make(Secret(password))


def a_session(
    world: World, account_id: str, *, entry: RecordRef | None = None, own: Sequence[RecordRef] = ()
) -> Secret:
    """A session of an account, opened now; its token."""
    account = world.stored(Account, account_id)
    token = token_for(world.tenant, new_secret())
    now = world.clock()
    session = Session(
        id=digest(token.reveal()),
        entry=None if entry is None else str(entry),
        own=tuple(own),
        identity=account.email,
        opened_at=now,
        used_at=now,
        idle_until=now + world.policy.sessions.idle_for,
        ends_at=now + world.policy.sessions.lives_for,
        account=account_id,
    )
    write(world, Put(session))
    return token


def a_link(world: World, account_id: str, ref: RecordRef) -> None:
    """The account is linked to the record, as staff would link it."""
    link = AccountLink(
        id=AccountLink.id_of(account_id, ref),
        account=account_id,
        ref=str(ref),
        evidence=LinkEvidence.STAFF,
        made_at=world.clock(),
        actor="staff:mia",
    )
    write(world, Put(link))


def proves(world: World, account_id: str) -> int:
    """The account proves its email now: what follows for appointments (A8b) is written with it; how many it was."""
    from attrs import evolve

    from clientportal.operations.assignments import assign_at_first_proof
    from clientportal.operations.frame import Reading
    from clientportal.operations.setting import System

    async def go() -> int:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            inner = getattr(world.portal, "_awaited", world.portal)
            reading = Reading(inner._setup, unit, System(world.tenant), world.clock())
            account = await unit.state.get(Account, account_id)
            assert account is not None
            await reading.state.get(Identifier, account.email)
            assigned = await assign_at_first_proof(reading, account, account.identity)
            proved = evolve(account, proved_at=reading.now)
            identifier = Identifier(id=account.email, account=account.id, proved_at=reading.now)
            await unit.commit([Put(proved), Put(identifier), *assigned])
            return len(assigned)

    return int(world.run(go()))
