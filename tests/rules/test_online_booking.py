"""V7: what follows where a business takes no bookings online."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from clientportal import Reason
from clientportal.policy import Policy
from clientportal.policy.people import BookingPolicy
from clientportal.rules.who_may_change import judge, judge_rebooking, not_online
from clientportal.values import ChangeKind
from rules.changing import START, seen

pytestmark = pytest.mark.requirement("V7")

NOW = START - timedelta(days=3)
OFF = Policy(bookings=BookingPolicy(online=False))


def test_nothing_is_booked_and_everything_else_goes_on() -> None:
    """Booking again is switched off for clients and not for staff; moving and cancelling do not ask."""
    assert not_online(Policy()) is None
    assert str(not_online(OFF)) == "who_may_change.not_online; policy: bookings.online = False"
    refused = judge_rebooking(seen(), OFF, NOW)
    assert (refused.reason, refused.because) == (Reason.DISABLED, not_online(OFF))
    assert judge_rebooking(seen(), Policy(), NOW).reason is None
    assert judge_rebooking(seen(staff=True), OFF, NOW).reason is None
    for kind in (ChangeKind.MOVE, ChangeKind.CANCEL):
        assert judge(seen(), kind, OFF, NOW) == judge(seen(), kind, Policy(), NOW)


def test_other_peoples_appointments_are_absent_first() -> None:
    """Nobody learns by the setting whether an appointment is there."""
    assert judge_rebooking(seen(appointment=None), OFF, NOW).reason is Reason.NOT_FOUND
    closed = evolve(OFF, changes=evolve(OFF.changes, rebooking=False))
    assert judge_rebooking(seen(), closed, NOW).reason is Reason.DISABLED
