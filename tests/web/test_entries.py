"""The public page (V11), the two entries (M1), what opens first (M2), and templates of one's own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from clientportal import Business, Permission, presets
from clientportal.values.business import Branding
from clientportal.web import Needs, Route, StaffIdentity, Visit
from clientportal.web.messages import Response
from web.browser import BASE, browser
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


@pytest.mark.requirement("M1")
@pytest.mark.parametrize("origins", [(), ("https://www.kowhai.example",)])
def test_both_entries_show_the_same_content_and_ask_for_the_login(world: World, origins: tuple[str, ...]) -> None:
    """Stand-alone and inside the widget, under one setup: without a session the sign-in, with one the same pages."""
    ana = world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    world.book("a1", ana, "2026-12-24 09:00")
    shown = {}
    for entry in ("", "/widget"):
        one = browser(world, widget_origins=origins)
        page = one.open(f"{entry}/home")
        assert page.heading == "Sign in"
        assert page.address.startswith(f"https://kowhai.example/change{entry}/sign-in")
        world.clock.advance(timedelta(minutes=11))
        one.send("/sign-in", contact=NUMBER)
        one.send("/sign-in/code", code=world.code_in(world.box.messages[-1]))
        pages = {path: one.open(f"{entry}{path}") for path in ("/home", "/login", "/bookings")}
        for page in pages.values():
            for href, _ in page.links:
                assert href.startswith((f"/change{entry}/", "#")), href
        shown[entry] = {path: (page.status, page.heading) for path, page in pages.items()}
    assert shown[""] == shown["/widget"]
    assert browser(world, widget_origins=origins).open("/widget/").heading == "Sign in"


@pytest.mark.requirement("M2")
def test_what_opens_first_and_the_order_of_the_menu_are_two_choices(world: World) -> None:
    """The account, unless the business chooses another; the menu is in its own order."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    world.change_policy("portal", opens_with="bookings", menu=("account", "bookings"))
    one = browser(world)
    assert one.sign_in(NUMBER).address.endswith("/bookings")
    world.change_policy("portal", opens_with="dashboard")
    assert one.open("/start").address.endswith("/home")
    assert 'aria-current="page"' in one.page.html  # type: ignore[union-attr]


def test_a_closed_section_is_not_in_the_menu(world: World) -> None:
    """From the next page on."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    one = browser(world)
    one.sign_in(NUMBER)
    assert "Bookings" in one.open("/home").text
    world.change_policy("visibility", sections=("account",))
    assert "Bookings" not in one.open("/home").text


def test_a_template_of_one_s_own_replaces_the_shipped_one(world: World, tmp_path: Path) -> None:
    """One by one; what it is handed is escaped there too."""
    branded(world)
    (tmp_path / "public.html").write_text(
        "{% extends 'layout.html' %}{% block content %}<h1>Haere mai to {{ business.name }}</h1>{% endblock %}"
    )
    one = browser(world, templates=tmp_path)
    assert "Haere mai to Kōwhai &lt;Hair&gt;" in one.open("/").html
    assert one.open("/sign-in").heading == "Sign in"


def test_pages_of_one_s_own_come_before_the_shipped_ones(world: World) -> None:
    """With everything that a shipped page has."""

    async def hours(visit: Visit) -> Response:
        return visit.render("error.html", title="Opening hours", text=visit.arguments["day"])

    one = browser(world, routes=[Route("GET", "/hours/{day}", hours, Needs.NOTHING)])
    assert one.open("/hours/monday").heading == "Opening hours"


def test_pages_of_staff_are_for_whom_the_host_names(world: World) -> None:
    """Nobody without the host's function, nobody whom it does not know; with it, by the permissions that it gives."""

    async def who(visit: Visit) -> Response:
        page = await visit.staff.outbox()
        return visit.render("error.html", title="For staff", text=f"{len(page)} messages wait")

    routes = [Route("GET", "/staff/who", who, Needs.STAFF)]
    assert browser(world, routes=routes).open("/staff/who").status == 403
    assert browser(world, routes=routes, staff=lambda _request: None).open("/staff/who").status == 403
    for permissions, status in ((set(Permission), 200), (set(), 403)):
        mia = StaffIdentity(actor="mia", permissions=permissions)
        assert browser(world, routes=routes, staff=lambda _request, mia=mia: mia).open("/staff/who").status == status


def test_the_host_may_look_its_staff_up_awaited(world: World) -> None:
    """Where the pages are awaited."""
    if not world.awaited:
        return

    async def staff(_request: object) -> StaffIdentity:
        return StaffIdentity(actor="mia", permissions=set(Permission))

    async def who(visit: Visit) -> Response:
        return visit.render("error.html", title="For staff", text=visit.identity.actor if visit.identity else "")

    routes = [Route("GET", "/staff/who", who, Needs.STAFF)]
    assert browser(world, routes=routes, staff=staff).open("/staff/who").heading == "For staff"


def test_one_address_serves_several_businesses(world: World) -> None:
    """The host says which one a request is for; their sessions are apart."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    one = browser(world)
    one.sign_in(NUMBER)
    one.site._business = lambda request: world.tenant if request.headers.get("x-shop") == "salon" else "nobody"
    assert one.request("GET", f"{BASE}/home", x_shop="salon").status == 200
    assert one.request("GET", f"{BASE}/home", x_shop="other").status in (303, 500)
