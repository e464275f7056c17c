"""Timely: what is seen without a session, and with one (T2, T8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve, fields

from clientportal import Address, AppointmentStatus, ClientRecord, PolicyError, Reason, RecordRef, Refused, Secret
from clientportal.doors.held import ClientHeld
from clientportal.doors.notices import ClientNotices
from clientportal.doors.own import ClientOwn
from clientportal.doors.papers import ClientPapers
from clientportal.doors.paying import ClientPaying
from clientportal.doors.sections import ClientSections
from clientportal.outcomes import BookingStart, Profile
from clientportal.policy import VisibilityPolicy
from clientportal.sections import SECTIONS
from reading import names_in, texts_in
from world import World, at

ANAS = {
    "Ana",
    "Kingi",
    "ana@example.com",
    "+6493031234",
    "09 303 1234",
    "021 123 4567",
    "+64211234567",
    "12 Kōwhai Street",
    "Grey Lynn",
}
SIX = ("first_name", "last_name", "email", "phone", "mobile", "address")


def ana_with_everything(world: World) -> RecordRef:
    """Ana, with every field, notes and custom fields, an appointment behind her and one ahead."""
    ref = RecordRef.client("c-17")
    world.change_client(
        ClientRecord(
            ref,
            at("2026-01-05 09:00"),
            first_name="Ana",
            last_name="Kingi",
            email="ana@example.com",
            phone="09 303 1234",
            mobile="021 123 4567",
            address=Address(street="12 Kōwhai Street", city="Grey Lynn", postcode="1021"),
            notes="PRIVATE-NOTE: always late",
            custom={"PRIVATE-FIELD": "PRIVATE-VALUE"},
        )
    )
    world.book("past-1", ref, "2026-10-01 09:00", made="2026-09-20 09:00", booked_as="Ana Kingi")
    world.book("next-1", ref, "2026-12-01 09:00", made="2026-11-20 09:00", booked_as="Ana Kingi")
    return ref


# --- T2: personal data only to a session -----------------------------------------------------------------------------


@pytest.mark.requirement("T2")
@pytest.mark.parametrize("offered", [True, False])
def test_logged_out_the_booking_flow_shows_nothing_personal(world: World, offered: bool) -> None:
    """Whether login is offered or not, a visitor gets the business and no word about any client."""
    ana_with_everything(world)
    world.change_policy("login", in_booking_flow=offered)

    start = world.visitor().start_booking()

    assert start.login_offered is offered
    assert start.business.name == "Kōwhai Hair"
    assert (start.profile, start.recent) == (None, ())
    shown = texts_in(start).replace("Kōwhai Hair", "")
    for personal in (*ANAS, "past-1", "next-1", "c-17", "PRIVATE"):
        assert personal not in shown
    held = {field.name for field in fields(BookingStart) if getattr(start, field.name) not in (None, ())}
    assert held == {"business", "login_offered", "login_required"}


@pytest.mark.requirement("T2")
def test_timely_does_not_offer_login_in_the_booking_flow_by_itself(world: World) -> None:
    """It is the business's choice, and off until it chooses."""
    assert world.visitor().start_booking().login_offered is False


@pytest.mark.requirement("T2")
def test_where_login_is_offered_history_and_contact_details_are_there_after_it(world: World) -> None:
    """Ana logs in inside the flow: her details and her last appointments are there."""
    ana_with_everything(world)
    world.change_policy("login", in_booking_flow=True)
    assert world.visitor().start_booking().login_offered is True

    start = world.log_in("021 123 4567").start_booking()

    assert start.profile is not None
    assert (start.profile.first_name, start.profile.email) == ("Ana", "ana@example.com")
    assert [one.id for one in start.recent] == ["past-1"]


@pytest.mark.requirement("T2")
def test_where_login_is_not_offered_even_a_session_finds_nothing_personal_in_the_flow(world: World) -> None:
    """No prompt and no personal data in the flow; the portal itself is there all the same."""
    ana_with_everything(world)
    door = world.log_in("021 123 4567")

    start = door.start_booking()

    assert start.login_offered is False
    shown = texts_in(start).replace("Kōwhai Hair", "")
    assert not [personal for personal in ANAS if personal in shown]
    assert door.profile().first_name == "Ana"


@pytest.mark.requirement("T2")
def test_the_choice_counts_from_the_next_call_on(world: World) -> None:
    """Switched off while Ana's session is open, the flow is empty at once; switched on again, it is filled."""
    ana_with_everything(world)
    world.change_policy("login", in_booking_flow=True)
    door = world.log_in("021 123 4567")
    assert door.start_booking().profile is not None
    world.change_policy("login", in_booking_flow=False)
    assert door.start_booking().profile is None
    world.change_policy("login", in_booking_flow=True)
    assert door.start_booking().profile is not None


@pytest.mark.requirement("T2")
def test_asking_for_a_code_says_nothing_about_anybody(world: World) -> None:
    """The reply to a known number, and every refusal on the way in, hold no personal data."""
    ana_with_everything(world)
    sent, code = world.get_code("021 123 4567")
    said = [texts_in(evolve(sent, handle=Secret("")))]
    for typed in (f"{(int(code) + 1) % 1_000_000:06d}", f"{(int(code) + 2) % 1_000_000:06d}"):
        with pytest.raises(Refused) as refused:
            world.visitor().verify_code(sent.handle, typed)
        said.append(f"{refused.value} {refused.value.client_text} {texts_in(refused.value.refusal.facts)}")
    assert not [(text, personal) for text in said for personal in (*ANAS, "c-17") if personal in text]


@pytest.mark.requirement("T2")
def test_the_code_message_holds_no_personal_data(world: World) -> None:
    """Whoever holds the phone by now reads a code and the business's name, and no more."""
    ana_with_everything(world)
    _, code = world.get_code("021 123 4567")
    (message,) = world.box.messages
    text = (message.subject + message.text).replace("Kōwhai Hair", "").replace(code, "")
    assert not [personal for personal in (*ANAS, "c-17", "next-1") if personal in text]


@pytest.mark.requirement("T2")
def test_without_a_session_every_call_of_the_clients_door_is_refused(world: World) -> None:
    """Ended by logging out: not one call answers any more."""
    ana_with_everything(world)
    (slot,) = world.add_slots("2026-12-05 09:00")
    door = world.log_in("021 123 4567")
    assert door.profile().first_name == "Ana"
    door.log_out()
    since, until = at("2026-12-01 00:00"), at("2026-12-08 00:00")
    world.change_policy("login", in_booking_flow=True)
    for call in (
        door.profile,
        door.appointments,
        lambda: door.appointments("past"),
        lambda: door.appointment("next-1"),
        door.past_changes,
        door.start_booking,
        lambda: door.change_terms("next-1"),
        lambda: door.slots("next-1", since, until),
        lambda: door.move("next-1", slot),
        lambda: door.cancel("next-1"),
        lambda: door.rebook("past-1", slot),
        door.profiles,
        door.sessions,
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.reason is Reason.SESSION_ENDED
        assert not [personal for personal in ANAS if personal in str(refused.value)]


# --- T8: what a session shows ----------------------------------------------------------------------------------------


@pytest.mark.requirement("T8")
def test_the_profile_is_exactly_the_six_contact_fields(world: World) -> None:
    """First name, last name, email, phone, mobile, postal address; the type has no seventh."""
    ana_with_everything(world)
    profile = world.log_in("021 123 4567").profile()
    assert tuple(field.name for field in fields(Profile)) == SIX
    assert profile == Profile(
        first_name="Ana",
        last_name="Kingi",
        email="ana@example.com",
        phone="09 303 1234",
        mobile="021 123 4567",
        address=Address(street="12 Kōwhai Street", city="Grey Lynn", postcode="1021"),
    )


@pytest.mark.requirement("T8")
def test_the_appointments_are_the_clients_own_upcoming_and_past(world: World) -> None:
    """Of every status, ahead earliest first, behind latest first; nobody else's."""
    ana = ana_with_everything(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("past-2", ana, "2026-11-01 09:00", made="2026-10-20 09:00", status=AppointmentStatus.CANCELLED)
    world.book("next-2", ana, "2026-11-25 09:00", made="2026-11-20 09:00", status=AppointmentStatus.REQUESTED)
    world.book("bens", ben, "2026-11-26 09:00", made="2026-11-20 09:00")
    door = world.log_in("021 123 4567")
    assert [one.id for one in door.appointments().items] == ["next-2", "next-1"]
    assert [one.id for one in door.appointments("past").items] == ["past-2", "past-1"]
    for id in ("bens", "no-such-appointment"):
        with pytest.raises(Refused) as refused:
            door.appointment(id)
        assert refused.value.reason is Reason.NOT_FOUND


@pytest.mark.requirement("T8")
def test_no_note_and_no_custom_field_is_in_anything_that_the_clients_door_answers(world: World) -> None:
    """Every call of the door is made, before and after a merge, and everything it answers is searched."""
    ana = ana_with_everything(world)
    world.change_policy("login", in_booking_flow=True)
    world.change_policy("visibility", sections=("bookings", "account", "codes"))
    slots = world.add_slots("2026-12-03 09:00", "2026-12-04 09:00", "2026-12-05 09:00")
    door = world.log_in("021 123 4567")
    twin = RecordRef.client("twin")
    world.change_client(
        ClientRecord(twin, datetime(2020, 1, 1, tzinfo=UTC), notes="PRIVATE-NOTE of twin", custom={"PRIVATE-KEY": "1"})
    )
    world.staff().merge(ana, twin)
    since, until = at("2026-12-01 00:00"), at("2026-12-08 00:00")
    said: dict[str, Any] = {
        "profile": door.profile(),
        "upcoming": door.appointments(),
        "past": door.appointments("past"),
        "one": door.appointment("next-1"),
        "start": door.start_booking(),
        "terms": door.change_terms("next-1"),
        "slots": door.slots("next-1", since, until),
        "preview": door.preview.cancel("next-1"),
        "move": door.move("next-1", slots[0]),
        "rebook": door.rebook("past-1", slots[1]),
        "cancel": door.cancel("next-1"),
        "changes": door.past_changes(),
        "codes": door.codes(),
        "profiles": door.profiles(),
        "sections": door.sections(),
        "dashboard": door.dashboard(),
        "sessions": door.sessions(),
        "not me": door.not_me(),
    }
    public = {name for name in dir(type(getattr(door, "_awaited", door))) if not name.startswith("_")}
    called = {
        "profile", "appointments", "appointment", "start_booking", "change_terms", "slots", "preview", "move", "rebook",
        "cancel", "past_changes", "codes", "profiles", "sections", "dashboard", "sessions", "not_me",
    }  # fmt: skip
    proving = {
        "switch",
        "request_second_proof",
        "claim",
        "finish_claim",
        "request_claim_link",
        "claim_by_link",
        "leave",
    }
    # What belongs to accounts answers with links, stages and codes of its own; its own tests look at it.
    of_accounts = {
        "verify_email", "request_email_code", "verify_email_code", "resend_verification", "change_email",
        "confirm_email_change", "confirm_password", "change_password", "begin_second_factor", "confirm_second_factor",
        "second_factor", "new_recovery_codes", "remove_second_factor", "booked",
    }  # fmt: skip
    # What sections answer with has types of its own, none of which has a note: see below, and their tests.
    topics = (ClientSections, ClientHeld, ClientPaying, ClientPapers, ClientNotices, ClientOwn)
    of_sections = {name for topic in topics for name in vars(topic) if not name.startswith("_")}
    assert public - called <= proving | of_accounts | of_sections | {
        "current_session",
        "end_session",
        "log_out",
        "log_out_everywhere",
    }
    for name, answer in said.items():
        assert "PRIVATE" not in texts_in(answer), name
        assert not {"notes", "custom"} & names_in(answer), name


@pytest.mark.requirement("T8")
@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_no_item_of_a_section_has_room_for_staffs_notes(section: str) -> None:
    """Whatever a platform keeps of a pet, a card or a membership besides: there is no field for it."""
    named = {field.name for field in fields(SECTIONS[section].item)}
    assert not named & {"notes", "note", "custom", "staff_notes", "internal"}


@pytest.mark.requirement("T8")
def test_staff_do_see_the_notes(world: World) -> None:
    """They are kept, and kept from the client: the same record shows them at the staff's door."""
    ana = ana_with_everything(world)
    assert "PRIVATE-NOTE" in texts_in(world.staff().client(ana))


@pytest.mark.requirement("T8")
@pytest.mark.parametrize("name", ["notes", "custom", "id", "created_at"])
def test_no_policy_can_show_anything_but_the_six(name: str) -> None:
    """Naming another field is refused when the policy is built."""
    with pytest.raises(PolicyError) as refused:
        VisibilityPolicy(fields=("first_name", name))
    assert refused.value.settings == ("visibility.fields",)


@pytest.mark.requirement("T8")
def test_a_policy_may_show_less(world: World) -> None:
    """Without the address and the phone in the policy they are not there, from the open session's next call on."""
    ana_with_everything(world)
    door = world.log_in("021 123 4567")
    assert door.profile().address is not None
    world.change_policy("visibility", fields=("first_name", "last_name", "email", "mobile"))
    profile = door.profile()
    assert (profile.first_name, profile.address, profile.phone) == ("Ana", None, None)
    assert "Kōwhai Street" not in texts_in(profile)


@pytest.mark.requirement("T8")
@pytest.mark.parametrize(("section", "call"), [("account", "profile"), ("bookings", "appointments")])
def test_a_section_that_is_not_shown_is_refused(world: World, section: str, call: str) -> None:
    """What no rule names is not shown: the closed section's calls are refused, the other one answers."""
    ana_with_everything(world)
    door = world.log_in("021 123 4567")
    world.change_policy("visibility", sections=tuple({"account", "bookings"} - {section}))
    with pytest.raises(Refused) as refused:
        getattr(door, call)()
    assert refused.value.reason is Reason.DISABLED
    other = {"profile": "appointments", "appointments": "profile"}[call]
    assert getattr(door, other)() is not None
