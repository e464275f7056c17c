"""Which records look like one person, and on what evidence?

Exact keys only: two records that share a normalised mobile or email (T5). Closure is transitive, and a pair that staff
have called "not a duplicate" is never joined by it (law 12): the link that would do so is shown as blocked.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from clientportal.outcomes import DuplicateGroup, Evidence
from clientportal.policy import Policy
from clientportal.values import ContactKey, RecordRef

__all__ = ["SharedContact", "group_records", "is_merge_key"]


@frozen
class SharedContact:
    """A contact that several persons share; ``refs`` are the records that speak for them."""

    key: ContactKey
    refs: tuple[RecordRef, ...]
    placeholder: bool = False


def is_merge_key(shared: SharedContact, policy: Policy) -> bool:
    """Whether a shared contact says anything (X4).

    A contact on more records than ``contacts.shared_by_at_most``, or flagged as a placeholder, is a switchboard, a
    family or ``none@example.com``: it makes nobody the same person.
    """
    return (
        shared.key.kind in policy.merging.keys
        and not shared.placeholder
        and 2 <= len(set(shared.refs)) <= policy.contacts.shared_by_at_most
    )


def group_records(
    shared: Sequence[SharedContact],
    dismissed: Collection[frozenset[RecordRef]],
    names: Mapping[RecordRef, str],
    policy: Policy,
) -> tuple[DuplicateGroup, ...]:
    """Close over the shared contacts: every group of two records or more, in the order of its smallest ref.

    The result does not depend on the order of ``shared``. Links are taken in key order; one that would put a dismissed
    pair into one group is left out and shown as blocked, whichever way round or how far along the chain that pair
    stands.
    """
    links = sorted(
        (
            Evidence(found.key, first, second)
            for found in shared
            if is_merge_key(found, policy)
            for first, second in _chain(sorted(set(found.refs)), dismissed)
        ),
        key=lambda link: (link.key, link.first, link.second),
    )
    group_of: dict[RecordRef, set[RecordRef]] = {}
    enemies: dict[RecordRef, set[RecordRef]] = {}
    for pair in dismissed:
        first, second = sorted(pair)
        enemies.setdefault(first, set()).add(second)
        enemies.setdefault(second, set()).add(first)
    nobody: set[RecordRef] = set()
    used: list[Evidence] = []
    blocked: list[Evidence] = []
    for link in links:
        one = group_of.setdefault(link.first, {link.first})
        other = group_of.setdefault(link.second, {link.second})
        if one is not other:
            if any(enemies.get(ref, nobody) & other for ref in one):
                blocked.append(link)
                continue
            if len(one) < len(other):
                one, other = other, one
            one |= other
            for ref in other:
                group_of[ref] = one
        used.append(link)
    groups: list[DuplicateGroup] = []
    for members in {id(group): group for group in group_of.values()}.values():
        if len(members) < 2:
            continue
        refs = tuple(sorted(members))
        groups.append(
            DuplicateGroup(
                refs=refs,
                names=tuple(names.get(ref, "") for ref in refs),
                evidence=tuple(link for link in used if link.first in members),
                blocked=tuple(link for link in blocked if link.first in members or link.second in members),
            )
        )
    return tuple(sorted(groups, key=lambda group: group.refs))


def _chain(refs: Sequence[RecordRef], dismissed: Collection[frozenset[RecordRef]]) -> list[tuple[RecordRef, RecordRef]]:
    """Links that join everybody who shares one contact: a chain is enough, unless a dismissal cuts it."""
    concerned = [pair for pair in dismissed if pair <= set(refs)]
    if not concerned:
        return list(itertools.pairwise(refs))
    return [(a, b) for i, a in enumerate(refs) for b in refs[i + 1 :]]
