"""From whatever a caller hands in to blocks of text.

A file is UTF-8 unless its first bytes say UTF-16; anything else has to be named. Guessing between the one-byte
encodings would turn "Zoë" into "Zoл" without anybody noticing, so a file that is no UTF-8 is refused at its line
instead.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, cast

from clientportal.errors import InvalidFile, InvalidInput
from clientportal.values.field_checks import quoted

__all__ = ["BLOCK", "ReadsBytes", "ReadsText", "Source", "blocks_of"]

BLOCK = 32 * 1024
"""How much is read at a time: bytes of a binary file, characters of a text file."""

Read = TypeVar("Read", str, bytes, covariant=True)


class _Reads(Protocol[Read]):
    def read(self, size: int, /) -> Read: ...


ReadsText = _Reads[str]
"""A file opened for text, best with ``newline=""`` so that line ends inside of cells stay as they are."""

ReadsBytes = _Reads[bytes]
"""A file opened for bytes, such as an upload."""

Source = ReadsBytes | ReadsText | Iterable[str]
"""A file of bytes, a file of text, or the lines of a text (with or without their ends)."""

_UTF8 = "utf-8"
_MARKS = ((codecs.BOM_UTF8, _UTF8), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_READABLE = frozenset(
    {_UTF8, "utf-16-le", "utf-16-be", "mac-roman", "koi8-r", "koi8-u"}
    | {f"cp{page}" for page in (437, 850, 852, 866, 874, 932, 949, 950, *range(1250, 1259))}
    | {f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)}
    | {"shift_jis", "euc_jp", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "euc_kr"}
)


def _encoding(name: str | None) -> str:
    """The codec's own name. Python knows codecs that are no encodings of text files; these are not among ours."""
    if name is None:
        return _UTF8
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        found = ""
    found = {"utf-8-sig": _UTF8, "utf-16": "utf-16-le", "ascii": _UTF8}.get(found, found)
    if found not in _READABLE:
        raise InvalidInput(
            f"{quoted(name)} is no encoding that a file of clients can have; try utf-8, utf-16 or cp1252"
        )
    return found


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class _Lines:
    """Counts the lines of a text that comes in blocks, so that an error can say where it is."""

    def __init__(self) -> None:
        self.current = 1
        self._after_cr = False

    def pass_by(self, text: str) -> str:
        if text:
            self.current += _line_ends(text) - (self._after_cr and text.startswith("\n"))
            self._after_cr = text.endswith("\r")
        return text


def _decoded(file: ReadsBytes, first: bytes, named: str | None) -> Iterator[str]:
    encoding = _encoding(named)
    while len(first) < 4 and (more := file.read(BLOCK)):  # a pipe may hand over the mark byte by byte
        first += more
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InvalidFile("the file is in UTF-32, which nothing else reads; save it as UTF-8", line=1)
    for mark, marked in _MARKS:
        if first.startswith(mark):
            encoding, first = marked, first[len(mark) :]
            break
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = _Lines()
    block = first
    while True:
        try:
            yield lines.pass_by(decoder.decode(block, final=not block))
        except UnicodeDecodeError as error:
            # The rows before the mistake are as good as ever; only from here on nothing can be known.
            yield lines.pass_by(error.object[: error.start].decode(encoding))
            raise _undecodable(lines.current, named or encoding) from None
        if not block:
            return
        block = file.read(BLOCK)


def _undecodable(line: int, encoding: str, where: str = "line {}") -> InvalidFile:
    right = "save the file as UTF-8, or name the encoding that it has, such as cp1252"
    return InvalidFile(f"{where.format(line)} is not {encoding}; {right}", line=line)


_LATER = "line {}, or one of those after it,"  # a text file does not say how far it came before it failed


def _text_blocks(file: ReadsText, first: str) -> Iterator[str]:
    lines = _Lines()
    block = first
    while block:
        yield lines.pass_by(block)
        try:
            block = file.read(BLOCK)
        except UnicodeDecodeError as error:  # the caller's own decoding, somewhere in the block that follows
            raise _undecodable(lines.current, error.encoding, _LATER) from None


def _whole_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if not isinstance(line, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"the lines of a file of clients are text; one of these is {type(line).__name__}")
        yield line if line.endswith(("\n", "\r")) else line + "\n"


def _without_mark(blocks: Iterator[str]) -> Iterator[str]:
    yield next(blocks, "").removeprefix("\ufeff")
    yield from blocks


def blocks_of(source: Source, encoding: str | None = None) -> Iterator[str]:
    """The text of a source, block by block, without a byte-order mark.

    A line that cannot be decoded raises :class:`~clientportal.errors.InvalidFile` after everything before it was
    handed out. ``encoding`` is for files of bytes; text has been decoded already.
    """
    readable = hasattr(source, "read") or isinstance(cast("object", source), Iterable)
    if isinstance(source, (str, bytes)) or not readable:
        raise InvalidInput("a file of clients is an open file or an iterable of lines, not a path and not one text")
    read = getattr(source, "read", None)
    if read is None:
        return _without_mark(_whole_lines(cast("Iterable[str]", source)))
    try:
        first = read(BLOCK)
    except UnicodeDecodeError as error:
        raise _undecodable(1, error.encoding, _LATER) from None
    if isinstance(first, bytes):
        return _decoded(cast("ReadsBytes", source), first, encoding)
    return _without_mark(_text_blocks(cast("ReadsText", source), first))
