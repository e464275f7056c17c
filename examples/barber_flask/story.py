"""The story that ``run.py`` tells, and the server that it starts."""

from __future__ import annotations

import re
import sys
import textwrap
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from barber import create_app
from barber.adapter import BarberHost
from barber.desk import TakenError, walk_in
from barber.house import SHOP, Barber
from barber.pump import Pump
from barber.seeding import JACK, seed
from flask import Flask
from sqlalchemy import text

from browser import Browser
from clientportal import Appointment, OutgoingMessage, Permission, RecordRef
from clientportal.doors import ClientDoor
from clientportal.web.flask import portal_client

__all__ = ["Phones", "open_shop", "serve", "tell"]

JACKS, JOHNS = RecordRef.client("1"), RecordRef.client("2")


class Phones:
    """Everybody's phone: what arrives is printed. A real sender calls a provider."""

    def __init__(self) -> None:
        self.latest: OutgoingMessage | None = None
        self.rings = threading.Event()

    def send(self, message: OutgoingMessage) -> None:
        """Show one message."""
        self.latest = message
        print(f"        [SMS to {message.to}] {message.text}", flush=True)
        self.rings.set()

    def code(self) -> str:
        """The code of the message that comes next."""
        if not self.rings.wait(timeout=30) or self.latest is None:
            raise TimeoutError("no message came within 30 seconds: is the pump running?")
        self.rings.clear()
        return re.findall(r"\d{6}", self.latest.text)[0]


def open_shop(file: Path, phones: Phones, address: str = "http://localhost:5000") -> Flask:
    """The application over that file; filled, and walked through by the portal, where it is new."""
    new = not file.exists()
    app = create_app(f"sqlite:///{file}", phones, address)
    shop = app.extensions["barber"]
    if new:
        seed(shop.engine, SHOP, datetime.now(UTC))
        shop.portal.walk_contacts(SHOP)
    return app


def scene(number: int, title: str) -> None:
    print(f"\n── {number} ── {title} {'─' * max(3, 80 - len(title))}\n")


def say(words: str) -> None:
    print(textwrap.fill(words, 92, initial_indent="  ", subsequent_indent="  "))


def line(one: Appointment) -> None:
    print(f"    {one.local_start:%a %d %b, %H:%M}   {one.service_name:<18}{one.staff_name:<8}{one.status.value}")


def told_on(page: Any) -> str:
    """What a page says, without its markup."""
    body = re.sub(r"<(style|head|form).*?</\1>", " ", page.text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def visits(door: ClientDoor) -> list[Appointment]:
    return [one for when in ("upcoming", "past") for one in door.appointments(when).items]


# --- the scenes ------------------------------------------------------------------------------------------------------


def in_a_browser(app: Flask, phones: Phones) -> Browser:
    scene(2, "Jack wants to see his stamps")
    browser = Browser(app)
    sign_in = browser.open("/loyalty")
    print(f"    GET /loyalty → {sign_in.request.path}")
    code = browser.send(sign_in, contact=JACK)
    page = browser.send(code, code=phones.code())
    print(f"    {page.request.path}: “{told_on(page)}”")
    print(f"    /: “{told_on(browser.open('/')).partition(' Your')[0]}”")
    print()
    say("The message left by the pump's thread; the shop's own pages show the portal's session, and have none.")
    return browser


def he_moves(door: ClientDoor) -> None:
    scene(3, "He moves his trim")
    first = door.appointments().items[0]
    line(first)
    free = door.slots(first.id, first.start + timedelta(hours=2), first.start + timedelta(days=2), limit=3)
    for slot in free:
        print(f"      free: {slot.local_start:%a %d %b, %H:%M} with {slot.staff_name}")
    moved = door.move(first.id, free[0].id)
    print("    ✓ moved")
    line(moved.appointment)


def one_chair(shop: Barber, door: ClientDoor) -> None:
    scene(4, "One chair, two heads")
    booked = door.appointments().items[0]
    with shop.engine.begin() as connection:
        slot = BarberHost(connection, SHOP).slots("trim", None, booked.start + timedelta(days=1), _LATER, 1)[0]
    id = walk_in(shop.engine, shop.portal, SHOP, "Omar Haddad", "07400 999000", slot.id)
    print(f"    Omar walks in and takes {slot.local_start:%a %H:%M} with {slot.staff_name}: booking {id}")
    try:
        walk_in(shop.engine, shop.portal, SHOP, "Late Larry", "07400 111000", slot.id)
    except TakenError:
        print("    Larry wants the same: taken")
    staff = shop.portal.staff(SHOP, actor="sam", permissions=frozenset(Permission), reason="the example")
    print(f"    his number opens {staff.explain_contact('07400 999000').record}: booking and index are one transaction")


_LATER = datetime.now(UTC) + timedelta(days=60)


def twice(shop: Barber, door: ClientDoor) -> None:
    scene(5, "He is in the list twice")
    staff = shop.portal.staff(SHOP, actor="sam", permissions=frozenset(Permission), reason="one person")
    for group in staff.duplicates().groups:
        print(f"    {', '.join(ref.id for ref in group.refs)}: {' / '.join(group.names)}")
    before = len(visits(door))
    merged = staff.merge(JACKS, JOHNS)
    print(f"    ✓ merged: his open session shows {before} → {len(visits(door))} visits")
    for one in visits(door):
        line(one)
    staff.undo(merged.merges[0])
    print(f"    ✓ undone: {len(visits(door))}")


def tell(file: Path) -> int:
    """The whole day, on a new file."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    print("\n  Fleet Street Barbers – a client portal in a small Flask application")
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    scene(1, "Opening")
    phones = Phones()
    app = open_shop(file, phones)
    shop: Barber = app.extensions["barber"]
    with shop.engine.connect() as connection:
        tables = connection.execute(text("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name LIKE 'cp%'"))
        print(f"    {file}: six tables of the shop's, {tables.scalar()} of the portal's, one engine")
    pump = Pump(shop.portal, SHOP, every=0.2)
    pump.start()
    try:
        with in_a_browser(app, phones).at("/"):
            he_moves(portal_client)
            one_chair(shop, portal_client)
            twice(shop, portal_client)
    finally:
        pump.stop()
        shop.engine.dispose()
    scene(6, "The same in a browser")
    print("    python run.py --serve     then http://localhost:5000/, and log in with 07400 123456")
    return 0


def serve(file: Path, port: int) -> int:
    """Flask's own server, for this machine alone; gunicorn or waitress elsewhere."""
    app = open_shop(file, Phones(), f"http://localhost:{port}")
    shop: Barber = app.extensions["barber"]
    pump = Pump(shop.portal, SHOP)
    pump.start()
    print(f"\n  http://localhost:{port}/   log in with {JACK}; the code arrives here. Ctrl-C ends it.\n", flush=True)
    try:
        app.run(host="127.0.0.1", port=port)
    finally:
        pump.stop()
        shop.engine.dispose()
    return 0
