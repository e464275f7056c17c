"""The five classes of pre-hijacking (Sudhodanan & Paverd 2022), each as a story that ends in what Eve can do: nothing.

Eve comes before Ana does, and puts something on Ana's address. Then Ana proves that it is hers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Reason
from clientportal.keyring import digest
from clientportal.operations.fresh_sessions import lane_of, registered_on
from clientportal.records import (
    Account,
    AccountLink,
    AccountOrigin,
    Assignment,
    Challenge,
    Credential,
    Identifier,
    LinkEvidence,
    MailedLink,
    MailPurpose,
    Purpose,
    Put,
    SecondFactor,
    Session,
)
from clientportal.rules.signing_in import STRANGERS
from clientportal.values import ContactKey, Secret
from mails import AGREED, ANOTHER, PASSWORD, acuity, link_in, links_to, register, reset_link, timetap
from watching import everything_stored, reason_of
from world import World

ANA = "ana@example.com"
EVES = "a password of eve"
HERS = "email:ana@example.com"


def put(world: World, *records: Any) -> None:
    """What another part of the portal would have stored."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit([Put(record) for record in records])

    world.run(go())


def ana_books(world: World) -> None:
    """Ana is a client, and has an appointment that nobody but her is to see."""
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00", made="2026-11-20 09:00")


def nothing_of(world: World, eve: Any) -> None:
    """Nothing that hung on Eve's account is there any more."""
    id = eve.account
    assert world.stored(Account, id) is None
    assert world.stored(Credential, id) is None
    assert world.stored(SecondFactor, id) is None
    for kind in (Session, AccountLink, Assignment, MailedLink, Identifier):
        left = [one for one in world.all_stored(kind, "account", id) if not getattr(one, "spent", False)]
        assert left == [], kind


def test_class_1_merge_an_account_that_eve_made_is_not_joined_with_anas(world: World) -> None:
    """Eve registers with Ana's address and a password of her own. Ana comes in another way: by a reset link.

    Ends in: Ana has an account of her own; Eve's password opens nothing, and was never another key to Ana's.
    """
    timetap(world)
    ana_books(world)
    eve = register(world, ANA, EVES, first_name="Eve")
    world.visitor().reset_password(reset_link(world), PASSWORD)
    nothing_of(world, eve)
    owner = world.stored(Identifier, HERS).account
    assert owner != eve.account
    assert world.stored(Account, owner).first_name is None, "not even what Eve typed is there"
    assert reason_of(lambda: world.client(eve).profile()) is Reason.SESSION_ENDED
    for link in links_to(world, ANA, "verify"):
        assert reason_of(lambda link=link: world.visitor().verify_email(link, EVES)) is Reason.LINK_GONE


def test_class_2_unexpired_session_eves_session_ends_with_anas_proof(world: World) -> None:
    """Eve registers with Ana's address and stays logged in. Ana gets the mail, and says: mine, but it was not me.

    Ends in: Eve's session is over before Ana has seen anything; what Eve booked with it is nobody's.
    """
    acuity(world)
    ana_books(world)
    eve = register(world, ANA, EVES)
    eves = world.add_client("eve", "Eve")
    world.book("e1", eves, "2026-12-02 09:00")
    put(
        world, Assignment(id="e1", account=eve.account, ref=str(eves), at=world.clock(), actor="test", own_booking=True)
    )
    assert [one.id for one in world.client(eve).appointments().items] == ["e1"]
    done = world.visitor().claim_email(link_in(world, ANA), PASSWORD, consents=AGREED)
    assert done.first
    assert reason_of(lambda: world.client(eve).appointments()) is Reason.SESSION_ENDED
    nothing_of(world, eve)
    mine = world.stored(Identifier, HERS).account
    assert {one.id for one in world.all_stored(Assignment, "account", mine)} == {"a1"}


def test_class_2_eves_session_does_not_prove_with_anas_link(world: World) -> None:
    """Ana registers too, and follows *her* link in *her* session.

    Ends in: Eve's registration is forgotten with its session; Ana keeps hers.
    """
    acuity(world)
    eve = register(world, ANA, EVES)
    ana = register(world, ANA, PASSWORD)
    eves_link, anas_link = links_to(world, ANA, "verify")
    verified = world.client(ana).verify_email(anas_link)
    nothing_of(world, eve)
    assert reason_of(lambda: world.client(eve).verify_email(eves_link)) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.visitor().verify_email(eves_link, EVES)) is Reason.LINK_GONE
    assert world.client(verified).appointments().items == ()


def test_class_3_trojan_identifier_one_that_eve_added_is_taken_off(world: World) -> None:
    """The platform brought an account along with Ana's address, and Eve has added an address of her own to it.

    Ends in: after Ana's reset, Eve's address logs in to nothing and a reset to it is not even sent.
    """
    timetap(world)
    ana_books(world)
    imported(world, "old-1")
    put(
        world,
        Identifier(id="email:eve@example.com", account="old-1"),
        SecondFactor(id="old-1", key_id="k1", nonce="eves", begun_at=world.clock(), confirmed_at=world.clock()),
    )
    assert world.visitor().reset_password(reset_link(world), PASSWORD).first is False
    assert world.stored(Identifier, "email:eve@example.com") is None
    assert world.stored(SecondFactor, "old-1") is None, "never proved before, so it is Eve's app"
    world.clock.advance(timedelta(minutes=11))
    world.visitor().request_reset("eve@example.com")
    assert links_to(world, "eve@example.com", "reset") == []


def test_class_4_unexpired_change_one_that_eve_began_dies_with_the_proof(world: World) -> None:
    """Eve registers with Ana's address and begins to change it to her own; another account of hers begins to take
    Ana's. Then Ana proves her address.

    Ends in: neither link may act any more, in either direction.
    """
    acuity(world)
    eve = register(world, ANA, EVES)
    other = register(world, "eve@example.com", EVES)
    now = world.clock()
    change = MailedLink(
        id="change-away",
        purpose=MailPurpose.CHANGE_EMAIL,
        identity="email:eve@example.com",
        account=eve.account,
        key_id="k1",
        created_at=now,
        expires_at=now + timedelta(hours=1),
        last_mark=now,
    )
    back = evolve(change, id="take-back", purpose=MailPurpose.REVERT_EMAIL)
    towards = evolve(change, id="change-here", identity=HERS, account=other.account)
    code = Challenge(
        id=digest("handle"),
        purpose=Purpose.VERIFY_EMAIL,
        identity=HERS,
        lane="verify",
        key_id="k1",
        created_at=now,
        expires_at=now + timedelta(minutes=10),
        last_mark=now,
        bound_to=eve.account,
    )
    put(world, change, back, towards, code)
    world.visitor().claim_email(links_to(world, ANA, "verify")[0], PASSWORD, consents=AGREED)
    for id in ("change-away", "take-back", "change-here"):
        assert world.stored(MailedLink, id) is None, id
    assert world.stored(Challenge, code.id) is None
    assert world.stored(Account, other.account) is not None, "an account of another address stays"
    nothing_of(world, eve)


def imported(world: World, id: str) -> None:
    """An account from the platform's past, which says that its address is verified; Eve is logged in to it."""
    now = world.clock()
    put(
        world,
        Account(id=id, email=HERS, address=ANA, created_at=now, origin=AccountOrigin.IMPORTED),
        Identifier(id=HERS, account=id, proved_at=None),
        Credential(id=id, hash=Secret("eves"), set_at=now, set_by="import"),
        AccountLink(
            id=f"{id}|client:ana",
            account=id,
            ref="client:ana",
            evidence=LinkEvidence.HOST,
            made_at=now,
            actor="import",
        ),
        Session(
            id=digest("eves-token"),
            entry=None,
            own=(),
            identity=HERS,
            opened_at=now,
            used_at=now,
            idle_until=now + timedelta(days=14),
            ends_at=now + timedelta(days=30),
            account=id,
        ),
    )


def test_class_5_non_verifying_source_the_platforms_word_proves_no_mailbox(world: World) -> None:
    """The platform imported "verified" for Ana's address; Eve has its password and a session. Ana resets.

    Ends in: Eve's password and session are gone. What the platform itself said, which record it is for, stays.
    """
    timetap(world)
    ana_books(world)
    imported(world, "old-1")
    world.visitor().reset_password(reset_link(world), PASSWORD)
    assert world.all_stored(Session, "account", "old-1") == []
    assert world.stored(Credential, "old-1").hash.reveal().startswith("$argon2id$")
    assert world.stored(Credential, "old-1").set_by == "client"
    assert world.stored(Account, "old-1").proved_at == world.clock()
    assert [one.ref for one in world.all_stored(AccountLink, "account", "old-1")] == ["client:ana"]


def test_class_5_a_registration_does_not_take_over_what_the_platform_brought_along(world: World) -> None:
    """Eve registers with the address of an imported account: Ana is told that she has one, and no link leads to it.

    Ends in: Eve has an empty account that nobody can prove.
    """
    timetap(world)
    ana_books(world)
    imported(world, "old-1")
    register(world, ANA, EVES)
    assert links_to(world, ANA, "verify") == []
    assert "has an account already" in world.box.to(ANA)[-1].text
    assert world.stored(Identifier, HERS).account == "old-1"


@pytest.mark.parametrize("meanwhile", ["verified elsewhere", "reset"])
def test_a_registration_comes_too_late_for_an_address_that_has_become_anothers(world: World, meanwhile: str) -> None:
    """Eve registered first; Ana's account is made and proved; Eve's session follows nothing any more."""
    timetap(world)
    ana_books(world)
    eve = register(world, ANA, EVES)
    if meanwhile == "reset":
        world.visitor().reset_password(reset_link(world), PASSWORD)
    else:
        ana = register(world, ANA, PASSWORD)
        world.client(ana).verify_email(links_to(world, ANA, "verify")[-1])
    assert reason_of(lambda: world.client(eve).request_email_code()) is Reason.SESSION_ENDED
    later = register(world, ANA, EVES)
    world.deliver()
    assert "has an account already" in world.box.to(ANA)[-1].text
    assert world.client(later).appointments().items == ()
    world.clock.advance(timedelta(minutes=11))
    sent = world.client(later).request_email_code()
    before = everything_stored(world)["cp_identifiers"]
    world.deliver()
    assert "has an account already" in world.box.to(ANA)[-1].text, "no code either"
    code = world.keys.code("k1", world.tenant, "verify_email", HERS, digest(sent.handle.reveal()), 1, sent.digits)
    assert code is not None
    # Had Eve guessed it all the same:
    assert reason_of(lambda: world.client(later).verify_email_code(sent.handle, code.reveal())) is Reason.CODE_GONE
    assert everything_stored(world)["cp_identifiers"] == before


def test_registering_makes_no_known_device_of_somebody_elses_address(world: World) -> None:
    """Eve registers with Ana's address to have guesses of her own for it: her browser stays a stranger's."""
    acuity(world)
    eve = register(world, ANA, EVES, key="k")
    setup = getattr(world.portal, "_awaited", world.portal)._setup
    identity = ContactKey.parse(HERS)
    assert lane_of(setup, world.tenant, eve.device, identity, world.clock()) == STRANGERS
    assert registered_on(setup, world.tenant, eve.device) == eve.account
    verified = world.client(eve).verify_email(link_in(world, ANA))
    assert lane_of(setup, world.tenant, verified.device, identity, world.clock()) != STRANGERS


def test_claiming_needs_every_consent_and_does_not_use_the_link_up(world: World) -> None:
    """Eve agreed to nothing on Ana's behalf: Ana is asked, and the same link works then. A wrong one never does."""
    acuity(world)
    register(world, ANA, EVES)
    link = link_in(world, ANA)
    assert reason_of(lambda: world.visitor().claim_email(link, PASSWORD)) is Reason.CONSENT_MISSING
    view = world.visitor().look_at_verification(link)
    assert dict(view.consents) == AGREED
    assert "ana@" not in view.address
    world.visitor().claim_email(link, PASSWORD, consents=AGREED, key="k")
    assert world.visitor().claim_email(link, PASSWORD, consents=AGREED, key="k").first
    assert reason_of(lambda: world.visitor().claim_email(link, ANOTHER, consents=AGREED)) is Reason.LINK_GONE
    assert reason_of(lambda: world.visitor().claim_email("made-up", ANOTHER, consents=AGREED)) is Reason.LINK_GONE
