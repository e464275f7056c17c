"""Acuity in a real browser: an account from the confirmation page of a booking, its email proved, what is assigned."""

from __future__ import annotations

import pytest

from browser.conftest import Comes
from browser.person import DESKTOP
from browser.shop import Shop
from clientportal import presets
from mails import PASSWORD, quick

ANA = "ana@example.com"


@pytest.mark.requirement("A1", "A3", "A8")
def test_a_client_of_acuity(comes: Comes, shop: Shop) -> None:
    """Ana has booked for December and registers from the link on the confirmation page. The link in her mail proves her
    email; then what was booked under it before is hers, too. A wrong password opens nothing.
    """
    shop.open(quick(presets.acuity(region="NZ")))
    world = shop.world
    guest = world.add_client("guest", "Ana Kingi", email=ANA)
    world.book("earlier", guest, "2026-11-27 15:00", made="2026-11-01 09:00", service="colour")
    world.book("dec", guest, "2026-12-24 09:00", made="2026-11-21 09:50")
    proof = world.portal.confirmation(world.tenant, "dec").reveal()
    shop.others["/booked"] = (
        "<!doctype html><html lang=en><title>Thank you</title><link rel=icon href=data:,><h1>You are booked in</h1>"
        f'<p><a href="{shop.address}/register/{proof}">Make an account</a></p></html>'
    )

    ana = comes(DESKTOP)
    ana.goes_to("/register", 403)
    ana.reads("confirmation page of a booking")
    ana.goes_to(f"{shop.root}/booked")
    ana.follows("Make an account")
    ana.types("First name", "Ana")
    ana.types("Email", ANA)
    ana.types("New password", PASSWORD)
    ana.ticks("I agree to the terms and conditions")
    ana.presses("Make the account", 422)
    ana.reads("Please tick this: it is needed for an account.")
    ana.types("New password", PASSWORD)
    ana.ticks("I have read the privacy policy")
    ana.presses("Make the account")
    assert ana.heading == "Your account is made"

    ana.goes_to(shop.mailed(ANA, "verify"))
    ana.presses("Confirm")
    ana.reads("Your email is confirmed.")
    ana.goes_to("/bookings")
    ana.reads("Friday, November 27, 2026, 3:00 PM", "Thursday, December 24, 2026, 9:00 AM")

    ana.presses("Log out")
    ana.goes_to("/sign-in")
    ana.types("Email", ANA)
    ana.types("Password", "not this one")
    ana.presses("Sign in", 422)
    ana.reads("Email and password do not match")
    ana.types("Password", PASSWORD)
    ana.presses("Sign in")
    ana.goes_to("/login")
    ana.reads("This device")
