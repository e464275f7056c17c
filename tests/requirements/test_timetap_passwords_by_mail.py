"""TimeTap: passwords that a mail sets, also the first one, and registering with a client's email (TT3, TT11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clientportal import Reason
from clientportal.outcomes import SignInStage
from clientportal.policy import RegisterFrom
from clientportal.records import Account, AccountOrigin, Consent, Credential, Identifier
from mails import ANOTHER, PASSWORD, link_in, links_to, register, reset_link, timetap
from watching import reason_of
from world import World

ANA = "ana@example.com"
HERS = "email:ana@example.com"


@pytest.mark.requirement("TT3")
def test_a_reset_sets_a_first_password_for_a_client_who_has_none(world: World) -> None:
    """Ana was added by quick add; she asks for a new password, sets one, and has a proved account of her own."""
    timetap(world)
    world.add_client("ana", "Ana Kingi", email="Ana@Example.com")
    world.visitor().request_reset(ANA)
    link = link_in(world, "Ana@example.com", "reset")
    assert world.visitor().reset_password(link, PASSWORD).first
    account = world.stored(Account, world.stored(Identifier, HERS).account)
    assert (account.origin, account.proved_at) == (AccountOrigin.RESET, world.clock())
    assert world.stored(Credential, account.id) is not None
    world.deliver()
    assert "was changed" in world.box.to("Ana@example.com")[-1].text


@pytest.mark.requirement("TT3")
def test_where_clients_may_not_register_anywhere_a_reset_makes_no_account(world: World) -> None:
    """No mail to a client without an account, and a link from before the change of policy is dead."""
    timetap(world)
    world.add_client("ana", "Ana Kingi", email=ANA)
    link = reset_link(world)
    world.change_policy("registration", register_from=RegisterFrom.NOWHERE)
    assert reason_of(lambda: world.visitor().reset_password(link, PASSWORD)) is Reason.LINK_GONE
    world.clock.advance(timedelta(minutes=11))
    world.visitor().request_reset(ANA)
    assert links_to(world, ANA, "reset") == [link]
    world.visitor().request_reset("nobody@example.com")
    assert links_to(world, "nobody@example.com", "reset") == []


@pytest.mark.requirement("TT3")
def test_a_first_password_asks_for_the_consents_that_registering_does(world: World) -> None:
    """The documents are named, the link is not used up, and each is kept."""
    timetap(world)
    world.change_policy("registration", consents={"terms": "2026-01"})
    world.add_client("ana", "Ana Kingi", email=ANA)
    link = reset_link(world)
    assert reason_of(lambda: world.visitor().reset_password(link, PASSWORD)) is Reason.CONSENT_MISSING
    world.visitor().reset_password(link, PASSWORD, consents={"terms": "2026-01"})
    account = world.stored(Identifier, HERS).account
    assert [one.edition for one in world.all_stored(Consent, "account", account)] == ["2026-01"]
    again = reset_link(world)
    assert not world.visitor().reset_password(again, ANOTHER).first, "agreed once is agreed"


@pytest.mark.requirement("TT3")
def test_whoever_registered_and_lost_the_password_before_the_proof_gets_a_fresh_start(world: World) -> None:
    """The reset link proves the mailbox, not the registration: that goes, and the account is a new one."""
    timetap(world)
    registered = register(world)
    assert world.visitor().reset_password(reset_link(world), ANOTHER).first
    assert world.stored(Account, registered.account) is None
    assert world.stored(Identifier, HERS).account != registered.account


@pytest.mark.requirement("TT11")
def test_registering_with_a_clients_email_leads_to_that_record_once_it_is_proved(world: World) -> None:
    """Ana is a client already: no second record is made, and hers is shown after the proof, not before."""
    timetap(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    rows = len(world.ask("contacts", None, 100).items)
    registered = register(world)
    assert registered.record is None
    assert world.client(registered).appointments().items == ()
    verified = world.client(registered).verify_email(link_in(world, ANA))
    assert verified.record == ana
    assert [one.id for one in world.client(verified).appointments().items] == ["a1"]
    assert len(world.ask("contacts", None, 100).items) == rows


@pytest.mark.requirement("TT11")
def test_people_who_share_the_email_choose_among_exactly_their_profiles(world: World) -> None:
    """Ana and her daughter Mere have one email; Ben has another: after the proof the two are offered, and no third."""
    timetap(world)
    world.add_client("ana", "Ana Kingi", email=ANA)
    world.add_client("mere", "Mere Kingi", email=ANA)
    world.add_client("ben", "Ben Ngata", email="ben@example.com")
    registered = register(world)
    verified = world.client(registered).verify_email(link_in(world, ANA))
    assert verified.stage is SignInStage.CHOOSE
    session = world.client(verified)
    assert reason_of(session.profile) is Reason.CHOOSE_FIRST
    assert [one.label for one in session.profiles()] == ["Ana K.", "Mere K."]
    assert world.client(session.switch("client:mere")).profile().first_name == "Mere"
