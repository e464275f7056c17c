"""A password is tried: charged first, judged without a word, and given back where it was right."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Because, Reason
from clientportal.outcomes import SignInStage
from clientportal.policy import Policy, SecondFactorUse
from clientportal.records import Credential, GuessCounter, MessageKind, OutboxMessage, Session
from clientportal.rules.guessing import STRANGERS
from clientportal.rules.logging_in import (
    LoggingIn,
    StepUp,
    Trying,
    again_logged_in,
    charge_try,
    count_failure,
    judge_offered,
    lane_for,
    log_in,
    login_failed,
    needs_step_up,
    step_up,
    uncharge,
    whose_password,
)
from clientportal.rules.mailed_links import Mailing, where_to_mail
from clientportal.rules.signing_in import signed_in
from clientportal.rules.whom_to_tell import Drop, Tell
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, RecordRef, mask
from rules.one_account import (
    ACUITY,
    ANA,
    DAY,
    EMAIL,
    FRESH,
    HASH,
    MINUTE,
    NOW,
    SECOND,
    STRONGER,
    TIMELY,
    TIMETAP,
    account,
    counter,
    credential,
    factor,
    matched,
    put,
    reason,
    removed,
    session,
    sight,
    tried,
    using,
)


def trying(**more: Any) -> Trying:
    """A stranger types Ana's email and something."""
    given: dict[str, Any] = {
        "identity": ANA, "lane": STRANGERS, "account": account(), "credential": credential(), "counter": None,
    }  # fmt: skip
    return Trying(**given | more)


def off(policy: Policy) -> Policy:
    """The same with login switched off."""
    return evolve(policy, login=evolve(policy.login, enabled=False))


@pytest.mark.requirement("A6")
@pytest.mark.requirement("TT2")
def test_where_nobody_logs_in_with_a_password_nothing_is_offered() -> None:
    """Login off, or by code: ``disabled``, with the settings that say so."""
    assert judge_offered(ACUITY) is None
    assert judge_offered(TIMETAP) is None
    assert reason(judge_offered(off(ACUITY))) is Reason.DISABLED
    assert reason(judge_offered(TIMELY)) is Reason.DISABLED
    for policy, enabled, proof, accounts in (
        (off(ACUITY), "False", "password", "True"),
        (TIMELY, "True", "code", "False"),
    ):
        refusal = judge_offered(policy)
        assert refusal is not None
        settings = (("login.enabled", enabled), ("login.proof", proof), ("registration.accounts", accounts))
        assert refusal.because == Because("logging_in.judge_offered", (), settings)


@pytest.mark.requirement("A3")
def test_the_alert_says_nothing_but_that_it_failed() -> None:
    """No fact, no setting, no time: the same value for every cause."""
    assert login_failed() == login_failed()
    assert login_failed().reason is Reason.LOGIN_FAILED
    assert login_failed().because == Because("logging_in.login_failed")


# --- whose password --------------------------------------------------------------------------------------------------


def test_an_email_logs_in_to_its_owner() -> None:
    """And to nobody where it has none."""
    assert whose_password(ANA, account(), None) == account()
    assert whose_password(ANA, None, None) is None


def test_a_registration_logs_in_where_it_was_made_whoever_owns_the_email() -> None:
    """Else its maker would learn that the email has an account; a proved one, or of another email, is no such."""
    mine = account(id="e1", proved_at=None)
    assert whose_password(ANA, account(), mine) == mine
    assert whose_password(ANA, account(), evolve(mine, proved_at=NOW)) == account()
    assert whose_password(ANA, account(), evolve(mine, email="email:eve@example.com")) == account()
    assert whose_password(ANA, None, mine) == mine


def test_a_device_has_a_lane_for_the_account_it_knows_and_no_other() -> None:
    """A hundred registrations with a victim's email are no hundred lanes to guess the victim's password in."""
    assert lane_for("device:1", None, account()) == "device:1"
    assert lane_for("device:1", "a1", account(), account()) == "device:1"
    assert lane_for("device:1", "e1", account(), account()) == STRANGERS
    assert lane_for("device:1", "e1", None) == STRANGERS


def test_a_registration_that_does_not_own_the_email_ends_no_run_of_strangers() -> None:
    """Eve logs in to a registration of her own with Ana's email: in a lane about that registration alone."""
    mine = account(id="e1", proved_at=None)
    assert lane_for(STRANGERS, "e1", mine, account()) == "device:e1"
    assert lane_for(STRANGERS, "e1", mine, None) == "device:e1"


# --- charging --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A3")
def test_a_try_is_charged_before_it_is_judged_known_or_not() -> None:
    """The same one write, whether or not anybody has the email; it counts as wrong from now on."""
    known = charge_try(trying(), TIMETAP, NOW)
    unknown = charge_try(trying(account=None, credential=None), TIMETAP, NOW)
    assert known.changes == unknown.changes
    (charged,) = put(known, GuessCounter)
    assert (charged.day_count, charged.consecutive) == (1, 1)
    assert known.because == unknown.because
    assert known.outcome.hash == HASH  # type: ignore[union-attr]
    assert unknown.outcome.hash is None  # type: ignore[union-attr]
    device = charge_try(trying(lane="device:1"), TIMETAP, NOW)
    settings = (("guesses.per_day", "20"), ("guesses.stop_after", "100"))
    for decision, lane in ((unknown, "strangers"), (device, "known device")):
        said = (("email", mask("ana@example.com")), ("lane", lane))
        assert decision.because == Because("logging_in.charge_try", said, settings)


def test_what_was_charged_is_known_until_it_is_judged() -> None:
    """To which email, lane and day, the how many in a row it is, and by which hash of whose account it is judged."""
    began = NOW - 3 * MINUTE
    seen = counter(day_began=began, day_count=2, consecutive=2)
    decision = charge_try(trying(counter=seen), TIMETAP, NOW)
    assert decision.outcome == tried(charged_in=began, run=3)
    assert put(decision, GuessCounter) == [counter(day_began=began, day_count=3, consecutive=3)]
    nobody = charge_try(trying(lane="device:1", account=None, credential=None), TIMETAP, NOW)
    assert nobody.outcome == tried(lane="device:1", account=None, credential=None)
    first = GuessCounter(
        id=f"{EMAIL}|device:1", identity=EMAIL, day_began=NOW, day_count=1, consecutive=1, wait_until=None
    )
    assert put(nobody, GuessCounter) == [first]


@pytest.mark.parametrize(
    ("seen", "said", "again"),
    [
        (counter(wait_until=NOW + MINUTE), Reason.WAIT, NOW + MINUTE),
        (counter(day_count=20), Reason.TOO_MANY_TRIES, NOW + DAY),
        (counter(stopped=True), Reason.STOPPED, None),
    ],
)
def test_a_lane_without_tries_reveals_nothing_and_charges_nothing(seen: GuessCounter, said: Reason, again: Any) -> None:
    """Whether or not anybody has the email, with the time where time heals it."""
    for who in (account(), None):
        decision = charge_try(trying(account=who, counter=seen), TIMETAP, NOW)
        assert reason(decision) is said
        assert decision.outcome.retry_at == again  # type: ignore[union-attr]
        assert decision.changes == ()


def test_a_wrong_password_leaves_the_charge_and_tells_the_owner_at_the_tenth() -> None:
    """To the email as it was typed; nothing is written for the others."""
    assert count_failure(tried(), "log_in", "m", TIMETAP, NOW).changes == ()
    unknown = count_failure(tried(run=10, account=None, credential=None), "log_in", "m", TIMETAP, NOW)
    (told,) = put(unknown, OutboxMessage)
    assert (told.id, told.kind, told.to) == ("m", MessageKind.GUESSES_WARNING, EMAIL)
    settings = (("guesses.warn_at", "10"),)
    facts = (("at", "log_in"), ("account", "none"), ("in a row", "10"))
    assert unknown.because == Because("logging_in.count_failure", facts, settings)
    known = count_failure(tried(run=3), "step_up", "m", TIMETAP, NOW)
    facts = (("at", "step_up"), ("account", "a1"), ("in a row", "3"))
    assert known.because == Because("logging_in.count_failure", facts, settings)


def test_the_warning_goes_to_whoever_proved_the_email_and_to_nobody_else() -> None:
    """Who that is, is looked up when it leaves; an account that somebody merely made is told nothing."""
    (told,) = put(count_failure(tried(run=10), "log_in", "m", TIMETAP, NOW), OutboxMessage)
    assert where_to_mail(Mailing(told, owner=account()), TIMETAP, NOW) == Tell(False, "Ana@example.com", False)
    assert isinstance(where_to_mail(Mailing(told, owner=account(proved_at=None)), TIMETAP, NOW), Drop)
    assert isinstance(where_to_mail(Mailing(told), TIMETAP, NOW), Drop)


def test_what_was_never_judged_is_no_try() -> None:
    """The charge goes back exactly, with what it alone brought about; another day's count is left alone."""
    assert uncharge(None, tried(), TIMETAP).changes == ()
    charged = charge_try(trying(counter=counter(day_count=7, consecutive=99)), TIMETAP, NOW)
    (seen,) = put(charged, GuessCounter)
    assert seen.stopped
    (back,) = put(uncharge(seen, tried(), TIMETAP), GuessCounter)
    assert (back.day_count, back.consecutive, back.stopped) == (7, 99, False)
    assert back.wait_until is not None
    (other,) = put(uncharge(evolve(seen, day_began=NOW + DAY, consecutive=1), tried(), TIMETAP), GuessCounter)
    assert (other.day_count, other.consecutive, other.wait_until) == (8, 0, None)
    only = uncharge(counter(day_count=1, consecutive=1), tried(), TIMETAP)
    assert put(only, GuessCounter) == [counter()]
    assert only.because == Because("logging_in.uncharge", (("judged", "no"),))
    waiting = counter(consecutive=6, wait_until=NOW + MINUTE)
    (fifth,) = put(uncharge(waiting, tried(), TIMETAP), GuessCounter)
    assert (fifth.consecutive, fifth.wait_until) == (5, NOW + MINUTE), "the fifth in a row waits by itself"
    (stopped,) = put(uncharge(counter(day_count=8, consecutive=101, stopped=True), tried(), TIMETAP), GuessCounter)
    assert (stopped.consecutive, stopped.stopped) == (100, True), "the hundredth before it had stopped the lane"


@given(st.integers(0, 19), st.integers(0, 99), st.integers(1, 3))
def test_no_number_of_tries_and_returns_leaves_fewer_than_there_were(day: int, run: int, tries: int) -> None:
    """However many are charged and not judged, the counts end where they began."""
    seen: GuessCounter | None = counter(day_count=day, consecutive=run)
    for _ in range(tries):
        decision = charge_try(trying(counter=evolve(seen, wait_until=None, stopped=False, day_count=0)), TIMETAP, NOW)
        (charged,) = put(decision, GuessCounter)
        (seen,) = put(uncharge(charged, tried(), TIMETAP), GuessCounter)
    assert seen is not None
    assert seen.consecutive == run


# --- what the right one opens ----------------------------------------------------------------------------------------


def logging_in(**more: Any) -> LoggingIn:
    """The password was right."""
    given: dict[str, Any] = {
        "matched": matched(), "credential": credential(), "counter": counter(day_count=3, consecutive=3),
        "sight": sight(), "fresh": FRESH,
    }  # fmt: skip
    return LoggingIn(**given | more)


@pytest.mark.requirement("A3")
def test_a_right_password_opens_a_session_and_gives_the_charge_back() -> None:
    """The run of failures ends; the session knows that the password was shown."""
    decision = log_in(logging_in(), TIMETAP, NOW)
    (opened,) = put(decision, Session)
    assert (opened.id, opened.account, opened.confirmed_at, opened.device) == ("digest", "a1", NOW, "device:2")
    assert put(decision, GuessCounter) == [counter(day_count=2)]
    assert put(decision, Credential) == []
    assert decision.outcome.stage is SignInStage.DONE  # type: ignore[union-attr]
    assert put(log_in(logging_in(counter=None), TIMETAP, NOW), GuessCounter) == []


@pytest.mark.parametrize(("proved", "replaced", "said"), [(NOW, None, ("yes", "no")), (None, STRONGER, ("no", "yes"))])
def test_a_session_says_how_it_was_opened(proved: Any, replaced: Any, said: tuple[str, str]) -> None:
    """Whether the email was proved, whether the hash was too weak, and what the policy says of records and apps."""
    seen = logging_in(matched=matched(replacement=replaced), sight=sight(account=account(proved_at=proved)))
    decision = log_in(seen, TIMETAP, NOW)
    assert decision.because == Because(
        "logging_in.log_in",
        (("email", mask("ana@example.com")), ("proved", said[0]), ("hash replaced", said[1])),
        (("login.several", "choose"), ("accounts.second_factor", "off")),
    )
    (opened,) = put(decision, Session)
    assert opened.because == str(decision.because)


def test_who_is_told_is_who_speaks_today_and_the_session_is_for_the_record_that_was_linked() -> None:
    """An undo of the merge takes back what it showed; until then the client is called as staff call them."""
    old, ana = (ClientRecord(RecordRef.client(id), NOW) for id in ("old", "ana"))
    merged = sight(linked=(Candidate(ana, (ana, old), having=(old.ref,)),))
    decision = log_in(logging_in(sight=merged), TIMETAP, NOW)
    assert [one.entry for one in put(decision, Session)] == ["client:old"]
    assert decision.outcome.record == ana.ref  # type: ignore[union-attr]


def test_a_weak_hash_is_replaced_by_compare_and_swap() -> None:
    """Under the version that was compared: a change of the password meanwhile wins."""
    decision = log_in(logging_in(matched=matched(replacement=STRONGER)), TIMETAP, NOW)
    assert put(decision, Credential) == [credential(hash=STRONGER)]


def test_a_second_factor_is_still_to_come() -> None:
    """Or to be set up, where the business requires one."""
    offered = using(TIMETAP, SecondFactorUse.OFFERED)
    decision = log_in(logging_in(sight=sight(second_factor=factor())), offered, NOW)
    assert decision.outcome.stage is SignInStage.SECOND_FACTOR  # type: ignore[union-attr]
    required = log_in(logging_in(), using(TIMETAP, SecondFactorUse.REQUIRED), NOW)
    assert required.outcome.stage is SignInStage.ENROL  # type: ignore[union-attr]
    unproved = log_in(logging_in(sight=sight(account=account(proved_at=None))), TIMETAP, NOW)
    assert ("proved", "no") in unproved.because.facts


def test_the_same_login_again_is_the_same_session_under_a_new_token() -> None:
    """And where it has ended since, it stays ended; the charge goes back either way."""
    again = again_logged_in(logging_in(earlier=session()))
    assert removed(again) == {"s1"}
    assert put(again, Session) == [session(id="digest", version=0)]
    assert again.outcome == signed_in(FRESH, session(id="digest", version=0))
    assert again.because == Because("logging_in.again_logged_in", (("receipt", "found"),))
    stronger = again_logged_in(logging_in(earlier=session(), matched=matched(replacement=STRONGER)))
    assert put(stronger, Credential) == [credential(hash=STRONGER)]
    ended = again_logged_in(logging_in())
    assert reason(ended) is Reason.SESSION_ENDED
    assert put(ended, GuessCounter) == [counter(day_count=2)]


# --- step-up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "now", "needed"),
    [
        (session(), NOW, False),
        (session(), NOW + 10 * MINUTE - SECOND, False),
        (session(), NOW + 10 * MINUTE, True),
        (session(confirmed_at=None), NOW, True),
        (session(used_at=NOW + 10 * MINUTE), NOW, True),
        (session(), NOW - 9 * MINUTE, False),
        (session(), NOW - DAY, True),
        (session(confirmed_at=NOW + DAY), NOW, True),
        (session(confirmed_at=NOW + 10 * MINUTE, used_at=NOW + 10 * MINUTE), NOW, True),
        (session(confirmed_at=NOW + 10 * MINUTE - SECOND, used_at=NOW + 10 * MINUTE), NOW, False),
    ],
)
def test_a_password_shown_is_good_for_ten_minutes(one: Session, now: Any, needed: bool) -> None:
    """By the later of now and the session's last use; one that lies ahead was made by a wrong clock (V7.5.1)."""
    assert needs_step_up(one, TIMETAP, now) is needed


def test_showing_the_password_again_rotates_the_token() -> None:
    """The session goes on, confirmed; the charge goes back."""
    seen = StepUp(matched(), session(confirmed_at=None), credential(), counter(day_count=1, consecutive=1), FRESH)
    decision = step_up(seen, TIMETAP, NOW + MINUTE)
    assert removed(decision) == {"s1"}
    goes_on = session(id="digest", version=0, confirmed_at=NOW + MINUTE, used_at=NOW + MINUTE)
    assert put(decision, Session) == [goes_on]
    assert decision.outcome == signed_in(FRESH, goes_on)
    assert put(decision, GuessCounter) == [counter()]
    assert decision.because == Because("logging_in.step_up", (), (("accounts.step_up_for", "0:10:00"),))
    weak = evolve(seen, matched=matched(replacement=STRONGER))
    assert put(step_up(weak, TIMETAP, NOW), Credential) == [credential(hash=STRONGER)]
