"""Which rows follow a merge and come back at its undo, and what waits for what. Rule: ``rules/reassigning.py``.

On a platform in another database the rows follow a moment later, or when the pump comes round. Whatever would be wrong
if they moved *then* finishes the moving first: another merge on top, an undo, erasing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from attrs import frozen

from clientportal.errors import MissingCapability
from clientportal.operations.frame import Reading, Unfinished
from clientportal.operations.people import with_moved_bookings
from clientportal.records import HostWrite, Intent, Merge, Pointer
from clientportal.rules.merging import Merging
from clientportal.rules.reassigning import MOVING_ROWS, RowsBehind, absorbed_refs, standing_alone
from clientportal.rules.undoing import Undoing
from clientportal.values import RecordRef

__all__ = ["WithRows", "held_for_undo", "nothing_under_way", "rows_of_merge", "rows_of_undo"]

V = TypeVar("V")

_MOST = 100_000
_WHOLE = (*MOVING_ROWS, HostWrite.DELETE_CLIENT, HostWrite.ERASE_CLIENT)
"""The writes that are about everything a client has."""


@frozen
class WithRows(Generic[V]):
    """What a merge or an undo rests on, and the records whose rows go with it."""

    seen: V
    rows: RowsBehind


async def rows_of_merge(reading: Reading, seen: Merging) -> WithRows[Merging]:
    """The records that a merge absorbs; guests' bookings under every name that they have had."""
    refs = absorbed_refs(seen)
    if reading.policy.merging.reassign:
        refs = await with_moved_bookings(reading, refs)
        await nothing_under_way(reading, (seen.survivor, *refs))
    return WithRows(seen, RowsBehind(refs, reading.fresh_id()))


async def held_for_undo(reading: Reading, entry: Merge) -> list[str]:
    """The records that an undo holds, in the order in which a merge does.

    Where the rows come back before the pointer goes, that is also the one that speaks for them: a merge on top, which
    takes them along, waits for it. Were it another by then, the pointer has changed since it was read here.
    """
    held = {entry.survivor, entry.absorbed}
    if entry.reassigned and not reading.setup.host.shares_transaction:
        pointer = await reading.state.get(Pointer, entry.absorbed)
        held |= set() if pointer is None else {pointer.root}
    return sorted(held)


async def rows_of_undo(reading: Reading, seen: Undoing, finishing: str | None = None) -> WithRows[Undoing]:
    """The records that an undo sets apart. ``finishing`` is the undo itself, whose rows have just come back."""
    entry = seen.merge
    refs: tuple[RecordRef, ...] = ()
    if entry is not None and entry.reassigned and entry.undone_at is None:
        if not reading.setup.host.capabilities.reassign:
            raise MissingCapability(
                "this merge has moved rows of the platform's, and undoing it needs the host capability 'reassign', "
                "which the host does not declare: implement it and declare it in Capabilities",
                (),
                "reassign",
            )
        refs = await with_moved_bookings(reading, standing_alone(entry, seen.pointers))
        await nothing_under_way(reading, (RecordRef.parse(entry.survivor), *refs), finishing)
    return WithRows(seen, RowsBehind(refs, reading.fresh_id()))


async def nothing_under_way(reading: Reading, refs: Sequence[RecordRef], finishing: str | None = None) -> None:
    """Whatever a platform elsewhere was asked to do with these clients' rows as a whole is finished first.

    Rows that move late would move what has been undone since; an erasing would find rows that were nobody's it was
    asked for; an undo would bring rows back for somebody who is being deleted.
    """
    if reading.setup.host.shares_transaction:
        return
    about = frozenset(refs)
    for intent in await reading.state.find(Intent, "state", ["open"], limit=_MOST):
        if intent.write in _WHOLE and intent.id != finishing and not about.isdisjoint((intent.for_ref, *intent.refs)):
            raise Unfinished(intent.id)
