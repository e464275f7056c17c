"""Other ways to come: with the keyboard alone, in German and in the dark, inside the booking widget of another site."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser.conftest import Comes
from browser.person import DESKTOP, PHONE
from browser.shop import Shop
from browser.test_timely import salon
from clientportal import presets
from clientportal.web import PortalPages


def test_with_the_keyboard_alone(comes: Comes, shop: Shop) -> None:
    """Tab and Enter: the first stop is the way past the menu; the code is typed, a booking opened and cancelled."""
    salon(shop)
    aroha = comes(DESKTOP)
    aroha.goes_to("/sign-in")
    before = len(shop.world.box.messages)
    aroha.page.keyboard.press("Tab")
    assert aroha.focused == "Skip to the content"
    aroha.tabs_to("Mobile number")
    aroha.page.keyboard.type("021 555 0142")
    aroha.hits("Enter")
    aroha.tabs_to("Code")
    aroha.page.keyboard.type(shop.world.code_in(shop.message_after(before)))
    aroha.tabs_to("Go on")
    aroha.hits("Enter")
    aroha.goes_to("/bookings")
    aroha.tabs_to("Details and changes: Cut")
    aroha.hits("Enter")
    aroha.tabs_to("Cancel it")
    aroha.hits("Enter")
    aroha.tabs_to("Cancel the booking")
    aroha.hits("Space")
    aroha.reads("The booking is cancelled.")


@pytest.mark.parametrize("language", ["de-DE"])
def test_in_german_and_in_the_dark(comes: Comes, shop: Shop, language: str) -> None:
    """Whoever reads German reads it everywhere, and may still have English; at night the pages are dark."""
    salon(shop)
    shop.world.change_policy("portal", languages=("en", "de"))
    aroha = comes(PHONE, language=language, scheme="dark")
    aroha.goes_to("/")
    assert aroha.page.locator("html").get_attribute("lang") == "de"
    aroha.signs_in_by_code("021 555 0142", "Mobilnummer", send="Code senden", go_on="Weiter")
    aroha.goes_to("/bookings")
    assert aroha.heading == "Ihre Termine"
    aroha.reads("Dienstag, 24. November 2026, 14:00")
    aroha.goes_to("/bookings/tue/cancel")
    aroha.presses("English")
    assert aroha.heading == "Cancel this booking?"


@pytest.mark.requirement("M1")
def test_inside_the_booking_widget(comes: Comes, shop: Shop) -> None:
    """Another site shows the portal in a frame: Aroha signs in there. A site that is not named shows nothing, and her
    session in the widget is none at the portal itself.
    """
    named, stranger = (shop.root.replace("localhost", host) for host in ("127.0.0.1", "kowhai.localhost"))
    salon(shop, widget_origins=[named])
    shop.world.change_policy("login", in_booking_flow=True)
    page = "<!doctype html><html lang=en><title>Book</title><link rel=icon href=data:,><h1>Book with us</h1>"
    shop.others["/book"] = f'{page}<iframe src="{shop.address}/widget/" title="Portal" width=400 height=800></iframe>'
    aroha = comes(DESKTOP)
    aroha.goes_to(f"{named}/book")
    aroha.turns_to_the_frame()
    aroha.signs_in_by_code("021 555 0142", at=None)
    aroha.follows("Bookings")
    aroha.reads("Tuesday, November 24, 2026")
    aroha.turns_to_the_page()
    aroha.goes_to("/bookings")
    assert aroha.heading == "Sign in"

    other = comes(DESKTOP)
    other.is_refused_to_show(f"{stranger}/book")


def test_what_is_wrong_with_a_page_is_found(comes: Comes, shop: Shop, tmp_path: Path) -> None:
    """A page with a pale text, a wide box, two headings, a script and an outline taken away: each is named."""
    shop.open(presets.timely(region="NZ"))
    assert shop.pages is not None
    bad = tmp_path / "templates"
    bad.mkdir()
    (bad / "public.html").write_text(
        '{% extends "layout.html" %}{% block content %}<h1>One</h1><h1>Two</h1><input type="text"><pre>'
        + "wide" * 200
        + "</pre>{% endblock %}"
    )
    shop.pages = PortalPages(shop.world.portal, shop.world.tenant, templates=bad)
    someone = comes(DESKTOP)
    with pytest.raises(AssertionError) as found:
        someone.goes_to("/")
    for wrong in ("2 headings", "px wide on a screen of 320", "critical label"):
        assert wrong in str(found.value)
    (bad / "public.html").write_text(
        '{% extends "layout.html" %}{% block content %}<h1>One</h1><script>document.title = "x"</script>'
        '<img src="/change/nowhere.png" alt="">{% endblock %}'
    )
    someone = comes(DESKTOP)
    shop.pages = PortalPages(shop.world.portal, shop.world.tenant, templates=bad)
    with pytest.raises(AssertionError) as found:
        someone.goes_to("/")
    for wrong in ("Content Security Policy", "nowhere.png answered 404"):
        assert wrong in str(found.value)


def test_a_browser_without_scripts_runs_none(comes: Comes, shop: Shop) -> None:
    """Where a story says so, JavaScript is off: the title stays."""
    shop.open(presets.timely(region="NZ"))
    shop.others["/book"] = "<!doctype html><title>As it was</title><script>document.title = 'changed'</script>"
    for scripts, title in ((True, "changed"), (False, "As it was")):
        someone = comes(PHONE, scripts=scripts)
        someone.page.goto(f"{shop.root}/book")
        assert someone.page.title() == title
