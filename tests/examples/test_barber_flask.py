"""The barbers, as a stranger runs them: a small Flask application with tables of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.projects import check_story, check_tests, own_tests, run

BARBER = Path(__file__).parents[2] / "examples" / "barber_flask"


@pytest.mark.requirement("T1", "T5", "X3")
def test_the_story_is_told_from_the_first_page_to_the_undo(tmp_path: Path) -> None:
    """Every act of it, on a new file, without a warning."""
    check_story(
        run(BARBER, ["run.py", "--db", str(tmp_path / "barber.db")], PYTHONWARNINGS="error"),
        "six tables of the shop's",
        "GET /loyalty → /portal/sign-in",
        "/loyalty: “Jack, you have 1 of ten stamps”",
        "✓ moved",
        "Larry wants the same: taken",
        "his number opens booking:6",
        "1, 2: Jack O'Connor / John O'Connor",
        "3 → 4 visits",
        "✓ undone: 3",
        "run.py --serve",
        folder=tmp_path,
    )


@pytest.mark.slow
def test_the_adapter_keeps_the_contract() -> None:
    """What is declared is proven, with the shop's own tests: its pages over HTTP, its pump, its transactions."""
    check_tests(own_tests(BARBER), 52)
