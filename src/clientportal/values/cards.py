"""Saved cards: what may be shown of one, and what it still stands for (M9, T8)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from typing import Self

from attrs import evolve, field, frozen

from clientportal.values.appointments import AppointmentStatus
from clientportal.values.field_checks import as_member, one_of, text
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, in_zone, is_zone, sortable
from clientportal.values.prefill import four_digits, month, year
from clientportal.values.secret import Secret
from clientportal.values.sections import Counted, SectionItem

__all__ = ["Card", "CardGuard", "Prepayment"]


def _secret(value: Secret | str) -> Secret:
    return Secret(value) if isinstance(value, str) else value


def _status(value: AppointmentStatus | str) -> AppointmentStatus:
    return as_member(AppointmentStatus, value, "status of an appointment")


@frozen(kw_only=True)
class Prepayment:
    """An appointment that was paid for in advance with a card, as the shipped hosts keep it with the card.

    ``start`` and ``zone`` are the appointment's when it was paid for; ``refund_outstanding``: it is to be paid back,
    and has not been.
    """

    appointment: str = field(validator=text)
    start: datetime = field(converter=as_utc)
    zone: str = field(validator=is_zone)
    refund_outstanding: bool = field(default=False, validator=one_of(bool))


@frozen(kw_only=True)
class CardGuard:
    """A prepaid appointment as it stands now: what may keep the card that paid for it (M9)."""

    appointment: str = field(validator=text)
    status: AppointmentStatus = field(converter=_status)
    start: datetime = field(converter=as_utc)
    zone: str = field(validator=is_zone)
    refund_outstanding: bool = field(default=False, validator=one_of(bool))

    @property
    def local_start(self) -> datetime:
        """The wall clock it starts at."""
        return in_zone(self.start, self.zone)


@frozen(kw_only=True)
class Card(SectionItem):
    """A card that a client has saved: brand, last four digits and expiry, and nothing else of it.

    ``token`` is between the platform and its payment provider: no door hands it out. ``required``: the business asks
    this client to keep a card. It can pay until the end of the month of its expiry. ``prepaid`` is what the shipped
    hosts make their guards of; an adapter leaves it empty and answers ``guards``.
    """

    token: Secret = field(default=Secret(""), converter=_secret, validator=one_of(Secret))
    brand: str = field(validator=text)
    last_four: str = field(validator=four_digits)
    expires_month: int = field(validator=month)
    expires_year: int = field(validator=year)
    saved_at: datetime = field(converter=as_utc)
    required: bool = field(default=False, validator=one_of(bool))
    prepaid: tuple[Prepayment, ...] = field(default=(), converter=tuple[Prepayment, ...])

    @property
    def last_day(self) -> date:
        """The last day on which it can pay."""
        return date(self.expires_year, self.expires_month, monthrange(self.expires_year, self.expires_month)[1])

    @property
    def listed_by(self) -> str:
        """Latest saved first."""
        return sortable(self.saved_at)

    @property
    def counted_as(self) -> Counted:
        """A saved card."""
        return Counted(HoldingKind.CARD)

    def as_shown(self) -> Self:
        """Without the token, and without what it has paid for."""
        return evolve(self, token=Secret(""), prepaid=())
