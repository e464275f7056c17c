"""Finding accounts by email, for staff: whom an appointment may be assigned to, whom a caller on the phone is."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.operations.frame import Operation, Reading
from clientportal.outcomes import AccountLine
from clientportal.policy import Policy
from clientportal.records import Account, Credential, Identifier, SecondFactor
from clientportal.rules.who_may_manage import Permission
from clientportal.values import mask, parse_email

__all__ = ["FIND_ACCOUNTS", "AccountsWith"]

_MOST = 100


@frozen
class AccountsWith:
    """Which email, in any spelling."""

    email: str


async def _load_accounts(reading: Reading, asked: AccountsWith) -> tuple[AccountLine, ...]:
    """The account that the email logs in to, and the registrations that have merely typed it, oldest first."""
    state = reading.state
    key = str(parse_email(asked.email).key())
    identifier = await state.get(Identifier, key)
    owner = None if identifier is None else await state.get(Account, identifier.account)
    accounts = {one.id: one for one in await state.find(Account, "email", [key], limit=_MOST)}
    if owner is not None:
        accounts[owner.id] = owner
    ids = sorted(accounts)
    credentials = await state.get_many(Credential, ids)
    factors = await state.get_many(SecondFactor, ids)
    lines = [
        AccountLine(
            account_id=one.id,
            email=one.address,
            name=" ".join(part for part in (one.first_name, one.last_name) if part),
            created_at=one.created_at,
            proved_at=one.proved_at,
            logs_in=owner is not None and one.id == owner.id,
            has_password=one.id in credentials,
            second_factor=one.id in factors and factors[one.id].confirmed_at is not None,
        )
        for one in accounts.values()
    ]
    return tuple(sorted(lines, key=lambda line: (not line.logs_in, line.created_at, line.account_id)))


def _decide_accounts(
    seen: tuple[AccountLine, ...], _asked: AccountsWith, _policy: Policy, _now: datetime
) -> Decision[tuple[AccountLine, ...]]:
    return grant(seen, Because("finding_accounts.accounts_with", (("accounts", str(len(seen))),)))


FIND_ACCOUNTS = Operation[AccountsWith, tuple[AccountLine, ...], tuple[AccountLine, ...]](
    name="find_accounts",
    load=_load_accounts,
    decide=_decide_accounts,
    subject=lambda asked: mask(asked.email.strip()[:254]),
    writes=False,
    permission=Permission.SEE_CLIENTS,
)
