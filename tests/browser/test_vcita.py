"""vcita in a real browser: the dashboard, an invoice paid at the provider's, a document, a message, notices."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Route

from browser.conftest import Comes, Shoots
from browser.person import DESKTOP, PHONE
from browser.shop import Shop
from clientportal import Money, presets
from clientportal.testing.fake_provider import Behaviour, FakeProvider
from clientportal.values.invoices import Invoice
from papers import share
from world import at

ANA = "ana@example.co.nz"
PLAN = bytes(range(256)) * 4096


def clinic(shop: Shop) -> FakeProvider:
    """Ana Kingi owes 65.00 by one invoice and 10.00 by another; a plan and a letter are shared with her."""
    provider = FakeProvider(Behaviour.REDIRECTS)
    shop.open(presets.vcita(region="NZ"), payments=provider)
    world = shop.world
    world.change_policy("bookings", payments=True)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("tue", ana, "2026-11-24 14:00", staff_name="Mia")
    world.book("dec", ana, "2026-12-03 09:30", service="colour", minutes=120, staff_name="Ben")
    invoices = [
        Invoice(
            id=id,
            ref=ana,
            name=f"Invoice 2026-{id}",
            issued_at=at("2026-11-01 09:00"),
            total=Money(due, "NZD"),
            due=Money(due, "NZD"),
            due_day=date(2026, 11, 30),
        )
        for id, due in (("118", "65.00"), ("121", "10.00"))
    ]
    world.seed("add_items", invoices)
    share(world, "plan", ana, "Care plan.pdf", PLAN)
    share(world, "letter", ana, "Letter to your doctor.pdf", b"%PDF-1.7", shared="2026-11-19 16:00")
    world.portal.notify(world.tenant, ana, "other", title="New opening hours", text="From Monday on we open at 8.")
    world.deliver()
    return provider


def pays_at_the_provider(provider: FakeProvider, route: Route) -> None:
    """The provider's own page, somewhere else: a button, and what happens when it is pressed."""
    if route.request.method == "POST":
        provider.complete(provider.begun[0].key)
    button = "<form method=post><button>Pay NZ$65.00</button></form>"
    shown = "<h1>Thank you</h1>" if route.request.method == "POST" else f"<h1>Kea Pay</h1>{button}"
    html = f"<!doctype html><html lang=en><title>Kea Pay</title><link rel=icon href=data:,>{shown}</html>"
    route.fulfill(status=200, content_type="text/html", body=html)


@pytest.mark.requirement("V4", "V8", "V9", "V10", "V11")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_client_of_vcita(comes: Comes, shop: Shop, shoots: Shoots, size: tuple[int, int]) -> None:
    """75.00 is due on the dashboard; 65.00 is paid at the provider's, once; the plan is downloaded byte for byte; a
    question is sent; the notice is read.
    """
    provider = clinic(shop)
    ana = comes(size)
    ana.context.route("https://pay.example/**", lambda route: pays_at_the_provider(provider, route))
    ana.signs_in_by_code(ANA, "Email")
    assert ana.heading == "Hello Ana"
    ana.reads("NZ$75.00", "Tuesday, November 24, 2026")
    shoots(ana, "dashboard")

    ana.follows("See payments")
    ana.follows("Pay Invoice 2026-118")
    ana.presses("Pay NZ$65.00")
    ana.reads("It waits for you")
    back = ana.page.url
    ana.follows("Go on to pay")
    ana.presses("Pay NZ$65.00")
    assert ana.heading == "Thank you"
    ana.goes_to(back)
    ana.reads("Paid. Thank you.")
    assert list(provider.charged.values()) == [Money("65.00", "NZD")]
    ana.follows("Back to payments")
    ana.reads("Total due: NZ$10.00")

    ana.follows("Documents")
    assert ana.downloads("Download Care plan.pdf") == ("Care plan.pdf", PLAN)
    ana.follows("Messages")
    ana.types("Write to", "Is <b>parking</b> free?")
    ana.presses("Send")
    ana.reads("Sent.", "Is <b>parking</b> free?")
    ana.follows("Notifications")
    ana.reads("New opening hours")
    ana.presses("Mark all as read")
    assert not ana.finds("Mark all as read")
