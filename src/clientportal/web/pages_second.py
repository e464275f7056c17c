"""What comes after the first proof: another contact (X6), the code of an authenticator app, setting one up."""

from __future__ import annotations

from clientportal.decisions import Reason
from clientportal.errors import InvalidCode, InvalidContact, Refused
from clientportal.outcomes import RecoveryCodes
from clientportal.policy import SecondFactorUse
from clientportal.web.code_pages import CodePage
from clientportal.web.kept_codes import KeptCode
from clientportal.web.messages import Response
from clientportal.web.pages_sign_in import go_on
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


# --- another contact of the same record


async def second_proof(visit: Visit) -> Response:
    """Ask for another contact."""
    return visit.render("second_proof.html", next=visit.next)


async def send_second_proof(visit: Visit) -> Response:
    """Send a code there, whoever's it is."""
    contact = visit.form.text("contact")
    try:
        sent = await visit.client.request_second_proof(contact)
    except InvalidContact as error:
        return visit.contact_again("second_proof.html", error, "contact", next=visit.next)
    except Refused as error:
        return visit.form_again("second_proof.html", error, next=visit.next)
    return _CODE.kept(visit, sent, contact)


async def _use_code(visit: Visit, sent: KeptCode, typed: str) -> Response:
    return go_on(visit, await visit.visitor.verify_code(sent.handle, typed, key=visit.once), sent.next)


_CODE = CodePage(kind="proof", begin="/second-proof", use=_use_code)


# --- the authenticator app


async def second_factor(visit: Visit) -> Response:
    """Ask for the app's code."""
    return visit.render("second_factor.html", next=visit.next)


async def send_second_factor(visit: Visit) -> Response:
    """Go on with it."""
    try:
        signed_in = await visit.client.second_factor(visit.form.text("code"), key=visit.once)
    except InvalidCode:
        form = visit.form.wrong("code", visit.words("second_factor.invalid"))
        return visit.render("second_factor.html", 422, form=form, next=visit.next)
    except Refused as error:
        at = "code" if error.reason is Reason.SECOND_FACTOR_WRONG else None
        return visit.form_again("second_factor.html", error, at=at, next=visit.next)
    return go_on(visit, signed_in)


async def new_factor(visit: Visit) -> Response:
    """What an app is good for, and the button that begins."""
    return visit.render("second_factor_new.html", enrolment=None, next=visit.next)


async def send_new_factor(visit: Visit) -> Response:
    """Show the new app's secret: this once."""
    enrolment = await visit.client.begin_second_factor()
    return visit.render("second_factor_new.html", enrolment=enrolment, next=visit.next)


async def confirm_factor(visit: Visit) -> Response:
    """Type a code of the new app, and get recovery codes."""
    try:
        kept = await visit.client.confirm_second_factor(visit.form.text("code"))
    except InvalidCode:
        form = visit.form.wrong("code", visit.words("second_factor.invalid"))
        return visit.render("second_factor_confirm.html", 422, form=form, next=visit.next)
    except Refused as error:
        at = "code" if error.reason is Reason.SECOND_FACTOR_WRONG else None
        return visit.form_again("second_factor_confirm.html", error, at=at, next=visit.next)
    return _recovery_codes(visit, kept)


def _recovery_codes(visit: Visit, kept: RecoveryCodes) -> Response:
    if kept.signed_in is not None:
        visit.keep(kept.signed_in)
    return visit.render("recovery_codes.html", codes=kept.codes, next=visit.next)


async def new_codes(visit: Visit) -> Response:
    """New recovery codes, in the place of those that were left."""
    return _recovery_codes(visit, await visit.client.new_recovery_codes())


async def factor_settings(visit: Visit) -> Response:
    """Set the app up, renew the recovery codes, take it off."""
    use = visit.policy.accounts.second_factor
    return visit.render("second_factor_settings.html", required=use is SecondFactorUse.REQUIRED)


async def remove_factor(visit: Visit) -> Response:
    """Take the app off."""
    await visit.client.remove_second_factor()
    return visit.redirect("/login", notice="second_factor.removed")


ROUTES = (
    Route("GET", "/second-proof", second_proof),
    Route("POST", "/second-proof", send_second_proof),
    *_CODE.routes(),
    Route("GET", "/second-factor", second_factor),
    Route("POST", "/second-factor", send_second_factor),
    Route("GET", "/second-factor/new", new_factor),
    Route("POST", "/second-factor/new", send_new_factor),
    Route("POST", "/second-factor/confirm", confirm_factor),
    Route("GET", "/login/second-factor", factor_settings),
    Route("POST", "/login/second-factor/codes", new_codes),
    Route("POST", "/login/second-factor/remove", remove_factor),
)
