"""What clients may do with bookings at all: what the business names, where it names anything (V5)."""

from __future__ import annotations

import pytest
from attrs import evolve

from clientportal.decisions import Reason
from clientportal.policy import Policy, PortalPolicy
from clientportal.rules.who_may_change import Judged, judge, judge_rebooking
from clientportal.values import ChangeKind, Service
from rules.changing import HOUR, START, seen

NOW = START - 72 * HOUR
CUT = Service("cut", "Cut", HOUR)


def judged(kind: ChangeKind, policy: Policy, *, staff: bool = False) -> Judged:
    """The rule of that kind of change."""
    about = seen(staff=staff)
    if kind is ChangeKind.REBOOK:
        return judge_rebooking(evolve(about, service=CUT, slots_possible=True), policy, NOW)
    return judge(about, kind, policy, NOW)


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_what_is_not_named_is_disabled(kind: ChangeKind) -> None:
    """Of moving, cancelling and booking again only the named one is there; where nothing is named, all three are."""
    for named in ChangeKind:
        policy = Policy(portal=PortalPolicy(actions={f"bookings.{named.value}"}))
        answer = judged(kind, policy)
        assert answer.reason is (None if kind is named else Reason.DISABLED)
        if kind is not named:
            assert ("portal.actions", "not named") in answer.because.settings
    assert judged(kind, Policy()).reason is None
    assert judged(kind, Policy(portal=PortalPolicy(actions=frozenset()))).reason is Reason.DISABLED


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_staff_are_not_bound_by_what_clients_may_do(kind: ChangeKind) -> None:
    """With every action closed to clients, staff move, cancel and book again."""
    assert judged(kind, Policy(portal=PortalPolicy(actions=frozenset())), staff=True).reason is None
