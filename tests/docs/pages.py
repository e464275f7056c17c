"""The pages of the documentation and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]

_FENCE = re.compile(r"^(?P<pad> *)(?P<marks>`{3,})(?P<word>[^`\n]*)$")


@frozen
class Block:
    """One fenced block: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


def name(page: Path) -> str:
    """A page as it is called in a report."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, from top to bottom."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        number += 1
        if opening is None:
            continue
        begins, pad = number, len(opening["pad"])
        while lines[number].strip() != opening["marks"]:
            number += 1
        text = "".join(f"{line[pad:]}\n" for line in lines[begins:number])
        number += 1
        yield Block(opening["word"].strip(), text, begins + 1)


_GOES_ON = re.compile(r"^Goes on from \[[^\]]+\]\((?P<page>[\w/.]+\.md)\), in the same folder", re.MULTILINE)


def goes_on_from(page: Path) -> list[Path]:
    """The pages whose blocks come before this one's, the first one first, where it says so."""
    said = _GOES_ON.search(page.read_text(encoding="utf-8"))
    if said is None:
        return []
    earlier = (page.parent / said["page"]).resolve()
    return [*goes_on_from(earlier), earlier]


_FILE = re.compile(r"# (?P<file>\w+\.py)\n")


def is_file(block: Block) -> bool:
    """Whether a block begins with the name of a file: it is that file's text then."""
    return _FILE.match(block.text) is not None


def write_file(block: Block, folder: Path) -> None:
    """Put such a block into its file."""
    named = _FILE.match(block.text)
    if named is not None:
        (folder / named["file"]).write_text(block.text, encoding="utf-8")
