"""From a row of a file to the client that it describes (TT10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clientportal.client_files.columns import CUSTOM, FileLayout
from clientportal.client_files.reading import FileRow
from clientportal.errors import InvalidInput
from clientportal.values import Address, ClientDraft, ContactKind
from clientportal.values.clients import MAX_CUSTOM_VALUE, MAX_NAME, MAX_NOTE

__all__ = ["ContactCheck", "record_from_row"]

ContactCheck = Callable[[ContactKind, str], object]
"""Reads one contact, or raises :class:`~clientportal.errors.InvalidInput`; what it answers is its own business."""

_CONTACTS = (ContactKind.EMAIL, ContactKind.MOBILE, ContactKind.PHONE)
_ADDRESS = {"street": 300, "city": MAX_NAME, "region": MAX_NAME, "postcode": 20, "country": MAX_NAME}
_MOST: Mapping[str, int] = {"first_name": MAX_NAME, "last_name": MAX_NAME, "notes": MAX_NOTE, **_ADDRESS}


def _checked(row: FileRow, column: str, most: int, layout: FileLayout) -> str | None:
    text = row.text(column)
    if text is not None and len(text) > most:
        raise InvalidInput(
            f"the column {layout.header_of(column)!r} has at most {most} characters; this has {len(text)}"
        )
    return text


def _contact(row: FileRow, kind: ContactKind, layout: FileLayout, check: ContactCheck) -> str | None:
    text = row.text(kind.value)
    if text is not None:
        try:
            check(kind, text)
        except InvalidInput as error:
            raise InvalidInput(f"the column {layout.header_of(kind.value)!r}: {error}") from error
    return text


def record_from_row(row: FileRow, layout: FileLayout, check: ContactCheck) -> ClientDraft:
    """The client that a row describes, or :class:`~clientportal.errors.InvalidInput` naming the column and the problem.

    White space around values is dropped, and a blank value is an absent one. Contacts stay as they are written;
    ``check`` is called once for each, so that whoever imports reads a number once and keeps what it read. The client's
    number is no part of a draft: it is ``row.number``.
    """
    if row.problem is not None:
        raise InvalidInput(row.problem)
    if not any(row.text(column) for column in layout.fields):
        raise InvalidInput("every cell of this row is empty")
    short = {column: _checked(row, column, most, layout) for column, most in _MOST.items()}
    custom = {name: _checked(row, CUSTOM + name, MAX_CUSTOM_VALUE, layout) for name in layout.custom}
    contacts = {kind: _contact(row, kind, layout, check) for kind in _CONTACTS}
    parts = {column: short[column] for column in _ADDRESS}
    return ClientDraft(
        first_name=short["first_name"],
        last_name=short["last_name"],
        email=contacts[ContactKind.EMAIL],
        phone=contacts[ContactKind.PHONE],
        mobile=contacts[ContactKind.MOBILE],
        address=Address(**parts) if any(parts.values()) else None,
        notes=short["notes"],
        custom={name: value for name, value in custom.items() if value is not None},
    )
