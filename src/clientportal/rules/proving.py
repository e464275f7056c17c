"""What follows when somebody proves an email: by the registration's own session or password, or as somebody else?

Who has the mailbox is one question, who made the account another (see ``first_proof.py``). A registration keeps its
password and its sessions where both are answered: its session follows the link or types the code, or its password is
shown with the link (A16). A reset, an invitation, and "this is my address, but I did not register" answer the first
alone: what stood there before goes, and the password is the one that the mailbox's owner sets now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import ResetDone, SignedIn
from clientportal.policy import Policy, RegisterFrom
from clientportal.records import (
    Account,
    AccountLink,
    AccountOrigin,
    Credential,
    GuessCounter,
    LinkEvidence,
    MailedLink,
    MessageKind,
    OutboxMessage,
    Put,
    Remove,
    Session,
    Stage,
    Write,
)
from clientportal.rules.account_sessions import AccountSight, further, open_session
from clientportal.rules.first_proof import Unproved, first_proof, forget_account, spend_link, wipe_access
from clientportal.rules.guessing import Lane, ended_by_owner, give_back, judge_lane, miss_counted, retry_at
from clientportal.rules.logging_in import Tried
from clientportal.rules.registering import consents_kept, judge_consents
from clientportal.rules.signing_in import FreshSession, SignIn, refuse_code, signed_in, spend_code
from clientportal.values import ContactKey, RecordRef, Secret, mask

__all__ = [
    "Accepting",
    "Guessed",
    "Guessing",
    "Proving",
    "TypedIn",
    "accept",
    "account_of_proof",
    "charge_try",
    "prove_and_reset",
    "reset",
    "verify_by_code",
    "verify_by_password",
    "verify_by_session",
]


@frozen
class Proving:
    """What is read when an email is proved. ``sight`` is what the prover may see with the email proved.

    ``account`` is the registration that the link or code was sent for, ``assignments`` what the proof brings (A8b),
    ``records`` whether a usable client record has this very email (TT3). ``runs`` are the runs of wrong guesses at this
    email that end where the mailbox alone says who this is; see ``guessing.ended_by_owner``.
    """

    unproved: Unproved
    account: Account
    sight: AccountSight
    fresh: FreshSession
    link: MailedLink | None = None
    session: Session | None = None
    assignments: tuple[Write, ...] = ()
    records: bool = False
    notice_id: str = ""
    runs: tuple[GuessCounter, ...] = ()


def _because(rule: str, identity: ContactKey, *facts: tuple[str, str]) -> Because:
    return Because(f"proving.{rule}", (("address", mask(identity.value)), *facts))


def _gone(seen: Proving, because: Because) -> Refusal | None:
    """Meanwhile the address has become another account's: this proof comes too late to make it this one's."""
    # A proof is good for the address that it names, and not for the one that the account has by now.
    renamed = seen.account.email != str(seen.unproved.identity)
    return Refusal(Reason.LINK_GONE, because) if renamed or seen.unproved.is_owned_by_another(seen.account.id) else None


# --- by the same person ----------------------------------------------------------------------------------------------


def verify_by_session(seen: Proving, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """The session that registered follows the link: password and sessions stay (A16), the token changes (V7.2.4).

    Now it shows the records that have the address, where the policy says so (TT11).
    """
    because = _because("verify_by_session", seen.unproved.identity)
    session = seen.session
    no = _gone(seen, because)
    if no is not None or session is None:
        return refuse(Reason.LINK_GONE, because)
    if session.stage in (Stage.SECOND_FACTOR, Stage.ENROLLING):
        # A proof of the mailbox is no second factor: what the session had to pass, it has to pass still.
        opened = evolve(further(session, seen.sight, seen.fresh, policy, now), stage=session.stage)
    else:
        opened = further(session, seen.sight, seen.fresh, policy, now)
    opened = evolve(opened, device=seen.fresh.device_lane, because=str(because))
    proof = first_proof(seen.unproved, seen.account, now, same_person=True, acting=seen.link)
    writes = (*proof, *seen.assignments, Remove(session), Put(opened))
    return grant(signed_in(seen.fresh, opened, seen.sight.people), because, writes)


@frozen
class TypedIn:
    """A code that was typed into a session, and what is read besides once it is right."""

    sign_in: SignIn
    proving: Proving | None = None


def verify_by_code(seen: TypedIn, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """The same by a code that is typed into the session that registered; wrong ones are counted as everywhere."""
    because = Because("proving.verify_by_code", (("code", seen.sign_in.verdict.value),))
    no = refuse_code(seen.sign_in, because, policy, now)
    if no is not None:
        return no
    challenge = seen.sign_in.challenge
    assert challenge is not None
    if seen.proving is None:
        return refuse(Reason.CODE_GONE, because)
    decision = verify_by_session(seen.proving, policy, now)
    if isinstance(decision.outcome, Refusal):
        return refuse(Reason.CODE_GONE, decision.because, after=spend_code(seen.sign_in, challenge, policy, now))
    return decision.and_also(*spend_code(seen.sign_in, challenge, policy, now))


# --- by its password, with the link -----------------------------------------------------------------------------------


@frozen
class Guessing:
    """A link, and what its registration's password is tried against.

    ``known``: this call was answered before, and is asked once more under its key; it was charged then.
    """

    identity: ContactKey
    lane: str
    counter: GuessCounter | None
    account: str | None = None
    credential: Credential | None = field(default=None, repr=False)
    known: bool = False


@frozen
class Guessed:
    """A try that may be judged now. ``charged``: by this very call, so that it is given back if nothing is judged."""

    tried: Tried = field(repr=False)
    charged: bool = True


def charge_try(seen: Guessing, policy: Policy, now: datetime) -> Decision[Guessed]:
    """Count the try before the password is looked at: a crash in between leaves it counted, never free."""
    because = _because("charge_try", seen.identity, ("password", "set" if seen.credential else "none"))
    tried = Tried(str(seen.identity), seen.lane, seen.account, seen.credential, charged_in=now, run=0)
    if seen.known:
        return grant(Guessed(tried, charged=False), because)
    lane = judge_lane(seen.counter, policy, now)
    if lane is Lane.STOPPED:
        return refuse(Reason.STOPPED, because)
    if lane is not Lane.OPEN:
        reason = Reason.WAIT if lane is Lane.WAIT else Reason.TOO_MANY_TRIES
        return refuse(reason, because, retry_at=retry_at(seen.counter, lane))
    counted = miss_counted(seen.counter, str(seen.identity), seen.lane, policy, now)
    return grant(
        Guessed(evolve(tried, charged_in=counted.day_began, run=counted.consecutive)), because, (Put(counted),)
    )


def verify_by_password(
    seen: Proving, counter: GuessCounter | None, charged_in: datetime, policy: Policy, now: datetime
) -> Decision[SignedIn]:
    """Whoever has the mailbox and the registration's password is who registered: all is kept, they are logged in.

    ``charged_in`` is the beginning of the day that the try was charged to, and goes back to.
    """
    because = _because("verify_by_password", seen.unproved.identity, ("password", "right"))
    no = _gone(seen, because)
    if no is not None:
        return Decision(no, because)
    session = open_session(seen.sight, seen.fresh, policy, now, because, confirmed=True)
    proof = first_proof(seen.unproved, seen.account, now, same_person=True, acting=seen.link)
    returned = give_back(counter, charged_in)
    counted = () if returned is None else (Put(returned),)
    shown = signed_in(seen.fresh, session, seen.sight.people)
    return grant(shown, because, (*proof, *seen.assignments, *counted, Put(session)))


# --- by somebody else ------------------------------------------------------------------------------------------------


def _password(account_id: str, hashed: Secret, now: datetime) -> Credential:
    return Credential(id=account_id, hash=hashed, set_at=now, set_by="client")


def _runs_ended(seen: Proving) -> tuple[Write, ...]:
    return tuple(map(Put, ended_by_owner(seen.runs)))


def _done(seen: Proving, *, first: bool) -> ResetDone:
    return ResetDone(first, device=seen.fresh.device, account=seen.account.id)


def _notice(seen: Proving, account: Account, policy: Policy, now: datetime) -> Put:
    """Told in the same commit (I8)."""
    return Put(
        OutboxMessage(
            id=seen.notice_id,
            kind=MessageKind.PASSWORD_CHANGED,
            to=str(seen.unproved.identity),
            account=account.id,
            created_at=now,
            due_at=now,
            expires_at=now + policy.messages.notice_life,
        )
    )


def prove_and_reset(
    seen: Proving, hashed: Secret, agreed: Sequence[tuple[str, str]], policy: Policy, now: datetime
) -> Decision[ResetDone]:
    """ "This is my address, but I did not register", or not here: the link proves the mailbox and nothing else.

    Every registration with the address goes, with its password, sessions and bookings; what remains is a new account
    with the new password, which nobody else has ever had a hand in.
    """
    because = _because("prove_and_reset", seen.unproved.identity)
    if seen.unproved.identifier is not None or seen.link is None:
        return refuse(Reason.LINK_GONE, because)
    return _first_password(seen, hashed, agreed, because, policy, now)


def reset(
    seen: Proving, hashed: Secret, agreed: Sequence[tuple[str, str]], policy: Policy, now: datetime
) -> Decision[ResetDone]:
    """Set a new password by a mailed link (A3), or a first one (TT3). It logs nobody in (V6.4.3).

    The attack: who has been in the account keeps a way back. So sessions, codes, links and changes under way end with
    the old password, and so do registrations that merely typed the address. The second factor stays where the address
    was proved before; on one that never was, it is somebody else's like the rest.

    The other attack: strangers guess until nobody may try any more, and the owner, with a new password, is locked out
    all the same. So the runs of wrong guesses at this email end with it (V6.6.3), and the browser becomes a known one.

    A client without an account gets one where anybody may register, or where somebody has registered already.
    """
    because = _because("reset", seen.unproved.identity)
    assert seen.link is not None
    owner = seen.unproved.owner
    if owner is None:
        anywhere = policy.registration.register_from is RegisterFrom.ANYWHERE and seen.records
        if not anywhere and not seen.unproved.accounts:
            return refuse(Reason.LINK_GONE, because)
        return _first_password(seen, hashed, agreed, because, policy, now)
    password = _password(owner.account.id, hashed, now)
    notice = _notice(seen, owner.account, policy, now)
    identifier = seen.unproved.identifier
    assert identifier is not None
    if identifier.proved_at is None:
        proof = first_proof(seen.unproved, owner.account, now, same_person=False, acting=seen.link, password=password)
        writes = (*proof, *seen.assignments, *_runs_ended(seen), notice)
        return grant(_done(seen, first=owner.credential is None), because, writes)
    wiped = wipe_access(
        owner,
        sparing=identifier.id,
        keep_second_factor=True,
        keep_reverts=True,
        keep_proved=True,
        acting=seen.link.id,
        password=password,
    )
    others = [one for one in seen.unproved.accounts if one.account.id != owner.account.id]
    forgotten = [write for one in others for write in forget_account(one, acting=seen.link.id)]
    gone = {write.record.id for write in (*wiped, *forgotten)}
    gone.add(seen.link.id)
    pending = [Remove(link) for link in seen.unproved.pending_proofs if link.id not in gone]
    writes = (*wiped, *forgotten, *pending, *_runs_ended(seen), spend_link(seen.link, now), notice)
    return grant(_done(seen, first=owner.credential is None), because, writes)


def _first_password(
    seen: Proving,
    hashed: Secret,
    agreed: Sequence[tuple[str, str]],
    because: Because,
    policy: Policy,
    now: datetime,
) -> Decision[ResetDone]:
    if not policy.login.enabled or not policy.registration.accounts:
        return refuse(Reason.DISABLED, because)
    no = judge_consents(agreed, policy)
    if no is not None:
        return Decision(no, no.because)
    account = seen.account
    password = _password(account.id, hashed, now)
    proof = first_proof(seen.unproved, account, now, same_person=False, acting=seen.link, password=password)
    writes = (
        *proof,
        *consents_kept(account.id, policy, now),
        *seen.assignments,
        *_runs_ended(seen),
        _notice(seen, account, policy, now),
    )
    return grant(_done(seen, first=True), because, writes)


# --- invited ---------------------------------------------------------------------------------------------------------


@frozen
class Accepting:
    """What is read when an invitation is accepted. ``still_theirs``: the record has the address today."""

    proving: Proving
    ref: RecordRef
    actor: str
    still_theirs: bool


def accept(
    seen: Accepting, hashed: Secret, agreed: Sequence[tuple[str, str]], policy: Policy, now: datetime
) -> Decision[SignedIn]:
    """An invitation by staff proves the mailbox: the account is made, linked to the record, and logged in.

    The attack: staff mistyped an address, and corrected it. The mail lies in a stranger's mailbox, and must not open
    the record any more: so it is good only as long as the record has this very address.
    """
    proving = seen.proving
    because = _because("accept", proving.unproved.identity, ("record has it", str(seen.still_theirs)))
    identifier = proving.unproved.identifier
    taken = identifier is not None and identifier.proved_at is not None
    if taken or not seen.still_theirs or proving.link is None:
        return refuse(Reason.LINK_GONE, because)
    if not policy.registration.staff_may_register:
        return refuse(Reason.DISABLED, because)
    no = judge_consents(agreed, policy)
    if no is not None:
        return Decision(no, no.because)
    account = proving.account
    password = _password(account.id, hashed, now)
    proof = first_proof(proving.unproved, account, now, same_person=False, acting=proving.link, password=password)
    session = open_session(proving.sight, proving.fresh, policy, now, because, confirmed=True)
    link = AccountLink(
        id=AccountLink.id_of(account.id, seen.ref),
        account=account.id,
        ref=str(seen.ref),
        evidence=LinkEvidence.STAFF,
        made_at=now,
        actor=seen.actor,
        because=str(because),
    )
    held = proving.unproved.of(account.id)
    known = None if held is None else next((one for one in held.links if one.id == link.id), None)
    writes = (
        *proof,
        *consents_kept(account.id, policy, now, () if held is None else held.consents),
        *proving.assignments,
        *_runs_ended(proving),
        Put(link if known is None else evolve(link, version=known.version)),
        Put(session),
    )
    return grant(signed_in(proving.fresh, session, proving.sight.people), because, writes)


def account_of_proof(id: str, identity: ContactKey, address: str, origin: AccountOrigin, now: datetime) -> Account:
    """An account that begins with its proof: nobody else can have put anything on it."""
    return Account(id=id, email=str(identity), address=address, created_at=now, proved_at=now, origin=origin)
