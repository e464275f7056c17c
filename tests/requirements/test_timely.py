"""Timely: code login, records matched by number (T1–T11)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import World, at, client

from clientportal import Reason, RecordRef, Refused, presets


@pytest.mark.requirement("T1")
@pytest.mark.parametrize("typed", ["021 123 4567", "0064 21 123 4567", "+64 21 123 4567", "(021) 123-4567"])
def test_a_client_logs_in_with_any_usual_spelling_of_the_number(world: World, typed: str) -> None:
    """Ana's record has the mobile; she types it in some spelling, gets a code by SMS, and sees her own record."""
    ana = world.add_client("ana", "Ana Kingi", mobile="+64211234567", email="ana@example.com")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")

    signed_in = world.sign_in(typed)

    assert [message.channel.value for message in world.box.to("+64211234567")] == ["sms"]
    assert signed_in.record == ana
    profile = world.client(signed_in).profile()
    assert (profile.first_name, profile.last_name, profile.email) == ("Ana", "Kingi", "ana@example.com")


@pytest.mark.requirement("T4")
def test_of_several_clients_with_one_mobile_the_newest_booking_decides(world: World) -> None:
    """Ana and her mother share a number; whoever made a booking last is shown, whenever that booking starts."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    mere = world.add_client("mere", "Mere Kingi", mobile="0211234567")
    world.book("a1", ana, "2026-12-24 09:00", made="2026-11-01 09:00")
    world.book("m1", mere, "2026-11-30 09:00", made="2026-11-02 09:00")

    first = world.sign_in("021 123 4567")
    assert first.record == mere

    world.book("a2", ana, "2026-11-29 09:00", made="2026-11-21 10:30")
    assert world.client(first).profile().first_name == "Mere", "an open session does not change"
    assert world.sign_in("021 123 4567").record == ana


@pytest.mark.requirement("T6")
def test_an_unknown_number_gets_one_new_empty_record(world: World) -> None:
    """A number on no record: an empty record is made for it, and the next login reaches the same one."""
    first = world.sign_in("027 555 0001")
    assert first.new_record
    assert isinstance(first.record, RecordRef)
    profile = world.client(first).profile()
    assert (profile.first_name, profile.mobile) == (None, "+64275550001")

    again = world.sign_in("+64 27 555 0001")
    assert again.record == first.record
    assert not again.new_record


@pytest.mark.requirement("T7")
def test_change_and_cancel_are_a_switch_of_their_own(world: World) -> None:
    """Off: Ana sees her appointment and may change nothing. On: both work."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00")
    (slot,) = world.add_slots("2026-12-01 10:00")
    door = world.log_in("021 123 4567")
    world.change_policy("changes", enabled=False)
    assert [one.id for one in door.appointments().items] == ["a1"]
    for change in (lambda: door.move("a1", slot), lambda: door.cancel("a1")):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.reason is Reason.DISABLED

    world.change_policy("changes", enabled=True)
    moved = door.move("a1", slot)
    assert moved.appointment.start == at("2026-12-01 10:00")
    assert door.cancel("a1").status.value == "cancelled"


@pytest.mark.requirement("T5", "X3")
def test_staff_merge_a_duplicate_and_undo_it(world: World) -> None:
    """The report groups by normalised mobile; a merge takes the group off it, and an undo brings it back."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", created="2026-01-01 09:00")
    twin = world.add_client("twin", "Anna Kingi", mobile="+64 21 123 4567", created="2026-02-01 09:00")
    staff = world.staff()
    (group,) = staff.duplicates().groups
    assert set(group.refs) == {ana, twin}
    plan = staff.plan_merge(ana, twin)
    assert [choice.field for choice in plan.conflicts] == ["first_name", "mobile"]
    merged = staff.merge(ana, twin)
    assert staff.duplicates().groups == ()
    world.clock.advance(timedelta(days=1))
    staff.undo(merged.merges[0])
    assert len(staff.duplicates().groups) == 1


def test_presets_are_there(memory_world: World) -> None:
    """The default world is Timely's."""
    assert memory_world.policy == presets.timely(region="NZ")
    assert client("x") == RecordRef.client("x")
