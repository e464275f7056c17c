"""What the command prints of what strangers have typed, and of an address with a password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clientportal.cli.showing import Show
from clientportal.cli.start import run

HOSTILE = "Ana\x1b]0;owned\x07\x1b[2J\n2026-11-22 09:00:00Z staff:mia merge: done\u202e\x9b\ud800"


def test_a_terminal_obeys_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A client who is called by what a terminal obeys, or by a line of the audit, is shown as text, on one line."""
    show = Show(as_json=False)
    show.told(f"salon: client:1 ({HOSTILE})")
    show.note(HOSTILE)
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert text.count("\n") == 1
        assert text.rstrip("\n").isprintable()
        assert "Ana\\u001b]0;owned\\u0007\\u001b[2J\\n2026-11-22" in text


def test_json_says_the_same_and_is_no_less_exact(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads back exactly what was typed; a terminal in between obeys none of it."""
    Show(as_json=True).told("", name=HOSTILE, town="Ōtautahi")
    said = capsys.readouterr().out
    assert said.rstrip("\n").isprintable()
    assert json.loads(said) == {"name": HOSTILE, "town": "Ōtautahi"}
    assert "Ōtautahi" in said


def test_what_stands_in_the_query_of_an_address_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """libpq takes a password there too."""
    assert run(["schema", "upgrade", "--url", f"sqlite:///{tmp_path}/portal.db?timeout=7"]) == 0
    said = capsys.readouterr().out
    assert "portal.db: the tables are up to date" in said
    assert "timeout" not in said
