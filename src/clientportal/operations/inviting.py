"""Invitations: staff prepare an account for a client, who sets its password by mail. Rules: ``rules/proving.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, refuse
from clientportal.errors import InvalidContact
from clientportal.operations.accounts import accounts_on, candidates_of, held_lanes, load_mailed, load_unproved
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.mailing import load_mail_request, remember_mail, replay_mail
from clientportal.operations.people import group_of
from clientportal.operations.portraits import portrait
from clientportal.operations.proving import load_proving
from clientportal.operations.resetting import SetPassword, scope_of_link
from clientportal.operations.setting import Staff
from clientportal.operations.signing_in import remember_sign_in, replay_sign_in
from clientportal.outcomes import MailSent, SignedIn
from clientportal.policy import Policy
from clientportal.records import AccountOrigin, Identifier, MailPurpose
from clientportal.rules.mailed_links import MailRequest, request_mail
from clientportal.rules.proving import Accepting, accept, account_of_proof
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ContactKey, Email, RecordRef, parse_email

__all__ = ["ACCEPT_INVITATION", "INVITE", "Invite"]

_LANE = "staff"
"""Whose budgets an invitation spends: strangers who use up an address's own must not keep staff from inviting."""


# --- inviting --------------------------------------------------------------------------------------------------------


@frozen
class Invite:
    """Which client."""

    ref: RecordRef


@frozen
class _Invited:
    mail: MailRequest
    taken: bool


async def _stored_email(reading: Reading, ref: RecordRef) -> Email:
    """The email that the client's record has; the one that a client has merged records for is the survivor's."""
    because = Because("proving.invite", (("record", str(ref)),))
    group = await group_of(reading, ref)
    seen = await portrait(reading, group)
    if not any(record.usable for record in seen.records):
        raise Denied(Refusal(Reason.NOT_FOUND, because))
    try:
        return parse_email(seen.fields["email"].value or "")
    except InvalidContact:
        raise Denied(Refusal(Reason.CONTACT_NOT_ALLOWED, because)) from None


async def _load_invite(reading: Reading, asked: Invite) -> _Invited:
    accounts_on(reading, "proving.invite")
    if not reading.policy.registration.staff_may_register:
        settings = (("registration.staff_may_register", "False"),)
        raise Denied(Refusal(Reason.DISABLED, Because("proving.invite", (), settings)))
    email = await _stored_email(reading, asked.ref)
    assert isinstance(reading.caller, Staff)
    facts = {"ref": str(asked.ref), "by": reading.caller.word}
    mail = await load_mail_request(reading, MailPurpose.INVITATION, email, lane=_LANE, facts=facts)
    identifier = await reading.state.get(Identifier, str(email.key()))
    return _Invited(mail, identifier is not None and identifier.proved_at is not None)


def _decide_invite(seen: _Invited, asked: Invite, policy: Policy, now: datetime) -> Decision[MailSent]:
    if seen.taken:
        return refuse(Reason.ALREADY_REGISTERED, Because("proving.invite", (("record", str(asked.ref)),)))
    return request_mail(seen.mail, policy, now)


INVITE = Operation[Invite, _Invited, MailSent](
    name="invite",
    load=_load_invite,
    decide=_decide_invite,
    subject=lambda asked: str(asked.ref),
    durable=True,
    previewable=False,
    permission=Permission.INVITE,
    keyed=Keyed(remember_mail, replay_mail, scope=lambda asked: str(asked.ref)),
)


# --- accepting -------------------------------------------------------------------------------------------------------


async def _load_accept(reading: Reading, asked: SetPassword) -> Accepting:
    accounts_on(reading, "proving.accept")
    link = await load_mailed(reading, asked.link, (MailPurpose.INVITATION,))
    identity = ContactKey.parse(link.identity)
    unproved = await load_unproved(reading, identity)
    ref = RecordRef.parse(link.facts["ref"])
    owner = unproved.owner
    account = (
        account_of_proof(reading.fresh_id(), identity, link.address, AccountOrigin.INVITED, reading.now)
        if owner is None
        else owner.account
    )
    reading.actor = f"account:{account.id}"
    proving = await load_proving(reading, account, unproved, link=link)
    people = await candidates_of(reading, [ref])
    linked = {one.ref: one for one in (*proving.sight.linked, *people)}
    # As the account is once the invitation has acted: without an app that somebody else may have set up on it.
    proving = evolve(proving, sight=evolve(proving.sight, linked=tuple(linked.values()), second_factor=None))
    proving = evolve(proving, runs=await held_lanes(reading, identity))
    theirs = await _still_theirs(reading, ref, people, identity)
    return Accepting(proving=proving, ref=ref, actor=link.facts["by"], still_theirs=theirs)


async def _still_theirs(reading: Reading, ref: RecordRef, people: tuple[Candidate, ...], identity: ContactKey) -> bool:
    if not any(one.speaker.usable for one in people):
        return False
    try:
        return (await _stored_email(reading, ref)).key() == identity
    except Denied:
        return False


def _decide_accept(seen: Accepting, asked: SetPassword, policy: Policy, now: datetime) -> Decision[SignedIn]:
    assert asked.hash is not None
    return accept(seen, asked.hash, asked.agreed, policy, now)


ACCEPT_INVITATION = Operation[SetPassword, Accepting, SignedIn](
    name="accept_invitation",
    load=_load_accept,
    decide=_decide_accept,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_sign_in, scope=scope_of_link, judges_proof=True),
)
