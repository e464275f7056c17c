"""Appointments, services and free slots, as the host hands them over."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.clients import RecordRef
from clientportal.values.instants import as_utc, as_utc_or_none, in_zone, is_zone
from clientportal.values.money import Money

__all__ = [
    "AnswerKind",
    "Appointment",
    "AppointmentPage",
    "AppointmentStatus",
    "ChangeKind",
    "HostAnswer",
    "Offer",
    "Service",
    "Slot",
    "When",
]


class AppointmentStatus(StrEnum):
    """Where an appointment stands."""

    REQUESTED = "requested"
    """Waits for the business to agree."""
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"

    @property
    def open(self) -> bool:
        """Whether it is still to happen."""
        return self in (AppointmentStatus.REQUESTED, AppointmentStatus.CONFIRMED)


class ChangeKind(StrEnum):
    """What can be done to an appointment, or with it."""

    CANCEL = "cancel"
    MOVE = "move"
    REBOOK = "rebook"
    """Book the same service again, as a new appointment (T9)."""


class When(StrEnum):
    """Which list of appointments is meant."""

    UPCOMING = "upcoming"
    """Ends after now; earliest first."""
    PAST = "past"
    """Ended; latest first."""


@frozen
class Appointment:
    """One appointment of one client.

    ``start`` and ``end`` are aware UTC; ``zone`` is the IANA zone of the wall clock it was booked on. ``made_at``
    is when the booking was made. ``booked_as`` is the name given *at that booking*: later bookings never change it
    (X9). ``version`` is opaque and changes with every change. ``moves`` counts reschedules where the host does.
    """

    id: str
    ref: RecordRef
    service_id: str
    start: datetime = field(converter=as_utc)
    end: datetime = field(converter=as_utc)
    zone: str = field(validator=is_zone)
    status: AppointmentStatus
    made_at: datetime = field(converter=as_utc)
    version: str = ""
    staff_id: str | None = None
    service_name: str = ""
    staff_name: str = ""
    booked_as: str = ""
    price: Money | None = None
    moves: int = 0

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise InvalidInput("an appointment cannot end before it starts")

    @property
    def local_start(self) -> datetime:
        """The wall clock it starts at."""
        return in_zone(self.start, self.zone)


@frozen
class AppointmentPage:
    """One page of appointments; ``next`` is the cursor of the page after it, ``None`` at the end."""

    items: tuple[Appointment, ...]
    next: str | None = None


@frozen
class Service:
    """A service with its settings *as they are today* (T9)."""

    id: str
    name: str
    duration: timedelta
    bookable_online: bool = True
    active: bool = True
    price: Money | None = None


@frozen
class Slot:
    """A free time. ``id`` is the host's opaque name for it."""

    id: str
    service_id: str
    start: datetime = field(converter=as_utc)
    end: datetime = field(converter=as_utc)
    zone: str = field(validator=is_zone)
    staff_id: str | None = None
    staff_name: str = ""

    @property
    def local_start(self) -> datetime:
        """The wall clock it starts at."""
        return in_zone(self.start, self.zone)


class AnswerKind(StrEnum):
    """What became of a write that the host was asked for."""

    DONE = "done"
    WAITS = "waits"
    """Requested; the business has to agree."""
    TAKEN = "taken"
    """The slot is gone; nothing was written."""
    DECLINED = "declined"
    """The host's own rules said no after all; nothing was written."""


@frozen
class HostAnswer:
    """The host's answer to one write.

    ``appointment`` is the appointment as it is afterwards: the same id, a new one (hosts that rebook), or ``None``
    (hosts that delete). ``ref`` is the record that was created.
    """

    kind: AnswerKind = AnswerKind.DONE
    appointment: Appointment | None = None
    ref: RecordRef | None = None
    note: str = ""


@frozen
class Offer:
    """The host's own word on one change of one appointment: facts, to which policy is added; the stricter wins.

    ``until`` is the host's own last moment (aware UTC, that moment itself is still in time). ``fee`` is what the
    host would charge, ``forfeits`` the deposit that the client would lose.
    """

    allowed: bool = True
    why_not: str = ""
    until: datetime | None = field(default=None, converter=as_utc_or_none)
    fee: Money | None = None
    forfeits: Money | None = None
    needs_approval: bool = False
