"""Signing in: by a code, or by a password; and what may have to come after either."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from attrs import frozen

from clientportal.decisions import Reason
from clientportal.errors import InvalidCode, InvalidContact, InvalidInput, Refused
from clientportal.outcomes import CodeSent, SignedIn, SignInStage
from clientportal.policy import Proof
from clientportal.values import ContactKind, Secret
from clientportal.web.messages import Response
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "go_on"]

_KIND = "web.code"
_NEXT_PAGE = {
    SignInStage.CHOOSE: "/choose",
    SignInStage.SECOND_PROOF: "/second-proof",
    SignInStage.SECOND_FACTOR: "/second-factor",
    SignInStage.ENROL: "/second-factor/new",
}


def go_on(visit: Visit, signed_in: SignedIn) -> Response:
    """Log the browser in, and lead to what is still missing, or to where the client wanted to go."""
    visit.keep(signed_in)
    missing = _NEXT_PAGE.get(signed_in.stage)
    if missing is not None:
        return visit.redirect(missing, next=visit.next)
    path, _, query = (visit.next or "/home").partition("?")
    return visit.redirect(f"{path}?{query}" if query else path)


# --- the code that is on its way, kept in a cookie: an address would be in the history and in logs


@frozen
class Sent:
    """A code that was asked for: what this browser must know to have it typed in, sent again, or asked for anew."""

    handle: Secret
    contact: str
    resend_at: datetime
    expires_at: datetime
    digits: int
    next: str | None = None


def _seconds(moment: datetime) -> int:
    return math.ceil(moment.timestamp())


def keep_code(visit: Visit, kind: str, sent: CodeSent, contact: str) -> None:
    """Remember a code in a cookie of its own, signed, for half an hour: long after it has expired, so that the page it
    is typed on can still offer a new one.
    """
    claims: dict[str, str | int] = {
        "h": sent.handle.reveal(),
        "c": contact[:300],
        "r": _seconds(sent.resend_at),
        "e": _seconds(sent.expires_at),
        "d": sent.digits,
        "n": visit.next or "",
    }
    signed = visit.setup.keys.sign(f"{_KIND}.{kind}", visit.tenant, claims)
    visit.set_cookie(visit.jar.make(kind, signed.reveal(), timedelta(minutes=30)))


def kept_code(visit: Visit, kind: str) -> Sent | None:
    """The code that this browser has asked for."""
    claims = visit.setup.keys.verify(f"{_KIND}.{kind}", visit.jar.read(visit.request, kind) or "")
    if claims is None or claims.get("t") != visit.tenant:
        return None
    resend_at, expires_at = (datetime.fromtimestamp(cast("int", claims[name]), UTC) for name in ("r", "e"))
    return Sent(
        handle=Secret(str(claims["h"])),
        contact=str(claims["c"]),
        resend_at=resend_at,
        expires_at=expires_at,
        digits=cast("int", claims["d"]),
        next=visit.site.own_page(str(claims["n"])),
    )


# --- the pages


async def sign_in(visit: Visit) -> Response:
    """Ask for the contact, or for email and password."""
    return visit.render(_template(visit), next=visit.next, **_offers(visit))


async def send_sign_in(visit: Visit) -> Response:
    """Send a code, or check the password."""
    return await (_log_in(visit) if _by_password(visit) else _ask_code(visit))


def _by_password(visit: Visit) -> bool:
    return visit.policy.login.proof is Proof.PASSWORD


def _template(visit: Visit) -> str:
    return "sign_in_password.html" if _by_password(visit) else "sign_in.html"


def _offers(visit: Visit) -> dict[str, Any]:
    policy = visit.policy
    kinds = policy.login.identifiers
    numbers = bool(kinds & {ContactKind.MOBILE, ContactKind.PHONE})
    field = "email" if not numbers else ("contact" if ContactKind.EMAIL in kinds else "mobile")
    return {
        "enabled": policy.login.enabled,
        "contact_field": field,
        "registering": policy.registration.register_from.value if policy.registration.accounts else "nowhere",
        "links": policy.accounts.sign_in_links,
        "code_waits": kept_code(visit, "code") is not None,
    }


async def _ask_code(visit: Visit) -> Response:
    contact = visit.form.text("contact")
    try:
        sent = await visit.visitor.request_code(contact)
    except InvalidContact as error:
        form = visit.form.wrong("contact", visit.words(f"contact.{error.problem}"))
        return visit.render(_template(visit), 422, form=form, next=visit.next, **_offers(visit))
    except Refused as error:
        return visit.form_again(_template(visit), error, next=visit.next, **_offers(visit))
    keep_code(visit, "code", sent, contact)
    return visit.redirect("/sign-in/code")


async def _log_in(visit: Visit) -> Response:
    try:
        signed_in = await visit.visitor.log_in(visit.form.text("email"), visit.request.form.get("password", ""))
    except InvalidInput:
        # Over-long, or no text at all: to whoever looks at the page it is the same as wrong.
        form = visit.form.alert(visit.words("reason.login_failed"), Reason.LOGIN_FAILED)
        return visit.render(_template(visit), 422, form=form, next=visit.next, **_offers(visit))
    except Refused as error:
        return visit.form_again(_template(visit), error, next=visit.next, **_offers(visit))
    return go_on(visit, signed_in)


async def code_page(visit: Visit) -> Response:
    """Type the code in; or have it sent again; or begin anew."""
    sent = kept_code(visit, "code")
    if sent is None:
        return visit.redirect("/sign-in")
    return visit.render("sign_in_code.html", **_code_values(visit, sent))


def _code_values(visit: Visit, sent: Sent) -> dict[str, Any]:
    return {"sent": sent, "wait": sent.resend_at > visit.now, "action": "/sign-in/code"}


async def send_code(visit: Visit) -> Response:
    """Log in with the code that was typed."""
    sent = kept_code(visit, "code")
    if sent is None:
        return visit.redirect("/sign-in")
    try:
        signed_in = await visit.visitor.verify_code(sent.handle, visit.form.text("code"), key=visit.once)
    except InvalidCode:
        form = visit.form.wrong("code", visit.words("code.invalid", digits=sent.digits))
        return visit.render("sign_in_code.html", 422, form=form, **_code_values(visit, sent))
    except Refused as error:
        return visit.form_again("sign_in_code.html", error, **_code_values(visit, sent))
    visit.set_cookie(visit.jar.drop("code"))
    response = go_on(visit, signed_in)
    if signed_in.stage is SignInStage.DONE and sent.next is not None:
        return visit.redirect(sent.next)
    return response


async def resend_code(visit: Visit) -> Response:
    """Send it again; where the first one is gone for good, a new one is asked for: nobody is stuck on this page."""
    sent = kept_code(visit, "code")
    if sent is None:
        return visit.redirect("/sign-in")
    try:
        again = await _again(visit, sent)
    except Refused as error:
        return visit.form_again("sign_in_code.html", error, **_code_values(visit, sent))
    keep_code(visit, "code", again, sent.contact)
    return visit.redirect("/sign-in/code", notice="code.sent_again")


async def _again(visit: Visit, sent: Sent) -> CodeSent:
    try:
        return await visit.visitor.resend_code(sent.handle)
    except Refused as error:
        if error.reason not in (Reason.CODE_GONE, Reason.TOO_MANY_TRIES):
            raise
        return await visit.visitor.request_code(sent.contact)


async def choose(visit: Visit) -> Response:
    """Whose pages to open, where a login leads to several."""
    return visit.render("choose.html", options=await visit.client.profiles(), next=visit.next)


async def send_choice(visit: Visit) -> Response:
    """Open the chosen one's."""
    return go_on(visit, await visit.client.switch(visit.form.text("option"), key=visit.once))


async def log_out(visit: Visit) -> Response:
    """End the session, and leave nothing of it in the browser."""
    try:
        await visit.client.log_out()
    except Refused as error:
        if error.reason is not Reason.SESSION_ENDED:
            raise
    visit.forget()
    return visit.redirect("/", notice="notice.logged_out")


ROUTES = (
    Route("GET", "/sign-in", sign_in, Needs.NOTHING),
    Route("POST", "/sign-in", send_sign_in, Needs.NOTHING),
    Route("GET", "/sign-in/code", code_page, Needs.NOTHING),
    Route("POST", "/sign-in/code", send_code, Needs.NOTHING),
    Route("POST", "/sign-in/code/resend", resend_code, Needs.NOTHING),
    Route("GET", "/choose", choose),
    Route("POST", "/choose", send_choice),
    Route("POST", "/log-out", log_out),
)
