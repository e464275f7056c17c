"""May this session still be used, for whom, and what may it become?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import CurrentSession, Detached, Ended, ProfileOption, SignedIn
from clientportal.policy import Policy, SeenBy, UnknownIdentity
from clientportal.records import (
    ClientNumber,
    ContactHistory,
    NumberCounter,
    Pointer,
    Put,
    Remove,
    Session,
    Stage,
    Write,
)
from clientportal.rules.client_numbers import assign_numbers
from clientportal.rules.signing_in import SIGN_IN_STAGES, FreshSession, new_client, signed_in
from clientportal.values import ClientRecord, ContactKey, ContactKind, RecordRef, mask

__all__ = [
    "Ending",
    "NotMe",
    "Person",
    "Switching",
    "current_session",
    "end_sessions",
    "judge_session",
    "label_profiles",
    "not_me",
    "number_equals",
    "switch",
]


def judge_session(
    session: Session | None,
    policy: Policy,
    now: datetime,
    *,
    needs_record: bool = True,
    needs_factor: bool = True,
) -> Refusal | None:
    """Refuse a session that is gone, too old, or not far enough. ``None`` is "go on".

    The attack: somebody has the password and not the authenticator app, and goes round it by choosing a profile, or by
    saying "this is not me". So until the second factor was passed or set up (``needs_factor``) nothing is possible but
    that, and logging out.

    Switching login off refuses open sessions too (A6, V5), and switching accounts off those of accounts: a session is
    leave to ask, not a right that outlives the switch. Nothing of it goes: switched on again, it is as it was.
    """
    accounts = policy.registration.accounts
    settings = (("login.enabled", str(policy.login.enabled)), ("registration.accounts", str(accounts)))
    because = Because("sessions.judge_session", (), settings)
    if not policy.login.enabled:
        return Refusal(Reason.DISABLED, because)
    if session is None or not session.alive_at(now):
        return Refusal(Reason.SESSION_ENDED, because)
    if session.account is not None and not accounts:
        return Refusal(Reason.DISABLED, because)
    if needs_record and session.stage is Stage.CHOOSING:
        return Refusal(Reason.CHOOSE_FIRST, because)
    if needs_record and session.stage is Stage.SECOND_PROOF:
        return Refusal(Reason.SECOND_PROOF_FIRST, because)
    if needs_factor and session.stage is Stage.SECOND_FACTOR:
        return Refusal(Reason.SECOND_FACTOR_FIRST, because)
    if needs_factor and session.stage is Stage.ENROLLING:
        return Refusal(Reason.ENROL_FIRST, because)
    return None


def current_session(
    session: Session, pointer: Pointer | None, policy: Policy, _now: datetime
) -> Decision[CurrentSession]:
    """Who is behind a request, from the session and the pointer of its record alone (V7): nobody else's fact is read.

    Where the business shows an account its single appointments, no record speaks for it (A7); while somebody is still
    to prove or choose more, none does either.
    """
    seen_by = policy.visibility.appointments
    root = session.entry_ref if pointer is None else pointer.root_ref
    record = root if session.stage is Stage.OPEN and seen_by is not SeenBy.ASSIGNED else None
    ends = min(session.ends_at, session.idle_until)
    outcome = CurrentSession(SIGN_IN_STAGES[session.stage], record, session.account, ends, session.viewer)
    because = Because(
        "sessions.current_session",
        (("stage", session.stage.value), ("merged", "no" if pointer is None else "yes")),
        (("visibility.appointments", seen_by.value),),
    )
    return grant(outcome, because)


# --- choosing and switching ------------------------------------------------------------------------------------------


@frozen
class Person:
    """One record that the session may be for, with the record that speaks for it and its number, if it has one.

    ``entry`` is the one that a session for this person is kept for (``Candidate.entry``); not named, it is ``ref``.
    """

    ref: RecordRef
    speaker: ClientRecord
    number: int | None
    entry: RecordRef | None = None


@frozen
class Switching:
    """What is read to choose or switch."""

    session: Session
    people: tuple[Person, ...]
    current: RecordRef | None
    fresh: FreshSession


def _label(record: ClientRecord) -> str:
    initial = f"{record.last_name[0]}." if record.last_name else ""
    return " ".join(part for part in (record.first_name or "", initial) if part) or "–"


def label_profiles(people: Sequence[Person], current: RecordRef | None) -> tuple[ProfileOption, ...]:
    """First name and last initial: enough to know oneself by, little to learn about another.

    Where labels are equal each gets its client number; the numbers are assigned before (see ``number_equals``).
    """
    labels = [_label(person.speaker) for person in people]
    options: list[ProfileOption] = []
    for person, label in zip(people, labels, strict=True):
        shown = f"{label} (no. {person.number})" if labels.count(label) > 1 and person.number is not None else label
        options.append(ProfileOption(id=str(person.ref), label=shown, current=person.ref == current))
    return tuple(options)


def number_equals(
    people: Sequence[Person], counter: NumberCounter | None
) -> tuple[tuple[Person, ...], tuple[Write, ...]]:
    """Give a client number to every one whose label another shares and who has none yet (TT9: never changed again)."""
    labels = [_label(person.speaker) for person in people]
    lacking = [
        person.ref
        for person, label in zip(people, labels, strict=True)
        if labels.count(label) > 1 and person.number is None
    ]
    writes = assign_numbers(lacking, counter)
    given = {one.record.id: one.record.number for one in writes if isinstance(one.record, ClientNumber)}
    numbered = (evolve(person, number=given.get(str(person.ref), person.number)) for person in people)
    return tuple(numbered), writes


def switch(seen: Switching, option: str, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """Choose one of the session's own records. The token is rotated: the old one is worthless at once (V7.2.4).

    Any other id, existing or not, is simply not found.
    """
    because = Because(
        "sessions.switch",
        (("chosen", option[:200]), ("own records", str(len(seen.people)))),
        (("login.several", policy.login.several.value),),
    )
    chosen = next((person for person in seen.people if str(person.ref) == option and person.speaker.usable), None)
    if chosen is None or seen.session.stage is Stage.SECOND_PROOF:
        return refuse(Reason.NOT_FOUND, because)
    session = evolve(
        seen.session,
        id=seen.fresh.digest,
        version=0,
        stage=Stage.OPEN,
        entry=str(chosen.entry or chosen.ref),
        used_at=now,
        because=str(because),
    )
    outcome = evolve(signed_in(seen.fresh, session), record=chosen.ref)
    return grant(outcome, because, (Remove(seen.session), Put(session)))


# --- "this is not me" -------------------------------------------------------------------------------------------------


@frozen
class NotMe:
    """What is read for "this is not me". ``refs`` are the records that the proved contact led to."""

    session: Session
    refs: tuple[RecordRef, ...]
    history: ContactHistory | None
    others: tuple[Session, ...]
    fresh: FreshSession


def not_me(seen: NotMe, policy: Policy, now: datetime) -> Decision[Detached]:
    """Take the proved contact off the records it led to (X6), and end every session that it opened for them.

    The number is the client's, the records are somebody else's. From now on the number is as good as unknown: where
    unknown ones get an empty record, this client gets one at once.
    """
    identity = ContactKey.parse(seen.session.identity)
    if identity.kind is ContactKind.EMAIL and "@" not in identity.value:
        # The platform vouched for the client (``asserting.py``): there is no proved contact to take off anything.
        return refuse(Reason.NOT_FOUND, Because("sessions.not_me", (("contact", "none proved"),)))
    because = Because(
        "sessions.not_me",
        (("contact", mask(identity.value)), ("records", str(len(seen.refs)))),
        (("login.unknown", policy.login.unknown.value),),
    )
    history = seen.history or ContactHistory(id=str(identity))
    detached = tuple(sorted({*history.detached, *seen.refs}))
    changes: tuple[Write, ...] = (
        Put(evolve(history, detached=detached, proved_at=now)),
        Remove(seen.session),
        *(Remove(other) for other in seen.others if other.id != seen.session.id),
    )
    if policy.login.unknown is not UnknownIdentity.CREATE_EMPTY:
        return grant(Detached(mask(identity.value), None), because, changes)
    session = evolve(
        seen.session,
        id=seen.fresh.digest,
        version=0,
        stage=Stage.OPEN,
        entry=None,
        own=(),
        used_at=now,
        because=str(because),
    )
    intent = new_client(seen.fresh, session, identity, because, now)
    outcome = signed_in(seen.fresh, session, new=True)
    return grant(Detached(mask(identity.value), outcome), because, changes, asks=intent)


# --- ending -----------------------------------------------------------------------------------------------------------


@frozen
class Ending:
    """The open sessions that are to end. ``by_id`` is the one that was asked for, by its id."""

    sessions: Mapping[str, Session]
    by_id: str | None = None


def end_sessions(seen: Ending, policy: Policy, now: datetime) -> Decision[Ended]:
    """End them: when this has returned, the next use of any of them fails, in every process (I7)."""
    because = Because("sessions.end_sessions", (("sessions", str(len(seen.sessions))),))
    if seen.by_id is not None:
        session = seen.sessions.get(seen.by_id)
        if session is None:
            return refuse(Reason.NOT_FOUND, because)
        return grant(Ended(1), because, (Remove(session),))
    return grant(Ended(len(seen.sessions)), because, tuple(Remove(session) for session in seen.sessions.values()))
