"""A code that is on its way, kept in a cookie of this browser: an address would be in the history and in logs."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from attrs import frozen

from clientportal.decisions import Reason
from clientportal.errors import Refused
from clientportal.outcomes import CodeSent
from clientportal.values import Secret
from clientportal.web.visits import Visit

__all__ = ["KeptCode", "code_values", "keep_code", "kept_code", "may_begin_anew"]

_LIFE = timedelta(minutes=30)
"""Long after a code has expired: the page that it is typed on can still offer a new one."""


@frozen
class KeptCode:
    """What the page of a code must know, to have it typed in, sent again, or asked for anew.

    ``contact`` is what this browser's visitor has typed, whoever's it is.
    """

    handle: Secret
    contact: str
    resend_at: datetime
    expires_at: datetime
    digits: int
    next: str | None = None


def _seconds(moment: datetime) -> int:
    return math.ceil(moment.timestamp())


def keep_code(visit: Visit, kind: str, sent: CodeSent, contact: str) -> None:
    """Remember a code; ``kind`` is what it is for, and the name of the cookie."""
    claims: dict[str, str | int] = {
        "h": sent.handle.reveal(),
        "c": contact[:300],
        "r": _seconds(sent.resend_at),
        "e": _seconds(sent.expires_at),
        "d": sent.digits,
        "n": visit.next or "",
    }
    signed = visit.setup.keys.sign(f"web.{kind}", visit.tenant, claims)
    visit.set_cookie(visit.jar.make(kind, signed.reveal(), _LIFE))


def kept_code(visit: Visit, kind: str) -> KeptCode | None:
    """The code that this browser has asked for."""
    claims = visit.setup.keys.verify(f"web.{kind}", visit.jar.read(visit.request, kind) or "")
    if claims is None or claims.get("t") != visit.tenant:
        return None
    resend_at, expires_at = (datetime.fromtimestamp(cast("int", claims[name]), UTC) for name in ("r", "e"))
    return KeptCode(
        handle=Secret(str(claims["h"])),
        contact=str(claims["c"]),
        resend_at=resend_at,
        expires_at=expires_at,
        digits=cast("int", claims["d"]),
        next=visit.site.own_page(str(claims["n"])),
    )


def code_values(visit: Visit, sent: KeptCode, action: str, begin: str) -> dict[str, Any]:
    """What the template of a code's page shows; ``begin`` is where another contact can be named."""
    return {"sent": sent, "wait": sent.resend_at > visit.now, "action": action, "begin": begin}


def may_begin_anew(error: Refused) -> bool:
    """Whether a code that cannot be sent again can be asked for anew: it is gone, and nothing is to be waited for."""
    return error.reason in (Reason.CODE_GONE, Reason.TOO_MANY_TRIES) and error.retry_at is None
