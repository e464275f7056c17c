"""What does a session of an account show, and what must it pass first?

An account may be for several people: a parent and the children, the owner and the pets (X5). Its own are the records it
is linked to, and, where the policy lets those who share an email choose (TT11), the records that have its proved email.
Nothing is taken from an email that is merely typed (A16).
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because
from clientportal.policy import Policy, SecondFactorUse, SeenBy, SeveralRecords
from clientportal.records import Account, AccountLink, ContactHistory, SecondFactor, Session, Stage
from clientportal.rules.signing_in import FreshSession
from clientportal.rules.whose_contact import Candidate, may_be_recycled, newest_booking, one_per_guest
from clientportal.values import RecordRef

__all__ = ["AccountSight", "further", "open_session", "own_records", "stage_of"]


@frozen
class AccountSight:
    """What is read about an account before a session of it opens.

    ``linked`` are the people behind its links, ``sharing`` those who have its proved email; both follow merges.
    ``revoked`` are the records that it is not to be linked to any more. ``history`` is what is known of its email.
    """

    account: Account
    links: tuple[AccountLink, ...] = ()
    linked: tuple[Candidate, ...] = ()
    sharing: tuple[Candidate, ...] = ()
    second_factor: SecondFactor | None = None
    history: ContactHistory | None = None

    @property
    def people(self) -> tuple[Candidate, ...]:
        """Everybody whom it leads to."""
        return (*self.linked, *self.sharing)

    @property
    def revoked(self) -> frozenset[RecordRef]:
        """Records that "this is not me", or staff, took off the account."""
        return frozenset(link.record_ref for link in self.links if link.revoked_at is not None)


def own_records(seen: AccountSight, policy: Policy) -> tuple[Candidate, ...]:
    """The people that this account may be for, in the order of their refs; the same person is there once.

    An equal email shows another adult's data only where the policy says so (X5): under ``choose`` to whoever proved it,
    under ``newest_booking`` the newest alone (T4), under ``accounts`` never.

    Addresses are handed on like numbers (X6): a record that was quiet for longer than ``login.recycled_after`` when
    this account proved the email does not open by it; the proof of another contact of that record links it.
    """
    found = {candidate.ref: candidate for candidate in seen.linked if candidate.speaker.usable}
    sharing = [candidate for candidate in seen.sharing if _opens_by_email(candidate, seen, policy)]
    if sharing:
        if policy.login.several is SeveralRecords.CHOOSE:
            found.update({candidate.ref: candidate for candidate in sharing})
        elif policy.login.several is SeveralRecords.NEWEST_BOOKING:
            newest = newest_booking(sharing)
            found[newest.ref] = newest
    return one_per_guest([*found.values()])


def _opens_by_email(candidate: Candidate, seen: AccountSight, policy: Policy) -> bool:
    proved_at = seen.account.proved_at
    if proved_at is None or not candidate.speaker.usable:
        return False
    if seen.revoked & {member.ref for member in candidate.members}:
        return False
    before = None if seen.history is None else seen.history.proved_at
    return not may_be_recycled([candidate], before, policy.login.recycled_after, proved_at)


def stage_of(seen: AccountSight, own: int, policy: Policy, *, second_passed: bool) -> Stage:
    """How far a session of the account has come when its password, or what stands for it, was right."""
    use = policy.accounts.second_factor
    enrolled = seen.second_factor is not None and seen.second_factor.confirmed_at is not None
    if use is not SecondFactorUse.OFF and not second_passed:
        if enrolled:
            return Stage.SECOND_FACTOR
        if use is SecondFactorUse.REQUIRED:
            return Stage.ENROLLING
    if own > 1 and policy.visibility.appointments is SeenBy.RECORD:
        return Stage.CHOOSING
    return Stage.OPEN


def open_session(
    seen: AccountSight,
    fresh: FreshSession,
    policy: Policy,
    now: datetime,
    because: Because,
    *,
    second_passed: bool = False,
    confirmed: bool = False,
) -> Session:
    """The session of an account that has just logged in. ``confirmed``: the password itself was shown (step-up)."""
    own = own_records(seen, policy)
    stage = stage_of(seen, len(own), policy, second_passed=second_passed)
    return Session(
        id=fresh.digest,
        stage=stage,
        entry=str(own[0].entry) if len(own) == 1 else None,
        own=tuple(candidate.entry for candidate in own),
        identity=seen.account.email,
        opened_at=now,
        used_at=now,
        idle_until=now + policy.sessions.idle_for,
        ends_at=now + policy.sessions.lives_for,
        device=fresh.device_lane,
        account=seen.account.id,
        confirmed_at=now if confirmed else None,
        because=str(because),
    )


def further(session: Session, seen: AccountSight, fresh: FreshSession, policy: Policy, now: datetime) -> Session:
    """The same session once its second factor was right, under a new token (V7.2.4)."""
    own = own_records(seen, policy)
    return evolve(
        session,
        id=fresh.digest,
        version=0,
        stage=stage_of(seen, len(own), policy, second_passed=True),
        entry=str(own[0].entry) if len(own) == 1 else None,
        own=tuple(candidate.entry for candidate in own),
        used_at=now,
    )
