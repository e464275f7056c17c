"""The same pages under ASGI and WSGI: mounted by one line, streamed, and the pump after the response."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from wsgiref.validate import validator

import httpx
import pytest
from starlette.applications import Starlette

from clientportal import AsyncPortal, InvalidInput
from clientportal.web import Needs, PortalPages, Request, Response, Route, Visit
from clientportal.web.messages import MAX_BODY
from web.browser import Browser, pages
from world import World

NUMBER = "021 123 4567"


def run(world: World, coroutine: Any) -> Any:
    """On the loop of the world, where it has one: its connections belong there."""
    return world.run(coroutine) if world.awaited else asyncio.run(coroutine)


def token_in(html: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="_token" value="(\w+)"', html)
    assert found is not None
    return found[1]


def test_a_client_signs_in_over_asgi_below_a_mount(world: World) -> None:
    """``app.mount("/change", pages.asgi())`` in Starlette, with cookies as a browser keeps them."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    app = Starlette()
    app.mount("/change", pages(world).asgi())

    async def story() -> str:
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 123))
        async with httpx.AsyncClient(
            transport=transport, base_url="https://kowhai.example", follow_redirects=True
        ) as web:
            page = await web.get("/change/sign-in")
            assert page.status_code == 200
            fields = {"_token": token_in(page.text), "contact": NUMBER}
            page = await web.post("/change/sign-in", data=fields, headers={"sec-fetch-site": "same-origin"})
            assert page.url.path == "/change/sign-in/code"
            fields = {"_token": token_in(page.text), "code": world.code_in(world.box.messages[-1])}
            page = await web.post("/change/sign-in/code", data=fields, headers={"sec-fetch-site": "same-origin"})
            assert page.status_code == 200
            head = await web.head("/change/home")
            assert (head.status_code, head.content) == (200, b"")
            return (await web.get("/change/home")).text

    assert "Hello Ana" in run(world, story())


def test_fastapi_mounts_the_same_way(memory_world: World) -> None:
    """One line there, too; its own pages stay."""
    from fastapi import FastAPI

    app = FastAPI()
    app.mount("/portal", pages(memory_world).asgi())

    async def story() -> tuple[int, int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://kowhai.example") as web:
            return (await web.get("/portal/sign-in")).status_code, (await web.get("/docs")).status_code

    assert asyncio.run(story()) == (200, 200)


def scope(path: str = "/", **more: Any) -> dict[str, Any]:
    """A bare request, as a server hands it over."""
    return {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", **more}


class Wire:
    """What a server sends and receives, written down."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.incoming = list(messages) or [{"type": "http.request", "body": b""}]
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        """The next message of the browser."""
        return self.incoming.pop(0)

    async def send(self, message: Any) -> None:
        """A message to the browser."""
        self.sent.append(dict(message))

    @property
    def status(self) -> int:
        """The status that was sent."""
        return int(self.sent[0]["status"])


def test_the_message_leaves_when_the_response_has_been_sent(world: World) -> None:
    """Not before: a slow provider keeps nobody waiting; and a provider that fails changes nothing on the page."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    site = pages(world)
    seen: list[int] = []
    one = Browser(world, site, pumps=False)
    one.open("/sign-in")
    form = one.page.form("/sign-in")  # type: ignore[union-attr]
    response = one.request("POST", form.action, {**form.fields, "contact": NUMBER}, sec_fetch_site="same-origin")
    seen.append(len(world.box.messages))
    one.finish(response)
    seen.append(len(world.box.messages))
    assert (response.status, seen) == (303, [0, 1])
    world.clock.advance(timedelta(minutes=11))
    world.box.fails = [RuntimeError("the provider is down")]
    again = one.request("POST", form.action, {**form.fields, "contact": NUMBER}, sec_fetch_site="same-origin")
    one.finish(again)
    assert again.status == 303


async def _sync_download(_visit: Visit) -> Response:
    def pieces() -> Iterator[bytes]:
        yield b"one "
        yield b""
        yield b"two"

    return Response(headers={"content-type": "text/plain"}, body=pieces())


async def _async_download(_visit: Visit) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    return Response(headers={"content-type": "text/plain"}, body=pieces())


DOWNLOADS = (
    Route("GET", "/plain", _sync_download, Needs.NOTHING),
    Route("GET", "/awaited", _async_download, Needs.NOTHING),
)


def test_a_download_is_streamed_piece_by_piece(world: World) -> None:
    """Pieces of a plain iterator and of an awaited one, an empty one in the middle too; the headers are a page's."""
    app = pages(world, routes=DOWNLOADS).asgi()
    for path in ("/plain", "/awaited"):
        wire = Wire()
        run(world, app(scope(path), wire.receive, wire.send))
        assert b"".join(message.get("body", b"") for message in wire.sent) == b"one two"
        assert len(wire.sent) >= 4
        assert b"content-length" not in dict(wire.sent[0]["headers"])
        assert b"content-security-policy" in dict(wire.sent[0]["headers"])


def test_a_body_without_end_is_cut_off(memory_world: World) -> None:
    """As it comes in, before it is kept."""
    wire = Wire(*[{"type": "http.request", "body": b"x" * 100_000, "more_body": True}] * (MAX_BODY // 100_000 + 2))
    asyncio.run(pages(memory_world).asgi()(scope("/sign-in", method="POST"), wire.receive, wire.send))
    assert wire.status == 413
    assert wire.incoming


def test_a_browser_that_hangs_up_gets_nothing(memory_world: World) -> None:
    """And nothing is done for it."""
    wire = Wire({"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"})
    asyncio.run(pages(memory_world).asgi()(scope("/sign-in", method="POST"), wire.receive, wire.send))
    assert wire.sent == []


def test_served_alone_it_starts_and_stops(memory_world: World) -> None:
    """A server asks whether to start; other kinds of connection are not answered."""
    wire = Wire({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    asyncio.run(pages(memory_world).asgi()({"type": "lifespan"}, wire.receive, wire.send))
    assert [message["type"] for message in wire.sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    wire = Wire()
    asyncio.run(pages(memory_world).asgi()({"type": "websocket"}, wire.receive, wire.send))
    assert wire.sent == []


def test_a_path_without_its_mount_is_read_too(memory_world: World) -> None:
    """Some servers leave the mount out of the path; the addresses on the page have it all the same."""
    for path in ("/portal/sign-in", "/sign-in"):
        wire = Wire()
        asyncio.run(pages(memory_world).asgi()(scope(path, root_path="/portal"), wire.receive, wire.send))
        assert wire.status == 200
        assert b'action="/portal/sign-in"' in wire.sent[1]["body"]


def test_the_source_may_be_told_by_the_host(memory_world: World) -> None:
    """Behind a proxy the host says which header it trusts; nothing is read from headers by itself."""
    seen: list[str | None] = []

    async def where(visit: Visit) -> Response:
        seen.append(visit.request.source)
        return Response()

    site = pages(memory_world, routes=[Route("GET", "/where", where, Needs.NOTHING)])
    spoofed = scope("/where", client=("192.0.2.7", 1), headers=[(b"x-forwarded-for", b"203.0.113.9")])
    for app in (site.asgi(), site.asgi(source=lambda given: dict(given["headers"])[b"x-forwarded-for"].decode())):
        wire = Wire()
        asyncio.run(app(spoofed, wire.receive, wire.send))
    assert seen == ["192.0.2.7", "203.0.113.9"]


# --- WSGI ------------------------------------------------------------------------------------------------------------


class Wsgi:
    """A WSGI server and browser in one."""

    def __init__(self, app: Any) -> None:
        self.app = validator(app)
        self.cookies: dict[str, str] = {}
        self.closed_after: int | None = None

    def __call__(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[str, dict[str, str], str]:
        """(status, headers, text)."""
        body = urlencode(fields or {}).encode()
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "/change",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "kowhai.example",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "HTTP_SEC_FETCH_SITE": "same-origin",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if method == "POST":
            environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/x-www-form-urlencoded"}
        answered: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answered.update(status=status, headers=headers)
            return lambda _piece: None

        pieces = self.app(environ, start_response)
        text = b"".join(pieces).decode()
        pieces.close()
        for name, value in answered["headers"]:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answered["status"], dict(answered["headers"]), text


def test_a_client_signs_in_over_wsgi(world: World) -> None:
    """The standard's own validator stands between; an AsyncPortal is refused when the application is made."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    site = pages(world)
    if isinstance(site.portal, AsyncPortal):
        with pytest.raises(InvalidInput, match="asgi"):
            site.wsgi()
        return
    web = Wsgi(site.wsgi())
    status, headers, text = web("GET", "/sign-in")
    assert status == "200 OK"
    status, headers, text = web("POST", "/sign-in", {"_token": token_in(text), "contact": NUMBER})
    assert (status, headers["location"]) == ("303 See Other", "/change/sign-in/code")
    _, _, text = web("GET", "/sign-in/code")
    code = world.code_in(world.box.messages[-1])
    status, headers, _ = web("POST", "/sign-in/code", {"_token": token_in(text), "code": code})
    assert headers["location"] == "/change/start"
    assert "Hello Ana" in web("GET", "/home")[2]


def test_wsgi_streams_and_bounds(memory_world: World) -> None:
    """Both kinds of pieces; a length that is no number, or too long, is refused before a byte is read."""
    app = pages(memory_world, routes=DOWNLOADS).wsgi()
    web = Wsgi(app)
    for path in ("/plain", "/awaited"):
        assert web("GET", path)[2] == "one two"
    for length, status in (("x", "400"), (str(MAX_BODY + 1), "413"), ("9" * 40, "413"), ("-1", "400")):
        seen: list[str] = []
        app(
            {"REQUEST_METHOD": "POST", "PATH_INFO": "/sign-in", "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO()},
            lambda said, _headers, _seen=seen: _seen.append(said),
        )
        assert seen[0].startswith(status)


def test_an_async_portal_is_awaited(world: World) -> None:
    """``handle`` says so, in place of failing somewhere inside."""
    site: PortalPages = pages(world)
    if world.awaited:
        with pytest.raises(InvalidInput, match="handle_async"):
            site.handle(Request(method="GET"))
    else:
        assert site.handle(Request(method="GET")).status == 200


def test_what_is_no_portal_or_business_is_refused_at_once(memory_world: World) -> None:
    """When the pages are made, with a word on what would be right."""
    with pytest.raises(InvalidInput, match="AsyncPortal"):
        PortalPages("portal", "salon")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="business"):
        PortalPages(memory_world.portal, 7)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="templates"):
        pages(memory_world, templates="no/such/folder")
