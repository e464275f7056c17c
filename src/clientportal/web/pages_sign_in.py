"""Signing in, by a code or by a password; choosing a profile; logging out."""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Reason
from clientportal.errors import InvalidCode, InvalidContact, InvalidInput, Refused
from clientportal.outcomes import CodeSent, SignedIn, SignInStage
from clientportal.policy import Proof, RegisterFrom
from clientportal.values import ContactKind
from clientportal.web.kept_codes import KeptCode, code_values, keep_code, kept_code, may_begin_anew
from clientportal.web.messages import Response
from clientportal.web.refusals import status_of
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "go_on"]

_KIND = "code"
_COMES_FIRST = {
    SignInStage.CHOOSE: "/choose",
    SignInStage.SECOND_PROOF: "/second-proof",
    SignInStage.SECOND_FACTOR: "/second-factor",
    SignInStage.ENROL: "/second-factor/new",
}


def go_on(visit: Visit, signed_in: SignedIn, to: str | None = None, *, notice: str | None = None) -> Response:
    """Log the browser in, and lead to what is still missing, or to where the client wanted to go."""
    visit.keep(signed_in)
    wanted = to or visit.next
    missing = _COMES_FIRST.get(signed_in.stage)
    if missing is not None:
        return visit.redirect(missing, next=wanted)
    return visit.redirect(wanted or "/start", notice=notice)


async def sign_in(visit: Visit) -> Response:
    """Ask for the contact, or for email and password."""
    return visit.render(_template(visit), **_offers(visit))


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
    registering = policy.registration.register_from if policy.registration.accounts else RegisterFrom.NOWHERE
    return {
        "next": visit.next,
        "enabled": policy.login.enabled,
        "contact_field": "email" if not numbers else ("contact" if ContactKind.EMAIL in kinds else "mobile"),
        "registering": registering.value,
        "links": policy.accounts.sign_in_links,
        "code_waits": kept_code(visit, _KIND) is not None,
    }


async def _ask_code(visit: Visit) -> Response:
    contact = visit.form.text("contact")
    try:
        sent = await visit.visitor.request_code(contact)
    except InvalidContact as error:
        return visit.contact_again(_template(visit), error, "contact", **_offers(visit))
    except Refused as error:
        return visit.form_again(_template(visit), error, **_offers(visit))
    keep_code(visit, _KIND, sent, contact)
    return visit.redirect("/sign-in/code")


async def _log_in(visit: Visit) -> Response:
    try:
        signed_in = await visit.visitor.log_in(
            visit.form.text("email"), visit.request.form.get("password", ""), key=visit.once
        )
    except InvalidInput:
        # No address at all, or an over-long password: whoever looks at the page reads the same as for a wrong one (A3).
        form = visit.form.alert(visit.words.plain_reason(Reason.LOGIN_FAILED), Reason.LOGIN_FAILED)
        return visit.render(_template(visit), status_of(Reason.LOGIN_FAILED), form=form, **_offers(visit))
    except Refused as error:
        return visit.form_again(_template(visit), error, **_offers(visit))
    return go_on(visit, signed_in)


# --- the page of a code


def _code_values(visit: Visit, sent: KeptCode) -> dict[str, Any]:
    return code_values(visit, sent, "/sign-in/code", "/sign-in")


async def code_page(visit: Visit) -> Response:
    """Type the code in; or have it sent again; or begin anew."""
    sent = kept_code(visit, _KIND)
    if sent is None:
        return visit.redirect("/sign-in")
    return visit.render("code.html", **_code_values(visit, sent))


async def send_code(visit: Visit) -> Response:
    """Log in with the code that was typed."""
    sent = kept_code(visit, _KIND)
    if sent is None:
        return visit.redirect("/sign-in")
    try:
        signed_in = await visit.visitor.verify_code(sent.handle, visit.form.text("code"), key=visit.once)
    except InvalidCode:
        form = visit.form.wrong("code", visit.words("code.invalid", digits=sent.digits))
        return visit.render("code.html", 422, form=form, **_code_values(visit, sent))
    except Refused as error:
        return visit.form_again("code.html", error, **_code_values(visit, sent))
    visit.set_cookie(visit.jar.drop(_KIND))
    return go_on(visit, signed_in, sent.next)


async def resend_code(visit: Visit) -> Response:
    """Send it again; where the first one is gone for good, a new one is asked for: nobody is stuck on this page."""
    sent = kept_code(visit, _KIND)
    if sent is None:
        return visit.redirect("/sign-in")
    try:
        again = await _again(visit, sent)
    except Refused as error:
        return visit.form_again("code.html", error, **_code_values(visit, sent))
    keep_code(visit, _KIND, again, sent.contact)
    return visit.redirect("/sign-in/code", notice="code.sent_again")


async def _again(visit: Visit, sent: KeptCode) -> CodeSent:
    try:
        return await visit.visitor.resend_code(sent.handle)
    except Refused as error:
        if not may_begin_anew(error):
            raise
        return await visit.visitor.request_code(sent.contact)


# --- which profile, and leaving


async def choose(visit: Visit) -> Response:
    """Whose pages to open, where a login leads to several."""
    return visit.render("choose.html", options=await visit.client.profiles(), next=visit.next)


async def send_choice(visit: Visit) -> Response:
    """Open the chosen one's."""
    return go_on(visit, await visit.client.switch(visit.form.text("option"), key=visit.once))


async def not_me(visit: Visit) -> Response:
    """Ask once more before a number is taken off somebody's record."""
    return visit.render("not_me.html")


async def send_not_me(visit: Visit) -> Response:
    """ "This is not me" (X6)."""
    detached = await visit.client.not_me()
    if detached.signed_in is None:
        visit.forget()
        return visit.redirect("/", notice="not_me.done")
    return go_on(visit, detached.signed_in, notice="not_me.done")


async def log_out(visit: Visit) -> Response:
    """End the session, and leave nothing of it in the browser."""
    try:
        await visit.client.log_out()
    except Refused as error:
        if error.reason not in (Reason.SESSION_ENDED, Reason.DISABLED):
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
    Route("GET", "/not-me", not_me),
    Route("POST", "/not-me", send_not_me),
    Route("POST", "/log-out", log_out, Needs.NOTHING),
)
