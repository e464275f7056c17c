"""X7: everything that is held about one client can be handed out, and erased everywhere it stands."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from attrs import asdict, evolve, has

from clientportal import InvalidInput, Permission, Reason, RecordRef
from clientportal.errors import MissingCapability, StoreError
from clientportal.policy import SeveralRecords
from clientportal.ports import RawContacts
from clientportal.records import (
    RECORD_TYPES,
    Account,
    AccountLink,
    Assignment,
    AuditEntry,
    ClientNumber,
    Consent,
    ContactChange,
    DocumentsSeen,
    HostWrite,
    Identifier,
    Intent,
    LinkEvidence,
    MailedLink,
    MailPurpose,
    Merge,
    Put,
    Referral,
    Session,
)
from clientportal.rules.erasing import NOTHING_PERSONAL, TOPICS
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.values import Address, ContactKey, ContactKind, HeldThing, Money
from clientportal.values.invoices import Transaction
from clientportal.values.messages import Message
from clientportal.values.referrals import ReferralCredit
from held import card, gift_card
from paying_ground import has_paid
from watching import everything_stored, far_away, platform, reason_of
from world import World, client

pytestmark = pytest.mark.requirement("X7")

CANARIES = (
    *("Anahera", "Kōwhaiwhai", "anahera.k@example.net", "Anahera.K@example.net", "211234567", "021 123 4567"),
    *(
        "93001234",
        "300 1234",
        "Canary Lane",
        "Whangamatā",
        "afraid of needles",
        "39 and a half",
        "Hera",
        "hera@example.net",
    ),
    "a note by staff",
    # The whole day: four digits stand in many a digest by chance.
    *("1948-02-29", "letters_at_christmas", "with love from Mereana"),
    *("orthotics", "bunion"),
    *("fitted", "bringing Marama", "anahera.old@example.net"),
)
"""Every word about her that is put anywhere below."""


def put(world: World, *records: Any) -> None:
    """The portal's own records, as they would be after a life with it."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit([Put(record) for record in records])

    world.run(go())


def live(world: World) -> tuple[RecordRef, RecordRef]:
    """Anahera uses everything: codes, sessions, moves, links, an account; was imported, merged, dismissed; Ben, too."""
    ana = world.add_client(
        "ana",
        "Anahera Kōwhaiwhai",
        mobile="021 123 4567",
        email="Anahera.K@example.net",
        phone="09 300 1234",
        address=Address(street="1 Canary Lane", city="Whangamatā"),
        notes="afraid of needles",
        custom={"shoe": "39 and a half"},
        birthday=date(1948, 2, 29),
        consents={"letters_at_christmas": True},
    )
    world.seed("add_holdings", [HeldThing(id="i1", ref=ana, kind="invoice", amount=Money("80.50", "NZD"))])
    world.seed("add_items", [gift_card("g1", ana, message="with love from Mereana"), card("c1", ana)])
    world.seed(
        "add_items",
        [
            Transaction(id="t1", ref=ana, what="the 39 and a half fitted", at=world.clock(), amount=Money("12", "NZD")),
            ReferralCredit(id="r1", ref=ana, earned_at=world.clock(), points=40, for_what="for bringing Marama along"),
        ],
    )
    file = ["first_name,last_name,mobile,email", "Hera,Kōwhaiwhai,021 123 4567,hera@example.net"]
    (row,) = world.staff().import_clients(file, name="spring")
    hera = row.ref
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321", email="ben@example.com")
    world.book("a2", hera, "2026-12-02 09:00", booked_as="Hera", made="2026-11-01 09:00")
    world.book("a1", ana, "2026-12-01 09:00", booked_as="Anahera Kōwhaiwhai", made="2026-11-02 09:00")
    world.book("b1", ben, "2026-12-03 09:00", booked_as="Ben Ngata")
    (slot,) = world.add_slots("2026-12-05 10:00")
    staff = world.staff(reason="a note by staff about Anahera")
    door = world.log_in("021 123 4567")
    door.move("a1", slot, key="k")
    world.log_in("021 765 4321").cancel("b1")
    staff.appointment_link("a1", send=True)
    world.deliver()
    staff.dismiss(ana, ben)
    staff.merge(ana, hera)
    world.portal.notify(world.tenant, hera, "other", title="Your orthotics are here")
    message = Message(id="m1", ref=hera, at=world.clock(), written_by="client", text="my bunion hurts")
    world.seed("add_items", [message])
    world.clock.advance(timedelta(minutes=11))
    sent = world.visitor().request_code("021 123 4567")
    world.deliver()
    for _ in range(2):
        reason_of(lambda: world.visitor().verify_code(sent.handle, "000000"))
    world.clock.advance(timedelta(minutes=11))
    world.visitor().request_code("021 123 4567")
    account = Account(
        id="acc-1",
        email="email:anahera.k@example.net",
        address="Anahera.K@example.net",
        created_at=world.clock(),
        proved_at=world.clock(),
        first_name="Anahera",
        phone="021 123 4567",
    )
    put(
        world,
        account,
        Identifier(id=account.email, account="acc-1", proved_at=world.clock()),
        DocumentsSeen(id="client:ana", upto=world.clock()),
        ContactChange(
            id="cc-1",
            ref="client:ana",
            field="email",
            before="anahera.old@example.net",
            after="Anahera.K@example.net",
            at=world.clock(),
            expires_at=world.clock() + timedelta(days=7),
        ),
        Referral(id="client:tui", referrer="client:ana", appointment_id="t1", at=world.clock()),
        Consent(id="acc-1|5:terms|2", account="acc-1", document="terms", edition="2", at=world.clock()),
        AccountLink(
            id="acc-1|client:ana",
            account="acc-1",
            ref="client:ana",
            evidence=LinkEvidence.PROVED_EMAIL,
            made_at=world.clock(),
            actor="account:acc-1",
        ),
        Assignment(id="a1", account="acc-1", ref="client:ana", at=world.clock(), actor="account:acc-1"),
        MailedLink(
            id="m1",
            purpose=MailPurpose.SIGN_IN,
            identity=account.email,
            address="Anahera.K@example.net",
            account="acc-1",
            key_id="k1",
            created_at=world.clock(),
            expires_at=world.clock(),
            last_mark=world.clock(),
        ),
    )
    has_paid(world, ana, "p1")
    return ana, hera


def found(world: World) -> dict[str, list[str]]:
    """Which of her words stand in which table."""
    held: dict[str, str] = {}
    if isinstance(world.store, MemoryStore):
        # The reprs leave notes out; here nothing is left out.
        homes = [world.store, *([] if world.host.shares_transaction else [world.host.home])]
        for tables in (home._tables for home in homes):
            for (_, table), kept in (*tables._records.items(), *tables._rows.items()):
                held[table] = " ".join(repr(asdict(row) if has(type(row)) else row) for row in kept.values())
    else:
        held = {name: " ".join(lines) for name, lines in everything_stored(world).items()}
    spelt = {canary: (canary, json.dumps(canary)[1:-1]) for canary in CANARIES}
    spelt["1948-02-29"] = ("1948-02-29", repr(date(1948, 2, 29)))
    return {
        name: words
        for name, text in held.items()
        if (words := [canary for canary, spellings in spelt.items() if any(one in text for one in spellings)])
    }


def test_every_kind_of_record_says_whether_it_can_be_about_somebody() -> None:
    """A new kind is exported and erased, or says why it holds nothing personal, and never both."""
    assert set(TOPICS) | set(NOTHING_PERSONAL) == set(RECORD_TYPES)
    assert set(TOPICS).isdisjoint(NOTHING_PERSONAL)
    assert all(NOTHING_PERSONAL.values())
    assert len(set(TOPICS.values())) == len(TOPICS)


def test_every_table_of_the_shipped_platform_is_looked_at() -> None:
    """Of the platform's own tables six hold people; a new one has to be thought about here. Codes are what somebody
    paid for: they stay in the books, and name nobody."""
    from clientportal.stores.sql.host_tables import HOST_TABLES

    about_nobody = {"cp_host_businesses", "cp_host_services", "cp_host_slots", "cp_host_codes"}
    about_people = {
        *("cp_host_clients", "cp_host_appointments", "cp_host_prefills", "cp_host_holdings"),
        *("cp_host_items", "cp_host_contents"),
    }
    assert {table.name for table in HOST_TABLES} == about_nobody | about_people


def test_after_erasing_nothing_anywhere_says_who_she_was(world: World) -> None:
    """Every row of every table, the portal's and the platform's, is searched for every word that was ever stored."""
    ana, hera = live(world)
    before = found(world)
    assert {word for words in before.values() for word in words} == set(CANARIES)
    assert len(before) >= 10, before.keys()
    erased = world.staff().erase(hera, reason="asked to be forgotten on 21 November")
    assert (erased.ref, set(erased.refs), erased.already) == (ana, {ana, hera}, False)
    assert found(world) == {}


def test_others_keep_everything(world: World) -> None:
    """Ben logs in as before, and his booking still has his name; hers keeps its time."""
    _, hera = live(world)
    before = world.ask("clients", [client("ben")])
    world.staff().erase(client("ana"), reason="asked")
    assert world.ask("clients", [client("ben")]) == before
    assert world.log_in("021 765 4321").profile().first_name == "Ben"
    assert world.ask("appointment", "b1").booked_as == "Ben Ngata"
    hers = world.ask("appointment", "a2")
    assert (hers.ref, hers.booked_as) == (hera, "")


def test_erased_is_erased(world: World) -> None:
    """No login, no session, no account, no undo; the number is nobody's; a second time nothing is left to do."""
    ana, _hera = live(world)
    session = world.sign_in("021 123 4567")
    (merge,) = [one for one in world.all_stored(Merge, "time") if one.undone_at is None]
    list(world.staff().export_clients())
    number = world.stored(ClientNumber, "client:ana").number
    world.staff().erase(ana, reason="asked")
    assert reason_of(world.client(session).profile) is Reason.SESSION_ENDED
    assert world.all_stored(Account, "time") == []
    assert reason_of(lambda: world.staff().undo(merge.id)) is Reason.ERASED
    assert world.stored(ClientNumber, "client:ana").number == number
    assert number not in {one.number for one in world.all_stored(ClientNumber, "number") if one.id != "client:ana"}
    text = "".join(world.staff().export_clients())
    assert "Ben" in text
    assert f"\r\n{number}," not in text, "who was erased is in no list that leaves the house"
    before = everything_stored(world)
    assert world.staff().erase(ana, reason="asked again").already
    after = everything_stored(world)
    assert {name for name in after if after[name] != before[name]} <= {"cp_audit"}
    told = [one for one in world.all_stored(AuditEntry, "time") if one.action == "erase"]
    assert {one.reason for one in told} == {"asked", "asked again"}


def test_a_family_s_account_and_email_stay_the_family_s(world: World) -> None:
    """Mere's account also leads to her daughter; when the daughter is erased, the way to her goes and nothing else."""
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    mere = world.add_client("mere", "Mere Kingi", email="mere@example.com", mobile="021 123 4567")
    ana = world.add_client("ana", "Anahera Kingi", email="mere@example.com", mobile="021 123 4567")
    account = Account(
        id="mere-acc", email="email:mere@example.com", address="mere@example.com", created_at=world.clock()
    )
    links = [
        AccountLink(
            id=AccountLink.id_of("mere-acc", ref),
            account="mere-acc",
            ref=str(ref),
            evidence=LinkEvidence.STAFF,
            made_at=world.clock(),
            actor="staff:mia",
        )
        for ref in (mere, ana)
    ]
    put(world, account, Identifier(id=account.email, account="mere-acc"), *links)
    choosing = world.sign_in("021 123 4567")
    signed_in = world.client(choosing).switch("client:mere")
    world.staff().erase(ana, reason="asked by her mother")
    assert [one.ref for one in world.all_stored(AccountLink, "account", "mere-acc")] == ["client:mere"]
    assert world.stored(Account, "mere-acc") is not None
    door = world.client(signed_in)
    assert door.profile().first_name == "Mere"
    assert [one.id for one in door.profiles()] == ["client:mere"]
    (session,) = world.all_stored(Session, "entry", "client:mere")
    assert session.own == (mere,)
    assert world.log_in("021 123 4567").profile().first_name == "Mere"


def test_somebody_s_own_account_goes_with_them_whatever_it_booked_for_others(world: World) -> None:
    """Maya booked once for Theo, logged in. When Maya is erased her account goes, and Theo's class is nobody's."""
    maya = world.add_client("maya", "Maya Chen", email="maya@example.com")
    theo = world.add_client("theo", "Theo Ortiz", email="theo@example.com")
    account = Account(
        id="maya-acc", email="email:maya@example.com", address="maya@example.com", created_at=world.clock()
    )
    world.book("m1", maya, "2026-12-01 09:00")
    world.book("t1", theo, "2026-12-02 09:00")
    assigned = [
        Assignment(id=id, account="maya-acc", ref=f"client:{whose}", at=world.clock(), actor="account:maya-acc")
        for id, whose in (("m1", "maya"), ("t1", "theo"))
    ]
    put(world, account, Identifier(id=account.email, account="maya-acc", proved_at=world.clock()), *assigned)
    world.staff().erase(maya, reason="asked in writing")
    assert world.stored(Account, "maya-acc") is None
    assert world.stored(Identifier, "email:maya@example.com") is None
    assert world.staff().assignment("t1").assigned is None
    assert world.ask("appointment", "t1").ref == theo


def test_who_may_and_who_is_there(world: World) -> None:
    """Each needs its permission; a client whom nobody knows is not found; why is said in words; previews change
    nothing."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    few = frozenset(Permission) - {Permission.ERASE, Permission.EXPORT_PERSON}
    assert reason_of(lambda: world.staff(few).erase(ana, reason="x")) is Reason.PERMISSION
    assert reason_of(lambda: world.staff(few).export_person(ana)) is Reason.PERMISSION
    assert reason_of(lambda: world.staff().erase(client("nobody"), reason="x")) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff().export_person(client("nobody"))) is Reason.NOT_FOUND
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput, match="say why"):
            world.staff().erase(ana, reason=reason)
    before = everything_stored(world)
    assert not world.staff().preview.erase(ana, reason="only looking").already
    after = everything_stored(world)
    assert {name for name in after if after[name] != before[name]} == {"cp_audit"}
    poorer = evolve(MemoryHost.capabilities, erase_client=False)
    with platform(capabilities=poorer) as poor, pytest.raises(MissingCapability):
        poor.staff().erase(ana, reason="x")


def test_a_deleted_client_and_a_guest_can_be_erased(world: World) -> None:
    """Whose row is gone has bookings with a name; a guest's booking is all there is of them."""
    ana = world.add_client("ana", "Anahera Kōwhaiwhai", mobile="021 123 4567")
    world.book("a1", ana, "2026-12-01 09:00", booked_as="Anahera Kōwhaiwhai")
    world.seed("delete_client", ana, "gone")
    world.book(
        "g1",
        RecordRef.booking("g1"),
        "2026-12-01 11:00",
        booked_as="Hera",
        contacts=RawContacts(RecordRef.booking("g1"), mobile="021 123 4567", email="hera@example.net"),
    )
    world.portal.contact_changed(world.tenant, RecordRef.booking("g1"))
    assert world.staff().export_person(RecordRef.booking("g1")).held["appointments"][0]["booked_as"] == "Hera"
    for ref in (ana, RecordRef.booking("g1")):
        assert not world.staff().erase(ref, reason="asked").already
        assert world.staff().erase(ref, reason="asked").already
    assert found(world) == {}


def test_everything_that_is_held_is_handed_out(world: World) -> None:
    """Every word of hers, every kind of record of hers, as JSON; no digest that opens anything, nothing of Ben's."""
    ana, hera = live(world)
    session = world.all_stored(Session, "entry", "client:ana")[0]
    export = world.staff().export_person(hera)
    text = export.to_json()
    held = json.loads(text)
    assert held["client"] == str(ana)
    assert held.keys() == {
        "client",
        "records",
        "appointments",
        "booking_forms",
        "codes",
        "holdings",
        "items",
        *TOPICS.values(),
    }
    for word in set(CANARIES):
        assert word in text, word
    for word in ("Ngata", "ben@example.com", "217654321", session.id):
        assert word not in text, word
    assert {one["id"] for one in held["appointments"]} == {"a1", "a2"}
    (born,) = [one["birthday"] for one in held["records"] if one["ref"] == "client:ana"]
    assert born == "1948-02-29"
    assert [(one["kind"], one["count"], one["amount"]) for one in held["holdings"]] == [
        ("balance", 1, None),
        ("card", 1, None),
        ("gift_card", 1, "50.00 NZD"),
        ("invoice", 1, "80.50 NZD"),
    ]
    assert [(one["kind"], one.get("last_four")) for one in held["items"]] == [
        ("GiftCard", None),
        ("Card", "4242"),
        ("Transaction", None),
        ("Message", None),
        ("ReferralCredit", None),
    ]
    assert "CODE-g1" not in text
    assert "tok_c1" not in text
    (consent,) = held["consents"]
    assert (consent["document"], consent["edition"]) == ("terms", "2")
    assert consent["at"].startswith("2026-11-2")
    (changed,) = held["contact_changes"]
    assert (changed["before"], changed["after"]) == ("anahera.old@example.net", "Anahera.K@example.net")
    assert [one["id"] for one in held["referrals"]] == ["client:tui"]
    (seen,), (paid,) = held["documents_seen"], held["payments"]
    assert (seen["id"], paid["amount"]) == ("client:ana", "65.00 NZD")
    empty = {topic for topic in TOPICS.values() if not held[topic]}
    assert empty <= {"passwords", "second_factors", "numbers", "imports", "sends", "contact_history"}, empty
    assert "afraid" not in repr(export)
    told = [one for one in world.all_stored(AuditEntry, "time") if one.action == "export_person"]
    assert [(one.actor, one.subject) for one in told] == [("staff:mia", str(hera))]


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])
def test_a_platform_elsewhere_that_dies_is_asked_again_by_the_pump(awaited: bool) -> None:
    """The wish alone is committed, for the platform may say no; both parts follow, if not at once. What was under way
    before is finished first, or its answer would bring her name back."""
    with far_away(awaited) as world:
        ana, hera = live(world)
        real, real_cancel = world.host.erase_client, world.host.cancel

        def dies(*_: Any) -> Any:
            raise OSError("no route to the platform")

        world.host.cancel = dies
        with pytest.raises(StoreError):
            world.staff().cancel("a2")
        assert len(world.all_stored(Intent, "state", "open")) == 1
        world.host.cancel, world.host.erase_client = real_cancel, dies
        with pytest.raises(StoreError):
            world.staff().erase(ana, reason="asked")
        (intent,) = world.all_stored(Intent, "state", "open")
        assert (intent.write, set(intent.refs)) == (HostWrite.ERASE_CLIENT, {ana, hera})
        world.host.erase_client = real
        world.clock.advance(timedelta(minutes=2))
        world.deliver()
        assert found(world) == {}
        assert world.all_stored(Intent, "state", "open") == []


def test_a_contact_that_somebody_else_has_too_stays_theirs(world: World) -> None:
    """A shared mobile: the codes and wrong tries against it are the other's as well, and stay."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("ben", "Ben Kingi", mobile="021 123 4567")
    sent = world.visitor().request_code("021 123 4567")
    before = everything_stored(world)
    world.staff().erase(ana, reason="asked")
    after = everything_stored(world)
    assert after["cp_challenges"] == before["cp_challenges"]
    world.deliver()
    signed_in = world.visitor().verify_code(sent.handle, world.code_in(world.box.messages[-1]))
    assert world.client(signed_in).profile().first_name == "Ben"
    assert ContactKey(ContactKind.MOBILE, "+64211234567")
