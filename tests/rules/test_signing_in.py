"""Codes: the budget is judged before the code, one wrong try counts once, and waits double up to their cap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.outcomes import SignedIn, SignInStage
from clientportal.policy import GuessPolicy, Policy, SeveralRecords, UnknownIdentity, presets
from clientportal.records import (
    Challenge,
    ContactHistory,
    GuessCounter,
    MessageKind,
    OutboxMessage,
    Purpose,
    Put,
    Remove,
    Session,
    Stage,
)
from clientportal.rules.signing_in import (
    STRANGERS,
    CodeRequest,
    FreshSession,
    SignIn,
    Verdict,
    empty_client,
    judge_code,
    open_for_new_record,
    request_code,
    sign_in,
)
from clientportal.rules.whose_contact import MOST_HITS, Candidate
from clientportal.values import (
    ClientDraft,
    ClientRecord,
    ContactKey,
    ContactKind,
    RecordRef,
    Secret,
    parse_email,
    parse_phone,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
TICK = timedelta(microseconds=1)
TIMELY = presets.timely(region="NZ")
VCITA = presets.vcita(region="NZ")
MOBILE = "mobile:+64211234567"
OWNER = "device-1"
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "lane-2", "intent-1", "message-1")


def challenge(**more: Any) -> Challenge:
    """A code sent at noon to +64 21 123 4567, asked for by a stranger."""
    given: dict[str, Any] = {
        "id": "h1", "purpose": Purpose.LOGIN, "identity": MOBILE, "lane": STRANGERS, "key_id": "k1",
        "created_at": NOW, "expires_at": NOW + 10 * MINUTE, "last_mark": NOW,
    }  # fmt: skip
    return Challenge(**given | more)


def counter(**more: Any) -> GuessCounter:
    """Wrong tries so far."""
    return GuessCounter(**{"id": f"{MOBILE}|{STRANGERS}", "day_began": NOW} | more)


def person(id: str, **more: Any) -> Candidate:
    """A record with that contact."""
    record = ClientRecord(RecordRef.client(id), **{"created_at": NOW - DAY} | more)
    return Candidate(record, (record,))


def typed(verdict: Verdict = Verdict.RIGHT, **more: Any) -> SignIn:
    """One typed code."""
    given: dict[str, Any] = {"challenge": challenge(), "counter": None, "verdict": verdict, "fresh": FRESH}
    return SignIn(**given | more)


def reason(decision: Decision[Any]) -> Reason:
    """Why it was refused."""
    assert isinstance(decision.outcome, Refusal)
    return decision.outcome.reason


def put(decision: Decision[Any], kind: type[Any]) -> list[Any]:
    """The records of one type that are written."""
    return [write.record for write in decision.changes if isinstance(write, Put) and isinstance(write.record, kind)]


# --- is it the code? --------------------

CHALLENGES = st.none() | st.builds(
    challenge, misses=st.integers(0, 6), spent=st.booleans(), last_mark=st.sampled_from([NOW, NOW + 10 * MINUTE])
)
COUNTERS = st.none() | st.builds(
    counter,
    day_began=st.sampled_from([NOW - DAY, NOW - DAY + TICK, NOW, NOW + MINUTE, NOW + DAY, NOW + DAY + TICK]),
    day_count=st.integers(18, 21),
    consecutive=st.integers(0, 101),
    wait_until=st.sampled_from([None, NOW - TICK, NOW, NOW + TICK, NOW + HOUR, NOW + HOUR + TICK]),
    stopped=st.booleans(),
)


@given(CHALLENGES, COUNTERS)
def test_a_used_up_budget_says_nothing_about_the_code(seen: Challenge | None, count: GuessCounter | None) -> None:
    """A right and a wrong code get the same verdict, unless the verdict is what the code is for."""
    right, wrong = (judge_code(seen, count, matches, TIMELY, NOW) for matches in (True, False))

    assert right is wrong or (right, wrong) == (Verdict.RIGHT, Verdict.WRONG)


@given(CHALLENGES, COUNTERS)
def test_what_is_judged_is_what_is_left_of_each_budget(seen: Challenge | None, count: GuessCounter | None) -> None:
    """Gone, stopped, wait, day, code: a code is looked at only where none of these holds, in this order."""
    expected = Verdict.RIGHT
    if seen is not None and seen.misses >= 5:
        expected = Verdict.USED_UP
    if count is not None:
        if count.day_count >= 20 and NOW - DAY < count.day_began <= NOW + DAY:
            expected = Verdict.TOMORROW
        if count.wait_until is not None and NOW < count.wait_until <= NOW + HOUR:
            expected = Verdict.WAIT
        if count.stopped:
            expected = Verdict.STOPPED
    if seen is None or seen.spent or max(NOW, seen.last_mark) >= seen.expires_at:
        expected = Verdict.GONE

    assert judge_code(seen, count, True, TIMELY, NOW) is expected


def test_a_clock_that_was_ahead_locks_nobody_out_for_ever() -> None:
    """A wait or a day from the year 2099 is void today."""
    ahead = datetime(2099, 1, 1, tzinfo=UTC)

    verdict = judge_code(challenge(), counter(day_began=ahead, day_count=20, wait_until=ahead), True, TIMELY, NOW)

    assert verdict is Verdict.RIGHT


def test_a_clock_set_back_revives_no_code_and_no_budget() -> None:
    """A code that was seen expired stays so, and a day's tries stay counted, though the clock goes back an hour."""
    expired = challenge(last_mark=NOW + 10 * MINUTE)

    assert judge_code(expired, None, True, TIMELY, NOW - HOUR) is Verdict.GONE
    assert judge_code(challenge(), counter(day_count=20), True, TIMELY, NOW - HOUR) is Verdict.TOMORROW


def miss(count: GuessCounter | None, now: datetime, policy: Policy = TIMELY, **more: Any) -> Decision[SignedIn]:
    """One wrong try."""
    seen = challenge(**{"expires_at": now + MINUTE, "last_mark": now} | more)
    return sign_in(typed(Verdict.WRONG, challenge=seen, counter=count), policy, now)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([SECOND, MINUTE, HOUR, DAY]), min_size=1, max_size=130),
    st.sampled_from([STRANGERS, OWNER]),
)
def test_every_wrong_try_counts_exactly_once(steps: list[timedelta], lane: str) -> None:
    """Tried as often as it may be: the run, the day and the wait are what they say, and at 100 it is over."""
    now, count, judged, day = NOW, None, 0, list[datetime]()
    for step in steps:
        now += step
        verdict = judge_code(challenge(expires_at=now + MINUTE), count, False, TIMELY, now)
        if day and now >= day[0] + DAY:
            day = []
        waits = count is not None and count.wait_until is not None and count.wait_until > now
        if judged == 100:
            assert verdict is Verdict.STOPPED
        elif waits:
            assert verdict is Verdict.WAIT
        elif len(day) == 20:
            assert verdict is Verdict.TOMORROW
        else:
            assert verdict is Verdict.WRONG
            decision = miss(count, now, lane=lane)
            (count,) = put(decision, GuessCounter)
            judged, day = judged + 1, [*day, now]
            assert (count.consecutive, count.day_count, count.day_began) == (judged, len(day), day[0])
            assert count.stopped is (judged == 100)
            assert count.wait_until == (now + wait_after(judged) if lane == STRANGERS and judged >= 5 else None)


def wait_after(run: int) -> timedelta:
    """Thirty seconds after the fifth, doubling, at most an hour."""
    return min(HOUR, 30 * SECOND * 2 ** (run - 5))


def test_strangers_wait_and_a_known_device_does_not() -> None:
    """The fifth failure in a row costs a stranger half a minute, the fourth nothing, a known device nothing at all."""
    waits = {
        (run, lane): put(miss(counter(consecutive=run - 1), NOW, lane=lane), GuessCounter)[0].wait_until
        for run in (4, 5, 6, 11, 12, 99)
        for lane in (STRANGERS, OWNER)
    }

    assert waits == {
        (4, STRANGERS): None,
        (5, STRANGERS): NOW + 30 * SECOND,
        (6, STRANGERS): NOW + 60 * SECOND,
        (11, STRANGERS): NOW + 1920 * SECOND,
        (12, STRANGERS): NOW + HOUR,
        (99, STRANGERS): NOW + HOUR,
        **dict.fromkeys([(run, OWNER) for run in (4, 5, 6, 11, 12, 99)]),
    }


def test_the_exponent_of_a_wait_is_capped() -> None:
    """Ten thousand failures under a generous policy still have a date."""
    generous = evolve(TIMELY, guesses=GuessPolicy(longest_wait=timedelta(days=9000)), allow_weaker=frozenset())
    (count,) = put(miss(counter(consecutive=10_000), NOW, generous), GuessCounter)

    assert count.wait_until == NOW + 30 * SECOND * 2**20


def test_a_miss_is_written_on_its_challenge_and_its_lane() -> None:
    """The first wrong try of all makes a counter; the mark on the challenge never goes back."""
    decision = miss(None, NOW, misses=2, last_mark=NOW + SECOND)

    assert reason(decision) is Reason.CODE_WRONG
    assert put(decision, Challenge) == [challenge(expires_at=NOW + MINUTE, misses=3, last_mark=NOW + SECOND)]
    assert put(decision, GuessCounter) == [counter(day_count=1, consecutive=1)]
    assert put(decision, OutboxMessage) == []


def test_the_owner_is_told_once() -> None:
    """At the tenth failure in a row, not at the ninth or the eleventh."""
    told = {run: put(miss(counter(consecutive=run - 1), NOW), OutboxMessage) for run in (9, 10, 11)}

    assert [run for run, messages in told.items() if messages] == [10]
    (message,) = told[10]
    assert (message.kind, message.to) == (MessageKind.GUESSES_WARNING, MOBILE)
    assert message.expires_at == NOW + TIMELY.messages.notice_life


@pytest.mark.parametrize(
    ("verdict", "expected", "retry_at"),
    [
        (Verdict.GONE, Reason.CODE_GONE, None),
        (Verdict.STOPPED, Reason.STOPPED, None),
        (Verdict.WAIT, Reason.WAIT, NOW + MINUTE),
        (Verdict.TOMORROW, Reason.TOO_MANY_TRIES, NOW + DAY),
        (Verdict.USED_UP, Reason.TOO_MANY_TRIES, None),
    ],
)
def test_a_verdict_that_is_no_try_counts_nothing(verdict: Verdict, expected: Reason, retry_at: datetime | None) -> None:
    """Refused with its own reason, and nothing is written: neither the right nor the wrong code changes anything."""
    decision = sign_in(typed(verdict, counter=counter(wait_until=NOW + MINUTE)), TIMELY, NOW)

    assert reason(decision) is expected
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.retry_at == retry_at
    assert decision.changes == ()


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.RIGHT])
def test_nothing_but_the_right_code_opens_anything(verdict: Verdict) -> None:
    """Whatever is missing of what was read, every other verdict is a refusal."""
    for count in (None, counter()):
        decision = sign_in(typed(verdict, counter=count, candidates=(person("ana"),), hits=1), TIMELY, NOW)
        assert not decision.granted
        assert put(decision, Session) == []


def test_without_a_challenge_or_with_login_off_nothing_is_judged() -> None:
    """A right code is worth nothing where login is off."""
    off = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))

    assert reason(sign_in(typed(challenge=None), TIMELY, NOW)) is Reason.CODE_GONE
    assert reason(sign_in(typed(candidates=(person("ana"),), hits=1), off, NOW)) is Reason.DISABLED


# --- what does it open? --------------------


def test_a_right_code_is_spent_and_ends_the_run_but_not_the_day() -> None:
    """The run of failures and its wait are over; what was tried today stays counted."""
    count = counter(day_count=7, consecutive=4, wait_until=NOW - SECOND)

    decision = sign_in(typed(counter=count, candidates=(person("ana"),), hits=1), TIMELY, NOW)

    assert put(decision, Challenge) == [challenge(spent=True)]
    assert put(decision, GuessCounter) == [counter(day_count=7)]
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
    assert open_for_new_record(evolve(decision.asks, session=None), ref) == ()


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


# --- may a code be sent? --------------------


THREE_OPEN = tuple(challenge(expires_at=NOW + minutes * MINUTE) for minutes in (3, 2, 4))


def asking(contact: str = "021 123 4567", **more: Any) -> CodeRequest:
    """A stranger asks for a code."""
    parsed = parse_email(contact) if "@" in contact else parse_phone(contact, region="NZ")
    given: dict[str, Any] = {
        "contact": parsed, "identity": parsed.key(), "lane": STRANGERS, "source": "192.0.2.7", "live": (),
        "superseded": None, "allowances": {}, "counter": None, "handle": Secret("h"), "handle_digest": "h1",
        "message_id": "m1", "key_id": "k1",
    }  # fmt: skip
    return CodeRequest(**given | more)


def test_a_request_makes_one_challenge_and_one_message() -> None:
    """For ten minutes, resendable after thirty seconds, every budget spent."""
    decision = request_code(asking(), TIMELY, NOW)

    assert put(decision, Challenge) == [challenge()]
    (message,) = put(decision, OutboxMessage)
    assert (message.kind, message.to, message.send_number) == (MessageKind.LOGIN_CODE, MOBILE, 1)
    assert (message.due_at, message.expires_at) == (NOW, NOW + 10 * MINUTE)
    assert decision.granted
    assert decision.outcome.resend_at == NOW + 30 * SECOND  # type: ignore[union-attr]
    assert len(decision.changes) == 2 + 4
    proof = request_code(asking(purpose=Purpose.SECOND_PROOF), TIMELY, NOW)
    assert put(proof, OutboxMessage)[0].kind is MessageKind.SECOND_PROOF_CODE


def test_a_resend_keeps_the_handle_and_its_misses() -> None:
    """Only the latest number verifies; what was tried before stays tried."""
    before = challenge(misses=4, key_id="k0", last_mark=NOW + 2 * SECOND)

    decision = request_code(asking(superseded=before, live=(before,) * 3), TIMELY, NOW + SECOND)

    expected = evolve(before, send_number=2, key_id="k1", expires_at=NOW + 10 * MINUTE + SECOND)
    assert put(decision, Challenge) == [expected]


@pytest.mark.parametrize(
    ("more", "expected", "retry_at"),
    [
        ({"human": False}, Reason.BOT_SUSPECTED, None),
        ({"contact": "0900 12345", "identity": None}, Reason.CONTACT_NOT_ALLOWED, None),
        ({"counter": counter(stopped=True)}, Reason.STOPPED, None),
        ({"live": THREE_OPEN}, Reason.TOO_MANY_CODES, NOW + 2 * MINUTE),
        ({"superseded": challenge(spent=True)}, Reason.CODE_GONE, None),
    ],
)  # fmt: skip
def test_why_no_code_is_sent(more: dict[str, Any], expected: Reason, retry_at: datetime | None) -> None:
    """Each with its own reason, and nothing written."""
    if "contact" in more:
        seen = asking(contact=more["contact"])
    else:
        seen = asking(**more)

    decision = request_code(seen, TIMELY, NOW)

    assert reason(decision) is expected
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.retry_at == retry_at
    assert decision.changes == ()


def test_two_open_codes_leave_room_for_a_third() -> None:
    """Three may be open at once."""
    assert request_code(asking(live=(challenge(),) * 2), TIMELY, NOW).granted


def test_login_off_sends_nothing() -> None:
    """Nor does it spend anything."""
    off = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))

    assert reason(request_code(asking(), off, NOW)) is Reason.DISABLED


def test_a_used_up_budget_refuses_with_the_time() -> None:
    """Right after a code, the next is thirty seconds away."""
    first = request_code(asking(), TIMELY, NOW)
    allowances = {write.record.id: write.record for write in first.changes[2:]}

    again = request_code(asking(allowances=allowances), TIMELY, NOW + SECOND)

    assert reason(again) is Reason.WAIT
    assert isinstance(again.outcome, Refusal)
    assert again.outcome.retry_at == NOW + 30 * SECOND
    assert again.changes == ()


def test_regions_may_be_limited_for_numbers_and_not_for_emails() -> None:
    """With New Zealand alone allowed, an Australian mobile is refused, and any email is not."""
    only_nz = evolve(TIMELY, contacts=evolve(TIMELY.contacts, allowed_regions=frozenset({"NZ"})))

    assert request_code(asking(), only_nz, NOW).granted
    assert request_code(asking("ana@example.com"), only_nz, NOW).granted
    assert reason(request_code(asking("+61 412 345 678"), only_nz, NOW)) is Reason.CONTACT_NOT_ALLOWED
    assert request_code(asking("+61 412 345 678"), TIMELY, NOW).granted


@pytest.mark.parametrize("lane", [STRANGERS, OWNER])
def test_a_reason_names_no_device(lane: str) -> None:
    """Staff read "known device", never the token's digest."""
    facts = dict(request_code(asking(lane=lane), TIMELY, NOW).because.facts)

    assert facts["lane"] == ("strangers" if lane == STRANGERS else "known device")


def test_unknown_identities_are_refused_silently_only_where_the_policy_says_so() -> None:
    """The other ways of treating the unknown are not this one's."""
    assert VCITA.login.unknown is UnknownIdentity.REFUSE_SILENTLY
    assert TIMELY.login.unknown is UnknownIdentity.CREATE_EMPTY
