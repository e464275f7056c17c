"""Is this a password that everybody uses?

The attack first: whoever guesses tries the passwords of earlier breaches, the most frequent ones first, with a year or
an exclamation mark behind them. NIST SP 800-63B-4 3.1.1.2 and ASVS V6.2.4 (at least the top 3,000) have such passwords
refused; a floor of fifteen characters alone would let ``password1234567`` through.

The list ships with the library (``common-passwords.txt.gz``; where it is from, and its licences, stand beside it) and
is read when it is first asked for.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from clientportal.values import Secret

__all__ = ["is_listed"]

_SHORT = 4
_RUN = 3
_AROUND_TEN = {("9", "0"), ("0", "9")}


def is_listed(password: Secret) -> bool:
    """Whether it is on the list, in any case, bare or dressed up.

    Dressed up is what guessers undo first: digits, signs and spaces before or behind (``!monkey2026``); a listed one,
    or up to four characters, over and over (``qwertyqwerty``, ``ab1ab1ab1``); and nothing but runs (``aaaabbbb``,
    ``123456789abcdef``).
    """
    return _is_common(unicodedata.normalize("NFC", password.reveal()).casefold())


def _is_common(text: str) -> bool:
    forms = {text, _between(text, str.isalnum), _between(text, str.isalpha)} - {""}
    if not forms.isdisjoint(_listed()):
        return True
    return any(_is_all_runs(form) or _repeats_something_common(form) for form in forms)


def _between(text: str, kept: Callable[[str], bool]) -> str:
    """Without its decoration: from the first character of the kept kind to the last."""
    places = [place for place, character in enumerate(text) if kept(character)]
    return text[places[0] : places[-1] + 1] if places else ""


def _repeats_something_common(text: str) -> bool:
    for length in range(1, len(text) // 2 + 1):
        if text[length:] == text[:-length]:  # it repeats itself every so many characters; the last time may be cut
            return length <= _SHORT or _is_common(text[:length])
    return False


def _is_all_runs(text: str) -> bool:
    """Whether every character is in a run of at least three that go up by one, down by one, or stay the same."""
    place = 0
    while place < len(text):
        end = _end_of_run(text, place)
        if end - place < _RUN:
            return False
        place = end
    return True


def _end_of_run(text: str, place: int) -> int:
    end, way = place + 1, None
    while end < len(text):
        step = _step(text[end - 1], text[end])
        if step is None or way not in (None, step):
            break
        end, way = end + 1, step
    return end


def _step(one: str, other: str) -> int | None:
    if (one, other) in _AROUND_TEN:
        return 1 if one == "9" else -1
    step = ord(other) - ord(one)
    return step if step in (-1, 0, 1) else None


@cache
def _listed() -> frozenset[str]:
    packed = files("clientportal.passwords").joinpath("common-passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode("utf-8").split("\n")) - {""}
