"""From blocks of text to records: RFC 4180, at any size, with one record in memory.

Python's ``csv`` bounds a cell by ``field_size_limit``, which is one number for the whole process and belongs to whoever
set it last; and it raises where we want to report one row and read on. Hence a reader of our own. What it takes:

* lines that end in CRLF, LF or CR, also mixed; a cell in quotes may contain any of them, kept as they are;
* a quote inside of a cell that does not begin with one is a character like others (``5" heel``);
* a cell that grows too long, or a quote that is never closed, spoils its own record. What follows is passed by until
  the quote closes, rather than read as new records: otherwise a long note could be written so that a line of it
  becomes a client of its own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from attrs import define, field, frozen

from clientportal.client_files.decoding import BLOCK
from clientportal.values.clients import MAX_NOTE

__all__ = ["MAX_CELL", "NO_TEXT", "Record", "cells_of", "pieces_of", "records_of"]

MAX_CELL = MAX_NOTE
"""No field of a client is longer than its notes."""

_KEPT = MAX_CELL + 1  # with the apostrophe that makes a cell inert
NO_TEXT = re.compile("[\x00\ud800-\udfff]")
"""What is text to Python and to no database: NUL, and halves of surrogate pairs."""


@frozen
class Record:
    """One record of a file. ``line`` is where it begins; with a ``problem`` it has no cells."""

    line: int
    cells: list[str] = field(repr=False)
    problem: str | None = None


def pieces_of(blocks: Iterable[str]) -> Iterator[str]:
    """The lines of a text with their ends; a line much longer than a block comes in several pieces."""
    rest = ""
    for block in blocks:
        text = rest + block
        half = "\r" if text.endswith("\r") else ""  # of a CRLF, perhaps: the next block tells
        rest = ""
        for piece in io.StringIO(text.removesuffix(half), newline=""):  # CRLF, CR and LF alone, unlike str.splitlines
            if piece.endswith(("\n", "\r")):
                yield piece
            else:
                rest = piece
        if len(rest) > BLOCK:
            yield rest
            rest = ""
        rest += half
    if rest:
        yield rest


class _At(Enum):
    """Where in a record the reading stands."""

    START = "the start of a cell"
    PLAIN = "inside of a cell without quotes"
    QUOTED = "inside of the quotes"
    CLOSED = "behind a quote that closes the cell, or is the first half of a doubled one"


@define
class _Open:
    """A record that is being read, piece by piece. What is too long is counted and not kept."""

    line: int
    delimiter: str
    names: Sequence[str]
    cells: list[str] = field(factory=list[str], init=False)
    count: int = field(default=0, init=False)
    last_line: int = field(default=0, init=False)
    problem: str | None = field(default=None, init=False)
    _at: _At = field(default=_At.START, init=False)
    _parts: list[str] = field(factory=list[str], init=False)
    _size: int = field(default=0, init=False)
    _quote_line: int = field(default=0, init=False)

    def take(self, piece: str, line: int) -> bool:
        """Read one piece, which stands in that line of the file; whether the record ends with it."""
        self.last_line = line
        at, end = 0, len(piece)
        while at < end:
            if self._at is _At.START:
                at = self._begin(piece, at)
            elif self._at is _At.PLAIN:
                at = self._take_plain(piece, at)
            elif self._at is _At.QUOTED:
                at = self._take_quoted(piece, at)
            else:
                at = self._take_closed(piece, at)
        return piece.endswith(("\n", "\r")) and self._at is not _At.QUOTED

    def finish(self) -> Record:
        """The record as it is now that its last line, or the file, has ended."""
        if self._at is _At.QUOTED:
            self._spoil(f"the quote that opens {self._cell()} in line {self._quote_line} is never closed")
        self._end_cell()
        problem = self.problem or _miscounted(self.count, self.names) or _unstorable(self.cells, self.names)
        if problem and self.last_line > self.line:
            problem += f"; lines {self.line} to {self.last_line} were taken as one row"
        return Record(self.line, [] if problem else self.cells, problem)

    def _begin(self, piece: str, at: int) -> int:
        if piece[at] != '"':
            self._at = _At.PLAIN
            return at
        self._at, self._quote_line = _At.QUOTED, self.last_line
        return at + 1

    def _take_plain(self, piece: str, at: int) -> int:
        end = piece.find(self.delimiter, at)
        if end < 0:
            self._add(piece[at:].rstrip("\r\n"))
            return len(piece)
        self._add(piece[at:end])
        self._end_cell()
        return end + 1

    def _take_quoted(self, piece: str, at: int) -> int:
        end = piece.find('"', at)
        if end < 0:
            self._add(piece[at:])
            return len(piece)
        self._add(piece[at:end])
        self._at = _At.CLOSED
        return end + 1

    def _take_closed(self, piece: str, at: int) -> int:
        follows = piece[at]
        if follows == '"':
            self._add(follows)
            self._at = _At.QUOTED
            return at + 1
        if follows == self.delimiter:
            self._end_cell()
            return at + 1
        if follows not in "\r\n":
            self._spoil(f"there is text behind the quote that closes {self._cell()}")
            self._at = _At.PLAIN
            return at
        return len(piece)

    def _add(self, text: str) -> None:
        self._size += len(text)
        if self._size > _KEPT:
            quoted = f" (is the quote in line {self._quote_line} closed?)" if self._at is _At.QUOTED else ""
            self._spoil(f"{self._cell()} has more than {MAX_CELL} characters{quoted}")
        elif text and self.problem is None:
            self._parts.append(text)

    def _end_cell(self) -> None:
        self.count += 1
        if self.count <= len(self.names) and self.problem is None:
            self.cells.append("".join(self._parts))
        self._parts.clear()
        self._size = 0
        self._at = _At.START

    def _cell(self) -> str:
        return _name_of(self.count, self.names)

    def _spoil(self, problem: str) -> None:
        if self.problem is None:
            self.problem = problem
            self.cells.clear()
            self._parts.clear()


def _name_of(index: int, names: Sequence[str]) -> str:
    name = names[index] if index < len(names) else ""
    return repr(name) if name else f"cell {index + 1}"


def _miscounted(count: int, names: Sequence[str]) -> str | None:
    if count == len(names):
        return None
    return f"this row has {count} cells, the first line of the file has {len(names)}"


def _unstorable(cells: Sequence[str], names: Sequence[str]) -> str | None:
    for index, cell in enumerate(cells):
        if NO_TEXT.search(cell):
            return f"{_name_of(index, names)} holds NUL or half a surrogate pair, which no database keeps"
    return None


def cells_of(text: str, delimiter: str, most: int) -> tuple[list[str], str | None]:
    """The cells of the first line of a file, at most that many, and what is wrong with it."""
    record = _Open(1, delimiter, ("",) * most)
    for piece in pieces_of([text]):
        record.take(piece, 1)
    record.finish()
    return record.cells, record.problem


def _at_once(piece: str, delimiter: str) -> list[str] | None:
    """The cells of a line that is a whole record, as nearly all lines of nearly all files are; a third of the time.

    A line without quotes is read by splitting it. One with quotes is short enough for ``csv``; whatever that finds
    wrong, by its own strict rules or by a limit that somebody has set, is left to the reader below to judge.
    """
    if '"' not in piece:
        return piece.rstrip("\r\n").split(delimiter)
    try:
        return next(csv.reader((piece,), delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _judged(line: int, cells: list[str], piece: str, names: Sequence[str]) -> Record:
    problem = _miscounted(len(cells), names)
    if problem is None and NO_TEXT.search(piece):
        problem = _unstorable(cells, names)
    return Record(line, [] if problem else cells, problem)


def records_of(pieces: Iterable[str], delimiter: str, names: Sequence[str], line: int) -> Iterator[Record]:
    """The records that follow a header with those names; the first piece stands in that line of the file."""
    current: _Open | None = None
    for piece in pieces:
        cells = _at_once(piece, delimiter) if current is None and len(piece) <= MAX_CELL else None
        if cells is not None:
            if len(cells) > 1 or not piece.isspace():
                yield _judged(line, cells, piece, names)
            line += 1
            continue
        current = current or _Open(line, delimiter, names)
        if current.take(piece, line):
            yield current.finish()
            current = None
        line += piece.endswith(("\n", "\r"))
    if current is not None:
        yield current.finish()
