"""Writing the list of clients as a file (TT6): RFC 4180, CRLF, in the order of :func:`columns_for`, no cell a formula.

Reading what was written gives the values back, and writing them again gives the same text, byte for byte.

A spreadsheet program splits a file at the delimiter of its own country. One that expects another than the file has may
split *inside* of cells and find a formula in the middle of a name, so a business gets the delimiter that its programs
expect: semicolons where the comma is the decimal sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from clientportal.client_files.columns import CUSTOM, columns_for
from clientportal.client_files.formulas import as_inert
from clientportal.client_files.parsing import NO_TEXT
from clientportal.client_files.reading import DELIMITERS
from clientportal.errors import InvalidInput
from clientportal.values import Address, ClientRecord
from clientportal.values.field_checks import quoted

__all__ = ["FileWriter", "values_of", "write_client_file"]

_QUOTED = re.compile(r'["\r\n,;\t]|^\s|\s$')


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _delimiter(value: str) -> str:
    if value not in DELIMITERS:
        raise InvalidInput(f"{quoted(value)} is no delimiter of a file of clients; there are ',', ';' and a tab")
    return value


@frozen
class FileWriter:
    """Makes the lines of one file: the header first, then a line per client, in whatever pace they come.

    * ``custom``: the names of the custom fields, in the order of their columns.
    * ``mark``: begin with a byte-order mark, without which some spreadsheet programs take UTF-8 for something else.
    """

    custom: tuple[str, ...] = field(default=(), converter=_names)
    delimiter: str = field(default=",", converter=_delimiter)
    mark: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields of a line, in order."""
        return columns_for(self.custom)

    def header(self) -> str:
        """The first line."""
        return ("\ufeff" if self.mark else "") + self._line(self.columns)

    def line(self, values: Mapping[str, str | None]) -> str:
        """The line of one client, from values by column; what is absent or ``None`` is an empty cell.

        What no file can carry (NUL, half a surrogate pair) becomes U+FFFD: one broken record does not stop an export.
        """
        return self._line(values.get(column) or "" for column in self.columns)

    def _line(self, cells: Iterable[str]) -> str:
        return self.delimiter.join(_cell(cell) for cell in cells) + "\r\n"


def _cell(text: str) -> str:
    inert = as_inert(NO_TEXT.sub("\ufffd", text))
    return '"' + inert.replace('"', '""') + '"' if _QUOTED.search(inert) else inert


def write_client_file(
    rows: Iterable[Mapping[str, str | None]], custom: Iterable[str] = (), *, delimiter: str = ",", mark: bool = False
) -> Iterator[str]:
    """The text of a file, line by line, from rows of values by column."""
    writer = FileWriter(custom, delimiter, mark)
    yield writer.header()
    for row in rows:
        yield writer.line(row)


def values_of(record: ClientRecord, number: str | None = None) -> dict[str, str | None]:
    """What stands in a file about one client, by column. The number is the portal's; the rest is the record."""
    address = record.address or Address()
    return {
        "number": number,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "email": record.email,
        "mobile": record.mobile,
        "phone": record.phone,
        "street": address.street,
        "city": address.city,
        "region": address.region,
        "postcode": address.postcode,
        "country": address.country,
        "birthday": None if record.birthday is None else record.birthday.isoformat(),
        "notes": record.notes,
        **{CUSTOM + name: value for name, value in record.custom.items()},
    }
