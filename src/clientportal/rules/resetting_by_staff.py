"""May staff reset a client's password, and what do they ever see of it?

Nothing (TT3). A reset takes the old password away, ends whatever it gave access to, and mails the client a link to set
a new one: staff see neither. Where the policy lets staff reset, they may also type a password themselves, for a client
at the counter who has no mailbox at hand: it is never shown again, the client is told at once, and every session ends,
so that whoever was in is out.

The attack: a member of staff takes a client's account over. So the policy has to allow it (A4 does not), a permission
of its own is needed, the client is told in the same commit, and the audit names the member of staff and their reason. A
second factor stays through both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.outcomes import PasswordReset
from clientportal.policy import Policy, SecondFactorUse, StaffReset
from clientportal.records import Account, Credential, MailedLink, MessageKind, Put, Remove, Write
from clientportal.rules.changing_passwords import account_notice, end_artefacts
from clientportal.rules.choosing_passwords import PasswordFacts, judge_new_password
from clientportal.rules.first_proof import Belongings
from clientportal.rules.logging_in import judge_offered
from clientportal.rules.mailed_links import MailRequest, mail_link
from clientportal.values import Secret

__all__ = ["SettingByStaff", "StaffResetting", "judge_staff_reset", "one_account", "reset_by_staff", "set_by_staff"]


def judge_staff_reset(policy: Policy, *, bulk: bool) -> Refusal | None:
    """Refuse what the business has not chosen: ``disabled`` (A4: never; TT3: single and bulk)."""
    allowed = policy.registration.staff_reset
    because = Because(
        "resetting_by_staff.judge_staff_reset",
        (("many", "yes" if bulk else "no"),),
        (("registration.staff_reset", allowed.value),),
    )
    if allowed is StaffReset.NEVER or (bulk and allowed is not StaffReset.SINGLE_AND_BULK):
        return Refusal(Reason.DISABLED, because)
    return judge_offered(policy)


def one_account(found: Sequence[Account]) -> Account | Refusal:
    """The account that staff mean: there must be exactly one, for nobody resets a password by guessing whose."""
    because = Because("resetting_by_staff.one_account", (("accounts", str(len(found))),))
    if not found:
        return Refusal(Reason.NOT_FOUND, because)
    return found[0] if len(found) == 1 else Refusal(Reason.SEVERAL_ACCOUNTS, because)


@frozen
class StaffResetting:
    """What is read when staff reset a password; ``mail`` is the link that the client sets a new one by."""

    belongings: Belongings
    pending: tuple[MailedLink, ...]
    mail: MailRequest


def reset_by_staff(seen: StaffResetting, policy: Policy, now: datetime) -> Decision[PasswordReset]:
    """Take the password away, end what it gave access to, and mail a link: all in one commit."""
    no = judge_staff_reset(policy, bulk=False)
    if no is not None:
        return Decision(no, no.because)
    held = seen.belongings
    because = Because(
        "resetting_by_staff.reset_by_staff",
        (("account", held.account.id), ("sessions", str(len(held.sessions)))),
        (("registration.staff_reset", policy.registration.staff_reset.value),),
    )
    writes: list[Write] = list(end_artefacts(held, seen.pending))
    if held.credential is not None:
        writes.append(Remove(held.credential))
    _, mailed = mail_link(seen.mail, policy, now)
    outcome = PasswordReset(held.account.id, ended=len(held.sessions), mailed=True)
    return grant(outcome, because, (*writes, *mailed))


@frozen
class SettingByStaff:
    """What is read when staff type a password; ``made`` is its hash, ``context`` what a guesser would begin with."""

    belongings: Belongings
    pending: tuple[MailedLink, ...]
    context: tuple[str, ...]
    password: Secret = field(repr=False)
    listed: bool
    breached: bool
    made: Secret = field(repr=False)
    actor: str
    message_id: str


def set_by_staff(seen: SettingByStaff, policy: Policy, now: datetime) -> Decision[PasswordReset]:
    """Set the password that staff typed, to the measure that the client's own must meet, and tell the client."""
    no = judge_staff_reset(policy, bulk=False) or judge_new_password(
        seen.password,
        PasswordFacts(seen.listed, seen.breached, seen.context),
        policy.passwords,
        second_factor_required=policy.accounts.second_factor is SecondFactorUse.REQUIRED,
    )
    if no is not None:
        return Decision(no, no.because)
    held = seen.belongings
    because = Because(
        "resetting_by_staff.set_by_staff",
        (("account", held.account.id), ("sessions", str(len(held.sessions)))),
        (("registration.staff_reset", policy.registration.staff_reset.value),),
    )
    version = 0 if held.credential is None else held.credential.version
    credential = Credential(id=held.account.id, version=version, hash=seen.made, set_at=now, set_by=seen.actor)
    notice = account_notice(MessageKind.PASSWORD_CHANGED, held.account, seen.message_id, policy, now)
    writes = (Put(credential), *end_artefacts(held, seen.pending), Put(notice))
    return grant(PasswordReset(held.account.id, ended=len(held.sessions), mailed=False), because, writes)
