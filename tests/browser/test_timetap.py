"""TimeTap in a real browser: one login for two profiles, and the client list of staff."""

from __future__ import annotations

import pytest

from accounts_ground import a_link, an_account
from browser.conftest import Comes, Shoots
from browser.person import DESKTOP, PHONE
from browser.shop import DESK, Shop
from clientportal import presets
from mails import PASSWORD, quick

KINGI = "kingi@example.com"


def family(shop: Shop) -> None:
    """Ana Kingi, her son Ben and her daughter Mere have one login."""
    shop.open(quick(presets.timetap(region="NZ")))
    world = shop.world
    account = an_account(world, KINGI, "2026-01-05 09:00", proved="2026-01-05 09:10", password=PASSWORD)
    for id, name, mobile in (("1", "Ana", "021 123 4567"), ("2", "Ben", None), ("3", "Mere", None)):
        ref = world.add_client(id, f"{name} Kingi", mobile=mobile, email=KINGI)
        a_link(world, account, ref)
        world.book(f"for-{id}", ref, f"2026-12-0{id} 10:00")


@pytest.mark.requirement("TT1")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_family_of_timetap(comes: Comes, shop: Shop, shoots: Shoots, size: tuple[int, int]) -> None:
    """After the password each profile is a button with a first name and an initial; the choice can be changed."""
    family(shop)
    ana = comes(size)
    ana.goes_to("/sign-in")
    ana.types("Email", KINGI)
    ana.types("Password", PASSWORD)
    ana.presses("Sign in")
    assert ana.heading == "Who is it about?"
    shoots(ana, "chooser")
    ana.presses("Ben K.")
    ana.goes_to("/home")
    assert ana.heading == "Hello Ben"
    ana.reads("Wednesday, December 2, 2026")
    ana.does_not_read("December 1,")
    ana.follows("Login and devices")
    ana.follows("Switch to another profile")
    ana.reads("Ben K. (open now)")
    ana.presses("Mere K.")
    ana.goes_to("/home")
    assert ana.heading == "Hello Mere"


@pytest.mark.requirement("TT5")
def test_staff_of_timetap_search_their_list(comes: Comes, shop: Shop) -> None:
    """Nobody without the platform's own login; with it, half a name finds Ben, and his page has what he booked."""
    family(shop)
    mia = comes(DESKTOP)
    mia.goes_to("/staff", 403)
    mia.context.add_cookies([{"name": DESK, "value": "mia", "url": shop.root}])
    mia.goes_to("/staff")
    mia.reads("Ana Kingi", "Ben Kingi", "Mere Kingi")
    mia.types("Search", "ben")
    mia.presses("Search")
    mia.does_not_read("Mere Kingi")
    mia.follows("Ben Kingi")
    assert mia.heading == "Ben Kingi"
    mia.reads("kingi@example.com", "Wednesday, December 2, 2026")
