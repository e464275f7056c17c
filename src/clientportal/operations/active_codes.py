"""The codes that a client may use: packages, gifts, subscriptions (A15). Rule: ``rules/active_codes.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.operations.appointments import closed
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.people import Principal, groups_of, principal
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import Codes
from clientportal.policy import Policy
from clientportal.records import AccountLink
from clientportal.rules.active_codes import active
from clientportal.rules.who_may_see import section_is_open
from clientportal.values import ActiveCode, RecordRef

__all__ = ["CODES", "whose_codes"]

_MOST_LINKS = 10_000
_AT_ONCE = 100


@frozen
class _Codes:
    codes: Sequence[ActiveCode]
    zone: str
    offered: bool


async def _load(reading: Reading, _request: Nothing) -> _Codes:
    caller = await principal(reading)
    if not section_is_open("bookings", reading.policy):
        raise closed("bookings")
    zone = (await reading.host.business()).zone
    if not reading.setup.host.capabilities.active_codes:
        return _Codes((), zone, offered=False)
    refs = await whose_codes(reading, caller)
    found: list[ActiveCode] = []
    for start in range(0, len(refs), _AT_ONCE):
        found.extend(await reading.host.active_codes(refs[start : start + _AT_ONCE]))
    return _Codes(found, zone, offered=True)


async def whose_codes(reading: Reading, caller: Principal) -> tuple[RecordRef, ...]:
    """The record that the session shows; where single appointments are shown, those, and the records that the account
    is linked to. An equal email is not enough for either (A7)."""
    if caller.group is not None or caller.account is None:
        return caller.refs
    links = await reading.state.find(AccountLink, "account", [caller.account.id], limit=_MOST_LINKS)
    groups = await groups_of(reading, [link.record_ref for link in links if link.revoked_at is None])
    linked = [ref for group in groups.values() for ref in group.refs]
    return tuple(dict.fromkeys((*caller.refs, *linked)))


def _decide(seen: _Codes, _request: Nothing, _policy: Policy, now: datetime) -> Decision[Codes]:
    shown = active(seen.codes, seen.zone, now)
    because = Because("active_codes.active", (("codes", str(len(seen.codes))), ("active", str(len(shown)))))
    return grant(Codes(shown, seen.offered, seen.zone), because)


CODES = Operation[Nothing, _Codes, Codes](name="codes", load=_load, decide=_decide, writes=False)
