"""A browser of the simplest kind, for the pages of a world: it keeps cookies, fills in forms and presses buttons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from attrs import define, field, frozen

from clientportal.web import PortalPages, Request, Response
from web.html_checks import check_html
from world import World

__all__ = ["BASE", "Browser", "Page", "browser", "pages"]

BASE = "https://kowhai.example/change"
"""Where the portal of a world says that its pages are."""


def pages(world: World, **more: Any) -> PortalPages:
    """The pages over a world's portal."""
    return PortalPages(getattr(world.portal, "_awaited", world.portal), world.tenant, **more)


@frozen
class SentForm:
    """A form of a page: where it goes, and what it holds already."""

    action: str
    fields: Mapping[str, str]
    buttons: tuple[tuple[str, str, str], ...]
    method: str = "get"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._link: str | None = None
        self._button: list[str] | None = None
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(
                {"action": given.get("action", ""), "method": given.get("method", "get"), "f": {}, "b": []}
            )
        elif tag == "input" and self.forms and given.get("name"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.forms[-1]["f"][given["name"]] = given.get("value", "")
        elif tag == "textarea" and self.forms:
            self._area = given.get("name", "")
            self.forms[-1]["f"][self._area] = ""
        elif tag == "select" and self.forms:
            self._select = given.get("name", "")
        elif tag == "option" and self._select is not None:
            if "selected" in given or self._select not in self.forms[-1]["f"]:
                self.forms[-1]["f"][self._select] = given.get("value", "")
        elif tag == "button" and self.forms:
            self._button = [given.get("name", ""), given.get("value", ""), ""]
        elif tag == "a":
            self._link = given.get("href", "")
            self.links.append((self._link, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button is not None:
            self.forms[-1]["b"].append(tuple(self._button))
            self._button = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1]["f"][self._area] += data
        self.texts.append(data)
        if self._button is not None:
            self._button[2] += data.strip()
        if self._link is not None:
            href, text = self.links[-1]
            self.links[-1] = (href, text + data.strip())


@frozen
class Page:
    """What a browser shows."""

    response: Response
    address: str

    @property
    def status(self) -> int:
        """The status."""
        return self.response.status

    @property
    def html(self) -> str:
        """The source."""
        assert isinstance(self.response.body, bytes)
        return self.response.body.decode()

    @property
    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.html)
        return reader

    @property
    def text(self) -> str:
        """What is to be read, on one line."""
        return " ".join(" ".join(self._read.texts).split())

    @property
    def links(self) -> list[tuple[str, str]]:
        """(address, text) of every link."""
        return self._read.links

    def form(self, action: str) -> SentForm:
        """The form that goes to an address that ends like this."""
        for form in self._read.forms:
            if urlsplit(form["action"]).path.endswith(action):
                return SentForm(form["action"], form["f"], tuple(form["b"]), form["method"])
        raise AssertionError(f"no form goes to {action}; there are {[form['action'] for form in self._read.forms]}")

    @property
    def heading(self) -> str:
        """The one h1."""
        found = re.findall(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        assert len(found) == 1, f"{len(found)} headings of the first level"
        return re.sub(r"<[^>]+>", "", found[0]).strip()


@define
class Browser:
    """Somebody's browser at one address of the network."""

    world: World
    site: PortalPages
    root: str = "/change"
    source: str = "192.0.2.7"
    language: str = "en"
    cookies: dict[str, str] = field(factory=dict[str, str])
    page: Page | None = None
    pumps: bool = True

    def request(self, method: str, address: str, fields: Mapping[str, str] | None = None, **headers: str) -> Response:
        """One request, with this browser's cookies; what comes back is not followed."""
        parts = urlsplit(urljoin(f"{BASE}/", address))
        sent = {
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "accept-language": self.language,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        body = b""
        if fields is not None:
            body = urlencode(fields).encode()
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        request = Request(
            method=method,
            path=parts.path.removeprefix(self.root) or "/",
            root=self.root,
            query_string=parts.query,
            headers=sent,
            body=body,
            source=self.source,
        )
        response: Response = (
            self.world.run(self.site.handle_async(request)) if self.world.awaited else self.site.handle(request)
        )
        if self.pumps:
            self.finish(response)
        for cookie in response.cookies:
            if cookie.max_age == 0:
                self.cookies.pop(cookie.name, None)
            else:
                self.cookies[cookie.name] = cookie.value
        return response

    def finish(self, response: Response) -> None:
        """The response has been sent."""
        if self.world.awaited:
            self.world.run(self.site.finish_async(response))
        else:
            self.site.finish(response)

    def _follow(self, response: Response, address: str) -> Page:
        for _ in range(6):
            if response.status not in (302, 303):
                break
            address = urljoin(f"{BASE}/", response.headers["location"])
            response = self.request("GET", address)
        self.page = Page(response, address)
        if response.headers.get("content-type", "").startswith("text/html"):
            check_html(self.page.html)
        return self.page

    def open(self, path: str) -> Page:
        """Go to a page of the portal, following where it leads."""
        address = path if path.startswith(("http", f"{self.root}/")) else f"{self.root}{path}"
        return self._follow(self.request("GET", address), address)

    def send(self, action: str, press: str | None = None, **typed: str) -> Page:
        """Fill in the form of the page that goes there, press its button (the first, or the one with that text)."""
        assert self.page is not None
        form = self.page.form(action)
        fields = {**form.fields, **typed}
        chosen = next((button for button in form.buttons if press is None or press in (button[2], button[1])), None)
        assert chosen is not None, f"no button {press!r}; there are {form.buttons}"
        if chosen[0]:
            fields[chosen[0]] = chosen[1]
        came_from = "same-origin"
        return self._follow(
            self.request("POST", form.action, fields, sec_fetch_site=came_from, origin=BASE.rpartition("/")[0]),
            form.action,
        )

    # --- people doing things

    def sign_in(self, contact: str) -> Page:
        """The whole login by code."""
        from datetime import timedelta

        self.world.clock.advance(timedelta(minutes=11))
        self.open("/sign-in")
        before = len(self.world.box.messages)
        self.send("/sign-in", contact=contact)
        assert len(self.world.box.messages) == before + 1, "no code came"
        return self.send("/sign-in/code", code=self.world.code_in(self.world.box.messages[-1]))


def browser(world: World, **more: Any) -> Browser:
    """Somebody comes to the pages of a world."""
    settings = {name: more.pop(name) for name in ("root", "source", "language") if name in more}
    return Browser(world, pages(world, **more), **settings)
