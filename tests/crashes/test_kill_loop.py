"""The kill loop, as the command that it is: a short run of each kind here, the long ones by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers import postgres_url

pytestmark = pytest.mark.slow

_TESTS = Path(__file__).parent.parent


def run(*arguments: str) -> str:
    """The loop."""
    return started("crashes.kill_loop", *arguments)


def started(module: str, *arguments: str) -> str:
    """In a process of its own: whoever forks has no other threads."""
    path = os.pathsep.join([str(_TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("times", "arguments"),
    [
        ("40", ("--store", "sqlite")),
        ("20", ("--store", "postgresql")),
        ("20", ("--store", "sqlite", "--host", "elsewhere")),
    ],
    ids=["sqlite", "postgresql", "elsewhere"],
)
def test_killed_at_random_instants_nothing_is_lost(times: str, arguments: tuple[str, ...]) -> None:
    """I1 to I8: what was acknowledged is there, what was not is there whole or not at all; asked again under its key it
    ends as without a crash; codes and links open once, messages arrive, money is taken once, ended sessions read
    nothing."""
    if "postgresql" in arguments:
        postgres_url()  # where there is none, this skips, or fails on CI
    said = run("--times", times, *arguments)
    assert ", seed " in said


def test_each_seeded_fault_is_found() -> None:
    """A store that commits in two, forgets a key or audits later, a door that answers too early, a pump that marks
    before it sends: none of them survives a few dozen kills."""
    found = run("--defects", "--times", "400", "--seed", "9").splitlines()
    assert [line.partition(": ")[2].partition(" after")[0] for line in found] == ["found"] * 6


def test_processes_die_at_the_worst_instants() -> None:
    """A pump between sending and marking, five times over, and with the code expired; a platform in another database
    between its answer and our commit, finished by the pump or by the client; one that ignores its keys is found."""
    said = started("crashes.dying")
    assert [line.partition(":")[0] for line in said.splitlines()][:3] == ["pump", "expired", "host"]
