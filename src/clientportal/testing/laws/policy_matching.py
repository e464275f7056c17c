"""What a policy makes of records that look alike: laws 2, 12, 15 and 20, under that very policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from attrs import evolve
from hypothesis import strategies as st

from clientportal.policy import Policy
from clientportal.rules.evidence import Alike, face_of
from clientportal.rules.who_is_the_same import Component, SharedKey, group_records
from clientportal.rules.whose_contact import keys_of
from clientportal.testing.laws.searching import SILENT, Search, look
from clientportal.testing.laws.statements import Checked
from clientportal.testing.laws.telling import tell_records
from clientportal.testing.strategies import INSTANTS, record_groups
from clientportal.values import ClientRecord, MatchKey, RecordRef

__all__ = ["check_matching_of", "entered_twice", "tell_matching"]

Records = Sequence[ClientRecord]
Groups = frozenset[frozenset[RecordRef]]

_BIRTHDAYS = st.sampled_from((None, date(1990, 4, 7), date(1991, 4, 7)))
_COMPLETE = ClientRecord(
    RecordRef.client("1"),
    INSTANTS[0],
    first_name="Ana",
    last_name="Kingi",
    email="ana.kingi@example.org",
    phone="+64 9 300 1234",
    mobile="+64 21 123 4567",
    birthday=date(1990, 4, 7),
)


def tell_matching(policy: Policy) -> list[str]:
    """The settings that say who is a duplicate; the rest of a policy is no part of such an example."""
    matching = policy.matching
    weights = ", ".join(f"{fact} {weight:g}" for fact, weight in matching.weights.items())
    return [
        f"matching.weights = {weights}; matching.enough = {matching.enough:g}",
        f"matching.vetoes = [{', '.join(sorted(matching.vetoes))}]; matching.names = {matching.names.value}",
        f"contacts.shared_by_at_most = {policy.contacts.shared_by_at_most}",
    ]


def entered_twice(policy: Policy, alike: Alike) -> str | None:
    """The least that matching is for: the same client, word for word, in two rows."""
    custom = {name.removeprefix("custom."): "M-17" for name in policy.matching.weights if name.startswith("custom.")}
    first = evolve(_COMPLETE, custom=custom)
    second = evolve(first, ref=RecordRef.client("2"))
    if _groups([first, second], (), policy, alike):
        return None
    matching, most = policy.matching, policy.contacts.shared_by_at_most
    return (
        "Two records that agree on everything are no duplicates: together the weights are "
        f"{sum(matching.weights.values()):g}, enough is {matching.enough:g}, and a contact counts while it is on at "
        f"most {most} record{'s' if most != 1 else ''}."
    )


def check_matching_of(policy: Policy, alike: Alike, examples: int) -> Checked:
    """Who is a duplicate under this policy depends on nothing but the records, and nobody is who was told apart."""

    def order(records: Records) -> str | None:
        first, again = _groups(records, (), policy, alike), _groups(records[::-1], (), policy, alike)
        return None if first == again else f"The groups are {_told(first)}; the other way round {_told(again)}."

    def apart(records: Records) -> str | None:
        pair = frozenset((records[0].ref, records[-1].ref))
        found = _groups(records, (pair,), policy, alike)
        if any(pair <= group for group in found):
            return f"With {_told([pair])} dismissed, the groups are {_told(found)}."
        return None

    def vetoed(records: Records) -> str | None:
        by_ref = {record.ref: record for record in records}
        if "birthday" not in policy.matching.vetoes:
            return SILENT
        for group in _groups(records, (), policy, alike):
            days = {day for ref in group if (day := by_ref[ref].birthday) is not None}
            if len(days) > 1:
                return f"{_told([group])} are one group, with {len(days)} birthdays, and matching.vetoes names them."
        return None

    def kept_apart(records: Records) -> str | None:
        return apart(records) or vetoed(records)

    laws: dict[int, Callable[[Records], str | None]] = {2: order, 12: kept_apart}
    examples_of = st.builds(_with_birthdays, record_groups(min_size=2, max_size=4), st.tuples(*[_BIRTHDAYS] * 4))
    return look("the policy", Search[Records](examples_of, laws, tell_records, tuple), examples)


def _with_birthdays(records: Records, days: Sequence[date | None]) -> tuple[ClientRecord, ...]:
    return tuple(evolve(record, birthday=day) for record, day in zip(records, days, strict=False))


def _groups(records: Records, dismissed: Iterable[frozenset[RecordRef]], policy: Policy, alike: Alike) -> Groups:
    holders: dict[MatchKey, list[RecordRef]] = {}
    for record in records:
        for key in keys_of(record, policy.contacts.region):
            holders.setdefault(MatchKey.of(key), []).append(record.ref)
    shared = tuple(SharedKey(key, tuple(refs)) for key, refs in holders.items() if len(refs) > 1)
    faces = {record.ref: face_of(record.ref, [record]) for record in records}
    component = Component(shared, faces, frozenset(dismissed), alike)
    return frozenset(frozenset(group.refs) for group in group_records(component, policy))


def _told(groups: Iterable[frozenset[RecordRef]]) -> str:
    return "; ".join(sorted(" and ".join(map(str, sorted(group))) for group in groups)) or "none"
