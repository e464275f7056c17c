"""Changing the email of an account, and taking that back. Rules: ``rules/changing_email.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.errors import Conflict
from clientportal.operations.accounts import accounts_on, belongings_of, load_mailed, load_sight, load_unproved
from clientportal.operations.assignments import assign_at_first_proof
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session
from clientportal.operations.mailing import load_mail_request
from clientportal.operations.people import session_of
from clientportal.operations.sections import require_section
from clientportal.operations.sign_in_links import AskLink, UseLink, replay_by_link
from clientportal.operations.signing_in import remember_sign_in
from clientportal.outcomes import EmailTakenBack, MailedLinkView, MailSent, SignedIn
from clientportal.policy import Policy
from clientportal.records import Account, MailedLink, MailPurpose, Session
from clientportal.rules.changing_email import (
    AskingChange,
    ChangingEmail,
    TakingBack,
    change_email,
    confirm_change,
    take_back,
)
from clientportal.rules.mailed_links import MailRequest
from clientportal.rules.sign_in_links import look
from clientportal.rules.signing_in import STRANGERS
from clientportal.values import ContactKey, parse_email

__all__ = ["CHANGE_EMAIL", "CONFIRM_EMAIL_CHANGE", "LOOK_AT_EMAIL_LINK", "REVERT_EMAIL_CHANGE"]

_LINKS = (MailPurpose.CHANGE_EMAIL, MailPurpose.REVERT_EMAIL)
_ON_THEIR_WAY = (MailPurpose.VERIFY, MailPurpose.RESET, MailPurpose.SIGN_IN, MailPurpose.CHANGE_EMAIL)


def _gone(why: str) -> Denied:
    return Denied(Refusal(Reason.LINK_GONE, Because("changing_email.link", (("why", why),))))


async def _own_account(reading: Reading) -> tuple[Session, Account]:
    """The caller's session and its account. Neither is locked here: see :func:`_under_their_names`."""
    session = await session_of(reading, needs_record=False)
    account = None if session.account is None else await reading.state.get(Account, session.account)
    if account is None:
        # Logged in by a code for a record: whose email that is, is the platform's business.
        raise Denied(Refusal(Reason.NOT_FOUND, Because("changing_email.own_account", (("account", "none"),))))
    reading.actor = f"account:{account.id}"
    return session, account


# --- asking ----------------------------------------------------------------------------------------------------------


async def _load_asking(reading: Reading, asked: AskLink) -> AskingChange:
    session, account = await _own_account(reading)
    # A reset holds the same name: what is asked for here while it is under way does not outlive it.
    await reading.state.hold(f"contact:{account.email}")
    await require_section(reading, "account", "change_email")
    email = parse_email(asked.email)
    return AskingChange(session, await load_mail_request(reading, MailPurpose.CHANGE_EMAIL, email, account=account.id))


def _decide_asking(seen: AskingChange, _asked: AskLink, policy: Policy, now: datetime) -> Decision[MailSent]:
    return change_email(seen, policy, now)


CHANGE_EMAIL = Operation[AskLink, AskingChange, MailSent](
    name="change_email", load=_load_asking, decide=_decide_asking, durable=True, previewable=False
)


# --- looking ---------------------------------------------------------------------------------------------------------


async def _load_look(reading: Reading, asked: UseLink) -> MailedLink:
    accounts_on(reading, "changing_email.accounts_on")
    return await load_mailed(reading, asked.link, _LINKS, lock=False)


LOOK_AT_EMAIL_LINK = Operation[UseLink, MailedLink, MailedLinkView](
    name="look_at_email_link",
    load=_load_look,
    decide=lambda seen, _asked, _policy, _now: look(seen),
    writes=False,
)


# --- confirming ------------------------------------------------------------------------------------------------------


async def _load_confirming(reading: Reading, asked: UseLink) -> ChangingEmail:
    session, account = await _own_account(reading)
    await require_section(reading, "account", "change_email")
    link = await load_mailed(reading, asked.link, (MailPurpose.CHANGE_EMAIL,))
    if link.account != account.id:
        raise _gone("it was asked for by another account")
    reading.session = None
    new = ContactKey.parse(link.identity)
    account = await _under_their_names(reading, account, link)
    unproved = await load_unproved(reading, new)
    own = await belongings_of(reading, account)
    moved = link.identity != account.email
    owns = moved and any(one.id == account.email for one in own.identifiers)
    changed = evolve(account, email=link.identity, address=link.address, proved_at=reading.now, waiting=None)
    first = not unproved.is_owned_by_another(account.id) and (
        unproved.identifier is None or unproved.identifier.proved_at is None
    )
    return ChangingEmail(
        session=session,
        own=own,
        unproved=unproved,
        before=await load_sight(reading, account),
        after=await load_sight(reading, changed),
        link=link,
        fresh=fresh_session(reading, new, session.device or STRANGERS, account=account.id),
        notice_id=reading.fresh_id(),
        actor=reading.actor,
        back=_mail_back(reading, account, link) if owns else None,
        pending=await _on_their_way(reading, account.email) if owns else (),
        assignments=await assign_at_first_proof(reading, changed, new) if first else (),
    )


async def _under_their_names(reading: Reading, account: Account, link: MailedLink) -> Account:
    """The account, locked once the names of its address and of the link's are held, in one order for everybody.

    The order of locks (``accounts.py``): the link is locked by now, sessions come after.
    """
    for address in sorted({account.email, link.identity}):
        await reading.state.hold(f"contact:{address}")
    locked = await reading.state.get(Account, account.id, lock=True)
    if locked is None:
        raise _gone("the account is no longer there")
    if locked.email != account.email:
        raise Conflict("the account has got another email while its name was waited for")
    return locked


async def _on_their_way(reading: Reading, address: str) -> tuple[MailedLink, ...]:
    found: list[MailedLink] = []
    for purpose in _ON_THEIR_WAY:
        found.extend(await reading.state.find(MailedLink, "identity", [address, purpose.value]))
    return tuple(found)


def _mail_back(reading: Reading, account: Account, link: MailedLink) -> MailRequest:
    return MailRequest(
        purpose=MailPurpose.REVERT_EMAIL,
        identity=account.identity,
        address=account.address,
        lane=STRANGERS,
        source=None,
        live=(),
        allowances={},
        link_id=reading.fresh_id(),
        message_id=reading.fresh_id(),
        key_id=reading.setup.keys.signing_id,
        account=account.id,
        facts={"changed_by": link.id},
    )


def _decide_confirming(seen: ChangingEmail, _asked: UseLink, policy: Policy, now: datetime) -> Decision[SignedIn]:
    return confirm_change(seen, policy, now)


CONFIRM_EMAIL_CHANGE = Operation[UseLink, ChangingEmail, SignedIn](
    name="confirm_email_change",
    load=_load_confirming,
    decide=_decide_confirming,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_by_link),
)


# --- taking it back --------------------------------------------------------------------------------------------------


async def _load_taking_back(reading: Reading, asked: UseLink) -> TakingBack:
    accounts_on(reading, "changing_email.accounts_on")
    link = await load_mailed(reading, asked.link, (MailPurpose.REVERT_EMAIL,))
    account = None if link.account is None else await reading.state.get(Account, link.account)
    if account is None:
        raise _gone("the account is no longer there")
    reading.actor = f"account:{account.id}"
    account = await _under_their_names(reading, account, link)
    unproved = await load_unproved(reading, ContactKey.parse(link.identity))
    return TakingBack(
        link=link,
        own=await belongings_of(reading, account),
        unproved=unproved,
        sight=await load_sight(reading, account),
        notice_ids=(reading.fresh_id(), reading.fresh_id()),
        pending=await _on_their_way(reading, account.email),
    )


def _decide_taking_back(seen: TakingBack, _asked: UseLink, policy: Policy, now: datetime) -> Decision[EmailTakenBack]:
    return take_back(seen, policy, now)


REVERT_EMAIL_CHANGE = Operation[UseLink, TakingBack, EmailTakenBack](
    name="revert_email_change",
    load=_load_taking_back,
    decide=_decide_taking_back,
    durable=True,
    previewable=False,
)
