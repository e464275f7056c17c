"""Do the rows follow a merge, and do they come back at its undo?

A merge is a pointer, and every reading follows it: whoever looks through the portal sees the same wherever the rows
are. Where a business wants its own screens to follow as well (``merging.reassign``), the platform is asked to move the
absorbed record's rows to the survivor, in one statement a table. Two things follow from that.

*The merge stands, whatever becomes of the rows.* Pointer and journal come first; a platform that cannot move a row, or
will not, says so and is noted in the journal.

*An undo does not.* Rows that stayed with the survivor would show one person's appointments to another who was taken for
them by mistake: that is what an undo is for. So they come back first, the pointer goes after that, and a platform that
says no keeps the merge. Whether anything has to come back the journal knows, not the policy of today, which may have
been changed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, Refusal, grant, refuse
from clientportal.outcomes import Merged, Undone
from clientportal.policy import Policy
from clientportal.records import HostWrite, Intent, Merge, Pointer, Put, Write
from clientportal.rules.merging import Merging
from clientportal.rules.undoing import Undoing
from clientportal.values import AnswerKind, HostAnswer, RecordRef

__all__ = [
    "MOVING_ROWS",
    "RowsBehind",
    "absorbed_refs",
    "as_journalled",
    "as_told",
    "ask_to_move",
    "ask_to_restore",
    "in_journal",
    "noted",
    "settle_rows",
    "standing_alone",
    "still_moving",
]

T = TypeVar("T")

MOVING_ROWS = (HostWrite.REASSIGN, HostWrite.RESTORE)
"""The writes by which rows follow a merge and come back."""


@frozen
class RowsBehind:
    """The records whose rows are to be moved, those included that the platform has no row of any more; ``intent_id``
    names the write.
    """

    refs: tuple[RecordRef, ...]
    intent_id: str


def _asking(
    write: HostWrite,
    rows: RowsBehind,
    about: RecordRef,
    merges: tuple[str, ...],
    actor: str,
    because: Because,
    now: datetime,
) -> Intent:
    """What the platform is asked, of whichever of the two writes."""
    return Intent(
        id=rows.intent_id,
        write=write,
        actor=actor,
        asked_at=now,
        due_at=now,
        for_ref=about,
        refs=rows.refs,
        merges=merges,
        because=str(because),
    )


# --- at a merge -------------------------------------------------------------------------------------------------------


def absorbed_refs(seen: Merging) -> tuple[RecordRef, ...]:
    """Every record that a merge absorbs, with whatever had been merged into them before."""
    merged_before = (pointer.absorbed_ref for pointer in seen.pointers if pointer.root_ref in seen.fresh)
    return tuple(dict.fromkeys((*seen.fresh, *merged_before)))


def ask_to_move(
    decision: Decision[Merged], seen: Merging, rows: RowsBehind, policy: Policy, now: datetime
) -> Decision[Merged]:
    """The same merge, with the rows after it.

    Earlier merges below it are marked as well: undoing one of *those* has to bring rows back from here.
    """
    outcome = decision.outcome
    if isinstance(outcome, Refusal) or not policy.merging.reassign or not seen.fresh:
        return decision
    changes = tuple(_marked(change) for change in decision.changes)
    absorbed = set(map(str, rows.refs))
    below = tuple(
        Put(evolve(entry, reassigned=True))
        for entry in seen.journal
        if entry.absorbed in absorbed and entry.undone_at is None and not entry.reassigned
    )
    because = evolve(decision.because, settings=(*decision.because.settings, ("merging.reassign", "True")))
    asks = _asking(HostWrite.REASSIGN, rows, seen.survivor, outcome.merges, seen.actor, decision.because, now)
    return evolve(decision, because=because, changes=(*changes, *below), asks=asks)


def _marked(change: Write) -> Write:
    return Put(evolve(change.record, reassigned=True)) if isinstance(change.record, Merge) else change


# --- at an undo -------------------------------------------------------------------------------------------------------


def standing_alone(entry: Merge, pointers: Sequence[Pointer]) -> tuple[RecordRef, ...]:
    """The record that an undo sets apart, and whatever stays merged into it."""
    found = [RecordRef.parse(entry.absorbed)]
    for head in found:
        found.extend(pointer.absorbed_ref for pointer in pointers if pointer.survivor == str(head))
    return tuple(found)


def ask_to_restore(decision: Decision[Undone], seen: Undoing, rows: RowsBehind, now: datetime) -> Decision[Undone]:
    """The same undo, with the rows before it, where they were moved."""
    if isinstance(decision.outcome, Refusal) or seen.merge is None or not seen.merge.reassigned:
        return decision
    absorbed, merges = decision.outcome.absorbed, (seen.merge.id,)
    asks = _asking(HostWrite.RESTORE, rows, absorbed, merges, seen.actor, decision.because, now)
    because = evolve(decision.because, facts=(*decision.because.facts, ("rows", "were moved, and come back")))
    return evolve(decision, because=because, asks=asks)


# --- what the platform answered ---------------------------------------------------------------------------------------


def settle_rows(intent: Intent, answer: HostAnswer, forecast: T) -> Decision[T]:
    """A merge that has been made stands; an undo whose rows do not come back is refused."""
    moved, left = _rows(answer)
    because = Because(
        "reassigning.settle_rows",
        (
            ("host answered", answer.kind.value),
            ("asked because", intent.because),
            *_facts(moved, left),
        ),
    )
    if intent.write is HostWrite.RESTORE and answer.kind is not AnswerKind.DONE:
        return refuse(Reason.NOT_CHANGEABLE, because, why=answer.note)
    if isinstance(forecast, Merged | Undone):
        return grant(evolve(forecast, moved=moved, left=left), because)
    return grant(forecast, because)


def noted(decision: Decision[T], intent: Intent, answer: HostAnswer) -> Decision[T]:
    """The same decision, with what became of the rows in its journal and among its reasons."""
    if intent.write not in MOVING_ROWS:
        return decision
    entries = [change.record for change in decision.changes if isinstance(change.record, Merge)]
    journal = {entry.id: Put(in_journal(entry, intent, answer)) for entry in entries if entry.id in intent.merges}
    changes = tuple(journal.get(change.record.id, change) for change in decision.changes)
    because = evolve(decision.because, facts=(*decision.because.facts, *_facts(*_rows(answer))))
    return evolve(decision, changes=changes, because=because)


def in_journal(entry: Merge, intent: Intent, answer: HostAnswer) -> Merge:
    """The entry with what became of the rows. Records that were absorbed at once have their rows counted together."""
    moved, left = _rows(answer)
    if intent.write is HostWrite.RESTORE:
        return evolve(entry, restored=moved, not_restored=left)
    return evolve(entry, moved=moved, left=left)


def still_moving(decision: Decision[T]) -> Decision[T]:
    """A merge whose rows the platform has not answered for: it is made, and they follow when the platform is back."""
    outcome = decision.outcome
    return evolve(decision, outcome=evolve(outcome, under_way=True)) if isinstance(outcome, Merged) else decision


def as_told(entry: Merge) -> HostEvent:
    """What the platform is told of a merge, as its journal has it."""
    return HostEvent("merged", (("survivor", entry.survivor), ("absorbed", entry.absorbed), ("merge", entry.id)))


def as_journalled(outcome: Merged, journal: Sequence[Merge]) -> Merged:
    """A merge that is told again, with what is known of its rows."""
    entry = next((entry for entry in journal if entry.id in outcome.merges), None)
    return outcome if entry is None else evolve(outcome, moved=entry.moved, left=entry.left)


def _rows(answer: HostAnswer) -> tuple[Mapping[str, int], tuple[str, ...]]:
    if answer.kind is AnswerKind.DONE:
        return dict(answer.moved), answer.left
    return {}, (f"everything: {answer.note or 'the platform would not'}",)


def _facts(moved: Mapping[str, int], left: Sequence[str]) -> tuple[tuple[str, str], ...]:
    counts = ", ".join(f"{count} {table}" for table, count in sorted(moved.items())) or "no rows"
    return (("moved", counts), *((("left", "; ".join(left)),) if left else ()))
