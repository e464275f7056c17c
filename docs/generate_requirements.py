"""Writes docs/reference/requirements.md: every row, and the tests that carry its id.

Run ``python docs/generate_requirements.py`` after adding a test or a row; ``--check`` only says whether it is needed.
The tests are read, not run: a row's tests are the functions marked ``@pytest.mark.requirement("T4")``.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "docs" / "requirements_rows.toml"
PAGE = ROOT / "docs" / "reference" / "requirements.md"

STATES = {"now": "built", "partly": "built, except", "later": "to come"}

INTRODUCTION = """\
# Requirements and their tests

<!-- Made by docs/generate_requirements.py from docs/requirements_rows.toml and the tests; edit those. -->

Five live products are the specification of this library: each is one value of the same policy (`presets.timely()`,
`presets.acuity()`, `presets.timetap()`, `presets.mytime()`, `presets.vcita()`). Each row below says one thing that they
do, and names the tests that prove it. Unless a row is about the policy alone, its tests run on every shipped store,
behind both portals. *Our reading* settles what a product's own pages leave open.
"""


class RowError(Exception):
    """The rows or the marks are not in order; the message says where."""


def read_rows(path: Path = ROWS) -> list[dict[str, Any]]:
    """The products with their rows, checked: every id once, every state known."""
    products: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["products"]
    seen: set[str] = set()
    for row in (row for product in products for row in product["rows"]):
        if row["id"] in seen:
            raise RowError(f"{path.name}: the row {row['id']} is there twice")
        seen.add(row["id"])
        if row["state"] not in STATES or (row["state"] == "partly") != ("later" in row):
            raise RowError(f"{path.name}: {row['id']} is now, later, or partly with what comes later")
    return products


def _ids(node: ast.AST, where: str) -> Iterator[str]:
    """The row ids of every ``….requirement("T1", "X2")`` below a node."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "requirement":
            for argument in call.args:
                if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
                    raise RowError(f"{where}: a requirement is named by its id, written out")
                yield argument.value


def _marked(body: Sequence[ast.stmt], inherited: frozenset[str], where: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Every test function of a module or class with the ids of its own marks and of those around it."""
    for statement in body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets
        ):
            inherited |= frozenset(_ids(statement.value, where))
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            own = inherited | {id for node in statement.decorator_list for id in _ids(node, where)}
            if isinstance(statement, ast.ClassDef):
                yield from _marked(statement.body, own, where)
            elif statement.name.startswith("test_"):
                yield statement.name, own


def collect_tests(folder: Path = ROOT / "tests") -> dict[str, list[tuple[str, str]]]:
    """Row id -> the tests that carry it, as (path below ``folder``, name), in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        where = path.relative_to(folder).as_posix()
        for name, ids in _marked(ast.parse(path.read_text(encoding="utf-8")).body, frozenset(), where):
            for id in ids:
                found.setdefault(id, []).append((where, name))
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _tests_cell(tests: Sequence[tuple[str, str]]) -> str:
    if not tests:
        return "–"
    by_file: dict[str, list[str]] = {}
    for where, name in tests:
        by_file.setdefault(where, []).append(f"`{name}`")
    return "<br>".join(f"**{where}**: {', '.join(names)}" for where, names in by_file.items())


def _state_cell(row: Mapping[str, str]) -> str:
    state = STATES[row["state"]]
    return f"{state} {row['later']}" if "later" in row else state


def make_page(products: Sequence[Mapping[str, Any]], tests: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The whole page."""
    known = {row["id"] for product in products for row in product["rows"]}
    for id, marked in tests.items():
        if id not in known:
            raise RowError(f"{marked[0][0]}: {marked[0][1]} is marked with {id!r}, which is no row")
    parts = [INTRODUCTION]
    for product in products:
        lines = [f"## {product['title']}", "", "| row | what it says | state | tests |", "| --- | --- | --- | --- |"]
        for row in product["rows"]:
            cells = (row["id"], _cell(row["text"]), _cell(_state_cell(row)), _tests_cell(tests.get(row["id"], ())))
            lines.append(f"| {' | '.join(cells)} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with ``--check`` say whether it would change."""
    page = make_page(read_rows(), collect_tests())
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is out of date: run python docs/generate_requirements.py")
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
