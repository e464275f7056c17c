"""A business whose pages are served over real HTTP on this machine, for people with real browsers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.util import shift_path_info

from attrs import define, field

from clientportal import OutgoingMessage, Policy
from clientportal.values import Business
from clientportal.values.business import Branding
from clientportal.web import PortalPages, Request, StaffIdentity
from world import AUCKLAND, EVERYTHING, World, make_world

__all__ = ["DESK", "Shop", "open_shop"]

DESK = "desk"
"""The cookie by which the platform's own login knows its staff."""


class _Server(ThreadingMixIn, WSGIServer):
    # A browser asks for the page and its two stylesheets at once.
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Links and codes stand in the addresses; nobody reads them here."""


@define
class Shop:
    """Kōwhai Hair with its portal at ``/change`` and, around it, pages of the platform that the portal is part of."""

    world: World
    server: _Server
    root: str
    others: dict[str, str] = field(factory=dict[str, str])
    """Pages of the platform: path -> HTML."""
    pages: PortalPages | None = None

    @property
    def address(self) -> str:
        """Where the portal is."""
        return f"{self.root}/change"

    def open(self, policy: Policy, *, widget_origins: Iterable[str] = (), **portal: Any) -> None:
        """Open the portal under a policy; everything else about it as in the other tests."""
        self.world.use(policy)
        self.world.portal = self.world.make_portal(base_url=f"{self.address}/", **portal)
        # Inside a frame cookies must be Secure. Browsers keep such cookies of localhost without a certificate as well.
        own = f"{self.address}/".replace("http:", "https:") if widget_origins else None
        self.pages = PortalPages(
            self.world.portal, self.world.tenant, base_url=own, staff=_staff, widget_origins=widget_origins
        )

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()
        self.world.close()

    # --- messages

    def message_after(self, before: int, to: str | None = None) -> OutgoingMessage:
        """The next message that leaves, once ``before`` have left: a page is there before the pump has run."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            new = [one for one in self.world.box.messages[before:] if to is None or one.to == to]
            if new:
                return new[-1]
            time.sleep(0.02)
        raise AssertionError(f"no message came to {to or 'anybody'}")

    def mailed(self, address: str, purpose: str) -> str:
        """The latest link for that purpose that was mailed there."""
        found = re.search(rf"{self.address}/{purpose}/\S+", self.message_after(0, address).text)
        assert found is not None, f"no link for {purpose} in the latest message to {address}"
        return found[0]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """The platform's web application."""
        path = str(environ["PATH_INFO"])
        if path in self.others:
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
            return [self.others[path].encode()]
        assert shift_path_info(environ) == "change", path
        assert self.pages is not None
        return self.pages.wsgi()(environ, start_response)


def _staff(request: Request) -> StaffIdentity | None:
    return StaffIdentity(actor="mia", permissions=EVERYTHING) if request.cookies.get(DESK) == "mia" else None


def open_shop(folder: Path) -> Shop:
    """A business with an SQLite file of its own; it is Saturday, 21 November 2026, 10:00 in Auckland."""
    world = make_world("sqlite-plain", folder)
    branding = Branding(colour="#1d5c4a", second_colour="#f2b705", phone="09 555 0100", email="hello@kowhai.example")
    world.seed("add_business", Business(id=world.tenant, name="Kōwhai Hair", zone=AUCKLAND, branding=branding))
    server = make_server("127.0.0.1", 0, None, _Server, _Quiet)  # type: ignore[type-var]
    shop = Shop(world, server, f"http://localhost:{server.server_port}")
    server.set_app(shop)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return shop
