"""Hosts that keep their tables elsewhere: an intent is committed, the host is called, its answer is committed.

Nothing is lost between the three: whoever finds the intent, a retry or the pump, asks the host what became of it.
"""

from __future__ import annotations

from typing import TypeVar

from attrs import evolve

from clientportal.decisions import Decision, Refusal
from clientportal.errors import Conflict, HostError, StoreError
from clientportal.operations.assignments import as_assigned_now
from clientportal.operations.following import FOLLOWING, STANDING, Following
from clientportal.operations.frame import BEGUN, TRIES, Operation, Reading, Unfinished, ask_host, audit_entry
from clientportal.operations.setting import Caller, Setup, System
from clientportal.operations.trusting import CheckedHost, check_outcome
from clientportal.operations.vouching import vouching
from clientportal.ports import Unit, awaited_host
from clientportal.records import Intent, Put, Receipt, Remove, SpentLink, Trail, Write
from clientportal.rules.notifying import noticed
from clientportal.rules.reassigning import still_moving
from clientportal.rules.settling import settle, settled_result
from clientportal.rules.who_may_change import catch_up
from clientportal.values import AnswerKind, HostAnswer

__all__ = ["ask_elsewhere", "finish_earlier", "take_up"]

Q = TypeVar("Q")
V = TypeVar("V")
T = TypeVar("T")


async def ask_elsewhere(
    setup: Setup, caller: Caller, operation: Operation[Q, V, T], request: Q, intent: Intent, decision: Decision[T]
) -> Decision[T]:
    """The intent is committed: call the host, then commit the rest. A crash in here is finished by the pump."""
    host = CheckedHost(awaited_host(setup.host_here(caller.tenant).open(None, caller.tenant)))
    action, subject = operation.name, operation.subject(request)
    if intent.write in STANDING:
        # What was decided is committed, and audited: what follows is the platform's part alone.
        action, subject = intent.write.value, str(intent.for_ref)
    try:
        answer = await ask_host(host, intent)
    except Conflict:
        if intent.write in STANDING:
            return still_moving(decision)
        # The host has written nothing and will not: the intent goes, and the whole operation is decided again.
        await _drop_intent(setup, caller.tenant, intent)
        raise
    except HostError:
        raise
    except Exception as error:
        if intent.write in STANDING:
            return still_moving(decision)
        raise _silent(intent) from error
    if isinstance(decision.outcome, Refusal):
        return decision
    return await _finish(setup, caller, intent, answer, decision.outcome, action, subject)


def _silent(intent: Intent) -> StoreError:
    return StoreError(
        f"the host did not answer {intent.write.value}; whether it is done is not known; deliver() will finish it",
        committed=None,
    )


async def _drop_intent(setup: Setup, tenant: str, intent: Intent) -> None:
    """Nothing came of it: the link it has used can be used again, and its key is free for another try."""
    async with setup.store.begin(tenant, setup.host, writes=True) as unit:
        stored = await unit.state.get(Intent, intent.id, lock=True)
        if stored is not None:
            await unit.commit((Remove(stored), *await _given_back(unit, intent)))


async def _given_back(unit: Unit, intent: Intent) -> list[Write]:
    receipt = await _begun(unit, intent)
    link = None if intent.link is None else await unit.state.get(SpentLink, intent.link, lock=True)
    return [Remove(found) for found in (receipt, link) if found is not None]


async def _begun(unit: Unit, intent: Intent) -> Receipt | None:
    """The receipt that waits for this intent's answer, unless it was spoilt meanwhile."""
    if intent.receipt is None:
        return None
    receipt = await unit.state.get(Receipt, intent.receipt.id, lock=True)
    return receipt if receipt is not None and receipt.result.get(BEGUN) == intent.id else None


async def finish_earlier(setup: Setup, caller: Caller, intent_id: str) -> None:
    """Finish what was begun, as the pump would; then its answer can be read."""
    try:
        await _take_up_stored(setup, caller, intent_id)
    except (HostError, StoreError):
        raise
    except Exception as error:
        raise StoreError(
            "the host did not answer what it was asked for before; whether that is done is not known; deliver() will "
            "finish it",
            committed=None,
        ) from error


async def _take_up_stored(setup: Setup, caller: Caller, intent_id: str) -> None:
    async with setup.store.begin(caller.tenant, setup.host, writes=False) as unit:
        intent = await unit.state.get(Intent, intent_id)
    if intent is not None:
        await take_up(setup, intent, caller)


async def take_up(setup: Setup, intent: Intent, caller: Caller) -> bool:
    """Finish what an earlier process has begun: ask the host what became of its write, make it if it never arrived,
    and record the answer. ``False`` where nothing came of it after all.

    Raises whatever the host raises; the intent then stays.
    """
    # At the door that it was asked at: what a client has written to one business of a franchise is for that one.
    branch = "" if intent.section is None else intent.section.business
    there = evolve(setup, branch=branch) if branch else setup
    host = CheckedHost(awaited_host(there.host_here(caller.tenant).open(None, caller.tenant)))
    try:
        answer = await host.outcome(intent.id)
        if answer is None:
            # The write never reached the host. It is made now, under the same key: never lost.
            answer = await ask_host(host, intent)
        else:
            check_outcome(intent, answer)
    except Conflict:
        if intent.write in STANDING:
            raise
        # What was decided on has changed since, so the host has written nothing and never will.
        await _drop_intent(setup, caller.tenant, intent)
        return False
    decision = await _finish(setup, caller, intent, answer, None, f"finish_{intent.write.value}", intent.actor)
    return decision.granted


async def _finish(
    setup: Setup, caller: Caller, intent: Intent, answer: HostAnswer, forecast: T, action: str, subject: str
) -> Decision[T]:
    """Commit what follows from a host's answer, once: whoever still finds the intent does it."""
    done = answer.kind is AnswerKind.DONE or intent.write in STANDING
    follow = FOLLOWING.get(intent.write) if done else None
    for _ in range(TRIES):
        try:
            async with setup.store.begin(caller.tenant, setup.host, writes=True) as unit:
                reading = Reading(setup, unit, caller, setup.clock())
                if not isinstance(caller, System):
                    reading.actor = intent.actor
                # Before the intent is locked: a login holds its contact first and looks for intents then.
                after = Following() if follow is None else await follow(reading, intent, answer)
                stored = await unit.state.get(Intent, intent.id, lock=True)
                trail = None if intent.trail_id is None else await unit.state.get(Trail, intent.trail_id, lock=True)
                present = await as_assigned_now(reading, catch_up(intent, trail, answer), answer)
                settled: Decision[T] = settle(present, answer, forecast, reading.fresh_id())
                if stored is None:
                    return settled
                if after.refused is not None:
                    settled = Decision(after.refused, after.refused.because)
                writes: list[Write] = [*settled.changes, *after.changes, Remove(stored)]
                word = "done"
                if not isinstance(settled.outcome, Refusal):
                    writes += noticed(intent, answer, reading.policy, (reading.fresh_id(), reading.fresh_id()))
                if isinstance(settled.outcome, Refusal):
                    word = settled.outcome.reason.value
                    writes += await _given_back(unit, intent)
                elif intent.receipt is not None and (begun := await _begun(unit, intent)) is not None:
                    writes.append(Put(evolve(begun, result=settled_result(intent.receipt.result, answer))))
                writes.append(Put(audit_entry(reading, action, subject, word, str(settled.because))))
                await unit.commit(vouching(setup, caller.tenant, writes))
                for event in after.events:
                    await reading.host.heard(event)
                return settled
        except Conflict:
            continue
        except Unfinished as earlier:
            # The pump hears from the host itself that it is away, and asks again later.
            await (_take_up_stored if isinstance(caller, System) else finish_earlier)(setup, caller, earlier.intent_id)
    raise StoreError("the host's answer could not be recorded; deliver() will finish it", committed=None)
