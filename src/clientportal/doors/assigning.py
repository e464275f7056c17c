"""Telling the portal of a booking, and whose it is: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import Sequence

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.operations import assigning
from clientportal.operations.appointments import ListAppointments
from clientportal.operations.assigning import AppointmentOf, AssignMany, AssignmentsOf, AssignOne, ClientOf
from clientportal.outcomes import (
    AllAssigned,
    AppointmentAssignment,
    AssignedRow,
    Assignments,
    BookedFor,
    MayAssignAll,
)
from clientportal.values import RecordRef, When

__all__ = [
    "VisitorAssigning",
    "AsyncVisitorAssigning",
    "ClientAssigning",
    "AsyncClientAssigning",
    "StaffAssigning",
    "AsyncStaffAssigning",
]


class VisitorAssigning(Door):
    """What a visitor can do of it."""

    def booked(self, appointment_id: str) -> BookedFor:
        """Your platform tells: this was booked logged out. Nobody's by itself, whoever has its email (A9).

        Made before an account of that email is created, it becomes that account's when the email is proved (A8b). May
        be called inside your transaction. Raises ``Refused`` with ``not_found``.
        """
        return self._do(assigning.VISITOR_BOOKED, AppointmentOf(appointment_id))


class AsyncVisitorAssigning(AsyncDoor):
    """The twin of :class:`VisitorAssigning`, awaited."""

    async def booked(self, appointment_id: str) -> BookedFor:
        return await self._do(assigning.VISITOR_BOOKED, AppointmentOf(appointment_id))


class ClientAssigning(Door):
    """What a session can do of it."""

    def booked(self, appointment_id: str) -> BookedFor:
        """Your platform tells: this was booked with this session. It is assigned to the session's account (A8a).

        Call it yourself, in the transaction that makes the booking (``portal.on(connection)``), with the id that *you*
        have made. Never hand an id through that came from a browser: whoever can name an appointment here would have
        it. As a second line, only what may be the session's own booking is taken: nobody's yet, first made since the
        session was opened, and within the last hour. All else is refused as ``not_found``, like what does not exist.
        Bookings that the portal itself makes (:meth:`ClientDoor.rebook`) need no call. Telling twice is no harm.
        """
        return self._do(assigning.CLIENT_BOOKED, AppointmentOf(appointment_id))


class AsyncClientAssigning(AsyncDoor):
    """The twin of :class:`ClientAssigning`, awaited."""

    async def booked(self, appointment_id: str) -> BookedFor:
        return await self._do(assigning.CLIENT_BOOKED, AppointmentOf(appointment_id))


class StaffAssigning(Door):
    """What staff can do of it."""

    def booked(self, appointment_id: str) -> BookedFor:
        """Your platform tells: this was booked by staff. Whose it is follows from ``bookings.by_staff`` (A8c, A10).

        ``unless_ambiguous``: the one account that the email's appointments are assigned to; none yet, the account that
        has proved the email; several, nobody. ``chosen_client``: the one account that is linked to its client. May be
        called inside your transaction. Takes the permission ``change_appointments``, not ``assign``: staff book, the
        rule assigns. Raises ``Refused`` with ``not_found``, ``permission``.
        """
        return self._do(assigning.STAFF_BOOKED, AppointmentOf(appointment_id))

    def assign(self, appointment_id: str, account_id: str) -> AppointmentAssignment:
        """Assign any single appointment to any account of the business, also away from another account (A11).

        A moved appointment is found under its earlier ids as well. Raises ``Refused`` with ``not_found``.
        """
        return self._do(assigning.ASSIGN, AssignOne(appointment_id, account_id))

    def assign_many(self, appointment_ids: Sequence[str], account_id: str) -> tuple[AssignedRow, ...]:
        """The same for up to 200 appointments in one commit, with what became of each, in their order.

        An appointment that is not found holds up no other. Raises ``Refused`` with ``not_found`` for the account.
        """
        return self._do(assigning.ASSIGN_MANY, AssignMany(appointment_ids, account_id))

    def clear_assignment(self, appointment_id: str) -> bool:
        """Make an appointment nobody's again (A11); ``False`` where it was nobody's.

        It may be part of your own transaction, though it takes something off a client's list: you clear an appointment
        because you delete it or give it to somebody else, and the one must not be without the other. Rolled back, the
        appointment is whose it was. Raises ``Refused`` with ``not_found``.
        """
        return self._do(assigning.CLEAR_ASSIGNMENT, AppointmentOf(appointment_id))

    def may_assign_all(self, ref: RecordRef) -> MayAssignAll:
        """Whether :meth:`assign_all` is to be offered for this client, to which account, or why not."""
        return self._do(assigning.MAY_ASSIGN_ALL, ClientOf(ref))

    def assign_all(self, ref: RecordRef) -> AllAssigned:
        """Give every appointment of this client, all merged records included, to the account of those assigned (A12).

        Raises ``Refused`` with ``nothing_assigned`` (assign one first) or ``several_accounts`` (assign one by one).
        """
        return self._do(assigning.ASSIGN_ALL, ClientOf(ref))

    def assignment(self, appointment_id: str) -> AppointmentAssignment:
        """Whether an appointment is assigned, to whom, by whom, when and why (A13). Raises ``Refused`` with
        ``not_found``.
        """
        return self._do(assigning.ASSIGNMENT, AppointmentOf(appointment_id))

    def assignments(
        self, ref: RecordRef, when: When | str = When.UPCOMING, *, after: str | None = None, limit: int = 20
    ) -> Assignments:
        """A page of a client's upcoming (earliest first) or past (latest first) appointments, each with whose it is."""
        return self._do(assigning.ASSIGNMENTS, AssignmentsOf(ref, ListAppointments(when, after, limit)))


class AsyncStaffAssigning(AsyncDoor):
    """The twin of :class:`StaffAssigning`, awaited."""

    async def booked(self, appointment_id: str) -> BookedFor:
        return await self._do(assigning.STAFF_BOOKED, AppointmentOf(appointment_id))

    async def assign(self, appointment_id: str, account_id: str) -> AppointmentAssignment:
        return await self._do(assigning.ASSIGN, AssignOne(appointment_id, account_id))

    async def assign_many(self, appointment_ids: Sequence[str], account_id: str) -> tuple[AssignedRow, ...]:
        return await self._do(assigning.ASSIGN_MANY, AssignMany(appointment_ids, account_id))

    async def clear_assignment(self, appointment_id: str) -> bool:
        return await self._do(assigning.CLEAR_ASSIGNMENT, AppointmentOf(appointment_id))

    async def may_assign_all(self, ref: RecordRef) -> MayAssignAll:
        return await self._do(assigning.MAY_ASSIGN_ALL, ClientOf(ref))

    async def assign_all(self, ref: RecordRef) -> AllAssigned:
        return await self._do(assigning.ASSIGN_ALL, ClientOf(ref))

    async def assignment(self, appointment_id: str) -> AppointmentAssignment:
        return await self._do(assigning.ASSIGNMENT, AppointmentOf(appointment_id))

    async def assignments(
        self, ref: RecordRef, when: When | str = When.UPCOMING, *, after: str | None = None, limit: int = 20
    ) -> Assignments:
        return await self._do(assigning.ASSIGNMENTS, AssignmentsOf(ref, ListAppointments(when, after, limit)))


describe(AsyncVisitorAssigning, VisitorAssigning)
describe(AsyncClientAssigning, ClientAssigning)
describe(AsyncStaffAssigning, StaffAssigning)
