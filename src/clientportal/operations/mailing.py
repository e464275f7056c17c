"""Asking for mails with links, and what is read when one leaves. Rules: ``rules/mailed_links.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from clientportal.decisions import Because, Decision, grant
from clientportal.operations.accounts import account_by_email, people_with
from clientportal.operations.budgeting import allowances_for
from clientportal.operations.frame import Reading
from clientportal.operations.fresh_sessions import lane_of
from clientportal.operations.setting import Visitor
from clientportal.outcomes import MailSent
from clientportal.records import (
    Account,
    Challenge,
    MailedLink,
    MailPurpose,
    OutboxMessage,
    Receipt,
)
from clientportal.rules.budgets import TYPED, request_charges
from clientportal.rules.mailed_links import Mailing, MailRequest
from clientportal.rules.signing_in import STRANGERS
from clientportal.rules.whose_contact import Candidate, contact_key
from clientportal.values import ContactKey, Email, parse_email

__all__ = ["load_mail_request", "load_mailing", "remember_mail", "replay_mail", "spellings_of"]

_OF_WHOEVER_TYPED_IT = frozenset({MailPurpose.VERIFY, MailPurpose.CHANGE_EMAIL})


async def load_mail_request(
    reading: Reading,
    purpose: MailPurpose,
    email: Email,
    *,
    account: str | None = None,
    lane: str | None = None,
    facts: Mapping[str, str] | None = None,
) -> MailRequest:
    """What is read when a mail with a link is asked for: budgets and open links, never an account or a client.

    ``lane`` is whose budgets are spent: the visitor's own by default, see ``fresh_sessions.lane_of``; a stranger's for
    an address that was merely typed are those of ``budgets.TYPED``.
    """
    identity = email.key()
    caller, source = reading.caller, None
    if isinstance(caller, Visitor):
        source = caller.source
        lane = lane or lane_of(reading.setup, reading.tenant, caller.device, identity, reading.now)
    lane = lane or STRANGERS
    if lane == STRANGERS and purpose in _OF_WHOEVER_TYPED_IT:
        lane = TYPED
    keys = reading.setup.keys
    # Two requests at once are kept apart by the allowances, so these come first.
    allowances = await allowances_for(reading, request_charges(identity, lane, source, reading.policy.sends))
    open_links = await reading.state.find(MailedLink, "identity", [str(identity), purpose.value])
    return MailRequest(
        purpose=purpose,
        identity=identity,
        address=email.address,
        lane=lane,
        source=source,
        # One whose key has been removed opens nothing: it must not keep another from being asked for.
        live=tuple(
            link
            for link in open_links
            if link.open_at(reading.now) and link.account == account and keys.knows(link.key_id)
        ),
        allowances=allowances,
        link_id=reading.fresh_id(),
        message_id=reading.fresh_id(),
        key_id=keys.signing_id,
        account=account,
        human=reading.human,
        facts=facts or {},
    )


async def load_mailing(reading: Reading, message: OutboxMessage, challenge: Challenge | None) -> Mailing:
    """Everything that decides where an account mail goes, read when it leaves and not when it was asked for."""
    state = reading.state
    link = None if message.mailed_link_id is None else await state.get(MailedLink, message.mailed_link_id)
    subject = None if message.account is None else await state.get(Account, message.account)
    if message.to is None:
        about = () if subject is None else (await people_with(reading, subject.identity))[0]
        return Mailing(message, link, challenge, subject=subject, demo=_is_demo(about))
    identity = ContactKey.parse(message.to)
    typed = await state.find(Account, "email", [str(identity)])
    candidates, _ = await people_with(reading, identity)
    return Mailing(
        message,
        link,
        challenge,
        owner=await account_by_email(reading, identity),
        subject=subject,
        registered=tuple(one for one in typed if one.proved_at is None),
        stored=spellings_of(identity, candidates),
        demo=_is_demo(candidates),
    )


def _is_demo(people: Sequence[Candidate]) -> bool:
    return bool(people) and all(one.speaker.demo for one in people)


def spellings_of(identity: ContactKey, people: Sequence[Candidate]) -> tuple[str, ...]:
    """The address as mail goes to it, in every spelling that a usable record of those people has it in."""
    found: set[str] = set()
    for candidate in people:
        for text in (member.email for member in candidate.members if candidate.speaker.usable):
            if text and contact_key(identity.kind, text, "") == identity:
                found.add(parse_email(text).address)
    return tuple(sorted(found))


def remember_mail(outcome: MailSent) -> Mapping[str, str]:
    """What a receipt keeps of a mail that was asked for."""
    return {"expires": outcome.expires_at.isoformat(), "resend": outcome.resend_at.isoformat()}


async def replay_mail(_reading: Reading, _request: object, receipt: Receipt) -> Decision[MailSent]:
    """The same answer once more; no second mail."""
    expires, resend = (datetime.fromisoformat(receipt.result[name]) for name in ("expires", "resend"))
    return grant(MailSent(expires, resend), Because("mailed_links.replay", (("receipt", "found"),)))
