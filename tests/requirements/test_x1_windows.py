"""X1: until when an appointment may be changed or cancelled, whatever the clocks do (and X4's calendar days)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from clientportal import Business, Reason
from clientportal.policy import ChangePolicy, Edge, Fee, Late, Override, Window, WindowUnit
from clientportal.values import Money
from watching import reason_of
from world import World, at

pytestmark = pytest.mark.requirement("X1")

TICK = timedelta(microseconds=1)


def hours(amount: int, **more: Any) -> Window:
    """So many elapsed hours."""
    return Window(amount=amount, **more)


def days(amount: int, **more: Any) -> Window:
    """So many calendar days."""
    return Window(amount=amount, unit=WindowUnit.DAYS, **more)


def ana_at(world: World, now: datetime, start: str, *, zone: str = "Pacific/Auckland", **booking: Any) -> Any:
    """Ana with appointment ``a1``, logged in shortly before ``now``; the clock then stands at ``now``."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.clock.set(now - timedelta(hours=3))
    world.book("a1", ana, start, zone=zone, **booking)
    door = world.log_in("021 123 4567")
    world.clock.set(now)
    return door


def assert_last_moment(world: World, door: Any, last: datetime, *, edge: Edge = Edge.ALLOWED) -> None:
    """``a1`` may be cancelled until exactly ``last``: shown, previewed and then done at the very last microsecond."""
    final = last if edge is Edge.ALLOWED else last - TICK
    world.clock.set(final + TICK)
    terms = door.change_terms("a1").cancel
    assert (terms.allowed, terms.reason, terms.until) == (False, "too_late", last)
    assert reason_of(lambda: door.cancel("a1")) is Reason.TOO_LATE
    world.clock.set(final)
    terms = door.change_terms("a1").cancel
    assert (terms.allowed, terms.reason, terms.until) == (True, None, last)
    assert door.cancel("a1").status.value == "cancelled"


def test_changing_and_cancelling_have_windows_of_their_own(world: World) -> None:
    """Cancelling needs 48 hours, moving 2: on the day before, Ana may move her cut but not cancel it."""
    world.change_policy("changes", cancel=hours(48), move=hours(2))
    door = ana_at(world, at("2026-11-24 14:00"), "2026-11-25 14:00")
    (slot,) = world.add_slots("2026-11-26 10:00")

    terms = door.change_terms("a1")
    assert (terms.cancel.reason, terms.move.reason) == ("too_late", None)
    assert terms.cancel.until == at("2026-11-23 14:00")
    assert terms.move.until == at("2026-11-25 12:00")
    assert reason_of(lambda: door.cancel("a1")) is Reason.TOO_LATE
    assert door.move("a1", slot).appointment.start == at("2026-11-26 10:00")


def test_the_other_way_round_moving_is_the_stricter(world: World) -> None:
    """Moving needs 48 hours, cancelling 2: on the day before, Ana may cancel but not move."""
    world.change_policy("changes", cancel=hours(2), move=hours(48))
    door = ana_at(world, at("2026-11-24 14:00"), "2026-11-25 14:00")
    (slot,) = world.add_slots("2026-11-26 10:00")

    assert reason_of(lambda: door.move("a1", slot)) is Reason.TOO_LATE
    assert door.cancel("a1").status.value == "cancelled"


@pytest.mark.parametrize("edge", [Edge.ALLOWED, Edge.LATE])
def test_the_edge_is_exact_to_the_microsecond(world: World, edge: Edge) -> None:
    """Exactly 24 hours before is in time or late, as the policy says; a microsecond decides."""
    world.change_policy("changes", cancel=hours(24, edge=edge))
    door = ana_at(world, at("2026-11-24 13:00"), "2026-11-25 14:00")
    assert_last_moment(world, door, at("2026-11-24 14:00"), edge=edge)


@pytest.mark.parametrize("edge", [Edge.ALLOWED, Edge.LATE])
def test_a_move_has_the_same_exact_edge(world: World, edge: Edge) -> None:
    """The move window is judged by the same microsecond."""
    world.change_policy("changes", move=hours(24, edge=edge))
    door = ana_at(world, at("2026-11-24 13:00"), "2026-11-25 14:00")
    (slot,) = world.add_slots("2026-11-26 10:00")
    final = at("2026-11-24 14:00") - (TICK if edge is Edge.LATE else timedelta(0))
    world.clock.set(final + TICK)
    assert reason_of(lambda: door.move("a1", slot)) is Reason.TOO_LATE
    world.clock.set(final)
    assert door.move("a1", slot).appointment.moves == 1


# --- overrides -----------------------------------------------------------------------------------------------------


def test_a_service_has_windows_of_its_own(world: World) -> None:
    """A colour needs 72 hours where a cut needs 24; and a trim may be more generous than the rest."""
    world.change_policy(
        "changes",
        cancel=hours(24),
        services={"colour": Override(cancel=hours(72)), "cut": Override(cancel=hours(1))},
    )
    door = ana_at(world, at("2026-11-24 12:00"), "2026-11-26 14:00", service="colour")
    world.book("a2", door.appointment("a1").ref, "2026-11-24 14:00", service="cut")

    assert door.change_terms("a1").cancel.until == at("2026-11-23 14:00")
    assert reason_of(lambda: door.cancel("a1")) is Reason.TOO_LATE
    assert door.change_terms("a2").cancel.until == at("2026-11-24 13:00")
    assert door.cancel("a2").status.value == "cancelled"


def test_an_override_of_one_window_leaves_the_other(world: World) -> None:
    """Only the cancel window of a colour is overridden; moving it follows the general window."""
    world.change_policy("changes", cancel=hours(24), move=hours(24), services={"colour": Override(cancel=hours(72))})
    door = ana_at(world, at("2026-11-24 12:00"), "2026-11-26 14:00", service="colour")
    terms = door.change_terms("a1")
    assert (terms.cancel.allowed, terms.move.allowed) == (False, True)
    assert terms.move.until == at("2026-11-25 14:00")


@pytest.mark.parametrize(("staff_id", "until"), [("mia", "2026-11-24 14:00"), ("tom", "2026-11-25 13:00")])
def test_a_member_of_staff_has_windows_of_their_own(world: World, staff_id: str, until: str) -> None:
    """Mia wants to know 48 hours before; Tom is as the business is."""
    world.change_policy("changes", cancel=hours(25), staff={"mia": Override(cancel=hours(48))})
    door = ana_at(world, at("2026-11-24 12:00"), "2026-11-26 14:00", staff_id=staff_id)
    assert_last_moment(world, door, at(until))


@pytest.mark.parametrize(("service", "staff"), [(48, 4), (4, 48)])
def test_where_service_and_staff_both_say_the_stricter_wins(world: World, service: int, staff: int) -> None:
    """One says 48 hours and the other 4: it is 48, whichever of the two says so."""
    world.change_policy(
        "changes",
        cancel=hours(24),
        services={"cut": Override(cancel=hours(service))},
        staff={"mia": Override(cancel=hours(staff))},
    )
    door = ana_at(world, at("2026-11-24 12:00"), "2026-11-26 14:00", staff_id="mia")
    assert_last_moment(world, door, at("2026-11-24 14:00"))


@pytest.mark.parametrize("late_side", ["services", "staff"])
def test_of_two_equal_windows_the_one_whose_edge_is_late_wins(world: World, late_side: str) -> None:
    """Both say 24 hours, but one calls exactly 24 hours late: then it is late."""
    sides = {side: hours(24, edge=Edge.LATE if side == late_side else Edge.ALLOWED) for side in ("services", "staff")}
    world.change_policy(
        "changes",
        services={"cut": Override(cancel=sides["services"])},
        staff={"mia": Override(cancel=sides["staff"])},
    )
    door = ana_at(world, at("2026-11-25 13:00"), "2026-11-26 14:00", staff_id="mia")
    assert_last_moment(world, door, at("2026-11-25 14:00"), edge=Edge.LATE)


def test_a_refusal_is_stricter_than_an_earlier_fee(world: World) -> None:
    """After 48 hours the service costs a fee, after 4 hours Mia refuses: at 3 hours a fee does not buy it."""
    world.change_policy(
        "changes",
        services={"cut": Override(cancel=hours(48, late=Late.FEE, fee=Fee(amount=Money("20.00", "NZD"))))},
        staff={"mia": Override(cancel=hours(4))},
    )
    door = ana_at(world, at("2026-11-26 09:00"), "2026-11-26 14:00", staff_id="mia")
    assert door.change_terms("a1").cancel.fee == Money("20.00", "NZD")
    world.clock.set(at("2026-11-26 11:00"))
    assert reason_of(lambda: door.cancel("a1", accept_fee=Money("20.00", "NZD"))) is Reason.TOO_LATE


# --- elapsed hours and calendar days, across the clocks ---------------------------------------------------------------


def business_in(world: World, zone: str) -> None:
    """Move the business to another zone."""
    world.seed("add_business", Business(id=world.tenant, name="Kōwhai Hair", zone=zone))


ELAPSED = [
    # zone, the appointment, 24 hours before by the wall clock of the zone
    ("Pacific/Auckland", "2027-04-04 09:00", "2027-04-03 10:00"),  # an hour twice in the night: 10:00, not 09:00
    ("Pacific/Auckland", "2027-09-26 09:00", "2027-09-25 08:00"),  # an hour skipped in the night
    ("Europe/Berlin", "2027-03-28 09:00", "2027-03-27 08:00"),
    ("Europe/Berlin", "2027-10-31 09:00", "2027-10-30 10:00"),
    ("America/New_York", "2027-03-14 09:00", "2027-03-13 08:00"),
    ("America/New_York", "2027-11-07 09:00", "2027-11-06 10:00"),
]


@pytest.mark.parametrize(("zone", "start", "last"), ELAPSED)
def test_hours_are_elapsed_hours_whatever_the_clocks_do(world: World, zone: str, start: str, last: str) -> None:
    """24 hours are 24 hours: across a change of the clocks the wall shows another time than the appointment's."""
    business_in(world, zone)
    world.change_policy("changes", cancel=hours(24))
    begins, ends = at(start, zone), at(last, zone)
    assert begins - ends == timedelta(hours=24)
    door = ana_at(world, ends, start, zone=zone)
    assert_last_moment(world, door, ends)


CALENDAR = [
    # zone, days, the appointment, the last moment: 24:00 that many dates before, in UTC
    ("Pacific/Auckland", 1, "2027-04-04 09:00", "2027-04-03T11:00+00:00"),  # still summer time at that midnight
    ("Pacific/Auckland", 1, "2027-04-05 09:00", "2027-04-04T12:00+00:00"),  # a day of 25 hours lies before it
    ("Pacific/Auckland", 2, "2027-09-27 09:00", "2027-09-25T12:00+00:00"),
    ("Pacific/Auckland", 1, "2027-09-27 09:00", "2027-09-26T11:00+00:00"),
    ("Europe/Berlin", 1, "2027-03-28 09:00", "2027-03-27T23:00+00:00"),
    ("Europe/Berlin", 1, "2027-03-29 09:00", "2027-03-28T22:00+00:00"),
    ("Europe/Berlin", 1, "2027-11-01 09:00", "2027-10-31T23:00+00:00"),
    # Cairo skips midnight on the last Friday of April (00:00 -> 01:00): Thursday ends when the clocks jump.
    ("Africa/Cairo", 1, "2027-04-30 09:00", "2027-04-29T22:00+00:00"),
    # ... and has the last hour of the last Thursday of October twice: Thursday ends after the second.
    ("Africa/Cairo", 1, "2027-10-29 09:00", "2027-10-28T22:00+00:00"),
    # Santiago skips midnight on a Sunday in September, and has the last hour of a Saturday in April twice.
    ("America/Santiago", 1, "2027-09-05 09:00", "2027-09-05T04:00+00:00"),
    ("America/Santiago", 1, "2027-04-04 09:00", "2027-04-04T04:00+00:00"),
    # In Havana midnight itself comes twice: the day before ends at the first.
    ("America/Havana", 1, "2027-11-07 09:00", "2027-11-07T04:00+00:00"),
]


@pytest.mark.requirement("X4")
@pytest.mark.parametrize(("zone", "amount", "start", "last"), CALENDAR)
def test_days_end_at_24_in_the_zone_of_the_business(
    world: World, zone: str, amount: int, start: str, last: str
) -> None:
    """A window of N calendar days ends at 24:00, N dates before, also where the clocks change or skip midnight."""
    business_in(world, zone)
    world.change_policy("changes", cancel=days(amount))
    ends = datetime.fromisoformat(last)
    door = ana_at(world, ends, start, zone=zone)
    assert_last_moment(world, door, ends)


@pytest.mark.requirement("X4")
def test_days_are_counted_on_the_calendar_of_the_business_not_of_the_booking(world: World) -> None:
    """An online lesson booked for Tuesday 20:00 in New York is on Wednesday in Auckland, where days are counted."""
    world.change_policy("changes", cancel=days(1))
    door = ana_at(world, at("2026-12-01 22:00"), "2026-12-01 20:00", zone="America/New_York")
    assert door.appointment("a1").local_start.day == 1
    assert door.change_terms("a1").cancel.until == at("2026-12-02 00:00")


@pytest.mark.requirement("X4")
def test_the_time_of_day_does_not_matter_to_calendar_days(world: World) -> None:
    """One day before Wednesday is all of Tuesday, for 00:30 as for 23:30; zero days never outlast the start."""
    world.change_policy("changes", cancel=days(1))
    door = ana_at(world, at("2026-11-24 23:00"), "2026-11-25 00:30")
    world.book("a2", door.appointment("a1").ref, "2026-11-25 23:30", minutes=15)
    assert {door.change_terms(id).cancel.until for id in ("a1", "a2")} == {at("2026-11-25 00:00")}
    world.change_policy("changes", cancel=days(0))
    assert door.change_terms("a2").cancel.until == at("2026-11-25 23:30")


def test_nothing_is_changed_once_it_has_begun(world: World) -> None:
    """With no window at all the last moment is the start; from then on it is over, for staff too."""
    world.change_policy("changes", cancel=hours(0), move=hours(0))
    door = ana_at(world, at("2026-11-25 13:00"), "2026-11-25 14:00")
    (slot,) = world.add_slots("2026-11-26 10:00")
    world.clock.set(at("2026-11-25 14:00") - TICK)
    assert door.preview.cancel("a1").status.value == "cancelled"
    world.clock.set(at("2026-11-25 14:00"))
    for change in (lambda: door.cancel("a1"), lambda: door.move("a1", slot), lambda: world.staff().cancel("a1")):
        assert reason_of(change) is Reason.ALREADY_OVER


def test_what_was_cancelled_cannot_be_changed_again(world: World) -> None:
    """A cancelled appointment is over, whatever the window."""
    world.use(world.policy)
    world.change_policy("changes", **{name: getattr(ChangePolicy(), name) for name in ("cancel", "move")})
    door = ana_at(world, at("2026-11-24 13:00"), "2026-11-25 14:00")
    (slot,) = world.add_slots("2026-11-26 10:00")
    door.cancel("a1")
    assert reason_of(lambda: door.cancel("a1")) is Reason.ALREADY_OVER
    assert reason_of(lambda: door.move("a1", slot)) is Reason.ALREADY_OVER


def test_staff_are_not_bound_by_windows(world: World) -> None:
    """Five minutes before, with a window of 48 hours, staff move and cancel all the same."""
    world.change_policy("changes", cancel=hours(48), move=hours(48))
    door = ana_at(world, at("2026-11-25 13:55"), "2026-11-25 14:00")
    (slot,) = world.add_slots("2026-11-25 15:00")
    assert reason_of(lambda: door.move("a1", slot)) is Reason.TOO_LATE
    assert world.staff().move("a1", slot).appointment.start == at("2026-11-25 15:00")
    assert reason_of(lambda: door.cancel("a1")) is Reason.TOO_LATE
    assert world.staff().cancel("a1").status.value == "cancelled"
