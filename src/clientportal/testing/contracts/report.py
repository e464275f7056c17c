"""At the end of a run of contracts: each promise in words, and whether it was proven, failed, or never declared.

It comes by itself where contracts are run. Under pytest-xdist the tests run in other processes than the summary, so
there the plugin is named once: ``-p clientportal.testing.contracts.report`` on the command line, or
``pytest_plugins = ["clientportal.testing.contracts.report"]`` in the root ``conftest.py``.

It is no ``pytest11`` entry point on purpose: that would import this library into every test run of every project on the
machine that has it installed. ``-q`` gives one line for each adapter instead of one for each promise.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from attrs import define, field

__all__ = ["FACT", "PROMISE", "UNTRIED", "attach", "pytest_configure", "says_its_promise"]

PROMISE = "clientportal promise"
FACT = "clientportal fact"
UNTRIED = "clientportal untried"
_NAME = "clientportal contracts"
_UNDECLARED = "not declared: "


@define
class _Promise:
    """What became of one promise; a test with parameters is one promise about several things."""

    words: str
    proven: list[str] = field(factory=list[str])
    failed: list[str] = field(factory=list[str])
    left_out: dict[str, list[str]] = field(factory=dict[str, list[str]])
    facts: list[str] = field(factory=list[str])

    @property
    def state(self) -> str:
        """One word, or two."""
        if self.failed:
            return "FAILED"
        if self.proven:
            return "proven"
        return "not declared" if all(why.startswith(_UNDECLARED) for why in self.left_out) else "not run"

    def __str__(self) -> str:
        shown = self.failed or self.proven
        about = f": {', '.join(shown)}" if any(shown) else ""
        facts = f" ({', '.join(dict.fromkeys(self.facts))})" if self.facts else ""
        return f"{self.state:<13} {self.words}{about}{facts}{self._missing()}"

    def _missing(self) -> str:
        undeclared: list[str] = []
        others: list[str] = []
        for why, things in self.left_out.items():
            # A parameter is mostly the very name of what is not declared.
            named = [thing for thing in things if thing and not why.endswith(f": {thing}")]
            told = f"{why} ({', '.join(named)})" if named else why
            (undeclared if why.startswith(_UNDECLARED) else others).append(told.removeprefix(_UNDECLARED))
        if undeclared:
            others.insert(0, _UNDECLARED + ", ".join(undeclared))
        return f" [{'; '.join(others)}]" if others else ""


def says_its_promise(item: Any) -> None:
    """Note at a test what it proves: what the contract says of it, also where an adapter's own class overrides it."""
    adapter: Any = getattr(item, "cls", None)
    contract = getattr(adapter, "contract", "")
    if not contract or any(name == PROMISE for name, _ in item.user_properties):
        return
    test = item.originalname
    written: list[Any] = [vars(part)[test] for part in adapter.__mro__ if test in vars(part)]
    words = inspect.getdoc(written[-1]) or test.replace("_", " ")
    sentence = " ".join(words.partition("\n\n")[0].split()).rstrip(".")
    chosen = item.callspec.id if hasattr(item, "callspec") else ""
    item.user_properties.append((PROMISE, [contract, adapter.__name__, test, sentence, chosen]))
    if len(written) > 1:
        item.user_properties.append((FACT, "overridden"))


class _Report:
    """Collects what the tests of contracts report, and prints it."""

    def __init__(self) -> None:
        self._adapters: dict[tuple[str, str], dict[str, _Promise]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Before any test begins: one that is skipped by a mark, or by its ``ground``, never comes to say anything."""
        for item in items:
            says_its_promise(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test."""
        properties: list[tuple[str, Any]] = list(report.user_properties)
        made = next((value for name, value in properties if name == PROMISE), None)
        if made is None or (report.when != "call" and report.passed):
            return
        contract, adapter, test, words, chosen = made
        where = f"{report.nodeid.partition('::')[0]}::{adapter}"
        promise = self._adapters.setdefault((where, contract), {}).setdefault(test, _Promise(words))
        if report.failed or hasattr(report, "wasxfail"):
            promise.failed.append(chosen)  # that it was expected proves nothing
        elif report.skipped:
            promise.left_out.setdefault(_why(report), []).append(chosen)
        else:
            promise.proven.append(chosen)
            promise.facts += [value for name, value in properties if name == FACT]
            for untried in (value for name, value in properties if name == UNTRIED):
                promise.left_out.setdefault(_UNDECLARED + untried, [])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print all of it, or with ``-q`` a line for each adapter."""
        short = terminalreporter.verbosity < 0
        for (adapter, contract), promises in sorted(self._adapters.items()):
            if short:
                terminalreporter.write_line(f"{contract} {adapter}: {_counts(promises.values())}")
                continue
            terminalreporter.write_sep("-", f"what was proven of {adapter} ({contract})")
            for line in _lines(promises.values()):
                terminalreporter.write_line(line)


def _why(report: pytest.TestReport) -> str:
    reason: Any = report.longrepr
    text = str(reason[2] if report.skipped and not isinstance(reason, str) else reason)
    return text.removeprefix("Skipped: ")


def _counts(promises: Iterable[_Promise]) -> str:
    states = [one.state for one in promises]
    return ", ".join(f"{states.count(state)} {state}" for state in ("proven", "FAILED", "not declared", "not run"))


def _lines(promises: Iterable[_Promise]) -> Iterator[str]:
    listed = list(promises)
    for state in ("FAILED", "proven", "not declared", "not run"):
        yield from (str(one) for one in listed if one.state == state)
    yield _counts(listed)


def attach(config: pytest.Config) -> None:
    """Have what is proven in this process listed when it ends, unless that is arranged for already."""
    if not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(_Report(), _NAME)


def pytest_configure(config: pytest.Config) -> None:
    """Named as a plugin: listen from the start, in the process that prints."""
    attach(config)
