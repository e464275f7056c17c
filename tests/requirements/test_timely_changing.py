"""Timely: the change/cancel switch (T7), and booking again (T9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import AppointmentStatus, Money, Reason, RecordRef, Refused, Secret, Service
from clientportal.values import AnswerKind, ChangeKind, HostAnswer, Offer
from world import World, at

# A failure that came and went on the shared PostgreSQL database was never explained: here each world has its own.
pytestmark = pytest.mark.own_database

MOBILE = "021 123 4567"


def reason_of(call: Callable[[], Any]) -> Reason:
    """Why it was refused."""
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.reason


def ana(world: World) -> RecordRef:
    """Ana, with an appointment on Monday, 30 November, at 9."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("a1", ref, "2026-11-30 09:00")
    return ref


# --- T7: the switch --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("T7")
@pytest.mark.parametrize("offered", [True, False], ids=["login offered", "login not offered"])
def test_off_means_view_only_and_on_means_both_work(world: World, offered: bool) -> None:
    """Off: Ana sees her appointment and every change is refused as disabled. On: she moves it, and cancels it.

    The switch is its own: whether the booking flow offers login makes no difference to it.
    """
    ana(world)
    world.change_policy("login", in_booking_flow=offered)
    world.change_policy("changes", enabled=False)
    (slot,) = world.add_slots("2026-12-01 10:00")
    door = world.log_in(MOBILE)

    assert [one.id for one in door.appointments().items] == ["a1"]
    assert door.appointment("a1").start == at("2026-11-30 09:00")
    assert door.profile().first_name == "Ana"
    assert reason_of(lambda: door.move("a1", slot)) is Reason.DISABLED
    assert reason_of(lambda: door.cancel("a1")) is Reason.DISABLED
    assert door.appointment("a1").status is AppointmentStatus.CONFIRMED
    assert door.appointment("a1").start == at("2026-11-30 09:00")

    world.change_policy("changes", enabled=True)
    assert door.move("a1", slot).appointment.start == at("2026-12-01 10:00")
    assert door.cancel("a1").status is AppointmentStatus.CANCELLED


@pytest.mark.requirement("T7")
def test_off_refuses_every_way_to_change(world: World) -> None:
    """The session, its preview, and a signed link that was sent while the switch was on: all of them disabled."""
    ana(world)
    world.book("pending", RecordRef.client("ana"), "2026-12-03 09:00", status=AppointmentStatus.REQUESTED)
    (slot,) = world.add_slots("2026-12-01 10:00")
    link: Secret = world.staff().appointment_link("a1")
    door = world.log_in(MOBILE)
    world.change_policy("changes", enabled=False)
    visitor = world.visitor()
    for change in (
        lambda: door.move("a1", slot),
        lambda: door.cancel("a1"),
        lambda: door.cancel("pending"),
        lambda: door.preview.move("a1", slot),
        lambda: door.preview.cancel("a1"),
        lambda: visitor.cancel_by_link(link),
        lambda: visitor.move_by_link(link, slot),
    ):
        assert reason_of(change) is Reason.DISABLED

    terms = door.change_terms("a1")
    assert (terms.cancel.allowed, terms.cancel.reason) == (False, "disabled")
    assert (terms.move.allowed, terms.move.reason) == (False, "disabled")
    looked = visitor.look_at_link(link)
    assert looked.appointment.id == "a1"
    assert (looked.cancel.reason, looked.move.reason) == ("disabled", "disabled")

    world.change_policy("changes", enabled=True)
    assert visitor.move_by_link(link, slot).appointment.start == at("2026-12-01 10:00"), "a refusal used nothing up"


@pytest.mark.requirement("T7")
def test_the_switch_says_nothing_about_other_peoples_appointments(world: World) -> None:
    """Off, somebody else's appointment is still simply not found."""
    ana(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("b1", ben, "2026-11-30 10:00")
    door = world.log_in(MOBILE)
    world.change_policy("changes", enabled=False)
    assert reason_of(lambda: door.cancel("b1")) is Reason.NOT_FOUND


@pytest.mark.requirement("T7")
def test_off_does_not_bind_staff(world: World) -> None:
    """The desk moves and cancels as ever."""
    ana(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    world.change_policy("changes", enabled=False)
    assert world.staff().move("a1", slot).appointment.start == at("2026-12-01 10:00")
    assert world.staff().cancel("a1").status is AppointmentStatus.CANCELLED


@pytest.mark.requirement("T7", "X1")
@pytest.mark.parametrize(
    ("moment", "late"),
    [("2026-11-29 08:59", False), ("2026-11-29 09:00", True), ("2026-11-30 08:59", True)],
)
def test_on_changes_work_within_timelys_window(world: World, moment: str, late: bool) -> None:
    """Until 24 hours before Monday 9:00; at exactly 24 hours it is late, and stays so."""
    ana(world)
    (slot,) = world.add_slots("2026-12-01 10:00")
    door = world.log_in(MOBILE)
    world.clock.set(at(moment))
    if late:
        assert reason_of(lambda: door.move("a1", slot)) is Reason.TOO_LATE
        assert reason_of(lambda: door.cancel("a1")) is Reason.TOO_LATE
    else:
        assert door.move("a1", slot).appointment.start == at("2026-12-01 10:00")
        assert door.cancel("a1").status is AppointmentStatus.CANCELLED


# --- T9: booking again -----------------------------------------------------------------------------------------------


def change_service(world: World, **settings: Any) -> None:
    """The business changes the haircut's settings today."""
    now = Service("cut", "Cut", timedelta(minutes=45), price=Money("65.00", "NZD"))
    world.seed("add_services", [evolve(now, **settings)])


@pytest.mark.requirement("T9")
@pytest.mark.parametrize("status", list(AppointmentStatus))
def test_booking_again_is_allowed_whatever_became_of_the_old_appointment(
    world: World, status: AppointmentStatus
) -> None:
    """The service is bookable today: Ana books it again for 5 December, for herself, as a new appointment."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("old", ref, "2026-09-01 09:00", made="2026-08-01 09:00", status=status)
    (slot,) = world.add_slots("2026-12-05 09:00")
    door = world.log_in(MOBILE)
    assert door.change_terms("old").rebook.allowed

    booked = door.rebook("old", slot).appointment

    assert booked.id != "old"
    assert (booked.ref, booked.service_id, booked.start) == (ref, "cut", at("2026-12-05 09:00"))
    assert [one.id for one in door.appointments().items] == [booked.id]
    assert door.appointment("old").status is status


@pytest.mark.requirement("T9")
@pytest.mark.parametrize(
    "forbids",
    [{"bookable_online": False}, {"active": False}, {"bookable_online": False, "active": False}],
    ids=["not bookable online", "not offered any more", "neither"],
)
def test_each_setting_that_forbids_a_fresh_booking_forbids_booking_again(
    world: World, forbids: dict[str, bool]
) -> None:
    """As the settings are today, not as they were when the old one was booked; undone today, it is allowed today."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("old", ref, "2026-09-01 09:00", made="2026-08-01 09:00")
    (slot,) = world.add_slots("2026-12-05 09:00")
    door = world.log_in(MOBILE)
    assert door.change_terms("old").rebook.allowed

    change_service(world, **forbids)
    assert reason_of(lambda: door.rebook("old", slot)) is Reason.CONTACT_BUSINESS
    assert reason_of(lambda: door.preview.rebook("old", slot)) is Reason.CONTACT_BUSINESS
    week = at("2026-12-01 00:00"), at("2026-12-08 00:00")
    assert reason_of(lambda: door.slots("old", *week)) is Reason.CONTACT_BUSINESS
    rebook = door.change_terms("old").rebook
    assert (rebook.allowed, rebook.reason) == (False, "contact_business")
    assert door.appointments().items == ()

    change_service(world)
    assert door.rebook("old", slot).appointment.start == at("2026-12-05 09:00")


@pytest.mark.requirement("T9")
def test_a_service_that_is_gone_cannot_be_booked_again(world: World) -> None:
    """The old appointment is of a service that the platform does not have any more."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("old", ref, "2026-09-01 09:00", service="perm", made="2026-08-01 09:00")
    (slot,) = world.add_slots("2026-12-05 09:00", service="perm")
    assert reason_of(lambda: world.log_in(MOBILE).rebook("old", slot)) is Reason.CONTACT_BUSINESS


@pytest.mark.requirement("T9")
def test_what_the_platform_itself_forbids_is_forbidden(world: World) -> None:
    """A platform with rules of its own (this client may not book online) says no in its offer: contact the business."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("old", ref, "2026-09-01 09:00", made="2026-08-01 09:00")
    (slot,) = world.add_slots("2026-12-05 09:00")
    plain = world.host

    class Blocks(plain):  # type: ignore[misc, valid-type]
        """Lets nobody book again."""

        def offer(self, appointment: Any, change: ChangeKind) -> Any:
            if change is ChangeKind.REBOOK:
                return Offer(allowed=False, why_not="this client may not book online")
            return super().offer(appointment, change)

    world.host = Blocks
    world.portal = world.make_portal()
    door = world.log_in(MOBILE)
    assert reason_of(lambda: door.rebook("old", slot)) is Reason.CONTACT_BUSINESS
    assert door.change_terms("old").rebook.reason == "contact_business"
    assert door.appointments().items == ()


@pytest.mark.requirement("T9")
def test_a_platform_that_declines_in_the_very_moment_sends_the_client_to_the_business(world: World) -> None:
    """The settings were read as bookable, and switched off before the platform wrote: the same reason as before."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("old", ref, "2026-09-01 09:00", made="2026-08-01 09:00")
    (slot,) = world.add_slots("2026-12-05 09:00")
    plain = world.host

    class Declines(plain):  # type: ignore[misc, valid-type]
        """Says no to every booking."""

        def book(self, *_asked: Any) -> Any:
            return HostAnswer(AnswerKind.DECLINED, note="this client may not book online")

    world.host = Declines
    world.portal = world.make_portal()
    door = world.log_in(MOBILE)
    assert reason_of(lambda: door.rebook("old", slot)) is Reason.CONTACT_BUSINESS
    assert door.appointments().items == ()


@pytest.mark.requirement("T9")
def test_the_business_may_switch_booking_again_off(world: World) -> None:
    """That is a switch, so its reason is disabled; the change/cancel switch is another one and does not matter."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("old", ref, "2026-09-01 09:00", made="2026-08-01 09:00")
    (slot,) = world.add_slots("2026-12-05 09:00")
    door = world.log_in(MOBILE)
    world.change_policy("changes", rebooking=False)
    assert reason_of(lambda: door.rebook("old", slot)) is Reason.DISABLED
    world.change_policy("changes", rebooking=True, enabled=False)
    assert door.rebook("old", slot).appointment.start == at("2026-12-05 09:00")


@pytest.mark.requirement("T9", "X2")
def test_only_a_free_time_of_that_service_can_be_booked(world: World) -> None:
    """A taken time, another service's time, a time that has passed, no time at all: none of them."""
    ref = world.add_client("ana", "Ana Kingi", mobile=MOBILE)
    world.book("old", ref, "2026-09-01 09:00", made="2026-08-01 09:00")
    free, past = world.add_slots("2026-12-05 09:00", "2026-11-20 09:00")
    (other,) = world.add_slots("2026-12-05 12:00", service="colour")
    door = world.log_in(MOBILE)
    assert reason_of(lambda: door.rebook("old", other)) is Reason.NOT_FOUND
    assert reason_of(lambda: door.rebook("old", past)) is Reason.NOT_FOUND
    assert reason_of(lambda: door.rebook("old", "no-such-slot")) is Reason.SLOT_TAKEN
    door.rebook("old", free)
    assert reason_of(lambda: door.rebook("old", free)) is Reason.SLOT_TAKEN
    assert len(door.appointments().items) == 1
