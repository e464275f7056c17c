"""Pages of bookings: what a client sees of them, and changes, with the price shown before it is accepted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from clientportal.policy import Edge, Fee, Late, Window
from clientportal.values import AppointmentStatus, Money
from web.browser import Browser, browser
from world import World


def door(one: Browser) -> Any:
    """The door of the session that a browser has."""
    token = next(value for name, value in one.cookies.items() if "session" in name)
    return one.world.portal.client(token)


def aroha(world: World) -> Browser:
    """Aroha Ngata, logged in; a cut on Tuesday at 14:00, one next week, and one that she had in October."""
    ref = world.add_client("aroha", "Aroha Ngata", mobile="021 555 0142")
    world.book("tue", ref, "2026-11-24 14:00")
    world.book("next", ref, "2026-12-01 09:30", status=AppointmentStatus.REQUESTED)
    world.book("oct", ref, "2026-10-06 11:00", made="2026-10-01 09:00", status=AppointmentStatus.COMPLETED)
    one = browser(world)
    one.sign_in("021 555 0142")
    return one


@pytest.mark.requirement("M3", "V6")
def test_a_client_sees_what_is_coming_up_and_what_was_each_with_where_it_stands(world: World) -> None:
    """Upcoming, earliest first, a request with its state; the past one behind its own tab; zones are named."""
    one = aroha(world)
    page = one.open("/bookings")
    assert page.heading == "Your bookings"
    assert page.text.index("Tuesday, November 24, 2026, 2:00") < page.text.index("Tuesday, December 1, 2026, 9:30")
    assert "NZDT" in page.text
    assert "Waits for Kōwhai Hair to agree" in page.text
    assert "October" not in page.text
    past = one.open("/bookings?when=past")
    assert "Tuesday, October 6, 2026, 11:00" in past.text
    assert "Done" in past.text


def test_the_same_pages_in_german(world: World) -> None:
    """The day, the state and the menu are German; the service's name is the business's own."""
    world.change_policy("portal", languages=("en", "de"))
    one = aroha(world)
    world.change_policy("portal", languages=("de",))
    one.language = "de"
    page = one.open("/bookings")
    assert page.heading == "Ihre Termine"
    assert "Dienstag, 24. November 2026, 14:00 NZDT" in page.text
    assert "Wartet auf die Zusage von Kōwhai Hair" in page.text


@pytest.mark.requirement("T7", "V7")
def test_a_booking_is_cancelled_after_a_page_that_says_what_it_costs(world: World) -> None:
    """More than 24 hours before: free. The page says so; one button, pressed twice, cancels once."""
    one = aroha(world)
    one.open("/bookings/tue")
    page = one.open("/bookings/tue/cancel")
    assert "free of charge" in page.text
    form = page.form("/cancel")
    done = one.send("/cancel")
    assert "The booking is cancelled." in done.text
    again = one.request("POST", form.action, form.fields, sec_fetch_site="same-origin")
    assert again.status == 303
    assert door(one).appointment("tue").status is AppointmentStatus.CANCELLED


@pytest.mark.requirement("X1")
def test_a_late_cancel_is_refused_in_words_and_nothing_happens(world: World) -> None:
    """On Monday at 15:00 it is 23 hours before: the booking's page has no way to it, the address itself says why."""
    one = aroha(world)
    world.clock.advance(timedelta(days=2, hours=4, minutes=49))
    page = one.open("/bookings/tue")
    assert "Cancel it" not in page.text
    assert "too late to change this online" in page.text
    refused = one.open("/bookings/tue/cancel")
    assert refused.status == 409
    assert refused.heading == "This booking cannot be cancelled here"
    assert door(one).appointment("tue").status is AppointmentStatus.CONFIRMED


@pytest.mark.requirement("X1")
def test_a_fee_is_shown_before_it_is_accepted_and_a_higher_one_is_shown_again(world: World) -> None:
    """Half of 65.00 is 32.50. It goes up to 60 % while the page is open: the client is asked again, for 39.00."""
    one = aroha(world)

    def late_fee(percent: str) -> None:
        window = Window(amount=96, edge=Edge.LATE, late=Late.FEE, fee=Fee(percent=Decimal(percent)))
        world.change_policy("changes", cancel=window, move=window)

    late_fee("50")
    page = one.open("/bookings/tue/cancel")
    assert "Cancelling costs NZ$32.50." in page.text
    late_fee("60")
    asked = one.send("/cancel")
    assert asked.status == 409
    assert "Cancelling costs NZ$39.00." in asked.text
    assert "The booking is cancelled." in one.send("/cancel").text
    assert world.ask("charged", "tue") == Money("39.00", "NZD")


@pytest.mark.requirement("X2")
def test_a_booking_is_moved_to_a_free_time_which_is_shown_beside_the_present_one(world: World) -> None:
    """From Tuesday to Thursday, 10:00; a time that somebody else has taken since is said to be gone."""
    one = aroha(world)
    world.add_slots("2026-11-26 10:00", "2026-11-26 11:00")
    page = one.open("/bookings/tue/move")
    assert "Thursday, November 26, 2026" in page.text
    links = [href for href, text in page.links if "/move/time" in href]
    assert len(links) == 2
    chosen = one.open(links[0])
    assert chosen.heading == "Move to this time?"
    assert "Tuesday, November 24, 2026, 2:00" in chosen.text
    done = one.send("/move")
    assert "The booking has its new time." in done.text
    assert "Thursday, November 26, 2026, 10:00" in done.text
    gone = one.open(links[0])
    assert gone.status == 409
    assert "just been taken" in gone.text


@pytest.mark.requirement("T9")
def test_the_same_is_booked_again_from_a_past_booking(world: World) -> None:
    """October's cut, once more on Friday at 9:00."""
    world.change_policy("changes", rebooking=True)
    one = aroha(world)
    world.add_slots("2026-11-27 09:00")
    page = one.open("/bookings/oct/rebook")
    link = next(href for href, _ in page.links if "/rebook/time" in href)
    one.open(link)
    done = one.send("/rebook")
    assert "Your booking is made." in done.text
    assert "Friday, November 27, 2026, 9:00" in done.text


@pytest.mark.requirement("V5")
def test_a_switch_that_is_turned_off_holds_for_a_page_that_is_open_already(world: World) -> None:
    """The cancel page is open; the business switches changes off; pressing the button is refused."""
    one = aroha(world)
    one.open("/bookings/tue/cancel")
    world.change_policy("changes", enabled=False)
    refused = one.send("/cancel")
    assert refused.status == 403
    assert door(one).appointment("tue").status is AppointmentStatus.CONFIRMED


def test_somebody_elses_booking_is_not_there(world: World) -> None:
    """Mere's booking under Aroha's session: not found, like one that does not exist, on every page of it."""
    one = aroha(world)
    mere = world.add_client("mere", "Mere Tane", mobile="021 555 0177")
    world.book("hers", mere, "2026-11-25 10:00")
    for path in ("", "/cancel", "/move", "/rebook"):
        assert one.open(f"/bookings/hers{path}").status == one.open(f"/bookings/nothing{path}").status == 404


def test_ids_of_any_spelling_lead_to_their_booking(memory_world: World) -> None:
    """A platform's ids may hold slashes, dots and spaces: the pages' addresses carry them."""
    world = memory_world
    one = aroha(world)
    ref = evolve(world.ask("appointment", "tue")).ref
    world.book("20/26 a?b#c%..", ref, "2026-11-25 16:00")
    page = one.open("/bookings")
    links = [href for href, text in page.links if text == "Details and changes"]
    assert one.open(links[1]).heading == "Cut"
    assert one.open(links[1] + "/cancel").heading == "Cancel this booking?"


@pytest.mark.parametrize(
    "hostile",
    [
        "?from=9999-99-99",
        "?from=0001-01-01",
        "?from=%00",
        "/time?slot=x&from=x",
        "/time?slot=x&from=0001-01-01",
        "/time?slot=x&from=9999-12-31",
    ],
)
def test_addresses_that_nobody_made_do_no_harm(memory_world: World, hostile: str) -> None:
    """A day that is none, or long ago, is today."""
    one = aroha(memory_world)
    assert one.open(f"/bookings/tue/move{hostile}").status in (200, 409)
