"""The pages on adapters are followed to the letter: their files in an empty folder, their commands, their reports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import ROOT, blocks, goes_on_from, is_file, name, write_file

HOWTO = ROOT / "docs" / "howto"
PAGES = [HOWTO / page for page in ("host_adapter.md", "host_adapter_changes.md", "host_adapter_more.md")]
MISTAKE = "salon = :salon AND "


def runs(page: Path, folder: Path) -> Iterator[tuple[list[str], str]]:
    """Write the page's files as its reader would; give each command with the report that the page shows for it."""
    command: list[str] = []
    for one in (*goes_on_from(page), page):
        for block in blocks(one):
            if block.language == "python":
                write_file(block, folder)
            elif one == page and block.language == "console":
                command = block.text.split()
            elif one == page and block.language == "text":
                yield command, block.text


def report_of(command: list[str], folder: Path) -> list[str]:
    """What that prints, without the settings of this very test run, and without a wait for the disk."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(ROOT / "tests")
    assert command[0] == "pytest"
    done = subprocess.run(
        [sys.executable, "-m", *command, "-p", "no:cacheprovider", "-p", "docs.hurried"],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=280, check=False,
    )  # fmt: skip
    return (done.stdout + done.stderr).splitlines()


def missing(shown: str, printed: list[str]) -> list[str]:
    """The lines of a page that the report does not have; ``…`` stands for anything on that line."""
    absent: list[str] = []
    for line in shown.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if not any(re.search(pattern, one) for one in printed):
            absent.append(line)
    return absent


@pytest.mark.slow
@pytest.mark.parametrize("page", [*PAGES, HOWTO / "host_adapter_elsewhere.md"], ids=name)
def test_what_is_tried_out_runs_as_a_script_next_to_the_files(page: Path, tmp_path: Path) -> None:
    """As the first page says: what is no file of its own goes into ``try_it.py``, which imports whatever it needs."""
    tried: list[str] = []
    for one in (*goes_on_from(page), page):
        for block in blocks(one):
            if block.language == "python" and is_file(block):
                write_file(block, tmp_path)
            elif block.language == "python":
                tried.append(block.text)
    (tmp_path / "try_it.py").write_text("\n".join(tried), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "try_it.py"],
        cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_contract_says_of_a_documented_adapter_what_its_page_shows(page: Path, tmp_path: Path) -> None:
    """Every run of the contract on the page gives that report; the run with the mistake that it tells finds it."""
    followed = 0
    for command, shown in runs(page, tmp_path):
        adapter = tmp_path / "adapter.py"
        right = adapter.read_text(encoding="utf-8")
        if "FAILED        " in shown:
            before, found, after = right.partition(f"SELECT * FROM bookings WHERE {MISTAKE}id = :id")
            assert found, "the statement that the page names"
            adapter.write_text(before + found.replace(MISTAKE, "") + after, encoding="utf-8")
        printed = report_of(command, tmp_path)
        adapter.write_text(right, encoding="utf-8")
        assert missing(shown, printed) == [], "\n".join(printed)
        followed += 1
    assert followed, "the page shows no run"
