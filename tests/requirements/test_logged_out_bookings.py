"""The axis "logged-out booking, known contact": each product files it in its own way, and no visitor learns of it."""

from __future__ import annotations

import pytest

from clientportal import InvalidContact, InvalidInput, Permission, Policy, Reason, RecordRef, presets
from clientportal.ports import RawContacts
from watching import everything_stored, reason_of
from world import World, client

NUMBER, EMAIL = "021 123 4567", "ana@example.com"


def ana(world: World) -> RecordRef:
    """Ana, whom the business knows."""
    return world.add_client("ana", "Ana Kīngi", mobile=NUMBER, email=EMAIL)


def filed(world: World, name: str, **contacts: str) -> str | None:
    """The id of the client that a booking with these is filed under."""
    match = world.portal.match_booking(world.tenant, name=name, **contacts)
    assert world.staff().explain_booking(name, **contacts) == match
    return None if match.ref is None else str(match.ref.id)


TIMELY, ACUITY = presets.timely(region="NZ"), presets.acuity(region="NZ")
TIMETAP, MYTIME, VCITA = presets.timetap(region="NZ"), presets.mytime(region="NZ"), presets.vcita(region="NZ")


@pytest.mark.parametrize(
    ("policy", "same", "other_name", "first_name_only", "number"),
    [
        (TIMELY, "ana", None, None, "ana"),
        (MYTIME, "ana", None, "ana", None),
        (TIMETAP, "ana", "ana", "ana", None),
        (VCITA, "ana", "ana", "ana", None),
        (ACUITY, None, None, None, None),
    ],
    ids=["timely", "mytime", "timetap", "vcita", "acuity"],
)
def test_each_product_files_a_known_contact_in_its_own_way(
    world: World, policy: Policy, same: str, other_name: str, first_name_only: str, number: str
) -> None:
    """Name and one contact; first name and email; the email; or never (A9)."""
    ana(world)
    world.use(policy)
    assert filed(world, "ANA  Kingi", email="Ana@Example.com") == same
    assert filed(world, "Ben Ngata", email=EMAIL) == other_name
    assert filed(world, "Ana Smith", email=EMAIL) == first_name_only
    assert filed(world, "Ana Kingi", mobile="+64 21 123 4567") == number
    assert filed(world, "Ana Kingi", email="new@example.com", mobile="027 000 0000") is None


def test_a_tie_is_nobody_and_says_so(world: World) -> None:
    """Two of one email under "by email": a new client, and the report of duplicates shows the three."""
    ana(world)
    world.add_client("mere", "Mere Kingi", email=EMAIL)
    world.use(TIMETAP)
    assert filed(world, "Ana Kingi", email=EMAIL) is None
    match = world.portal.match_booking(world.tenant, name="Ana Kingi", email=EMAIL)
    assert ("clients that agree", "client:ana, client:mere") in match.because.facts


def test_a_contact_that_is_nobodys_files_nothing(world: World) -> None:
    """Detached by "this is not me", a placeholder, on more than a hundred records, a client who is shut, a guest."""
    record = ana(world)
    world.log_in(NUMBER).not_me()
    assert filed(world, "Ana Kingi", mobile=NUMBER) is None
    assert filed(world, "Ana Kingi", email=EMAIL) == "ana"
    world.staff().flag_placeholder(EMAIL)
    assert filed(world, "Ana Kingi", email=EMAIL) is None
    world.staff().flag_placeholder(EMAIL, flagged=False)
    (row,) = world.ask("clients", [record])
    world.add_client("shut", "Shut Reed", email="shut@example.com", usable=False)
    assert filed(world, "Shut Reed", email="shut@example.com") is None
    guest = RecordRef.booking("g1")
    world.book("g1", guest, "2026-12-01 09:00", booked_as="Guy", contacts=RawContacts(guest, email="guy@example.com"))
    world.portal.contact_changed(world.tenant, guest)
    assert filed(world, "Guy", email="guy@example.com") is None
    assert row.email == EMAIL


def test_a_switchboard_files_nothing(memory_world: World) -> None:
    """An address on a hundred and one records, one of which has the very name."""
    world = memory_world
    for number in range(101):
        world.add_client(f"c{number}", f"Client {number}", email="desk@example.com")
    assert filed(world, "Client 7", email="desk@example.com") is None


def test_merged_records_are_filed_under_the_one_that_speaks(world: World) -> None:
    """By either's name and contact; and after the undo each under its own."""
    ana(world)
    world.add_client("anna", "Anna Moana", mobile="021 765 4321")
    merged = world.staff().merge(client("ana"), client("anna"))
    assert filed(world, "Anna Moana", mobile="021 765 4321") == "ana"
    assert filed(world, "Anna Moana", mobile=NUMBER) == "ana"
    world.staff().undo(merged.merges[0])
    assert filed(world, "Anna Moana", mobile="021 765 4321") == "anna"
    assert filed(world, "Anna Moana", mobile=NUMBER) is None


def test_asking_leaves_nothing_and_is_the_platforms_and_the_staffs_alone(world: World) -> None:
    """Nothing is written for the platform; visitors and clients have no such call; staff need the permission."""
    ana(world)
    before = everything_stored(world)
    world.portal.match_booking(world.tenant, name="Ana Kingi", email=EMAIL)
    assert everything_stored(world) == before
    visitor = world.visitor()
    names = dir(type(getattr(visitor, "_awaited", visitor)))
    assert not [name for name in names if "match" in name or "explain" in name]
    staff = world.staff(set(Permission) - {Permission.EXPLAIN})
    assert reason_of(lambda: staff.explain_booking("Ana Kingi", email=EMAIL)) is Reason.PERMISSION


def test_what_cannot_be_read_is_said(world: World) -> None:
    """No contact at all, an address that is none, a name that is none."""
    with pytest.raises(InvalidInput, match="email"):
        filed(world, "Ana")
    with pytest.raises(InvalidContact):
        filed(world, "Ana", email="no address")
    with pytest.raises(InvalidInput, match="name"):
        world.portal.match_booking(world.tenant, name=None, email=EMAIL)
