"""What the tests of steps counted, shown at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from steps.stages import Ground, ground

_COUNTED = "steps"


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ground]]:
    """Places to make worlds on, by name; each is opened once per file of tests."""
    open_: dict[str, tuple[Any, Ground]] = {}

    def get(name: str) -> Ground:
        if name not in open_:
            folder: Path = tmp_path_factory.mktemp(name)
            manager = ground(name, folder)
            open_[name] = (manager, manager.__enter__())
        return open_[name][1]

    yield get
    for manager, _ in open_.values():
        manager.__exit__(None, None, None)


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Callable[[str, str, object], None]:
    """Note what was tried: ``counted("verify_code", "memory", report)``."""

    def note(what: str, where: str, report: object) -> None:
        record_property(_COUNTED, (what, where, str(report)))

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each thing counted; with several workers too, since properties travel with the reports."""
    found = [
        value
        for report in terminalreporter.stats.get("passed", ())
        for name, value in report.user_properties
        if name == _COUNTED
    ]
    if found and terminalreporter.verbosity < 1:
        terminalreporter.line(f"{len(found)} counts of crash points, interleavings and costs; -v shows them")
    elif found:
        terminalreporter.section("crash points, interleavings and costs")
        for what, where, text in sorted(map(tuple, found)):
            terminalreporter.line(f"{what:<34} {where:<10} {text}")
