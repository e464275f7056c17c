"""Pages of what a client holds: memberships, packages, gift cards, rewards, codes, cards (M4, M5, M6, M9, A15)."""

from __future__ import annotations

from clientportal.errors import Refused
from clientportal.web.messages import Response
from clientportal.web.refusals import NOT_ON_THE_PAGE, status_of
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "more_of"]


def more_of(visit: Visit, path: str, cursor: str | None) -> str | None:
    """The address of the next page of a list, if there is one."""
    return None if cursor is None else visit.url(path, after=cursor)


async def memberships(visit: Visit) -> Response:
    """Every membership ever bought."""
    page = await visit.client.memberships(after=visit.get("after"))
    return visit.render("memberships.html", page=page, more=more_of(visit, "/memberships", page.next))


async def membership(visit: Visit) -> Response:
    """One of them: its contract, its charges, and when each batch of credits ends."""
    seen = await visit.client.membership(visit.arguments["id"])
    return visit.render("membership.html", seen=seen, one=seen.membership)


async def packages(visit: Visit) -> Response:
    """Every package, what is left of it, and whether it still counts."""
    page = await visit.client.packages(after=visit.get("after"))
    return visit.render("packages.html", page=page, more=more_of(visit, "/packages", page.next))


async def gift_cards(visit: Visit) -> Response:
    """Gift cards received and bought, and the way to buy another."""
    page = await visit.client.gift_cards(after=visit.get("after"))
    try:
        shop = await visit.client.gift_card_shop()
    except Refused:
        shop = None
    return visit.render("gift_cards.html", page=page, shop=shop, more=more_of(visit, "/gift-cards", page.next))


async def rewards(visit: Visit) -> Response:
    """Balances of points or money."""
    page = await visit.client.rewards(after=visit.get("after"))
    return visit.render("rewards.html", page=page, more=more_of(visit, "/rewards", page.next))


async def codes(visit: Visit) -> Response:
    """The codes that can be used today."""
    return visit.render("codes.html", found=await visit.client.codes())


async def cards(visit: Visit) -> Response:
    """Saved cards: brand, last four digits, expiry."""
    return await _cards(visit)


async def _cards(visit: Visit, refused: str = "", status: int = 200) -> Response:
    page = await visit.client.cards(after=visit.get("after"))
    can = {name: entry.actions for entry in await visit.client.sections() if (name := entry.name)}
    removable = "remove" in can.get("payment_methods", ())
    more = more_of(visit, "/payment-methods", page.next)
    return visit.render("cards.html", status, page=page, more=more, removable=removable, refused=refused)


async def card_first(visit: Visit) -> Response:
    """Sure?"""
    id = visit.arguments["id"]
    card = await visit.client.section_item("payment_methods", id)
    return visit.render("card_remove.html", card=card)


async def remove_card(visit: Visit) -> Response:
    """Remove a card; why not, where it has to stay."""
    try:
        await visit.client.remove_card(visit.arguments["id"], key=visit.once)
    except Refused as error:
        if error.reason in NOT_ON_THE_PAGE:
            raise
        return await _cards(visit, visit.says(error), status_of(error.reason))
    return visit.redirect("/payment-methods", notice="cards.removed")


_CARD = "/payment-methods/{id}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/memberships", memberships, section="memberships", menu="menu.memberships"),
    Route("GET", "/memberships/{id}", membership, section="memberships"),
    Route("GET", "/packages", packages, section="packages", menu="menu.packages"),
    Route("GET", "/gift-cards", gift_cards, section="gift_cards", menu="menu.gift_cards"),
    Route("GET", "/rewards", rewards, section="rewards", menu="menu.rewards"),
    Route("GET", "/codes", codes, section="codes", menu="menu.codes"),
    Route("GET", "/payment-methods", cards, section="payment_methods", menu="menu.payment_methods"),
    Route("GET", f"{_CARD}/remove", card_first, section="payment_methods"),
    Route("POST", f"{_CARD}/remove", remove_card, section="payment_methods"),
)
"""Every address of what clients hold."""
