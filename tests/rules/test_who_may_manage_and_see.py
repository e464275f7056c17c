"""What staff may do and what clients see: what is not named is not allowed, and not shown."""

from __future__ import annotations

import pytest
from attrs import evolve, fields_dict
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Reason
from clientportal.outcomes import FieldChoice, Profile
from clientportal.policy import presets
from clientportal.rules.who_may_manage import OWNER, RECEPTION, Permission, may
from clientportal.rules.who_may_see import profile, section_is_open
from clientportal.values import CLIENT_FIELDS, Address

TIMELY = presets.timely(region="NZ")


@given(st.sets(st.sampled_from(Permission)), st.none() | st.sampled_from(Permission))
def test_least_by_default(granted: set[Permission], needed: Permission | None) -> None:
    """Exactly what was granted by name may be done; what needs no permission may be done by anybody."""
    refusal = may(granted, needed)

    assert (refusal is None) is (needed is None or needed in granted)
    if refusal is not None and needed is not None:
        assert refusal.reason is Reason.PERMISSION
        assert refusal.facts == {"permission": needed.value}
        assert dict(refusal.because.facts) == {"needed": needed.value, "granted": ", ".join(sorted(granted)) or "none"}


@pytest.mark.parametrize("granted", Permission)
def test_nothing_follows_from_anything_else(granted: Permission) -> None:
    """One permission allows one thing."""
    assert [needed for needed in Permission if may([granted], needed) is None] == [granted]


@given(st.sets(st.sampled_from(CLIENT_FIELDS)).map(sorted))
def test_a_client_sees_the_fields_that_the_policy_names(named: list[str]) -> None:
    """Those and no others (T8)."""
    policy = evolve(TIMELY, visibility=evolve(TIMELY.visibility, fields=tuple(named)))
    values = {name: FieldChoice(name, f"the {name}", None, "most_recent") for name in CLIENT_FIELDS}
    address = Address("1 High St")

    shown = profile(values, address, policy)

    expected = {name: address if name == "address" else f"the {name}" for name in named}
    assert shown == Profile(**expected)  # type: ignore[arg-type]


def test_notes_can_be_shown_by_no_policy() -> None:
    """There is no place for them in what a client gets."""
    assert set(fields_dict(Profile)) == set(CLIENT_FIELDS)


def test_a_section_that_is_not_named_is_closed() -> None:
    """Also to those who know its name (V5)."""
    policy = evolve(TIMELY, visibility=evolve(TIMELY.visibility, sections=("bookings",)))

    assert section_is_open("bookings", policy)
    assert not section_is_open("account", policy)


def test_the_ready_made_sets_are_plain_sets() -> None:
    """The front desk joins no records, sees no audit and looks through nobody's eyes; the owner has all by name."""
    assert OWNER == set(Permission)
    assert RECEPTION.isdisjoint(
        {Permission.MERGE, Permission.SEE_AUDIT, Permission.REPLAY_POLICY, Permission.VIEW_AS_CLIENT}
    )
    assert may(RECEPTION, Permission.SEE_CLIENTS) is None
    assert may(RECEPTION, Permission.MERGE) is not None
