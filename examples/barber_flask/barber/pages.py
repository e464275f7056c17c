"""The shop's own pages. They know who is logged in to the portal, and write in one transaction with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request

from barber.adapter import BarberHost
from barber.desk import TakenError, walk_in
from barber.house import SHOP, barber_here
from clientportal.web.flask import portal_client, portal_client_required

__all__ = ["shop"]

shop = Blueprint("shop", __name__)


@shop.get("/")
def front_page() -> str:
    """For everybody; whoever is logged in to the portal is told when they come next."""
    upcoming = portal_client.appointments().items if portal_client else ()
    comes = next((one for one in upcoming if one.status.open), None)  # what is cancelled is listed, too
    now = datetime.now(UTC)
    with barber_here().engine.begin() as connection:
        free = BarberHost(connection, SHOP).slots("trim", None, now, now + timedelta(days=3), 4)
    return render_template("front_page.html", comes=comes, free=free)


@shop.get("/loyalty")
@portal_client_required
def loyalty() -> str:
    """For clients alone: a stamp for each cut that is done."""
    done = [one for one in portal_client.appointments("past", limit=50).items if one.status == "completed"]
    return render_template("loyalty.html", name=portal_client.profile().first_name, stamps=len(done))


@shop.post("/walk-in")
def take_walk_in() -> Any:
    """Somebody who is no customer yet takes a free time."""
    barber, form = barber_here(), request.form
    try:
        walk_in(barber.engine, barber.portal, SHOP, form.get("name", ""), form.get("mobile", ""), form.get("slot", ""))
    except TakenError:
        abort(409, "Somebody was faster. Please choose another time.")
    return redirect("/portal/", 303)
