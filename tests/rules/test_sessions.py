"""Sessions: what may still be used, chosen, given away and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.outcomes import CurrentSession, Detached, Ended, ProfileOption, SignedIn, SignInStage
from clientportal.policy import SeenBy, UnknownIdentity, presets
from clientportal.records import (
    ClientNumber,
    ContactHistory,
    HostWrite,
    NumberCounter,
    Pointer,
    Put,
    Remove,
    Session,
    Stage,
)
from clientportal.rules.sessions import (
    Ending,
    NotMe,
    Person,
    Switching,
    current_session,
    end_sessions,
    judge_session,
    label_profiles,
    not_me,
    number_equals,
    switch,
)
from clientportal.rules.signing_in import FreshSession
from clientportal.testing.strategies import client_records
from clientportal.values import ClientDraft, ClientRecord, RecordRef, Secret

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
TIMELY = presets.timely(region="NZ")
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "lane-2", "intent-1", "message-1")
ANA, BEN, CY = (RecordRef.client(id) for id in ("ana", "ben", "cy"))


def session(**more: Any) -> Session:
    """Ana's, used just now."""
    given: dict[str, Any] = {
        "id": "s1", "version": 3, "entry": "client:ana", "own": (ANA, BEN), "identity": "mobile:+64211234567",
        "opened_at": NOW - HOUR, "used_at": NOW, "idle_until": NOW + HOUR, "ends_at": NOW + 2 * HOUR,
    }  # fmt: skip
    return Session(**given | more)


def person(ref: RecordRef, name: str = "Ana Kingi", number: int | None = None, usable: bool = True) -> Person:
    """A record that may be chosen."""
    first, _, last = name.partition(" ")
    return Person(ref, ClientRecord(ref, NOW, first_name=first, last_name=last, usable=usable), number)


def reason(decision: Decision[Any] | Refusal | None) -> Reason | None:
    """Why not."""
    outcome = decision.outcome if isinstance(decision, Decision) else decision
    return outcome.reason if isinstance(outcome, Refusal) else None


@pytest.mark.parametrize(
    ("one", "now", "expected"),
    [
        (session(), NOW, None),
        (None, NOW, Reason.SESSION_ENDED),
        (session(), NOW + HOUR - TICK, None),
        (session(), NOW + HOUR, Reason.SESSION_ENDED),
        (session(idle_until=NOW + 9 * HOUR), NOW + 2 * HOUR - TICK, None),
        (session(idle_until=NOW + 9 * HOUR), NOW + 2 * HOUR, Reason.SESSION_ENDED),
        (session(used_at=NOW + HOUR), NOW - 9 * HOUR, Reason.SESSION_ENDED),
        (session(stage=Stage.CHOOSING), NOW, Reason.CHOOSE_FIRST),
        (session(stage=Stage.SECOND_PROOF), NOW, Reason.SECOND_PROOF_FIRST),
    ],
)
def test_when_a_session_may_be_used(one: Session | None, now: datetime, expected: Reason | None) -> None:
    """To the microsecond, by the later of now and its own last use: a clock set back revives nothing."""
    assert reason(judge_session(one, TIMELY, now)) is expected


@pytest.mark.parametrize("stage", Stage)
def test_what_needs_neither_a_record_nor_a_factor_works_at_any_stage(stage: Stage) -> None:
    """Logging out must be possible before anything was chosen or passed."""
    assert judge_session(session(stage=stage), TIMELY, NOW, needs_record=False, needs_factor=False) is None


@pytest.mark.parametrize("stage", Stage)
def test_choosing_needs_the_second_factor_and_no_record(stage: Stage) -> None:
    """Whoever has the password alone must not get round the authenticator app by choosing a profile."""
    expected = {Stage.SECOND_FACTOR: Reason.SECOND_FACTOR_FIRST, Stage.ENROLLING: Reason.ENROL_FIRST}.get(stage)
    assert reason(judge_session(session(stage=stage), TIMELY, NOW, needs_record=False)) is expected


def test_switching_login_off_refuses_open_sessions() -> None:
    """At once, and with its own reason (A6, V5)."""
    off = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))

    assert reason(judge_session(session(), off, NOW)) is Reason.DISABLED


@pytest.mark.requirement("A6")
def test_switching_accounts_off_refuses_the_open_sessions_of_accounts() -> None:
    """Those of records go on; switched on again, all are as they were. What has ended is not called switched off."""
    on = evolve(TIMELY, registration=evolve(TIMELY.registration, accounts=True))
    off = evolve(TIMELY, registration=evolve(TIMELY.registration, accounts=False))
    hers = evolve(session(), account="ana")

    assert reason(judge_session(hers, off, NOW, needs_record=False, needs_factor=False)) is Reason.DISABLED
    assert judge_session(session(), off, NOW) is None
    assert judge_session(hers, on, NOW) is None
    assert reason(judge_session(hers, off, hers.ends_at)) is Reason.SESSION_ENDED


# --- choosing ------------------------------------------------------------------------------------------------------


def test_a_choice_rotates_the_token() -> None:
    """The old session goes, the same one comes back under the new digest, for the record that was chosen."""
    seen = Switching(session(stage=Stage.CHOOSING, entry=None), (person(ANA), person(BEN)), None, FRESH)

    decision = switch(seen, "client:ben", TIMELY, NOW + TICK)

    removed, put = decision.changes
    assert removed == Remove(seen.session)
    assert isinstance(put, Put)
    expected = session(id="digest", version=0, entry="client:ben", used_at=NOW + TICK, because=str(decision.because))
    assert put.record == expected
    assert decision.outcome == SignedIn(
        FRESH.token, FRESH.device, SignInStage.DONE, expires_at=NOW + 2 * HOUR, record=BEN
    )


@pytest.mark.parametrize("option", ["client:cy", "client:zoe", "", "ana", "client:ANA"])
def test_only_ones_own_records_can_be_chosen(option: str) -> None:
    """Any other id, one that is not usable included, is simply not found; nothing changes."""
    seen = Switching(session(), (person(ANA), person(CY, usable=False)), ANA, FRESH)

    decision = switch(seen, option, TIMELY, NOW)

    assert reason(decision) is Reason.NOT_FOUND
    assert decision.changes == ()


def test_nothing_can_be_chosen_before_the_second_proof() -> None:
    """Else choosing would be a way around it (X6)."""
    seen = Switching(session(stage=Stage.SECOND_PROOF), (person(ANA),), None, FRESH)

    assert reason(switch(seen, "client:ana", TIMELY, NOW)) is Reason.NOT_FOUND


def test_profiles_are_told_apart_by_numbers_where_names_are_not() -> None:
    """Ana K. twice get numbers, Ben does not though he has one; the current one is marked."""
    people = (person(ANA, number=7), person(BEN, "Ben"), person(CY, "Ana Kiri", 8))

    assert label_profiles(people, BEN) == (
        ProfileOption("client:ana", "Ana K. (no. 7)"),
        ProfileOption("client:ben", "Ben", current=True),
        ProfileOption("client:cy", "Ana K. (no. 8)"),
    )
    assert label_profiles((person(ANA, number=7),), None)[0].label == "Ana K."
    assert label_profiles((person(ANA), person(BEN)), None)[0].label == "Ana K."


@pytest.mark.parametrize(("name", "label"), [("", "–"), ("Ana", "Ana"), (" Kingi", "K."), ("Ana Kingi", "Ana K.")])
def test_a_label_says_little(name: str, label: str) -> None:
    """First name and last initial; a dash for nobody in particular."""
    assert label_profiles((person(ANA, name),), None)[0].label == label


@given(
    st.lists(st.tuples(client_records(), st.none() | st.integers(1, 5)), max_size=5, unique_by=lambda one: one[0].ref),
    st.none() | st.integers(6, 9),
)
def test_numbers_are_given_once_and_never_again(drawn: list[tuple[ClientRecord, int | None]], free: int | None) -> None:
    """Only to those who share a label and have none; from the counter up; asked again, nobody gets another (TT9)."""
    people = tuple(Person(record.ref, record, number) for record, number in drawn)
    counter = None if free is None else NumberCounter(id="clients", version=4, next=free)
    labels = [option.label.partition(" (no.")[0] for option in label_profiles(people, None)]
    first = free or 1

    numbered, writes = number_equals(people, counter)

    fresh = [new for old, new in zip(people, numbered, strict=True) if old != new]
    assert [one.ref for one in numbered] == [one.ref for one in people]
    assert fresh == [one for one, label in zip(numbered, labels, strict=True)
                     if labels.count(label) > 1 and one not in people]  # fmt: skip
    assert [one.number for one in fresh] == list(range(first, first + len(fresh)))
    assert all(one.number for one, label in zip(numbered, labels, strict=True) if labels.count(label) > 1)
    expected = [Put(ClientNumber(id=str(one.ref), number=one.number or 0)) for one in fresh]
    if fresh:
        expected.append(Put(evolve(counter or NumberCounter(id="clients"), next=first + len(fresh))))  # type: ignore[arg-type]
    assert list(writes) == expected
    assert number_equals(numbered, NumberCounter(id="clients", next=first + len(fresh))) == (numbered, ())


# --- "this is not me" ----------------------------------------------------------------------------------------------


def test_a_number_that_is_not_mine_leaves_their_records() -> None:
    """Every session that it opened ends; the client gets an empty record of their own at once (X6, T6)."""
    others = (session(id="s2"), session(id="s1"))
    history = ContactHistory(id="mobile:+64211234567", version=2, detached=(CY,), proved_at=NOW - HOUR)
    seen = NotMe(session(), (BEN, ANA), history, others, FRESH)

    decision = not_me(seen, TIMELY, NOW)

    assert decision.changes == (
        Put(evolve(history, detached=(ANA, BEN, CY), proved_at=NOW)),
        Remove(session()),
        Remove(session(id="s2")),
    )
    assert decision.asks is not None
    assert (decision.asks.write, decision.asks.draft) == (HostWrite.CREATE_CLIENT, ClientDraft(mobile="+64211234567"))
    waiting = decision.asks.session
    assert waiting is not None
    assert (waiting.id, waiting.version, waiting.entry, waiting.own) == ("digest", 0, None, ())
    assert (waiting.stage, waiting.used_at) == (Stage.OPEN, NOW)
    assert isinstance(decision.outcome, Detached)
    assert decision.outcome.contact == "+64••••••567"
    assert decision.outcome.signed_in == SignedIn(
        FRESH.token, FRESH.device, SignInStage.DONE, expires_at=NOW + 2 * HOUR, new_record=True
    )


def test_where_unknown_ones_get_nothing_neither_does_this_one() -> None:
    """The number is taken off the records, and that is all."""
    login = evolve(TIMELY.login, unknown=UnknownIdentity.REFUSE_SILENTLY)

    decision = not_me(NotMe(session(), (ANA,), None, (), FRESH), evolve(TIMELY, login=login), NOW)

    assert decision.outcome == Detached("+64••••••567", None)
    assert decision.asks is None
    history = ContactHistory(id="mobile:+64211234567", detached=(ANA,), proved_at=NOW)
    assert decision.changes == (Put(history), Remove(session()))


def test_where_the_platform_vouched_for_the_client_there_is_no_contact_to_take_off() -> None:
    """``not_found``: nothing was proved, and no new client is made of it."""
    vouched = session(identity=f"email:{'0' * 64}")
    decision = not_me(NotMe(vouched, (ANA,), None, (), FRESH), TIMELY, NOW)
    assert (reason(decision), decision.changes, decision.asks) == (Reason.NOT_FOUND, (), None)


# --- ending --------------------------------------------------------------------------------------------------------


def test_one_session_ends_or_all_do() -> None:
    """By its id, or everyone; an id that is not among them is not found, and ends nothing."""
    one, other = session(id="s1"), session(id="s2")
    both = {"s1": one, "s2": other}

    single = end_sessions(Ending(both, "s2"), TIMELY, NOW)
    every = end_sessions(Ending(both), TIMELY, NOW)
    foreign = end_sessions(Ending(both, "s3"), TIMELY, NOW)

    assert (single.outcome, single.changes) == (Ended(1), (Remove(other),))
    assert (every.outcome, every.changes) == (Ended(2), (Remove(one), Remove(other)))
    assert (reason(foreign), foreign.changes) == (Reason.NOT_FOUND, ())
    assert end_sessions(Ending({}), TIMELY, NOW).outcome == Ended(0)


# --- who is behind a request ----------------------------------------------------------------------------------------


def merged_into_ben() -> Pointer:
    """Where Ana's record leads to."""
    return Pointer(id=str(ANA), survivor=str(BEN), root=str(BEN), merge_id="m1")


def test_a_request_is_by_the_record_that_speaks_for_the_session() -> None:
    """Its own, or the survivor where that was merged; until when it counts is the earlier of its two ends."""
    plain = current_session(session(account="a1", viewer="mia"), None, TIMELY, NOW)
    assert plain.outcome == CurrentSession(SignInStage.DONE, ANA, "a1", NOW + HOUR, "mia")
    assert str(plain.because) == (
        "sessions.current_session; facts: stage open, merged no; policy: visibility.appointments = record"
    )
    merged = current_session(session(ends_at=NOW + TICK), merged_into_ben(), TIMELY, NOW)
    assert merged.outcome == CurrentSession(SignInStage.DONE, BEN, None, NOW + TICK)
    assert ("merged", "yes") in merged.because.facts


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.OPEN])
def test_nobody_speaks_for_a_session_that_is_on_its_way(stage: Stage) -> None:
    """Whoever has still to choose or to prove more is not yet anybody."""
    outcome = current_session(session(stage=stage), None, TIMELY, NOW).outcome
    assert isinstance(outcome, CurrentSession)
    assert outcome.record is None
    assert outcome.stage is not SignInStage.DONE


def test_where_single_appointments_are_shown_no_record_speaks() -> None:
    """An account that sees what is assigned to it is for no record (A7)."""
    policy = presets.acuity()
    assert policy.visibility.appointments is SeenBy.ASSIGNED
    outcome = current_session(session(account="a1"), None, policy, NOW).outcome
    assert outcome == CurrentSession(SignInStage.DONE, None, "a1", NOW + HOUR)
