"""On what evidence two records look like one person."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import ge, gt, le

from clientportal.errors import PolicyError
from clientportal.policy.accounts import WHOLE
from clientportal.values import ContactKind

__all__ = ["CUSTOM", "MatchingPolicy", "NameComparison"]

CUSTOM = "custom."
"""What the name of a custom field begins with, where it is a fact about a person."""

_CONTACTS = tuple(kind.value for kind in ContactKind)
_COMPARED = ("name", "birthday")


class NameComparison(StrEnum):
    """How names are compared."""

    FOLDED = "folded"
    """Without case, accents and superfluous spaces; alike (1) or not (0). Nothing is guessed: Liz is not Beth."""
    SIMILAR = "similar"
    """By how little it takes to turn one into the other, 0 to 1, words in any order (extra ``similar``: rapidfuzz)."""


def _known(setting: str, name: str, allowed: tuple[str, ...]) -> None:
    if name not in allowed and not (name.startswith(CUSTOM) and len(name) > len(CUSTOM)):
        raise PolicyError(
            f"{setting}: there is no fact {name!r}; choose from {', '.join(allowed)}, custom.<field>", (setting,)
        )


def _weights(value: Mapping[str, float]) -> Mapping[str, float]:
    for name, weight in value.items():
        _known("matching.weights", name, (*_CONTACTS, *_COMPARED))
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 100:
            raise PolicyError(
                f"matching.weights: {name} = {weight!r}; a weight is a number above 0, at most 100. Leave out what is "
                "to count for nothing",
                ("matching.weights",),
            )
    return {name: float(value[name]) for name in sorted(value)}


def _one_contact() -> Mapping[str, float]:
    return {"email": 1.0, "mobile": 1.0}


def _vetoes(value: frozenset[str] | tuple[str, ...] | list[str]) -> frozenset[str]:
    for name in value:
        _known("matching.vetoes", name, _COMPARED)
    return frozenset(value)


@frozen(kw_only=True)
class MatchingPolicy:
    """Which facts make two records look like one person, how much each counts, and which rule it out.

    * ``weights``: fact -> points where two records agree on it. Facts: ``mobile``, ``phone``, ``email`` (normalised),
      ``name`` (times how alike the names are), ``birthday``, ``custom.<field>`` (the same text, but for case and
      spaces). What is not named counts for nothing. A pair is looked at only where it shares a contact, a custom field
      or a birthday that has a weight.
    * ``enough``: the points from which a pair is shown as one person. The default, one point for a mobile or an email,
      is T5: whoever shares one of them.
    * ``vetoes``: facts that rule a pair out where both records have them and they differ; a group never holds two
      records that a veto keeps apart.
    * ``names``, ``alike_from``: how names are compared, and from when on they count as alike.
    """

    weights: Mapping[str, float] = field(factory=_one_contact, converter=_weights, hash=False, metadata={WHOLE: True})
    enough: float = field(default=1.0, converter=float, validator=[gt(0), le(1000)])
    vetoes: frozenset[str] = field(default=frozenset(), converter=_vetoes)
    names: NameComparison = field(default=NameComparison.FOLDED, converter=NameComparison)
    alike_from: float = field(default=0.85, converter=float, validator=[ge(0.5), le(1)])

    @property
    def contacts(self) -> frozenset[ContactKind]:
        """The kinds of contact that count (T5, T11)."""
        return frozenset(kind for kind in ContactKind if kind.value in self.weights)
