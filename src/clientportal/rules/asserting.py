"""May a client come in on the word of the platform, which has authenticated them itself?

Single sign-on in one line, and so off unless the business says otherwise (A4). The attack is whatever gets the platform
to say it wrongly; so an assertion is declared in the policy, names how the platform knows (in the audit), opens a
session and nothing else: it proves no contact (X6), shows no password (so the account itself cannot be changed with
it), and passes no second factor.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import SignedIn
from clientportal.policy import Policy, SecondFactorUse
from clientportal.records import Put, SecondFactor, Session
from clientportal.rules.account_sessions import AccountSight, open_session
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.values import ClientRecord, ContactKey, ContactKind, RecordRef

__all__ = ["AssertedAccount", "AssertedClient", "assert_account", "assert_client", "judge_assertion"]


def judge_assertion(policy: Policy, how: str) -> Refusal | Because:
    """Refuse where the business takes nobody's word (A4), or nobody logs in at all (A6)."""
    because = Because(
        "asserting.judge_assertion",
        (("how", how),),
        (
            ("login.enabled", str(policy.login.enabled)),
            ("registration.host_assertions", str(policy.registration.host_assertions)),
        ),
    )
    if not policy.login.enabled or not policy.registration.host_assertions:
        return Refusal(Reason.DISABLED, because)
    return because


@frozen
class AssertedClient:
    """What is read about a record that the platform vouches for; ``factors`` are those of the accounts linked to it."""

    ref: RecordRef
    speaker: ClientRecord | None
    factors: tuple[SecondFactor, ...]
    fresh: FreshSession


def assert_client(seen: AssertedClient, how: str, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """A session for a record, if it is there and usable.

    Where a second factor guards an account of that record, or the policy requires one, this is no way round it: only
    the account can be vouched for, and then the app is asked.
    """
    because = judge_assertion(policy, how)
    if isinstance(because, Refusal):
        return Decision(because, because.because)
    if seen.speaker is None or not seen.speaker.usable:
        return refuse(Reason.NOT_FOUND, because)
    use = policy.accounts.second_factor
    guarded = any(factor.confirmed_at is not None for factor in seen.factors)
    if use is SecondFactorUse.REQUIRED or (use is SecondFactorUse.OFFERED and guarded):
        return refuse(Reason.SECOND_FACTOR_FIRST, because)
    session = Session(
        id=seen.fresh.digest,
        entry=str(seen.ref),
        own=(seen.ref,),
        # No contact was proved, and so none is named: this is nobody's address.
        identity=str(ContactKey(ContactKind.EMAIL, seen.fresh.digest)),
        opened_at=now,
        used_at=now,
        idle_until=now + policy.sessions.idle_for,
        ends_at=now + policy.sessions.lives_for,
        because=str(because),
    )
    return grant(signed_in(seen.fresh, session), because, (Put(session),))


@frozen
class AssertedAccount:
    """What is read about an account that the platform vouches for."""

    sight: AccountSight | None
    fresh: FreshSession


def assert_account(seen: AssertedAccount, how: str, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """A session for an account, as if its password had been right: its second factor, and its choice, still come."""
    because = judge_assertion(policy, how)
    if isinstance(because, Refusal):
        return Decision(because, because.because)
    if seen.sight is None or not policy.registration.accounts:
        return refuse(Reason.NOT_FOUND, because)
    session = evolve(open_session(seen.sight, seen.fresh, policy, now, because), device=None)
    return grant(signed_in(seen.fresh, session, seen.sight.people), because, (Put(session),))
