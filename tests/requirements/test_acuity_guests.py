"""Acuity: a guest who has booked so often that the email names more records than anybody is looked for by (A8b)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts_ground import NEW_YORK, an_account, proves
from clientportal import Appointment, AppointmentStatus, RecordRef, presets
from clientportal.ports import RawContacts
from clientportal.records import Assignment
from world import World, at, make_world

pytestmark = pytest.mark.requirement("A8")

MAYA = "maya.ortiz@example.com"
MANY = 300


def guests(world: World, *, email: str = MAYA, count: int = MANY, prefix: str = "g") -> None:
    """Bookings made in January under that email, each a record of its own; the platform lists them in one walk."""
    early = at("2026-01-05 09:00", NEW_YORK)
    booked: list[Appointment] = []
    contacts: dict[str, RawContacts] = {}
    for n in range(count):
        ref = RecordRef.booking(f"{prefix}{n}")
        start = at("2026-02-01 09:00", NEW_YORK) + timedelta(hours=n)
        end = start + timedelta(minutes=45)
        booked.append(
            Appointment(ref.id, ref, "cut", start, end, NEW_YORK, AppointmentStatus.CONFIRMED, early, booked_as="Maya")
        )
        contacts[ref.id] = RawContacts(ref, email=email)
    world.seed("add_appointments", booked, contacts=contacts)


@pytest.mark.parametrize("store", ["memory-plain", "sqlite-plain"])
def test_the_first_proof_takes_every_booking_that_a_guest_made_with_the_email(store: str) -> None:
    """Three hundred bookings before Maya registered: hers at the proof, but the one that staff gave to Dan.

    Nothing comes with them: not what was booked with an email that looks like hers, nor what was made afterwards, nor
    what stands under a client row with another email into which staff merged one of the bookings.
    """
    world = make_world(store)
    world.use(presets.acuity(region="US"))
    world.clock.set(at("2026-03-02 09:00", NEW_YORK))
    guests(world)
    guests(world, email="maya.ortiz@example.org", count=3, prefix="other")
    world.portal.walk_contacts(world.tenant, restart=True)
    dan = an_account(world, "dan@example.com", "2026-01-11 12:00", zone=NEW_YORK)
    world.staff().assign("g7", dan)
    row = world.add_client("row", "Ines Ortiz", email="ines@example.com")
    world.book("row-1", row, "2026-03-20 10:00", made=at("2026-01-05 09:00", NEW_YORK), zone=NEW_YORK)
    world.staff().merge(row, RecordRef.booking("g8"))
    account = an_account(world, MAYA, "2026-03-01 12:00", zone=NEW_YORK)
    late = RecordRef.booking("late")
    world.book("late", late, "2026-03-20 10:00", zone=NEW_YORK, contacts=RawContacts(late, email=MAYA))
    world.portal.contact_changed(world.tenant, late)
    assert proves(world, account) == MANY - 1
    held = world.all_stored(Assignment, "account", account)
    assert {one.id for one in held} == {f"g{n}" for n in range(MANY)} - {"g7"}
    assert [one.id for one in world.all_stored(Assignment, "account", dan)] == ["g7"]
    world.close()


@pytest.mark.parametrize(("flagged", "theirs"), [(False, ["g0"]), (True, [])])
def test_a_front_desks_address_on_all_client_rows_leads_to_none_of_them(
    memory_world: World, flagged: bool, theirs: list[str]
) -> None:
    """A hundred and one client rows have it: whoever owns the mailbox is none of these people. The one booking that a
    guest made with it is the owner's; unless staff have flagged the address as nobody's (X4)."""
    world = memory_world
    world.use(presets.acuity(region="US"))
    for n in range(101):
        row = world.add_client(f"c{n}", f"Client {n}", email="desk@example.com")
        world.book(f"a{n}", row, "2026-03-20 10:00", made=at("2026-01-05 09:00", NEW_YORK))
    guests(world, email="desk@example.com", count=1)
    world.portal.contact_changed(world.tenant, RecordRef.booking("g0"))
    account = an_account(world, "desk@example.com", "2026-03-01 12:00", zone=NEW_YORK)
    if flagged:
        world.staff().flag_placeholder("desk@example.com")
    proves(world, account)
    assert [one.id for one in world.all_stored(Assignment, "account", account)] == theirs
