"""TimeTap: registering leads to the records of one's email by its proof, and one switches between exactly those."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import a_session, an_account
from clientportal import Reason, RecordRef, presets
from clientportal.ports import RawContacts
from clientportal.values import When
from watching import reason_of
from world import World, client

PARKER = "parker@example.com"
SINCE = "2026-06-01 09:00"


@pytest.fixture(autouse=True)
def _timetap(request: pytest.FixtureRequest) -> None:
    """A studio on TimeTap."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            request.getfixturevalue(name).use(presets.timetap(region="NZ"))


def opened(world: World, id: str, *own: RecordRef, entry: RecordRef | None = None) -> Any:
    """A session of an account, as the client's door."""
    return world.portal.client(a_session(world, id, entry=entry, own=own))


def seen(door: Any) -> list[str]:
    """The ids of the profiles."""
    return sorted(option.id for option in door.profiles())


def booked(door: Any) -> list[str]:
    """Everything that the profile in view has booked."""
    return sorted(one.id for when in When for one in door.appointments(when).items)


@pytest.mark.requirement("TT11")
def test_a_family_switches_between_exactly_its_own_profiles(world: World) -> None:
    """Three Parkers share one email, a fourth has another, and a fifth is shut. Whoever proved the email goes from one
    to the next of the three, sees each one's own appointments, and nobody else's by any id."""
    refs = {id: world.add_client(id, f"{id.title()} Parker", email=PARKER) for id in ("ann", "bob", "cy")}
    dan = world.add_client("dan", "Dan Parker", email="dan@example.com")
    world.add_client("eve", "Eve Parker", email=PARKER, usable=False)
    for id, ref in {**refs, "dan": dan}.items():
        world.book(f"{id}-1", ref, "2026-12-01 09:00")
    door = opened(world, an_account(world, PARKER, SINCE, proved=SINCE))
    assert seen(door) == ["client:ann", "client:bob", "client:cy"]
    assert sorted(option.label for option in door.profiles()) == ["Ann P.", "Bob P.", "Cy P."]
    for id, ref in refs.items():
        door = world.client(door.switch(str(ref)))
        assert booked(door) == [f"{id}-1"]
        assert [option.id for option in door.profiles() if option.current] == [str(ref)]
    for foreign in ("client:dan", "client:eve", "client:nobody"):
        assert reason_of(lambda foreign=foreign: door.switch(foreign)) is Reason.NOT_FOUND


@pytest.mark.requirement("TT11")
def test_an_email_that_is_typed_and_not_proved_leads_nowhere(world: World) -> None:
    """Before the proof there is no profile, and none to switch to; the proof is what leads to the record."""
    ann = world.add_client("ann", "Ann Parker", email=PARKER)
    world.book("ann-1", ann, "2026-12-01 09:00")
    typed = opened(world, an_account(world, PARKER, SINCE))
    assert (seen(typed), booked(typed)) == ([], [])
    assert reason_of(lambda: typed.switch(str(ann))) is Reason.NOT_FOUND
    proved = opened(world, an_account(world, PARKER, SINCE, proved=SINCE), ann, entry=ann)
    assert (seen(proved), booked(proved)) == (["client:ann"], ["ann-1"])


@pytest.mark.requirement("TT11")
def test_registering_leads_to_the_record_by_the_proof_and_makes_no_second_one(world: World) -> None:
    """Ann registers with the email that the studio has of her: nothing is shown until she types the code that was
    mailed; then it is her record, with her appointment, and the studio has no other client than before."""
    ann = world.add_client("ann", "Ann Parker", email=PARKER)
    world.book("ann-1", ann, "2026-12-01 09:00")
    registered = world.visitor().register(PARKER, "four quiet wooden ducks", first_name="Ann")
    door = world.client(registered)
    assert (seen(door), booked(door)) == ([], [])
    world.deliver()
    world.clock.advance(timedelta(minutes=11))
    sent = door.request_email_code()
    world.deliver()
    door = world.client(door.verify_email_code(sent.handle, world.code_in(world.box.messages[-1])))
    assert (seen(door), booked(door)) == (["client:ann"], ["ann-1"])
    assert [one.ref for one in world.ask("client_list", None, None, 10).items] == [ann]


@pytest.mark.requirement("TT11")
def test_whoever_joins_or_leaves_the_email_joins_or_leaves_the_profiles(world: World) -> None:
    """Cy is added by staff with the family email, Bob gets an email of his own: the next look shows just that."""
    ann = world.add_client("ann", "Ann Parker", email=PARKER)
    bob = world.add_client("bob", "Bob Parker", email=PARKER)
    door = opened(world, an_account(world, PARKER, SINCE, proved=SINCE), ann, bob, entry=ann)
    world.add_client("cy", "Cy Parker", email=" Parker@example.com ")
    (row,) = world.ask("clients", [bob])
    world.change_client(evolve(row, email="bob@example.com"))
    assert seen(door) == ["client:ann", "client:cy"]
    assert reason_of(lambda: door.switch(str(bob))) is Reason.NOT_FOUND
    assert world.client(door.switch("client:cy")).profile().first_name == "Cy"


@pytest.mark.requirement("TT11")
def test_equal_labels_are_told_apart_by_the_client_number(world: World) -> None:
    """Ann Parker, mother and daughter: each gets a number, once, and keeps it."""
    for id in ("ann", "anna"):
        world.add_client(id, "Ann Parker", email=PARKER)
    door = opened(world, an_account(world, PARKER, SINCE, proved=SINCE))
    first = {option.id: option.label for option in door.profiles()}
    assert first == {"client:ann": "Ann P. (no. 1)", "client:anna": "Ann P. (no. 2)"}
    assert {option.id: option.label for option in door.profiles()} == first


@pytest.mark.requirement("TT11")
def test_a_merge_of_two_profiles_leaves_one(world: World) -> None:
    """And its undo brings the second back."""
    ann, anna = (world.add_client(id, "Ann Parker", email=PARKER) for id in ("ann", "anna"))
    door = opened(world, an_account(world, PARKER, SINCE, proved=SINCE), ann, anna, entry=anna)
    merged = world.staff().merge(ann, anna)
    assert [(option.id, option.current) for option in door.profiles()] == [("client:ann", True)]
    world.staff().undo(merged.merges[0])
    assert [(option.id, option.current) for option in door.profiles()] == [
        ("client:ann", False),
        ("client:anna", True),
    ]


@pytest.mark.requirement("TT2")
def test_login_off_there_is_neither_history_nor_a_filled_in_form(world: World) -> None:
    """On: both. Off: the open session is refused, and the visitor is offered no login and given nothing."""
    ann = world.add_client("ann", "Ann Parker", email=PARKER)
    world.book("ann-1", ann, "2026-11-01 09:00")
    door = opened(world, an_account(world, PARKER, SINCE, proved=SINCE), ann, entry=ann)
    start = door.start_booking()
    assert start.profile is not None
    assert ([one.id for one in start.recent], start.profile.first_name) == (["ann-1"], "Ann")
    world.change_policy("login", enabled=False)
    for call in (door.start_booking, door.appointments, door.profiles):
        assert reason_of(call) is Reason.DISABLED
    nothing = world.visitor().start_booking()
    assert (nothing.login_offered, nothing.profile, nothing.recent, nothing.answers, nothing.card) == (
        False, None, (), (), None,
    )  # fmt: skip


# --- guests: bookings without a client row ---------------------------------------------------------------------------

NUMBER = "021 123 4567"


def guest(
    world: World, id: str, name: str, start: str, *, made: str = "2026-11-01 09:00", **contacts: str
) -> RecordRef:
    """A guest's booking, with what was typed at it."""
    ref = RecordRef.booking(id)
    world.book(id, ref, start, made=made, booked_as=name, contacts=RawContacts(ref, **contacts))
    world.portal.contact_changed(world.tenant, ref)
    return ref


@pytest.mark.requirement("T4", "TT11")
def test_a_guests_bookings_are_one_profile_and_another_name_is_another(world: World) -> None:
    """Ann has booked three times as a guest, Bob once, all with one email. Two profiles; Ann's shows her three, also
    one that she books while she is logged in."""
    for number, name in enumerate(("Ann Parker", "ANN  PARKER", "Ann Pärker", "Bob Parker"), 1):
        guest(world, f"g{number}", name, f"2026-12-0{number} 09:00", made=f"2026-11-0{number} 09:00", email=PARKER)
    door = opened(world, an_account(world, PARKER, SINCE, proved=SINCE))
    assert seen(door) == ["booking:g3", "booking:g4"]
    door = world.client(door.switch("booking:g3"))
    assert booked(door) == ["g1", "g2", "g3"]
    assert door.cancel("g1").appointment.id == "g1"
    assert reason_of(lambda: door.appointment("g4")) is Reason.NOT_FOUND
    guest(world, "g5", "Ann Parker", "2026-12-05 09:00", made="2026-11-21 09:00", email=PARKER)
    assert booked(door) == ["g1", "g2", "g3", "g5"]
    assert [(option.id, option.current) for option in door.profiles()] == [("booking:g4", False), ("booking:g5", True)]
    assert booked(world.client(door.switch("booking:g4"))) == ["g4"]


@pytest.mark.requirement("T4")
def test_a_number_shows_the_whole_guest_who_booked_last(world: World) -> None:
    """Timely: Ben's booking is the newest, so the number shows Ben, with both of his and none of Ana's."""
    world.use(presets.timely(region="NZ"))
    for id, name, made in (("g1", "Ben", "03"), ("g2", "Ana", "05"), ("g3", "Ben", "06")):
        guest(world, id, name, "2026-12-01 09:00", made=f"2026-11-{made} 09:00", mobile=NUMBER)
    signed_in = world.sign_in(NUMBER)
    assert signed_in.record == RecordRef.booking("g3")
    assert booked(world.client(signed_in)) == ["g1", "g3"]


@pytest.mark.parametrize(("bookings", "found"), [(101, True), (200, True), (201, False)])
@pytest.mark.requirement("T4")
def test_a_guest_who_books_every_week_is_somebody(memory_world: World, bookings: int, found: bool) -> None:
    """More than a hundred bookings of one name and number are one person, up to two hundred; and each is shown."""
    world = memory_world
    world.use(presets.timely(region="NZ"))
    for number in range(bookings):
        guest(world, f"g{number:03}", "Ana Kingi", "2026-12-01 09:00", mobile=NUMBER)
    if not found:
        world.clock.advance(timedelta(minutes=11))
        world.visitor().request_code(NUMBER)
        assert world.deliver().dropped == 1
        return
    door = world.log_in(NUMBER)
    assert len(door.appointments(limit=100).items) == 100
    assert door.appointment("g000").id == "g000"
    assert door.appointment(f"g{bookings - 1:03}").id == f"g{bookings - 1:03}"


def test_a_hundred_and_one_names_on_one_number_are_nobody(memory_world: World) -> None:
    """A school's number: as many people as bookings, so it identifies nobody, as before."""
    world = memory_world
    world.use(presets.timely(region="NZ"))
    for number in range(101):
        guest(world, f"g{number}", f"Child {number}", "2026-12-01 09:00", mobile=NUMBER)
    world.visitor().request_code(NUMBER)
    assert world.deliver().dropped == 1
    assert world.staff().explain_contact(NUMBER).record is None


@pytest.mark.requirement("X6")
def test_not_me_takes_the_number_off_all_of_a_guests_bookings(world: World) -> None:
    """Rawiri has Ana's old number: none of her bookings is found by it any more."""
    world.use(presets.timely(region="NZ"))
    for id in ("g1", "g2"):
        guest(world, id, "Ana Kingi", "2026-12-01 09:00", mobile=NUMBER)
    detached = world.log_in(NUMBER).not_me()
    assert booked(world.client(detached.signed_in)) == []
    assert booked(world.log_in(NUMBER)) == []


@pytest.mark.requirement("T5")
def test_merging_a_guests_booking_into_a_client_takes_that_booking_alone(world: World) -> None:
    """Staff say that g1 is Ana, the client: it is shown with hers; g2 and g3 stay the guest's until they say so."""
    world.use(presets.timely(region="NZ"))
    ana = world.add_client("ana", "Ana Kingi", mobile="021 765 4321")
    for id in ("g1", "g2", "g3"):
        guest(world, id, "Ana Kingi", "2026-12-01 09:00", mobile=NUMBER)
    world.staff().merge(ana, RecordRef.booking("g1"))
    assert booked(world.log_in("021 765 4321")) == ["g1"]
    world.change_policy("login", several="choose")
    assert seen(world.log_in(NUMBER)) == ["booking:g3", "client:ana"]
    assert client("ana") == ana
