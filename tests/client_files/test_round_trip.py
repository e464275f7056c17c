"""What is written is read, what is read is written, and no cell is a formula (TT6, TT10)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clientportal.client_files import (
    DELIMITERS,
    STANDARD_COLUMNS,
    FileWriter,
    open_client_file,
    record_from_row,
    values_of,
    write_client_file,
)
from clientportal.client_files.decoding import BLOCK
from clientportal.client_files.formulas import as_inert, as_written
from clientportal.errors import InvalidInput
from clientportal.values import Address, ClientRecord, RecordRef

pytestmark = pytest.mark.requirement("TT6", "TT10")

CUSTOM = {"shoe_size": "Shoe size", "=sum": "Sum"}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
HARD = (
    *("'", "''", '"', '""', "=1+1", "'=1", "''=1", "+64 21 555 0142", "-", "@ana", " =1", "  '+1", "' =1", "\t", "\r"),
    *("\n", "\r\n", "\n=1", "\u00a0=1", "\u200b=1", "\ufeff=1", ",", ";", "a,b;c\td", '5" heel', "\uff1d1", "'\uff0b1"),
    *("Ngāta", "👩🏽‍🦱", "שלום", "مرحبا +64", "\u202e=1", "\x85", "\u2028", "\x0b", "\x1c", " ", "  a  "),
)
text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
cells = st.one_of(
    text, st.sampled_from(HARD), st.lists(st.sampled_from([*FORMULA, "'", '"', " ", "a", "\n"])).map("".join)
)
rows = st.lists(
    st.fixed_dictionaries(dict.fromkeys((*STANDARD_COLUMNS, *(f"custom.{name}" for name in CUSTOM)), cells))
)
delimiters = st.sampled_from(DELIMITERS)


@pytest.mark.slow
@given(rows, delimiters, st.booleans(), st.sampled_from(["bytes", "text", "lines", "utf-16"]))
@example([dict.fromkeys(FileWriter(tuple(CUSTOM)).columns, cell) for cell in HARD], ",", True, "bytes")
def test_what_is_written_is_read(written: list[dict[str, str]], delimiter: str, mark: bool, kind: str) -> None:
    """Any text in any cell, behind any delimiter, from bytes, text, or lines."""
    lines = list(write_client_file(written, CUSTOM, delimiter=delimiter, mark=mark))
    whole = "".join(lines)
    source = {
        "bytes": io.BytesIO(whole.encode()),
        "text": io.StringIO(whole, newline=""),
        "lines": lines,
        "utf-16": io.BytesIO(whole.removeprefix("\ufeff").encode("utf-16")),
    }[kind]
    file = open_client_file(source, CUSTOM)
    assert file.delimiter == delimiter
    read = list(file.rows)
    assert [row.problem for row in read] == [None] * len(written)
    assert [dict(row.values) for row in read] == written


@given(rows, delimiters, st.booleans())
def test_reading_an_export_and_writing_it_again_changes_no_byte(
    written: list[dict[str, str]], delimiter: str, mark: bool
) -> None:
    """So a re-import of an export finds nothing to change."""
    export = "".join(write_client_file(written, CUSTOM, delimiter=delimiter, mark=mark)).encode()
    read = (row.values for row in open_client_file(io.BytesIO(export), CUSTOM).rows)
    assert "".join(write_client_file(read, CUSTOM, delimiter=delimiter, mark=mark)).encode() == export


@given(rows, delimiters)
def test_no_written_cell_begins_a_formula(written: list[dict[str, str]], delimiter: str) -> None:
    """As another reader of CSV sees the cells, and also behind white space and marks that nobody sees."""
    export = "".join(write_client_file(written, CUSTOM, delimiter=delimiter))
    for cells in csv.reader(io.StringIO(export, newline=""), delimiter=delimiter, strict=True):
        for cell in cells:
            assert not cell.startswith(FORMULA)
            assert not cell.lstrip(" \n\u00a0\u200b\ufeff\u202e").startswith(FORMULA)


@given(cells)
def test_the_apostrophe_against_formulas_is_undone_exactly(cell: str) -> None:
    """One is put, that one is taken; no two cells become one."""
    assert as_written(as_inert(cell)) == cell
    assert len(as_inert(cell)) - len(cell) in (0, 1)


@pytest.mark.parametrize(
    ("cell", "inert"),
    [
        ("+64 21 555 0142", "'+64 21 555 0142"),
        ("'+64 21 555 0142", "''+64 21 555 0142"),
        ("  =1+1", "'  =1+1"),
        ("\uff1dcmd|' /C calc'!A0", "'\uff1dcmd|' /C calc'!A0"),
        ("'Ana", "'Ana"),
        ("O'Brien", "O'Brien"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_cells_that_begin_a_formula_get_one_apostrophe_and_others_none(cell: str, inert: str) -> None:
    """A phone does; a name with an apostrophe does not."""
    assert as_inert(cell) == inert


def test_a_phone_from_elsewhere_is_read_as_it_stands() -> None:
    """Nobody else puts an apostrophe before a plus."""
    (row,) = open_client_file(["mobile;notes", "+64 21 555 0142;'tis fine"]).rows
    assert row.values == {"mobile": "+64 21 555 0142", "notes": "'tis fine"}


@given(st.lists(cells), st.integers(1, 70))
def test_where_blocks_end_makes_no_difference(columns: list[str], size: int) -> None:
    """Also between CR and LF, inside of a doubled quote, and inside of a letter of several bytes."""

    class Dripping(io.BytesIO):
        def read(self, wanted: int | None = -1, /) -> bytes:
            return super().read(size)

    written = [dict.fromkeys(STANDARD_COLUMNS, "x") | {"notes": cell} for cell in columns]
    export = "".join(write_client_file(written))
    assert [dict(row.values) for row in open_client_file(Dripping(export.encode())).rows] == written
    lines = [row.line for row in open_client_file(Dripping(export.encode())).rows]
    assert lines == [row.line for row in open_client_file(io.StringIO(export, newline="")).rows]


@pytest.mark.parametrize("around", range(-3, 4))
def test_a_cell_may_lie_across_the_end_of_a_block(around: int) -> None:
    """At every offset around the size in which a file is read."""
    notes = 'a "b"\r\n👩🏽'
    pad = "x" * 9_990
    count, rest = divmod(BLOCK + around - len("number,notes\r\n"), len(pad) + 4)
    text = (
        "number,notes\r\n" + f"1,{pad}\r\n" * count + "2," + "y" * max(rest - 4, 0) + "\r\n" + '3,"a ""b""\r\n👩🏽"\r\n'
    )
    *_, last = open_client_file(io.StringIO(text, newline="")).rows
    assert last.values == {"number": "3", "notes": notes}


def test_a_client_is_written_with_number_address_and_custom_fields() -> None:
    """In the fixed order; a custom field that is no longer defined has no column."""
    record = ClientRecord(
        RecordRef.client("7"),
        datetime(2026, 11, 22, tzinfo=UTC),
        "Aroha",
        "Ngata",
        "aroha.ngata@example.com",
        mobile="+64 21 555 0142",
        address=Address("12 Ponsonby Road, Grey Lynn", "Auckland", postcode="1011"),
        notes='Allergic to "Ammonia 5 %"',
        custom={"shoe_size": "38", "retired": "x"},
        birthday=date(1984, 2, 29),
    )
    writer = FileWriter(("shoe_size", "parking"))
    assert writer.header() == ",".join(STANDARD_COLUMNS) + ",custom.shoe_size,custom.parking\r\n"
    assert writer.line(values_of(record, "C-0001")) == (
        "C-0001,Aroha,Ngata,aroha.ngata@example.com,'+64 21 555 0142,,"
        '"12 Ponsonby Road, Grey Lynn",Auckland,,1011,,1984-02-29,"Allergic to ""Ammonia 5 %""",38,\r\n'
    )
    file = open_client_file(
        [writer.header(), writer.line(values_of(record, "C-0001"))], {"shoe_size": "Shoe size", "parking": "Parking"}
    )
    (row,) = file.rows
    draft = record_from_row(row, file.layout, lambda kind, text: None)
    assert row.number == "C-0001"
    for name in ("first_name", "last_name", "email", "mobile", "phone", "address", "birthday", "notes"):
        assert getattr(draft, name) == getattr(record, name)
    assert draft.custom == {"shoe_size": "38"}


def test_one_broken_record_does_not_stop_an_export() -> None:
    """What no file can carry is written as the replacement character."""
    assert FileWriter().line({"first_name": "A\x00n\ud800a"}).startswith(",A\ufffdn\ufffda,")


def test_a_file_for_spreadsheet_programs_begins_with_a_mark() -> None:
    """Once, before the header."""
    lines = list(write_client_file([{"first_name": "Ana"}], mark=True))
    assert [line.startswith("\ufeff") for line in lines] == [True, False]


@pytest.mark.parametrize("delimiter", ["", "|", ",,", "\n", '"'])
def test_delimiters_that_a_reader_would_not_find_are_not_written(delimiter: str) -> None:
    """Comma, semicolon and tab it is."""
    with pytest.raises(InvalidInput, match="delimiter"):
        FileWriter(delimiter=delimiter)
    with pytest.raises(InvalidInput, match="delimiter"):
        open_client_file(["number"], delimiter=delimiter)
