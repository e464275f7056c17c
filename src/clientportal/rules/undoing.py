"""May a merge be taken back, and what stands in the way?

Merging moved nothing, so undoing is erasing one edge, in any order: merges that were drawn before or after it keep
their own. What is refused names what stands in the way, so that staff need not guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, grant, refuse
from clientportal.outcomes import Undone
from clientportal.policy import Policy
from clientportal.records import Merge, Pointer, Put, Remove, Session, Write
from clientportal.values import RecordRef

__all__ = ["Undoing", "undo"]


@frozen
class Undoing:
    """Everything read for an undo. ``pointers`` are all pointers of the group that the absorbed record is in.

    ``gone`` are those of the two records that the platform has no more, ``blank`` those of them that were erased.
    ``shut_out`` are the sessions that were opened for a record which will stand by itself and be closed to logins.
    """

    merge: Merge | None
    pointers: tuple[Pointer, ...]
    actor: str
    gone: tuple[RecordRef, ...] = ()
    blank: tuple[RecordRef, ...] = ()
    shut_out: tuple[Session, ...] = ()


def undo(seen: Undoing, policy: Policy, now: datetime) -> Decision[Undone]:
    """Erase the edge of one merge: the absorbed record stands by itself again, with what had been merged into *it*.

    In any order: merges drawn before or after this one keep their own edges. Later bookings stay where they were made.
    Refused once both were deleted (TT4) or one erased (X7), or after ``merging.undo_for``. While one of the two is
    still there it is not: two people who were taken for one must be told apart also where one of the rows has gone.
    """
    entry = seen.merge
    because = Because(
        "undoing.undo",
        (("merge", entry.id if entry else "–"),),
        (("merging.undo_for", str(policy.merging.undo_for)),),
    )
    if entry is None:
        return refuse(Reason.NOT_FOUND, because)
    if entry.undone_at is not None:
        by = entry.undone_by or "somebody"
        return refuse(Reason.UNDONE_ALREADY, because, at=_moment(entry.undone_at), by=by)
    absorbed, survivor = RecordRef.parse(entry.absorbed), RecordRef.parse(entry.survivor)
    if entry.erased:
        # Which of the two it was is seen where its row stays, with nobody in it.
        which = " and ".join(map(str, seen.blank)) or f"{absorbed} or {survivor}"
        return refuse(Reason.ERASED, because, what=f"erased: {which}")
    if {absorbed, survivor} <= set(seen.gone):
        return refuse(Reason.ERASED, because, what=f"deleted: {absorbed} and {survivor}")
    last = entry.merged_at + policy.merging.undo_for
    if now > last:
        return refuse(Reason.UNDO_TOO_LATE, because, since=_moment(last), at=_moment(entry.merged_at))
    edge = next((pointer for pointer in seen.pointers if pointer.merge_id == entry.id), None)
    if edge is None:
        return refuse(Reason.NOT_FOUND, because)
    writes: list[Write] = [Remove(edge), Put(evolve(entry, undone_at=now, undone_by=seen.actor))]
    below = _below(edge.id, seen.pointers)
    writes.extend(Put(evolve(pointer, root=edge.id)) for pointer in below)
    # The attack: what was closed while the survivor spoke for it was not looked at again. Its sessions would live on.
    writes.extend(Remove(session) for session in seen.shut_out)
    event = HostEvent("unmerged", (("survivor", entry.survivor), ("absorbed", entry.absorbed), ("merge", entry.id)))
    return grant(Undone(survivor, absorbed), because, tuple(writes), events=(event,))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _below(head: str, pointers: Sequence[Pointer]) -> list[Pointer]:
    """The pointers of everything that was merged into ``head``, directly or not."""
    found: list[Pointer] = []
    heads = {head}
    while heads:
        layer = [pointer for pointer in pointers if pointer.survivor in heads]
        found.extend(layer)
        heads = {pointer.id for pointer in layer}
    return found
