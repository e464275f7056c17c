"""Two salons of one parent, over one database, each with pages of its own (M6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clientportal import Business, RecordRef
from clientportal.values import Branding
from clientportal.web import PortalPages
from held import gift_card
from papers import open_papers, share
from web.browser import Browser
from web.test_api import Caller
from world import AUCKLAND, World

pytestmark = pytest.mark.requirement("M6")

ANA = "021 123 4567"
SALONS = ("ponsonby", "newmarket")


def chain(world: World) -> dict[str, Browser]:
    """Kōwhai Hair in Ponsonby and Newmarket; Ana is a client of both, and has bought in Ponsonby."""
    open_papers(world)
    sections = ("account", "bookings", "gift_cards", "documents")
    world.change_policy("visibility", sections=sections)
    world.change_policy("portal", languages=("de",))
    for branch in SALONS:
        look = Branding(colour="#1f4e6b", phone=f"09 555 {branch}")
        world.seed("add_business", Business(branch, f"Kōwhai {branch.title()}", AUCKLAND, look), branch=branch)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.seed("add_items", [gift_card("voucher", ana, business="ponsonby")])
    share(world, "plan", ana, "Colour plan.pdf", business="ponsonby")
    world.book("p1", ana, "2026-12-01 09:00", business="ponsonby")
    return {branch: at_salon(world, branch) for branch in SALONS}


def at_salon(world: World, branch: str) -> Browser:
    """A browser at one salon's pages."""
    portal = getattr(world.portal, "_awaited", world.portal)
    return Browser(world, PortalPages(portal, f"{world.tenant}/{branch}"))


def test_a_gift_card_is_shown_at_both_and_a_document_where_it_was_shared(world: World) -> None:
    """Bought in Ponsonby, worth something in Newmarket; the document and the booking stay in Ponsonby, also by id."""
    salons = chain(world)
    for branch, one in salons.items():
        page = one.sign_in(ANA)
        assert f"Kōwhai {branch.title()}" in page.text
        assert f"09 555 {branch}" in page.text
        assert "CODE-voucher" in one.open("/gift-cards").text
    assert "Colour plan.pdf" in salons["ponsonby"].open("/documents").text
    assert "Colour plan.pdf" not in salons["newmarket"].open("/documents").text
    assert salons["ponsonby"].request("GET", "/change/documents/plan").status == 200
    assert salons["newmarket"].request("GET", "/change/documents/plan").status == 404
    assert salons["ponsonby"].open("/bookings/p1").status == 200
    assert salons["newmarket"].open("/bookings/p1").status == 404


def test_one_browser_is_logged_in_to_each_salon_apart(world: World) -> None:
    """Logged in in Ponsonby, nobody in Newmarket; logged out there, still logged in here."""
    salons = chain(world)
    here, there = salons["ponsonby"], salons["newmarket"]
    here.sign_in(ANA)
    there.cookies = here.cookies
    assert there.open("/gift-cards").heading == "Sign in"
    there.sign_in(ANA)
    assert len([name for name in here.cookies if "-session-" in name]) == 2
    there.open("/gift-cards")
    there.send("/log-out")
    assert here.open("/gift-cards").status == 200
    assert here.page is not None
    assert here.page.heading != "Sign in"


def test_what_a_salon_hides_is_hidden_at_that_one_alone(memory_world: World) -> None:
    """Newmarket shows no gift cards: not in its menu, refused by its address; and as JSON as well."""
    world = memory_world
    salons = chain(world)
    parent = world.policy
    world.change_policy("visibility", sections=("account", "bookings"))
    newmarket = world.policy
    world.use(parent)
    world.portal = world.make_portal(policy=lambda name: newmarket if name.endswith("/newmarket") else parent)
    salons = {branch: at_salon(world, branch) for branch in SALONS}
    for one in salons.values():
        one.sign_in(ANA)
    assert "Gift cards" in salons["ponsonby"].open("/bookings").text
    assert "Gift cards" not in salons["newmarket"].open("/bookings").text
    assert salons["newmarket"].open("/gift-cards").status == 403
    caller = Caller(world, salons["newmarket"].site)
    world.clock.advance(timedelta(minutes=11))
    caller.sign_in(ANA)
    assert caller.send("GET", "/api/gift-cards").status == 403
    caller.site = salons["ponsonby"].site
    assert caller.send("GET", "/api/gift-cards").status == 200


def test_a_code_is_written_in_the_language_of_the_page(memory_world: World) -> None:
    """Whoever reads German gets the message in German."""
    chain(memory_world)
    one = at_salon(memory_world, "ponsonby")
    one.language = "de"
    one.open("/sign-in")
    one.send("/sign-in", contact=ANA)
    told = memory_world.box.messages[-1]
    assert "Ihr" in told.text
    assert "your" not in told.text


@pytest.mark.requirement("V11")
def test_each_salon_has_an_address_of_its_own(world: World) -> None:
    """Its name in the configured address: links in its messages lead there, and a neighbour's forms are refused."""
    chain(world)
    world.portal = world.make_portal(base_url="https://{branch}.{business}.example/change/")
    world.book("p2", RecordRef.client("ana"), "2026-12-24 09:00", business="ponsonby")
    for branch in ("ponsonby", ""):
        world.staff(branch=branch).appointment_link("p2", send=True)
        world.clock.advance(timedelta(minutes=11))
        world.deliver()
        assert f"https://{branch or world.tenant}.{world.tenant}.example/change/" in world.box.messages[-1].text
    one = at_salon(world, "ponsonby")
    one.open("/sign-in")
    form = one.page.form("/sign-in")  # type: ignore[union-attr]
    for salon, status in (("newmarket", 403), (world.tenant, 403), ("ponsonby", 303)):
        origin = f"https://{salon}.{world.tenant}.example"
        assert one.request("POST", form.action, {**form.fields, "contact": ANA}, origin=origin).status == status
