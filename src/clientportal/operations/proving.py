"""Proving the email of a registration: by its session, or by its password. Rules: ``rules/proving.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, refuse
from clientportal.keyring import digest
from clientportal.operations.accounts import accounts_on, load_mailed, load_sight, load_unproved
from clientportal.operations.assignments import assign_at_first_proof
from clientportal.operations.frame import TRIES, Denied, Keyed, Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session, fresh_session_of
from clientportal.operations.logging_in import CredentialChanged, matched, must_be_unchanged, told
from clientportal.operations.mailing import load_mail_request, remember_mail, replay_mail
from clientportal.operations.new_passwords import hashing_place, read_new
from clientportal.operations.people import session_of
from clientportal.operations.performing import perform, receipt_id_of
from clientportal.operations.requesting_codes import code_request
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import Setup, Visitor
from clientportal.operations.signing_in import remember_sign_in, replay_sign_in
from clientportal.operations.typed_codes import TypedCode, judge_typed
from clientportal.outcomes import CodeSent, MailSent, SignedIn
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    Credential,
    GuessCounter,
    MailedLink,
    MailPurpose,
    Purpose,
    Receipt,
    Session,
    Write,
)
from clientportal.rules.first_proof import Unproved
from clientportal.rules.logging_in import Tried
from clientportal.rules.mailed_links import MAILED_LINK, MailRequest, mailed_claims, request_mail
from clientportal.rules.proving import (
    Guessed,
    Guessing,
    Proving,
    TypedIn,
    charge_try,
    verify_by_code,
    verify_by_password,
    verify_by_session,
)
from clientportal.rules.signing_in import STRANGERS, CodeRequest, Verdict, request_code
from clientportal.values import ContactKey, Secret, parse_email

__all__ = [
    "REQUEST_EMAIL_CODE",
    "RESEND_VERIFICATION",
    "TRY_VERIFYING",
    "VERIFY_EMAIL",
    "VERIFY_EMAIL_CODE",
    "VERIFY_WITH_PASSWORD",
    "FollowLink",
    "load_proving",
    "verify_with_password",
]

_VERIFYING = "verify"
"""The lane of every guess at whether somebody registered with an address: one for all its registrations, so that
registering again gives no new guesses."""


async def load_proving(
    reading: Reading,
    account: Account,
    unproved: Unproved,
    *,
    link: MailedLink | None = None,
    session: Session | None = None,
    records: bool = False,
) -> Proving:
    """Everything that a first proof by ``account`` needs, read once it is sure that the mailbox is proved."""
    identity = unproved.identity
    prover = evolve(account, proved_at=reading.now, waiting=None)
    lane = session.device if session is not None and session.device is not None else STRANGERS
    return Proving(
        unproved=unproved,
        account=account,
        sight=await load_sight(reading, prover),
        # Proved now: from here on the device is a known one for this address, and for this account.
        fresh=fresh_session(reading, identity, lane, account=account.id),
        link=link,
        session=session,
        assignments=await _brought_by(reading, prover, unproved),
        records=records,
        notice_id=reading.fresh_id(),
    )


async def _brought_by(reading: Reading, prover: Account, unproved: Unproved) -> tuple[Write, ...]:
    """What the first proof brings: the appointments booked before with this email (A8b).

    Records are not linked here: those that have the proved email open at every login as the policy says (TT11), and a
    link of its own is made where more than an email speaks for it.
    """
    if unproved.identifier is not None and unproved.identifier.proved_at is not None:
        return ()
    return await assign_at_first_proof(reading, prover, unproved.identity)


# --- by the session that registered ----------------------------------------------------------------------------------


@frozen
class FollowLink:
    """A link from a mail, followed on purpose."""

    link: Secret = field(repr=False)


async def _registering_session(reading: Reading) -> tuple[Session, Account]:
    """The caller's session and its account; a session without an account has registered nothing.

    Neither is locked here: the link or code comes first, then the address's name (the order of locks: ``accounts.py``).
    ``load_unproved`` locks both in their turn.
    """
    session = await session_of(reading, needs_record=False)
    account = None if session.account is None else await reading.state.get(Account, session.account)
    if account is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("proving.registering_session", (("account", "none"),))))
    reading.actor = f"account:{account.id}"
    accounts_on(reading, "proving.registering_session")
    return session, account


async def _load_by_session(reading: Reading, asked: FollowLink) -> Proving:
    session, account = await _registering_session(reading)
    link = await load_mailed(reading, asked.link, (MailPurpose.VERIFY,))
    if link.account != account.id:
        raise Denied(Refusal(Reason.LINK_GONE, Because("proving.verify_by_session", (("registration", "another"),))))
    reading.session = None
    unproved = await load_unproved(reading, ContactKey.parse(link.identity))
    return await load_proving(reading, account, unproved, link=link, session=session)


def _decide_by_session(seen: Proving, _asked: FollowLink, policy: Policy, now: datetime) -> Decision[SignedIn]:
    return verify_by_session(seen, policy, now)


VERIFY_EMAIL = Operation[FollowLink, Proving, SignedIn](
    name="verify_email",
    load=_load_by_session,
    decide=_decide_by_session,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_sign_in),
)


# --- by a code typed into it -----------------------------------------------------------------------------------------


async def _unproved_session(reading: Reading) -> tuple[Session, Account]:
    session, account = await _registering_session(reading)
    if account.proved_at is not None:
        because = Because("proving.verify_by_code", (("address", "proved already"),))
        raise Denied(Refusal(Reason.ALREADY_REGISTERED, because))
    return session, account


async def _load_code_request(reading: Reading, _asked: Nothing) -> CodeRequest:
    _, account = await _unproved_session(reading)
    return await code_request(
        reading,
        parse_email(account.address),
        account.identity,
        _VERIFYING,
        purpose=Purpose.VERIFY_EMAIL,
        bound_to=account.id,
    )


def _decide_code_request(seen: CodeRequest, _asked: Nothing, policy: Policy, now: datetime) -> Decision[CodeSent]:
    return request_code(seen, policy, now)


REQUEST_EMAIL_CODE = Operation[Nothing, CodeRequest, CodeSent](
    name="request_email_code",
    load=_load_code_request,
    decide=_decide_code_request,
    durable=True,
    previewable=False,
)


async def _load_typed(reading: Reading, typed: TypedCode) -> TypedIn:
    session, account = await _registering_session(reading)
    seen = await judge_typed(
        reading,
        typed,
        accepts=lambda one: (one.purpose, one.bound_to) == (Purpose.VERIFY_EMAIL, account.id),
        fresh=lambda _: fresh_session_of(reading, account, session.device or STRANGERS),
    )
    challenge = seen.challenge
    if challenge is None or seen.verdict is not Verdict.RIGHT:
        return TypedIn(seen)
    reading.session = None
    unproved = await load_unproved(reading, ContactKey.parse(challenge.identity))
    return TypedIn(seen, await load_proving(reading, account, unproved, session=session))


def _decide_typed(seen: TypedIn, _typed: TypedCode, policy: Policy, now: datetime) -> Decision[SignedIn]:
    return verify_by_code(seen, policy, now)


VERIFY_EMAIL_CODE = Operation[TypedCode, TypedIn, SignedIn](
    name="verify_email_code",
    load=_load_typed,
    decide=_decide_typed,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_sign_in, scope=lambda typed: digest(typed.handle.reveal()), judges_proof=True),
)


# --- once more -------------------------------------------------------------------------------------------------------


async def _load_resend(reading: Reading, _asked: Nothing) -> MailRequest:
    _, account = await _unproved_session(reading)
    email = parse_email(account.address)
    return await load_mail_request(reading, MailPurpose.VERIFY, email, account=account.id)


def _decide_resend(seen: MailRequest, _asked: Nothing, policy: Policy, now: datetime) -> Decision[MailSent]:
    return request_mail(seen, policy, now)


RESEND_VERIFICATION = Operation[Nothing, MailRequest, MailSent](
    name="resend_verification",
    load=_load_resend,
    decide=_decide_resend,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_mail, replay_mail),
)


# --- by its password, without a session ------------------------------------------------------------------------------


@frozen
class TryLink:
    """A link whose registration's password is about to be tried."""

    link: Secret = field(repr=False)
    once: str | None = None


@frozen
class _Against:
    """What the password was compared with.

    Its repr is empty, and so is what the fingerprint of an idempotency key sees of it: under one key every right
    password is the same request.
    """

    tried: Tried | None = field(default=None, repr=False)


@frozen
class TriedLink:
    """The same, and how the try ended."""

    link: Secret = field(repr=False)
    matches: bool
    against: _Against = _Against()


async def _load_try(reading: Reading, asked: TryLink) -> Guessing:
    accounts_on(reading, "proving.charge_try")
    answered = None
    if asked.once is not None:
        tried = TriedLink(asked.link, matches=True)
        id = receipt_id_of(reading.setup, reading.caller, VERIFY_WITH_PASSWORD, tried, asked.once)
        answered = await reading.state.get(Receipt, id or "")
    known = answered is not None and bool(answered.result)
    if not known:
        link = await load_mailed(reading, asked.link, (MailPurpose.VERIFY,))
    else:
        link = await _link_that_acted(reading, asked.link)
    counter_id = f"{link.identity}|{_VERIFYING}"
    credential = None if link.account is None else await reading.state.get(Credential, link.account)
    return Guessing(
        identity=ContactKey.parse(link.identity),
        lane=_VERIFYING,
        counter=await reading.state.get(GuessCounter, counter_id, lock=True),
        account=link.account,
        credential=credential,
        known=known,
    )


async def _link_that_acted(reading: Reading, text: Secret) -> MailedLink:
    """The link of a call that has been answered before: used up by then, and asked about once more under its key."""
    claims = reading.setup.keys.verify(MAILED_LINK, text.reveal())
    link = None if claims is None else await reading.state.get(MailedLink, str(claims.get("i", "")))
    if link is None or claims is None or dict(claims) != {**mailed_claims(link), "t": reading.tenant}:
        raise Denied(Refusal(Reason.LINK_GONE, Because("proving.link_that_acted")))
    return link


def _decide_try(seen: Guessing, _asked: TryLink, policy: Policy, now: datetime) -> Decision[Guessed]:
    return charge_try(seen, policy, now)


TRY_VERIFYING = Operation[TryLink, Guessing, Guessed](
    name="try_verifying", load=_load_try, decide=_decide_try, durable=True, previewable=False
)


@frozen
class _Tried:
    proving: Proving | None
    counter: GuessCounter | None = None
    charged_in: datetime | None = None


async def _load_tried(reading: Reading, asked: TriedLink) -> _Tried:
    accounts_on(reading, "proving.verify_by_password")
    link = await load_mailed(reading, asked.link, (MailPurpose.VERIFY,))
    account = None if link.account is None else await reading.state.get(Account, link.account)
    tried = asked.against.tried
    if account is None or tried is None or not asked.matches:
        # Nothing is read for a wrong password: who has it, has proved the mailbox, and not the registration.
        return _Tried(None)
    identity = ContactKey.parse(link.identity)
    unproved = await load_unproved(reading, identity)
    await must_be_unchanged(reading, tried)
    counter = await reading.state.get(GuessCounter, f"{identity}|{_VERIFYING}", lock=True)
    return _Tried(await load_proving(reading, account, unproved, link=link), counter, tried.charged_in)


def _decide_tried(seen: _Tried, _asked: TriedLink, policy: Policy, now: datetime) -> Decision[SignedIn]:
    if seen.proving is None or seen.charged_in is None:
        return refuse(Reason.LOGIN_FAILED, Because("proving.verify_by_password", (("password", "wrong"),)))
    return verify_by_password(seen.proving, seen.counter, seen.charged_in, policy, now)


VERIFY_WITH_PASSWORD = Operation[TriedLink, _Tried, SignedIn](
    name="verify_with_password",
    load=_load_tried,
    decide=_decide_tried,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_sign_in, scope=lambda asked: digest(asked.link.reveal()), judges_proof=True),
)


async def verify_with_password(
    setup: Setup, caller: Visitor, link: Secret, password: Secret, key: str | None
) -> SignedIn:
    """Charge the try, look at the password, and record the answer: three steps, and a place to hash held throughout.

    The place comes first: whoever finds none has been charged nothing. Where the password is set anew while it is
    being hashed, the new one is what counts, for the same try (as at a login: ``logging_in.prove``).
    """
    typed = read_new(setup, caller.tenant, password)
    async with hashing_place(setup, caller.tenant) as hashing:
        guessed = await perform(setup, caller, TRY_VERIFYING, TryLink(link, key))
        tried = guessed.tried
        for _ in range(TRIES):
            if guessed.charged:
                checked = await matched(setup, caller, hashing, tried, typed)
            else:
                checked = await hashing.check(tried.hash, typed)
            judged = TriedLink(link, checked.matches, _Against(tried))
            try:
                return await perform(setup, caller, VERIFY_WITH_PASSWORD, judged, key=key)
            except CredentialChanged as changed:
                tried = evolve(tried, credential=changed.present)
    busy = Refusal(Reason.BUSY, Because("proving.verify_with_password", (("password", "kept changing"),)))
    raise told(setup, caller, VERIFY_WITH_PASSWORD.name, busy)
