"""A barber shop's Flask application, with a client portal below ``/portal``."""

from __future__ import annotations

import os
from typing import Any

from attrs import evolve
from flask import Flask
from sqlalchemy import create_engine

from barber.adapter import BarberHost
from barber.house import SHOP, Barber
from barber.pages import shop
from barber.tables import METADATA
from clientportal import Channel, KeyRing, Portal, presets
from clientportal.stores.sql import SqlStore
from clientportal.web.flask import ClientPortal

__all__ = ["SHOP", "Barber", "create_app"]

client_portal = ClientPortal(business=SHOP, url_prefix="/portal")


def create_app(database: str, sms: Any, address: str = "http://localhost:5000") -> Flask:
    """The application over that database, whose tables it makes where they are missing.

    The portal shares the engine: what a view writes and what the portal writes can be one transaction.
    """
    app = Flask(__name__)
    app.config["CLIENTPORTAL_PUMP"] = False  # a thread does it: see ``barber.pump``
    engine = create_engine(database)
    METADATA.create_all(engine)
    store = SqlStore(engine)
    store.upgrade()
    timely = presets.timely(region="GB")
    # Without a key of its own each process makes one, and whoever was logged in logs in again.
    secret = os.environ.get("BARBER_PORTAL_KEY") or KeyRing.generate_secret()
    portal = Portal(
        store=store,
        host=BarberHost,
        policy=evolve(timely, visibility=evolve(timely.visibility, sections=("bookings", "account"))),
        keys=KeyRing.from_secrets({"example": secret}),
        senders={Channel.SMS: sms},
        base_url=f"{address}/portal/",
    )
    app.extensions["barber"] = Barber(engine, portal)
    client_portal.init_app(app, portal)
    app.register_blueprint(shop)
    return app
