"""Files that are broken, or made to break something: one row with its problem, and the reading goes on (TT10)."""

from __future__ import annotations

import contextlib
import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.client_files import FileRow, open_client_file, write_client_file
from clientportal.client_files.parsing import MAX_CELL
from clientportal.errors import InvalidFile, InvalidInput

pytestmark = pytest.mark.requirement("TT10")

GOOD = "C-2,Mere,Tipene\n"
HEADER = "number,first_name,last_name\n"


class Endless(io.RawIOBase):
    """A file of bytes that is made while it is read: nothing but the reader can hold it."""

    def __init__(self, *parts: tuple[bytes, int]) -> None:
        self._made = self._make(parts)
        self._rest = b""

    @staticmethod
    def _make(parts: tuple[tuple[bytes, int], ...]) -> Iterator[bytes]:
        for part, times in parts:
            for _ in range(times):
                yield part

    def read(self, size: int = -1, /) -> bytes:
        while len(self._rest) < size and (more := next(self._made, None)) is not None:
            self._rest += more
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def read(text: str) -> list[FileRow]:
    """The rows of a file with that text."""
    return list(open_client_file(io.BytesIO(text.encode())).rows)


def problem_of(text: str) -> tuple[int, str]:
    """The only problem of a file, and its line; the good row behind it is read."""
    bad, good = read(HEADER + text + GOOD)
    assert good.values == {"number": "C-2", "first_name": "Mere", "last_name": "Tipene"}
    assert bad.problem is not None
    assert bad.values == {}
    return bad.line, bad.problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("C-1,Aroha\n", "this row has 2 cells, the first line of the file has 3"),
        ("C-1,Aroha,Ngata,x\n", "this row has 4 cells, the first line of the file has 3"),
        ('"C-1",Aroha,Ngata,"x",y\n', "this row has 5 cells, the first line of the file has 3"),
        ("C-1,A\x00roha,Ngata\n", "'first_name' holds NUL or half a surrogate pair, which no database keeps"),
        ('C-1,"A\x00roha",Ngata\n', "'first_name' holds NUL or half a surrogate pair, which no database keeps"),
        ('C-1,"Aroha"x,Ngata\n', "there is text behind the quote that closes 'first_name'"),
        (f"C-1,{'x' * 10_002},Ngata\n", "'first_name' has more than 10000 characters"),
        (
            f'C-1,"{"x" * 10_002}",Ngata\n',
            "'first_name' has more than 10000 characters (is the quote in line 2 closed?)",
        ),
        (f"C-1,Aroha,Ngata{',' * 100_000}\n", "this row has 100003 cells, the first line of the file has 3"),
        (
            'C-1,Aroha,Ngata,"\n\n"x\n',
            "there is text behind the quote that closes cell 4; lines 2 to 4 were taken as one row",
        ),
    ],
)
def test_a_bad_row_is_reported_and_the_next_one_is_read(text: str, said: str) -> None:
    """Whole or not at all, with a reason that repeats nothing of the cells."""
    assert problem_of(text) == (2, said)


def test_a_quote_that_is_never_closed_takes_no_more_than_up_to_the_next_quote() -> None:
    """And nothing that it swallowed is read as a row in the wrong cells."""
    swallowed = 'C-1,"Aroha,Ngata\nC-3,Ana,Lee\n"C-4",Bo,Ray\n'
    line, said = problem_of(swallowed)
    assert (line, said) == (
        2,
        "there is text behind the quote that closes 'first_name'; lines 2 to 4 were taken as one row",
    )


def test_a_quote_that_is_open_at_the_end_of_the_file_is_named_with_its_line() -> None:
    """... and so are the lines that were lost in it."""
    good, bad = read(HEADER + GOOD + 'C-1,"Aroha,Ngata\n' + GOOD * 3)
    assert good.problem is None
    assert bad.problem == (
        "the quote that opens 'first_name' in line 3 is never closed; lines 3 to 6 were taken as one row"
    )


def test_the_lines_of_a_note_that_is_too_long_never_become_clients() -> None:
    """The attack: a client's note of many lines, one of which looks like a row of the file."""
    note = "x" * 9_999 + "\nC-9,Mallory,Evil\n" * 2_000
    bad, good = read(f'number,first_name,notes\nC-1,Aroha,"{note}"\n{GOOD}')
    assert bad.problem is not None
    assert "'notes' has more than 10000 characters" in bad.problem
    assert good.number == "C-2"


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_cell_of_ten_megabytes_is_one_problem_and_little_memory(quote: bytes) -> None:
    """Closed or never closed, in quotes or not."""
    for closing in {quote, b""}:
        file = Endless((HEADER.encode(), 1), (b"C-1," + quote, 1), (b"x" * 1_000, 10_000), (closing + b",N\n", 1))
        tracemalloc.start()
        try:
            (row,) = open_client_file(file).rows
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert row.problem is not None
        assert "'first_name'" in row.problem
        assert peak < 1_000_000


@pytest.mark.slow
def test_memory_stays_flat_over_two_hundred_thousand_rows() -> None:
    """Reading and writing hold a block and a row, not the file."""
    line = b'C-1,Aroha,"Ngata, of ""Grey Lynn"""\r\n'
    file = Endless((b"number,first_name,last_name\r\n", 1), (line, 100_000), (b"C-2,Mere,Tipene\r\n", 100_000))
    rows = written = 0
    tracemalloc.start()
    try:
        for text in write_client_file(row.values for row in open_client_file(file).rows):
            rows += 1
            written += len(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows == 200_001
    assert peak < 1_000_000
    assert written > 100 * peak / 10


def test_the_process_wide_limit_of_csv_is_neither_used_nor_changed() -> None:
    """It belongs to the platform."""
    before = csv.field_size_limit(10)
    try:
        rows = list(open_client_file(["number,notes", '1,"' + "x" * 500 + '"']).rows)
        assert [row.problem for row in rows] == [None]
        assert csv.field_size_limit() == 10
    finally:
        csv.field_size_limit(before)


def test_a_note_as_long_as_notes_may_be_is_read() -> None:
    """... also one that begins with a plus, and so is a character longer in the file."""
    note = "+" + "x" * (MAX_CELL - 1)
    (row,) = open_client_file(list(write_client_file([{"notes": note}]))).rows
    assert row.values["notes"] == note


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_row_may_be_long_where_each_of_its_cells_is_not(quote: str) -> None:
    """Longer than the block in which a file is read."""
    names = ["number", "notes", *(f"custom.{n}" for n in range(20))]
    cells = [str(n) * 4_000 for n in range(len(names))]
    text = ",".join(names) + "\n" + ",".join(f"{quote}{cell}{quote}" for cell in cells) + "\r\n" + "," * 21
    first, last = open_client_file(io.BytesIO(text.encode()), {str(n): str(n) for n in range(20)}).rows
    assert list(first.values.values()) == cells
    assert (last.line, last.problem) == (3, None)


def test_lines_may_end_in_any_of_the_three_ways_even_in_one_file() -> None:
    """Line numbers count as editors do; line ends inside of quotes stay as they are."""
    rows = read('number,notes\r1,a\r\n2,b\n3,"c\rd\r\ne\nf"\r\r\n4,\x0b\x85\u2028g\n\n5,h')
    assert [(row.line, row.values["number"], row.values["notes"]) for row in rows] == [
        (2, "1", "a"),
        (3, "2", "b"),
        (4, "3", "c\rd\r\ne\nf"),
        (9, "4", "\x0b\x85\u2028g"),
        (11, "5", "h"),
    ]


def test_blank_lines_are_passed_by_and_rows_of_empty_cells_are_rows() -> None:
    """Before the header, between rows, at the end; quotes or delimiters show that a cell is empty on purpose."""
    assert [row.line for row in read("\n \r\nnumber,notes\n\n1,a\n   \n,\n\n")] == [5, 7]
    assert [row.line for row in read('notes\n\n""\n \n"b"\n')] == [3, 5]
    assert [row.line for row in open_client_file(["number\tnotes", "\t", "  "]).rows] == [2]


def test_a_quote_inside_of_a_cell_is_a_character() -> None:
    """Only a cell that begins with a quote is in quotes."""
    (row,) = read('number,notes\n1,5" heel and "more"\n')
    assert row.values["notes"] == '5" heel and "more"'


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\r\n  \n"])
def test_an_empty_file_is_refused(text: str) -> None:
    """With what should have been there."""
    with pytest.raises(InvalidFile, match="the file is empty; its first line names the columns"):
        read(text)
    with pytest.raises(InvalidFile, match="the file is empty"):
        open_client_file([])


@pytest.mark.parametrize("header", ["number,notes", "number,notes\r\n", '"number","notes"\n\n', "\ufeffnumber,notes\r"])
def test_a_file_with_nothing_but_a_header_has_no_rows(header: str) -> None:
    """... which is no mistake."""
    assert read(header) == []


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("number,Number\n", "keep one of them"),
        (
            'number,"notes\n1,a\n',
            "line 1 does not name the columns: the quote that opens cell 2 in line 1 is never closed",
        ),
        ('number,"no"tes\n', "line 1 does not name the columns: there is text behind the quote"),
        ('\nnumber,"' + "x\n" * 200_000, "line 2 is too long to name columns"),
        ("x" * 300_000, "line 1 is too long to name columns"),
        (f"number,{'x' * 20_000}\n", "line 1 does not name the columns: cell 2 has more than 10000 characters"),
        ("number" + "," * 100_000, "more than 500 columns"),
        ("number,\x00\n", r"no column '\\x00'"),
    ],
)
def test_a_header_that_cannot_be_read_is_an_error_before_any_row(header: str, said: str) -> None:
    """One typed error, short whatever the header."""
    with pytest.raises(InvalidFile, match=said) as caught:
        open_client_file(io.StringIO(header, newline=""))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"number,notes\n1,a\n2,Zo\xeb\n", 3),
        (b"number,notes\r1,a\r2,\xed\xa0\x80\n", 3),
        (b'number,notes\r\n1,"a\r\nb"\r\n2,c\r\n3,\xff', 5),
        (b"\xef\xbb\xbfnumber,notes\n1,a\n2,\xf0\x9f", 3),
        (b"\xff\xfe" + "number,notes\n1,a\n2,b\n".encode("utf-16-le") + b"\x00\xd8\x0a\x00", 4),
        (b"\xff\xfe" + "number,notes\n1,a\n2".encode("utf-16-le") + b"\x00", 3),
    ],
)
def test_text_that_cannot_be_decoded_is_refused_at_its_line(data: bytes, line: int) -> None:
    """The rows before it are read; the row that it stands in is not."""
    read_before: list[FileRow] = []
    with pytest.raises(InvalidFile, match=f"line {line} is not utf-") as caught:
        read_before.extend(open_client_file(io.BytesIO(data)).rows)
    assert caught.value.line == line
    assert [row.number for row in read_before] == ["1", "2"][: len(read_before)]
    assert read_before


def test_the_line_of_a_mistake_is_right_far_into_a_file() -> None:
    """Over many blocks whose ends fall between CR and LF and inside of letters."""
    data = b"number,notes\r\n" + "1,Ngāta 👩🏽\r\n".encode() * 30_000 + b"2,\xff\r\n"
    with pytest.raises(InvalidFile) as caught:
        list(open_client_file(io.BytesIO(data)).rows)
    assert caught.value.line == 30_002


def test_a_text_file_that_its_opener_decodes_wrongly_is_refused_as_well() -> None:
    """At the first block and later."""
    for before in (0, 100_000):
        data = b"number,notes\n" + b"1,a\n" * before + b"2,\xff\n"
        with pytest.raises(InvalidFile, match="or one of those after it, is not utf-8"):
            list(open_client_file(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")).rows)


def test_other_encodings_have_to_be_named() -> None:
    """cp1252 is read where the caller says so; a byte-order mark knows better."""
    (row,) = open_client_file(io.BytesIO("first_name\nZoë\n".encode("cp1252")), encoding="cp1252").rows
    assert row.values["first_name"] == "Zoë"
    for encoding in ("utf-8-sig", "utf-16"):
        (row,) = open_client_file(io.BytesIO("first_name\nZoë\n".encode(encoding)), encoding="cp1252").rows
        assert row.values["first_name"] == "Zoë"
    (row,) = open_client_file(io.BytesIO("first_name\n山田\n".encode("shift_jis")), encoding="Shift_JIS").rows
    assert row.values["first_name"] == "山田"
    with pytest.raises(InvalidFile, match="line 2 is not cp1252"):
        list(open_client_file(io.BytesIO(b"first_name\nZo\x81\n"), encoding="cp1252").rows)


@pytest.mark.parametrize(
    "encoding", ["", "klingon", "unicode_escape", "base64", "punycode", "rot13", "utf-7", "a\x00b"]
)
def test_what_is_no_encoding_of_a_file_is_refused(encoding: str) -> None:
    """Python has codecs that are none."""
    with pytest.raises(InvalidInput, match="no encoding that a file of clients can have"):
        open_client_file(io.BytesIO(b"number\n"), encoding=encoding)


def test_utf_32_is_not_taken_for_utf_16() -> None:
    """Their marks begin alike."""
    with pytest.raises(InvalidFile, match="UTF-32"):
        open_client_file(io.BytesIO("number\n1\n".encode("utf-32")))


def test_half_a_surrogate_pair_in_text_is_a_problem_of_its_row() -> None:
    """Text files opened with ``surrogateescape`` hand such halves over."""
    bad, good = open_client_file(["number,notes", "1,\udcff", "2,b"]).rows
    assert bad.problem == "'notes' holds NUL or half a surrogate pair, which no database keeps"
    assert good.number == "2"


@pytest.mark.parametrize("source", ["clients.csv", b"number\n"])
def test_a_path_is_no_file(source: str | bytes) -> None:
    """It would be read letter by letter."""
    with pytest.raises(InvalidInput, match="not a path"):
        open_client_file(source)  # type: ignore[arg-type]


def test_lines_have_to_be_text() -> None:
    """Lines of bytes are a file that was opened another way."""
    with pytest.raises(InvalidInput, match="one of these is bytes"):
        open_client_file([b"number"])  # type: ignore[list-item]


def test_the_delimiter_is_that_of_the_header_outside_of_quotes() -> None:
    """Or what the caller says."""
    assert open_client_file(['number;"Shoe, coat, hat";email'], ignore_unknown=True).delimiter == ";"
    assert open_client_file(["number"]).delimiter == ","
    assert open_client_file(["number\tnotes"]).layout.fields == ("number", "notes")
    (row,) = open_client_file(["notes", "a;b"], delimiter=",").rows
    assert row.values == {"notes": "a;b"}


@given(st.binary(max_size=300) | st.text("\",;\t\r\n'=a\x00\ud800", max_size=300))
def test_no_file_whatever_ends_in_anything_else_than_rows_and_documented_errors(content: bytes | str) -> None:
    """Each row has either values for every column or a problem; lines only grow."""
    if isinstance(content, bytes):
        source = io.BytesIO(b"number,first_name,notes\n" + content)
        file = open_client_file(source)
    else:
        file = open_client_file(io.StringIO("number,first_name,notes\n" + content, newline=""))
    last = 1
    with contextlib.suppress(InvalidFile):
        for row in file.rows:
            assert (set(row.values) == {"number", "first_name", "notes"}) == (row.problem is None)
            assert row.line > last
            last = row.line


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8), min_size=3, max_size=3)
    )
)
def test_what_other_writers_write_is_read_as_other_readers_read_it(table: list[list[str]]) -> None:
    """Python's own csv agrees on every cell (but for an apostrophe before a formula, which is ours)."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["number", "first_name", "notes"], *([f"x{cell}" for cell in row] for row in table)])
    rows = open_client_file(io.StringIO(out.getvalue(), newline="")).rows
    assert [list(row.values.values()) for row in rows] == [[f"x{cell}" for cell in row] for row in table]


PIECES = ['"', '""', ",", ";", "a", "\n", "\r\n", "\r", " ", "'", "=", "é", "\x00"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_the_quick_way_and_the_thorough_way_read_the_same(content: str) -> None:
    """With the process-wide limit of csv at nothing, no cell in quotes goes the quick way."""
    quick = read("number,first_name\n" + content)
    before = csv.field_size_limit(0)
    try:
        thorough = read("number,first_name\n" + content)
    finally:
        csv.field_size_limit(before)
    assert quick == thorough
