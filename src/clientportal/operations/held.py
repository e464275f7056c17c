"""What a client holds: memberships, packages, gift cards, rewards (M4, M5, M6, T8). Rules: ``rules/expiring.py``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import HostError
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.sections import item_of, open_section
from clientportal.operations.sessions import Nothing
from clientportal.outcomes.held import HeldPage, MembershipDetails, PackagePage
from clientportal.policy import Policy
from clientportal.rules.expiring import batches_apart, business_day, is_over, package_state
from clientportal.values import ItemPage
from clientportal.values.gift_cards import GiftCard
from clientportal.values.memberships import Membership
from clientportal.values.rewards import RewardBalance

__all__ = [
    "GIFT_CARDS",
    "GIFT_CARD_SHOP",
    "MEMBERSHIP",
    "MEMBERSHIPS",
    "PACKAGES",
    "REWARDS",
    "HeldById",
    "HeldSeen",
    "ListHeld",
    "held_page",
    "loading",
]


@frozen
class ListHeld(Paged):
    """From where, and how many."""

    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


@frozen
class HeldById:
    """Which one."""

    id: str


@frozen
class HeldSeen:
    """A page as the platform gave it, and the zone that its days are meant by."""

    page: ItemPage[Any]
    zone: str


# --- pages -----------------------------------------------------------------------------------------------------------


def loading(section: str) -> Callable[[Reading, ListHeld], Awaitable[HeldSeen]]:
    """The loader of one section's page."""

    async def load(reading: Reading, asked: ListHeld) -> HeldSeen:
        opened = await open_section(reading, section)
        zone = (await reading.host.business()).zone
        if not opened.refs:
            return HeldSeen(ItemPage(), zone)
        return HeldSeen(await opened.port.page(opened.refs, asked.after, asked.limit), zone)

    return load


def held_page(seen: HeldSeen, _asked: object, _policy: Policy, now: datetime) -> Decision[HeldPage[Any]]:
    """The page, with what is over by the business's calendar."""
    today = business_day(seen.zone, now)
    items = tuple(item.as_shown() for item in seen.page.items)
    over = frozenset(item.id for item in items if is_over(item.last_day, today))
    page = HeldPage(items=items, next=seen.page.next, zone=seen.zone, today=today, over=over)
    return grant(page, _because(len(items), len(over)))


def _because(items: int, over: int) -> Because:
    return Because("expiring.is_over", (("items", str(items)), ("over", str(over))))


MEMBERSHIPS = Operation[ListHeld, HeldSeen, HeldPage[Membership]](
    name="memberships", load=loading("memberships"), decide=held_page, writes=False
)
GIFT_CARDS = Operation[ListHeld, HeldSeen, HeldPage[GiftCard]](
    name="gift_cards", load=loading("gift_cards"), decide=held_page, writes=False
)
REWARDS = Operation[ListHeld, HeldSeen, HeldPage[RewardBalance]](
    name="rewards", load=loading("rewards"), decide=held_page, writes=False
)


def _package_page(seen: HeldSeen, _asked: object, _policy: Policy, now: datetime) -> Decision[PackagePage]:
    """The same, and what each package is good for (M5)."""
    today = business_day(seen.zone, now)
    items = seen.page.items
    over = frozenset(item.id for item in items if is_over(item.last_day, today))
    states = {item.id: package_state(item, today) for item in items}
    page = PackagePage(items=items, next=seen.page.next, zone=seen.zone, today=today, over=over, states=states)
    return grant(page, _because(len(items), len(over)))


PACKAGES = Operation[ListHeld, HeldSeen, PackagePage](
    name="packages", load=loading("packages"), decide=_package_page, writes=False
)


# --- one membership --------------------------------------------------------------------------------------------------


async def _load_membership(reading: Reading, asked: HeldById) -> tuple[Membership, str]:
    membership: Membership = await item_of(await open_section(reading, "memberships"), asked.id)
    return membership, (await reading.host.business()).zone


def _details(
    seen: tuple[Membership, str], _asked: object, _policy: Policy, now: datetime
) -> Decision[MembershipDetails]:
    """The contract, its charges, and its credits with the end of each batch (M4)."""
    membership, zone = seen
    today = business_day(zone, now)
    usable, expired = batches_apart(membership.credits, today)
    details = MembershipDetails(
        membership=membership,
        usable=usable,
        expired=expired,
        zone=zone,
        today=today,
        over=is_over(membership.last_day, today),
    )
    facts = (("usable", str(len(usable))), ("expired", str(len(expired))))
    return grant(details, Because("expiring.batches_apart", facts))


MEMBERSHIP = Operation[HeldById, tuple[Membership, str], MembershipDetails](
    name="membership", load=_load_membership, decide=_details, subject=lambda asked: asked.id[:200], writes=False
)


# --- buying a gift card ----------------------------------------------------------------------------------------------


async def _load_shop(reading: Reading, _asked: Nothing) -> str:
    opened = await open_section(reading, "gift_cards", "buy")
    shop: object = await opened.port.ask("shop")
    if shop is None:
        because = Because("who_may_see.judge_action", (("action", "gift_cards.buy"), ("sold online", "no")))
        raise Denied(Refusal(Reason.DISABLED, because))
    if not isinstance(shop, str) or not _is_address(shop):
        raise HostError("gift_cards.shop() answers with an address (https://…, or a path such as /shop) or None")
    return shop


def _is_address(text: str) -> bool:
    """Whether a browser may be sent there: a page of the web, or a path of this very site. What runs as a script is
    none, nor is a path that a browser reads as another host.
    """
    if not text.isprintable() or any(one in text for one in " \\"):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if parts.scheme or parts.netloc:
        return parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    # However many slashes begin it, a browser reads what follows two of them as a host.
    return text.startswith("/") and not text.startswith("//")


def _shop(seen: str, _asked: object, _policy: Policy, _now: datetime) -> Decision[str]:
    return grant(seen, Because("who_may_see.judge_action", (("action", "gift_cards.buy"), ("sold online", "yes"))))


GIFT_CARD_SHOP = Operation[Nothing, str, str](name="gift_card_shop", load=_load_shop, decide=_shop, writes=False)
"""Where a client buys another gift card (M6)."""
