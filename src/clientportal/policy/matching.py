"""On what evidence two records look like one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import cast

from attrs import field, frozen
from attrs.validators import ge, gt, le

from clientportal.errors import PolicyError
from clientportal.policy.accounts import WHOLE
from clientportal.policy.client_fields import CUSTOM
from clientportal.values import ContactKind

__all__ = ["MatchingPolicy", "NameComparison"]

_CONTACTS = tuple(kind.value for kind in ContactKind)
_COMPARED = ("name", "birthday")
_WEIGHTS, _VETOES = "matching.weights", "matching.vetoes"


class NameComparison(StrEnum):
    """How names are compared."""

    FOLDED = "folded"
    """Without case, accents and superfluous spaces; alike (1) or not (0). Nothing is guessed: Liz is not Beth."""
    SIMILAR = "similar"
    """By how little it takes to turn one into the other, 0 to 1, words in any order (extra ``similar``: rapidfuzz)."""


def _known(setting: str, name: object, allowed: tuple[str, ...]) -> None:
    custom = isinstance(name, str) and name.startswith(CUSTOM) and len(name) > len(CUSTOM)
    if name not in allowed and not custom:
        raise PolicyError(
            f"{setting}: there is no fact {name!r}; choose from {', '.join(allowed)}, custom.<field>", (setting,)
        )


def _weights(value: Mapping[str, float]) -> Mapping[str, float]:
    if not isinstance(cast("object", value), Mapping):
        raise PolicyError(
            "matching.weights is a table of fact and points, such as {'mobile': 1, 'email': 1}", (_WEIGHTS,)
        )
    for name, weight in value.items():
        _known(_WEIGHTS, name, (*_CONTACTS, *_COMPARED))
        given = cast("object", weight)
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= 100:
            raise PolicyError(
                f"matching.weights: {name} = {weight!r}; a weight is a number above 0, at most 100. Leave out what is "
                "to count for nothing",
                (_WEIGHTS,),
            )
    return {str(name): float(value[name]) for name in sorted(value)}


def _one_contact() -> Mapping[str, float]:
    return {"email": 1.0, "mobile": 1.0}


def _vetoes(value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, str):
        raise PolicyError("matching.vetoes is a list of facts, such as ['birthday']; this is one text", (_VETOES,))
    vetoes = frozenset(value)
    for name in vetoes:
        _known(_VETOES, name, _COMPARED)
    return vetoes


@frozen(kw_only=True)
class MatchingPolicy:
    """Which facts make two records look like one person, how much each counts, and which rule it out.

    * ``weights``: fact -> points where two records agree on it. Facts: ``mobile``, ``phone``, ``email`` (normalised),
      ``name`` (times how alike the names are), ``birthday``, ``custom.<field>`` (the same text, but for case and
      spaces). What is not named counts for nothing. A pair is looked at only where it shares a contact, a custom field
      or a birthday that has a weight.
    * ``enough``: the points from which a pair is shown as one person. The default, one point for a mobile or an email,
      is T5: whoever shares one of them.
    * ``vetoes``: facts that rule a pair out where both records have them and they differ: ``name``, ``birthday``,
      ``custom.<field>``. A group never holds two whose birthdays or custom fields are kept apart so. Of names that is
      true of each pair alone, for Ana is like Anna and Anna like Anne; and where they are a veto, a number that is used
      under several names (a household's) says nothing between those.
    * ``names``, ``alike_from``: how names are compared, and from when on they count as alike.
    """

    weights: Mapping[str, float] = field(factory=_one_contact, converter=_weights, hash=False, metadata={WHOLE: True})
    enough: float = field(default=1.0, converter=float, validator=[gt(0), le(1000)])
    vetoes: frozenset[str] = field(default=frozenset(), converter=_vetoes)
    names: NameComparison = field(default=NameComparison.FOLDED, converter=NameComparison)
    alike_from: float = field(default=0.85, converter=float, validator=[ge(0.5), le(1)])

    def __attrs_post_init__(self) -> None:
        most = sum(self.weights.values())
        if self.enough > most + 1e-9:
            raise PolicyError(
                f"matching.enough = {self.enough:g} and matching.weights contradict each other: all together they are "
                f"{most:g} points, so that nobody would ever look like anybody",
                ("matching.enough", _WEIGHTS),
            )

    @property
    def contacts(self) -> frozenset[ContactKind]:
        """The kinds of contact that count (T5, T11)."""
        return frozenset(kind for kind in ContactKind if kind.value in self.weights)
