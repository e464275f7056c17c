"""What clients see, how bookings find their client, and how records are managed and merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import cast

from attrs import Attribute, field, frozen
from attrs.validators import instance_of

from clientportal.errors import PolicyError
from clientportal.policy.client_fields import FieldDefinition, field_definitions
from clientportal.values import CLIENT_FIELDS

__all__ = [
    "BookingFlow",
    "BookingPolicy",
    "CardRemoval",
    "ClientListPolicy",
    "LoggedOutMatch",
    "OnDelete",
    "SeenBy",
    "StaffBooking",
    "VisibilityPolicy",
]

_flag = instance_of(bool)


def _word(_instance: object, attribute: Attribute[str], value: str) -> None:
    if not isinstance(cast("object", value), str) or not 0 < len(value) <= 40 or not value.isprintable():
        raise PolicyError(f"clients.{attribute.name} is a word of 1 to 40 characters", (f"clients.{attribute.name}",))


class SeenBy(StrEnum):
    """Whose appointments a client sees."""

    RECORD = "record"
    """Those of the client record."""
    ASSIGNED = "assigned"
    """Those assigned to the account (A7)."""


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def _can_be_shown(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    for name in value:
        if name not in CLIENT_FIELDS:
            raise PolicyError(
                f"visibility.fields: {name!r} cannot be shown; choose from {', '.join(CLIENT_FIELDS)}",
                ("visibility.fields",),
            )


@frozen(kw_only=True)
class VisibilityPolicy:
    """What a session shows. ``fields`` are the contact fields (T8); notes and custom fields are never among them.

    ``editable`` are those of them that clients change themselves (M7). The email, and whatever identifies a client or
    gets their codes, is changed by a code to the new one alone.
    """

    appointments: SeenBy = field(default=SeenBy.RECORD, converter=SeenBy)
    fields: tuple[str, ...] = field(default=CLIENT_FIELDS, converter=_texts, validator=_can_be_shown)
    editable: tuple[str, ...] = field(default=(), converter=_texts)
    sections: tuple[str, ...] = field(default=("account", "bookings"), converter=_texts)

    def __attrs_post_init__(self) -> None:
        for name in self.editable:
            if name not in self.fields:
                raise PolicyError(
                    f"visibility.editable names {name!r}, which visibility.fields does not show: what clients do not "
                    "see they cannot change",
                    ("visibility.editable", "visibility.fields"),
                )


class LoggedOutMatch(StrEnum):
    """How a booking made while logged out finds its client."""

    NAME_AND_CONTACT = "name_and_contact"
    """Name and one contact agree."""
    FIRST_NAME_AND_EMAIL = "first_name_and_email"
    EMAIL = "email"
    CLAIM_ONLY = "claim_only"
    """Never by itself; an account created afterwards claims it when its email is verified (A8b, A9)."""


class StaffBooking(StrEnum):
    """Whose a booking made by staff is."""

    CHOSEN_CLIENT = "chosen_client"
    UNLESS_AMBIGUOUS = "unless_ambiguous"
    """The account that the email's appointments are assigned to, unless there are several (A8c)."""


class BookingFlow(StrEnum):
    """Which booking flow the business shows."""

    CLASSIC = "classic"
    UPDATED = "updated"


def _flow(value: BookingFlow | str | None) -> BookingFlow | None:
    return None if value is None else BookingFlow(value)


@frozen(kw_only=True)
class BookingPolicy:
    """Bookings around the portal. Taking ``payments`` turns the updated flow on by itself (T10).

    ``online``: whether clients book in the portal at all (V7): the start of a booking, booking again, and the free
    times for it are refused where they do not. Moving and cancelling follow ``changes``.

    ``logged_out`` and ``by_staff`` decide where the platform tells the portal of a booking (``booked`` at the doors).
    """

    online: bool = field(default=True, validator=_flag)
    logged_out: LoggedOutMatch = field(default=LoggedOutMatch.NAME_AND_CONTACT, converter=LoggedOutMatch)
    by_staff: StaffBooking = field(default=StaffBooking.CHOSEN_CLIENT, converter=StaffBooking)
    payments: bool = field(default=False, validator=_flag)
    flow: BookingFlow | None = field(default=None, converter=_flow)

    @property
    def effective_flow(self) -> BookingFlow:
        """The flow that is shown: the one that was asked for, else the one that payments call for (T10)."""
        if self.flow is not None:
            return self.flow
        return BookingFlow.UPDATED if self.payments else BookingFlow.CLASSIC


class OnDelete(StrEnum):
    """What happens to the appointments of a deleted client."""

    KEEP = "keep"
    KEEP_PAST_CANCEL_FUTURE = "keep_past_cancel_future"


class CardRemoval(StrEnum):
    """When a client may remove a saved card."""

    FREE = "free"
    UNLESS_REQUIRED_AND_UPCOMING = "unless_required_and_upcoming"
    UNLESS_PREPAID_FUTURE = "unless_prepaid_future"


@frozen(kw_only=True)
class ClientListPolicy:
    """The client list and what hangs on it.

    * ``noun``, ``nouns``: what a client is called here, one and many (TT1): client, patient, student, member.
    * ``export``: whether the business's plan has the export of the list (TT6).
    * ``announce_viewing``: whether a client is told when staff look at the portal through their eyes.
    * ``fields``: name -> definition, of the six contact fields, ``notes`` and custom ones (``custom.<name>``), which
      profile and quick add follow (TT7). A standard field that is not named is there under its usual label.
    * ``card_removal``: what a saved card has to stay for (M9). Cards are shown where ``visibility.sections`` names
      ``payment_methods``.
    """

    noun: str = field(default="client", validator=_word)
    nouns: str = field(default="clients", validator=_word)
    export: bool = field(default=True, validator=_flag)
    announce_viewing: bool = field(default=True, validator=_flag)
    on_delete: OnDelete = field(default=OnDelete.KEEP, converter=OnDelete)
    card_removal: CardRemoval = field(default=CardRemoval.FREE, converter=CardRemoval)
    fields: Mapping[str, FieldDefinition] = field(
        factory=dict[str, FieldDefinition], converter=field_definitions, hash=False
    )
