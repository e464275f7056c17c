"""Reading a file of clients, row by row (TT10).

Every row is whole or has a problem, and one bad row says nothing about the next. What makes the whole file unreadable
(its header, its encoding) is :class:`~clientportal.errors.InvalidFile`. In memory are one block of text and one row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from clientportal.client_files.columns import MAX_COLUMNS, FileLayout, read_header
from clientportal.client_files.decoding import Source, blocks_of
from clientportal.client_files.formulas import as_written
from clientportal.client_files.parsing import Record, cells_of, pieces_of, records_of
from clientportal.errors import InvalidFile, InvalidInput
from clientportal.values.field_checks import quoted

__all__ = ["DELIMITERS", "ClientFile", "FileRow", "open_client_file"]

DELIMITERS = (",", ";", "\t")
"""What may stand between cells. Spreadsheet programs write semicolons where the comma is the decimal sign."""

_MAX_HEADER = 256 * 1024  # 500 columns, with room for labels


@frozen
class FileRow:
    """One row of a file.

    * ``line``: where it begins, counted from 1 as editors do; cells may contain line ends.
    * ``values``: by field, exactly as written, apostrophes against formulas undone; empty where there is a problem.
    * ``problem``: why the row cannot be read, in one sentence without the text of its cells.
    """

    line: int
    values: Mapping[str, str] = field(repr=False)
    problem: str | None = None

    def text(self, column: str) -> str | None:
        """The value without white space around it; ``None`` where it is blank or the file has no such column."""
        return self.values.get(column, "").strip() or None

    @property
    def number(self) -> str | None:
        """The client's number, where the file has one."""
        return self.text("number")


@frozen
class ClientFile:
    """A file whose header has been read. ``rows`` can be read once."""

    layout: FileLayout
    delimiter: str
    rows: Iterator[FileRow] = field(repr=False, eq=False)


def open_client_file(
    source: Source,
    custom: Mapping[str, str] | None = None,
    *,
    mapping: Mapping[str, str | None] | None = None,
    ignore_unknown: bool = False,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> ClientFile:
    """Read the header of a file, and say what its columns mean; the rows are read as they are asked for.

    ``custom``, ``mapping`` and ``ignore_unknown`` are those of :func:`read_header`. Without ``encoding``, bytes are
    UTF-8, or what their byte-order mark says; without ``delimiter``, it is the one that the header has most of.
    """
    if delimiter is not None and delimiter not in DELIMITERS:
        raise InvalidInput(f"{quoted(delimiter)} is no delimiter of a file of clients; there are ',', ';' and a tab")
    pieces = pieces_of(blocks_of(source, encoding))
    text, line, next_line = _first_record(pieces)
    between = delimiter or _delimiter_of(text)
    header, problem = cells_of(text, between, MAX_COLUMNS + 1)
    if problem is not None:
        raise InvalidFile(f"line {line} does not name the columns: {problem}", line=line)
    layout = read_header(header, custom, mapping=mapping, ignore_unknown=ignore_unknown)
    return ClientFile(layout, between, _rows(records_of(pieces, between, layout.header, next_line), layout))


def _first_record(pieces: Iterator[str]) -> tuple[str, int, int]:
    """The text of the header, the line where it begins, and the line behind it."""
    parts: list[str] = []
    first, line, size, quotes = 1, 1, 0, 0
    for piece in pieces:
        ends = piece.endswith(("\n", "\r"))
        line += ends
        if not parts and piece.isspace():
            first = line
            continue
        parts.append(piece)
        size += len(piece)
        quotes += piece.count('"')
        if ends and quotes % 2 == 0:
            break
        if size > _MAX_HEADER:
            raise InvalidFile(
                f"line {first} is too long to name columns; is one of its quotes never closed?", line=first
            )
    if not parts:
        raise InvalidFile("the file is empty; its first line names the columns", line=1)
    return "".join(parts), first, line


def _delimiter_of(header: str) -> str:
    outside = re.sub(r'"[^"]*"?', "", header)
    return max(DELIMITERS, key=outside.count)


def _rows(records: Iterator[Record], layout: FileLayout) -> Iterator[FileRow]:
    wanted = [(index, column) for index, column in enumerate(layout.columns) if column is not None]
    for record in records:
        if record.problem is not None:
            yield FileRow(record.line, {}, record.problem)
            continue
        cells = record.cells
        yield FileRow(record.line, {column: as_written(cells[index]) for index, column in wanted})
