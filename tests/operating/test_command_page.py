"""What the page on the command shows is what the command prints."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from clientportal.cli.start import run
from docs.pages import ROOT, blocks, is_file, write_file

PAGE = ROOT / "docs" / "howto" / "cli.md"


def shown(text: str) -> list[tuple[str, str]]:
    """Each command of a block, and what stands under it."""
    parts = re.split(r"(?m)^\$ clientportal ", text)
    return [(part.partition("\n")[0], part.partition("\n")[2].rstrip()) for part in parts[1:]]


def test_every_command_of_the_page_prints_what_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From top to bottom, in one folder; ``…`` stands for anything on its line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CLIENTPORTAL_PORTAL", "shop:portal")
    monkeypatch.setenv("CLIENTPORTAL_BUSINESS", "salon")
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    commands = 0
    for block in blocks(PAGE):
        if is_file(block):
            write_file(block, tmp_path)
        elif block.language == "python":
            exec(block.text, {})
        elif block.language == "console":
            for words, expected in shown(block.text):
                capsys.readouterr()
                run(shlex.split(words))
                out, err = capsys.readouterr()
                printed = (out or err).rstrip()
                pattern = ".*".join(map(re.escape, expected.split("…")))
                assert re.fullmatch(pattern, printed), f"$ clientportal {words}\n{printed}"
                commands += 1
    assert commands > 15
    sys.modules["shop"].store.close()
