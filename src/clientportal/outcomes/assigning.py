"""What the doors give back about whose an appointment is."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Reason
from clientportal.values import Appointment

__all__ = [
    "AllAssigned",
    "AppointmentAssignment",
    "AssignedRow",
    "AssignedTo",
    "Assignments",
    "BookedFor",
    "MayAssignAll",
]


@frozen
class BookedFor:
    """The portal was told of a booking: whose account it is assigned to by itself, if any.

    ``appointment_id`` is what the appointment is called today.
    """

    appointment_id: str
    account: str | None


@frozen
class AssignedTo:
    """To which account, by whom, when (aware UTC) and why. ``email`` is the account's own, masked."""

    account: str
    email: str
    by: str
    at: datetime
    because: str


@frozen
class AppointmentAssignment:
    """One appointment, and to whom it is assigned; ``None`` is nobody (A13)."""

    appointment: Appointment
    assigned: AssignedTo | None


@frozen
class Assignments:
    """One page of a client's appointments with their assignments."""

    items: tuple[AppointmentAssignment, ...]
    next: str | None = None


@frozen
class AssignedRow:
    """What became of one appointment of several. ``reason`` is why it is not assigned; ``before`` whose it was."""

    appointment_id: str
    assigned: bool
    reason: Reason | None = None
    before: str | None = None


@frozen
class MayAssignAll:
    """Whether all of a client's appointments can be given to the one account that some belong to (A12).

    ``reason`` is ``nothing_assigned`` or ``several_accounts`` where they cannot. ``assigned`` and ``unassigned`` count
    the client's appointments.
    """

    allowed: bool
    reason: Reason | None
    account: str | None
    assigned: int
    unassigned: int


@frozen
class AllAssigned:
    """All of a client's appointments are this account's: so many were not before, so many were already."""

    account: str
    newly: int
    already: int
