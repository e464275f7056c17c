"""Typing a code in, and what a sign-in leaves behind. Rules: ``rules/signing_in.py``, ``rules/whose_contact.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.errors import HostError
from clientportal.keyring import digest
from clientportal.operations.frame import Keyed, Operation, Reading, Unfinished
from clientportal.operations.fresh_sessions import NOBODY, fresh_session, fresh_session_of
from clientportal.operations.people import load_candidates, roots_of
from clientportal.operations.typed_codes import TypedCode, judge_typed
from clientportal.outcomes import SignedIn
from clientportal.policy import Policy, UnknownIdentity
from clientportal.records import (
    Account,
    ContactHistory,
    Intent,
    Purpose,
    Put,
    Receipt,
    Remove,
    Session,
    WalkMark,
)
from clientportal.rules.sessions import judge_session
from clientportal.rules.signing_in import STRANGERS, SignIn, Verdict, sign_in, signed_in
from clientportal.rules.whose_contact import is_flagged
from clientportal.values import ContactKey, mask

__all__ = ["VERIFY_CODE", "remember_sign_in", "replay_sign_in"]


async def _load_sign_in(reading: Reading, typed: TypedCode) -> SignIn:
    # A code that proves an email to a session, or claims a record, logs nobody in (V6.6.2).
    seen = await judge_typed(
        reading,
        typed,
        accepts=lambda one: one.purpose in (Purpose.LOGIN, Purpose.SECOND_PROOF),
        fresh=lambda one: (
            fresh_session(reading, NOBODY)
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
