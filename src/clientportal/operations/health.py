"""Is the portal well? Asked every few seconds by whoever watches, so it reads little, and a fixed number of times.

Each part is looked at by itself, and what fails there is that part's answer: a health check that raises tells nothing.
No text of a database or a platform is in it, for it may stand on a page that anybody can open.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

from attrs import evolve, frozen

from clientportal.operations.budgeting import budgets_answer
from clientportal.operations.sealing import read_end
from clientportal.operations.setting import Setup
from clientportal.outcomes import Health, HealthPart, HealthState
from clientportal.outcomes.sealing import BreakKind
from clientportal.ports import StoreProbe, Unit
from clientportal.records import (
    AuditEntry,
    Challenge,
    Intent,
    MailedLink,
    MessageState,
    OutboxMessage,
    Stored,
    WalkMark,
)

__all__ = ["health"]

_NOBODY = "-"
"""A business that there is none of: what is asked about the store alone."""
_MANY = 100
"""How many waiting messages are looked at; beyond that the answer says "or more"."""
_LATE = timedelta(minutes=10)
_UNSEALED_LATE = timedelta(hours=1)
_SKEW, _WRONG_CLOCK = timedelta(seconds=5), timedelta(minutes=1)
_PATIENCE = timedelta(seconds=5)

_Facts = Mapping[str, str | int | float | bool | None]


async def health(setup: Setup, tenant: str | None) -> Health:
    """Every part, whatever happens to the others."""
    parts = await _store(setup)
    if setup.budgets is not None:
        parts.append(await _part(setup, "budgets", lambda: _budgets(setup)))
    if tenant is not None:
        parts += [await _part(setup, "host", lambda: _host(setup, tenant))]
        if parts[0].state is HealthState.FAILED:
            parts += [HealthPart(name, HealthState.FAILED, "the store does not answer") for name in _WAITING]
        else:
            for name, look in _WAITING.items():
                parts.append(await _part(setup, name, partial(_in_unit, setup, tenant, look)))
    return Health(_now(setup), tuple(parts), tenant)


def _now(setup: Setup) -> datetime:
    try:
        return setup.clock()
    except Exception:  # a clock of the platform's own
        return datetime.now(UTC)


async def _part(setup: Setup, name: str, look: Callable[[], Awaitable[HealthPart]]) -> HealthPart:
    try:
        return evolve(await setup.gate.within(_PATIENCE, look()), name=name)
    except Exception as error:
        # Its class alone: its text may name a host, a user, or worse.
        return HealthPart(name, HealthState.FAILED, "it does not answer", {"error": type(error).__name__})


# --- the store, and its clock ---------------------------------------------------------------------------------------


async def _store(setup: Setup) -> list[HealthPart]:
    probe = getattr(setup.store, "probe", None)
    found: list[StoreProbe] = []

    async def look() -> HealthPart:
        facts: _Facts = {}
        if probe is not None:
            said = cast("StoreProbe", await probe())
            found.append(said)
            facts = {"version": said.version, "needed": said.needed}
            if said.version < said.needed:
                return HealthPart("store", HealthState.FAILED, "it has no tables of this library: upgrade it", facts)
        async with setup.store.begin(_NOBODY, setup.host, writes=False) as unit:
            await unit.state.get(WalkMark, WalkMark.FIRST)
        return HealthPart("store", HealthState.OK, "", facts)

    parts = [await _part(setup, "store", look)]
    if found and found[0].now is not None:
        parts.append(_clock(_now(setup), found[0].now))
    return parts


def _clock(ours: datetime, theirs: datetime) -> HealthPart:
    """Codes, links and budgets are judged by the portal's clock: a machine that is off lets codes live too long."""
    skew = abs((ours - theirs).total_seconds())
    facts: _Facts = {"seconds_apart": round(skew, 1)}
    problem = "this machine's clock and the database's are apart"
    if skew >= _WRONG_CLOCK.total_seconds():
        return HealthPart("clock", HealthState.FAILED, problem, facts)
    if skew >= _SKEW.total_seconds():
        return HealthPart("clock", HealthState.WARNING, problem, facts)
    return HealthPart("clock", HealthState.OK, "", facts)


async def _budgets(setup: Setup) -> HealthPart:
    """Counted outside of the store: while nobody can ask them, no code and no mail with a link is sent."""
    await budgets_answer(setup)
    return HealthPart("budgets", HealthState.OK)


# --- the host, and what waits ---------------------------------------------------------------------------------------


async def _host(setup: Setup, tenant: str) -> HealthPart:
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        await unit.host.business()
    return HealthPart("host", HealthState.OK)


@frozen
class _Looking:
    setup: Setup
    tenant: str
    unit: Unit
    now: datetime

    async def oldest(self, kind: type[Stored], key: str, values: Sequence[str]) -> Any:
        """The first record under a key, or ``None``."""
        page = await self.unit.state.page(kind, key, list(values), limit=1)
        return page.items[0] if page.items else None

    def seconds(self, since: datetime | None) -> int | None:
        """How long ago that was, at least nothing."""
        return None if since is None else max(0, int((self.now - since).total_seconds()))


_Look = Callable[[_Looking], Awaitable[HealthPart]]


async def _in_unit(setup: Setup, tenant: str, look: _Look) -> HealthPart:
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        return await look(_Looking(setup, tenant, unit, setup.clock()))


async def _contacts(seen: _Looking) -> HealthPart:
    mark = await seen.unit.state.get(WalkMark, WalkMark.FIRST)
    facts: _Facts = {"walked": mark is not None}
    if mark is None:
        return HealthPart("", HealthState.FAILED, "walk_contacts has not run to its end: nobody is found yet", facts)
    return HealthPart("", HealthState.OK, "", facts)


async def _outbox(seen: _Looking) -> HealthPart:
    first = await seen.oldest(OutboxMessage, "due", [MessageState.QUEUED.value])
    due = None if first is None or first.due_at > seen.now else first.due_at
    page = await seen.unit.state.page(OutboxMessage, "due", [MessageState.ABANDONED.value], limit=_MANY)
    facts: _Facts = {
        "oldest_due_seconds": seen.seconds(due),
        "abandoned": len(page.items),
        "abandoned_or_more": page.next is not None,
    }
    if due is not None and seen.now - due > _LATE:
        return HealthPart("", HealthState.FAILED, "messages wait: the pump (deliver) does not run", facts)
    if page.items:
        return HealthPart("", HealthState.WARNING, "messages were given up: staff.outbox() lists them", facts)
    return HealthPart("", HealthState.OK, "", facts)


async def _intents(seen: _Looking) -> HealthPart:
    first = cast("Intent | None", await seen.oldest(Intent, "state", ["open"]))
    facts: _Facts = {"oldest_seconds": None if first is None else seen.seconds(first.asked_at)}
    if first is not None and seen.now - first.asked_at > _LATE:
        problem = "writes of the platform wait to be finished: the pump does not run, or the platform does not answer"
        return HealthPart("", HealthState.WARNING, problem, facts)
    return HealthPart("", HealthState.OK, "", facts)


async def _audit(seen: _Looking) -> HealthPart:
    _, _, broken = await read_end(seen.setup, seen.tenant, seen.unit.state)
    first = cast("AuditEntry | None", await seen.oldest(AuditEntry, "sealing", [AuditEntry.OPEN]))
    facts: _Facts = {"oldest_unsealed_seconds": None if first is None else seen.seconds(first.at)}
    if broken is not None:
        state = HealthState.WARNING if broken.kind is BreakKind.KEY_GONE else HealthState.FAILED
        told: _Facts = {**facts, "broken": broken.kind.value, "seal": broken.seal}
        return HealthPart("", state, "the end of the audit's chain does not hold: verify_audit says more", told)
    if first is not None and seen.now - first.at > _UNSEALED_LATE:
        return HealthPart("", HealthState.WARNING, "the audit waits to be sealed", facts)
    return HealthPart("", HealthState.OK, "", facts)


async def _keys(seen: _Looking) -> HealthPart:
    """Whether what waits to leave can still be derived: a code, a link."""
    page = await seen.unit.state.page(OutboxMessage, "due", [MessageState.QUEUED.value], limit=_MANY)
    state = seen.unit.state
    codes = await state.get_many(Challenge, [one.challenge_id for one in page.items if one.challenge_id is not None])
    links = await state.get_many(
        MailedLink, [one.mailed_link_id for one in page.items if one.mailed_link_id is not None]
    )
    needed = {one.key_id for one in codes.values()} | {one.key_id for one in links.values()}
    needed |= {one.facts["key"] for one in page.items if "key" in one.facts}
    gone = sorted(id for id in needed if not seen.setup.keys.knows(id))
    facts: _Facts = {"signs_with": seen.setup.keys.signing_id, "missing": ", ".join(gone)}
    if gone:
        return HealthPart("", HealthState.WARNING, "messages wait whose key is not in the ring: they go nowhere", facts)
    return HealthPart("", HealthState.OK, "", facts)


_WAITING: Mapping[str, _Look] = {
    "contacts": _contacts,
    "outbox": _outbox,
    "intents": _intents,
    "audit": _audit,
    "keys": _keys,
}
