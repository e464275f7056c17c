"""Mailed links: when one may be asked for, where it goes, and which one may still act."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason, Refusal
from clientportal.outcomes import MailSent
from clientportal.policy import RegisterFrom
from clientportal.records import Allowance, MailedLink, MailPurpose, MessageKind, OutboxMessage
from clientportal.rules.mailed_links import (
    Mailing,
    judge_mailed,
    kind_of,
    life_of,
    mailed_claims,
    request_mail,
    where_to_mail,
)
from clientportal.rules.whom_to_tell import Drop, Tell
from rules.emails import ACUITY, DAY, HERS, HOUR, MINUTE, NOW, OFF, TIMETAP, account, challenge, mailed, message, put
from rules.test_registering import asked

# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", list(MailPurpose))
def test_every_purpose_has_a_text_and_a_life(purpose: MailPurpose) -> None:
    """A link of each kind expires, and goes out in a mail of its own."""
    assert life_of(purpose, ACUITY) > 0 * HOUR
    assert kind_of(purpose) in MessageKind


def test_asking_makes_a_link_and_a_message() -> None:
    """Good until its life is over; the message is not sent later than that."""
    decision = request_mail(asked(purpose=MailPurpose.RESET, account=None), ACUITY, NOW)
    assert isinstance(decision.outcome, MailSent)
    assert decision.outcome.expires_at == NOW + 30 * MINUTE
    (link,) = put(decision.changes, MailedLink)
    (sent,) = put(decision.changes, OutboxMessage)
    assert (link.id, link.expires_at, sent.mailed_link_id) == ("l1", NOW + 30 * MINUTE, "l1")
    assert sent.expires_at == NOW + 30 * MINUTE


def test_asking_is_refused_without_a_word_on_who_is_there() -> None:
    """Switched off, a bot, as many open links as may be, a used-up budget: nothing is written."""
    live = tuple(mailed(f"l{n}", expires_at=NOW + n * HOUR) for n in (3, 1, 2))
    used = Allowance(id="tenant", windows=((3600, NOW, 10_000),), last_at=NOW, forget_at=NOW + HOUR)
    for seen, policy, reason, retry_at in (
        (asked(), OFF, Reason.DISABLED, None),
        (asked(human=False), ACUITY, Reason.BOT_SUSPECTED, None),
        (asked(live=live), ACUITY, Reason.WAIT, NOW + HOUR),
        (asked(allowances={"tenant": used}), ACUITY, Reason.WAIT, NOW + HOUR),
    ):
        decision = request_mail(seen, policy, NOW)
        assert isinstance(decision.outcome, Refusal)
        assert (decision.outcome.reason, decision.outcome.retry_at) == (reason, retry_at)
        assert decision.changes == ()


# --- where it goes ---------------------------------------------------------------------------------------------------

ANAS = account("ana", address="Ana@example.com", proved_at=NOW - DAY, waiting=None)
EVES = account("eve", address="ANA@example.com")


def going(kind: MessageKind, **more: Any) -> Tell | Drop:
    """Where one mail goes."""
    of_message = {name: more.pop(name) for name in ("account", "mailed_link_id", "challenge_id", "send_number")
                  if name in more}  # fmt: skip
    policy = more.pop("policy", TIMETAP)
    return where_to_mail(Mailing(message(kind, **of_message), **more), policy, NOW)


def test_whoever_asked_gets_the_mail_unless_the_address_is_anothers() -> None:
    """A verification goes to the address as it was typed; where it has an account, its owner is told instead."""
    told = going(MessageKind.VERIFY_EMAIL, account="eve", link=mailed(), mailed_link_id="link")
    assert told == Tell(False, "ana@example.com", False)
    told = going(MessageKind.VERIFY_EMAIL, account="eve", link=mailed(), mailed_link_id="link", owner=ANAS)
    assert told == Tell(False, "Ana@example.com", False, instead=MessageKind.ALREADY_REGISTERED)
    own = going(MessageKind.CHANGE_EMAIL, account="ana", link=mailed(), mailed_link_id="link", owner=ANAS)
    assert own == Tell(False, "ana@example.com", False)
    code = going(MessageKind.VERIFY_EMAIL_CODE, account="eve", challenge=challenge(), challenge_id="code",
                 send_number=1, subject=EVES)  # fmt: skip
    assert code == Tell(False, "ANA@example.com", False)
    assert isinstance(going(MessageKind.VERIFY_EMAIL_CODE, account="eve"), Drop)


def test_what_says_where_it_goes_goes_there() -> None:
    """An invitation, and the news to the old address, to the address on the link."""
    for kind in (MessageKind.INVITATION, MessageKind.EMAIL_CHANGED):
        assert going(kind, link=mailed(), mailed_link_id="link") == Tell(False, "ana@example.com", False)


def test_a_second_email_of_an_account_gets_its_own_mail() -> None:
    """An account that was merged brought one along: what proves a mailbox lies in that very one."""
    second = account("ana", email="email:old@example.com", address="Old@example.com", proved_at=NOW, waiting=None)
    assert going(MessageKind.RESET_PASSWORD, owner=second) == Tell(False, "ana@example.com", False)


def test_what_was_told_where_to_go_goes_there() -> None:
    """A notice that carries its address goes to that one."""
    told = Mailing(message(MessageKind.EMAIL_TAKEN_BACK, facts={"address": "Old@example.com"}))
    assert where_to_mail(told, TIMETAP, NOW) == Tell(False, "Old@example.com", False)


def test_a_claim_goes_to_a_contact_that_a_record_has() -> None:
    """As the record has it; nobody has it: nobody is told."""
    link = mailed(purpose=MailPurpose.CLAIM)
    told = going(MessageKind.CLAIM_LINK, link=link, mailed_link_id="link", stored=("Ana@example.com",))
    assert told == Tell(False, "Ana@example.com", False)
    assert isinstance(going(MessageKind.CLAIM_LINK, link=link, mailed_link_id="link"), Drop)


@pytest.mark.requirement("TT3")
def test_a_reset_goes_to_the_owner_or_sets_a_first_password() -> None:
    """To the account's own address (A3); else to who registered; else, where anybody may register, to the client."""
    reset = MessageKind.RESET_PASSWORD
    assert going(reset, owner=ANAS, stored=("other@example.com",)) == Tell(False, "Ana@example.com", False)
    assert going(reset, registered=(EVES,)) == Tell(False, "ANA@example.com", False)
    assert going(reset, stored=("Ana@example.com",)) == Tell(False, "Ana@example.com", False)
    assert isinstance(going(reset), Drop)
    closed = evolve(TIMETAP, registration=evolve(TIMETAP.registration, register_from=RegisterFrom.NOWHERE))
    assert isinstance(going(reset, stored=("Ana@example.com",), policy=closed), Drop)


def test_a_sign_in_link_goes_to_an_account_only() -> None:
    """A client without one gets nothing."""
    assert going(MessageKind.SIGN_IN_LINK, owner=ANAS) == Tell(False, "Ana@example.com", False)
    assert isinstance(going(MessageKind.SIGN_IN_LINK, stored=("Ana@example.com",)), Drop)


def test_notices_go_to_who_has_proved_the_address() -> None:
    """Whoever has not, may be anybody: the mailbox's owner has never heard of that account."""
    notice = MessageKind.PASSWORD_CHANGED
    assert going(notice, subject=ANAS) == Tell(False, "Ana@example.com", False)
    assert isinstance(going(notice, subject=EVES), Drop)
    assert isinstance(going(notice), Drop)


def test_what_is_over_is_not_sent() -> None:
    """The message, its link, its code: expired, used, gone, or replaced by a newer code."""
    kind = MessageKind.VERIFY_EMAIL
    late = Mailing(message(kind, expires_at=NOW), owner=ANAS)
    assert isinstance(where_to_mail(late, ACUITY, NOW), Drop)
    for link in (None, mailed(spent=True), mailed(expires_at=NOW)):
        assert isinstance(going(kind, link=link, mailed_link_id="link"), Drop)
    for code in (None, challenge(spent=True), challenge(send_number=2)):
        assert isinstance(going(kind, challenge=code, challenge_id="code", send_number=1, subject=EVES), Drop)


# --- coming back -----------------------------------------------------------------------------------------------------


def test_only_the_very_link_may_act() -> None:
    """Any claim changed, another purpose, used, expired, unsigned or unknown: one refusal."""
    link = mailed()
    good = {**mailed_claims(link), "t": "salon"}
    assert judge_mailed(link, good, (MailPurpose.VERIFY,), NOW) is None
    bad: list[tuple[MailedLink | None, dict[str, str | int] | None, MailPurpose]] = [
        (link, {**good, "i": "another"}, MailPurpose.VERIFY),
        (link, {**good, "p": "reset"}, MailPurpose.VERIFY),
        (link, {**good, "e": int(good["e"]) + 1}, MailPurpose.VERIFY),
        (link, {**good, "x": "1"}, MailPurpose.VERIFY),
        (link, good, MailPurpose.RESET),
        (link, None, MailPurpose.VERIFY),
        (None, good, MailPurpose.VERIFY),
        (evolve(link, spent=True), good, MailPurpose.VERIFY),
    ]
    reasons = {judge_mailed(one, claims, (purpose,), NOW).reason for one, claims, purpose in bad}  # type: ignore[union-attr]
    assert reasons == {Reason.LINK_GONE}
    over = judge_mailed(link, good, (MailPurpose.VERIFY,), NOW + HOUR)
    assert over is not None
    assert HERS == link.identity
