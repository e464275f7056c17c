"""Every address of the portal. Each topic lists its own in ``pages_<topic>.py``; here they come together.

A page is ``async def page(visit: Visit) -> Response``, written over the awaited doors whatever colour the portal has::

    async def memberships(visit: Visit) -> Response:
        found = await visit.client.memberships(after=visit.get("after"))
        return visit.render("memberships.html", found=found)

    async def send_freeze(visit: Visit) -> Response:
        try:
            await visit.client.freeze(visit.arguments["id"], key=visit.once)
        except Refused as error:
            return visit.form_again("membership.html", error, ...)      # the form once more, with an alert
        return visit.redirect("/memberships", notice="memberships.frozen")

    ROUTES = (
        Route("GET", "/memberships", memberships, section="memberships", menu="menu.memberships"),
        Route("POST", "/memberships/{id}/freeze", send_freeze, section="memberships"),
    )

What a page does not catch becomes a page too: ``Refused`` its text and status, or the way to what has to come first
(sign-in, chooser, password once more); ``InvalidInput`` 400. Whoever has no session never reaches a page that needs
one. Every POST is checked before its page is called; a GET must have no effect. Addresses are made by
``visit.url(path_of("memberships", id))``, in templates by ``url(path_of(...))``; texts are keys of ``web/words``, in
every language there.
"""

from __future__ import annotations

from clientportal.web import (
    pages_api,
    pages_bookings,
    pages_by_link,
    pages_contact,
    pages_entry,
    pages_held,
    pages_home,
    pages_login,
    pages_mail_links,
    pages_notices,
    pages_own,
    pages_papers,
    pages_passwords,
    pages_payments,
    pages_registering,
    pages_second,
    pages_sections,
    pages_sign_in,
    pages_staff,
    pages_staff_acts,
    pages_static,
)
from clientportal.web.routing import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (
    *pages_static.ROUTES,
    *pages_entry.ROUTES,
    *pages_sign_in.ROUTES,
    *pages_second.ROUTES,
    *pages_passwords.ROUTES,
    *pages_registering.ROUTES,
    *pages_mail_links.ROUTES,
    *pages_login.ROUTES,
    *pages_home.ROUTES,
    *pages_bookings.ROUTES,
    *pages_held.ROUTES,
    *pages_payments.ROUTES,
    *pages_own.ROUTES,
    *pages_contact.ROUTES,
    *pages_papers.ROUTES,
    *pages_notices.ROUTES,
    *pages_sections.ROUTES,
    *pages_staff.ROUTES,
    *pages_staff_acts.ROUTES,
    *pages_api.ROUTES,
    *pages_by_link.ROUTES,
)
