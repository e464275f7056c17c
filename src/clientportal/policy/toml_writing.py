"""A policy into TOML text: sections, settings and arrays in a fixed order, so that two equal policies read alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, cast

import attrs

from clientportal.policy.accounts import WHOLE
from clientportal.policy.durations import in_words
from clientportal.policy.toml_lines import dotted, quoted
from clientportal.policy.toml_reading import NONE, is_array, is_table, written_whole

__all__ = ["render", "settings_of"]

Tree = dict[str, Any]


def settings_of(value: Any, base: Any) -> Tree:
    """The settings of ``value`` that differ from ``base``, or all of them without one; tables stay nested."""
    tree: Tree = {}
    cls: Any = value.__class__
    for attribute in attrs.fields(cls):
        mine = getattr(value, attribute.name)
        theirs = attrs.NOTHING if base is None else getattr(base, attribute.name)
        if mine is None and theirs is attrs.NOTHING and attribute.default is None:
            continue
        if attribute.metadata.get(WHOLE):
            # Told where it differs, empty too: leaving out what a preset asks for is a choice.
            whole = theirs is attrs.NOTHING
            if mine != (attribute.default.factory() if whole else theirs) or (whole and mine):
                tree[attribute.name] = _Inline(sorted(cast("Mapping[str, Any]", mine).items()))
        elif theirs is attrs.NOTHING or mine != theirs:
            plain = _plain(mine, None if theirs is attrs.NOTHING else theirs)
            if not isinstance(mine, Mapping) or plain:
                tree[attribute.name] = plain
    return tree


def _plain(value: Any, base: Any) -> Any:
    if value is None:
        return NONE
    cls: Any = value.__class__
    if attrs.has(cls):
        return _Inline(settings_of(value, None)) if written_whole(cls) else settings_of(value, base)
    if issubclass(cls, Mapping):
        return _entries(value, base or {})
    if cls in (frozenset, tuple):
        items = [_plain(item, None) for item in value]
        return sorted(items) if cls is frozenset else items
    if isinstance(value, timedelta):
        return in_words(value)
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def _entries(value: Mapping[str, Any], base: Mapping[str, Any]) -> Tree:
    return {name: _plain(value[name], base.get(name)) for name in sorted(value) if value[name] != base.get(name)}


class _Inline(Tree):
    """A table that is one value and stays on one line."""


def render(tree: Tree, path: tuple[str, ...] = ()) -> str:
    """The tree as TOML; the settings of a table stand before the tables inside it."""
    tables = {name: value for name, value in tree.items() if _is_table(value)}
    lines = [f"{dotted((name,))} = {_value(value)}" for name, value in tree.items() if name not in tables]
    header = [f"[{dotted(path)}]"] if path and (lines or not tables) else []
    blocks = ["\n".join([*header, *lines])] if header or lines else []
    blocks += [render(value, (*path, name)).rstrip("\n") for name, value in tables.items()]
    return "\n\n".join(blocks) + "\n"


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and not isinstance(value, _Inline)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if is_array(value):
        return f"[{', '.join(map(_value, value))}]"
    if is_table(value):
        return f"{{ {', '.join(f'{dotted((name,))} = {_value(item)}' for name, item in value.items())} }}"
    return quoted(value) if isinstance(value, str) else str(value)
