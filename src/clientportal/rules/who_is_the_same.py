"""Which records look like one person, and on what evidence?

Records that share a key are weighed two by two (``rules/evidence.py``); closure is transitive, the strongest links
first, so what is cut is the weakest that there is. Nothing is joined that somebody or something keeps apart: a pair
that staff have called "not a duplicate" (law 12), two birthdays where birthdays are a veto, however long the chain
between them. The link that would do so is shown as blocked, with why.

Without names, birthdays and vetoes (the default) this is T5: whoever shares a normalised mobile or email.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from attrs import define, evolve, field, frozen

from clientportal.outcomes import DuplicateGroup, Evidence, KeptApart
from clientportal.policy import Policy
from clientportal.rules.evidence import Alike, Face, folded_alike, is_enough, judge_pair, names_alike, remembered
from clientportal.rules.placeholders import says_nothing
from clientportal.values import MatchKey, RecordRef

__all__ = ["Component", "SharedKey", "group_records", "is_merge_key", "judge_pairs", "says_something"]


@frozen
class SharedKey:
    """A key that several persons have; ``refs`` are the records that speak for them.

    ``placeholder`` is what staff have said about it, ``None`` where nobody has said anything.
    """

    key: MatchKey
    refs: tuple[RecordRef, ...]
    placeholder: bool | None = None


@frozen
class Component:
    """Records that keys connect, by themselves or through others, and everything that is known of them.

    * ``shared``: every key that two of them have. A key has all its persons here, or the rule would take a switchboard
      for a family.
    * ``faces``: what each says; a record that is not here has no name and says nothing else.
    * ``dismissed``: pairs that staff have told apart, each as the records that speak for them today. A pair that has
      become one person says nothing.
    * ``alike``: how names are compared.

    Several components in one are judged as each would be alone.
    """

    shared: tuple[SharedKey, ...] = ()
    faces: Mapping[RecordRef, Face] = field(factory=dict[RecordRef, Face])
    dismissed: Collection[frozenset[RecordRef]] = frozenset()
    alike: Alike = folded_alike

    def face(self, ref: RecordRef) -> Face:
        """What the record says."""
        return self.faces.get(ref) or Face(ref)


def is_merge_key(found: SharedKey, policy: Policy) -> bool:
    """Whether a shared key says anything (X4).

    A contact on more records than ``contacts.shared_by_at_most``, or flagged as a placeholder, is a switchboard, a
    family or ``none@example.com``: it makes nobody the same person. One that is typed where people have none is
    recognised, unless staff have said that it is somebody's.
    """
    return says_something(found.key, len(set(found.refs)), found.placeholder, policy)


def says_something(key: MatchKey, persons: int, placeholder: bool | None, policy: Policy) -> bool:
    """The same of a key that so many persons have, where nobody has looked yet who they are."""
    return (
        key.kind in policy.matching.weights
        and 2 <= persons <= policy.contacts.shared_by_at_most
        and not (says_nothing(key) if placeholder is None else placeholder)
    )


# --- pairs ---------------------------------------------------------------------------------------------------------


def judge_pairs(component: Component, policy: Policy) -> tuple[Evidence, ...]:
    """Every two records that share a key that says something, weighed; in the order of their refs.

    At most k² pairs for a key of k persons, and k is at most ``contacts.shared_by_at_most``.
    """
    alike = remembered(component.alike)
    pairs: dict[tuple[RecordRef, RecordRef], tuple[set[MatchKey], set[MatchKey]]] = {}
    for found in component.shared:
        if not is_merge_key(found, policy):
            continue
        refs = sorted(set(found.refs))
        under = _households(found.key, [component.face(ref) for ref in refs], policy, alike)
        for first, second in combinations(refs, 2):
            shared, silent = pairs.setdefault((first, second), (set(), set()))
            says = not under or (first in under and under[first] == under.get(second))
            (shared if says else silent).add(found.key)
    dismissed = frozenset(component.dismissed)
    judged: list[Evidence] = []
    for (first, second), (shared, silent) in sorted(pairs.items()):
        one = judge_pair(component.face(first), component.face(second), shared, policy, alike, silent=silent)
        judged.append(evolve(one, apart=KeptApart.DISMISSED) if frozenset((first, second)) in dismissed else one)
    return tuple(judged)


def _households(key: MatchKey, faces: Sequence[Face], policy: Policy, alike: Alike) -> dict[RecordRef, int]:
    """Whose number it is, where it is several people's by their names: record -> which of them; else empty.

    A mother's mobile stands on her daughters' records too, and so does the number of her card. Where names are compared
    (a veto), such a key says nothing between two who have unlike names, and nothing about a record without a name: it
    may be any of them. Names are closed over here (Ana is like Anna, Anna like Anne), so that it splits as little as it
    must. Birthdays are no household's.
    """
    if key.kind == "birthday" or "name" not in policy.matching.vetoes:
        return {}
    named = [face for face in faces if any(name.strip() for name in face.names)]
    under = {face.ref: place for place, face in enumerate(named)}
    for one, other in combinations(named, 2):
        old, new = under[other.ref], under[one.ref]
        if old != new and (names_alike(one, other, alike) or 0.0) >= policy.matching.alike_from:
            under = {ref: new if place == old else place for ref, place in under.items()}
    return under if len(set(under.values())) > 1 else {}


# --- groups --------------------------------------------------------------------------------------------------------

Pair = tuple[RecordRef, RecordRef]


@define(eq=False)
class _Group:
    """Records that are together so far, and whom they may not be with."""

    members: list[RecordRef]
    says: dict[str, dict[frozenset[object], RecordRef]]
    """Veto fact -> what its members say -> the first who says so. Members agree, so these are few."""
    hostile: dict[_Group, Pair] = field(factory=dict["_Group", Pair])
    """The groups from which a dismissed pair keeps it, with the first such pair."""


def group_records(component: Component, policy: Policy) -> tuple[DuplicateGroup, ...]:
    """Close over the links: every group of two records or more, in the order of its smallest ref.

    The result does not depend on the order of anything in ``component``. Links are taken by their points, the most
    first, then by their keys and records. One that would put two into a group who are kept apart is blocked, whichever
    way round or how far along the chain those stand; no other link is: two records with a link between them are in one
    group, or something stands between their groups. A veto of names is about the two alone: Ana is like Anna and Anna
    like Anne, and a group may hold all three.
    """
    judged = judge_pairs(component, policy)
    groups = _alone(component, judged, policy)
    links = [one for one in judged if one.apart is None and is_enough(one, policy)]
    apart = [one for one in judged if one.apart is not None]
    used: list[Evidence] = []
    weakest: dict[_Group, Evidence] = {}
    for link in sorted(links, key=lambda one: (-one.score, one.shared, one.first, one.second)):
        one, other = groups[link.first], groups[link.second]
        between = None if one is other else _between(one, other)
        if between is not None:
            why, pair = between
            apart.append(evolve(link, apart=KeptApart.ACROSS, between=pair, between_by=why))
            continue
        used.append(link)
        if one is not other:
            # Links come in the order of their strength: the last that a group needed is its weakest.
            weakest[_join(one, other, groups)] = link
    return _shown(component, groups, used, apart, weakest)


def _alone(component: Component, judged: Sequence[Evidence], policy: Policy) -> dict[RecordRef, _Group]:
    """Every record by itself."""
    facts = sorted(policy.matching.vetoes - {"name"})
    groups: dict[RecordRef, _Group] = {}
    for ref in {ref for one in judged for ref in (one.first, one.second)}:
        face = component.face(ref)
        said = {fact: frozenset[object](face.says(fact)) for fact in facts}
        groups[ref] = _Group([ref], {fact: {values: ref} if values else {} for fact, values in said.items()})
    for first, second in (sorted(pair) for pair in component.dismissed if len(pair) == 2):
        if first in groups and second in groups:
            groups[first].hostile[groups[second]] = (first, second)
            groups[second].hostile[groups[first]] = (first, second)
    return groups


def _between(one: _Group, other: _Group) -> tuple[str, Pair] | None:
    """What keeps two groups apart, if anything does, and one pair of whom it does."""
    dismissed = one.hostile.get(other)
    if dismissed is not None:
        return "dismissed", dismissed
    for fact, mine in one.says.items():
        differing = [
            (min(first, second), max(first, second))
            for values, first in mine.items()
            for others, second in other.says[fact].items()
            if values.isdisjoint(others)
        ]
        if differing:
            return fact, min(differing)
    return None


def _join(one: _Group, other: _Group, groups: dict[RecordRef, _Group]) -> _Group:
    """Put the smaller into the larger, so that nobody moves more than log n times."""
    small, large = sorted((one, other), key=lambda group: len(group.members) + len(group.hostile))
    large.members += small.members
    for ref in small.members:
        groups[ref] = large
    for fact, said in small.says.items():
        for values, ref in said.items():
            large.says[fact][values] = min(ref, large.says[fact].get(values, ref))
    for enemy, pair in small.hostile.items():
        del enemy.hostile[small]
        large.hostile[enemy] = enemy.hostile[large] = min(pair, large.hostile.get(enemy, pair))
    return large


def _shown(
    component: Component,
    groups: Mapping[RecordRef, _Group],
    used: Sequence[Evidence],
    apart: Sequence[Evidence],
    weakest: Mapping[_Group, Evidence],
) -> tuple[DuplicateGroup, ...]:
    """The groups of two records or more, each with its own evidence; one walk over everything."""
    evidence: dict[_Group, list[Evidence]] = {}
    stopped: dict[_Group, list[Evidence]] = {}
    for link in used:
        evidence.setdefault(groups[link.first], []).append(link)
    for link in apart:
        for group in {groups[link.first], groups[link.second]}:
            stopped.setdefault(group, []).append(link)
    found: list[DuplicateGroup] = []
    for group, links in evidence.items():
        refs = tuple(sorted(group.members))
        found.append(
            DuplicateGroup(
                refs=refs,
                names=tuple(next(iter(component.face(ref).names), "") for ref in refs),
                evidence=tuple(sorted(links, key=_by_refs)),
                weakest=weakest[group],
                blocked=tuple(sorted(stopped.get(group, ()), key=_by_refs)),
            )
        )
    return tuple(sorted(found, key=lambda group: group.refs))


def _by_refs(one: Evidence) -> Pair:
    return one.first, one.second
