"""May a client remove a saved card? (M9, T8)

The attack: somebody books what is paid for with the card, or what costs a fee when they do not come, and takes the card
away before the day. So a business chooses (``clients.card_removal``) what a card has to stay for:

* ``free``: for nothing.
* ``unless_required_and_upcoming``: where it asks the client for a card, for as long as an appointment lies ahead.
* ``unless_prepaid_future``: for every appointment that was paid for with it in advance, until that is completed; one
  that is merely past its start is not, nor one that was cancelled and is still to be paid back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Reason, Refusal
from clientportal.policy import CardRemoval, Policy
from clientportal.values import Appointment, AppointmentStatus
from clientportal.values.cards import Card, CardGuard

__all__ = ["CardInUse", "judge_removal", "kept_by", "next_open"]


@frozen
class CardInUse:
    """A card, with what it may have to stay for: the next appointment of its holder that is to happen, and everything
    that was paid for with it in advance. What the policy does not ask for is not read.
    """

    card: Card
    upcoming: Appointment | None = None
    guards: tuple[CardGuard, ...] = ()


def next_open(appointments: Iterable[Appointment]) -> Appointment | None:
    """The first that is to happen: what was cancelled is listed, too."""
    return next((one for one in appointments if one.status.open), None)


def kept_by(guards: Iterable[CardGuard]) -> CardGuard | None:
    """The prepaid appointment that a card has to stay for, the earliest of several; ``None`` where there is none.

    Until it is completed. Cancelled, or missed: until nothing is left to be paid back. That it has begun, or is over
    by the clock, says nothing: nobody has said yet that it took place.
    """
    return min(filter(_keeps, guards), key=lambda one: (one.start, one.appointment), default=None)


def _keeps(guard: CardGuard) -> bool:
    if guard.status is AppointmentStatus.COMPLETED:
        return False
    return guard.status.open or guard.refund_outstanding


def judge_removal(seen: CardInUse, policy: Policy) -> Because | Refusal:
    """Why the card may go, or the refusal with the appointment that it stays for."""
    rule = policy.clients.card_removal
    facts: tuple[tuple[str, str], ...] = ()
    needed: tuple[str, datetime] | None = None
    if rule is CardRemoval.UNLESS_REQUIRED_AND_UPCOMING:
        ahead = seen.upcoming
        facts = (("a card is required", _yes(seen.card.required)), ("upcoming", "none" if ahead is None else ahead.id))
        needed = (ahead.id, ahead.local_start) if seen.card.required and ahead is not None else None
    elif rule is CardRemoval.UNLESS_PREPAID_FUTURE:
        guard = kept_by(seen.guards)
        facts = (("prepaid", str(len(seen.guards))), ("stays for", "nothing" if guard is None else guard.appointment))
        if guard is not None:
            facts = (*facts, ("status", guard.status.value), ("to be paid back", _yes(guard.refund_outstanding)))
            needed = (guard.appointment, guard.local_start)
    because = Because("removing_cards.judge_removal", facts, (("clients.card_removal", rule.value),))
    if needed is None:
        return because
    appointment, begins = needed
    when = f"{begins:%Y-%m-%d %H:%M %Z}"
    return Refusal(Reason.CARD_NEEDED, because, facts={"appointment": appointment, "when": when, "rule": rule.value})


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
