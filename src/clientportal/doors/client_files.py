"""Importing and exporting the list, erasing and handing out what is held: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import TypeVar, cast

from attrs import evolve

from clientportal.client_files.decoding import Source
from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.errors import InvalidInput
from clientportal.operations import erasing, exporting, importing
from clientportal.operations.importing import ImportClients, Progress
from clientportal.operations.setting import Caller, Staff
from clientportal.outcomes import Erased, ImportedRow, PersonExport
from clientportal.ports import step
from clientportal.values import RecordRef

__all__ = ["StaffClientFiles", "AsyncStaffClientFiles"]

T = TypeVar("T")


def _stepped(items: AsyncGenerator[T, None]) -> Iterator[T]:
    """The same without an event loop. Whoever stops early ends it, too: what it does at its end is done then."""
    try:
        while True:
            try:
                yield step(anext(items))
            except StopAsyncIteration:
                return
    finally:
        step(items.aclose())


def _for(caller: Caller, reason: str) -> Staff:
    """The caller, with the reason of this one action; an erasure without one is nobody's to defend."""
    assert isinstance(caller, Staff)
    if not isinstance(cast("object", reason), str) or not reason.strip() or len(reason) > 500:
        raise InvalidInput("say why in 1 to 500 characters, without the client's data: it stays in the audit")
    return evolve(caller, reason=reason)


class StaffClientFiles(Door):
    """What staff can do of it."""

    def import_clients(
        self,
        source: Source,
        *,
        name: str,
        custom: Mapping[str, str] | None = None,
        mapping: Mapping[str, str | None] | None = None,
        ignore_unknown: bool = False,
        encoding: str | None = None,
        delimiter: str | None = None,
        progress: Progress | None = None,
        dry_run: bool = False,
    ) -> Iterator[ImportedRow]:
        """Add the clients of a CSV file, and say of every row what became of it (TT10). **It works as it is read**:
        rows are committed some hundred at a time, and given out once they are.

        ``name`` is that of the import: run again under it, after a crash or with rows put right, the file adds nobody
        twice (for 90 days). Clients who are there already are matched and left as they are. ``custom`` (name ->
        label; without it those of the policy), ``mapping``, ``ignore_unknown``, ``encoding`` and ``delimiter`` say how
        the file is read, see ``client_files.open_client_file``. ``progress`` is called after each commit. ``dry_run``
        says what would happen; its memory grows with the file.

        Raises ``InvalidFile`` for what spoils the whole file, ``Refused`` with ``permission`` or ``busy``.
        """
        asked = ImportClients(
            source,
            name,
            custom,
            mapping,
            ignore_unknown,
            encoding,
            delimiter,
            progress,
            dry_run or self._preview,
        )
        assert isinstance(self._caller, Staff)
        return _stepped(importing.import_clients(self._setup, self._caller, asked))

    def export_clients(
        self, *, delimiter: str = ",", mark: bool = False, custom: Iterable[str] | None = None
    ) -> Iterator[str]:
        """The client list as a CSV file, in chunks of text, with numbers and custom fields (all, or those named).

        No cell is a formula to a spreadsheet program, and reading the file with :meth:`import_clients` changes
        nothing. Merged records have a row each; who was erased has none. ``mark`` begins with a byte-order mark. That
        the list was taken, and how much of it, is audited. Raises ``Refused`` with ``plan`` (TT6), ``permission``.
        """
        assert isinstance(self._caller, Staff)
        asked = exporting.ExportClients(delimiter, mark, custom)
        return _stepped(exporting.export_clients(self._setup, self._caller, asked, preview=self._preview))

    def export_person(self, ref: RecordRef) -> PersonExport:
        """Everything that is held about one client, whichever of their records is named (X7): to be handed to them.

        Internal notes, and what staff wrote in the audit, are among it. Raises ``Refused`` with ``not_found``,
        ``permission``.
        """
        return self._do(exporting.EXPORT_PERSON, erasing.OnePerson(ref))

    def erase(self, ref: RecordRef, *, reason: str) -> Erased:
        """Erase one client for good, with every record that was merged into theirs (X7): names, contacts, notes and
        custom fields in the platform's rows, and everything about them that the portal keeps.

        Appointments stay, as nobody's; the client's number is given to nobody else. The account whose email is theirs
        alone goes, with all that hangs on it; a family's, whose email is on somebody else's record too, only loses the
        way to them. Merges of them cannot be undone any more. ``reason`` stays in the audit: no names. Doing it
        twice does nothing (``already``). Raises ``Refused`` with ``not_found``, ``permission``.
        """
        door = type(self)(self._setup, _for(self._caller, reason), preview=self._preview)
        return door._do(erasing.ERASE, erasing.OnePerson(ref))


class AsyncStaffClientFiles(AsyncDoor):
    """The twin of :class:`StaffClientFiles`, awaited."""

    async def import_clients(
        self,
        source: Source,
        *,
        name: str,
        custom: Mapping[str, str] | None = None,
        mapping: Mapping[str, str | None] | None = None,
        ignore_unknown: bool = False,
        encoding: str | None = None,
        delimiter: str | None = None,
        progress: Progress | None = None,
        dry_run: bool = False,
    ) -> AsyncIterator[ImportedRow]:
        asked = ImportClients(
            source,
            name,
            custom,
            mapping,
            ignore_unknown,
            encoding,
            delimiter,
            progress,
            dry_run or self._preview,
        )
        assert isinstance(self._caller, Staff)
        rows = importing.import_clients(self._setup, self._caller, asked)
        async with aclosing(rows):
            async for row in rows:
                yield row

    async def export_clients(
        self, *, delimiter: str = ",", mark: bool = False, custom: Iterable[str] | None = None
    ) -> AsyncIterator[str]:
        assert isinstance(self._caller, Staff)
        asked = exporting.ExportClients(delimiter, mark, custom)
        async with aclosing(
            exporting.export_clients(self._setup, self._caller, asked, preview=self._preview)
        ) as chunks:
            async for chunk in chunks:
                yield chunk

    async def export_person(self, ref: RecordRef) -> PersonExport:
        return await self._do(exporting.EXPORT_PERSON, erasing.OnePerson(ref))

    async def erase(self, ref: RecordRef, *, reason: str) -> Erased:
        door = type(self)(self._setup, _for(self._caller, reason), preview=self._preview)
        return await door._do(erasing.ERASE, erasing.OnePerson(ref))


describe(AsyncStaffClientFiles, StaffClientFiles)
