"""The duplicate report. Rule: ``rules/who_is_the_same.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.errors import InvalidCursor
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.paging import check_limit
from clientportal.operations.people import records_of, roots_of
from clientportal.outcomes import Duplicates
from clientportal.policy import Policy
from clientportal.records import ContactEntry, ContactHistory, Dismissal, Pointer
from clientportal.rules.evidence import Face
from clientportal.rules.who_is_the_same import Component, SharedKey, group_records, is_merge_key
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import keys_of
from clientportal.values import ContactKey, MatchKey, RecordRef

__all__ = ["DUPLICATES", "ListDuplicates"]

_PAGE = 500


@frozen
class ListDuplicates:
    """From where, how many groups."""

    after: str | None = None
    limit: int = field(default=50, converter=check_limit)


@frozen
class _Report:
    shared: tuple[SharedKey, ...]
    dismissed: frozenset[frozenset[RecordRef]]
    names: Mapping[RecordRef, str]
    shown: frozenset[RecordRef]
    next: str | None


async def _shared_contacts(reading: Reading) -> list[SharedKey]:
    """Every contact that several records have, absorbed ones followed: the database finds them, we close over them
    alone.
    """
    cap = reading.policy.contacts.shared_by_at_most
    found: list[SharedKey] = []
    after: str | None = None
    while True:
        # Merged records count once, so more index entries than the cap may still be few persons.
        page = await reading.state.collisions(ContactEntry, "key", after=after, limit=_PAGE, most=cap * 10 + 1)
        keys = [ContactKey.parse(hit.key) for hit in page.items]
        refs = {hit.key: [RecordRef.parse(id[: -len(hit.key) - 1]) for id in hit.ids] for hit in page.items}
        roots = await roots_of(reading, sorted({ref for each in refs.values() for ref in each}))
        histories = await reading.state.get_many(ContactHistory, [str(key) for key in keys])
        for key in keys:
            history = histories.get(str(key))
            detached: frozenset[RecordRef] = frozenset(history.detached) if history is not None else frozenset()
            persons = {roots[ref] for ref in refs[str(key)] if ref not in detached}
            if len(persons) > 1 and key.kind in reading.policy.matching.contacts:
                placeholder = history is not None and history.placeholder
                found.append(SharedKey(MatchKey.of(key), tuple(sorted(persons)), placeholder or None))
        after = page.next
        if after is None:
            return found


async def _dismissed(reading: Reading) -> frozenset[frozenset[RecordRef]]:
    """Every dismissed pair, each followed to the records that speak today."""
    found: list[Dismissal] = []
    after: str | None = None
    while True:
        page = await reading.state.page(Dismissal, "first", after=after, limit=_PAGE)
        found.extend(page.items)
        after = page.next
        if after is None:
            break
    refs = sorted({RecordRef.parse(text) for one in found for text in (one.first, one.second)})
    roots = await roots_of(reading, refs)
    pairs = (frozenset((roots[RecordRef.parse(one.first)], roots[RecordRef.parse(one.second)])) for one in found)
    return frozenset(pair for pair in pairs if len(pair) == 2)


async def _load_report(reading: Reading, asked: ListDuplicates) -> _Report:
    after = None
    if asked.after is not None:
        try:
            after = RecordRef.parse(asked.after)
        except ValueError as error:
            raise InvalidCursor("this cursor was not made by the duplicate report") from error
    dismissed = await _dismissed(reading)
    # What is on too many records stays so, even where few of them are read again below.
    shared = [one for one in await _shared_contacts(reading) if is_merge_key(one, reading.policy)]
    every = group_records(Component(tuple(shared), {}, dismissed), reading.policy)
    groups = [group for group in every if after is None or group.refs[0] > after]
    shown = groups[: asked.limit]
    # A hit of the index is a hint: what is shown is read again, and counts only where the rows still say so.
    members: dict[RecordRef, tuple[RecordRef, ...]] = {}
    on_page = frozenset(ref for group in shown for ref in group.refs)
    whole = {ref: group.refs for group in every for ref in group.refs}
    ends = {ref for group in shown for link in group.blocked for ref in (link.first, link.second)}
    # A blocked link is shown with both its ends, and stays blocked only where the whole group of each end is there.
    roots = on_page.union(*(whole.get(ref, (ref,)) for ref in ends))
    pointers = await reading.state.find_any(Pointer, "root", sorted(map(str, roots)), limit=10_000)
    for root in roots:
        members[root] = (root, *(one.absorbed_ref for one in pointers if one.root_ref == root))
    rows = await records_of(reading, [ref for each in members.values() for ref in each])
    usable = {root for root in roots if root in rows and rows[root].usable}
    names = {root: rows[root].name for root in usable}
    confirmed: list[SharedKey] = []
    region = reading.policy.contacts.region
    for one in shared:
        refs = tuple(
            root
            for root in one.refs
            if root in usable
            and any(ref not in rows or one.key.contact in keys_of(rows[ref], region) for ref in members[root])
        )
        if len(refs) > 1:
            confirmed.append(evolve(one, refs=refs))
    more = str(shown[-1].refs[0]) if len(groups) > len(shown) else None
    return _Report(tuple(confirmed), dismissed, names, on_page, more)


def _decide_report(seen: _Report, _asked: ListDuplicates, policy: Policy, _now: datetime) -> Decision[Duplicates]:
    faces = {ref: Face(ref, (name,)) for ref, name in seen.names.items()}
    every = group_records(Component(seen.shared, faces, seen.dismissed), policy)
    groups = tuple(group for group in every if not seen.shown.isdisjoint(group.refs))
    because = Because(
        "who_is_the_same.group_records",
        (("groups", str(len(groups))),),
        (("contacts.shared_by_at_most", str(policy.contacts.shared_by_at_most)),),
    )
    return grant(Duplicates(groups, seen.next), because)


DUPLICATES = Operation[ListDuplicates, _Report, Duplicates](
    name="duplicates",
    load=_load_report,
    decide=_decide_report,
    writes=False,
    permission=Permission.SEE_DUPLICATES,
)
