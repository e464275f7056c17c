"""A new password, and the end of whatever the old one gave to somebody else."""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Because, Reason
from clientportal.records import Credential, GuessCounter, MailPurpose, MessageKind, OutboxMessage, Session
from clientportal.rules.changing_passwords import ChangingPassword, change_password, end_artefacts, judge_may_change
from clientportal.rules.signing_in import signed_in
from rules.one_account import (
    DAY,
    FRESH,
    MINUTE,
    NOW,
    STRONGER,
    TIMETAP,
    belongings,
    counter,
    link,
    matched,
    put,
    reason,
    removed,
    session,
)

ENDING = {"l-reset", "l-sign_in", "l-change_email", "l-invitation"}


def changing(**more: Any) -> ChangingPassword:
    """Ana sets a new password from the session ``s1``, with the old one."""
    given: dict[str, Any] = {
        "session": session(), "belongings": belongings(), "pending": (link(MailPurpose.RESET, id="l-asked"),),
        "counter": counter(day_count=1, consecutive=1), "matched": matched(), "made": STRONGER, "fresh": FRESH,
        "message_id": "m1",
    }  # fmt: skip
    return ChangingPassword(**given | more)


def test_everything_ends_that_would_let_somebody_else_in() -> None:
    """Other sessions, codes, links that set a password, open a session or change the email; nothing that protects."""
    decision = change_password(changing(), TIMETAP, NOW)
    assert removed(decision) == {"s1", "s2", "h1", "l-asked"} | ENDING
    assert put(decision, Credential) == [
        Credential(id="a1", version=4, hash=STRONGER, set_at=NOW, set_by="client"),
    ]
    assert put(decision, GuessCounter) == [counter()]
    (told,) = put(decision, OutboxMessage)
    assert (told.kind, told.account, told.to) == (MessageKind.PASSWORD_CHANGED, "a1", None)


def test_this_session_goes_on_under_a_new_token_and_the_password_counts_as_just_shown() -> None:
    """Five minutes later the same browser may do what asks for the password; it is one session, not two."""
    later = NOW + 5 * MINUTE
    decision = change_password(changing(session=session(confirmed_at=None)), TIMETAP, later)
    goes_on = session(id="digest", version=0, confirmed_at=later, used_at=later)
    assert put(decision, Session) == [goes_on]
    assert decision.outcome == signed_in(FRESH, goes_on)
    assert "s1" in removed(decision)


def test_the_owner_is_told_at_once_and_not_for_ever() -> None:
    """The notice leaves now; after as long as the policy lets a notice wait it is no news."""
    assert put(change_password(changing(), TIMETAP, NOW), OutboxMessage) == [
        OutboxMessage(
            id="m1",
            kind=MessageKind.PASSWORD_CHANGED,
            account="a1",
            created_at=NOW,
            due_at=NOW,
            expires_at=NOW + TIMETAP.messages.notice_life,
        )
    ]


def test_the_reason_says_how_much_ended_and_why_it_was_allowed() -> None:
    """Of her two sessions one goes on; a code, four links of hers and one asked for by her address end with the
    other. Only where the old password was not shown does the time since count."""
    assert change_password(changing(), TIMETAP, NOW).because == Because(
        "changing_passwords.change_password", (("ended", "7"),)
    )
    settings = (("accounts.step_up_for", "0:10:00"),)
    for shown, said in ((True, "shown"), (False, "not shown")):
        judged = judge_may_change(session(), shows_old=shown, policy=TIMETAP, now=NOW)
        assert judged.granted
        assert judged.because == Because("changing_passwords.judge_may_change", (("old password", said),), settings)
    refused = change_password(changing(matched=None), TIMETAP, NOW + DAY)
    assert refused.because.facts == (("old password", "not shown"),)


def test_nothing_is_spared_that_is_not_named() -> None:
    """Where staff set the password, or the mailbox did, no session goes on."""
    assert {one.record.id for one in end_artefacts(belongings(), ())} == {"s1", "s2", "h1"} | ENDING


def test_what_is_found_twice_ends_once() -> None:
    """A reset link that its account asked for is found by the account and by its address."""
    mailed = (link(MailPurpose.RESET), link(MailPurpose.VERIFY))
    ended = end_artefacts(belongings(mailed=mailed, sessions=(), challenges=()), mailed)
    assert [one.record.id for one in ended] == ["l-reset"]


def test_without_the_old_one_it_must_have_been_shown_a_short_while_ago() -> None:
    """``step_up_first``; where it was, nothing was charged that could be given back."""
    assert reason(judge_may_change(session(confirmed_at=None), shows_old=False, policy=TIMETAP, now=NOW)) is (
        Reason.STEP_UP_FIRST
    )
    assert reason(change_password(changing(matched=None), TIMETAP, NOW + DAY)) is Reason.STEP_UP_FIRST
    decision = change_password(changing(matched=None), TIMETAP, NOW)
    assert put(decision, GuessCounter) == []
    assert put(change_password(changing(counter=None), TIMETAP, NOW), GuessCounter) == []


def test_an_account_without_a_password_gets_its_first() -> None:
    """There is no version to compare with."""
    decision = change_password(changing(belongings=belongings(credential=None), matched=None), TIMETAP, NOW)
    (made,) = put(decision, Credential)
    assert made.version == 0
