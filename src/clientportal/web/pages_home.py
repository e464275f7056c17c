"""What a client sees first after the login."""

from __future__ import annotations

from clientportal.web.messages import Response
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def home(visit: Visit) -> Response:
    """The dashboard."""
    return visit.render("home.html", profile=await visit.client.profile())


ROUTES = (Route("GET", "/home", home, menu="menu.home"),)
