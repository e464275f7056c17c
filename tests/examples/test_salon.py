"""The salon, as a newcomer runs it: from a shell, twice, at a terminal and without one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest

SALON = Path(__file__).parents[2] / "examples" / "salon"


def run(file: Path, *more: str) -> str:
    """One run without a terminal; what it printed."""
    done = subprocess.run(
        [sys.executable, str(SALON / "run.py"), "--db", str(file), *more],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.requirement("T1", "T4", "T5", "T6", "T8", "X1", "X3", "X4", "X8")
def test_the_story_is_told_from_the_first_walk_to_the_undo(tmp_path: Path) -> None:
    """Every act of the story happens, in a page that fits a terminal and carries no escape codes into a file."""
    began = time.perf_counter()
    told = run(tmp_path / "salon.db")
    assert time.perf_counter() - began < 30, "a busy machine has its time, but this is no longer a demo"
    for act in (
        "300 clients, 500 appointments",
        "300 records read",
        "6; each can be mended by staff",
        "SMS to +64215550142",
        "✓ logged in to record C-0002",
        "✓ moved to",
        "It is too late to change this online",
        "changes.cancel = 24 hours",
        "yes, an empty one",
        "0 upcoming, 0 past",
        "C-0001, C-0002",
        "✓ C-0005 and C-0006 are not the same",
        "conflict",
        "3 → 7 appointments",
        "7 → 3 appointments",
    ):
        assert act in told, f"{act!r} is missing from:\n{told}"
    assert "\x1b" not in told
    too_wide = [line for line in told.splitlines() if len(unicodedata.normalize("NFC", line)) > 100]
    assert too_wide == [line for line in too_wide if str(tmp_path) in line]


def test_the_excerpt_in_the_readme_is_what_a_run_prints(tmp_path: Path) -> None:
    """Each of its paragraphs stands in a run, whole and in that order; only the digits of moments may differ."""
    readme = (SALON.parents[1] / "README.md").read_text(encoding="utf-8")
    (excerpt,) = re.findall(r"^```text\n(.*?)^```", readme, flags=re.DOTALL | re.MULTILINE)
    told = paragraphs(run(tmp_path / "salon.db"))
    for paragraph in paragraphs(excerpt):
        assert paragraph in told, f"{paragraph}\n\nis not, in this place, among:\n\n" + "\n\n".join(told)
        del told[: told.index(paragraph) + 1]


def paragraphs(text: str) -> list[str]:
    """What empty lines set apart. A moment keeps its form and loses its digits, and whether it is summer."""
    for moment in (
        r"\d{4}-\d\d-\d\d \d\d:\d\d NZ[DS]T",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?",
    ):
        text = re.sub(moment, lambda found: re.sub(r"\d", "0", found[0].replace("NZST", "NZDT")), text)
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return [paragraph.strip("\n") for paragraph in re.split(r"\n{2,}", lines) if paragraph.strip()]


@pytest.mark.parametrize(
    ("stale", "today"),
    [
        ("the last moment was 2026-11-21T19:30:00+00:00.", "the last moment was 2026-11-22 08:30 NZDT."),
        ("  mobile  021 555 0142   conflict", "  mobile  021 555 0142"),
        ("  phone   09 555 0142", "  phone   09 555 0142\n  mobile  021 555 0142"),
    ],
)
def test_a_stale_excerpt_is_noticed(stale: str, today: str) -> None:
    """Another way to write a moment, a mark that is gone and a line that has come are all differences."""
    assert paragraphs(stale) != paragraphs(today)
    assert paragraphs("at 2026-07-01 08:30 NZST") == paragraphs("at 2026-11-22 09:45 NZDT")


@pytest.mark.slow
def test_running_it_again_goes_on_with_the_same_file(tmp_path: Path) -> None:
    """The second and third run find the file, remember what staff said, and tell the whole story again."""
    file = tmp_path / "salon.db"
    run(file)
    for _ in range(2):
        again = run(file)
        assert "This file has seen a run before" in again
        assert again.count("(known)") == 2
        assert "yes, an empty one" in again
        assert "7 → 3 appointments" in again
    assert "This file has seen a run before" not in run(file, "--fresh")


def test_the_csv_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    """The shipped files follow from the script next to them, byte for byte."""
    copy = tmp_path / "make_data.py"
    copy.write_bytes((SALON / "make_data.py").read_bytes())
    subprocess.run([sys.executable, str(copy)], check=True, timeout=60)
    for name in ("clients.csv", "appointments.csv", "services.csv"):
        assert (tmp_path / name).read_bytes() == (SALON / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("typed", "ends"),
    [
        (["12", "000000", "right", "right", "n"], 0),
        (["1", "22", "333333"], 1),
    ],
)
def test_at_a_terminal_a_person_types_the_code(tmp_path: Path, typed: list[str], ends: int) -> None:
    """A slip of the finger is explained and may be mended, three times; NO_COLOR is kept."""
    screen, code = at_a_terminal(tmp_path / "salon.db", typed)
    assert code == ends, screen
    assert "a code has 6 digits" in screen
    assert "not the right code" in screen
    assert ("✓ logged in" in screen) is (ends == 0)
    assert ("That was three times" in screen) is (ends == 1)
    assert "\x1b" not in screen


def at_a_terminal(file: Path, typed: list[str]) -> tuple[str, int]:
    """Run it on a pseudo-terminal and type, whenever it asks; ``right`` is the code on the phone."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(SALON / "run.py"), "--db", str(file)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8", "TERM": "xterm"},
    )
    os.close(slave)
    seen, answers = b"", iter(typed)
    asked = 0
    while True:
        try:
            read = os.read(master, 4096)
        except OSError:  # the other end has closed
            break
        if not read:
            break
        seen += read
        screen = seen.decode("utf-8", "replace")
        if screen.count("6 digits): ") + screen.count("[y/N] ") > asked:
            asked += 1
            answer = next(answers)
            code = re.findall(r"(\d{6}) is your code", screen)[-1]
            os.write(master, f"{code if answer == 'right' else answer}\n".encode())
    os.close(master)
    return seen.decode("utf-8", "replace"), process.wait(timeout=60)
