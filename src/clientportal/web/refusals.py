"""A refusal as a status, and where it leads instead of a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from clientportal.decisions import Reason

__all__ = ["LEADS_TO", "NOT_ON_THE_PAGE", "retry_after", "status_of"]

_BY_STATUS: Mapping[int, tuple[Reason, ...]] = {
    # nobody is logged in (any more)
    401: (Reason.SESSION_ENDED,),
    # not here, not by you, or not before something else
    403: (
        Reason.DISABLED,
        Reason.CONTACT_BUSINESS,
        Reason.PERMISSION,
        Reason.LOOK_ONLY,
        Reason.PLAN,
        Reason.BOT_SUSPECTED,
        Reason.BOOKING_FIRST,
        Reason.CHOOSE_FIRST,
        Reason.SECOND_PROOF_FIRST,
        Reason.SECOND_FACTOR_FIRST,
        Reason.ENROL_FIRST,
        Reason.STEP_UP_FIRST,
        Reason.FRESH_LOGIN_FIRST,
        Reason.PROVE_CONTACT_FIRST,
    ),
    404: (Reason.NOT_FOUND,),
    # what time or other people have changed, or what the rules say as things are now
    409: (
        Reason.ALREADY_REGISTERED,
        Reason.NO_PASSWORD,
        Reason.TOO_LATE,
        Reason.TOO_MANY_MOVES,
        Reason.FEE_NOT_ACCEPTED,
        Reason.ALREADY_OVER,
        Reason.NOT_CHANGEABLE,
        Reason.SLOT_TAKEN,
        Reason.SAME_SLOT,
        Reason.CARD_NEEDED,
        Reason.SAME_RECORD,
        Reason.ALREADY_MERGED,
        Reason.NOT_DUPLICATES,
        Reason.UNDO_TOO_LATE,
        Reason.UNDONE_ALREADY,
        Reason.NOTHING_ASSIGNED,
        Reason.SEVERAL_ACCOUNTS,
        Reason.NOT_LINKED,
        Reason.PROOF_NEEDED,
        Reason.NOTHING_DUE,
        Reason.AMOUNT_CHANGED,
        Reason.PAYMENT_UNDER_WAY,
        Reason.FORM_DONE,
        Reason.FORM_WITHDRAWN,
        Reason.CHANGED_MEANWHILE,
    ),
    # gone for good
    410: (Reason.LINK_GONE, Reason.ERASED),
    # what was sent is wrong
    422: (
        Reason.LOGIN_FAILED,
        Reason.CODE_WRONG,
        Reason.CODE_GONE,
        Reason.SECOND_FACTOR_WRONG,
        Reason.CONTACT_NOT_ALLOWED,
        Reason.CONSENT_MISSING,
        Reason.PASSWORD_TOO_SHORT,
        Reason.PASSWORD_TOO_COMMON,
        Reason.PASSWORD_BREACHED,
        Reason.KEY_REUSED,
    ),
    # too often
    429: (Reason.WAIT, Reason.TOO_MANY_TRIES, Reason.TOO_MANY_CODES, Reason.STOPPED),
    503: (Reason.BUSY,),
}
_STATUS: Mapping[Reason, int] = {reason: status for status, reasons in _BY_STATUS.items() for reason in reasons}

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


NOT_ON_THE_PAGE = frozenset({*LEADS_TO, Reason.NOT_FOUND, Reason.DISABLED})
"""What no page shows by itself: something has to come first, or there is nothing to show any more."""


def status_of(reason: Reason) -> int:
    """The status of a refusal. Every reason has one: a reason that is not named above is a mistake here."""
    return _STATUS[reason]


def retry_after(retry_at: datetime, now: datetime) -> str:
    """Whole seconds until then, rounded up."""
    return str(max(1, -int(-(retry_at - now).total_seconds() // 1)))
