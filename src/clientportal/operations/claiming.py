"""Claiming records by the proof of a contact. Rules: ``rules/claiming.py``, ``rules/linking.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.keyring import digest
from clientportal.operations.accounts import load_mailed, load_sight
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.fresh_sessions import NOBODY, fresh_session
from clientportal.operations.mailing import load_mail_request
from clientportal.operations.people import load_candidates, locked_account, session_of
from clientportal.operations.requesting_codes import code_request, read_any_contact
from clientportal.operations.typed_codes import TypedCode, judge_typed
from clientportal.outcomes import CodeSent, MailSent
from clientportal.outcomes.claiming import Claimed
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    Challenge,
    ClientNumber,
    ContactHistory,
    MailedLink,
    MailPurpose,
    NumberCounter,
    Purpose,
    Put,
    Session,
    Stage,
    Write,
)
from clientportal.rules.claiming import Asserter, LinkFacts
from clientportal.rules.linking import (
    Claim,
    claim,
    may_claim,
)
from clientportal.rules.mailed_links import MailRequest, request_mail
from clientportal.rules.sessions import judge_session
from clientportal.rules.signing_in import CodeRequest, SignIn, refuse_code, request_code, spend_code
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ContactKey, RecordRef, Secret, mask, parse_email

__all__ = [
    "CLAIM",
    "CLAIM_BY_LINK",
    "FINISH_CLAIM",
    "REQUEST_CLAIM_LINK",
    "AskClaim",
    "ClaimLink",
    "account_of",
    "numbers_of",
]

_MOST = 10_000


# --- whose account asks ----------------------------------------------------------------------------------------------


async def account_of(reading: Reading) -> tuple[Session, Account | None]:
    """The session and its account, if it has one; choosing a profile may still lie ahead.

    The account is locked before its session (the order of locks: ``accounts.py``), by everybody who changes what it
    sees: what one adds while another takes something off would else be missing in the other's sessions.
    """
    account = await locked_account(reading)
    session = await session_of(reading, needs_record=False, lock=True)
    if session.stage is not Stage.CHOOSING:
        no = judge_session(session, reading.policy, reading.now)
        if no is not None:
            raise Denied(no)
    if account is not None:
        reading.actor = f"account:{account.id}"
    reading.session = None
    return session, account


async def _claimant(reading: Reading) -> tuple[Session, Account]:
    """The same, where records can be added to the account at all."""
    session, account = await account_of(reading)
    refusal = may_claim(account, reading.policy)
    if refusal is not None:
        raise Denied(refusal)
    assert account is not None
    return session, account


async def _may_claim_now(reading: Reading) -> Session:
    """The session, where it may claim at all. Nothing is locked yet: what was shown and the contact's name come first
    (see ``accounts.py``), and then :func:`_claimant` looks again."""
    session = await session_of(reading, needs_record=False)
    account = None if session.account is None else await reading.state.get(Account, session.account)
    refusal = may_claim(account, reading.policy)
    if refusal is not None:
        raise Denied(refusal)
    return session


async def numbers_of(reading: Reading, people: Sequence[Candidate]) -> dict[RecordRef, int]:
    """The client numbers that these people have already."""
    found = await reading.state.get_many(ClientNumber, [str(one.ref) for one in people])
    return {one.ref: found[str(one.ref)].number for one in people if str(one.ref) in found}


# --- asking for a proof ----------------------------------------------------------------------------------------------


@frozen
class AskClaim:
    """A contact of one more record, as its holder types it."""

    contact: str = field(repr=False)


def _claim_lane(account: Account) -> str:
    """Budgets of its own, one for each email that was proved: a further account would have to prove a further one."""
    return f"claim:{digest(account.email)[:32]}"


async def _load_claim_request(reading: Reading, asked: AskClaim) -> CodeRequest:
    session, account = await _claimant(reading)
    contact, identity = read_any_contact(asked.contact, reading.policy)
    return await code_request(
        reading,
        contact,
        identity,
        _claim_lane(account),
        purpose=Purpose.CLAIM,
        bound_to=session.id,
    )


CLAIM = Operation[AskClaim, CodeRequest, CodeSent](
    name="claim",
    load=_load_claim_request,
    decide=lambda seen, _asked, policy, now: request_code(seen, policy, now),
    subject=lambda asked: mask(asked.contact.strip()[:254]),
    durable=True,
    previewable=False,
)


async def _load_claim_mail(reading: Reading, asked: AskClaim) -> MailRequest:
    _, account = await _claimant(reading)
    email = parse_email(asked.contact)
    lane = _claim_lane(account)
    return await load_mail_request(reading, MailPurpose.CLAIM, email, account=account.id, lane=lane)


REQUEST_CLAIM_LINK = Operation[AskClaim, MailRequest, MailSent](
    name="request_claim_link",
    load=_load_claim_mail,
    decide=lambda seen, _asked, policy, now: request_mail(seen, policy, now),
    subject=lambda asked: mask(asked.contact.strip()[:254]),
    durable=True,
    previewable=False,
)


# --- proving it ------------------------------------------------------------------------------------------------------


@frozen
class ClaimLink:
    """What the mail brought."""

    link: Secret = field(repr=False)


@frozen
class _Typed:
    sign_in: SignIn
    claim: Claim | None


async def _load_finish(reading: Reading, typed: TypedCode) -> _Typed:
    session_id = (await _may_claim_now(reading)).id
    sign_in = await judge_typed(
        reading,
        typed,
        accepts=lambda one: one.purpose is Purpose.CLAIM and one.bound_to == session_id,
        fresh=lambda _: fresh_session(reading, NOBODY),
    )
    challenge = sign_in.challenge
    if challenge is None or refuse_code(sign_in, Because("linking.claim"), reading.policy, reading.now) is not None:
        return _Typed(sign_in, None)
    spent = spend_code(sign_in, challenge, reading.policy, reading.now)
    return _Typed(sign_in, await _load_claim(reading, ContactKey.parse(challenge.identity), spent))


def _decide_finish(seen: _Typed, _typed: TypedCode, policy: Policy, now: datetime) -> Decision[Claimed]:
    because = Because("linking.claim", (("code", seen.sign_in.verdict.value),))
    if seen.claim is None:
        no = refuse_code(seen.sign_in, because, policy, now)
        assert no is not None
        return no
    return claim(seen.claim, policy, now)


FINISH_CLAIM = Operation[TypedCode, _Typed, Claimed](
    name="finish_claim", load=_load_finish, decide=_decide_finish, durable=True, previewable=False
)


async def _load_by_link(reading: Reading, asked: ClaimLink) -> Claim:
    session = await _may_claim_now(reading)
    mailed = await load_mailed(reading, asked.link, [MailPurpose.CLAIM])
    if mailed.account != session.account:
        # Whoever the mail was asked by is who may use it: the mailbox's owner is not made to open it to another.
        raise Denied(Refusal(Reason.LINK_GONE, Because("linking.claim", (("account", "another"),))))
    used = Put(evolve(mailed, spent=True, last_mark=max(reading.now, mailed.last_mark)))
    return await _load_claim(reading, ContactKey.parse(mailed.identity), (used,))


CLAIM_BY_LINK = Operation[ClaimLink, Claim, Claimed](
    name="claim_by_link",
    load=_load_by_link,
    decide=lambda seen, _asked, policy, now: claim(seen, policy, now),
    durable=True,
    previewable=False,
)


async def _load_claim(reading: Reading, contact: ContactKey, spent: tuple[Write, ...]) -> Claim:
    """Only now may records be read: the contact is proved."""
    await reading.state.hold(f"contact:{contact}")
    session, account = await _claimant(reading)
    proved = await _proved_before(reading, session, account)
    proved[contact] = reading.now
    histories = await reading.state.get_many(ContactHistory, [str(key) for key in sorted(proved)])
    people: dict[RecordRef, Candidate] = {}
    holders: dict[ContactKey, frozenset[RecordRef]] = {}
    for key in sorted(proved):
        found, _ = await load_candidates(reading, key, histories.get(str(key)))
        holders[key] = frozenset(member.ref for one in found for member in one.members)
        people.update((one.ref, one) for one in found)
    sight = await load_sight(reading, account)
    before = {key: histories[str(key)].proved_at for key in proved if str(key) in histories}
    facts = LinkFacts(
        account=account.id,
        asserted_by=Asserter.CLIENT,
        contact=contact,
        proved=proved,
        holders=holders,
        proved_before={key: at for key, at in before.items() if at is not None},
        first_name=account.first_name,
        revoked=sight.revoked,
    )
    return Claim(
        session=evolve(session, used_at=reading.now),
        sight=sight,
        facts=facts,
        candidates=tuple(people[ref] for ref in sorted(people)),
        history=histories.get(str(contact)),
        rule=reading.setup.decide_link,
        spent=spent,
        numbers=await numbers_of(reading, [*people.values(), *sight.linked, *sight.sharing]),
        counter=await reading.state.get(NumberCounter, "clients", lock=True),
        actor=reading.actor,
    )


async def _proved_before(reading: Reading, session: Session, account: Account) -> dict[ContactKey, datetime]:
    """The email of the account, and what was claimed in this very session before: two proofs may come one by one."""
    proved: dict[ContactKey, datetime] = {}
    if account.proved_at is not None:
        proved[account.identity] = account.proved_at
    for one in await reading.state.find(Challenge, "bound", [session.id], limit=_MOST):
        if one.purpose is Purpose.CLAIM and one.spent:
            proved[ContactKey.parse(one.identity)] = one.last_mark
    for link in await reading.state.find(MailedLink, "account", [account.id], limit=_MOST):
        if link.purpose is MailPurpose.CLAIM and link.spent and link.last_mark >= session.opened_at:
            proved[ContactKey.parse(link.identity)] = link.last_mark
    return proved
