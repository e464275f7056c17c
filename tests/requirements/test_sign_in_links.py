"""Logging in by a link in a mail: for accounts alone, the same answer for everybody, the second factor still asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import an_account, write
from clientportal import Reason
from clientportal.records import (
    Account,
    Credential,
    Identifier,
    MailedLink,
    MessageKind,
    OutboxMessage,
    Put,
    Remove,
    Session,
)
from clientportal.records import SecondFactor as StoredFactor
from mails import PASSWORD, link_in, links_to, timetap
from security.attacking import Neighbour
from watching import everything_stored, reason_of
from world import World

ANA = "ana@example.com"


@pytest.fixture
def salon(world: World) -> World:
    """A business of TimeTap's kind, in Auckland, that lets clients in by a link."""
    timetap(world)
    world.change_policy("accounts", sign_in_links=True)
    return world


def asked(world: World, email: str = ANA) -> str:
    """Somebody asks for a link, and the mailbox has it."""
    world.clock.advance(timedelta(minutes=11))
    world.visitor().request_sign_in_link(email)
    return link_in(world, email, "sign_in")


def test_a_link_logs_in_once(salon: World) -> None:
    """Ana asks on Saturday, follows the link and is in; the same link is gone then, and so is a changed one."""
    account = an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    link = asked(salon)
    signed_in = salon.visitor().sign_in_by_link(link)
    assert salon.client(signed_in).profile().email == ANA
    assert [one.account for one in salon.all_stored(Session, "account", account)] == [account]
    for spoilt in (link, f"{link[:-1]}x", "no link at all"):
        assert reason_of(lambda spoilt=spoilt: salon.visitor().sign_in_by_link(spoilt)) is Reason.LINK_GONE


def test_looking_has_no_effect_however_often(salon: World) -> None:
    """A mail scanner looks three times: nothing is written, the address is masked, and the link still works."""
    an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    link = asked(salon)
    before = everything_stored(salon)
    for _ in range(3):
        view = salon.visitor().look_at_sign_in_link(link)
        assert ANA not in repr(view)
        assert view.consents == {}
    assert everything_stored(salon) == before
    assert salon.visitor().sign_in_by_link(link).token


def test_a_link_works_for_ten_minutes(salon: World) -> None:
    """Good a second before, gone at the tenth minute."""
    an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    first = asked(salon)
    sent_at = salon.clock()
    salon.clock.set(sent_at + timedelta(minutes=10) - timedelta(seconds=1))
    assert salon.visitor().look_at_sign_in_link(first).expires_at == sent_at + timedelta(minutes=10)
    salon.clock.set(sent_at + timedelta(minutes=10))
    assert reason_of(lambda: salon.visitor().sign_in_by_link(first)) is Reason.LINK_GONE


def test_an_unknown_email_gets_the_same_answer_and_no_mail(salon: World) -> None:
    """Whether Ana or nobody has the address: one answer; the mail goes to the account's own spelling, or nowhere."""
    an_account(salon, "Ana@Example.com", "2026-03-01 09:00", proved="2026-03-01 09:05")
    salon.add_client("ben", "Ben Ngata", email="ben@example.com")
    answers = {repr(salon.visitor().request_sign_in_link(email)) for email in (ANA, "ben@example.com", "x@example.com")}
    assert len(answers) == 1
    salon.deliver()
    assert [message.to for message in salon.box.messages] == ["Ana@Example.com"]


def test_a_registration_that_nobody_has_proved_is_not_entered_by_a_link(salon: World) -> None:
    """Somebody has typed Ana's email when registering: a link to it opens nothing of theirs."""
    an_account(salon, ANA, "2026-03-01 09:00", password=PASSWORD)
    salon.visitor().request_sign_in_link(ANA)
    assert links_to(salon, ANA, "sign_in") == []


def test_an_account_that_is_gone_by_then_is_a_link_that_is_gone(salon: World) -> None:
    """The account left its email between the mail and the click."""
    an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    link = asked(salon)
    identifier = salon.stored(Identifier, f"email:{ANA}")
    write(salon, Remove(identifier))
    assert reason_of(lambda: salon.visitor().sign_in_by_link(link)) is Reason.LINK_GONE


def imported(world: World) -> str:
    """Brought along from the platform's past, with a password; nobody has asked the mailbox yet."""
    id = an_account(world, ANA, "2025-01-01 09:00", password=PASSWORD, origin="imported")
    write(world, Put(Identifier(id=f"email:{ANA}", account=id)))
    return id


def test_a_first_proof_by_a_link_takes_away_what_stood_there(salon: World) -> None:
    """Somebody made the imported account with Ana's email and is logged in: her link ends their session and password.

    She is told that the password is gone; the account stays, with its email proved.
    """
    id = imported(salon)
    theirs = salon.visitor().log_in(ANA, PASSWORD)
    assert salon.client(theirs).profiles() == ()
    hers = salon.visitor().sign_in_by_link(asked(salon))
    assert reason_of(salon.client(theirs).profiles) is Reason.SESSION_ENDED
    assert salon.stored(Credential, id) is None
    assert salon.stored(Account, id).proved_at == salon.clock()
    assert salon.client(hers).sessions()[0].current
    salon.deliver()
    assert "password" in salon.box.to(ANA)[-1].subject


def test_a_first_proof_without_a_password_tells_of_none(salon: World) -> None:
    """An imported account that never had a password: there is nothing to tell of."""
    id = an_account(salon, ANA, "2025-01-01 09:00", origin="imported")
    write(salon, Put(Identifier(id=f"email:{ANA}", account=id)))
    assert salon.visitor().sign_in_by_link(asked(salon)).token
    kinds = [one.kind for one in salon.all_stored(OutboxMessage, "account", id)]
    assert MessageKind.PASSWORD_CHANGED not in kinds


def test_the_second_factor_is_asked_still(salon: World) -> None:
    """Whoever reads the mailbox is not past the authenticator app."""
    salon.change_policy("accounts", second_factor="offered")
    id = an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    now = salon.clock()
    write(salon, Put(StoredFactor(id=id, key_id="k1", nonce="n", begun_at=now, confirmed_at=now)))
    signed_in = salon.visitor().sign_in_by_link(asked(salon))
    assert signed_in.stage.value == "second_factor"
    assert reason_of(salon.client(signed_in).profile) is Reason.SECOND_FACTOR_FIRST


def test_a_link_is_no_step_up(salon: World) -> None:
    """Changing the email asks for the password first."""
    an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    door = salon.client(salon.visitor().sign_in_by_link(asked(salon)))
    assert reason_of(lambda: door.change_email("new@example.com")) is Reason.STEP_UP_FIRST


def test_after_a_crash_the_same_call_opens_the_same_session(salon: World) -> None:
    """I2: under one key the link is used once and the session re-issued; the first token is dead."""
    id = an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    link = asked(salon)
    first = salon.visitor().sign_in_by_link(link, key="k")
    again = salon.visitor().sign_in_by_link(link, key="k")
    assert first.token != again.token
    assert reason_of(salon.client(first).profiles) is Reason.SESSION_ENDED
    assert len(salon.all_stored(Session, "account", id)) == 1
    salon.client(again).log_out()
    assert reason_of(lambda: salon.visitor().sign_in_by_link(link, key="k")) is Reason.LINK_GONE


@pytest.mark.parametrize("settings", [{"accounts": {"sign_in_links": False}}, {"login": {"enabled": False}}], ids=repr)
def test_switched_off_it_is_disabled(salon: World, settings: dict[str, dict[str, Any]]) -> None:
    """Asking, looking and using are refused, also for a link that is on its way."""
    an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    link = asked(salon)
    for group, values in settings.items():
        salon.change_policy(group, **values)
    door = salon.visitor()
    assert reason_of(lambda: door.request_sign_in_link(ANA)) is Reason.DISABLED
    assert reason_of(lambda: door.look_at_sign_in_link(link)) is Reason.DISABLED
    assert reason_of(lambda: door.sign_in_by_link(link)) is Reason.DISABLED


def test_a_link_for_something_else_is_worthless_here(salon: World) -> None:
    """A reset link does not log in, and a sign-in link does not reset."""
    an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    salon.visitor().request_reset(ANA)
    reset = link_in(salon, ANA, "reset")
    assert reason_of(lambda: salon.visitor().sign_in_by_link(reset)) is Reason.LINK_GONE
    link = asked(salon)
    assert reason_of(lambda: salon.visitor().reset_password(link, PASSWORD)) is Reason.LINK_GONE


def test_a_stranger_cannot_use_up_the_links_that_are_open(salon: World) -> None:
    """Three are open: a fourth is refused and voids none."""
    an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    salon.change_policy("accounts", sign_in_link_life=timedelta(hours=1))
    links = [asked(salon) for _ in range(3)]
    salon.clock.advance(timedelta(minutes=5))
    assert reason_of(lambda: salon.visitor().request_sign_in_link(ANA)) is Reason.WAIT
    assert salon.visitor().sign_in_by_link(links[0]).token
    assert len(salon.all_stored(MailedLink, "identity", f"email:{ANA}", "sign_in")) == 3


def test_a_link_of_another_business_is_nothing_here(salon: World) -> None:
    """Ana has an account next door too: the link that she got there opens nothing at this business."""
    next_door = Neighbour(salon)
    timetap(next_door)
    next_door.change_policy("accounts", sign_in_links=True)
    for world in (salon, next_door):
        an_account(world, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    link = asked(next_door)
    assert reason_of(lambda: salon.visitor().sign_in_by_link(link)) is Reason.LINK_GONE
    assert reason_of(lambda: salon.visitor().look_at_sign_in_link(link)) is Reason.LINK_GONE
    assert next_door.visitor().sign_in_by_link(link).token
