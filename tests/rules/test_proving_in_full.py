"""Proving an email, with everything that is said and written: nothing goes, and nothing stays, without being meant."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.policy import RegisterFrom, presets
from clientportal.records import AccountLink, AccountOrigin, Consent, Identifier, LinkEvidence, MailPurpose, Stage
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.first_proof import Unproved
from clientportal.rules.proving import (
    Guessing,
    accept,
    account_of_proof,
    charge_try,
    prove_and_reset,
    reset,
    verify_by_code,
    verify_by_password,
    verify_by_session,
)
from clientportal.rules.signing_in import Verdict
from rules.emails import (
    ACUITY,
    AGREED,
    ANA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    TIMETAP,
    everything,
    mailed,
    session,
)
from rules.in_full import in_full
from rules.test_proving import (
    HASH,
    HERS_NOW,
    MINE,
    STRANGERS,
    accepting,
    as_somebody_else,
    counter,
    proving,
    typed,
)


def test_the_registering_session() -> None:
    """It goes on with its device and its reason; the link is used up, other links and the waiting are over."""
    assert in_full(verify_by_session(proving(), ACUITY, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-11-24 12:00,",
        "  account=eve)",
        "because proving.verify_by_session; facts: address a•••@example.com",
        "put Account(id=eve, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-22",
        "  12:00, proved_at=2026-11-23 12:00)",
        "put Identifier(id=email:ana@example.com, account=eve, proved_at=2026-11-23 12:00)",
        "put MailedLink(id=eve-verify, purpose=verify, identity=email:ana@example.com,",
        "  address=ana@example.com, account=eve, key_id=k1, created_at=2026-11-23 11:00,",
        "  expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00, spent=True)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "remove Session eve-s (version 0)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  11:00, used_at=2026-11-23 12:00, idle_until=2026-11-24 12:00, ends_at=2026-11-24 12:00,",
        "  device=device:n, account=eve, because=proving.verify_by_session; facts: address a•••@example.com)",
    ]


def test_a_session_that_has_its_second_factor_before_it() -> None:
    """It is nearer to nothing than it was."""
    seen = proving(session=session("eve-s", stage=Stage.SECOND_FACTOR))
    assert in_full(verify_by_session(seen, ACUITY, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=second_factor, expires_at=2026-11-24",
        "  12:00, account=eve)",
        "because proving.verify_by_session; facts: address a•••@example.com",
        "put Account(id=eve, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-22",
        "  12:00, proved_at=2026-11-23 12:00)",
        "put Identifier(id=email:ana@example.com, account=eve, proved_at=2026-11-23 12:00)",
        "put MailedLink(id=eve-verify, purpose=verify, identity=email:ana@example.com,",
        "  address=ana@example.com, account=eve, key_id=k1, created_at=2026-11-23 11:00,",
        "  expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00, spent=True)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "remove Session eve-s (version 0)",
        "put Session(id=digest, stage=second_factor, entry=None, own=(), identity=email:ana@example.com,",
        "  opened_at=2026-11-23 11:00, used_at=2026-11-23 12:00, idle_until=2026-11-24 12:00,",
        "  ends_at=2026-11-24 12:00, device=device:n, account=eve, because=proving.verify_by_session; facts:",
        "  address a•••@example.com)",
    ]


def test_a_proof_that_comes_too_late() -> None:
    """The address is another's: the explanation names neither of them."""
    late = proving(unproved=Unproved(ANA, Identifier(id=str(ANA), account="ana"), ()))
    assert in_full(verify_by_session(late, ACUITY, NOW)) == [
        "no: link_gone",
        "because proving.verify_by_session; facts: address a•••@example.com",
    ]
    assert in_full(verify_by_password(late, None, NOW, ACUITY, NOW)) == [
        "no: link_gone",
        "because proving.verify_by_password; facts: address a•••@example.com, password right",
    ]


def test_a_proof_of_what_is_ones_own_already() -> None:
    """The link was followed in another tab before: the session goes on all the same."""
    again = proving(unproved=Unproved(ANA, MINE, (everything("eve"),)))
    assert verify_by_session(again, ACUITY, NOW).granted


def test_a_code_that_is_typed() -> None:
    """Right: as a link, and used up. Wrong: counted for the account. Too late: used up, and nothing else."""
    assert in_full(verify_by_code(typed(Verdict.RIGHT), ACUITY, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-11-24 12:00,",
        "  account=eve)",
        "because proving.verify_by_session; facts: address a•••@example.com",
        "put Account(id=eve, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-22",
        "  12:00, proved_at=2026-11-23 12:00)",
        "put Identifier(id=email:ana@example.com, account=eve, proved_at=2026-11-23 12:00)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "remove Session eve-s (version 0)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  11:00, used_at=2026-11-23 12:00, idle_until=2026-11-24 12:00, ends_at=2026-11-24 12:00,",
        "  device=device:n, account=eve, because=proving.verify_by_session; facts: address a•••@example.com)",
        "put Challenge(id=eve-code, purpose=verify_email, identity=email:ana@example.com, lane=verify,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00,",
        "  spent=True, bound_to=eve)",
    ]
    assert in_full(verify_by_code(typed(Verdict.WRONG), ACUITY, NOW)) == [
        "no: code_wrong, shown_as=code_wrong",
        "because proving.verify_by_code; facts: code wrong",
        "put Challenge(id=eve-code, purpose=verify_email, identity=email:ana@example.com, lane=verify,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00,",
        "  misses=1, bound_to=eve)",
        "put GuessCounter(id=email:ana@example.com|verify, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=1, consecutive=1)",
    ]
    late = typed(Verdict.RIGHT, proving=proving(session=None))
    assert in_full(verify_by_code(late, ACUITY, NOW)) == [
        "no: code_gone",
        "because proving.verify_by_session; facts: address a•••@example.com",
        "put Challenge(id=eve-code, purpose=verify_email, identity=email:ana@example.com, lane=verify,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00,",
        "  spent=True, bound_to=eve)",
    ]
    assert in_full(verify_by_code(typed(Verdict.RIGHT, proving=None), ACUITY, NOW)) == [
        "no: code_gone",
        "because proving.verify_by_code; facts: code right",
    ]


def test_a_try_of_the_password() -> None:
    """Charged before it is looked at, the first of the day too; what is used up says until when."""
    assert in_full(charge_try(Guessing(ANA, "verify", None, "eve", HERS_NOW), ACUITY, NOW)) == [
        "yes: Guessed(tried=Tried(identity=email:ana@example.com, lane=verify, account=eve,",
        "  credential=Credential(id=eve, hash=secret h, set_at=2026-11-22 12:00, set_by=client),",
        "  charged_in=2026-11-23 12:00, run=1))",
        "because proving.charge_try; facts: address a•••@example.com, password set",
        "put GuessCounter(id=email:ana@example.com|verify, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=1, consecutive=1)",
    ]
    yesterday = counter(day_began=NOW - DAY, day_count=20)
    assert in_full(charge_try(Guessing(ANA, "verify", yesterday), ACUITY, NOW)) == [
        "yes: Guessed(tried=Tried(identity=email:ana@example.com, lane=verify, account=None, credential=None,",
        "  charged_in=2026-11-23 12:00, run=1))",
        "because proving.charge_try; facts: address a•••@example.com, password none",
        "put GuessCounter(id=email:ana@example.com|verify, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=1, consecutive=1)",
    ]
    earlier = counter(day_began=NOW - HOUR, day_count=1)
    assert in_full(charge_try(Guessing(ANA, "verify", earlier), ACUITY, NOW)) == [
        "yes: Guessed(tried=Tried(identity=email:ana@example.com, lane=verify, account=None, credential=None,",
        "  charged_in=2026-11-23 11:00, run=1))",
        "because proving.charge_try; facts: address a•••@example.com, password none",
        "put GuessCounter(id=email:ana@example.com|verify, identity=email:ana@example.com,",
        "  day_began=2026-11-23 11:00, day_count=2, consecutive=1)",
    ]
    known = Guessing(ANA, "verify", counter(stopped=True), "eve", HERS_NOW, known=True)
    assert in_full(charge_try(known, ACUITY, NOW)) == [
        "yes: Guessed(tried=Tried(identity=email:ana@example.com, lane=verify, account=eve,",
        "  credential=Credential(id=eve, hash=secret h, set_at=2026-11-22 12:00, set_by=client),",
        "  charged_in=2026-11-23 12:00, run=0), charged=False)",
        "because proving.charge_try; facts: address a•••@example.com, password set",
    ]
    stopped, over = counter(stopped=True), counter(day_count=20)
    assert in_full(charge_try(Guessing(ANA, "verify", stopped), ACUITY, NOW)) == [
        "no: stopped",
        "because proving.charge_try; facts: address a•••@example.com, password none",
    ]
    assert in_full(charge_try(Guessing(ANA, "verify", over), ACUITY, NOW)) == [
        "no: too_many_tries, retry_at=2026-11-24 12:00",
        "because proving.charge_try; facts: address a•••@example.com, password none",
    ]
    waits = counter(wait_until=NOW + 5 * MINUTE)
    assert in_full(charge_try(Guessing(ANA, "verify", waits), ACUITY, NOW)) == [
        "no: wait, retry_at=2026-11-23 12:05",
        "because proving.charge_try; facts: address a•••@example.com, password none",
    ]


def test_the_right_password_with_the_link() -> None:
    """A new session next to the old one, stepped up; the try goes back to the day that it was charged to."""
    seen = proving(session=None)
    assert len(verify_by_password(seen, None, NOW, ACUITY, NOW).changes) == 5, "nothing to give back"
    assert in_full(verify_by_password(seen, counter(day_count=3), NOW, ACUITY, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  account=eve)",
        "because proving.verify_by_password; facts: address a•••@example.com, password right",
        "put Account(id=eve, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-22",
        "  12:00, proved_at=2026-11-23 12:00)",
        "put Identifier(id=email:ana@example.com, account=eve, proved_at=2026-11-23 12:00)",
        "put MailedLink(id=eve-verify, purpose=verify, identity=email:ana@example.com,",
        "  address=ana@example.com, account=eve, key_id=k1, created_at=2026-11-23 11:00,",
        "  expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00, spent=True)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "put GuessCounter(id=email:ana@example.com|verify, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=2)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00,",
        "  device=device:n, account=eve, confirmed_at=2026-11-23 12:00, because=proving.verify_by_password;",
        "  facts: address a•••@example.com, password right)",
    ]


def test_the_mailboxs_owner_starts_afresh() -> None:
    """All of Eve's goes; what remains was written by Ana."""
    seen = as_somebody_else(runs=(STRANGERS,))
    assert in_full(prove_and_reset(seen, HASH, AGREED, ACUITY, NOW)) == [
        "yes: ResetDone(first=True, device=secret device, account=new)",
        "because proving.prove_and_reset; facts: address a•••@example.com",
        "put Account(id=new, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-23",
        "  12:00, proved_at=2026-11-23 12:00, origin=reset)",
        "put Identifier(id=email:ana@example.com, account=new, proved_at=2026-11-23 12:00)",
        "put Credential(id=new, hash=secret $argon2id$new, set_at=2026-11-23 12:00, set_by=client)",
        "remove Session eve-s (version 0)",
        "remove Credential eve (version 4)",
        "remove SecondFactor eve (version 0)",
        "remove MailedLink eve-revert (version 0)",
        "remove Challenge eve-code (version 0)",
        "remove Identifier email:eve@example.com (version 0)",
        "remove AccountLink eve|client:x (version 0)",
        "remove Assignment eve-a1 (version 0)",
        "remove Consent eve|c (version 0)",
        "remove Account eve (version 0)",
        "put MailedLink(id=eve-verify, purpose=verify, identity=email:ana@example.com,",
        "  address=ana@example.com, account=eve, key_id=k1, created_at=2026-11-23 11:00,",
        "  expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00, spent=True)",
        "put Consent(id=new|5:terms|1, account=new, document=terms, edition=1, at=2026-11-23 12:00)",
        "put Consent(id=new|7:privacy|1, account=new, document=privacy, edition=1, at=2026-11-23 12:00)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "put GuessCounter(id=email:ana@example.com|strangers, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=20)",
        "put OutboxMessage(id=m9, kind=password_changed, to=email:ana@example.com, account=new,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


@pytest.mark.parametrize("rule", [prove_and_reset, reset])
def test_no_fresh_start_without_a_consent(rule: Any) -> None:
    """The refusal is the one of a registration, with the documents that are missing."""
    assert in_full(rule(as_somebody_else(), HASH, (), ACUITY, NOW)) == [
        "no: consent_missing, facts={documents: terms (1), privacy (1)}",
        "because registering.judge_consents; facts: missing terms (1), privacy (1); policy:",
        "  registration.consents = terms 1, privacy 1",
    ]


def test_no_fresh_start_where_it_is_switched_off_or_too_late() -> None:
    """The rule and the address are named, the address masked."""
    off = presets.timely()
    assert in_full(prove_and_reset(as_somebody_else(), HASH, AGREED, off, NOW)) == [
        "no: disabled",
        "because proving.prove_and_reset; facts: address a•••@example.com",
    ]
    assert in_full(prove_and_reset(as_somebody_else(link=None), HASH, AGREED, ACUITY, NOW)) == [
        "no: link_gone",
        "because proving.prove_and_reset; facts: address a•••@example.com",
    ]
    closed = evolve(TIMETAP, registration=evolve(TIMETAP.registration, register_from=RegisterFrom.NOWHERE))
    nobody = as_somebody_else(unproved=Unproved(ANA, None, ()), records=True)
    assert in_full(reset(nobody, HASH, (), closed, NOW)) == [
        "no: link_gone",
        "because proving.reset; facts: address a•••@example.com",
    ]


def test_a_reset_of_a_proved_account() -> None:
    """What logs in goes, the second factor stays, and so does the way back from a change of email."""
    mine, other = everything("eve"), everything("mallory")
    link = mailed("reset", MailPurpose.RESET, account=None)
    pending = (link, mailed("sign-in", MailPurpose.SIGN_IN, account=None), mine.mailed[0], other.mailed[0])
    seen = proving(unproved=Unproved(ANA, MINE, (mine, other), pending), link=link, runs=(STRANGERS,))
    assert in_full(reset(seen, HASH, (), ACUITY, NOW)) == [
        "yes: ResetDone(first=False, device=secret device, account=eve)",
        "because proving.reset; facts: address a•••@example.com",
        "remove Session eve-s (version 0)",
        "put Credential(id=eve, version=4, hash=secret $argon2id$new, set_at=2026-11-23 12:00, set_by=client)",
        "remove MailedLink eve-verify (version 0)",
        "remove Challenge eve-code (version 0)",
        "remove Identifier email:eve@example.com (version 0)",
        "remove Session mallory-s (version 0)",
        "remove Credential mallory (version 4)",
        "remove SecondFactor mallory (version 0)",
        "remove MailedLink mallory-verify (version 0)",
        "remove MailedLink mallory-revert (version 0)",
        "remove Challenge mallory-code (version 0)",
        "remove Identifier email:mallory@example.com (version 0)",
        "remove AccountLink mallory|client:x (version 0)",
        "remove Assignment mallory-a1 (version 0)",
        "remove Consent mallory|c (version 0)",
        "remove Account mallory (version 0)",
        "remove MailedLink sign-in (version 0)",
        "put GuessCounter(id=email:ana@example.com|strangers, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=20)",
        "put MailedLink(id=reset, purpose=reset, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 11:00, expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00,",
        "  spent=True)",
        "put OutboxMessage(id=m9, kind=password_changed, to=email:ana@example.com, account=eve,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


def test_what_a_reset_of_a_proved_account_spares() -> None:
    """The email that was proved by it, every other that was proved before, and the link itself, whosever it is."""
    link = mailed("reset", MailPurpose.RESET)
    second = Identifier(id="email:second@example.com", account="eve", proved_at=NOW - DAY)
    typed_only = Identifier(id="email:third@example.com", account="eve")
    mine = everything("eve", identifiers=(MINE, second, typed_only), mailed=(link,))
    other = everything("mallory", mailed=(link,))
    seen = proving(unproved=Unproved(ANA, MINE, (mine, other), (link,)), link=link)
    assert in_full(reset(seen, HASH, (), ACUITY, NOW)) == [
        "yes: ResetDone(first=False, device=secret device, account=eve)",
        "because proving.reset; facts: address a•••@example.com",
        "remove Session eve-s (version 0)",
        "put Credential(id=eve, version=4, hash=secret $argon2id$new, set_at=2026-11-23 12:00, set_by=client)",
        "remove Challenge eve-code (version 0)",
        "remove Identifier email:third@example.com (version 0)",
        "remove Session mallory-s (version 0)",
        "remove Credential mallory (version 4)",
        "remove SecondFactor mallory (version 0)",
        "remove Challenge mallory-code (version 0)",
        "remove Identifier email:mallory@example.com (version 0)",
        "remove AccountLink mallory|client:x (version 0)",
        "remove Assignment mallory-a1 (version 0)",
        "remove Consent mallory|c (version 0)",
        "remove Account mallory (version 0)",
        "put MailedLink(id=reset, purpose=reset, identity=email:ana@example.com, address=ana@example.com,",
        "  account=eve, key_id=k1, created_at=2026-11-23 11:00, expires_at=2026-11-23 13:00,",
        "  last_mark=2026-11-23 12:00, spent=True)",
        "put OutboxMessage(id=m9, kind=password_changed, to=email:ana@example.com, account=eve,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


def test_a_reset_of_an_account_that_the_platform_brought_along() -> None:
    """Its first proof: the second factor goes as well, for it is somebody else's."""
    seen = proving(unproved=Unproved(ANA, evolve(MINE, proved_at=None), (everything("eve"),)))
    assert in_full(reset(seen, HASH, (), ACUITY, NOW)) == [
        "yes: ResetDone(first=False, device=secret device, account=eve)",
        "because proving.reset; facts: address a•••@example.com",
        "put Account(id=eve, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-22",
        "  12:00, proved_at=2026-11-23 12:00)",
        "put Identifier(id=email:ana@example.com, account=eve, proved_at=2026-11-23 12:00)",
        "remove Session eve-s (version 0)",
        "put Credential(id=eve, version=4, hash=secret $argon2id$new, set_at=2026-11-23 12:00, set_by=client)",
        "remove SecondFactor eve (version 0)",
        "remove MailedLink eve-revert (version 0)",
        "remove Challenge eve-code (version 0)",
        "remove Identifier email:eve@example.com (version 0)",
        "put MailedLink(id=eve-verify, purpose=verify, identity=email:ana@example.com,",
        "  address=ana@example.com, account=eve, key_id=k1, created_at=2026-11-23 11:00,",
        "  expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00, spent=True)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "put OutboxMessage(id=m9, kind=password_changed, to=email:ana@example.com, account=eve,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


def test_a_first_password_of_a_client() -> None:
    """A new account with what the proof brings; nothing of anybody else's was there."""
    seen = as_somebody_else(unproved=Unproved(ANA, None, ()), records=True)
    assert in_full(reset(seen, HASH, (), TIMETAP, NOW)) == [
        "yes: ResetDone(first=True, device=secret device, account=new)",
        "because proving.reset; facts: address a•••@example.com",
        "put Account(id=new, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-23",
        "  12:00, proved_at=2026-11-23 12:00, origin=reset)",
        "put Identifier(id=email:ana@example.com, account=new, proved_at=2026-11-23 12:00)",
        "put Credential(id=new, hash=secret $argon2id$new, set_at=2026-11-23 12:00, set_by=client)",
        "put MailedLink(id=eve-verify, purpose=verify, identity=email:ana@example.com,",
        "  address=ana@example.com, account=eve, key_id=k1, created_at=2026-11-23 11:00,",
        "  expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00, spent=True)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "put OutboxMessage(id=m9, kind=password_changed, to=email:ana@example.com, account=new,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


def test_an_accepted_invitation() -> None:
    """Account, password, link by the member of staff, session: the reason is in both."""
    assert in_full(accept(accepting(), HASH, (), TIMETAP, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  account=new)",
        "because proving.accept; facts: address a•••@example.com, record has it True",
        "put Account(id=new, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-23",
        "  12:00, proved_at=2026-11-23 12:00, origin=reset)",
        "put Identifier(id=email:ana@example.com, account=new, proved_at=2026-11-23 12:00)",
        "put Credential(id=new, hash=secret $argon2id$new, set_at=2026-11-23 12:00, set_by=client)",
        "put MailedLink(id=inv, purpose=invitation, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 11:00, expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00,",
        "  spent=True)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "put AccountLink(id=new|client:ana, account=new, ref=client:ana, evidence=staff, made_at=2026-11-23",
        "  12:00, actor=staff:mia, because=proving.accept; facts: address a•••@example.com, record has it",
        "  True)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00,",
        "  device=device:n, account=new, confirmed_at=2026-11-23 12:00, because=proving.accept; facts:",
        "  address a•••@example.com, record has it True)",
    ]


def test_an_accepted_invitation_of_an_imported_account() -> None:
    """What it agreed to, and its link, are what they were; the link is made anew in place."""
    held = everything("eve")
    link = AccountLink(
        id="eve|client:ana", version=3, account="eve", ref="client:ana", evidence=LinkEvidence.HOST,
        made_at=NOW - DAY, actor="platform",
    )  # fmt: skip
    terms_before = Consent(
        id=Consent.id_of("eve", "terms", "1"), account="eve", document="terms", edition="1", at=NOW - DAY
    )
    held = evolve(held, links=(*held.links, link), consents=(terms_before,))
    terms = evolve(TIMETAP, registration=evolve(TIMETAP.registration, consents={"terms": "1", "privacy": "2"}))
    seen = accepting(
        unproved=Unproved(ANA, evolve(MINE, proved_at=None), (held,)),
        account=held.account,
        sight=AccountSight(evolve(held.account, proved_at=NOW)),
    )
    agreed = (("terms", "1"), ("privacy", "2"))
    assert in_full(accept(seen, HASH, agreed, terms, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  account=eve)",
        "because proving.accept; facts: address a•••@example.com, record has it True",
        "put Account(id=eve, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-22",
        "  12:00, proved_at=2026-11-23 12:00)",
        "put Identifier(id=email:ana@example.com, account=eve, proved_at=2026-11-23 12:00)",
        "remove Session eve-s (version 0)",
        "put Credential(id=eve, version=4, hash=secret $argon2id$new, set_at=2026-11-23 12:00, set_by=client)",
        "remove SecondFactor eve (version 0)",
        "remove MailedLink eve-verify (version 0)",
        "remove MailedLink eve-revert (version 0)",
        "remove Challenge eve-code (version 0)",
        "remove Identifier email:eve@example.com (version 0)",
        "put MailedLink(id=inv, purpose=invitation, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 11:00, expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00,",
        "  spent=True)",
        "put Consent(id=eve|7:privacy|2, account=eve, document=privacy, edition=2, at=2026-11-23 12:00)",
        "put Assignment(id=a1, account=eve, ref=client:ana, at=2026-11-23 12:00, actor=account:eve)",
        "put AccountLink(id=eve|client:ana, version=3, account=eve, ref=client:ana, evidence=staff,",
        "  made_at=2026-11-23 12:00, actor=staff:mia, because=proving.accept; facts: address",
        "  a•••@example.com, record has it True)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00,",
        "  device=device:n, account=eve, confirmed_at=2026-11-23 12:00, because=proving.accept; facts:",
        "  address a•••@example.com, record has it True)",
    ]


def test_an_imported_account_that_was_not_linked() -> None:
    """The link to the record is a new one."""
    held = everything("eve")
    seen = accepting(unproved=Unproved(ANA, evolve(MINE, proved_at=None), (held,)), account=held.account)
    made = [one.record for one in accept(seen, HASH, (), TIMETAP, NOW).changes if isinstance(one.record, AccountLink)]
    assert in_full(made) == [
        "AccountLink(id=eve|client:ana, account=eve, ref=client:ana, evidence=staff, made_at=2026-11-23",
        "  12:00, actor=staff:mia, because=proving.accept; facts: address a•••@example.com, record has it",
        "  True)",
    ]


def test_an_invitation_that_is_not_good() -> None:
    """Whether the record has the address still is said; so are the other two reasons."""
    assert in_full(accept(accepting(theirs=False), HASH, (), TIMETAP, NOW)) == [
        "no: link_gone",
        "because proving.accept; facts: address a•••@example.com, record has it False",
    ]
    assert in_full(accept(accepting(), HASH, AGREED, ACUITY, NOW)) == [
        "no: disabled",
        "because proving.accept; facts: address a•••@example.com, record has it True",
    ]
    terms = evolve(TIMETAP, registration=evolve(TIMETAP.registration, consents={"terms": "1"}))
    assert in_full(accept(accepting(), HASH, (), terms, NOW)) == [
        "no: consent_missing, facts={documents: terms (1)}",
        "because registering.judge_consents; facts: missing terms (1); policy: registration.consents = terms",
        "  1",
    ]


def test_an_account_that_begins_with_its_proof() -> None:
    """Proved as soon as it is there, and waiting for nothing."""
    assert in_full(account_of_proof("new", ANA, "Ana@example.com", AccountOrigin.RESET, NOW)) == [
        "Account(id=new, email=email:ana@example.com, address=Ana@example.com, created_at=2026-11-23 12:00,",
        "  proved_at=2026-11-23 12:00, origin=reset)",
    ]
