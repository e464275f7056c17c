"""How clients prove who they are, and what a proof opens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import ge, in_, instance_of, le, optional

from clientportal.values import ContactKind, NumberType
from clientportal.values.contacts import is_region

__all__ = [
    "ContactPolicy",
    "Delivery",
    "LoginPolicy",
    "LoginToBook",
    "Proof",
    "SeveralRecords",
    "UnknownIdentity",
]


class Proof(StrEnum):
    """What a client shows."""

    CODE = "code"
    """A one-time code sent to them."""
    PASSWORD = "password"  # noqa: S105


class Delivery(StrEnum):
    """Which way a code goes."""

    NONE = "none"
    SMS = "sms"
    EMAIL = "email"
    SMS_ELSE_EMAIL = "sms_else_email"
    """By SMS where the record has a valid mobile number, else by email; read at the time of sending (V3)."""


class UnknownIdentity(StrEnum):
    """What happens to an identity that no record has."""

    CREATE_EMPTY = "create_empty"
    """After the proof, a new, empty client record (T6)."""
    SAME_ALERT = "same_alert"
    """The alert that a wrong password gets (A3); registering is offered where it is allowed. With codes: silence."""
    REFUSE_SILENTLY = "refuse_silently"
    """The reply that a known identity gets; nothing is sent and nothing is made (V1)."""


class SeveralRecords(StrEnum):
    """What happens where several records have the proved contact."""

    NEWEST_BOOKING = "newest_booking"
    """The record that most recently made a booking (T4)."""
    CHOOSE = "choose"
    """The client chooses, after the proof."""
    ACCOUNTS = "accounts"
    """Not a question: an account is what logs in, and shares nothing by an equal email. With codes: as ``choose``."""


class LoginToBook(StrEnum):
    """Whether a booking needs a login."""

    OPTIONAL = "optional"
    NEVER = "never"
    """It can never be required (A5): whoever has an account may book logged out."""
    REQUIRED = "required"
    """``BookingStart.login_required`` says so to the booking page; the portal itself stops no booking yet."""


_flag = instance_of(bool)


def contact_kinds(value: Iterable[ContactKind | str]) -> frozenset[ContactKind]:
    """Fields by name, as a TOML file has them."""
    return frozenset(ContactKind(kind) for kind in value)


def _number_types(value: Iterable[NumberType | str]) -> frozenset[NumberType]:
    return frozenset(NumberType(kind) for kind in value)


@frozen(kw_only=True)
class LoginPolicy:
    """Proof, identifiers, and what they open.

    * ``enabled``: off, nobody logs in, and open sessions are refused.
    * ``identifiers``: the fields that identify (T11: a number in the plain phone field is not the mobile).
    * ``in_booking_flow``: whether the booking flow offers login (T2).
    * ``code_digits``, ``code_life``, ``live_codes``: V6.5; at most 10 minutes; how many codes may be open per identity
      and lane at once.
    * ``recycled_after``: a contact last proved longer ago than this does not open old records by itself (X6); ``None``
      is off.
    """

    enabled: bool = field(default=True, validator=_flag)
    proof: Proof = field(default=Proof.CODE, converter=Proof)
    identifiers: frozenset[ContactKind] = field(default=frozenset({ContactKind.MOBILE}), converter=contact_kinds)
    delivery: Delivery = field(default=Delivery.SMS, converter=Delivery)
    unknown: UnknownIdentity = field(default=UnknownIdentity.CREATE_EMPTY, converter=UnknownIdentity)
    several: SeveralRecords = field(default=SeveralRecords.NEWEST_BOOKING, converter=SeveralRecords)
    in_booking_flow: bool = field(default=False, validator=_flag)
    to_book: LoginToBook = field(default=LoginToBook.OPTIONAL, converter=LoginToBook)
    code_digits: int = field(default=6, validator=in_((4, 5, 6, 7, 8)))
    code_life: timedelta = field(default=timedelta(minutes=10), validator=[ge(timedelta(seconds=30))])
    live_codes: int = field(default=3, validator=[ge(1), le(20)])
    recycled_after: timedelta | None = field(default=None, validator=optional(ge(timedelta(days=1))))


@frozen(kw_only=True)
class ContactPolicy:
    """How contacts are read, and which may be used.

    * ``region``: ISO 3166 code that national spellings are read in.
    * ``allowed_regions``: regions whose numbers may be sent to; empty means every region.
    * ``allowed_types``: kinds of number that may be sent to; premium and unknown numbers are left out (toll fraud).
    * ``shared_by_at_most``: a contact on more records than this is no merge key (X4).
    """

    region: str = field(default="US", validator=is_region)
    allowed_regions: frozenset[str] = field(default=frozenset(), converter=frozenset)
    allowed_types: frozenset[NumberType] = field(
        default=frozenset({NumberType.MOBILE, NumberType.FIXED_OR_MOBILE}),
        converter=_number_types,
    )
    shared_by_at_most: int = field(default=10, validator=[ge(1), le(100)])
