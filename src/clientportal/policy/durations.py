"""Lengths of time in words, as a policy file has them: ``10 minutes``, ``14 days``, ``1 hour 30 minutes``."""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["in_words", "read_words"]

_UNITS = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "microsecond": timedelta(microseconds=1),
}
_PART = re.compile(r"([0-9]{1,12})\s+(week|day|hour|minute|second|microsecond)s?(?:\s*,|\s+and)?(?:\s+|$)")


def in_words(length: timedelta) -> str:
    """Write a length so that :func:`read_words` gives back exactly the same. Weeks are left out: days say it all."""
    rest, words = length, list[str]()
    for unit, size in _UNITS.items():
        count, remainder = divmod(rest, size)
        if unit != "week" and count:
            words.append(f"{count} {unit}{'' if count == 1 else 's'}")
            rest = remainder
    return " ".join(words) or "0 seconds"


def read_words(text: str) -> timedelta:
    """Read a length. Raises ``ValueError`` on anything but whole numbers of different units."""
    total, end, seen = timedelta(0), 0, set[str]()
    rest = text.strip()
    while end < len(rest):
        part = _PART.match(rest, end)
        if part is None or part[2] in seen:
            raise ValueError(text)
        seen.add(part[2])
        try:
            total += int(part[1]) * _UNITS[part[2]]
        except OverflowError as error:
            raise ValueError(text) from error
        end = part.end()
    if not seen or rest.endswith((",", "and")):
        raise ValueError(text)
    return total
