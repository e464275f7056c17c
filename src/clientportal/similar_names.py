"""How alike are two names? ``NameComparison.SIMILAR``, by the extra ``similar`` (rapidfuzz).

Names are compared word by word, for a long family name would otherwise make one of Mia and Ana Papadopoulos. Each
word of the one finds the nearest of the other, in any order; the names are as alike as their words are on average:

* two words are as alike as few letters have to be put in and taken out (Ana, Anna: 0.86; Tama, Tara: 0.75),
* a letter or a short name stands for a word that begins with it (A. Kingi, Rob for Robert), though not as surely,
* words that only one of them has (a middle name, a second family name) cost a little,
* two under the same first name are alike, just so, whatever their last names: people marry, and it is by their first
  names that a family tells itself apart. The first name comes first, as in ``ClientRecord.name``; a platform that
  writes it last is better off with a comparison of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from clientportal.errors import PolicyError
from clientportal.values.searching import folded

__all__ = ["similar_names"]

_WORD = re.compile(r"[^\W_]+")
_WITHIN = re.compile(r"['`´]")
"""What stands inside a word and is often left out: O'Brien is Obrien."""
_MOST_WORDS = 12
"""No name has more; a text that does is compared by the first of them in the alphabet, for the sake of its cost."""
_BEGINNING = 0.8
_ODD_WORDS = 0.1
_FIRST_NAME = 0.85
"""What two are alike by their first names alone: just enough by default (``matching.alike_from``)."""


def similar_names() -> Callable[[str, str], float]:
    """The comparison. The package of the extra is looked for now, when a portal is built, and not in a night's scan."""
    try:
        from rapidfuzz.distance import Indel
    except ImportError:
        raise PolicyError(
            "matching.names = 'similar' needs the extra 'similar': pip install 'clientportal[similar]'; or hand over a "
            "comparison of your own, names_alike=…, or set it to 'folded'",
            ("matching.names",),
        ) from None
    likeness: Any = Indel.normalized_similarity

    def alike(first: str, second: str) -> float:
        mine, theirs = _words(first), _words(second)
        if not mine or not theirs:
            return float(folded(first).split() == folded(second).split())
        if "".join(mine) == "".join(theirs):
            return 1.0  # Anna Maria, Annamaria: where a word ends is a matter of taste
        least = _FIRST_NAME if mine[0] == theirs[0] and len(mine[0]) > 1 else 0.0
        return max(least, _alike(sorted(mine)[:_MOST_WORDS], sorted(theirs)[:_MOST_WORDS], likeness))

    return alike


def _words(name: str) -> list[str]:
    """Its words in their order, folded; what is neither a letter nor a digit parts them."""
    return _WORD.findall(_WITHIN.sub("", folded(name)))


def _alike(mine: list[str], theirs: list[str], likeness: Callable[[str, str], float]) -> float:
    """The same whichever comes first: pairs are taken from the most alike, and by their letters among equals."""
    pairs = [
        (-_words_alike(one, other, likeness), min(one, other), max(one, other), here, there)
        for here, one in enumerate(mine)
        for there, other in enumerate(theirs)
    ]
    found: list[float] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for distance, _, _, here, there in sorted(pairs):
        if here not in used[0] and there not in used[1]:
            used[0].add(here)
            used[1].add(there)
            found.append(-distance)
    odd = _ODD_WORDS if len(mine) != len(theirs) else 0.0
    return max(0.0, sum(sorted(found)) / len(found) - odd)


def _words_alike(one: str, other: str, likeness: Callable[[str, str], float]) -> float:
    short, long = sorted((one, other), key=len)
    letters = float(likeness(one, other))
    return max(letters, _BEGINNING) if long.startswith(short) else letters
