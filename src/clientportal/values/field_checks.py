"""What may stand in a field: checked once, where a value is made, so that nothing behind it has to ask again.

An adapter that hands an ``int`` over as an id would work for a while: until it is compared with the text that came back
from a form, and is not equal. So the wrong type is refused at once, with the field's name and what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from clientportal.errors import InvalidInput

__all__ = [
    "as_member",
    "day_or_none",
    "one_of",
    "quoted",
    "text",
    "text_or_none",
    "text_up_to",
    "whole",
    "whole_or_none",
]

_MOST = 10**12

E = TypeVar("E", bound=StrEnum)
Check = Callable[[object, Any, Any], None]


def quoted(value: object) -> str:
    """What was typed, as an error repeats it: cut, so that no log grows with a stranger's text (ASVS V16)."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    return f"a {type(value).__name__}"


def _wrong(instance: object, attribute: Any, wanted: str, value: object, hint: str = "") -> InvalidInput:
    given = "None" if value is None else type(value).__name__
    return InvalidInput(f"{type(instance).__name__}.{attribute.name} is {wanted}; this is {given}{hint}")


def _not_text(instance: object, attribute: Any, wanted: str, value: object) -> InvalidInput:
    return _wrong(instance, attribute, wanted, value, "" if value is None else ": str() it in the adapter")


def text(instance: object, attribute: Any, value: Any) -> None:
    """An attrs validator: the field is text."""
    if not isinstance(value, str):
        raise _not_text(instance, attribute, "text", value)


def text_or_none(instance: object, attribute: Any, value: Any) -> None:
    """An attrs validator: the field is text, or absent."""
    if value is not None and not isinstance(value, str):
        raise _not_text(instance, attribute, "text or None", value)


def text_up_to(most: int) -> Check:
    """An attrs validator: the field is text of at most that many characters, or absent."""

    def check(instance: object, attribute: Any, value: Any) -> None:
        text_or_none(instance, attribute, value)
        if value is not None and len(value) > most:
            raise InvalidInput(
                f"{type(instance).__name__}.{attribute.name} has at most {most} characters; this has {len(value)}"
            )

    return check


def one_of(*kinds: type) -> Check:
    """An attrs validator: the field is of one of those types; ``NoneType`` stands for absent."""
    wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)

    def check(instance: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, kinds):
            raise _wrong(instance, attribute, wanted, value)

    return check


def day_or_none(instance: object, attribute: Any, value: Any) -> None:
    """An attrs validator: the field is a day of the calendar, or absent; a moment is no day."""
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise _wrong(instance, attribute, "a date without a time of day, or None", value)


def whole(instance: object, attribute: Any, value: Any) -> None:
    """An attrs validator: the field is a whole number from 0 up, and none that a database cannot add up."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise InvalidInput(
            f"{type(instance).__name__}.{attribute.name} is a whole number from 0 to {_MOST:,}; this is {value!r}"
        )


def whole_or_none(instance: object, attribute: Any, value: Any) -> None:
    """An attrs validator: the field is such a number, or absent."""
    if value is not None:
        whole(instance, attribute, value)


def as_member(kind: type[E], value: E | str, what: str) -> E:
    """The member of an enumeration, itself or by its text."""
    if isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(repr(one.value) for one in kind)
        raise InvalidInput(f"{quoted(value)} is no {what}; there are {known}") from error
