"""What no other test of a rule would miss: each of these was found by taking one thing out and seeing nothing fail."""

from __future__ import annotations

import pytest
from attrs import evolve

from clientportal.decisions import Because, Reason
from clientportal.policy import Proof, SecondFactorUse
from clientportal.records import (
    Account,
    AccountLink,
    Consent,
    GuessCounter,
    Identifier,
    MailedLink,
    MessageKind,
    OutboxMessage,
    Put,
    SecondFactor,
    Session,
)
from clientportal.rules.account_sessions import AccountSight, open_session
from clientportal.rules.asserting import assert_client
from clientportal.rules.changing_email import take_back
from clientportal.rules.claiming import decide_link
from clientportal.rules.erasing import erased
from clientportal.rules.guessing import Lane, judge_lane
from clientportal.rules.linking import unlink
from clientportal.rules.logging_in import judge_offered, uncharge
from clientportal.rules.mailed_links import request_mail
from clientportal.rules.merging_accounts import merge_accounts
from clientportal.rules.proving import accept, prove_and_reset, verify_by_session
from clientportal.rules.sealing import without_words
from clientportal.rules.second_factor import confirm_second_factor
from clientportal.rules.sign_in_links import sign_in_by_link
from clientportal.rules.whose_appointment import How, clear, whose_appointment
from clientportal.rules.whose_booking import HasContact, LoggedOutBooking, match_logged_out
from clientportal.rules.whose_contact import Candidate
from rules import (
    one_account,
    test_asserting,
    test_changing_email,
    test_claiming,
    test_erasing,
    test_merging_accounts,
    test_proving,
    test_second_factor,
    test_sign_in_links,
    test_whose_appointment,
    test_whose_booking,
)
from rules.emails import ACUITY, AGREED, DAY, HERS, HOUR, NOW, TIMETAP, account, put, removed
from rules.one_account import SECOND, TIMELY


def test_staff_taking_a_record_off_ends_the_sessions_that_show_it() -> None:
    """I7: Ana's open browser is logged out by it, and Ben's of the same account is not."""
    ana = test_claiming.ANA.ref
    decision = unlink(test_claiming.leaving(session=None), ana, frozenset({ana}), test_claiming.STRICT, NOW)
    assert removed(decision.changes) == {"s1"}


def test_a_record_that_was_taken_off_is_not_taken_off_again() -> None:
    """Staff are told that it is not linked."""
    ana = test_claiming.ANA.ref
    off = AccountSight(test_claiming.account(), links=(test_claiming.link_to(ana, revoked_at=NOW, revoked_by="mia"),))
    seen = test_claiming.leaving(session=None, sight=off)
    decision = unlink(seen, ana, frozenset({ana}), test_claiming.STRICT, NOW)
    assert test_claiming.reason(decision) is Reason.NOT_LINKED


def test_only_what_was_taken_off_counts_as_taken_off() -> None:
    """Of two links, the one that is revoked."""
    ana, ben = test_claiming.ANA.ref, test_claiming.BEN.ref
    links = (test_claiming.link_to(ana), test_claiming.link_to(ben, revoked_at=NOW))
    assert AccountSight(test_claiming.account(), links=links).revoked == {ben}


def test_of_each_contact_that_was_proved_the_newest_opens() -> None:
    """T4: Ana and Ben share the email, Cy and Dee the number: the newest of each pair, not of all four."""
    ana, ben, cy, dee = (
        test_claiming.person(id, booked=NOW - days * DAY)
        for id, days in zip(("ana", "ben", "cy", "dee"), range(1, 5), strict=True)
    )
    shared = test_claiming.facts({test_claiming.FAMILY: ["ana", "ben"], test_claiming.MOBILE: ["cy", "dee"]})
    verdict = decide_link(shared, (ana, ben, cy, dee), test_claiming.NEWEST)
    assert sorted(test_claiming.refs(verdict)[0]) == ["ana", "cy"]


@pytest.mark.requirement("A16")
def test_a_proof_in_the_registering_session_makes_the_email_its_own() -> None:
    """The account and the identifier are proved, the link is used up, the password stays."""
    writes = verify_by_session(test_proving.proving(), ACUITY, NOW).changes
    assert [(one.id, one.proved_at, one.waiting) for one in put(writes, Account)] == [("eve", NOW, None)]
    assert [(one.id, one.account, one.proved_at) for one in put(writes, Identifier)] == [(HERS, "eve", NOW)]
    assert [(one.id, one.spent) for one in put(writes, MailedLink)] == [("eve-verify", True)]


@pytest.mark.requirement("A8")
def test_a_first_proof_by_a_sign_in_link_brings_what_was_booked_before() -> None:
    """As every other first proof does; without it a second login brings nothing."""
    first = test_sign_in_links.signing_in(Identifier(id=HERS, account="ana"))
    seen = evolve(first, assignments=test_proving.BROUGHT)
    assert test_proving.BROUGHT[0] in sign_in_by_link(seen, test_sign_in_links.LINKS, NOW).changes


def test_both_mailboxes_are_told_where_the_earlier_email_has_another_account_by_now() -> None:
    """I8: the thief's and the owner's, in the same commit as the rest."""
    other = test_changing_email.hers(account=account("new", proved_at=NOW - HOUR), mailed=(), identifiers=())
    identifier = Identifier(id=HERS, account="new", proved_at=NOW - HOUR)
    seen = test_changing_email.taking(test_changing_email.stolen(), identifier, other)
    decision = take_back(seen, TIMETAP, NOW)
    messages = put(decision.changes, OutboxMessage)
    assert {(one.kind, one.facts["address"]) for one in messages} == {
        (MessageKind.EMAIL_TAKEN_BACK, "ana@example.com"),
        (MessageKind.EMAIL_TAKEN_BACK, "thief@example.org"),
    }


def test_a_link_that_moves_to_another_account_is_dated_by_the_move() -> None:
    """It is a link of the survivor's since then, and was none before."""
    one = test_merging_accounts.owner("one", links=())
    other = test_merging_accounts.owner("two", links=(test_merging_accounts.link("two", "x"),))
    decision = merge_accounts(test_merging_accounts.merging(one, other), TIMETAP, NOW)
    assert [held.made_at for held in put(decision.changes, AccountLink)] == [NOW]


def test_a_blank_name_is_nobodys_name() -> None:
    """A client whose name nobody knows is not found by typing none."""
    nameless = test_whose_booking.person("nameless", "")
    contact = HasContact(test_whose_booking.EMAIL, (nameless,))
    assert test_whose_booking.whose(test_whose_booking.NAME, " ", contact) is None


def test_a_first_app_keeps_the_secret_that_it_was_begun_with() -> None:
    """Or no code of it would ever be right again, and the owner would be locked out."""
    decision = confirm_second_factor(
        test_second_factor.enrolling(101), one_account.using(one_account.TIMETAP, SecondFactorUse.OFFERED), NOW
    )
    (made,) = put(decision.changes, SecondFactor)
    assert (made.key_id, made.nonce, made.begun_at) == ("k2", "n2", NOW)


@pytest.mark.requirement("A6")
def test_no_password_is_asked_for_where_accounts_log_in_by_code() -> None:
    """There are accounts, and none of them logs in with a password."""
    codes = evolve(one_account.TIMELY, registration=evolve(one_account.TIMELY.registration, accounts=True))
    assert codes.login.proof is Proof.CODE
    assert one_account.reason(judge_offered(codes)) is Reason.DISABLED


@pytest.mark.requirement("X5")
def test_a_claim_opens_what_it_links_and_not_what_needs_another_proof() -> None:
    """Ana has the second number alone; Ben shares the first with her, and is not shown in the session that claims."""
    ana, ben = test_claiming.ANA, test_claiming.BEN
    proof = test_claiming.facts({test_claiming.MOBILE: ["ana", "ben"], test_claiming.OTHER: ["ana"]})
    decision = test_claiming.claimed(proof, ana, ben)
    assert test_claiming.session_in(decision).own == (ana.ref,)
    assert [option.id for option in test_claiming.granted(decision).options] == ["client:ana"]


def test_an_accepted_invitation_proves_the_email() -> None:
    """The identifier and the account are there, proved, and the invitation is used up."""
    writes = accept(test_proving.accepting(), test_proving.HASH, (), TIMETAP, NOW).changes
    assert [one.proved_at for one in put(writes, Account)] == [NOW]
    assert [(one.id, one.proved_at) for one in put(writes, Identifier)] == [(HERS, NOW)]
    assert [(one.id, one.spent) for one in put(writes, MailedLink)] == [("inv", True)]


def test_sessions_end_when_the_policy_says() -> None:
    """After a login, and after the platform's word for a record."""
    lives = TIMELY.sessions
    because = Because("test")
    logged_in = open_session(one_account.sight(), one_account.FRESH, TIMELY, NOW, because)
    trusting = test_asserting.trusting(TIMELY)
    (asserted,) = put(assert_client(test_asserting.asserted(), "SAML", trusting, NOW).changes, Session)
    for opened in (logged_in, asserted):
        assert (opened.idle_until, opened.ends_at) == (NOW + lives.idle_for, NOW + lives.lives_for)


def test_the_notice_of_a_password_that_went_can_still_be_sent() -> None:
    """It is due now, and expires after the life of a notice."""
    first = test_sign_in_links.signing_in(Identifier(id=HERS, account="ana"))
    (notice,) = put(sign_in_by_link(first, test_sign_in_links.LINKS, NOW).changes, OutboxMessage)
    assert (notice.due_at, notice.expires_at) == (NOW, NOW + TIMETAP.messages.notice_life)


def test_the_longest_wait_holds_from_the_moment_it_is_set() -> None:
    """At its first microsecond it ends exactly as far ahead as a wait can; only one further ahead is void."""
    longest = TIMETAP.guesses.longest_wait
    waiting = one_account.counter(consecutive=50, day_count=1, wait_until=NOW + longest)
    assert judge_lane(waiting, TIMETAP, NOW) is Lane.WAIT
    assert judge_lane(evolve(waiting, wait_until=NOW + longest + SECOND), TIMETAP, NOW) is Lane.OPEN


def test_a_try_that_was_never_judged_leaves_a_wait_that_stood_before_it() -> None:
    """As many wrong tries as start a wait are left: the wait stays; one fewer, and there is none."""
    free = TIMETAP.guesses.free_tries
    for run, stays in ((free + 1, True), (free, False)):
        held = one_account.counter(consecutive=run, day_count=run, wait_until=NOW + SECOND)
        (back,) = put(uncharge(held, one_account.tried(run=run), TIMETAP).changes, GuessCounter)
        assert (back.wait_until is not None) is stays


@pytest.mark.requirement("X8")
def test_the_reason_says_whose_it_was_and_on_what_the_answer_rests() -> None:
    """Whose session booked, when the accounts were made, who had what staff clear."""
    booking, held = test_whose_appointment.booking, test_whose_appointment.held
    logged_in = whose_appointment(booking(How.LOGGED_IN, logged_in="maya"), ACUITY)
    assert dict(logged_in.because.facts)["session of"] == "maya"
    before = whose_appointment(booking(How.BEFORE_PROOF, provers=(test_whose_appointment.prover("maya", NOW),)), ACUITY)
    assert dict(before.because.facts)["account created"] == NOW.isoformat()
    assert dict(clear((held("a1", "maya"),), test_whose_appointment.BY).because.facts)["before"] == "maya"
    contact = HasContact(test_whose_booking.EMAIL, (test_whose_booking.ANA,))
    seen = LoggedOutBooking("Ana Kingi", (contact,))
    facts = match_logged_out(seen, test_whose_booking.by(test_whose_booking.NAME)).because.facts
    assert [name for name, _ in facts] == ["contact", "clients that agree"]


def test_a_client_without_a_first_name_is_found_by_no_first_name() -> None:
    """The attack: every name begins with nothing, so whoever knows the email could book as the nameless client."""
    contact = HasContact(test_whose_booking.EMAIL, (test_whose_booking.person("nameless", ""),))
    assert test_whose_booking.whose(test_whose_booking.FIRST, "Ana Kingi", contact) is None


def test_what_was_agreed_to_is_kept_with_an_accepted_invitation() -> None:
    """A1: the edition and the time, for the account that it makes."""
    terms = evolve(TIMETAP, registration=evolve(TIMETAP.registration, consents={"terms": "1"}))
    decision = accept(test_proving.accepting(), test_proving.HASH, (("terms", "1"),), terms, NOW)
    kept = [(one.account, one.document, one.edition, one.at) for one in put(decision.changes, Consent)]
    assert kept == [("new", "terms", "1", NOW)]


def test_the_notice_of_a_fresh_start_can_still_be_sent() -> None:
    """I8: it expires after the life of a notice, and not before it was made."""
    seen = test_proving.as_somebody_else()
    decision = prove_and_reset(seen, test_proving.HASH, AGREED, ACUITY, NOW)
    (notice,) = put(decision.changes, OutboxMessage)
    assert notice.expires_at == NOW + ACUITY.messages.notice_life


def test_no_link_is_mailed_where_there_are_no_accounts() -> None:
    """Timely's clients log in by code: a link would lead nowhere."""
    decision = request_mail(test_sign_in_links.asked(), TIMELY, NOW)
    assert one_account.reason(decision) is Reason.DISABLED
    assert decision.changes == ()


def test_the_platform_hears_what_moved_when_an_email_is_taken_back() -> None:
    """Both events: the records that the owner's other account sees from now on, and the email."""
    other = test_changing_email.hers(account=account("new", proved_at=NOW - HOUR), mailed=(), identifiers=())
    identifier = Identifier(id=HERS, account="new", proved_at=NOW - HOUR)
    own = test_changing_email.stolen()
    record = test_changing_email.RECORD
    seen = test_changing_email.taking(own, identifier, other)
    seen = evolve(seen, sight=AccountSight(own.account, own.links, sharing=(Candidate(record, (record,)),)))
    assert [event.kind for event in take_back(seen, TIMETAP, NOW).events] == ["linked", "account_email_changed"]


def test_the_session_says_why_it_shows_something_else() -> None:
    """X8: after "this is not me", the reason is that, and no longer the login."""
    decision = test_claiming.not_me("client:ben")
    assert test_claiming.session_in(decision).because == str(decision.because)


def test_what_staff_wrote_goes_also_where_no_rule_gave_a_reason() -> None:
    """X7: "she rang about her divorce" is erased from an audit line that has no other words; a digest is left of it."""
    said = test_erasing.audit(reason="she rang about her divorce", salt="5a17")
    (write,) = erased(test_erasing.held(said))
    assert write == Put(without_words(said))
    assert without_words(said).reason == ""
