"""A session shows its password once more, or sets a new one. Rules: ``rules/logging_in.py``,
``rules/changing_passwords.py``, ``rules/choosing_passwords.py``.

Two steps each, as for logging in. A wrong password here is a guess as it is there, and counts in the device's lane.
"""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.errors import Conflict, PolicyError
from clientportal.operations.accounts import belongings_of
from clientportal.operations.frame import Denied, Operation, Reading, alone
from clientportal.operations.fresh_sessions import fresh_session_of
from clientportal.operations.logging_in import at_a_place, must_be_unchanged, prove
from clientportal.operations.people import session_of
from clientportal.operations.performing import perform
from clientportal.operations.sections import require_section
from clientportal.operations.setting import Client, Setup
from clientportal.outcomes import SignedIn
from clientportal.passwords import Hashing, is_breached, is_listed
from clientportal.policy import Policy, SecondFactorUse
from clientportal.records import Account, Credential, GuessCounter, Identifier, MailedLink, Session, Stage
from clientportal.rules.changing_passwords import ChangingPassword, change_password, judge_may_change
from clientportal.rules.choosing_passwords import PasswordFacts, judge_new_password, read_password
from clientportal.rules.guessing import STRANGERS
from clientportal.rules.logging_in import Matched, StepUp, Tried, Trying, charge_try, step_up
from clientportal.rules.signing_in import FreshSession
from clientportal.values import Secret

__all__ = [
    "CHANGE_PASSWORD",
    "CONFIRM_PASSWORD",
    "MAY_CHANGE_PASSWORD",
    "TRY_OWN_PASSWORD",
    "account_of_session",
    "change_own_password",
    "confirm_own_password",
    "context_of",
    "facts_of",
    "pending_links",
]


async def account_of_session(reading: Reading, *, lock: bool = False) -> tuple[Session, Account]:
    """The caller's session and the account that it is for; ``not_found`` for a session of a code, which has none.

    A session that is still to set up its second factor is let through, for it may have to show its password first.
    """
    session = await session_of(reading, needs_record=False, needs_factor=False, lock=lock)
    if session.stage is Stage.SECOND_FACTOR:
        because = Because("sessions.judge_session", (("stage", session.stage.value),))
        raise Denied(Refusal(Reason.SECOND_FACTOR_FIRST, because))
    reading.session = None if lock else reading.session
    account = None if session.account is None else await reading.state.get(Account, session.account)
    if account is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("logging_in.account_of_session", (("account", "none"),))))
    reading.actor = f"account:{account.id}"
    return session, account


async def pending_links(reading: Reading, account: Account) -> tuple[MailedLink, ...]:
    """Links on their way to the account's address that nobody's session asked for; none where it owns no address."""
    identifier = await reading.state.get(Identifier, account.email)
    if identifier is None or identifier.account != account.id:
        return ()
    return tuple(await reading.state.find(MailedLink, "identity", [account.email], limit=1000))


def _lane(session: Session) -> str:
    return session.device or STRANGERS


def _fresh(reading: Reading, session: Session, account: Account) -> FreshSession:
    return fresh_session_of(reading, account, _lane(session))


# --- the first step ------------------------------------------------------------------------------------------------


@frozen
class _TryOwn:
    """Which door it is typed at."""

    door: str


@frozen
class _Own:
    trying: Trying
    has_password: bool


async def _load_try(reading: Reading, _asked: _TryOwn) -> _Own:
    session, account = await account_of_session(reading)
    credential = await reading.state.get(Credential, account.id)
    # A session that the platform vouched for has no device: its right passwords must not end the strangers' wrong ones.
    lane = session.device or f"device:{account.id}"
    counter = await reading.state.get(GuessCounter, f"{account.email}|{lane}", lock=True)
    trying = Trying(account.identity, lane, account, credential, counter)
    return _Own(trying, credential is not None)


def _decide_try(seen: _Own, _asked: _TryOwn, policy: Policy, now: datetime) -> Decision[Tried]:
    if not seen.has_password:
        no = Refusal(Reason.NO_PASSWORD, Because("logging_in.charge_try", (("password", "none"),)))
        return Decision(no, no.because)
    return charge_try(seen.trying, policy, now)


TRY_OWN_PASSWORD = Operation[_TryOwn, _Own, Tried](
    name="try_own_password",
    load=_load_try,
    decide=_decide_try,
    subject=lambda asked: asked.door,
    durable=True,
    previewable=False,
    audited=False,
)


def policy_of(setup: Setup, caller: Client) -> Policy:
    """The policy of the business that a token names; a forged one may name a business that nobody has heard of."""
    try:
        return setup.policy_of(caller.tenant)
    except LookupError:
        because = Because("performing.perform", (("business", "unknown"),))
        raise setup.refused(Refusal(Reason.SESSION_ENDED, because)) from None


def _must_be_alone(setup: Setup, name: str, *, preview: bool) -> None:
    alone(setup, name)
    if preview:
        raise PolicyError(f"{name} cannot be previewed: it judges a proof, spends, ends or hands out something")


# --- step-up -------------------------------------------------------------------------------------------------------


@frozen
class _Confirm:
    matched: Matched


async def _load_confirm(reading: Reading, asked: _Confirm) -> StepUp:
    session, account = await account_of_session(reading, lock=True)
    credential = await must_be_unchanged(reading, asked.matched.tried)
    tried = asked.matched.tried
    counter = await reading.state.get(GuessCounter, f"{tried.identity}|{tried.lane}", lock=True)
    return StepUp(asked.matched, session, credential, counter, _fresh(reading, session, account))


CONFIRM_PASSWORD = Operation[_Confirm, StepUp, SignedIn](
    name="confirm_password",
    load=_load_confirm,
    decide=lambda seen, _asked, policy, now: step_up(seen, policy, now),
    durable=True,
    previewable=False,
)


async def confirm_own_password(setup: Setup, caller: Client, password: Secret, *, preview: bool = False) -> SignedIn:
    """Both steps, with the hash between them."""
    _must_be_alone(setup, CONFIRM_PASSWORD.name, preview=preview)
    typed = read_password(password, policy_of(setup, caller).passwords)

    async def judge(hashing: Hashing) -> SignedIn:
        tried = await perform(setup, caller, TRY_OWN_PASSWORD, _TryOwn(CONFIRM_PASSWORD.name))

        async def finish(proved: Matched) -> SignedIn:
            return await perform(setup, caller, CONFIRM_PASSWORD, _Confirm(proved))

        return await prove(setup, caller, CONFIRM_PASSWORD.name, hashing, tried, typed, finish)

    return await at_a_place(setup, caller, CONFIRM_PASSWORD.name, judge)


# --- a new one -----------------------------------------------------------------------------------------------------


async def context_of(reading: Reading, account: Account) -> tuple[str, ...]:
    """What a guesser would begin with: the business, and whatever the account says of its owner."""
    business = await reading.host.business()
    said = (business.name, account.address, account.first_name, account.last_name)
    return tuple(text for text in said if text)


async def facts_of(setup: Setup, password: Secret) -> tuple[bool, bool]:
    """Whether a new password is on the blocklist, and whether it is known to have leaked."""
    return is_listed(password), await is_breached(setup.breaches, password, setup.gate)


@frozen
class _NewPassword:
    """A new password as it is judged before anything is hashed; ``shows_old``: the old one comes with it."""

    password: Secret = field(repr=False)
    shows_old: bool
    listed: bool
    breached: bool


@frozen
class _MayChange:
    session: Session
    context: tuple[str, ...]


async def _load_may_change(reading: Reading, _asked: _NewPassword) -> _MayChange:
    session, account = await account_of_session(reading)
    await require_section(reading, "account", "change_password")
    return _MayChange(session, await context_of(reading, account))


def _decide_may_change(seen: _MayChange, asked: _NewPassword, policy: Policy, now: datetime) -> Decision[None]:
    may = judge_may_change(seen.session, shows_old=asked.shows_old, policy=policy, now=now)
    if not may.granted:
        return may
    no = judge_new_password(
        asked.password,
        PasswordFacts(asked.listed, asked.breached, seen.context),
        policy.passwords,
        second_factor_required=policy.accounts.second_factor is SecondFactorUse.REQUIRED,
    )
    return may if no is None else Decision(no, no.because)


MAY_CHANGE_PASSWORD = Operation[_NewPassword, _MayChange, None](
    name="may_change_password",
    load=_load_may_change,
    decide=_decide_may_change,
    durable=True,
    previewable=False,
    audited=False,
)


@frozen
class _Change:
    made: Secret = field(repr=False)
    matched: Matched | None


async def _load_change(reading: Reading, asked: _Change) -> ChangingPassword:
    _, account = await account_of_session(reading)
    await require_section(reading, "account", "change_password")
    email = account.email
    # The order of locks: ``accounts.py``. A login with another of its emails holds another name (X3), and locks the
    # account as well.
    await reading.state.hold(f"contact:{email}")
    await reading.state.get(Account, account.id, lock=True)
    session, account = await account_of_session(reading, lock=True)
    if account.email != email:
        raise Conflict("the account has got another email while its name was waited for")
    belongings = await belongings_of(reading, account)
    counter = None
    if asked.matched is not None:
        tried = asked.matched.tried
        await must_be_unchanged(reading, tried)
        counter = await reading.state.get(GuessCounter, f"{tried.identity}|{tried.lane}", lock=True)
    return ChangingPassword(
        session=session,
        belongings=belongings,
        pending=await pending_links(reading, account),
        counter=counter,
        matched=asked.matched,
        made=asked.made,
        fresh=_fresh(reading, session, account),
        message_id=reading.fresh_id(),
    )


CHANGE_PASSWORD = Operation[_Change, ChangingPassword, SignedIn](
    name="change_password",
    load=_load_change,
    decide=lambda seen, _asked, policy, now: change_password(seen, policy, now),
    durable=True,
    previewable=False,
)


async def change_own_password(
    setup: Setup, caller: Client, new: Secret, old: Secret | None, *, preview: bool = False
) -> SignedIn:
    """Judge the new one before anything is charged or hashed, then the old one where it is shown, then change it."""
    _must_be_alone(setup, CHANGE_PASSWORD.name, preview=preview)
    policy = policy_of(setup, caller)
    chosen = read_password(new, policy.passwords)
    shown = None if old is None else read_password(old, policy.passwords)
    listed, breached = await facts_of(setup, chosen)
    asked = _NewPassword(chosen, shown is not None, listed, breached)

    async def judge(hashing: Hashing) -> SignedIn:
        await perform(setup, caller, MAY_CHANGE_PASSWORD, asked)
        if shown is None:
            return await perform(setup, caller, CHANGE_PASSWORD, _Change(await hashing.make(chosen), None))
        tried = await perform(setup, caller, TRY_OWN_PASSWORD, _TryOwn(CHANGE_PASSWORD.name))

        async def finish(proved: Matched) -> SignedIn:
            return await perform(setup, caller, CHANGE_PASSWORD, _Change(await hashing.make(chosen), proved))

        return await prove(setup, caller, CHANGE_PASSWORD.name, hashing, tried, shown, finish)

    return await at_a_place(setup, caller, CHANGE_PASSWORD.name, judge)
