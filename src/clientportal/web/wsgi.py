"""The pages as a WSGI application: Flask, Django, and every other server that speaks it.

::

    application = DispatcherMiddleware(flask_app, {"/portal": pages.wsgi()})
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from clientportal.doors import AsyncPortal
from clientportal.doors.base import stepped
from clientportal.errors import InvalidInput
from clientportal.web.answers import unreadable
from clientportal.web.messages import MAX_BODY, BadRequest, Body, Request, Response, TooLarge, peer_address

if TYPE_CHECKING:
    from clientportal.web.portal_pages import PortalPages

__all__ = ["WsgiApp"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class WsgiApp:
    """Made by ``pages.wsgi()``; for a plain portal. ``source`` is as in ``asgi``."""

    def __init__(self, pages: PortalPages, *, source: Callable[[Environ], str | None] | None = None) -> None:
        if isinstance(pages.portal, AsyncPortal):
            raise InvalidInput("WSGI has no event loop for an AsyncPortal: use asgi(), or a Portal")
        self._pages = pages
        self._source = source or _peer

    def __call__(self, environ: Environ, start_response: StartResponse) -> _Sent:
        try:
            response = self._pages.handle(self._request(environ))
        except BadRequest as error:
            path = str(environ.get("PATH_INFO", ""))
            response = self._pages.protected(unreadable(path, error, str(environ.get("HTTP_ACCEPT_LANGUAGE", ""))))
        phrase = HTTPStatus(response.status).phrase
        start_response(f"{response.status} {phrase}", response.header_lines())
        return _Sent(self._pages, response)

    def _request(self, environ: Environ) -> Request:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        # WSGI hands over bytes as latin-1 text (PEP 3333).
        path = str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")
        return Request(
            method=str(environ["REQUEST_METHOD"]).upper(),
            path=path or "/",
            root=str(environ.get("SCRIPT_NAME", "")).rstrip("/"),
            query_string=str(environ.get("QUERY_STRING", "")),
            headers=headers,
            body=_body(environ),
            source=self._source(environ),
            native=environ,
        )


class _Sent:
    """The pieces of a response. A server calls ``close`` when it has sent them: then what is due is delivered."""

    def __init__(self, pages: PortalPages, response: Response) -> None:
        self._pages = pages
        self._response = response
        self._pieces = _pieces(response.body)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """The response has been sent."""
        self._pages.finish(self._response)


def _peer(environ: Environ) -> str | None:
    return peer_address(str(environ.get("REMOTE_ADDR", "")))


def _body(environ: Environ) -> bytes:
    said = str(environ.get("CONTENT_LENGTH") or "0")
    if not (said.isascii() and said.isdigit()):
        raise BadRequest("Content-Length is a number")
    if len(said) > 12 or int(said) > MAX_BODY:
        raise TooLarge(f"a body has at most {MAX_BODY} bytes")
    body: bytes = environ["wsgi.input"].read(int(said)) if int(said) else b""
    return body


def _pieces(body: Body) -> Iterator[bytes]:
    if isinstance(body, bytes):
        return iter((body,))
    return stepped(body) if isinstance(body, AsyncIterator) else body
