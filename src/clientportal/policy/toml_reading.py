"""Plain TOML values into the typed values of a policy, collecting everything that is wrong instead of the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeGuard, Union, get_args, get_origin, get_type_hints

import attrs

from clientportal.errors import PolicyError
from clientportal.policy.accounts import WHOLE
from clientportal.policy.changes import Fee
from clientportal.policy.durations import in_words, read_words
from clientportal.policy.policy import Policy
from clientportal.policy.toml_lines import dotted
from clientportal.values import Money

__all__ = ["NONE", "Path", "Problem", "Wrong", "is_array", "is_table", "no_such_setting", "read", "written_whole"]

NONE = "none"
"""How an optional setting is switched off where a preset has it on: TOML has no null."""

Path = tuple[str, ...]


@attrs.frozen
class Problem:
    """One thing that is wrong: the settings that it concerns, and what would be right."""

    settings: tuple[Path, ...]
    text: str


class Wrong(Exception):
    """What was read cannot be used; ``problems`` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


def read(hint: Any, raw: object, base: Any, path: Path) -> Any:
    """Read one value of the type ``hint``. Tables change ``base`` where it is given; all else replaces it."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if NoneType in options:
        if raw == NONE:
            return None
        (hint,) = (option for option in options if option is not NoneType)
    origin = get_origin(hint)
    if attrs.has(hint):
        return _read_table(hint, raw, None if written_whole(hint) else base, path)
    if origin is Mapping:
        return _read_mapping(get_args(hint)[1], raw, base or {}, path)
    if origin in (frozenset, tuple):
        items = _read_array(get_args(hint)[0], raw, path)
        return frozenset(items) if origin is frozenset else tuple(items)
    return _read_scalar(hint, raw, path)


def is_table(raw: object) -> TypeGuard[dict[str, Any]]:
    """Whether TOML had a table there."""
    return isinstance(raw, dict)


def is_array(raw: object) -> TypeGuard[list[Any]]:
    """Whether TOML had an array there."""
    return isinstance(raw, list)


def written_whole(hint: Any) -> bool:
    """Whether a table is one value (a sum of money, a fee) rather than settings of which one may be changed."""
    return hint in (Fee, Money)


def _read_table(cls: Any, raw: object, base: Any, path: Path) -> Any:
    if not is_table(raw):
        raise _wrong(path, f"a table of settings is needed ({', '.join(_names(cls))}), not {_shown(raw)}")
    hints, attributes = get_type_hints(cls), attrs.fields_dict(cls)
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in raw.items():
        where = (*path, name)
        if name not in attributes:
            problems.append(no_such_setting(where, _names(cls)))
            continue
        try:
            present = None if attributes[name].metadata.get(WHOLE) else getattr(base, name, None)
            given[name] = _accepted(attributes[name], read(hints[name], value, present, where), where)
        except Wrong as wrong:
            problems.extend(wrong.problems)
    if base is None:
        for name, attribute in attributes.items():
            if attribute.default is attrs.NOTHING and name not in raw:
                problems.append(Problem(((*path, name),), f"{dotted((*path, name))}: missing"))
    if problems:
        raise Wrong(*problems)
    try:
        return cls(**given) if base is None else attrs.evolve(base, **given)
    except PolicyError as error:
        settings = tuple(_absolute(setting, path) for setting in error.settings) or (path,)
        raise Wrong(Problem(settings, _led_by(dotted(path), str(error)))) from error


def _read_mapping(hint: Any, raw: object, base: Mapping[str, Any], path: Path) -> dict[str, Any]:
    if not is_table(raw):
        raise _wrong(path, f"a table is needed, such as [{dotted((*path, 'name'))}], not {_shown(raw)}")
    merged, problems = dict(base), list[Problem]()
    for name, value in raw.items():
        try:
            merged[name] = read(hint, value, base.get(name), (*path, name))
        except Wrong as wrong:
            problems.extend(wrong.problems)
    if problems:
        raise Wrong(*problems)
    return merged


def _read_array(hint: Any, raw: object, path: Path) -> list[Any]:
    if not is_array(raw):
        raise _wrong(path, f'an array is needed, such as ["{_example(hint)}"], not {_shown(raw)}')
    items, problems = list[Any](), list[Problem]()
    for value in raw:
        try:
            items.append(read(hint, value, None, path))
        except Wrong as wrong:
            problems.extend(wrong.problems)
    if problems:
        raise Wrong(*problems)
    return items


def _read_scalar(hint: Any, raw: object, path: Path) -> object:
    if issubclass(hint, Enum):
        values = [str(member.value) for member in hint]
        if raw not in values:
            raise _wrong(path, f"{_shown(raw)} is not one of {', '.join(values)}")
        return hint(raw)
    if hint is timedelta:
        try:
            return read_words(raw if isinstance(raw, str) else "")
        except ValueError as error:
            raise _wrong(path, f"a length of time such as '1 hour 30 minutes' is needed, not {_shown(raw)}") from error
    if hint is Decimal and isinstance(raw, str | int | Decimal) and not isinstance(raw, bool):
        try:
            number = Decimal(raw)
        except ArithmeticError:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    elif hint is float and isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        if Decimal(raw).is_finite():
            return float(raw)
    elif type(raw) is hint:
        return raw
    kinds = {
        bool: "true or false",
        int: "a whole number",
        float: "a number such as 0.5",
        str: "text in quotes",
        Decimal: "a number such as '12.50'",
    }
    raise _wrong(path, f"{kinds[hint]} is needed, not {_shown(raw)}")


def _accepted(attribute: Any, value: Any, path: Path) -> Any:
    """The value as the constructor would take it, so that its objection is told with the key and not its bare name."""
    try:
        if attribute.converter is not None:
            value = attribute.converter(value)
        if attribute.validator is not None:
            attribute.validator(None, attribute, value)
    except (ValueError, TypeError) as error:
        raise _wrong(path, _objection(str(error.args[0]), attribute.name, dotted(path), value)) from error
    return value


def _objection(text: str, name: str, key: str, value: object) -> str:
    # attrs says "'code_life' must be >= 0:00:30: 0:00:10": the name is told already, lengths of time are told in words.
    if not text.startswith(f"'{name}' must "):
        return text.removeprefix(f"{key}: ")
    text = text.removeprefix(f"'{name}' ")
    shown = _shown(in_words(value) if isinstance(value, timedelta) else value)
    text = text.removesuffix(f": {value}").removesuffix(f" (got {value!r})")
    text = re.sub(r"(?:(\d+) days?, )?\b(\d+):(\d\d):(\d\d)\b", _clock_in_words, text)
    for sign, words in ((">= ", "at least "), ("<= ", "at most "), ("> ", "more than "), ("< ", "less than ")):
        text = text.replace(f"must be {sign}", f"must be {words}")
    return f"{text}, not {shown}"


def _clock_in_words(found: re.Match[str]) -> str:
    days, hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return in_words(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))


def no_such_setting(path: Path, siblings: Iterable[str]) -> Problem:
    """A key that means nothing, with the nearest one that does."""
    *parents, name = path
    names = list(siblings)
    near = [dotted((*parents, close)) for close in get_close_matches(name, names, 1)]
    near = near or [setting for setting in _every_setting() if setting.rpartition(".")[2] == name]
    if near:
        return Problem((path,), f"{dotted(path)}: no such setting; did you mean {' or '.join(near[:2])}?")
    return Problem((path,), f"{dotted(path)}: no such setting; there are {', '.join(names)}")


@cache
def _every_setting() -> tuple[str, ...]:
    return tuple(f"{section}.{name}" for section, hint in get_type_hints(Policy).items() for name in _names(hint))


def _names(cls: Any) -> tuple[str, ...]:
    return tuple(attrs.fields_dict(cls)) if attrs.has(cls) else ()


def _absolute(setting: str, path: Path) -> Path:
    """A nested constructor names its settings by itself ("fee.percent"); here they get the path around them."""
    names = tuple(setting.partition(" = ")[0].split("."))
    if names[0] in attrs.fields_dict(Policy):
        return names
    return path[:-1] + names if path[-1:] == names[:1] else path + names


def _led_by(key: str, text: str) -> str:
    return text if text.startswith(key) else f"{key}: {text}"


def _wrong(path: Path, text: str) -> Wrong:
    return Wrong(Problem((path,), f"{dotted(path)}: {text}"))


def _example(hint: Any) -> str:
    return str(next(iter(hint)).value) if isinstance(hint, type) and issubclass(hint, Enum) else "…"


def _shown(raw: object) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, dict):
        return "a table"
    if isinstance(raw, list):
        return "an array"
    if isinstance(raw, datetime | date | time):
        return f"the date or time {raw}"
    text = str(raw) if isinstance(raw, Decimal) else repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}…"
