"""What a right code opens, and a number that may be somebody else's by now (X6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.outcomes import SignedIn, SignInStage
from clientportal.policy import Policy, SeveralRecords
from clientportal.records import (
    Challenge,
    ClientNumber,
    ContactHistory,
    GuessCounter,
    Purpose,
    Put,
    Remove,
    Session,
    Stage,
)
from clientportal.rules.signing_in import (
    Verdict,
    empty_client,
    open_for_new_record,
    sign_in,
)
from clientportal.rules.whose_contact import MOST_HITS, Candidate
from clientportal.values import (
    ClientDraft,
    ClientRecord,
    ContactKey,
    ContactKind,
    RecordRef,
)
from rules.codes import (
    DAY,
    FRESH,
    HOUR,
    MOBILE,
    NOW,
    SECOND,
    TIMELY,
    VCITA,
    challenge,
    counter,
    person,
    put,
    reason,
    typed,
)

# --- what does it open? --------------------


def test_a_right_code_is_spent_and_ends_the_run_but_not_the_day() -> None:
    """The run of failures and its wait are over; what was tried today stays counted."""
    count = counter(day_count=7, consecutive=4, wait_until=NOW - SECOND)

    decision = sign_in(typed(counter=count, candidates=(person("ana"),), hits=1), TIMELY, NOW)

    assert put(decision, Challenge) == [challenge(spent=True)]
    assert put(decision, GuessCounter) == [counter(day_count=7)]
    ahead = challenge(last_mark=NOW + 60 * SECOND)
    later = sign_in(typed(challenge=ahead, candidates=(person("ana"),), hits=1), TIMELY, NOW)
    assert put(later, Challenge) == [evolve(ahead, spent=True)]
    assert put(decision, ContactHistory) == [ContactHistory(id=MOBILE, proved_at=NOW)]


@pytest.mark.parametrize(("consecutive", "wait", "written"), [(0, None, 0), (1, None, 1), (0, NOW - SECOND, 1)])
def test_a_counter_is_written_only_where_it_changes(consecutive: int, wait: datetime | None, written: int) -> None:
    """A login without failures before it does not touch the hot row."""
    count = counter(consecutive=consecutive, wait_until=wait)

    decision = sign_in(typed(counter=count, candidates=(person("ana"),), hits=1), TIMELY, NOW)

    assert len(put(decision, GuessCounter)) == written


def test_the_session_lives_as_long_as_the_policy_says() -> None:
    """For the one record found, 14 days idle and 30 in all, with the device's new lane."""
    decision = sign_in(typed(candidates=(person("ana"),), hits=1), TIMELY, NOW)

    (session,) = put(decision, Session)
    ana = RecordRef.client("ana")
    assert (session.entry, session.own, session.stage) == ("client:ana", (ana,), Stage.OPEN)
    assert (session.idle_until, session.ends_at) == (NOW + 14 * DAY, NOW + 30 * DAY)
    assert session.device == "lane-2"
    assert decision.outcome == SignedIn(
        FRESH.token, FRESH.device, SignInStage.DONE, expires_at=NOW + 30 * DAY, record=ana
    )


def test_several_records_wait_for_a_choice() -> None:
    """Nothing is opened until one is chosen."""
    choose = evolve(TIMELY, login=evolve(TIMELY.login, several=SeveralRecords.CHOOSE))

    decision = sign_in(typed(candidates=(person("b"), person("a")), hits=2), choose, NOW)

    (session,) = put(decision, Session)
    assert (session.stage, session.entry) == (Stage.CHOOSING, None)
    assert session.own == (RecordRef.client("a"), RecordRef.client("b"))
    assert isinstance(decision.outcome, SignedIn)
    assert decision.outcome.stage is SignInStage.CHOOSE


def test_a_contact_on_too_many_records_costs_the_code() -> None:
    """It opens nothing, and cannot be tried again."""
    decision = sign_in(typed(hits=MOST_HITS + 1), TIMELY, NOW)

    assert reason(decision) is Reason.CONTACT_BUSINESS
    assert put(decision, Challenge) == [challenge(spent=True)]


def test_an_unknown_identity_is_answered_as_a_wrong_code_is() -> None:
    """Under refuse_silently the shown refusal and everything written equal those of a wrong code (V1)."""
    email = challenge(identity="email:ana@example.com")
    right = sign_in(typed(challenge=email, counter=counter(consecutive=9)), VCITA, NOW)
    wrong = sign_in(typed(Verdict.WRONG, challenge=email, counter=counter(consecutive=9)), VCITA, NOW)

    assert right.changes == wrong.changes
    assert isinstance(right.outcome, Refusal)
    assert isinstance(wrong.outcome, Refusal)
    assert right.outcome.as_shown().reason is wrong.outcome.reason is Reason.CODE_WRONG


@pytest.mark.parametrize(
    ("kind", "draft"),
    [
        (ContactKind.MOBILE, ClientDraft(mobile="x")),
        (ContactKind.PHONE, ClientDraft(phone="x")),
        (ContactKind.EMAIL, ClientDraft(email="x")),
    ],
)
def test_an_empty_client_has_the_proved_contact_alone(kind: ContactKind, draft: ClientDraft) -> None:
    """In the field that it was proved for (T6, T11)."""
    assert empty_client(ContactKey(kind, "x")) == draft


def test_an_unknown_number_gets_a_record_of_its_own() -> None:
    """The session waits for the host's record; with its ref it is stored, and the index knows the number (T6)."""
    decision = sign_in(typed(), TIMELY, NOW)
    ref = RecordRef.client("new")

    assert decision.asks is not None
    assert decision.asks.draft == ClientDraft(mobile="+64211234567")
    assert isinstance(decision.outcome, SignedIn)
    assert decision.outcome.new_record
    assert put(decision, Session) == []
    session, entry = (write.record for write in open_for_new_record(decision.asks, ref) if isinstance(write, Put))
    assert isinstance(session, Session)
    assert (session.entry, session.own) == ("client:new", (ref,))
    assert entry.id == f"client:new|{MOBILE}"
    by_staff = open_for_new_record(evolve(decision.asks, session=None, number=7), ref)
    assert by_staff == (Put(entry), Put(ClientNumber(id="client:new", number=7)))


# --- a number that may be somebody else's by now (X6) --------------------

CAREFUL = evolve(TIMELY, login=evolve(TIMELY.login, recycled_after=90 * DAY))
CHOOSY = evolve(CAREFUL, login=evolve(CAREFUL.login, several=SeveralRecords.CHOOSE))
OLD = NOW - 91 * DAY


@pytest.mark.parametrize(("policy", "ids"), [(CAREFUL, ("a",)), (CHOOSY, ("a", "b"))])
def test_a_number_quiet_for_too_long_needs_a_second_proof(policy: Policy, ids: tuple[str, ...]) -> None:
    """The session is for nobody yet, and the proof does not make the number look fresh."""
    people = tuple(person(id, created_at=OLD) for id in ids)

    decision = sign_in(typed(candidates=people, hits=len(ids)), policy, NOW)

    (session,) = put(decision, Session)
    assert (session.stage, session.entry) == (Stage.SECOND_PROOF, None)
    assert session.own == tuple(RecordRef.client(id) for id in ids)
    assert put(decision, ContactHistory) == []


def test_a_number_proved_lately_is_still_theirs() -> None:
    """Proved a day ago: no second proof is asked for."""
    history = ContactHistory(id=MOBILE, proved_at=NOW - DAY)

    decision = sign_in(typed(candidates=(person("a", created_at=OLD),), hits=1, history=history), CAREFUL, NOW)

    assert put(decision, Session)[0].stage is Stage.OPEN
    choosy = sign_in(typed(candidates=(person("a"), person("b", created_at=OLD)), hits=2, history=history), CHOOSY, NOW)
    assert put(choosy, Session)[0].stage is Stage.CHOOSING


def bound(**more: Any) -> Session:
    """The session that waits for a second proof of record a's number."""
    given: dict[str, Any] = {
        "id": "waiting", "stage": Stage.SECOND_PROOF, "entry": None, "own": (RecordRef.client("a"),),
        "identity": MOBILE, "opened_at": NOW, "used_at": NOW, "idle_until": NOW + HOUR, "ends_at": NOW + HOUR,
    }  # fmt: skip
    return Session(**given | more)


def second(policy: Policy = CAREFUL, *, identity: str = "email:ana@example.com", **more: Any) -> Decision[SignedIn]:
    """A right code for the second contact."""
    seen = challenge(purpose=Purpose.SECOND_PROOF, identity=identity)
    given: dict[str, Any] = {"challenge": seen, "candidates": (person("a"),), "hits": 1, "bound": bound()}
    return sign_in(typed(**given | more), policy, NOW)


def test_another_contact_of_the_record_opens_it() -> None:
    """The waiting session goes, a new one is open for the record, and the first number counts as proved."""
    history = ContactHistory(id=MOBILE, detached=(RecordRef.client("a"), RecordRef.client("z")))

    decision = second(history=history)

    (session,) = put(decision, Session)
    assert (session.entry, session.stage, session.identity) == ("client:a", Stage.OPEN, MOBILE)
    assert Remove(bound()) in decision.changes
    assert put(decision, Challenge)[0].spent
    assert put(decision, ContactHistory) == [evolve(history, proved_at=NOW, detached=(RecordRef.client("z"),))]
    assert put(second(), ContactHistory) == [ContactHistory(id=MOBILE, proved_at=NOW)]


def test_a_second_proof_may_leave_a_choice() -> None:
    """Both records have the second contact as well: one is chosen."""
    own = (RecordRef.client("a"), RecordRef.client("b"))

    decision = second(CHOOSY, candidates=(person("a"), person("b")), hits=2, bound=bound(own=own))

    assert put(decision, Session)[0].stage is Stage.CHOOSING
    newest = second(CAREFUL, candidates=(person("a"), person("b")), hits=2, bound=bound(own=own))
    assert put(newest, Session)[0].entry == "client:b"


@pytest.mark.parametrize(
    "more",
    [
        {"identity": MOBILE},
        {"candidates": ()},
        {"candidates": (person("z"),)},
        {"candidates": (person("a", usable=False),)},
    ],
    ids=["the same contact again", "nobody's", "somebody else's", "not usable"],
)
def test_a_second_proof_of_anything_else_is_a_wrong_code(more: dict[str, Any]) -> None:
    """It is counted as one."""
    decision = second(**more)

    assert reason(decision) is Reason.CODE_WRONG
    assert put(decision, Challenge)[0].misses == 1
    assert put(decision, GuessCounter)[0].consecutive == 1


def test_a_record_merged_meanwhile_still_matches() -> None:
    """The second contact leads to the survivor; one of its members is the record that waits."""
    survivor, a = ClientRecord(RecordRef.client("s"), NOW), ClientRecord(RecordRef.client("a"), NOW)

    decision = second(candidates=(Candidate(survivor, (survivor, a)),))

    assert put(decision, Session)[0].entry == "client:s"


@pytest.mark.parametrize(
    "waiting", [None, bound(stage=Stage.OPEN), bound(idle_until=NOW), bound(ends_at=NOW)],
)  # fmt: skip
def test_a_second_proof_needs_the_session_that_asked(waiting: Session | None) -> None:
    """Gone, already open, idle or over: start again."""
    assert reason(second(bound=waiting)) is Reason.SESSION_ENDED
