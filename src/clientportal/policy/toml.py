"""A policy as a TOML file, which a business may keep next to its settings.

A file starts from a preset and names only what differs::

    preset = "timely"
    region = "NZ"

    [changes.cancel]
    amount = 48

    [changes.services.colour.cancel]
    amount = 3
    unit = "days"

Without ``preset`` it starts from ``Policy()``. Lengths of time are words (``"1 hour 30 minutes"``), money is
``{ amount = "10.00", currency = "NZD" }``, choices are their values, and ``"none"`` switches an optional setting off.
A window of a service or of a member of staff stands for itself: what it leaves out is the default of
:class:`~clientportal.policy.Window`, as in Python, and not the general window's setting.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from os import PathLike, fspath
from pathlib import Path as FilePath
from typing import Any, cast, get_type_hints

import attrs

from clientportal.errors import PolicyError
from clientportal.policy import presets
from clientportal.policy.durations import in_words
from clientportal.policy.policy import Policy
from clientportal.policy.toml_lines import Lines, dotted
from clientportal.policy.toml_reading import NONE, Path, Problem, Wrong, is_table, no_such_setting, read
from clientportal.policy.toml_writing import render, settings_of
from clientportal.values.contacts import is_region

__all__ = ["policy_from_toml", "policy_to_toml"]

_START = ("preset", "region")


def policy_from_toml(text_or_path: str | PathLike[str]) -> Policy:
    """Read a policy: from text, or from a file given as a ``pathlib.Path``.

    Everything that is wrong is told at once, in one :class:`~clientportal.errors.PolicyError`: each line of its message
    names the setting, what would be right, and the line of the file; ``settings`` are all the settings concerned.
    """
    if isinstance(text_or_path, str):
        text, file = text_or_path, ""
    else:
        file = fspath(text_or_path)
        try:
            text = FilePath(file).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise PolicyError(f"{file} is not UTF-8 text, as TOML must be: {error}") from error
    try:
        tree = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        hint = "; to read a file, pass pathlib.Path(…)" if text.endswith(".toml") and "\n" not in text else ""
        raise PolicyError(f"{file or 'the text'} is not TOML: {error}{hint}") from error
    policy, problems = _read_policy(tree)
    if not problems:
        return policy
    raise _error(problems, Lines(text), file, tree.get("preset"))


def policy_from_tables(tables: Mapping[str, Any]) -> Policy:
    """Read a policy from nested dicts, for settings that are written in Python: what a file says, with its names.

    ``None`` stands for ``"none"``, tuples and sets for arrays, and a ``timedelta`` for a length of time in words. What
    is wrong is told like a file's, without lines.
    """
    policy, problems = _read_policy(_as_toml_has_it(dict(tables)))
    if not problems:
        return policy
    told = [problem.text for problem in problems]
    settings = dict.fromkeys(dotted(setting) for problem in problems for setting in problem.settings)
    raise PolicyError("; ".join(told), tuple(settings))


def _as_toml_has_it(said: Any) -> Any:
    match said:
        case Mapping():
            return {str(name): _as_toml_has_it(one) for name, one in cast("Mapping[object, Any]", said).items()}
        case list() | tuple() | set() | frozenset():
            return [_as_toml_has_it(one) for one in cast("Iterable[Any]", said)]
        case None:
            return NONE
        case float():
            return Decimal(repr(said))
        case timedelta():
            return in_words(said)
        case _:
            return said


def policy_to_toml(policy: Policy, *, preset: str | None = None) -> str:
    """Write a policy: all of it, or with ``preset`` only what differs from that preset in the policy's own region.

    :func:`policy_from_toml` reads back an equal policy, and equal policies give equal text.
    """
    if preset is None:
        return render(settings_of(policy, None))
    if preset not in presets.__all__:
        raise PolicyError(f"there is no preset {preset!r}; choose from {', '.join(presets.__all__)}", ("preset",))
    region = policy.contacts.region
    start = {"preset": preset, "region": region}
    return render(start | settings_of(policy, _preset(preset)(region=region)))


def _preset(name: str) -> Callable[..., Policy]:
    start: Callable[..., Policy] = getattr(presets, name)
    return start


def _read_policy(tree: dict[str, Any]) -> tuple[Policy, list[Problem]]:
    base, problems = _starting_point(tree)
    hints = get_type_hints(Policy)
    sections: dict[str, Any] = {}
    broken: set[Path] = {(name,) for name in _START if problems}
    for name, raw in tree.items():
        if name in _START:
            continue
        try:
            if name not in hints:
                raise Wrong(no_such_setting((name,), [*_START, *hints]))
            sections[name] = read(hints[name], raw, getattr(base, name), (name,))
        except Wrong as wrong:
            problems.extend(wrong.problems)
            broken.add((name,))
    policy, clashes = _build(base, sections, broken)
    return policy, problems + clashes


def _starting_point(tree: dict[str, Any]) -> tuple[Policy, list[Problem]]:
    name, region = tree.get("preset"), tree.get("region")
    problems: list[Problem] = []
    if "preset" in tree and name not in presets.__all__:
        problems.append(
            Problem((("preset",),), f"preset: {name!r} is not one of the presets {', '.join(presets.__all__)}")
        )
    if "region" in tree:
        try:
            is_region(None, None, region if isinstance(region, str) else "")
        except ValueError:
            text = f"region: a region code of ISO 3166 in quotes such as 'NZ' is needed, not {region!r}"
            problems.append(Problem((("region",),), text))
    contacts = tree.get("contacts")
    if "region" in tree and is_table(contacts) and contacts.get("region", region) != region:
        text = "region and contacts.region contradict each other: they are one setting, name it once"
        problems.append(Problem((("region",), ("contacts", "region")), text))
    start = Policy if problems or name is None else _preset(str(name))
    base = start()
    if region is not None and not problems:
        base = attrs.evolve(base, contacts=attrs.evolve(base.contacts, region=region))
    return base, problems


def _build(base: Policy, sections: dict[str, Any], broken: set[Path]) -> tuple[Policy, list[Problem]]:
    """Build the policy; on a contradiction put one of its settings back and look for the next one.

    What is already known to be wrong, or was put back, makes contradictions that nobody wrote: those are not told.
    """
    clashes: list[Problem] = []
    while True:
        try:
            return attrs.evolve(base, **sections), clashes
        except PolicyError as error:
            settings = tuple(tuple(setting.partition(" = ")[0].split(".")) for setting in error.settings)
            if not any(setting in broken or setting[:1] in broken for setting in settings):
                clashes.append(Problem(settings, str(error)))
            changed = [
                setting
                for setting in settings
                if setting[0] in sections and _at(sections, setting) != _at(base, setting)
            ]
            if not changed:
                return base, clashes
            sections = _put_back(sections, base, changed[0])
            broken = broken | {changed[0]}


def _at(policy: Policy | dict[str, Any], setting: Path) -> object:
    section, *names = setting
    value: Any = policy[section] if isinstance(policy, dict) else getattr(policy, section)
    for name in names:
        value = getattr(value, name)
    return value


def _put_back(sections: dict[str, Any], base: Policy, setting: Path) -> dict[str, Any]:
    name, *names = setting
    section: Any = getattr(base, name)
    if names:
        section = attrs.evolve(sections[name], **{names[0]: getattr(section, names[0])})
    return sections | {name: section}


def _error(problems: list[Problem], lines: Lines, file: str, preset: object) -> PolicyError:
    told = [f"{problem.text}{_places(problem, lines, preset)}" for problem in problems]
    name = file or "the policy"
    if len(told) == 1:
        message = f"{file}: {told[0]}" if file else told[0]
    else:
        message = "\n".join([f"{name} has {len(told)} problems:", *(f"- {text}" for text in told)])
    settings = dict.fromkeys(dotted(setting) for problem in problems for setting in problem.settings)
    return PolicyError(message, tuple(settings))


def _places(problem: Problem, lines: Lines, preset: object) -> str:
    places: list[str] = []
    for setting in problem.settings:
        line = lines.of(setting) if len(problem.settings) > 1 else lines.around(setting)
        source = "by default" if preset is None else f"from the preset {preset!r}"
        place = f"{dotted(setting)} {source}" if line is None else f"line {line}"
        if place not in places:
            places.append(place)
    return f" ({'; '.join(places)})" if places else ""
