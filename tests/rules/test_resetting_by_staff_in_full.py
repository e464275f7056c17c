"""Passwords that staff reset or set, with everything that is said and written."""

from __future__ import annotations

from attrs import evolve

from clientportal.policy import SecondFactorUse, StaffReset
from clientportal.records import MailPurpose
from clientportal.rules.resetting_by_staff import (
    StaffResetting,
    judge_staff_reset,
    one_account,
    reset_by_staff,
    set_by_staff,
)
from clientportal.values import Secret
from rules.in_full import in_full
from rules.one_account import NOW, TIMETAP, account, belongings, link, using
from rules.test_resetting_by_staff import MAIL, letting, setting


def test_a_reset() -> None:
    """What the password gave access to ends with it; a link goes to the client, and staff see neither."""
    seen = StaffResetting(belongings(), (link(MailPurpose.RESET, id="l-asked"),), MAIL)
    assert in_full(reset_by_staff(seen, TIMETAP, NOW)) == [
        "yes: PasswordReset(account=a1, ended=2, mailed=True)",
        "because resetting_by_staff.reset_by_staff; facts: account a1, sessions 2; policy:",
        "  registration.staff_reset = single_and_bulk",
        "remove Session s1 (version 2)",
        "remove Session s2 (version 2)",
        "remove Challenge h1 (version 0)",
        "remove MailedLink l-asked (version 0)",
        "remove MailedLink l-change_email (version 0)",
        "remove MailedLink l-invitation (version 0)",
        "remove MailedLink l-reset (version 0)",
        "remove MailedLink l-sign_in (version 0)",
        "remove Credential a1 (version 4)",
        "put MailedLink(id=l-new, purpose=reset, identity=email:ana@example.com, address=Ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:30, last_mark=2026-11-23 12:00)",
        "put OutboxMessage(id=m-new, kind=reset_password, to=email:ana@example.com, mailed_link_id=l-new,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-23 12:30)",
    ]


def test_a_password_that_staff_typed() -> None:
    """It takes the place of the one before; the client is told of it."""
    assert in_full(set_by_staff(setting(), TIMETAP, NOW)) == [
        "yes: PasswordReset(account=a1, ended=2, mailed=False)",
        "because resetting_by_staff.set_by_staff; facts: account a1, sessions 2; policy:",
        "  registration.staff_reset = single_and_bulk",
        "put Credential(id=a1, version=4, hash=secret $argon2id$strong, set_at=2026-11-23 12:00,",
        "  set_by=staff:mia)",
        "remove Session s1 (version 2)",
        "remove Session s2 (version 2)",
        "remove Challenge h1 (version 0)",
        "remove MailedLink l-asked (version 0)",
        "remove MailedLink l-change_email (version 0)",
        "remove MailedLink l-invitation (version 0)",
        "remove MailedLink l-reset (version 0)",
        "remove MailedLink l-sign_in (version 0)",
        "put OutboxMessage(id=m1, kind=password_changed, account=a1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


def test_a_password_of_the_client_s_own_measure() -> None:
    """Listed, breached, made of what a guesser begins with, or too short without a second factor."""
    assert in_full(set_by_staff(setting(listed=True), TIMETAP, NOW)) == [
        "no: password_too_common",
        "because choosing_passwords.judge_new_password; facts: common on the blocklist; policy:",
        "  passwords.blocklist = true",
    ]
    assert in_full(set_by_staff(setting(breached=True), TIMETAP, NOW)) == [
        "no: password_breached",
        "because choosing_passwords.judge_new_password; facts: breached known to have leaked",
    ]
    named = setting(password=Secret("Kōwhai Hair 2026"), context=("Kōwhai Hair",))
    assert in_full(set_by_staff(named, TIMETAP, NOW)) == [
        "no: password_too_common",
        "because choosing_passwords.judge_new_password; facts: common built around a word of the context;",
        "  policy: passwords.blocklist = true",
    ]
    short = setting(password=Secret("nine char"))
    assert in_full(set_by_staff(short, using(TIMETAP, SecondFactorUse.OFFERED), NOW)) == [
        "no: password_too_short, facts={least: 15}",
        "because choosing_passwords.judge_new_password; facts: second factor not required; policy:",
        "  passwords.min_length = 15",
    ]


def test_what_the_business_has_not_chosen() -> None:
    """One or many is said, and the setting."""
    assert in_full(judge_staff_reset(letting(StaffReset.SINGLE), bulk=True)) == [
        "no: disabled",
        "because resetting_by_staff.judge_staff_reset; facts: many yes; policy: registration.staff_reset =",
        "  single",
    ]
    assert in_full(judge_staff_reset(letting(StaffReset.NEVER), bulk=False)) == [
        "no: disabled",
        "because resetting_by_staff.judge_staff_reset; facts: many no; policy: registration.staff_reset =",
        "  never",
    ]
    off = evolve(TIMETAP, login=evolve(TIMETAP.login, enabled=False))
    assert in_full(judge_staff_reset(off, bulk=True)) == [
        "no: disabled",
        "because logging_in.judge_offered; policy: login.enabled = False, login.proof = password,",
        "  registration.accounts = True",
    ]
    closed = letting(StaffReset.NEVER)
    seen = StaffResetting(belongings(), (), MAIL)
    assert in_full(reset_by_staff(seen, closed, NOW)) == [
        "no: disabled",
        "because resetting_by_staff.judge_staff_reset; facts: many no; policy: registration.staff_reset =",
        "  never",
    ]
    assert in_full(set_by_staff(setting(), closed, NOW)) == [
        "no: disabled",
        "because resetting_by_staff.judge_staff_reset; facts: many no; policy: registration.staff_reset =",
        "  never",
    ]


def test_whose_account() -> None:
    """How many there are is said."""
    assert in_full(one_account([])) == ["no: not_found", "because resetting_by_staff.one_account; facts: accounts 0"]
    assert in_full(one_account([account(), account(id="a2")])) == [
        "no: several_accounts",
        "because resetting_by_staff.one_account; facts: accounts 2",
    ]
