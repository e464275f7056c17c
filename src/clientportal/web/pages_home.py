"""What a client sees first after the login."""

from __future__ import annotations

from attrs import evolve

from clientportal.decisions import Reason
from clientportal.errors import Refused
from clientportal.outcomes.dashboard import Call
from clientportal.web.messages import Response
from clientportal.web.pages_sections import action_name, section_name
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def home(visit: Visit) -> Response:
    """The dashboard: what is due, what is new, what comes next, and what can be done (V4)."""
    seen = await visit.client.dashboard()
    calls = [(evolve(call, label=_label(visit, call)), _where(visit, call)) for call in seen.calls]
    try:
        name = (await visit.client.profile()).first_name
    except Refused as error:
        if error.reason is not Reason.DISABLED:
            raise
        name = None
    return visit.render(
        "home.html", seen=seen, name=name, calls=[(call, address) for call, address in calls if address]
    )


def _where(visit: Visit, call: Call) -> str | None:
    """Where a button leads: the business's own address, or the page on which the thing is done."""
    if call.url is not None:
        return call.url
    page = next((entry.path for entry in visit.menu if entry.section == call.section), None)
    return None if page is None else visit.url(page)


def _label(visit: Visit, call: Call) -> str:
    """What is on a button: the business's own words, the usual ones, or the name of a platform's own section."""
    if call.label:
        return call.label
    section = str(call.section)
    key = f"call.{section}" + (f"_{call.action}" if call.action else "")
    if visit.words.has(key):
        return visit.words(key)
    return section_name(visit, section) if call.action is None else action_name(visit, section, call.action)


ROUTES = (Route("GET", "/home", home, menu="menu.home"),)
