"""TimeTap: the client list, its search and paging, numbers, and the profile (TT1, TT5, TT7, TT8, TT9)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import asdict, evolve

from accounts_ground import an_account
from clientportal import Conflict, InvalidCursor, InvalidInput, MissingCapability, Reason, Refused, presets
from clientportal.messages.texts import DEFAULTS
from clientportal.operations import client_list
from clientportal.outcomes import NumberFound, NumberState
from clientportal.policy import FieldDefinition
from clientportal.ports import Capabilities
from clientportal.records import AuditEntry, ClientNumber, NumberCounter
from clientportal.values import Address
from stores.test_joined import transaction
from watching import BOTH_COLOURS, at_once, everything_stored, platform, reason_of, refusal_of
from world import World, client


def clinic(world: World) -> None:
    """Four people, one of them twice."""
    world.use(presets.timetap(region="NZ"))
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    world.add_client("anna", "Anna King", email="anna.king@old.example")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.add_client("mere", "Mere Āwhina", email="mere@example.com")
    world.add_client("zoe", "Zoë Reed", mobile="021 999 8888")


def ids(page: Any) -> list[str]:
    """Who is on a page, in order."""
    return [line.ref.id for line in page.lines]


def every_page(world: World, limit: int, search: str | None = None) -> list[str]:
    """The whole list, page by page."""
    found: list[str] = []
    page = world.staff().clients(search, limit=limit)
    found += ids(page)
    while page.next is not None:
        page = world.staff().clients(search, after=page.next, limit=limit)
        found += ids(page)
    return found


# --- TT5: the list ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("TT5")
def test_all_clients_by_name_in_pages_whatever_their_size(world: World) -> None:
    """By last name; each once; each leads to the profile."""
    clinic(world)
    order = ["mere", "anna", "ana", "ben", "zoe"]
    for limit in (1, 2, 50):
        assert every_page(world, limit) == order
    line = next(one for one in world.staff().clients().lines if one.ref.id == "ana")
    assert (line.name, line.email, line.mobile) == ("Ana Kingi", "ana@example.com", "021 123 4567")
    assert (line.usable, line.merged_into) == (True, None)
    assert world.staff().client(line.ref).root == client("ana")


@pytest.mark.requirement("TT5")
def test_who_is_added_meanwhile_moves_nobody(world: World) -> None:
    """A page goes on where the last one ended."""
    clinic(world)
    first = world.staff().clients(limit=2)
    world.add_client("aaron", "Aaron Abel")
    assert ids(first) == ["mere", "anna"]
    assert ids(world.staff().clients(after=first.next, limit=50)) == ["ana", "ben", "zoe"]


@pytest.mark.requirement("TT5")
def test_searching_by_name_and_email(world: World) -> None:
    """Without regard to case and accents; nothing is found where nothing is."""
    clinic(world)
    assert every_page(world, 1, "KING") == ["anna", "ana"]
    assert every_page(world, 50, "awhina") == ["mere"]
    assert every_page(world, 50, "ana@example.com") == ["ana"]
    assert every_page(world, 50, "765 4321") == ["ben"]
    assert every_page(world, 50, "nobody") == []


@pytest.mark.requirement("TT5")
def test_a_merged_client_is_listed_once_and_found_by_what_is_behind(world: World) -> None:
    """Not listed apart; a search that only the absorbed record answers finds it, and says whom it leads to."""
    clinic(world)
    world.staff().merge(client("ana"), client("anna"))
    for limit in (1, 2, 50):
        assert every_page(world, limit) == ["mere", "ana", "ben", "zoe"]
    (line,) = world.staff().clients("old.example").lines
    assert (line.ref, line.name, line.merged_into) == (client("anna"), "Anna King", client("ana"))
    assert world.staff().client(line.ref).root == client("ana")
    # What the merged client shows comes from both, and the list shows the same.
    shown = {one.field: one.value for one in world.staff().client(client("ana")).fields}
    (line,) = (one for one in world.staff().clients().lines if one.ref == client("ana"))
    assert (line.email, line.mobile) == (shown["email"], shown["mobile"])


@pytest.mark.requirement("TT5")
def test_who_was_erased_is_in_no_list_and_who_may_not_log_in_is(world: World) -> None:
    """An empty row is nobody; a client who was shut out is a client."""
    clinic(world)
    world.change_client(evolve(world.ask("clients", [client("ben")])[0], usable=False))
    blank = evolve(world.ask("clients", [client("zoe")])[0], first_name=None, last_name=None, mobile=None, usable=False)
    world.change_client(blank)
    lines = {line.ref.id: line for line in world.staff().clients().lines}
    assert "zoe" not in lines
    assert not lines["ben"].usable


@pytest.mark.requirement("TT5")
def test_what_cannot_be_a_page(world: World) -> None:
    """A made-up cursor, too long a search, an impossible size: said, and what would be right."""
    clinic(world)
    staff = world.staff()
    with pytest.raises(InvalidCursor):
        staff.clients(after="made up")
    with pytest.raises(InvalidInput, match="at most 100 characters"):
        staff.clients("x" * 101)
    with pytest.raises(InvalidInput, match="without NUL"):
        staff.clients("a\x00")
    with pytest.raises(InvalidInput, match="limit is a number from 1 to 200"):
        staff.clients(limit=0)


@pytest.mark.requirement("TT5")
@BOTH_COLOURS
def test_a_platform_without_a_list_is_told_what_to_declare(awaited: bool) -> None:
    """The message names the capability, for every operation that needs one."""
    with platform(awaited) as world:
        world.use(presets.timetap(region="NZ"))
        world.change_policy("changes", enabled=False, rebooking=False)
        world.host.capabilities = Capabilities()
        staff = world.staff()
        calls = {
            "client_list": staff.clients,
            "create_client": lambda: staff.add_client({"first_name": "Ana"}),
            "update_client": lambda: staff.change_client(client("ana"), "1", {"first_name": "Ana"}),
            "delete_client": lambda: staff.delete_client(client("ana")),
            "delete_appointment": lambda: staff.delete_appointment("a1"),
        }
        for capability, call in calls.items():
            with pytest.raises(MissingCapability) as error:
                call()
            assert error.value.capability == capability


@pytest.mark.requirement("TT5")
def test_that_somebody_looked_is_audited(world: World) -> None:
    """One line for each page, before anybody has it."""
    clinic(world)
    world.staff().clients("kingi")
    (line,) = (one for one in world.staff().audit().items if one.action == "clients")
    assert (line.actor, line.outcome) == ("staff:mia", "done")
    assert "kingi" not in line.because, "what was searched for may be a contact"


# --- TT9: numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("TT9")
def test_everybody_who_is_listed_gets_a_number_and_keeps_it(world: World) -> None:
    """Short, in the order of the list; the same at every look, whoever came in between."""
    clinic(world)
    first = {line.ref.id: line.number for line in world.staff().clients().lines}
    assert first == {"mere": 1, "anna": 2, "ana": 3, "ben": 4, "zoe": 5}
    world.add_client("aaron", "Aaron Abel")
    again = {line.ref.id: line.number for line in world.staff().clients().lines}
    assert again == {**first, "aaron": 6}
    assert world.staff().client(client("ana")).number == 3


@pytest.mark.requirement("TT9")
def test_a_profile_that_is_looked_at_first_has_a_number_too(world: World) -> None:
    """Whoever comes first is number one; a preview gives none away."""
    clinic(world)
    assert world.staff().preview.client(client("zoe")).number is None
    assert world.staff().client(client("zoe")).number == 1
    assert world.staff().client(client("zoe")).number == 1


@pytest.mark.requirement("TT9")
def test_staff_find_a_client_by_number(world: World) -> None:
    """ "3", "no. 3"; bare digits find whoever else has them, too."""
    clinic(world)
    staff = world.staff()
    staff.clients()
    page = staff.clients("no. 3")
    assert (page.numbered.ref, page.lines, page.next) == (client("ana"), (), None)
    for search in ("3", "765"):
        found = staff.clients(search)
        assert (found.numbered is not None) == (search == "3")
    assert ids(staff.clients("765")) == ["ben"]
    assert staff.by_number(3) == NumberFound(3, client("ana"), NumberState.CURRENT)
    assert reason_of(lambda: staff.by_number(99)) is Reason.NOT_FOUND
    for wrong in (0, -1, "3", 10**12, True):
        with pytest.raises(InvalidInput, match="whole number"):
            staff.by_number(wrong)


@pytest.mark.requirement("TT9")
def test_a_number_leads_to_the_same_client_after_a_merge_and_to_nobody_once_deleted(world: World) -> None:
    """Anna's number 2 finds Ana once they are one; when Ana is deleted, both numbers say so, and nobody gets them."""
    clinic(world)
    staff = world.staff()
    staff.clients()
    staff.merge(client("ana"), client("anna"))
    assert staff.by_number(2) == NumberFound(2, client("ana"), NumberState.MERGED)
    assert staff.clients("no. 2").numbered.ref == client("ana")
    staff.delete_client(client("ana"))
    for number in (2, 3):
        assert staff.by_number(number) == NumberFound(number, None, NumberState.DELETED)
        assert staff.clients(f"no. {number}").numbered is None
    assert staff.add_client({"first_name": "Rae"}).number == 6


@pytest.mark.requirement("TT9")
def test_two_who_look_at_once_give_nobody_two_numbers(world: World) -> None:
    """Eight looks at a list that nobody has looked at: five clients, five numbers, none twice."""
    clinic(world)
    at_once(world, *[lambda portal: portal.staff(world.tenant, actor="mia", permissions=["see_clients"]).clients()] * 8)
    world.staff().clients()
    numbers = sorted(one.number for one in world.all_stored(ClientNumber, "number"))
    assert numbers == [1, 2, 3, 4, 5]
    assert world.stored(NumberCounter, "clients").next == 6


def test_a_number_that_cannot_be_given_in_the_platforms_transaction_is_given_at_the_next_look(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else numbers at this very moment: the list is shown all the same, and the transaction goes on."""
    world = memory_world
    clinic(world)

    async def crowded(*_: object) -> None:
        raise Conflict("somebody was faster")

    with transaction(world) as connection:
        staff = world.portal.on(connection).staff(world.tenant, actor="mia", permissions=["see_clients"])
        with monkeypatch.context() as plant:
            plant.setattr(client_list, "ASSIGN_NUMBERS", evolve(client_list.ASSIGN_NUMBERS, load=crowded))
            assert {line.number for line in staff.clients().lines} == {None}
            assert staff.client(client("ana")).number is None
        assert {line.number for line in staff.clients().lines} == {1, 2, 3, 4, 5}


# --- TT7, TT8: the profile -------------------------------------------------------------------------------------------


def with_fields(world: World) -> None:
    """The clinic asks for a date of birth and has no landlines."""
    world.change_policy(
        "clients",
        fields={
            "mobile": FieldDefinition(label="Mobile number", required=True),
            "phone": FieldDefinition(label="Landline", visible=False),
            "custom.birthday": FieldDefinition(label="Date of birth"),
        },
    )


@pytest.mark.requirement("TT7")
def test_profile_and_form_follow_the_definitions(world: World) -> None:
    """Labels, what must be filled in, what is not there; one change of the policy changes both."""
    clinic(world)
    with_fields(world)
    world.change_client(
        evolve(world.ask("clients", [client("ana")])[0], phone="09 555 0142", custom={"birthday": "4 May", "x": "y"})
    )
    profile = world.staff().client(client("ana"))
    assert [one.field for one in profile.fields] == ["first_name", "last_name", "email", "mobile", "address"]
    assert profile.labels["mobile"] == "Mobile number"
    assert [(one.label, one.value) for one in profile.custom] == [("Date of birth", "4 May")]
    assert [(one.name, one.required) for one in world.staff().client_fields()] == [
        *(("first_name", False), ("last_name", False), ("email", False), ("mobile", True)),
        *(("address", False), ("notes", False), ("custom.birthday", False)),
    ]
    world.change_policy("clients", fields={"notes": FieldDefinition(label="Notes", visible=False)})
    assert "phone" in world.staff().client(client("ana")).labels
    assert world.staff().client(client("ana")).notes is None


@pytest.mark.requirement("TT8")
def test_the_profile_shows_contacts_notes_appointments_and_accounts(world: World) -> None:
    """What is to come and what was, each with whose account it is; the linked accounts."""
    clinic(world)
    ana = client("ana")
    world.change_client(evolve(world.ask("clients", [ana])[0], notes="Afraid of needles"))
    world.book("a1", ana, "2026-11-30 09:00")
    world.book("a0", ana, "2026-10-30 09:00")
    account = an_account(world, "ana@example.com", "2026-10-01 09:00", proved="2026-10-01 09:05")
    world.staff().assign("a1", account)
    world.staff().link(account, ana)
    profile = world.staff().client(ana)
    assert profile.notes == "Afraid of needles"
    assert {one.field: one.value for one in profile.fields}["mobile"] == "021 123 4567"
    ((coming,), (past,)) = (profile.upcoming.items, profile.past.items)
    assert (coming.appointment.id, coming.assigned.account) == ("a1", account)
    assert (past.appointment.id, past.assigned) == ("a0", None)
    (link,) = profile.accounts
    assert (link.account, link.sees) == (account, True)
    assert link.address == "a•••@example.com"


@pytest.mark.requirement("TT8")
def test_whole_addresses_of_accounts_are_for_those_who_link_them(world: World) -> None:
    """The desk may see clients and no more: of the account it sees whose it is, and not the address that it logs in
    with, which no record of the client need have."""
    clinic(world)
    account = an_account(world, "secret.address@example.com", "2026-10-01 09:00", proved="2026-10-01 09:05")
    world.staff().link(account, client("ana"))
    desk = world.staff(["see_clients"])
    assert reason_of(lambda: desk.links(client("ana"))) is Reason.PERMISSION
    assert "secret.address" not in str([asdict(one) for one in desk.client(client("ana")).accounts])
    (line,) = world.staff(["link_accounts"]).links(client("ana"))
    assert line.address == "secret.address@example.com"


@pytest.mark.requirement("TT8")
def test_notes_and_custom_fields_never_reach_the_portal(world: World) -> None:
    """Whatever a client asks for, whichever fields the clinic shows its staff; nor do they stand in the audit."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    with_fields(world)
    secrets = ("NEEDLES", "4-MAY-1990")
    world.change_client(
        evolve(
            world.ask("clients", [client("ana")])[0],
            notes="Afraid of NEEDLES",
            custom={"birthday": "4-MAY-1990"},
            address=Address(city="Auckland"),
        )
    )
    world.book("a1", client("ana"), "2026-11-30 09:00")
    (slot,) = world.add_slots("2026-12-01 10:00")
    staff = world.staff()
    profile = staff.client(client("ana"))
    assert profile.notes == "Afraid of NEEDLES"
    assert not any(secret in repr(profile) for secret in secrets)
    door = world.log_in("021 123 4567")
    shown = [door.profile(), door.profiles(), door.appointments(), door.appointment("a1"), door.change_terms("a1")]
    shown += [door.start_booking(), door.sessions(), door.past_changes(), door.move("a1", slot), door.cancel("a1")]
    link = staff.appointment_link("a1")
    shown.append(refusal_of(lambda: world.visitor().look_at_link(link.reveal() + "x")))
    shown += [message.text for message in world.box.messages]
    for secret in secrets:
        assert secret not in repr(shown)
        assert not any(secret in line for line in everything_stored(world)["cp_audit"])


# --- TT1: what clients are called ------------------------------------------------------------------------------------


@pytest.mark.requirement("TT1")
def test_no_text_says_client_by_itself() -> None:
    """In the catalogue clients are called what the business calls them, in texts for clients and for staff."""
    assert [key for key, text in DEFAULTS.items() if "client" in text.lower()] == []


@pytest.mark.requirement("TT1")
def test_a_clinic_that_says_patient_never_reads_client(world: World) -> None:
    """In refusals, to the patient and to staff, and in messages."""
    clinic(world)
    world.change_policy("clients", noun="patient", nouns="patients", announce_viewing=True)
    refused: Refused = refusal_of(lambda: world.staff().client(client("nobody")))
    assert refused.staff_text == "Absent, or not this patient's."
    world.staff().view_as(client("ana"))
    world.deliver()
    told = world.box.to("+64211234567") + world.box.to("ana@example.com")
    assert "patient portal" in told[0].text
    assert "client" not in told[0].text + (told[0].subject or "")
    for key in DEFAULTS:
        filled = world.portal.texts.fill(key, {"noun": "patient", "nouns": "patients"})
        assert "client" not in filled.lower(), key


@pytest.mark.requirement("TT1")
def test_staff_of_two_businesses_read_each_their_own_word(world: World) -> None:
    """Nothing is said of students where there are members."""
    for noun in ("student", "member"):
        world.change_policy("clients", noun=noun)
        refused = refusal_of(lambda: world.staff().client(client("nobody")))
        assert f"this {noun}'s" in refused.staff_text
    assert all(one.action != "" for one in world.all_stored(AuditEntry, "time"))
