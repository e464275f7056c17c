"""Sealing the audit in batches, forgetting its oldest part, and verifying the chain.

Whoever seals holds the chain, so that many pumps seal every entry once. A crash leaves an entry sealed or open, never
in between: the batch, the entries and the new end of the chain are one commit. What rule decides what a change is, and
which attack it meets, stands in ``rules/sealing.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.errors import Refused
from clientportal.operations.frame import Operation, Reading, alone
from clientportal.operations.performing import perform
from clientportal.operations.setting import Setup, System
from clientportal.operations.vouching import chain_holds, entry_holds, sign_chain
from clientportal.outcomes.sealing import AuditBreak, AuditHead, Sealed
from clientportal.policy import Policy
from clientportal.ports import State
from clientportal.ports.observing import Happening
from clientportal.records import AuditChain, AuditEntry, AuditSeal, Put, Remove, Write
from clientportal.rules import sealing

__all__ = ["audit_head", "prune_audit", "read_end", "seal_audit", "seal_what_is_due"]

_BATCH = 200
_AT_ONCE = 10
"""How many batches one run of the pump seals: two thousand entries a minute, and nothing waits long for it."""

_HOLD = "audit chain"


@frozen
class _Batch:
    """One batch to seal. ``accept``: an operator says that the chain is to go on from what stands there now."""

    accept: bool = False


@frozen
class _Open:
    """What is to be sealed, the end of the chain as it stands, and how a key of the ring signs the next."""

    tenant: str
    chain: AuditChain | None
    broken: AuditBreak | None
    entries: tuple[AuditEntry, ...]
    vouched: dict[str, bool]
    waiting: int
    sign: Callable[[AuditChain], AuditChain] = field(repr=False)
    renewed: bool = False
    """Whether the ring's first key is another than the one that signed the chain's end."""


async def _end_of_chain(reading: Reading) -> tuple[AuditChain | None, AuditSeal | None, AuditBreak | None]:
    """The chain, its last seal, and what is wrong with its end. Nobody else changes it meanwhile."""
    await reading.state.hold(_HOLD)
    return await read_end(reading.setup, reading.tenant, reading.state)


async def read_end(
    setup: Setup, tenant: str, state: State
) -> tuple[AuditChain | None, AuditSeal | None, AuditBreak | None]:
    """The same without holding it."""
    chain = await state.get(AuditChain, AuditChain.CHAIN)
    if chain is None:
        stray = (await state.page(AuditSeal, "order", limit=1, newest_first=True)).items
        last = stray[0] if stray else None
        return None, last, sealing.judge_end(None, last, None)
    ids = [sealing.label_of(chain.number), sealing.label_of(chain.number + 1)]
    found = await state.get_many(AuditSeal, ids)
    last = found.get(ids[0])
    holds = chain_holds(setup.keys, tenant, chain)
    return chain, last, sealing.judge_end(chain, last, holds, found.get(ids[1]))


async def _load_open(reading: Reading, asked: _Batch) -> _Open:
    chain, _, broken = await _end_of_chain(reading)
    keys, tenant = reading.setup.keys, reading.tenant
    if broken is not None and asked.accept:
        chain, broken = await _as_it_stands(reading, chain), None
    entries: list[AuditEntry] = []
    vouched: dict[str, bool] = {}
    waiting = 0
    after: str | None = None
    while broken is None and len(entries) < _BATCH:
        page = await reading.state.page(AuditEntry, "sealing", [AuditEntry.OPEN], after=after, limit=_BATCH)
        for entry in page.items[: _BATCH - len(entries)]:
            said = entry_holds(keys, tenant, entry)
            if said is None and not asked.accept:
                # A process may sign with a key that this one has not been given yet: it waits for that.
                waiting += 1
                continue
            entries.append(entry)
            vouched[entry.id] = said is not False
        after = page.next
        if after is None:
            break
    renewed = chain is not None and chain.key_id != keys.signing_id
    sign = partial(sign_chain, keys, tenant)
    return _Open(tenant, chain, broken, tuple(entries), vouched, waiting, sign, renewed=renewed)


async def _as_it_stands(reading: Reading, chain: AuditChain | None) -> AuditChain | None:
    """A chain whose end cannot be trusted, made again of the seals that are there."""
    newest = (await reading.state.page(AuditSeal, "order", limit=1, newest_first=True)).items
    if not newest:
        return chain
    oldest, last = (await reading.state.page(AuditSeal, "order", limit=1)).items[0], newest[0]
    before = chain or AuditChain(sealed_at=last.sealed_at)
    gone = oldest.upto - len(oldest.entries)
    return evolve(
        before,
        number=last.number,
        digest=last.digest,
        entries=last.upto,
        pruned=oldest.number - 1,
        pruned_digest=oldest.previous,
        pruned_entries=gone,
    )


def _decide_seal(seen: _Open, asked: _Batch, _policy: Policy, now: datetime) -> Decision[Sealed]:
    because = Because("sealing.seal", (("entries", str(len(seen.entries))),))
    if seen.broken is not None:
        return grant(Sealed(broken=seen.broken, waiting=seen.waiting), because)
    if not seen.entries:
        again = (Put(seen.sign(seen.chain)),) if seen.chain is not None and (seen.renewed or asked.accept) else ()
        return grant(Sealed(waiting=seen.waiting), because, again)
    chain, made, entries = sealing.seal(seen.tenant, seen.chain, seen.entries, seen.vouched, now)
    changes = (Put(seen.sign(chain)), Put(made), *map(Put, entries))
    return grant(Sealed(len(entries), 1, seen.waiting), because, changes)


_SEAL = Operation[_Batch, _Open, Sealed](
    name="seal_audit", load=_load_open, decide=_decide_seal, previewable=False, audited=False, durable=True
)

_ACCEPT = Operation[_Batch, _Open, Sealed](
    name="accept_audit",
    load=_load_open,
    decide=_decide_seal,
    # What stood there is taken over unseen: the audit itself has to say that somebody did so.
    subject=lambda _asked: "audit",
    previewable=False,
    durable=True,
)


async def seal_audit(setup: Setup, tenant: str, *, accept: bool = False, batches: int | None = None) -> Sealed:
    """Seal what is open, a batch a transaction, until nothing is left; stops where the chain's end does not hold."""
    alone(setup, "seal_audit")
    done = Sealed()
    while batches is None or done.seals < batches:
        if accept:
            said = await perform(setup, System(tenant), _ACCEPT, _Batch(accept=True))
        else:
            said = await perform(setup, System(tenant), _SEAL, _Batch())
        done = Sealed(done.entries + said.entries, done.seals + said.seals, said.waiting, said.broken)
        if accept or not said.entries:
            break
    _tell(setup, tenant, done)
    return done


def _tell(setup: Setup, tenant: str, done: Sealed) -> None:
    setup.observing.counted(Happening.AUDIT_SEALED, tenant, {"entries": done.entries, "seals": done.seals})
    if done.broken is not None:
        facts: dict[str, str | int] = {"broken": done.broken.kind.value, "seal": done.broken.seal}
        setup.observing.happened(Happening.AUDIT_BROKEN, tenant, **facts)


async def seal_what_is_due(setup: Setup, tenant: str, oldest: AuditEntry | None) -> Sealed:
    """What the pump does: seal what has waited for a minute. Where others are at it, they do it."""
    if not sealing.due_for_sealing(oldest, setup.clock()):
        return Sealed()
    try:
        return await seal_audit(setup, tenant, batches=_AT_ONCE)
    except Refused:
        return Sealed()


async def audit_head(setup: Setup, tenant: str) -> AuditHead | None:
    """Where the chain ends, to be kept elsewhere; ``None`` where nothing is sealed yet."""
    async with setup.store.begin(tenant, setup.host, writes=False, connection=setup.connection) as unit:
        return sealing.head_of(tenant, await unit.state.get(AuditChain, AuditChain.CHAIN))


# --- forgetting what is older than the business keeps ---------------------------------------------------------------


@frozen
class _Prune:
    """The oldest seal, where everything in it is from before this."""

    before: datetime


@frozen
class _Oldest:
    tenant: str
    chain: AuditChain | None
    seal: AuditSeal | None
    entries: tuple[AuditEntry, ...]
    broken: AuditBreak | None
    sign: Callable[[AuditChain], AuditChain] = field(repr=False)


async def _load_oldest(reading: Reading, asked: _Prune) -> _Oldest:
    chain, _, broken = await _end_of_chain(reading)
    sign = partial(sign_chain, reading.setup.keys, reading.tenant)
    if chain is None or chain.number == chain.pruned or broken is not None:
        return _Oldest(reading.tenant, chain, None, (), broken, sign)
    label = sealing.label_of(chain.pruned + 1)
    found = await reading.state.get(AuditSeal, label)
    if found is not None and found.newest_at >= asked.before:
        return _Oldest(reading.tenant, chain, None, (), None, sign)
    entries = await reading.state.find(AuditEntry, "sealing", [label])
    return _Oldest(reading.tenant, chain, found, tuple(entries), None, sign)


def _decide_prune(seen: _Oldest, _asked: _Prune, _policy: Policy, _now: datetime) -> Decision[int]:
    """Nothing goes that does not hold: it is evidence."""
    because = Because("sealing.prune", (("entries", str(len(seen.entries))),))
    if seen.chain is None or seen.seal is None:
        return grant(0, because)
    judged = sealing.judge_seal(seen.tenant, seen.chain.pruned + 1, seen.chain.pruned_digest, seen.seal, seen.entries)
    if judged.broken is not None:
        return grant(0, because)
    changes: tuple[Write, ...] = (
        Put(seen.sign(sealing.prune(seen.chain, seen.seal))),
        Remove(seen.seal),
        *map(Remove, seen.entries),
    )
    return grant(len(seen.entries), because, changes)


_PRUNE = Operation[_Prune, _Oldest, int](
    name="prune_audit", load=_load_oldest, decide=_decide_prune, previewable=False, audited=False, durable=True
)


async def prune_audit(setup: Setup, tenant: str, before: datetime) -> int:
    """Forget one batch of the audit, the oldest, where all of it is older; answers how many entries went."""
    return await perform(setup, System(tenant), _PRUNE, _Prune(before))
