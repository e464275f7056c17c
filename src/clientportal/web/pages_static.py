"""The stylesheets and the icon. Their addresses change with what is in them, so a browser may keep them for good."""

from __future__ import annotations

from clientportal.web.messages import Response
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def stylesheet(visit: Visit) -> Response:
    """How the pages look."""
    return _kept(visit, visit.site.css, f"{visit.site.css_version}.css", "text/css")


async def theme_sheet(visit: Visit) -> Response:
    """The business's colours."""
    return _kept(visit, visit.theme.css.encode(), f"{visit.theme.version}.css", "text/css")


async def icon(visit: Visit) -> Response:
    """The tab's icon of a business that has none of its own: else browsers ask the host's root for one, in vain."""
    return _kept(visit, visit.theme.icon.encode(), f"{visit.theme.version}.svg", "image/svg+xml")


def _kept(visit: Visit, text: bytes, version: str, kind: str) -> Response:
    headers = {"content-type": f"{kind}; charset=utf-8", "etag": f'"{version.partition(".")[0]}"'}
    # An address with another version (a page that was open during an update) gets today's, but is not kept.
    fits = visit.arguments["version"] == version
    headers["cache-control"] = "public, max-age=31536000, immutable" if fits else "no-cache"
    if visit.request.headers.get("if-none-match") == headers["etag"]:
        return Response(status=304, headers=headers)
    return Response(headers=headers, body=text)


ROUTES = (
    Route("GET", "/static/portal-{version}", stylesheet, Needs.NOTHING),
    Route("GET", "/static/theme-{version}", theme_sheet, Needs.NOTHING),
    Route("GET", "/static/icon-{version}", icon, Needs.NOTHING),
)
