"""Choosing and switching profiles, and "this is not me". Rules: ``rules/sessions.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.operations.accounts import MOST, candidates_of, load_sight
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session, fresh_session_of
from clientportal.operations.people import (
    groups_of,
    load_candidates,
    locked_account,
    records_of,
    roots_of,
    session_of,
    whole_guest,
)
from clientportal.operations.signing_in import remember_sign_in, replay_sign_in
from clientportal.outcomes import CurrentSession, Detached, ProfileOption, SignedIn
from clientportal.policy import Policy, SeenBy
from clientportal.records import (
    Account,
    ClientNumber,
    ContactHistory,
    NumberCounter,
    Pointer,
    Session,
    Stage,
)
from clientportal.rules.account_sessions import own_records
from clientportal.rules.linking import NotOfAccount, not_of_account
from clientportal.rules.sessions import (
    NotMe,
    Person,
    Switching,
    current_session,
    label_profiles,
    not_me,
    number_equals,
    switch,
)
from clientportal.rules.signing_in import STRANGERS
from clientportal.rules.whose_contact import Candidate, one_per_guest
from clientportal.values import ContactKey, RecordKind, RecordRef

__all__ = [
    "CURRENT_SESSION",
    "LIST_PROFILES",
    "NOT_ME",
    "SWITCH",
    "Nothing",
    "SwitchTo",
]


@frozen
class Nothing:
    """A request without anything to say."""


@frozen
class SwitchTo:
    """Which profile."""

    option: str


# --- who is it? ------------------------------------------------------------------------------------------------------


@frozen
class _Opened:
    session: Session
    pointer: Pointer | None


async def _load_current(reading: Reading, _asked: Nothing) -> _Opened:
    session = await session_of(reading, needs_record=False, needs_factor=False)
    linked = reading.linked or {}
    if session.account is not None and "account" not in linked:
        raise Denied(Refusal(Reason.SESSION_ENDED, Because("sessions.judge_session", (("account", "gone"),))))
    return _Opened(session, cast("Pointer | None", linked.get("entry")))


def _decide_current(seen: _Opened, _asked: Nothing, policy: Policy, now: datetime) -> Decision[CurrentSession]:
    return current_session(seen.session, seen.pointer, policy, now)


CURRENT_SESSION = Operation[Nothing, _Opened, CurrentSession](
    name="current_session", load=_load_current, decide=_decide_current, writes=False
)


# --- choosing and switching ------------------------------------------------------------------------------------------


async def _numbered(reading: Reading, people: Sequence[Candidate]) -> tuple[Person, ...]:
    numbers = await reading.state.get_many(ClientNumber, [str(one.ref) for one in people])
    return tuple(
        Person(one.ref, one.speaker, numbers[str(one.ref)].number if str(one.ref) in numbers else None, one.entry)
        for one in people
    )


def _now_called(entry: RecordRef | None, people: Sequence[Candidate]) -> RecordRef | None:
    """How the person that the session is for is called today: a guest is called after the newest booking."""
    return next((one.ref for one in people if entry in one.refs), entry)


@frozen
class _Own:
    """Whom a session may be for, and whom it is for."""

    people: tuple[Person, ...]
    current: RecordRef | None


async def _speakers_of(reading: Reading, refs: Sequence[RecordRef]) -> tuple[Candidate, ...]:
    """The people behind those records, by who speaks for each.

    Among a guest's bookings the newest one speaks, whoever was merged into which; of client rows nothing more is read.
    """
    root_of = await roots_of(reading, refs)
    roots = sorted(set(root_of.values()))
    if any(root.kind is RecordKind.BOOKING for root in roots):
        return await candidates_of(reading, refs)
    rows = await records_of(reading, roots)
    having = {root: tuple(sorted(ref for ref in root_of if root_of[ref] == root)) for root in roots}
    return tuple(Candidate(rows[root], (rows[root],), having[root]) for root in roots if root in rows)


async def _own_of_session(reading: Reading, session: Session) -> _Own:
    """The records that its proof led to, merged ones once, a guest once."""
    people = one_per_guest([one for one in await _speakers_of(reading, session.own) if one.speaker.usable])
    current = session.entry_ref
    if current is not None:
        current = _now_called((await roots_of(reading, [current]))[current], people)
    return _Own(await _numbered(reading, people), current)


async def _own_of_account(reading: Reading, account: Account) -> tuple[Candidate, ...]:
    """What the account may be for *now*: a link that was taken off, an email that a record has lost, are gone (X5).

    Where single appointments are shown there is nothing to choose (A7).
    """
    if reading.policy.visibility.appointments is not SeenBy.RECORD:
        return ()
    return own_records(await load_sight(reading, account), reading.policy)


async def _account_of(reading: Reading, session: Session) -> Account | None:
    if session.account is None:
        return None
    return _there(reading, await reading.state.get(Account, session.account))


def _there(reading: Reading, account: Account | None) -> Account:
    if account is None:
        raise Denied(Refusal(Reason.SESSION_ENDED, Because("sessions.judge_session", (("account", "gone"),))))
    reading.actor = f"account:{account.id}"
    return account


@frozen
class _Profiles:
    people: tuple[Person, ...]
    current: RecordRef | None
    counter: NumberCounter | None


async def _load_profiles(reading: Reading, _request: Nothing) -> _Profiles:
    session = await session_of(reading, needs_record=False)
    if session.stage is Stage.SECOND_PROOF:
        because = Because("sessions.profiles", (("stage", session.stage.value),))
        raise Denied(Refusal(Reason.SECOND_PROOF_FIRST, because))
    account = await _account_of(reading, session)
    if account is None:
        own = await _own_of_session(reading, session)
    else:
        people = await _own_of_account(reading, account)
        own = _Own(await _numbered(reading, people), _now_called(session.entry_ref, people))
    return _Profiles(own.people, own.current, await reading.state.get(NumberCounter, "clients", lock=True))


def _decide_profiles(
    seen: _Profiles, _request: Nothing, _policy: Policy, _now: datetime
) -> Decision[tuple[ProfileOption, ...]]:
    people, writes = number_equals(seen.people, seen.counter)
    because = Because("sessions.label_profiles", (("profiles", str(len(people))),))
    return grant(label_profiles(people, seen.current), because, writes)


LIST_PROFILES = Operation[Nothing, _Profiles, tuple[ProfileOption, ...]](
    name="profiles", load=_load_profiles, decide=_decide_profiles
)


async def _load_switch(reading: Reading, _request: SwitchTo) -> Switching:
    # The order of locks: ``accounts.py``.
    held = await locked_account(reading)
    session = await session_of(reading, needs_record=False, lock=True)
    identity = ContactKey.parse(session.identity)
    lane = session.device or STRANGERS
    account = None if session.account is None else _there(reading, held)
    fresh = fresh_session(reading, identity, lane) if account is None else fresh_session_of(reading, account, lane)
    reading.session = None
    if account is not None:
        own = await _own_of_account(reading, account)
        session = evolve(session, own=tuple(one.entry for one in own))
        return Switching(session, await _numbered(reading, own), _now_called(session.entry_ref, own), fresh)
    seen = await _own_of_session(reading, session)
    # Whatever it is not open to yet rests on the proved contact alone: a record that has lost it since (a stolen phone,
    # a changed number) is not to be chosen any more.
    history = await reading.state.get(ContactHistory, str(identity))
    candidates, _ = await load_candidates(reading, identity, history)
    may_be = {ref for one in candidates for ref in (one.ref, *(member.ref for member in one.members))} | {seen.current}
    people = tuple(person for person in seen.people if person.ref in may_be)
    return Switching(session, people, seen.current, fresh)


def _decide_switch(seen: Switching, request: SwitchTo, policy: Policy, now: datetime) -> Decision[SignedIn]:
    return switch(seen, request.option, policy, now)


SWITCH = Operation[SwitchTo, Switching, SignedIn](
    name="switch",
    load=_load_switch,
    decide=_decide_switch,
    subject=lambda asked: asked.option[:200],
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_sign_in),
)


async def _load_not_me(reading: Reading, _request: Nothing) -> NotMe | NotOfAccount:
    # The order of locks: ``accounts.py``.
    if (await session_of(reading, needs_record=False)).account is not None:
        account = await locked_account(reading)
        session = await session_of(reading, needs_record=False, lock=True)
        reading.session = None
        return await _load_not_of_account(reading, session, _there(reading, account))
    identity = ContactKey.parse((await session_of(reading, needs_record=False)).identity)
    await reading.state.hold(f"contact:{identity}")
    session = await session_of(reading, needs_record=False, lock=True)
    reading.session = None
    groups = await groups_of(reading, session.own)
    refs = {ref for group in groups.values() for ref in group.refs}
    for group in groups.values():
        if group.root.kind is RecordKind.BOOKING:
            refs.update((await whole_guest(reading, session, None, group)).refs)
    others = await reading.state.find(Session, "identity", [session.identity], lock=True, limit=MOST)
    return NotMe(
        session=session,
        refs=tuple(sorted(refs)),
        history=await reading.state.get(ContactHistory, str(identity), lock=True),
        # An account that has this email is its own affair: it has its own "this is not me".
        others=tuple(other for other in others if other.account is None),
        fresh=fresh_session(reading, identity),
    )


async def _load_not_of_account(reading: Reading, session: Session, account: Account) -> NotOfAccount:
    return NotOfAccount(
        session=session,
        sight=await load_sight(reading, account),
        sessions=tuple(await reading.state.find(Session, "account", [account.id], lock=True, limit=MOST)),
        fresh=fresh_session_of(reading, account, session.device or STRANGERS),
        actor=reading.actor,
    )


def _decide_not_me(seen: NotMe | NotOfAccount, _request: Nothing, policy: Policy, now: datetime) -> Decision[Detached]:
    return not_me(seen, policy, now) if isinstance(seen, NotMe) else not_of_account(seen, policy, now)


NOT_ME = Operation[Nothing, "NotMe | NotOfAccount", Detached](
    name="not_me", load=_load_not_me, decide=_decide_not_me, durable=True, previewable=False
)
