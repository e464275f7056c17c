"""Looking at and acting through a signed link. Rules: ``rules/links.py``, ``rules/who_may_change.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.operations.changing import FreeSlots, ListSlots, decide_slots, load_changes, slots_for
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.people import group_of, records_of
from clientportal.outcomes import (
    Cancelled,
    LinkView,
    Moved,
)
from clientportal.policy import Policy
from clientportal.records import Put, SpentLink
from clientportal.rules import who_may_change
from clientportal.rules.links import APPOINTMENT_LINK, LinkClaims, judge_link, read_claims
from clientportal.rules.who_may_change import Change, Changing, terms
from clientportal.values import (
    ChangeKind,
    Money,
    RecordKind,
    RecordRef,
    Secret,
    Slot,
)

__all__ = [
    "CANCEL_BY_LINK",
    "LINK_SLOTS",
    "LOOK_AT_LINK",
    "MOVE_BY_LINK",
    "ByLink",
]

T = TypeVar("T")


@frozen
class ByLink:
    """A signed link, and what to do with it."""

    link: Secret = field(repr=False)
    slot_id: str | None = None
    accept_fee: Money | None = None


@frozen
class _Linked:
    claims: LinkClaims
    changes: Mapping[ChangeKind, Changing]


async def _link(reading: Reading, link: Secret, *, lock: bool) -> tuple[LinkClaims, frozenset[RecordRef]]:
    claims = read_claims(reading.setup.keys.verify(APPOINTMENT_LINK, link.reveal()), reading.tenant)
    spent = await reading.state.get(SpentLink, claims.link_id, lock=lock) if claims is not None else None
    no = judge_link(claims, spent is not None, reading.now)
    if no is not None or claims is None:
        raise Denied(no or Refusal(Reason.LINK_GONE, Because("links.judge_link")))
    group = await group_of(reading, claims.client)
    if group.root.kind is RecordKind.CLIENT and not await records_of(reading, [group.root]):
        # Whoever was deleted (TT4) holds their old messages still; the appointments stayed, and are the business's.
        raise Denied(Refusal(Reason.LINK_GONE, Because("links.judge_link", (("client", "deleted"),))))
    reading.actor = f"link:{group.root}"
    return claims, frozenset(group.refs)


async def _load_looking(reading: Reading, asked: ByLink) -> _Linked:
    claims, mine = await _link(reading, asked.link, lock=False)
    kinds = (ChangeKind.CANCEL, ChangeKind.MOVE)
    return _Linked(claims, await load_changes(reading, claims.appointment_id, kinds, mine=mine))


async def _load_cancelling(reading: Reading, asked: ByLink) -> _Linked:
    claims, mine = await _link(reading, asked.link, lock=True)
    return _Linked(claims, await load_changes(reading, claims.appointment_id, (ChangeKind.CANCEL,), mine=mine))


async def _load_moving(reading: Reading, asked: ByLink) -> _Linked:
    claims, mine = await _link(reading, asked.link, lock=True)
    kinds = (ChangeKind.MOVE,)
    return _Linked(claims, await load_changes(reading, claims.appointment_id, kinds, mine=mine, slot_id=asked.slot_id))


def _decide_look(seen: _Linked, _asked: ByLink, policy: Policy, now: datetime) -> Decision[LinkView]:
    because = Because("links.look")
    cancelling, moving = seen.changes[ChangeKind.CANCEL], seen.changes[ChangeKind.MOVE]
    if cancelling.appointment is None:
        return refuse(Reason.LINK_GONE, because)
    return grant(
        LinkView(
            # A link is no session: the name on the booking is for those who have proved who they are (T2).
            evolve(cancelling.appointment, booked_as=""),
            cancel=terms(cancelling, ChangeKind.CANCEL, policy, now),
            move=terms(moving, ChangeKind.MOVE, policy, now),
        ),
        because,
    )


def _spending(decision: Decision[T], claims: LinkClaims, now: datetime) -> Decision[T]:
    """The same decision, using the link up where it is a yes."""
    if not decision.granted or decision.asks is None:
        return decision
    spent = SpentLink(id=claims.link_id, spent_at=now, expires_at=claims.expires_at)
    return evolve(decision.and_also(Put(spent)), asks=evolve(decision.asks, link=claims.link_id))


def _decide_link_cancel(seen: _Linked, asked: ByLink, policy: Policy, now: datetime) -> Decision[Cancelled]:
    cancelling = seen.changes[ChangeKind.CANCEL]
    if cancelling.appointment is None:
        return refuse(Reason.LINK_GONE, Because("links.cancel"))
    change = Change(cancelling.appointment.id, None, asked.accept_fee)
    return _spending(who_may_change.cancel(cancelling, change, policy, now), seen.claims, now)


def _decide_link_move(seen: _Linked, asked: ByLink, policy: Policy, now: datetime) -> Decision[Moved]:
    moving = seen.changes[ChangeKind.MOVE]
    if moving.appointment is None:
        return refuse(Reason.LINK_GONE, Because("links.move"))
    change = Change(moving.appointment.id, asked.slot_id, asked.accept_fee)
    return _spending(who_may_change.move(moving, change, policy, now), seen.claims, now)


async def _load_link_slots(reading: Reading, asked: ListSlots) -> FreeSlots:
    assert asked.link is not None
    claims, mine = await _link(reading, asked.link, lock=False)
    return await slots_for(reading, asked, claims.appointment_id, (ChangeKind.MOVE,), mine)


LOOK_AT_LINK = Operation[ByLink, _Linked, LinkView](
    name="look_at_link", load=_load_looking, decide=_decide_look, writes=False
)
LINK_SLOTS = Operation[ListSlots, FreeSlots, tuple[Slot, ...]](
    name="link_slots", load=_load_link_slots, decide=decide_slots, writes=False
)
CANCEL_BY_LINK = Operation[ByLink, _Linked, Cancelled](
    name="cancel_by_link", load=_load_cancelling, decide=_decide_link_cancel, durable=True, previewable=False
)
MOVE_BY_LINK = Operation[ByLink, _Linked, Moved](
    name="move_by_link", load=_load_moving, decide=_decide_link_move, durable=True, previewable=False
)
