"""Which package, gift and subscription codes are active, and in which order are they shown? (A15)

A gift code is money, and is shown to its owner alone: whose the codes are follows from the session, like everything
that a client sees (see ``operations/active_codes.py``). Here it is decided which of them still work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from clientportal.values import ActiveCode, CodeKind

__all__ = ["active", "is_active"]

_ORDER = {kind: place for place, kind in enumerate(CodeKind)}


def is_active(code: ActiveCode, zone: str, now: datetime) -> bool:
    """Whether the code can still be used: something is left of it, and it has not ended.

    A last day ends at 24:00 by the business's clock, wherever the client is, also where the clocks change that night.
    """
    if code.used_up or (code.expires_at is not None and now >= code.expires_at):
        return False
    return code.last_day is None or now.astimezone(ZoneInfo(zone)).date() <= code.last_day


def active(codes: Sequence[ActiveCode], zone: str, now: datetime) -> tuple[ActiveCode, ...]:
    """The active ones: packages, gifts, subscriptions; in each what ends first comes first."""

    def place(code: ActiveCode) -> tuple[int, date, str, str]:
        ends = [code.last_day] if code.last_day is not None else []
        if code.expires_at is not None:
            ends.append(code.expires_at.astimezone(ZoneInfo(zone)).date())
        return _ORDER[code.kind], min(ends, default=date.max), code.name, code.id

    return tuple(sorted((code for code in codes if is_active(code, zone, now)), key=place))
