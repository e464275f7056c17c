"""Read, decide, commit: the few lines that carry every operation out, whatever it does.

:func:`perform` begins a unit, reads, decides, lets the host write where the decision asks it to, and commits everything
together with the audit entry; on a conflict it does all of that again, three times, and then refuses.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

from attrs import evolve, fields, has

from clientportal.decisions import Because, Decision, Reason, Refusal, refuse
from clientportal.errors import Conflict, DurableOperation, InvalidInput, PolicyError
from clientportal.operations.assignments import as_assigned_now
from clientportal.operations.auditing import note_look, note_refusal
from clientportal.operations.budgeting import Unspent, spend_outside
from clientportal.operations.elsewhere import ask_elsewhere, finish_earlier
from clientportal.operations.following import FOLLOWING, STANDING
from clientportal.operations.frame import (
    BEGUN,
    INTENT_LEASE,
    TRIES,
    Denied,
    Keyed,
    Operation,
    Reading,
    Unfinished,
    alone,
    ask_host,
    audit_entry,
)
from clientportal.operations.observing import Watched
from clientportal.operations.paging import hand_out, take_back
from clientportal.operations.setting import Caller, Client, Setup, Staff, Visitor, check_human
from clientportal.operations.viewing import open_session
from clientportal.operations.vouching import vouching
from clientportal.policy import Policy
from clientportal.records import Intent, OutboxMessage, Put, Receipt, Session, Write
from clientportal.rules.notifying import noticed
from clientportal.rules.reassigning import noted
from clientportal.rules.settling import settle
from clientportal.rules.viewing import as_looked_at, judge_look
from clientportal.rules.who_may_manage import may
from clientportal.values import RecordRef, Secret
from clientportal.values.spending import Spending

__all__ = ["perform", "receipt_id_of"]

Q = TypeVar("Q")
V = TypeVar("V")
T = TypeVar("T")

RECEIPT_LIFE = timedelta(days=1)


async def perform(
    setup: Setup,
    caller: Caller,
    operation: Operation[Q, V, T],
    request: Q,
    *,
    key: str | None = None,
    preview: bool = False,
) -> T:
    """Carry an operation out and give back its outcome; raises :class:`~clientportal.errors.Refused` for a "no"."""
    _check_texts(operation.name, request, key)
    if operation.durable:
        alone(setup, operation.name)
    if isinstance(caller, Client):
        # A token names its business itself, so a forged one may name one that nobody has heard of.
        try:
            setup.policy_here(caller.tenant)
        except LookupError:
            because = Because("performing.perform", (("business", "unknown"),))
            raise setup.refused(Refusal(Reason.SESSION_ENDED, because)) from None
    if preview and not operation.previewable:
        raise PolicyError(
            f"{operation.name} cannot be previewed: it judges a proof, spends, ends or hands out something"
        )
    asked, request = request, take_back(request, setup.keys, caller.tenant, operation.name)
    with setup.observing.operation(operation.name, caller, setup.branch, preview=preview) as watched:
        decision = await _decide(setup, caller, operation, request, key, preview, watched)
        watched.decided(decision)
    if isinstance(decision.outcome, Refusal):
        raise setup.refused(decision.outcome, caller.tenant)
    return hand_out(decision.outcome, asked, setup.keys, caller.tenant, operation.name)


@cache
def _texts_of(kind: Any) -> tuple[tuple[str, bool], ...]:
    """The fields of a request that hold text, and whether each may be absent."""
    if not has(kind):
        return ()
    return tuple((one.name, one.type != "str") for one in fields(kind) if one.type in ("str", "str | None", str))


@cache
def _refs_of(kind: Any) -> tuple[str, ...]:
    """The fields of a request that name one record or several."""
    if not has(kind):
        return ()
    return tuple(one.name for one in fields(kind) if one.type in ("RecordRef", "tuple[RecordRef, ...]"))


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    """What makes two requests different: not what is only noted along with one."""
    return tuple(one.name for one in fields(kind) if one.eq) if has(kind) else ()


def _check_texts(operation: str, request: object, key: str | None) -> None:
    """Whatever the caller's framework handed through (``None`` for a missing cookie, a number): said here, once."""
    for name, optional in (*_texts_of(cast("Any", type(request))), ("key", True)):
        value = key if name == "key" else getattr(request, name)
        if not isinstance(value, str) and not (optional and value is None):
            raise InvalidInput(f"{operation}: {name} is text; this is {type(value).__name__}")
    for name in _refs_of(cast("Any", type(request))):
        ref: object = getattr(request, name)
        for one in cast("tuple[object, ...]", ref) if isinstance(ref, tuple) else (ref,):
            if not isinstance(one, RecordRef):
                raise InvalidInput(
                    f"{operation}: {name} is a RecordRef, such as RecordRef.client('42'); this is {type(one).__name__}"
                )


async def _decide(
    setup: Setup,
    caller: Caller,
    operation: Operation[Q, V, T],
    request: Q,
    key: str | None,
    preview: bool,
    watched: Watched,
) -> Decision[T]:
    if isinstance(caller, Staff):
        no = may(caller.permissions, operation.permission)
        if no is not None:
            await note_refusal(setup, caller, operation.name, operation.subject(request), no)
            return Decision(no, no.because)
    human = await check_human(setup, caller) if operation.humans_only else True
    joined = setup.connection is not None
    looks, spending, tries = preview or not operation.writes, None, 1 if joined else TRIES
    while tries:
        watched.tries += 1
        try:
            return await _once(setup, caller, operation, request, key, preview, watched, human=human, spending=spending)
        except Unspent as asked:
            # Asked once for a call, and never inside a unit: a unit that is run again spends nothing more.
            spending = await spend_outside(setup, caller.tenant, asked.charges, setup.clock(), look=looks)
            if spending is None:
                return refuse(Reason.BUSY, Because("budgets.spend", (("budgets", "cannot be asked"),)))
            continue
        except Conflict:
            watched.conflicts += 1
            if joined:
                raise
        except Unfinished as earlier:
            await finish_earlier(setup, caller, earlier.intent_id)
        tries -= 1
    return refuse(Reason.BUSY, Because("performing.perform", (("operation", operation.name), ("tries", str(TRIES)))))


async def _once(
    setup: Setup,
    caller: Caller,
    operation: Operation[Q, V, T],
    request: Q,
    key: str | None,
    preview: bool,
    watched: Watched,
    *,
    human: bool,
    spending: Spending | None,
) -> Decision[T]:
    now = setup.clock()
    writes = operation.writes and not preview
    touched: Session | None = None
    pending: tuple[Intent, Decision[T]] | None = None
    async with setup.store.begin(
        caller.tenant, setup.host_here(caller.tenant), writes=writes, connection=setup.connection
    ) as unit:
        reading = Reading(setup, unit, caller, now, human=human, spending=spending)
        receipt_id = receipt_id_of(setup, caller, operation, request, key) if writes else None
        decision, replayed = await _answer(reading, operation, request, receipt_id, writes=writes)
        if decision.spends and spending is None:
            raise Unspent(decision.spends)
        touched, watched.replayed = reading.session, replayed
        if writes:
            receipt = None
            if receipt_id is not None and not replayed:
                receipt = _receipt(setup, receipt_id, request, now)
            if decision.asks is not None and not setup.host.shares_transaction:
                if setup.connection is not None:
                    raise DurableOperation(
                        f"{operation.name} needs the host, which keeps its tables elsewhere, and so cannot be part of "
                        f"this transaction. {setup.leave_transaction}"
                    )
                intent = evolve(decision.asks, due_at=now + INTENT_LEASE)
                begun: tuple[Write, ...] = ()
                if receipt is not None and operation.keyed is not None and not isinstance(decision.outcome, Refusal):
                    # Under the key stands what was begun, so that a retry finishes it instead of deciding again.
                    intent = evolve(intent, receipt=_with_result(receipt, operation.keyed, decision.outcome))
                    begun = (Put(evolve(receipt, result={BEGUN: intent.id})),)
                # What must not be done unless the host does its part is done after its answer.
                at_once = () if intent.write in FOLLOWING else decision.changes
                if intent.write in STANDING:
                    said = audit_entry(reading, operation.name, operation.subject(request), "done", intent.because)
                    at_once = (*decision.changes, Put(said))
                await unit.commit(_noting_use(reading, [*at_once, Put(intent), *begun]))
                pending = intent, decision
            else:
                decision = await _settled(reading, decision)
                if not _is_noise(caller, decision):
                    await _commit(reading, operation, request, decision, receipt)
                elif receipt is not None:
                    # Nothing to write, but the key must still be free: if a twin of this call has used it meanwhile,
                    # this is a conflict, and the next try finds the twin's answer.
                    await unit.commit(())
    if pending is not None:
        decision = await ask_elsewhere(setup, caller, operation, request, *pending)
    elif reading.viewer is not None or isinstance(caller, Staff):
        # Before anybody has the answer: whatever staff were shown, in a preview too, is known to have been.
        if not writes and operation.audited:
            subject = operation.subject(request)
            await note_look(reading, operation.name, subject, decision, previewed=operation.writes)
    elif not writes and not preview and touched is not None:
        await _touch(setup, caller, touched, now)
    return decision


def _is_noise(caller: Caller, decision: Decision[T]) -> bool:
    """A stranger (no session, or a forged one) was refused and nothing came of it: not written down, or anybody could
    fill the disk for nothing.

    A wrong try does leave something, its count, and so is audited.
    """
    no = decision.outcome
    if not isinstance(no, Refusal) or decision.changes:
        return False
    return isinstance(caller, Visitor) or (isinstance(caller, Client) and no.reason is Reason.SESSION_ENDED)


async def _answer(
    reading: Reading, operation: Operation[Q, V, T], request: Q, receipt_id: str | None, *, writes: bool
) -> tuple[Decision[T], bool]:
    await open_session(reading, writes=writes)
    no = judge_look(reading.viewer, operation.name, writes=writes)
    if no is not None:
        return Decision(no, no.because), False
    try:
        if receipt_id is not None and operation.keyed is not None:
            known = await reading.state.get(Receipt, receipt_id, lock=True)
            if known is not None:
                if known.fingerprint != _fingerprint(reading.setup, request):
                    because = Because("performing.perform", (("operation", operation.name),))
                    spoilt = (Put(evolve(known, result={})),) if operation.keyed.judges_proof else ()
                    return refuse(Reason.KEY_REUSED, because, after=spoilt), True
                if operation.keyed.admit is not None:
                    await operation.keyed.admit(reading)
                if BEGUN in known.result:
                    raise Unfinished(known.result[BEGUN])
                return await operation.keyed.replay(reading, request, known), True
        view = await operation.load(reading, request)
    except Denied as denied:
        return Decision(denied.refusal, denied.refusal.because), False
    decision = operation.decide(view, request, reading.policy, reading.now)
    return as_looked_at(decision, reading.viewer, operation.name), False


async def _settled(reading: Reading, decision: Decision[T]) -> Decision[T]:
    """Where the decision asks the host, let it write in this very transaction and complete the decision."""
    if decision.asks is None or isinstance(decision.outcome, Refusal):
        return decision
    answer = await ask_host(reading.host, decision.asks)
    intent = await as_assigned_now(reading, decision.asks, answer)
    settled = settle(intent, answer, decision.outcome, reading.fresh_id())
    if isinstance(settled.outcome, Refusal):
        return settled
    told = noticed(intent, answer, reading.policy, (reading.fresh_id(), reading.fresh_id()))
    whole = Decision(settled.outcome, decision.because, (*decision.changes, *settled.changes, *told), decision.events)
    return noted(whole, intent, answer)


async def _commit(
    reading: Reading, operation: Operation[Q, V, T], request: Q, decision: Decision[T], receipt: Receipt | None
) -> None:
    writes: list[Write] = list(decision.changes)
    if isinstance(decision.outcome, Refusal):
        outcome = decision.outcome.reason.value
    else:
        outcome = "done"
        if receipt is not None and operation.keyed is not None:
            writes.append(Put(_with_result(receipt, operation.keyed, decision.outcome)))
        if reading.setup.host.shares_transaction:
            for event in decision.events:
                await reading.host.heard(event)
    if operation.audited:
        writes.append(
            Put(audit_entry(reading, operation.name, operation.subject(request), outcome, str(decision.because)))
        )
    await reading.unit.commit(_noting_use(reading, writes))
    if not reading.setup.host.shares_transaction and not isinstance(decision.outcome, Refusal):
        # A host elsewhere cannot take it back: it is told of what has been committed, not of what may yet conflict.
        for event in decision.events:
            await reading.host.heard(event)


# --- sessions: their last use is written at most every so often ----------------------------------------------------


def _idle(policy: Policy, now: datetime) -> datetime:
    return now + policy.sessions.idle_for


def _noting_use(reading: Reading, writes: list[Write]) -> list[Write]:
    """The writes, and that the session was used, where that is due and they do not change it themselves."""
    writes = vouching(reading.setup, reading.tenant, [_as_asked_here(reading.setup, write) for write in writes])
    touched = reading.session
    if touched is None or any(write.record.id == touched.id for write in writes):
        return writes
    return [*writes, Put(evolve(touched, used_at=reading.now, idle_until=_idle(reading.policy, reading.now)))]


def _as_asked_here(setup: Setup, write: Write) -> Write:
    """A message that is put into the outbox speaks the language, and for the business, that the caller had chosen."""
    if not isinstance(write, Put) or not isinstance(write.record, OutboxMessage) or write.record.version:
        return write
    return Put(evolve(write.record, language=setup.language or "", branch=setup.branch))


async def _touch(setup: Setup, caller: Caller, session: Session, now: datetime) -> None:
    """Note the use after a read, in a unit of its own; if somebody else is at the session just now, theirs will do."""
    if setup.connection is not None:
        return
    policy = setup.policy_of(caller.tenant)
    try:
        async with setup.store.begin(caller.tenant, setup.host, writes=True) as unit:
            current = await unit.state.get(Session, session.id)
            if current is not None and current.used_at < now:
                await unit.commit((Put(evolve(current, used_at=now, idle_until=_idle(policy, now))),))
    except Conflict:
        return


# --- idempotency ---------------------------------------------------------------------------------------------------


def receipt_id_of(
    setup: Setup, caller: Caller, operation: Operation[Q, V, T], request: Q, key: str | None
) -> str | None:
    """Under which id the answer to this call is remembered, if it is at all."""
    if key is None or operation.keyed is None:
        return None
    scope = operation.keyed.scope(request)
    return setup.keys.fingerprint("receipt", caller.tenant, operation.name, caller.scope, scope, key)


def _fingerprint(setup: Setup, request: object) -> str:
    parts = [type(request).__name__]
    for name in _names_of(cast("Any", type(request))):
        value = getattr(request, name, None)
        parts.append(f"{name}={value.reveal() if isinstance(value, Secret) else repr(value)}")
    return setup.keys.fingerprint("request", *parts)


def _with_result(receipt: Receipt, keyed: Keyed[Q, T], outcome: T) -> Receipt:
    return evolve(receipt, result=dict(keyed.remember(outcome)))


def _receipt(setup: Setup, id: str, request: object, now: datetime) -> Receipt:
    return Receipt(id=id, fingerprint=_fingerprint(setup, request), at=now, forget_at=now + RECEIPT_LIFE)
