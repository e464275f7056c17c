"""V12: "you as a client": first in the list, reached at the owner's own address alone, left out of whatever counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import ClientRecord, PolicyError, RecordRef, presets
from clientportal.policy import MatchingPolicy, PortalPolicy
from clientportal.records import ClientNumber, MessageState, OutboxMessage
from own_sections import open_sections
from world import World, at, client

pytestmark = pytest.mark.requirement("V12")

OWNER, DEMO, ANA = "mia@kowhai.example", "you@example.com", "ana@example.com"


@pytest.fixture
def salon(world: World) -> World:
    """A business of vcita's kind whose owner tries things out; it is Saturday, 21 November 2026, 10:00 in Auckland."""
    world.use(presets.vcita(region="NZ"))
    world.change_policy("portal", demo_address=OWNER)
    return world


def add_demo(world: World, **more: Any) -> RecordRef:
    """The demo client, with contacts that are perhaps a stranger's."""
    given: dict[str, Any] = {"first_name": "Zoe", "last_name": "Zzz", "email": DEMO, "mobile": "021 999 8888", **more}
    world.change_client(ClientRecord(client("demo"), at("2026-01-05 09:00"), demo=True, **given))
    return client("demo")


def listed(world: World, search: str | None = None, limit: int = 50) -> list[str]:
    """The ids in the staff's list, page by page."""
    found: list[str] = []
    after = None
    while True:
        page = world.staff().clients(search, after=after, limit=limit)
        found += [line.ref.id for line in page.lines]
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_the_demo_client_stands_first_whatever_their_name(salon: World, limit: int) -> None:
    """Zoe Zzz stands before Ana Abel, and before whoever has no name, in the whole list and in a search, in pages of
    any size, each client once."""
    salon.add_client("ana", "Ana Abel", email=ANA)
    salon.add_client("ben", "Ben Zimmer", email="ben@example.com")
    salon.add_client("nameless", email="nameless@example.com")
    add_demo(salon)
    assert listed(salon, limit=limit) == ["demo", "ana", "ben", "nameless"]
    assert listed(salon, "z", limit=limit) == ["demo", "ben"]
    first, second = salon.staff().clients(limit=2).lines
    assert (first.demo, second.demo) == (True, False)


def test_whoever_is_the_demo_no_longer_stands_where_their_name_does(salon: World) -> None:
    """The platform takes the mark off, and puts it on again: the list follows."""
    salon.add_client("ana", "Ana Abel", email=ANA)
    ref = add_demo(salon)
    (record,) = salon.ask("clients", [ref])
    assert record.demo
    salon.change_client(evolve(record, demo=False))
    assert listed(salon) == ["ana", "demo"]
    salon.change_client(record)
    assert listed(salon) == ["demo", "ana"]


def test_it_logs_in_like_others_and_the_code_goes_to_the_owner(salon: World) -> None:
    """By the email that stands in its row: the code goes neither there nor to the row's mobile, but to Mia."""
    add_demo(salon)
    sent, code = salon.get_code(DEMO)
    (message,) = salon.box.messages
    assert (message.to, message.channel.value) == (OWNER, "email")
    door = salon.client(salon.visitor().verify_code(sent.handle, code))
    assert door.profile().email == DEMO
    assert door.appointments().items == ()


def test_without_an_owners_address_nothing_is_sent(salon: World) -> None:
    """Nothing leaves for a stranger's address because nobody has said where else it should go."""
    add_demo(salon)
    salon.change_policy("portal", demo_address=None)
    salon.visitor().request_code(DEMO)
    salon.deliver()
    assert salon.box.messages == []
    (message,) = salon.all_stored(OutboxMessage, "contact", f"email:{DEMO}")
    assert (message.state, message.note) == (
        MessageState.DROPPED,
        "a demo client is reached at portal.demo_address alone, and there is none",
    )


def test_whatever_is_sent_to_it_goes_to_the_owner(salon: World) -> None:
    """A link to change an appointment, a notice, that staff looked, an invitation: all to Mia, none to the row."""
    ref = add_demo(salon)
    salon.book("a1", ref, "2026-11-30 09:00")
    salon.change_policy("portal", notices_by_email=True)
    salon.staff().appointment_link("a1", send=True)
    salon.portal.notify(salon.tenant, ref, "form_sent")
    salon.deliver()
    salon.clock.advance(timedelta(minutes=11))
    salon.staff().view_as(ref)
    salon.deliver()
    assert len(salon.box.messages) == 3
    assert {one.to for one in salon.box.messages} == {OWNER}


def test_account_mails_to_it_go_to_the_owner(salon: World) -> None:
    """With accounts and passwords: an invitation, and a reset that a stranger asks for."""
    from mails import timetap

    timetap(salon)
    salon.change_policy("registration", staff_may_register=True)
    salon.change_policy("portal", demo_address=OWNER)
    ref = add_demo(salon)
    salon.staff().invite(ref)
    salon.visitor().request_reset(DEMO)
    salon.deliver()
    assert salon.box.messages
    assert {one.to for one in salon.box.messages} == {OWNER}


def test_a_contact_that_somebody_else_has_too_is_theirs_alone(salon: World) -> None:
    """Mia put Ana's email into the demo: Ana gets her codes as ever, logs in to her own record, and sees no choice."""
    ana = salon.add_client("ana", "Ana Abel", email=ANA)
    add_demo(salon, email=ANA)
    sent, code = salon.get_code(ANA)
    assert salon.box.messages[-1].to == ANA
    signed_in = salon.visitor().verify_code(sent.handle, code)
    assert signed_in.record == ana


def test_it_is_left_out_of_exports(salon: World) -> None:
    """The file has Ana, and neither the demo nor a column for what only the demo has."""
    salon.add_client("ana", "Ana Abel", email=ANA)
    add_demo(salon, custom={"Trial": "yes"})
    file = "".join(salon.staff().export_clients())
    assert ANA in file
    for word in (DEMO, "Zoe", "Trial"):
        assert word not in file


def test_it_is_nobodys_duplicate(salon: World) -> None:
    """The same name, email and mobile as Ana: neither the pages, nor one record's, nor the whole scan, nor a rehearsal
    names it; and Ana and her real twin are still found."""
    salon.add_client("ana", "Ana Abel", email=ANA, mobile="021 123 4567")
    ref = add_demo(salon, first_name="Ana", last_name="Abel", email=ANA, mobile="021 123 4567")
    staff = salon.staff()
    assert staff.duplicates().groups == ()
    assert list(staff.scan_duplicates()) == []
    assert staff.duplicates_of(ref) is None
    assert list(staff.rehearse_matching(presets.vcita(region="AU"))) == [] or all(
        ref not in one.refs for one in staff.rehearse_matching(presets.vcita(region="AU"))
    )
    salon.add_client("twin", "Ana Abel", email=ANA)
    (group,) = staff.duplicates().groups
    assert set(group.refs) == {client("ana"), client("twin")}
    assert [set(one.refs) for one in staff.scan_duplicates()] == [{client("ana"), client("twin")}]


def test_it_does_not_make_a_contact_look_shared(salon: World) -> None:
    """A number may be on two clients before it says nothing; Ana, her twin and the demo have it: it still counts."""
    salon.change_policy("contacts", shared_by_at_most=2)
    salon.add_client("ana", "Ana Abel", mobile="021 123 4567")
    salon.add_client("twin", "Ana Abel", mobile="021 123 4567")
    add_demo(salon, email=None, mobile="021 123 4567")
    (group,) = salon.staff().duplicates().groups
    assert len(group.refs) == 2
    assert salon.portal.walk_contacts(salon.tenant, restart=True).shared == 1


def test_no_booking_and_no_new_client_matches_it(salon: World) -> None:
    """A stranger books with the demo's name and email, and staff add somebody with its mobile: nobody is meant."""
    add_demo(salon)
    match = salon.portal.match_booking(salon.tenant, name="Zoe Zzz", email=DEMO, mobile="021 999 8888")
    assert match.ref is None
    assert salon.staff().add_client({"first_name": "Zoe", "mobile": "021 999 8888"}).alike == ()


def test_it_has_no_number_and_takes_none(salon: World) -> None:
    """Looked at first, in the list and by itself, it uses none up: Ana is number 1."""
    ref = add_demo(salon)
    assert [line.number for line in salon.staff().clients().lines] == [None]
    profile = salon.staff().client(ref)
    assert (profile.number, profile.demo) == (None, True)
    salon.add_client("ana", "Ana Abel", email=ANA)
    assert [(line.ref.id, line.number) for line in salon.staff().clients().lines] == [("demo", None), ("ana", 1)]
    assert salon.stored(ClientNumber, str(ref)) is None


def test_another_policy_changes_nothing_for_it(salon: World) -> None:
    """The comparison of policies is about clients."""
    ref = add_demo(salon)
    salon.add_client("ana", "Ana Abel", email=ANA)
    other = evolve(salon.policy, login=evolve(salon.policy.login, enabled=False))
    found = {one.ref for one in salon.staff().replay(other)}
    assert (client("ana") in found, ref in found) == (True, False)


def test_it_sees_the_portal_as_clients_do(salon: World) -> None:
    """Bookings, messages and notices: what an owner tries is what a client gets."""
    open_sections(salon, "messages", "notifications")
    ref = add_demo(salon)
    salon.book("a1", ref, "2026-11-30 09:00")
    door = salon.log_in(DEMO)
    door.send_message("Does this work?")
    door.cancel("a1")
    assert [one.text for one in door.messages().items] == ["Does this work?"]
    assert len(door.notices().items) == 1


def test_the_owners_address_is_an_address() -> None:
    """Said when the policy is built."""
    for wrong in ("", "mia", "mia@", 7):
        with pytest.raises(PolicyError, match="demo_address"):
            PortalPolicy(demo_address=wrong)  # type: ignore[arg-type]
    assert PortalPolicy(demo_address=OWNER).demo_address == OWNER
    assert MatchingPolicy().contacts
