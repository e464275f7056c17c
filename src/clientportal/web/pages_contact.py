"""Pages of another mobile or email for one's own record: a code to the new one, and then it is there (M7).

The login of an account has pages of its own (``/login/email``).
"""

from __future__ import annotations

from clientportal.decisions import Reason
from clientportal.errors import InvalidContact, Refused
from clientportal.web.code_pages import CodePage
from clientportal.web.kept_codes import KeptCode
from clientportal.web.messages import Response
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "replaceable"]

_PAGE = "/account/contact"


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
    return _CODE.kept(visit, sent, contact)


async def _use_code(visit: Visit, sent: KeptCode, typed: str) -> Response:
    """The record has the new contact from now on; the earlier one is told."""
    await visit.client.confirm_contact_change(sent.handle, typed)
    return visit.redirect("/account", notice="contact.done")


_CODE = CodePage(kind="contact", begin=_PAGE, use=_use_code)


ROUTES: tuple[Route, ...] = (
    Route("GET", _PAGE, ask_contact, section="account"),
    Route("POST", _PAGE, send_contact, section="account"),
    *_CODE.routes(section="account"),
)
"""Every address of another contact."""
