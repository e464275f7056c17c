"""From a row of a file to the client that it describes (TT10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from clientportal.client_files.columns import CUSTOM, FileLayout
from clientportal.client_files.parsing import MAX_CELL
from clientportal.client_files.reading import FileRow
from clientportal.errors import InvalidInput
from clientportal.values import Address, ClientDraft, ContactKind
from clientportal.values.birthdays import parse_birthday
from clientportal.values.clients import MAX_CONTACT, MAX_CUSTOM_VALUE, MAX_NAME, MAX_NOTE

__all__ = ["ContactCheck", "record_from_row"]

ContactCheck = Callable[[ContactKind, str], object]
"""Reads one contact, or raises :class:`~clientportal.errors.InvalidInput`; what it answers is its own business."""

_CONTACTS = {kind.value: kind for kind in ContactKind}
_ADDRESS = {"street": 300, "city": MAX_NAME, "region": MAX_NAME, "postcode": 20, "country": MAX_NAME}
_MOST: Mapping[str, int] = {
    "first_name": MAX_NAME,
    "last_name": MAX_NAME,
    **dict.fromkeys(_CONTACTS, MAX_CONTACT),
    **_ADDRESS,
    "notes": MAX_NOTE,
}


def _check(column: str, text: str, layout: FileLayout, check: ContactCheck) -> None:
    if column in _CONTACTS:
        try:
            check(_CONTACTS[column], text)
        except InvalidInput as error:
            raise InvalidInput(f"the column {layout.header_of(column)!r}: {error}") from error
    most = MAX_CUSTOM_VALUE if column.startswith(CUSTOM) else _MOST.get(column, MAX_CELL)
    if len(text) > most:
        raise InvalidInput(
            f"the column {layout.header_of(column)!r} has at most {most} characters; this has {len(text)}"
        )


def _birthday(text: str | None, layout: FileLayout) -> date | None:
    try:
        return None if text is None else parse_birthday(text)
    except InvalidInput as error:
        raise InvalidInput(f"the column {layout.header_of('birthday')!r}: {error}") from error


def record_from_row(row: FileRow, layout: FileLayout, check: ContactCheck) -> ClientDraft:
    """The client that a row describes, or :class:`~clientportal.errors.InvalidInput` naming the column and the problem.

    White space around values is dropped, and a blank value is an absent one. Contacts stay as they are written;
    ``check`` is called once for each, so that whoever imports reads a number once and keeps what it read. The client's
    number is no part of a draft: it is ``row.number``.
    """
    if row.problem is not None:
        raise InvalidInput(row.problem)
    given = {column: text for column, cell in row.values.items() if (text := cell.strip())}
    if not given:
        raise InvalidInput("every cell of this row is empty")
    for column, text in given.items():
        _check(column, text, layout, check)
    address = {part: given[part] for part in _ADDRESS if part in given}
    return ClientDraft(
        first_name=given.get("first_name"),
        last_name=given.get("last_name"),
        email=given.get("email"),
        phone=given.get("phone"),
        mobile=given.get("mobile"),
        address=Address(**address) if address else None,
        birthday=_birthday(given.get("birthday"), layout),
        notes=given.get("notes"),
        custom={name: given[CUSTOM + name] for name in layout.custom if CUSTOM + name in given},
    )
