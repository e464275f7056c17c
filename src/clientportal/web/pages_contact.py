"""Pages of another mobile or email for one's own record: a code to the new one, and then it is there (M7).

The login of an account has pages of its own (``/login/email``).
"""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Reason
from clientportal.errors import InvalidCode, InvalidContact, Refused
from clientportal.web.kept_codes import KeptCode, code_values, keep_code, kept_code, may_begin_anew
from clientportal.web.messages import Response
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "replaceable"]

_PAGE = "/account/contact"
_KIND = "contact"


def replaceable(visit: Visit) -> tuple[str, ...]:
    """Which of their contacts a client may replace by showing that they have the new one."""
    return tuple(name for name in ("mobile", "email") if name in visit.policy.visibility.editable)


async def ask_contact(visit: Visit) -> Response:
    """Ask for the new one."""
    if not replaceable(visit):
        text = visit.words.plain_reason(Reason.DISABLED)
        return visit.render("error.html", 403, title=visit.words("error.title"), text=text)
    # What the account's own page checks is checked here as well: whether there is a session, and the section is open.
    await visit.client.profile()
    return visit.render("contact.html", kinds=replaceable(visit))


async def send_contact(visit: Visit) -> Response:
    """Send a code there; nothing changes yet."""
    contact = visit.form.text("contact")
    try:
        sent = await visit.client.request_contact_change(contact)
    except InvalidContact as error:
        return visit.contact_again("contact.html", error, "contact", kinds=replaceable(visit))
    except Refused as error:
        if error.reason is Reason.SESSION_ENDED:
            raise
        return visit.form_again("contact.html", error, kinds=replaceable(visit))
    keep_code(visit, _KIND, sent, contact)
    return visit.redirect(f"{_PAGE}/code")


def _code_values(visit: Visit, sent: KeptCode) -> dict[str, Any]:
    return code_values(visit, sent, f"{_PAGE}/code", _PAGE)


async def code_page(visit: Visit) -> Response:
    """Type it in."""
    sent = kept_code(visit, _KIND)
    if sent is None:
        return visit.redirect(_PAGE)
    return visit.render("code.html", **_code_values(visit, sent))


async def send_code(visit: Visit) -> Response:
    """The record has the new contact from now on; the earlier one is told."""
    sent = kept_code(visit, _KIND)
    if sent is None:
        return visit.redirect(_PAGE)
    try:
        await visit.client.confirm_contact_change(sent.handle, visit.form.text("code"))
    except InvalidCode:
        form = visit.form.wrong("code", visit.words("code.invalid", digits=sent.digits))
        return visit.render("code.html", 422, form=form, **_code_values(visit, sent))
    except Refused as error:
        return visit.form_again("code.html", error, **_code_values(visit, sent))
    visit.set_cookie(visit.jar.drop(_KIND))
    return visit.redirect("/account", notice="contact.done")


async def resend_code(visit: Visit) -> Response:
    """Send it again, or a new one where it is gone."""
    sent = kept_code(visit, _KIND)
    if sent is None:
        return visit.redirect(_PAGE)
    try:
        again = await visit.visitor.resend_code(sent.handle)
    except Refused as error:
        if not may_begin_anew(error):
            return visit.form_again("code.html", error, **_code_values(visit, sent))
        return visit.redirect(_PAGE, notice="code.ask_anew")
    keep_code(visit, _KIND, again, sent.contact)
    return visit.redirect(f"{_PAGE}/code", notice="code.sent_again")


ROUTES: tuple[Route, ...] = (
    Route("GET", _PAGE, ask_contact, section="account"),
    Route("POST", _PAGE, send_contact, section="account"),
    Route("GET", f"{_PAGE}/code", code_page, section="account"),
    Route("POST", f"{_PAGE}/code", send_code, section="account"),
    Route("POST", f"{_PAGE}/code/resend", resend_code, section="account"),
)
"""Every address of another contact."""
