"""What a client sees first, in which order, and which buttons are there (M2, V4, V5, V11)."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes.dashboard import Call
from clientportal.outcomes.sections import SectionEntry
from clientportal.policy import CallToAction, Policy, PortalPolicy, VisibilityPolicy, presets
from clientportal.rules.dashboard import calls_now, in_menu_order, opens_first, own_texts, registers_here

NAMES = ("bookings", "account", "payments", "documents", "pets")
BOOKINGS = SectionEntry("bookings", None, ("move", "cancel"))
ACCOUNT = SectionEntry("account", None, ("change_email",))
PAYMENTS = SectionEntry("payments", None, ("pay",))
PETS = SectionEntry("pets", "account", ("save",))


def portal(*sections: str, **settings: object) -> Policy:
    """A policy that shows those sections."""
    shown = VisibilityPolicy(sections=sections or NAMES)
    return Policy(visibility=shown, portal=PortalPolicy(**settings))  # type: ignore[arg-type]


def names(menu: tuple[SectionEntry, ...]) -> list[str]:
    """The menu in words."""
    return [one.name for one in menu]


# --- the menu --------------------------------------------------------------------------------------------------------


def test_the_menu_is_what_is_named_and_then_what_is_open() -> None:
    """Payments first as the business wants it, then the dashboard and the others in the order in which they are open;
    documents are named and closed, and so are not there; pets stand on the account's page.
    """
    policy = portal(menu=("payments", "documents", "dashboard"))
    assert names(in_menu_order((BOOKINGS, ACCOUNT, PAYMENTS, PETS), policy)) == [
        "payments",
        "dashboard",
        "bookings",
        "account",
    ]
    assert names(in_menu_order((BOOKINGS, ACCOUNT), portal())) == ["dashboard", "bookings", "account"]


@given(st.permutations(NAMES), st.lists(st.sampled_from(("dashboard", *NAMES)), unique=True))
def test_the_menu_is_every_open_section_once_whatever_is_named(open_ones: list[str], named: list[str]) -> None:
    """The order of the menu opens nothing and closes nothing."""
    menu = in_menu_order([SectionEntry(name) for name in open_ones], portal(menu=tuple(named)))
    assert sorted(names(menu)) == sorted(("dashboard", *NAMES))
    assert names(menu)[: len(named)] == named


@pytest.mark.parametrize(
    ("chosen", "entries", "first"),
    [
        (None, (BOOKINGS, ACCOUNT), "account"),
        ("bookings", (BOOKINGS, ACCOUNT), "bookings"),
        ("dashboard", (BOOKINGS, ACCOUNT), "dashboard"),
        # chosen, and not activated by the business just now
        ("payments", (BOOKINGS, ACCOUNT), "account"),
        (None, (BOOKINGS,), "dashboard"),
    ],
)
def test_what_opens_first(chosen: str | None, entries: tuple[SectionEntry, ...], first: str) -> None:
    """The account unless the business chose another; where neither is open, what stands first in the menu."""
    policy = portal(opens_with=chosen)
    assert opens_first(in_menu_order(entries, policy), policy) == first


# --- buttons ---------------------------------------------------------------------------------------------------------


def test_a_button_is_there_where_it_can_be_pressed() -> None:
    """Paying in an open section; not sending a message where messages are closed, nor moving where only cancelling is
    allowed; the business's own address always.
    """
    policy = portal(
        calls_to_action=(
            CallToAction(action="payments.pay"),
            CallToAction(action="messages.send", label="Write to us"),
            CallToAction(action="bookings.rebook"),
            CallToAction(action="account", label="Your details"),
            CallToAction(url="https://kowhai.example/book", label="Book now"),
        )
    )
    assert calls_now((BOOKINGS, ACCOUNT, PAYMENTS), policy) == (
        Call("payments", "pay"),
        Call("account", None, label="Your details"),
        Call(url="https://kowhai.example/book", label="Book now"),
    )
    paying_is_closed = evolve(PAYMENTS, actions=())
    assert Call("payments", "pay") not in calls_now((paying_is_closed,), policy)


# --- the public page -------------------------------------------------------------------------------------------------


def test_registering_is_offered_where_it_can_be_done_from_there() -> None:
    """From anywhere (TimeTap, MyTime); not where it takes a confirmation page (Acuity), nor without accounts."""
    offered = {name: registers_here(getattr(presets, name)()) for name in presets.__all__}
    assert offered == {"timetap": True, "mytime": True, "acuity": False, "timely": False, "vcita": False}


def test_the_businesss_own_texts_are_in_the_language_that_is_read() -> None:
    """German where it is written in German, else what is written for all; what is not written is not there."""
    policy = portal(home={"welcome": "Welcome in", "de.welcome": "Herzlich willkommen", "de.title": "Friseur"})
    assert own_texts(policy, "de") == {"title": "Friseur", "welcome": "Herzlich willkommen"}
    assert own_texts(policy, "en") == {"welcome": "Welcome in"}
