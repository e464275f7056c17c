"""Every explanation that a rule gives is one that the reference names.

Staff read these words, and hosts search their audit by them: a fact that changes its name is a change of the library.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from clientportal.decisions import Because

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "explanations.md"
_MADE_UP = frozenset({"test", "x"})
"""Explanations that a test hands over, and no rule gives."""

_HEAD = """# What an explanation may say

Every decision carries its `Because`: the rule, the facts it looked at, and the policy settings that it read. Staff see
it wherever something is explained, and it stands in the audit. This page lists what the rules name; it is written by
the tests of the rules, which fail where a rule says something else:
`EXPLANATIONS=write pytest -n0 tests/rules` writes it anew.

| rule | facts | settings |
|---|---|---|
"""

_seen: dict[str, tuple[set[str], set[str]]] = {}


def _setting(name: str) -> str:
    # What a business calls its services and its staff is no setting.
    return re.sub(r"^(changes\.(?:services|staff))\..+\.(\w+)$", r"\1.*.\2", name)


def _line(rule: str) -> str:
    shown = (", ".join(f"`{name}`" for name in sorted(names)) or "–" for names in _seen[rule])
    return f"| `{rule}` | {' | '.join(shown)} |"


def _documented() -> dict[str, tuple[set[str], set[str]]]:
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return {
        rule: (set(re.findall("`(.+?)`", facts)), set(re.findall("`(.+?)`", settings)))
        for rule, facts, settings in rows
    }


_NAMED = _documented()


@pytest.fixture(autouse=True)
def _explanations(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at every explanation that is made while a test of the rules runs."""
    made: list[Because] = []
    plain = Because.__init__

    def watched(self: Because, *values: object, **named: object) -> None:
        plain(self, *values, **named)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(Because, "__init__", watched)
    yield
    unknown: set[str] = set()
    for because in made:
        if because.rule in _MADE_UP:
            continue
        facts, settings = {name for name, _ in because.facts}, {_setting(name) for name, _ in because.settings}
        for names, more in zip(_seen.setdefault(because.rule, (set(), set())), (facts, settings), strict=True):
            names |= more
        known = _NAMED.get(because.rule)
        strange = [because.rule] if known is None else [*(facts - known[0]), *(settings - known[1])]
        unknown.update(f"{because.rule}: {name}" for name in strange)
    if not os.environ.get("EXPLANATIONS"):
        assert not unknown, f"explanations that {PAGE.name} does not name: {sorted(unknown)}"


def pytest_sessionfinish() -> None:
    """Write the page, where that was asked for."""
    if os.environ.get("EXPLANATIONS") == "write":
        PAGE.write_text(_HEAD + "\n".join(_line(rule) for rule in sorted(_seen)) + "\n", encoding="utf-8")
