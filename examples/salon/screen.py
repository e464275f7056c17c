"""What the story is drawn with: colours where there is a terminal, plain text where there is none."""

from __future__ import annotations

import os
import sys
import textwrap
import unicodedata
from collections.abc import Sequence

WIDTH = 96


def _colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _ink(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if _colours() else text


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


def cyan(text: str) -> str:
    return _ink("36", text)


def cells(text: str) -> int:
    """How many columns a text takes: combining marks none, wide characters two."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def fit(text: str, width: int) -> str:
    """Cut or fill up to exactly that many columns."""
    while cells(text) > width:
        text = f"{text[:-2]}…"
    return text + " " * (width - cells(text))


def scene(number: int, title: str) -> None:
    """A heading, with air above it."""
    print()
    print(cyan(f"── {number} ── {bold(title)} {cyan('─' * (WIDTH - 9 - cells(title) - len(str(number))))}"))
    print()


def say(text: str = "", *, indent: int = 2) -> None:
    """Prose, wrapped."""
    pad = " " * indent
    print(textwrap.fill(text, WIDTH, initial_indent=pad, subsequent_indent=pad) if text else "")


def small(label: str, text: str) -> None:
    """A label and its text, wrapped under itself."""
    pad = " " * 20
    lines = textwrap.wrap(text, WIDTH - 20) or [""]
    print(f"  {dim(fit(label, 18))}{lines[0]}")
    for line in lines[1:]:
        print(pad + line)


def table(columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[str]], marks: Sequence[str] = ()) -> None:
    """Columns of fixed width; ``marks`` has one word a row that is shown in yellow behind it."""
    print("  " + dim("  ".join(fit(name, width) for name, width in columns).rstrip()))
    for number, row in enumerate(rows):
        line = "  ".join(fit(text, width) for text, (_, width) in zip(row, columns, strict=True))
        mark = marks[number] if marks else ""
        print("  " + (f"{line}  {yellow(mark)}" if mark else line.rstrip()))


def handset(to: str, text: str) -> None:
    """A text message, on a phone."""
    inside = 62
    lines = textwrap.wrap(text, inside - 4)
    print(f"        ╭{'─' * inside}╮")
    print(f"        │ {dim(fit(f'SMS to {to}', inside - 2))} │")
    for line in lines:
        print(f"        │   {bold(fit(line, inside - 4))} │")
    print(f"        ╰{'─' * inside}╯")


def progress(done: int, total: int, word: str) -> None:
    """A bar that stays on its line at a terminal, and is printed once, full, elsewhere."""
    finished = done >= total
    if not sys.stdout.isatty() and not finished:
        return
    full = 30 * min(done, total) // max(total, 1)
    end = "\n" if finished else ""
    start = "\r" if sys.stdout.isatty() else ""
    print(f"{start}  {green('█' * full)}{dim('░' * (30 - full))}  {done} {word}", end=end, flush=True)


def readable_anywhere() -> None:
    """A terminal that lacks a letter shows a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
