"""Logging in with a password. Rules: ``rules/logging_in.py``.

Two steps, for a slow hash stands between them (and no unit of work may be open while it runs): the first charges the
try and commits, the second gives the charge back where the password was right. A place to hash at is taken before the
first, so that a flood of logins is turned away before anybody is charged for it.

Whose password it would be is read before the first step, in a unit that writes nothing. The attack: a commit checks
again what was read, and on PostgreSQL that something is still absent costs other statements than that it is unchanged;
so whoever takes the time of a try would learn whether the email has an account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar, cast

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import HostError, InvalidInput, Refused
from clientportal.operations.accounts import load_sight
from clientportal.operations.frame import TRIES, Denied, Keyed, Operation, Reading, alone
from clientportal.operations.fresh_sessions import fresh_session_of, lane_of, registered_on
from clientportal.operations.performing import perform
from clientportal.operations.setting import Caller, Setup, Visitor
from clientportal.operations.signing_in import remember_sign_in
from clientportal.outcomes import SignedIn
from clientportal.passwords import Checked, Hashing, HashingBusy
from clientportal.policy import Policy
from clientportal.ports.observing import Happening
from clientportal.records import Account, Credential, GuessCounter, Identifier, Put, Receipt, Session
from clientportal.rules.choosing_passwords import read_password
from clientportal.rules.logging_in import (
    LoggingIn,
    Matched,
    Tried,
    Trying,
    again_logged_in,
    charge_try,
    count_failure,
    judge_offered,
    lane_for,
    log_in,
    login_failed,
    uncharge,
    whose_password,
)
from clientportal.rules.sessions import judge_session
from clientportal.values import ContactKey, Secret, mask, parse_email

__all__ = [
    "LOG_IN",
    "PASSWORD_FAILED",
    "TRY_PASSWORD",
    "UNCHARGE_TRY",
    "WHOSE_PASSWORD",
    "CredentialChanged",
    "at_a_place",
    "log_in_with_password",
    "matched",
    "must_be_unchanged",
    "prove",
    "told",
]

T = TypeVar("T")

NOBODY = "0" * 32
"""An id that no account has: read where there is none, so that the store is asked the same either way."""


class CredentialChanged(Exception):
    """The password was set anew while it was being hashed: what was typed is compared with the present one."""

    def __init__(self, present: Credential | None) -> None:
        super().__init__("the credential has changed")
        self.present = present


def told(setup: Setup, caller: Caller, name: str, refusal: Refusal) -> Refused:
    """The error that is raised between two steps; observers are told as of any decision."""
    setup.observing.refused(name, caller, refusal)
    return setup.refused(refusal, caller.tenant)


# --- hashing between two steps -------------------------------------------------------------------------------------


async def at_a_place(setup: Setup, caller: Caller, name: str, work: Callable[[Hashing], Awaitable[T]]) -> T:
    """Do the work at a place to hash at, taken before anything is read or charged; refused as ``busy`` without one."""
    try:
        async with setup.gate.place(setup.policy_of(caller.tenant).passwords) as hashing:
            return await work(hashing)
    except HashingBusy as busy:
        because = Because("gate.place", (("hashing", str(busy)),))
        setup.observing.happened(Happening.GATE_BUSY, caller.tenant, operation=name)
    raise told(setup, caller, name, Refusal(Reason.BUSY, because))


async def matched(setup: Setup, caller: Caller, hashing: Hashing, tried: Tried, password: Secret) -> Checked:
    """Compare; where nothing could be judged, it was no try."""
    try:
        return await hashing.check(tried.hash, password)
    except (HashingBusy, HostError, MemoryError):
        await perform(setup, caller, UNCHARGE_TRY, _Judged(tried))
        raise


async def prove(
    setup: Setup,
    caller: Caller,
    name: str,
    hashing: Hashing,
    tried: Tried,
    password: Secret,
    finish: Callable[[Matched], Awaitable[T]],
) -> T:
    """Judge a try that has been charged, and finish what the right password allows; a wrong one gets the one alert.

    Where the password is set anew in between, the new one is what counts: it is compared once more, for the same try.
    """
    for _ in range(TRIES):
        checked = await matched(setup, caller, hashing, tried, password)
        if not checked.matches:
            await perform(setup, caller, PASSWORD_FAILED, _Judged(tried, name))
            raise told(setup, caller, name, login_failed())
        try:
            return await finish(Matched(tried, checked.replacement))
        except CredentialChanged as changed:
            tried = evolve(tried, credential=changed.present)
    raise told(setup, caller, name, Refusal(Reason.BUSY, Because("logging_in.prove", (("password", "kept changing"),))))


async def must_be_unchanged(reading: Reading, tried: Tried) -> Credential:
    """The credential that the password was compared with, if it is still the account's."""
    present = await reading.state.get(Credential, tried.account or NOBODY, lock=True)
    before = tried.credential
    if present is None or before is None or present.version != before.version or present.hash != before.hash:
        raise CredentialChanged(present)
    return present


# --- the first step ------------------------------------------------------------------------------------------------


@frozen
class _Try:
    email: str


async def _load_whose(reading: Reading, asked: _Try) -> Trying:
    """One and the same list of reads, whether or not anybody has this email."""
    caller, state = reading.caller, reading.state
    assert isinstance(caller, Visitor)
    identity = parse_email(asked.email).key()
    device = registered_on(reading.setup, reading.tenant, caller.device)
    identifier = await state.get(Identifier, str(identity))
    owner_id = NOBODY if identifier is None else identifier.account
    owner = await state.get(Account, owner_id)
    here = await state.get(Account, device or NOBODY)
    account = whose_password(identity, owner, here)
    credential = await state.get(Credential, NOBODY if account is None else account.id)
    lane = lane_of(reading.setup, reading.tenant, caller.device, identity, reading.now)
    return Trying(identity, lane_for(lane, device, account, owner), account, credential)


WHOSE_PASSWORD = Operation[_Try, Trying, Trying](
    name="whose_password",
    load=_load_whose,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("logging_in.whose_password")),
    writes=False,
    durable=True,
    previewable=False,
    audited=False,
)


async def _load_try(reading: Reading, asked: Trying) -> Trying:
    counter = await reading.state.get(GuessCounter, f"{asked.identity}|{asked.lane}", lock=True)
    return evolve(asked, counter=counter)


def _decide_try(seen: Trying, _asked: Trying, policy: Policy, now: datetime) -> Decision[Tried]:
    no = judge_offered(policy)
    return charge_try(seen, policy, now) if no is None else Decision(no, no.because)


TRY_PASSWORD = Operation[Trying, Trying, Tried](
    name="try_password",
    load=_load_try,
    decide=_decide_try,
    subject=lambda asked: mask(asked.identity.value),
    durable=True,
    previewable=False,
    # What became of it is audited: by the step that follows, or by nobody where the process died before it.
    audited=False,
)


# --- what became of it ---------------------------------------------------------------------------------------------


@frozen
class _Judged:
    tried: Tried
    door: str = ""


async def _load_failure(reading: Reading, _asked: _Judged) -> str:
    return reading.fresh_id()


def _decide_failure(seen: str, asked: _Judged, policy: Policy, now: datetime) -> Decision[None]:
    return count_failure(asked.tried, asked.door, seen, policy, now)


PASSWORD_FAILED = Operation[_Judged, str, None](
    name="password_failed",
    load=_load_failure,
    decide=_decide_failure,
    subject=lambda asked: mask(ContactKey.parse(asked.tried.identity).value),
    durable=True,
    previewable=False,
)


async def _load_uncharged(reading: Reading, asked: _Judged) -> GuessCounter | None:
    return await reading.state.get(GuessCounter, f"{asked.tried.identity}|{asked.tried.lane}", lock=True)


UNCHARGE_TRY = Operation[_Judged, "GuessCounter | None", None](
    name="uncharge_try",
    load=_load_uncharged,
    decide=lambda seen, asked, policy, _now: uncharge(seen, asked.tried, policy),
    subject=lambda asked: mask(ContactKey.parse(asked.tried.identity).value),
    durable=True,
    previewable=False,
)


# --- the second step -----------------------------------------------------------------------------------------------


@frozen
class _LogIn:
    identity: str
    matched: Matched


async def _load_log_in(reading: Reading, asked: _LogIn) -> LoggingIn:
    tried = asked.matched.tried
    await reading.state.hold(f"contact:{tried.identity}")
    # Whoever ends every session of an account locks it, too: else they would not see the one that opens here. Its
    # emails alone do not do, for it may have two (X3).
    account = await reading.state.get(Account, tried.account or NOBODY, lock=True)
    credential = await must_be_unchanged(reading, tried)
    counter = await reading.state.get(GuessCounter, f"{tried.identity}|{tried.lane}", lock=True)
    if account is None or not await _logs_in(reading, tried.identity, account):
        raise CredentialChanged(None)
    reading.actor = f"account:{account.id}"
    fresh = fresh_session_of(reading, account, tried.lane)
    return LoggingIn(asked.matched, credential, counter, await load_sight(reading, account), fresh)


async def _logs_in(reading: Reading, identity: str, account: Account) -> bool:
    """Whether the email is (still) one of the account's; an account that absorbed another has two (X3)."""
    if account.email == identity:
        return True
    identifier = await reading.state.get(Identifier, identity)
    return identifier is not None and identifier.account == account.id


async def _replay_log_in(reading: Reading, asked: _LogIn, receipt: Receipt) -> Decision[SignedIn]:
    seen = await _load_log_in(reading, asked)
    session = await reading.state.get(Session, receipt.result.get("session", ""), lock=True)
    no = judge_session(session, reading.policy, reading.now, needs_record=False, needs_factor=False)
    if no is not None and no.reason is not Reason.SESSION_ENDED:
        raise Denied(no)
    if session is None or no is not None or session.account != seen.sight.account.id:
        return again_logged_in(seen)
    if session.device is not None:
        fresh = fresh_session_of(reading, seen.sight.account, session.device)
        seen = evolve(seen, fresh=fresh)
    decision = again_logged_in(evolve(seen, earlier=session))
    moved = evolve(receipt, result={**receipt.result, "session": seen.fresh.digest})
    return decision.and_also(Put(moved))


LOG_IN = Operation[_LogIn, LoggingIn, SignedIn](
    name="log_in",
    load=_load_log_in,
    decide=lambda seen, _asked, policy, now: log_in(seen, policy, now),
    subject=lambda asked: mask(ContactKey.parse(asked.identity).value),
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, _replay_log_in, scope=lambda asked: asked.identity),
)


async def log_in_with_password(
    setup: Setup, caller: Visitor, email: str, password: Secret, *, key: str | None = None
) -> SignedIn:
    """Both steps, with the hash between them."""
    alone(setup, LOG_IN.name)
    for name, value in (("email", email), ("key", key)):
        if not isinstance(cast("Any", value), str) and not (name == "key" and value is None):
            raise InvalidInput(f"log_in: {name} is text; this is {type(value).__name__}")
    policy = setup.policy_of(caller.tenant)
    no = judge_offered(policy)
    if no is not None:
        raise told(setup, caller, LOG_IN.name, no)
    identity = str(parse_email(email).key())
    typed = read_password(password, policy.passwords)

    async def judge(hashing: Hashing) -> SignedIn:
        trying = await perform(setup, caller, WHOSE_PASSWORD, _Try(email))
        tried = await perform(setup, caller, TRY_PASSWORD, trying)

        async def finish(proved: Matched) -> SignedIn:
            return await perform(setup, caller, LOG_IN, _LogIn(identity, proved), key=key)

        return await prove(setup, caller, LOG_IN.name, hashing, tried, typed, finish)

    return await at_a_place(setup, caller, LOG_IN.name, judge)
