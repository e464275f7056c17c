"""May this be changed: to the microsecond, and the stricter of host and policy, and of two overrides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Reason
from clientportal.outcomes import Cancelled
from clientportal.policy import ChangePolicy, Edge, Fee, Late, Override, Policy, Window
from clientportal.records import Trail
from clientportal.rules.who_may_change import (
    Change,
    Judged,
    cancel,
    judge,
)
from clientportal.testing.strategies import appointments, change_policies, windows
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    ChangeKind,
    Offer,
)
from rules.changing import (
    HOUR,
    KINDS,
    NZD10,
    NZD20,
    START,
    TICK,
    TIMELY,
    appointment,
    changes,
    cost,
    seen,
)

# --- the window ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("edge", "at_the_edge"), [(Edge.ALLOWED, None), (Edge.LATE, Reason.TOO_LATE)])
def test_the_edge_is_exact(edge: Edge, at_the_edge: Reason | None) -> None:
    """A microsecond before the last moment it may be changed, after it it may not; at it the policy says."""
    policy = changes(cancel=Window(amount=24, edge=edge), move=Window(amount=1))
    last = START - 24 * HOUR

    answers = [judge(seen(), ChangeKind.CANCEL, policy, last + shift).reason for shift in (-TICK, TICK * 0, TICK)]

    assert answers == [None, at_the_edge, Reason.TOO_LATE]
    assert judge(seen(), ChangeKind.CANCEL, policy, last).until == last
    assert judge(seen(), ChangeKind.MOVE, policy, last + TICK).reason is None


def test_the_hosts_last_moment_is_still_in_time() -> None:
    """The host's own deadline counts where it is earlier; at that very moment it is in time."""
    until = START - 48 * HOUR
    policy = changes(cancel=Window(amount=24))

    answers = [
        judge(seen(offer=Offer(until=until)), ChangeKind.CANCEL, policy, until + shift) for shift in (TICK * 0, TICK)
    ]

    assert [answer.reason for answer in answers] == [None, Reason.TOO_LATE]
    assert {answer.until for answer in answers} == {until}
    later = judge(seen(offer=Offer(until=START)), ChangeKind.CANCEL, policy, until)
    assert later.until == START - 24 * HOUR


@given(appointments(), change_policies(), windows(), windows(), KINDS, st.integers(-200, 10))
def test_of_two_overrides_the_stricter_answer_wins(
    of: Appointment, policy: ChangePolicy, one: Window, other: Window, kind: ChangeKind, hours: int
) -> None:
    """With both, nothing is allowed or cheaper that either by itself forbids or prices higher."""
    of = evolve(of, staff_id="mia", service_id="cut", status=AppointmentStatus.CONFIRMED)
    now = of.start + timedelta(minutes=15 * hours)
    by_service, by_staff = {"cut": Override(cancel=one, move=one)}, {"mia": Override(cancel=other, move=other)}

    def judged(services: dict[str, Override], staff: dict[str, Override]) -> Judged:
        with_these = evolve(TIMELY, changes=evolve(policy, services=services, staff=staff))
        return judge(seen(appointment=of), kind, with_these, now)

    both, first, second = judged(by_service, by_staff), judged(by_service, {}), judged({}, by_staff)

    assert cost(both) == max(cost(first), cost(second))
    if both.until is not None and first.until is not None and second.until is not None:
        assert both.until == min(first.until, second.until)


def test_a_refusal_after_the_later_deadline_is_not_bought_off() -> None:
    """The service asks for a fee from two days before; Mia refuses from one day before: then a fee is not enough."""
    fee = Window(amount=48, late=Late.FEE, fee=Fee(amount=NZD10))
    policy = changes(services={"cut": Override(cancel=fee)}, staff={"mia": Override(cancel=Window(amount=24))})

    assert judge(seen(), ChangeKind.CANCEL, policy, START - 30 * HOUR).fee == NZD10
    assert judge(seen(), ChangeKind.CANCEL, policy, START - 20 * HOUR).reason is Reason.TOO_LATE


def test_an_override_replaces_the_general_window() -> None:
    """For its service or member of staff, and for the kind of change that it names."""
    policy = changes(
        cancel=Window(amount=24), move=Window(amount=24), services={"cut": Override(cancel=Window(amount=1))}
    )
    now = START - 2 * HOUR

    assert judge(seen(), ChangeKind.CANCEL, policy, now).reason is None
    assert judge(seen(), ChangeKind.MOVE, policy, now).reason is Reason.TOO_LATE
    assert (
        judge(seen(appointment=appointment(service_id="dye")), ChangeKind.CANCEL, policy, now).reason is Reason.TOO_LATE
    )
    nobody = appointment(staff_id=None)
    by_nobody = changes(cancel=Window(amount=24), staff={"mia": Override(cancel=Window(amount=1))})
    assert judge(seen(appointment=nobody), ChangeKind.CANCEL, by_nobody, now).reason is Reason.TOO_LATE
    assert ("changes.services.cut.cancel", "1 hours, edge allowed, late refused") in judge(
        seen(), ChangeKind.CANCEL, policy, now
    ).because.settings


@given(appointments(), change_policies(), KINDS, st.integers(-400, 20))
def test_the_stricter_of_host_and_policy_wins(
    of: Appointment, policy: ChangePolicy, kind: ChangeKind, quarters: int
) -> None:
    """A host that has a fee, a deadline or a no never makes the answer milder."""
    now = of.start + timedelta(minutes=15 * quarters)
    whole = evolve(TIMELY, changes=policy)
    plain = judge(seen(appointment=of), kind, whole, now)
    strict = [Offer(allowed=False), Offer(fee=NZD20), Offer(until=of.start - 30 * HOUR), Offer(forfeits=NZD20)]

    for offer in strict:
        judged = judge(seen(appointment=of, offer=offer), kind, whole, now)
        assert cost(judged) >= cost(plain)
        if plain.until is not None and judged.until is not None:
            assert judged.until <= plain.until


@given(appointments(), change_policies(), KINDS)
def test_waiting_never_makes_it_cheaper(of: Appointment, policy: ChangePolicy, kind: ChangeKind) -> None:
    """As time passes, a change goes from free through a fee to a no, never back."""
    whole = evolve(TIMELY, changes=policy)
    times = [of.start + 3 * HOUR * step for step in range(-40, 2)]

    costs = [cost(judge(seen(appointment=of), kind, whole, now)) for now in times]

    assert costs == sorted(costs)


# --- the order of reasons ------------------------------------------------------------------------------------------


def test_the_first_true_reason_is_given() -> None:
    """Not yours, switched off, over, forbidden by the host, moved too often, too late: in this order."""
    everything = {
        "mine": False,
        "offer": Offer(allowed=False),
        "appointment": appointment(status=AppointmentStatus.CANCELLED, moves=3),
    }
    policy = changes(enabled=False, max_moves=3, move=Window(amount=24))
    late = START - HOUR

    def answer(policy: Policy, now: datetime = late, **repaired: Any) -> Reason | None:
        everything.update(repaired)
        return judge(seen(**everything), ChangeKind.MOVE, policy, now).reason

    assert answer(policy) is Reason.NOT_FOUND
    assert answer(policy, mine=True) is Reason.DISABLED
    on = evolve(policy, changes=evolve(policy.changes, enabled=True))
    assert answer(on) is Reason.ALREADY_OVER
    assert answer(on, START, appointment=appointment(moves=3)) is Reason.ALREADY_OVER
    assert answer(on, START - TICK) is Reason.NOT_CHANGEABLE
    assert answer(on, offer=Offer()) is Reason.TOO_MANY_MOVES
    assert answer(on, appointment=appointment(moves=2)) is Reason.TOO_LATE
    assert answer(on, START - 25 * HOUR) is None
    assert answer(on, appointment=None) is Reason.NOT_FOUND


@pytest.mark.parametrize(("own", "trail", "allowed"), [(1, None, True), (2, None, False), (0, 2, False), (1, 1, True)])
def test_moves_are_counted_by_whoever_counted_more(own: int, trail: int | None, allowed: bool) -> None:
    """The platform's count and the portal's own trail: the larger one; two moves are allowed here."""
    gone = None if trail is None else Trail(id="a1", current_id="a1", moves=trail)
    policy = changes(max_moves=2)

    judged = judge(seen(appointment=appointment(moves=own), trail=gone), ChangeKind.MOVE, policy, START - 90 * HOUR)

    assert (judged.reason is None) is allowed
    capped = judge(seen(appointment=appointment(moves=9)), ChangeKind.CANCEL, policy, START - 90 * HOUR)
    assert capped.reason is None


def test_a_pending_request_may_be_cancelled_whatever_the_window() -> None:
    """Cancelled, not moved; while cancelling is on and it has not begun (X1)."""
    pending = seen(appointment=appointment(status=AppointmentStatus.REQUESTED))
    policy = changes(cancel=Window(amount=24), move=Window(amount=24))

    assert judge(pending, ChangeKind.CANCEL, policy, START - TICK).reason is None
    assert judge(pending, ChangeKind.MOVE, policy, START - TICK).reason is Reason.TOO_LATE
    assert judge(pending, ChangeKind.CANCEL, policy, START).reason is Reason.ALREADY_OVER


def test_staff_are_bound_by_the_host_and_time_alone() -> None:
    """No switch, cap, window or fee; but what is over is over, and the host's no is a no."""
    policy = changes(enabled=False, max_moves=0, move=Window(amount=500), cancel=Window(amount=500))
    staff = seen(staff=True, appointment=appointment(moves=9), offer=Offer(fee=NZD10, forfeits=NZD20))

    for kind in (ChangeKind.CANCEL, ChangeKind.MOVE):
        judged = judge(staff, kind, policy, START - TICK)
        assert (judged.reason, judged.fee) == (None, None)
        assert judge(staff, kind, policy, START).reason is Reason.ALREADY_OVER
        assert (
            judge(evolve(staff, offer=Offer(allowed=False)), kind, policy, START - HOUR).reason is Reason.NOT_CHANGEABLE
        )
    free = cancel(staff, Change("a1"), policy, START - HOUR)
    assert isinstance(free.outcome, Cancelled)
    assert (free.outcome.fee, free.outcome.forfeits) == (None, None)
