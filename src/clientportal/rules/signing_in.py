"""Is this proof good, and what does it open?

Three questions, in the order in which a client meets them: may a code be sent (:func:`request_code`), is what was typed
the code (:func:`judge_code`), and which record does it open (:func:`sign_in`). Only the last one is given any record:
until the right code has been typed, nothing depends on whether the identity is known, so nothing can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.outcomes import CodeSent, SignedIn, SignInStage
from clientportal.policy import Policy, Proof, UnknownIdentity
from clientportal.records import (
    Challenge,
    ClientNumber,
    ContactEntry,
    ContactHistory,
    GuessCounter,
    HostWrite,
    Intent,
    MessageKind,
    OutboxMessage,
    Purpose,
    Put,
    Remove,
    Session,
    Stage,
    Write,
)
from clientportal.rules.budgets import Allowances, charge_all, request_charges
from clientportal.rules.guessing import (
    STRANGERS,
    Lane,
    after_success,
    judge_lane,
    miss_counted,
    retry_at,
    warning,
)
from clientportal.rules.whom_to_tell import may_be_sent_to
from clientportal.rules.whose_contact import (
    Candidate,
    Flagged,
    Found,
    Nobody,
    Several,
    TooMany,
    is_flagged,
    may_be_recycled,
    whose_contact,
)
from clientportal.values import ClientDraft, ContactKey, ContactKind, Email, MatchKey, Phone, RecordRef, Secret, mask

__all__ = [
    "SIGN_IN_STAGES",
    "STRANGERS",
    "CodeRequest",
    "FreshSession",
    "SignIn",
    "Verdict",
    "count_miss",
    "empty_client",
    "judge_code",
    "new_client",
    "open_for_new_record",
    "refuse_code",
    "request_code",
    "sign_in",
    "signed_in",
    "spend_code",
]

_CODES = {
    Purpose.LOGIN: MessageKind.LOGIN_CODE,
    Purpose.SECOND_PROOF: MessageKind.SECOND_PROOF_CODE,
    Purpose.VERIFY_EMAIL: MessageKind.VERIFY_EMAIL_CODE,
    Purpose.CLAIM: MessageKind.CLAIM_CODE,
    Purpose.CHANGE_CONTACT: MessageKind.CHANGE_CONTACT_CODE,
}


# --- may a code be sent? -------------------------------------------------------------------------------------------


@frozen
class CodeRequest:
    """What is read when a code is asked for: no client, whatever was typed.

    ``superseded`` is the open challenge that a resend continues: its handle stays good, its code does not.
    """

    contact: Phone | Email
    identity: ContactKey
    lane: str
    source: str | None
    live: tuple[Challenge, ...]
    superseded: Challenge | None
    allowances: Allowances
    counter: GuessCounter | None
    handle: Secret = field(repr=False)
    handle_digest: str
    message_id: str
    key_id: str
    purpose: Purpose = Purpose.LOGIN
    bound_to: str | None = None
    human: bool = True


def request_code(seen: CodeRequest, policy: Policy, now: datetime) -> Decision[CodeSent]:
    """May a code be sent to this contact now?

    The reply for a known and an unknown contact is the same value, made from the same reads and writes (V1): who it is
    for, and whether it is sent at all, the pump finds out later. Budgets are per destination and lane, per source, per
    number prefix and per business; a refusal says when to try again and charges nothing.
    """
    login = policy.login
    because = Because(
        "signing_in.request_code",
        (("contact", mask(seen.identity.value)), ("lane", _lane_word(seen.lane)), ("open codes", str(len(seen.live)))),
        (
            ("login.enabled", str(login.enabled)),
            ("login.proof", login.proof.value),
            ("login.live_codes", str(login.live_codes)),
        ),
    )
    purpose = seen.purpose if seen.superseded is None else seen.superseded.purpose
    if not login.enabled or (purpose is Purpose.LOGIN and login.proof is not Proof.CODE):
        return refuse(Reason.DISABLED, because)
    if not seen.human:
        return refuse(Reason.BOT_SUSPECTED, because)
    if not may_be_sent_to(seen.contact, policy):
        return refuse(Reason.CONTACT_NOT_ALLOWED, because)
    if seen.counter is not None and seen.counter.stopped:
        return refuse(Reason.STOPPED, because)
    if seen.superseded is None and len(seen.live) >= login.live_codes:
        return refuse(Reason.TOO_MANY_CODES, because, retry_at=min(challenge.expires_at for challenge in seen.live))
    used_up = seen.superseded is not None and seen.superseded.misses >= policy.guesses.per_code
    if used_up or (seen.superseded is not None and not seen.superseded.open_at(now)):
        return refuse(Reason.CODE_GONE, because)
    charges = request_charges(seen.identity, seen.lane, seen.source, policy.sends)
    spent = charge_all(seen.allowances, charges, now)
    if isinstance(spent, datetime):
        return refuse(Reason.WAIT, because, retry_at=spent)
    challenge = _challenge(seen, policy, now)
    message = OutboxMessage(
        id=seen.message_id,
        kind=_CODES[challenge.purpose],
        to=str(seen.identity),
        account=challenge.bound_to if challenge.purpose is Purpose.VERIFY_EMAIL else None,
        challenge_id=challenge.id,
        send_number=challenge.send_number,
        created_at=now,
        due_at=now,
        expires_at=challenge.expires_at,
    )
    outcome = CodeSent(
        handle=seen.handle,
        expires_at=challenge.expires_at,
        resend_at=spent.again_at,
        digits=login.code_digits,
    )
    writes = (Put(challenge), Put(message), *spent.changes)
    return grant(outcome, because, writes, spends=spent.elsewhere)


def _challenge(seen: CodeRequest, policy: Policy, now: datetime) -> Challenge:
    expires = now + policy.login.code_life
    if seen.superseded is not None:
        # A resend supersedes within the handle: only the latest send number verifies, and the misses stay.
        return evolve(
            seen.superseded,
            send_number=seen.superseded.send_number + 1,
            key_id=seen.key_id,
            expires_at=expires,
            last_mark=max(now, seen.superseded.last_mark),
        )
    return Challenge(
        id=seen.handle_digest,
        purpose=seen.purpose,
        identity=str(seen.identity),
        lane=seen.lane,
        key_id=seen.key_id,
        created_at=now,
        expires_at=expires,
        last_mark=now,
        bound_to=seen.bound_to,
    )


def _lane_word(lane: str) -> str:
    return lane if lane == STRANGERS else "known device"


# --- is it the code? -----------------------------------------------------------------------------------------------


class Verdict(Enum):
    """What :func:`judge_code` says."""

    RIGHT = "right"
    WRONG = "wrong"
    GONE = "gone"
    USED_UP = "used up"
    TOMORROW = "day used up"
    WAIT = "wait"
    STOPPED = "stopped"


def judge_code(
    challenge: Challenge | None, counter: GuessCounter | None, matches: bool, policy: Policy, now: datetime
) -> Verdict:
    """Judge one typed code by its challenge and the identity's counter alone.

    ``matches`` says whether the code is equal, compared in constant time; it is looked at last, so that a used-up
    budget reveals nothing, right or wrong.
    """
    if challenge is None or not challenge.open_at(now):
        return Verdict.GONE
    lane = judge_lane(counter, policy, now)
    if lane is not Lane.OPEN:
        return _VERDICTS[lane]
    if challenge.misses >= policy.guesses.per_code:
        return Verdict.USED_UP
    return Verdict.RIGHT if matches else Verdict.WRONG


_VERDICTS = {Lane.WAIT: Verdict.WAIT, Lane.TOMORROW: Verdict.TOMORROW, Lane.STOPPED: Verdict.STOPPED}


# --- what does it open? --------------------------------------------------------------------------------------------


@frozen
class FreshSession:
    """Drawn anew for every try."""

    token: Secret = field(repr=False)
    digest: str
    device: Secret = field(repr=False)
    device_lane: str
    intent_id: str
    message_id: str


@frozen
class SignIn:
    """Everything read about one typed code. ``candidates`` and what follows are read only if the code is right.

    ``bound`` is the session that a second proof belongs to.
    """

    challenge: Challenge | None
    counter: GuessCounter | None
    verdict: Verdict
    fresh: FreshSession
    candidates: tuple[Candidate, ...] = ()
    hits: int = 0
    history: ContactHistory | None = None
    bound: Session | None = None


def sign_in(seen: SignIn, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """Decide what one typed code opens, and count it.

    The attack: a stranger learns who is a client by asking for codes, or by trying them. So a code for an unknown
    identity under ``refuse_silently`` is answered, right or wrong, as a wrong code is, and costs what a wrong code
    costs.
    """
    challenge = seen.challenge
    because = Because(
        "signing_in.sign_in",
        (("code", seen.verdict.value),),
        (
            ("login.unknown", policy.login.unknown.value),
            ("guesses.per_code", str(policy.guesses.per_code)),
            ("guesses.per_day", str(policy.guesses.per_day)),
        ),
    )
    by_code = seen.challenge is None or seen.challenge.purpose is not Purpose.LOGIN or policy.login.proof is Proof.CODE
    if not policy.login.enabled or not by_code:
        return refuse(Reason.DISABLED, because)
    no = refuse_code(seen, because, policy, now)
    if no is not None:
        return no
    assert challenge is not None
    identity = ContactKey.parse(challenge.identity)
    if challenge.purpose is Purpose.SECOND_PROOF:
        return _second_proof(seen, challenge, policy, now)
    whose = whose_contact(identity, seen.candidates, seen.hits, policy, flagged=is_flagged(seen.history))
    spent = spend_code(seen, challenge, policy, now)
    known = _known(seen, identity, now)
    because = whose.because
    if isinstance(whose, TooMany | Flagged):
        return refuse(Reason.CONTACT_BUSINESS, because, after=spent)
    if isinstance(whose, Nobody):
        if policy.login.unknown is not UnknownIdentity.CREATE_EMPTY:
            miss = count_miss(seen, challenge, policy, now)
            return refuse(Reason.CONTACT_BUSINESS, because, after=miss, shown_as=Reason.CODE_WRONG)
        session = _session(seen, identity, policy, now, because)
        asks = new_client(seen.fresh, session, identity, because, now)
        return grant(signed_in(seen.fresh, session, new=True), because, (*spent, known), asks=asks)
    candidates = (whose.candidate,) if isinstance(whose, Found) else whose.candidates
    if may_be_recycled(candidates, _last_proof(seen), policy.login.recycled_after, now):
        return _ask_second_proof(seen, candidates, identity, because, spent, policy, now)
    if isinstance(whose, Found):
        session = _session(seen, identity, policy, now, because, entry=whose.candidate)
    else:
        session = _session(seen, identity, policy, now, because, own=candidates, stage=Stage.CHOOSING)
    return grant(signed_in(seen.fresh, session, candidates), because, (*spent, Put(session), known))


def refuse_code(seen: SignIn, because: Because, policy: Policy, now: datetime) -> Decision[Any] | None:
    """The refusal of every code that is not right, whatever it would have opened; a wrong one is counted."""
    challenge, counter = seen.challenge, seen.counter
    if challenge is None or seen.verdict is Verdict.GONE:
        return refuse(Reason.CODE_GONE, because)
    if seen.verdict is Verdict.STOPPED:
        return refuse(Reason.STOPPED, because)
    if seen.verdict is Verdict.WAIT:
        return refuse(Reason.WAIT, because, retry_at=retry_at(counter, Lane.WAIT))
    if seen.verdict is Verdict.TOMORROW:
        return refuse(Reason.TOO_MANY_TRIES, because, retry_at=retry_at(counter, Lane.TOMORROW))
    if seen.verdict is Verdict.USED_UP:
        return refuse(Reason.TOO_MANY_TRIES, because)
    if seen.verdict is Verdict.WRONG:
        # Shown as the uniform reply that a right code for nobody gets: not a word may differ.
        miss = count_miss(seen, challenge, policy, now)
        return refuse(Reason.CODE_WRONG, because, after=miss, shown_as=Reason.CODE_WRONG)
    return None


def empty_client(identity: ContactKey) -> ClientDraft:
    """A client of whom nothing is known but the contact that was proved (T6)."""
    if identity.kind is ContactKind.EMAIL:
        return ClientDraft(email=identity.value)
    return (
        ClientDraft(mobile=identity.value) if identity.kind is ContactKind.MOBILE else ClientDraft(phone=identity.value)
    )


def new_client(fresh: FreshSession, session: Session, identity: ContactKey, because: Because, now: datetime) -> Intent:
    """Ask the host for a record of which nothing is known but the proved contact; the session waits for it."""
    return Intent(
        id=fresh.intent_id,
        write=HostWrite.CREATE_CLIENT,
        actor=f"client:{mask(identity.value)}",
        asked_at=now,
        due_at=now,
        draft=empty_client(identity),
        session=session,
        entries=(identity,),
        because=str(because),
    )


def open_for_new_record(intent: Intent, ref: RecordRef) -> tuple[Write, ...]:
    """The rest of a first login (T6), once the host has made the empty record: the session is for it, and the
    contact index knows it in the same commit, so that the next login with that number reaches the same record. One
    that staff add (TT10) has no session, and its number at once (TT9).
    """
    keys = (*map(MatchKey.of, intent.entries), *map(MatchKey.parse, intent.proposing))
    entries: tuple[Write, ...] = tuple(Put(ContactEntry.of(ref, key)) for key in keys)
    if intent.number is not None:
        entries = (*entries, Put(ClientNumber(id=str(ref), number=intent.number)))
    if intent.session is None:
        return entries
    return (Put(evolve(intent.session, entry=str(ref), own=(ref,))), *entries)


def _ask_second_proof(
    seen: SignIn,
    candidates: tuple[Candidate, ...],
    identity: ContactKey,
    because: Because,
    spent: tuple[Write, ...],
    policy: Policy,
    now: datetime,
) -> Decision[SignedIn]:
    # X6. The history is left as it is: this proof must not make the number look fresh.
    session = _session(seen, identity, policy, now, because, own=candidates, stage=Stage.SECOND_PROOF)
    return grant(signed_in(seen.fresh, session), because, (*spent, Put(session)))


def _second_proof(seen: SignIn, challenge: Challenge, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """A right code for another contact of the same records opens them; for any other contact it is a wrong code."""
    bound = seen.bound
    because = Because(
        "signing_in.second_proof",
        (("second contact", mask(ContactKey.parse(challenge.identity).value)),),
        (("login.recycled_after", str(policy.login.recycled_after)),),
    )
    if bound is None or bound.stage is not Stage.SECOND_PROOF or not bound.alive_at(now):
        return refuse(Reason.SESSION_ENDED, because)
    first = ContactKey.parse(bound.identity)
    own = set(bound.own)
    matching = tuple(c for c in seen.candidates if c.speaker.usable and own & c.refs)
    if challenge.identity == bound.identity or not matching:
        miss = count_miss(seen, challenge, policy, now)
        return refuse(Reason.CODE_WRONG, because, after=miss, shown_as=Reason.CODE_WRONG)
    spent = spend_code(seen, challenge, policy, now)
    history = seen.history or ContactHistory(id=str(first))
    known = Put(evolve(history, proved_at=now, detached=tuple(ref for ref in history.detached if ref not in own)))
    # The second contact leads to these records by itself, whatever staff say of the first meanwhile.
    whose = whose_contact(first, matching, len(matching), policy, flagged=False)
    if isinstance(whose, Several):
        session = _session(seen, first, policy, now, because, own=whose.candidates, stage=Stage.CHOOSING)
    else:
        entry = whose.candidate if isinstance(whose, Found) else matching[0]
        session = _session(seen, first, policy, now, because, entry=entry)
    return grant(signed_in(seen.fresh, session, matching), because, (*spent, Remove(bound), Put(session), known))


def _session(
    seen: SignIn,
    identity: ContactKey,
    policy: Policy,
    now: datetime,
    because: Because,
    *,
    entry: Candidate | None = None,
    own: tuple[Candidate, ...] = (),
    stage: Stage = Stage.OPEN,
) -> Session:
    return Session(
        id=seen.fresh.digest,
        stage=stage,
        entry=None if entry is None else str(entry.entry),
        own=tuple(candidate.entry for candidate in (own or ((entry,) if entry else ()))),
        identity=str(identity),
        opened_at=now,
        used_at=now,
        idle_until=now + policy.sessions.idle_for,
        ends_at=now + policy.sessions.lives_for,
        device=seen.fresh.device_lane,
        because=str(because),
    )


def _last_proof(seen: SignIn) -> datetime | None:
    return None if seen.history is None else seen.history.proved_at


SIGN_IN_STAGES = {
    Stage.OPEN: SignInStage.DONE,
    Stage.CHOOSING: SignInStage.CHOOSE,
    Stage.SECOND_PROOF: SignInStage.SECOND_PROOF,
    Stage.SECOND_FACTOR: SignInStage.SECOND_FACTOR,
    Stage.ENROLLING: SignInStage.ENROL,
}
"""How far a session has come, as its holder is told."""


def signed_in(
    fresh: FreshSession, session: Session, people: Sequence[Candidate] = (), *, new: bool = False
) -> SignedIn:
    """What the client is given of a session: its token, the device's, how far it has come, and who speaks for its
    record today: one of ``people``, where it was merged into them.
    """
    entry = session.entry_ref
    return SignedIn(
        token=fresh.token,
        device=fresh.device,
        stage=SIGN_IN_STAGES[session.stage],
        expires_at=session.ends_at,
        record=next((one.ref for one in people if entry in one.refs), entry),
        new_record=new,
        account=session.account,
    )


def _known(seen: SignIn, identity: ContactKey, now: datetime) -> Put:
    history = seen.history or ContactHistory(id=str(identity))
    return Put(evolve(history, proved_at=now))


def spend_code(seen: SignIn, challenge: Challenge, policy: Policy, now: datetime) -> tuple[Write, ...]:
    """Consume the code, and end the run of failures of this lane: never the day's count, never another lane's."""
    writes: list[Write] = [Put(evolve(challenge, spent=True, last_mark=max(now, challenge.last_mark)))]
    ended = after_success(seen.counter)
    return (*writes, Put(ended)) if ended is not None else tuple(writes)


def count_miss(seen: SignIn, challenge: Challenge, policy: Policy, now: datetime) -> tuple[Write, ...]:
    """One wrong try counts exactly once: on its challenge, and on its identity and lane (V6.6.3)."""
    counter = miss_counted(seen.counter, challenge.identity, challenge.lane, policy, now)
    told = warning(challenge.identity, counter.consecutive, seen.fresh.message_id, policy, now)
    return (
        Put(evolve(challenge, misses=challenge.misses + 1, last_mark=max(now, challenge.last_mark))),
        Put(counter),
        *((Put(told),) if told is not None else ()),
    )
