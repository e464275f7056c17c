"""What a store holds, written so that two runs can be compared; and what must be true of it whatever happened.

Ids, tokens and digests are drawn anew in every run. Each becomes a label made of *where it stands* (which records name
it, in which fields), so two dumps are equal if and only if the same things are connected in the same way.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from attrs import frozen
from sqlalchemy import Table, bindparam, literal_column, select, union_all

from clientportal.records import (
    RECORD_TYPES,
    Account,
    AuditChain,
    AuditEntry,
    AuditSeal,
    Challenge,
    GuessCounter,
    Merge,
    MessageKind,
    OutboxMessage,
    Pointer,
    Session,
    Snapshot,
    SpentLink,
)
from clientportal.stores.memory import MemoryStore
from clientportal.stores.sql.codec import from_body, to_body
from clientportal.stores.sql.host_tables import HOST_TABLES
from clientportal.stores.sql.tables import record_table
from clientportal.values import ChangeKind

__all__ = ["Contents", "broken", "contents", "dump", "owner_of"]

R = TypeVar("R")

_DRAWN = re.compile(r"[0-9a-f]{16,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00|datetime\.datetime\([^)]*\)")
_REPLAYED = "receipt found"
_WHENEVER = (AuditChain, AuditSeal)
"""In how many batches the audit was sealed hangs on how often a pump came by; ``test_sealing.py`` is about that."""


@frozen(eq=False)
class Contents:
    """Everything that both owners of a business hold at one moment."""

    tenant: str
    records: Mapping[type[Any], Sequence[Any]]
    rows: tuple[str, ...]
    appointments: tuple[Any, ...]
    clients: frozenset[Any]
    booked: tuple[str, ...]

    def of(self, kind: type[R]) -> Sequence[R]:
        """Every record of one type."""
        return self.records.get(kind, ())


def contents(world: Any) -> Contents:
    """Read it all, past the ports."""
    appointments, clients = world.appointments()
    return Contents(
        tenant=world.tenant,
        records=_records_in(world),
        rows=tuple(_host_rows(world)),
        appointments=tuple(appointments),
        clients=frozenset(one.ref for one in clients),
        booked=tuple(world.booked),
    )


def _records_in(world: Any) -> Mapping[type[Any], Sequence[Any]]:
    store, tenant = world.store, world.tenant
    if isinstance(store, MemoryStore):
        tables = store._tables._records
        return {kind: list(tables.get((tenant, kind.TABLE), {}).values()) for kind in RECORD_TYPES}
    found: dict[type[Any], list[Any]] = {kind: [] for kind in RECORD_TYPES}
    with store.engine.connect() as connection:
        for at, version, body in connection.execute(_EVERY_RECORD, {"p_tenant": tenant}):
            kind = RECORD_TYPES[at]
            found[kind].append(from_body(kind, version, body))
    return found


_EVERY_RECORD = union_all(
    *(
        select(literal_column(str(at)), table.c.version, table.c.body).where(table.c.tenant == bindparam("p_tenant"))
        for at, kind in enumerate(RECORD_TYPES)
        for table in [record_table(kind).table]
    )
)


def _host_rows(world: Any) -> Iterable[str]:
    home = getattr(world.host, "home", None) or world.store
    if isinstance(home, MemoryStore):
        for (tenant, table), rows in home._tables._rows.items():
            if tenant == world.tenant and table != "answers":
                yield from (f"host {table} {key} {row!r}" for key, row in rows.items())
        return
    with home.engine.connect() as connection:
        for table in HOST_TABLES:
            for row in connection.execute(select(table).where(owner_of(table) == world.tenant)).mappings():
                yield f"host {table.name} {dict(row)!r}"


def owner_of(table: Table) -> Any:
    """The column that says whose a row is."""
    return table.c.tenant


def labelled(lines: Sequence[str], known: set[str]) -> tuple[str, ...]:
    """The lines in order, every drawn id but the ``known`` ones replaced by a label of where it stands.

    Refined a few times, as graphs are compared: a label is made of the lines that name the id, and those of the labels
    of the other ids in them.
    """
    names = {name for line in lines for name in _DRAWN.findall(line)} - known
    labels = dict.fromkeys(names, "#")

    def shown(line: str, marked: str | None = None) -> str:
        return _DRAWN.sub(lambda found: "@" if found[0] == marked else labels.get(found[0], found[0]), line)

    for _ in range(3):
        places = {name: [shown(line, name) for line in lines if name in line] for name in names}
        for name, found in places.items():
            labels[name] = "#" + hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:6]
    return tuple(sorted(map(shown, lines)))


def told_again(entry: AuditEntry) -> bool:
    """Whether an audit entry tells of an answer given once more, which changed nothing that counts."""
    return _REPLAYED in entry.because


def _lines(held: Contents, audit: str) -> list[str]:
    lines = list(held.rows)
    for kind, records in held.records.items():
        if kind is AuditEntry:
            lines += [
                f"audit {entry.actor} {entry.action} {entry.subject} {entry.outcome}"
                for entry in records
                if not told_again(entry) and audit in ("all", entry.outcome)
            ]
        elif kind not in _WHENEVER:
            lines += [f"{kind.TABLE} {_body(record)}" for record in records]
    return lines


_bodies: OrderedDict[int, tuple[Any, str]] = OrderedDict()


def _body(record: Any) -> str:
    """Its text; records are values, and most of them are the same in every run."""
    known = _bodies.get(id(record))
    if known is None:
        known = _bodies[id(record)] = record, to_body(record)
        if len(_bodies) > 1000:
            _bodies.popitem(last=False)
    return known[1]


def dump(
    held: Contents,
    since: Contents,
    *,
    audit: str = "done",
    times: bool = True,
    extra: Sequence[str] = (),
    shown: Callable[[str], str | None] = str,
) -> tuple[str, ...]:
    """What has changed ``since`` the scene began, comparable between runs; versions aside, they only count the writes.

    ``audit``: which entries count, by their outcome, or ``"all"``; replays never do. ``times=False`` masks instants,
    where runs took unequally long. ``extra``: further lines, such as what was answered, whose ids are tied to the
    records'. ``shown``: what becomes of each line, ``None`` of one that does not count.
    """
    before, known = _beginning(since, audit)
    after = Counter(_lines(held, audit))
    lines = [f"+ {line}" for line in (after - before).elements()]
    lines += [f"- {line}" for line in (before - after).elements()]
    lines = [line.replace(held.tenant, "the-business") for line in (*lines, *extra)]
    if not times:
        lines = [_TIME.sub("<time>", line) for line in lines]
    return labelled([line for one in lines if (line := shown(one)) is not None], known)


@lru_cache(maxsize=8)
def _beginning(since: Contents, audit: str) -> tuple[Counter[str], set[str]]:
    """The lines at the beginning, and the ids that are the same in every run."""
    before = Counter(_lines(since, audit))
    return before, set(_DRAWN.findall("\n".join(before)))


# --- what must hold whatever fails ---------------------------------------------------------------------------------


def broken(held: Contents) -> list[str]:
    """Every promise that it breaks, in words; empty is good."""
    return [*_codes(held), *_appointments(held), *_merges(held), *_audit(held)]


def _codes(held: Contents) -> Iterable[str]:
    challenges = held.of(Challenge)
    audit = held.of(AuditEntry)
    sessions = held.of(Session)
    spent = sum(one.spent for one in challenges)
    by_code = [session for session in sessions if session.account is None]
    if len(by_code) > spent:
        yield f"{len(by_code)} sessions are open by {spent} codes"
    wrong = sum(entry.outcome == "code_wrong" for entry in audit)
    misses = sum(one.misses for one in challenges)
    counted = sum(counter.day_count for counter in held.of(GuessCounter))
    # A password is charged before it is judged: a process that dies in between leaves a try that nobody was told of.
    told = sum(entry.action == "password_failed" or entry.outcome == "second_factor_wrong" for entry in audit)
    exactly = not held.of(Account)
    if wrong != misses or counted < misses + told or (exactly and counted != misses + told):
        yield (
            f"{wrong} wrong codes and {told} wrong passwords were answered, {misses} counted on the codes and "
            f"{counted} against the identities"
        )
    codes = sum(one.send_number for one in challenges)
    messages = sum(one.kind is MessageKind.LOGIN_CODE for one in held.of(OutboxMessage))
    if codes != messages:
        yield f"{codes} codes were made and {messages} messages carry one"


def _appointments(held: Contents) -> Iterable[str]:
    """I6: every appointment belongs to exactly one record, and none has come or gone but what staff delete (TT4)."""
    booked = Counter[str]()
    roots = {one.id: one.root for one in held.of(Pointer)}
    deleted = _deleted(held, "delete_client")
    for one in held.appointments:
        booked[one.id] += 1
        if one.ref not in held.clients and roots.get(str(one.ref), str(one.ref)) not in deleted:
            yield f"{one.id} belongs to {one.ref}, who is not there"
    if booked != Counter(held.booked) - Counter(_deleted(held, "delete_appointment")):
        yield f"the appointments were {sorted(held.booked)} and are {sorted(booked.elements())}"


def _deleted(held: Contents, action: str) -> set[str]:
    """What the audit says was deleted; of what the pump finished it names the write alone, and not the thing."""
    done = [entry for entry in held.of(AuditEntry) if entry.outcome == "done"]
    found = {entry.subject for entry in done if entry.action == action}
    if any(entry.action == f"finish_{action}" for entry in done):
        found |= set(held.booked) - {one.id for one in held.appointments}
        gone = {str(one.ref) for one in held.appointments if one.ref not in held.clients}
        found |= gone | {one.root for one in held.of(Pointer) if one.id in gone}
    return found


def _merges(held: Contents) -> Iterable[str]:
    pointers = {one.id: one for one in held.of(Pointer)}
    standing = {one.id: one for one in held.of(Merge) if one.undone_at is None}
    for pointer in pointers.values():
        seen, at = {pointer.id}, pointer.survivor
        while at in pointers and at not in seen:
            seen.add(at)
            at = pointers[at].survivor
        if at in seen:
            yield f"{pointer.id} leads in a circle"
        elif at != pointer.root:
            yield f"{pointer.id} says that it leads to {pointer.root}, and leads to {at}"
        journal = standing.get(pointer.merge_id)
        if journal is None or (journal.absorbed, journal.survivor) != (pointer.id, pointer.survivor):
            yield f"the journal does not know how {pointer.id} came to {pointer.survivor}"
    drawn = Counter(one.merge_id for one in pointers.values())
    for id, merge in standing.items():
        if drawn[id] != 1:
            yield f"the journal says that {merge.absorbed} was merged, and {drawn[id]} pointers say so"


_BY_LINK = ("move_by_link", "cancel_by_link")
"""What uses the signed link to an appointment up; a mailed one is a record of its own, and says so itself."""


def _audit(held: Contents) -> Iterable[str]:
    """I8: the entry is there if and only if the change is."""
    did: Counter[str] = Counter(
        entry.action.removeprefix("finish_").removeprefix("staff_").removesuffix("_by_link")
        for entry in held.of(AuditEntry)
        if entry.outcome == "done" and not told_again(entry)
    )
    changes = Counter(one.change for one in held.of(Snapshot))
    merges = held.of(Merge)
    by_link = sum(entry.action in _BY_LINK and entry.outcome == "done" for entry in held.of(AuditEntry))
    finished = sum(entry.action in ("finish_move", "finish_cancel") for entry in held.of(AuditEntry))
    # The pump finishes first logins, and also the empty record that follows "this is not me", which takes no code.
    signed_in = did["verify_code"] + sum(
        entry.action == "finish_create_client"
        and entry.outcome == "done"
        and "sessions.not_me" not in entry.because
        and "client_fields.add" not in entry.because
        for entry in held.of(AuditEntry)
    )
    with_client = sum(
        int(found[1])
        for entry in held.of(AuditEntry)
        if entry.action == "delete_client"
        and entry.outcome == "done"
        and (found := re.search(r"appointments to cancel (\d+)", entry.because))
    )
    made = {
        "moves": (changes[ChangeKind.MOVE], did["move"]),
        "cancellations": (changes[ChangeKind.CANCEL], did["cancel"] + did["cancel_for_deletion"] + with_client),
        "merges undone": (sum(one.undone_at is not None for one in merges), did["undo"] + did["restore"]),
        "codes asked for": (
            sum(one.kind is MessageKind.LOGIN_CODE for one in held.of(OutboxMessage)),
            did["request_code"] + did["resend_code"],
        ),
        "codes accepted": (sum(one.spent for one in held.of(Challenge)), signed_in),
    }
    for what, (there, told) in made.items():
        if there != told:
            yield f"{there} {what} are stored, the audit tells of {told}"
    links = len(held.of(SpentLink))
    if not by_link <= links <= by_link + finished:
        yield f"{links} links are used, the audit tells of {by_link}"
    told_of = {entry.subject for entry in held.of(AuditEntry) if entry.action == "merge" and entry.outcome == "done"}
    for merge in merges:
        if merge.survivor not in told_of:
            yield f"the audit does not tell that {merge.absorbed} was merged"
