"""A client comes in on the platform's word: where the business takes it, and no further than it goes."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Because, Reason
from clientportal.outcomes import SignInStage
from clientportal.policy import Policy, SecondFactorUse
from clientportal.records import Session
from clientportal.rules.asserting import (
    AssertedAccount,
    AssertedClient,
    assert_account,
    assert_client,
    judge_assertion,
)
from clientportal.rules.signing_in import signed_in
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, RecordRef
from rules.one_account import ACUITY, FRESH, NOW, TIMELY, TIMETAP, factor, put, reason, sight, using

REF = RecordRef.client("ana")
HOW = "SAML, Okta"


def trusting(policy: Policy) -> Policy:
    """The same, taking the platform's word."""
    return evolve(policy, registration=evolve(policy.registration, host_assertions=True))


def asserted(**more: Any) -> AssertedClient:
    """The platform vouches for Ana's record."""
    given: dict[str, Any] = {"ref": REF, "speaker": ClientRecord(REF, NOW), "factors": (), "fresh": FRESH}
    return AssertedClient(**given | more)


@pytest.mark.requirement("A4")
def test_nobody_s_word_is_taken_unless_the_business_says_so() -> None:
    """``disabled`` (A4); also where nobody logs in (A6)."""
    assert reason(judge_assertion(ACUITY, HOW)) is Reason.DISABLED  # type: ignore[arg-type]
    assert isinstance(judge_assertion(trusting(ACUITY), HOW), Because)
    off = trusting(evolve(TIMETAP, login=evolve(TIMETAP.login, enabled=False)))
    assert reason(judge_assertion(off, HOW)) is Reason.DISABLED  # type: ignore[arg-type]
    assert reason(assert_client(asserted(), HOW, ACUITY, NOW)) is Reason.DISABLED
    assert reason(assert_account(AssertedAccount(sight(), FRESH), HOW, ACUITY, NOW)) is Reason.DISABLED


def test_staff_read_how_the_platform_knows_and_what_the_business_chose() -> None:
    """In the reason, whether or not its word was taken."""
    said = (("how", HOW),)
    off, on = (("login.enabled", "False"),), (("login.enabled", "True"),)
    distrusted, trusted = (("registration.host_assertions", word) for word in ("False", "True"))
    closed = evolve(TIMETAP, login=evolve(TIMETAP.login, enabled=False))
    for policy, settings in (
        (TIMETAP, (*on, distrusted)),
        (closed, (*off, distrusted)),
        (trusting(closed), (*off, trusted)),
        (trusting(TIMETAP), (*on, trusted)),
    ):
        judged = judge_assertion(policy, HOW)
        because = judged if isinstance(judged, Because) else judged.because
        assert because == Because("asserting.judge_assertion", said, settings)


def test_a_record_is_opened_and_no_contact_is_proved() -> None:
    """Nor is a password shown, nor a device known; ``how`` is in the audit's reason."""
    decision = assert_client(asserted(), HOW, trusting(TIMELY), NOW)
    (opened,) = put(decision, Session)
    assert (opened.entry, opened.own, opened.identity) == ("client:ana", (REF,), "email:digest")
    assert (opened.confirmed_at, opened.device, opened.account) == (None, None, None)
    assert HOW in str(decision.because)
    assert len(decision.changes) == 1


def test_a_session_on_the_platform_s_word_lives_as_long_as_any_other_and_says_on_what_it_rests() -> None:
    """Opened now, for the days that the policy gives; the reason is kept with it, and the caller gets its token."""
    policy = trusting(TIMELY)
    decision = assert_client(asserted(), HOW, policy, NOW)
    expected = Session(
        id="digest",
        entry="client:ana",
        own=(REF,),
        identity="email:digest",
        opened_at=NOW,
        used_at=NOW,
        idle_until=NOW + policy.sessions.idle_for,
        ends_at=NOW + policy.sessions.lives_for,
        because=str(judge_assertion(policy, HOW)),
    )
    assert put(decision, Session) == [expected]
    assert decision.outcome == signed_in(FRESH, expected)


def test_a_record_that_is_not_usable_is_as_good_as_absent() -> None:
    """Staff, inactive ones, and those that are gone."""
    for speaker in (None, ClientRecord(REF, NOW, usable=False)):
        assert reason(assert_client(asserted(speaker=speaker), HOW, trusting(TIMELY), NOW)) is Reason.NOT_FOUND


def test_no_word_passes_a_second_factor() -> None:
    """A record that an app guards is not opened; an account's session still has to show its app's code."""
    offered, required = (using(trusting(TIMETAP), use) for use in (SecondFactorUse.OFFERED, SecondFactorUse.REQUIRED))
    guarded = asserted(factors=(factor(),))
    assert reason(assert_client(guarded, HOW, offered, NOW)) is Reason.SECOND_FACTOR_FIRST
    assert reason(assert_client(asserted(), HOW, required, NOW)) is Reason.SECOND_FACTOR_FIRST
    assert reason(assert_client(asserted(factors=(factor(confirmed_at=None),)), HOW, offered, NOW)) is None
    decision = assert_account(AssertedAccount(sight(second_factor=factor()), FRESH), HOW, offered, NOW)
    assert decision.outcome.stage is SignInStage.SECOND_FACTOR  # type: ignore[union-attr]


def test_an_account_of_a_merged_record_is_called_as_staff_call_it() -> None:
    """The session is for the record that was linked, and its client is told who speaks for it today."""
    old, ana = (ClientRecord(RecordRef.client(id), NOW) for id in ("old", "ana"))
    merged = sight(linked=(Candidate(ana, (ana, old), having=(old.ref,)),))
    decision = assert_account(AssertedAccount(merged, FRESH), HOW, trusting(TIMETAP), NOW)
    assert [one.entry for one in put(decision, Session)] == ["client:old"]
    assert decision.outcome.record == ana.ref  # type: ignore[union-attr]


def test_an_account_is_opened_as_if_its_password_had_been_right() -> None:
    """But it was not shown; and an account that is not there is not found."""
    decision = assert_account(AssertedAccount(sight(), FRESH), HOW, trusting(TIMETAP), NOW)
    (opened,) = put(decision, Session)
    assert (opened.account, opened.confirmed_at, opened.device) == ("a1", None, None)
    assert opened.because == str(judge_assertion(trusting(TIMETAP), HOW))
    assert reason(assert_account(AssertedAccount(None, FRESH), HOW, trusting(TIMETAP), NOW)) is Reason.NOT_FOUND
    assert reason(assert_account(AssertedAccount(sight(), FRESH), HOW, trusting(TIMELY), NOW)) is Reason.NOT_FOUND
