"""Pages of the dashboard and of what clients keep themselves."""

from __future__ import annotations

import re

import pytest

from clientportal import Money, RecordRef
from clientportal.policy import CallToAction
from clientportal.values.invoices import Invoice
from clientportal.values.pets import Pet
from clientportal.web import Response, Route, Visit
from web.browser import Browser, browser
from world import World, at

REF = RecordRef.client("ana")


def ana(world: World, *more: str) -> Browser:
    """Ana Kingi, logged in, where those sections are open besides account and bookings."""
    world.change_policy("visibility", sections=("account", "bookings", *more))
    world.change_policy("portal", actions=None)
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.co.nz")
    world.book("tue", REF, "2026-11-24 14:00")
    one = browser(world)
    one.sign_in("021 123 4567")
    return one


@pytest.mark.requirement("V4")
def test_the_dashboard_shows_what_is_due_and_what_comes_next(world: World) -> None:
    """65.00 and 10.00 are due, 75.00 altogether; where payments are off it says nothing of money, not a zero."""
    world.change_policy("bookings", payments=True)
    one = ana(world, "payments", "documents", "notifications")
    issued = at("2026-11-01 09:00")
    world.seed(
        "add_items",
        [
            Invoice(id=id, ref=REF, name=id, issued_at=issued, total=Money(due, "NZD"), due=Money(due, "NZD"))
            for id, due in (("i1", "65.00"), ("i2", "10.00"))
        ],
    )
    page = one.open("/home")
    assert "Total due NZ$75.00" in page.text
    assert "Tuesday, November 24, 2026" in page.text
    assert "Shared documents Nothing new." in page.text
    world.change_policy("bookings", payments=False)
    off = one.open("/home")
    assert "due" not in off.text
    assert "0.00" not in off.text


@pytest.mark.requirement("V5")
def test_calls_to_action_are_buttons_and_only_what_may_be_done(world: World) -> None:
    """Book elsewhere, write to us; the second goes when messages are closed."""
    one = ana(world, "messages")
    calls = (
        CallToAction(url="https://book.example/kowhai", label="Book a visit"),
        CallToAction(action="messages.send"),
    )
    world.change_policy("portal", calls_to_action=calls)
    links = {text: href for href, text in one.open("/home").links}
    assert links["Book a visit"] == "https://book.example/kowhai"
    assert links["Write to us"] == "/change/messages"
    world.change_policy("visibility", sections=("account", "bookings"))
    assert "Write to us" not in one.open("/home").text


@pytest.mark.requirement("M7")
def test_the_client_changes_what_the_business_lets_them(world: World) -> None:
    """Name and address; the rest of the form is not there. A number that is none is said at its field."""
    one = ana(world)
    assert "Change your details" not in one.open("/account").text
    world.change_policy("visibility", editable=("last_name", "phone", "address"))
    assert "Kingi" in one.open("/account").text
    one.open("/account/edit")
    wrong = one.send("/account/edit", phone="not a number")
    assert wrong.status == 422
    assert "Please check this." in wrong.text
    saved = one.send("/account/edit", last_name="Kingi-Tane", phone="09 555 0142", address_city="Auckland")
    for said in ("Saved.", "Kingi-Tane", "09 555 0142", "Auckland"):
        assert said in saved.text


@pytest.mark.requirement("M8")
def test_pets_are_added_changed_and_removed(world: World) -> None:
    """Koko is added with a weight, grows, and is removed; nonsense is said at its field, and nothing typed is lost."""
    one = ana(world, "pets")
    world.seed("add_items", [Pet(id="old", ref=REF, name="Mittens", species="Cat")])
    one.open("/pets/new")
    wrong = one.send("/pets/new", name="Koko", weight="heavy", birthday="2021-03-14")
    assert wrong.status == 422
    assert "Please write a weight such as 12.5 kg." in wrong.text
    assert 'value="Koko"' in wrong.html
    page = one.send("/pets/new", weight="12.5 kg")
    assert "Koko" in page.text
    assert "born on Sunday, March 14, 2021" in page.text
    edit = next(href for href, text in page.links if text == "Change" and "old" not in href)
    one.open(edit)
    assert one.send(edit.removeprefix("/change"), name="Koko II").text.count("Koko II") == 1
    one.open("/pets/old/delete")
    assert "Mittens" not in one.send("/pets/old/delete").text
    assert one.open("/pets/old").status == 404


@pytest.mark.requirement("M11")
def test_messages_are_chosen_one_by_one(world: World) -> None:
    """Marketing by email on; the others stay as they are; the link in a mailing turns it off without a login."""
    one = ana(world, "preferences")
    page = one.open("/preferences")
    forms = [form for form in page.text.split("Turn ") if form]
    assert len(forms) == 5
    form = page.form("/preferences")
    fields = {**form.fields, "category": "marketing", "channel": "email", "on": "yes"}
    assert one.request("POST", form.action, fields, sec_fetch_site="same-origin").status == 303
    assert world.portal.preferences(world.tenant, REF).marketing_email
    link = world.portal.unsubscribe_link(world.tenant, REF).reveal()
    stranger = browser(world)
    assert "News and offers, by email" in stranger.open(f"/unsubscribe/{link}").text
    assert world.portal.preferences(world.tenant, REF).marketing_email
    assert "Done" in stranger.send(f"/unsubscribe/{link}").text
    assert not world.portal.preferences(world.tenant, REF).marketing_email


@pytest.mark.requirement("M10")
def test_the_personal_link_is_there_with_what_it_brought(world: World) -> None:
    """Nobody yet; the link does not say whose it is."""
    one = ana(world, "referrals")
    page = one.open("/referrals")
    assert "Friends who came 0" in page.text
    # Letters in the order of a name may stand in it by chance: the words may not.
    assert not {"ana", "kingi", "client"} & set(re.split(r"[^a-z]+", page.text.lower().split("your link")[1]))


@pytest.mark.requirement("M8")
def test_pets_are_reached_from_the_account(world: World) -> None:
    """They stand inside the account: its page leads there, and the menu does not."""
    one = ana(world, "pets")
    page = one.open("/account")
    menu, _, below = page.html.partition("<main")
    assert "/pets" not in menu
    assert 'href="/change/pets"' in below


def test_a_button_leads_to_the_page_that_the_host_has_put_in_the_place_of_ours(memory_world: World) -> None:
    """The business has a page of its own for messages: the menu and the call to action lead there."""

    async def own_page(visit: Visit) -> Response:
        return visit.render("error.html", title="Chat", text="Chat with us")

    ana(memory_world, "messages")
    memory_world.change_policy("portal", calls_to_action=(CallToAction(action="messages.send"),))
    route = Route("GET", "/chat", own_page, section="messages", menu="menu.messages")
    one = browser(memory_world, routes=(route,))
    one.sign_in("021 123 4567")
    links = {text: href for href, text in one.open("/home").links}
    assert links["Write to us"] == "/change/chat"
