"""The studio, as a newcomer runs it: from a shell, twice, at a terminal and without one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

STUDIO = Path(__file__).parents[2] / "examples" / "studio"
MAYAS = "four mats by the river"


def run(file: Path, *more: str) -> str:
    """One run without a terminal; what it printed."""
    done = subprocess.run(
        [sys.executable, str(STUDIO / "run.py"), "--db", str(file), *more],
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


def words(told: str) -> str:
    """What was printed, with every run of space as one: a sentence is found wherever the line was broken."""
    return " ".join(told.split())


def ledger(told: str, day: str) -> list[tuple[str, str]]:
    """The last ledger of a day: (appointment, whose)."""
    _, _, rest = told.partition(f" {day}")
    part, _, _ = rest.partition("\n── ")
    lines = part[part.rindex("booked        account") :].splitlines()[1:]
    rows = [line.split() for line in lines[: next(n for n, line in enumerate(lines) if "appointments" in line)]]
    return [(row[0], row[3]) for row in rows]


@pytest.mark.requirement("A1", "A2", "A3", "A4", "A8", "A9", "A11", "A12", "A16", "TT3", "TT5", "TT6", "TT10", "X7")
def test_the_week_is_told_from_the_first_booking_to_the_erasure(tmp_path: Path) -> None:
    """Every act of the story happens, in a page that fits a terminal and carries no escape codes into a file."""
    began = time.perf_counter()
    told = run(tmp_path / "studio.db")
    assert time.perf_counter() - began < 30, "a busy machine has its time, but this is no longer a demo"
    for act in (
        "one box unticked Please agree to: privacy (2026-03).",
        "she sees nothing books logged in m2 books logged out m2",
        "before the proof m2 after it m1, m2",
        "added as no. 1; alike: m1, m2, m3; joined",
        "June invites him Switched off by the policy: registration.staff_may_register = False",
        "assign all of Theo's This client's appointments are assigned to more than one account",
        "assign all of Maya's 3 were, 1 more is now",
        "none at all Email and password do not match.",
        "an unknown email Email and password do not match.",
        "June resets it Switched off by the policy: registration.staff_reset = never",
        "the new one he is in, and sees t2, t3, t4",
        "June cancels t4 A view through a client's eyes can touch nothing.",
        "Theo is told Our staff has looked at your client portal",
        "as Acuity, Maya sees m1, m2, m3, m4, t1 as TimeTap m1, m2, m3, m4",
        "line 2 added line 3 refused (unreadable) the column 'Mobile'",
        "June resets Maya's 3 sessions ended",
        "5,Ines,Park,ines.park@example.com,'+1 212 555 0171,,,,,,,,,'=2+3",
        "no. 1 is erased",
        "undo the merge What was deleted or erased cannot be brought back; erased: client:",
        "log in Email and password do not match.",
        "as nobody's Theo still logs in, and sees t1, t2, t3, t4",
    ):
        assert act in words(told), f"{act!r} is missing from:\n{told}"
    assert "\x1b" not in told
    assert [line for line in told.splitlines() if len(line) > 104] == []


@pytest.mark.slow
@pytest.mark.requirement("A8", "A9", "A10", "A11", "A12", "A13")
def test_the_ledger_of_each_day(tmp_path: Path) -> None:
    """Whose each appointment is when the studio closes."""
    told = run(tmp_path / "studio.db")
    monday = [("m1", "nobody"), ("m2", "Maya"), ("m3", "nobody")]
    tuesday = [("m1", "Maya"), ("m2", "Maya"), ("m3", "nobody"), ("m4", "Maya")]
    wednesday = [*tuesday, ("t1", "Maya"), ("t2", "Maya"), ("t3", "Theo")]
    hers, his = [(f"m{n}", "Maya") for n in range(1, 5)], [(f"t{n}", "Theo") for n in range(2, 5)]
    days = {"Monday": monday, "Tuesday": tuesday, "Wednesday": wednesday, "Thursday": [*hers, ("t1", "Maya"), *his]}
    assert {day: ledger(told, day) for day in days} == days


@pytest.mark.slow
def test_running_it_again_goes_on_with_the_same_file(tmp_path: Path) -> None:
    """The next runs are the Mondays after: last week's Theo logs in, the file of students adds nobody twice."""
    file = tmp_path / "studio.db"
    run(file)
    for number in (2, 3):
        again = words(run(file))
        assert "This file has seen a run before" in again
        assert "he logs in and sees t1, t2, t3, t4" in again
        assert f"theo.ortiz.{number}@example.com" in again
        assert "line 2 matched (same_contact) line 3 refused (unreadable)" in again
        assert "is erased, and nobody else's for ever" in again
    assert "This file has seen a run before" not in run(file, "--fresh")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("typed", "ends", "reads"),
    [
        (["mats", "riversideyoga1234", MAYAS, "oops, another one", MAYAS], 0, "and next week follows"),
        (["mats", "mats", "mats"], 1, "That was three times"),
        ([MAYAS, "a", "b", "c"], 1, "That was three times"),
    ],
    ids=["slips", "gives up choosing", "gives up logging in"],
)
def test_at_a_terminal_a_person_chooses_the_password(tmp_path: Path, typed: list[str], ends: int, reads: str) -> None:
    """One that is too short or too easy is explained, and so is a wrong one; three tries each; NO_COLOR is kept."""
    screen, code = at_a_terminal(tmp_path / "studio.db", typed)
    assert code == ends, screen
    assert reads in screen
    assert ("Please choose a longer password" in screen) is (typed[0] == "mats")
    assert ("easy to guess" in screen) is (len(typed) == 5)
    assert "\x1b" not in screen


def at_a_terminal(file: Path, typed: list[str]) -> tuple[str, int]:
    """Run it on a pseudo-terminal and type the next of ``typed`` whenever a password is asked for."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(STUDIO / "run.py"), "--db", str(file)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8", "TERM": "xterm"},
    )
    os.close(slave)
    seen, answers, asked = b"", iter(typed), 0
    while True:
        try:
            read = os.read(master, 4096)
        except OSError:  # the other end has closed
            break
        if not read:
            break
        seen += read
        screen = seen.decode("utf-8", "replace")
        if screen.count("password for Maya: ") + screen.count("Maya's password: ") > asked:
            asked += 1
            os.write(master, f"{next(answers)}\n".encode())
    os.close(master)
    return seen.decode("utf-8", "replace"), process.wait(timeout=60)
