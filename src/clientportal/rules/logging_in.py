"""Whose password was typed, may it be looked at, and what does the right one open?

The attacks first. A stranger finds out who is a client by logging in: so an unknown email, a wrong password and a blank
one get one and the same alert, from the same reads and writes and one hash each (A3; ASVS V6.3.8). A stranger guesses:
so a try is *charged before* it is judged, in a commit of its own, and given back where it was right; whoever pulls the
plug in between has used one up. A stranger has hoarded devices: so a device that an account was registered on has a
lane of its own for that account alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import SignedIn
from clientportal.policy import Policy, Proof
from clientportal.records import Account, Credential, GuessCounter, Put, Remove, Session, Write
from clientportal.rules.account_sessions import AccountSight, open_session
from clientportal.rules.guessing import (
    STRANGERS,
    Lane,
    give_back,
    judge_lane,
    miss_counted,
    retry_at,
    warning,
)
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.values import ContactKey, Secret, mask

__all__ = [
    "LoggingIn",
    "Matched",
    "StepUp",
    "Tried",
    "Trying",
    "again_logged_in",
    "charge_try",
    "count_failure",
    "judge_offered",
    "lane_for",
    "log_in",
    "login_failed",
    "needs_step_up",
    "refuse_lane",
    "step_up",
    "uncharge",
    "whose_password",
]

_REFUSED_LANES = {
    Lane.WAIT: Reason.WAIT,
    Lane.TOMORROW: Reason.TOO_MANY_TRIES,
    Lane.STOPPED: Reason.STOPPED,
}


def judge_offered(policy: Policy) -> Refusal | None:
    """Refuse where nobody logs in with a password: ``disabled`` (A6, TT2)."""
    login, accounts = policy.login, policy.registration.accounts
    if login.enabled and login.proof is Proof.PASSWORD and accounts:
        return None
    settings = (
        ("login.enabled", str(login.enabled)),
        ("login.proof", login.proof.value),
        ("registration.accounts", str(accounts)),
    )
    return Refusal(Reason.DISABLED, Because("logging_in.judge_offered", (), settings))


def login_failed() -> Refusal:
    """The one alert (A3). Nothing in it depends on anything, not even the reason that staff would see."""
    return Refusal(Reason.LOGIN_FAILED, Because("logging_in.login_failed"))


# --- charging --------------------------------------------------------------------------------------------------------


@frozen
class Trying:
    """What is read before a password is looked at.

    ``account`` is whose password it would be, ``credential`` its hash, ``counter`` the wrong tries in ``lane``.
    """

    identity: ContactKey
    lane: str
    account: Account | None
    credential: Credential | None = field(repr=False)
    counter: GuessCounter | None = None


@frozen
class Tried:
    """A try that has been charged: what it is to be judged by, and what to give back where it was right.

    ``charged_in`` is the beginning of the day that it was charged to, ``run`` how many in a row it makes.
    """

    identity: str
    lane: str
    account: str | None
    credential: Credential | None = field(repr=False)
    charged_in: datetime
    run: int

    @property
    def hash(self) -> Secret | None:
        """The hash that the password is compared with; ``None`` where there is none, which costs as much."""
        return None if self.credential is None else self.credential.hash


@frozen
class Matched:
    """The password was right: that of ``tried.credential``. ``replacement`` is a stronger hash of it, where due.

    Its repr is empty, and so is what the fingerprint of an idempotency key sees of it: under one key every right
    password is the same request, and a wrong one never gets here.
    """

    tried: Tried = field(repr=False)
    replacement: Secret | None = field(default=None, repr=False)


def whose_password(identity: ContactKey, owner: Account | None, here: Account | None) -> Account | None:
    """The account that an email logs in to: ``here``, where this very browser registered it, else its ``owner``.

    The attack: somebody registers with an email to see whether they can log in with it afterwards; where they cannot,
    it had an account. So a registration that nobody has proved yet can log in where it was made, whoever owns the
    email, and nowhere else.
    """
    if here is not None and here.proved_at is None and here.email == str(identity):
        return here
    return owner


def lane_for(lane: str, registered_on: str | None, account: Account | None, owner: Account | None = None) -> str:
    """The lane that a device may use: its own for the account that it has logged in to, the strangers' for any other.

    The attacks: somebody registers a victim's email a hundred times for a hundred devices, each with tries of its own.
    Or they guess the victim's password four times, log in to a registration of their own with the same email, which
    ends the run of failures, and guess on: no wait, no stop, no warning. So a registration that does not own the email
    has a lane that is about it alone, one for all its browsers.
    """
    if registered_on is None:
        return lane
    if account is None or account.id != registered_on:
        return STRANGERS
    return lane if account == owner else f"device:{account.id}"


def charge_try(seen: Trying, policy: Policy, now: datetime) -> Decision[Tried]:
    """Count one try as a wrong one, before anybody knows: what is counted cannot be taken back by a crash.

    Whether the lane has tries left is asked of the email as it was typed, whether or not it has an account; a refusal
    here charges nothing and reveals nothing, right or wrong (V6.6.3).
    """
    because = Because(
        "logging_in.charge_try",
        (("email", mask(seen.identity.value)), ("lane", "strangers" if seen.lane == STRANGERS else "known device")),
        (("guesses.per_day", str(policy.guesses.per_day)), ("guesses.stop_after", str(policy.guesses.stop_after))),
    )
    no = refuse_lane(seen.counter, because, policy, now)
    if no is not None:
        return no
    counter = miss_counted(seen.counter, str(seen.identity), seen.lane, policy, now)
    tried = Tried(
        identity=str(seen.identity),
        lane=seen.lane,
        account=None if seen.account is None else seen.account.id,
        credential=seen.credential,
        charged_in=counter.day_began,
        run=counter.consecutive,
    )
    return grant(tried, because, (Put(counter),))


def refuse_lane(counter: GuessCounter | None, because: Because, policy: Policy, now: datetime) -> Decision[Any] | None:
    """The refusal of a lane that has no tries left, with when it has some again."""
    lane = judge_lane(counter, policy, now)
    if lane is Lane.OPEN:
        return None
    return refuse(_REFUSED_LANES[lane], because, retry_at=retry_at(counter, lane))


def count_failure(tried: Tried, door: str, message_id: str, policy: Policy, now: datetime) -> Decision[None]:
    """The password was wrong, or there was nothing for it to be right for: the charge stays, the owner may be told."""
    because = Because(
        "logging_in.count_failure",
        (("at", door), ("account", "none" if tried.account is None else tried.account), ("in a row", str(tried.run))),
        (("guesses.warn_at", str(policy.guesses.warn_at)),),
    )
    told = warning(tried.identity, tried.run, message_id, policy, now)
    return grant(None, because, () if told is None else (Put(told),))


def uncharge(counter: GuessCounter | None, tried: Tried, policy: Policy) -> Decision[None]:
    """Nothing was judged: the memory for a hash was not to be had, a port of the host's broke. It was no try (I4)."""
    because = Because("logging_in.uncharge", (("judged", "no"),))
    if counter is None:
        return grant(None, because)
    run = max(counter.consecutive - 1, 0)
    same = counter.day_began == tried.charged_in
    back = evolve(
        counter,
        day_count=max(counter.day_count - 1, 0) if same else counter.day_count,
        consecutive=run,
        wait_until=None if run < policy.guesses.free_tries else counter.wait_until,
        stopped=run >= policy.guesses.stop_after,
    )
    return grant(None, because, (Put(back),))


# --- what the right one opens ----------------------------------------------------------------------------------------


@frozen
class LoggingIn:
    """What is read once the password was right; ``credential`` is the very one that it was compared with.

    ``earlier`` is the session that an earlier call under the same idempotency key opened.
    """

    matched: Matched
    credential: Credential
    counter: GuessCounter | None
    sight: AccountSight
    fresh: FreshSession
    earlier: Session | None = None


def _proved_writes(matched: Matched, credential: Credential, counter: GuessCounter | None) -> tuple[Write, ...]:
    """The charge goes back, and a weak hash is replaced: unless the password was changed meanwhile, for the version
    says no then (V11.4.2)."""
    writes: list[Write] = []
    returned = give_back(counter, matched.tried.charged_in)
    if returned is not None:
        writes.append(Put(returned))
    if matched.replacement is not None:
        writes.append(Put(evolve(credential, hash=matched.replacement)))
    return tuple(writes)


def log_in(seen: LoggingIn, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """Open a session of the account, as far as its second factor and its several records let it come (A3, TT11)."""
    account = seen.sight.account
    because = Because(
        "logging_in.log_in",
        (
            ("email", mask(account.identity.value)),
            ("proved", "no" if account.proved_at is None else "yes"),
            ("hash replaced", "no" if seen.matched.replacement is None else "yes"),
        ),
        (
            ("login.several", policy.login.several.value),
            ("accounts.second_factor", policy.accounts.second_factor.value),
        ),
    )
    session = open_session(seen.sight, seen.fresh, policy, now, because, confirmed=True)
    writes = _proved_writes(seen.matched, seen.credential, seen.counter)
    return grant(signed_in(seen.fresh, session, seen.sight.people), because, (*writes, Put(session)))


def again_logged_in(seen: LoggingIn) -> Decision[SignedIn]:
    """The same login once more, its password shown again: the same session under a new token; the old one is dead
    (I2). Where it has ended since, it stays ended."""
    because = Because("logging_in.again_logged_in", (("receipt", "found"),))
    writes = _proved_writes(seen.matched, seen.credential, seen.counter)
    if seen.earlier is None:
        return refuse(Reason.SESSION_ENDED, because, after=writes)
    session = evolve(seen.earlier, id=seen.fresh.digest, version=0)
    return grant(signed_in(seen.fresh, session), because, (*writes, Remove(seen.earlier), Put(session)))


# --- showing it once more --------------------------------------------------------------------------------------------


def needs_step_up(session: Session, policy: Policy, now: datetime) -> bool:
    """Whether the password must be shown once more before the account itself is changed (ASVS V7.5.1).

    The attack: a browser that was left open, or a stolen session, changes the password or the email and has the account
    for good. By the later of now and the session's own last use: a clock set back revives nothing; and a confirmation
    that lies further ahead than it is good for was made by a clock that was wrong.
    """
    if session.confirmed_at is None:
        return True
    good_for = policy.accounts.step_up_for
    age = max(now, session.used_at) - session.confirmed_at
    return not (timedelta(0) <= age < good_for) or session.confirmed_at - now >= good_for


@frozen
class StepUp:
    """What is read once a session has shown the right password again."""

    matched: Matched
    session: Session
    credential: Credential
    counter: GuessCounter | None
    fresh: FreshSession


def step_up(seen: StepUp, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """The session may change the account itself for a while, under a new token (V7.2.4)."""
    because = Because("logging_in.step_up", (), (("accounts.step_up_for", str(policy.accounts.step_up_for)),))
    session = evolve(seen.session, id=seen.fresh.digest, version=0, confirmed_at=now, used_at=now)
    writes = _proved_writes(seen.matched, seen.credential, seen.counter)
    return grant(signed_in(seen.fresh, session), because, (*writes, Remove(seen.session), Put(session)))
