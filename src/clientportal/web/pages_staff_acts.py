"""Pages of what staff look after: payments that wait for them, a client's login.

A button is there where whoever sits at the screen may press it; whether they may, the staff's door says all the same.
"""

from __future__ import annotations

from clientportal.decisions import Reason
from clientportal.errors import Refused
from clientportal.records import PaymentStage
from clientportal.rules.who_may_manage import Permission
from clientportal.values import RecordRef
from clientportal.web.messages import Response
from clientportal.web.refusals import status_of
from clientportal.web.routing import Needs, Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "may"]

_PER_PAGE = 20
_STAGES = (PaymentStage.STAFF, PaymentStage.OPEN, PaymentStage.DONE)


def may(visit: Visit, permission: Permission) -> bool:
    """Whether to show a button to whoever sits at the screen."""
    return visit.identity is not None and permission in visit.identity.permissions


def _no(visit: Visit, error: Refused) -> Response:
    title = visit.words("error.title")
    return visit.render("error.html", status_of(error.reason), title=title, text=error.staff_text)


# --- payments -------------------------------------------------------------------------------------------------------


async def payments(visit: Visit) -> Response:
    """Payments that clients have begun: first those that somebody has to look into (charged, and in no book)."""
    asked = visit.get("stage") or ""
    stage = PaymentStage(asked) if asked in [one.value for one in _STAGES] else PaymentStage.STAFF
    try:
        page = await visit.staff.payments(stage, after=visit.get("after"), limit=_PER_PAGE)
    except Refused as error:
        return _no(visit, error)
    more = None if page.next is None else visit.url("/staff/payments", stage=stage.value, after=page.next)
    stages = [(one, visit.url("/staff/payments", stage=one.value)) for one in _STAGES]
    return visit.render("staff_payments.html", page=page, stage=stage, stages=stages, more=more)


async def handled(visit: Visit) -> Response:
    """Note that one was dealt with; nothing is refunded by that."""
    try:
        await visit.staff.payment_handled(visit.arguments["id"])
    except Refused as error:
        return _no(visit, error)
    return visit.redirect("/staff/payments", notice="staff.payment_handled")


# --- a client's login -----------------------------------------------------------------------------------------------


def _page(visit: Visit) -> str:
    return path_of("staff", "clients", visit.arguments["ref"])


def _sure(visit: Visit, act: str, permission: Permission) -> Response:
    """Ask once more; somebody who may not do it is told so before they press anything."""
    ref = RecordRef.parse(visit.arguments["ref"])
    if not may(visit, permission):
        text = visit.words.plain_reason(Reason.PERMISSION)
        return visit.render("error.html", 403, title=visit.words("error.title"), text=text)
    return visit.render("staff_sure.html", act=act, ref=ref, here=visit.url(f"{_page(visit)}/{act}"), back=_page(visit))


async def end_sessions_first(visit: Visit) -> Response:
    """Sure?"""
    return _sure(visit, "end-sessions", Permission.END_SESSIONS)


async def end_sessions(visit: Visit) -> Response:
    """Log a client out everywhere."""
    try:
        await visit.staff.end_sessions(RecordRef.parse(visit.arguments["ref"]))
    except Refused as error:
        return _no(visit, error)
    return visit.redirect(_page(visit), notice="staff.sessions_ended")


async def reset_first(visit: Visit) -> Response:
    """Sure?"""
    return _sure(visit, "reset-password", Permission.RESET_PASSWORDS)


async def reset(visit: Visit) -> Response:
    """Take the password away, and mail the client a link to set a new one; staff see neither (TT3)."""
    try:
        await visit.staff.reset_password(RecordRef.parse(visit.arguments["ref"]))
    except Refused as error:
        return _no(visit, error)
    return visit.redirect(_page(visit), notice="staff.password_reset")


_CLIENT = "/staff/clients/{ref}"

ROUTES: tuple[Route, ...] = tuple(
    Route(method, path, page, Needs.STAFF)
    for method, path, page in (
        ("GET", "/staff/payments", payments),
        ("POST", "/staff/payments/{id}/handled", handled),
        ("GET", f"{_CLIENT}/end-sessions", end_sessions_first),
        ("POST", f"{_CLIENT}/end-sessions", end_sessions),
        ("GET", f"{_CLIENT}/reset-password", reset_first),
        ("POST", f"{_CLIENT}/reset-password", reset),
    )
)
"""Every address of what staff look after."""
