"""What is known of the records that hang together, and the groups that they make. Rule: ``rules/who_is_the_same.py``.

A hit of the index is a hint: every row is read again here, and a key counts only where the row still says so. The key
of a merged record whose row is gone counts still: the journal keeps its contacts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from clientportal.operations.components import IndexComponent, holders_of, telling
from clientportal.operations.frame import Reading
from clientportal.operations.people import records_of
from clientportal.outcomes import DuplicateGroup
from clientportal.policy import Policy
from clientportal.records import Dismissal, Pointer
from clientportal.rules.evidence import Alike, Face, face_of
from clientportal.rules.matching_keys import index_keys
from clientportal.rules.who_is_the_same import Component, SharedKey, group_records
from clientportal.values import ClientRecord, MatchKey, RecordRef

__all__ = ["common_of", "weigh"]

_MOST = 1_000_000


@frozen
class _Facts:
    """What was read: who speaks for each record today, everybody's rows, and whom staff have told apart."""

    roots: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, ClientRecord]
    dismissed: Mapping[str, frozenset[str]]


async def weigh(
    reading: Reading, components: Sequence[IndexComponent], policy: Policy
) -> list[tuple[DuplicateGroup, ...]]:
    """The groups of each component, in their order."""
    if not components:
        return []
    facts = await _facts_of(reading, {ref for one in components for _, refs in one.keys for ref in refs})
    alike = reading.setup.alike(policy)
    return [group_records(_component(one, facts, policy, alike), policy) for one in components]


async def _facts_of(reading: Reading, refs: Iterable[str]) -> _Facts:
    """A few statements for everybody at once, and one of the host's for a hundred records."""
    state = reading.state
    named = sorted(set(refs))
    roots = {id: pointer.root for id, pointer in (await state.get_many(Pointer, named)).items()}
    persons = sorted({roots.get(ref, ref) for ref in named})
    members = {person: [person] for person in persons}
    for pointer in await state.find_any(Pointer, "root", persons, limit=_MOST):
        members[pointer.root].append(pointer.id)
        roots[pointer.id] = pointer.root
    everybody = sorted(ref for each in members.values() for ref in each)
    rows = await records_of(reading, [RecordRef.parse(ref) for ref in everybody])
    dismissed: dict[str, set[str]] = {}
    for one in await state.find_any(Dismissal, "first", everybody, limit=_MOST):
        # Said of two records, it holds for the persons that they have become.
        first, second = roots.get(one.first, one.first), roots.get(one.second, one.second)
        dismissed.setdefault(first, set()).add(second)
    return _Facts(
        roots,
        {person: (person, *sorted(each[1:])) for person, each in members.items()},
        {str(ref): row for ref, row in rows.items()},
        {first: frozenset(seconds) for first, seconds in dismissed.items()},
    )


async def common_of(
    reading: Reading, persons: Mapping[RecordRef, Sequence[RecordRef]], rows: Mapping[RecordRef, ClientRecord]
) -> Component:
    """What these persons (head -> all refs) have in common, as the report would weigh it: their rows are read already.

    Only a key that two of them have by their rows is looked up, so that it costs a statement or two, or none. Others
    who have it too count for what it says; where names tell a household's number, their names are read as well.
    """
    policy = reading.policy
    roots = {str(ref): str(head) for head, refs in persons.items() for ref in refs}
    said = Counter(
        str(key)
        for refs in persons.values()
        for key in frozenset(key for ref in refs if ref in rows for key in index_keys(rows[ref], policy).keys)
        if key.kind in policy.matching.weights
    )
    keys = sorted(key for key, count in said.items() if count > 1)
    held = await holders_of(reading.state, keys)
    named = {ref for refs in held.values() for ref in refs}
    strangers = not named <= roots.keys()
    told = await telling(reading.state, policy, held, roots, merged=strangers) if held else {}
    if not told:
        return Component()
    if strangers and "name" in policy.matching.vetoes:
        facts = await _facts_of(reading, named)
    else:
        members = {str(head): tuple(map(str, refs)) for head, refs in persons.items()}
        facts = _Facts(roots, members, {str(ref): row for ref, row in rows.items()}, {})
    return _component(IndexComponent(tuple(sorted(told.items())), roots), facts, policy, reading.setup.alike(policy))


def _component(found: IndexComponent, facts: _Facts, policy: Policy, alike: Alike) -> Component:
    persons = {facts.roots.get(ref, ref) for _, refs in found.keys for ref in refs}
    faces: dict[str, Face] = {}
    for person in persons:
        if (row := facts.rows.get(person)) is not None and row.usable:
            voices = [facts.rows[ref] for ref in facts.members[person] if ref in facts.rows]
            faces[person] = face_of(row.ref, voices)
    said = {
        ref: index_keys(facts.rows[ref], policy).keys
        for ref in {ref for _, refs in found.keys for ref in refs}
        if ref in facts.rows
    }
    shared: list[SharedKey] = []
    for text, refs in found.keys:
        key = MatchKey.parse(text)
        still = {facts.roots.get(ref, ref) for ref in refs if ref not in said or key in said[ref]}
        having = tuple(sorted(faces[person].ref for person in still if person in faces))
        if len(having) > 1:
            # That it says something was decided over all the records that the index names.
            shared.append(SharedKey(key, having, placeholder=False))
    pairs = frozenset(
        frozenset((faces[first].ref, faces[second].ref))
        for first in faces
        for second in facts.dismissed.get(first, ())
        if second in faces and second != first
    )
    return Component(tuple(shared), {face.ref: face for face in faces.values()}, pairs, alike)
