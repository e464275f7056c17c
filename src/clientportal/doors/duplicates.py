"""Duplicates and merging: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import cast

from clientportal.doors.base import AsyncDoor, Door, describe, stepped
from clientportal.errors import InvalidInput
from clientportal.operations import dismissing, duplicate_report, merging, rehearsing
from clientportal.operations.setting import Staff
from clientportal.outcomes import DuplicateGroup, Duplicates, Merged, MergePlan, Rehearsed, Undone
from clientportal.policy import Policy
from clientportal.records import Merge
from clientportal.values import RecordRef

__all__ = ["AsyncStaffDuplicates", "StaffDuplicates"]


def merge_request(
    survivor: RecordRef, absorbed: RecordRef | Sequence[RecordRef], choices: Mapping[str, RecordRef] | None
) -> merging.MergeRecords:
    """One absorbed record or several; staff's picks by field."""
    given = cast("object", choices)
    if given is not None and not (
        isinstance(given, Mapping) and all(isinstance(name, str) for name in cast("Mapping[object, object]", given))
    ):
        raise InvalidInput("choices is a mapping from field to record: {'email': RecordRef.client('42')}")
    many = (absorbed,) if isinstance(absorbed, RecordRef) else tuple(absorbed)
    return merging.MergeRecords(survivor, many, tuple(sorted((choices or {}).items())))


def a_policy(other: Policy) -> Policy:
    """Refused before anything is read or audited."""
    if not isinstance(cast("object", other), Policy):
        raise InvalidInput(f"rehearse_matching: other is a Policy; this is {type(other).__name__}")
    return other


class StaffDuplicates(Door):
    """What staff can do about one person's several records."""

    def duplicates(self, *, after: str | None = None, limit: int = 50) -> Duplicates:
        """The duplicate report, a page: one group per set of records that look like one person (T5, X4).

        By default those that share a normalised mobile or email; ``policy.matching`` says what counts. ``after`` is
        the ``next`` of the page before. What is added while you turn the pages is seen once or not at all; nothing is
        shown twice.
        """
        return self._do(duplicate_report.DUPLICATES, duplicate_report.ListDuplicates(after, limit))

    def duplicates_of(self, ref: RecordRef) -> DuplicateGroup | None:
        """The group that one record, or whoever it was merged into, has in the report; ``None`` where it has none.

        It is looked up by the record's own contacts: as quick among a million clients as among ten, unless it hangs
        together with thousands of others; then the whole index is read. Raises ``Refused`` with ``not_found``.
        """
        return self._do(duplicate_report.DUPLICATES_OF, duplicate_report.DuplicatesOf(ref))

    def scan_duplicates(self) -> Iterator[DuplicateGroup]:
        """The whole report at once, group by group as they are read: for an export, or a night's work."""
        assert isinstance(self._caller, Staff)
        yield from stepped(duplicate_report.scan(self._setup, self._caller))

    def rehearse_matching(self, other: Policy) -> Iterator[Rehearsed]:
        """What another ``matching`` or ``contacts`` would change, over today's records, before it is switched on (X8).

        Record by record: by what it would be found, and which contacts could be read or could not any more; then group
        by group: which would form, change or fall apart. Two walks over your clients, without effect.
        """
        assert isinstance(self._caller, Staff)
        yield from stepped(rehearsing.rehearse(self._setup, self._caller, a_policy(other)))

    def plan_merge(
        self,
        survivor: RecordRef,
        absorbed: RecordRef | Sequence[RecordRef],
        *,
        choices: Mapping[str, RecordRef] | None = None,
    ) -> MergePlan:
        """What the merged client would show, from which record each value, and where they disagree. No effect.

        ``choices``: field -> the record whose value staff prefer. Raises ``Refused`` as :meth:`merge` does.
        """
        return self._do(merging.PLAN_MERGE, merge_request(survivor, absorbed, choices))

    def merge(
        self,
        survivor: RecordRef,
        absorbed: RecordRef | Sequence[RecordRef],
        *,
        choices: Mapping[str, RecordRef] | None = None,
        key: str | None = None,
    ) -> Merged:
        """Merge records into one client: everything leads to the survivor, nothing is deleted, and it can be undone.

        Nothing is moved either, but where ``merging.reassign`` has the platform's rows follow; clients see the same.
        Raises ``Refused`` with ``not_found``, ``same_record``, ``already_merged`` (merge its survivor instead),
        ``not_duplicates``, ``erased``.
        """
        return self._do(merging.MERGE, merge_request(survivor, absorbed, choices), key)

    def undo(self, merge_id: str, *, key: str | None = None) -> Undone:
        """Take one merge back, whatever was merged or booked since.

        Raises ``Refused`` with ``undo_too_late``, ``undone_already``, ``erased``, ``not_found``; where rows had
        followed the merge, also with ``not_changeable`` while the platform would not bring them back.
        """
        return self._do(merging.UNDO, merging.UndoMerge(merge_id), key)

    def merges(self, ref: RecordRef) -> tuple[Merge, ...]:
        """The journal of one client, latest first, undone entries included."""
        return self._do(merging.LIST_MERGES, merging.OfClient(ref))

    def dismiss(self, first: RecordRef, second: RecordRef) -> bool:
        """ "Not a duplicate": remembered for this pair, whichever way round; ``False`` where it was known already."""
        return self._do(dismissing.DISMISS, dismissing.Pair(first, second))

    def restore_pair(self, first: RecordRef, second: RecordRef) -> bool:
        """Take :meth:`dismiss` back; ``False`` where there was nothing to take back."""
        return self._do(dismissing.RESTORE_PAIR, dismissing.Pair(first, second))

    def flag_placeholder(self, contact: str, *, flagged: bool = True) -> bool:
        """Say that a contact (``none@example.com``) is nobody's: it makes nobody a duplicate (X4)."""
        return self._do(dismissing.FLAG_PLACEHOLDER, dismissing.PlaceholderContact(contact, flagged))


class AsyncStaffDuplicates(AsyncDoor):
    """The twin of :class:`StaffDuplicates`, awaited."""

    async def duplicates(self, *, after: str | None = None, limit: int = 50) -> Duplicates:
        return await self._do(duplicate_report.DUPLICATES, duplicate_report.ListDuplicates(after, limit))

    async def duplicates_of(self, ref: RecordRef) -> DuplicateGroup | None:
        return await self._do(duplicate_report.DUPLICATES_OF, duplicate_report.DuplicatesOf(ref))

    async def scan_duplicates(self) -> AsyncIterator[DuplicateGroup]:
        assert isinstance(self._caller, Staff)
        async for group in duplicate_report.scan(self._setup, self._caller):
            yield group

    async def rehearse_matching(self, other: Policy) -> AsyncIterator[Rehearsed]:
        assert isinstance(self._caller, Staff)
        async for line in rehearsing.rehearse(self._setup, self._caller, a_policy(other)):
            yield line

    async def plan_merge(
        self,
        survivor: RecordRef,
        absorbed: RecordRef | Sequence[RecordRef],
        *,
        choices: Mapping[str, RecordRef] | None = None,
    ) -> MergePlan:
        return await self._do(merging.PLAN_MERGE, merge_request(survivor, absorbed, choices))

    async def merge(
        self,
        survivor: RecordRef,
        absorbed: RecordRef | Sequence[RecordRef],
        *,
        choices: Mapping[str, RecordRef] | None = None,
        key: str | None = None,
    ) -> Merged:
        return await self._do(merging.MERGE, merge_request(survivor, absorbed, choices), key)

    async def undo(self, merge_id: str, *, key: str | None = None) -> Undone:
        return await self._do(merging.UNDO, merging.UndoMerge(merge_id), key)

    async def merges(self, ref: RecordRef) -> tuple[Merge, ...]:
        return await self._do(merging.LIST_MERGES, merging.OfClient(ref))

    async def dismiss(self, first: RecordRef, second: RecordRef) -> bool:
        return await self._do(dismissing.DISMISS, dismissing.Pair(first, second))

    async def restore_pair(self, first: RecordRef, second: RecordRef) -> bool:
        return await self._do(dismissing.RESTORE_PAIR, dismissing.Pair(first, second))

    async def flag_placeholder(self, contact: str, *, flagged: bool = True) -> bool:
        return await self._do(dismissing.FLAG_PLACEHOLDER, dismissing.PlaceholderContact(contact, flagged))


describe(AsyncStaffDuplicates, StaffDuplicates)
