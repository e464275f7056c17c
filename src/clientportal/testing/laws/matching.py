"""Who looks like whom: comparisons of names, rules over a pair, and grouping."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import combinations

from attrs import evolve, frozen
from hypothesis import strategies as st

from clientportal.rules.evidence import Alike
from clientportal.testing.laws.searching import SILENT, Search, look
from clientportal.testing.laws.statements import Checked
from clientportal.testing.laws.telling import tell_records
from clientportal.testing.strategies import EMAIL_SPELLINGS, NUMBER_SPELLINGS, record_groups
from clientportal.values import ClientRecord, RecordRef

__all__ = ["Alike", "GroupRule", "PairRule", "check_grouping", "check_matching", "check_name_comparison"]

PairRule = Callable[[ClientRecord, ClientRecord], float]
"""Two records -> how much they look like one person, from 0 (nothing says so, or something rules it out) to 1."""

GroupRule = Callable[
    [Sequence[tuple[RecordRef, RecordRef]], Collection[frozenset[RecordRef]]], Iterable[Collection[RecordRef]]
]
"""Links, and pairs that are not duplicates -> the groups of two records or more."""


def _name(rule: object) -> str:
    return getattr(rule, "__name__", None) or type(rule).__name__


# --- names -----------------------------------------------------------------------------------------------------------

_WORDS = ("Ana", "Āna", "Anna", "An", "Kingi", "Ben", "Björk", "O'Neil", "de", "la", "Cruz", "Zoë", "李", "小龍")
_NAMES = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3).map(" ".join)
_PAIRS = st.tuples(_NAMES, _NAMES) | _NAMES.map(lambda name: (name, name))


def check_name_comparison(alike: Alike, *, any_order: bool = True, examples: int = 200) -> Checked:
    """Check a comparison of names: a measure (law 20) that no spelling changes (law 16).

    It is between 0 and 1, the same both ways, and 1 between a name and itself; case, accents and superfluous spaces do
    not matter, nor the order of the words (leave that out with ``any_order=False``)::

        from clientportal.rules.whose_contact import name_key
        from clientportal.testing.laws import check_name_comparison

        def same_words(first, second):
            return float(sorted(name_key(first).split()) == sorted(name_key(second).split()))

        print(check_name_comparison(same_words, examples=50))
    """

    def measure(pair: tuple[str, str]) -> str | None:
        first, second = pair
        there, back = alike(first, second), alike(second, first)
        if not 0 <= there <= 1:
            return f"{first!r} and {second!r} are alike {there}, which is not between 0 and 1."
        if there != back:
            return f"{first!r} and {second!r} are alike {there}; the other way round {back}."
        itself = alike(first, first)
        return None if itself == 1 else f"{first!r} and itself are alike {itself}, not 1."

    def spelling(pair: tuple[str, str]) -> str | None:
        first, second = pair
        there = alike(first, second)
        for how, other in _spelt(first, any_order=any_order):
            if (again := alike(other, second)) != there:
                return f"{first!r} and {second!r} are alike {there}; {how}, as {other!r}, {again}."
        return None

    def tell(pair: tuple[str, str]) -> list[str]:
        return [f"the names {pair[0]!r} and {pair[1]!r}"]

    return look(_name(alike), Search(_PAIRS, {20: measure, 16: spelling}, tell), examples)


_PLAIN = str.maketrans("ĀāöëÖË", "AaoeOE")


def _spelt(name: str, *, any_order: bool) -> list[tuple[str, str]]:
    spelt = [
        ("in capitals", name.upper()),
        ("without accents", name.translate(_PLAIN)),
        ("with more spaces", f"  {name.replace(' ', '   ')} "),
    ]
    if any_order:
        spelt.append(("with its words the other way round", " ".join(reversed(name.split()))))
    return spelt


# --- pairs -----------------------------------------------------------------------------------------------------------


def check_matching(judge: PairRule, *, examples: int = 200) -> Checked:
    """Check a rule that says how much two records look like one person (laws 2, 16 and 20).

    The answer is between 0 and 1 and the same both ways; a record is never less like a copy of itself than like
    another record; and no spelling of a number, an address or a name changes it::

        from clientportal.rules.whose_contact import keys_of
        from clientportal.testing.laws import check_matching

        def shares_a_contact(first, second):
            return float(bool(keys_of(first, "NZ") & keys_of(second, "NZ")))

        print(check_matching(shares_a_contact, examples=50))
    """

    def both_ways(pair: Sequence[ClientRecord]) -> str | None:
        first, second = pair
        there, back = judge(first, second), judge(second, first)
        return None if there == back else f"{first.ref} and {second.ref} score {there}; the other way round {back}."

    def measure(pair: Sequence[ClientRecord]) -> str | None:
        first, second = pair
        there = judge(first, second)
        if not 0 <= there <= 1:
            return f"{first.ref} and {second.ref} score {there}, which is not between 0 and 1."
        copy = evolve(first, ref=RecordRef.client("copy"))
        own = judge(first, copy)
        if own < there:
            return f"{first.ref} and {second.ref} score {there}; {first.ref} and a copy of it only {own}."
        return None

    def spelling(pair: Sequence[ClientRecord]) -> str | None:
        first, second = pair
        there = judge(first, second)
        others = _spelt_otherwise(first)
        for how, other in others:
            if (again := judge(other, second)) != there:
                return f"{first.ref} and {second.ref} score {there}; with {how} {again}."
        return None if others else SILENT

    search = Search[Sequence[ClientRecord]](
        record_groups(min_size=2, max_size=2), {2: both_ways, 20: measure, 16: spelling}, tell_records, tuple
    )
    return look(_name(judge), search, examples)


_SPELLINGS = (*NUMBER_SPELLINGS.values(), *EMAIL_SPELLINGS.values())


def _others(text: str | None) -> list[str]:
    """How else it could have been typed."""
    return [other for group in _SPELLINGS if text in group for other in group if other != text]


def _spelt_otherwise(record: ClientRecord) -> list[tuple[str, ClientRecord]]:
    """The same record, a contact or a name in it typed in another way."""
    found = [(f"the mobile spelt {other!r}", evolve(record, mobile=other)) for other in _others(record.mobile)]
    found += [(f"the phone spelt {other!r}", evolve(record, phone=other)) for other in _others(record.phone)]
    found += [(f"the email spelt {other!r}", evolve(record, email=other)) for other in _others(record.email)]
    if record.last_name:
        found.append(("the last name in capitals", evolve(record, last_name=record.last_name.upper())))
    return found


# --- groups ----------------------------------------------------------------------------------------------------------


@frozen
class _Links:
    links: tuple[tuple[RecordRef, RecordRef], ...]
    dismissed: frozenset[frozenset[RecordRef]]


_REFS = tuple(RecordRef.client(str(number)) for number in range(1, 7))
_TWO = st.sampled_from(list(combinations(_REFS, 2)))
_LINKS = st.builds(
    _Links,
    st.lists(_TWO, min_size=1, max_size=7, unique=True).map(tuple),
    st.frozensets(_TWO.map(frozenset), max_size=2),
)


def check_grouping(group: GroupRule, *, examples: int = 200) -> Checked:
    """Check a rule that makes groups of links (laws 1, 2, 4, 12 and 15).

    The order and direction of links do not matter, nor how often one is named; linked records are in one group, however
    long the chain, unless that would join a dismissed pair; nobody is in two groups or in one without a link; and what
    is not connected can be grouped apart::

        from clientportal.testing.laws import check_grouping

        def chains(links, dismissed):
            groups = []
            for first, second in sorted(map(sorted, links)):
                touched = [one for one in groups if first in one or second in one]
                joined = {first, second}.union(*touched)
                if not any(pair <= joined for pair in dismissed):
                    groups = [one for one in groups if one not in touched] + [joined]
            return groups

        print(check_grouping(chains, examples=50))
    """

    def groups(links: Sequence[tuple[RecordRef, RecordRef]], seen: _Links) -> frozenset[frozenset[RecordRef]]:
        return frozenset(map(frozenset, group(links, seen.dismissed)))

    def kept_apart(seen: _Links) -> str | None:
        if not seen.dismissed:
            return SILENT
        for one in groups(seen.links, seen):
            for pair in seen.dismissed:
                if pair <= one:
                    return f"{_told_refs(one)} are one group, though {_told_refs(pair)} were dismissed."
        return None

    def order(seen: _Links) -> str | None:
        first = groups(seen.links, seen)
        turned = [(second, first_) for first_, second in reversed(seen.links)]
        again = groups(turned, seen)
        return None if first == again else f"The groups are {_told(first)}; the other way round {_told(again)}."

    def twice(seen: _Links) -> str | None:
        first, again = groups(seen.links, seen), groups([*seen.links, *seen.links], seen)
        return None if first == again else f"The groups are {_told(first)}; with every link twice {_told(again)}."

    def whole(seen: _Links) -> str | None:
        found = groups(seen.links, seen)
        linked = {ref for link in seen.links for ref in link}
        for one in found:
            if len(one) < 2 or not one <= linked or any(one & other for other in found if other != one):
                return f"The groups are {_told(found)}: {_told_refs(one)} is no group of linked records by itself."
        of = {ref: one for one in found for ref in one}
        for first, second in seen.links:
            mine, theirs = of.get(first, frozenset({first})), of.get(second, frozenset({second}))
            if mine != theirs and not any(pair <= mine | theirs for pair in seen.dismissed):
                return f"The groups are {_told(found)}, and {first} and {second}, which are linked, are not together."
        return None

    def parts(seen: _Links) -> str | None:
        components = _components(seen.links)
        if len(components) < 2:
            return SILENT
        found = groups(seen.links, seen)
        apart = frozenset[frozenset[RecordRef]]().union(*(groups(links, seen) for links in components))
        return None if found == apart else f"The groups are {_told(found)}; part by part they are {_told(apart)}."

    return look(
        _name(group), Search(_LINKS, {12: kept_apart, 4: whole, 2: order, 1: twice, 15: parts}, _tell), examples
    )


def _components(links: Sequence[tuple[RecordRef, RecordRef]]) -> list[list[tuple[RecordRef, RecordRef]]]:
    """The links, by what they connect."""
    found: list[tuple[set[RecordRef], list[tuple[RecordRef, RecordRef]]]] = []
    for link in links:
        touched = [part for part in found if part[0] & set(link)]
        refs = set(link).union(*(part[0] for part in touched))
        joined = [*(one for part in touched for one in part[1]), link]
        found = [*(part for part in found if part not in touched), (refs, joined)]
    return [part for _, part in found]


def _told_refs(refs: Iterable[RecordRef]) -> str:
    return " and ".join(map(str, sorted(refs)))


def _told(groups: Iterable[frozenset[RecordRef]]) -> str:
    return "; ".join(sorted(_told_refs(one) for one in groups)) or "none"


def _tell(seen: _Links) -> list[str]:
    lines = [f"{first} and {second} are linked" for first, second in seen.links]
    return [
        *lines,
        *(f"{_told_refs(pair)} are dismissed: not a duplicate" for pair in sorted(seen.dismissed, key=sorted)),
    ]
