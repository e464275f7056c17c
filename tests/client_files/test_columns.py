"""What the header of a client file means, and what it cannot mean."""

from __future__ import annotations

import pytest

from clientportal.client_files import STANDARD_COLUMNS, columns_for, read_header
from clientportal.errors import InvalidFile, InvalidInput

CUSTOM = {"shoe_size": "Shoe size", "allergies": "Allergies & intolerances"}


@pytest.mark.parametrize("column", STANDARD_COLUMNS)
def test_a_column_is_found_by_its_own_name_in_any_case(column: str) -> None:
    """``first_name``, ``FIRST_NAME`` and `` First Name `` are one column."""
    for header in (column, column.upper(), f" {column.replace('_', ' ').title()} "):
        assert read_header([header]).columns == (column,)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("E-mail", "email"),
        ("Email Address", "email"),
        ("First name", "first_name"),
        ("Surname", "last_name"),
        ("Mobile number", "mobile"),
        ("Cell", "mobile"),
        ("Telephone", "phone"),
        ("Postal code", "postcode"),
        ("ZIP", "postcode"),
        ("State/Province", "region"),
        ("Town/City", "city"),
        ("Client number", "number"),
        ("Client No.", "number"),
        ("Internal notes", "notes"),
    ],
)
def test_the_names_that_other_programs_give_are_known(header: str, column: str) -> None:
    """A file from elsewhere need not be edited first."""
    assert read_header([header]).fields == (column,)


def test_a_custom_field_is_found_by_its_name_or_its_label() -> None:
    """``custom.shoe_size``, and "shoe  SIZE" as the business calls it."""
    assert read_header(["custom.shoe_size", "Allergies & Intolerances"], CUSTOM).custom == ("shoe_size", "allergies")
    assert read_header(["CUSTOM.Shoe_Size", "number"], CUSTOM).columns == ("custom.shoe_size", "number")
    assert read_header(["shoe  SIZE"], CUSTOM).columns == ("custom.shoe_size",)


def test_an_export_s_header_is_read_back_whatever_the_custom_fields_are_called() -> None:
    """Also where names differ by case alone, or are called as a standard column is."""
    names = {"size": "Size", "Size": "Size (EU)", "email": "Email", " x ": "X", "=1+1": "Sum", "né": "Né"}
    header = columns_for(names)
    assert read_header(header, names).columns == header


def test_a_standard_name_wins_over_a_label() -> None:
    """A custom field that is labelled "Email" has to be called ``custom.…`` in a file."""
    layout = read_header(["Email", "custom.second_email"], {"second_email": "Email"})
    assert layout.columns == ("email", "custom.second_email")


def test_a_label_that_two_fields_share_is_refused_with_both_names() -> None:
    """Nobody guesses which was meant."""
    with pytest.raises(InvalidFile, match=r"'Size' could be custom\.eu or custom\.uk") as caught:
        read_header(["number", "Size"], {"eu": "Size", "uk": "size"})
    assert caught.value.column == "Size"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Frist name", "did you mean first_name?"),
        ("Name", "two columns, first_name and last_name"),
        ("Shoe colour", "rename it, or leave it out"),
    ],
)
def test_an_unknown_column_is_refused_with_what_would_be_right(header: str, said: str) -> None:
    """The sentence names the column, the likely one, and all that there are."""
    with pytest.raises(InvalidFile) as caught:
        read_header(["number", header], CUSTOM)
    assert caught.value.column == header
    for part in (repr(header), said, "known are number, first_name", "custom.shoe_size"):
        assert part in str(caught.value)


def test_unknown_columns_are_left_out_where_the_caller_says_so() -> None:
    """Also a column without a name, which trailing delimiters make; otherwise that is an error as well."""
    layout = read_header(["number", "Loyalty", "Email", ""], ignore_unknown=True)
    assert layout.columns == ("number", None, "email", None)
    assert layout.fields == ("number", "email")
    with pytest.raises(InvalidFile, match="column 2 has no name"):
        read_header(["number", " "])


@pytest.mark.parametrize(
    "header", [["Email", "E-mail"], ["phone", "number", "Telephone"], ["Shoe size", "custom.shoe_size"]]
)
def test_two_columns_for_one_field_are_refused(header: list[str]) -> None:
    """The last one would win unnoticed."""
    with pytest.raises(InvalidFile, match="keep one of them") as caught:
        read_header(header, CUSTOM)
    assert caught.value.column == header[-1]


def test_a_caller_s_mapping_goes_before_what_a_header_looks_like() -> None:
    """ "Phone" may be where one product keeps mobiles; ``None`` leaves a column out."""
    layout = read_header(
        ["Phone", "Nickname", "Size", "Email"],
        CUSTOM,
        mapping={"phone": "mobile", "Nickname": None, "Size": "custom.shoe_size"},
    )
    assert layout.columns == ("mobile", None, "custom.shoe_size", "email")
    assert layout.header_of("mobile") == "Phone"
    assert layout.header_of("country") == "country"


def test_a_mapping_that_cannot_be_meant_is_refused() -> None:
    """A header that the file does not have; a field that there is not."""
    with pytest.raises(InvalidFile, match="'Handy'") as caught:
        read_header(["Phone"], mapping={"Handy": "mobile"})
    assert caught.value.column == "Handy"
    with pytest.raises(InvalidInput, match="no field 'nickname'"):
        read_header(["Phone"], mapping={"Phone": "nickname"})


def test_a_header_that_says_nothing_is_refused() -> None:
    """A file without a header would lose its first client, and put the rest anywhere."""
    with pytest.raises(InvalidFile, match="no column of the first line is known"):
        read_header(["Aroha", "Ngata"], ignore_unknown=True)
    with pytest.raises(InvalidFile, match="more than 500 columns"):
        read_header(["number"] * 501)
