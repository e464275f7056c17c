"""Second factors, with everything that is said and written."""

from __future__ import annotations

from attrs import evolve

from clientportal.records import SecondFactor, Stage
from clientportal.rules.second_factor import (
    LostFactor,
    begin_second_factor,
    confirm_second_factor,
    new_recovery_codes,
    pass_second_factor,
    remove_by_staff,
    remove_second_factor,
)
from rules.in_full import in_full
from rules.one_account import DAY, MINUTE, NOW, TIMETAP, account, factor, session, sight
from rules.test_second_factor import OFFERED, REQUIRED, WAITING, change, enrolling, misses, passing


def test_a_right_code() -> None:
    """The step is used up, the session goes on, the run is over; of recovery codes what is left is said."""
    assert in_full(pass_second_factor(passing(102, counter=misses(consecutive=2, day_count=2)), OFFERED, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-11-25 12:00,",
        "  account=a1)",
        "because second_factor.pass; facts: shown code, recovery codes left 2; policy: accounts.second_factor",
        "  = offered",
        "put SecondFactor(id=a1, version=5, key_id=k1, nonce=n1, begun_at=2026-11-22 12:00,",
        "  confirmed_at=2026-11-22 12:00, last_step=102, recovery=(r1, r2))",
        "remove Session s1 (version 2)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-11-24 12:00, ends_at=2026-11-25 12:00,",
        "  device=device:1, account=a1, confirmed_at=2026-11-23 12:00)",
        "put GuessCounter(id=email:ana@example.com|second-factor:a1, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=2)",
    ]
    assert in_full(pass_second_factor(passing(recovery="r1"), OFFERED, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-11-25 12:00,",
        "  account=a1)",
        "because second_factor.pass; facts: shown recovery code, recovery codes left 2; policy:",
        "  accounts.second_factor = offered",
        "put SecondFactor(id=a1, version=5, key_id=k1, nonce=n1, begun_at=2026-11-22 12:00,",
        "  confirmed_at=2026-11-22 12:00, last_step=100, recovery=(r2))",
        "remove Session s1 (version 2)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-11-24 12:00, ends_at=2026-11-25 12:00,",
        "  device=device:1, account=a1, confirmed_at=2026-11-23 12:00)",
    ]


def test_a_wrong_code() -> None:
    """Counted for the account; the tenth in a row is told to its owner; the last of the day is the last."""
    nine = misses(day_count=9, consecutive=9)
    assert in_full(pass_second_factor(passing(counter=nine), OFFERED, NOW)) == [
        "no: second_factor_wrong",
        "because second_factor.pass; facts: shown code, recovery codes left 2; policy: accounts.second_factor",
        "  = offered",
        "put GuessCounter(id=email:ana@example.com|second-factor:a1, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=10, consecutive=10)",
        "put OutboxMessage(id=message-1, kind=guesses_warning, to=email:ana@example.com,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    assert in_full(pass_second_factor(passing(recovery="r9"), OFFERED, NOW)) == [
        "no: second_factor_wrong",
        "because second_factor.pass; facts: shown recovery code, recovery codes left 2; policy:",
        "  accounts.second_factor = offered",
        "put GuessCounter(id=email:ana@example.com|second-factor:a1, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=1, consecutive=1)",
    ]
    assert in_full(pass_second_factor(passing(102, counter=misses(day_count=20)), OFFERED, NOW)) == [
        "no: too_many_tries, retry_at=2026-11-24 12:00",
        "because second_factor.pass; facts: shown code, recovery codes left 2; policy: accounts.second_factor",
        "  = offered",
    ]


def test_a_session_that_waits_for_no_code() -> None:
    """What it waits for is said; a session whose app is gone is gone with it."""
    assert in_full(pass_second_factor(passing(102, session=session()), OFFERED, NOW)) == [
        "no: not_found",
        "because second_factor.pass; facts: stage open; policy: accounts.second_factor = offered",
    ]
    gone = passing(102, sight=sight(second_factor=None))
    assert in_full(pass_second_factor(gone, OFFERED, NOW)) == [
        "no: session_ended",
        "because second_factor.pass; facts: app none; policy: accounts.second_factor = offered",
        "remove Session s1 (version 2)",
    ]


def test_a_new_app_is_begun() -> None:
    """For the first time, once more, and next to one that counts until then."""
    unfinished = SecondFactor(id="a1", version=7, key_id="k0", nonce="n0", begun_at=NOW - DAY)
    assert in_full(begin_second_factor(change(), OFFERED, NOW)) == [
        "yes: Enrolment(uri=secret otpauth://…, secret=secret BASE32)",
        "because second_factor.begin; facts: replaces one False; policy: accounts.second_factor = offered",
        "put SecondFactor(id=a1, key_id=k2, nonce=n2, begun_at=2026-11-23 12:00)",
    ]
    assert in_full(begin_second_factor(change(factor=unfinished), OFFERED, NOW)) == [
        "yes: Enrolment(uri=secret otpauth://…, secret=secret BASE32)",
        "because second_factor.begin; facts: replaces one False; policy: accounts.second_factor = offered",
        "put SecondFactor(id=a1, version=7, key_id=k2, nonce=n2, begun_at=2026-11-23 12:00)",
    ]
    assert in_full(begin_second_factor(change(factor=factor()), OFFERED, NOW)) == [
        "yes: Enrolment(uri=secret otpauth://…, secret=secret BASE32)",
        "because second_factor.begin; facts: replaces one True; policy: accounts.second_factor = offered",
        "put SecondFactor(id=a1, version=5, key_id=k1, nonce=n1, begun_at=2026-11-22 12:00,",
        "  confirmed_at=2026-11-22 12:00, last_step=100, recovery=(r1, r2), next_key_id=k2, next_nonce=n2)",
    ]


def test_a_change_without_the_password() -> None:
    """The stage that the session is at is named, and what the business chose."""
    seen = change(factor=factor(), session=session(confirmed_at=None))
    assert in_full(begin_second_factor(seen, OFFERED, NOW)) == [
        "no: step_up_first",
        "because second_factor.begin; facts: stage open; policy: accounts.second_factor = offered",
    ]
    assert in_full(new_recovery_codes(seen, OFFERED, NOW)) == [
        "no: step_up_first",
        "because second_factor.new_recovery_codes; facts: stage open; policy: accounts.second_factor =",
        "  offered",
    ]
    assert in_full(remove_second_factor(seen, OFFERED, NOW)) == [
        "no: step_up_first",
        "because second_factor.remove; facts: stage open; policy: accounts.second_factor = offered",
    ]


def test_a_new_app_is_confirmed() -> None:
    """Beside an open session, and where the policy asked for it; the owner is told in either case."""
    first = enrolling(101, counter=misses(consecutive=1, day_count=1))
    assert in_full(confirm_second_factor(first, OFFERED, NOW + MINUTE)) == [
        "yes: RecoveryCodes(codes=(secret aaaa, secret bbbb), signed_in=SignedIn(token=secret token,",
        "  device=secret device, stage=done, expires_at=2026-11-25 12:00, account=a1))",
        "because second_factor.confirm; facts: recovery codes 2; policy: accounts.second_factor = offered",
        "put SecondFactor(id=a1, version=1, key_id=k2, nonce=n2, begun_at=2026-11-23 12:00,",
        "  confirmed_at=2026-11-23 12:01, last_step=101, recovery=(d1, d2))",
        "remove Session s1 (version 2)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:01, idle_until=2026-11-24 12:00, ends_at=2026-11-25 12:00,",
        "  device=device:1, account=a1, confirmed_at=2026-11-23 12:00)",
        "put OutboxMessage(id=m1, kind=second_factor_changed, account=a1, created_at=2026-11-23 12:01,",
        "  due_at=2026-11-23 12:01, expires_at=2026-11-25 12:01)",
        "put GuessCounter(id=email:ana@example.com|second-factor:a1, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=1)",
    ]
    asked = evolve(first, change=evolve(first.change, session=session(stage=Stage.ENROLLING)))
    assert in_full(confirm_second_factor(asked, REQUIRED, NOW)) == [
        "yes: RecoveryCodes(codes=(secret aaaa, secret bbbb), signed_in=SignedIn(token=secret token,",
        "  device=secret device, stage=done, expires_at=2026-11-25 12:00, account=a1))",
        "because second_factor.confirm; facts: recovery codes 2; policy: accounts.second_factor = required",
        "put SecondFactor(id=a1, version=1, key_id=k2, nonce=n2, begun_at=2026-11-23 12:00,",
        "  confirmed_at=2026-11-23 12:00, last_step=101, recovery=(d1, d2))",
        "remove Session s1 (version 2)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-11-24 12:00, ends_at=2026-11-25 12:00,",
        "  device=device:1, account=a1, confirmed_at=2026-11-23 12:00)",
        "put OutboxMessage(id=m1, kind=second_factor_changed, account=a1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
        "put GuessCounter(id=email:ana@example.com|second-factor:a1, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=1)",
    ]
    next_one = enrolling(7, change=change(factor=factor(next_key_id="k2", next_nonce="n2")))
    assert in_full(confirm_second_factor(next_one, OFFERED, NOW)) == [
        "yes: RecoveryCodes(codes=(secret aaaa, secret bbbb), signed_in=SignedIn(token=secret token,",
        "  device=secret device, stage=done, expires_at=2026-11-25 12:00, account=a1))",
        "because second_factor.confirm; facts: recovery codes 2; policy: accounts.second_factor = offered",
        "put SecondFactor(id=a1, version=5, key_id=k2, nonce=n2, begun_at=2026-11-22 12:00,",
        "  confirmed_at=2026-11-23 12:00, last_step=7, recovery=(d1, d2))",
        "remove Session s1 (version 2)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-11-24 12:00, ends_at=2026-11-25 12:00,",
        "  device=device:1, account=a1, confirmed_at=2026-11-23 12:00)",
        "put OutboxMessage(id=m1, kind=second_factor_changed, account=a1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


def test_a_new_app_is_not_confirmed() -> None:
    """A wrong code is counted; none was begun; there are no apps; too many were tried."""
    nine = misses(day_count=9, consecutive=9)
    assert in_full(confirm_second_factor(enrolling(counter=nine), OFFERED, NOW)) == [
        "no: second_factor_wrong",
        "because second_factor.confirm; facts: recovery codes 2; policy: accounts.second_factor = offered",
        "put GuessCounter(id=email:ana@example.com|second-factor:a1, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=10, consecutive=10)",
        "put OutboxMessage(id=message-1, kind=guesses_warning, to=email:ana@example.com,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    assert in_full(confirm_second_factor(enrolling(1, change=change(factor=factor())), OFFERED, NOW)) == [
        "no: not_found",
        "because second_factor.confirm; facts: recovery codes 2; policy: accounts.second_factor = offered",
    ]
    assert in_full(confirm_second_factor(enrolling(1), TIMETAP, NOW)) == [
        "no: disabled",
        "because second_factor.confirm; facts: recovery codes 2; policy: accounts.second_factor = off",
    ]
    assert in_full(confirm_second_factor(enrolling(1, counter=misses(stopped=True)), OFFERED, NOW)) == [
        "no: stopped",
        "because second_factor.confirm; facts: recovery codes 2; policy: accounts.second_factor = offered",
    ]


def test_recovery_codes_anew() -> None:
    """The digests take the place of those that were left, and the owner is told."""
    assert in_full(new_recovery_codes(change(factor=factor()), OFFERED, NOW)) == [
        "yes: RecoveryCodes(codes=(secret aaaa, secret bbbb))",
        "because second_factor.new_recovery_codes; facts: recovery codes 2; policy: accounts.second_factor =",
        "  offered",
        "put SecondFactor(id=a1, version=5, key_id=k1, nonce=n1, begun_at=2026-11-22 12:00,",
        "  confirmed_at=2026-11-22 12:00, last_step=100, recovery=(d1, d2))",
        "put OutboxMessage(id=m1, kind=second_factor_changed, account=a1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    assert in_full(new_recovery_codes(change(), OFFERED, NOW)) == [
        "no: not_found",
        "because second_factor.new_recovery_codes; facts: recovery codes 2; policy: accounts.second_factor =",
        "  offered",
    ]


def test_an_app_goes() -> None:
    """By the client, unless it is required; by staff, with the sessions that wait for it."""
    assert in_full(remove_second_factor(change(factor=factor()), OFFERED, NOW)) == [
        "yes: Ended(sessions=0)",
        "because second_factor.remove; facts: by client; policy: accounts.second_factor = offered",
        "remove SecondFactor a1 (version 5)",
        "put OutboxMessage(id=m1, kind=second_factor_changed, account=a1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    assert in_full(remove_second_factor(change(factor=factor()), REQUIRED, NOW)) == [
        "no: disabled",
        "because second_factor.remove; facts: by client; policy: accounts.second_factor = required",
    ]
    assert in_full(remove_second_factor(change(), OFFERED, NOW)) == [
        "no: not_found",
        "because second_factor.remove; facts: by client; policy: accounts.second_factor = offered",
    ]
    assert in_full(remove_by_staff(LostFactor(account(), factor(), (WAITING,), "m1"), REQUIRED, NOW)) == [
        "yes: Ended(sessions=1)",
        "because second_factor.remove; facts: by staff, waiting 1; policy: accounts.second_factor = required",
        "remove SecondFactor a1 (version 5)",
        "remove Session s1 (version 2)",
        "put OutboxMessage(id=m1, kind=second_factor_changed, account=a1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    assert in_full(remove_by_staff(LostFactor(account(), None, (), "m1"), TIMETAP, NOW)) == [
        "no: not_found",
        "because second_factor.remove; facts: by staff, waiting 0; policy: accounts.second_factor = off",
    ]
