"""The page of a signed link to one appointment, as it stands in messages: see it, cancel it, move it, register (A2).

Looking has no effect, however often: mail scanners open links too. A button acts, and uses the link up.
"""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Reason
from clientportal.errors import Refused
from clientportal.outcomes import LinkView
from clientportal.policy import RegisterFrom
from clientportal.web.free_times import MOST_SLOTS, shown_week, week_of
from clientportal.web.messages import Response
from clientportal.web.pages_bookings import typed_money
from clientportal.web.routing import Needs, Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def look(visit: Visit) -> Response:
    """The appointment, and what may be done with it right now."""
    view = await visit.visitor.look_at_link(visit.arguments["link"])
    return visit.render("link.html", **_values(visit, view))


def _values(visit: Visit, view: LinkView) -> dict[str, Any]:
    registration = visit.policy.registration
    refused = {
        terms.change.value: visit.words.reason(terms.refusal)
        for terms in (view.cancel, view.move)
        if terms.refusal is not None
    }
    may_register = registration.accounts and registration.register_from is not RegisterFrom.NOWHERE
    return {"view": view, "link": visit.arguments["link"], "refused": refused, "registering": may_register}


async def cancel(visit: Visit) -> Response:
    """Cancel it, for the price that was shown."""
    link = visit.arguments["link"]
    try:
        done = await visit.visitor.cancel_by_link(link, accept_fee=typed_money(visit, "fee"))
    except Refused as error:
        return await _no(visit, error)
    return visit.redirect("/", notice="booking.asked" if done.waits else "booking.cancelled")


async def times(visit: Visit) -> Response:
    """A week of free times, with what moving costs."""
    view = await visit.visitor.look_at_link(visit.arguments["link"])
    if view.move.refusal is not None:
        return visit.render("link.html", 409, **_values(visit, view))
    return await _times(visit, view)


async def _times(visit: Visit, view: LinkView, *, taken: str = "", status: int = 200) -> Response:
    week = week_of(visit)
    slots = await visit.visitor.link_slots(visit.arguments["link"], week.since, week.until, limit=MOST_SLOTS)
    base = path_of(visit.arguments["link"], "move")
    return visit.render(
        "link_times.html", status, **_values(visit, view), taken=taken, **shown_week(visit, base, week, slots)
    )


async def move(visit: Visit) -> Response:
    """Move it to the chosen time, for the price that was shown."""
    link = visit.arguments["link"]
    slot = visit.request.form.get("slot")
    if not slot:
        view = await visit.visitor.look_at_link(link)
        return await _times(visit, view, taken=visit.words("link.choose_time"), status=422)
    try:
        moved = await visit.visitor.move_by_link(link, slot, accept_fee=typed_money(visit, "fee"))
    except Refused as error:
        if error.reason in (Reason.SLOT_TAKEN, Reason.SAME_SLOT):
            view = await visit.visitor.look_at_link(link)
            return await _times(visit, view, taken=visit.says(error), status=409)
        return await _no(visit, error)
    return visit.redirect("/", notice="booking.asked" if moved.waits else "booking.moved")


async def _no(visit: Visit, error: Refused) -> Response:
    """What has become of it meanwhile, and why not."""
    if error.reason is Reason.LINK_GONE:
        raise error
    view = await visit.visitor.look_at_link(visit.arguments["link"])
    return visit.form_again("link.html", error, **_values(visit, view))


ROUTES = (
    Route("GET", "/{link:signed}", look, Needs.NOTHING),
    Route("POST", "/{link:signed}/cancel", cancel, Needs.NOTHING),
    Route("GET", "/{link:signed}/move", times, Needs.NOTHING),
    Route("POST", "/{link:signed}/move", move, Needs.NOTHING),
)
