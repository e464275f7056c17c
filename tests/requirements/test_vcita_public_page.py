"""vcita, V11: an address and a face of its own for each business, and nothing personal without a session."""

from __future__ import annotations

import pytest

from clientportal import Business, presets
from clientportal.values.business import Branding
from web.browser import browser
from world import AUCKLAND, World

NUMBER = "021 123 4567"


def branded(world: World) -> None:
    """The business has a logo, a colour, a phone and an email."""
    branding = Branding(
        logo_url="https://cdn.kowhai.example/logo.png", colour="#f5c518", phone="09 555 0100", email="hi@kowhai.example"
    )
    world.seed("add_business", Business(id=world.tenant, name="Kōwhai <Hair>", zone=AUCKLAND, branding=branding))


@pytest.mark.requirement("V11")
def test_the_public_page_shows_the_business_and_nothing_personal(world: World) -> None:
    """Name, logo, colours, contact; My account asks for login. Nothing of a typed name is markup."""
    world.use(presets.vcita(region="NZ"))
    branded(world)
    world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com")
    one = browser(world)
    page = one.open("/")
    assert "Kōwhai &lt;Hair&gt;" in page.html
    assert 'src="https://cdn.kowhai.example/logo.png"' in page.html
    assert "img-src 'self' https://cdn.kowhai.example;" in page.response.headers["content-security-policy"]
    assert ("tel:095550100", "09 555 0100") in page.links
    assert ("mailto:hi@kowhai.example", "hi@kowhai.example") in page.links
    assert "Ana" not in page.html
    [sheet] = [href for href in page.html.split('"') if "/static/theme-" in href]
    assert "--accent:#f5c518" in bytes(one.request("GET", f"https://kowhai.example{sheet}").body).decode()
    [(address, _)] = [link for link in page.links if link[1] == "My account"]
    assert one.open(address).heading == "Sign in"


@pytest.mark.requirement("V11")
def test_the_public_page_has_the_business_s_own_words_and_forgets_who_is_logged_in(world: World) -> None:
    """Title and welcome by the policy; a session changes nothing personal on it."""
    world.use(presets.vcita(region="NZ"))
    world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com")
    world.change_policy("portal", home={"title": "Kia ora!", "welcome": "Come <b>in</b>."})
    one = browser(world)
    one.sign_in("ana@example.com")
    page = one.open("/")
    assert page.heading == "Kia ora!"
    assert "Come &lt;b&gt;in&lt;/b&gt;." in page.html
    assert "Ana" not in page.html


@pytest.mark.requirement("V11")
def test_each_business_has_an_address_of_its_own(world: World) -> None:
    """Its name in the configured address: links in its messages lead there, and a neighbour's forms are refused."""
    world.portal = world.make_portal(base_url="https://{business}.kowhai.example/change/")
    own = f"https://{world.tenant}.kowhai.example"
    ana = world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    world.book("a1", ana, "2026-12-24 09:00")
    world.staff().appointment_link("a1", send=True)
    world.deliver()
    assert f"{own}/change/" in world.box.messages[-1].text
    one = browser(world)
    one.open("/sign-in")
    form = one.page.form("/sign-in")  # type: ignore[union-attr]
    for origin, status in (("https://another.kowhai.example", 403), (own, 303)):
        assert one.request("POST", form.action, {**form.fields, "contact": NUMBER}, origin=origin).status == status
