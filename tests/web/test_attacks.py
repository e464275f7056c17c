"""The pages under attack: markup in every text, secrets in logs, addresses that nobody has thought of."""

from __future__ import annotations

import logging
import re
from datetime import date
from html.parser import HTMLParser
from itertools import chain
from typing import Any

import pytest

from clientportal import Business, Money, Permission, presets
from clientportal.policy.portal import CallToAction
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values import Branding
from clientportal.values.cards import Card
from clientportal.values.documents import Document
from clientportal.values.forms import FormRequest, Question
from clientportal.values.gift_cards import GiftCard
from clientportal.values.invoices import Invoice, InvoicePurpose
from clientportal.values.memberships import CreditBatch, Membership
from clientportal.values.messages import Message
from clientportal.values.packages import Package, PackageCredits
from clientportal.values.pets import Pet
from clientportal.values.rewards import RewardBalance
from clientportal.web import StaffIdentity
from clientportal.web.routing import path_of
from watching import everything_stored
from web.browser import BASE, Browser, browser
from world import AUCKLAND, World, at, client

EMAIL = "ana@example.co.nz"
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
NAME = EVIL.replace(" ", "/")
SECTIONS = (
    "account",
    "bookings",
    "memberships",
    "packages",
    "gift_cards",
    "rewards",
    "payment_methods",
    "payments",
    "pets",
    "documents",
    "forms",
    "messages",
    "notifications",
    "preferences",
    "referrals",
    "codes",
)
PAGES = (
    "/",
    "/sign-in",
    "/home",
    "/account",
    "/account/edit",
    "/bookings",
    path_of("bookings", EVIL),
    "/memberships",
    path_of("memberships", EVIL),
    "/packages",
    "/gift-cards",
    "/rewards",
    "/codes",
    "/payment-methods",
    path_of("payment-methods", EVIL, "remove"),
    "/payments",
    path_of("payments", EVIL, "pay"),
    "/payments/past",
    "/pets",
    path_of("pets", EVIL),
    path_of("pets", EVIL, "delete"),
    "/documents",
    "/forms",
    path_of("forms", EVIL),
    "/messages",
    "/notifications",
    "/preferences",
    "/referrals",
    "/login",
    "/choose",
    "/staff",
    "/staff/clients/client:ana",
    "/staff/duplicates",
    "/staff/merge?r0=client:ana&r1=client:twin",
    "/staff?search=" + "%22%3E%3Cscript%3E",
)


class _Acting(HTMLParser):
    """Whatever of a page would run, as a browser reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "base", "style", "svg"):
            self.found.append(tag)
        self.found += [name for name, _ in attrs if name.startswith("on") or name in ("style", "srcdoc")]

    @classmethod
    def of(cls, html: str) -> list[str]:
        """The tags and attributes of a page that run something."""
        reader = cls()
        reader.feed(html)
        return reader.found


def infested(world: World) -> Browser:
    """Every text that a host, staff, a client or the policy can write is markup that would like to run."""
    world.use(presets.vcita(region="NZ"))
    world.change_policy("bookings", payments=True)
    world.change_policy("visibility", sections=SECTIONS)
    world.change_policy(
        "portal",
        actions=None,
        words={"appointment": EVIL[:40], "pets": EVIL[:40]},
        home={"title": EVIL, "welcome": EVIL},
        calls_to_action=(CallToAction(url="https://kowhai.example/book", label=EVIL[:60]),),
    )
    look = Branding(phone=EVIL, address=EVIL, website="https://kowhai.example/&x=1", colour="#1f4e6b")
    world.seed("add_business", Business(world.tenant, EVIL, AUCKLAND, look))
    world.portal = world.make_portal(payments=FakeProvider())
    ref = world.add_client("ana", EVIL, email=EMAIL, mobile="021 123 4567")
    world.add_client("twin", EVIL, email=EMAIL.replace("ana", "twin"), mobile="021 123 4567")
    world.book(EVIL, ref, "2026-12-01 09:00", service=EVIL, staff_name=EVIL)
    bought, much = at("2026-03-01 10:00"), Money("40.00", "NZD")
    things: list[Any] = [
        Membership(
            id=EVIL,
            ref=ref,
            name=EVIL,
            status="active",
            bought_at=bought,
            credits=(CreditBatch(for_what=EVIL, credits=2, last_day=date(2026, 12, 31)),),
        ),
        Package(
            id=EVIL, ref=ref, name=EVIL, bought_at=bought, credits=(PackageCredits(for_what=EVIL, bought=9, left=3),)
        ),
        GiftCard(
            id=EVIL,
            ref=ref,
            side="received",
            bought_at=bought,
            balance=much,
            code=EVIL,
            giver=EVIL,
            receiver=EVIL,
            message=EVIL,
        ),
        RewardBalance(id=EVIL, ref=ref, name=EVIL, points=120),
        Card(
            id=EVIL,
            ref=ref,
            token=EVIL,
            brand=EVIL,
            last_four="4242",
            expires_month=11,
            expires_year=2029,
            saved_at=bought,
        ),
        Invoice(id=EVIL, ref=ref, name=EVIL, issued_at=bought, total=much, due=much, purpose=InvoicePurpose("invoice")),
        Pet(id=EVIL, ref=ref, name=EVIL, species=EVIL, breed=EVIL, colour=EVIL, microchip=EVIL),
        Message(id=EVIL, ref=ref, at=bought, written_by="business", text=EVIL, author=EVIL),
        FormRequest(
            id=EVIL,
            ref=ref,
            title=EVIL,
            intro=EVIL,
            sent_at=bought,
            questions=(
                Question(name=NAME, label=EVIL, kind="text", help=EVIL, required=True),
                Question(name=NAME + "c", label=EVIL, kind="choice", options=(EVIL, "b"), help=EVIL),
                Question(name=NAME + "s", label=EVIL, kind="several", options=(EVIL, "b")),
                Question(name=NAME + "e", label=EVIL, kind="consent", edition=EVIL),
            ),
            answers={NAME: EVIL},
        ),
    ]
    world.seed("add_items", things)
    world.seed("add_document", Document(id=EVIL, ref=ref, name=EVIL, shared_at=bought, size=0, uploaded_by=EVIL), b"x")
    world.portal.notify(world.tenant, ref, "other", title=EVIL, text=EVIL, section="bookings", item=EVIL)
    world.deliver()
    mia = StaffIdentity(actor=EVIL, permissions=frozenset(Permission))
    one = browser(world, staff=lambda _request: mia)
    one.sign_in(EMAIL)
    return one


def test_markup_is_text_wherever_it_stands(memory_world: World) -> None:
    """On every page: nothing that was typed opens a tag, ends an attribute or is computed, or leads to a script."""
    one = infested(memory_world)
    shown = 0
    for path in PAGES:
        page = one.open(path)
        assert page.status == 200, (path, page.status, page.heading)
        assert "<script" not in page.html, path
        assert "<img src=x" not in page.html, path
        assert _Acting.of(page.html) == [], path
        assert "49" not in re.findall(r"onerror=alert\(1\)&gt;(\d+)", page.html), path
        for address in re.findall(r'(?:href|action|src)="([^"]*)"', page.html):
            assert re.match(r"(/|#|https://|tel:|mailto:)", address), (path, address)
            assert not address.startswith("//"), (path, address)
        shown += page.html.count("&lt;script&gt;")
    assert shown > 150


def test_a_form_that_is_wrong_shows_markup_as_text(memory_world: World) -> None:
    """What was typed is shown again: in fields, in text areas, in lists of what is wrong."""
    one = infested(memory_world)
    for path, action, typed in (
        (path_of("forms", EVIL), path_of("forms", EVIL), {f"q_{NAME}": "x" * 400 + "</textarea>" + EVIL}),
        ("/messages", "/messages", {"text": "</textarea>" + EVIL * 200}),
        ("/account/edit", "/account/edit", {"first_name": EVIL * 3}),
        ("/pets/new", "/pets/new", {"name": EVIL, "birthday": EVIL}),
        ("/login/email", "/login/email", {"email": EVIL}),
    ):
        page = one.open(path)
        if page.status != 200 or 'action="' not in page.html:
            continue
        page = one.send(action, **typed)
        assert "<script" not in page.html, path
        assert "</textarea><" not in page.html.replace("</textarea></div>", ""), path


ODD = (
    "%00",
    "~AA",
    "%ED%A0%80",
    "%FF",
    "..",
    "%2e%2e",
    "%2F%2Fevil.example",
    ";x=1",
    "~",
    "~AAA=",
    "a" * 3000,
    "%0d%0aSet-Cookie:x=1",
    "client:",
    "🙂",
)


@pytest.mark.parametrize("odd", ODD)
def test_no_address_breaks_a_page(memory_world: World, odd: str) -> None:
    """Whatever stands in the place of an id, a cursor, a link or a search: an answer, never a failure."""
    assert_nothing_breaks(infested(memory_world), odd)


@pytest.mark.slow
def test_no_address_breaks_a_store(world: World) -> None:
    """The same on every store, with what no column can hold and what no statement should see."""
    one = infested(world)
    for odd in ("%00", "~AA", "%ED%A0%80", "'%20or%201=1--"):
        assert_nothing_breaks(one, odd)


def assert_nothing_breaks(one: Browser, odd: str) -> None:
    """Every page that there is, with that in each place that a visitor can fill."""
    names = ("after", "search", "when", "link", "next", "from", "r0", "r1", "limit", "since")
    query = "&".join(f"{name}={odd}" for name in names)
    for route in one.site.site.table.routes:
        if route.method != "GET":
            continue
        path = re.sub(r"\{\w+(:signed)?\}", lambda found: "a.b.c" if found[1] else odd, route.path)
        for address in (path, f"{path}?{query}"):
            response = one.request("GET", f"{BASE}{address}")
            assert response.status < 500, (address, response.status)
            assert "set-cookie" not in response.headers
            assert response.headers.get("location", "/change/").startswith("/change/"), (address, response.headers)


# --- what is left behind ---------------------------------------------------------------------------------------------


def _fails(*_args: object) -> None:
    raise RuntimeError("it is broken")


def test_no_log_holds_a_link_a_code_a_token_or_an_address(
    memory_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Ana signs in, opens links, and every page fails once: what is written down names none of her secrets."""
    world = memory_world
    with caplog.at_level(logging.DEBUG):
        one = infested(world)
        code = world.code_in(world.box.messages[-1])
        links = {
            "form": world.portal.form_link(world.tenant, EVIL).reveal(),
            "unsubscribe": world.portal.unsubscribe_link(world.tenant, client("ana"), channel="email").reveal(),
        }
        token = next(value for name, value in one.cookies.items() if "session" in name)
        for kind, link in links.items():
            one.request("GET", f"{BASE}/{kind}/{link}")
            one.request("GET", f"{BASE}/{kind}/{link}x")
            one.request("POST", f"{BASE}/{kind}/{link}", {"a": code})
        one.request("GET", f"{BASE}/api/profile", authorization=f"Bearer {token}x")
        for path in PAGES:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(type(one.site.site), "render", _fails)
                one.request("GET", f"{BASE}{path}")
                one.request("POST", f"{BASE}{path}", {"code": code, "contact": EMAIL, "link": links["form"]})
    assert "is broken" in caplog.text
    secrets = {"code": code, "token": token, "email": EMAIL, "number": "21 123 4567", "e164": "211234567", **links}
    assert [
        name for name, secret in secrets.items() if secret in caplog.text or secret in caplog.text.replace("%3D", "=")
    ] == []


def test_staff_without_a_permission_see_a_refusal_and_no_client(world: World) -> None:
    """Tui is staff, and may do nothing: every page of staff's says so, and no name stands on any."""
    world.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567")
    world.add_client("twin", "Anna Kingi", email=EMAIL, mobile="021 123 4567")
    one = browser(world, staff=lambda _request: StaffIdentity(actor="tui", permissions=frozenset()))
    merge = "r0=client:ana&r1=client:twin"
    for path in (
        "/staff",
        "/staff?search=ana",
        "/staff/clients/client:ana",
        "/staff/duplicates",
        f"/staff/merge?{merge}",
    ):
        page = one.open(path)
        assert page.status == 403, path
        assert "Kingi" not in page.html, path


def test_an_amount_without_end_is_no_amount(memory_world: World) -> None:
    """Two hundred thousand digits, or an exponent of as many: refused as no amount, and written down nowhere."""
    one = infested(memory_world)
    for amount in ("9" * 200_000, "1e99999999", "-1e-99999999", "NaN", "Infinity", "1_0"):
        one.open(path_of("payments", EVIL, "pay"))
        page = one.send(path_of("payments", EVIL, "pay"), amount=f"{amount} NZD", card="")
        assert page.status in (400, 409, 422), (amount[:20], page.status)
        assert len(page.html) < 50_000, amount[:20]
    longest = max(map(len, chain.from_iterable(everything_stored(memory_world).values())))
    assert longest < 20_000, longest
