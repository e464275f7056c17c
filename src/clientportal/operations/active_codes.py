"""The codes that a client may use: packages, gifts, subscriptions (A15). Rule: ``rules/active_codes.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.operations.appointments import closed
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.people import Group, Principal, groups_of, principal
from clientportal.operations.portraits import card_refs
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import Codes
from clientportal.policy import Policy
from clientportal.records import AccountLink
from clientportal.rules.active_codes import active
from clientportal.rules.who_may_see import section_is_open
from clientportal.values import ActiveCode, RecordRef

__all__ = ["CODES", "whose_cards", "whose_codes"]

_MOST_LINKS = 10_000


@frozen
class _Codes:
    codes: Sequence[ActiveCode]
    zone: str
    offered: bool


async def _load(reading: Reading, _request: Nothing) -> _Codes:
    caller = await principal(reading)
    if not section_is_open("codes", reading.policy):
        raise closed("codes")
    zone = (await reading.host.business()).zone
    if not reading.setup.host.capabilities.active_codes:
        return _Codes((), zone, offered=False)
    refs = await whose_codes(reading, caller)
    found = await reading.host.active_codes(refs) if refs else ()
    return _Codes(found, zone, offered=True)


async def whose_codes(reading: Reading, caller: Principal) -> tuple[RecordRef, ...]:
    """The record that the session shows; where single appointments are shown, those, and the records that the account
    is linked to. An equal email is not enough for either (A7)."""
    linked = [ref for group in await _linked(reading, caller) for ref in group.refs]
    return tuple(dict.fromkeys((*caller.refs, *linked)))


async def whose_cards(reading: Reading, caller: Principal) -> tuple[RecordRef, ...]:
    """The same, less the records that a merge has brought: a card pays, so theirs are shown and removed only where
    the policy says so (``merging.cards``).
    """
    if caller.group is not None:
        return await card_refs(reading, caller.group)
    own = [ref for group in await _linked(reading, caller) for ref in await card_refs(reading, group)]
    return tuple(dict.fromkeys((*caller.refs, *own)))


async def _linked(reading: Reading, caller: Principal) -> Sequence[Group]:
    """The records of an account that shows single appointments."""
    if caller.group is not None or caller.account is None:
        return ()
    links = await reading.state.find(AccountLink, "account", [caller.account.id], limit=_MOST_LINKS)
    groups = await groups_of(reading, [link.record_ref for link in links if link.revoked_at is None])
    return tuple({group.root: group for group in groups.values()}.values())


def _decide(seen: _Codes, _request: Nothing, _policy: Policy, now: datetime) -> Decision[Codes]:
    shown = active(seen.codes, seen.zone, now)
    because = Because("active_codes.active", (("codes", str(len(seen.codes))), ("active", str(len(shown)))))
    return grant(Codes(shown, seen.offered, seen.zone), because)


CODES = Operation[Nothing, _Codes, Codes](name="codes", load=_load, decide=_decide, writes=False)
