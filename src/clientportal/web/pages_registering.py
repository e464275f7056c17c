"""Making an account, and proving its email by the link of a mail."""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Reason
from clientportal.errors import InvalidContact, InvalidInput, Refused
from clientportal.policy import RegisterFrom
from clientportal.web.consents import again, agreed_to, consent_fields
from clientportal.web.messages import Response
from clientportal.web.pages_sign_in import go_on
from clientportal.web.routing import Needs, Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


# --- making an account


async def register(visit: Visit) -> Response:
    """The form; or how to come by it, where only clients who have booked may register (A1, A2)."""
    registration = visit.policy.registration
    if not registration.accounts or not visit.policy.login.enabled:
        return _closed(visit, "register.disabled")
    if registration.register_from is RegisterFrom.NOWHERE:
        return _closed(visit, "register.disabled")
    if registration.register_from is RegisterFrom.CONFIRMATION_PAGE and "booking" not in visit.arguments:
        return _closed(visit, "register.booking_first")
    return visit.render("register.html", **_values(visit))


def _closed(visit: Visit, text: str) -> Response:
    return visit.render("error.html", 403, title=visit.words("register.title"), text=visit.words(text))


def _values(visit: Visit) -> dict[str, Any]:
    booking = visit.arguments.get("booking")
    return {
        "next": visit.next,
        "action": "/register" if booking is None else path_of("register", booking),
        "least": visit.policy.passwords.min_length,
        "consents": consent_fields(visit, visit.policy.registration.consents),
    }


async def send_register(visit: Visit) -> Response:
    """Make it, and open its session at once (A16). The answer is the same whether the email has an account or not."""
    typed = visit.form
    try:
        registered = await visit.visitor.register(
            typed.text("email"),
            visit.request.form.get("new_password", ""),
            first_name=typed.text("first_name") or None,
            last_name=typed.text("last_name") or None,
            phone=typed.text("phone") or None,
            consents=agreed_to(visit),
            came_from=visit.arguments.get("booking"),
            key=visit.once,
        )
    except InvalidContact as error:
        number = error.problem in ("letters", "extension", "not_a_number")
        return visit.contact_again("register.html", error, "phone" if number else "email", **_values(visit))
    except InvalidInput:
        form = typed.alert(visit.words("form.unusable"))
        return visit.render("register.html", 422, form=form, **_values(visit))
    except Refused as error:
        return again(visit, "register.html", error, _values(visit))
    return go_on(visit, registered, "/registered")


async def registered(visit: Visit) -> Response:
    """What comes next: a mail waits to be answered."""
    return visit.render("registered.html")


async def resend_verification(visit: Visit) -> Response:
    """Have the mail sent once more."""
    try:
        await visit.client.resend_verification(key=visit.once)
    except Refused as error:
        if error.reason is not Reason.ALREADY_REGISTERED:
            return visit.form_again("registered.html", error)
        return visit.redirect("/home", notice="verify.proved_already")
    return visit.redirect("/registered", notice="verify.sent_again")


# --- proving the email


async def verification(visit: Visit) -> Response:
    """Look at the link, without effect, and ask what is to become of it."""
    return visit.render("verify.html", **await _verification_values(visit))


async def _verification_values(visit: Visit) -> dict[str, Any]:
    link = visit.arguments["link"]
    view = await visit.visitor.look_at_verification(link)
    return {
        "view": view,
        "action": path_of("verify", link),
        "claim": path_of("verify", link, "claim"),
        "least": visit.policy.passwords.min_length,
        "consents": consent_fields(visit, view.consents),
    }


async def verify(visit: Visit) -> Response:
    """In the registration's own session the link is enough; elsewhere its password is asked for (A16)."""
    link = visit.arguments["link"]
    try:
        if "password" in visit.request.form:
            password = visit.request.form["password"]
            return go_on(visit, await visit.visitor.verify_email(link, password, key=visit.once), notice="verify.done")
        return go_on(visit, await visit.client.verify_email(link, key=visit.once), notice="verify.done")
    except InvalidInput:
        form = visit.form.wrong("password", visit.words("password.wrong"))
        return visit.render("verify.html", 422, form=form, **await _verification_values(visit))
    except Refused as error:
        # A link that is gone for this session may be another registration's: its password still proves it.
        values = await _verification_values(visit)
        if error.reason is Reason.SESSION_ENDED:
            visit.forget()
        if error.reason in (Reason.SESSION_ENDED, Reason.LINK_GONE):
            form = visit.form.wrong("password", visit.words("verify.password_needed"))
            return visit.render("verify.html", 422, form=form, **values)
        if error.reason is Reason.LOGIN_FAILED:
            form = visit.form.wrong("password", visit.words("password.wrong"))
            return visit.render("verify.html", 422, form=form, **values)
        return visit.form_again("verify.html", error, **values)


async def claim_email(visit: Visit) -> Response:
    """ "It is my address, but I did not register": a new account, with a password of the owner's own."""
    return visit.render("new_password.html", **await _claim_values(visit))


async def _claim_values(visit: Visit) -> dict[str, Any]:
    values = await _verification_values(visit)
    text = visit.words("verify.claim_text", address=values["view"].address)
    return {**values, "action": values["claim"], "text": text}


async def send_claim_email(visit: Visit) -> Response:
    """Make it; nobody is logged in by that."""
    link, typed = visit.arguments["link"], visit.request.form.get("new_password", "")
    try:
        done = await visit.visitor.claim_email(link, typed, consents=agreed_to(visit), key=visit.once)
    except InvalidInput:
        form = visit.form.wrong("new_password", visit.words("password.unusable"))
        return visit.render("new_password.html", 422, form=form, **await _claim_values(visit))
    except Refused as error:
        if error.reason is Reason.LINK_GONE:
            raise
        return again(visit, "new_password.html", error, await _claim_values(visit))
    visit.set_cookie(visit.jar.known_device(done.device))
    visit.forget()
    return visit.redirect("/sign-in", notice="reset.done")


ROUTES = (
    Route("GET", "/register", register, Needs.NOTHING),
    Route("POST", "/register", send_register, Needs.NOTHING),
    Route("GET", "/register/{booking}", register, Needs.NOTHING),
    Route("POST", "/register/{booking}", send_register, Needs.NOTHING),
    Route("GET", "/registered", registered),
    Route("POST", "/registered", resend_verification),
    Route("GET", "/verify/{link}", verification, Needs.NOTHING),
    Route("POST", "/verify/{link}", verify, Needs.NOTHING),
    Route("GET", "/verify/{link}/claim", claim_email, Needs.NOTHING),
    Route("POST", "/verify/{link}/claim", send_claim_email, Needs.NOTHING),
)
