"""Logging in by a link in a mail, and looking at any link that a mail carries. Rules: ``rules/sign_in_links.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, refuse
from clientportal.keyring import digest
from clientportal.operations.accounts import held_lanes, load_mailed, load_sight, load_unproved
from clientportal.operations.assignments import assign_at_first_proof
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session, lane_of
from clientportal.operations.mailing import load_mail_request
from clientportal.operations.setting import Visitor
from clientportal.operations.signing_in import remember_sign_in, replay_sign_in
from clientportal.outcomes import MailedLinkView, MailSent, SignedIn
from clientportal.policy import Policy
from clientportal.records import MailedLink, MailPurpose, Receipt, Write
from clientportal.rules.mailed_links import MailRequest
from clientportal.rules.sign_in_links import SigningInByLink, judge_offered, look, request_link, sign_in_by_link
from clientportal.rules.signing_in import STRANGERS
from clientportal.values import ContactKey, Secret, parse_email

__all__ = [
    "LOOK_AT_SIGN_IN_LINK",
    "REQUEST_SIGN_IN_LINK",
    "SIGN_IN_BY_LINK",
    "AskLink",
    "UseLink",
    "replay_by_link",
]


@frozen
class AskLink:
    """A link is asked for, to this email."""

    email: str


@frozen
class UseLink:
    """The text of a link in a mail."""

    link: Secret = field(repr=False)


async def _load_request(reading: Reading, asked: AskLink) -> MailRequest:
    return await load_mail_request(reading, MailPurpose.SIGN_IN, parse_email(asked.email))


REQUEST_SIGN_IN_LINK = Operation[AskLink, MailRequest, MailSent](
    name="request_sign_in_link",
    load=_load_request,
    decide=lambda seen, _asked, policy, now: request_link(seen, policy, now),
    durable=True,
    previewable=False,
    humans_only=True,
)


def _offered(reading: Reading) -> None:
    no = judge_offered(reading.policy)
    if no is not None:
        raise Denied(no)


async def _load_look(reading: Reading, asked: UseLink) -> MailedLink:
    _offered(reading)
    return await load_mailed(reading, asked.link, (MailPurpose.SIGN_IN,), lock=False)


LOOK_AT_SIGN_IN_LINK = Operation[UseLink, MailedLink, MailedLinkView](
    name="look_at_sign_in_link",
    load=_load_look,
    decide=lambda seen, _asked, _policy, _now: look(seen),
    writes=False,
)


async def _load_sign_in(reading: Reading, asked: UseLink) -> SigningInByLink:
    _offered(reading)
    link = await load_mailed(reading, asked.link, (MailPurpose.SIGN_IN,))
    identity = ContactKey.parse(link.identity)
    unproved = await load_unproved(reading, identity)
    owner = unproved.owner
    sight, lane, assignments = None, STRANGERS, tuple[Write, ...]()
    if isinstance(reading.caller, Visitor):
        lane = lane_of(reading.setup, reading.tenant, reading.caller.device, identity, reading.now)
    if owner is not None and unproved.identifier is not None:
        account = owner.account
        reading.actor = f"account:{account.id}"
        if unproved.identifier.proved_at is None:
            # As it is once the link has acted: proved, and without what somebody else may have set up on it.
            account = evolve(account, proved_at=reading.now, waiting=None)
            sight = evolve(await load_sight(reading, account), second_factor=None)
            assignments = await assign_at_first_proof(reading, account, identity)
        else:
            sight = await load_sight(reading, account)
    return SigningInByLink(
        link=link,
        unproved=unproved,
        sight=sight,
        fresh=fresh_session(reading, identity, lane, account=None if owner is None else owner.account.id),
        notice_id=reading.fresh_id(),
        assignments=assignments,
        runs=await held_lanes(reading, identity),
    )


def _decide_sign_in(seen: SigningInByLink, _asked: UseLink, policy: Policy, now: datetime) -> Decision[SignedIn]:
    return sign_in_by_link(seen, policy, now)


async def replay_by_link(reading: Reading, request: object, receipt: Receipt) -> Decision[SignedIn]:
    """The same call once more: the same session under a new token (I2); where it has ended since, the link is gone."""
    again = await replay_sign_in(reading, request, receipt)
    if isinstance(again.outcome, Refusal):
        return refuse(Reason.LINK_GONE, Because("sign_in_links.replay", (("session", "ended"),)))
    return again


SIGN_IN_BY_LINK = Operation[UseLink, SigningInByLink, SignedIn](
    name="sign_in_by_link",
    load=_load_sign_in,
    decide=_decide_sign_in,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_by_link, scope=lambda asked: digest(asked.link.reveal()), judges_proof=True),
)
