"""Is this row of a file a client whom we have already? (TT10)

A file is read again and again: after a crash, after somebody put a number right, as an export that was only looked at.
So a row is first looked for, and what is found stays as it is: a list from last spring must not undo what a client
changed yesterday. Two records too many can be merged; two people in one record cannot be told apart any more, so in
doubt a row is added, with a note, and where it could be several clients it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from clientportal.outcomes import ImportedRow, RowOutcome, RowReason
from clientportal.records import ContactEntry, ImportedClient, NumberCounter, Put, Write
from clientportal.rules.client_numbers import assign_numbers
from clientportal.values import (
    AnswerKind,
    ClientDraft,
    ClientRecord,
    ContactKey,
    ContactKind,
    HostAnswer,
    MatchKey,
    RecordRef,
)
from clientportal.values.searching import folded

__all__ = [
    "KEPT",
    "Added",
    "Arrived",
    "Judged",
    "Known",
    "Made",
    "Person",
    "Row",
    "asked_for",
    "folded_name",
    "judge_rows",
    "record_made",
    "told",
]

KEPT = timedelta(days=90)
"""How long an import can be run again under its name without adding anybody twice."""


def folded_name(record: ClientRecord | ClientDraft) -> str:
    """The whole name as it is compared: without case, accents, and whatever is between the words."""
    return " ".join(folded(f"{record.first_name or ''} {record.last_name or ''}").split())


@frozen
class Row:
    """One row that was read: ``draft`` with its contacts normalised, or the ``problem`` that it has.

    ``digest`` is the row's own id within the import, the same wherever in the file it stands; ``proposing`` is what the
    contact index is to hold of it beyond the contacts.
    """

    line: int
    digest: str
    draft: ClientDraft | None
    keys: frozenset[ContactKey] = frozenset()
    number: int | None = None
    problem: str = ""
    proposing: frozenset[MatchKey] = frozenset()

    @property
    def indexed_by(self) -> tuple[MatchKey, ...]:
        """Everything that the contact index is to hold of it, in order."""
        return tuple(sorted(self.proposing.union(map(MatchKey.of, self.keys))))


@frozen
class Person:
    """Somebody whom a row may be: all that their records say, under the record that speaks for them.

    ``ref`` is empty for one who stands further up in this very file and is about to be added; ``place`` says which.
    """

    ref: RecordRef | None
    names: frozenset[str]
    keys: frozenset[ContactKey]
    place: int = 0


@frozen
class Known:
    """What was read for one batch.

    ``added`` are rows of this import that have become clients, in this run or an earlier one. ``by_number`` has an
    entry for every number that is taken: ``None`` where its client is gone, for a number is never given away again
    (TT9). ``by_key`` are the people who have a contact; ``nobodys`` are contacts that staff have flagged as
    placeholders (X4).
    """

    added: Mapping[str, ImportedClient] = field(factory=dict[str, ImportedClient])
    by_number: Mapping[int, Person | None] = field(factory=dict[int, "Person | None"])
    by_key: Mapping[ContactKey, Sequence[Person]] = field(factory=dict[ContactKey, "Sequence[Person]"])
    nobodys: frozenset[ContactKey] = frozenset()


class Arrived:
    """The rows that are about to be added, findable by those that follow; of one batch, or of a whole dry run."""

    def __init__(self) -> None:
        self._by_key: dict[ContactKey, list[Person]] = {}
        self._digests: dict[str, Person] = {}
        self.count = 0

    def put(self, row: Row, name: str) -> Person:
        """Remember one."""
        person = Person(None, frozenset({name}), row.keys, self.count)
        self.count += 1
        self._digests[row.digest] = person
        for key in row.keys:
            self._by_key.setdefault(key, []).append(person)
        return person

    def same(self, row: Row) -> Person | None:
        """The one that was made of just such a row."""
        return self._digests.get(row.digest)

    def having(self, key: ContactKey) -> Sequence[Person]:
        """Those with a contact."""
        return self._by_key.get(key, ())


@frozen
class Added:
    """A row that is to be a new client. ``place`` is where its line stands in the report of the batch."""

    row: Row
    draft: ClientDraft
    place: int


@frozen
class Judged:
    """What is to become of a batch: a line for every row, and the rows that are to be added.

    ``follows`` says of lines that match a row added in this batch whose ref they get: line -> index of the added.
    """

    lines: tuple[ImportedRow, ...]
    added: tuple[Added, ...]
    follows: Mapping[int, int]


def judge_rows(rows: Sequence[Row], known: Known, matched_by: frozenset[ContactKind], arrived: Arrived) -> Judged:
    """Decide every row of a batch, in the order of the file.

    In this order: a row that cannot be read is refused. One that this import has added before, or that stands in the
    file twice, letter by letter, is that client. A number that we gave is its client where the name or any contact
    agrees (an export is recognised whole, also where the client has changed their name since); a number of somebody
    else is refused, and one that we never gave says nothing. Then those count who share a contact that makes two
    records one person (``matching.weights``, T5) *and* the name: one is a match, several are refused. Whoever shares
    only the contact is another person (X5), and the row is added with a note.
    """
    lines: list[ImportedRow] = []
    added: list[Added] = []
    follows: dict[int, int] = {}
    first = arrived.count
    for place, row in enumerate(rows):
        found = _judge(row, known, matched_by, arrived)
        if isinstance(found, Person):
            why = RowReason.SAME_ROW if arrived.same(row) is found else RowReason.SAME_CONTACT
            lines.append(ImportedRow(row.line, RowOutcome.MATCHED, None, why, _ABOVE))
            if found.place >= first:
                follows[place] = found.place - first
            continue
        lines.append(found)
        if found.outcome is RowOutcome.ADDED and found.ref is None and row.draft is not None:
            added.append(Added(row, row.draft, place))
            arrived.put(row, folded_name(row.draft))
    return Judged(tuple(lines), tuple(added), follows)


_ABOVE = "the same client as in a row above"


def _judge(row: Row, known: Known, matched_by: frozenset[ContactKind], arrived: Arrived) -> ImportedRow | Person:
    if row.draft is None:
        return ImportedRow(row.line, RowOutcome.REFUSED, None, RowReason.UNREADABLE, row.problem)
    before = known.added.get(row.digest)
    if before is not None:
        ref = RecordRef.parse(before.ref)
        if before.line == row.line:
            return ImportedRow(row.line, RowOutcome.ADDED, ref, RowReason.ADDED_BEFORE)
        return ImportedRow(row.line, RowOutcome.MATCHED, ref, RowReason.SAME_ROW)
    twin = arrived.same(row)
    if twin is not None:
        return twin
    name = folded_name(row.draft)
    if row.number is not None and row.number in known.by_number:
        return _by_number(row, row.number, known.by_number[row.number], name)
    keys = row.keys - known.nobodys
    sharing = {person: None for key in sorted(keys) for person in (*known.by_key.get(key, ()), *arrived.having(key))}
    alike = [
        person
        for person in sharing
        if name in person.names and any(key.kind in matched_by for key in keys & person.keys)
    ]
    if len(alike) == 1:
        (person,) = alike
        if person.ref is None:
            return person
        return ImportedRow(row.line, RowOutcome.MATCHED, person.ref, RowReason.SAME_CONTACT)
    if alike:
        who = ", ".join(sorted(str(person.ref) if person.ref else "one in a row above" for person in alike))
        return ImportedRow(
            row.line, RowOutcome.REFUSED, None, RowReason.AMBIGUOUS, f"{who}: it could be any of them; merge them first"
        )
    if sharing:
        others = ", ".join(sorted({str(person.ref) if person.ref else "one in a row above" for person in sharing}))
        text = f"{others}: same contact, another name"
        return ImportedRow(row.line, RowOutcome.ADDED, None, RowReason.SHARED_CONTACT, text)
    return ImportedRow(row.line, RowOutcome.ADDED)


def _by_number(row: Row, number: int, person: Person | None, name: str) -> ImportedRow:
    if person is None:
        text = f"the client of number {number} was deleted or erased; take the number out to add somebody else"
        return ImportedRow(row.line, RowOutcome.REFUSED, None, RowReason.NUMBER_OF_ANOTHER, text)
    if name in person.names or row.keys & person.keys:
        return ImportedRow(row.line, RowOutcome.MATCHED, person.ref, RowReason.SAME_NUMBER)
    text = f"number {number} is {person.ref}, who shares neither name nor contact with this row"
    return ImportedRow(row.line, RowOutcome.REFUSED, None, RowReason.NUMBER_OF_ANOTHER, text)


@frozen
class Made:
    """A row that has become a client, and what there is of it already: the record of it where a host elsewhere was
    asked, the contacts and the number where somebody was faster.
    """

    row: Row
    ref: RecordRef
    begun: ImportedClient | None = None
    indexed: frozenset[str] = frozenset()
    numbered: bool = False


def record_made(made: Sequence[Made], counter: NumberCounter | None, now: datetime) -> tuple[Write, ...]:
    """What the portal keeps of clients that were just made: their contacts, so that they can log in at once, their
    numbers (TT9), and which row each of them was (I2).
    """
    writes: list[Write] = []
    for one in made:
        entries = [ContactEntry.of(one.ref, key) for key in one.row.indexed_by]
        writes.extend(Put(entry) for entry in entries if entry.id not in one.indexed)
        was = one.begun or asked_for(one.row, now)
        writes.append(Put(evolve(was, ref=str(one.ref))))
    return (*writes, *assign_numbers([one.ref for one in made if not one.numbered], counter))


def asked_for(row: Row, now: datetime) -> ImportedClient:
    """A row for which a client is being made."""
    return ImportedClient(id=row.digest, line=row.line, at=now, forget_at=now + KEPT)


def told(judged: Judged, answers: Sequence[HostAnswer]) -> tuple[ImportedRow, ...]:
    """The report of a batch, once the platform has answered each of the rows that were to be added."""
    lines = list(judged.lines)
    for one, answer in zip(judged.added, answers, strict=True):
        lines[one.place] = _answered(lines[one.place], answer)
    for place, follows in judged.follows.items():
        first = lines[judged.added[follows].place]
        if first.ref is None:
            lines[place] = evolve(first, line=lines[place].line)
        else:
            lines[place] = evolve(lines[place], ref=first.ref)
    return tuple(lines)


def _answered(line: ImportedRow, answer: HostAnswer) -> ImportedRow:
    if answer.kind is AnswerKind.DONE and answer.ref is not None:
        return evolve(line, ref=answer.ref)
    return ImportedRow(line.line, RowOutcome.REFUSED, None, RowReason.DECLINED, answer.note or "declined")
