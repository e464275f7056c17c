"""Pages of what clients hold, and of payments."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clientportal import Money, RecordRef, presets
from clientportal.testing.fake_provider import Behaviour, FakeProvider
from clientportal.values.cards import Card
from clientportal.values.gift_cards import GiftCard
from clientportal.values.invoices import Invoice, InvoiceStatus
from clientportal.values.memberships import CreditBatch, Membership
from clientportal.values.packages import Package, PackageCredits
from clientportal.values.rewards import RewardBalance
from web.browser import Browser, browser
from world import World, at

SECTIONS = ("account", "bookings", "memberships", "packages", "gift_cards", "rewards", "payment_methods", "payments")


def ana(world: World, *script: Behaviour) -> tuple[Browser, FakeProvider]:
    """Ana Kingi, logged in by a code to her email; what she holds and owes."""
    provider = FakeProvider(*script)
    world.use(presets.vcita(region="NZ"))
    world.change_policy("bookings", payments=True)
    world.change_policy("visibility", sections=SECTIONS)
    world.change_policy("portal", actions=None)
    world.portal = world.make_portal(payments=provider)
    ref = world.add_client("ana", "Ana Kingi", email="ana@example.co.nz")
    bought = at("2026-03-01 10:00")
    things: list[Any] = [
        Membership(
            id="m1",
            ref=ref,
            name="Gold",
            status="active",
            bought_at=bought,
            first_day=date(2026, 3, 1),
            price=Money("89.00", "NZD"),
            next_charge=at("2026-12-01 10:00"),
            credits=(
                CreditBatch(for_what="Cut", credits=2, last_day=date(2026, 12, 31)),
                CreditBatch(for_what="Colour", credits=1, last_day=date(2026, 10, 31)),
            ),
        ),
        Package(
            id="p1",
            ref=ref,
            name="Ten cuts",
            bought_at=bought,
            credits=(PackageCredits(for_what="Cut", bought=10, left=3),),
            last_day=date(2026, 11, 20),
        ),
        GiftCard(
            id="g1",
            ref=ref,
            side="received",
            bought_at=bought,
            balance=Money("40.00", "NZD"),
            code="KIWI-7",
            giver="Ben",
        ),
        RewardBalance(id="r1", ref=ref, name="Feathers", points=120),
        Card(
            id="c1",
            ref=ref,
            token="tok_1",
            brand="Visa",
            last_four="4242",
            expires_month=11,
            expires_year=2029,
            saved_at=bought,
        ),
        Invoice(
            id="i1",
            ref=ref,
            name="Invoice 2026-118",
            issued_at=bought,
            total=Money("65.00", "NZD"),
            due=Money("65.00", "NZD"),
            due_day=date(2026, 11, 30),
        ),
    ]
    world.seed("add_items", things)
    one = browser(world)
    one.sign_in("ana@example.co.nz")
    return one, provider


@pytest.mark.requirement("M4")
def test_a_membership_with_its_charges_and_what_ends_when(world: World) -> None:
    """The list, then one: the next charge, two cuts until New Year's Eve, one colour that has ended."""
    one, _ = ana(world)
    page = one.open("/memberships")
    assert "Gold" in page.text
    details = one.open("/memberships/m1")
    assert "NZ$89.00" in details.text
    assert "Charged next Tuesday, December 1, 2026" in details.text
    assert "Cut 2 left, until Thursday, December 31, 2026" in details.text
    assert "Colour 1 left, ended on Saturday, October 31, 2026" in details.text


@pytest.mark.requirement("M5", "M6", "T8")
def test_packages_gift_cards_and_rewards_are_listed_with_what_is_left(world: World) -> None:
    """A package that ended yesterday is listed, too."""
    one, _ = ana(world)
    packages = one.open("/packages").text
    assert "3 of 10 left" in packages
    assert "Expired" in packages
    gifts = one.open("/gift-cards").text
    assert "NZ$40.00 left" in gifts
    assert "KIWI-7" in gifts
    assert "120 points" in one.open("/rewards").text


@pytest.mark.requirement("M9")
def test_a_saved_card_is_shown_by_its_last_digits_and_removed(world: World) -> None:
    """Brand, last four, expiry; never the token; after a page that asks once more it is gone."""
    one, _ = ana(world)
    page = one.open("/payment-methods")
    assert "Visa ending in 4242" in page.text
    assert "Valid until 11/2029" in page.text
    assert "tok_1" not in page.html
    one.open("/payment-methods/c1/remove")
    done = one.send("/remove")
    assert "The card is removed." in done.text
    assert "4242" not in done.text


@pytest.mark.requirement("V8")
def test_an_invoice_is_paid_exactly_once_by_the_amount_that_was_shown(world: World) -> None:
    """65.00 is due. Pressing the button twice pays once; afterwards nothing is due."""
    one, provider = ana(world)
    assert "Total due: NZ$65.00" in one.open("/payments").text
    page = one.open("/payments/i1/pay")
    form = page.form("/pay")
    assert "Paid. Thank you." in one.send("/pay", card="c1").text
    one.request("POST", form.action, {**form.fields, "card": "c1"}, sec_fetch_site="same-origin")
    assert list(provider.charged.values()) == [Money("65.00", "NZD")]
    assert "Nothing is due." in one.open("/payments").text


@pytest.mark.requirement("V8")
def test_an_amount_that_is_not_what_is_due_any_more_is_not_charged(world: World) -> None:
    """While the page is open the invoice goes up to 80.00: nothing is charged, and the page says so."""
    one, provider = ana(world)
    one.open("/payments/i1/pay")
    more = Money("80.00", "NZD")
    invoice = Invoice(
        id="i1",
        ref=RecordRef.client("ana"),
        name="Invoice 2026-118",
        issued_at=at("2026-03-01 10:00"),
        total=more,
        due=more,
        status=InvoiceStatus.OPEN,
    )
    world.seed("add_items", [invoice])
    assert one.send("/pay").status == 409
    assert provider.charged == {}
    assert "NZ$80.00" in one.open("/payments").text


@pytest.mark.requirement("V8")
def test_a_payment_that_goes_on_at_the_providers_page_is_led_there_by_a_link(world: World) -> None:
    """No form of ours ends at another site; back here, the page says how it stands."""
    one, provider = ana(world, Behaviour.REDIRECTS)
    one.open("/payments/i1/pay")
    page = one.send("/pay")
    assert "It waits for you" in page.text
    link = next(href for href, text in page.links if text == "Go on to pay")
    assert link.startswith("https://")
    provider.complete(provider.begun[0].key)
    assert "Paid. Thank you." in one.open(page.address).text
