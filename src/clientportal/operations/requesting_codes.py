"""Asking for codes. Rule: ``rules/signing_in.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.errors import InvalidContact
from clientportal.keyring import digest, new_secret
from clientportal.operations.budgeting import allowances_for
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.fresh_sessions import lane_of
from clientportal.operations.people import session_of
from clientportal.operations.setting import Visitor
from clientportal.outcomes import CodeSent
from clientportal.policy import Policy
from clientportal.records import Challenge, GuessCounter, Purpose, Stage
from clientportal.rules.budgets import request_charges
from clientportal.rules.signing_in import CodeRequest, request_code
from clientportal.values import ContactKey, ContactKind, Email, Phone, Secret, mask, parse_email, parse_phone

__all__ = [
    "REQUEST_CODE",
    "REQUEST_SECOND_PROOF",
    "RESEND_CODE",
    "AskCode",
    "AskSecondProof",
    "ResendCode",
    "code_request",
    "read_any_contact",
    "read_contact",
]

_LATEST = 50


# --- reading what was typed ----------------------------------------------------------------------------------------


def read_contact(text: str, policy: Policy) -> tuple[Phone | Email, ContactKey]:
    """Read what a visitor typed as one of the contacts that identify here."""
    kinds = policy.login.identifiers
    if ContactKind.EMAIL in kinds and ("@" in text or kinds == frozenset({ContactKind.EMAIL})):
        email = parse_email(text)
        return email, email.key()
    if kinds == frozenset({ContactKind.EMAIL}):
        raise InvalidContact("unsupported", "an email address is needed here")
    phone = parse_phone(text, region=policy.contacts.region)
    return phone, phone.key(ContactKind.MOBILE if ContactKind.MOBILE in kinds else ContactKind.PHONE)


def read_any_contact(text: str, policy: Policy) -> tuple[Phone | Email, ContactKey]:
    """Read a further contact of any kind, for a second proof."""
    if "@" in text:
        email = parse_email(text)
        return email, email.key()
    phone = parse_phone(text, region=policy.contacts.region)
    return phone, phone.key(ContactKind.MOBILE)


# --- asking for a code ---------------------------------------------------------------------------------------------


@frozen
class AskCode:
    """A visitor asks for a code."""

    contact: str


@frozen
class ResendCode:
    """A visitor asks for the code again, on the same handle."""

    handle: Secret


@frozen
class AskSecondProof:
    """A session whose number may have been recycled asks for a code to another contact (X6)."""

    contact: str


async def code_request(
    reading: Reading,
    contact: Phone | Email,
    identity: ContactKey,
    lane: str,
    *,
    source: str | None = None,
    handle: str | None = None,
    superseded: Challenge | None = None,
    purpose: Purpose = Purpose.LOGIN,
    bound_to: str | None = None,
) -> CodeRequest:
    """What is read when a code is asked for, for whatever purpose: budgets and open codes, never a client.

    ``handle`` is an earlier request's, whose code it replaces (``superseded``); else a new one is drawn.
    """
    handle = handle or new_secret()
    # Two requests at once are kept apart by the allowances, so these come first.
    allowances = await allowances_for(reading, request_charges(identity, lane, source, reading.policy.sends))
    # The ones that expire last are the ones that may be open, but spent ones stand among them and must not hide an open
    # one.
    latest = await reading.state.page(Challenge, "lane", [str(identity), lane], limit=_LATEST, newest_first=True)
    counter = await reading.state.get(GuessCounter, f"{identity}|{lane}")
    return CodeRequest(
        contact=contact,
        identity=identity,
        lane=lane,
        source=source,
        live=tuple(challenge for challenge in latest.items if challenge.open_at(reading.now)),
        superseded=superseded,
        allowances=allowances,
        counter=counter,
        handle=Secret(handle),
        handle_digest=digest(handle),
        message_id=reading.fresh_id(),
        key_id=reading.setup.keys.signing_id,
        purpose=purpose,
        bound_to=bound_to,
        human=reading.human,
    )


def _visitor(reading: Reading) -> Visitor:
    assert isinstance(reading.caller, Visitor)
    return reading.caller


async def _load_request(reading: Reading, request: AskCode) -> CodeRequest:
    visitor = _visitor(reading)
    contact, identity = read_contact(request.contact, reading.policy)
    lane = lane_of(reading.setup, reading.tenant, visitor.device, identity, reading.now)
    return await code_request(reading, contact, identity, lane, source=visitor.source)


async def _load_resend(reading: Reading, request: ResendCode) -> CodeRequest:
    visitor = _visitor(reading)
    handle = request.handle.reveal()
    challenge = await reading.state.get(Challenge, digest(handle), lock=True)
    if challenge is None or challenge.spent:
        raise Denied(Refusal(Reason.CODE_GONE, Because("signing_in.request_code", (("challenge", "gone"),))))
    identity = ContactKey.parse(challenge.identity)
    contact: Phone | Email
    if identity.kind is ContactKind.EMAIL:
        contact = parse_email(identity.value)
    else:
        contact = parse_phone(identity.value, region=reading.policy.contacts.region)
    return await code_request(
        reading, contact, identity, challenge.lane, source=visitor.source, handle=handle, superseded=challenge
    )


async def _load_second_request(reading: Reading, request: AskSecondProof) -> CodeRequest:
    session = await session_of(reading, needs_record=False)
    if session.stage is not Stage.SECOND_PROOF:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("signing_in.request_code", (("stage", session.stage.value),))))
    contact, identity = read_any_contact(request.contact, reading.policy)
    # Its own lane: tries here must not use up the budget of the contact's owner, nor be used up by strangers. One for
    # each number that was proved, not for each session: whoever holds it would log in again for another five tries.
    lane = f"second:{digest(session.identity)[:32]}"
    return await code_request(reading, contact, identity, lane, purpose=Purpose.SECOND_PROOF, bound_to=session.id)


def _decide_request(
    seen: CodeRequest, _asked: AskCode | ResendCode | AskSecondProof, policy: Policy, now: datetime
) -> Decision[CodeSent]:
    return request_code(seen, policy, now)


def _masked(text: str) -> str:
    return mask(text.strip()[:254])


REQUEST_CODE = Operation[AskCode, CodeRequest, CodeSent](
    name="request_code",
    load=_load_request,
    decide=_decide_request,
    subject=lambda asked: _masked(asked.contact),
    durable=True,
    previewable=False,
    humans_only=True,
)

RESEND_CODE = Operation[ResendCode, CodeRequest, CodeSent](
    name="resend_code",
    load=_load_resend,
    decide=_decide_request,
    durable=True,
    previewable=False,
    humans_only=True,
)

REQUEST_SECOND_PROOF = Operation[AskSecondProof, CodeRequest, CodeSent](
    name="request_second_proof",
    load=_load_second_request,
    decide=_decide_request,
    subject=lambda asked: _masked(asked.contact),
    durable=True,
    previewable=False,
)
