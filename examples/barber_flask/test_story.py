"""The shop over HTTP: what its own pages and the portal's know of each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from barber.adapter import BarberHost
from barber.desk import TakenError, walk_in
from barber.house import SHOP, Barber
from barber.pump import Pump
from barber.seeding import JACK
from barber.tables import BOOKINGS
from flask import Flask
from sqlalchemy import func, select
from story import Phones, open_shop

from browser import Browser
from clientportal import Permission, RecordRef
from clientportal.web.flask import portal_client


@pytest.fixture
def phones() -> Phones:
    """Nobody has called yet."""
    return Phones()


@pytest.fixture
def app(tmp_path: Path, phones: Phones) -> Iterator[Flask]:
    """The shop, on a file of its own, with the pump that the application runs."""
    made = open_shop(tmp_path / "barber.db", phones)
    pump = Pump(made.extensions["barber"].portal, SHOP, every=0.02)
    pump.start()
    yield made
    pump.stop()
    made.extensions["barber"].engine.dispose()


@pytest.fixture
def house(app: Flask) -> Barber:
    """Its database and its portal."""
    found: Barber = app.extensions["barber"]
    return found


def log_in(app: Flask, phones: Phones, number: str = JACK, path: str = "/portal/sign-in") -> Browser:
    """A browser in which somebody is logged in."""
    browser = Browser(app)
    page = browser.send(browser.open(path), contact=number)
    browser.last = browser.send(page, code=phones.code())
    return browser


def free(house: Barber, cut: str = "trim") -> list[str]:
    """The free times of the week."""
    now = datetime.now(UTC)
    with house.engine.begin() as connection:
        return [one.id for one in BarberHost(connection, SHOP).slots(cut, None, now, now + timedelta(days=9), 99)]


def rows(house: Barber) -> int:
    """How many bookings there are."""
    with house.engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(BOOKINGS)).scalar_one())


def test_a_page_of_the_shops_own_leads_to_the_sign_in_and_back(app: Flask, phones: Phones) -> None:
    """Whoever is logged in to the portal is known on the shop's pages, and nobody else."""
    stranger = Browser(app)
    assert "See your bookings" in stranger.open("/").text
    assert stranger.open("/loyalty").request.path == "/portal/sign-in"
    jack = log_in(app, phones, path="/loyalty")
    assert urlsplit(jack.last.request.url).path == "/loyalty"
    assert "Jack, you have 1 of ten stamps" in jack.last.text
    assert "See you on" in jack.open("/").text
    assert "See your bookings" in stranger.open("/").text


def test_he_cancels_on_the_portals_page_and_the_chair_is_free(app: Flask, phones: Phones, house: Barber) -> None:
    """What the page does stands in the shop's own table, with the time to be given to somebody else."""
    before = set(free(house))
    jack = log_in(app, phones)
    jack.send(jack.open("/portal/bookings/1/cancel"), to="/bookings/1/cancel")
    with house.engine.begin() as connection:
        assert connection.execute(select(BOOKINGS.c.state).where(BOOKINGS.c.id == 1)).scalar() == "cancelled"
    assert len(set(free(house)) - before) == 1
    assert "Nothing is booked for you" in jack.open("/").text


def test_a_walk_in_is_let_in_by_the_number_on_the_booking(app: Flask, phones: Phones, house: Barber) -> None:
    """The form of the shop's own page makes a booking and tells the portal, in one transaction."""
    slot = free(house)[0]
    browser = Browser(app)
    browser.send(browser.open("/"), name="Omar Haddad", mobile="07400 999000", slot=slot)
    assert slot not in free(house)
    omar = log_in(app, phones, "+44 7400 999000")
    assert "Trim" in omar.open("/portal/bookings").text


def test_the_second_in_a_chair_gets_nothing(app: Flask, house: Barber) -> None:
    """Neither a row nor a way in; the page says that somebody was faster."""
    slot = free(house)[0]
    walk_in(house.engine, house.portal, SHOP, "Omar Haddad", "07400 999000", slot)
    before = rows(house)
    with pytest.raises(TakenError):
        walk_in(house.engine, house.portal, SHOP, "Late Larry", "07400 111000", slot)
    page = Browser(app)
    told = page.send(page.open("/"), name="Late Larry", mobile="07400 111000", slot=slot)
    assert told.status_code == 409
    assert rows(house) == before
    desk = house.portal.staff(SHOP, actor="sam", permissions=frozenset(Permission), reason="a test")
    assert desk.explain_contact("07400 111000").record is None


def test_of_many_at_the_desk_and_in_the_portal_one_gets_the_chair(app: Flask, phones: Phones, house: Barber) -> None:
    """The shop's own code and the portal's race for one free time, on one engine."""
    slot, ended = free(house)[0], []
    with log_in(app, phones).at("/"):
        assert portal_client.appointments().items
        jack = portal_client._get_current_object()  # type: ignore[attr-defined]

    def desk(at: int) -> None:
        try:
            ended.append(walk_in(house.engine, house.portal, SHOP, f"W{at}", f"07400 2220{at:02}", slot))
        except TakenError:
            ended.append(None)

    def online() -> None:
        try:
            ended.append(jack.move("1", slot).appointment.id)
        except Exception as error:
            ended.append(None if getattr(error, "reason", "") else error)

    threads = [threading.Thread(target=desk, args=(at,)) for at in range(6)] + [threading.Thread(target=online)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert len(ended) == 7
    assert len([one for one in ended if one is not None]) == 1, ended


def test_what_the_shop_rolls_back_never_happened(app: Flask, house: Barber) -> None:
    """A merge inside the shop's own transaction goes with it."""
    desk = {"actor": "sam", "permissions": frozenset(Permission), "reason": "one person"}
    with house.engine.connect() as connection, connection.begin() as transaction:
        house.portal.on(connection).staff(SHOP, **desk).merge(RecordRef.client("1"), RecordRef.client("2"))
        transaction.rollback()
    assert house.portal.staff(SHOP, **desk).client(RecordRef.client("2")).root == RecordRef.client("2")


def test_a_session_of_the_portal_is_none_of_flasks(app: Flask, phones: Phones) -> None:
    """The shop has no secret key at all, and the browser no cookie of Flask's."""
    assert app.secret_key is None
    with log_in(app, phones).at("/") as answer:
        assert portal_client.profile().first_name == "Jack"
        assert "session" not in {one.partition("=")[0] for one in answer.request.headers["Cookie"].split("; ")}


def test_a_pump_that_fails_goes_on(app: Flask, phones: Phones, caplog: pytest.LogCaptureFixture) -> None:
    """A run that fails is told to the log, and the next one sends what is due."""
    portal = app.extensions["barber"].portal
    broken = Pump(portal, "\x00 is no business", every=60)
    broken.once()
    assert "it is tried again" in caplog.text
    assert log_in(app, phones).open("/portal/bookings").status_code == 200
