"""What would another policy change about the search for duplicates: another region, weights, vetoes? (X8)

Nothing is written, and nothing is taken from the index, which was made for the policy in force: both sides are worked
out from the platform's rows, so that a difference is the policy's and not that of an index that is behind. That takes
two walks over them. The first marks every key in a sieve of fixed size, which knows those that nobody shares; the
second keeps the others alone, so that memory grows with the collisions and not with the clients.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b

from attrs import frozen

from clientportal.decisions import Because
from clientportal.operations.auditing import note_action, note_refusal
from clientportal.operations.components import MOST_HOLDERS, Held, Refs, joined, telling
from clientportal.operations.demo_client import counted
from clientportal.operations.frame import Reading
from clientportal.operations.looking import look
from clientportal.operations.people import records_of
from clientportal.operations.setting import Setup, Staff
from clientportal.operations.weighing import weigh
from clientportal.outcomes import DuplicateGroup, Rehearsed, RehearsedKind
from clientportal.policy import Policy
from clientportal.ports import ContactPage
from clientportal.records import ContactEntry, Pointer
from clientportal.rules.matching_keys import IndexKeys, index_keys
from clientportal.rules.who_may_manage import Permission, may
from clientportal.values import MatchKey, RecordRef

__all__ = ["Sieve", "rehearse"]

_BATCH = 200
_KEYS_AT_ONCE = 5000
_COMPONENTS_AT_ONCE = 200
_MOST = 1_000_000


class Sieve:
    """Which keys come a second time? Two bits for each of 64 million places, 16 MiB in all.

    Two keys may fall on one place, and then both pass: that costs a little memory and never loses a shared one.
    """

    def __init__(self, places: int = 1 << 26) -> None:
        self._places = places
        self._once = bytearray(places // 8 + 1)
        self._again = bytearray(places // 8 + 1)

    def put(self, key: str) -> None:
        """Mark it."""
        at, bit = self._place(key)
        if self._once[at] & bit:
            self._again[at] |= bit
        self._once[at] |= bit

    def shared(self, key: str) -> bool:
        """Whether it may have come twice."""
        at, bit = self._place(key)
        return bool(self._again[at] & bit)

    def _place(self, key: str) -> tuple[int, int]:
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        place = int.from_bytes(digest, "big") % self._places
        return place >> 3, 1 << (place & 7)


@frozen
class _Row:
    """One record: what it is found by under either policy."""

    ref: RecordRef
    before: IndexKeys
    after: IndexKeys


async def rehearse(setup: Setup, staff: Staff, other: Policy) -> AsyncIterator[Rehearsed]:
    """Yield every difference between the policy in force and ``other``: record by record, then group by group.

    That it was begun is audited once, for it shows what the duplicate report shows.
    """
    no = may(staff.permissions, Permission.SEE_DUPLICATES)
    if no is not None:
        await note_refusal(setup, staff, "rehearse_matching", "", no)
        raise setup.refused(no, staff.tenant)
    await note_action(setup, staff, "rehearse_matching", Because("matching_keys.index_keys"))
    present = setup.policy_of(staff.tenant)
    setup.alike(other)  # what it needs and is not installed is said now, and not after two walks
    old, new = Sieve(), Sieve()
    async for row in _walk(setup, staff, present, other):
        for line in _differences(row):
            yield line
        for sieve, found, policy in ((old, row.before, present), (new, row.after, other)):
            for key in _counting(found, policy):
                sieve.put(key)
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    async for row in _walk(setup, staff, present, other):
        for sieve, found, policy, held in ((old, row.before, present, before), (new, row.after, other, after)):
            for key in _counting(found, policy):
                if sieve.shared(key):
                    held.setdefault(key, []).append(str(row.ref))
    today: dict[RecordRef, DuplicateGroup] = {}
    async for group in _groups(setup, staff, present, before):
        today.update(dict.fromkeys(group.refs, group))
    met: set[RecordRef] = set()
    async for group in _groups(setup, staff, other, after):
        met.update(group.refs)
        were = {one.refs: None for ref in group.refs if (one := today.get(ref)) is not None}
        if list(were) != [group.refs]:
            kind = RehearsedKind.CHANGES if were else RehearsedKind.FORMS
            yield Rehearsed(kind, group.refs, tuple(map(_told, were)), (_told(group.refs),))
    for refs in dict.fromkeys(group.refs for group in today.values()):
        if met.isdisjoint(refs):
            yield Rehearsed(RehearsedKind.FALLS_APART, refs, (_told(refs),))


def _told(refs: Sequence[RecordRef]) -> str:
    return ", ".join(map(str, refs))


def _counting(found: IndexKeys, policy: Policy) -> list[str]:
    return [str(key) for key in found.keys if key.kind in policy.matching.weights]


def _differences(row: _Row) -> list[Rehearsed]:
    lines: list[Rehearsed] = []
    lost, got = row.before.keys - row.after.keys, row.after.keys - row.before.keys
    if lost or got:
        keys = tuple(map(str, sorted(lost))), tuple(map(str, sorted(got)))
        lines.append(Rehearsed(RehearsedKind.KEYS, (row.ref,), *keys))
    were, are = dict(row.before.unreadable), dict(row.after.unreadable)
    for field in sorted(were.keys() ^ are.keys()):
        if field in were:
            lines.append(Rehearsed(RehearsedKind.READABLE, (row.ref,), (f"{field.value}: {were[field]}",)))
        else:
            lines.append(Rehearsed(RehearsedKind.UNREADABLE, (row.ref,), (), (f"{field.value}: {are[field]}",)))
    return lines


async def _walk(setup: Setup, staff: Staff, present: Policy, other: Policy) -> AsyncIterator[_Row]:
    """Every record of the platform, and the merged ones that it has deleted: what those were found by stays."""
    after: str | None = None
    while True:
        page = await look(setup, staff, _contacts, after)
        for raw in counted(page.items):
            yield _Row(raw.ref, index_keys(raw, present), index_keys(raw, other))
        after = page.next
        if after is None:
            break
    while True:
        rows, after = await look(setup, staff, _deleted, after)
        for row in rows:
            yield row
        if after is None:
            return


async def _contacts(reading: Reading, after: str | None) -> ContactPage:
    return await reading.host.contacts(after, _BATCH)


async def _telling(reading: Reading, policy: Policy, held: Held, roots: dict[str, str]) -> dict[str, Refs]:
    return await telling(reading.state, policy, held, roots)


async def _deleted(reading: Reading, after: str | None) -> tuple[list[_Row], str | None]:
    page = await reading.state.page(Pointer, "root", after=after, limit=_BATCH)
    refs = [one.absorbed_ref for one in page.items]
    there = await records_of(reading, refs)
    gone = sorted(str(ref) for ref in refs if ref not in there)
    found: dict[str, set[MatchKey]] = {}
    for entry in await reading.state.find_any(ContactEntry, "ref", gone, limit=_MOST) if gone else ():
        found.setdefault(entry.ref, set()).add(MatchKey.parse(entry.key))
    kept = {ref: IndexKeys(frozenset(keys)) for ref, keys in found.items()}
    return [_Row(RecordRef.parse(ref), keys, keys) for ref, keys in kept.items()], page.next


async def _groups(
    setup: Setup, staff: Staff, policy: Policy, found: dict[str, list[str]]
) -> AsyncIterator[DuplicateGroup]:
    """The duplicate report over those keys."""
    shared = {key: tuple(refs) for key, refs in found.items() if 2 <= len(refs) <= MOST_HOLDERS}
    told: dict[str, Refs] = {}
    roots: dict[str, str] = {}
    keys = sorted(shared)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = {key: shared[key] for key in keys[start : start + _KEYS_AT_ONCE]}
        told |= await look(setup, staff, _telling, policy, some, roots)
    components = joined(told, roots)
    for start in range(0, len(components), _COMPONENTS_AT_ONCE):
        few = components[start : start + _COMPONENTS_AT_ONCE]
        for groups in await look(setup, staff, weigh, few, policy):
            for group in groups:
                yield group
