"""The duplicate report, "not a duplicate", merging and undoing. Rules: ``rules/who_is_the_same.py``,
``rules/merging.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidCursor, InvalidInput
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.paging import check_limit
from clientportal.operations.people import Group, group_of, groups_of, records_of, roots_of
from clientportal.operations.setting import Staff
from clientportal.operations.signing_in import read_any_contact
from clientportal.outcomes import Duplicates, Merged, MergePlan, Undone
from clientportal.policy import Policy
from clientportal.records import ContactEntry, ContactHistory, Dismissal, Merge, Pointer, Put, Receipt, Remove
from clientportal.rules.merging import Merging, Undoing, merge, plan, undo
from clientportal.rules.who_is_the_same import SharedContact, group_records, is_merge_key
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import keys_of
from clientportal.values import ContactKey, RecordRef, When, mask

__all__ = [
    "DISMISS",
    "DUPLICATES",
    "FLAG_PLACEHOLDER",
    "LIST_MERGES",
    "MERGE",
    "PLAN_MERGE",
    "RESTORE_PAIR",
    "UNDO",
    "ListDuplicates",
    "MergeRecords",
    "OfClient",
    "Pair",
    "PlaceholderContact",
    "UndoMerge",
]

_PAGE = 500


# --- the report ----------------------------------------------------------------------------------------------------


@frozen
class ListDuplicates:
    """From where, how many groups."""

    after: str | None = None
    limit: int = field(default=50, converter=check_limit)


@frozen
class _Report:
    shared: tuple[SharedContact, ...]
    dismissed: frozenset[frozenset[RecordRef]]
    names: Mapping[RecordRef, str]
    shown: frozenset[RecordRef]
    next: str | None


async def _shared_contacts(reading: Reading) -> list[SharedContact]:
    """Every contact that several records have, absorbed ones followed: the database finds them, we close over them
    alone.
    """
    cap = reading.policy.contacts.shared_by_at_most
    found: list[SharedContact] = []
    after: str | None = None
    while True:
        # Merged records count once, so more index entries than the cap may still be few persons.
        page = await reading.state.collisions(ContactEntry, "key", after=after, limit=_PAGE, most=cap * 10 + 1)
        keys = [ContactKey.parse(hit.key) for hit in page.items]
        refs = {hit.key: [RecordRef.parse(id[: -len(hit.key) - 1]) for id in hit.ids] for hit in page.items}
        roots = await roots_of(reading, sorted({ref for each in refs.values() for ref in each}))
        histories = await reading.state.get_many(ContactHistory, [str(key) for key in keys])
        for key in keys:
            history = histories.get(str(key))
            detached: frozenset[RecordRef] = frozenset(history.detached) if history is not None else frozenset()
            persons = {roots[ref] for ref in refs[str(key)] if ref not in detached}
            if len(persons) > 1 and key.kind in reading.policy.matching.contacts:
                placeholder = history is not None and history.placeholder
                found.append(SharedContact(key, tuple(sorted(persons)), placeholder))
        after = page.next
        if after is None:
            return found


async def _dismissed(reading: Reading) -> frozenset[frozenset[RecordRef]]:
    """Every dismissed pair, each followed to the records that speak today."""
    found: list[Dismissal] = []
    after: str | None = None
    while True:
        page = await reading.state.page(Dismissal, "first", after=after, limit=_PAGE)
        found.extend(page.items)
        after = page.next
        if after is None:
            break
    refs = sorted({RecordRef.parse(text) for one in found for text in (one.first, one.second)})
    roots = await roots_of(reading, refs)
    pairs = (frozenset((roots[RecordRef.parse(one.first)], roots[RecordRef.parse(one.second)])) for one in found)
    return frozenset(pair for pair in pairs if len(pair) == 2)


async def _load_report(reading: Reading, asked: ListDuplicates) -> _Report:
    after = None
    if asked.after is not None:
        try:
            after = RecordRef.parse(asked.after)
        except ValueError as error:
            raise InvalidCursor("this cursor was not made by the duplicate report") from error
    dismissed = await _dismissed(reading)
    # What is on too many records stays so, even where few of them are read again below.
    shared = [one for one in await _shared_contacts(reading) if is_merge_key(one, reading.policy)]
    every = group_records(shared, dismissed, {}, reading.policy)
    groups = [group for group in every if after is None or group.refs[0] > after]
    shown = groups[: asked.limit]
    # A hit of the index is a hint: what is shown is read again, and counts only where the rows still say so.
    members: dict[RecordRef, tuple[RecordRef, ...]] = {}
    on_page = frozenset(ref for group in shown for ref in group.refs)
    whole = {ref: group.refs for group in every for ref in group.refs}
    ends = {ref for group in shown for link in group.blocked for ref in (link.first, link.second)}
    # A blocked link is shown with both its ends, and stays blocked only where the whole group of each end is there.
    roots = on_page.union(*(whole.get(ref, (ref,)) for ref in ends))
    pointers = await reading.state.find_any(Pointer, "root", sorted(map(str, roots)), limit=10_000)
    for root in roots:
        members[root] = (root, *(one.absorbed_ref for one in pointers if one.root_ref == root))
    rows = await records_of(reading, [ref for each in members.values() for ref in each])
    usable = {root for root in roots if root in rows and rows[root].usable}
    names = {root: rows[root].name for root in usable}
    confirmed: list[SharedContact] = []
    region = reading.policy.contacts.region
    for one in shared:
        refs = tuple(
            root
            for root in one.refs
            if root in usable and any(ref not in rows or one.key in keys_of(rows[ref], region) for ref in members[root])
        )
        if len(refs) > 1:
            confirmed.append(evolve(one, refs=refs))
    more = str(shown[-1].refs[0]) if len(groups) > len(shown) else None
    return _Report(tuple(confirmed), dismissed, names, on_page, more)


def _decide_report(seen: _Report, _asked: ListDuplicates, policy: Policy, _now: datetime) -> Decision[Duplicates]:
    every = group_records(seen.shared, seen.dismissed, seen.names, policy)
    groups = tuple(group for group in every if not seen.shown.isdisjoint(group.refs))
    because = Because(
        "who_is_the_same.group_records",
        (("groups", str(len(groups))),),
        (("contacts.shared_by_at_most", str(policy.contacts.shared_by_at_most)),),
    )
    return grant(Duplicates(groups, seen.next), because)


DUPLICATES = Operation[ListDuplicates, _Report, Duplicates](
    name="duplicates",
    load=_load_report,
    decide=_decide_report,
    writes=False,
    permission=Permission.SEE_DUPLICATES,
)


# --- "not a duplicate" ---------------------------------------------------------------------------------------------


@frozen
class Pair:
    """Two records."""

    first: RecordRef
    second: RecordRef


@frozen
class _Pair:
    dismissal: Dismissal | None
    known: bool
    actor: str


async def _load_pair(reading: Reading, pair: Pair) -> _Pair:
    rows = await records_of(reading, [pair.first, pair.second])
    dismissal = await reading.state.get(Dismissal, Dismissal.pair_id(pair.first, pair.second))
    return _Pair(dismissal, len(rows) == 2, reading.actor)


def _decide_dismiss(seen: _Pair, pair: Pair, _policy: Policy, now: datetime) -> Decision[bool]:
    """Remember that two records are different people: one fact, whichever way round it is said."""
    because = Because("who_is_the_same.dismiss", (("pair", f"{pair.first}, {pair.second}"),))
    if pair.first == pair.second:
        return refuse(Reason.SAME_RECORD, because)
    if not seen.known:
        return refuse(Reason.NOT_FOUND, because)
    if seen.dismissal is not None:
        return grant(False, because)
    first, second = sorted((str(pair.first), str(pair.second)))
    made = Dismissal(
        id=Dismissal.pair_id(pair.first, pair.second), first=first, second=second, at=now, actor=seen.actor
    )
    return grant(True, because, (Put(made),))


def _decide_restore(seen: _Pair, pair: Pair, _policy: Policy, _now: datetime) -> Decision[bool]:
    because = Because("who_is_the_same.restore", (("pair", f"{pair.first}, {pair.second}"),))
    if seen.dismissal is None:
        return grant(False, because)
    return grant(True, because, (Remove(seen.dismissal),))


def _about_pair(pair: Pair) -> str:
    return f"{pair.first} and {pair.second}"


DISMISS = Operation[Pair, _Pair, bool](
    name="dismiss", load=_load_pair, decide=_decide_dismiss, subject=_about_pair, permission=Permission.MERGE
)
RESTORE_PAIR = Operation[Pair, _Pair, bool](
    name="restore_pair", load=_load_pair, decide=_decide_restore, subject=_about_pair, permission=Permission.MERGE
)


@frozen
class PlaceholderContact:
    """A contact that is none (``none@example.com``), as staff type it, and whether it is flagged."""

    contact: str
    flagged: bool = True


@frozen
class _Flagging:
    key: ContactKey
    history: ContactHistory | None


async def _load_history(reading: Reading, asked: PlaceholderContact) -> _Flagging:
    _, key = read_any_contact(asked.contact, reading.policy)
    return _Flagging(key, await reading.state.get(ContactHistory, str(key), lock=True))


def _decide_flag(seen: _Flagging, asked: PlaceholderContact, _policy: Policy, _now: datetime) -> Decision[bool]:
    because = Because("who_is_the_same.placeholder", (("contact", mask(seen.key.value)),))
    history = seen.history or ContactHistory(id=str(seen.key))
    if history.placeholder == asked.flagged:
        return grant(False, because)
    return grant(True, because, (Put(evolve(history, placeholder=asked.flagged)),))


FLAG_PLACEHOLDER = Operation[PlaceholderContact, _Flagging, bool](
    name="flag_placeholder",
    load=_load_history,
    decide=_decide_flag,
    subject=lambda asked: mask(asked.contact.strip()[:254]),
    permission=Permission.MERGE,
)


# --- merging -------------------------------------------------------------------------------------------------------


@frozen
class MergeRecords:
    """Who survives, who is absorbed, and staff's own picks: field -> the record whose value they chose."""

    survivor: RecordRef
    absorbed: tuple[RecordRef, ...]
    choices: tuple[tuple[str, RecordRef], ...] = ()


_MOST_MERGED = 50


async def _load_merging(reading: Reading, asked: MergeRecords) -> Merging:
    wanted = tuple(dict.fromkeys((asked.survivor, *asked.absorbed)))
    if len(wanted) > _MOST_MERGED:
        raise InvalidInput(f"at most {_MOST_MERGED} records are merged at once; these are {len(wanted)}")
    # Concurrent merges of one group wait for each other, in one order, so that no cycle can be drawn (law 13).
    for ref in sorted(wanted):
        await reading.state.hold(f"merge:{ref}")
    groups = await groups_of(reading, wanted)
    everyone = sorted({ref for group in groups.values() for ref in group.refs})
    rows = await records_of(reading, everyone)
    roots = {ref: group.root for ref, group in groups.items() if ref in rows}
    heads = {group.root: group for group in groups.values()}
    pointers = tuple(pointer for group in heads.values() for pointer in group.pointers)
    merges = await reading.state.get_many(Merge, sorted({pointer.merge_id for pointer in pointers}))
    pairs = [Dismissal.pair_id(a, b) for i, a in enumerate(everyone) for b in everyone[i + 1 :]]
    dismissals = await _between_groups(reading, pairs, heads)
    counts: dict[str, int] = {}
    for root, group in heads.items():
        counts[str(root)] = await _count_appointments(reading, group.refs)
    caller = reading.caller
    return Merging(
        survivor=asked.survivor,
        absorbed=tuple(dict.fromkeys(asked.absorbed)),
        roots=roots,
        groups={root: tuple(rows[ref] for ref in group.refs if ref in rows) for root, group in heads.items()},
        pointers=pointers,
        journal=tuple(merges.values()),
        dismissals=dismissals,
        appointments=counts,
        merge_ids=tuple(reading.fresh_id() for _ in asked.absorbed),
        actor=reading.actor,
        reason=caller.reason if isinstance(caller, Staff) else "",
        choices={name: str(ref) for name, ref in asked.choices},
    )


async def _between_groups(
    reading: Reading, pairs: list[str], heads: Mapping[RecordRef, Group]
) -> tuple[Dismissal, ...]:
    """The dismissals that stand between two of the groups; one inside a group was overruled when it was merged."""
    of = {ref: root for root, group in heads.items() for ref in group.refs}
    found: list[Dismissal] = []
    for start in range(0, len(pairs), _PAGE):
        found.extend((await reading.state.get_many(Dismissal, pairs[start : start + _PAGE])).values())
    return tuple(one for one in found if of.get(RecordRef.parse(one.first)) != of.get(RecordRef.parse(one.second)))


_COUNT_UP_TO = 100


async def _count_appointments(reading: Reading, refs: tuple[RecordRef, ...]) -> int:
    """How many appointments the preview shows, up to a hundred of each kind: it is a hint, not an account."""
    count = 0
    for when in When:
        page = await reading.host.appointments(list(refs), when, reading.now, None, _COUNT_UP_TO)
        count += len(page.items)
    return count


def _decide_plan(seen: Merging, _asked: MergeRecords, policy: Policy, now: datetime) -> Decision[MergePlan]:
    decision = merge(seen, policy, now)
    if isinstance(decision.outcome, Refusal):
        return Decision(decision.outcome, decision.because)
    return grant(plan(seen, policy), decision.because)


def _decide_merge(seen: Merging, _asked: MergeRecords, policy: Policy, now: datetime) -> Decision[Merged]:
    return merge(seen, policy, now)


async def _replay_merge(reading: Reading, asked: MergeRecords, receipt: Receipt) -> Decision[Merged]:
    seen = await _load_merging(reading, asked)
    ids = tuple(id for id in receipt.result["merges"].split(",") if id)
    because = Because("performing.perform", (("receipt", "found"),))
    return grant(Merged(asked.survivor, ids, plan(seen, reading.policy)), because)


PLAN_MERGE = Operation[MergeRecords, Merging, MergePlan](
    name="plan_merge",
    load=_load_merging,
    decide=_decide_plan,
    subject=lambda asked: str(asked.survivor),
    writes=False,
    permission=Permission.MERGE,
)
MERGE = Operation[MergeRecords, Merging, Merged](
    name="merge",
    load=_load_merging,
    decide=_decide_merge,
    subject=lambda asked: str(asked.survivor),
    permission=Permission.MERGE,
    keyed=Keyed(lambda outcome: {"merges": ",".join(outcome.merges)}, _replay_merge),
)


# --- undoing -------------------------------------------------------------------------------------------------------


@frozen
class UndoMerge:
    """Which merge, by the id of its journal entry."""

    merge_id: str


async def _load_undo(reading: Reading, asked: UndoMerge) -> Undoing:
    entry = await reading.state.get(Merge, asked.merge_id[:64], lock=True)
    if entry is None:
        return Undoing(None, (), reading.actor)
    for ref in sorted((entry.survivor, entry.absorbed)):
        await reading.state.hold(f"merge:{ref}")
    group = await group_of(reading, RecordRef.parse(entry.absorbed))
    rows = await records_of(reading, [RecordRef.parse(entry.survivor), RecordRef.parse(entry.absorbed)])
    return Undoing(entry, group.pointers, reading.actor, gone=not rows)


def _decide_undo(seen: Undoing, _asked: UndoMerge, policy: Policy, now: datetime) -> Decision[Undone]:
    return undo(seen, policy, now)


async def _replay_undo(reading: Reading, asked: UndoMerge, _receipt: Receipt) -> Decision[Undone]:
    entry = await reading.state.get(Merge, asked.merge_id[:64])
    because = Because("performing.perform", (("receipt", "found"),))
    if entry is None:
        return refuse(Reason.NOT_FOUND, because)
    return grant(Undone(RecordRef.parse(entry.survivor), RecordRef.parse(entry.absorbed)), because)


UNDO = Operation[UndoMerge, Undoing, Undone](
    name="undo",
    load=_load_undo,
    decide=_decide_undo,
    subject=lambda asked: asked.merge_id[:64],
    permission=Permission.MERGE,
    keyed=Keyed(lambda outcome: {"absorbed": str(outcome.absorbed)}, _replay_undo),
)


# --- the journal ---------------------------------------------------------------------------------------------------


@frozen
class OfClient:
    """Which client, by any of their records."""

    ref: RecordRef


async def _load_merges(reading: Reading, asked: OfClient) -> tuple[Merge, ...]:
    group = await group_of(reading, asked.ref)
    found = {pointer.merge_id for pointer in group.pointers}
    merges = dict(await reading.state.get_many(Merge, sorted(found)))
    for key in ("survivor", "absorbed"):
        for merge_ in await reading.state.find(Merge, key, [str(asked.ref)]):
            merges[merge_.id] = merge_
    return tuple(sorted(merges.values(), key=lambda one: (one.merged_at, one.id), reverse=True))


def _decide_merges(
    seen: tuple[Merge, ...], asked: OfClient, _policy: Policy, _now: datetime
) -> Decision[tuple[Merge, ...]]:
    return grant(seen, Because("merging.journal", (("asked", str(asked.ref)),)))


LIST_MERGES = Operation[OfClient, tuple[Merge, ...], tuple[Merge, ...]](
    name="merges",
    load=_load_merges,
    decide=_decide_merges,
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.SEE_DUPLICATES,
)
