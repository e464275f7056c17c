"""MyTime: a parent with businesses under it: what a shared database shares, and what separate ones do not (M6).

Kōwhai Hair has three salons in Auckland, Ponsonby, Newmarket and Takapuna, on one database; the tenant is the parent.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Business, HostError, InvalidInput, Money, Policy, Reason, presets
from clientportal.policy import SecondFactorUse, Window
from clientportal.values import Branding, ItemPage
from held import card, gift_card, membership, with_section
from mails import quick
from own_sections import add_card, has_stamp_cards
from password_ground import RIGHT, add_account, log_in
from security.attacking import Neighbour
from watching import reason_of, refusal_of
from world import AUCKLAND, World, client

pytestmark = pytest.mark.requirement("M6")

ANA = "ana@example.com"
BRANCHES = ("ponsonby", "newmarket", "takapuna")


class Chain:
    """Three salons, with Ana as a client of them all; each may have a policy of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parent = quick(presets.mytime(region="NZ"))
        self.own: dict[str, Policy] = {}
        has_stamp_cards(world)
        world.portal = world.make_portal(policy=self.policy_of)
        for branch in BRANCHES:
            look = Branding(colour="#1f4e6b", phone=f"09 555 {branch}")
            world.seed("add_business", Business(branch, f"Kōwhai {branch.title()}", AUCKLAND, look), branch=branch)
        world.use(self.parent)
        self.ana = world.add_client("ana", "Ana Kingi", email=ANA, mobile="021 123 4567")
        add_account(world, ANA, ref=self.ana)
        self.token = log_in(world, ANA).token

    def policy_of(self, business: str) -> Policy:
        """What the portal asks: the parent by its name, a salon as ``parent/salon``."""
        _, _, branch = business.partition("/")
        return self.own.get(branch, self.parent)

    def at(self, branch: str, **more: Any) -> Any:
        """Ana's one session, at a salon's door; empty: at the parent's own."""
        return self.world.portal.client(self.token, branch=branch, **more)

    def differs(self, branch: str, group: str, **settings: Any) -> None:
        """A salon chooses something for itself."""
        policy = self.own.get(branch, self.parent)
        self.own[branch] = evolve(policy, **{group: evolve(getattr(policy, group), **settings)})


@pytest.fixture
def chain(world: World) -> Chain:
    """The three salons, and Ana's session."""
    return Chain(world)


def ids(page: Any) -> list[str]:
    """What is on a page."""
    return [one.id for one in page.items]


# --- one database ----------------------------------------------------------------------------------------------------


def test_gift_cards_are_shown_at_every_salon_and_the_rest_where_it_was_bought(chain: Chain) -> None:
    """A card given in Ponsonby is worth something in Takapuna; the membership of Ponsonby is Ponsonby's, that of the
    whole chain everybody's; at the parent's own door all is there.
    """
    ana = chain.ana
    chain.world.seed(
        "add_items",
        [
            gift_card("voucher", ana, business="ponsonby"),
            gift_card("thanks", ana, business="newmarket", bought_at=chain.world.clock()),
            membership("gold", ana, business="ponsonby"),
            membership("silver", ana, "2026-05-01 09:00", business="newmarket"),
            membership("chain", ana, "2026-06-01 09:00"),
        ],
    )
    for branch in (*BRANCHES, ""):
        assert ids(chain.at(branch).gift_cards()) == ["thanks", "voucher"], branch
    assert ids(chain.at("ponsonby").memberships()) == ["chain", "gold"]
    assert ids(chain.at("newmarket").memberships()) == ["chain", "silver"]
    assert ids(chain.at("takapuna").memberships()) == ["chain"]
    assert ids(chain.at("").memberships()) == ["chain", "silver", "gold"]
    assert chain.at("ponsonby").membership("gold").membership.business == "ponsonby"
    assert reason_of(lambda: chain.at("newmarket").membership("gold")) is Reason.NOT_FOUND


def test_pages_stay_full_whatever_is_left_out(chain: Chain) -> None:
    """Ninety memberships, every third Ponsonby's: its pages of ten are pages of ten, each once, none of the others'."""
    items = [
        membership(f"m{n:03}", chain.ana, f"2020-01-{n % 28 + 1:02} 09:00", business=BRANCHES[n % 3]) for n in range(90)
    ]
    chain.world.seed("add_items", items)
    door, found, after = chain.at("ponsonby"), [], None
    while True:
        page = door.memberships(after=after, limit=10)
        found += ids(page)
        after = page.next
        if after is None:
            break
        assert len(page.items) == 10
    assert sorted(found) == [f"m{n:03}" for n in range(0, 90, 3)]


def test_appointments_are_shown_where_they_are(chain: Chain) -> None:
    """A cut in Ponsonby, one in Newmarket: each at its own door, both at the parent's; by id as well."""
    world = chain.world
    world.book("p1", chain.ana, "2026-12-01 09:00", business="ponsonby")
    world.book("n1", chain.ana, "2026-12-02 09:00", business="newmarket")
    assert ids(chain.at("ponsonby").appointments()) == ["p1"]
    assert ids(chain.at("newmarket").appointments()) == ["n1"]
    assert ids(chain.at("takapuna").appointments()) == []
    assert ids(chain.at("").appointments()) == ["p1", "n1"]
    assert [one.id for one in chain.at("newmarket").dashboard().upcoming] == ["n1"]
    assert reason_of(lambda: chain.at("newmarket").appointment("p1")) is Reason.NOT_FOUND
    assert reason_of(lambda: chain.at("newmarket").cancel("p1")) is Reason.NOT_FOUND
    door = world.staff(branch="newmarket")
    assert reason_of(lambda: door.cancel("p1")) is Reason.NOT_FOUND
    assert door.cancel("n1").appointment.id == "n1"
    assert world.staff().cancel("p1").appointment.id == "p1"


def test_what_the_parent_shares_is_its_own_choice(chain: Chain) -> None:
    """It may share the bookings as well, and keep gift cards apart; a salon's own wish changes nothing."""
    world = chain.world
    world.seed("add_items", [gift_card("voucher", chain.ana, business="ponsonby")])
    world.book("p1", chain.ana, "2026-12-01 09:00", business="ponsonby")
    chain.differs("newmarket", "franchise", shares={"bookings", "gift_cards", "memberships"})
    assert ids(chain.at("newmarket").appointments()) == []
    chain.parent = evolve(chain.parent, franchise=evolve(chain.parent.franchise, shares={"bookings"}))
    assert ids(chain.at("newmarket").gift_cards()) == []
    assert ids(chain.at("newmarket").appointments()) == ["p1"]
    # Seen at Newmarket, changed in Ponsonby.
    assert reason_of(lambda: chain.at("newmarket").cancel("p1")) is Reason.NOT_CHANGEABLE
    assert chain.at("ponsonby").cancel("p1").appointment.id == "p1"


def test_each_salon_has_its_own_name_and_look(chain: Chain) -> None:
    """On its public page, on the dashboard, and in the code that it sends."""
    world = chain.world
    visitor = world.portal.visitor(world.tenant, branch="takapuna")
    assert visitor.welcome().business.name == "Kōwhai Takapuna"
    assert chain.at("newmarket").dashboard().business.name == "Kōwhai Newmarket"
    assert chain.at("").dashboard().business.name == "Kōwhai Hair"
    visitor.request_reset(ANA)
    world.deliver()
    assert world.box.messages[-1].subject == "Your new password at Kōwhai Takapuna"
    with pytest.raises(HostError, match="no business 'henderson'"):
        world.portal.visitor(world.tenant, branch="henderson").welcome()
    for branch in ("a/b", "x" * 201, "a\x00b"):
        with pytest.raises(InvalidInput, match="branch names a business"):
            world.portal.visitor(world.tenant, branch=branch)


# --- no gain by the laxer door ---------------------------------------------------------------------------------------


def test_a_session_gains_nothing_at_the_salon_with_the_laxer_rules(chain: Chain) -> None:
    """Ponsonby keeps 48 hours, Newmarket none: what is in Ponsonby is cancelled neither at Newmarket's door nor at the
    parent's, whatever their windows say; and what belongs to the chain itself is changed at the chain's.
    """
    world = chain.world
    tomorrow = "2026-11-22 09:00"
    world.book("p1", chain.ana, tomorrow, business="ponsonby")
    world.book("c1", chain.ana, tomorrow)
    lax = Window(amount=0)
    chain.differs("ponsonby", "changes", cancel=Window(amount=48))
    chain.differs("newmarket", "changes", cancel=lax, move=lax)
    chain.parent = evolve(
        chain.parent,
        changes=evolve(chain.parent.changes, cancel=lax),
        franchise=evolve(chain.parent.franchise, shares={"bookings"}),
    )
    assert reason_of(lambda: chain.at("ponsonby").cancel("p1")) is Reason.TOO_LATE
    for branch in ("newmarket", ""):
        refused = refusal_of(lambda branch=branch: chain.at(branch).cancel("p1"))
        assert refused.reason is Reason.NOT_CHANGEABLE
        assert "the business of the franchise that it belongs to" in refused.staff_text
        assert chain.at(branch).change_terms("p1").cancel.refusal.reason is Reason.NOT_CHANGEABLE
    assert reason_of(lambda: chain.at("newmarket").cancel("c1")) is Reason.NOT_CHANGEABLE
    assert chain.at("").cancel("c1").appointment.id == "c1"


def test_a_link_is_bound_by_the_rules_of_where_the_appointment_is(chain: Chain) -> None:
    """The link of a cut in Ponsonby, opened by Newmarket's door or the parent's: it does nothing there."""
    world = chain.world
    world.book("p1", chain.ana, "2026-12-01 09:00", business="ponsonby")
    link = world.staff().appointment_link("p1")
    at_newmarket = world.portal.visitor(world.tenant, branch="newmarket")
    assert reason_of(lambda: at_newmarket.cancel_by_link(link)) is Reason.LINK_GONE
    assert reason_of(lambda: world.visitor().cancel_by_link(link)) is Reason.NOT_CHANGEABLE
    at_ponsonby = world.portal.visitor(world.tenant, branch="ponsonby")
    assert at_ponsonby.cancel_by_link(link).appointment.id == "p1"


def test_sections_and_actions_are_only_ever_taken_away(chain: Chain) -> None:
    """Newmarket would show codes and let everything be done; its parent does neither, so neither is there. Takapuna
    shows less, and lets less be done, than its parent.
    """
    chain.world.seed("add_items", [card("visa", chain.ana)])
    allowed = {"bookings.cancel", "payment_methods.remove"}
    chain.parent = evolve(chain.parent, portal=evolve(chain.parent.portal, actions=allowed))
    chain.differs("newmarket", "portal", actions=None)
    chain.differs("newmarket", "visibility", sections=(*chain.parent.visibility.sections, "codes"))
    chain.differs("takapuna", "portal", actions={"bookings.cancel", "account.change_email"})
    chain.differs("takapuna", "visibility", sections=("account", "bookings", "payment_methods"))
    newmarket, takapuna = chain.at("newmarket"), chain.at("takapuna")
    assert reason_of(newmarket.codes) is Reason.DISABLED
    assert reason_of(lambda: newmarket.change_email("ana@new.example")) is Reason.DISABLED
    assert reason_of(lambda: takapuna.change_email("ana@new.example")) is Reason.DISABLED
    assert reason_of(takapuna.gift_cards) is Reason.DISABLED
    assert reason_of(lambda: takapuna.remove_card("visa")) is Reason.DISABLED
    assert newmarket.remove_card("visa").action == "remove"


def test_how_clients_prove_who_they_are_is_the_parents_at_every_door(chain: Chain) -> None:
    """The parent asks for an authenticator app, Newmarket's own policy does not: who logs in at Newmarket's door is
    asked for it all the same, and the session is no further at any other door.
    """
    chain.differs("newmarket", "accounts", second_factor=SecondFactorUse.OFF)
    accounts = evolve(chain.parent.accounts, second_factor=SecondFactorUse.REQUIRED)
    chain.parent = evolve(chain.parent, accounts=accounts)
    world = chain.world
    world.clock.advance(timedelta(minutes=11))
    signed_in = world.portal.visitor(world.tenant, branch="newmarket").log_in(ANA, RIGHT)
    for branch in (*BRANCHES, ""):
        door = world.portal.client(signed_in.token, branch=branch)
        assert reason_of(door.profile) is Reason.ENROL_FIRST


def test_items_of_another_salon_are_looked_at_and_not_acted_on(chain: Chain) -> None:
    """Stamp cards are shared: the one of Ponsonby is seen in Newmarket, and redeemed in Ponsonby; that of the chain
    anywhere.
    """
    world = chain.world
    sections = (*chain.parent.visibility.sections, "stamp_cards")
    chain.parent = evolve(
        chain.parent,
        visibility=evolve(chain.parent.visibility, sections=sections),
        franchise=evolve(chain.parent.franchise, shares={"stamp_cards"}),
    )
    add_card(world, "p", chain.ana, 30, business="ponsonby")
    add_card(world, "c", chain.ana, 20)
    newmarket = chain.at("newmarket")
    assert ids(newmarket.section("stamp_cards")) == ["p", "c"]
    assert newmarket.section_item("stamp_cards", "p").stamps == 30
    assert reason_of(lambda: newmarket.act("stamp_cards", "redeem", item="p")) is Reason.NOT_CHANGEABLE
    assert newmarket.act("stamp_cards", "redeem", item="c").item == "c"
    assert chain.at("ponsonby").act("stamp_cards", "redeem", item="p").item == "p"


def test_a_platform_that_forgets_the_business_is_found_out(chain: Chain) -> None:
    """Its page answers with what Ponsonby has, though Newmarket asked: an error, and not somebody's membership."""
    foreign = membership("gold", client("ana"), business="ponsonby")
    with_section(chain.world, "memberships", page=lambda _self, _refs, _after, _limit: ItemPage((foreign,)))
    chain.world.portal = chain.world.make_portal(policy=chain.policy_of)
    with pytest.raises(HostError, match=r"was asked at 'newmarket' and answered with what 'ponsonby' has"):
        chain.at("newmarket").memberships()
    assert ids(chain.at("ponsonby").memberships()) == ["gold"]


# --- a database each -------------------------------------------------------------------------------------------------


def test_franchises_with_databases_of_their_own_share_nothing(world: World) -> None:
    """Hamilton and Rotorua are tenants of their own: the gift card bought in Hamilton is absent in Rotorua, where the
    same email is another client, and a session counts in its own alone.
    """
    hamilton, rotorua = world, Neighbour(world)
    for franchise in (hamilton, rotorua):
        franchise.use(quick(presets.mytime(region="NZ")))
        ana = franchise.add_client("ana", "Ana Kingi", email=ANA)
        add_account(franchise, ANA, ref=ana)
    hamilton.seed("add_items", [gift_card("voucher", client("ana"), "bought")])
    in_hamilton = hamilton.client(log_in(hamilton, ANA))
    in_rotorua = rotorua.client(log_in(rotorua, ANA))
    assert [(one.id, one.balance) for one in in_hamilton.gift_cards().items] == [("voucher", Money("50.00", "NZD"))]
    assert in_rotorua.gift_cards().items == ()
    assert reason_of(lambda: in_rotorua.section_item("gift_cards", "voucher")) is Reason.NOT_FOUND
