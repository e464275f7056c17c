"""Importing the client list from a file, a batch a commit. Rule: ``rules/importing.py``.

Reads are a fixed number a batch, whatever is in it, and nothing of the file but the batch is in memory. A host that
shares the transaction writes its clients in the very commit that indexes, numbers and remembers them. One elsewhere is
asked between two commits, under a key for each row: whoever runs the import again asks it what became of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from clientportal.client_files import CUSTOM, ClientFile, FileLayout, FileRow, open_client_file, record_from_row
from clientportal.client_files.decoding import Source
from clientportal.decisions import Because, Reason, Refusal
from clientportal.errors import ClientPortalError, Conflict, InvalidFile, InvalidInput, MissingCapability, StoreError
from clientportal.operations.auditing import note_action, note_refusal
from clientportal.operations.contact_index import walk
from clientportal.operations.frame import TRIES, Reading, alone, audit_entry
from clientportal.operations.people import records_of, roots_of
from clientportal.operations.setting import Setup, Staff
from clientportal.operations.trusting import CheckedHost
from clientportal.operations.vouching import vouched
from clientportal.outcomes import ImportedRow, ImportReport, RowOutcome
from clientportal.policy import Policy
from clientportal.ports import awaited_host
from clientportal.records import (
    ClientNumber,
    ContactEntry,
    ContactHistory,
    ImportedClient,
    NumberCounter,
    Pointer,
    Put,
    WalkMark,
)
from clientportal.rules.client_numbers import COUNTER
from clientportal.rules.importing import (
    Arrived,
    Judged,
    Known,
    Made,
    Person,
    Row,
    asked_for,
    folded_name,
    judge_rows,
    record_made,
    told,
)
from clientportal.rules.matching_keys import proposing_keys
from clientportal.rules.who_may_manage import Permission, may
from clientportal.rules.whose_contact import keys_of
from clientportal.values import (
    AnswerKind,
    ContactKey,
    ContactKind,
    HostAnswer,
    RecordRef,
    email_key,
    phone_key,
)

__all__ = ["BATCH", "ImportClients", "Progress", "import_clients"]

BATCH = 500
"""Rows a commit."""

_MOST = 100_000
_MOST_NAME = 200
_MOST_NUMBER = 999_999_999
_LONGEST_NUMBER = 20

Progress = Callable[[ImportReport], None]


def _name(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _MOST_NAME or not value.isprintable():
        raise InvalidInput(f"the name of an import is one line of 1 to {_MOST_NAME} characters, such as 'from Fresha'")


@frozen(eq=False)
class ImportClients:
    """What is imported, how it is read, and under which name it can be run again."""

    source: Source = field(repr=False)
    name: str = field(validator=_name)
    custom: Mapping[str, str] | None = None
    mapping: Mapping[str, str | None] | None = None
    ignore_unknown: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    progress: Progress | None = None
    dry_run: bool = False

    def opened(self, policy: Policy) -> ClientFile:
        """The file, with its header read; without ``custom``, the custom fields are those that the policy defines."""
        defined = {
            name.removeprefix(CUSTOM): one.label
            for name, one in policy.clients.fields.items()
            if name.startswith(CUSTOM)
        }
        return open_client_file(
            self.source,
            defined if self.custom is None else self.custom,
            mapping=self.mapping,
            ignore_unknown=self.ignore_unknown,
            encoding=self.encoding,
            delimiter=self.delimiter,
        )


async def import_clients(setup: Setup, staff: Staff, asked: ImportClients) -> AsyncGenerator[ImportedRow, None]:
    """Read the file to its end, and yield what became of each row once that is committed."""
    alone(setup, "import_clients")
    no = may(staff.permissions, Permission.IMPORT_CLIENTS)
    if no is not None:
        await note_refusal(setup, staff, "import_clients", asked.name, no)
        raise setup.refused(no, staff.tenant)
    if not setup.host.capabilities.create_client:
        raise MissingCapability("importing needs a host that declares create_client", (), "create_client")
    file = asked.opened(setup.policy_of(staff.tenant))
    facts = (("name", asked.name), ("columns", ", ".join(file.layout.fields)), ("dry run", str(asked.dry_run)))
    await note_action(setup, staff, "begin_import", Because("importing.import_clients", facts))
    if not asked.dry_run and not await _walked(setup, staff.tenant):
        # Whom we have is looked up in the contact index, which is no good before it was built once.
        await walk(setup, staff.tenant, None)
    run = _Run(setup, staff, asked)
    report = ImportReport()
    for rows, broken in _batches(file, run):
        lines = await run.batch(rows) if rows else ()
        report = report.and_these(lines)
        if asked.progress is not None and lines:
            asked.progress(report)
        for line in lines:
            yield line
        if broken is not None:
            raise broken
    if asked.progress is not None:
        asked.progress(ImportReport(report.rows, report.added, report.matched, report.refused, finished=True))


async def _walked(setup: Setup, tenant: str) -> bool:
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        return await unit.state.get(WalkMark, WalkMark.FIRST) is not None


# --- reading rows ----------------------------------------------------------------------------------------------------


def _batches(file: ClientFile, run: _Run) -> Iterator[tuple[list[Row], InvalidFile | None]]:
    """The rows, some at a time. Where the file breaks off in the middle, what stood before it counts."""
    rows: list[Row] = []
    try:
        for row in file.rows:
            rows.append(run.read(row, file.layout))
            if len(rows) == BATCH:
                yield rows, None
                rows = []
    except InvalidFile as broken:
        yield rows, broken
        return
    yield rows, None


class _Contacts:
    """Reads the contacts of one row, each once, and keeps what it read."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.keys: set[ContactKey] = set()

    def __call__(self, kind: ContactKind, text: str) -> None:
        email = kind is ContactKind.EMAIL
        self.keys.add(email_key(text) if email else phone_key(text, region=self.region, kind=kind))


def _number(row: FileRow, layout: FileLayout) -> int | None:
    text = row.number
    if text is None:
        return None
    # A cell may hold more digits than Python cares to read as a number.
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER and 0 < int(text) <= _MOST_NUMBER):
        raise InvalidInput(
            f"the column {layout.header_of('number')!r}: client numbers are whole numbers from 1 on; leave the column "
            "out where it holds another program's"
        )
    return int(text)


class _Run:
    """One run of one import."""

    def __init__(self, setup: Setup, staff: Staff, asked: ImportClients) -> None:
        self.setup = setup
        self.staff = staff
        self.asked = asked
        self.policy = setup.policy_of(staff.tenant)
        # A dry run adds nothing that a later batch could find, so it remembers it all.
        self.arrived = Arrived() if asked.dry_run else None

    def read(self, row: FileRow, layout: FileLayout) -> Row:
        """One row with its contacts normalised, or what is wrong with it."""
        cells = sorted(f"{column}={text.strip()}" for column, text in row.values.items() if text.strip())
        digest = self.setup.keys.fingerprint("import", self.staff.tenant, self.asked.name, *cells)
        contacts = _Contacts(self.policy.contacts.region)
        try:
            draft = record_from_row(row, layout, contacts)
            number = _number(row, layout)
        except InvalidInput as error:
            return Row(row.line, digest, None, problem=str(error))
        proposing = proposing_keys(draft, self.policy)
        return Row(row.line, digest, draft, frozenset(contacts.keys), number, proposing=proposing)

    async def batch(self, rows: Sequence[Row]) -> tuple[ImportedRow, ...]:
        """Judge some rows and carry it out; on a conflict again, as every operation does."""
        for _ in range(TRIES):
            try:
                if self.setup.host.shares_transaction or self.asked.dry_run:
                    return await self._here(rows)
                return await self._elsewhere(rows)
            except Conflict:
                continue
        busy = Refusal(Reason.BUSY, Because("importing.import_clients", (("tries", str(TRIES)),)))
        raise self.setup.refused(busy, self.staff.tenant)

    async def _here(self, rows: Sequence[Row]) -> tuple[ImportedRow, ...]:
        setup, dry = self.setup, self.asked.dry_run
        async with setup.store.begin(self.staff.tenant, setup.host, writes=not dry) as unit:
            reading = Reading(setup, unit, self.staff, setup.clock())
            judged = await self._judged(reading, rows)
            if dry or not judged.added:
                return judged.lines
            counter = await reading.state.get(NumberCounter, COUNTER, lock=True)
            answers = await reading.host.create_clients([(one.draft, one.row.digest) for one in judged.added])
            lines = told(judged, answers)
            made = [Made(row, ref) for row, ref in _done(judged, answers)]
            entry = self._audited(reading, lines)
            await unit.commit((*record_made(made, counter, reading.now), entry))
            return lines

    async def _judged(self, reading: Reading, rows: Sequence[Row]) -> Judged:
        # Imports follow one another, batch by batch: two files with the same new client add one.
        if not self.asked.dry_run:
            await reading.state.hold("import_clients")
        known = await _known(reading, rows)
        return judge_rows(rows, known, reading.policy.matching.contacts, self.arrived or Arrived())

    def _audited(self, reading: Reading, lines: Sequence[ImportedRow]) -> Put:
        counts = tuple((one.value, str(sum(line.outcome is one for line in lines))) for one in RowOutcome)
        because = Because("importing.judge_rows", (("lines", f"{lines[0].line} to {lines[-1].line}"), *counts))
        entry = audit_entry(reading, "import_clients", self.asked.name, "done", str(because))
        return Put(vouched(self.setup, self.staff.tenant, entry))

    # --- a platform with a database of its own

    async def _elsewhere(self, rows: Sequence[Row]) -> tuple[ImportedRow, ...]:
        setup, tenant = self.setup, self.staff.tenant
        async with setup.store.begin(tenant, setup.host, writes=True) as unit:
            reading = Reading(setup, unit, self.staff, setup.clock())
            judged = await self._judged(reading, rows)
            if not judged.added:
                return judged.lines
            begun = await reading.state.get_many(ImportedClient, sorted(one.row.digest for one in judged.added))
            fresh = [one.row for one in judged.added if one.row.digest not in begun]
            await unit.commit([Put(asked_for(row, reading.now)) for row in fresh])
        answers = await self._asked_elsewhere(judged, frozenset(begun))
        return await self._recorded(judged, answers)

    async def _asked_elsewhere(self, judged: Judged, begun: frozenset[str]) -> list[HostAnswer]:
        """Every answer, in order; a row that was asked for before is asked after first (I2)."""
        host = CheckedHost(awaited_host(self.setup.host.open(None, self.staff.tenant)))
        try:
            answers: dict[str, HostAnswer] = {}
            for one in judged.added:
                if one.row.digest in begun and (answer := await host.outcome(one.row.digest)) is not None:
                    answers[one.row.digest] = answer
            missing = [(one.draft, one.row.digest) for one in judged.added if one.row.digest not in answers]
            if missing:
                made = await host.create_clients(missing)
                answers |= {key: answer for (_, key), answer in zip(missing, made, strict=True)}
        except ClientPortalError:
            raise
        except Exception as error:
            raise StoreError(
                "the host did not answer create_clients; which of them are made is not known: run the import again "
                "under its name",
                committed=None,
            ) from error
        return [answers[one.row.digest] for one in judged.added]

    async def _recorded(self, judged: Judged, answers: Sequence[HostAnswer]) -> tuple[ImportedRow, ...]:
        """What follows from the answers, in a commit of its own; a platform may have told us of its new clients."""
        setup, lines = self.setup, told(judged, answers)
        for _ in range(TRIES):
            try:
                async with setup.store.begin(self.staff.tenant, setup.host, writes=True) as unit:
                    reading = Reading(setup, unit, self.staff, setup.clock())
                    made = await _found_out(reading, _done(judged, answers))
                    counter = await reading.state.get(NumberCounter, COUNTER, lock=True)
                    writes = record_made(made, counter, reading.now)
                    await unit.commit((*writes, self._audited(reading, lines)))
                    return lines
            except Conflict:
                continue
        raise StoreError("the host's answers could not be recorded: run the import again", committed=None)


def _done(judged: Judged, answers: Sequence[HostAnswer]) -> list[tuple[Row, RecordRef]]:
    return [
        (one.row, answer.ref)
        for one, answer in zip(judged.added, answers, strict=True)
        if answer.kind is AnswerKind.DONE and answer.ref is not None
    ]


async def _found_out(reading: Reading, done: Sequence[tuple[Row, RecordRef]]) -> list[Made]:
    state = reading.state
    begun = await state.get_many(ImportedClient, sorted(row.digest for row, _ in done), lock=True)
    wanted = sorted(ContactEntry.of(ref, key).id for row, ref in done for key in row.indexed_by)
    indexed = frozenset(await state.get_many(ContactEntry, wanted))
    numbered = await state.get_many(ClientNumber, sorted(str(ref) for _, ref in done))
    return [Made(row, ref, begun.get(row.digest), indexed, str(ref) in numbered) for row, ref in done]


# --- whom we have ----------------------------------------------------------------------------------------------------


async def _known(reading: Reading, rows: Sequence[Row]) -> Known:
    """Whom the rows name already.

    That nobody has a contact yet is read from the index, and no name is held for it, as a first login and quick add
    hold ``contact:…``. Whoever logs in for the first time, or is added at the desk, in the very second in which the
    batch with the same contact is committed, so gets a second record: the search for duplicates shows the two, and a
    merge makes them one. Holding the names would cost a statement for each contact of each row, a thousand a batch with
    a mobile and an email where there are about ten now, and as many entries of the database's table of locks.
    """
    state = reading.state
    done = await state.get_many(ImportedClient, sorted({row.digest for row in rows}))
    numbers = sorted({str(row.number) for row in rows if row.number is not None})
    keys = {str(key): key for row in rows for key in row.keys}
    given = await state.find_any(ClientNumber, "number", numbers, limit=_MOST) if numbers else ()
    entries = await state.find_any(ContactEntry, "key", sorted(keys), limit=_MOST) if keys else ()
    # A contact that nobody has yet, and that one row alone names, joins nothing, flagged or not.
    often = Counter(str(key) for row in rows for key in row.keys)
    telling = {entry.key for entry in entries}.union(key for key, times in often.items() if times > 1)
    histories = await state.get_many(ContactHistory, sorted(telling))
    people = await _people(
        reading, [RecordRef.parse(text) for text in {one.id for one in given}.union(entry.ref for entry in entries)]
    )
    by_key: dict[ContactKey, dict[Person, None]] = {}
    for entry in entries:
        person = people.get(entry.ref)
        # A hit of the index is a hint: it counts where the platform's rows still say so.
        if person is not None and keys[entry.key] in person.keys:
            by_key.setdefault(keys[entry.key], {})[person] = None
    return Known(
        added={id: one for id, one in done.items() if one.ref},
        by_number={one.number: people.get(one.id) for one in given},
        by_key={key: tuple(found) for key, found in by_key.items()},
        nobodys=frozenset(keys[id] for id, history in histories.items() if history.placeholder),
    )


async def _people(reading: Reading, refs: Sequence[RecordRef]) -> dict[str, Person]:
    """Who the records are today, merged ones together; records that are gone are nobody."""
    if not refs:
        return {}
    roots = await roots_of(reading, sorted(refs))
    members: dict[RecordRef, list[RecordRef]] = {root: [root] for root in roots.values()}
    wanted = sorted(map(str, members))
    for pointer in await reading.state.find_any(Pointer, "root", wanted, limit=_MOST):
        members[pointer.root_ref].append(pointer.absorbed_ref)
    rows = await records_of(reading, [ref for group in members.values() for ref in group])
    region = reading.policy.contacts.region
    people: dict[RecordRef, Person] = {}
    for root, group in members.items():
        there = [rows[ref] for ref in group if ref in rows]
        if there:
            names = frozenset(folded_name(row) for row in there)
            people[root] = Person(root, names, frozenset[ContactKey]().union(*(keys_of(row, region) for row in there)))
    return {str(ref): people[root] for ref, root in roots.items() if root in people}
