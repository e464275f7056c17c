"""Forms and documents, crashed at every port call and interleaved: a form is sent in once, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from steps.paper_scenes import PAPER_PAIRS, PAPERS
from steps.stages import Ground
from steps.test_crashes import tried
from steps.test_interleavings import every, some

pytestmark = pytest.mark.slow

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


@pytest.mark.parametrize("name", PAPERS)
def test_in_memory_every_crash_and_every_crash_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """All of it or nothing; the retry under the same key ends where no crash would."""
    counted(name, "memory", tried(PAPERS[name], grounds("memory"), twice=True, limit=400))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", PAPERS)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """The same on both databases, every call once."""
    counted(name, database, tried(PAPERS[name], grounds(database), twice=False))


@pytest.mark.parametrize("name", PAPER_PAIRS)
def test_interleavings_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """Two devices at once: as if one had come after the other."""
    counted(name, "memory", every(grounds("memory"), PAPER_PAIRS[name], limit=300))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", PAPER_PAIRS)
def test_some_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), PAPER_PAIRS[name], 3))
