"""TimeTap: passwords that staff may reset, and the accounts that a platform brings along (TT2, TT3, TT11)."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from attrs import evolve

from clientportal import InvalidInput, Permission, Reason, RecordRef, Secret
from clientportal.outcomes import AccountRowOutcome, ImportedAccount
from clientportal.passwords import Pbkdf2
from clientportal.records import Account, Credential, Identifier, MailedLink, MailPurpose
from mails import link_in
from password_ground import NEW, RIGHT, WRONG, add_account, log_in, with_passwords
from watching import everything_stored, reason_of, refusal_of
from world import World

ANA = "ana@example.com"


def salon(world: World) -> RecordRef:
    """Ana is a client with an account; Mia may do everything."""
    with_passwords(world)
    ref = world.add_client("ana", "Ana Kingi", email=ANA)
    add_account(world)
    return ref


@pytest.mark.requirement("TT2")
def test_login_on_shows_history_and_books_without_typing_details_again(world: World) -> None:
    """Off: neither."""
    ref = salon(world)
    world.book("a1", ref, "2026-11-20 09:00", made="2026-11-01 09:00")
    door = world.client(log_in(world))
    start = door.start_booking()
    assert start.profile is not None
    assert start.profile.email == ANA
    assert [one.id for one in door.appointments("past").items] == ["a1"]
    world.change_policy("login", enabled=False)
    assert reason_of(lambda: door.appointments("past")) is Reason.DISABLED
    assert reason_of(lambda: log_in(world)) is Reason.DISABLED


@pytest.mark.requirement("TT3")
def test_without_a_password_there_is_no_login(world: World) -> None:
    """Whatever is typed."""
    salon(world)
    add_account(world, "ben", "ben@example.com", None)
    for typed in ("", " ", RIGHT, "None"):
        assert reason_of(lambda typed=typed: log_in(world, "ben@example.com", typed)) is Reason.LOGIN_FAILED
        world.staff().unblock("ben@example.com")


@pytest.mark.requirement("TT3")
def test_a_staff_reset_ends_the_sessions_and_mails_the_client_a_link(world: World) -> None:
    """By the client's record; staff see neither the old password nor the new, nor the link."""
    ref = salon(world)
    door = world.client(log_in(world))
    reset = world.staff([Permission.RESET_PASSWORDS], reason="she rang").reset_password(ref)
    assert (reset.account, reset.ended, reset.mailed) == ("ana", 1, True)
    assert reason_of(door.sessions) is Reason.SESSION_ENDED
    assert reason_of(lambda: log_in(world)) is Reason.LOGIN_FAILED
    assert world.stored(Credential, "ana") is None
    world.deliver()
    assert [one.to for one in world.box.messages] == [ANA]
    assert link_in(world, ANA, "reset") not in repr(reset)
    (line,) = [line for line in world.staff().audit().items if line.action == "reset_password"]
    assert (line.actor, line.subject, line.outcome, line.reason) == ("staff:mia", "client:ana", "done", "she rang")


@pytest.mark.requirement("TT3")
def test_at_most_two_hundred_are_reset_at_once(memory_world: World) -> None:
    """As of every list that staff pick: none and more are refused before anybody's password is taken away, and no more
    of a generator is read than it takes to know."""
    salon(memory_world)
    read: list[int] = []

    def endless() -> Iterator[str]:
        for number in count():
            read.append(number)
            yield "ana"

    for rows in (["ana"] * 201, [], endless()):
        with pytest.raises(InvalidInput, match="1 to 200"):
            memory_world.staff().reset_passwords(rows)
    assert len(read) == 201
    assert memory_world.visitor().log_in(ANA, RIGHT).stage.value == "done", "nobody's was reset"


@pytest.mark.requirement("TT3")
def test_many_at_once_and_every_row_for_itself(world: World) -> None:
    """Ana's is reset; nobody has the second; the third is shared by two accounts."""
    salon(world)
    ben = world.add_client("ben", "Ben Ngata")
    add_account(world, "b1", "b1@example.com", ref=ben)
    add_account(world, "b2", "b2@example.com", ref=ben)
    rows = world.staff().reset_passwords(["ana", RecordRef.client("nobody"), ben])
    assert [row.reset.account if row.reset else row.refusal.reason for row in rows] == [
        "ana",
        Reason.NOT_FOUND,
        Reason.SEVERAL_ACCOUNTS,
    ]
    world.change_policy("registration", staff_reset="single")
    assert reason_of(lambda: world.staff().reset_passwords(["b1"])) is Reason.DISABLED
    assert world.staff().reset_password("b1").mailed
    assert reason_of(lambda: world.staff([Permission.END_SESSIONS]).reset_passwords(["b1"])) is Reason.PERMISSION
    for never in (None, 7):
        with pytest.raises(InvalidInput):
            world.staff().reset_password(never)


@pytest.mark.requirement("TT3")
def test_a_password_that_staff_type_is_never_shown_and_the_client_is_told(world: World) -> None:
    """Sessions end; it must be as good as any; the audit names who set it, and has nothing of it."""
    ref = salon(world)
    door = world.client(log_in(world))
    staff = world.staff(reason="at the counter")
    assert reason_of(lambda: staff.set_password(ref, "short")) is Reason.PASSWORD_TOO_SHORT
    assert reason_of(lambda: staff.set_password(ref, "Kōwhai Hair 2026")) is Reason.PASSWORD_TOO_COMMON
    given = staff.set_password(ref, NEW)
    assert NEW not in repr(given)
    assert reason_of(door.sessions) is Reason.SESSION_ENDED
    assert reason_of(lambda: log_in(world)) is Reason.LOGIN_FAILED
    assert log_in(world, password=NEW).stage.value == "done"
    assert world.stored(Credential, "ana").set_by == "staff:mia"
    world.deliver()
    assert [(one.to, one.subject) for one in world.box.messages] == [(ANA, "Your password at Kōwhai Hair was changed")]
    assert not [row for rows in everything_stored(world).values() for row in rows if NEW in row]


# --- changing one's own ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("TT3")
def test_a_changed_password_ends_everything_that_the_old_one_opened(world: World) -> None:
    """Ana's phone is logged out, a reset link on its way is dead, the laptop goes on under a new token."""
    salon(world)
    phone = world.client(log_in(world))
    laptop = log_in(world)
    changed = world.client(laptop).change_password(NEW, old=RIGHT)
    assert reason_of(phone.sessions) is Reason.SESSION_ENDED
    assert reason_of(world.client(laptop).sessions) is Reason.SESSION_ENDED
    assert len(world.client(changed).sessions()) == 1
    assert reason_of(lambda: log_in(world)) is Reason.LOGIN_FAILED
    assert log_in(world, password=NEW).stage.value == "done"
    world.deliver()
    assert world.box.messages[-1].subject == "Your password at Kōwhai Hair was changed"


@pytest.mark.requirement("TT3")
def test_a_session_that_was_left_open_cannot_change_the_password(world: World) -> None:
    """Ten minutes after the login the password is asked for once more; a wrong one is a guess."""
    salon(world)
    signed_in = log_in(world)
    world.clock.advance(timedelta(minutes=10))
    door = world.client(signed_in)
    assert reason_of(lambda: door.change_password(NEW)) is Reason.STEP_UP_FIRST
    assert reason_of(lambda: door.change_password(NEW, old=WRONG)) is Reason.LOGIN_FAILED
    assert reason_of(lambda: door.confirm_password(WRONG)) is Reason.LOGIN_FAILED
    again = door.confirm_password(RIGHT)
    assert reason_of(door.sessions) is Reason.SESSION_ENDED, "the token was rotated"
    assert world.client(again).change_password(NEW).stage.value == "done"
    for never in ("short", "password1234567"):
        assert reason_of(lambda never=never: world.client(log_in(world, password=NEW)).change_password(never)) in (
            Reason.PASSWORD_TOO_SHORT,
            Reason.PASSWORD_TOO_COMMON,
        )


# --- accounts of the past --------------------------------------------------------------------------------------------


def django_hash(password: str) -> str:
    """As Django writes it, cheaply."""
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 3)
    return f"pbkdf2_sha256$3$salt${b64encode(made).decode()}"


def moved_in(world: World) -> Any:
    """A platform that has moved: its hashes are Django's."""
    with_passwords(world)
    world.add_client("ana", "Ana Kingi", email=ANA)
    world.portal = world.make_portal(past_hashes=[Pbkdf2()])
    return [
        ImportedAccount(email=ANA, password_hash=django_hash(RIGHT), ref=RecordRef.client("ana"), verified=True),
        ImportedAccount(email="not an email", password_hash=django_hash(RIGHT)),
        ImportedAccount(email="md5@example.com", password_hash="5f4dcc3b5aa765d61d8327deb882cf99"),
        ImportedAccount(email="gone@example.com", password_hash=django_hash(RIGHT), ref=RecordRef.client("gone")),
        ImportedAccount(email="bare@example.com"),
        ImportedAccount(email="long@example.com", first_name="x" * 101),
    ]


@pytest.mark.requirement("TT3")
def test_accounts_of_the_past_log_in_with_the_password_they_had(world: World) -> None:
    """Row by row; the hash becomes argon2id at the first login; run again it adds nobody twice."""
    rows = moved_in(world)
    seen: list[Any] = []
    report = world.portal.import_accounts(world.tenant, iter(rows), progress=seen.append)
    outcomes = [row.outcome.value for row in report.rows]
    assert outcomes == ["added", "refused", "refused", "refused", "added", "refused"]
    assert seen == list(report.rows)
    assert "past_hashes" in report.rows[2].problem
    assert report.count("added") == 2
    account = report.rows[0].account
    before = world.stored(Credential, account)
    assert before.hash == Secret(django_hash(RIGHT))
    signed_in = log_in(world)
    assert signed_in.record == RecordRef.client("ana")
    after = world.stored(Credential, account)
    assert after.hash.reveal().startswith("$argon2id$")
    assert log_in(world).stage.value == "done"
    assert world.stored(Credential, account) == after, "once is enough"
    again = world.portal.import_accounts(world.tenant, rows)
    assert again.rows[0].outcome is AccountRowOutcome.UNCHANGED
    assert again.rows[0].account == account
    assert len(world.all_stored(Account, "time")) == 2
    with pytest.raises(InvalidInput, match="row 1"):
        world.portal.import_accounts(world.tenant, ["ana@example.com"])


@pytest.mark.requirement("X6")
def test_an_import_s_word_that_an_email_is_verified_is_not_taken(world: World) -> None:
    """The account shows the row that the platform names, and not the other client's who has this email (class 5)."""
    rows = moved_in(world)
    world.add_client("mere", "Mere Kingi", email=ANA)
    (row, *_) = world.portal.import_accounts(world.tenant, rows[:1]).rows
    assert world.stored(Account, row.account).proved_at is None
    assert world.stored(Identifier, "email:ana@example.com").proved_at is None
    signed_in = log_in(world)
    assert signed_in.stage.value == "done"
    assert signed_in.record == RecordRef.client("ana")


# --- the platform's word ---------------------------------------------------------------------------------------------


def test_where_the_business_takes_the_platform_s_word_it_opens_a_session_and_no_more(world: World) -> None:
    """Ana came in by the platform's own login: her record is shown, nothing is proved, nothing can be changed."""
    ref = salon(world)
    world.book("a1", ref, "2026-12-01 09:00")
    world.change_policy("registration", host_assertions=True)
    asserted = world.portal.assert_client(world.tenant, ref, how="SAML, Okta")
    door = world.client(asserted)
    assert [one.id for one in door.appointments().items] == ["a1"]
    assert reason_of(lambda: door.change_password(NEW)) is Reason.NOT_FOUND
    assert reason_of(door.not_me) is Reason.NOT_FOUND
    mine = world.client(world.portal.assert_account(world.tenant, "ana", how="SAML, Okta"))
    assert reason_of(lambda: mine.change_password(NEW)) is Reason.STEP_UP_FIRST
    (line, *_) = [line for line in world.staff().audit().items if line.action == "assert_client"]
    assert (line.actor, line.subject, line.outcome) == ("system", "client:ana", "done")
    assert "how SAML, Okta" in line.because
    gone = RecordRef.client("gone")
    assert reason_of(lambda: world.portal.assert_client(world.tenant, gone, how="SAML")) is Reason.NOT_FOUND
    world.change_client(evolve(world.ask("clients", [ref])[0], usable=False))
    assert refusal_of(lambda: world.portal.assert_client(world.tenant, ref, how="SAML")).reason is Reason.NOT_FOUND


def test_reset_links_that_were_on_their_way_die_with_the_reset(world: World) -> None:
    """Of two resets the later link works, and the earlier is gone."""
    salon(world)
    world.staff().reset_password("ana")
    (first,) = world.all_stored(MailedLink, "identity", "email:ana@example.com", MailPurpose.RESET.value)
    world.staff().reset_password("ana")
    (second,) = world.all_stored(MailedLink, "identity", "email:ana@example.com", MailPurpose.RESET.value)
    assert first.id != second.id
