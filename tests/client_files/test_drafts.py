"""From a row to the client that it describes."""

from __future__ import annotations

from datetime import date

import pytest

from clientportal.client_files import FileRow, open_client_file, read_header, record_from_row
from clientportal.client_files.drafts import _ADDRESS, _MOST
from clientportal.errors import InvalidContact, InvalidInput
from clientportal.values import Address, ClientDraft, ContactKind, parse_email, parse_phone

pytestmark = pytest.mark.requirement("TT10")

CUSTOM = {"shoe_size": "Shoe size"}


def check(kind: ContactKind, text: str) -> object:
    """As an importer in New Zealand would."""
    return parse_email(text) if kind is ContactKind.EMAIL else parse_phone(text, region="NZ")


def draft_of(header: str, line: str) -> ClientDraft:
    """The client of a file's only row."""
    file = open_client_file([header, line], CUSTOM)
    (row,) = file.rows
    return record_from_row(row, file.layout, check)


def test_blank_values_are_absent_and_contacts_stay_as_written() -> None:
    """White space around values is dropped; "021 555 0142" is not made international here."""
    draft = draft_of(
        "First name,Surname,Mobile,Email,Street,City,Country,Shoe size,Notes",
        " Aroha ,,021 555 0142, Aroha.Ngata@Example.com,,\u00a0Auckland,, 38 ,",
    )
    assert draft == ClientDraft(
        "Aroha",
        None,
        "Aroha.Ngata@Example.com",
        mobile="021 555 0142",
        address=Address(city="Auckland"),
        custom={"shoe_size": "38"},
    )
    assert draft_of("First name,Street", "Ana, ").address is None


def test_each_contact_is_read_once() -> None:
    """Reading numbers is most of the work of an import."""
    seen: list[tuple[ContactKind, str]] = []
    file = open_client_file(["email,mobile,phone,notes", "ana@example.com,021 555 0142,,x"])
    (row,) = file.rows
    record_from_row(row, file.layout, lambda kind, text: seen.append((kind, text)))
    assert seen == [(ContactKind.EMAIL, "ana@example.com"), (ContactKind.MOBILE, "021 555 0142")]


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        ("Given name", "x" * 101, "the column 'Given name' has at most 100 characters; this has 101"),
        ("Street address", "x" * 301, "the column 'Street address' has at most 300 characters; this has 301"),
        ("ZIP", "x" * 21, "the column 'ZIP' has at most 20 characters; this has 21"),
        ("Shoe size", "x" * 1001, "the column 'Shoe size' has at most 1000 characters; this has 1001"),
        ("Notes", "x" * 10_001, "the column 'Notes' has at most 10000 characters; this has 10001"),
        ("first_name,notes", " ,", "every cell of this row is empty"),
        ("first_name,notes", "Ana", "this row has 1 cells, the first line of the file has 2"),
    ],
)
def test_values_that_cannot_be_are_refused_with_the_file_s_own_column(header: str, line: str, said: str) -> None:
    """So that whoever has the file can find the cell."""
    with pytest.raises(InvalidInput) as caught:
        draft_of(header, line)
    assert str(caught.value) == said


@pytest.mark.parametrize(("header", "line"), [("Cell", "ring me"), ("E-mail", "ana@"), ("Landline", "12")])
def test_a_contact_that_nobody_can_use_is_refused_with_its_column(header: str, line: str) -> None:
    """With the sentence of whoever could not read it."""
    with pytest.raises(InvalidInput, match=f"the column '{header}': ") as caught:
        draft_of(header, line)
    assert isinstance(caught.value.__cause__, InvalidContact)


@pytest.mark.parametrize("column", _MOST)
def test_the_limits_are_those_of_the_values(column: str) -> None:
    """A cell of exactly the limit makes a value; one more is refused by the value as well."""
    most = _MOST[column]
    layout = read_header([column])
    draft = record_from_row(FileRow(2, {column: "x" * most}), layout, lambda kind, text: None)
    made = draft.address if column in _ADDRESS else draft
    assert getattr(made, column) == "x" * most
    with pytest.raises(InvalidInput):
        (Address if column in _ADDRESS else ClientDraft)(**{column: "x" * (most + 1)})


def test_a_row_does_not_show_its_values() -> None:
    """Rows may be logged; people's contacts may not."""
    assert repr(FileRow(2, {"email": "ana@example.com"})) == "FileRow(line=2, problem=None)"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        (" 1984-02-29 ", date(1984, 2, 29)),
        ("1900-02-28", date(1900, 2, 28)),
        ("1928-12-31", date(1928, 12, 31)),
        ("", None),
    ],
)
def test_a_birthday_is_read_as_the_day_that_it_is(written: str, day: date | None) -> None:
    """Leap days, and days before computers began to count."""
    assert draft_of("First name,Date of birth", f"Ana,{written}").birthday == day


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("29/02/1984", "a birthday is written year-month-day, such as 1984-02-29"),
        ("03.04.1984", "a birthday is written year-month-day, such as 1984-02-29"),
        ("19840229", "a birthday is written year-month-day, such as 1984-02-29"),
        ("84-02-29", "a birthday is written year-month-day, such as 1984-02-29"),
        ("١٩٨٤-٠٢-٢٩", "a birthday is written year-month-day, such as 1984-02-29"),
        ("1984-02-29T00:00", "a birthday is written year-month-day, such as 1984-02-29"),
        ("1985-02-29", "there is no such day in the calendar; a birthday is a day such as 1984-02-29"),
        ("1900-02-29", "there is no such day in the calendar; a birthday is a day such as 1984-02-29"),
        ("0000-01-01", "there is no such day in the calendar; a birthday is a day such as 1984-02-29"),
    ],
)
def test_a_birthday_that_could_be_two_days_is_refused(written: str, says: str) -> None:
    """What is in March to some and in April to others is read as neither; the message says how to write it."""
    with pytest.raises(InvalidInput) as caught:
        draft_of("First name,DOB", f"Ana,{written}")
    assert str(caught.value) == f"the column 'DOB': {says}"
