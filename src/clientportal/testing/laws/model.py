"""What a portal should do about several records of one person, said once more and as simply as can be.

A person is a set of records: every merge draws an arrow from the absorbed record to the survivor, and all that lead to
one record are one person. Nothing here knows how the portal does it; that is what makes the two worth comparing.
"""

from __future__ import annotations

from datetime import datetime

from attrs import define, field, frozen

from clientportal.decisions import Reason
from clientportal.rules.whose_contact import contact_key
from clientportal.values import ClientRecord, ContactKind, HeldThing, RecordRef

__all__ = ["Model", "ModelBooking"]


@frozen
class ModelBooking:
    """An appointment: whose, and when it starts and was made."""

    id: str
    ref: RecordRef
    start: datetime
    made_at: datetime


@define
class Model:
    """One business: its rows, who was merged into whom, which pairs were dismissed, which contacts taken off whom."""

    rows: dict[RecordRef, ClientRecord] = field(factory=dict[RecordRef, ClientRecord])
    into: dict[RecordRef, RecordRef] = field(factory=dict[RecordRef, RecordRef])
    dismissed: set[frozenset[RecordRef]] = field(factory=set[frozenset[RecordRef]])
    bookings: dict[str, ModelBooking] = field(factory=dict[str, ModelBooking])
    taken_off: set[tuple[str, RecordRef]] = field(factory=set[tuple[str, RecordRef]])
    refs: list[RecordRef] = field(factory=list[RecordRef])
    undone: set[str] = field(factory=set[str])
    things: list[HeldThing] = field(factory=list[HeldThing])

    def know(self, row: ClientRecord) -> None:
        """A row as the platform has it now."""
        self.rows[row.ref] = row
        if row.ref not in self.refs:
            self.refs.append(row.ref)

    def root(self, ref: RecordRef) -> RecordRef:
        """The record that speaks for this one."""
        while ref in self.into:
            ref = self.into[ref]
        return ref

    def person(self, ref: RecordRef) -> frozenset[RecordRef]:
        """Everybody who leads to the same record."""
        root = self.root(ref)
        return frozenset(one for one in self.refs if self.root(one) == root)

    def are_one(self, one: RecordRef, other: RecordRef) -> bool:
        """Whether the two lead to the same record."""
        return self.root(one) == self.root(other)

    def appointments(self, ref: RecordRef) -> set[str]:
        """The ids of all appointments of a person."""
        mine = self.person(ref)
        return {one.id for one in self.bookings.values() if one.ref in mine}

    def holds(self, ref: RecordRef) -> list[HeldThing]:
        """Everything that a person holds, card by card and balance by balance."""
        mine = self.person(ref)
        return [thing for thing in self.things if thing.ref in mine]

    def are_dismissed(self, one: RecordRef, other: RecordRef) -> bool:
        """Whether anybody of the one person was dismissed as anybody of the other."""
        return any(
            frozenset((mine, theirs)) in self.dismissed for mine in self.person(one) for theirs in self.person(other)
        )

    def found_by(self, number: str, region: str) -> RecordRef | None:
        """Whom a mobile number finds: of several people the one who booked last, then the newest, then the last id."""
        key = contact_key(ContactKind.MOBILE, number, region)
        having = {
            self.root(ref)
            for ref, row in self.rows.items()
            if row.mobile
            and contact_key(ContactKind.MOBILE, row.mobile, region) == key
            and (str(key), ref) not in self.taken_off
        }
        usable = [ref for ref in having if ref in self.rows]

        def rank(ref: RecordRef) -> tuple[bool, datetime, datetime, str]:
            made = [one.made_at for one in self.bookings.values() if one.ref in self.person(ref)]
            created = self.rows[ref].created_at
            return bool(made), max(made, default=created), created, ref.id

        return max(usable, key=rank, default=None)

    def forget(self, ref: RecordRef) -> None:
        """A person's rows are deleted; where they led stays known."""
        for one in self.person(ref):
            self.rows.pop(one, None)

    # --- what is refused

    def refuses_merge(self, survivor: RecordRef, absorbed: RecordRef) -> Reason | None:
        """Why staff cannot merge the one into the other; merging what is one already is no mistake."""
        if survivor not in self.rows or absorbed not in self.rows:
            return Reason.NOT_FOUND
        if survivor == absorbed:
            return Reason.SAME_RECORD
        if self.are_one(survivor, absorbed):
            return Reason.ALREADY_MERGED if self.root(survivor) == absorbed else None
        if survivor in self.into or absorbed in self.into:
            return Reason.ALREADY_MERGED
        return Reason.NOT_DUPLICATES if self.are_dismissed(survivor, absorbed) else None

    def refuses_undo(self, survivor: RecordRef, absorbed: RecordRef) -> Reason | None:
        """Why a merge cannot be taken back: the platform has neither of the two any more."""
        return None if survivor in self.rows or absorbed in self.rows else Reason.ERASED

    def refuses_dismissal(self, first: RecordRef, second: RecordRef) -> Reason | None:
        """Why two records cannot be called different people."""
        if first == second:
            return Reason.SAME_RECORD
        return None if first in self.rows and second in self.rows else Reason.NOT_FOUND

    def refuses_deletion(self, ref: RecordRef) -> Reason | None:
        """Why a client cannot be deleted: another record speaks for them, or they are gone."""
        if ref in self.into:
            return Reason.ALREADY_MERGED
        return None if ref in self.rows else Reason.NOT_FOUND
