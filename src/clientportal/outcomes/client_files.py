"""What importing, exporting and erasing give back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from clientportal.values import RecordRef

__all__ = ["Erased", "ImportReport", "ImportedRow", "PersonExport", "RowOutcome", "RowReason"]


class RowOutcome(StrEnum):
    """What became of one row of a file (TT10)."""

    ADDED = "added"
    MATCHED = "matched"
    """The client was there already; nothing of them was changed."""
    REFUSED = "refused"


class RowReason(StrEnum):
    """Why: stable codes."""

    ADDED_BEFORE = "added_before"
    """Added by an earlier run of this very import."""
    SAME_ROW = "same_row"
    """The very same row was added already: further up, or in another place of the file by an earlier run."""
    SAME_NUMBER = "same_number"
    SAME_CONTACT = "same_contact"
    """Same name, and a contact that makes two records one person (``matching.weights``)."""
    SHARED_CONTACT = "shared_contact"
    """Added, though somebody of another name has one of these contacts: look at the duplicate report."""
    AMBIGUOUS = "ambiguous"
    """Several clients could be meant."""
    NUMBER_OF_ANOTHER = "number_of_another"
    """The number is that of a client who shares neither name nor contact with the row, or who was erased."""
    UNREADABLE = "unreadable"
    """A cell, or the row as a whole, cannot be read."""
    DECLINED = "declined"
    """The platform would not take it."""


@frozen
class ImportedRow:
    """One row of a file: where it begins, what became of it, whom it is, and why.

    ``ref`` is the client: the new one, or the one that was there (after merges, the one that speaks). ``text`` says
    the reason in a sentence for staff, without the row's own text where that is about a person.
    """

    line: int
    outcome: RowOutcome
    ref: RecordRef | None = None
    reason: RowReason | None = None
    text: str = ""


@frozen
class ImportReport:
    """How far an import has come. ``finished`` is set in the last report alone."""

    rows: int = 0
    added: int = 0
    matched: int = 0
    refused: int = 0
    finished: bool = False

    def and_these(self, rows: Sequence[ImportedRow]) -> ImportReport:
        """With these rows counted, too."""
        of = {outcome: sum(row.outcome is outcome for row in rows) for outcome in RowOutcome}
        return ImportReport(
            rows=self.rows + len(rows),
            added=self.added + of[RowOutcome.ADDED],
            matched=self.matched + of[RowOutcome.MATCHED],
            refused=self.refused + of[RowOutcome.REFUSED],
        )


@frozen
class PersonExport:
    """Everything that is held about one client (X7), by topic: lists of plain values, ready for JSON.

    Passwords, tokens and keys are no data about a person, and not among it.
    """

    ref: RecordRef
    held: Mapping[str, Sequence[Mapping[str, Any]]] = field(repr=False)

    def to_json(self) -> str:
        """The same as text: UTF-8, indented, topics in alphabetical order."""
        everything = {"client": str(self.ref), **dict(sorted(self.held.items()))}
        return json.dumps(everything, ensure_ascii=False, indent=2)


@frozen
class Erased:
    """One client was erased: every one of ``refs``. ``already`` where there was nothing left of them."""

    ref: RecordRef
    refs: tuple[RecordRef, ...]
    already: bool = False
