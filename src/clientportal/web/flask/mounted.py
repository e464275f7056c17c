"""What one application has of a portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import flask
from attrs import field, frozen

from clientportal.doors import ClientDoor, Portal
from clientportal.errors import InvalidInput
from clientportal.web.messages import Request
from clientportal.web.portal_pages import PortalPages

__all__ = ["Business", "Mounted", "Source", "mounted_here"]

Business = str | Callable[[Request], str]
Source = Callable[[flask.Request], str | None]


@frozen
class Mounted:
    """The portal, its pages and where they are; kept in ``app.extensions["clientportal"]``."""

    portal: Portal = field(repr=False)
    pages: PortalPages = field(repr=False)
    blueprint: str
    business: Business
    businesses: tuple[str, ...]
    pumps: bool
    source: Source = field(repr=False)

    def request(self, *, path: str = "/", root: str = "", body: bytes = b"") -> Request:
        """The request that Flask is at, as the pages know requests."""
        asked = flask.request
        return Request(
            method=asked.method,
            path=path,
            root=root,
            query_string=asked.query_string.decode("latin-1"),
            headers=dict(asked.headers),
            body=body,
            source=self.source(asked),
            native=cast("Any", asked)._get_current_object(),
        )

    def business_of(self, request: Request) -> tuple[str, str]:
        """Whose portal this request is about, and which business of a franchise."""
        business = self.business if isinstance(self.business, str) else self.business(request)
        tenant, _, branch = business.partition("/")
        return tenant, branch

    def client(self) -> ClientDoor:
        """The session of the browser that Flask is answering, by its cookie alone: nothing is read from the store."""
        request = self.request()
        tenant, branch = self.business_of(request)
        jar = self.pages.site.jar_of(request, tenant, branch)
        language = jar.read(request, "language")
        return self.portal.client(jar.token(request), branch=branch, language=language)


def mounted_here() -> Mounted:
    """The portal of the application that is answering, or whose command runs."""
    mounted: Mounted | None = flask.current_app.extensions.get("clientportal")
    if mounted is None:
        raise InvalidInput("this application has no client portal: call ClientPortal(…).init_app(app)")
    return mounted
