"""Passwords: setting one by a mail, showing it once more, changing it; and the proved email of an account."""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Reason
from clientportal.errors import InvalidContact, InvalidInput, Refused
from clientportal.outcomes import MailedLinkView
from clientportal.web.consents import again, agreed_to, consent_fields
from clientportal.web.messages import Response
from clientportal.web.pages_sign_in import go_on
from clientportal.web.routing import Needs, Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


def _typed(visit: Visit, name: str) -> str:
    """A password as it was typed: space at its ends is part of it."""
    return visit.request.form.get(name, "")


# --- asking for a new one


async def ask_reset(visit: Visit) -> Response:
    """Ask for the email."""
    return visit.render("reset.html")


async def send_reset(visit: Visit) -> Response:
    """Answer everybody alike: a mail is on its way, if there is somebody to get it."""
    email = visit.form.text("email")
    try:
        await visit.visitor.request_reset(email, key=visit.once)
    except InvalidContact as error:
        return visit.contact_again("reset.html", error, "email")
    except Refused as error:
        return visit.form_again("reset.html", error)
    return visit.render("mail_sent.html", text=visit.words("reset.sent", email=email))


# --- setting it by the link of the mail


async def new_password(visit: Visit) -> Response:
    """Look at the link, without effect, and ask for the new password."""
    return visit.render("new_password.html", **await _link_values(visit))


async def _link_values(visit: Visit) -> dict[str, Any]:
    view: MailedLinkView = await visit.visitor.look_at_reset(visit.arguments["link"])
    return {
        "view": view,
        "action": path_of("reset", visit.arguments["link"]),
        "least": visit.policy.passwords.min_length,
        "consents": consent_fields(visit, view.consents),
        "text": visit.words("reset.choose", address=view.address),
    }


async def send_new_password(visit: Visit) -> Response:
    """Set it. Nobody is logged in by that (ASVS V6.4.3); this browser is known from now on."""
    link, typed = visit.arguments["link"], _typed(visit, "new_password")
    try:
        done = await visit.visitor.reset_password(link, typed, consents=agreed_to(visit), key=visit.once)
    except InvalidInput:
        form = visit.form.wrong("new_password", visit.words("password.unusable"))
        return visit.render("new_password.html", 422, form=form, **await _link_values(visit))
    except Refused as error:
        if error.reason is Reason.LINK_GONE:
            raise
        return again(visit, "new_password.html", error, await _link_values(visit))
    visit.set_cookie(visit.jar.known_device(done.device))
    visit.forget()
    return visit.redirect("/sign-in", notice="reset.done")


# --- an invitation is the same, and logs in


async def invitation(visit: Visit) -> Response:
    """Look at the invitation, and ask for a password."""
    return visit.render("new_password.html", **await _invitation_values(visit))


async def _invitation_values(visit: Visit) -> dict[str, Any]:
    view = await visit.visitor.look_at_invitation(visit.arguments["link"])
    return {
        "view": view,
        "action": path_of("invitation", visit.arguments["link"]),
        "least": visit.policy.passwords.min_length,
        "consents": consent_fields(visit, view.consents),
        "text": visit.words("invitation.choose", address=view.address),
    }


async def accept_invitation(visit: Visit) -> Response:
    """Set the password, and log in."""
    link, typed = visit.arguments["link"], _typed(visit, "new_password")
    try:
        signed_in = await visit.visitor.accept_invitation(link, typed, consents=agreed_to(visit), key=visit.once)
    except InvalidInput:
        form = visit.form.wrong("new_password", visit.words("password.unusable"))
        return visit.render("new_password.html", 422, form=form, **await _invitation_values(visit))
    except Refused as error:
        if error.reason is Reason.LINK_GONE:
            raise
        return again(visit, "new_password.html", error, await _invitation_values(visit))
    return go_on(visit, signed_in)


# --- in the account


async def confirm_password(visit: Visit) -> Response:
    """Ask for the password once more, before what changes the account itself (V7.5.1)."""
    return visit.render("confirm_password.html", next=visit.next)


async def send_confirm_password(visit: Visit) -> Response:
    """Go on to where it was asked for."""
    try:
        signed_in = await visit.client.confirm_password(_typed(visit, "password"))
    except InvalidInput:
        form = visit.form.wrong("password", visit.words("password.wrong"))
        return visit.render("confirm_password.html", 422, form=form, next=visit.next)
    except Refused as error:
        if error.reason is Reason.LOGIN_FAILED:
            form = visit.form.wrong("password", visit.words("password.wrong"))
            return visit.render("confirm_password.html", 422, form=form, next=visit.next)
        return visit.form_again("confirm_password.html", error, next=visit.next)
    return go_on(visit, signed_in, visit.next or "/login")


async def change_password(visit: Visit) -> Response:
    """Ask for the old and the new one."""
    return visit.render("change_password.html", least=visit.policy.passwords.min_length)


async def send_change_password(visit: Visit) -> Response:
    """Set the new one: every other session ends."""
    least = visit.policy.passwords.min_length
    try:
        signed_in = await visit.client.change_password(_typed(visit, "new_password"), old=_typed(visit, "password"))
    except InvalidInput:
        form = visit.form.wrong("new_password", visit.words("password.unusable"))
        return visit.render("change_password.html", 422, form=form, least=least)
    except Refused as error:
        if error.reason is Reason.LOGIN_FAILED:
            form = visit.form.wrong("password", visit.words("password.wrong"))
            return visit.render("change_password.html", 422, form=form, least=least)
        return again(visit, "change_password.html", error, {"least": least, "consents": ()})
    return go_on(visit, signed_in, "/login", notice="password.changed")


async def change_email(visit: Visit) -> Response:
    """Ask for the new address."""
    return visit.render("change_email.html")


async def send_change_email(visit: Visit) -> Response:
    """Mail a link to the new address; nothing changes yet."""
    email = visit.form.text("email")
    try:
        await visit.client.change_email(email)
    except InvalidContact as error:
        return visit.contact_again("change_email.html", error, "email")
    except Refused as error:
        return visit.form_again("change_email.html", error)
    return visit.render("mail_sent.html", text=visit.words("change_email.sent", email=email))


ROUTES = (
    Route("GET", "/reset", ask_reset, Needs.NOTHING),
    Route("POST", "/reset", send_reset, Needs.NOTHING),
    Route("GET", "/reset/{link}", new_password, Needs.NOTHING),
    Route("POST", "/reset/{link}", send_new_password, Needs.NOTHING),
    Route("GET", "/invitation/{link}", invitation, Needs.NOTHING),
    Route("POST", "/invitation/{link}", accept_invitation, Needs.NOTHING),
    Route("GET", "/confirm-password", confirm_password),
    Route("POST", "/confirm-password", send_confirm_password),
    Route("GET", "/login/password", change_password),
    Route("POST", "/login/password", send_change_password),
    Route("GET", "/login/email", change_email),
    Route("POST", "/login/email", send_change_email),
)
