"""What ends when a password is changed, and what of it is told to whom?

The attack first: somebody has got into the account, and the owner, who notices, changes the password. Whatever the
other one holds must be worthless from that moment: sessions, codes, links that set a password or open a session, an
email change under way (ASVS V6.4.3, V7.4.3). What protects the owner stays: the second factor, and the link to the old
address that takes a changed email back.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.outcomes import SignedIn
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    Credential,
    GuessCounter,
    MailedLink,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    Put,
    Remove,
    Session,
    Write,
)
from clientportal.rules.first_proof import Belongings
from clientportal.rules.guessing import give_back
from clientportal.rules.logging_in import Matched, needs_step_up
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.values import Secret

__all__ = ["ChangingPassword", "account_notice", "change_password", "end_artefacts", "judge_may_change"]

_ENDING = frozenset({MailPurpose.RESET, MailPurpose.SIGN_IN, MailPurpose.CHANGE_EMAIL, MailPurpose.INVITATION})


def account_notice(
    kind: MessageKind, account: Account, message_id: str, policy: Policy, now: datetime
) -> OutboxMessage:
    """What the owner of an account is told in the very commit that changes it (I8)."""
    return OutboxMessage(
        id=message_id,
        kind=kind,
        account=account.id,
        created_at=now,
        due_at=now,
        expires_at=now + policy.messages.notice_life,
    )


def end_artefacts(belongings: Belongings, pending: tuple[MailedLink, ...], *, sparing: str = "") -> tuple[Write, ...]:
    """End every session but ``sparing``, every code, and every link that would set a password, open a session or change
    the email.

    ``pending`` are such links to the account's address that were asked for without a session: they are the account's
    only where the address is, and must be left out where it is not.
    """
    links = {one.id: one for one in (*belongings.mailed, *pending) if one.purpose in _ENDING}
    return (
        *(Remove(session) for session in belongings.sessions if session.id != sparing),
        *(Remove(challenge) for challenge in belongings.challenges),
        *(Remove(links[id]) for id in sorted(links)),
    )


@frozen
class ChangingPassword:
    """What is read when a session sets a new password; ``made`` is its hash.

    ``matched`` says that the old one was shown with it; ``None`` that the session showed it a short while ago.
    """

    session: Session
    belongings: Belongings
    pending: tuple[MailedLink, ...]
    counter: GuessCounter | None
    matched: Matched | None
    made: Secret
    fresh: FreshSession
    message_id: str


def judge_may_change(session: Session, *, shows_old: bool, policy: Policy, now: datetime) -> Decision[None]:
    """Whether a session may set a new password: with the old one, or shortly after it was shown (V7.5.1)."""
    because = Because(
        "changing_passwords.judge_may_change",
        (("old password", "shown" if shows_old else "not shown"),),
        (("accounts.step_up_for", str(policy.accounts.step_up_for)),),
    )
    if not shows_old and needs_step_up(session, policy, now):
        return refuse(Reason.STEP_UP_FIRST, because)
    return grant(None, because)


def change_password(seen: ChangingPassword, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """The new password, and the end of everything that the old one may have given to somebody else.

    This session goes on under a new token; the owner is told in the same commit.
    """
    account = seen.belongings.account
    may = judge_may_change(seen.session, shows_old=seen.matched is not None, policy=policy, now=now)
    if not may.granted:
        return refuse(Reason.STEP_UP_FIRST, may.because)
    ended = end_artefacts(seen.belongings, seen.pending, sparing=seen.session.id)
    because = Because("changing_passwords.change_password", (("ended", str(len(ended))),))
    session = evolve(seen.session, id=seen.fresh.digest, version=0, confirmed_at=now, used_at=now)
    had = seen.belongings.credential
    credential = Credential(
        id=account.id, version=0 if had is None else had.version, hash=seen.made, set_at=now, set_by="client"
    )
    writes: list[Write] = [Put(credential), *ended, Remove(seen.session), Put(session)]
    returned = None if seen.matched is None else give_back(seen.counter, seen.matched.tried.charged_in)
    if returned is not None:
        writes.append(Put(returned))
    writes.append(Put(account_notice(MessageKind.PASSWORD_CHANGED, account, seen.message_id, policy, now)))
    return grant(signed_in(seen.fresh, session), because, tuple(writes))
