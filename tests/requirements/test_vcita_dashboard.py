"""vcita: the dashboard of a session (V4), the public page without one (V11); MyTime: what opens first (M2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Business, Money, Reason, RecordRef, presets
from clientportal.outcomes import Call
from clientportal.policy import CallToAction
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values import Branding
from clientportal.values.invoices import Invoice
from papers import share
from reading import texts_in
from watching import everything_stored, reason_of
from world import AUCKLAND, World, at

ANA = "ana@example.com"


@pytest.fixture
def salon(world: World) -> World:
    """Kōwhai Hair on vcita, with Ana, who owes something, has bookings ahead of her, and two new documents."""
    world.use(presets.vcita(region="NZ"))
    world.change_policy("bookings", payments=True)
    world.portal = world.make_portal(payments=FakeProvider())
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    ben = world.add_client("ben", "Ben Ngata", email="ben@example.com")
    for day in ("24", "25", "26", "27"):
        world.book(f"cut-{day}", ana, f"2026-11-{day} 09:00")
    world.book("bens", ben, "2026-11-23 09:00")
    owes(world, ana, ("i1", "65.00", "NZD"), ("i2", "19.90", "NZD"), ("i3", "12.00", "AUD"))
    owes(world, ben, ("b1", "400.00", "NZD"))
    share(world, "plan", ana, "Care plan.pdf", b"%PDF", shared="2026-11-20 09:00")
    share(world, "after", ana, "After care.pdf", b"%PDF", shared="2026-11-21 09:00")
    share(world, "bens", ben, "Ben.pdf", b"%PDF", shared="2026-11-21 09:00")
    return world


def owes(world: World, ref: RecordRef, *invoices: tuple[str, str, str]) -> None:
    """Open invoices of somebody's."""
    items = [
        Invoice(
            id=id,
            ref=ref,
            name=f"Invoice {id}",
            issued_at=at("2026-11-01 09:00"),
            total=Money(amount, currency),
            due=Money(amount, currency),
        )
        for id, amount, currency in invoices
    ]
    world.seed("add_items", items)


def names(entries: Iterable[Any]) -> list[str]:
    """What a menu shows."""
    return [one.name for one in entries]


# --- V4 --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V4")
def test_the_dashboard_shows_what_is_due_what_is_new_and_what_comes_next(salon: World) -> None:
    """One sum for each currency, two documents, the next three of four bookings: Ana's own, and nobody else's."""
    seen = salon.log_in(ANA).dashboard()
    assert seen.due == (Money("12.00", "AUD"), Money("84.90", "NZD"))
    assert (seen.documents.count, [one.id for one in seen.documents.newest]) == (2, ["after", "plan"])
    assert [one.id for one in seen.upcoming] == ["cut-24", "cut-25", "cut-26"]
    assert seen.unread == 0
    assert seen.business.name == "Kōwhai Hair"
    assert "ben" not in texts_in(evolve(seen, business=Business("k", "Kōwhai Hair", AUCKLAND)))


@pytest.mark.requirement("V4")
def test_what_was_opened_is_not_new_any_more(salon: World) -> None:
    """Looking at the dashboard opens nothing; opening the list does; what is shared afterwards is new again."""
    door = salon.log_in(ANA)
    before = everything_stored(salon)
    door.dashboard()
    assert door.dashboard().documents.count == 2
    after = everything_stored(salon)
    assert {name for name in before if before[name] != after[name]} <= {"cp_sessions"}
    door.documents()
    assert (door.dashboard().documents.count, door.dashboard().documents.newest) == (0, ())
    salon.clock.advance(timedelta(hours=1))
    share(salon, "bill", RecordRef.client("ana"), "Bill.pdf", b"%PDF", shared="2026-11-21 12:00")
    assert [one.id for one in door.dashboard().documents.newest] == ["bill"]


@pytest.mark.requirement("V4")
@pytest.mark.parametrize(
    ("closed", "part"),
    [("payments", "due"), ("documents", "documents"), ("bookings", "upcoming"), ("notifications", "unread")],
)
def test_what_is_off_is_absent_and_not_zero(salon: World, closed: str, part: str) -> None:
    """From the open session's next call on: payments that are off owe nothing and are paid up nowhere."""
    door = salon.log_in(ANA)
    assert getattr(door.dashboard(), part) is not None
    shown = salon.policy.visibility.sections
    salon.change_policy("visibility", sections=tuple(name for name in shown if name != closed))
    seen = door.dashboard()
    assert getattr(seen, part) is None
    assert closed not in names(seen.menu)
    others = {"due", "documents", "upcoming", "unread"} - {part}
    assert all(getattr(seen, other) is not None for other in others)


@pytest.mark.requirement("V4")
def test_a_client_with_nothing_sees_an_empty_dashboard(salon: World) -> None:
    """Nothing due is not the same as payments that are off."""
    salon.add_client("cleo", "Cleo Tane", email="cleo@example.com")
    seen = salon.log_in("cleo@example.com").dashboard()
    assert (seen.due, seen.documents.count, seen.upcoming, seen.unread) == ((), 0, (), 0)


@pytest.mark.requirement("V4")
def test_it_follows_a_merge_and_its_undo(salon: World) -> None:
    """Ana was in the list twice: what both owe is due; undone, it is apart again."""
    twin = salon.add_client("twin", "Ana Kingi", email="ana.kingi@example.com")
    owes(salon, twin, ("t1", "30.00", "NZD"))
    door = salon.log_in(ANA)
    merge = salon.staff().merge(RecordRef.client("ana"), twin).merges[0]
    assert door.dashboard().due == (Money("12.00", "AUD"), Money("114.90", "NZD"))
    salon.staff().undo(merge)
    assert door.dashboard().due == (Money("12.00", "AUD"), Money("84.90", "NZD"))


@pytest.mark.requirement("V5")
def test_calls_to_action_are_those_that_can_be_followed_now(salon: World) -> None:
    """vcita's four; without online payments' action three; the business's own address and words as it wrote them."""
    door = salon.log_in(ANA)
    everything = (
        Call("bookings", "rebook"),
        Call("payments", "pay"),
        Call("documents"),
        Call("messages", "send"),
    )
    assert door.dashboard().calls == everything
    salon.change_policy("portal", actions={"bookings.rebook", "messages.send"})
    assert door.dashboard().calls == (everything[0], *everything[2:])
    book = CallToAction(url="https://kowhai.example/book", label="Book your next visit")
    salon.change_policy("portal", calls_to_action=(book,))
    assert door.dashboard().calls == (Call(url="https://kowhai.example/book", label="Book your next visit"),)


@pytest.mark.requirement("M2")
def test_what_opens_first_and_the_menu_are_settings_of_their_own(salon: World) -> None:
    """vcita opens the dashboard; MyTime the account, unless the business chooses bookings; the menu's order is the
    business's, and opens or closes nothing.
    """
    door = salon.log_in(ANA)
    seen = door.dashboard()
    assert seen.opens_with == "dashboard"
    open_ones = ["bookings", "payments", "documents", "forms", "messages", "notifications", "account"]
    assert names(seen.menu) == ["dashboard", *open_ones]
    salon.change_policy("portal", opens_with=None, menu=("account", "gift_cards", "bookings", "dashboard"))
    seen = door.dashboard()
    assert seen.opens_with == "account"
    assert names(seen.menu) == ["account", "bookings", "dashboard", *open_ones[1:-1]]
    salon.change_policy("portal", opens_with="bookings")
    assert door.dashboard().opens_with == "bookings"
    assert reason_of(lambda: door.section("gift_cards")) is Reason.DISABLED


# --- V11 -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V11")
def test_without_a_session_there_is_a_public_page_with_nothing_personal_on_it(salon: World) -> None:
    """The business with its branding and public contacts, the ways in, its own words: and no word about any client,
    whatever device asks.
    """
    look = Branding(
        logo_url="https://cdn.kowhai.example/logo.svg",
        colour="#1f4e6b",
        second_colour="#f2c14e",
        phone="09 555 0142",
        email="hello@kowhai.example",
        address="12 Ponsonby Road, Auckland",
        website="https://kowhai.example",
        favicon_url="https://cdn.kowhai.example/favicon.ico",
    )
    business = Business(salon.tenant, "Kōwhai Hair", AUCKLAND, look)
    salon.seed("add_business", business)
    salon.change_policy("portal", languages=("de",), home={"welcome": "Nau mai", "de.welcome": "Willkommen"})
    device = salon.sign_in(ANA).device
    seen = salon.visitor(device=device).welcome()
    assert seen.business == business
    assert (seen.login, seen.by, seen.identifiers, seen.register) == (True, "code", ("email",), False)
    assert (seen.language, seen.languages, seen.texts) == ("en", ("en", "de"), {"welcome": "Nau mai"})
    assert salon.visitor(language="de").welcome().texts == {"welcome": "Willkommen"}
    assert salon.visitor(language="mi").welcome().language == "en"
    shown = texts_in(seen)
    assert not [personal for personal in ("Ana", "Kingi", ANA, "cut-24", "client:") if personal in shown]


@pytest.mark.requirement("V11")
def test_the_public_page_says_which_ways_in_there_are(world: World) -> None:
    """Passwords and registering from anywhere on TimeTap; a code alone on Timely; with login off, no way in."""
    world.use(presets.timetap(region="NZ"))
    seen = world.visitor().welcome()
    assert (seen.by, seen.register, seen.sign_in_links) == ("password", True, False)
    world.change_policy("login", enabled=False)
    seen = world.visitor().welcome()
    assert (seen.login, seen.register, seen.sign_in_links) == (False, False, False)
    world.use(presets.timely(region="NZ"))
    seen = world.visitor().welcome()
    assert (seen.login, seen.by, seen.identifiers, seen.register) == (True, "code", ("mobile",), False)
