"""May a link be mailed now, where does it go, and may the one that came back still act?

What a link proves is that its reader has the mailbox, and nothing else: not that it is they who asked for it. So asking
reads no account, following a link has no effect until the reader acts, and what an unproved account holds is never
handed to the mailbox's owner, nor the mailbox to whoever made that account (see ``first_proof.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import MailSent
from clientportal.policy import Policy, RegisterFrom
from clientportal.records import (
    Account,
    Challenge,
    MailedLink,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    Put,
    Write,
)
from clientportal.rules.budgets import Allowances, charge_all, request_charges
from clientportal.rules.whom_to_tell import Drop, Tell
from clientportal.values import ContactKey, mask

__all__ = [
    "MAILED_LINK",
    "MailRequest",
    "Mailing",
    "judge_mailed",
    "kind_of",
    "life_of",
    "mail_link",
    "mailed_claims",
    "request_mail",
    "where_to_mail",
]

MAILED_LINK = "mailed-link"

_KINDS = {
    MailPurpose.VERIFY: MessageKind.VERIFY_EMAIL,
    MailPurpose.RESET: MessageKind.RESET_PASSWORD,
    MailPurpose.SIGN_IN: MessageKind.SIGN_IN_LINK,
    MailPurpose.CHANGE_EMAIL: MessageKind.CHANGE_EMAIL,
    MailPurpose.REVERT_EMAIL: MessageKind.EMAIL_CHANGED,
    MailPurpose.CLAIM: MessageKind.CLAIM_LINK,
    MailPurpose.INVITATION: MessageKind.INVITATION,
}


def kind_of(purpose: MailPurpose) -> MessageKind:
    """Which text the mail has."""
    return _KINDS[purpose]


def life_of(purpose: MailPurpose, policy: Policy) -> timedelta:
    """How long such a link works."""
    accounts = policy.accounts
    return {
        MailPurpose.VERIFY: accounts.verify_life,
        MailPurpose.RESET: accounts.reset_life,
        MailPurpose.SIGN_IN: accounts.sign_in_link_life,
        MailPurpose.CHANGE_EMAIL: accounts.change_life,
        MailPurpose.REVERT_EMAIL: accounts.revert_for,
        MailPurpose.CLAIM: accounts.change_life,
        MailPurpose.INVITATION: accounts.invitation_life,
    }[purpose]


# --- asking ----------------------------------------------------------------------------------------------------------


@frozen
class MailRequest:
    """What is read when a mail with a link is asked for: no account and no client, whatever was typed.

    ``live`` are the links of this purpose for this address that are still open; ``account`` is who asks, where that is
    known by a session and not by what was typed.
    """

    purpose: MailPurpose
    identity: ContactKey
    address: str
    lane: str
    source: str | None
    live: tuple[MailedLink, ...]
    allowances: Allowances
    link_id: str
    message_id: str
    key_id: str
    account: str | None = None
    human: bool = True
    facts: Mapping[str, str] = field(factory=dict[str, str])


def request_mail(seen: MailRequest, policy: Policy, now: datetime) -> Decision[MailSent]:
    """May a mail with a link be sent to this address now? The reply is one value, whoever has the address (V6.3.8)."""
    because = Because(
        "mailed_links.request_mail",
        (
            ("purpose", seen.purpose.value),
            ("address", mask(seen.identity.value)),
            ("open links", str(len(seen.live))),
        ),
        (("login.enabled", str(policy.login.enabled)), ("login.live_codes", str(policy.login.live_codes))),
    )
    if not policy.login.enabled or not policy.registration.accounts:
        return refuse(Reason.DISABLED, because)
    if not seen.human:
        return refuse(Reason.BOT_SUSPECTED, because)
    if len(seen.live) >= policy.login.live_codes:
        # A further one evicts none: a stranger's requests must not void the link that the owner is about to use.
        return refuse(Reason.WAIT, because, retry_at=min(link.expires_at for link in seen.live))
    charges = request_charges(seen.identity, seen.lane, seen.source, policy.sends)
    spent = charge_all(seen.allowances, charges, now)
    if isinstance(spent, datetime):
        return refuse(Reason.WAIT, because, retry_at=spent)
    link, writes = mail_link(seen, policy, now)
    outcome = MailSent(expires_at=link.expires_at, resend_at=spent.again_at)
    return grant(outcome, because, (*writes, *spent.changes), spends=spent.elsewhere)


def mail_link(seen: MailRequest, policy: Policy, now: datetime) -> tuple[MailedLink, tuple[Write, ...]]:
    """The link and the message that carries it, without judging whether it may be sent."""
    expires = now + life_of(seen.purpose, policy)
    link = MailedLink(
        id=seen.link_id,
        purpose=seen.purpose,
        identity=str(seen.identity),
        address=seen.address,
        account=seen.account,
        key_id=seen.key_id,
        created_at=now,
        expires_at=expires,
        last_mark=now,
        facts=seen.facts,
    )
    message = OutboxMessage(
        id=seen.message_id,
        kind=kind_of(seen.purpose),
        to=str(seen.identity),
        account=seen.account,
        mailed_link_id=link.id,
        created_at=now,
        due_at=now,
        expires_at=min(expires, now + policy.messages.notice_life),
    )
    return link, (Put(link), Put(message))


# --- where it goes ---------------------------------------------------------------------------------------------------


@frozen
class Mailing:
    """Everything read about one account mail that is about to leave.

    ``owner`` is the account that the address logs in to, ``subject`` the account that the mail is about; ``registered``
    are accounts that typed this address and have not proved it; ``stored`` are the spellings of the address in usable
    client records, as mail goes to them. ``demo``: the address is a demo client's, and nobody else's.
    """

    message: OutboxMessage
    link: MailedLink | None = None
    challenge: Challenge | None = None
    owner: Account | None = None
    subject: Account | None = None
    registered: tuple[Account, ...] = ()
    stored: tuple[str, ...] = ()
    demo: bool = False


_TO_WHOEVER_ASKED = (MessageKind.VERIFY_EMAIL, MessageKind.VERIFY_EMAIL_CODE, MessageKind.CHANGE_EMAIL)
_AS_WRITTEN = (MessageKind.EMAIL_CHANGED, MessageKind.INVITATION)
_AS_TOLD = (MessageKind.EMAIL_CONFIRMED, MessageKind.EMAIL_TAKEN_BACK, MessageKind.ACCOUNTS_MERGED)
"""Notices to an address that was the account's when the thing happened, and perhaps is no longer."""


def where_to_mail(seen: Mailing, policy: Policy, now: datetime) -> Tell | Drop:
    """Decide where one account mail goes: only ever to an address as it is stored, or as the asking session typed it.

    The attack: somebody registers, or changes an email, to learn whether an address has an account. They are told
    nothing; the address's owner gets a mail that says so.
    """
    message = seen.message
    gone = _gone(seen, now)
    if gone is not None:
        return gone
    if message.kind in _TO_WHOEVER_ASKED:
        if seen.owner is not None and seen.owner.id != message.account:
            return Tell(False, _mailbox_of(seen.owner, message), False, instead=MessageKind.ALREADY_REGISTERED)
        typed = seen.link.address if seen.link is not None else seen.subject.address if seen.subject else ""
        return Tell(False, typed, False) if typed else Drop("the account is gone")
    if message.kind in _AS_TOLD:
        return Tell(False, message.facts["address"], False)
    if message.kind in _AS_WRITTEN and seen.link is not None:
        return Tell(False, seen.link.address, False)
    if message.kind is MessageKind.CLAIM_LINK:
        return Tell(False, seen.stored[0], False) if seen.stored else Drop("nobody has this contact")
    if message.kind in (MessageKind.RESET_PASSWORD, MessageKind.SIGN_IN_LINK):
        if seen.owner is not None:
            return Tell(False, _mailbox_of(seen.owner, message), False)
        if message.kind is MessageKind.SIGN_IN_LINK:
            return Drop("nobody has an account with this email")
        return _first_password(seen, policy)
    # Wrong passwords are counted by the email that was typed, and nobody looked whose it is: its owner is told.
    subject = seen.owner if message.kind is MessageKind.GUESSES_WARNING else seen.subject
    if subject is None:
        return Drop("the account is gone")
    if subject.proved_at is None:
        # A notice about an account that somebody else may have made: the address's owner has never heard of it.
        return Drop("nobody has proved this address")
    return Tell(False, subject.address, False)


def _mailbox_of(owner: Account, message: OutboxMessage) -> str:
    """The mailbox that was asked for, as the account spells it.

    An account may log in with a second email, of an account that was merged into it; the link proves the mailbox that
    it says it proves, so it must lie in that one.
    """
    if message.to is None or owner.email == message.to:
        return owner.address
    return ContactKey.parse(message.to).value


def _gone(seen: Mailing, now: datetime) -> Drop | None:
    message = seen.message
    if now >= message.expires_at:
        return Drop("expired before it could be sent")
    if message.mailed_link_id is not None and (seen.link is None or not seen.link.open_at(now)):
        return Drop("the link is used or expired")
    if message.challenge_id is not None:
        if seen.challenge is None or not seen.challenge.open_at(now):
            return Drop("the code is used or expired")
        if seen.challenge.send_number != message.send_number:
            return Drop("a newer code replaced this one")
    return None


def _first_password(seen: Mailing, policy: Policy) -> Tell | Drop:
    """A reset also sets a first password (TT3): for whoever registered, or is a client, with that address."""
    if seen.registered:
        return Tell(False, seen.registered[-1].address, False)
    if policy.registration.register_from is not RegisterFrom.ANYWHERE or not seen.stored:
        return Drop("nobody has an account with this email")
    return Tell(False, seen.stored[0], False)


# --- coming back -----------------------------------------------------------------------------------------------------


def mailed_claims(link: MailedLink) -> dict[str, str | int]:
    """What the link's text says and signs (V9): its id, what it is for, until when."""
    return {"i": link.id, "p": link.purpose.value, "e": int(link.expires_at.astimezone(UTC).timestamp())}


def judge_mailed(
    link: MailedLink | None, claims: Mapping[str, str | int] | None, purposes: Sequence[MailPurpose], now: datetime
) -> Refusal | None:
    """Refuse a link that was changed, is for something else, is over, or has acted; all look the same."""
    signed = link is not None and claims is not None and dict(claims, t="") == {**mailed_claims(link), "t": ""}
    because = Because(
        "mailed_links.judge_mailed",
        (
            ("signature", "good" if signed else "bad"),
            ("purpose", link.purpose.value if link is not None else "none"),
            ("open", str(link is not None and link.open_at(now))),
        ),
    )
    if link is None or not signed or link.purpose not in purposes or not link.open_at(now):
        return Refusal(Reason.LINK_GONE, because)
    return None
