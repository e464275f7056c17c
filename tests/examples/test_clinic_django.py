"""The clinic, as a stranger runs it: a Django project whose tables were never made for a portal."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from examples.projects import check_story, check_tests, own_tests, run
from servers import drop_database, fresh_database

CLINIC = Path(__file__).parents[2] / "examples" / "clinic_django"


@pytest.mark.requirement("T1", "T4", "X3")
def test_the_story_is_told_from_the_first_walk_to_the_undo(tmp_path: Path) -> None:
    """Every act of it, on a new file, without a warning; afterwards nothing is left to migrate."""
    file = str(tmp_path / "clinic.db")
    check_story(
        run(CLINIC, ["run.py"], CLINIC_SQLITE=file, PYTHONWARNINGS="error"),
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
        folder=tmp_path,
    )
    # Django's own checks run before it, and those of the portal's app: a warning would stand on the other channel.
    made = run(CLINIC, ["manage.py", "makemigrations", "--check", "--dry-run"], CLINIC_SQLITE=file)
    assert "No changes detected" in made


@pytest.mark.slow
def test_the_adapter_keeps_the_contract() -> None:
    """On SQLite: what is declared is proven, with the clinic's own tests of its clocks, its story and its pages."""
    check_tests(own_tests(CLINIC), 37)


@pytest.mark.wide
@pytest.mark.slow
def test_the_adapter_keeps_the_contract_on_postgresql() -> None:
    """The same on a real PostgreSQL, where columns have a zone unless one says that they have none."""
    url = fresh_database()
    there = make_url(url)
    settings = {"": there.database, "_HOST": there.host, "_PORT": there.port, "_USER": there.username}
    settings["_PASSWORD"] = there.password or ""
    try:
        told = own_tests(CLINIC, **{f"CLINIC_POSTGRES{name}": str(value) for name, value in settings.items()})
    finally:
        drop_database(url)
    check_tests(told, 37)
