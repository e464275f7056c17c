"""Who sees which section, and what may be done there: every combination, and why not."""

from __future__ import annotations

from itertools import product

import pytest
from attrs import evolve

from clientportal.decisions import Because, Reason, Refusal
from clientportal.policy import presets
from clientportal.rules.who_may_see import SectionState, judge_action, judge_section

VCITA = presets.vcita(region="NZ")


@pytest.mark.requirement("M4", "V5")
@pytest.mark.parametrize(("shown", "present", "active"), list(product([True, False], repeat=3)))
def test_a_section_is_open_only_where_all_three_say_yes(shown: bool, present: bool, active: bool) -> None:
    """The business shows it, the platform has it, the business has activated it; each "no" looks the same outside."""
    sections = ("bookings", "memberships") if shown else ("bookings",)
    policy = evolve(VCITA, visibility=evolve(VCITA.visibility, sections=sections))

    said = judge_section(SectionState("memberships", present, active), policy)

    if shown and present and active:
        assert isinstance(said, Because)
        return
    assert isinstance(said, Refusal)
    assert said.reason is Reason.DISABLED
    assert dict(said.because.facts) == {
        "section": "memberships",
        "the platform has it": "yes" if present else "no",
        "activated": "yes" if active else "no",
    }
    assert dict(said.because.settings) == {"visibility.sections": "shown" if shown else "closed"}


@pytest.mark.requirement("V8")
@pytest.mark.parametrize("payments", [True, False])
def test_payments_need_online_payments_besides(payments: bool) -> None:
    """Where they are off there is no such section, whatever is shown."""
    policy = evolve(VCITA, bookings=evolve(VCITA.bookings, payments=payments))

    said = judge_section(SectionState("payments", present=True, active=True), policy)

    assert isinstance(said, Because) is payments


@pytest.mark.requirement("V5")
@pytest.mark.parametrize(
    ("named", "may"),
    [
        (None, True),
        ({"messages.send"}, True),
        ({"messages.send", "payments.pay"}, True),
        ({"payments.pay"}, False),
        (set(), False),
    ],
)
def test_an_action_may_be_done_where_none_is_named_or_this_one(named: set[str] | None, may: bool) -> None:
    """Writing to the business: ``None`` allows everything that open sections can do, an empty set nothing."""
    policy = evolve(VCITA, portal=evolve(VCITA.portal, actions=named))

    said = judge_action("messages", "send", policy)

    assert isinstance(said, Because) is may
    if isinstance(said, Refusal):
        assert said.reason is Reason.DISABLED
