"""What the story is drawn with: colours where there is a terminal, plain text where there is none."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence

WIDTH = 96


def _ink(code: str, text: str) -> str:
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\x1b[{code}m{text}\x1b[0m" if coloured else text


def bold(text: str) -> str:
    return _ink("1", text)


def dim(text: str) -> str:
    return _ink("2", text)


def green(text: str) -> str:
    return _ink("32", text)


def red(text: str) -> str:
    return _ink("31", text)


def yellow(text: str) -> str:
    return _ink("33", text)


def scene(number: int, title: str) -> None:
    """A heading, with air above it."""
    line = "─" * (WIDTH - 9 - len(title) - len(str(number)))
    print(f"\n{_ink('36', f'── {number} ──')} {bold(title)} {_ink('36', line)}\n")


def say(text: str) -> None:
    """Prose, wrapped, with air below it."""
    print(textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  "))
    print()


def fact(label: str, text: str, ink: str = "") -> None:
    """A label and its text, wrapped under itself."""
    lines = textwrap.wrap(text, WIDTH - 24) or [""]
    for number, line in enumerate(lines):
        beside = f"{'' if number else label:<22}"
        print(f"  {dim(beside)}{_ink(ink, line) if ink else line}")


def refused(label: str, text: str) -> None:
    """What somebody reads who may not."""
    fact(label, text, "31")


def table(columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[str]]) -> None:
    """Columns of fixed width; a row whose last cell says "now" is shown in yellow."""
    print("  " + dim("  ".join(f"{name:<{width}}" for name, width in columns).rstrip()))
    for row in rows:
        cells = [f"{text:<{width}}"[:width] for text, (_, width) in zip(row, columns, strict=True)]
        line = "  ".join(cells).rstrip()
        print("  " + (yellow(line) if row[-1] == "now" else line))


def letter(to: str, subject: str, text: str) -> None:
    """A mail, as it lies in the mailbox."""
    inside = 76
    body = [part for line in text.splitlines() for part in textwrap.wrap(line, inside - 4) or [""]]
    print(f"      ╭{'─' * inside}╮")
    for line in (f"to {to}", subject):
        print(f"      │ {dim(f'{line[: inside - 2]:<{inside - 2}}')} │")
    for line in body:
        print(f"      │   {bold(f'{line:<{inside - 4}}')} │")
    print(f"      ╰{'─' * inside}╯")
    print()


def readable_anywhere() -> None:
    """A terminal that lacks a letter shows a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
