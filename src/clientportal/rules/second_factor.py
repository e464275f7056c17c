"""Is this the code of the account's authenticator app, and how does an app come and go?

RFC 6238: a code is good for its step of thirty seconds and the steps beside it, and a step is used once (ASVS V6.5.1).
The attack: whoever has the password guesses six digits, as often as they may log in. So wrong codes count for the
account, in a lane of its own, however many sessions wait for one; and setting an app up or taking it off needs the
password once more, or a browser left open would be enough to lock the owner out.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import Ended, Enrolment, RecoveryCodes, SignedIn
from clientportal.policy import Policy, SecondFactorUse
from clientportal.records import (
    Account,
    GuessCounter,
    MessageKind,
    Put,
    Remove,
    SecondFactor,
    Session,
    Stage,
    Write,
)
from clientportal.rules.account_sessions import AccountSight, further
from clientportal.rules.changing_passwords import account_notice
from clientportal.rules.guessing import after_success, miss_counted, warning
from clientportal.rules.logging_in import needs_step_up, refuse_lane
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.values import Secret

__all__ = [
    "Enrolling",
    "FactorChange",
    "LostFactor",
    "Passing",
    "TypedFactor",
    "begin_second_factor",
    "confirm_second_factor",
    "factor_lane",
    "new_recovery_codes",
    "pass_second_factor",
    "remove_by_staff",
    "remove_second_factor",
]


def factor_lane(account: Account) -> str:
    """Where wrong codes of an account are counted: all its sessions and devices in one."""
    return f"second-factor:{account.id}"


@frozen
class TypedFactor:
    """What was typed, as it can be judged.

    ``steps`` are the steps of the app whose code it is, ``recovery`` its digest where it may be a recovery code.
    """

    steps: tuple[int, ...] = ()
    recovery: str | None = None


def _because(rule: str, policy: Policy, *facts: tuple[str, str]) -> Because:
    use = policy.accounts.second_factor.value
    return Because(f"second_factor.{rule}", facts, (("accounts.second_factor", use),))


def _wrong(
    counter: GuessCounter | None, account: Account, message_id: str, because: Because, policy: Policy, now: datetime
) -> Decision[None]:
    missed = miss_counted(counter, account.email, factor_lane(account), policy, now)
    told = warning(account.email, missed.consecutive, message_id, policy, now)
    after: tuple[Write, ...] = (Put(missed), *((Put(told),) if told is not None else ()))
    return refuse(Reason.SECOND_FACTOR_WRONG, because, after=after)


# --- at a login ------------------------------------------------------------------------------------------------------


@frozen
class Passing:
    """What is read when a session shows its second factor."""

    session: Session
    sight: AccountSight
    typed: TypedFactor
    counter: GuessCounter | None
    fresh: FreshSession


def pass_second_factor(seen: Passing, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """Let a session go further, under a new token, with a code of the app or one of the recovery codes.

    A recovery code is worth nothing the second time; nor is a step, or an earlier one.
    """
    account, factor = seen.sight.account, seen.sight.second_factor
    if seen.session.stage is not Stage.SECOND_FACTOR:
        return refuse(Reason.NOT_FOUND, _because("pass", policy, ("stage", seen.session.stage.value)))
    if factor is None or factor.confirmed_at is None:
        return refuse(Reason.SESSION_ENDED, _because("pass", policy, ("app", "none")), after=(Remove(seen.session),))
    shown = "recovery code" if seen.typed.recovery is not None else "code"
    because = _because("pass", policy, ("shown", shown), ("recovery codes left", str(len(factor.recovery))))
    no = refuse_lane(seen.counter, because, policy, now)
    if no is not None:
        return no
    used = _used(factor, seen.typed)
    if used is None:
        wrong = _wrong(seen.counter, account, seen.fresh.message_id, because, policy, now)
        return Decision(wrong.outcome, because, wrong.changes)  # type: ignore[arg-type]
    ended = after_success(seen.counter)
    session = further(seen.session, seen.sight, seen.fresh, policy, now)
    writes: list[Write] = [Put(used), Remove(seen.session), Put(session)]
    if ended is not None:
        writes.append(Put(ended))
    return grant(signed_in(seen.fresh, session, seen.sight.people), because, tuple(writes))


def _used(factor: SecondFactor, typed: TypedFactor) -> SecondFactor | None:
    """The factor with what was typed used up; ``None`` where it was not right."""
    if typed.recovery is not None:
        if typed.recovery not in factor.recovery:
            return None
        return evolve(factor, recovery=tuple(one for one in factor.recovery if one != typed.recovery))
    step = _fresh_step(typed, factor.last_step)
    return None if step is None else evolve(factor, last_step=step)


def _fresh_step(typed: TypedFactor, last: int | None) -> int | None:
    return next((step for step in sorted(typed.steps) if last is None or step > last), None)


# --- setting one up --------------------------------------------------------------------------------------------------


@frozen
class FactorChange:
    """What is read when an app is set up or taken off. What is fresh is drawn anew for every try."""

    session: Session
    account: Account
    factor: SecondFactor | None
    message_id: str
    key_id: str = ""
    nonce: str = ""
    enrolment: Enrolment | None = None
    codes: tuple[Secret, ...] = field(default=(), repr=False)
    digests: tuple[str, ...] = ()


def _may_change(seen: FactorChange, rule: str, policy: Policy, now: datetime) -> Refusal | None:
    because = _because(rule, policy, ("stage", seen.session.stage.value))
    if policy.accounts.second_factor is SecondFactorUse.OFF:
        return Refusal(Reason.DISABLED, because)
    if needs_step_up(seen.session, policy, now):
        return Refusal(Reason.STEP_UP_FIRST, because)
    return None


def begin_second_factor(seen: FactorChange, policy: Policy, now: datetime) -> Decision[Enrolment]:
    """Hand out the secret of a new app. It is asked for only once a code of it was typed: until then an app that is
    there already stays the one that counts."""
    no = _may_change(seen, "begin", policy, now)
    if no is not None:
        return Decision(no, no.because)
    assert seen.enrolment is not None
    because = _because("begin", policy, ("replaces one", str(_confirmed(seen.factor) is not None)))
    had = _confirmed(seen.factor)
    if had is not None:
        changed = evolve(had, next_key_id=seen.key_id, next_nonce=seen.nonce)
    else:
        version = 0 if seen.factor is None else seen.factor.version
        changed = SecondFactor(id=seen.account.id, version=version, key_id=seen.key_id, nonce=seen.nonce, begun_at=now)
    return grant(seen.enrolment, because, (Put(changed),))


def _confirmed(factor: SecondFactor | None) -> SecondFactor | None:
    return factor if factor is not None and factor.confirmed_at is not None else None


@frozen
class Enrolling:
    """What is read when a code of the new app is typed."""

    change: FactorChange
    sight: AccountSight
    typed: TypedFactor
    counter: GuessCounter | None
    fresh: FreshSession


def confirm_second_factor(seen: Enrolling, policy: Policy, now: datetime) -> Decision[RecoveryCodes]:
    """The app is the account's from now on, with recovery codes that are shown this once.

    The session goes on under a new token: as far as it may now, where the policy asked for the app.
    """
    change = seen.change
    because = _because("confirm", policy, ("recovery codes", str(len(change.codes))))
    if policy.accounts.second_factor is SecondFactorUse.OFF:
        return refuse(Reason.DISABLED, because)
    factor = change.factor
    if factor is None or (factor.confirmed_at is not None and factor.next_nonce is None):
        return refuse(Reason.NOT_FOUND, because)
    no = refuse_lane(seen.counter, because, policy, now)
    if no is not None:
        return no
    step = _fresh_step(seen.typed, None)
    if step is None:
        wrong = _wrong(seen.counter, change.account, seen.fresh.message_id, because, policy, now)
        return Decision(wrong.outcome, because, wrong.changes)  # type: ignore[arg-type]
    confirmed = SecondFactor(
        id=factor.id,
        version=factor.version,
        key_id=factor.next_key_id or factor.key_id,
        nonce=factor.next_nonce or factor.nonce,
        begun_at=factor.begun_at,
        confirmed_at=now,
        last_step=step,
        recovery=change.digests,
    )
    if change.session.stage is Stage.ENROLLING:
        session = further(change.session, seen.sight, seen.fresh, policy, now)
    else:
        session = evolve(change.session, id=seen.fresh.digest, version=0, used_at=now)
    notice = account_notice(MessageKind.SECOND_FACTOR_CHANGED, change.account, change.message_id, policy, now)
    ended = after_success(seen.counter)
    writes: list[Write] = [Put(confirmed), Remove(change.session), Put(session), Put(notice)]
    if ended is not None:
        writes.append(Put(ended))
    return grant(RecoveryCodes(change.codes, signed_in(seen.fresh, session, seen.sight.people)), because, tuple(writes))


def new_recovery_codes(seen: FactorChange, policy: Policy, now: datetime) -> Decision[RecoveryCodes]:
    """New ones; those that were left are worthless."""
    no = _may_change(seen, "new_recovery_codes", policy, now)
    if no is not None:
        return Decision(no, no.because)
    factor = _confirmed(seen.factor)
    because = _because("new_recovery_codes", policy, ("recovery codes", str(len(seen.codes))))
    if factor is None:
        return refuse(Reason.NOT_FOUND, because)
    notice = account_notice(MessageKind.SECOND_FACTOR_CHANGED, seen.account, seen.message_id, policy, now)
    return grant(RecoveryCodes(seen.codes), because, (Put(evolve(factor, recovery=seen.digests)), Put(notice)))


def remove_second_factor(seen: FactorChange, policy: Policy, now: datetime) -> Decision[Ended]:
    """Take the app off, where the policy does not require one."""
    no = _may_change(seen, "remove", policy, now)
    if no is not None:
        return Decision(no, no.because)
    because = _because("remove", policy, ("by", "client"))
    if policy.accounts.second_factor is SecondFactorUse.REQUIRED:
        return refuse(Reason.DISABLED, because)
    return _removed(LostFactor(seen.account, seen.factor, (), seen.message_id), because, policy, now)


@frozen
class LostFactor:
    """What is read when an app is gone. ``waiting`` are the sessions that wait for a code of it."""

    account: Account
    factor: SecondFactor | None
    waiting: tuple[Session, ...]
    message_id: str


def remove_by_staff(seen: LostFactor, policy: Policy, now: datetime) -> Decision[Ended]:
    """Take a lost app off, whatever the policy says: its owner could not. Where one is required, the next login begins
    with another. Sessions that wait for a code of it end, for nothing could let them go further."""
    because = _because("remove", policy, ("by", "staff"), ("waiting", str(len(seen.waiting))))
    return _removed(seen, because, policy, now)


def _removed(seen: LostFactor, because: Because, policy: Policy, now: datetime) -> Decision[Ended]:
    if seen.factor is None:
        return refuse(Reason.NOT_FOUND, because)
    notice = account_notice(MessageKind.SECOND_FACTOR_CHANGED, seen.account, seen.message_id, policy, now)
    ended = tuple(Remove(session) for session in seen.waiting)
    return grant(Ended(len(ended)), because, (Remove(seen.factor), *ended, Put(notice)))
