"""Codes, what they open, and the sessions that come of it: with everything that is said and written."""

from __future__ import annotations

from attrs import evolve

from clientportal.outcomes import SignInStage
from clientportal.policy import Proof, SeveralRecords, UnknownIdentity, presets
from clientportal.records import (
    Allowance,
    Challenge,
    ContactHistory,
    HostWrite,
    Intent,
    NumberCounter,
    OutboxMessage,
    Purpose,
    Session,
    Stage,
)
from clientportal.rules.sessions import (
    Ending,
    NotMe,
    Switching,
    end_sessions,
    judge_session,
    label_profiles,
    not_me,
    number_equals,
    switch,
)
from clientportal.rules.signing_in import (
    Verdict,
    judge_code,
    new_client,
    open_for_new_record,
    request_code,
    sign_in,
    signed_in,
)
from clientportal.rules.whose_contact import MOST_HITS
from clientportal.values import ContactKey, ContactKind, RecordRef
from rules.codes import (
    DAY,
    FRESH,
    HOUR,
    MINUTE,
    MOBILE,
    NOW,
    OWNER,
    TIMELY,
    VCITA,
    challenge,
    counter,
    put,
    typed,
)
from rules.codes import person as candidate
from rules.in_full import in_full
from rules.test_requesting_codes import THREE_OPEN, asking
from rules.test_sessions import ANA, BEN, CY, person, session
from rules.test_signing_in import CAREFUL, CHOOSY, bound, second

OFF = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))

# --- asking for a code -----------------------------------------------------------------------------------------------


def test_a_code_is_sent() -> None:
    """The challenge, its message, and every budget that it is charged to."""
    assert in_full(request_code(asking(), TIMELY, NOW)) == [
        "yes: CodeSent(handle=secret h, expires_at=2026-11-23 12:10, resend_at=2026-11-23 12:00:30, digits=6)",
        "because signing_in.request_code; facts: contact +64••••••567, lane strangers, open codes 0; policy:",
        "  login.enabled = True, login.proof = code, login.live_codes = 3",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00)",
        "put OutboxMessage(id=m1, kind=login_code, to=mobile:+64211234567, challenge_id=h1, send_number=1,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-23 12:10)",
        "put Allowance(id=to:mobile:+64211234567|strangers, windows=((600, 2026-11-23 12:00, 1), (86400,",
        "  2026-11-23 12:00, 1)), last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put Allowance(id=from:192.0.2.7, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
        "put Allowance(id=prefix:+64211234, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
        "put Allowance(id=tenant, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
    ]
    verify = asking("Ana@example.com", purpose=Purpose.VERIFY_EMAIL, bound_to="a1", lane=OWNER, source=None)
    assert in_full(request_code(verify, TIMELY, NOW)) == [
        "yes: CodeSent(handle=secret h, expires_at=2026-11-23 12:10, resend_at=2026-11-23 12:00:30, digits=6)",
        "because signing_in.request_code; facts: contact a•••@example.com, lane known device, open codes 0;",
        "  policy: login.enabled = True, login.proof = code, login.live_codes = 3",
        "put Challenge(id=h1, purpose=verify_email, identity=email:ana@example.com, lane=device-1, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, bound_to=a1)",
        "put OutboxMessage(id=m1, kind=verify_email_code, to=email:ana@example.com, challenge_id=h1,",
        "  account=a1, send_number=1, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  expires_at=2026-11-23 12:10)",
        "put Allowance(id=to:email:ana@example.com|device-1, windows=((600, 2026-11-23 12:00, 1), (86400,",
        "  2026-11-23 12:00, 1)), last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put Allowance(id=tenant, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
    ]


def test_a_code_that_claims_is_for_the_session_and_not_in_the_name_of_an_account() -> None:
    """Only a code that verifies an account's email is sent for that account."""
    claim = request_code(asking(purpose=Purpose.CLAIM, bound_to="s1"), TIMELY, NOW)
    assert [one.account for one in put(claim, OutboxMessage)] == [None]
    assert [one.bound_to for one in put(claim, Challenge)] == ["s1"]


def test_a_claim_s_code_is_sent_again_where_nobody_logs_in_by_code() -> None:
    """What the code is for, its challenge says; the resend is not taken for a login."""
    by_password = evolve(presets.acuity(region="NZ"), sends=TIMELY.sends)
    assert by_password.login.proof is not Proof.CODE
    assert request_code(asking(superseded=challenge(purpose=Purpose.CLAIM)), by_password, NOW).granted
    assert not request_code(asking(superseded=challenge()), by_password, NOW).granted


def test_a_code_is_sent_again() -> None:
    """The handle stays and so do the misses; the code and its end are new."""
    first = challenge(misses=2, send_number=1, created_at=NOW - MINUTE, last_mark=NOW - MINUTE)
    assert in_full(request_code(asking(superseded=first, live=(first,), key_id="k2"), TIMELY, NOW)) == [
        "yes: CodeSent(handle=secret h, expires_at=2026-11-23 12:10, resend_at=2026-11-23 12:00:30, digits=6)",
        "because signing_in.request_code; facts: contact +64••••••567, lane strangers, open codes 1; policy:",
        "  login.enabled = True, login.proof = code, login.live_codes = 3",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k2,",
        "  created_at=2026-11-23 11:59, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00,",
        "  send_number=2, misses=2)",
        "put OutboxMessage(id=m1, kind=login_code, to=mobile:+64211234567, challenge_id=h1, send_number=2,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-23 12:10)",
        "put Allowance(id=to:mobile:+64211234567|strangers, windows=((600, 2026-11-23 12:00, 1), (86400,",
        "  2026-11-23 12:00, 1)), last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put Allowance(id=from:192.0.2.7, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
        "put Allowance(id=prefix:+64211234, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
        "put Allowance(id=tenant, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
    ]


def test_no_code_is_sent() -> None:
    """Why, for which kind of asker, and with how many open; a time where it heals."""
    used = Allowance(id="tenant", windows=((3600, NOW, 10_000),), last_at=NOW, forget_at=NOW + HOUR)
    assert in_full(request_code(asking(), OFF, NOW)) == [
        "no: disabled",
        "because signing_in.request_code; facts: contact +64••••••567, lane strangers, open codes 0; policy:",
        "  login.enabled = False, login.proof = code, login.live_codes = 3",
    ]
    assert in_full(request_code(asking(human=False, lane=OWNER), TIMELY, NOW)) == [
        "no: bot_suspected",
        "because signing_in.request_code; facts: contact +64••••••567, lane known device, open codes 0;",
        "  policy: login.enabled = True, login.proof = code, login.live_codes = 3",
    ]
    assert in_full(request_code(asking(live=THREE_OPEN), TIMELY, NOW)) == [
        "no: too_many_codes, retry_at=2026-11-23 12:02",
        "because signing_in.request_code; facts: contact +64••••••567, lane strangers, open codes 3; policy:",
        "  login.enabled = True, login.proof = code, login.live_codes = 3",
    ]
    assert in_full(request_code(asking(allowances={"tenant": used}), TIMELY, NOW)) == [
        "no: wait, retry_at=2026-11-23 13:00",
        "because signing_in.request_code; facts: contact +64••••••567, lane strangers, open codes 0; policy:",
        "  login.enabled = True, login.proof = code, login.live_codes = 3",
    ]
    assert in_full(request_code(asking(counter=counter(stopped=True)), TIMELY, NOW)) == [
        "no: stopped",
        "because signing_in.request_code; facts: contact +64••••••567, lane strangers, open codes 0; policy:",
        "  login.enabled = True, login.proof = code, login.live_codes = 3",
    ]
    gone = challenge(misses=5)
    assert in_full(request_code(asking(superseded=gone), TIMELY, NOW)) == [
        "no: code_gone",
        "because signing_in.request_code; facts: contact +64••••••567, lane strangers, open codes 0; policy:",
        "  login.enabled = True, login.proof = code, login.live_codes = 3",
    ]


def test_the_last_try_of_a_code() -> None:
    """Five are looked at, a sixth is not, right or wrong."""
    assert TIMELY.guesses.per_code == 5
    assert judge_code(challenge(misses=4), None, True, TIMELY, NOW) is Verdict.RIGHT
    assert judge_code(challenge(misses=4), None, False, TIMELY, NOW) is Verdict.WRONG
    assert judge_code(challenge(misses=5), None, True, TIMELY, NOW) is Verdict.USED_UP


# --- what a code opens -----------------------------------------------------------------------------------------------


def test_the_one_client_with_that_number() -> None:
    """Code, run, session and history in one commit; the session says why."""
    seen = typed(counter=counter(day_count=7, consecutive=4), candidates=(candidate("ana"),), hits=1)
    assert in_full(sign_in(seen, TIMELY, NOW + MINUTE)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:01,",
        "  record=client:ana)",
        "because whose_contact.whose_contact; facts: contact +64••••••567, records that have it 1; policy:",
        "  login.several = newest_booking",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:01, spent=True)",
        "put GuessCounter(id=mobile:+64211234567|strangers, identity=mobile:+64211234567,",
        "  day_began=2026-11-23 12:00, day_count=7)",
        "put Session(id=digest, entry=client:ana, own=(client:ana), identity=mobile:+64211234567,",
        "  opened_at=2026-11-23 12:01, used_at=2026-11-23 12:01, idle_until=2026-12-07 12:01,",
        "  ends_at=2026-12-23 12:01, device=lane-2, because=whose_contact.whose_contact; facts: contact",
        "  +64••••••567, records that have it 1; policy: login.several = newest_booking)",
        "put ContactHistory(id=mobile:+64211234567, proved_at=2026-11-23 12:01)",
    ]


def test_several_clients_with_that_number() -> None:
    """A choice is waited for."""
    choose = evolve(TIMELY, login=evolve(TIMELY.login, several=SeveralRecords.CHOOSE))
    seen = typed(candidates=(candidate("b"), candidate("a")), hits=2)
    assert in_full(sign_in(seen, choose, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=choose, expires_at=2026-12-23 12:00)",
        "because whose_contact.whose_contact; facts: contact +64••••••567, records that have it 2; policy:",
        "  login.several = choose",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, spent=True)",
        "put Session(id=digest, stage=choosing, entry=None, own=(client:a, client:b),",
        "  identity=mobile:+64211234567, opened_at=2026-11-23 12:00, used_at=2026-11-23 12:00,",
        "  idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00, device=lane-2,",
        "  because=whose_contact.whose_contact; facts: contact +64••••••567, records that have it 2; policy:",
        "  login.several = choose)",
        "put ContactHistory(id=mobile:+64211234567, proved_at=2026-11-23 12:00)",
    ]


def test_nobody_with_that_number() -> None:
    """A new client, or what a wrong code gets."""
    assert in_full(sign_in(typed(), TIMELY, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  new_record=True)",
        "because whose_contact.whose_contact; facts: contact +64••••••567, records that have it 0; policy:",
        "  login.several = newest_booking",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, spent=True)",
        "put ContactHistory(id=mobile:+64211234567, proved_at=2026-11-23 12:00)",
        "asks Intent(id=intent-1, write=create_client, actor=client:+64••••••567, asked_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, draft=ClientDraft(mobile=+64211234567), session=Session(id=digest,",
        "  entry=None, own=(), identity=mobile:+64211234567, opened_at=2026-11-23 12:00, used_at=2026-11-23",
        "  12:00, idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00, device=lane-2,",
        "  because=whose_contact.whose_contact; facts: contact +64••••••567, records that have it 0; policy:",
        "  login.several = newest_booking), entries=(mobile:+64211234567),",
        "  because=whose_contact.whose_contact; facts: contact +64••••••567, records that have it 0; policy:",
        "  login.several = newest_booking)",
    ]
    silent = evolve(TIMELY, login=evolve(TIMELY.login, unknown=UnknownIdentity.REFUSE_SILENTLY))
    assert in_full(sign_in(typed(), silent, NOW)) == [
        "no: contact_business, shown_as=code_wrong",
        "because whose_contact.whose_contact; facts: contact +64••••••567, records that have it 0; policy:",
        "  login.several = newest_booking",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, misses=1)",
        "put GuessCounter(id=mobile:+64211234567|strangers, identity=mobile:+64211234567,",
        "  day_began=2026-11-23 12:00, day_count=1, consecutive=1)",
    ]
    assert in_full(sign_in(typed(Verdict.WRONG), silent, NOW)) == [
        "no: code_wrong, shown_as=code_wrong",
        "because signing_in.sign_in; facts: code wrong; policy: login.unknown = refuse_silently,",
        "  guesses.per_code = 5, guesses.per_day = 20",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, misses=1)",
        "put GuessCounter(id=mobile:+64211234567|strangers, identity=mobile:+64211234567,",
        "  day_began=2026-11-23 12:00, day_count=1, consecutive=1)",
    ]
    assert in_full(sign_in(typed(hits=MOST_HITS + 1), TIMELY, NOW)) == [
        "no: contact_business",
        "because whose_contact.whose_contact; facts: contact +64••••••567, records that the index names 101,",
        "  at most 100",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, spent=True)",
    ]
    flagged = ContactHistory(id=MOBILE, version=1, placeholder=True)
    assert in_full(sign_in(typed(hits=1, history=flagged), TIMELY, NOW)) == [
        "no: contact_business",
        "because whose_contact.whose_contact; facts: contact +64••••••567, flagged as nobody's by staff",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, spent=True)",
    ]


def test_a_number_that_was_quiet_for_too_long() -> None:
    """A session that waits for a second proof, and a history that is left alone."""
    old = ContactHistory(id=MOBILE, version=1, proved_at=NOW - 900 * DAY)
    quiet = candidate("ana", created_at=NOW - 900 * DAY)
    seen = typed(candidates=(quiet,), hits=1, history=old)
    assert in_full(sign_in(seen, CAREFUL, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=second_proof, expires_at=2026-12-23",
        "  12:00)",
        "because whose_contact.whose_contact; facts: contact +64••••••567, records that have it 1; policy:",
        "  login.several = newest_booking",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00, spent=True)",
        "put Session(id=digest, stage=second_proof, entry=None, own=(client:ana),",
        "  identity=mobile:+64211234567, opened_at=2026-11-23 12:00, used_at=2026-11-23 12:00,",
        "  idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00, device=lane-2,",
        "  because=whose_contact.whose_contact; facts: contact +64••••••567, records that have it 1; policy:",
        "  login.several = newest_booking)",
    ]


def test_a_second_proof() -> None:
    """It opens the record, and gives back what "this is not me" had taken off this very client."""
    detached = ContactHistory(id=MOBILE, version=3, detached=(RecordRef.client("a"), RecordRef.client("zoe")))
    assert in_full(second(history=detached)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  record=client:a)",
        "because signing_in.second_proof; facts: second contact a•••@example.com; policy:",
        "  login.recycled_after = 90 days, 0:00:00",
        "put Challenge(id=h1, purpose=second_proof, identity=email:ana@example.com, lane=strangers,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00,",
        "  spent=True)",
        "remove Session waiting (version 0)",
        "put Session(id=digest, entry=client:a, own=(client:a), identity=mobile:+64211234567,",
        "  opened_at=2026-11-23 12:00, used_at=2026-11-23 12:00, idle_until=2026-12-07 12:00,",
        "  ends_at=2026-12-23 12:00, device=lane-2, because=signing_in.second_proof; facts: second contact",
        "  a•••@example.com; policy: login.recycled_after = 90 days, 0:00:00)",
        "put ContactHistory(id=mobile:+64211234567, version=3, proved_at=2026-11-23 12:00,",
        "  detached=(client:zoe))",
    ]
    own = (RecordRef.client("a"), RecordRef.client("b"))
    both = (candidate("a"), candidate("b"))
    assert in_full(second(CHOOSY, candidates=both, hits=2, bound=bound(own=own))) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=choose, expires_at=2026-12-23 12:00)",
        "because signing_in.second_proof; facts: second contact a•••@example.com; policy:",
        "  login.recycled_after = 90 days, 0:00:00",
        "put Challenge(id=h1, purpose=second_proof, identity=email:ana@example.com, lane=strangers,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00,",
        "  spent=True)",
        "remove Session waiting (version 0)",
        "put Session(id=digest, stage=choosing, entry=None, own=(client:a, client:b),",
        "  identity=mobile:+64211234567, opened_at=2026-11-23 12:00, used_at=2026-11-23 12:00,",
        "  idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00, device=lane-2,",
        "  because=signing_in.second_proof; facts: second contact a•••@example.com; policy:",
        "  login.recycled_after = 90 days, 0:00:00)",
        "put ContactHistory(id=mobile:+64211234567, proved_at=2026-11-23 12:00)",
    ]
    assert in_full(second(candidates=(candidate("zoe"),))) == [
        "no: code_wrong, shown_as=code_wrong",
        "because signing_in.second_proof; facts: second contact a•••@example.com; policy:",
        "  login.recycled_after = 90 days, 0:00:00",
        "put Challenge(id=h1, purpose=second_proof, identity=email:ana@example.com, lane=strangers,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00,",
        "  misses=1)",
        "put GuessCounter(id=email:ana@example.com|strangers, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=1, consecutive=1)",
    ]
    crowd = tuple(candidate(f"r{n:03}") for n in range(MOST_HITS + 1))
    waiting = bound(own=tuple(one.ref for one in crowd))
    (opened,) = put(second(candidates=crowd, hits=len(crowd), bound=waiting), Session)
    assert opened.entry == "client:r000", "the first of more than can be chosen from"
    assert in_full(second(bound=None)) == [
        "no: session_ended",
        "because signing_in.second_proof; facts: second contact a•••@example.com; policy:",
        "  login.recycled_after = 90 days, 0:00:00",
    ]


def test_a_code_that_is_not_looked_at() -> None:
    """Gone, used up, or to be waited for: which is said, and when to come back."""
    for verdict in (Verdict.GONE, Verdict.USED_UP, Verdict.STOPPED):
        refused = in_full(sign_in(typed(verdict, counter=counter(stopped=True)), TIMELY, NOW))
        assert refused[1].startswith(f"because signing_in.sign_in; facts: code {verdict.value}; policy: ")
        assert len(refused) == 3, "nothing is written"
    waits = counter(day_count=20, consecutive=9, wait_until=NOW + 3 * MINUTE)
    assert in_full(sign_in(typed(Verdict.WAIT, counter=waits), TIMELY, NOW)) == [
        "no: wait, retry_at=2026-11-23 12:03",
        "because signing_in.sign_in; facts: code wait; policy: login.unknown = create_empty, guesses.per_code",
        "  = 5, guesses.per_day = 20",
    ]
    assert in_full(sign_in(typed(Verdict.TOMORROW, counter=waits), TIMELY, NOW)) == [
        "no: too_many_tries, retry_at=2026-11-24 12:00",
        "because signing_in.sign_in; facts: code day used up; policy: login.unknown = create_empty,",
        "  guesses.per_code = 5, guesses.per_day = 20",
    ]
    assert in_full(sign_in(typed(), OFF, NOW)) == [
        "no: disabled",
        "because signing_in.sign_in; facts: code right; policy: login.unknown = create_empty,",
        "  guesses.per_code = 5, guesses.per_day = 20",
    ]


def test_the_tenth_wrong_code() -> None:
    """It is counted where it was typed, and the owner is warned."""
    seen = typed(Verdict.WRONG, counter=counter(day_count=9, consecutive=9))
    assert in_full(sign_in(seen, TIMELY, NOW + MINUTE)) == [
        "no: code_wrong, shown_as=code_wrong",
        "because signing_in.sign_in; facts: code wrong; policy: login.unknown = create_empty,",
        "  guesses.per_code = 5, guesses.per_day = 20",
        "put Challenge(id=h1, purpose=login, identity=mobile:+64211234567, lane=strangers, key_id=k1,",
        "  created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:01, misses=1)",
        "put GuessCounter(id=mobile:+64211234567|strangers, identity=mobile:+64211234567,",
        "  day_began=2026-11-23 12:00, day_count=10, consecutive=10, wait_until=2026-11-23 12:17)",
        "put OutboxMessage(id=message-1, kind=guesses_warning, to=mobile:+64211234567, created_at=2026-11-23",
        "  12:01, due_at=2026-11-23 12:01, expires_at=2026-11-25 12:01)",
    ]


def test_a_client_of_whom_a_number_is_known() -> None:
    """What the host is asked, and what follows when it has answered; staff's new client has no session."""
    one = session(entry=None, own=())
    because = judge_session(None, TIMELY, NOW).because  # type: ignore[union-attr]
    asked = new_client(FRESH, one, ContactKey(ContactKind.PHONE, "+6495550100"), because, NOW)
    assert in_full(asked) == [
        "Intent(id=intent-1, write=create_client, actor=client:+64•••••100, asked_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, draft=ClientDraft(phone=+6495550100), session=Session(id=s1, version=3,",
        "  entry=None, own=(), identity=mobile:+64211234567, opened_at=2026-11-23 11:00, used_at=2026-11-23",
        "  12:00, idle_until=2026-11-23 13:00, ends_at=2026-11-23 14:00), entries=(phone:+6495550100),",
        "  because=sessions.judge_session; policy: login.enabled = True, registration.accounts = False)",
    ]
    assert in_full(open_for_new_record(asked, ANA)) == [
        "put Session(id=s1, version=3, entry=client:ana, own=(client:ana), identity=mobile:+64211234567,",
        "  opened_at=2026-11-23 11:00, used_at=2026-11-23 12:00, idle_until=2026-11-23 13:00,",
        "  ends_at=2026-11-23 14:00)",
        "put ContactEntry(id=client:ana|phone:+6495550100, key=phone:+6495550100, ref=client:ana)",
    ]
    by_staff = Intent(
        id="i2", write=HostWrite.CREATE_CLIENT, actor="staff:mia", asked_at=NOW, due_at=NOW, number=41,
        entries=(ContactKey(ContactKind.EMAIL, "ana@example.com"),), proposing=("custom.member:m-7",),
    )  # fmt: skip
    assert in_full(open_for_new_record(by_staff, ANA)) == [
        "put ContactEntry(id=client:ana|email:ana@example.com, key=email:ana@example.com, ref=client:ana)",
        "put ContactEntry(id=client:ana|custom.member:m-7, key=custom.member:m-7, ref=client:ana)",
        "put ClientNumber(id=client:ana, number=41)",
    ]


def test_how_far_a_session_has_come() -> None:
    """Each stage has its own word for the client."""
    assert {stage: signed_in(FRESH, session(stage=stage)).stage for stage in Stage} == {
        Stage.OPEN: SignInStage.DONE,
        Stage.CHOOSING: SignInStage.CHOOSE,
        Stage.SECOND_PROOF: SignInStage.SECOND_PROOF,
        Stage.SECOND_FACTOR: SignInStage.SECOND_FACTOR,
        Stage.ENROLLING: SignInStage.ENROL,
    }
    assert in_full(signed_in(FRESH, session(account="a1"))) == [
        "SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-11-23 14:00,",
        "  record=client:ana, account=a1)",
    ]


# --- sessions --------------------------------------------------------------------------------------------------------


def test_why_a_session_may_not_be_used() -> None:
    """Which of the two switches is off is said, and nothing about whose it is."""
    assert in_full(judge_session(session(), OFF, NOW)) == [
        "no: disabled",
        "because sessions.judge_session; policy: login.enabled = False, registration.accounts = False",
    ]
    assert in_full(judge_session(None, TIMELY, NOW)) == [
        "no: session_ended",
        "because sessions.judge_session; policy: login.enabled = True, registration.accounts = False",
    ]
    assert in_full(judge_session(session(account="a1"), TIMELY, NOW)) == [
        "no: disabled",
        "because sessions.judge_session; policy: login.enabled = True, registration.accounts = False",
    ]


def test_a_profile_is_chosen() -> None:
    """What was asked for stands in the explanation, cut off where it is endless; or it is not found."""
    seen = Switching(session(stage=Stage.CHOOSING, entry=None), (person(ANA), person(BEN)), ANA, FRESH)
    assert in_full(switch(seen, "client:ben", TIMELY, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-11-23 14:00,",
        "  record=client:ben)",
        "because sessions.switch; facts: chosen client:ben, own records 2; policy: login.several =",
        "  newest_booking",
        "remove Session s1 (version 3)",
        "put Session(id=digest, entry=client:ben, own=(client:ana, client:ben), identity=mobile:+64211234567,",
        "  opened_at=2026-11-23 11:00, used_at=2026-11-23 12:00, idle_until=2026-11-23 13:00,",
        "  ends_at=2026-11-23 14:00, because=sessions.switch; facts: chosen client:ben, own records 2;",
        "  policy: login.several = newest_booking)",
    ]
    refused = switch(seen, "x" * 300, TIMELY, NOW)
    assert dict(refused.because.facts) == {"chosen": "x" * 200, "own records": "2"}


def test_numbers_for_equal_names() -> None:
    """From the counter up, to those who have none."""
    people = (person(ANA), person(BEN, "Ben"), person(CY, number=3))
    counting = NumberCounter(id="clients", version=4, next=12)
    numbered, writes = number_equals(people, counting)
    assert [option.label for option in label_profiles(numbered, None)] == ["Ana K. (no. 12)", "Ben", "Ana K. (no. 3)"]
    assert in_full(writes) == [
        "put ClientNumber(id=client:ana, number=12)",
        "put NumberCounter(id=clients, version=4, next=13)",
    ]


def test_a_number_that_is_not_mine() -> None:
    """Taken off the records; the session is somebody new's, whom the host is asked for."""
    seen = NotMe(session(stage=Stage.CHOOSING), (BEN, ANA), None, (session(id="s2"), session(id="s1")), FRESH)
    assert in_full(not_me(seen, TIMELY, NOW + MINUTE)) == [
        "yes: Detached(contact=+64••••••567, signed_in=SignedIn(token=secret token, device=secret device,",
        "  stage=done, expires_at=2026-11-23 14:00, new_record=True))",
        "because sessions.not_me; facts: contact +64••••••567, records 2; policy: login.unknown =",
        "  create_empty",
        "put ContactHistory(id=mobile:+64211234567, proved_at=2026-11-23 12:01, detached=(client:ana,",
        "  client:ben))",
        "remove Session s1 (version 3)",
        "remove Session s2 (version 3)",
        "asks Intent(id=intent-1, write=create_client, actor=client:+64••••••567, asked_at=2026-11-23 12:01,",
        "  due_at=2026-11-23 12:01, draft=ClientDraft(mobile=+64211234567), session=Session(id=digest,",
        "  entry=None, own=(), identity=mobile:+64211234567, opened_at=2026-11-23 11:00, used_at=2026-11-23",
        "  12:01, idle_until=2026-11-23 13:00, ends_at=2026-11-23 14:00, because=sessions.not_me; facts:",
        "  contact +64••••••567, records 2; policy: login.unknown = create_empty),",
        "  entries=(mobile:+64211234567), because=sessions.not_me; facts: contact +64••••••567, records 2;",
        "  policy: login.unknown = create_empty)",
    ]
    silent = evolve(TIMELY, login=evolve(TIMELY.login, unknown=UnknownIdentity.REFUSE_SILENTLY))
    assert in_full(not_me(seen, silent, NOW)) == [
        "yes: Detached(contact=+64••••••567, signed_in=None)",
        "because sessions.not_me; facts: contact +64••••••567, records 2; policy: login.unknown =",
        "  refuse_silently",
        "put ContactHistory(id=mobile:+64211234567, proved_at=2026-11-23 12:00, detached=(client:ana,",
        "  client:ben))",
        "remove Session s1 (version 3)",
        "remove Session s2 (version 3)",
    ]
    vouched = evolve(seen, session=session(identity=f"email:{'0' * 64}"))
    assert in_full(not_me(vouched, TIMELY, NOW)) == [
        "no: not_found",
        "because sessions.not_me; facts: contact none proved",
    ]
    by_email = evolve(seen, session=session(identity="email:ana@example.com"))
    assert in_full(not_me(by_email, VCITA, NOW)) == [
        "yes: Detached(contact=a•••@example.com, signed_in=None)",
        "because sessions.not_me; facts: contact a•••@example.com, records 2; policy: login.unknown =",
        "  refuse_silently",
        "put ContactHistory(id=email:ana@example.com, proved_at=2026-11-23 12:00, detached=(client:ana,",
        "  client:ben))",
        "remove Session s1 (version 3)",
        "remove Session s2 (version 3)",
    ]


def test_sessions_end() -> None:
    """How many there were is said; which of them it was, is in the writes."""
    both = {"s1": session(id="s1"), "s2": session(id="s2")}
    assert in_full(end_sessions(Ending(both, "s2"), TIMELY, NOW)) == [
        "yes: Ended(sessions=1)",
        "because sessions.end_sessions; facts: sessions 2",
        "remove Session s2 (version 3)",
    ]
    assert in_full(end_sessions(Ending(both), TIMELY, NOW)) == [
        "yes: Ended(sessions=2)",
        "because sessions.end_sessions; facts: sessions 2",
        "remove Session s1 (version 3)",
        "remove Session s2 (version 3)",
    ]
    assert in_full(end_sessions(Ending(both, "s3"), TIMELY, NOW)) == [
        "no: not_found",
        "because sessions.end_sessions; facts: sessions 2",
    ]
