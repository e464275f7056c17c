"""Does what is known of two records make them look like one person?

Points for what agrees, a veto for what rules it out (``policy.matching``). A record that others were merged into speaks
with all of their voices: whatever matches a member matches the person (law 4), and nobody is told apart from somebody
by what only one member says while another agrees.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date

from attrs import field, frozen

from clientportal.errors import HostError
from clientportal.outcomes import Evidence, KeptApart
from clientportal.policy import Policy
from clientportal.policy.client_fields import CUSTOM
from clientportal.rules.placeholders import is_empty_birthday, is_empty_text
from clientportal.values import ClientRecord, ContactKind, MatchKey, RecordRef
from clientportal.values.searching import folded

__all__ = [
    "Alike",
    "Face",
    "face_of",
    "folded_alike",
    "folded_words",
    "is_enough",
    "judge_pair",
    "names_alike",
    "names_count",
    "remembered",
]

Alike = Callable[[str, str], float]
"""How alike two names are, 0 (not at all) to 1 (the same); it has to say the same whichever name comes first."""

_NAME = "name"
_BIRTHDAY = "birthday"
_ROUNDING = 1e-9
"""Weights of 0.7 and 0.3 are one point, whatever binary fractions make of them."""


def folded_words(text: str) -> str:
    """Without case, accents and superfluous spaces."""
    return " ".join(folded(text).split())


def folded_alike(first: str, second: str) -> float:
    """Alike (1) or not (0), but for case, accents and spaces: ``NameComparison.FOLDED``."""
    return float(folded_words(first) == folded_words(second))


def _days(value: Iterable[date]) -> frozenset[date]:
    return frozenset(day for day in value if not is_empty_birthday(day))


def _texts(value: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    kept = {
        name: frozenset(folded_words(text) for text in texts if not is_empty_text(text))
        for name, texts in value.items()
    }
    return {name: texts for name, texts in kept.items() if texts}


@frozen
class Face:
    """What a person says about themselves, all merged records together.

    * ``names``: each member's, the head's first; "" where one has none.
    * ``birthdays`` and ``custom`` (field -> values) are kept as they are compared, and without what stands for nothing.
    """

    ref: RecordRef
    names: tuple[str, ...] = field(default=(), repr=False)
    birthdays: frozenset[date] = field(default=frozenset(), converter=_days, repr=False)
    custom: Mapping[str, frozenset[str]] = field(factory=dict[str, frozenset[str]], converter=_texts, repr=False)

    def says(self, fact: str) -> frozenset[date | str]:
        """What the person says of a birthday or a custom field; of contacts and names it says nothing."""
        if fact.startswith(CUSTOM):
            return self.custom.get(fact.removeprefix(CUSTOM), frozenset())
        return self.birthdays if fact == _BIRTHDAY else frozenset()


def face_of(ref: RecordRef, members: Iterable[ClientRecord]) -> Face:
    """The face of the person ``ref`` from all of their records, the head first."""
    rows = tuple(members)
    custom: dict[str, set[str]] = {}
    for row in rows:
        for name, text in row.custom.items():
            custom.setdefault(name, set()).add(text)
    days = frozenset(row.birthday for row in rows if row.birthday is not None)
    return Face(ref, tuple(row.name for row in rows), days, custom)


def names_count(policy: Policy) -> bool:
    """Whether names are compared at all."""
    return _NAME in policy.matching.weights or _NAME in policy.matching.vetoes


def remembered(alike: Alike) -> Alike:
    """The same comparison, asked once for each two names, and held to its promise.

    The names always come in the same order, so a host's comparison is symmetric whatever it does with them.
    """
    known: dict[tuple[str, str], float] = {}

    def ask(first: str, second: str) -> float:
        pair = (first, second) if first <= second else (second, first)
        if pair not in known:
            known[pair] = _between_0_and_1(alike(*pair))
        return known[pair]

    return ask


def _between_0_and_1(answer: object) -> float:
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not 0 <= answer <= 1:
        raise HostError(
            f"names_alike answered {answer!r:.40}: how alike two names are is a number from 0 (not at all) to 1 (the "
            "same)"
        )
    return float(answer)


def names_alike(one: Face, other: Face, alike: Alike) -> float | None:
    """How alike the names of two persons are: the best of any two members'; ``None`` where one has no name."""
    mine = {name for name in one.names if name.strip()}
    theirs = {name for name in other.names if name.strip()}
    return max((alike(first, second) for first in mine for second in theirs), default=None)


def judge_pair(
    one: Face,
    other: Face,
    shared: Collection[MatchKey],
    policy: Policy,
    alike: Alike,
    *,
    silent: Collection[MatchKey] = (),
) -> Evidence:
    """Weigh what speaks for and against two records being one person.

    ``shared`` are the keys that both have and that say something; ``silent`` those that both have and that do not.
    A fact counts once, however many of its keys agree. A name counts from ``matching.alike_from`` on, as far as it is
    alike; below, it is a difference, and so is a birthday or a custom field that both have and that is not the same.
    """
    rules = policy.matching
    likeness = names_alike(one, other, alike) if names_count(policy) else None
    kinds, unsaid = {key.kind for key in shared}, {key.kind for key in silent}
    agreeing: list[tuple[str, float]] = []
    differing: list[str] = []
    for fact in _in_order(rules.weights.keys() | rules.vetoes):
        weight = rules.weights.get(fact, 0.0)
        if fact == _NAME:
            agrees, differs = likeness is not None and likeness >= rules.alike_from, likeness is not None
            weight *= likeness or 0.0
        else:
            mine, theirs = one.says(fact), other.says(fact)
            same = not mine.isdisjoint(theirs)
            agrees = fact in kinds or (same and fact not in unsaid)
            differs = bool(mine and theirs) and not same
        if agrees:
            agreeing.append((fact, weight))
        elif differs:
            differing.append(fact)
    vetoes = tuple(fact for fact in differing if fact in rules.vetoes)
    first, second = sorted((one.ref, other.ref))
    return Evidence(
        first=first,
        second=second,
        shared=tuple(sorted(key for key in shared if key.kind != _BIRTHDAY)),
        silent=tuple(sorted(silent)),
        names_alike=likeness,
        agreeing=tuple(agreeing),
        differing=tuple(differing),
        score=math.fsum(points for _, points in agreeing),
        vetoed_by=vetoes,
        apart=KeptApart.VETOED if vetoes else None,
    )


def is_enough(evidence: Evidence, policy: Policy) -> bool:
    """Whether the points make two records look like one person, vetoes aside."""
    return evidence.score > 0 and evidence.score >= policy.matching.enough - _ROUNDING


_ORDER = (*(kind.value for kind in ContactKind), _NAME, _BIRTHDAY)


def _in_order(facts: Iterable[str]) -> list[str]:
    """Contacts, name, birthday, custom fields: as evidence is read out."""
    return sorted(facts, key=lambda fact: (_ORDER.index(fact) if fact in _ORDER else len(_ORDER), fact))
