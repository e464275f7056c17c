"""One parent, several businesses: whose policy counts where, and what is shown (M6)."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Reason
from clientportal.policy import Policy, PortalPolicy, VisibilityPolicy, Window, presets
from clientportal.rules.franchises import acts_on, belongs_to, is_shown, policy_at
from clientportal.rules.who_may_change import judge, judge_rebooking
from clientportal.values import ChangeKind, Service
from policy.test_axes import policies
from rules.changing import HOUR, START, seen

SHARES = frozenset({"gift_cards"})
HERE, THERE = "ponsonby", "newmarket"


@pytest.mark.parametrize(
    ("business", "section", "branch", "shown"),
    [
        (HERE, "memberships", HERE, True),
        (THERE, "memberships", HERE, False),
        ("", "memberships", HERE, True),
        (THERE, "gift_cards", HERE, True),
        (THERE, "memberships", "", True),
    ],
)
def test_what_is_shown_where(business: str, section: str, branch: str, shown: bool) -> None:
    """Its own, the parent's, and in shared sections everybody's; at the parent's own door everything."""
    assert is_shown(business, section, branch, SHARES) is shown


def test_what_can_be_done_where() -> None:
    """Items of the business itself and of the parent as a whole; appointments by the windows of their own alone."""
    assert [acts_on(business, HERE) for business in (HERE, "", THERE)] == [True, True, False]
    assert [acts_on(business, "") for business in (HERE, "")] == [False, True]
    assert [belongs_to(business, HERE) for business in (HERE, "", THERE)] == [True, False, False]


# --- whose policy ----------------------------------------------------------------------------------------------------


@given(policies(), policies())
def test_no_business_takes_more_than_its_parent_gives(parent: Policy, own: Policy) -> None:
    """The law behind "no gain by the laxer door": how a client proves who they are is the parent's in every word;
    sections, fields and actions are in both; and any two policies make one that is sound.
    """
    here = policy_at(parent, own)
    for identity in ("login", "contacts", "guesses", "sends", "sessions", "registration", "accounts", "passwords"):
        assert getattr(here, identity) == getattr(parent, identity)
    for records in ("matching", "merging", "clients", "franchise", "allow_weaker"):
        assert getattr(here, records) == getattr(parent, records)
    for bound in (parent, own):
        assert set(here.visibility.sections) <= set(bound.visibility.sections)
        assert set(here.visibility.fields) <= set(bound.visibility.fields)
        assert set(here.visibility.editable) <= set(bound.visibility.editable)
        assert bound.portal.actions is None or (here.portal.actions or frozenset()) <= bound.portal.actions
        assert bound.portal.actions is None or here.portal.actions is not None
        assert here.portal.messages_per_day <= bound.portal.messages_per_day
        assert not here.bookings.online or bound.bookings.online
    assert here.visibility.appointments is parent.visibility.appointments
    assert here.changes == own.changes


@given(policies())
def test_a_business_without_wishes_of_its_own_has_its_parents_policy(parent: Policy) -> None:
    """The same policy twice is that policy."""
    assert policy_at(parent, parent) == parent


def test_a_closed_section_does_not_open_first() -> None:
    """The business would begin with payments, which its parent has closed; with the dashboard it may."""
    own = Policy(visibility=VisibilityPolicy(sections=("account", "payments")))
    parent = Policy(visibility=VisibilityPolicy(sections=("account",)))
    first = policy_at(parent, evolve(own, portal=PortalPolicy(opens_with="payments"))).portal.opens_with
    assert first is None
    assert policy_at(parent, evolve(own, portal=PortalPolicy(opens_with="dashboard"))).portal.opens_with == "dashboard"


# --- appointments ----------------------------------------------------------------------------------------------------


def test_an_appointment_of_another_business_is_looked_at_and_not_changed() -> None:
    """Ponsonby lets everything be cancelled to the last minute: what Newmarket has is not cancelled by Ponsonby's door.
    Staff of the parent are bound by neither.
    """
    timely = presets.timely()
    lax = evolve(timely, changes=evolve(timely.changes, cancel=Window(amount=0), move=Window(amount=0)))
    foreign = evolve(seen(), elsewhere=True)
    for kind in (ChangeKind.CANCEL, ChangeKind.MOVE):
        answer = judge(foreign, kind, lax, START - 72 * HOUR)
        assert answer.reason is Reason.NOT_CHANGEABLE
        assert answer.why == "it is changed at the business of the franchise that it belongs to"
        assert judge(evolve(foreign, staff=True), kind, lax, START - 72 * HOUR).reason is None
    bookable = evolve(foreign, service=Service("cut", "Cut", HOUR), slots_possible=True)
    assert judge_rebooking(bookable, lax, START).reason is Reason.CONTACT_BUSINESS
    assert judge_rebooking(evolve(bookable, staff=True), lax, START).reason is None


@given(st.text(), st.text())
def test_where_there_is_no_franchise_nothing_is_left_out(business: str, section: str) -> None:
    """A platform that fills the field in for its own ends loses nothing."""
    assert is_shown(business, section, "", frozenset())


@pytest.mark.parametrize(
    ("parent", "own", "allowed"),
    [
        (None, None, None),
        ({"bookings.move"}, None, {"bookings.move"}),
        (None, {"bookings.move"}, {"bookings.move"}),
        ({"bookings.move", "payments.pay"}, {"payments.pay", "pets.save"}, {"payments.pay"}),
    ],
)
def test_a_business_takes_actions_away_and_adds_none(
    parent: set[str] | None, own: set[str] | None, allowed: set[str] | None
) -> None:
    """Named by neither, all; named by one, those; named by both, what both name."""

    def naming(actions: set[str] | None) -> Policy:
        return Policy(portal=PortalPolicy(actions=actions))

    assert policy_at(naming(parent), naming(own)).portal.actions == allowed
