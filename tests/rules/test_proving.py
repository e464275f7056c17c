"""Proving an email: by the same person, as somebody else, invited; and what each leaves."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason, Refusal
from clientportal.outcomes import ResetDone, SignedIn, SignInStage
from clientportal.policy import RegisterFrom, SecondFactorUse, presets
from clientportal.records import (
    Account,
    AccountLink,
    AccountOrigin,
    Assignment,
    Consent,
    Credential,
    GuessCounter,
    Identifier,
    LinkEvidence,
    MailedLink,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    Put,
    Session,
    Stage,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.first_proof import Unproved
from clientportal.rules.logging_in import Tried
from clientportal.rules.proving import (
    Accepting,
    Guessed,
    Guessing,
    Proving,
    TypedIn,
    accept,
    account_of_proof,
    charge_try,
    prove_and_reset,
    reset,
    verify_by_code,
    verify_by_password,
    verify_by_session,
)
from clientportal.rules.signing_in import SignIn, Verdict
from clientportal.values import RecordRef, Secret
from rules.emails import (
    ACUITY,
    AGREED,
    ANA,
    DAY,
    FRESH,
    HERS,
    NOW,
    TIMETAP,
    account,
    challenge,
    everything,
    mailed,
    put,
    removed,
    session,
)

HASH = Secret("$argon2id$new")
MINE = Identifier(id=HERS, account="eve", proved_at=NOW - DAY)
BROUGHT = (Put(Assignment(id="a1", account="eve", ref="client:ana", at=NOW, actor="account:eve")),)


def proving(**more: Any) -> Proving:
    """The registration is about to be proved."""
    held = everything("eve")
    given: dict[str, Any] = {
        "unproved": Unproved(ANA, None, (held,)), "account": held.account, "fresh": FRESH, "link": mailed("eve-verify"),
        "sight": AccountSight(evolve(held.account, proved_at=NOW)), "session": held.sessions[0], "notice_id": "m9",
        "assignments": BROUGHT,
    }  # fmt: skip
    return Proving(**given | more)


def reason(decision: Any) -> Reason:
    """Why not."""
    assert isinstance(decision.outcome, Refusal)
    return decision.outcome.reason


# --- the same person -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A16")
def test_the_registering_session_goes_on_under_a_new_token() -> None:
    """The old one goes, the password stays, what was booked before comes along."""
    decision = verify_by_session(proving(), ACUITY, NOW)
    assert isinstance(decision.outcome, SignedIn)
    assert decision.outcome.token == FRESH.token
    (opened,) = put(decision.changes, Session)
    assert (opened.id, opened.device, opened.stage) == ("digest", "device:n", Stage.OPEN)
    assert removed(decision.changes) == {"eve-s"}
    assert BROUGHT[0] in decision.changes


@pytest.mark.parametrize("stage", [Stage.SECOND_FACTOR, Stage.ENROLLING])
def test_the_mailbox_is_no_second_factor(stage: Stage) -> None:
    """What the session had still to pass, it has still to pass."""
    seen = proving(session=session("eve-s", stage=stage))
    (opened,) = put(verify_by_session(seen, ACUITY, NOW).changes, Session)
    assert opened.stage is stage


@pytest.mark.parametrize(
    "more",
    [
        {"unproved": Unproved(ANA, Identifier(id=HERS, account="ana"), ())},
        {"session": None},
        {"account": account("eve", email="email:renamed@example.com")},
    ],
    ids=["another's by now", "no session", "renamed meanwhile"],
)
def test_a_proof_that_comes_too_late_is_gone(more: dict[str, Any]) -> None:
    """The address is another account's by now, the session is gone, or the account has another address."""
    decision = verify_by_session(proving(**more), ACUITY, NOW)
    assert reason(decision) is Reason.LINK_GONE
    assert decision.changes == ()


def typed(verdict: Verdict, **more: Any) -> TypedIn:
    """A code, typed into the session."""
    given = {"proving": proving(link=None) if verdict is Verdict.RIGHT else None} | more
    return TypedIn(SignIn(challenge("eve-code"), None, verdict, FRESH), **given)


def test_a_right_code_proves_as_a_link_does_and_is_used_up() -> None:
    """The session goes on; the code is spent."""
    decision = verify_by_code(typed(Verdict.RIGHT), ACUITY, NOW)
    assert decision.granted
    (spent,) = [one for one in decision.changes if one.record.id == "eve-code"]
    assert spent.record.spent  # type: ignore[attr-defined]


def test_a_wrong_code_is_counted_and_a_right_one_that_comes_too_late_is_used_up() -> None:
    """Neither proves anything."""
    wrong = verify_by_code(typed(Verdict.WRONG), ACUITY, NOW)
    assert reason(wrong) is Reason.CODE_WRONG
    assert put(wrong.changes, GuessCounter)[0].day_count == 1
    late = verify_by_code(typed(Verdict.RIGHT, proving=proving(session=None)), ACUITY, NOW)
    assert reason(late) is Reason.CODE_GONE
    assert [one.record.id for one in late.changes] == ["eve-code"]
    assert reason(verify_by_code(typed(Verdict.RIGHT, proving=None), ACUITY, NOW)) is Reason.CODE_GONE


# --- its password ----------------------------------------------------------------------------------------------------


def counter(**more: Any) -> GuessCounter:
    """Tries so far."""
    return GuessCounter(**{"id": f"{HERS}|verify", "identity": HERS, "day_began": NOW} | more)


HERS_NOW = Credential(id="eve", hash=Secret("h"), set_at=NOW - DAY, set_by="client")


def test_a_try_is_charged_before_it_is_judged_and_given_back_when_it_was_right() -> None:
    """Counted as wrong first; a right one takes its own count back, and logs in."""
    charged = charge_try(Guessing(ANA, "verify", counter(day_count=2), "eve", HERS_NOW), ACUITY, NOW)
    assert charged.outcome == Guessed(Tried(HERS, "verify", "eve", HERS_NOW, charged_in=NOW, run=1))
    (counted,) = put(charged.changes, GuessCounter)
    assert counted.day_count == 3
    right = verify_by_password(proving(session=None), counted, NOW, ACUITY, NOW)
    assert isinstance(right.outcome, SignedIn)
    assert put(right.changes, GuessCounter)[0].day_count == 2
    assert put(right.changes, Session)[0].confirmed_at == NOW
    assert "eve-s" not in removed(right.changes)
    assert put(verify_by_password(proving(), None, NOW, ACUITY, NOW).changes, GuessCounter) == []


def test_a_try_that_was_charged_yesterday_is_not_given_back_to_today() -> None:
    """Another day has begun while it was hashed: its tries are none of this one's."""
    today = counter(day_count=2)
    right = verify_by_password(proving(session=None), today, NOW - DAY, ACUITY, NOW)
    assert put(right.changes, GuessCounter)[0].day_count == 2


def test_a_call_that_was_answered_is_not_charged_again() -> None:
    """Its charge was made then."""
    asked = charge_try(Guessing(ANA, "verify", counter(stopped=True), known=True), ACUITY, NOW)
    assert isinstance(asked.outcome, Guessed)
    assert (asked.outcome.charged, asked.outcome.tried.hash, asked.changes) == (False, None, ())


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (counter(stopped=True), Reason.STOPPED),
        (counter(day_count=20), Reason.TOO_MANY_TRIES),
        (counter(wait_until=NOW + ACUITY.guesses.first_wait), Reason.WAIT),
    ],
)
def test_a_used_up_budget_is_not_charged(held: GuessCounter, why: Reason) -> None:
    """And nothing is looked at."""
    decision = charge_try(Guessing(ANA, "verify", held), ACUITY, NOW)
    assert (reason(decision), decision.changes) == (why, ())


def test_the_right_password_comes_too_late_for_anothers_address() -> None:
    """The link is gone; the charge stays."""
    seen = proving(unproved=Unproved(ANA, Identifier(id=HERS, account="ana"), ()))
    assert reason(verify_by_password(seen, counter(), NOW, ACUITY, NOW)) is Reason.LINK_GONE


# --- somebody else ---------------------------------------------------------------------------------------------------

NEW = account_of_proof("new", ANA, "ana@example.com", AccountOrigin.RESET, NOW)


def as_somebody_else(**more: Any) -> Proving:
    """Ana has the mailbox, Eve has registered."""
    return proving(**{"account": NEW, "sight": AccountSight(NEW), "session": None} | more)


def test_the_mailboxs_owner_starts_afresh() -> None:
    """Eve's account goes with all of it; Ana's is new, agreed to by herself, and she is told (I8)."""
    decision = prove_and_reset(as_somebody_else(), HASH, AGREED, ACUITY, NOW)
    assert decision.outcome == ResetDone(True, device=FRESH.device, account="new")
    assert {"eve", "eve-s", "eve-a1"} <= removed(decision.changes)
    assert [one.id for one in put(decision.changes, Account)] == ["new"]
    assert {one.account for one in put(decision.changes, Consent)} == {"new"}
    assert [one.kind for one in put(decision.changes, OutboxMessage)] == [MessageKind.PASSWORD_CHANGED]
    assert put(decision.changes, Session) == []


@pytest.mark.parametrize(
    ("more", "agreed", "policy", "why"),
    [
        ({"unproved": Unproved(ANA, MINE, ())}, AGREED, ACUITY, Reason.LINK_GONE),
        ({"link": None}, AGREED, ACUITY, Reason.LINK_GONE),
        ({}, (), ACUITY, Reason.CONSENT_MISSING),
        ({}, AGREED, evolve(ACUITY, login=evolve(ACUITY.login, enabled=False)), Reason.DISABLED),
        ({}, AGREED, presets.timely(), Reason.DISABLED),
    ],
)
def test_when_there_is_no_fresh_start(more: dict[str, Any], agreed: Any, policy: Any, why: Reason) -> None:
    """The address has an account, there is no link, a consent is missing, or it is switched off: nothing is written."""
    decision = prove_and_reset(as_somebody_else(**more), HASH, agreed, policy, NOW)
    assert (reason(decision), decision.changes) == (why, ())


@pytest.mark.requirement("A3")
def test_a_reset_of_a_proved_account_keeps_the_account_and_its_second_factor() -> None:
    """Password replaced, everything under way ended, others that typed the address forgotten, and nobody logged in."""
    mine, other = everything("eve"), everything("mallory")
    link = mailed("reset", MailPurpose.RESET, account=None)
    sign_in = mailed("sign-in", MailPurpose.SIGN_IN, account=None)
    claim = mailed("claim", MailPurpose.CLAIM, account=None)
    seen = proving(
        unproved=Unproved(ANA, MINE, (mine, other), (link, sign_in, claim, mine.mailed[0], other.mailed[0])), link=link
    )
    decision = reset(seen, HASH, (), ACUITY, NOW)
    assert decision.outcome == ResetDone(False, device=FRESH.device, account="eve")
    gone = removed(decision.changes)
    assert {"eve-s", "eve-code", "eve-verify", "sign-in", "mallory", "mallory-verify"} <= gone
    assert not {"claim", "reset", "eve-revert"} & gone
    removed_kinds = {(type(w.record).__name__, w.record.id) for w in decision.changes if not isinstance(w, Put)}
    assert ("SecondFactor", "eve") not in removed_kinds
    assert [one.version for one in put(decision.changes, Credential)] == [4]
    assert [one.spent for one in put(decision.changes, MailedLink)] == [True]
    ids = [(type(one.record).__name__, one.record.id) for one in decision.changes]
    assert len(ids) == len(set(ids)), "a store accepts it"
    assert put(decision.changes, Session) == []


def test_a_reset_of_an_account_that_nobody_has_proved_wipes_it_and_keeps_what_it_shows() -> None:
    """The platform brought it along: its links stay, its second factor and password do not."""
    held = everything("eve", credential=None)
    seen = proving(unproved=Unproved(ANA, evolve(MINE, proved_at=None), (held,)))
    decision = reset(seen, HASH, (), ACUITY, NOW)
    assert decision.outcome == ResetDone(True, device=FRESH.device, account="eve")
    kinds = {(type(w.record).__name__, w.record.id) for w in decision.changes if not isinstance(w, Put)}
    assert ("SecondFactor", "eve") in kinds
    assert not {name for name, _ in kinds} & {"AccountLink", "Assignment", "Account"}
    assert put(decision.changes, Identifier)[0].proved_at == NOW


@pytest.mark.requirement("TT3")
def test_a_first_password_for_a_client_and_for_nobody() -> None:
    """A client's where anybody may register; whoever registered already; else the link is gone."""
    nobody = as_somebody_else(unproved=Unproved(ANA, None, ()))
    assert reason(reset(nobody, HASH, (), TIMETAP, NOW)) is Reason.LINK_GONE
    done = ResetDone(True, device=FRESH.device, account="new")
    assert reset(evolve(nobody, records=True), HASH, (), TIMETAP, NOW).outcome == done
    closed = evolve(TIMETAP, registration=evolve(TIMETAP.registration, register_from=RegisterFrom.NOWHERE))
    assert reason(reset(evolve(nobody, records=True), HASH, (), closed, NOW)) is Reason.LINK_GONE
    assert reset(as_somebody_else(), HASH, (), closed, NOW).outcome == done


STRANGERS = GuessCounter(
    id=f"{HERS}|strangers", identity=HERS, day_began=NOW, day_count=20, consecutive=100, stopped=True
)
LIFTED = evolve(STRANGERS, consecutive=0, stopped=False)


@pytest.mark.parametrize(
    "identifier",
    [None, MINE, evolve(MINE, proved_at=None)],
    ids=["first password", "proved", "brought along by the platform"],
)
def test_a_reset_ends_the_run_of_strangers_guesses(identifier: Identifier | None) -> None:
    """V6.6.3: the mailbox is another proved identifier; the day's count stays."""
    seen = proving(unproved=Unproved(ANA, identifier, (everything("eve"),)), runs=(STRANGERS,))
    assert put(reset(seen, HASH, (), TIMETAP, NOW).changes, GuessCounter) == [LIFTED]


def test_a_registration_that_is_disowned_and_an_invitation_end_it_too() -> None:
    """Both prove the mailbox."""
    disowned = prove_and_reset(as_somebody_else(runs=(STRANGERS,)), HASH, AGREED, ACUITY, NOW)
    assert put(disowned.changes, GuessCounter) == [LIFTED]
    assert put(accept(accepting(runs=(STRANGERS,)), HASH, (), TIMETAP, NOW).changes, GuessCounter) == [LIFTED]


# --- invited ---------------------------------------------------------------------------------------------------------


def accepting(theirs: bool = True, **more: Any) -> Accepting:
    """Mia has invited Ana."""
    link = mailed("inv", MailPurpose.INVITATION, account=None)
    given = {"link": link, "unproved": Unproved(ANA, None, ())} | more
    return Accepting(as_somebody_else(**given), RecordRef.client("ana"), "staff:mia", theirs)


def test_an_accepted_invitation_is_an_account_linked_by_staff_and_logged_in() -> None:
    """The link names Mia; the second factor, where it is required, comes next."""
    required = evolve(TIMETAP, accounts=evolve(TIMETAP.accounts, second_factor=SecondFactorUse.REQUIRED))
    for policy, stage in ((TIMETAP, SignInStage.DONE), (required, SignInStage.ENROL)):
        decision = accept(accepting(), HASH, (), policy, NOW)
        assert isinstance(decision.outcome, SignedIn)
        assert decision.outcome.stage is stage
        (link,) = put(decision.changes, AccountLink)
        assert (link.account, link.ref, link.evidence, link.actor) == (
            "new",
            "client:ana",
            LinkEvidence.STAFF,
            "staff:mia",
        )


@pytest.mark.parametrize(
    ("seen", "agreed", "policy", "why"),
    [
        (accepting(unproved=Unproved(ANA, MINE, ())), (), TIMETAP, Reason.LINK_GONE),
        (accepting(theirs=False), (), TIMETAP, Reason.LINK_GONE),
        (accepting(link=None), (), TIMETAP, Reason.LINK_GONE),
        (accepting(), AGREED, ACUITY, Reason.DISABLED),
        (
            accepting(),
            (),
            evolve(TIMETAP, registration=evolve(TIMETAP.registration, consents={"terms": "1"})),
            Reason.CONSENT_MISSING,
        ),
    ],
)
def test_an_invitation_that_is_not_good_any_more(seen: Accepting, agreed: Any, policy: Any, why: Reason) -> None:
    """The address has an account, the record has another address, staff may not register anybody, a consent is
    missing: nothing is written."""
    decision = accept(seen, HASH, agreed, policy, NOW)
    assert (reason(decision), decision.changes) == (why, ())


def test_an_invitation_takes_an_imported_account_over() -> None:
    """Its link to the record is made anew by staff, what it has agreed to stands."""
    held = everything("eve")
    link = AccountLink(
        id="eve|client:ana",
        version=3,
        account="eve",
        ref="client:ana",
        evidence=LinkEvidence.HOST,
        made_at=NOW,
        actor="x",
    )
    held = evolve(held, links=(*held.links, link))
    unproved = Unproved(ANA, evolve(MINE, proved_at=None), (held,))
    seen = accepting(unproved=unproved, account=held.account, sight=AccountSight(evolve(held.account, proved_at=NOW)))
    decision = accept(seen, HASH, (), TIMETAP, NOW)
    assert decision.granted
    assert [one.version for one in put(decision.changes, AccountLink)] == [3]
