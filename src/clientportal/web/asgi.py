"""The pages as an ASGI application, without any framework.

::

    app = Starlette()                       # or FastAPI()
    app.mount("/portal", pages.asgi())
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from clientportal.web.answers import unreadable
from clientportal.web.messages import MAX_BODY, BadRequest, Body, Request, Response, TooLarge, peer_address

if TYPE_CHECKING:
    from clientportal.web.portal_pages import PortalPages

__all__ = ["AsgiApp"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class AsgiApp:
    """Made by ``pages.asgi()``.

    ``source`` says which address a request came from, for a server behind a proxy whose headers *you* trust; else it is
    the one that the server names.
    """

    def __init__(self, pages: PortalPages, *, source: Callable[[Scope], str | None] | None = None) -> None:
        self._pages = pages
        self._source = source or _peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            response = await self._pages.handle_async(await self._request(scope, receive))
        except _Gone:
            return
        except BadRequest as error:
            response = self._pages.protected(unreadable(str(scope["path"]), error, _accepted(scope)))
        await _send(response, send)
        await self._pages.finish_async(response)

    async def _request(self, scope: Scope, receive: Receive) -> Request:
        root = str(scope.get("root_path", "")).rstrip("/")
        path = str(scope["path"])
        # ASGI says that the path has the mount in front; some servers leave it out.
        if root and (path == root or path.startswith(f"{root}/")):
            path = path[len(root) :]
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower()
            # A cookie header may come in pieces (RFC 9113, 8.2.3).
            joint = "; " if key == "cookie" else ", "
            headers[key] = (
                f"{headers[key]}{joint}{value.decode('latin-1')}" if key in headers else value.decode("latin-1")
            )
        return Request(
            method=str(scope["method"]).upper(),
            path=path or "/",
            root=root,
            query_string=scope.get("query_string", b"").decode("latin-1"),
            headers=headers,
            body=await _body(receive),
            source=self._source(scope),
            native=scope,
        )


class _Gone(Exception):
    """The browser has hung up."""


def _peer(scope: Scope) -> str | None:
    client = scope.get("client")
    return None if client is None else peer_address(str(client[0]))


def _accepted(scope: Scope) -> str:
    named = (value for name, value in scope["headers"] if name == b"accept-language")
    return str(next(named, b"").decode("latin-1"))


async def _body(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        piece = message.get("body", b"")
        size += len(piece)
        if size > MAX_BODY:
            raise TooLarge(f"a body has at most {MAX_BODY} bytes")
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


async def _send(response: Response, send: Send) -> None:
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.header_lines()]
    await send({"type": "http.response.start", "status": response.status, "headers": lines})
    if isinstance(response.body, bytes):
        await send({"type": "http.response.body", "body": response.body})
        return
    async for piece in _pieces(response.body):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _pieces(body: Body) -> AsyncIterator[bytes]:
    """The pieces of a body; those of a plain iterator are fetched in a thread, since it may wait for a disk."""
    if isinstance(body, bytes):
        yield body
    elif isinstance(body, AsyncIterator):
        async for piece in body:
            yield piece
    else:
        while True:
            fetched: bytes | None = await asyncio.to_thread(_next, body)
            if fetched is None:
                return
            yield fetched


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)


async def _lifespan(receive: Receive, send: Send) -> None:
    """There is nothing to start or stop; served alone, a server asks all the same."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
