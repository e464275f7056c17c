"""Forgetting what has expired, and showing staff what stands in the outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.errors import InvalidInput
from clientportal.operations.accounts import belongings_of
from clientportal.operations.frame import Operation, Reading, alone
from clientportal.operations.paging import check_limit
from clientportal.operations.performing import perform
from clientportal.operations.sealing import prune_audit
from clientportal.operations.setting import Setup, System
from clientportal.outcomes import OutboxLine, Purged
from clientportal.policy import Policy
from clientportal.ports.observing import Happening
from clientportal.records import (
    Account,
    Allowance,
    Challenge,
    ContactChange,
    ImportedClient,
    MailedLink,
    MessageState,
    Notice,
    OutboxMessage,
    Receipt,
    Remove,
    Session,
    SpentLink,
    Stored,
    Write,
)
from clientportal.rules.erasing import TOPICS
from clientportal.rules.first_proof import forget_account
from clientportal.rules.who_may_manage import Permission

__all__ = ["OUTBOX", "ListOutbox", "purge"]

_BATCH = 500
_ACCOUNTS = 50
_KEPT: tuple[tuple[type[Stored], timedelta], ...] = (
    (Challenge, timedelta(days=1)),
    (Allowance, timedelta(0)),
    (Session, timedelta(days=1)),
    (SpentLink, timedelta(days=1)),
    (Receipt, timedelta(0)),
    (MailedLink, timedelta(days=1)),
    (ImportedClient, timedelta(0)),
    (ContactChange, timedelta(0)),
    (Notice, timedelta(0)),
)
"""How long after its expiry each kind is kept, so that a late answer can still say why."""

_OUTBOX_KEPT = timedelta(days=30)
_SHORTEST_AUDIT = timedelta(days=1)


_DONE = tuple(state for state in MessageState if state is not MessageState.QUEUED)


@frozen
class _Purge:
    """One batch."""


async def _load_expired(reading: Reading, _asked: _Purge) -> tuple[Write, ...]:
    found: list[Write] = []
    for kind, kept in _KEPT:
        page = await reading.state.page(kind, "expiry", upto=reading.now - kept, limit=_BATCH)
        found.extend(Remove(record) for record in page.items)
    waiting_until = reading.now - reading.policy.accounts.unproved_for
    waiting = await reading.state.page(Account, "waiting", ["proof"], upto=waiting_until, limit=_ACCOUNTS)
    for account in waiting.items:
        # A registration that nobody proved in time: with everything that hangs on it; its appointments stay
        found.extend(forget_account(await belongings_of(reading, account)))
    for state in _DONE:
        # By its state: what is still queued, however old, must not stand in front of what can go.
        done = await reading.state.page(
            OutboxMessage, "due", [state.value], upto=reading.now - _OUTBOX_KEPT, limit=_BATCH
        )
        found.extend(map(Remove, done.items))
    # A session or link of a registration that is forgotten may have expired as well: each goes once.
    return tuple({(type(write.record), write.record.id): write for write in found}.values())


def _decide_purge(
    seen: tuple[Write, ...], _asked: _Purge, _policy: Policy, _now: datetime
) -> Decision[Mapping[str, int]]:
    because = Because("housekeeping.purge", (("records", str(len(seen))),))
    return grant(Counter(_topic(write) for write in seen), because, seen)


def _topic(write: Write) -> str:
    """What is forgotten, as an export of one client calls it."""
    kind = type(write.record)
    return TOPICS.get(kind, kind.TABLE)


_PURGE = Operation[_Purge, tuple[Write, ...], Mapping[str, int]](
    name="purge", load=_load_expired, decide=_decide_purge, previewable=False, audited=False, durable=True
)


async def purge(
    setup: Setup, tenant: str, audit_older_than: timedelta | None, progress: Callable[[Purged], None] | None
) -> Purged:
    """Remove what expired, a batch a transaction, until nothing is left; then the audit that is older than asked."""
    alone(setup, "purge")
    before = _audit_limit(setup, audit_older_than)
    removed = Counter[str]()
    while kinds := await perform(setup, System(tenant), _PURGE, _Purge()):
        removed.update(kinds)
        _tell(removed, progress)
    while before is not None and (count := await prune_audit(setup, tenant, before)):
        removed["audit"] += count
        _tell(removed, progress)
    setup.observing.counted(Happening.PURGE_RAN, tenant, removed)
    return Purged(dict(removed))


def _tell(removed: Counter[str], progress: Callable[[Purged], None] | None) -> None:
    if progress is not None:
        progress(Purged(dict(removed)))


def _audit_limit(setup: Setup, older_than: timedelta | None) -> datetime | None:
    if older_than is None:
        return None
    if not isinstance(cast("object", older_than), timedelta) or older_than < _SHORTEST_AUDIT:
        raise InvalidInput("audit_older_than is a timedelta of a day or more: what is newer is not sealed for certain")
    return setup.clock() - older_than


def _state(state: MessageState | str) -> MessageState:
    try:
        return MessageState(state)
    except ValueError as error:
        raise InvalidInput(f"a message is {', '.join(one.value for one in MessageState)}") from error


@frozen
class ListOutbox:
    """Which messages: those in one state, the latest due first."""

    state: MessageState = field(default=MessageState.ABANDONED, converter=_state)
    limit: int = field(default=50, converter=check_limit)


async def _load_outbox(reading: Reading, asked: ListOutbox) -> tuple[OutboxLine, ...]:
    page = await reading.state.page(OutboxMessage, "due", [asked.state.value], limit=asked.limit, newest_first=True)
    return tuple(
        OutboxLine(one.id, one.kind.value, one.state.value, one.tries, one.created_at, one.note, one.by)
        for one in page.items
    )


def _decide_outbox(
    seen: tuple[OutboxLine, ...], _asked: ListOutbox, _policy: Policy, _now: datetime
) -> Decision[tuple[OutboxLine, ...]]:
    return grant(seen, Because("housekeeping.outbox"))


OUTBOX = Operation[ListOutbox, tuple[OutboxLine, ...], tuple[OutboxLine, ...]](
    name="outbox", load=_load_outbox, decide=_decide_outbox, writes=False, permission=Permission.SEE_AUDIT
)
