"""Messages and notices, crashed at every port call and interleaved: each is there once, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from steps.message_scenes import MESSAGE_PAIRS, MESSAGES
from steps.stages import Ground
from steps.test_crashes import tried
from steps.test_interleavings import every, some

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


@pytest.mark.slow
@pytest.mark.parametrize("name", MESSAGES)
def test_in_memory_every_crash_and_every_crash_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """What was written is filed and what was told is listed and mailed once; the retry ends where no crash would."""
    counted(name, "memory", tried(MESSAGES[name], grounds("memory"), twice=True, limit=400))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", MESSAGES)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """The same on both databases, every call once."""
    counted(name, database, tried(MESSAGES[name], grounds(database), twice=False))


@pytest.mark.slow
@pytest.mark.parametrize("name", MESSAGE_PAIRS)
def test_interleavings_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """Two messages under a budget of two, a notice and its reader, each and a merge: as if one had come after the
    other.
    """
    counted(name, "memory", every(grounds("memory"), MESSAGE_PAIRS[name], limit=300))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", MESSAGE_PAIRS)
def test_some_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample, with a seed."""
    counted(name, database, some(grounds(database), MESSAGE_PAIRS[name], 3))
