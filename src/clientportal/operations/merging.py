"""Merging records, undoing it, and the journal of both. Rules: ``rules/merging.py``, ``rules/undoing.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.people import Group, group_of, groups_of, records_of
from clientportal.operations.planning_merges import with_what_is_planned
from clientportal.operations.portraits import journal_of
from clientportal.operations.reassigning import WithRows, held_for_undo, rows_of_merge, rows_of_undo
from clientportal.operations.setting import Staff
from clientportal.outcomes import Merged, MergePlan, Undone
from clientportal.policy import Policy
from clientportal.records import Dismissal, Merge, Receipt, Session
from clientportal.rules.erasing import is_blank
from clientportal.rules.merging import Merging, merge, plan
from clientportal.rules.reassigning import as_journalled, ask_to_move, ask_to_restore, standing_alone
from clientportal.rules.undoing import Undoing, undo
from clientportal.rules.who_may_manage import Permission
from clientportal.values import ClientRecord, RecordKind, RecordRef

__all__ = ["LIST_MERGES", "MERGE", "PLAN_MERGE", "UNDO", "MergeRecords", "OfClient", "UndoMerge", "load_undo"]

_PAGE = 500


@frozen
class MergeRecords:
    """Who survives, who is absorbed, and staff's own picks: field -> the record whose value they chose."""

    survivor: RecordRef
    absorbed: tuple[RecordRef, ...]
    choices: tuple[tuple[str, RecordRef], ...] = ()


_MOST_MERGED = 50
_MOST_SESSIONS = 10_000


async def _load_merging(reading: Reading, asked: MergeRecords) -> Merging:
    """What a merge rests on: a few rows, whatever the history."""
    return (await _load_both(reading, asked))[0]


async def _load_plan(reading: Reading, asked: MergeRecords) -> Merging:
    """The same, with everything that staff are shown before they decide."""
    seen, groups = await _load_both(reading, asked)
    return await with_what_is_planned(reading, seen, groups)


async def _load_both(reading: Reading, asked: MergeRecords) -> tuple[Merging, Mapping[RecordRef, Group]]:
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
    journal = await journal_of(reading, pointers)
    pairs = [Dismissal.pair_id(a, b) for i, a in enumerate(everyone) for b in everyone[i + 1 :]]
    dismissals = await _between_groups(reading, pairs, heads)
    caller = reading.caller
    seen = Merging(
        survivor=asked.survivor,
        absorbed=tuple(dict.fromkeys(asked.absorbed)),
        roots=roots,
        groups={root: tuple(rows[ref] for ref in group.refs if ref in rows) for root, group in heads.items()},
        pointers=pointers,
        journal=journal,
        dismissals=dismissals,
        merge_ids=tuple(reading.fresh_id() for _ in asked.absorbed),
        actor=reading.actor,
        reason=caller.reason if isinstance(caller, Staff) else "",
        choices={name: str(ref) for name, ref in asked.choices},
        own=reading.setup.survivorship,
    )
    return seen, groups


async def _between_groups(
    reading: Reading, pairs: list[str], heads: Mapping[RecordRef, Group]
) -> tuple[Dismissal, ...]:
    """The dismissals that stand between two of the groups; one inside a group was overruled when it was merged."""
    of = {ref: root for root, group in heads.items() for ref in group.refs}
    found: list[Dismissal] = []
    for start in range(0, len(pairs), _PAGE):
        found.extend((await reading.state.get_many(Dismissal, pairs[start : start + _PAGE])).values())
    return tuple(one for one in found if of.get(RecordRef.parse(one.first)) != of.get(RecordRef.parse(one.second)))


def _decide_plan(seen: Merging, _asked: MergeRecords, policy: Policy, now: datetime) -> Decision[MergePlan]:
    decision = merge(seen, policy, now)
    if isinstance(decision.outcome, Refusal):
        return Decision(decision.outcome, decision.because)
    return grant(plan(seen, policy), decision.because)


async def _load_merge(reading: Reading, asked: MergeRecords) -> WithRows[Merging]:
    seen = await _load_merging(reading, asked)
    return await rows_of_merge(reading, evolve(seen, shut_out=await _shut_out_by_merge(reading, seen)))


async def _shut_out_by_merge(reading: Reading, seen: Merging) -> tuple[Session, ...]:
    """The sessions of everyone who would be shown a survivor that nobody may log in to. Mostly one may, and then
    nothing is read."""
    speaks = next((record for record in seen.records if record.ref == seen.survivor), None)
    if speaks is None or speaks.usable or not seen.fresh:
        return ()
    everyone = sorted({*(str(record.ref) for record in seen.records), *(pointer.id for pointer in seen.pointers)})
    return tuple(await reading.state.find_any(Session, "entry", everyone, limit=_MOST_SESSIONS))


def _decide_merge(found: WithRows[Merging], _asked: MergeRecords, policy: Policy, now: datetime) -> Decision[Merged]:
    return ask_to_move(merge(found.seen, policy, now), found.seen, found.rows, policy, now)


async def _replay_merge(reading: Reading, asked: MergeRecords, receipt: Receipt) -> Decision[Merged]:
    seen = await _load_merging(reading, asked)
    ids = tuple(id for id in receipt.result["merges"].split(",") if id)
    because = Because("performing.perform", (("receipt", "found"),))
    return grant(as_journalled(Merged(asked.survivor, ids), seen.journal), because)


PLAN_MERGE = Operation[MergeRecords, Merging, MergePlan](
    name="plan_merge",
    load=_load_plan,
    decide=_decide_plan,
    subject=lambda asked: str(asked.survivor),
    writes=False,
    permission=Permission.MERGE,
)
MERGE = Operation[MergeRecords, WithRows[Merging], Merged](
    name="merge",
    load=_load_merge,
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


async def load_undo(reading: Reading, asked: UndoMerge, finishing: str | None = None) -> WithRows[Undoing]:
    """Everything that an undo rests on. ``finishing`` is the undo itself, whose rows have just come back."""
    return await rows_of_undo(reading, await _load_undo(reading, asked), finishing)


async def _load_undo(reading: Reading, asked: UndoMerge) -> Undoing:
    entry = await reading.state.get(Merge, asked.merge_id[:64], lock=True)
    if entry is None:
        return Undoing(None, (), reading.actor)
    for ref in await held_for_undo(reading, entry):
        await reading.state.hold(f"merge:{ref}")
    group = await group_of(reading, RecordRef.parse(entry.absorbed))
    two = (RecordRef.parse(entry.absorbed), RecordRef.parse(entry.survivor))
    rows = await records_of(reading, two)
    gone = tuple(ref for ref in two if ref not in rows)
    blank = tuple(ref for ref in two if ref in rows and is_blank(rows[ref]))
    return Undoing(entry, group.pointers, reading.actor, gone, blank, await _shut_out(reading, entry, group, rows))


async def _shut_out(
    reading: Reading, entry: Merge, group: Group, rows: Mapping[RecordRef, ClientRecord]
) -> tuple[Session, ...]:
    """The sessions of what will stand by itself, where its row is gone or nobody may log in to it any more; what
    ``contact_changed`` does for a record that nobody speaks for."""
    alone = standing_alone(entry, group.pointers)
    row = rows.get(alone[0])
    if (row is not None and row.usable) or alone[0].kind is not RecordKind.CLIENT:
        return ()
    return tuple(await reading.state.find_any(Session, "entry", sorted(map(str, alone)), limit=_MOST_SESSIONS))


def _decide_undo(found: WithRows[Undoing], _asked: UndoMerge, policy: Policy, now: datetime) -> Decision[Undone]:
    return ask_to_restore(undo(found.seen, policy, now), found.seen, found.rows, now)


async def _replay_undo(reading: Reading, asked: UndoMerge, _receipt: Receipt) -> Decision[Undone]:
    entry = await reading.state.get(Merge, asked.merge_id[:64])
    because = Because("performing.perform", (("receipt", "found"),))
    if entry is None:
        return refuse(Reason.NOT_FOUND, because)
    two = (RecordRef.parse(entry.survivor), RecordRef.parse(entry.absorbed))
    return grant(Undone(*two, moved=entry.restored, left=entry.not_restored), because)


UNDO = Operation[UndoMerge, WithRows[Undoing], Undone](
    name="undo",
    load=load_undo,
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
