"""What a command prints: lines for people, JSON for programs; progress beside it, on the other stream."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from typing import Any, cast

import attrs
import click

__all__ = ["Show", "plain"]

_EVERY = 1000
"""Where nobody looks at a terminal: how many records between two lines."""


def plain(value: object) -> Any:
    """A value as JSON has it."""
    kind = cast("Any", type(value))
    if attrs.has(kind):
        return {one.name: plain(getattr(value, one.name)) for one in attrs.fields(kind) if one.repr is not False}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in cast("Mapping[object, object]", value).items()}
    if isinstance(value, Collection) and not isinstance(value, str):
        return [plain(one) for one in cast("Collection[object]", value)]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _visible(line: str) -> str:
    """The line with everything that is no letter of it written as JSON does, ``\\u001b``.

    The attack: a client is called by what a terminal obeys, or by a line that looks like one of the audit's, and staff
    list the duplicates.
    """
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line)


class Show:
    """Prints in one of the two ways."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def told(self, *lines: str, **facts: Any) -> None:
        """One result: a line or several, or an object."""
        said = [json.dumps(plain(facts), ensure_ascii=False)] if self.as_json else lines
        click.echo("\n".join(map(_visible, said)))

    def note(self, line: str) -> None:
        """Something that is no result: for the other stream, so that what is piped on stays clean."""
        click.echo(_visible(line), err=True)

    @contextmanager
    def progress(self, label: str, total: int | None = None) -> Generator[Progress]:
        """While something long runs: a bar or a count on a terminal, now and then a plain line elsewhere."""
        if self.as_json:
            yield Progress(None)
        elif not sys.stderr.isatty():
            yield _Lines(label)
        elif total:
            with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
                yield _Bar(bar)
        else:
            count = _Count(label)
            yield count
            count.end()


class Progress:
    """Is told how far something has come."""

    def __init__(self, label: str | None) -> None:
        self._label = label

    def reached(self, done: int) -> None:
        """So many are done."""


class _Lines(Progress):
    _said = 0

    def reached(self, done: int) -> None:
        if done >= self._said + _EVERY:
            self._said = done
            click.echo(f"{self._label}: {done:,}", err=True)


class _Count(Progress):
    _said = False

    def reached(self, done: int) -> None:
        self._said = True
        click.echo(f"\r{self._label}: {done:,} ", nl=False, err=True)

    def end(self) -> None:
        if self._said:
            click.echo("", err=True)


class _Bar(Progress):
    def __init__(self, bar: Any) -> None:
        super().__init__(None)
        self._bar = bar
        self._done = 0

    def reached(self, done: int) -> None:
        self._bar.update(done - self._done)
        self._done = done
