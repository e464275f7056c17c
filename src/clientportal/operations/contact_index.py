"""The contact index: who has which phone and email, normalised; and what else the search for duplicates goes by.

Hosts store contacts raw, in any spelling. The index is built by one walk over them, which can stop anywhere and go on,
kept fresh by ``contact_changed``, and never trusted: a hit is read again in the host before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.errors import HostError
from clientportal.operations.frame import Operation, Reading, alone
from clientportal.operations.people import pointers_to
from clientportal.operations.performing import perform
from clientportal.operations.setting import Setup, System
from clientportal.outcomes import Unreadable, WalkReport
from clientportal.policy import Policy
from clientportal.records import ContactEntry, Pointer, Put, Remove, Session, WalkMark, Write
from clientportal.rules.matching_keys import index_keys
from clientportal.values import MatchKey, RecordRef

__all__ = ["CONTACT_CHANGED", "ContactChanged", "walk"]

BATCH = 200
MOST_UNREADABLE = 1000
_MOST = 100_000
"""More entries than the records of a batch have: one that were left out would be written again. And more sessions than
one client has open: one that were left out would go on."""
_WALK = "contacts"


@frozen
class _Step:
    """One batch of the walk."""

    restart: bool = False


@frozen
class _Batch:
    mark: WalkMark
    first: WalkMark | None
    entries: tuple[Write, ...]
    unreadable: tuple[Unreadable, ...]
    records: int
    contacts: int
    next: str | None


async def _load_step(reading: Reading, step: _Step) -> _Batch:
    mark = await reading.state.get(WalkMark, _WALK, lock=True)
    if mark is None or step.restart or mark.finished_at is not None:
        fresh = WalkMark(id=_WALK, started_at=reading.now)
        mark = fresh if mark is None else evolve(fresh, version=mark.version)
    page = await reading.host.contacts(mark.cursor, BATCH)
    if page.next is not None and page.next == mark.cursor:
        raise HostError("contacts() answered with the cursor that it was given: the walk would never end")
    wanted: dict[str, ContactEntry] = {}
    contacts = 0
    unreadable: list[Unreadable] = []
    for raw in page.items:
        found = index_keys(raw, reading.policy)
        unreadable.extend(Unreadable(raw.ref, kind, problem) for kind, problem in found.unreadable)
        for key in found.keys:
            entry = ContactEntry.of(raw.ref, key)
            wanted[entry.id] = entry
            contacts += key.contact is not None
    refs = sorted({str(raw.ref) for raw in page.items})
    known = {entry.id: entry for entry in await reading.state.find_any(ContactEntry, "ref", refs, limit=_MOST)}
    absorbed = await reading.state.get_many(Pointer, refs)
    stale = [entry for entry in known.values() if entry.id not in wanted and entry.ref not in absorbed]
    new = [entry for entry in wanted.values() if entry.id not in known]
    return _Batch(
        mark=mark,
        first=await reading.state.get(WalkMark, WalkMark.FIRST) if page.next is None else None,
        entries=(*(Put(entry) for entry in new), *(Remove(entry) for entry in stale)),
        unreadable=tuple(unreadable),
        records=len(page.items),
        contacts=contacts,
        next=page.next,
    )


def _decide_step(seen: _Batch, _step: _Step, _policy: Policy, now: datetime) -> Decision[_Progress]:
    mark = evolve(
        seen.mark,
        cursor=seen.next,
        records=seen.mark.records + seen.records,
        contacts=seen.mark.contacts + seen.contacts,
        unreadable=seen.mark.unreadable + len(seen.unreadable),
        finished_at=now if seen.next is None else None,
    )
    writes = (Put(mark), *seen.entries)
    if seen.next is None and seen.first is None:
        writes = (*writes, Put(WalkMark(id=WalkMark.FIRST, started_at=mark.started_at, finished_at=now)))
    return grant(_Progress(mark, seen.unreadable), Because("contact_index.walk"), writes)


@frozen
class _Progress:
    mark: WalkMark
    unreadable: tuple[Unreadable, ...]


_WALK_STEP = Operation[_Step, _Batch, _Progress](
    name="contact_walk", load=_load_step, decide=_decide_step, previewable=False, audited=False, durable=True
)


async def walk(
    setup: Setup, tenant: str, progress: Callable[[WalkReport], None] | None, *, restart: bool = False
) -> WalkReport:
    """Walk over all contacts, a batch a transaction, and go on where an earlier walk stopped."""
    alone(setup, "walk_contacts")
    unreadable: list[Unreadable] = []
    step = _Step(restart)
    while True:
        done = await perform(setup, System(tenant), _WALK_STEP, step)
        step = _Step()
        unreadable = (unreadable + list(done.unreadable))[:MOST_UNREADABLE]
        finished = done.mark.finished_at is not None
        report = WalkReport(
            records=done.mark.records,
            contacts=done.mark.contacts,
            unreadable_count=done.mark.unreadable,
            unreadable=tuple(unreadable),
            shared=await _count_shared(setup, tenant) if finished else 0,
            finished=finished,
        )
        if progress is not None:
            progress(report)
        if finished:
            return report


async def _count_shared(setup: Setup, tenant: str) -> int:
    count, after = 0, None
    async with setup.store.begin(tenant, setup.host, writes=False, connection=setup.connection) as unit:
        while True:
            page = await unit.state.collisions(ContactEntry, "key", after=after, limit=1000, most=2)
            count += sum(MatchKey.parse(one.key).contact is not None for one in page.items)
            after = page.next
            if after is None:
                return count


# --- one record changed --------------------------------------------------------------------------------------------


@frozen
class ContactChanged:
    """The contacts of one record may have changed, or the record may be new, shut, or gone."""

    ref: RecordRef


@frozen
class _Changed:
    known: tuple[ContactEntry, ...]
    wanted: tuple[ContactEntry, ...]
    absorbed: bool
    shut_out: tuple[Session, ...]


async def _load_changed(reading: Reading, asked: ContactChanged) -> _Changed:
    rows = await reading.host.clients([asked.ref])
    known = await reading.state.find(ContactEntry, "ref", [str(asked.ref)], limit=_MOST)
    wanted = frozenset(key for row in rows for key in index_keys(row, reading.policy).keys)
    pointer = await reading.state.get(Pointer, str(asked.ref))
    usable = any(row.usable for row in rows)
    shut_out: Sequence[Session] = ()
    if pointer is None and not usable:
        # A record that is gone, or that nobody may log in to any more, has no sessions either.
        refs = [str(asked.ref), *(one.id for one in await pointers_to(reading, [asked.ref]))]
        shut_out = await reading.state.find_any(Session, "entry", refs, limit=_MOST)
    return _Changed(
        shut_out=tuple(shut_out),
        known=tuple(known),
        wanted=tuple(ContactEntry.of(asked.ref, key) for key in sorted(wanted)),
        absorbed=pointer is not None and not rows,
    )


def _decide_changed(seen: _Changed, _asked: ContactChanged, _policy: Policy, _now: datetime) -> Decision[int]:
    known = {entry.id for entry in seen.known}
    wanted = {entry.id for entry in seen.wanted}
    new = tuple(Put(entry) for entry in seen.wanted if entry.id not in known)
    # The contacts of an absorbed record outlive its row: the number still leads to the survivor.
    stale = () if seen.absorbed else tuple(Remove(entry) for entry in seen.known if entry.id not in wanted)
    shut_out = tuple(Remove(session) for session in seen.shut_out)
    return grant(len(new) + len(stale), Because("contact_index.contact_changed"), (*new, *stale, *shut_out))


CONTACT_CHANGED = Operation[ContactChanged, _Changed, int](
    name="contact_changed", load=_load_changed, decide=_decide_changed, subject=lambda asked: str(asked.ref)
)
