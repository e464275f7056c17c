"""The portal under attack: keys that are played again, doors of another business, links, redirects and frames."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import a_link, a_session, an_account
from clientportal import HostError, Money, Permission, Reason
from clientportal.errors import StoreError
from clientportal.records import PaymentState
from clientportal.testing.fake_provider import Behaviour, FakeProvider
from clientportal.values import ClientRecord, SectionWrite
from clientportal.values.charging import Charge, ChargeAnswer
from clientportal.values.forms import FormState
from clientportal.values.pets import Pet
from clientportal.web import StaffIdentity
from held import shows, with_section
from mails import acuity
from papers import ANSWERS, form_there, open_papers, send_form, share
from requirements.test_mytime_franchises import Chain, ids
from requirements.test_vcita_payments import Shop
from security.attacking import ANA, Neighbour
from watching import far_away, reason_of, refusal_of
from web.browser import BASE, browser
from world import World, at, client

DUE = Money("65.00", "NZD")


# --- a key that is played again --------------------------------------------------------------------------------------


def test_a_key_pays_nothing_once_the_business_has_closed_payments(memory_world: World) -> None:
    """The charge never arrived; played again it would be asked for anew. Closed is closed, and nobody asks (V5)."""
    shop = Shop(memory_world, Behaviour.FORGETS)
    shop.invoice("cut", "65.00")
    shop.door.pay("cut", DUE, key="k")
    memory_world.clock.advance(timedelta(minutes=2))
    shown, asked = memory_world.policy.visibility.sections, len(shop.provider.asked)
    for group, name, closed, opened in (
        ("portal", "actions", frozenset({"bookings.move"}), None),
        ("visibility", "sections", ("bookings",), shown),
        ("bookings", "payments", False, True),
    ):
        memory_world.change_policy(group, **{name: closed})
        assert reason_of(lambda: shop.door.pay("cut", DUE, key="k")) is Reason.DISABLED
        memory_world.change_policy(group, **{name: opened})
    assert len(shop.provider.asked) == asked
    assert shop.door.pay("cut", DUE, key="k").invoice == "cut"


def test_a_key_shows_no_payment_that_an_undo_has_given_back(world: World) -> None:
    """Ana and Ben were merged by mistake and Ana begins to pay Ben's invoice; after the undo it is his alone (I7)."""
    shop = Shop(world, Behaviour.REDIRECTS)
    merged = world.staff().merge(shop.ana, [shop.ben])
    shop.invoice("bens", "65.00", ref=shop.ben)
    assert shop.door.pay("bens", DUE, key="k").page is not None
    world.staff().undo(merged.merges[0])
    said = [
        refusal_of(call) for call in (lambda: shop.door.pay("bens", DUE), lambda: shop.door.pay("bens", DUE, key="k"))
    ]
    assert {one.reason for one in said} == {Reason.NOT_FOUND}
    assert len({str(one) for one in said}) == 1


# --- the door of another business of a franchise ---------------------------------------------------------------------


@pytest.fixture
def chain(world: World) -> Chain:
    """Three salons on one database, with everything open that clients write."""
    made = Chain(world)
    seen = made.parent.visibility
    wanted = dict.fromkeys((*seen.sections, "pets", "messages", "notifications", "forms"))
    made.parent = evolve(made.parent, visibility=evolve(seen, sections=tuple(wanted)))
    return made


def test_a_link_fills_in_no_form_of_a_salon_at_a_laxer_one(chain: Chain) -> None:
    """Ponsonby lets nobody fill in forms. Its form is seen in Takapuna, and the link fills it in there no more than
    the list does."""
    world = chain.world
    chain.parent = evolve(chain.parent, franchise=evolve(chain.parent.franchise, shares={"forms"}))
    send_form(world, "intake", chain.ana, business="ponsonby")
    chain.differs("ponsonby", "portal", actions=frozenset({"bookings.move"}))
    link = world.portal.form_link(world.tenant, "intake")
    assert reason_of(lambda: chain.at("ponsonby").submit_form("intake", ANSWERS, link=link)) is Reason.DISABLED
    laxer = chain.at("takapuna")
    assert laxer.form("intake", link=link).id == "intake"
    for call in (laxer.submit_form, laxer.save_draft):
        assert reason_of(lambda call=call: call("intake", ANSWERS)) is Reason.NOT_CHANGEABLE
        assert reason_of(lambda call=call: call("intake", ANSWERS, link=link)) is Reason.NOT_CHANGEABLE
    assert form_there(world, "intake").state is FormState.OPEN


def test_what_is_written_to_one_salon_is_not_shown_at_another(chain: Chain) -> None:
    """A message to Ponsonby, a pet that was added there, and one that was changed there: Takapuna has none of them."""
    chain.world.seed("add_items", [Pet(id="rex", ref=chain.ana, name="Rex", business="ponsonby")])
    here, there = chain.at("ponsonby"), chain.at("takapuna")
    here.save_pet({"name": "Rexie"}, id="rex", key="changed")
    here.save_pet({"name": "Fluff"}, key="added")
    here.send_message("My skin is sore since Tuesday.", key="written")
    assert [(one.name, one.business) for one in here.pets().items] == [("Fluff", "ponsonby"), ("Rexie", "ponsonby")]
    assert [one.text for one in here.messages().items] == ["My skin is sore since Tuesday."]
    assert ids(there.pets()) == ids(there.messages()) == []
    assert len(chain.at("").messages().items) == 1


@pytest.fixture
def apart() -> Iterator[World]:
    """The platform keeps its tables elsewhere."""
    with far_away() as world:
        yield world


def test_what_was_begun_at_one_salon_is_finished_for_that_one(apart: World) -> None:
    """The platform, elsewhere, dies as Ana writes to Ponsonby; the pump files it, and Takapuna does not have it."""
    chain = Chain(apart)
    world, seen = chain.world, chain.parent.visibility
    chain.parent = evolve(chain.parent, visibility=evolve(seen, sections=(*seen.sections, "messages")))
    dies = iter([True])
    kind = next(one for one in world.host.sections if one.name == "messages")

    def write(self: Any, change: SectionWrite, key: str) -> Any:
        if next(dies, False):
            raise RuntimeError("away")
        return kind.write(self, change, key)

    with_section(world, "messages", write=write)
    world.portal = world.make_portal(policy=chain.policy_of)
    with pytest.raises(StoreError, match="did not answer"):
        chain.at("ponsonby").send_message("Are you open on Monday?", key="k")
    world.clock.advance(timedelta(minutes=10))
    world.deliver()
    assert [one.text for one in chain.at("ponsonby").messages().items] == ["Are you open on Monday?"]
    assert ids(chain.at("takapuna").messages()) == []


def test_news_of_one_salon_is_not_read_at_another(chain: Chain) -> None:
    """Ponsonby cancels a cut and writes; in Takapuna nothing of it is listed, counted or marked, and staff there who
    look through Ana's eyes read nothing of it."""
    world = chain.world
    world.book("p1", chain.ana, "2026-12-01 09:00", business="ponsonby")
    world.staff(branch="ponsonby").cancel("p1")
    told = world.staff(branch="ponsonby").notify(chain.ana, "other", title="Your colour has come in")
    world.portal.notify(world.tenant, chain.ana, "other", title="Closed on Christmas Day")
    here, there, parent = (chain.at(name) for name in ("ponsonby", "takapuna", ""))
    assert len(here.notices().items) == here.unread_notices() == 3
    assert len(parent.notices().items) == parent.unread_notices() == 3
    assert [one.title for one in there.notices(limit=1).items] == ["Closed on Christmas Day"]
    assert there.notices(limit=1).next is None
    assert there.unread_notices() == there.dashboard().unread == 1
    assert reason_of(lambda: there.mark_read(told.id)) is Reason.NOT_FOUND
    assert there.mark_read().count == 1
    assert here.unread_notices() == 2
    chain.parent = evolve(chain.parent, franchise=evolve(chain.parent.franchise, shares={"bookings"}))
    assert len(there.notices().items) == 2


# --- the demo client -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V12")
def test_a_demo_client_lends_its_contacts_to_nobody(world: World) -> None:
    """Mia has put a stranger's email into the demo client. Merged with Ana, who has none, the portal would write there
    in Ana's name: the two are not merged, either way round."""
    world.change_policy("portal", notices_by_email=True)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    demo = ClientRecord(client("demo"), at("2026-01-05 09:00"), first_name="You", email="tui@example.org", demo=True)
    world.change_client(demo)
    for survivor, absorbed in ((ana, demo.ref), (demo.ref, ana)):
        assert reason_of(lambda s=survivor, a=absorbed: world.staff().merge(s, [a])) is Reason.NOT_CHANGEABLE
    world.portal.notify(world.tenant, ana, "other", title="Kia ora Ana")
    world.deliver()
    assert world.box.messages == []


# --- where a browser is sent, and who may frame it -------------------------------------------------------------------


@pytest.mark.parametrize(
    "shop",
    [
        "//evil.example/shop",
        "///evil.example/shop",
        "////evil.example",
        "/\\evil.example",
        "https://kowhai.example@evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\tevil",
    ],
)
def test_a_gift_card_shop_is_never_somewhere_else_than_it_reads(memory_world: World, shop: str) -> None:
    """What a browser takes for another host, or runs, is no address of a shop: the platform is told."""
    memory_world.add_client("ana", "Ana Kingi", mobile=ANA)
    shows(memory_world, "gift_cards")
    with_section(memory_world, "gift_cards", shop=lambda _self: shop)
    door = memory_world.log_in(ANA)
    with pytest.raises(HostError, match="shop"):
        door.gift_card_shop()


def test_staffs_pages_are_in_no_entry_that_may_be_framed(world: World) -> None:
    """The widget is shown inside the business's own site, and whoever breaks into that one must not have Mia click
    "merge" underneath a game."""
    mia = StaffIdentity(actor="mia", permissions=frozenset(Permission))
    one = browser(world, staff=lambda _request: mia, widget_origins=("https://www.kowhai.example",))
    assert one.request("GET", f"{BASE}/staff").headers["x-frame-options"] == "DENY"
    for method, path in (("GET", "/staff"), ("GET", "/staff/duplicates"), ("POST", "/staff/merge")):
        response = one.request(method, f"{BASE}/widget{path}")
        assert response.status in (403, 404), path
        assert isinstance(response.body, bytes)
        assert b"Duplicates" not in response.body


def test_a_token_of_another_business_opens_no_page_here(world: World) -> None:
    """Ben's token is next door's. As a cookie it was never one here; as a bearer it is none either."""
    other = Neighbour(world)
    other.add_client("ben", "Ben Tait", mobile=ANA)
    token = other.sign_in(ANA).token.reveal()
    one = browser(world)
    for method, path in (("GET", "/api/profile"), ("GET", "/api/sessions"), ("POST", "/api/log-out")):
        response = one.request(method, f"{BASE}{path}", authorization=f"Bearer {token}")
        assert (response.status, json.loads(response.body)["error"]["reason"]) == (401, "session_ended")
    assert other.portal.client(token).profile().first_name == "Ben"


def test_asking_for_the_headers_alone_sees_no_document(world: World) -> None:
    """A checker of links asks by HEAD: what is new stays new for Ana (V4)."""
    open_papers(world)
    share(world, "plan", world.add_client("ana", "Ana Kingi", mobile=ANA), "plan.pdf")
    one = browser(world)
    one.sign_in(ANA)
    door = world.log_in(ANA)
    for _ in range(3):
        assert one.request("HEAD", f"{BASE}/documents").status == 200
    assert door.new_documents() == 1
    assert one.request("GET", f"{BASE}/documents").status == 200
    assert door.new_documents() == 0


# --- a provider that lies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ref", ["ch_1\x00", "\ud800", "ch_\x1b[31m", "'; drop table payments; --"])
def test_no_name_of_a_charge_keeps_the_money_out_of_the_books(world: World, ref: str) -> None:
    """The provider has charged, and calls the charge what no column can hold: it is paid, and booked, all the same."""
    shop = Shop(world)

    class OddNames(FakeProvider):
        def begin(self, charge: Charge) -> ChargeAnswer:
            return ChargeAnswer.paid(charge.amount, ref=ref)

    world.portal = world.make_portal(payments=OddNames())
    shop.invoice("cut", "65.00")
    paid = world.log_in("ana@example.co.nz").pay("cut", DUE)
    assert paid.state is PaymentState.PAID
    assert not shop.now("cut").due


# --- single appointments (A7) ----------------------------------------------------------------------------------------


@pytest.mark.requirement("A7")
def test_what_an_account_writes_does_not_go_along_with_an_appointment(world: World) -> None:
    """Ana sees a cut of her family's record and writes to the salon; staff then find that the cut is Ben's, and assign
    it to him. He reads nothing of hers, and she still does."""
    acuity(world)
    world.change_policy("visibility", sections=("bookings", "messages"))
    world.change_policy("portal", actions=None)
    ana, family = world.add_client("ana", "Ana Kingi"), world.add_client("family", "Family Kingi")
    world.book("cut", family, "2026-12-01 09:00")
    doors, accounts = [], []
    for name, ref in (("ana", ana), ("ben", None)):
        accounts.append(an_account(world, f"{name}@example.com", "2026-03-01 09:00", proved="2026-03-01 09:05"))
        if ref is not None:
            a_link(world, accounts[-1], ref)
        doors.append(world.portal.client(a_session(world, accounts[-1])))
    world.staff().assign("cut", accounts[0])
    doors[0].send_message("Please keep my new address from my brother.")
    world.staff().assign("cut", accounts[1])
    assert ids(doors[1].appointments()) == ["cut"]
    assert ids(doors[1].messages()) == []
    assert [one.text for one in doors[0].messages().items] == ["Please keep my new address from my brother."]
