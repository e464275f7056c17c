"""A new password, and the end of whatever the old one gave to somebody else."""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Reason
from clientportal.records import Credential, GuessCounter, MailPurpose, MessageKind, OutboxMessage, Session
from clientportal.rules.changing_passwords import ChangingPassword, change_password, end_artefacts, judge_may_change
from rules.one_account import (
    DAY,
    FRESH,
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
    (goes_on,) = put(decision, Session)
    assert (goes_on.id, goes_on.confirmed_at) == ("digest", NOW)
    assert put(decision, GuessCounter) == [counter()]
    (told,) = put(decision, OutboxMessage)
    assert (told.kind, told.account, told.to) == (MessageKind.PASSWORD_CHANGED, "a1", None)


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
