"""Signing in, by a code or by a password; choosing a profile; logging out."""

from __future__ import annotations

from typing import Any

from clientportal.decisions import Reason
from clientportal.errors import InvalidContact, InvalidInput, Refused
from clientportal.outcomes import CodeSent, SignedIn, SignInStage
from clientportal.policy import Proof, RegisterFrom
from clientportal.values import ContactKind
from clientportal.web.code_pages import CodePage
from clientportal.web.kept_codes import KeptCode, kept_code
from clientportal.web.messages import Response
from clientportal.web.refusals import status_of
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "go_on"]

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
        "code_waits": kept_code(visit, _CODE.kind) is not None,
    }


async def _ask_code(visit: Visit) -> Response:
    contact = visit.form.text("contact")
    try:
        sent = await visit.visitor.request_code(contact)
    except InvalidContact as error:
        return visit.contact_again(_template(visit), error, "contact", **_offers(visit))
    except Refused as error:
        return visit.form_again(_template(visit), error, **_offers(visit))
    return _CODE.kept(visit, sent, contact)


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


async def _use_code(visit: Visit, sent: KeptCode, typed: str) -> Response:
    return go_on(visit, await visit.visitor.verify_code(sent.handle, typed, key=visit.once), sent.next)


async def _anew(visit: Visit, sent: KeptCode) -> CodeSent:
    return await visit.visitor.request_code(sent.contact)


_CODE = CodePage(kind="code", begin="/sign-in", use=_use_code, anew=_anew)


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
    *_CODE.routes(Needs.NOTHING),
    Route("GET", "/choose", choose),
    Route("POST", "/choose", send_choice),
    Route("GET", "/not-me", not_me),
    Route("POST", "/not-me", send_not_me),
    Route("POST", "/log-out", log_out, Needs.NOTHING),
)
