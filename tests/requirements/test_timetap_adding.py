"""TimeTap: quick add, adding while an appointment is made, changing a client, and login on or off (TT2, TT7, TT10)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from accounts_ground import a_session, an_account
from clientportal import InvalidContact, InvalidInput, Reason, presets
from clientportal.outcomes import Added
from clientportal.policy import FieldDefinition
from clientportal.records import ClientNumber, ContactEntry, NumberCounter
from clientportal.values import Address, When
from stores.test_joined import rolled_back, transaction
from watching import at_once, everything_stored, reason_of
from world import World, client


def clinic(world: World) -> None:
    """TimeTap's policy; Ana is there."""
    world.use(presets.timetap(region="NZ"))
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")


def row(world: World, ref: Any) -> Any:
    """The platform's row."""
    return world.ask("clients", [ref])[0]


MERE = {
    "first_name": "Mere",
    "last_name": "Tui",
    "mobile": "021 555 0142",
    "email": "mere@example.com",
    "address": Address(street="12 Ponsonby Road", city="Auckland"),
    "notes": "Rang on Monday",
}


# --- TT10: quick add -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("TT10")
def test_quick_add_makes_a_client_with_number_and_contacts(world: World) -> None:
    """In one commit: the platform's row, the contact index, the number, the audit. Nobody is alike."""
    clinic(world)
    added = world.staff().add_client(MERE)
    assert (added.number, added.alike) == (1, ())
    mere = row(world, added.ref)
    assert (mere.name, mere.mobile, mere.notes) == ("Mere Tui", "021 555 0142", "Rang on Monday")
    entries = {one.key for one in world.all_stored(ContactEntry, "ref", str(added.ref))}
    assert entries == {"mobile:+64215550142", "email:mere@example.com"}
    assert [line.ref for line in world.staff().clients("tui").lines] == [added.ref]
    (line,) = (one for one in world.staff().audit().items if one.action == "add_client")
    assert "0142" not in line.because + line.subject


@pytest.mark.requirement("TT10")
def test_who_looks_like_somebody_is_added_and_they_are_named(world: World) -> None:
    """Two people share a telephone. Staff see who has it, and the duplicate report has them if they are one."""
    clinic(world)
    added = world.staff().add_client({"first_name": "Hemi", "mobile": "+64 21 123 4567"})
    assert added.alike == (client("ana"),)
    assert world.staff().add_client({"first_name": "Kiri", "email": "ANA@example.com"}).alike == (client("ana"),)
    assert len(world.staff().duplicates().groups) == 1


@pytest.mark.requirement("TT10", "TT7")
def test_what_the_clinic_requires_must_be_filled_in(world: World) -> None:
    """The refusal names the field as the clinic calls it; a number that cannot be read is refused; nothing is left."""
    clinic(world)
    world.change_policy("clients", fields={"mobile": FieldDefinition(label="Mobile number", required=True)})
    before = everything_stored(world)
    with pytest.raises(InvalidInput, match="Mobile number must be filled in"):
        world.staff().add_client({"first_name": "Mere"})
    with pytest.raises(InvalidContact, match=r"^Mobile number: "):
        world.staff().add_client({"first_name": "Mere", "mobile": "ring me"})
    with pytest.raises(InvalidInput, match="there is no field 'surname' in the form"):
        world.staff().add_client({"surname": "Tui", "mobile": "021 555 0142"})
    for wrong in (["first_name"], "Mere", {1: "Mere"}):
        with pytest.raises(InvalidInput, match="mappings from the names of fields"):
            world.staff().add_client(wrong)
    assert everything_stored(world) == before


@pytest.mark.requirement("TT10")
def test_custom_fields_are_added_as_they_are_defined(world: World) -> None:
    """Under the platform's own name of the field."""
    clinic(world)
    world.change_policy("clients", fields={"custom.birthday": FieldDefinition(label="Date of birth")})
    added = world.staff().add_client(MERE, custom={"birthday": "4 May 1990"})
    assert dict(row(world, added.ref).custom) == {"birthday": "4 May 1990"}
    (shown,) = world.staff().client(added.ref).custom
    assert (shown.label, shown.value) == ("Date of birth", "4 May 1990")


@pytest.mark.requirement("TT10")
def test_pressing_twice_adds_one_client(world: World) -> None:
    """The same key: the same client, the same number; another form under it is refused."""
    clinic(world)
    first = world.staff().add_client(MERE, key="press-1")
    assert world.staff().add_client(MERE, key="press-1") == first
    other = {**MERE, "first_name": "Miri"}
    assert reason_of(lambda: world.staff().add_client(other, key="press-1")) is Reason.KEY_REUSED
    assert len(world.staff().clients("tui").lines) == 1


@pytest.mark.requirement("TT10")
def test_a_preview_adds_nobody(world: World) -> None:
    """It names who is alike, and the number that is next."""
    clinic(world)
    added = world.staff().preview.add_client({"first_name": "Hemi", "mobile": "021 123 4567"})
    assert added == Added(None, 1, (client("ana"),))
    assert world.stored(NumberCounter, "clients") is None


@pytest.mark.requirement("TT10")
def test_while_staff_make_an_appointment_the_client_is_added_with_it(world: World) -> None:
    """In the platform's own transaction: booking, client, index and number are there together."""
    clinic(world)
    with transaction(world) as connection:
        added = (
            world.portal.on(connection).staff(world.tenant, actor="mia", permissions=["add_clients"]).add_client(MERE)
        )
    assert row(world, added.ref).first_name == "Mere"
    assert world.stored(ClientNumber, str(added.ref)).number == 1
    world.book("m1", added.ref, "2026-12-01 09:00")
    (coming,) = world.staff().client(added.ref).upcoming.items
    assert coming.appointment.id == "m1"


@pytest.mark.requirement("TT10")
def test_a_booking_that_is_given_up_leaves_no_client(world: World) -> None:
    """Rolled back: no row, no entry of the index, no number; the next one gets the number."""
    clinic(world)
    before = everything_stored(world)
    with rolled_back(world) as connection:
        world.portal.on(connection).staff(world.tenant, actor="mia", permissions=["add_clients"]).add_client(MERE)
    assert everything_stored(world) == before
    assert world.staff().add_client(MERE).number == 1


@pytest.mark.requirement("TT10", "TT9")
def test_many_at_once_get_a_number_each(world: World) -> None:
    """Two desks add at the same moment; of one contact the second is told of the first."""
    clinic(world)

    def add(portal: Any) -> Any:
        return portal.staff(world.tenant, actor="mia", permissions=["add_clients"]).add_client(MERE)

    added = [one for one in at_once(world, add, add) if isinstance(one, Added)]
    assert len({one.number for one in added}) == len(added)
    assert sorted(len(one.alike) for one in added) == list(range(len(added)))


# --- changing --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("TT7")
def test_a_change_is_written_and_the_contact_finds_the_client_at_once(world: World) -> None:
    """The new number leads to Ana, the old one to nobody; notes are staff's; what is not named stays."""
    clinic(world)
    ana = client("ana")
    staff = world.staff()
    changed = staff.change_client(ana, staff.client(ana).versions[ana], {"mobile": "021 777 6666", "notes": "Tea"})
    assert changed.fields == ("mobile", "notes")
    assert (row(world, ana).mobile, row(world, ana).notes, row(world, ana).email) == (
        *("021 777 6666", "Tea", "ana@example.com"),
    )
    assert staff.explain_contact("021 777 6666").record == ana
    assert staff.explain_contact("021 123 4567").record is None
    assert len(world.all_stored(ContactEntry, "ref", "client:ana")) == 2


@pytest.mark.requirement("TT7")
def test_two_who_change_one_client_do_not_overwrite_each_other(world: World) -> None:
    """The second is told, looks again, and changes what is there now."""
    clinic(world)
    ana, staff = client("ana"), world.staff()
    version = staff.client(ana).versions[ana]
    staff.change_client(ana, version, {"first_name": "Anahera"})
    assert reason_of(lambda: staff.change_client(ana, version, {"first_name": "Annie"})) is Reason.CHANGED_MEANWHILE
    staff.change_client(ana, staff.client(ana).versions[ana], {"last_name": "Tui"})
    assert row(world, ana).name == "Anahera Tui"
    assert reason_of(lambda: staff.change_client(client("x"), "1", {"notes": "?"})) is Reason.NOT_FOUND


@pytest.mark.requirement("TT7")
def test_a_change_under_one_key_is_made_once(world: World) -> None:
    """The retry is answered like the first call, though the version is another by now."""
    clinic(world)
    ana, staff = client("ana"), world.staff()
    version = staff.client(ana).versions[ana]
    first = staff.change_client(ana, version, {"first_name": "Anahera"}, key="k")
    assert staff.change_client(ana, version, {"first_name": "Anahera"}, key="k") == first


@pytest.mark.requirement("TT7")
def test_of_a_merged_client_each_record_is_changed_by_itself(world: World) -> None:
    """The profile says which record a value comes from, and has the version of each."""
    clinic(world)
    world.add_client("anna", "Anna Kingi", email="anna@example.com", created="2026-06-05 09:00")
    staff = world.staff()
    staff.merge(client("ana"), client("anna"))
    profile = staff.client(client("ana"))
    email = next(one for one in profile.fields if one.field == "email")
    assert email.source == client("anna")
    staff.change_client(email.source, profile.versions[email.source], {"email": "new@example.com"})
    shown = {one.field: one.value for one in staff.client(client("ana")).fields}
    assert shown["email"] == "new@example.com"
    assert staff.explain_contact("new@example.com").record == client("ana")


# --- TT2: login on and off -------------------------------------------------------------------------------------------


@pytest.mark.requirement("TT2")
def test_with_login_on_there_is_history_and_booking_without_details(world: World) -> None:
    """The session shows past and coming appointments, and a booking begins with name and contacts; off, neither."""
    clinic(world)
    world.book("a0", client("ana"), "2026-10-30 09:00")
    world.book("a1", client("ana"), "2026-11-30 09:00")
    (slot,) = world.add_slots("2026-12-01 10:00")
    account = an_account(world, "ana@example.com", "2026-10-01 09:00", proved="2026-10-01 09:05")
    token = a_session(world, account, entry=client("ana"), own=[client("ana")])
    door = world.portal.client(token)
    assert [one.id for one in door.appointments(When.PAST).items] == ["a0"]
    assert [one.id for one in door.appointments().items] == ["a1"]
    start = door.start_booking()
    assert start.profile.first_name == "Ana"
    assert door.rebook("a0", slot).appointment.booked_as == "Ana Kingi"

    world.use(evolve(world.policy, login=evolve(world.policy.login, enabled=False)))
    for call in (door.appointments, door.start_booking, door.profile, lambda: door.rebook("a1", slot)):
        assert reason_of(call) is Reason.DISABLED
    logged_out = world.visitor().start_booking()
    assert (logged_out.profile, logged_out.login_offered) == (None, False)
