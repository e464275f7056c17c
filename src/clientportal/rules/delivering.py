"""What becomes of a message when its sending has ended, and when its provider reports later how it went? (I5)

A message is *taken* by a pump, *sent* outside of any transaction, and *marked*. A receipt comes whenever it likes:
before the mark, twice, out of order, or for a message of long ago. What holds for all of that: *delivered* is the last
word; a failure counts once for each sending, and for the channel that it names; and what nobody can deliver is shown to
staff, never forgotten.

The attack on the way to another channel: somebody who has one contact of a client, or gets one into the record,
makes the other fail and reads along. So a message falls back only where that proves the same (``whom_to_tell.py``), and
only to the address that it was when the message was first taken.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.policy import Policy
from clientportal.records import MessageState, OutboxMessage, Put
from clientportal.values.receipts import DeliveryReceipt, DeliveryState

__all__ = ["Ended", "Sending", "hear", "mark"]

_LONGEST_WAIT = timedelta(hours=1)


@frozen
class Sending:
    """How one try has ended. ``problem`` is ``None`` where the provider took the message.

    ``by`` is the channel, ``bounces`` how many sendings had been reported as failed when this one was begun: a report
    that overtakes its own mark is not overwritten by it. ``untaken``: it failed before it was taken, so that this try
    is not counted yet. ``retry_after`` is how long the provider wants to be left alone.
    """

    sent_to: str | None
    problem: str | None = None
    permanent: bool = False
    untaken: bool = False
    by: str = ""
    bounces: int = 0
    retry_after: timedelta = timedelta(0)


@frozen
class Ended:
    """Where the message stands then. ``again``: by another channel, at once."""

    state: MessageState
    again: bool = False


def mark(seen: OutboxMessage | None, ended: Sending, policy: Policy, now: datetime) -> Decision[Ended | None]:
    """Sent; or put off, doubling, until the tries are used up; then by the other channel, or abandoned, visibly."""
    because = Because("delivering.mark", (("problem", "none" if ended.problem is None else ended.problem),))
    if seen is None:
        return grant(None, because)
    if seen.state is not MessageState.QUEUED:
        # Its receipt was faster: what only the pump knows is added.
        arrived = seen.state in (MessageState.SENT, MessageState.DELIVERED)
        if arrived and ended.problem is None and seen.by == ended.by and seen.sent_to is None:
            return grant(Ended(seen.state), because, (Put(evolve(seen, sent_to=ended.sent_to)),))
        return grant(None, because)
    if seen.by != ended.by and not ended.untaken:
        return grant(None, because)
    if ended.problem is None:
        if len(seen.bounced) > ended.bounces:
            return grant(None, because)
        done = evolve(seen, state=MessageState.SENT, sent_to=ended.sent_to)
        return grant(Ended(MessageState.SENT), because, (Put(done),))
    tries = max(seen.tries + ended.untaken, 1)
    counted = evolve(seen, tries=tries)
    # What failed before it was taken says nothing about the channel.
    after = _failed(counted, ended.problem, policy, now, hopeless=ended.permanent, elsewhere=not ended.untaken)
    if after.state is MessageState.QUEUED and after.tries:
        # A provider that asks for a year is not obeyed: who waits for a code asks for another.
        after = evolve(after, due_at=max(after.due_at, now + min(ended.retry_after, _LONGEST_WAIT)))
    return grant(Ended(after.state, again=len(after.failed) > len(seen.failed)), because, (Put(after),))


def hear(seen: OutboxMessage | None, receipt: DeliveryReceipt, policy: Policy, now: datetime) -> Decision[bool]:
    """Note what a provider reports; ``False`` where it says nothing new, or nothing about a message that was sent.

    Where it fails, the other channel is tried at once even if the failure would pass: whoever waits for a code has
    waited long enough. A report that a message is on its way ends the wait of one whose sending nobody knew the outcome
    of: it is not sent a second time.
    """
    because = Because("delivering.hear", (("state", receipt.state.value), ("channel", receipt.channel.value)))
    if seen is None or not seen.by or seen.state is MessageState.DELIVERED:
        return grant(False, because)
    if receipt.state is DeliveryState.DELIVERED:
        arrived = evolve(seen, state=MessageState.DELIVERED, by=receipt.channel.value)
        return grant(True, because, (Put(arrived),))
    waits = seen.state is MessageState.QUEUED
    known = receipt.provider_id in seen.bounced or receipt.channel.value != seen.by or seen.by in seen.failed
    if known or not (waits or seen.state is MessageState.SENT):
        return grant(False, because)
    if receipt.state is DeliveryState.TAKEN:
        writes = (Put(evolve(seen, state=MessageState.SENT)),) if waits else ()
        return grant(waits, because, writes)
    bounced = evolve(seen, state=MessageState.QUEUED, sent_to=None, bounced=(*seen.bounced, receipt.provider_id))
    problem = f"it did not arrive: {receipt.note}" if receipt.note else "it did not arrive"
    # One that comes when the message is worth nothing any more is shown as it is: dropped, it would be forgotten.
    hopeless = receipt.permanent or _may_fall_back(seen, policy) or now >= seen.expires_at
    return grant(True, because, (Put(_failed(bounced, problem, policy, now, hopeless=hopeless)),))


def _may_fall_back(message: OutboxMessage, policy: Policy) -> bool:
    return bool(message.other) and not message.failed and policy.messages.fall_back


def _failed(
    message: OutboxMessage, problem: str, policy: Policy, now: datetime, *, hopeless: bool, elsewhere: bool = True
) -> OutboxMessage:
    noted = evolve(message, note=problem or "no reason was given")
    if not hopeless and message.tries < policy.messages.tries:
        return evolve(noted, due_at=now + policy.messages.first_retry * 2 ** (message.tries - 1))
    if elsewhere and _may_fall_back(message, policy) and now < message.expires_at:
        # Its tries are counted for each channel: the next take is the first of the other one.
        return evolve(noted, failed=(*message.failed, message.by), tries=0, due_at=now)
    return evolve(noted, state=MessageState.ABANDONED)
