"""MyTime in a real browser: the account opens first, and every section of what a client holds and keeps."""

from __future__ import annotations

from datetime import date

import pytest

from accounts_ground import a_link, an_account
from browser.conftest import Comes
from browser.person import PHONE
from browser.shop import Shop
from clientportal import Money, presets
from clientportal.values.cards import Prepayment
from clientportal.values.memberships import CreditBatch
from clientportal.values.pets import Pet
from held import card, gift_card, membership, package
from mails import PASSWORD, quick
from world import AUCKLAND, at

ANA = "ana@example.com"


@pytest.mark.requirement("M2", "M3", "M4", "M5", "M6", "M7", "M8", "M9", "M10", "M11")
def test_a_client_of_mytime(comes: Comes, shop: Shop) -> None:
    """On a phone: the details first, corrected; a membership with its credits, a package, a gift card; a second dog;
    the card of a prepaid visit stays, the other one goes; news switched on; the link to hand on.
    """
    shop.open(quick(presets.mytime(region="NZ")))
    world = shop.world
    ana_ref = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email=ANA)
    a_link(world, an_account(world, ANA, "2026-01-05 09:00", proved="2026-01-05 09:10", password=PASSWORD), ana_ref)
    world.book("a1", ana_ref, "2026-12-01 09:00")
    prepaid = Prepayment(appointment="a1", start=at("2026-12-01 09:00"), zone=AUCKLAND)
    credits = (
        CreditBatch(for_what="Wash and trim", credits=2, last_day=date(2026, 12, 31)),
        CreditBatch(for_what="Nails", credits=1, last_day=date(2026, 10, 31)),
    )
    world.seed(
        "add_items",
        [
            membership("gold", ana_ref, price=Money("89.00", "NZD"), credits=credits),
            package("ten cuts", ana_ref, left=3, last_day=date(2027, 3, 1)),
            gift_card("7", ana_ref, balance="40.00", giver="Ben", message="Happy birthday!"),
            Pet(id="koko", ref=ana_ref, name="Koko", species="Dog", breed="Huntaway", birthday=date(2021, 3, 14)),
            card("prepaid", ana_ref, "4242", prepaid=(prepaid,)),
            card("spare", ana_ref, "1881", saved_at=at("2025-01-01 09:00")),
        ],
    )
    ana = comes(PHONE)
    ana.goes_to("/sign-in")
    ana.types("Email", ANA)
    ana.types("Password", PASSWORD)
    ana.presses("Sign in")
    assert ana.heading == "Your details"
    ana.follows("Change your details")
    ana.types("Last name", "Kingi-Tane")
    ana.presses("Save")
    ana.reads("Saved.", "Kingi-Tane")

    ana.follows("Memberships")
    ana.follows("Details of Gold")
    ana.reads("NZ$89.00", "2 left", "ended on Saturday, October 31, 2026")
    ana.follows("Packages")
    ana.reads("3 of 10 left")
    ana.follows("Gift cards")
    ana.reads("NZ$40.00 left", "Happy birthday!")

    ana.follows("Your details")
    ana.follows("Pets")
    ana.follows("Add a pet")
    ana.types("Name", "Rex")
    ana.types("Weight", "heavy")
    ana.presses("Save", 422)
    ana.reads("Please write a weight such as 12.5 kg.")
    ana.types("Weight", "31 kg")
    ana.presses("Save")
    ana.reads("Koko", "Rex")

    ana.follows("Saved cards")
    ana.follows("Remove the card ending in 4242")
    ana.presses("Remove", 409)
    ana.reads("This card is still needed for your appointment of 2026-12-01 09:00", "Visa ending in 4242")
    ana.follows("Remove the card ending in 1881")
    ana.presses("Remove")
    ana.reads("The card is removed.")
    ana.does_not_read("1881")

    ana.follows("Message settings")
    ana.presses("Turn on: News and offers, by email")
    ana.reads("Saved.")
    ana.follows("Recommend us")
    ana.reads("Friends who came 0", "Your link")
