"""What the columns of a file of clients mean (TT6, TT10).

A column is a field by its own name (``first_name``), by one of the names that other programs give it ("First name",
"Given name"), or, for the fields that a business has defined, by ``custom.<name>`` or its label. A header that means
nothing, or that means what another one means already, is an error before the first row is read: half a file in the
wrong fields is worse than none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import field, frozen

from clientportal.client_files.formulas import as_written
from clientportal.errors import InvalidFile, InvalidInput
from clientportal.values.field_checks import quoted

__all__ = ["CUSTOM", "MAX_COLUMNS", "STANDARD_COLUMNS", "FileLayout", "columns_for", "read_header"]

CUSTOM = "custom."
"""What stands before the name of a field that the business has defined."""

MAX_COLUMNS = 500
"""A file with more is no list of clients; the bound keeps one line of delimiters from filling the memory."""

_ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "number": ("client number", "client no", "customer number", "customer no"),
    "first_name": ("given name", "forename"),
    "last_name": ("surname", "family name"),
    "email": ("email address", "mail"),
    "mobile": ("mobile number", "mobile no", "mobile phone", "cell", "cell phone", "cell number"),
    "phone": ("phone number", "phone no", "telephone", "telephone number", "tel", "landline", "home phone"),
    "street": ("street address", "address line 1"),
    "city": ("town", "city/town", "town/city"),
    "region": ("state", "province", "county", "state/province"),
    "postcode": ("postal code", "zip", "zip code"),
    "country": (),
    "birthday": ("birth date", "date of birth", "dob"),
    "notes": ("note", "internal notes", "staff notes"),
}

STANDARD_COLUMNS = tuple(_ALSO_CALLED)
"""The columns that every business has, in the order in which they are written."""


def _letters(header: str) -> str:
    """The header without what people vary: "E-mail", "e_mail" and "EMAIL" are one."""
    return re.sub(r"[\W_]+", "", header.casefold())


_BY_LETTERS = {_letters(name): column for column, others in _ALSO_CALLED.items() for name in (column, *others)}


def _folded(header: str) -> str:
    return " ".join(header.casefold().split())


def columns_for(custom: Iterable[str] = ()) -> tuple[str, ...]:
    """Every column of a business that has defined those custom fields, in the order of an export."""
    return STANDARD_COLUMNS + tuple(CUSTOM + name for name in custom)


@frozen
class FileLayout:
    """Which column of a file is which field.

    ``columns`` has an entry for every column of the file: the field's name, or ``None`` where the column is left out.
    ``header`` is what the file calls them, for messages.
    """

    columns: tuple[str | None, ...]
    header: tuple[str, ...]
    _headers: Mapping[str, str] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        named = {column: name for column, name in zip(self.columns, self.header, strict=True) if column is not None}
        object.__setattr__(self, "_headers", named)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the file has, in its order. A field that is not among them is not said to be empty."""
        return tuple(self._headers)

    @property
    def custom(self) -> tuple[str, ...]:
        """The names of the custom fields that the file has."""
        return tuple(column.removeprefix(CUSTOM) for column in self._headers if column.startswith(CUSTOM))

    def header_of(self, column: str) -> str:
        """What the file calls a field; the field's own name where the file has none."""
        return self._headers.get(column, column)


class _Known:
    """The names by which a header can be found, for one business."""

    def __init__(self, custom: Mapping[str, str]) -> None:
        self.columns = columns_for(custom)
        self._exact = {CUSTOM + name: CUSTOM + name for name in custom}
        self._loose: dict[str, list[str]] = {}
        for name, label in custom.items():
            for spelling in {_folded(CUSTOM + name), _folded(label)}:
                self._loose.setdefault(spelling, []).append(CUSTOM + name)

    def find(self, header: str) -> str | None:
        """The field that a header means. A standard name wins over a label: ``custom.`` reaches the custom field."""
        if header in self._exact:
            return self._exact[header]
        if standard := _BY_LETTERS.get(_letters(header)):
            return standard
        candidates = self._loose.get(_folded(header), [])
        if len(candidates) > 1:
            raise InvalidFile(
                f"the column {quoted(header)} could be {' or '.join(candidates)}; call it by one of these",
                column=header,
            )
        return candidates[0] if candidates else None

    def unknown(self, header: str) -> InvalidFile:
        near = difflib.get_close_matches(_letters(header), _BY_LETTERS, n=1, cutoff=0.7)
        if _letters(header) in ("name", "fullname", "clientname"):
            right = "a name stands in two columns, first_name and last_name"
        elif near:
            right = f"did you mean {_BY_LETTERS[near[0]]}?"
        else:
            right = "rename it, or leave it out"
        return InvalidFile(
            f"there is no column {quoted(header)}: {right} (known are {', '.join(self.columns)})", column=header
        )


def _mapped(mapping: Mapping[str, str | None], header: Sequence[str], known: _Known) -> dict[str, str | None]:
    """The caller's own mapping by folded header, after a look at whether it can be meant."""
    there = {_folded(name) for name in header}
    for name, column in mapping.items():
        if _folded(name) not in there:
            raise InvalidFile(f"the mapping names a column {quoted(name)} that the file does not have", column=name)
        if column is not None and column not in known.columns:
            raise InvalidInput(
                f"there is no field {quoted(column)}; map to one of {', '.join(known.columns)}, or to None"
            )
    return {_folded(name): column for name, column in mapping.items()}


def _meanings(
    header: Sequence[str], known: _Known, mapped: Mapping[str, str | None], ignore_unknown: bool
) -> Iterator[str | None]:
    for at, name in enumerate(header, start=1):
        if _folded(name) in mapped:
            yield mapped[_folded(name)]
            continue
        column = known.find(name) if name.strip() else None
        if column is None and not ignore_unknown:
            raise (
                known.unknown(name)
                if name.strip()
                else InvalidFile(f"column {at} has no name; give it one, or leave it out", column=name)
            )
        yield column


def read_header(
    header: Sequence[str],
    custom: Mapping[str, str] | None = None,
    *,
    mapping: Mapping[str, str | None] | None = None,
    ignore_unknown: bool = False,
) -> FileLayout:
    """Say what each column of a file means, or raise :class:`~clientportal.errors.InvalidFile` naming the column.

    * ``custom``: the fields that the business has defined, name to label.
    * ``mapping``: what the caller knows better, header to field (``None``: leave that column out); the other headers
      are recognised as usual.
    * ``ignore_unknown``: columns that mean nothing are left out instead of being an error.
    """
    if len(header) > MAX_COLUMNS:
        raise InvalidFile(f"the file has more than {MAX_COLUMNS} columns; a list of clients has fewer")
    names = tuple(as_written(name) for name in header)
    known = _Known(custom or {})
    columns = tuple(_meanings(names, known, _mapped(mapping or {}, names, known), ignore_unknown))
    first: dict[str, str] = {}
    for name, column in zip(names, columns, strict=True):
        if column is not None and column in first:
            raise InvalidFile(
                f"the column {quoted(name)} means {column}, as {quoted(first[column])} does; keep one of them",
                column=name,
            )
        if column is not None:
            first[column] = name
    if not first:
        raise InvalidFile(f"no column of the first line is known; there can be {', '.join(known.columns)}")
    return FileLayout(columns, names)
