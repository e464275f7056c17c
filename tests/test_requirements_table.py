"""The table of rows and tests in the documentation: complete, true, and up to date."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"

EVERY_ROW = {
    *(f"T{n}" for n in range(1, 12)),
    *(f"A{n}" for n in range(1, 17)),
    *(f"TT{n}" for n in range(1, 12)),
    *(f"M{n}" for n in range(1, 12)),
    *(f"V{n}" for n in range(1, 14)),
    *(f"X{n}" for n in range(1, 10)),
}
BUILT = {
    *("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11"),
    *("V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9", "V10", "V11", "V12", "V13"),
    *(f"A{n}" for n in range(1, 17)),
    *(f"M{n}" for n in range(1, 12)),
    *(f"TT{n}" for n in range(1, 12)),
    *(f"X{n}" for n in range(1, 10)),
}


@cache
def _tests_by_row() -> Mapping[str, list[tuple[str, str]]]:
    return _generator().collect_tests()


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The script that writes the table."""
    return _generator()


@cache
def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_requirements", DOCS / "generate_requirements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_row_is_in_the_table_and_says_whether_it_is_built(generator: ModuleType) -> None:
    """Seventy-one rows, each in words of its own, none twice; what is built is what this stage is for."""
    rows = [row for product in generator.read_rows() for row in product["rows"]]
    assert {row["id"] for row in rows} == EVERY_ROW
    assert {row["id"] for row in rows if row["state"] != "later"} == BUILT
    assert len({row["text"] for row in rows}) == len(rows)
    assert all(row["text"].endswith(".") for row in rows)


@pytest.mark.parametrize("row", sorted(BUILT))
def test_every_row_that_is_built_is_proved_by_a_test(row: str) -> None:
    """At least one test carries its id, in a file of the requirements."""
    tests = _tests_by_row().get(row, [])
    assert [where for where, _ in tests if where.startswith("requirements/")]


def test_the_page_is_up_to_date(generator: ModuleType) -> None:
    """If this fails: run python docs/generate_requirements.py."""
    page = generator.make_page(generator.read_rows(), _tests_by_row())
    assert generator.PAGE.read_text(encoding="utf-8") == page, "run python docs/generate_requirements.py"


def test_a_mark_that_names_no_row_is_an_error(generator: ModuleType, tmp_path: Path) -> None:
    """A slip of the pen in a mark is found, wherever the mark stands."""
    (tmp_path / "test_slip.py").write_text(
        'import pytest\npytestmark = pytest.mark.requirement("T1")\n'
        '@pytest.mark.requirement("T99")\nclass TestIt:\n    def test_one(self): ...\n',
        encoding="utf-8",
    )
    tests = generator.collect_tests(tmp_path)
    assert tests == {"T1": [("test_slip.py", "test_one")], "T99": [("test_slip.py", "test_one")]}
    with pytest.raises(generator.RowError, match="T99"):
        generator.make_page(generator.read_rows(), tests)


def test_a_mark_names_its_rows_written_out(generator: ModuleType, tmp_path: Path) -> None:
    """An id that is computed cannot be read by the table, and is refused."""
    (tmp_path / "test_computed.py").write_text(
        'import pytest\nROW = "T1"\n@pytest.mark.requirement(ROW)\ndef test_one(): ...\n', encoding="utf-8"
    )
    with pytest.raises(generator.RowError, match="written out"):
        generator.collect_tests(tmp_path)
