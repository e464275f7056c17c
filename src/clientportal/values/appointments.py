"""Appointments, services and free slots, as the host hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.clients import RecordRef
from clientportal.values.field_checks import as_member, one_of, text, text_or_none
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


def _status(value: AppointmentStatus | str) -> AppointmentStatus:
    return as_member(AppointmentStatus, value, "status of an appointment")


_money_or_none = one_of(Money, type(None))


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
    ``moved_from`` is the record that its row belonged to first, where the host has moved it to another since
    (capability ``reassign``); ``ref`` is then whose it is there now. ``business`` names the one business of a franchise
    where it is, and is empty where there is only one.
    """

    id: str = field(validator=text)
    ref: RecordRef = field(validator=one_of(RecordRef))
    service_id: str = field(validator=text)
    start: datetime = field(converter=as_utc)
    end: datetime = field(converter=as_utc)
    zone: str = field(validator=is_zone)
    status: AppointmentStatus = field(converter=_status)
    made_at: datetime = field(converter=as_utc)
    version: str = field(default="", validator=text)
    staff_id: str | None = field(default=None, validator=text_or_none)
    service_name: str = field(default="", validator=text)
    staff_name: str = field(default="", validator=text)
    booked_as: str = field(default="", validator=text)
    price: Money | None = field(default=None, validator=_money_or_none)
    moves: int = 0
    moved_from: RecordRef | None = field(default=None, validator=one_of(RecordRef, type(None)))
    business: str = field(default="", validator=text)

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

    id: str = field(validator=text)
    name: str = field(validator=text)
    duration: timedelta = field(validator=one_of(timedelta))
    bookable_online: bool = True
    active: bool = True
    price: Money | None = field(default=None, validator=_money_or_none)


@frozen
class Slot:
    """A free time. ``id`` is the host's opaque name for it."""

    id: str = field(validator=text)
    service_id: str = field(validator=text)
    start: datetime = field(converter=as_utc)
    end: datetime = field(converter=as_utc)
    zone: str = field(validator=is_zone)
    staff_id: str | None = field(default=None, validator=text_or_none)
    staff_name: str = field(default="", validator=text)

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise InvalidInput("a slot cannot end before it starts")

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


def _answer_kind(value: AnswerKind | str) -> AnswerKind:
    return as_member(AnswerKind, value, "answer of a host")


@frozen
class HostAnswer:
    """The host's answer to one write.

    ``appointment`` is the appointment as it is afterwards: the same id, a new one (hosts that rebook), or ``None``
    (hosts that delete). ``ref`` is the record that was created. ``moved`` says how many rows of each table were moved
    to another record (capability ``reassign``), ``left`` names those that could not be, in the host's own words.
    ``item`` is the id of what a section's write has made.
    """

    kind: AnswerKind = field(default=AnswerKind.DONE, converter=_answer_kind)
    appointment: Appointment | None = field(default=None, validator=one_of(Appointment, type(None)))
    ref: RecordRef | None = field(default=None, validator=one_of(RecordRef, type(None)))
    note: str = field(default="", validator=text)
    moved: Mapping[str, int] = field(factory=dict[str, int], hash=False)
    left: tuple[str, ...] = field(default=(), converter=tuple[str, ...])
    item: str = field(default="", validator=text)


@frozen
class Offer:
    """The host's own word on one change of one appointment: facts, to which policy is added; the stricter wins.

    ``until`` is the host's own last moment (aware UTC, that moment itself is still in time). ``fee`` is what the
    host would charge, ``forfeits`` the deposit that the client would lose.
    """

    allowed: bool = True
    why_not: str = field(default="", validator=text)
    until: datetime | None = field(default=None, converter=as_utc_or_none)
    fee: Money | None = field(default=None, validator=_money_or_none)
    forfeits: Money | None = field(default=None, validator=_money_or_none)
    needs_approval: bool = False
