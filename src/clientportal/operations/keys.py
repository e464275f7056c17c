"""What hangs on which key of the ring: what to know before one is removed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from clientportal.operations.setting import Setup
from clientportal.outcomes import KeysInUse, KeyUse
from clientportal.policy import Policy
from clientportal.records import (
    AuditChain,
    AuditEntry,
    Challenge,
    MailedLink,
    MessageState,
    OutboxMessage,
    Receipt,
    SecondFactor,
    Stored,
)

__all__ = ["keys_in_use"]

R = TypeVar("R", bound=Stored)

_PAGE = 500
_CONFIRMATION_DAYS = 1.0

_Count = Callable[[R], Iterable[str | None]]
"""The keys that a record needs, each of them once."""


class _Counting:
    """What every kind of record says of the keys."""

    def __init__(self, setup: Setup, tenant: str) -> None:
        self.setup = setup
        self.tenant = tenant
        self.now: datetime = setup.clock()
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    async def walk(self, what: str, kind: type[R], key: str, values: tuple[str, ...], needs: _Count[R]) -> None:
        """A page a unit, so that nothing is held up however many there are."""
        after: str | None = None
        while True:
            async with self.setup.store.begin(self.tenant, self.setup.host, writes=False) as unit:
                page = await unit.state.page(kind, key, list(values), after=after, limit=_PAGE)
            for record in page.items:
                for key_id in set(needs(record)):
                    if key_id:
                        self.counts[key_id][what] += 1
            after = page.next
            if after is None:
                return

    def code(self, one: Challenge) -> Iterable[str | None]:
        return [one.key_id] if one.open_at(self.now) else []

    def link(self, one: MailedLink) -> Iterable[str | None]:
        return [one.key_id] if one.open_at(self.now) else []

    async def end_of_audit(self) -> None:
        async with self.setup.store.begin(self.tenant, self.setup.host, writes=False) as unit:
            chain = await unit.state.get(AuditChain, AuditChain.CHAIN)
        if chain is not None:
            self.counts[chain.key_id]["audit_end"] += 1


async def keys_in_use(setup: Setup, tenant: str) -> KeysInUse:
    """Count what is stored, by key; say of the rest how long it lives."""
    seen = _Counting(setup, tenant)
    queued = (MessageState.QUEUED.value,)
    await seen.walk("codes", Challenge, "expiry", (), seen.code)
    await seen.walk("mailed_links", MailedLink, "expiry", (), seen.link)
    await seen.walk("messages", OutboxMessage, "due", queued, lambda one: [one.facts.get("key")])
    await seen.walk("apps", SecondFactor, "key", (), lambda one: [one.key_id, one.next_key_id])
    await seen.walk("audit_entries", AuditEntry, "sealing", (AuditEntry.OPEN,), lambda one: [one.key_id])
    oldest = setup.keys.ids[-1]
    await seen.walk("receipts", Receipt, "expiry", (), lambda one: [oldest] if one.forget_at > seen.now else [])
    await seen.end_of_audit()
    ids = [*setup.keys.ids, *sorted(seen.counts.keys() - set(setup.keys.ids))]
    uses = tuple(
        KeyUse(id, setup.keys.knows(id), id == setup.keys.signing_id, dict(sorted(seen.counts[id].items())))
        for id in ids
    )
    return KeysInUse(uses, _not_counted(setup.policy_of(tenant)))


def _not_counted(policy: Policy) -> dict[str, float | None]:
    def days(life: timedelta) -> float:
        return life.total_seconds() / 86_400

    return {
        "links of appointments and forms": days(policy.messages.link_life),
        "devices that have logged in": days(policy.sessions.device_known_for),
        "proofs of a confirmation page": _CONFIRMATION_DAYS,
        "links that end a subscription": None,
        "links of recommendations": None,
    }
