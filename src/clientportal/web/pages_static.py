"""The stylesheets. Their addresses change with what is in them, so a browser may keep them for good."""

from __future__ import annotations

from clientportal.web.messages import Response
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def stylesheet(visit: Visit) -> Response:
    """How the pages look."""
    return _css(visit, visit.site.css, visit.site.css_version)


async def theme_sheet(visit: Visit) -> Response:
    """The business's colours."""
    return _css(visit, visit.theme.css.encode(), visit.theme.version)


def _css(visit: Visit, text: bytes, version: str) -> Response:
    headers = {"content-type": "text/css; charset=utf-8", "etag": f'"{version}"'}
    # An address with another version (a page that was open during an update) gets today's, but is not kept.
    fits = visit.arguments["version"] == f"{version}.css"
    headers["cache-control"] = "public, max-age=31536000, immutable" if fits else "no-cache"
    if visit.request.headers.get("if-none-match") == headers["etag"]:
        return Response(status=304, headers=headers)
    return Response(headers=headers, body=text)


ROUTES = (
    Route("GET", "/static/portal-{version}", stylesheet, Needs.NOTHING),
    Route("GET", "/static/theme-{version}", theme_sheet, Needs.NOTHING),
)
