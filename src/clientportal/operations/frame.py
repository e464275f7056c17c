"""Read, decide, commit: the few lines that carry every operation out, whatever it does.

An :class:`Operation` is a loader, a pure rule, and what is known about the two. :func:`perform` begins a unit, reads,
decides, lets the host write where the decision asks it to, and commits everything together with the audit entry; on a
conflict it does all of that again, three times, and then refuses. Doors are one line per operation above this; stores
and hosts are below.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar, cast

from attrs import evolve, field, fields, frozen, has

from clientportal.decisions import Because, Decision, Reason, Refusal, refuse
from clientportal.errors import Conflict, DurableOperation, HostError, InvalidInput, PolicyError, Refused, StoreError
from clientportal.operations.setting import Caller, Client, Setup, Staff, System, Visitor, check_human, fresh_id
from clientportal.operations.trusting import CheckedHost, check_outcome
from clientportal.policy import Policy
from clientportal.ports import AsyncHost, Unit, awaited_host
from clientportal.records import AuditEntry, HostWrite, Intent, Put, Receipt, Remove, Session, SpentLink, Trail, Write
from clientportal.rules.settling import settle, settled_result
from clientportal.rules.who_may_change import catch_up
from clientportal.rules.who_may_manage import Permission, may
from clientportal.values import HostAnswer, Secret

__all__ = ["Denied", "Keyed", "Operation", "Reading", "Unfinished", "perform", "take_up", "alone"]

Q = TypeVar("Q")
V = TypeVar("V")
T = TypeVar("T")

TRIES = 3
INTENT_LEASE = timedelta(minutes=1)
RECEIPT_LIFE = timedelta(days=1)


class Denied(Exception):
    """Raised by a loader that already knows the answer (no such session): becomes the operation's refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason.value)
        self.refusal = refusal


class Unfinished(Exception):
    """Raised where all depends on what a host elsewhere was asked for before, and nobody has recorded its answer yet:
    an earlier try with this key, another first login with this number. It is finished first.
    """

    def __init__(self, intent_id: str) -> None:
        super().__init__(intent_id)
        self.intent_id = intent_id


class Reading:
    """One try of one operation: the unit, the one moment that counts as *now*, and who asks."""

    def __init__(self, setup: Setup, unit: Unit, caller: Caller, now: datetime, *, human: bool = True) -> None:
        self.setup = setup
        self.unit = unit
        self.state = unit.state
        self.caller = caller
        self.now = now
        self.tenant = caller.tenant
        self.human = human
        self.policy: Policy = setup.policy_of(caller.tenant)
        self.actor = caller.word
        self.session: Session | None = None

    @property
    def host(self) -> AsyncHost:
        """The host's awaited face, opened when first used; every answer is held against its contract."""
        return CheckedHost(self.unit.host)

    def fresh_id(self) -> str:
        """128 random bits, drawn anew for every try."""
        return fresh_id()


@frozen
class Keyed(Generic[Q, T]):
    """How an operation with an idempotency key is remembered, and answered again (I2).

    ``scope`` says whose keys these are where the caller does not: all visitors are one caller, so one could use up
    another's. ``judges_proof``: the parameters are a proof, and a replay hands out what it opened; other parameters
    under the key are a guess at it, so the first of them is the last: nothing is replayed after it. ``admit`` checks
    the caller's session before an answer is given again: a session that has ended reads nothing any more (I7).
    """

    remember: Callable[[T], Mapping[str, str]]
    replay: Callable[[Reading, Q, Receipt], Awaitable[Decision[T]]]
    scope: Callable[[Q], str] = field(default=lambda _request: "")
    judges_proof: bool = False
    admit: Callable[[Reading], Awaitable[object]] | None = None


@frozen(kw_only=True, eq=False)
class Operation(Generic[Q, V, T]):
    """One thing that somebody can ask for.

    * ``load`` reads everything the rule needs; ``decide`` is the rule, pure.
    * ``durable``: judges a proof, spends a budget or revokes access, so it begins its own unit and has committed before
      it returns or raises; inside a host's open transaction it refuses.
    * ``writes``: whether it can change anything. ``previewable``: whether it may be tried without effect.
    * ``humans_only``: the host's bot check is asked, once, before the unit begins: it is slow, its proofs are good for
      one use, and a conflict runs the loader again.
    * ``subject``: what the audit says it was about (contacts masked).
    """

    name: str
    load: Callable[[Reading, Q], Awaitable[V]]
    decide: Callable[[V, Q, Policy, datetime], Decision[T]]
    subject: Callable[[Q], str] = field(default=lambda _request: "")
    durable: bool = False
    writes: bool = True
    previewable: bool = True
    permission: Permission | None = None
    audited: bool = True
    humans_only: bool = False
    keyed: Keyed[Q, T] | None = None


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
            setup.policy_of(caller.tenant)
        except LookupError:
            because = Because("frame.perform", (("business", "unknown"),))
            raise setup.refused(Refusal(Reason.SESSION_ENDED, because)) from None
    if preview and not operation.previewable:
        raise PolicyError(
            f"{operation.name} cannot be previewed: it judges a proof, spends, ends or hands out something"
        )
    decision = await _decide(setup, caller, operation, request, key, preview)
    if setup.watch is not None:
        setup.watch(operation.name, caller.word, decision)
    if isinstance(decision.outcome, Refusal):
        raise setup.refused(decision.outcome)
    return decision.outcome


def alone(setup: Setup, name: str) -> None:
    """Refuse inside a host's transaction; also where its connection has none open, for nobody would commit there."""
    if setup.connection is not None:
        raise DurableOperation(
            f"{name} must commit by itself: a rollback of the surrounding transaction would hand out free tries, or "
            "send a message that was never committed. Call it on the portal itself, not on portal.on(connection)"
        )


@cache
def _texts_of(kind: Any) -> tuple[tuple[str, bool], ...]:
    """The fields of a request that hold text, and whether each may be absent."""
    if not has(kind):
        return ()
    return tuple((one.name, one.type != "str") for one in fields(kind) if one.type in ("str", "str | None", str))


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind)) if has(kind) else ()


def _check_texts(operation: str, request: object, key: str | None) -> None:
    """Whatever the caller's framework handed through (``None`` for a missing cookie, a number): said here, once."""
    for name, optional in (*_texts_of(cast("Any", type(request))), ("key", True)):
        value = key if name == "key" else getattr(request, name)
        if not isinstance(value, str) and not (optional and value is None):
            raise InvalidInput(f"{operation}: {name} is text; this is {type(value).__name__}")


async def _decide(
    setup: Setup, caller: Caller, operation: Operation[Q, V, T], request: Q, key: str | None, preview: bool
) -> Decision[T]:
    if isinstance(caller, Staff):
        no = may(caller.permissions, operation.permission)
        if no is not None:
            return Decision(no, no.because)
    human = await check_human(setup, caller) if operation.humans_only else True
    joined = setup.connection is not None
    for _ in range(1 if joined else TRIES):
        try:
            return await _once(setup, caller, operation, request, key, preview, human=human)
        except Conflict:
            if joined:
                raise
        except Unfinished as earlier:
            await _finish_earlier(setup, caller, earlier.intent_id)
    return refuse(Reason.BUSY, Because("frame.perform", (("operation", operation.name), ("tries", str(TRIES)))))


async def _once(
    setup: Setup,
    caller: Caller,
    operation: Operation[Q, V, T],
    request: Q,
    key: str | None,
    preview: bool,
    *,
    human: bool,
) -> Decision[T]:
    now = setup.clock()
    writes = operation.writes and not preview
    touched: Session | None = None
    pending: tuple[Intent, Decision[T]] | None = None
    async with setup.store.begin(caller.tenant, setup.host, writes=writes, connection=setup.connection) as unit:
        reading = Reading(setup, unit, caller, now, human=human)
        receipt_id = _receipt_id(setup, caller, operation, request, key) if writes else None
        decision, replayed = await _answer(reading, operation, request, receipt_id)
        touched = reading.session
        if writes:
            receipt = None
            if receipt_id is not None and not replayed:
                receipt = _receipt(setup, receipt_id, request, now)
            if decision.asks is not None and not setup.host.shares_transaction:
                if setup.connection is not None:
                    raise DurableOperation(
                        f"{operation.name} needs the host, which keeps its tables elsewhere, and so cannot be part of "
                        "this transaction. Call it on the portal itself, not on portal.on(connection)"
                    )
                intent = evolve(decision.asks, due_at=now + INTENT_LEASE)
                begun: tuple[Write, ...] = ()
                if receipt is not None and operation.keyed is not None and not isinstance(decision.outcome, Refusal):
                    # Under the key stands what was begun, so that a retry finishes it instead of deciding again.
                    intent = evolve(intent, receipt=_with_result(receipt, operation.keyed, decision.outcome))
                    begun = (Put(evolve(receipt, result={_BEGUN: intent.id})),)
                await unit.commit(_noting_use(reading, [*decision.changes, Put(intent), *begun]))
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
        decision = await _ask_elsewhere(setup, caller, operation, request, *pending)
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
    reading: Reading, operation: Operation[Q, V, T], request: Q, receipt_id: str | None
) -> tuple[Decision[T], bool]:
    try:
        if receipt_id is not None and operation.keyed is not None:
            known = await reading.state.get(Receipt, receipt_id, lock=True)
            if known is not None:
                if known.fingerprint != _fingerprint(reading.setup, request):
                    because = Because("frame.perform", (("operation", operation.name),))
                    spoilt = (Put(evolve(known, result={})),) if operation.keyed.judges_proof else ()
                    return refuse(Reason.KEY_REUSED, because, after=spoilt), True
                if operation.keyed.admit is not None:
                    await operation.keyed.admit(reading)
                if _BEGUN in known.result:
                    raise Unfinished(known.result[_BEGUN])
                return await operation.keyed.replay(reading, request, known), True
        view = await operation.load(reading, request)
    except Denied as denied:
        return Decision(denied.refusal, denied.refusal.because), False
    return operation.decide(view, request, reading.policy, reading.now), False


async def _settled(reading: Reading, decision: Decision[T]) -> Decision[T]:
    """Where the decision asks the host, let it write in this very transaction and complete the decision."""
    if decision.asks is None or isinstance(decision.outcome, Refusal):
        return decision
    answer = await ask_host(reading.host, decision.asks)
    settled = settle(decision.asks, answer, decision.outcome, reading.fresh_id())
    if isinstance(settled.outcome, Refusal):
        return settled
    return Decision(settled.outcome, decision.because, (*decision.changes, *settled.changes), decision.events)


async def ask_host(host: AsyncHost, intent: Intent) -> HostAnswer:
    """Make the one write that an intent names."""
    match intent.write:
        case HostWrite.CREATE_CLIENT if intent.draft is not None:
            return await host.create_client(intent.draft, intent.id)
        case HostWrite.MOVE if intent.appointment is not None and intent.slot is not None:
            return await host.move(intent.appointment, intent.slot, intent.fee, intent.id)
        case HostWrite.CANCEL if intent.appointment is not None:
            return await host.cancel(intent.appointment, intent.fee, intent.id)
        case HostWrite.BOOK if (
            intent.slot is not None and intent.for_ref is not None and intent.appointment is not None
        ):
            return await host.book(intent.for_ref, intent.slot, intent.appointment.booked_as, intent.id)
        case _:
            raise HostError(f"the intent {intent.id} lacks what {intent.write.value} needs")


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
        for event in decision.events:
            await reading.host.heard(event)
    if operation.audited:
        writes.append(Put(_audit(reading, operation.name, operation.subject(request), outcome, str(decision.because))))
    await reading.unit.commit(_noting_use(reading, writes))


def _audit(reading: Reading, action: str, subject: str, outcome: str, because: str) -> AuditEntry:
    caller = reading.caller
    return AuditEntry(
        id=f"{reading.now:%Y%m%d%H%M%S%f}-{reading.fresh_id()}",
        at=reading.now,
        actor=_storable(reading.actor),
        action=action,
        subject=_storable(subject),
        outcome=outcome,
        because=because,
        reason=caller.reason if isinstance(caller, Staff) else "",
    )


def _storable(text: str) -> str:
    """What no column holds (NUL, a lone surrogate) is replaced: what was typed is audited, not refused for that."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


# --- sessions: their last use is written at most every so often ----------------------------------------------------


def _idle(policy: Policy, now: datetime) -> datetime:
    return now + policy.sessions.idle_for


def _noting_use(reading: Reading, writes: list[Write]) -> list[Write]:
    """The writes, and that the session was used, where that is due and they do not change it themselves."""
    touched = reading.session
    if touched is None or any(write.record.id == touched.id for write in writes):
        return writes
    return [*writes, Put(evolve(touched, used_at=reading.now, idle_until=_idle(reading.policy, reading.now)))]


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


def _receipt_id(setup: Setup, caller: Caller, operation: Operation[Q, V, T], request: Q, key: str | None) -> str | None:
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


_BEGUN = "begun"
"""In the receipt of a write that a host elsewhere was asked for and has not answered: the id of the intent."""


def _with_result(receipt: Receipt, keyed: Keyed[Q, T], outcome: T) -> Receipt:
    return evolve(receipt, result=dict(keyed.remember(outcome)))


def _receipt(setup: Setup, id: str, request: object, now: datetime) -> Receipt:
    return Receipt(id=id, fingerprint=_fingerprint(setup, request), at=now, forget_at=now + RECEIPT_LIFE)


# --- hosts that keep their tables elsewhere ------------------------------------------------------------------------


async def _ask_elsewhere(
    setup: Setup, caller: Caller, operation: Operation[Q, V, T], request: Q, intent: Intent, decision: Decision[T]
) -> Decision[T]:
    """The intent is committed: call the host, then commit the rest. A crash in here is finished by the pump."""
    host = CheckedHost(awaited_host(setup.host.open(None, caller.tenant)))
    try:
        answer = await ask_host(host, intent)
    except Conflict:
        # The host has written nothing and will not: the intent goes, and the whole operation is decided again.
        await _drop_intent(setup, caller.tenant, intent)
        raise
    except HostError:
        raise
    except Exception as error:
        raise _silent(intent) from error
    if isinstance(decision.outcome, Refusal):
        return decision
    return await _finish(setup, caller, intent, answer, decision.outcome, operation.name, operation.subject(request))


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
    return receipt if receipt is not None and receipt.result.get(_BEGUN) == intent.id else None


async def _finish_earlier(setup: Setup, caller: Caller, intent_id: str) -> None:
    """Finish what was begun, as the pump would; then its answer can be read."""
    async with setup.store.begin(caller.tenant, setup.host, writes=False) as unit:
        intent = await unit.state.get(Intent, intent_id)
    if intent is None:
        return
    try:
        await take_up(setup, intent, caller)
    except (HostError, StoreError):
        raise
    except Exception as error:
        raise _silent(intent) from error


async def take_up(setup: Setup, intent: Intent, caller: Caller) -> bool:
    """Finish what an earlier process has begun: ask the host what became of its write, make it if it never arrived,
    and record the answer. ``False`` where nothing came of it after all.

    Raises whatever the host raises; the intent then stays.
    """
    host = CheckedHost(awaited_host(setup.host.open(None, caller.tenant)))
    try:
        answer = await host.outcome(intent.id)
        if answer is None:
            # The write never reached the host. It is made now, under the same key: never lost.
            answer = await ask_host(host, intent)
        else:
            check_outcome(intent, answer)
    except Conflict:
        # What was decided on has changed since, so the host has written nothing and never will.
        await _drop_intent(setup, caller.tenant, intent)
        return False
    decision = await _finish(setup, caller, intent, answer, None, f"finish_{intent.write.value}", intent.actor)
    return decision.granted


async def _finish(
    setup: Setup, caller: Caller, intent: Intent, answer: HostAnswer, forecast: T, action: str, subject: str
) -> Decision[T]:
    """Commit what follows from a host's answer, once: whoever still finds the intent does it."""
    for _ in range(TRIES):
        try:
            async with setup.store.begin(caller.tenant, setup.host, writes=True) as unit:
                reading = Reading(setup, unit, caller, setup.clock())
                if not isinstance(caller, System):
                    reading.actor = intent.actor
                stored = await unit.state.get(Intent, intent.id, lock=True)
                trail = None if intent.trail_id is None else await unit.state.get(Trail, intent.trail_id, lock=True)
                settled = settle(catch_up(intent, trail, answer), answer, forecast, reading.fresh_id())
                if stored is None:
                    return settled
                writes: list[Write] = [*settled.changes, Remove(stored)]
                word = "done"
                if isinstance(settled.outcome, Refusal):
                    word = settled.outcome.reason.value
                    writes += await _given_back(unit, intent)
                elif intent.receipt is not None and (begun := await _begun(unit, intent)) is not None:
                    writes.append(Put(evolve(begun, result=settled_result(intent.receipt.result, answer))))
                writes.append(Put(_audit(reading, action, subject, word, str(settled.because))))
                await unit.commit(writes)
                return settled
        except Conflict:
            continue
    raise StoreError("the host's answer could not be recorded; deliver() will finish it", committed=None)


def client_session(caller: Caller) -> Client:
    """The caller, where only a client's session may ask."""
    if not isinstance(caller, Client):
        raise Refused(
            Refusal(Reason.SESSION_ENDED, Because("frame.client_session")), "Please log in.", "no session was presented"
        )
    return caller
