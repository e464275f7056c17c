"""The page of a signed link, as it stands in a message: seen without a login, acted on by a button."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from clientportal import Money, presets
from clientportal.policy import Fee, Late, Window
from mails import PASSWORD, acuity, timetap
from web.browser import browser
from world import World, at


def link_of(world: World) -> str:
    """Ana's appointment on Wednesday at two, and the link to it."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    world.book("a1", ana, "2026-11-25 14:00")
    return str(world.staff().appointment_link("a1").reveal())


def test_looking_has_no_effect_and_the_button_cancels_once(world: World) -> None:
    """Three looks, as of a mail scanner; then the button; then the link is used up."""
    link = link_of(world)
    one = browser(world)
    for _ in range(3):
        page = one.open(f"/{link}")
        assert page.heading == "Cut"
        assert "Wednesday, November 25, 2026" in page.text
    assert "Kingi" not in page.html
    assert "The booking is cancelled." in one.send(f"/{link}/cancel").text
    assert one.open(f"/{link}").status == 410
    assert one.open(f"/{link[:-1]}A").status == 410


def test_it_is_moved_to_a_free_time_of_the_week_that_is_shown(world: World) -> None:
    """Without a choice the page says so; with one the appointment has its new time."""
    link = link_of(world)
    [slot] = world.add_slots("2026-11-26 10:00")
    one = browser(world)
    page = one.open(f"/{link}/move")
    assert "Thursday, November 26, 2026" in page.text
    assert one.send(f"/{link}/move").status == 422
    assert one.send(f"/{link}/move", slot="slot-that-is-gone").status == 409
    assert "The booking has its new time." in one.send(f"/{link}/move", slot=slot).text
    assert world.ask("appointment", "a1").start == at("2026-11-26 10:00")


def test_what_it_costs_stands_on_the_button_and_is_what_is_accepted(world: World) -> None:
    """Past the window a fee is due; had it changed since the page was shown, the new one is shown first."""

    def late_for(amount: str) -> Window:
        return Window(amount=48, late=Late.FEE, fee=Fee(amount=Money(amount, "NZD")))

    link = link_of(world)
    world.clock.advance(timedelta(days=3))
    world.change_policy("changes", cancel=late_for("15.00"))
    one = browser(world)
    page = one.open(f"/{link}")
    assert [button[2] for button in page.form("/cancel").buttons] == ["Cancel, and pay NZ$15.00"]
    world.change_policy("changes", cancel=late_for("20.00"))
    page = one.send(f"/{link}/cancel")
    assert page.status == 409
    assert "NZ$20.00" in page.text
    assert "The booking is cancelled." in one.send(f"/{link}/cancel").text


@pytest.mark.requirement("A2")
def test_whoever_was_booked_by_staff_registers_from_the_link_of_the_message(world: World) -> None:
    """The link stands in for the confirmation page; without it nobody registers."""
    acuity(world)
    link = link_of(world)
    one = browser(world)
    page = one.open(f"/{link}")
    [address] = [href for href, text in page.links if "Make an account" in text]
    one.open(address)
    agreed = {"consent-terms": "1", "consent-privacy": "1"}
    page = one.send(f"/register/{link}", email="ana@example.com", new_password=PASSWORD, **agreed)
    assert page.heading == "Your account is made"


def test_a_login_may_be_made_where_anybody_may_register(memory_world: World) -> None:
    """The offer is there as well; where nobody may, it is not."""
    timetap(memory_world)
    link = link_of(memory_world)
    assert "Make an account" in browser(memory_world).open(f"/{link}").text
    memory_world.use(presets.timely(region="NZ"))
    assert "Make an account" not in browser(memory_world).open(f"/{link}").text


def test_a_changed_contact_is_put_back_from_the_earlier_one(world: World) -> None:
    """The link that the old number got shows a button; then every session is over and the old number signs in."""
    world.change_policy("visibility", editable=("mobile",))
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    one = browser(world)
    one.sign_in("021 123 4567")
    token = next(value for name, value in one.cookies.items() if "-session-" in name)
    sent = world.portal.client(token).request_contact_change("021 999 8888")
    world.deliver()
    world.portal.client(token).confirm_contact_change(sent.handle, world.code_in(world.box.messages[-1]))
    world.deliver()
    [link] = [
        found[1]
        for message in world.box.to("+64211234567")
        if (found := re.search(r"https://\S+/contact/(\S+)", message.text))
    ]
    other = browser(world, source="192.0.2.9")
    for _ in range(2):
        assert "again" in other.open(f"/contact/{link}").text
    assert "Your earlier contact is back." in other.send(f"/contact/{link}").text
    assert one.open("/home").heading == "Sign in"
    other.sign_in("021 123 4567")
    assert other.open("/home").heading == "Hello Ana"
