"""What is known of the records that hang together, and the groups that they make. Rule: ``rules/who_is_the_same.py``.

A hit of the index is a hint: every row is read again here, and a key counts only where the row still says so. The key
of a merged record whose row is gone counts still: the journal keeps its contacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from clientportal.operations.components import IndexComponent
from clientportal.operations.frame import Reading
from clientportal.operations.people import records_of
from clientportal.outcomes import DuplicateGroup
from clientportal.policy import Policy
from clientportal.records import Dismissal, Pointer
from clientportal.rules.evidence import Alike, Face, face_of
from clientportal.rules.matching_keys import index_keys
from clientportal.rules.who_is_the_same import Component, SharedKey, group_records
from clientportal.values import ClientRecord, MatchKey, RecordRef

__all__ = ["weigh"]

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
