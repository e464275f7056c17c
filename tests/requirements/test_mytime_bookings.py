"""Bookings: all upcoming and past (M3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import AppointmentStatus, When
from world import World, at

pytestmark = pytest.mark.requirement("M3")

ANA, BEN = "021 111 2222", "021 333 4444"
ALL = list(AppointmentStatus)


def _ana(world: World) -> Any:
    """Ana, with bookings of every status before and after Saturday, 21 November 2026, 10:00 in Auckland; her door."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    for number, status in enumerate(ALL):
        world.book(f"past-{number}", ana, f"2026-10-{number + 1:02d} 09:00", made="2026-09-01 09:00", status=status)
        world.book(f"next-{number}", ana, f"2026-12-{number + 1:02d} 09:00", made="2026-11-01 09:00", status=status)
    ben = world.add_client("ben", "Ben Tamati", mobile=BEN)
    world.book("bens", ben, "2026-12-01 11:00")
    return world.log_in(ANA)


def _all(door: Any, when: When, limit: int = 3) -> list[Any]:
    """Every page of a list, in order."""
    found: list[Any] = []
    after = None
    while True:
        page = door.appointments(when, after=after, limit=limit)
        assert len(page.items) <= limit
        found.extend(page.items)
        after = page.next
        if after is None:
            return found


def test_all_upcoming_and_all_past_bookings_are_listed_whatever_became_of_them(world: World) -> None:
    """Confirmed, cancelled, no-show: nothing is left out, nothing is twice, nothing is anybody else's."""
    ana = _ana(world)
    assert [one.id for one in _all(ana, When.UPCOMING)] == [f"next-{number}" for number in range(len(ALL))]
    assert [one.id for one in _all(ana, When.PAST)] == [f"past-{number}" for number in reversed(range(len(ALL)))]
    assert {one.status for one in _all(ana, When.PAST)} == set(ALL)


def test_one_that_is_going_on_is_upcoming_until_it_ends(world: World) -> None:
    """From 9:30 to 10:15 today: at 10:00 it is upcoming, at 10:15 it is past, to the second."""
    ref = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("now", ref, "2026-11-21 13:30")
    ana = world.log_in(ANA)
    world.clock.set(at("2026-11-21 14:15") - timedelta(seconds=1))
    assert [one.id for one in _all(ana, When.UPCOMING)] == ["now"]
    world.clock.set(at("2026-11-21 14:15"))
    assert [one.id for one in _all(ana, When.UPCOMING)] == []
    assert [one.id for one in _all(ana, When.PAST)] == ["now"]


def test_every_booking_says_when_it_is_by_the_clock_of_its_own_place(world: World) -> None:
    """A cut in Auckland and a colour in Berlin: each instant with its own zone."""
    ref = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("here", ref, "2026-12-01 09:00")
    world.book("there", ref, "2026-12-02 09:00", zone="Europe/Berlin")
    shown = {one.id: (one.start, one.zone) for one in _all(world.log_in(ANA), When.UPCOMING)}
    assert shown == {
        "here": (at("2026-12-01 09:00"), "Pacific/Auckland"),
        "there": (at("2026-12-02 09:00", "Europe/Berlin"), "Europe/Berlin"),
    }


def test_what_is_booked_while_the_list_is_read_moves_nothing(world: World) -> None:
    """A booking is made between two pages, earlier than where the reader is: no other is skipped or shown twice."""
    ana = _ana(world)
    first = ana.appointments(limit=2)
    world.book("new", first.items[0].ref, "2026-11-30 09:00")
    rest = [one.id for one in ana.appointments(after=first.next, limit=50).items]
    assert [one.id for one in first.items] + rest == [f"next-{number}" for number in range(len(ALL))]


def test_the_bookings_of_every_merged_record_are_there(world: World) -> None:
    """Two records of one person: one list, in order; after the undo each has its own."""
    ana = _ana(world)
    twin = world.add_client("twin", "Ana Kingi", mobile="021 999 8888")
    world.book("twins", twin, "2026-12-01 12:00")
    (merge,) = world.staff().merge(ana.appointment("next-0").ref, twin).merges
    assert "twins" in [one.id for one in _all(ana, When.UPCOMING)]
    world.staff().undo(merge)
    assert "twins" not in [one.id for one in _all(ana, When.UPCOMING)]
