"""The clinic as a stranger runs it: a Django project, in processes of its own, for Django is set up once in each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from sqlalchemy import make_url

from servers import drop_database, fresh_database

CLINIC = Path(__file__).parents[2] / "examples" / "clinic_django"


def run(command: list[str], **environment: str) -> str:
    """What it printed; it ended well, and said nothing on the other channel."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CLINIC_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=CLINIC,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**mine, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100", **environment},
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def own_tests(**environment: str) -> str:
    """The project's own tests: the contract of its adapter, its wall clocks, its story, its pages."""
    return run(["-m", "pytest", "-c", "pytest.ini", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"], **environment)


def check_tests(told: str) -> None:
    """Everything that is declared was proven, and what the clinic has no place for is said."""
    (proven,) = re.findall(r"TestClinic: (\d+) proven, 0 FAILED, \d+ not declared, 0 not run", told)
    assert int(proven) >= 37
    assert re.search(r"^\d+ passed, \d+ skipped in ", told, re.MULTILINE), told


@pytest.mark.requirement("T1", "T4", "X3")
def test_the_story_is_told_from_the_first_walk_to_the_undo(tmp_path: Path) -> None:
    """Every act happens, twice over the same file, in lines that fit a terminal."""
    for _ in range(2):
        told = run(["run.py"], CLINIC_SQLITE=str(tmp_path / "clinic.db"), PYTHONWARNINGS="error")
        for act in (
            "6 people, two of them staff; 10 bookings",
            "021 555 0111\n    (no phone rings)",
            "✓ logged in as Aroha",
            "20:15 Lisbon",
            "✓ cancelled; rows afterwards   0",
            "is there, as “Aroha Ngata”",
            "one change, not two: 1",
            "P-00003, P-00004    Aroha Ngata / Aroha Ngāta-King    share mobile",
            "3 → 5 appointments",
            "undone: 3 again",
            "manage.py runserver",
        ):
            assert act in told, f"{act!r} is missing from:\n{told}"
        assert "\x1b" not in told
        too_wide = [line for line in told.splitlines() if len(unicodedata.normalize("NFC", line)) > 110]
        assert too_wide == [line for line in too_wide if str(tmp_path) in line]


def test_the_migrations_are_those_of_the_models(tmp_path: Path) -> None:
    """Nothing is left to make, and Django's own checks have nothing to say."""
    file = str(tmp_path / "clinic.db")
    assert "No changes detected" in run(["manage.py", "makemigrations", "--check", "--dry-run"], CLINIC_SQLITE=file)
    assert "no issues" in run(["manage.py", "check", "--fail-level", "WARNING"], CLINIC_SQLITE=file)


@pytest.mark.slow
def test_the_adapter_keeps_the_contract() -> None:
    """On SQLite: what is declared is proven, with the clinic's own tests of its clocks, its story and its pages."""
    check_tests(own_tests())


@pytest.mark.wide
@pytest.mark.slow
def test_the_adapter_keeps_the_contract_on_postgresql() -> None:
    """The same on a real PostgreSQL, where columns have a zone unless one says that they have none."""
    url = fresh_database()
    there = make_url(url)
    try:
        told = own_tests(
            CLINIC_POSTGRES=str(there.database),
            CLINIC_POSTGRES_HOST=str(there.host),
            CLINIC_POSTGRES_PORT=str(there.port),
            CLINIC_POSTGRES_USER=str(there.username),
            CLINIC_POSTGRES_PASSWORD=there.password or "",
        )
    finally:
        drop_database(url)
    check_tests(told)
