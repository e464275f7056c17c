"""What may the owner of a pet write about it? (M8)

The attack: a field that the form does not show is sent all the same (``notes``, ``custom``, ``owner``). Whatever is not
among the nine fields is refused by its name, never passed on. A platform's notes of a pet are no part of what a client
reads or writes, so an edit leaves them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from attrs import evolve

from clientportal.errors import InvalidField, InvalidInput
from clientportal.values import RecordRef
from clientportal.values.birthdays import parse_birthday
from clientportal.values.pets import MAX_PET_TEXT, PET_FIELDS, Pet, PetSex, Weight

__all__ = ["read_pet"]

_OLDEST = 1900
_WEIGHT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]+)")
_FLAGS = {"yes": True, "no": False}


def read_pet(typed: Mapping[str, object], before: Pet | None, id: str, ref: RecordRef, today: date) -> Pet:
    """The pet as it shall be: a new one, or ``before`` with what was typed. Blank text and ``None`` clear a field, a
    field that is absent stays as it is.

    Raises :class:`~clientportal.errors.InvalidField` for the first field that cannot be read, saying what would be
    right.
    """
    for name in typed:
        if name not in PET_FIELDS:
            raise InvalidField(f"{name!r:.60}", f"there is no such field of a pet; there are {', '.join(PET_FIELDS)}")
    read = {name: _READ.get(name, _text)(name, value, today) for name, value in typed.items()}
    if read.get("name", None if before is None else before.name) is None:
        raise InvalidField("name", "a pet has a name")
    return Pet(id=id, ref=ref, **read) if before is None else evolve(before, **read)


def _text(name: str, value: object, _today: date) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidField(name, f"text is needed; this is {type(value).__name__}")
    text = " ".join(value.split())
    if len(text) > MAX_PET_TEXT:
        raise InvalidField(name, f"at most {MAX_PET_TEXT} characters; these are {len(text)}")
    if not text.isprintable() or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidField(name, "letters, digits and signs that can be printed, nothing else")
    return text or None


def _sex(name: str, value: object, today: date) -> PetSex | None:
    text = _text(name, value, today)
    if text is None:
        return None
    if text not in tuple(PetSex):
        raise InvalidField(name, f"one of {', '.join(PetSex)}, or nothing")
    return PetSex(text)


def _day(name: str, value: object, today: date) -> date | None:
    if isinstance(value, datetime):
        raise InvalidField(name, "a date without a time of day")
    day = value if isinstance(value, date) else None
    if day is None:
        text = _text(name, value, today)
        if text is None:
            return None
        try:
            day = parse_birthday(text)
        except InvalidInput as error:
            raise InvalidField(name, str(error)) from error
    if day.year < _OLDEST or day > today:
        raise InvalidField(name, f"a day from {_OLDEST}-01-01 to today, {today.isoformat()}")
    return day


def _weight(name: str, value: object, today: date) -> Weight | None:
    if isinstance(value, Weight):
        return value
    text = _text(name, value, today)
    if text is None:
        return None
    found = _WEIGHT.fullmatch(text)
    if found is None:
        raise InvalidField(name, "a number with a point and a unit, such as '12.5 kg'")
    try:
        return Weight(found[1], found[2])
    except InvalidInput as error:
        raise InvalidField(name, str(error)) from error


def _flag(name: str, value: object, today: date) -> bool | None:
    if isinstance(value, bool):
        return value
    text = _text(name, value, today)
    if text is None:
        return None
    if text not in _FLAGS:
        raise InvalidField(name, "'yes', 'no', or nothing where it is not known")
    return _FLAGS[text]


_READ: Mapping[str, Callable[[str, object, date], Any]] = {
    "sex": _sex,
    "birthday": _day,
    "weight": _weight,
    "neutered": _flag,
}
"""How each field is read; those that are not here are text."""
