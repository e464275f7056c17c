"""Each product is one value of the same policy: its column of the table of axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from clientportal.policy import Policy, presets

PRODUCTS = ("timely", "acuity", "timetap", "mytime", "vcita")

# axis: Timely, Acuity, TimeTap, MyTime, vcita
TABLE: dict[str, tuple[Any, Any, Any, Any, Any]] = {
    "login.in_booking_flow": (False, True, True, True, True),
    "login.proof": ("code", "password", "password", "password", "code"),
    "login.identifiers": ({"mobile"}, {"email"}, {"email"}, {"email"}, {"email"}),
    "login.delivery": ("sms", "none", "none", "none", "sms_else_email"),
    "login.unknown": ("create_empty", "same_alert", "same_alert", "same_alert", "refuse_silently"),
    "login.several": ("newest_booking", "accounts", "choose", "choose", "choose"),
    "visibility.appointments": ("record", "assigned", "record", "record", "record"),
    "registration.staff_reset": ("never", "never", "single_and_bulk", "never", "never"),
    "registration.staff_may_register": (False, False, True, False, False),
    "bookings.logged_out": ("name_and_contact", "claim_only", "email", "first_name_and_email", "email"),
    "bookings.by_staff": ("chosen_client", "unless_ambiguous", "chosen_client", "chosen_client", "chosen_client"),
    "login.to_book": ("optional", "never", "optional", "optional", "optional"),
    "clients.on_delete": ("keep", "keep", "keep", "keep_past_cancel_future", "keep"),
    "clients.card_removal": ("unless_required_and_upcoming", "free", "free", "unless_prepaid_future", "free"),
    "changes.cancel.edge": ("late", "allowed", "allowed", "late", "allowed"),
    "changes.move.edge": ("late", "allowed", "allowed", "late", "allowed"),
    # what a client sees, what opens first, and the buttons (M1 to M11, V4 to V10, T8, A15)
    "visibility.sections": (
        ("bookings", "account", "forms", "payment_methods"),
        ("account", "bookings", "codes"),
        ("account", "bookings"),
        (
            *("account", "bookings", "memberships", "packages", "gift_cards"),
            *("pets", "payment_methods", "referrals", "preferences"),
        ),
        ("bookings", "payments", "documents", "forms", "messages", "notifications", "account"),
    ),
    "portal.opens_with": (None, None, None, None, "dashboard"),
    "portal.notices_by_email": (False, False, False, False, True),
    "portal.actions": (None, None, None, None, None),
    # what follows from the rows of each product: accounts, and where they are registered (A1, TT3, M7)
    "registration.accounts": (False, True, True, True, False),
    "registration.register_from": ("nowhere", "confirmation_page", "anywhere", "anywhere", "nowhere"),
    # on by default in all five (A6, T7); recycled numbers are off in all five (X6)
    "login.enabled": (True, True, True, True, True),
    "changes.enabled": (True, True, True, True, True),
    "login.recycled_after": (None, None, None, None, None),
}

CELLS = [(product, axis, cells[column]) for axis, cells in TABLE.items() for column, product in enumerate(PRODUCTS)]


def _value(policy: Policy, axis: str) -> Any:
    value: Any = policy
    for name in axis.split("."):
        value = getattr(value, name)
    return value


def _preset(product: str) -> Callable[..., Policy]:
    preset: Callable[..., Policy] = getattr(presets, product)
    return preset


@pytest.mark.parametrize(("product", "axis", "expected"), CELLS)
def test_a_product_is_its_column_of_the_table(product: str, axis: str, expected: Any) -> None:
    """Every cell of the table of axes is what the preset chooses."""
    assert expected == _value(_preset(product)(), axis)


def test_there_are_five_presets() -> None:
    """The table has all of them."""
    assert sorted(PRODUCTS) == sorted(presets.__all__)


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_preset_is_weaker_than_the_standards(product: str) -> None:
    """None needs allow_weaker, and none starts with overrides of its own."""
    policy = _preset(product)()
    assert (frozenset(), {}, {}) == (policy.allow_weaker, policy.changes.services, policy.changes.staff)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_preset_takes_the_region_and_nothing_else_changes(product: str) -> None:
    """The region is where national numbers are read."""
    there, here = _preset(product)(region="DE"), _preset(product)()
    assert "DE" == there.contacts.region
    assert here == evolve(there, contacts=evolve(there.contacts, region=here.contacts.region))


def test_no_two_products_are_the_same_policy() -> None:
    """Five points, not four."""
    policies = [_preset(product)(region="NZ") for product in PRODUCTS]
    assert all(one != other for index, one in enumerate(policies) for other in policies[:index])
