"""A new password by mail, and "this is my address, but I did not register". Rules: ``rules/proving.py``.

Asking reads no account. Following the link takes three steps: *look* at it, *hash* outside of any unit, *reset*.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.keyring import digest
from clientportal.operations.accounts import (
    account_by_email,
    accounts_on,
    held_lanes,
    load_mailed,
    load_unproved,
    people_with,
)
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session_of
from clientportal.operations.mailing import load_mail_request, remember_mail, replay_mail, spellings_of
from clientportal.operations.new_passwords import hash_new, judge_new, read_new
from clientportal.operations.performing import perform, receipt_id_of
from clientportal.operations.proving import load_proving
from clientportal.operations.setting import Setup, Visitor
from clientportal.outcomes import MailedLinkView, MailSent, ResetDone
from clientportal.policy import Policy
from clientportal.records import Account, AccountOrigin, MailedLink, MailPurpose, Receipt
from clientportal.rules.mailed_links import MailRequest, request_mail
from clientportal.rules.proving import Proving, account_of_proof, prove_and_reset, reset
from clientportal.values import ContactKey, Secret, mask, parse_email

__all__ = [
    "CLAIM_EMAIL",
    "LOOK_AT_MAILED",
    "MAY_SET_PASSWORD",
    "REQUEST_RESET",
    "RESET_PASSWORD",
    "AskReset",
    "LookAtMailed",
    "SetPassword",
    "scope_of_link",
    "set_by_link",
]

T = TypeVar("T")


# --- asking ----------------------------------------------------------------------------------------------------------


@frozen
class AskReset:
    """A visitor asks for a new password."""

    email: str


async def _load_request(reading: Reading, asked: AskReset) -> MailRequest:
    return await load_mail_request(reading, MailPurpose.RESET, parse_email(asked.email))


def _decide_request(seen: MailRequest, _asked: AskReset, policy: Policy, now: datetime) -> Decision[MailSent]:
    return request_mail(seen, policy, now)


REQUEST_RESET = Operation[AskReset, MailRequest, MailSent](
    name="request_reset",
    load=_load_request,
    decide=_decide_request,
    subject=lambda asked: mask(asked.email.strip()[:254]),
    durable=True,
    previewable=False,
    humans_only=True,
    keyed=Keyed(remember_mail, replay_mail, scope=lambda asked: asked.email.strip().casefold()),
)


# --- looking, without effect -----------------------------------------------------------------------------------------


@frozen
class LookAtMailed:
    """A link from a mail, and what its page is for."""

    link: Secret = field(repr=False)
    purpose: MailPurpose


async def _load_look(reading: Reading, asked: LookAtMailed) -> MailedLink:
    accounts_on(reading, "proving.look")
    return await load_mailed(reading, asked.link, (asked.purpose,), lock=False)


def _decide_look(seen: MailedLink, _asked: LookAtMailed, policy: Policy, _now: datetime) -> Decision[MailedLinkView]:
    view = MailedLinkView(
        address=mask(ContactKey.parse(seen.identity).value),
        expires_at=seen.expires_at,
        consents=policy.registration.consents,
    )
    return grant(view, Because("mailed_links.look", (("purpose", seen.purpose.value),)))


LOOK_AT_MAILED = Operation[LookAtMailed, MailedLink, MailedLinkView](
    name="look_at_mailed", load=_load_look, decide=_decide_look, writes=False
)


# --- a new password, for whatever the link proves --------------------------------------------------------------------


@frozen
class SetPassword:
    """A link, and what its reader chose.

    ``hash`` is the password's, once it is made; ``once`` the idempotency key of the whole.
    """

    link: Secret = field(repr=False)
    purpose: MailPurpose
    agreed: tuple[tuple[str, str], ...] = ()
    hash: Secret | None = field(default=None, repr=False)
    once: str | None = None


def scope_of_link(asked: SetPassword) -> str:
    """Whose idempotency keys these are: those of whoever has the link."""
    return digest(asked.link.reveal())


@frozen
class _May:
    """What is about to be done, by which operation."""

    asked: SetPassword
    operation: Operation[SetPassword, Any, Any]
    once: str | None


async def _was_answered(reading: Reading, may: _May) -> bool:
    """Whether this very call is asked once more under its key: its link has acted by then, and may not act again."""
    id = receipt_id_of(reading.setup, reading.caller, may.operation, may.asked, may.once)
    receipt = None if id is None else await reading.state.get(Receipt, id)
    return receipt is not None and bool(receipt.result)


async def _load_context(reading: Reading, may: _May) -> tuple[str | None, ...]:
    accounts_on(reading, "proving.set_password")
    business = (await reading.host.business()).name
    if await _was_answered(reading, may):
        return (business,)
    link = await load_mailed(reading, may.asked.link, (may.asked.purpose,), lock=False)
    identity = ContactKey.parse(link.identity)
    owner = await account_by_email(reading, identity)
    names = () if owner is None else (owner.first_name, owner.last_name)
    return (business, identity.value, *names)


def _decide_context(
    seen: tuple[str | None, ...], _may: _May, _policy: Policy, _now: datetime
) -> Decision[tuple[str | None, ...]]:
    return grant(seen, Because("mailed_links.context"))


MAY_SET_PASSWORD = Operation[_May, tuple[str | None, ...], tuple[str | None, ...]](
    name="may_set_password",
    load=_load_context,
    decide=_decide_context,
    writes=False,
    durable=True,
    previewable=False,
)


async def set_by_link(
    setup: Setup, caller: Visitor, operation: Operation[SetPassword, Any, T], asked: SetPassword, password: Secret
) -> T:
    """Look at the link, judge the password by what it leads to, hash it, commit."""
    chosen = read_new(setup, caller.tenant, password)
    context = await perform(setup, caller, MAY_SET_PASSWORD, _May(asked, operation, asked.once))
    await judge_new(setup, caller.tenant, chosen, context)
    hashed = await hash_new(setup, caller.tenant, chosen, operation.name, scope_of_link(asked), asked.once)
    return await perform(setup, caller, operation, evolve(asked, hash=hashed), key=asked.once)


async def _load_proof(reading: Reading, asked: SetPassword) -> Proving:
    accounts_on(reading, "proving.set_password")
    link = await load_mailed(reading, asked.link, (asked.purpose,))
    identity = ContactKey.parse(link.identity)
    reading.actor = f"mailbox:{mask(identity.value)}"
    unproved = await load_unproved(reading, identity)
    stored = spellings_of(identity, (await people_with(reading, identity))[0])
    owner = unproved.owner
    if owner is not None and asked.purpose is MailPurpose.RESET:
        account = owner.account
    else:
        # Mail goes to an address as it is stored, not as whoever asked has typed it.
        address = (*stored, *(one.account.address for one in reversed(unproved.accounts)), link.address)[0]
        account = account_of_proof(reading.fresh_id(), identity, address, AccountOrigin.RESET, reading.now)
    seen = await load_proving(reading, account, unproved, link=link, records=bool(stored))
    return evolve(seen, runs=await held_lanes(reading, identity))


def _hash(asked: SetPassword) -> Secret:
    assert asked.hash is not None
    return asked.hash


def _decide_reset(seen: Proving, asked: SetPassword, policy: Policy, now: datetime) -> Decision[ResetDone]:
    return reset(seen, _hash(asked), asked.agreed, policy, now)


def _decide_claim(seen: Proving, asked: SetPassword, policy: Policy, now: datetime) -> Decision[ResetDone]:
    return prove_and_reset(seen, _hash(asked), asked.agreed, policy, now)


def _remember(outcome: ResetDone) -> Mapping[str, str]:
    return {"first": "1" if outcome.first else "0", "account": outcome.account}


async def _replay(reading: Reading, _asked: SetPassword, receipt: Receipt) -> Decision[ResetDone]:
    """The same answer once more, with a device token anew: a receipt keeps none.

    However often it is asked, its device is one and the same, so that asking again gives nobody a further lane to
    guess in.
    """
    because = Because("proving.replay", (("receipt", "found"),))
    account = await reading.state.get(Account, receipt.result.get("account", ""))
    if account is None:
        raise Denied(Refusal(Reason.LINK_GONE, because))
    fresh = fresh_session_of(reading, account, f"device:{digest(receipt.id)[:32]}")
    return grant(ResetDone(receipt.result["first"] == "1", device=fresh.device, account=account.id), because)


RESET_PASSWORD = Operation[SetPassword, Proving, ResetDone](
    name="reset_password",
    load=_load_proof,
    decide=_decide_reset,
    durable=True,
    previewable=False,
    keyed=Keyed(_remember, _replay, scope=scope_of_link, judges_proof=True),
)

CLAIM_EMAIL = Operation[SetPassword, Proving, ResetDone](
    name="claim_email",
    load=_load_proof,
    decide=_decide_claim,
    durable=True,
    previewable=False,
    keyed=Keyed(_remember, _replay, scope=scope_of_link, judges_proof=True),
)
