"""A new password: read, judged and hashed between two steps, so that nothing slow stands in a transaction.

Rules: ``rules/choosing_passwords.py``; the machinery: ``clientportal.passwords``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from clientportal.decisions import Because, Reason, Refusal
from clientportal.operations.setting import Setup
from clientportal.passwords import Hashing, HashingBusy, is_breached, is_listed
from clientportal.policy import SecondFactorUse
from clientportal.ports.observing import Happening
from clientportal.rules.choosing_passwords import PasswordFacts, judge_new_password, read_password
from clientportal.values import Secret

__all__ = ["hash_new", "hashing_place", "judge_new", "read_new"]


@asynccontextmanager
async def hashing_place(setup: Setup, tenant: str) -> AsyncGenerator[Hashing]:
    """A place to hash at. Where none becomes free in time: refused as ``busy``, and nothing was charged."""
    try:
        async with setup.gate.place(setup.policy_of(tenant).passwords) as hashing:
            yield hashing
    except HashingBusy:
        setup.observing.happened(Happening.GATE_BUSY, tenant)
        busy = Refusal(Reason.BUSY, Because("new_passwords.hashing_place", (("places", "all taken"),)))
    else:
        return
    raise setup.refused(busy, tenant)


def read_new(setup: Setup, tenant: str, password: Secret) -> Secret:
    """What was typed, as it is judged and hashed; raises ``InvalidInput`` for what no password can be."""
    return read_password(password, setup.policy_of(tenant).passwords)


async def judge_new(setup: Setup, tenant: str, password: Secret, context: Sequence[str | None]) -> None:
    """Refuse a password that nobody may choose here. ``context``: what a guesser would begin with, names and address.

    Raises ``Refused`` with ``password_too_short``, ``password_too_common``, ``password_breached``.
    """
    policy = setup.policy_of(tenant)
    facts = PasswordFacts(
        listed=is_listed(password),
        breached=await is_breached(setup.breaches, password, setup.gate),
        context=(*(text for text in context if text), *policy.passwords.context_words),
    )
    required = policy.accounts.second_factor is SecondFactorUse.REQUIRED
    no = judge_new_password(password, facts, policy.passwords, second_factor_required=required)
    if no is not None:
        raise setup.refused(no, tenant)


async def hash_new(setup: Setup, tenant: str, password: Secret, operation: str, scope: str, key: str | None) -> Secret:
    """The hash of a new password.

    With an idempotency key the salt is derived for that key alone, so that the same call once more makes the same hash,
    and another password under the key makes another: what is remembered of the call need not have the password.
    """
    salt: bytes | None = None
    if key is not None:
        salt = bytes.fromhex(setup.keys.fingerprint("salt", tenant, operation, scope, key))[:16]
    async with hashing_place(setup, tenant) as hashing:
        return await hashing.make(password, salt)
