"""The contact index as a Parquet file, for those who outgrow one machine; what their engine finds comes back judged.

No engine of our own: Splink, Spark or whatever reads Parquet closes over the keys elsewhere
(:func:`write_contact_index`), and says which records it took for one person. Those are candidates, no more: each is
looked up again by its own contacts and weighed by the rule that the report goes by (:func:`judge_candidates`), so that
what a file, an old one or a forged one, says is never shown. Needs the extra ``parquet`` (pyarrow).

**The file holds personal data.** By default only keys that several persons share and that say something are written:
what can link nobody does not leave the house. With ``digest_key`` a keyed digest (HMAC-SHA-256) stands in place of
every number and address; exact keys link as well by it. Without the key nobody can tell whose number it is, though
whoever has the key can try all numbers: keep it, and do not hand it to whoever gets the file. The ids of the
records are in it either way.

Both functions are for jobs, and take the staff's door of a plain :class:`~clientportal.Portal`.
"""

from __future__ import annotations

import hmac
import importlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from clientportal.decisions import Because
from clientportal.doors import StaffDoor
from clientportal.doors.base import stepped
from clientportal.errors import InvalidInput
from clientportal.operations.auditing import note_action, note_refusal
from clientportal.operations.components import (
    MOST_HOLDERS,
    IndexComponent,
    components_around,
    index_components,
    telling,
)
from clientportal.operations.frame import Reading
from clientportal.operations.looking import look
from clientportal.operations.setting import Setup, Staff
from clientportal.operations.weighing import weigh
from clientportal.outcomes import DuplicateGroup
from clientportal.ports.state import Collision
from clientportal.records import ContactEntry, Pointer
from clientportal.rules.who_may_manage import Permission, may
from clientportal.values import MatchKey, RecordRef

__all__ = ["judge_candidates", "write_contact_index"]

_KEYS_AT_ONCE = 5000
_ROWS_IN_A_GROUP = 100_000
_CANDIDATES_AT_ONCE = 200
_SHORTEST_KEY = 32

Row = tuple[str, str, str, str, bool]
"""What a key is of (``mobile``), the key, the record, the person who speaks for it, whether the key says something."""


def write_contact_index(
    door: StaffDoor, path: str | os.PathLike[str], *, digest_key: bytes | None, every: bool = False
) -> int:
    """Write the contact index of the door's business to a Parquet file; how many rows it has.

    One row for each key of each record: ``kind``, ``key`` (the value, or with ``digest_key`` its digest), ``record``,
    ``person`` (the record that speaks for it, after merges) and ``telling`` (whether the key says anything by the
    policy: not a placeholder, not on too many). With ``every`` also the keys that nobody shares, for engines that
    compare more than keys. Memory does not grow with the business: rows are written in groups as they are read, in
    units of their own; an address that is added meanwhile is in it or not. What stood at ``path`` is replaced at the
    end, or left as it was where the writing fails. Only the user who wrote the file may read it.

    ``digest_key``: at least 32 random bytes, or ``None`` to write the values as they are: there is no default, for it
    is a decision. Needs the permission ``export_clients``; it is audited.
    """
    if digest_key is not None and len(digest_key) < _SHORTEST_KEY:
        raise InvalidInput(f"digest_key has {len(digest_key)} bytes; it takes at least {_SHORTEST_KEY} random ones")
    arrow, parquet = _pyarrow()
    staff = _staff(door)
    named = ("kind", "key", "record", "person", "telling")
    schema = arrow.schema([(name, arrow.bool_() if name == "telling" else arrow.string()) for name in named])
    count = 0
    rows = stepped(_rows(door._setup, staff, _named_as(digest_key, staff.tenant), every))
    # A name drawn at random, made anew, for this user alone: in a folder that others write to as well (/tmp) nobody has
    # laid a file or a link of theirs in its place, and nobody reads along.
    target = Path(path).absolute()
    handle, partial = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".partial", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file, parquet.ParquetWriter(file, schema) as writer:
            while group := list(islice(rows, _ROWS_IN_A_GROUP)):
                writer.write_table(
                    arrow.table(dict(zip(named, map(list, zip(*group, strict=True)), strict=True)), schema)
                )
                count += len(group)
        os.replace(partial, target)
    except BaseException:
        if os.path.exists(partial):
            os.remove(partial)
        raise
    return count


def judge_candidates(door: StaffDoor, candidates: Iterable[Collection[RecordRef]]) -> Iterator[DuplicateGroup]:
    """The groups of the duplicate report that those records are in; where several candidates are of one, maybe twice.

    A candidate is what an engine took for one person: its records, in any order. It is looked up by its own contacts,
    whatever the size of the business, so a hundred machines may each judge a hundredth. What the rule does not find to
    be one person is left out; who is found besides is there. Needs the permission ``see_duplicates``.
    """
    yield from stepped(_judged(door._setup, _staff(door), candidates))


# --- out -----------------------------------------------------------------------------------------------------------


def _pyarrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ImportError("Parquet files need the extra 'parquet': pip install 'clientportal[parquet]'") from None


def _staff(door: StaffDoor) -> Staff:
    if not isinstance(door, StaffDoor):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(f"the staff's door of a plain Portal is needed, portal.staff(…), not {type(door).__name__}")
    assert isinstance(door._caller, Staff)
    return door._caller


def _named_as(digest_key: bytes | None, tenant: str) -> Callable[[str], str]:
    """A key as the file names it. The same number has another digest in every business: files cannot be joined."""
    if digest_key is None:
        return lambda key: MatchKey.parse(key).value
    secret = digest_key
    return lambda key: hmac.digest(secret, f"{len(tenant)}:{tenant}{key}".encode(), "sha256").hex()


async def _rows(setup: Setup, staff: Staff, named: Callable[[str], str], every: bool) -> AsyncIterator[Row]:
    no = may(staff.permissions, Permission.EXPORT_CLIENTS)
    if no is not None:
        await note_refusal(setup, staff, "export_contact_index", "", no)
        raise setup.refused(no, staff.tenant)
    await note_action(setup, staff, "export_contact_index", Because("who_is_the_same.says_something"))
    read = _every_key if every else _shared_keys
    after: str | None = None
    begun: list[Collision] = []
    while True:
        hits, after = await look(setup, staff, read, after)
        hits = begun + hits
        # A page may end amid those who have a key: it is told whole, or what it says would be said of a part.
        last = hits[-1].key if every and after is not None else None
        begun = [hit for hit in hits if hit.key == last][: MOST_HOLDERS + 1]
        for row in await look(setup, staff, _rows_of, [hit for hit in hits if hit.key != last], named):
            if every or row[-1]:
                yield row
        if after is None:
            return


_Hits = tuple[list[Collision], str | None]


async def _shared_keys(reading: Reading, after: str | None) -> _Hits:
    page = await reading.state.collisions(ContactEntry, "key", after=after, limit=_KEYS_AT_ONCE, most=MOST_HOLDERS + 1)
    return list(page.items), page.next


async def _every_key(reading: Reading, after: str | None) -> _Hits:
    """The entries one by one."""
    page = await reading.state.page(ContactEntry, "key", after=after, limit=_KEYS_AT_ONCE)
    return [Collision(one.key, (one.id,)) for one in page.items], page.next


async def _rows_of(reading: Reading, hits: Collection[Collision], named: Callable[[str], str]) -> list[Row]:
    policy = reading.policy
    held: dict[str, list[str]] = {}
    for hit in hits:
        held.setdefault(hit.key, []).extend(id[: -len(hit.key) - 1] for id in hit.ids)
    refs = sorted({ref for each in held.values() for ref in each})
    roots = {id: one.root for id, one in (await reading.state.get_many(Pointer, refs)).items()}
    say = await telling(reading.state, policy, {key: tuple(each) for key, each in held.items()}, roots)
    return [
        (MatchKey.parse(key).kind, named(key), ref, roots.get(ref, ref), ref in say.get(key, ()))
        for key, each in held.items()
        if len(each) <= MOST_HOLDERS
        for ref in each
    ]


# --- back ----------------------------------------------------------------------------------------------------------


async def _judged(
    setup: Setup, staff: Staff, candidates: Iterable[Collection[RecordRef]]
) -> AsyncIterator[DuplicateGroup]:
    no = may(staff.permissions, Permission.SEE_DUPLICATES)
    if no is not None:
        await note_refusal(setup, staff, "judge_candidates", "", no)
        raise setup.refused(no, staff.tenant)
    await note_action(setup, staff, "judge_candidates", Because("who_is_the_same.group_records"))
    left = iter(candidates)
    while some := [frozenset(map(str, each)) for each in islice(left, _CANDIDATES_AT_ONCE)]:
        for group in await look(setup, staff, _groups_of, frozenset[str]().union(*some)):
            yield group


async def _groups_of(reading: Reading, refs: frozenset[str]) -> list[DuplicateGroup]:
    pointers = await reading.state.get_many(Pointer, sorted(refs))
    persons = {pointers[ref].root if ref in pointers else ref for ref in refs}
    found: list[IndexComponent] | None = await components_around(reading.state, reading.policy, persons=sorted(persons))
    if found is None:
        found = await index_components(reading.state, reading.policy)
    near = [one for one in found if not persons.isdisjoint(one.persons)]
    return [
        group
        for groups in await weigh(reading, near, reading.policy)
        for group in groups
        if not persons.isdisjoint(map(str, group.refs))
    ]
