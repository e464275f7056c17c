"""Which records does an account go on seeing when its email no longer speaks for them?

An email that was proved may open records by itself (TT11). Where it leaves the account – the client changes it, or the
account is merged into another – the person's own history would be gone with it, for the platform's record still has
the email of before. So what the email opened until then is linked first: no more than it opened, and nothing that was
taken off either account.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from clientportal.decisions import Because, HostEvent
from clientportal.policy import Policy
from clientportal.records import Account, AccountLink, LinkEvidence, Write
from clientportal.rules.account_sessions import AccountSight, own_records
from clientportal.rules.claiming import Link
from clientportal.rules.linking import links_after
from clientportal.rules.whose_contact import Candidate

__all__ = ["keep_in_sight", "opened_by_email"]


def opened_by_email(seen: AccountSight, held: Sequence[AccountLink], policy: Policy) -> tuple[Candidate, ...]:
    """The people whom an account sees by its email alone; ``held`` are the links of the account that goes on."""
    spoken_for = {link.record_ref for link in (*seen.links, *held)}
    return tuple(
        candidate
        for candidate in own_records(seen, policy)
        if not spoken_for & {candidate.ref, *(member.ref for member in candidate.members)}
    )


def keep_in_sight(
    seen: AccountSight,
    goes_on: Account,
    held: Sequence[AccountLink],
    actor: str,
    policy: Policy,
    now: datetime,
    because: Because,
) -> tuple[tuple[Write, ...], tuple[HostEvent, ...]]:
    """Link to ``goes_on`` what ``seen`` opens by its email alone, and what the platform is told of that."""
    opened = opened_by_email(seen, held, policy)
    verdict = Link(tuple(candidate.ref for candidate in opened), because)
    return links_after(verdict, opened, goes_on, held, LinkEvidence.PROVED_EMAIL, actor, now)
