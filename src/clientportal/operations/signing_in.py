"""Asking for codes and typing them in. Rules: ``rules/signing_in.py``, ``rules/whose_contact.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import HostError, InvalidContact
from clientportal.keyring import digest, new_secret, token_for
from clientportal.operations.budgeting import allowances_for
from clientportal.operations.frame import Denied, Keyed, Operation, Reading, Unfinished
from clientportal.operations.people import load_candidates, roots_of, session_of
from clientportal.operations.setting import Setup, Visitor
from clientportal.operations.typed_codes import TypedCode, judge_typed
from clientportal.outcomes import CodeSent, SignedIn
from clientportal.policy import Policy, UnknownIdentity
from clientportal.records import (
    Account,
    Challenge,
    ContactHistory,
    GuessCounter,
    Intent,
    Purpose,
    Put,
    Receipt,
    Remove,
    Session,
    Stage,
    WalkMark,
)
from clientportal.rules.budgets import request_charges
from clientportal.rules.sessions import judge_session
from clientportal.rules.signing_in import (
    STRANGERS,
    CodeRequest,
    FreshSession,
    SignIn,
    Verdict,
    request_code,
    sign_in,
    signed_in,
)
from clientportal.rules.whose_contact import is_flagged
from clientportal.values import ContactKey, ContactKind, Email, Phone, Secret, mask, parse_email, parse_phone

__all__ = [
    "REQUEST_CODE",
    "REQUEST_SECOND_PROOF",
    "RESEND_CODE",
    "VERIFY_CODE",
    "AskCode",
    "AskSecondProof",
    "ResendCode",
    "code_request",
    "fresh_session",
    "fresh_session_of",
    "lane_of",
    "read_contact",
    "registered_on",
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


# --- known devices -------------------------------------------------------------------------------------------------

_DEVICE = "device"


def lane_of(setup: Setup, tenant: str, device: Secret | None, identity: ContactKey, now: datetime) -> str:
    """The lane of this device for this identity: its own where it has logged in as it before, else the strangers'."""
    claims = setup.keys.verify(_DEVICE, device.reveal()) if device is not None else None
    if (
        claims is None
        or claims.get("t") != tenant
        or claims.get("i") != setup.keys.fingerprint(_DEVICE, tenant, str(identity), key_id=str(claims.get("k")))
        or int(claims.get("e", 0)) <= now.timestamp()
    ):
        return STRANGERS
    return f"device:{claims.get('n')}"


def registered_on(setup: Setup, tenant: str, device: Secret | None) -> str | None:
    """The account that this very browser registered, as its device token says; whether it is there is not asked."""
    claims = setup.keys.verify(_DEVICE, device.reveal()) if device is not None else None
    if claims is None or claims.get("t") != tenant or not claims.get("a"):
        return None
    return str(claims["a"])


def fresh_session(
    reading: Reading, identity: ContactKey, lane: str = STRANGERS, *, account: str | None = None
) -> FreshSession:
    """A token and a device token, drawn for this try. The device remembers ``account``: see ``registered_on``."""
    token = token_for(reading.tenant, new_secret())
    keys, policy = reading.setup.keys, reading.policy
    nonce = lane.removeprefix("device:") if lane != STRANGERS else reading.fresh_id()
    device = keys.sign(
        _DEVICE,
        reading.tenant,
        {
            "n": nonce,
            # By the key that signs: removing an older one must not make strangers of the devices that came after.
            "k": keys.signing_id,
            "i": keys.fingerprint(_DEVICE, reading.tenant, str(identity), key_id=keys.signing_id),
            "e": int((reading.now + policy.sessions.device_known_for).timestamp()),
            **({"a": account} if account is not None else {}),
        },
    )
    return FreshSession(
        token=token,
        digest=digest(token.reveal()),
        device=device,
        device_lane=f"device:{nonce}",
        intent_id=reading.fresh_id(),
        message_id=reading.fresh_id(),
    )


_NOBODY = ContactKey(ContactKind.EMAIL, "")


def fresh_session_of(reading: Reading, account: Account, lane: str = STRANGERS) -> FreshSession:
    """The same for an account. Its device is a known one for its email only once that is proved.

    The attack: somebody registers with a client's address to be a known device for it, with guesses of its own, and
    again for as many guesses as they like. An address that was merely typed makes no device known.
    """
    identity = _NOBODY if account.proved_at is None else account.identity
    return fresh_session(reading, identity, lane, account=account.id)


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
    source: str | None,
    handle: str,
    superseded: Challenge | None,
    *,
    purpose: Purpose = Purpose.LOGIN,
    bound_to: str | None = None,
) -> CodeRequest:
    """What is read when a code is asked for, for whatever purpose: budgets and open codes, never a client."""
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
    return await code_request(reading, contact, identity, lane, visitor.source, new_secret(), None)


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
    return await code_request(reading, contact, identity, challenge.lane, visitor.source, handle, challenge)


async def _load_second_request(reading: Reading, request: AskSecondProof) -> CodeRequest:
    session = await session_of(reading, needs_record=False)
    if session.stage is not Stage.SECOND_PROOF:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("signing_in.request_code", (("stage", session.stage.value),))))
    contact, identity = read_any_contact(request.contact, reading.policy)
    # Its own lane: tries here must not use up the budget of the contact's owner, nor be used up by strangers. One for
    # each number that was proved, not for each session: whoever holds it would log in again for another five tries.
    lane = f"second:{digest(session.identity)[:32]}"
    return await code_request(
        reading, contact, identity, lane, None, new_secret(), None, purpose=Purpose.SECOND_PROOF, bound_to=session.id
    )


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


# --- typing it in --------------------------------------------------------------------------------------------------


async def _load_sign_in(reading: Reading, typed: TypedCode) -> SignIn:
    # A code that proves an email to a session, or claims a record, logs nobody in (V6.6.2).
    seen = await judge_typed(
        reading,
        typed,
        accepts=lambda one: one.purpose in (Purpose.LOGIN, Purpose.SECOND_PROOF),
        fresh=lambda one: (
            fresh_session(reading, _NOBODY)
            if one is None
            else fresh_session(reading, ContactKey.parse(one.identity), one.lane)
        ),
    )
    challenge = seen.challenge
    if challenge is None or seen.verdict is not Verdict.RIGHT:
        return seen
    identity = ContactKey.parse(challenge.identity)
    reading.actor = f"client:{mask(identity.value)}"
    # Only now may records be read. The name is held because the decision may rest on nobody having the contact:
    # of two first logins with one unknown number, the second waits and then finds the record (T6).
    await reading.state.hold(f"contact:{identity}")
    history = await reading.state.get(ContactHistory, str(identity))
    # Before the index is read: a record that is finished between the two reads is found there.
    on_its_way = await _record_on_its_way(reading, identity)
    candidates, hits = await load_candidates(reading, identity, history)
    if not candidates and on_its_way is not None:
        raise Unfinished(on_its_way)
    seen = evolve(seen, candidates=candidates, hits=hits, history=history)
    if not hits and not is_flagged(history) and reading.policy.login.unknown is UnknownIdentity.CREATE_EMPTY:
        await _must_be_walked(reading)
    if challenge.purpose is not Purpose.SECOND_PROOF or challenge.bound_to is None:
        return seen
    bound = await reading.state.get(Session, challenge.bound_to, lock=True)
    if bound is None:
        return seen
    # What a second proof completes is the sign-in with the first contact: its history, its device.
    first = ContactKey.parse(bound.identity)
    history = await reading.state.get(ContactHistory, str(first))
    fresh = fresh_session(reading, first, bound.device or STRANGERS)
    return evolve(seen, history=history, bound=bound, fresh=fresh)


_MOST_ON_THEIR_WAY = 1000


async def _record_on_its_way(reading: Reading, identity: ContactKey) -> str | None:
    """A host elsewhere makes a record after the unit that asked for it: the intent of one with this contact."""
    if reading.setup.host.shares_transaction:
        return None
    page = await reading.state.page(Intent, "state", ["open"], limit=_MOST_ON_THEIR_WAY)
    return next((intent.id for intent in page.items if identity in intent.entries), None)


async def _must_be_walked(reading: Reading) -> None:
    """Nobody has the contact, as far as the index knows; it must know everybody, or an old client gets a second record.

    Where the host answers ``by_contact`` itself, it was asked already.
    """
    if reading.setup.host.capabilities.by_contact:
        return
    if await reading.state.get(WalkMark, WalkMark.FIRST) is None:
        raise HostError(
            f"the contacts of business {reading.tenant!r} were never walked to the end, so an old client cannot be "
            "told from a new one: call portal.walk_contacts(business) once, also where there are no clients yet"
        )


def _decide_sign_in(seen: SignIn, _typed: TypedCode, policy: Policy, now: datetime) -> Decision[SignedIn]:
    return sign_in(seen, policy, now)


def remember_sign_in(outcome: SignedIn) -> Mapping[str, str]:
    """What a receipt keeps of a sign-in: which session, never its token."""
    return {"session": digest(outcome.token.reveal()), "new": "1" if outcome.new_record else ""}


async def replay_sign_in(reading: Reading, _request: object, receipt: Receipt) -> Decision[SignedIn]:
    """The same sign-in once more: the same session under a new token; the old token is dead (I2)."""
    because = Because("signing_in.replay", (("receipt", "found"),))
    session = await reading.state.get(Session, receipt.result.get("session", ""), lock=True)
    no = judge_session(session, reading.policy, reading.now, needs_record=False, needs_factor=False)
    if session is None or no is not None:
        return refuse(Reason.CODE_GONE, because)
    lane = session.device or STRANGERS
    account = None if session.account is None else await reading.state.get(Account, session.account)
    if account is None:
        fresh = fresh_session(reading, ContactKey.parse(session.identity), lane)
    else:
        fresh = fresh_session_of(reading, account, lane)
    moved = evolve(session, id=fresh.digest, version=0)
    outcome = signed_in(fresh, moved, new=bool(receipt.result.get("new")))
    if outcome.record is not None:
        outcome = evolve(outcome, record=(await roots_of(reading, [outcome.record]))[outcome.record])
    receipt = evolve(receipt, result={**receipt.result, "session": fresh.digest})
    return grant(outcome, because, (Remove(session), Put(moved), Put(receipt)))


VERIFY_CODE = Operation[TypedCode, SignIn, SignedIn](
    name="verify_code",
    load=_load_sign_in,
    decide=_decide_sign_in,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_sign_in, scope=lambda typed: digest(typed.handle.reveal()), judges_proof=True),
)
