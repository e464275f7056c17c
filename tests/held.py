"""What clients hold, for the tests: memberships, packages, gift cards, rewards and saved cards, one line each."""

from __future__ import annotations

from typing import Any

from clientportal import Money, RecordRef
from clientportal.policy import VisibilityPolicy
from clientportal.stores.memory import MemoryHost
from clientportal.values.cards import Card
from clientportal.values.gift_cards import GiftCard
from clientportal.values.memberships import Membership
from clientportal.values.packages import Package, PackageCredits
from clientportal.values.rewards import RewardBalance
from world import World, at

__all__ = [
    "HELD",
    "card",
    "gift_card",
    "holds_one_of_each",
    "membership",
    "package",
    "points",
    "shows",
    "with_section",
]

HELD = ("memberships", "packages", "gift_cards", "rewards", "payment_methods")


def membership(id: str, ref: RecordRef, bought: str = "2026-03-01 09:00", **more: Any) -> Membership:
    """A membership named by its id."""
    more.setdefault("status", "active")
    return Membership(id=id, ref=ref, name=id.title(), bought_at=at(bought), **more)


def package(id: str, ref: RecordRef, left: int = 5, bought: str = "2026-03-01 09:00", **more: Any) -> Package:
    """A package of ten cuts."""
    return Package(
        id=id,
        ref=ref,
        name=id.title(),
        bought_at=at(bought),
        credits=(PackageCredits(for_what="Cut", bought=10, left=left),),
        **more,
    )


def gift_card(id: str, ref: RecordRef, side: str = "received", balance: str = "50.00", **more: Any) -> GiftCard:
    """A gift card in New Zealand dollars, whose code is made of its id."""
    more.setdefault("bought_at", at("2026-10-01 12:00"))
    return GiftCard(id=id, ref=ref, side=side, balance=Money(balance, "NZD"), code=f"CODE-{id}", **more)


def points(id: str, ref: RecordRef, count: int, **more: Any) -> RewardBalance:
    """A balance of points."""
    return RewardBalance(id=id, ref=ref, name=id.title(), points=count, **more)


def card(id: str, ref: RecordRef, last_four: str = "4242", **more: Any) -> Card:
    """A saved Visa that expires at the end of April 2029, with a token made of its id."""
    more.setdefault("saved_at", at("2026-02-01 09:00"))
    more.setdefault("expires_year", 2029)
    more.setdefault("expires_month", 4)
    return Card(id=id, ref=ref, brand="Visa", last_four=last_four, token=f"tok_{id}", **more)


def shows(world: World, *names: str) -> None:
    """The portal shows these besides the account and the bookings; without names, all that clients hold."""
    world.change_policy("visibility", sections=(*VisibilityPolicy().sections, *(names or HELD)))


def with_section(world: World, name: str, **attributes: Any) -> None:
    """The platform's section of that name behaves otherwise from now on: methods that a subclass brings.

    A host elsewhere, and the in-memory one, are called plainly; the SQL host may be, too.
    """
    kind = next(one for one in world.host.sections if one.name == name)
    other = type(f"Other{kind.__name__}", (kind,), attributes)
    sections = tuple(other if one is kind else one for one in world.host.sections)
    base = "Memory" if issubclass(world.host, MemoryHost) else "Sql"
    world.host = type(f"Other{base}Host", (world.host,), {"sections": sections})
    world.portal = world.make_portal()


def holds_one_of_each(world: World, ref: RecordRef, id: str) -> None:
    """Somebody has one of everything under that id, besides what is shown already; and gift cards are sold online."""
    if not any(one.__name__.startswith("Selling") for one in world.host.__mro__):
        with_section(world, "gift_cards", shop=lambda _self: "/gift-cards")
        world.host = type("SellingHost", (world.host,), {})
        world.portal = world.make_portal()
    shown = world.policy.visibility.sections
    world.change_policy("visibility", sections=tuple(dict.fromkeys((*shown, *HELD, "codes"))))
    world.seed(
        "add_items", [membership(id, ref), package(id, ref), gift_card(id, ref), points(id, ref, 10), card(id, ref)]
    )
