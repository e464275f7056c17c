"""Writes docs/reference/security_controls.md: every control, what would break it, and the tests that try just that.

Run ``python docs/generate_security_controls.py`` after adding a test or a control; ``--check`` only says whether it is
needed. The tests are read, not run: on which stores one runs is told by its fixtures.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTROLS = ROOT / "docs" / "security_controls.toml"
PAGE = ROOT / "docs" / "reference" / "security_controls.md"
TESTS = ROOT / "tests"

EVERY_STORE = "every store"

INTRODUCTION = """\
# Security controls and their tests

<!-- Made by docs/generate_security_controls.py from docs/security_controls.toml and the tests; edit those. -->

Each row says what would break a control, and names the tests that try it through the doors.
[Security](../explanation/security.md) says what the numbers are, and what is not promised. V is OWASP ASVS 5.0.
"""


class ControlError(Exception):
    """A control names a test that there is none of, or is not tried on every store; the message says which."""


def read_controls(path: Path = CONTROLS) -> list[dict[str, Any]]:
    """The controls, checked: every id once, every one with something that would break it."""
    controls: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["controls"]
    ids = [control["id"] for control in controls]
    if len(set(ids)) != len(ids):
        raise ControlError(f"{path.name}: an id is there twice")
    for control in controls:
        if not control["bites"] or not all(bite["tests"] for bite in control["bites"]):
            raise ControlError(f"{path.name}: {control['id']} has nothing that tries it")
    return controls


def _arguments(function: ast.FunctionDef) -> set[str]:
    return {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}


def read_tests(where: str, folder: Path = TESTS) -> dict[str, bool]:
    """The tests of one file, and whether each runs on every store: it is given ``world``, or a fixture that is."""
    path = folder / where
    if not path.exists():
        raise ControlError(f"there is no file tests/{where}")
    functions = [one for one in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(one, ast.FunctionDef)]
    everywhere = {"world", "variant"}
    # A fixture of this file that is given one of them is one of them.
    for one in functions:
        if any("fixture" in ast.unparse(mark) for mark in one.decorator_list) and _arguments(one) & everywhere:
            everywhere.add(one.name)
    return {one.name: bool(_arguments(one) & everywhere) for one in functions if one.name.startswith("test_")}


def find(named: str, folder: Path = TESTS) -> dict[str, bool]:
    """The tests that a bite names, and whether each runs on every store."""
    where, _, name = named.partition("::")
    tests = read_tests(where, folder)
    found = {
        test: everywhere
        for test, everywhere in tests.items()
        if test == name or (name.endswith("*") and test.startswith(name[:-1]))
    }
    if not found:
        raise ControlError(f"there is no test {named}")
    return found


def check(control: Mapping[str, Any], folder: Path = TESTS) -> None:
    """Every test that it names is there; at least one of them runs on every store, unless it says why none does."""
    everywhere = [runs for bite in control["bites"] for named in bite["tests"] for runs in find(named, folder).values()]
    if not any(everywhere) and "store" not in control:
        raise ControlError(f"{control['id']} is not tried on every store, and does not say why")


def _tests_cell(bite: Mapping[str, Any]) -> str:
    by_file: dict[str, list[str]] = {}
    for named in bite["tests"]:
        where, _, name = named.partition("::")
        by_file.setdefault(where, []).append("all of it" if name == "*" else f"`{name}`")
    return "<br>".join(f"**{where}**: {', '.join(names)}" for where, names in by_file.items())


def make_page(controls: Sequence[Mapping[str, Any]]) -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for control in controls:
        check(control)
        lines = [f"## {control['id']}", "", f"{control['text']} ({control['source']})", ""]
        if "store" in control:
            lines += [f"Not tried on every store: {control['store']}.", ""]
        lines += ["| what would break it | tests |", "| --- | --- |"]
        lines += [f"| {bite['what']} | {_tests_cell(bite)} |" for bite in control["bites"]]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with ``--check`` say whether it would change."""
    page = make_page(read_controls())
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is out of date: run python docs/generate_security_controls.py")
        return 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
