"""Examples that are projects of their own: run as a stranger runs them, in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

__all__ = ["check_story", "check_tests", "own_tests", "run"]

_OURS = ("PYTEST_", "CLINIC_", "BARBER_", "DJANGO_", "FLASK_", "CLIENTPORTAL_")


def run(folder: Path, command: list[str], **environment: str) -> str:
    """What it printed; it ended well, and said nothing on the other channel."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**others, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def own_tests(folder: Path, **environment: str) -> str:
    """What the project's own tests say, the contract of its adapter among them."""
    return run(folder, ["-m", "pytest", "-c", "pytest.ini", "-q", "-p", "no:cacheprovider"], **environment)


def check_tests(told: str, least: int) -> None:
    """Everything that is declared was proven, and so much at the least."""
    (proven,) = re.findall(r"HostContract \S+: (\d+) proven, 0 FAILED, \d+ not declared, 0 not run", told)
    assert int(proven) >= least
    assert re.search(r"^\d+ passed, \d+ skipped in ", told, re.MULTILINE), told


def check_story(told: str, *acts: str, folder: Path) -> None:
    """Every act happens, in lines that fit a terminal and carry no escape codes into a file."""
    for act in acts:
        assert act in told, f"{act!r} is missing from:\n{told}"
    assert "\x1b" not in told
    too_wide = [line for line in told.splitlines() if len(unicodedata.normalize("NFC", line)) > 110]
    assert too_wide == [line for line in too_wide if str(folder) in line]
