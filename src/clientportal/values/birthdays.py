"""Birthdays as they are written in forms and files."""

from __future__ import annotations

import re
from datetime import date

from clientportal.errors import InvalidInput

__all__ = ["parse_birthday"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_birthday(text: str) -> date:
    """The day that was written, or :class:`~clientportal.errors.InvalidInput` saying how one is written.

    Only in the order that is the same everywhere: 03/04/1984 is in March to some and in April to others, and a wrong
    birthday makes two people of one. The error does not repeat the text, which may stand in a report of many rows.

    >>> parse_birthday("1984-02-29")
    datetime.date(1984, 2, 29)
    """
    if _DAY.fullmatch(text) is None:
        raise InvalidInput("a birthday is written year-month-day, such as 1984-02-29")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("there is no such day in the calendar; a birthday is a day such as 1984-02-29") from error
