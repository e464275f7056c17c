"""Pages of notices, and of the conversation with the business (V10)."""

from __future__ import annotations

from clientportal.errors import InvalidInput, Refused
from clientportal.values.messages import MAX_MESSAGE
from clientportal.web.forms import Form
from clientportal.web.messages import Response
from clientportal.web.pages_held import more_of
from clientportal.web.refusals import NOT_ON_THE_PAGE, status_of
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def notices(visit: Visit) -> Response:
    """What the client was told of, newest first."""
    page = await visit.client.notices(after=visit.get("after"))
    return visit.render("notices.html", page=page, more=more_of(visit, "/notifications", page.next))


async def mark_read(visit: Visit) -> Response:
    """One of them, or all, is read."""
    id = visit.request.form.get("notice") or None
    done = await visit.client.mark_read(id)
    while id is None and done.more:
        done = await visit.client.mark_read()
    return visit.redirect("/notifications", notice="notices.read")


async def messages(visit: Visit) -> Response:
    """The conversation, newest first."""
    return await _messages(visit, Form())


async def _messages(visit: Visit, typed: Form, status: int = 200) -> Response:
    page = await visit.client.messages(after=visit.get("after"))
    entries = await visit.client.sections()
    can = next((entry.actions for entry in entries if entry.name == "messages"), ())
    more = more_of(visit, "/messages", page.next)
    return visit.render(
        "messages.html", status, page=page, more=more, form=typed, may_write="send" in can, longest=MAX_MESSAGE
    )


async def send(visit: Visit) -> Response:
    """Write to the business."""
    text = visit.request.form.get("text", "")
    try:
        await visit.client.send_message(text, key=visit.once)
    except InvalidInput:
        key = "messages.too_long" if len(text) > MAX_MESSAGE else "messages.empty"
        return await _messages(visit, visit.form.wrong("text", visit.words(key, count=MAX_MESSAGE)), 422)
    except Refused as error:
        if error.reason in NOT_ON_THE_PAGE:
            raise
        again = await _messages(visit, visit.form.alert(visit.says(error), error.reason), status_of(error.reason))
        return visit.with_retry(again, error)
    return visit.redirect("/messages", notice="messages.sent")


ROUTES: tuple[Route, ...] = (
    Route("GET", "/notifications", notices, section="notifications", menu="menu.notifications"),
    Route("POST", "/notifications/read", mark_read, section="notifications"),
    Route("GET", "/messages", messages, section="messages", menu="menu.messages"),
    Route("POST", "/messages", send, section="messages"),
)
"""Every address of notices and messages."""
