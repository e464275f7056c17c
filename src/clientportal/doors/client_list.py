"""The client list: finding, adding, changing, deleting clients: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.operations import client_list, deleting_clients
from clientportal.operations.adding_clients import ADD_CLIENT, CHANGE_CLIENT, AddClient, ChangeClient
from clientportal.operations.client_list import BY_NUMBER, CLIENT_FIELDS, ByNumber, ListClients, TheForm
from clientportal.operations.client_profile import see_client
from clientportal.operations.deleting_clients import DELETE_APPOINTMENT, AppointmentToDelete
from clientportal.outcomes.client_list import (
    Added,
    AppointmentDeleted,
    ClientChanged,
    ClientLines,
    Deleted,
    DeletedRow,
    EndedRow,
    FormField,
    NumberFound,
    StaffProfile,
)
from clientportal.ports import step
from clientportal.values import Address, RecordRef

__all__ = ["StaffClientList", "AsyncStaffClientList"]


class StaffClientList(Door):
    """What staff can do of it."""

    def clients(self, search: str | None = None, *, after: str | None = None, limit: int = 50) -> ClientLines:
        """A page of all clients by name, or of those that ``search`` finds: by name, email, number, client number.

        Each line leads to the profile: ``staff.client(line.ref)``. A client into whom others were merged is one line; a
        search also finds the merged records, each marked ``merged_into``. "17" finds client no. 17 in ``numbered``,
        besides whoever else has these digits; "no. 17" finds nothing else. Everybody who is listed has a client number
        from then on. A page may hold fewer than ``limit`` lines: ``next`` says whether there are more.
        """
        asked = ListClients(search, after, limit)
        return step(client_list.list_clients(self._setup, self._caller, asked, preview=self._preview))

    def client(self, ref: RecordRef) -> StaffProfile:
        """One client, by any of their records: values with where each comes from, internal notes, custom fields, the
        client number, appointments with whose they are, and linked accounts. Raises ``Refused`` with ``not_found``.
        """
        return step(see_client(self._setup, self._caller, ref, preview=self._preview))

    def by_number(self, number: int) -> NumberFound:
        """Whom a client number leads to today: after a merge the one who speaks, once deleted nobody, for ever.

        Raises ``Refused`` with ``not_found`` for a number that nobody was ever given.
        """
        return self._do(BY_NUMBER, ByNumber(number))

    def client_fields(self) -> tuple[FormField, ...]:
        """The fields of the quick-add form, in order, each with its label and whether it must be filled in."""
        return self._do(CLIENT_FIELDS, TheForm())

    def add_client(
        self,
        fields: Mapping[str, str | Address | None],
        *,
        custom: Mapping[str, str | None] | None = None,
        key: str | None = None,
    ) -> Added:
        """Quick add: ``staff.add_client({"first_name": "Ana", "mobile": "021 555 0142"})``.

        Nobody is refused for looking like somebody: ``alike`` names the clients who have one of the contacts. Inside
        your own transaction (``portal.on(connection)``) it is kept or undone with it, so that staff can add a client
        while they make an appointment. Raises ``InvalidInput`` (``InvalidContact``) naming the field.
        """
        return self._do(ADD_CLIENT, AddClient(fields, custom), key)

    def change_client(
        self,
        ref: RecordRef,
        version: str,
        fields: Mapping[str, str | Address | None],
        *,
        custom: Mapping[str, str | None] | None = None,
        key: str | None = None,
    ) -> ClientChanged:
        """Write some fields of one client row, as of the version that the profile showed; the others stay.

        ``None`` or empty text clears a field. Of a merged client name the record whose field is meant: the profile says
        which each value comes from. Raises ``Refused`` with ``changed_meanwhile``, ``not_found``, and ``InvalidInput``.
        """
        return self._do(CHANGE_CLIENT, ChangeClient(ref, version, fields, custom), key)

    def delete_client(self, ref: RecordRef, *, key: str | None = None) -> Deleted:
        """Delete one client, with every record that was merged into it; the appointments stay (TT4).

        Where ``clients.on_delete`` says so, those still to come are cancelled in the same commit. Sessions end, links
        of accounts are revoked. It may be part of your own transaction, as little else that ends sessions may: your row
        goes with it, and rolled back there is still a client whose sessions these are. Raises ``Refused`` with
        ``not_found``, ``already_merged`` (delete the record that it was merged into) or ``not_changeable`` (the
        platform does not let one of the appointments be cancelled).
        """
        return step(deleting_clients.delete_one(self._setup, self._caller, ref, key=key, preview=self._preview))

    def delete_clients(self, refs: Iterable[RecordRef], *, key: str | None = None) -> tuple[DeletedRow, ...]:
        """The same for up to 200, each by itself, with what became of each, in their order."""
        return step(deleting_clients.delete_clients(self._setup, self._caller, refs, key=key, preview=self._preview))

    def delete_appointment(self, appointment_id: str, *, key: str | None = None) -> AppointmentDeleted:
        """Delete one appointment for good: no trace of it is kept but the audit's. Raises ``Refused`` with
        ``not_found``.
        """
        return self._do(DELETE_APPOINTMENT, AppointmentToDelete(appointment_id), key)

    def end_sessions_of(self, refs: Iterable[RecordRef]) -> tuple[EndedRow, ...]:
        """Log up to 200 clients out everywhere, each by itself, with how many sessions that ended."""
        return step(deleting_clients.end_sessions_of(self._setup, self._caller, refs, preview=self._preview))


class AsyncStaffClientList(AsyncDoor):
    """The twin of :class:`StaffClientList`, awaited."""

    async def clients(self, search: str | None = None, *, after: str | None = None, limit: int = 50) -> ClientLines:
        asked = ListClients(search, after, limit)
        return await client_list.list_clients(self._setup, self._caller, asked, preview=self._preview)

    async def client(self, ref: RecordRef) -> StaffProfile:
        return await see_client(self._setup, self._caller, ref, preview=self._preview)

    async def by_number(self, number: int) -> NumberFound:
        return await self._do(BY_NUMBER, ByNumber(number))

    async def client_fields(self) -> tuple[FormField, ...]:
        return await self._do(CLIENT_FIELDS, TheForm())

    async def add_client(
        self,
        fields: Mapping[str, str | Address | None],
        *,
        custom: Mapping[str, str | None] | None = None,
        key: str | None = None,
    ) -> Added:
        return await self._do(ADD_CLIENT, AddClient(fields, custom), key)

    async def change_client(
        self,
        ref: RecordRef,
        version: str,
        fields: Mapping[str, str | Address | None],
        *,
        custom: Mapping[str, str | None] | None = None,
        key: str | None = None,
    ) -> ClientChanged:
        return await self._do(CHANGE_CLIENT, ChangeClient(ref, version, fields, custom), key)

    async def delete_client(self, ref: RecordRef, *, key: str | None = None) -> Deleted:
        return await deleting_clients.delete_one(self._setup, self._caller, ref, key=key, preview=self._preview)

    async def delete_clients(self, refs: Iterable[RecordRef], *, key: str | None = None) -> tuple[DeletedRow, ...]:
        return await deleting_clients.delete_clients(self._setup, self._caller, refs, key=key, preview=self._preview)

    async def delete_appointment(self, appointment_id: str, *, key: str | None = None) -> AppointmentDeleted:
        return await self._do(DELETE_APPOINTMENT, AppointmentToDelete(appointment_id), key)

    async def end_sessions_of(self, refs: Iterable[RecordRef]) -> tuple[EndedRow, ...]:
        return await deleting_clients.end_sessions_of(self._setup, self._caller, refs, preview=self._preview)


describe(AsyncStaffClientList, StaffClientList)
