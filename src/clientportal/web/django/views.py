"""The pages of the portal as one Django view."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from http.cookies import Morsel
from typing import Any
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from clientportal.doors.base import stepped
from clientportal.web.answers import unreadable
from clientportal.web.django.addresses import BACK, own_address
from clientportal.web.django.conf import configuration, pages
from clientportal.web.django.reports import hide_everything, log_without_address
from clientportal.web.django.templates_of import CURRENT
from clientportal.web.messages import MAX_BODY, BadRequest, Request, Response, SetCookie, TooLarge, peer_address
from clientportal.web.portal_pages import PortalPages
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "portal_pages"]


def _pages_of_the_portal(request: HttpRequest, rest: str = "", **_from_the_path: Any) -> HttpResponseBase:
    hide_everything(request)
    portal_pages = pages()
    current = CURRENT.set(request)
    try:
        answer = portal_pages.handle(_asked(request, rest))
    except BadRequest as error:
        accepted = request.headers.get("accept-language", "")
        answer = portal_pages.protected(unreadable(f"/{rest}", error, accepted))
    finally:
        CURRENT.reset(current)
    response = _said(portal_pages, request, answer)
    log_without_address(response, f"{_root(request, rest)}/")
    return response


def _outside_of_every_transaction(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """``ATOMIC_REQUESTS`` would make one transaction of a request. A wrong code must be counted, whatever becomes of
    the request that brought it, so the portal's operations commit by themselves.
    """
    for alias in connections:
        view = non_atomic_requests(using=alias)(view)
    return view


# Every form of the pages has a token of its own, bound to the portal's cookie and tied to the business, and the origin
# is checked besides (clientportal.web.protection): Django's token would be a second one, for a cookie of its own.
portal_pages = csrf_exempt(_outside_of_every_transaction(_pages_of_the_portal))
"""The view: ``path("portal/", include("clientportal.web.django.urls"))``. Under ASGI Django runs it in the thread that
it keeps for a request, with that thread's connection.
"""


def _asked(request: HttpRequest, rest: str) -> Request:
    return Request(
        method=str(request.method).upper(),
        path=f"/{rest}",
        root=quote(_root(request, rest)),
        query_string=str(request.META.get("QUERY_STRING", "")),
        headers=dict(request.headers.items()),
        body=_body(request),
        source=peer_address(configuration().source_of(request)),
        native=request,
    )


def _root(request: HttpRequest, rest: str) -> str:
    """What stands before the rest is where the project has mounted the pages, SCRIPT_NAME included."""
    return (request.path[: len(request.path) - len(rest)] if rest else request.path).rstrip("/")


def _body(request: HttpRequest) -> bytes:
    said = str(request.META.get("CONTENT_LENGTH") or "")
    if said.isascii() and said.isdigit() and len(said) < 12:
        if int(said) > MAX_BODY:
            raise TooLarge(f"a body has at most {MAX_BODY} bytes")
        return request.body
    # In pieces, without a length: no more is read than is used.
    return request.body if hasattr(request, "_body") else request.read(MAX_BODY + 1)


# --- what goes back


class _Cookie(Morsel[str]):
    """A cookie as the portal writes it. Python's own class knows ``Partitioned`` only from 3.14 on."""

    def __init__(self, cookie: SetCookie) -> None:
        super().__init__()
        self.set(cookie.name, cookie.value, quote(cookie.value, safe="-._~"))
        if cookie.max_age is not None:
            self["max-age"] = cookie.max_age
        self._header = cookie.header()

    def OutputString(self, attrs: object = None) -> str:  # noqa: N802
        """The text of the header."""
        return self._header


class _Finishing(HttpResponseBase):
    """A server closes a response when it is sent: then what is due is delivered, and nobody waits for a provider."""

    finish: Callable[[], None] | None = None

    def close(self) -> None:
        """Before Django gives its connections back: sending what is due needs one."""
        finish, self.finish = self.finish, None
        if finish is not None:
            finish()
        super().close()


class _Whole(_Finishing, HttpResponse):
    """A page, or a redirect: ``url`` is what Django's test client follows, and what ``assertRedirects`` compares."""

    @property
    def url(self) -> str:
        """Where it leads, as on Django's own redirects."""
        if "Location" not in self.headers:
            raise AttributeError("url: this is no redirect")
        return str(self.headers["Location"])


class _InPieces(_Finishing, StreamingHttpResponse):
    """A download."""


def _said(portal_pages: PortalPages, request: HttpRequest, answer: Response) -> HttpResponseBase:
    if isinstance(answer.body, bytes):
        response: _Whole | _InPieces = _Whole(answer.body, status=answer.status)
    else:
        pieces = stepped(answer.body) if isinstance(answer.body, AsyncIterator) else answer.body
        streamed = _awaited(pieces) if isinstance(request, ASGIRequest) else pieces
        response = _InPieces(streamed, status=answer.status)
    if "content-type" not in answer.headers:
        del response["content-type"]
    for name, value in answer.header_lines():
        if name != "set-cookie":
            response[name] = value
    for cookie in answer.cookies:
        # Past ``SimpleCookie``, which would make a cookie of its own of the text.
        dict[str, Any].__setitem__(response.cookies, cookie.name, _Cookie(cookie))
    # The pages say themselves who may frame them; those of the widget say it in their policy alone.
    setattr(response, "xframe_options_exempt", True)  # noqa: B010
    if configuration().given.get("deliver_after_response", True):
        response.finish = lambda: portal_pages.finish(answer)
    return response


async def _awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    def fetch() -> bytes | None:
        return next(pieces, None)

    while (piece := await sync_to_async(fetch)()) is not None:
        yield piece


# --- the way back


async def _back(visit: Visit) -> Response:
    address = own_address(visit.arguments["address"])
    if address is None:
        return visit.render("error.html", 404, title=visit.words("error.title"), text=visit.words("error.no_page"))
    return Response(status=303, headers={"location": quote(address, safe="/%?&=+~:,;@!$'()*#")})


ROUTES = (Route("GET", BACK, _back, Needs.SESSION),)
