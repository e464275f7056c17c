"""M4, M5, M6 (and T8's rewards): what a client has bought, was given and has earned, on every store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts_ground import a_link, a_session, an_account
from clientportal import Business, InvalidCursor, InvalidInput, Money, Reason, RecordRef
from clientportal.errors import HostError
from clientportal.operations.trusting import CheckedHost
from clientportal.values import Secret
from clientportal.values.gift_cards import GiftCardSide
from clientportal.values.memberships import CreditBatch, MembershipStatus
from clientportal.values.packages import PackageState
from clientportal.values.rewards import RewardBalance
from held import gift_card, membership, package, points, shows, with_section
from mails import acuity
from watching import reason_of
from world import World, at

ANA = "021 123 4567"


def anas(world: World) -> tuple[RecordRef, Any]:
    """Ana with a session, at a business that shows all that clients hold."""
    shows(world)
    ref = world.add_client("ana", "Ana Kingi", mobile=ANA)
    return ref, world.log_in(ANA)


def ids(page: Any) -> list[str]:
    """What is on a page, in order."""
    return [one.id for one in page.items]


# --- M4: memberships -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M4")
def test_every_membership_ever_bought_is_listed_in_any_status(world: World) -> None:
    """Five of Ana's, one in each status: all are there, the latest bought first; Ben's is not."""
    ana, door = anas(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    for number, status in enumerate(MembershipStatus, start=1):
        world.seed("add_items", [membership(f"m{number}", ana, f"202{number}-01-05 09:00", status=status)])
    world.seed("add_items", [membership("bens", ben)])
    page = door.memberships()
    assert ids(page) == ["m5", "m4", "m3", "m2", "m1"]
    assert {one.status for one in page.items} == set(MembershipStatus)
    assert (page.zone, page.today, page.next) == ("Pacific/Auckland", date(2026, 11, 21), None)


@pytest.mark.requirement("M4")
def test_the_details_name_period_credits_charges_and_the_end_of_each_batch(world: World) -> None:
    """A year's contract in dollars, with visits and money in batches: what can be used, what has expired, exactly."""
    ana, door = anas(world)
    batches = (
        CreditBatch(for_what="Cut", credits=2, last_day=date(2026, 12, 31)),
        CreditBatch(for_what="Cut", credits=1, last_day=date(2026, 10, 31)),
        CreditBatch(for_what="Anything", value=Money("12.34", "NZD"), last_day=date(2026, 11, 30)),
        CreditBatch(for_what="Treatments", credits=4),
        CreditBatch(for_what="Cut", credits=3, last_day=date(2026, 11, 20)),
    )
    gold = membership(
        "gold",
        ana,
        "2026-01-05 09:00",
        first_day=date(2026, 1, 5),
        last_day=date(2027, 1, 4),
        price=Money("89.00", "NZD"),
        last_charge=at("2026-11-05 03:00"),
        last_charged=Money("89.00", "NZD"),
        next_charge=at("2026-12-05 03:00"),
        credits=batches,
    )
    world.seed("add_items", [gold])
    seen = door.membership("gold")
    kept = seen.membership
    assert (kept.first_day, kept.last_day, seen.over) == (date(2026, 1, 5), date(2027, 1, 4), False)
    assert (kept.last_charge, kept.next_charge) == (at("2026-11-05 03:00"), at("2026-12-05 03:00"))
    assert (kept.price, kept.last_charged) == (Money("89.00", "NZD"), Money("89.00", "NZD"))
    assert [(one.credits, one.value, one.last_day) for one in seen.usable] == [
        (None, Money("12.34", "NZD"), date(2026, 11, 30)),
        (2, None, date(2026, 12, 31)),
        (4, None, None),
    ]
    assert [one.last_day for one in seen.expired] == [date(2026, 11, 20), date(2026, 10, 31)]


@pytest.mark.requirement("M4")
@pytest.mark.parametrize(
    ("zone", "last_day", "before", "after"),
    [
        # Clocks go back at 3:00, so the day has 25 hours; forward at 2:00: 23 hours; and at midnight itself.
        ("Pacific/Auckland", date(2027, 4, 4), "2027-04-04T11:59:59+00:00", "2027-04-04T12:00:00+00:00"),
        ("Pacific/Auckland", date(2026, 9, 27), "2026-09-27T10:59:59+00:00", "2026-09-27T11:00:00+00:00"),
        ("Asia/Beirut", date(2026, 3, 28), "2026-03-28T21:59:59+00:00", "2026-03-28T22:00:00+00:00"),
        ("America/Havana", date(2026, 10, 31), "2026-11-01T03:59:59+00:00", "2026-11-01T04:00:00+00:00"),
    ],
)
def test_a_last_day_ends_at_midnight_where_the_business_is(
    memory_world: World, zone: str, last_day: date, before: str, after: str
) -> None:
    """Usable in the last second of the day, expired in the next, also where the clocks change that night."""
    world = memory_world
    shows(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.seed("add_business", Business(world.tenant, "Kōwhai Hair", zone))
    world.seed("add_items", [membership("m", ana, credits=(CreditBatch(credits=1, last_day=last_day),))])
    world.clock.set(datetime.fromisoformat(before).astimezone(UTC) - timedelta(minutes=30))
    door = world.log_in(ANA)
    for instant, usable in ((before, 1), (after, 0)):
        world.clock.set(datetime.fromisoformat(instant).astimezone(UTC))
        details = door.membership("m")
        assert (len(details.usable), len(details.expired)) == (usable, 1 - usable)


@pytest.mark.requirement("M4")
def test_it_is_there_where_it_is_activated_and_shown_alike(world: World) -> None:
    """Shown and not activated, activated and not shown: absent from the menu, and refused by the server either way."""
    ana, door = anas(world)
    world.seed("add_items", [membership("gold", ana)])
    assert "memberships" in [one.name for one in door.sections()]
    shows(world, "packages")
    for call in (door.memberships, lambda: door.membership("gold"), lambda: door.section("memberships")):
        assert reason_of(call) is Reason.DISABLED
    shows(world)
    with_section(world, "memberships", active=lambda _self: False)
    door = world.log_in(ANA)
    for call in (door.memberships, lambda: door.membership("gold"), lambda: door.section("memberships")):
        assert reason_of(call) is Reason.DISABLED
    assert "memberships" not in [one.name for one in door.sections()]
    assert ids(door.packages()) == []


@pytest.mark.requirement("M4")
@pytest.mark.parametrize("id", ["bens", "nothing", "", "x" * 5000, "go\x00ld", "\ud800", "gold' OR 1=1--", "%"])
def test_what_is_somebody_elses_is_like_what_is_nobodys(world: World, id: str) -> None:
    """Ben's membership, none at all, and text that is no id of anything: not found, for Ana."""
    ana, door = anas(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.seed("add_items", [membership("gold", ana), membership("bens", ben)])
    assert reason_of(lambda: door.membership(id)) is Reason.NOT_FOUND


# --- M5: packages ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M5")
def test_every_package_is_listed_with_the_visits_left(world: World) -> None:
    """Active, used up, expired yesterday, good until tonight, cancelled: all listed, with what they are good for."""
    ana, door = anas(world)
    world.seed(
        "add_items",
        [
            package("active", ana, 7, "2026-05-01 09:00"),
            package("used", ana, 0, "2026-04-01 09:00"),
            package("expired", ana, 3, "2026-03-01 09:00", last_day=date(2026, 11, 20)),
            package("tonight", ana, 1, "2026-02-01 09:00", last_day=date(2026, 11, 21)),
            package("stopped", ana, 2, "2026-01-01 09:00", cancelled=True, price=Money("450.00", "NZD")),
        ],
    )
    page = door.packages()
    assert ids(page) == ["active", "used", "expired", "tonight", "stopped"]
    assert [one.credits_left for one in page.items] == [7, 0, 3, 1, 2]
    assert [page.states[one.id] for one in page.items] == [
        PackageState.ACTIVE,
        PackageState.USED_UP,
        PackageState.EXPIRED,
        PackageState.ACTIVE,
        PackageState.CANCELLED,
    ]
    assert page.over == {"expired"}


@pytest.mark.requirement("M5")
def test_packages_have_a_flag_of_their_own(world: World) -> None:
    """Memberships shown and packages not: the one is there, the other refused."""
    ana, door = anas(world)
    world.seed("add_items", [package("ten", ana), membership("gold", ana)])
    shows(world, "memberships")
    assert ids(door.memberships()) == ["gold"]
    assert reason_of(door.packages) is Reason.DISABLED


# --- M6: gift cards --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M6")
def test_gift_cards_received_and_purchased_are_listed_with_their_balance(world: World) -> None:
    """One from a friend, one kept, one given to Ben: with balance, worth, code and last day; Ben sees his side."""
    ana, door = anas(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.seed(
        "add_items",
        [
            gift_card("from-zoe", ana, balance="35.50", worth=Money("50.00", "NZD"), giver="Zoë", message="Happy 40th"),
            gift_card("kept", ana, "bought", "20.00", last_day=date(2026, 11, 20), bought_at=at("2026-09-01 12:00")),
            gift_card("to-ben-a", ana, "given", "80.00", receiver="Ben", bought_at=at("2026-08-01 12:00")),
            gift_card("to-ben-b", ben, balance="80.00", giver="Ana", bought_at=at("2026-08-01 12:00")),
        ],
    )
    page = door.gift_cards()
    assert ids(page) == ["from-zoe", "kept", "to-ben-a"]
    assert [one.purchased for one in page.items] == [False, True, True]
    assert [one.balance for one in page.items] == [Money(text, "NZD") for text in ("35.50", "20.00", "80.00")]
    assert (page.items[0].worth, page.items[0].giver, page.items[0].message) == (
        Money("50", "NZD"),
        "Zoë",
        "Happy 40th",
    )
    assert page.items[0].code.reveal() == "CODE-from-zoe"
    assert page.over == {"kept"}
    assert [one.side for one in world.log_in("021 765 4321").gift_cards().items] == [GiftCardSide.RECEIVED]


@pytest.mark.requirement("M6")
def test_the_code_of_a_gift_card_stands_in_no_repr_and_no_audit(world: World) -> None:
    """It is money, and the words on the card are personal: neither answer nor decision prints them."""
    ana, door = anas(world)
    world.seed("add_items", [gift_card("zoe", ana, giver="Zoë Secret", message="Very private")])
    page = door.gift_cards()
    said = repr((page, world.observed.all, door.section("gift_cards"), door.section_item("gift_cards", "zoe")))
    for word in ("CODE-zoe", "Zoë Secret", "Very private"):
        assert word not in said
    assert page.items[0].code == Secret("CODE-zoe")


@pytest.mark.requirement("M6")
def test_more_are_bought_at_the_platforms_own_shop(world: World) -> None:
    """The address is the platform's; where it sells none online, or the business has not named it, it is refused."""
    _, door = anas(world)
    assert reason_of(door.gift_card_shop) is Reason.DISABLED
    with_section(world, "gift_cards", shop=lambda _self: "https://kowhai.example/gift-cards?from=portal")
    door = world.log_in(ANA)
    assert door.gift_card_shop() == "https://kowhai.example/gift-cards?from=portal"
    (entry,) = [one for one in door.sections() if one.name == "gift_cards"]
    assert entry.actions == ("buy",)
    world.change_policy("portal", actions=frozenset({"payment_methods.remove"}))
    assert reason_of(door.gift_card_shop) is Reason.DISABLED


@pytest.mark.requirement("M6")
@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("/shop", True),
        ("https://kowhai.example/", True),
        ("javascript:alert(1)", False),
        ("//evil.example/", False),
        ("/\\evil.example", False),
        ("https:///nowhere", False),
        ("http://[", False),
        ("shop", False),
        ("https://kowhai.example/\r\nSet-Cookie: a=b", False),
        (7, False),
    ],
)
def test_an_address_that_is_none_is_the_platforms_mistake(memory_world: World, address: object, good: bool) -> None:
    """A script, another host in disguise, a line break: not handed to a page, but named as an error of the adapter."""
    anas(memory_world)
    with_section(memory_world, "gift_cards", shop=lambda _self: address)
    door = memory_world.log_in(ANA)
    if good:
        assert door.gift_card_shop() == address
    else:
        with pytest.raises(HostError, match=r"gift_cards\.shop"):
            door.gift_card_shop()


# --- T8: rewards -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("T8")
def test_rewards_are_balances_of_points_or_money(world: World) -> None:
    """430 points and 12.50 dollars of store credit; exact, each with its last day."""
    ana, door = anas(world)
    credit = RewardBalance(
        id="credit",
        ref=ana,
        name="Store credit",
        balance=Money("12.50", "NZD"),
        last_day=date(2026, 11, 20),
        changed_at=at("2026-10-01 09:00"),
    )
    world.seed("add_items", [points("points", ana, 430, changed_at=at("2026-11-01 09:00")), credit])
    page = door.rewards()
    assert [(one.points, one.balance) for one in page.items] == [(430, None), (None, Money("12.50", "NZD"))]
    assert page.over == {"credit"}


@pytest.mark.requirement("T8")
def test_a_balance_has_points_or_money_and_never_both() -> None:
    """Neither, both, half a point: said at once, with what would be right."""
    ref = RecordRef.client("ana")
    for wrong in ({}, {"points": 1, "balance": Money("1", "NZD")}, {"points": -1}, {"points": True}, {"points": 1.5}):
        with pytest.raises(InvalidInput):
            RewardBalance(id="r", ref=ref, name="Points", **wrong)  # type: ignore[arg-type]


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M4", "M5", "M6")
def test_pages_go_by_key_while_things_are_bought(world: World) -> None:
    """Seven in pages of three, with one bought before and one after the reader's place in between: none twice, none
    left out; a cursor of one list is none of another, nor of another business.
    """
    ana, door = anas(world)
    day = at("2026-01-01 09:00")
    bought = [day + timedelta(days=number) for number in range(7)]
    world.seed("add_items", [membership(f"m{n}", ana, f"{when:%Y-%m-%d %H:%M}") for n, when in enumerate(bought)])
    first = door.memberships(limit=3)
    world.seed(
        "add_items", [membership("newest", ana, "2026-11-20 09:00"), membership("oldest", ana, "2020-01-01 09:00")]
    )
    second = door.memberships(after=first.next, limit=3)
    third = door.memberships(after=second.next, limit=3)
    assert [*ids(first), *ids(second), *ids(third)] == ["m6", "m5", "m4", "m3", "m2", "m1", "m0", "oldest"]
    assert third.next is None
    for cursor in (first.next[:-2], "rubbish", "\ud800", first.next + "A"):
        with pytest.raises(InvalidCursor):
            door.memberships(after=cursor)
    with pytest.raises(InvalidCursor):
        door.packages(after=first.next)
    for limit in (0, 201, "3"):
        with pytest.raises(InvalidInput):
            door.memberships(limit=limit)


@pytest.mark.requirement("M4", "M5", "M6")
def test_merged_records_bring_what_they_hold_and_an_undo_takes_it_back(world: World) -> None:
    """Ana's twin has one of each: the session shows both after the merge, and Ana's own alone after the undo; and the
    plan counts all of it once, to the cent.
    """
    ana, door = anas(world)
    twin = world.add_client("twin", "Ana Kingi")
    world.seed(
        "add_items",
        [
            *(
                membership(id, ref, credits=(CreditBatch(value=Money("0.10", "NZD")),))
                for id, ref in (("m1", ana), ("m2", twin))
            ),
            *(package(id, ref) for id, ref in (("p1", ana), ("p2", twin))),
            gift_card("g1", ana, balance="0.10"),
            gift_card("g2", twin, balance="0.20"),
            gift_card("g3", twin, "given", "500.00"),
            points("r1", twin, 40),
        ],
    )
    plan = world.staff().plan_merge(ana, twin)
    counted = {(one.kind.value, one.amount, one.credits): one.count for one in plan.holdings.together}
    assert counted == {
        ("membership", Money("0.20", "NZD"), None): 2,
        ("package", None, 10): 2,
        ("gift_card", Money("0.30", "NZD"), None): 2,
        ("balance", None, 40): 1,
    }
    merged = world.staff().merge(ana, twin)
    seen = (sorted(ids(door.memberships())), sorted(ids(door.packages())), sorted(ids(door.gift_cards())))
    assert seen == (["m1", "m2"], ["p1", "p2"], ["g1", "g2", "g3"])
    assert ids(door.rewards()) == ["r1"]
    assert door.membership("m2").membership.ref == twin
    world.staff().undo(merged.merges[0])
    assert (ids(door.memberships()), ids(door.packages()), ids(door.gift_cards())) == (["m1"], ["p1"], ["g1"])
    assert reason_of(lambda: door.membership("m2")) is Reason.NOT_FOUND


@pytest.mark.requirement("M4", "M5", "M6")
def test_rows_that_follow_a_merge_are_shown_and_counted_as_before(world: World) -> None:
    """With ``merging.reassign`` the platform moves the rows: the client sees the same, ids and refs and all, and after
    the undo every row is as it was.
    """
    ana, door = anas(world)
    twin = world.add_client("twin", "Ana Kingi")
    world.seed("add_items", [membership("m1", ana), membership("m2", twin), package("p2", twin), gift_card("g2", twin)])
    world.change_policy("merging", reassign=True)
    before = world.ask("holdings", [ana, twin])
    merged = world.staff().merge(ana, twin)
    assert merged.moved["items"] == 3
    assert [(one.id, one.ref) for one in door.memberships().items] == [("m2", twin), ("m1", ana)]
    assert door.membership("m2").membership.name == "M2"
    assert sorted(world.ask("holdings", [ana, twin]), key=str) == sorted(before, key=str)
    undone = world.staff().undo(merged.merges[0])
    assert undone.moved["items"] == 3
    assert ids(door.memberships()) == ["m1"]
    assert reason_of(lambda: door.membership("m2")) is Reason.NOT_FOUND
    assert sorted(world.ask("holdings", [ana, twin]), key=str) == sorted(before, key=str)


@pytest.mark.requirement("M4")
def test_where_single_appointments_are_shown_the_linked_records_count(world: World) -> None:
    """An account at a business of Acuity's kind holds what its linked record has; an unlinked one with the same email
    brings nothing (A7).
    """
    acuity(world)
    shows(world)
    ref = world.add_client("ana", "Ana Kingi", email="ana@example.com")
    other = world.add_client("other", "Ana Other", email="ana@example.com")
    world.seed("add_items", [membership("hers", ref), membership("not-hers", other)])
    account = an_account(world, "ana@example.com", "2026-03-01 09:00", proved="2026-03-01 09:05")
    door = world.portal.client(a_session(world, account))
    assert ids(door.memberships()) == []
    a_link(world, account, ref)
    assert ids(door.memberships()) == ["hers"]
    assert reason_of(lambda: door.membership("not-hers")) is Reason.NOT_FOUND


@pytest.mark.requirement("X7")
def test_an_erased_client_leaves_the_books_and_nothing_personal(world: World) -> None:
    """What was sold stays, with its sums; what was written on a gift card is gone; everything was in the export."""
    ana, _ = anas(world)
    world.seed(
        "add_items",
        [
            membership("m", ana),
            package("p", ana),
            gift_card("g", ana, giver="Zoë", receiver="Ana", message="Happy 40th"),
        ],
    )
    before = world.ask("holdings", [ana])
    handed = world.staff().export_person(ana).held["items"]
    assert sorted(one["kind"] for one in handed) == ["GiftCard", "Membership", "Package"]
    assert "CODE-g" not in repr(handed)
    world.staff().erase(ana, reason="asked to be forgotten")
    assert sorted(world.ask("holdings", [ana]), key=str) == sorted(before, key=str)

    async def kept_card() -> Any:
        async with world.store.begin(world.tenant, world.host, writes=False) as unit:
            section = await CheckedHost(unit.host).section("gift_cards")
            assert section is not None
            return await section.one("g")

    kept = world.run(kept_card())
    assert (kept.giver, kept.receiver, kept.message, kept.balance) == ("", "", "", Money("50.00", "NZD"))
    assert world.staff().erase(ana, reason="again").already
