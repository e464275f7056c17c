"""Codes that a client has bought or was given: packages, gift certificates, subscriptions."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from types import NoneType

from attrs import Attribute, field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.clients import RecordRef
from clientportal.values.field_checks import as_member, one_of, text
from clientportal.values.instants import as_utc_or_none
from clientportal.values.money import Money
from clientportal.values.secret import Secret

__all__ = ["ActiveCode", "CodeKind"]


class CodeKind(StrEnum):
    """What a code stands for."""

    PACKAGE = "package"
    GIFT = "gift"
    SUBSCRIPTION = "subscription"


def _kind(value: CodeKind | str) -> CodeKind:
    return as_member(CodeKind, value, "kind of code")


def _secret(value: Secret | str) -> Secret:
    return Secret(value) if isinstance(value, str) else value


def _day(_instance: object, attribute: Attribute[date | None], value: object) -> None:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise InvalidInput(
            f"ActiveCode.{attribute.name} is a date without a time of day, or None; an exact moment is expires_at"
        )


def _count(_instance: object, attribute: Attribute[int | None], value: object) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise InvalidInput(f"ActiveCode.{attribute.name} is a whole number from 0 up, or None where none are counted")


@frozen(kw_only=True)
class ActiveCode:
    """One code of one record; a host hands out all that it has, and the portal leaves out what is no longer active.

    The ``code`` is money: whoever knows a gift code can spend it. So it is a :class:`~clientportal.values.Secret`, in
    no ``repr``, log or error; a page that shows it to its owner calls ``code.reveal()``.

    ``balance`` and ``credits_left`` say what is left of it; where both are ``None`` nothing is counted. ``expires_at``
    is the exact moment at which it ends; ``last_day`` the last day on which it can be used, by the business's calendar.
    A host sets whichever it knows. ``moved_from`` is as in :class:`~clientportal.values.Appointment`.
    """

    id: str = field(validator=text)
    ref: RecordRef = field(validator=one_of(RecordRef))
    kind: CodeKind = field(converter=_kind)
    code: Secret = field(converter=_secret, validator=one_of(Secret))
    name: str = field(validator=text)
    balance: Money | None = field(default=None, validator=one_of(Money, NoneType))
    credits_left: int | None = field(default=None, validator=_count)
    expires_at: datetime | None = field(default=None, converter=as_utc_or_none)
    last_day: date | None = field(default=None, validator=_day)
    moved_from: RecordRef | None = field(default=None, validator=one_of(RecordRef, NoneType))

    @property
    def used_up(self) -> bool:
        """Whether nothing is left of it: neither money nor credits, where either is counted."""
        counted = [left for left in (self.balance, self.credits_left) if left is not None]
        return bool(counted) and not any(counted)
