"""Other links in mails: logging in, a changed email, one more record. Looking has no effect; a button acts."""

from __future__ import annotations

from typing import Any

from clientportal.errors import InvalidContact, Refused
from clientportal.outcomes import Claimed
from clientportal.values import ContactKind
from clientportal.web.code_pages import CodePage
from clientportal.web.kept_codes import KeptCode
from clientportal.web.messages import Response
from clientportal.web.pages_sign_in import go_on
from clientportal.web.routing import Needs, Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


def _with_button(visit: Visit, kind: str, *, title: str, text: str, button: str) -> Response:
    """What a link would do, and the button that does it: mail scanners open every link, and press nothing."""
    return visit.render(
        "mail_link.html",
        title=visit.words(title),
        text=text,
        action=path_of(kind, visit.arguments["link"]),
        button=visit.words(button),
    )


# --- logging in by a link


async def ask_link(visit: Visit) -> Response:
    """Ask for the email."""
    return visit.render("sign_in_link.html")


async def send_link(visit: Visit) -> Response:
    """Answer everybody alike."""
    email = visit.form.text("email")
    try:
        await visit.visitor.request_sign_in_link(email)
    except InvalidContact as error:
        return visit.contact_again("sign_in_link.html", error, "email")
    except Refused as error:
        return visit.form_again("sign_in_link.html", error)
    return visit.render("mail_sent.html", text=visit.words("sign_in_link.sent", email=email))


async def sign_in_link(visit: Visit) -> Response:
    """Look at it, and show the button."""
    view = await visit.visitor.look_at_sign_in_link(visit.arguments["link"])
    return _with_button(
        visit,
        "sign_in",
        title="sign_in.title",
        text=visit.words("sign_in_link.about", address=view.address),
        button="sign_in.go_on",
    )


async def sign_in_by_link(visit: Visit) -> Response:
    """Log in with it, once."""
    return go_on(visit, await visit.visitor.sign_in_by_link(visit.arguments["link"], key=visit.once))


# --- a changed email


async def email_link(visit: Visit) -> Response:
    """Whoever comes by the link to a new address is logged in to the account that asked for it."""
    view = await visit.visitor.look_at_email_link(visit.arguments["link"])
    return _with_button(
        visit,
        "change_email",
        title="change_email.title",
        text=visit.words("change_email.about", address=view.address),
        button="change_email.confirm",
    )


async def confirm_email(visit: Visit) -> Response:
    """The account has the new email from now on."""
    signed_in = await visit.client.confirm_email_change(visit.arguments["link"], key=visit.once)
    return go_on(visit, signed_in, "/login", notice="change_email.done")


async def revert_link(visit: Visit) -> Response:
    """The earlier address looks at the way back."""
    view = await visit.visitor.look_at_email_link(visit.arguments["link"])
    return _with_button(
        visit,
        "revert_email",
        title="revert_email.title",
        text=visit.words("revert_email.about", address=view.address),
        button="revert_email.confirm",
    )


async def revert_email(visit: Visit) -> Response:
    """Take it back: all that a thief may have ends; a new password is set by mail."""
    await visit.visitor.revert_email_change(visit.arguments["link"])
    visit.forget()
    return visit.redirect("/reset", notice="revert_email.done")


# --- a contact of one's own record that was changed (M7)


async def contact_link(visit: Visit) -> Response:
    """The earlier contact looks at the way back."""
    change = await visit.visitor.look_at_contact_change(visit.arguments["link"])
    return _with_button(
        visit,
        "contact",
        title="revert_email.title",
        text=visit.words("revert_contact.about", contact=change.contact),
        button="revert_email.confirm",
    )


async def revert_contact(visit: Visit) -> Response:
    """Put it back: every session of the client ends."""
    await visit.visitor.revert_contact_change(visit.arguments["link"])
    visit.forget()
    return visit.redirect("/sign-in", notice="revert_contact.done")


# --- one more record in the account (X5)


async def ask_claim(visit: Visit) -> Response:
    """Ask for a contact that the record has."""
    return visit.render("claim.html", **_claim_values(visit))


def _claim_values(visit: Visit) -> dict[str, Any]:
    kinds = visit.policy.login.identifiers
    return {"numbers": bool(kinds & {ContactKind.MOBILE, ContactKind.PHONE})}


async def send_claim(visit: Visit) -> Response:
    """Send a code there, whoever's it is."""
    contact = visit.form.text("contact")
    try:
        sent = await visit.client.claim(contact)
    except InvalidContact as error:
        return visit.contact_again("claim.html", error, "contact", **_claim_values(visit))
    except Refused as error:
        return visit.form_again("claim.html", error, **_claim_values(visit))
    return _CODE.kept(visit, sent, contact)


def _claimed(visit: Visit, claimed: Claimed) -> Response:
    if claimed.added:
        return visit.redirect("/choose", notice="claim.added")
    if claimed.proof_needed:
        return visit.redirect("/claim", notice="claim.proof_needed")
    return visit.redirect("/choose", notice="claim.nothing")


async def _use_code(visit: Visit, sent: KeptCode, typed: str) -> Response:
    """See what the contact has brought."""
    return _claimed(visit, await visit.client.finish_claim(sent.handle, typed))


_CODE = CodePage(kind="claim", begin="/claim", use=_use_code)


async def claim_link(visit: Visit) -> Response:
    """The same by a link."""
    return _with_button(visit, "claim", title="claim.title", text=visit.words("claim.about"), button="claim.confirm")


async def claim_by_link(visit: Visit) -> Response:
    """Use it."""
    return _claimed(visit, await visit.client.claim_by_link(visit.arguments["link"]))


ROUTES = (
    Route("GET", "/sign-in/link", ask_link, Needs.NOTHING),
    Route("POST", "/sign-in/link", send_link, Needs.NOTHING),
    Route("GET", "/sign_in/{link}", sign_in_link, Needs.NOTHING),
    Route("POST", "/sign_in/{link}", sign_in_by_link, Needs.NOTHING),
    Route("GET", "/change_email/{link}", email_link),
    Route("POST", "/change_email/{link}", confirm_email),
    Route("GET", "/revert_email/{link}", revert_link, Needs.NOTHING),
    Route("POST", "/revert_email/{link}", revert_email, Needs.NOTHING),
    Route("GET", "/contact/{link}", contact_link, Needs.NOTHING),
    Route("POST", "/contact/{link}", revert_contact, Needs.NOTHING),
    Route("GET", "/claim", ask_claim),
    Route("POST", "/claim", send_claim),
    *_CODE.routes(),
    Route("GET", "/claim/{link}", claim_link),
    Route("POST", "/claim/{link}", claim_by_link),
)
