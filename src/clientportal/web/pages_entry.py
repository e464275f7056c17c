"""What is there without a session: the business's own page, and the choice of a language; and where a login leads."""

from __future__ import annotations

from datetime import timedelta

from clientportal.web.menu import first_page
from clientportal.web.messages import Response
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def front(visit: Visit) -> Response:
    """The public page (V11): the business's branding, nothing personal, and the way in.

    Inside the widget the client has come for their account: there it is the account at once, or the login (M1).
    """
    if visit.entry:
        return visit.redirect("/start")
    portal, language = visit.policy.portal, visit.words.language
    response = visit.render(
        "public.html",
        title=portal.home_text("title", language) or visit.business.name,
        welcome=portal.home_text("welcome", language) or visit.words("public.text"),
        login=visit.policy.login.enabled,
    )
    return response.with_headers({"x-robots-tag": "all"})


async def start(visit: Visit) -> Response:
    """The page that the business has chosen to open first (M2)."""
    return visit.redirect(first_page(visit))


async def choose_language(visit: Visit) -> Response:
    """Read on in another language."""
    language = visit.form.text("language")
    if language in visit.site.languages_of(visit):
        visit.set_cookie(visit.jar.make("language", language, timedelta(days=365)))
    return visit.redirect(visit.next or ("/start" if visit.signed_in else "/"))


ROUTES = (
    Route("GET", "/", front, Needs.NOTHING),
    Route("GET", "/start", start),
    Route("POST", "/language", choose_language, Needs.NOTHING),
)
