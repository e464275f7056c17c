"""May somebody log in by a link in a mail, and what does it open?

The attack: an account was brought along from the platform's past, with an email that nobody ever asked the mailbox
about, and whoever made it there waits for its owner to come ("non-verifying source"). So a link that proves an email
for the first time takes the password and every session away that stood there before; see ``first_proof.py``. The
other way round, whoever reads a mailbox gets past the password by design: so the second factor is asked for still, and
nothing of the account itself may be changed before the password was shown (no step-up; ASVS V7.5.1).
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import MailedLinkView, MailSent, SignedIn
from clientportal.policy import Policy
from clientportal.records import GuessCounter, MailedLink, MessageKind, OutboxMessage, Put, Write
from clientportal.rules.account_sessions import AccountSight, open_session
from clientportal.rules.first_proof import Unproved, first_proof, spend_link
from clientportal.rules.guessing import ended_by_owner
from clientportal.rules.mailed_links import MailRequest, request_mail
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.values import ContactKey, mask

__all__ = ["SigningInByLink", "judge_offered", "look", "request_link", "sign_in_by_link"]


def judge_offered(policy: Policy) -> Refusal | None:
    """Refuse where the business does not let clients in by a link."""
    login, accounts, links = policy.login.enabled, policy.registration.accounts, policy.accounts.sign_in_links
    if login and accounts and links:
        return None
    settings = (
        ("login.enabled", str(login)),
        ("registration.accounts", str(accounts)),
        ("accounts.sign_in_links", str(links)),
    )
    return Refusal(Reason.DISABLED, Because("sign_in_links.judge_offered", (), settings))


def request_link(seen: MailRequest, policy: Policy, now: datetime) -> Decision[MailSent]:
    """May a sign-in link be mailed? The same answer whoever has the address; see ``mailed_links.request_mail``."""
    no = judge_offered(policy)
    return request_mail(seen, policy, now) if no is None else Decision(no, no.because)


def look(link: MailedLink) -> Decision[MailedLinkView]:
    """What a link is about, without effect, however often a mail scanner asks."""
    address = mask(ContactKey.parse(link.identity).value)
    because = Because("sign_in_links.look", (("purpose", link.purpose.value), ("address", address)))
    return grant(MailedLinkView(address, link.expires_at, {}), because)


@frozen
class SigningInByLink:
    """What is read when a sign-in link acts. ``sight`` is what the account may see with the email proved, ``None``
    where the email logs in to no account; ``assignments`` are what a first proof brings (A8b), ``runs``
    the runs of wrong guesses at this email, which end: its mailbox has answered (V6.6.3).
    """

    link: MailedLink
    unproved: Unproved
    sight: AccountSight | None
    fresh: FreshSession
    notice_id: str
    assignments: tuple[Write, ...] = ()
    runs: tuple[GuessCounter, ...] = ()


def sign_in_by_link(seen: SigningInByLink, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """Open a session of the account that the email logs in to; the link is used up by that."""
    identifier, owner = seen.unproved.identifier, seen.unproved.owner
    first = identifier is not None and identifier.proved_at is None
    because = Because(
        "sign_in_links.sign_in_by_link",
        (("address", mask(seen.unproved.identity.value)), ("first proof", str(first))),
        (("accounts.sign_in_links", str(policy.accounts.sign_in_links)),),
    )
    if owner is None or seen.sight is None:
        return refuse(Reason.LINK_GONE, because)
    session = open_session(seen.sight, seen.fresh, policy, now, because)
    outcome = signed_in(seen.fresh, session, seen.sight.people)
    ended = tuple(map(Put, ended_by_owner(seen.runs)))
    if not first:
        return grant(outcome, because, (*ended, spend_link(seen.link, now), Put(session)))
    proof = first_proof(seen.unproved, seen.sight.account, now, same_person=False, acting=seen.link)
    notice: tuple[Write, ...] = ()
    if owner.credential is not None:
        notice = (Put(_password_gone(seen, owner.account.id, policy, now)),)
    return grant(outcome, because, (*proof, *seen.assignments, *ended, *notice, Put(session)))


def _password_gone(seen: SigningInByLink, account: str, policy: Policy, now: datetime) -> OutboxMessage:
    """Told in the same commit (I8): the password that came along from the platform works no longer."""
    return OutboxMessage(
        id=seen.notice_id,
        kind=MessageKind.PASSWORD_CHANGED,
        to=str(seen.unproved.identity),
        account=account,
        created_at=now,
        due_at=now,
        expires_at=now + policy.messages.notice_life,
    )
