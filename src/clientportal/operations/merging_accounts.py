"""Making one of two accounts with logins. Rules: ``rules/merging_accounts.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.errors import InvalidInput
from clientportal.operations.accounts import belongings_of, load_sight
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.setting import Staff
from clientportal.outcomes import AccountsMerged
from clientportal.policy import Policy
from clientportal.records import Account
from clientportal.rules.merging_accounts import MergingAccounts, merge_accounts
from clientportal.rules.who_may_manage import Permission

__all__ = ["MERGE_ACCOUNTS", "TwoAccounts"]

_MOST_ID = 200


@frozen
class TwoAccounts:
    """The account that stays, and the one that is absorbed."""

    survivor: str
    absorbed: str


async def _load(reading: Reading, asked: TwoAccounts) -> MergingAccounts:
    caller = reading.caller
    if not isinstance(caller, Staff) or not caller.reason.strip():
        raise InvalidInput(
            "merging two accounts needs a reason, which the audit keeps: portal.staff(..., reason='She showed both "
            "mailboxes at the desk')"
        )
    found: dict[str, Account] = {}
    for id in sorted({asked.survivor, asked.absorbed}):
        known = len(id) <= _MOST_ID and "\x00" not in id
        account = await reading.state.get(Account, id, lock=True) if known else None
        if account is None:
            raise Denied(Refusal(Reason.NOT_FOUND, Because("merging_accounts.load", (("account", "none"),))))
        found[id] = account
    absorbed = found[asked.absorbed]
    return MergingAccounts(
        survivor=await belongings_of(reading, found[asked.survivor]),
        absorbed=await belongings_of(reading, absorbed),
        sight=await load_sight(reading, absorbed),
        actor=caller.word,
        notice_ids=(reading.fresh_id(), reading.fresh_id()),
    )


def _decide(seen: MergingAccounts, _asked: TwoAccounts, policy: Policy, now: datetime) -> Decision[AccountsMerged]:
    return merge_accounts(seen, policy, now)


MERGE_ACCOUNTS = Operation[TwoAccounts, MergingAccounts, AccountsMerged](
    name="merge_accounts",
    load=_load,
    decide=_decide,
    subject=lambda asked: asked.survivor[:200],
    durable=True,
    previewable=False,
    permission=Permission.MERGE,
)
