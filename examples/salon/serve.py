"""The salon's portal as web pages, on this machine alone: the standard library's server over the SQLite file."""

from __future__ import annotations

import os
import re
import sys
import webbrowser
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from attrs import evolve
from opening import BUSINESS, Salon
from screen import bold, dim, handset, say, small

from clientportal import Channel, OutgoingMessage, Permission, Portal, presets
from clientportal.policy import BookingPolicy, CallToAction, CardRemoval, Policy
from clientportal.testing.fake_provider import FakeProvider
from clientportal.web import PortalPages, Request, StaffIdentity

HOST = "localhost"
SECTIONS = (
    "bookings",
    "payments",
    "memberships",
    "packages",
    "gift_cards",
    "codes",
    "rewards",
    "documents",
    "forms",
    "messages",
    "notifications",
    "account",
    "pets",
    "payment_methods",
    "referrals",
    "preferences",
)


def everything_open() -> Policy:
    """The story's policy with every section open: what a business chooses in one file, changed in one place."""
    policy = presets.timely(region="NZ")
    return evolve(
        policy,
        visibility=evolve(
            policy.visibility, sections=SECTIONS, editable=("first_name", "last_name", "address", "mobile")
        ),
        bookings=BookingPolicy(payments=True),
        clients=evolve(policy.clients, card_removal=CardRemoval.UNLESS_REQUIRED_AND_UPCOMING),
        portal=evolve(
            policy.portal,
            opens_with="dashboard",
            languages=("de",),
            words={"rewards": "feathers", "de.rewards": "Federn"},
            home={
                "title": "Nau mai ki Kōwhai Hair",
                "welcome": "Cuts and colours on Ponsonby Road since 1998.",
                "de.welcome": "Schnitt und Farbe in der Ponsonby Road, seit 1998.",
            },
            calls_to_action=(
                CallToAction(action="bookings.rebook"),
                CallToAction(action="payments.pay"),
                CallToAction(action="messages.send"),
            ),
        ),
    )


class PrintedPhone:
    """Everybody's phone and mailbox: what arrives is printed in the console."""

    def send(self, message: OutgoingMessage) -> None:
        """Show one message."""
        print()
        handset(message.to, message.text)
        for link in re.findall(r"https?://\S+", message.text):
            print(f"        {link}")  # whole, to be clicked: the drawing breaks it
        sys.stdout.flush()


class Server(ThreadingMixIn, WSGIServer):
    """A request a thread. A real host has gunicorn, uvicorn or whatever it has already."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """The console is for the codes, not for a line a request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def pages_of(salon: Salon, address: str) -> PortalPages:
    """The pages over the same store, host, keys and clock as the story's."""
    phone = PrintedPhone()
    portal = Portal(
        store=salon.store,
        host=salon.host,
        policy=everything_open(),
        keys=salon.keys,
        senders={Channel.SMS: phone, Channel.EMAIL: phone},
        clock=salon.clock,
        base_url=address,
        payments=FakeProvider(),  # charges nobody; yours has two methods
    )
    return PortalPages(portal, BUSINESS, staff=mia_at(address))


def mia_at(address: str) -> Any:
    """Whoever sits at this machine is Mia, who may do everything. Your host asks its own login instead.

    The name in the address is compared too: a page elsewhere could let its own name point to this machine (DNS
    rebinding) and would be Mia.
    """
    here = urlsplit(address).netloc

    def staff(request: Request) -> StaffIdentity | None:
        if request.source not in ("127.0.0.1", "::1") or request.headers.get("host") != here:
            return None
        return StaffIdentity(actor="mia", permissions=frozenset(Permission), reason="the example")

    return staff


def listen(port: int) -> Server:
    """A server that only this machine can reach; port 0 takes a free one."""
    return make_server("127.0.0.1", port, None, server_class=Server, handler_class=QuietHandler)  # type: ignore[arg-type]


def serve(salon: Salon, port: int, *, browser: bool = False) -> int:
    """Serve the pages until Ctrl-C."""
    try:
        server = listen(port)
    except OSError as error:
        print(f"\n  Port {port} cannot be opened here ({error.strerror}). Another one: --serve --port 8766")
        return 1
    address = f"http://{HOST}:{server.server_port}/"
    server.set_app(pages_of(salon, address).wsgi())
    print()
    small("clients", bold(address))
    small(
        "staff",
        f"{bold(address + 'staff')}  without a login: whoever sits at this machine is Mia, and nobody else "
        "can reach it",
    )
    print()
    say("Sign in with one of these numbers; the code arrives below, on a drawn phone.")
    for number, who in (
        ("021 555 0142", "Aroha: something in every section, and in the list twice (merge her under staff)"),
        ("027 555 0163", "Mere, and her daughter Kaia on the same phone"),
        ("029 555 0100", "nobody yet: makes a new, empty client"),
    ):
        small(number, who)
    print()
    say(dim("Everything stays in the file. Payments go to a provider that charges nobody. Ctrl-C ends it."))
    sys.stdout.flush()
    if browser and can_show_windows():
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("\n  Closed.")
    finally:
        server.server_close()
    return 0


def can_show_windows() -> bool:
    """Whether a browser would be a window of its own, and not take over this terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
