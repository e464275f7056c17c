"""On which line of a TOML text each key stands; ``tomllib`` does not say."""

from __future__ import annotations

import re
import tomllib
from typing import Any

__all__ = ["Lines", "dotted", "quoted"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TABLE = re.compile(rf"\s*\[\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


def dotted(path: tuple[str, ...]) -> str:
    """A path as TOML writes it; names with more than letters, digits, ``_`` and ``-`` are quoted."""
    return ".".join(name if _BARE.fullmatch(name) else quoted(name) for name in path)


def quoted(text: str) -> str:
    """A basic string of TOML: quotes, backslashes and controls are escaped."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(c, f"\\u{ord(c):04x}" if c < " " or c == "\x7f" else c) for c in text) + '"'


class Lines:
    """Line numbers by path. A key inside an inline table has the line of the key that the table belongs to."""

    def __init__(self, text: str) -> None:
        self._tables: dict[tuple[str, ...], int] = {}
        self._keys: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        inside = False  # a string of several lines: no setting takes one, but what looks like a key in it is none
        for number, line in enumerate(text.split("\n"), 1):
            if not inside and (header := _TABLE.match(line)):
                table = _names(header[1])
                self._tables.setdefault(table, number)
            elif not inside and (key := _KEY.match(line)):
                self._keys.setdefault(table + _names(key[1]), number)
            inside ^= (line.count('"""') + line.count("'''")) % 2 == 1

    def of(self, path: tuple[str, ...]) -> int | None:
        """The line on which the setting is written; ``None`` where the text leaves it out."""
        while path:
            if path in self._keys:
                return self._keys[path]
            path = path[:-1]
        return None

    def around(self, path: tuple[str, ...]) -> int | None:
        """The line of the setting or, where it is missing, of the nearest table that it belongs to."""
        line = self.of(path)
        while path and line is None:
            line = self._tables.get(path)
            path = path[:-1]
        return line


def _names(text: str) -> tuple[str, ...]:
    tree: Any = tomllib.loads(f"{text} = 0")
    names: list[str] = []
    while tree != 0:
        names += tree
        tree = tree[names[-1]]
    return tuple(names)
