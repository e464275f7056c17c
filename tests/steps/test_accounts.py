"""Registering, proving an email, resetting, inviting, changing the email, links to log in by: crashed at
every call of the ports, and interleaved with each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from steps.account_scenes import CASES, PAIRS
from steps.stages import Ground
from steps.test_crashes import tried
from steps.test_interleavings import every, some

# The inner loop keeps the crashes and interleavings of the first operations; the whole run has these as well.
pytestmark = pytest.mark.slow

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

RECOVERIES = 120
"""How many crashes of a recovery are tried each time, drawn anew: an operation that reads all that hangs on an account
makes fifty calls, so that there are twelve thousand. What is counted at the end of a run names the seed."""


@pytest.mark.parametrize("name", CASES)
def test_in_memory_every_crash_and_crashes_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """Nothing of it is there, or all of it; and the same call once more leaves what a whole run leaves (I1, I2, I8)."""
    counted(name, "memory", tried(CASES[name], grounds("memory"), twice=True, limit=RECOVERIES))


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_in_memory_more_crashes_of_its_recovery(name: str, grounds: Grounds, counted: Counted) -> None:
    """A larger sample."""
    counted(f"{name}, more", "memory", tried(CASES[name], grounds("memory"), twice=True, limit=3 * RECOVERIES))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", CASES)
def test_on_a_database_every_crash(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """In full on both databases: every call, once."""
    counted(name, database, tried(CASES[name], grounds(database), twice=False))


@pytest.mark.parametrize("name", PAIRS)
def test_interleavings_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """Whatever the order of their calls, it is as if one had come after the other: one account has the address."""
    counted(name, "memory", every(grounds("memory"), PAIRS[name], limit=25))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", PAIRS)
def test_interleavings_on_a_database(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """A sample of them on a database."""
    counted(name, database, some(grounds(database), PAIRS[name], 2))


@pytest.mark.long
@pytest.mark.parametrize("name", PAIRS)
def test_more_interleavings_in_memory(name: str, grounds: Grounds, counted: Counted) -> None:
    """A larger sample."""
    counted(f"{name}, more", "memory", every(grounds("memory"), PAIRS[name], limit=300))
