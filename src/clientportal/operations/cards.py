"""Saved cards: looking at them, and removing one (M9, T8). Rule: ``rules/removing_cards.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from attrs import frozen

from clientportal.decisions import Decision, Refusal, grant
from clientportal.errors import HostError
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.held import HeldById, HeldSeen, ListHeld, held_page, loading
from clientportal.operations.people import principal
from clientportal.operations.sections import (
    OpenSection,
    asks_section,
    item_of,
    open_section,
    remember_change,
    replay_change,
)
from clientportal.outcomes import SectionChanged
from clientportal.outcomes.held import HeldPage
from clientportal.policy import CardRemoval, Policy
from clientportal.rules.removing_cards import CardInUse, judge_removal, next_open
from clientportal.values import Appointment, SectionWrite, When
from clientportal.values.cards import Card, CardGuard

__all__ = ["CARDS", "REMOVE_CARD"]

_SECTION, _REMOVE = "payment_methods", "remove"
_PAGE = 100

CARDS = Operation[ListHeld, HeldSeen, HeldPage[Card]](
    name="cards", load=loading(_SECTION), decide=held_page, writes=False
)


@frozen
class _Removing:
    seen: CardInUse
    intent_id: str
    actor: str


async def _load_removal(reading: Reading, asked: HeldById) -> _Removing:
    opened = await open_section(reading, _SECTION, _REMOVE)
    card: Card = await item_of(opened, asked.id)
    rule = reading.policy.clients.card_removal
    seen = CardInUse(card)
    if rule is CardRemoval.UNLESS_REQUIRED_AND_UPCOMING and card.required:
        seen = CardInUse(card, upcoming=await _upcoming(reading, opened, card))
    elif rule is CardRemoval.UNLESS_PREPAID_FUTURE:
        seen = CardInUse(card, guards=await _guards(opened, card))
    return _Removing(seen, reading.fresh_id(), reading.actor)


async def _upcoming(reading: Reading, opened: OpenSection, card: Card) -> Appointment | None:
    """The next appointment of the client that is to happen. Cancelled ones are listed among them, so that it may take
    more than one page to find it.
    """
    refs = tuple(dict.fromkeys((*opened.caller.refs, card.ref)))
    after: str | None = None
    while True:
        page = await reading.host.appointments(refs, When.UPCOMING, reading.now, after, _PAGE)
        found = next_open(page.items)
        after = page.next
        if found is not None or after is None:
            return found


async def _guards(opened: OpenSection, card: Card) -> tuple[CardGuard, ...]:
    """What was paid for with it, believed as far as the contract goes."""
    found: object = await opened.port.ask("guards", card)
    several = cast("Sequence[object]", found) if isinstance(found, Sequence) else None
    guards = tuple(one for one in several or () if isinstance(one, CardGuard))
    if several is None or len(guards) != len(several):
        raise HostError(f"{_SECTION}.guards() answers with a sequence of CardGuard, and nothing else")
    return guards


def _decide_removal(seen: _Removing, asked: HeldById, policy: Policy, now: datetime) -> Decision[SectionChanged]:
    """The rule says whether; the platform removes the card, here and at its provider, in the version that was read."""
    judged = judge_removal(seen.seen, policy)
    if isinstance(judged, Refusal):
        return Decision(judged, judged.because)
    card = seen.seen.card
    write = SectionWrite(section=_SECTION, action=_REMOVE, ref=card.ref, item=card.id, version=card.version)
    intent = asks_section(write, intent_id=seen.intent_id, actor=seen.actor, now=now, because=judged)
    return grant(SectionChanged(_SECTION, _REMOVE, asked.id), judged, asks=intent)


REMOVE_CARD = Operation[HeldById, _Removing, SectionChanged](
    name="remove_card",
    load=_load_removal,
    decide=_decide_removal,
    subject=lambda asked: asked.id[:200],
    keyed=Keyed(remember_change, replay_change, admit=principal),
)
