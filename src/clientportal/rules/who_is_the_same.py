"""Which records look like one person, and on what evidence?

Exact keys only: two records that share a normalised mobile or email (T5). Closure is transitive, and a pair that staff
have called "not a duplicate" is never joined by it (law 12): the link that would do so is shown as blocked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from clientportal.outcomes import DuplicateGroup, Evidence, KeptApart
from clientportal.policy import Policy
from clientportal.values import ContactKey, MatchKey, RecordRef

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
        shared.key.kind in policy.matching.contacts
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

    The result does not depend on the order of ``shared``. Contacts are taken in key order; a link that would put a
    dismissed pair into one group is left out and shown as blocked, whichever way round or how far along the chain that
    pair stands. No other link is left out: two records that share a contact are in one group, or a dismissal is between
    their groups.
    """
    enemies: dict[RecordRef, set[RecordRef]] = {}
    for pair in dismissed:
        first, second = pair
        enemies.setdefault(first, set()).add(second)
        enemies.setdefault(second, set()).add(first)
    group_of: dict[RecordRef, set[RecordRef]] = {}
    used: list[Evidence] = []
    blocked: list[Evidence] = []
    for found in sorted(shared, key=lambda one: (one.key, one.refs)):
        if not is_merge_key(found, policy):
            continue
        refs = sorted(set(found.refs))
        for place, second in enumerate(refs):
            # A chain of neighbours shows that a contact is shared. Everybody before is tried all the same: where a
            # dismissal stands between two neighbours, the contact may still join those on either side of it.
            for first in reversed(refs[:place]):
                one = group_of.setdefault(first, {first})
                other = group_of.setdefault(second, {second})
                if one is other:
                    if first == refs[place - 1]:
                        used.append(_link(found.key, first, second))
                elif _hostile(one, other, enemies):
                    blocked.append(_link(found.key, first, second, KeptApart.ACROSS))
                else:
                    used.append(_link(found.key, first, second))
                    _join(one, other, group_of)
    return _shown(group_of, used, blocked, names)


def _link(key: ContactKey, first: RecordRef, second: RecordRef, apart: KeptApart | None = None) -> Evidence:
    return Evidence(
        first=first,
        second=second,
        shared=(MatchKey.of(key),),
        agreeing=((key.kind.value, 1.0),),
        score=1.0,
        apart=apart,
    )


def _hostile(one: set[RecordRef], other: set[RecordRef], enemies: Mapping[RecordRef, set[RecordRef]]) -> bool:
    small, large = sorted((one, other), key=len)
    return bool(enemies) and any(not large.isdisjoint(enemies.get(ref, ())) for ref in small)


def _join(one: set[RecordRef], other: set[RecordRef], group_of: dict[RecordRef, set[RecordRef]]) -> None:
    small, large = sorted((one, other), key=len)
    large |= small
    for ref in small:
        group_of[ref] = large


def _shown(
    group_of: Mapping[RecordRef, set[RecordRef]],
    used: Sequence[Evidence],
    blocked: Sequence[Evidence],
    names: Mapping[RecordRef, str],
) -> tuple[DuplicateGroup, ...]:
    """The groups of two records or more, each with its own evidence; one walk over everything."""
    evidence: dict[int, list[Evidence]] = {}
    stopped: dict[int, list[Evidence]] = {}
    for link in used:
        evidence.setdefault(id(group_of[link.first]), []).append(link)
    for link in blocked:
        for group in (id(group_of[link.first]), id(group_of[link.second])):
            stopped.setdefault(group, []).append(link)
    groups: list[DuplicateGroup] = []
    for number, members in {id(group): group for group in group_of.values()}.items():
        if len(members) > 1:
            refs = tuple(sorted(members))
            groups.append(
                DuplicateGroup(
                    refs=refs,
                    names=tuple(names.get(ref, "") for ref in refs),
                    evidence=tuple(evidence[number]),
                    weakest=evidence[number][-1],
                    blocked=tuple(stopped.get(number, ())),
                )
            )
    return tuple(sorted(groups, key=lambda group: group.refs))
