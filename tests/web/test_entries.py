"""What a host makes its own: templates, pages, staff, several businesses at one address."""

from __future__ import annotations

from pathlib import Path

from clientportal import Business, Permission
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
