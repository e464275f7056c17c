"""May this client write to the business once more today? (V10)

The attack: whoever holds a session fills the business's inbox, and changes its token (``switch``) or logs in again when
that one is used up. So the client is counted and not the session: so many a day, before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.outcomes.sections import SectionChanged
from clientportal.policy import Policy
from clientportal.records import Allowance, Put
from clientportal.rules.budgets import Charge, spend

__all__ = ["Writing", "message_charge", "write_message"]

_DAY = timedelta(days=1)


@frozen
class Writing:
    """What is read when a client writes: what they have used up of the day's messages. ``client`` is the
    record that speaks for them, or the account where none does."""

    client: str
    allowances: Mapping[str, Allowance]


def message_charge(client: str, policy: Policy) -> Charge:
    """What one message costs the client who sends it."""
    return Charge(f"messages:{client}", ((_DAY, policy.portal.messages_per_day),))


def write_message(seen: Writing, policy: Policy, now: datetime) -> Decision[SectionChanged]:
    """Spend one message of the client's day, or say when the next one may be sent."""
    because = Because(
        "writing_messages.write_message", (), (("portal.messages_per_day", str(policy.portal.messages_per_day)),)
    )
    spent = spend(seen.allowances, (message_charge(seen.client, policy),), now)
    if isinstance(spent, datetime):
        return refuse(Reason.WAIT, because, retry_at=spent)
    return grant(SectionChanged("messages", "send"), because, tuple(map(Put, spent)))
