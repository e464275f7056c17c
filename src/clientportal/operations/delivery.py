"""The pump: what was committed to the outbox leaves, at least once, with the same id and the same code (I5).

Three steps for each message, so that nothing slow or outside stands in a transaction: *take* it (decide where it goes,
count the try, move its due time ahead so that no second pump takes it), *send* it, *mark* it. A pump that dies between
two steps leaves a message that is due again a little later.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from attrs import asdict, evolve, frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.errors import Conflict, PolicyError, Refused, SendFailed, StoreError
from clientportal.messages.texts import clean
from clientportal.operations.budgeting import allowances_for
from clientportal.operations.elsewhere import take_up
from clientportal.operations.frame import INTENT_LEASE, Operation, Reading, alone
from clientportal.operations.mailing import load_mailing
from clientportal.operations.paying import finish_payments
from clientportal.operations.people import group_of, load_candidates
from clientportal.operations.performing import perform
from clientportal.operations.portraits import portrait
from clientportal.operations.reaching import load_noticing, reachable
from clientportal.operations.sealing import seal_what_is_due
from clientportal.operations.setting import Setup, System
from clientportal.operations.wording_messages import Taken, texts_of
from clientportal.outcomes import Delivered
from clientportal.policy import Policy, Proof
from clientportal.ports import AsyncSender, OutgoingMessage, Sender
from clientportal.ports.observing import Happening
from clientportal.records import (
    AuditEntry,
    Challenge,
    ContactHistory,
    Intent,
    MessageKind,
    MessageState,
    OutboxMessage,
    Purpose,
    Put,
    Session,
    Write,
)
from clientportal.rules.budgets import Allowances, Charge, charge_all, destination_charge
from clientportal.rules.delivering import Ended, Sending, mark
from clientportal.rules.mailed_links import Mailing, where_to_mail
from clientportal.rules.notifying import Noticing, where_to_notify
from clientportal.rules.whom_to_tell import (
    Drop,
    Reachable,
    Tell,
    Telling,
    other_way,
    to_owner,
    way_left,
    whom_to_tell,
)
from clientportal.rules.whose_contact import MOST_HITS, is_flagged
from clientportal.values import ContactKey, RecordRef

__all__ = ["Dispatch", "deliver"]

Dispatch = Callable[[Sender | AsyncSender, OutgoingMessage, timedelta], Awaitable[None]]
"""Hands one message to one sender, for so long at most; raises whatever the sender raises, or ``TimeoutError``."""

_LEASE_MARGIN = timedelta(seconds=10)


# --- taking --------------------------------------------------------------------------------------------------------


@frozen
class _Take:
    id: str


@frozen
class _Due:
    telling: Telling | Mailing | Noticing | None
    allowances: Allowances
    lane: str
    business: str
    digest: str = ""
    """Of the address that it may go to instead; once the first way has failed, of the one that is left."""


async def _load_due(reading: Reading, asked: _Take) -> _Due:
    message = await reading.state.get(OutboxMessage, asked.id, lock=True)
    if message is None or message.state is not MessageState.QUEUED or message.due_at > reading.now:
        return _Due(None, {}, "", "")
    challenge = None
    if message.challenge_id is not None:
        challenge = await reading.state.get(Challenge, message.challenge_id)
    lane = challenge.lane if challenge is not None else ""
    business = (await reading.host.business()).name
    by_password = message.kind is MessageKind.GUESSES_WARNING and reading.policy.login.proof is Proof.PASSWORD
    if message.account is not None or message.mailed_link_id is not None or by_password:
        return _Due(await load_mailing(reading, message, challenge), {}, lane, business)
    if message.kind is MessageKind.NOTICE:
        return _Due(await load_noticing(reading, message), {}, lane, business)
    seen = await _telling(reading, message, challenge)
    tell, other = _where(seen, reading.policy, reading.now)
    instead = tell if message.failed else other
    digest = ""
    if isinstance(instead, Tell) and instead.channel in reading.setup.senders:
        digest = reading.setup.keys.fingerprint("other way", reading.tenant, instead.address)
    allowances: Allowances = {}
    if isinstance(tell, Tell) and tell.diverted:
        allowances = await allowances_for(reading, (_reach_charge(tell, lane, reading.policy),))
    return _Due(seen, allowances, lane, business, digest)


def _where(seen: Telling | Mailing | Noticing, policy: Policy, now: datetime) -> tuple[Tell | Drop, Tell | None]:
    """By the rule of each kind, and by what else; what goes to a demo client goes to the owner, and nowhere else (V12).

    Once the first way has failed it is the other.
    """
    other: Tell | None = None
    match seen:
        case Mailing():
            tell, demo = where_to_mail(seen, policy, now), seen.demo
        case Noticing():
            tell, demo = where_to_notify(seen, policy, now), seen.person is not None and seen.person.demo
        case Telling():
            tell = whom_to_tell(seen, policy, now)
            demo = bool(seen.people) and all(one.demo for one in seen.people)
            if isinstance(tell, Tell) and not demo:
                other = other_way(seen, tell, policy)
    tell = to_owner(tell, policy) if demo else tell
    return way_left(seen.message, tell, other), other


def _reach_charge(tell: Tell, lane: str, policy: Policy) -> Charge:
    return destination_charge(f"reach:{tell.address}|{lane}", policy.sends)


async def _telling(reading: Reading, message: OutboxMessage, challenge: Challenge | None) -> Telling:
    """Whom the message may be for: everybody usable who has the contact, or the record that it names."""
    if message.ref is not None:
        group = await group_of(reading, RecordRef.parse(message.ref))
        seen = await portrait(reading, group)
        return Telling(message, (reachable(group.root, seen),) if seen.records else (), challenge)
    if message.to is None:
        return Telling(message, (), challenge)
    key = ContactKey.parse(message.to)
    own: frozenset[RecordRef] | None = None
    if challenge is not None and challenge.purpose is Purpose.SECOND_PROOF and challenge.bound_to is not None:
        bound = await reading.state.get(Session, challenge.bound_to)
        own = frozenset(bound.own) if bound is not None else frozenset()
    history = await reading.state.get(ContactHistory, str(key))
    candidates, hits = await load_candidates(reading, key, history)
    people: list[Reachable] = []
    for candidate in candidates:
        if not candidate.speaker.usable or (own is not None and not own & candidate.refs):
            continue
        seen = await portrait(reading, await group_of(reading, candidate.ref))
        people.append(reachable(candidate.ref, seen))
    return Telling(message, tuple(people), challenge, too_many=hits > MOST_HITS, flagged=is_flagged(history))


def _decide_take(seen: _Due, _asked: _Take, policy: Policy, now: datetime) -> Decision[Taken | None]:
    if seen.telling is None:
        return grant(None, Because("whom_to_tell.take", (("message", "not due"),)))
    message = seen.telling.message
    tell, _ = _where(seen.telling, policy, now)
    extra: tuple[Write, ...] = ()
    if isinstance(tell, Tell) and message.failed and seen.digest != message.other:
        tell = Drop(f"{message.note}; the client's other contact has been changed since", shown_to_staff=True)
    elsewhere: tuple[Charge, ...] = ()
    if isinstance(tell, Tell) and tell.diverted and message.tries == 0:
        spent = charge_all(seen.allowances, (_reach_charge(tell, seen.lane, policy),), now)
        if isinstance(spent, datetime):
            tell = Drop("over the destination's budget", shown_to_staff=bool(message.failed))
        else:
            extra, elsewhere = spent.changes, spent.elsewhere
    if isinstance(tell, Drop):
        because = Because("whom_to_tell.take", (("message", message.kind.value), ("dropped", tell.note)))
        state = MessageState.ABANDONED if tell.shown_to_staff else MessageState.DROPPED
        dropped = evolve(message, state=state, note=tell.note)
        return grant(Taken(dropped, None, seen.business, None), because, (Put(dropped),))
    if message.tries >= policy.messages.tries:
        # Every pump that took it died before it could say how it went: perhaps of this very message.
        note = "no pump came back from sending it"
        because = Because("whom_to_tell.take", (("message", message.kind.value), ("tries", str(message.tries))))
        given_up = evolve(message, state=MessageState.ABANDONED, note=note)
        return grant(Taken(given_up, None, seen.business, None), because, (Put(given_up),))
    lease = now + policy.messages.send_timeout + _LEASE_MARGIN
    # The other way is settled with the first take: whoever changes a contact meanwhile reads nothing along.
    other = seen.digest if not message.by else message.other
    taken = evolve(message, tries=message.tries + 1, due_at=lease, by=tell.channel.value, other=other)
    because = Because("whom_to_tell.take", (("message", message.kind.value), ("by", "sms" if tell.by_sms else "email")))
    link = seen.telling.link if isinstance(seen.telling, Mailing) else None
    challenge = None if isinstance(seen.telling, Noticing) else seen.telling.challenge
    notice = seen.telling.notice if isinstance(seen.telling, Noticing) else None
    outcome = Taken(taken, tell, seen.business, challenge, link, notice)
    return grant(outcome, because, (Put(taken), *extra), spends=elsewhere)


_TAKE = Operation[_Take, _Due, Taken | None](
    name="take_message",
    load=_load_due,
    decide=_decide_take,
    subject=lambda asked: asked.id,
    previewable=False,
    durable=True,
)


# --- marking -------------------------------------------------------------------------------------------------------


@frozen
class _Mark:
    id: str
    ended: Sending


async def _load_marked(reading: Reading, asked: _Mark) -> OutboxMessage | None:
    return await reading.state.get(OutboxMessage, asked.id, lock=True)


_MARK = Operation[_Mark, OutboxMessage | None, Ended | None](
    name="mark_message",
    load=_load_marked,
    decide=lambda seen, asked, policy, now: mark(seen, asked.ended, policy, now),
    previewable=False,
    audited=False,
    durable=True,
)


# --- the run -------------------------------------------------------------------------------------------------------


_TOLD = {
    "sent": Happening.MESSAGE_SENT,
    "dropped": Happening.MESSAGE_DROPPED,
    "put_off": Happening.MESSAGE_PUT_OFF,
    "abandoned": Happening.MESSAGE_ABANDONED,
}
"""What observers are told of a message, by what a run counts it as."""


async def deliver(setup: Setup, tenant: str, dispatch: Dispatch, limit: int) -> Delivered:
    """Send what is due, at most ``limit`` messages, and finish what a crash left open. Many at once are fine."""
    alone(setup, "deliver")
    done = Delivered(finished=await _finish_intents(setup, tenant, limit))
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        now = setup.clock()
        page = await unit.state.page(OutboxMessage, "due", [MessageState.QUEUED.value], upto=now, limit=limit)
        due = [(message.id, message.branch) for message in page.items]
        unsealed = (await unit.state.page(AuditEntry, "sealing", [AuditEntry.OPEN], limit=1)).items
    for id, branch in due:
        before = done
        # It speaks for the business at whose door it was asked for.
        done = await _deliver_one(evolve(setup, branch=branch) if branch else setup, tenant, id, dispatch, done)
        for count, kind in _TOLD.items():
            if getattr(done, count) > getattr(before, count):
                setup.observing.happened(kind, tenant, message=id)
    # Messages are out: whoever waits for one does not wait for this.
    await seal_what_is_due(setup, tenant, unsealed[0] if unsealed else None)
    # Last: a provider that hangs holds no message up.
    done = evolve(done, finished=done.finished + await finish_payments(setup, tenant, limit))
    setup.observing.counted(Happening.PUMP_RAN, tenant, asdict(done))
    return done


async def _deliver_one(setup: Setup, tenant: str, id: str, dispatch: Dispatch, done: Delivered) -> Delivered:
    system = System(tenant)
    try:
        taken = await perform(setup, system, _TAKE, _Take(id))
    except Refused:
        return done  # another pump has it, or nobody can say whether it may be sent: it stays due, without a try
    except (StoreError, PolicyError):
        raise  # nothing can be read, or nothing is set up: so it is for every message
    except Exception as error:  # the host cannot be read for this one: it waits, and blocks nobody
        setup.observing.happened(Happening.HOST_FAILED, tenant, error=type(error).__name__, message=id)
        ended = Sending(None, f"the host failed: {type(error).__name__}", untaken=True)
        return (await _mark(setup, system, id, ended, done))[0]
    if taken is None:
        return done
    if taken.tell is None:
        if taken.message.state is MessageState.ABANDONED:
            return evolve(done, abandoned=done.abandoned + 1)
        return evolve(done, dropped=done.dropped + 1)
    channel = taken.tell.channel
    kind = taken.message.kind.value
    setup.observing.happened(Happening.MESSAGE_TAKEN, tenant, message=id, kind=kind, channel=channel.value)
    sender = setup.senders.get(channel)
    text = texts_of(setup, tenant, taken, channel)
    if sender is None or text is None:
        problem = f"there is no sender for {channel.value}" if sender is None else "its key was removed from the ring"
        ended = Sending(None, problem, permanent=True)
    else:
        outgoing = OutgoingMessage(
            id=taken.message.id, channel=channel, to=taken.tell.address, subject=text[0], text=text[1], tenant=tenant
        )
        ended = await _sent(setup, sender, outgoing, dispatch)
    ended = evolve(ended, by=channel.value, bounces=len(taken.message.bounced))
    done, again = await _mark(setup, system, id, ended, done)
    # By the other channel at once: whoever waits for it has waited for the first one already.
    return await _deliver_one(setup, tenant, id, dispatch, done) if again else done


async def _sent(setup: Setup, sender: Sender | AsyncSender, outgoing: OutgoingMessage, dispatch: Dispatch) -> Sending:
    try:
        await dispatch(sender, outgoing, setup.policy_of(outgoing.tenant).messages.send_timeout)
    except SendFailed as failed:
        setup.observing.happened(Happening.SENDER_FAILED, outgoing.tenant, **_what_failed(outgoing, failed))
        wait = failed.retry_after or timedelta(0)
        return Sending(None, _without_text(clean(str(failed)), outgoing), failed.permanent, retry_after=wait)
    except Exception as error:  # whatever a sender raises is a passing fault
        setup.observing.happened(Happening.SENDER_FAILED, outgoing.tenant, **_what_failed(outgoing, error))
        # The text of a stranger's exception is not kept: it may quote the message, and with it the code.
        return Sending(None, f"the sender failed: {type(error).__name__}")
    return Sending(outgoing.to)


def _what_failed(message: OutgoingMessage, error: Exception) -> dict[str, str | int]:
    permanent = int(isinstance(error, SendFailed) and error.permanent)
    name, channel = type(error).__name__, message.channel.value
    return {"message": message.id, "channel": channel, "error": name, "permanent": permanent}


def _without_text(problem: str, message: OutgoingMessage) -> str:
    """What a sender says went wrong, unless it quotes the message: a code or a link would stand in the outbox then.

    Nor where it quotes whom it is to, as servers do: the note goes into the audit, which no contact stands in.
    """
    secret = any(len(word) >= 4 and word in problem for word in re.findall(r"\d{4,}|https?://\S+", message.text))
    # A number however it is grouped, and without its country.
    to = message.to[-7:] if message.to.startswith("+") else message.to.casefold()
    quotes = secret or to in re.sub(r"[\s()./-]" if to.isdecimal() else r"\s", "", problem.casefold())
    return "the sender's words quote the message, and are not kept" if quotes else problem


async def _mark(setup: Setup, system: System, id: str, sending: Sending, done: Delivered) -> tuple[Delivered, bool]:
    """What the run has done then, and whether the message is to be taken again at once."""
    try:
        ended = await perform(setup, system, _MARK, _Mark(id, sending))
    except Refused:
        return evolve(done, put_off=done.put_off + 1), False  # others are at it; its lease ends, and it is seen again
    if ended is None or ended.again:
        return done, ended is not None
    match ended.state:
        case MessageState.SENT | MessageState.DELIVERED:
            return evolve(done, sent=done.sent + 1), False
        case MessageState.QUEUED:
            return evolve(done, put_off=done.put_off + 1), False
        case _:
            return evolve(done, abandoned=done.abandoned + 1), False


# --- finishing what a crash left ------------------------------------------------------------------------------------


async def _put_off(setup: Setup, tenant: str, intent: Intent) -> None:
    try:
        async with setup.store.begin(tenant, setup.host, writes=True) as unit:
            stored = await unit.state.get(Intent, intent.id, lock=True)
            if stored is not None:
                await unit.commit((Put(stored.put_off(INTENT_LEASE, setup.clock())),))
    except Conflict:
        return  # somebody else has just dealt with it


async def _finish_intents(setup: Setup, tenant: str, limit: int) -> int:
    """Host writes that were asked for and never recorded: ask what became of them, and record it."""
    if setup.host.shares_transaction:
        return 0
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        page = await unit.state.page(Intent, "state", ["open"], upto=setup.clock(), limit=limit)
    finished = 0
    for intent in page.items:
        try:
            finished += await take_up(setup, intent, System(tenant))
        except StoreError:
            raise
        except Exception as error:  # the host is away: it is asked again later, and holds no message up
            setup.observing.happened(
                Happening.HOST_FAILED, tenant, error=type(error).__name__, write=intent.write.value
            )
            await _put_off(setup, tenant, intent)
    return finished
