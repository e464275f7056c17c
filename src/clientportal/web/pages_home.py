"""What a client sees first after the login."""

from __future__ import annotations

from clientportal.decisions import Reason
from clientportal.errors import Refused
from clientportal.outcomes.dashboard import Call
from clientportal.web.messages import Response
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


_PAGES = {
    "bookings": "/bookings",
    "account": "/account",
    "documents": "/documents",
    "forms": "/forms",
    "payments": "/payments",
    "messages": "/messages",
    "notifications": "/notifications",
    "memberships": "/memberships",
    "packages": "/packages",
    "gift_cards": "/gift-cards",
    "rewards": "/rewards",
    "codes": "/codes",
    "payment_methods": "/payment-methods",
    "pets": "/pets",
    "preferences": "/preferences",
    "referrals": "/referrals",
}
"""Where the page of each section is."""


async def home(visit: Visit) -> Response:
    """The dashboard: what is due, what is new, what comes next, and what can be done (V4)."""
    seen = await visit.client.dashboard()
    calls = [(call, _where(visit, call)) for call in seen.calls]
    try:
        name = (await visit.client.profile()).first_name
    except Refused as error:
        if error.reason is not Reason.DISABLED:
            raise
        name = None
    return visit.render(
        "home.html", seen=seen, name=name, calls=[(call, address) for call, address in calls if address]
    )


def _where(visit: Visit, call: Call) -> str | None:
    """Where a button leads: the business's own address, or the page on which the thing is done."""
    if call.url is not None:
        return call.url
    page = _PAGES.get(call.section or "")
    return None if page is None else visit.url(page)


ROUTES = (Route("GET", "/home", home, menu="menu.home"),)
