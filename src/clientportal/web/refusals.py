"""A refusal as a status, and where it leads instead of a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from clientportal.decisions import Reason

__all__ = ["LEADS_TO", "retry_after", "status_of"]

_STATUS: Mapping[Reason, int] = {
    Reason.SESSION_ENDED: 401,
    Reason.DISABLED: 403,
    Reason.PERMISSION: 403,
    Reason.LOOK_ONLY: 403,
    Reason.BOT_SUSPECTED: 403,
    Reason.PLAN: 403,
    Reason.NOT_FOUND: 404,
    Reason.LINK_GONE: 410,
    Reason.ERASED: 410,
    Reason.LOGIN_FAILED: 422,
    Reason.CODE_WRONG: 422,
    Reason.CODE_GONE: 422,
    Reason.SECOND_FACTOR_WRONG: 422,
    Reason.CONTACT_NOT_ALLOWED: 422,
    Reason.CONSENT_MISSING: 422,
    Reason.PASSWORD_TOO_SHORT: 422,
    Reason.PASSWORD_TOO_COMMON: 422,
    Reason.PASSWORD_BREACHED: 422,
    Reason.WAIT: 429,
    Reason.TOO_MANY_TRIES: 429,
    Reason.TOO_MANY_CODES: 429,
    Reason.STOPPED: 429,
    Reason.BUSY: 503,
}

LEADS_TO: Mapping[Reason, str] = {
    Reason.SESSION_ENDED: "/sign-in",
    Reason.CHOOSE_FIRST: "/choose",
    Reason.SECOND_PROOF_FIRST: "/second-proof",
    Reason.SECOND_FACTOR_FIRST: "/second-factor",
    Reason.ENROL_FIRST: "/second-factor/new",
    Reason.STEP_UP_FIRST: "/confirm-password",
    Reason.FRESH_LOGIN_FIRST: "/sign-in",
    Reason.PROVE_CONTACT_FIRST: "/account/contact",
}
"""What a client has to do first, and on which page; from there they go on to where they were."""


def status_of(reason: Reason) -> int:
    """The status of a refusal; what time or other people have changed is a conflict."""
    return _STATUS.get(reason, 409)


def retry_after(retry_at: datetime, now: datetime) -> str:
    """Whole seconds until then, rounded up."""
    return str(max(1, -int(-(retry_at - now).total_seconds() // 1)))
