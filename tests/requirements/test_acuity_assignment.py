"""Acuity: whose an appointment is, by itself (A7–A10) and by staff (A11–A13)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import NEW_YORK, a_link, a_session, an_account, proves
from clientportal import InvalidInput, Permission, Reason, RecordRef, StoreError, presets
from clientportal.policy import SeenBy, StaffBooking
from clientportal.ports import RawContacts
from clientportal.records import Account, Assignment, Remove
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.values import HostAnswer, When
from stores.test_joined import rolled_back, transaction
from watching import BOTH_COLOURS, platform, reason_of
from world import World, at

MAYA = "maya.ortiz@example.com"


@pytest.fixture(autouse=True)
def _acuity(request: pytest.FixtureRequest) -> None:
    """Every scenario is Acuity's, in New York, on Monday, 2 March 2026, at 9."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            acuity(request.getfixturevalue(name))


def acuity(world: World) -> World:
    """The world as an Acuity business."""
    world.use(presets.acuity(region="US"))
    world.clock.set(at("2026-03-02 09:00", NEW_YORK))
    return world


def maya(world: World) -> RecordRef:
    """Maya Ortiz as the platform knows her."""
    return world.add_client("maya", "Maya Ortiz", email=MAYA)


def shown(door: Any) -> list[str]:
    """The ids of all that a client sees."""
    return sorted(one.id for when in When for one in door.appointments(when).items)


def whose(world: World, id: str) -> str | None:
    """The account that an appointment is assigned to."""
    assigned = world.staff().assignment(id).assigned
    return None if assigned is None else str(assigned.account)


def book(world: World, id: str, ref: RecordRef, start: str = "2026-03-20 10:00", **more: Any) -> str:
    """An appointment that is made now."""
    return world.book(id, ref, start, zone=NEW_YORK, **more)


# --- A7: what is seen ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A7")
def test_a_client_sees_exactly_what_is_assigned_and_an_equal_email_is_not_enough(world: World) -> None:
    """Two appointments stand under Maya's record with her proved email; she sees the one that is assigned to her, and
    one of Dan's that staff gave her. The others are not found, whatever she does with them."""
    record = maya(world)
    dan = world.add_client("dan", "Dan Ruiz", email="dan@example.com")
    account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    book(world, "hers", record)
    book(world, "same-email", record)
    book(world, "dans", dan)
    book(world, "dans-other", dan)
    world.staff().assign("hers", account)
    world.staff().assign("dans", account)
    door = world.portal.client(a_session(world, account, entry=record, own=[record]))
    assert shown(door) == ["dans", "hers"]
    assert door.appointment("dans").id == "dans"
    for foreign in ("same-email", "dans-other"):
        assert reason_of(lambda id=foreign: door.appointment(id)) is Reason.NOT_FOUND
        assert reason_of(lambda id=foreign: door.cancel(id)) is Reason.NOT_FOUND


@pytest.mark.requirement("A7")
def test_switching_between_records_and_assignments_loses_nothing(world: World) -> None:
    """Assigned, by record, assigned again: the same two lists as before, with what was booked in between assigned."""
    record = maya(world)
    account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    door = world.portal.client(a_session(world, account, entry=record, own=[record]))
    book(world, "logged-out", record)
    world.visitor().booked("logged-out")
    world.clock.advance(timedelta(minutes=5))
    book(world, "logged-in", record)
    door.booked("logged-in")
    assert shown(door) == ["logged-in"]

    world.change_policy("visibility", appointments=SeenBy.RECORD)
    assert shown(door) == ["logged-in", "logged-out"]
    world.clock.advance(timedelta(minutes=5))
    book(world, "meanwhile", record)
    door.booked("meanwhile")
    assert shown(door) == ["logged-in", "logged-out", "meanwhile"]

    world.change_policy("visibility", appointments=SeenBy.ASSIGNED)
    assert shown(door) == ["logged-in", "meanwhile"]


@pytest.mark.requirement("A6", "A7")
def test_login_off_and_on_again_leaves_assignments_as_they_were(world: World) -> None:
    """Off: the session is refused, and tells of no booking. On: everything is as it was, and what staff booked is
    there."""
    record = maya(world)
    account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    door = world.portal.client(a_session(world, account))
    book(world, "a1", record)
    door.booked("a1")
    world.change_policy("login", enabled=False)
    assert reason_of(lambda: door.appointments()) is Reason.DISABLED
    book(world, "a2", record)
    assert reason_of(lambda: door.booked("a2")) is Reason.DISABLED
    book(world, "a3", record)
    assert world.staff().booked("a3").account == account
    world.change_policy("login", enabled=True)
    assert shown(door) == ["a1", "a3"]


# --- A8a: booked logged in -------------------------------------------------------------------------------------------


@pytest.mark.requirement("A8")
def test_booked_logged_in_is_the_accounts_whatever_email_was_typed(world: World) -> None:
    """Maya books for her sister, under the sister's email, with her own session: it is Maya's. Told twice, no harm."""
    sister = world.add_client("ines", "Inés Ortiz", email="ines@example.com")
    account = an_account(world, MAYA, "2026-03-01 12:00", zone=NEW_YORK)
    door = world.portal.client(a_session(world, account))
    book(world, "a1", sister)
    assert door.booked("a1") == door.booked("a1")
    assert shown(door) == ["a1"]
    seen = world.staff().assignment("a1").assigned
    assert (seen.account, seen.email, seen.by) == (account, "m•••@example.com", f"account:{account}")
    assert seen.at == at("2026-03-02 09:00", NEW_YORK)
    assert "booked_logged_in" in seen.because


@pytest.mark.requirement("A8")
def test_a_session_cannot_grab_what_it_did_not_book(world: World) -> None:
    """Somebody gets the platform to say that their session booked other people's appointments: what was made before the
    session was opened, what is another account's, and what does not exist are all not found; and stay as they are."""
    record = maya(world)
    owner = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    book(world, "before", record)
    world.clock.advance(timedelta(seconds=1))
    eve = an_account(world, "eve@example.com", world.clock())
    door = world.portal.client(a_session(world, eve))
    world.clock.advance(timedelta(seconds=1))
    book(world, "mayas", record)
    world.staff().assign("mayas", owner)
    for id in ("before", "mayas", "no-such-thing", "x" * 300, "nul\x00"):
        assert reason_of(lambda id=id: door.booked(id)) is Reason.NOT_FOUND
    assert (whose(world, "before"), whose(world, "mayas")) == (None, owner)
    assert shown(door) == []


@pytest.mark.requirement("A8")
@BOTH_COLOURS
def test_a_moved_appointment_is_no_new_booking(awaited: bool) -> None:
    """The platform books anew at a move, so the moved appointment looks as if it were made after Eve logged in. It was
    booked before, and is refused."""
    with platform(awaited, move_makes_new_id=True) as world:
        acuity(world)
        record = maya(world)
        book(world, "a1", record)
        world.clock.advance(timedelta(minutes=1))
        door = world.portal.client(a_session(world, an_account(world, "eve@example.com", world.clock())))
        world.clock.advance(timedelta(minutes=1))
        (slot,) = world.add_slots("2026-03-21 10:00", zone=NEW_YORK)
        moved = world.staff().move("a1", slot).appointment
        assert moved.made_at > at("2026-03-02 09:01", NEW_YORK)
        for id in ("a1", moved.id):
            assert reason_of(lambda id=id: door.booked(id)) is Reason.NOT_FOUND


@pytest.mark.requirement("A8")
def test_told_in_the_bookings_own_transaction(world: World) -> None:
    """The platform books and tells in one transaction: rolled back, neither is there; committed, both are."""
    record = maya(world)
    account = an_account(world, MAYA, "2026-03-01 12:00", zone=NEW_YORK)
    token = a_session(world, account)
    book(world, "a1", record)
    with rolled_back(world) as connection:
        assert world.portal.on(connection).client(token).booked("a1").account == account
    assert whose(world, "a1") is None
    with transaction(world) as connection:
        world.portal.on(connection).client(token).booked("a1")
    assert whose(world, "a1") == account
    with transaction(world) as connection:
        joined = world.portal.on(connection).staff(world.tenant, actor="mia", permissions=frozenset(Permission))
        assert joined.booked("a1").account == account


@pytest.mark.requirement("A8")
def test_a_session_without_an_account_assigns_nothing(world: World) -> None:
    """A business where records log in by code: the record decides what is seen; nothing is assigned."""
    world.use(presets.timely(region="NZ"))
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    door = world.log_in("021 123 4567")
    world.clock.advance(timedelta(minutes=1))
    world.book("a1", ana, "2026-03-25 14:00")
    assert door.booked("a1").account is None
    assert whose(world, "a1") is None
    assert shown(door) == ["a1"]
    assert "client:ana" in {line.actor for line in world.staff().audit(subject="a1").items}


# --- rebooking and moving through the portal -------------------------------------------------------------------------


@pytest.mark.requirement("A8")
def test_booked_again_with_an_accounts_session_is_assigned_in_the_same_commit(world: World) -> None:
    """Maya books the cut again: the new appointment is hers at once, without another word by the platform."""
    record = maya(world)
    account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    book(world, "a1", record)
    world.staff().assign("a1", account)
    door = world.portal.client(a_session(world, account))
    (slot,) = world.add_slots("2026-04-20 10:00", zone=NEW_YORK)
    new = door.rebook("a1", slot, key="again").appointment.id
    assert shown(door) == sorted(["a1", new])
    assert whose(world, new) == account
    assert door.rebook("a1", slot, key="again").appointment.id == new


class Unreachable(Exception):
    """The line to the platform is cut just after it has written."""


@contextmanager
def far_platform(awaited: bool) -> Iterator[tuple[World, dict[str, bool]]]:
    """A platform in another database, whose answers can be lost."""
    cut = {"line": False}

    class Far(MemoryHost):
        move_makes_new_id = True

        def book(self, *args: Any) -> HostAnswer:
            answer = super().book(*args)
            if cut["line"]:
                raise Unreachable
            return answer

        def move(self, *args: Any) -> HostAnswer:
            answer = super().move(*args)
            if cut["line"]:
                raise Unreachable
            return answer

    host = Far.elsewhere()
    world = World(MemoryStore(), host, awaited=awaited, close=lambda: None)
    host.clock = world.clock  # type: ignore[attr-defined]
    try:
        yield acuity(world), cut
    finally:
        world.close()


@pytest.mark.requirement("A8")
@BOTH_COLOURS
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "the pump finishes it"])
def test_booked_again_at_a_platform_elsewhere(awaited: bool, lost: bool) -> None:
    """The same where the platform keeps its tables elsewhere, also where its answer is lost and the pump asks again."""
    with far_platform(awaited) as (world, cut):
        record = maya(world)
        account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
        book(world, "a1", record)
        world.staff().assign("a1", account)
        door = world.portal.client(a_session(world, account))
        (slot,) = world.add_slots("2026-04-20 10:00", zone=NEW_YORK)
        cut["line"] = lost
        if lost:
            with pytest.raises(StoreError):
                door.rebook("a1", slot, key="again")
            cut["line"] = False
            assert shown(door) == ["a1"]
            world.clock.advance(timedelta(minutes=2))
            world.deliver()
        new = door.rebook("a1", slot, key="again").appointment.id
        assert shown(door) == sorted(["a1", new])
        assert whose(world, new) == account


@pytest.mark.requirement("A7", "A13")
@BOTH_COLOURS
@pytest.mark.parametrize(
    ("lost", "meanwhile"),
    [(False, "nothing"), (True, "nothing"), (True, "cleared"), (True, "assigned anew"), (True, "told")],
)
def test_a_move_to_a_new_id_carries_the_assignment_over(awaited: bool, meanwhile: str, lost: bool) -> None:
    """The platform books anew at a move: the assignment goes along, and what staff decided while its answer was lost
    holds. Both ids lead to the appointment; clearing it clears it for good."""
    with far_platform(awaited) as (world, cut):
        record = maya(world)
        account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
        other = an_account(world, "dan@example.com", "2026-01-11 12:00", zone=NEW_YORK)
        book(world, "a1", record)
        world.staff().assign("a1", account)
        door = world.portal.client(a_session(world, account))
        (slot,) = world.add_slots("2026-03-21 10:00", zone=NEW_YORK)
        cut["line"] = lost
        expected: str | None = account
        if lost:
            with pytest.raises(StoreError):
                door.move("a1", slot, key="move")
            cut["line"] = False
            if meanwhile == "cleared":
                world.staff().clear_assignment("a1")
                expected = None
            elif meanwhile == "assigned anew":
                world.staff().assign("a1", other)
                expected = other
            elif meanwhile == "told":
                new = next(one.id for one in appointments_of(world, record) if one.id != "a1")
                world.staff().assign(new, other)
                expected = other
            world.clock.advance(timedelta(minutes=2))
            world.deliver()
        else:
            door.move("a1", slot, key="move")
        new = next(one.id for one in appointments_of(world, record) if one.id != "a1")
        assert (whose(world, new), whose(world, "a1")) == (expected, expected)
        assert (new in shown(door)) == (expected == account)
        assert world.staff().clear_assignment("a1") == (expected is not None)
        assert shown(door) == []


def appointments_of(world: World, ref: RecordRef) -> list[Any]:
    """What the platform has for a record."""
    found = []
    for when in When:
        found += world.ask("appointments", [ref], when, world.clock(), None, 50).items
    return found


@pytest.mark.requirement("A7", "A11")
@BOTH_COLOURS
def test_assignments_follow_a_move_in_one_transaction_too(awaited: bool) -> None:
    """The same platform in the portal's own database. Staff name either id."""
    with platform(awaited, move_makes_new_id=True) as world:
        acuity(world)
        record = maya(world)
        account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
        book(world, "a1", record)
        world.staff().assign("a1", account)
        door = world.portal.client(a_session(world, account))
        slots = world.add_slots("2026-03-21 10:00", "2026-03-22 10:00", zone=NEW_YORK)
        second = door.move("a1", slots[0]).appointment.id
        third = door.move("a1", slots[1]).appointment.id
        assert len({"a1", second, third}) == 3
        assert [whose(world, id) for id in ("a1", second, third)] == [account] * 3
        assert shown(door) == [third]
        assert world.stored(Assignment, "a1") is None
        listed = world.staff().assignments(record)
        assert {row.appointment.id: row.assigned and row.assigned.account for row in listed.items} == {
            "a1": account,
            second: account,
            third: account,
        }
        dan = an_account(world, "dan@example.com", "2026-01-11 12:00", zone=NEW_YORK)
        assert [row.before for row in world.staff().assign_many([second, third], dan)] == [account, account]
        assert whose(world, "a1") == dan


# --- A8b, A9: before and after the account was created ---------------------------------------------------------------


@pytest.mark.requirement("A8", "A9")
def test_the_first_proof_takes_what_was_booked_before_and_nothing_else(world: World) -> None:
    """Of six appointments with Maya's email: before she registered, past, upcoming and cancelled, hers at the proof.
    At the very moment, and after it, before or after the proof: nobody's. One that staff gave to Dan stays Dan's."""
    record = maya(world)
    dan = an_account(world, "dan@example.com", "2026-01-11 12:00", zone=NEW_YORK)
    made = {
        "past": "2026-02-01 08:00",
        "upcoming": "2026-02-20 08:00",
        "dans": "2026-02-21 08:00",
        "at-the-moment": "2026-03-01 12:00",
        "after": "2026-03-01 12:01",
    }
    for id, when in made.items():
        start = "2026-02-10 10:00" if id == "past" else "2026-03-20 10:00"
        book(world, id, record, start, made=at(when, NEW_YORK))
        world.visitor().booked(id)
    world.staff().assign("dans", dan)
    account = an_account(world, MAYA, "2026-03-01 12:00", zone=NEW_YORK)
    assert [whose(world, id) for id in made] == [None, None, dan, None, None]
    assert proves(world, account) == 2
    assert [whose(world, id) for id in made] == [account, account, dan, None, None]
    book(world, "later", record)
    assert world.visitor().booked("later").account is None
    door = world.portal.client(a_session(world, account))
    assert shown(door) == ["past", "upcoming"]
    assert "booked_before_proof" in world.staff().assignment("past").assigned.because


@pytest.mark.requirement("A8")
def test_the_first_proof_reads_to_the_last_page_through_merges_guests_and_moves(world: World) -> None:
    """Two hundred and fifty appointments on three records: one has the email, one was merged into it, and one is a
    guest's booking. A record whose email was taken off it by "this is not me" is left out."""
    record = maya(world)
    twin = world.add_client("twin", "M. Ortiz", mobile="(212) 555-0175")
    early = at("2026-01-05 09:00", NEW_YORK)
    for n in range(125):
        start = at("2026-02-01 09:00", NEW_YORK) + timedelta(hours=n)
        world.seed("add_appointments", [_plain(f"m{n}", record, start, early), _plain(f"t{n}", twin, start, early)])
    world.staff().merge(record, twin)
    guest = RecordRef.booking("guest")
    book(world, "guest", guest, made=early, contacts=RawContacts(guest, email="Maya.Ortiz@Example.com"))
    world.portal.contact_changed(world.tenant, guest)
    account = an_account(world, MAYA, "2026-03-01 12:00", zone=NEW_YORK)
    assert proves(world, account) == 251


def _plain(id: str, ref: RecordRef, start: Any, made: Any) -> Any:
    from clientportal import Appointment, AppointmentStatus

    return Appointment(
        id, ref, "cut", start, start + timedelta(minutes=45), NEW_YORK, AppointmentStatus.CONFIRMED, made
    )


@pytest.mark.requirement("A8", "A9")
@BOTH_COLOURS
def test_a_move_makes_no_booking_older_or_younger(awaited: bool) -> None:
    """Booked before Maya registered and moved afterwards, under a new id: booked before all the same. The cancelled
    row that the move left behind is not counted as another."""
    with platform(awaited, move_makes_new_id=True) as world:
        acuity(world)
        record = maya(world)
        book(world, "a1", record)
        world.clock.advance(timedelta(hours=1))
        account = an_account(world, MAYA, world.clock())
        world.clock.advance(timedelta(hours=1))
        (slot,) = world.add_slots("2026-03-21 10:00", zone=NEW_YORK)
        new = world.staff().move("a1", slot).appointment.id
        assert proves(world, account) == 1
        assert whose(world, new) == account
        assert world.stored(Assignment, "a1") is None


@pytest.mark.requirement("A8")
def test_an_email_that_means_nobody_claims_nothing(world: World) -> None:
    """Staff flagged the address of the front desk; "this is not me" took another off a record: neither leads to an
    appointment by itself."""
    desk = world.add_client("walk-in", "Walk In", email="desk@example.com")
    book(world, "a1", desk, made=at("2026-01-05 09:00", NEW_YORK))
    world.staff().flag_placeholder("desk@example.com")
    account = an_account(world, "desk@example.com", "2026-03-01 12:00", zone=NEW_YORK)
    assert proves(world, account) == 0
    book(world, "a2", desk)
    assert world.staff().booked("a2").account is None


# --- A8c, A10: booked by staff ---------------------------------------------------------------------------------------


@pytest.mark.requirement("A8", "A10")
def test_booked_by_staff_goes_where_the_email_leads_unless_that_is_ambiguous(world: World) -> None:
    """Nobody has registered: nobody's. Registered but unproved: still nobody's. Proved: hers. One assigned to Dan's
    account alone: Dan's, though his email is another. To both: nobody's, and staff decide."""
    record = maya(world)
    staff = world.staff()

    def booked(id: str) -> str | None:
        book(world, id, record)
        answer: str | None = staff.booked(id).account
        assert whose(world, id) == answer
        return answer

    assert booked("s1") is None
    account = an_account(world, MAYA, world.clock())
    assert booked("s2") is None
    assert proves(world, account) == 0, "made at the moment of the registration, not before it"
    assert booked("s3") == account
    staff.clear_assignment("s3")
    dan = an_account(world, "dan@example.com", "2026-01-11 12:00", proved="2026-01-11 12:01", zone=NEW_YORK)
    staff.assign("s1", dan)
    assert booked("s4") == dan
    staff.assign("s2", account)
    assert booked("s5") is None
    staff.assign("s1", account)
    staff.assign("s4", account)
    assert booked("s6") == account
    assert staff.booked("s1").account == account, "assigned already: as it was"


@pytest.mark.requirement("A8", "A10")
def test_everybody_with_the_email_counts_merged_records_too(world: World) -> None:
    """Another record has the same email and its appointment is Dan's; a merged record's is Maya's: two accounts."""
    record = maya(world)
    spouse = world.add_client("spouse", "Ray Ortiz", email="MAYA.ORTIZ@example.com")
    twin = world.add_client("twin", "M. Ortiz", mobile="(212) 555-0175")
    dan = an_account(world, "dan@example.com", "2026-01-11 12:00", zone=NEW_YORK)
    account = an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    book(world, "sp1", spouse)
    book(world, "t1", twin)
    world.staff().assign("sp1", dan)
    book(world, "s1", record)
    assert world.staff().booked("s1").account == dan
    world.staff().assign("t1", account)
    world.staff().merge(record, twin)
    book(world, "s2", record)
    assert world.staff().booked("s2").account is None


@pytest.mark.requirement("A8")
def test_under_chosen_client_the_bookings_record_decides(world: World) -> None:
    """One account linked to the record: that one. None, or a household of two: nobody's. The email plays no part."""
    world.change_policy("bookings", by_staff=StaffBooking.CHOSEN_CLIENT)
    record = maya(world)
    an_account(world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05", zone=NEW_YORK)
    parent = an_account(world, "rosa@example.com", "2026-01-11 12:00", proved="2026-01-11 12:01", zone=NEW_YORK)
    other = an_account(world, "luis@example.com", "2026-01-12 12:00", proved="2026-01-12 12:01", zone=NEW_YORK)
    answers = []
    for id in ("s1", "s2", "s3"):
        book(world, id, record)
        answers.append(world.staff().booked(id).account)
        if id != "s3":
            a_link(world, parent if id == "s1" else other, record)
    assert answers == [None, parent, None]


@pytest.mark.requirement("A8", "A10", "A16")
def test_what_staff_book_is_not_shown_to_whoever_only_typed_the_email(world: World) -> None:
    """Eve registers with Maya's email and books once, logged in; then the desk books for Maya. The one account of that
    email is Eve's, and she sees none of it; when Maya proves her email it is Maya's.
    """
    ref = maya(world)
    eve = an_account(world, MAYA, "2026-03-02 09:00")
    session = a_session(world, eve)
    world.clock.advance(timedelta(minutes=1))
    book(world, "e1", ref)
    assert world.portal.client(session).booked("e1").account == eve
    book(world, "m1", ref, "2026-03-21 10:00")
    assert world.staff().booked("m1").account == eve
    assert world.staff().assign("m1", eve).assigned is not None
    assert shown(world.portal.client(session)) == ["e1"]
    assert reason_of(lambda: world.portal.client(session).appointment("m1")) is Reason.NOT_FOUND
    assert reason_of(lambda: world.portal.client(session).cancel("m1")) is Reason.NOT_FOUND
    proves(world, eve)
    assert shown(world.portal.client(session)) == ["e1", "m1"], "whoever proves it is whoever has the mailbox"


@pytest.mark.requirement("A8")
def test_booked_for_what_does_not_exist(world: World) -> None:
    """Staff and visitors get not found; staff need the permission to change appointments."""
    for door in (world.staff(), world.visitor()):
        assert reason_of(lambda door=door: door.booked("no-such-thing")) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff([Permission.ASSIGN]).booked("x")) is Reason.PERMISSION


# --- A11–A13: staff --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A11", "A13")
def test_staff_assign_reassign_and_clear_any_appointment(world: World) -> None:
    """To any account of the business, proved or not; each with actor and reason in the audit; never to an account of
    another business, or an appointment that is not there."""
    record = maya(world)
    account = an_account(world, MAYA, "2026-01-10 12:00", zone=NEW_YORK)
    dan = an_account(world, "dan@example.com", "2026-01-11 12:00", proved="2026-01-11 12:01", zone=NEW_YORK)
    book(world, "a1", record)
    staff = world.staff(reason="Maya rang, 10:15")
    assert staff.assignment("a1").assigned is None
    first = staff.assign("a1", account)
    assert (first.appointment.id, first.assigned.account, first.assigned.by) == ("a1", account, "staff:mia")
    assert staff.assignment("a1").assigned == first.assigned
    world.clock.advance(timedelta(minutes=3))
    assert staff.assign("a1", account).assigned == first.assigned, "it was there already"
    assert staff.assign("a1", dan).assigned.account == dan
    assert f"before {account}" in staff.assignment("a1").assigned.because
    assert staff.clear_assignment("a1") is True
    assert staff.clear_assignment("a1") is False
    lines = [line for line in staff.audit(subject="a1").items if line.action != "assignment"]
    assert sorted(line.action for line in lines) == ["assign"] * 3 + ["clear_assignment"] * 2
    assert {(line.actor, line.reason) for line in lines} == {("staff:mia", "Maya rang, 10:15")}
    for call in (
        lambda: staff.assign("a1", "account-of-next-door"),
        lambda: staff.assign("no-such-thing", account),
        lambda: staff.clear_assignment("no-such-thing"),
        lambda: staff.assignment("no-such-thing"),
    ):
        assert reason_of(call) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff([Permission.SEE_CLIENTS]).assign("a1", dan)) is Reason.PERMISSION


def deleted(world: World, appointment: Any) -> None:
    """The platform deletes a row for good."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.host.delete_appointment(appointment, "gone")
            await unit.commit(())

    world.run(go())


@pytest.mark.requirement("A11")
def test_what_the_platform_has_deleted_can_be_cleared_still(world: World) -> None:
    """The row is gone, the assignment is not: staff clear it, once."""
    account = an_account(world, MAYA, "2026-01-10 12:00", zone=NEW_YORK)
    book(world, "a1", maya(world))
    world.staff().assign("a1", account)
    appointment = world.ask("appointment", "a1")
    deleted(world, appointment)
    assert reason_of(lambda: world.staff().assign("a1", account)) is Reason.NOT_FOUND
    assert world.staff().clear_assignment("a1") is True
    assert reason_of(lambda: world.staff().clear_assignment("a1")) is Reason.NOT_FOUND


@pytest.mark.requirement("A11")
def test_several_are_assigned_row_by_row(world: World) -> None:
    """Three of four are there; the fourth is said to be missing and holds up nothing. Each is audited by itself."""
    record = maya(world)
    account = an_account(world, MAYA, "2026-01-10 12:00", zone=NEW_YORK)
    dan = an_account(world, "dan@example.com", "2026-01-11 12:00", zone=NEW_YORK)
    for id in ("a1", "a2", "a3"):
        book(world, id, record)
    staff = world.staff(reason="desk")
    staff.assign("a2", dan)
    rows = staff.assign_many(["a1", "a2", "missing", "a3", "a1"], account)
    assert [(row.appointment_id, row.assigned, row.reason, row.before) for row in rows] == [
        ("a1", True, None, None),
        ("a2", True, None, dan),
        ("missing", False, "not_found", None),
        ("a3", True, None, None),
    ]
    assert [whose(world, id) for id in ("a1", "a2", "a3")] == [account] * 3
    line = next(line for line in staff.audit(subject="a3").items if line.action == "assign")
    assert (line.outcome, line.reason, f"to {account}" in line.because) == ("done", "desk", True)
    assert reason_of(lambda: staff.assign_many(["a1"], "nobody")) is Reason.NOT_FOUND


@pytest.mark.requirement("A11")
@pytest.mark.parametrize("ids", ["a1", [], ["a"] * 0, [f"a{n}" for n in range(201)], ["a1", None]])
def test_a_list_of_appointments_is_a_list_of_ids(memory_world: World, ids: Any) -> None:
    """One text, none, too many, and what is no text are refused before anything is read."""
    from clientportal import InvalidInput

    with pytest.raises(InvalidInput, match="appointment_ids"):
        memory_world.staff().assign_many(ids, "account")


@pytest.mark.requirement("A12")
def test_assign_all_is_offered_only_with_one_account_among_the_clients_appointments(world: World) -> None:
    """Nothing assigned, two accounts: refused with the reason. One account: everything, past and upcoming, merged
    records included; how many is reported; other clients' appointments are left alone."""
    record = maya(world)
    twin = world.add_client("twin", "M. Ortiz", mobile="(212) 555-0175")
    ray = world.add_client("ray", "Ray Ortiz", email=MAYA)
    account = an_account(world, MAYA, "2026-01-10 12:00", zone=NEW_YORK)
    dan = an_account(world, "dan@example.com", "2026-01-11 12:00", zone=NEW_YORK)
    book(world, "past", record, "2026-02-10 10:00", made=at("2026-02-01 10:00", NEW_YORK))
    book(world, "next", record)
    book(world, "twins", twin)
    book(world, "rays", ray)
    world.staff().merge(record, twin)
    staff = world.staff()

    offer = staff.may_assign_all(record)
    assert (offer.allowed, offer.reason, offer.account) == (False, "nothing_assigned", None)
    assert reason_of(lambda: staff.assign_all(record)) is Reason.NOTHING_ASSIGNED
    staff.assign("next", account)
    staff.assign("past", dan)
    assert staff.may_assign_all(record).reason == "several_accounts"
    assert reason_of(lambda: staff.assign_all(record)) is Reason.SEVERAL_ACCOUNTS
    staff.clear_assignment("past")

    offer = staff.may_assign_all(record)
    assert (offer.allowed, offer.account, offer.assigned, offer.unassigned) == (True, account, 1, 2)
    assert staff.preview.assign_all(twin) == staff.assign_all(twin)
    assert [whose(world, id) for id in ("past", "next", "twins", "rays")] == [account] * 3 + [None]
    done = staff.assign_all(record)
    assert (done.account, done.newly, done.already) == (account, 0, 3)
    assert "assign_all" in {line.action for line in staff.audit(subject="client:twin").items}


@pytest.mark.requirement("A12")
def test_assign_all_for_nobody(world: World) -> None:
    """A client that does not exist has nothing assigned; an account that is gone is given nothing."""
    record = maya(world)
    assert reason_of(lambda: world.staff().assign_all(RecordRef.client("nobody"))) is Reason.NOTHING_ASSIGNED
    account = an_account(world, MAYA, "2026-01-10 12:00", zone=NEW_YORK)
    book(world, "a1", record)
    world.staff().assign("a1", account)
    from accounts_ground import write

    write(world, Remove(world.stored(Account, account)))
    assert reason_of(lambda: world.staff().assign_all(record)) is Reason.NOT_FOUND
    assert world.staff().assignment("a1").assigned.email == ""


@pytest.mark.requirement("A13")
def test_staff_see_a_clients_appointments_with_whose_each_is(world: World) -> None:
    """Page by page, upcoming and past; the account with its email masked, by whom, when and why."""
    record = maya(world)
    account = an_account(world, MAYA, "2026-01-10 12:00", zone=NEW_YORK)
    for day in range(1, 6):
        book(world, f"a{day}", record, f"2026-03-2{day} 10:00")
    book(world, "old", record, "2026-02-10 10:00", made=at("2026-02-01 10:00", NEW_YORK))
    staff = world.staff(reason="by telephone")
    staff.assign_many(["a2", "a4"], account)
    first = staff.assignments(record, limit=3)
    second = staff.assignments(record, after=first.next, limit=3)
    listed = [(row.appointment.id, row.assigned and row.assigned.account) for row in (*first.items, *second.items)]
    assert listed == [("a1", None), ("a2", account), ("a3", None), ("a4", account), ("a5", None)]
    assert [row.appointment.id for row in staff.assignments(record, When.PAST).items] == ["old"]
    seen = first.items[1].assigned
    assert (seen.email, seen.by, "by telephone" in seen.because) == ("m•••@example.com", "staff:mia", True)
    assert MAYA not in repr(first)
    assert reason_of(lambda: world.staff([Permission.ASSIGN]).assignments(record)) is Reason.PERMISSION


@pytest.mark.requirement("A11")
def test_staff_find_an_account_by_its_email_and_who_only_typed_it(world: World) -> None:
    """Whom to assign to: Maya's account, which her email logs in to, before a registration that nobody has proved."""
    typed = an_account(world, MAYA, "2026-02-27 09:00", zone=NEW_YORK)
    owner = an_account(
        world, MAYA, "2026-03-01 09:00", proved="2026-03-01 09:05", password="a long walk", zone=NEW_YORK
    )
    found = world.staff({Permission.SEE_CLIENTS}).find_accounts(" Maya.Ortiz@Example.com ")
    assert [(line.account_id, line.logs_in, line.has_password) for line in found] == [
        (owner, True, True),
        (typed, False, False),
    ]
    assert found[0].proved_at == at("2026-03-01 09:05", NEW_YORK)
    assert found[0].email == MAYA
    assert world.staff().find_accounts("nobody@example.com") == ()


def test_a_record_is_named_by_a_ref_and_nothing_else(world: World) -> None:
    """Text where a ref belongs is said to be text, before anything is read."""
    staff = world.staff()
    for call in (staff.client, staff.assign_all, staff.links, staff.view_as, staff.export_person, staff.delete_client):
        with pytest.raises(InvalidInput, match=r"a RecordRef, such as RecordRef\.client\('42'\); this is str"):
            call("client:maya")
    with pytest.raises(InvalidInput, match="RecordRef"):
        world.portal.contact_changed(world.tenant, "client:maya")
