"""Signing in on real pages, by each of the five products' ways."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from accounts_ground import an_account
from clientportal import presets
from mails import ANOTHER, PASSWORD, acuity, link_in, quick, timetap
from web.browser import Browser, browser
from world import World

NUMBER = "021 123 4567"


def ana_at(world: World) -> Browser:
    """Ana Kingi is a client, and opens the pages."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com")
    return browser(world)


def bare(html: str) -> str:
    """A page without what is drawn anew for each form."""
    return re.sub(r'name="_(token|once)" value="[^"]*"', "", html)


# --- by a code -------------------------------------------------------------------------------------------------------


def test_a_code_opens_the_account_and_leads_where_the_client_wanted_to_go(world: World) -> None:
    """Ana follows an address to her login page, signs in first, and stands there."""
    one = ana_at(world)
    assert one.open("/login?x=1").heading == "Sign in"
    one.send("/sign-in", contact=NUMBER)
    page = one.send("/sign-in/code", code=world.code_in(world.box.messages[-1]))
    assert page.address.endswith("/login?x=1")
    assert page.heading == "Login and devices"
    assert "This device" in page.text


def test_vcita_s_client_signs_in_with_an_email(world: World) -> None:
    """The identifier is the email; the code comes by SMS where there is a mobile."""
    world.use(presets.vcita(region="NZ"))
    one = ana_at(world)
    page = one.open("/sign-in")
    assert 'type="email"' in page.html
    assert 'autocomplete="email"' in page.html
    assert one.sign_in("ana@example.com").heading != "Sign in"
    assert world.box.messages[-1].to == "+64211234567"


@pytest.mark.requirement("V1")
def test_a_stranger_sees_the_very_pages_that_a_client_sees(world: World) -> None:
    """Asking, the page of the code, a wrong code, sending again: byte for byte the same, but for what was typed."""
    world.use(presets.vcita(region="NZ"))
    world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com")
    seen: list[list[str]] = []
    for contact in ("ana@example.com", "eve@example.com"):
        one = browser(world)
        one.open("/sign-in")
        pages = [one.send("/sign-in", contact=contact)]
        pages.append(one.send("/sign-in/code", code="000000"))
        pages.append(one.send("/sign-in/code/resend"))
        world.clock.advance(timedelta(minutes=2))
        pages.append(one.send("/sign-in/code/resend"))
        seen.append([f"{page.status}\n{bare(page.html)}".replace(contact, "…") for page in pages])
        world.clock.advance(-timedelta(minutes=2))
    assert seen[0] == seen[1]
    assert len(world.box.messages) == 2


def test_the_page_of_a_code_is_no_dead_end(world: World) -> None:
    """It is there after a reload, says from when on another can be sent, and asks anew for one that has expired."""
    one = ana_at(world)
    one.open("/sign-in")
    one.send("/sign-in", contact=NUMBER)
    assert "Another one can be sent from 10:00" in one.open("/sign-in/code").text
    refused = one.send("/sign-in/code/resend")
    assert refused.status == 429
    assert int(refused.response.headers["retry-after"]) <= 30
    world.clock.advance(timedelta(minutes=15))
    assert one.send("/sign-in/code/resend").status == 200
    assert "A new code is on its way" in one.page.text  # type: ignore[union-attr]
    page = one.send("/sign-in/code", code=world.code_in(world.box.messages[-1]))
    assert "/sign-in" not in page.address
    assert one.open("/sign-in").status == 200


def test_what_is_no_contact_is_said_at_the_field_and_stays_there(world: World) -> None:
    """The error is tied to the field, the summary leads to it, and what was typed can be mended."""
    one = ana_at(world)
    one.open("/sign-in")
    page = one.send("/sign-in", contact="ring me")
    assert page.status == 422
    assert 'aria-describedby="contact-wrong"' in page.html
    assert ("#contact", "A phone number has no letters.") in page.links
    assert page.form("/sign-in").fields["contact"] == "ring me"
    assert one.send("/sign-in", contact=NUMBER).heading == "Type in your code"


def test_what_can_be_no_code_costs_no_try_and_is_not_shown_again(world: World) -> None:
    """Letters are said at the field; the field is empty afterwards."""
    one = ana_at(world)
    one.open("/sign-in")
    one.send("/sign-in", contact=NUMBER)
    page = one.send("/sign-in/code", code="abc")
    assert page.status == 422
    assert "A code has 6 digits" in page.text
    assert page.form("/sign-in/code").fields["code"] == ""


def test_where_login_is_off_nobody_is_asked_for_anything(world: World) -> None:
    """The public page has no way in, and the sign-in says so."""
    one = ana_at(world)
    world.change_policy("login", enabled=False)
    assert "My account" not in one.open("/").text
    assert "switched off" in one.open("/sign-in").text


# --- which profile ---------------------------------------------------------------------------------------------------


def test_several_profiles_are_chosen_from_by_first_name_and_initial(world: World) -> None:
    """Mother and son share an email: after the code each is a button, and the choice can be changed."""
    world.use(presets.vcita(region="NZ"))
    world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="kingi@example.com")
    world.add_client("ben", "Ben Kingi", mobile=NUMBER, email="kingi@example.com")
    one = browser(world)
    one.open("/login")
    page = one.sign_in("kingi@example.com")
    assert page.heading == "Who is it about?"
    assert {button[2] for button in page.form("/choose").buttons} == {"Ana K.", "Ben K."}
    assert one.send("/choose", press="Ben K.").status == 200
    assert "Hello Ben" in one.open("/home").heading
    one.open("/choose")
    one.send("/choose", press="Ana K.")
    assert "Hello Ana" in one.open("/home").heading


def test_this_is_not_me_takes_the_number_off_after_a_second_page(world: World) -> None:
    """Whoever has the number now says so: the record is Ana's no more to see."""
    one = ana_at(world)
    one.sign_in(NUMBER)
    one.open("/not-me")
    page = one.send("/not-me")
    assert "Your contact is taken off that profile." in page.text
    assert "Ana" not in one.open("/home").text


def test_a_quiet_number_is_asked_for_another_contact_first(world: World) -> None:
    """The second proof has pages of its own, and leads on."""
    world.change_policy("login", recycled_after=timedelta(days=180))
    ana = world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com", created="2024-01-05 09:00")
    world.book("a1", ana, "2026-12-24 09:00", made="2025-01-05 09:00")
    one = browser(world)
    assert one.sign_in(NUMBER).heading == "Another contact of yours"
    one.send("/second-proof", contact="ana@example.com")
    one.send("/second-proof/code", code=world.code_in(world.box.messages[-1]))
    assert one.open("/home").heading == "Hello Ana"


# --- by a password ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A3")
def test_unknown_wrong_and_blank_are_one_alert_that_offers_the_reset(memory_world: World) -> None:
    """Byte for byte, but for the email that was typed."""
    world = memory_world
    acuity(world)
    an_account(world, "ana@example.com", "2026-01-05 09:00", proved="2026-01-05 09:10", password=PASSWORD)
    seen = set()
    for email, password in [
        ("ana@example.com", ANOTHER),
        ("eve@example.com", ANOTHER),
        ("ana@example.com", ""),
        ("no address", ANOTHER),
        ("ana@example.com", "x" * 2000),
    ]:
        one = browser(world, source=f"192.0.2.{len(seen) + 10}")
        one.open("/sign-in")
        page = one.send("/sign-in", email=email, password=password)
        assert password == "" or password not in page.html
        seen.add(f"{page.status}\n{bare(page.html)}".replace(email, "…"))
    assert len(seen) == 1
    assert "Email and password do not match" in page.text
    assert sum(href.endswith("/reset") for href, _ in page.links) == 2


@pytest.mark.parametrize("preset", ["acuity", "timetap", "mytime"])
def test_each_password_product_signs_in_with_email_and_password(memory_world: World, preset: str) -> None:
    """The three of them share the page, with what a password manager needs."""
    world = memory_world
    world.use(quick(getattr(presets, preset)(region="NZ")))
    an_account(world, "ana@example.com", "2026-01-05 09:00", proved="2026-01-05 09:10", password=PASSWORD)
    one = browser(world)
    page = one.open("/sign-in")
    assert 'autocomplete="username"' in page.html
    assert 'autocomplete="current-password"' in page.html
    page = one.send("/sign-in", email="Ana@Example.com", password=PASSWORD)
    assert page.status == 200
    assert one.open("/login").heading == "Login and devices"


# --- leaving ---------------------------------------------------------------------------------------------------------


def test_logging_out_ends_the_session_and_takes_the_cookie_away(world: World) -> None:
    """The old cookie is worthless, also put back."""
    one = ana_at(world)
    one.sign_in(NUMBER)
    before = dict(one.cookies)
    page = one.send("/log-out")
    assert "You are logged out." in page.text
    assert not any("-session-" in name for name in one.cookies)
    one.cookies = before
    assert one.open("/home").heading == "Sign in"
    assert not any("-session-" in name for name in one.cookies)


def test_another_device_can_be_signed_out_and_all_of_them(world: World) -> None:
    """From the list of sessions, at once."""
    phone = ana_at(world)
    phone.sign_in(NUMBER)
    desk = browser(world)
    desk.sign_in(NUMBER)
    page = desk.open("/login")
    assert page.text.count("Another device") == 1
    [address] = re.findall(r'action="([^"]*/end)"', page.html)
    assert "That device is signed out." in desk.send(address).text
    assert phone.open("/home").heading == "Sign in"
    desk.open("/login")
    assert "every device" in desk.send("/log-out-everywhere").text
    assert desk.open("/home").heading == "Sign in"


def test_a_sign_in_link_shows_a_button_first(memory_world: World) -> None:
    """A mail scanner that opens it does nothing; the button logs in, once."""
    world = memory_world
    timetap(world)
    world.change_policy("accounts", sign_in_links=True)
    an_account(world, "ana@example.com", "2026-01-05 09:00", proved="2026-01-05 09:10", password=PASSWORD)
    one = browser(world)
    one.open("/sign-in/link")
    assert "is on its way" in one.send("/sign-in/link", email="ana@example.com").text
    link = link_in(world, "ana@example.com", "sign_in")
    for _ in range(3):
        assert "Sign in as" in one.open(f"/sign_in/{link}").text
    assert one.send(f"/sign_in/{link}").status == 200
    assert one.open("/login").heading == "Login and devices"
    assert browser(world).open(f"/sign_in/{link}").status == 410
