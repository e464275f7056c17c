"""Every address of the JSON interface, and its description."""

from __future__ import annotations

from clientportal.web import api_bookings, api_login, api_own, api_sections
from clientportal.web.answers import json_answer
from clientportal.web.api import Endpoint, routes_of
from clientportal.web.messages import Response
from clientportal.web.openapi import describe
from clientportal.web.routing import Kind, Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ENDPOINTS", "ROUTES"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *api_login.ENDPOINTS,
    *api_bookings.ENDPOINTS,
    *api_sections.ENDPOINTS,
    *api_own.ENDPOINTS,
)


async def description(visit: Visit) -> Response:
    """OpenAPI 3.1."""
    return json_answer(
        describe(
            ENDPOINTS, visit.business.name, visit.site.origin(visit.tenant, visit.setup.branch) + visit.request.root
        )
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/openapi.json", description, Needs.NOTHING, kind=Kind.JSON),
    *routes_of(ENDPOINTS),
)
