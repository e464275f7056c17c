"""X2: free times come from the host, a taken one is refused, and of two who want one, one gets it."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal import Reason, Refused, When
from clientportal.outcomes import Booked, Moved
from watching import at_once, reason_of
from world import World, at

pytestmark = pytest.mark.requirement("X2")


def two_clients(world: World) -> tuple[Any, Any]:
    """Ana with ``a1`` and Ben with ``b1``, both logged in: what signing in answered."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("a1", ana, "2026-11-30 09:00")
    world.book("b1", ben, "2026-11-30 11:00")
    return world.sign_in("021 123 4567"), world.sign_in("021 765 4321")


def free(world: World, signed_in: Any, id: str) -> list[Any]:
    """The free starts of that week, as the client sees them."""
    slots = world.client(signed_in).slots(id, at("2026-11-29 00:00"), at("2026-12-06 00:00"))
    return [slot.start for slot in slots]


def test_the_free_times_are_the_hosts(world: World) -> None:
    """Those of the appointment's own service in the time that was asked for, earliest first; other ones are not."""
    ana, _ = two_clients(world)
    world.add_slots("2026-12-02 10:00", "2026-12-01 10:00", "2026-12-20 10:00")
    world.add_slots("2026-12-01 13:00", service="colour")
    assert free(world, ana, "a1") == [at("2026-12-01 10:00"), at("2026-12-02 10:00")]
    door = world.client(ana)
    edges = door.slots("a1", at("2026-12-01 10:00"), at("2026-12-02 10:00"))
    assert [slot.start for slot in edges] == [at("2026-12-01 10:00")], "from the first moment on, up to the last"


def test_nobody_sees_free_times_through_somebody_elses_appointment(world: World) -> None:
    """Ben's appointment is, to Ana, no appointment at all."""
    ana, _ = two_clients(world)
    world.add_slots("2026-12-01 10:00")
    assert reason_of(lambda: free(world, ana, "b1")) is Reason.NOT_FOUND
    assert reason_of(lambda: free(world, ana, "no such")) is Reason.NOT_FOUND


def test_a_taken_slot_is_refused_and_nothing_is_changed(world: World) -> None:
    """Ben was faster: Ana's move and Ana's rebooking are refused, her appointment stays; a made-up slot is as taken."""
    ana, ben = two_clients(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    world.client(ben).move("b1", slot)
    door = world.client(ana)
    for attempt in (
        lambda: door.move("a1", slot),
        lambda: door.rebook("a1", slot),
        lambda: door.move("a1", "no such slot"),
        lambda: world.staff().move("a1", slot),
    ):
        assert reason_of(attempt) is Reason.SLOT_TAKEN
    assert [(one.id, one.start) for one in door.appointments().items] == [("a1", at("2026-11-30 09:00"))]


def test_a_move_frees_the_old_time_and_takes_the_new_one(world: World) -> None:
    """After Ana moved to Tuesday her Monday is free for Ben, and Tuesday is not."""
    ana, ben = two_clients(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    world.client(ana).move("a1", slot)
    assert free(world, ben, "b1") == [at("2026-11-30 09:00")]
    (monday,) = world.client(ben).slots("b1", at("2026-11-29 00:00"), at("2026-12-06 00:00"))
    assert world.client(ben).move("b1", monday.id).appointment.start == at("2026-11-30 09:00")


def test_a_cancelled_time_is_free_again(world: World) -> None:
    """Ana cancels, and Ben finds her time."""
    ana, ben = two_clients(world)
    world.client(ana).cancel("a1")
    assert free(world, ben, "b1") == [at("2026-11-30 09:00")]


def test_a_slot_of_another_service_or_of_the_past_is_none(world: World) -> None:
    """A colour's time does not take a cut, and yesterday takes nobody."""
    ana, _ = two_clients(world)
    (colour,) = world.add_slots("2026-12-01 10:00", service="colour")
    (yesterday,) = world.add_slots("2026-11-20 10:00")
    door = world.client(ana)
    for slot in (colour, yesterday):
        assert reason_of(lambda slot=slot: door.move("a1", slot)) is Reason.NOT_FOUND
        assert reason_of(lambda slot=slot: door.rebook("a1", slot)) is Reason.NOT_FOUND


def test_moving_to_where_it_is_already_is_no_move(world: World) -> None:
    """The same time with the same Mia: refused, and not counted against the cap."""
    world.change_policy("changes", max_moves=1)
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00", staff_id="mia")
    same, other = world.add_slots("2026-11-30 09:00", "2026-12-01 10:00")
    door = world.log_in("021 123 4567")
    assert reason_of(lambda: door.move("a1", same)) is Reason.SAME_SLOT
    assert door.move("a1", other).appointment.moves == 1


def test_rebooking_takes_the_slot_for_the_one_who_is_logged_in(world: World) -> None:
    """Ana books her cut again: a second appointment of hers, and the time is gone."""
    ana, ben = two_clients(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    booked = world.client(ana).rebook("a1", slot)
    assert isinstance(booked, Booked)
    assert booked.appointment.start == at("2026-12-01 10:00")
    assert [one.start for one in world.client(ana).appointments().items] == [
        at("2026-11-30 09:00"),
        at("2026-12-01 10:00"),
    ]
    assert reason_of(lambda: world.client(ben).rebook("b1", slot)) is Reason.SLOT_TAKEN


# --- races ---------------------------------------------------------------------------------------------------------


def winners(ended: list[Any]) -> list[Any]:
    """What was granted; everything else must be an ordinary refusal."""
    won = [one for one in ended if isinstance(one, Moved | Booked)]
    lost = [one for one in ended if one not in won]
    assert all(isinstance(one, Refused) for one in lost), ended
    return won


@pytest.mark.parametrize("turn", range(2))
def test_of_two_clients_who_want_one_slot_one_gets_it(world: World, turn: int) -> None:
    """Ana and Ben press the button at once: one moves, the other reads that the time is taken and stays."""
    ana, ben = two_clients(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    ended = at_once(
        world,
        lambda portal: portal.client(ana.token).move("a1", slot),
        lambda portal: portal.client(ben.token).move("b1", slot),
    )
    (won,) = winners(ended)
    (lost,) = [one for one in ended if one is not won]
    assert lost.reason is Reason.SLOT_TAKEN
    starts = {}
    for signed_in in (ana, ben):
        starts.update((one.id, one.start) for one in world.client(signed_in).appointments(When.UPCOMING).items)
    before = {"a1": at("2026-11-30 09:00"), "b1": at("2026-11-30 11:00")}
    assert starts == {**before, won.appointment.id: at("2026-12-01 10:00")}


@pytest.mark.parametrize("turn", range(2))
def test_a_move_and_a_rebooking_race_for_one_slot(world: World, turn: int) -> None:
    """One takes it, whichever way; there is one appointment at that time."""
    ana, ben = two_clients(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    ended = at_once(
        world,
        lambda portal: portal.client(ana.token).move("a1", slot),
        lambda portal: portal.client(ben.token).rebook("b1", slot),
    )
    assert len(winners(ended)) == 1
    every = [one for signed_in in (ana, ben) for one in world.client(signed_in).appointments().items]
    assert len([one for one in every if one.start == at("2026-12-01 10:00")]) == 1


@pytest.mark.parametrize("turn", range(2))
def test_two_racing_reschedules_of_one_appointment_leave_one(world: World, turn: int) -> None:
    """On the phone to Tuesday, on the laptop to Wednesday, one move allowed: one wins, the other slot stays free."""
    world.change_policy("changes", max_moves=1)
    ana, _ = two_clients(world)
    tuesday, wednesday = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00")
    ended = at_once(
        world,
        lambda portal: portal.client(ana.token).move("a1", tuesday),
        lambda portal: portal.client(ana.token).move("a1", wednesday),
    )
    (won,) = winners(ended)
    (lost,) = [one for one in ended if one is not won]
    assert lost.reason is Reason.TOO_MANY_MOVES
    (one,) = world.client(ana).appointments().items
    assert (one.id, one.start, one.moves) == ("a1", won.appointment.start, 1)
    world.change_policy("changes", max_moves=None)
    both = {at("2026-12-01 10:00"), at("2026-12-02 10:00")}
    assert set(free(world, ana, "a1")) == (both - {one.start}) | {at("2026-11-30 09:00")}


def test_two_uncapped_reschedules_come_one_after_the_other(world: World) -> None:
    """Without a cap both may be granted, one after the other: still one appointment, and its times add up."""
    ana, _ = two_clients(world)
    tuesday, wednesday = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00")
    ended = at_once(
        world,
        lambda portal: portal.client(ana.token).move("a1", tuesday),
        lambda portal: portal.client(ana.token).move("a1", wednesday),
    )
    won = winners(ended)
    (one,) = world.client(ana).appointments().items
    assert one.moves == len(won) >= 1
    assert one.start in {moved.appointment.start for moved in won}
    every = {at("2026-11-30 09:00"), at("2026-12-01 10:00"), at("2026-12-02 10:00")}
    assert set(free(world, ana, "a1")) == every - {one.start}


def test_a_cancellation_and_a_move_race(world: World) -> None:
    """Whichever comes first, the end is one of the two: never a cancelled appointment that holds the new time."""
    ana, _ = two_clients(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    ended = at_once(
        world,
        lambda portal: portal.client(ana.token).move("a1", slot),
        lambda portal: portal.client(ana.token).cancel("a1"),
    )
    assert not isinstance(ended[1], Exception)
    assert isinstance(ended[0], Moved) or ended[0].reason is Reason.ALREADY_OVER
    assert world.client(ana).appointment("a1").status.value == "cancelled"
    assert set(free(world, ana, "a1")) == {at("2026-11-30 09:00"), at("2026-12-01 10:00")}
