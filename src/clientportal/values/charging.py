"""What the portal asks a payment provider for, and what a provider can answer."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import cast
from urllib.parse import urlsplit

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import as_member, one_of, text
from clientportal.values.invoices import InvoicePurpose
from clientportal.values.money import Money
from clientportal.values.secret import Secret

__all__ = ["Charge", "ChargeAnswer", "ChargeState", "Silence"]

_MOST = 200
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DIGITS = re.compile(r"\d(?:[ -]?\d){5,}")


@frozen(kw_only=True)
class Charge:
    """One charge, asked for under ``key``: the same key is the same charge, however often it is asked for.

    ``card`` is the token of a saved card, absent where the client chooses a way to pay on the provider's own page.
    ``business``, ``invoice``, ``purpose`` and ``what`` are for the provider's records.
    """

    key: str
    amount: Money
    business: str
    invoice: str
    purpose: InvoicePurpose
    what: str
    card: Secret | None = None


class ChargeState(StrEnum):
    """What a provider can say of a charge."""

    PAID = "paid"
    DECLINED = "declined"
    """It was not charged, and will not be under this key."""
    REDIRECT = "redirect"
    """The client has to go on at the provider's own page."""
    PENDING = "pending"
    """It is being worked on (a bank debit, a review)."""


def _state(value: ChargeState | str) -> ChargeState:
    return as_member(ChargeState, value, "answer of a payment provider")


def _quiet(value: str) -> str:
    """A provider's words without what might be the number of a card, and not for ever."""
    return _DIGITS.sub("…", value)[:_MOST] if isinstance(cast("object", value), str) else value


def _reference(value: str) -> str:
    if not isinstance(cast("object", value), str):
        return value
    if len(value) > _MOST:
        raise InvalidInput(f"ChargeAnswer.ref has at most {_MOST} characters; this has {len(value)}")
    # What no database column can hold must not keep money that was charged out of the books.
    return _UNSTORABLE.sub("\ufffd", value)


@frozen
class ChargeAnswer:
    """What the provider says of one charge: make it with ``paid``, ``declined``, ``redirect`` or ``pending``.

    ``amount`` is what was really charged; ``ref`` is the provider's own name for the charge; ``reason`` is for staff
    alone, without digits of a card; ``page`` is where the client goes on, by https.
    """

    state: ChargeState = field(converter=_state)
    ref: str = field(default="", converter=_reference, validator=text)
    amount: Money | None = field(default=None, validator=one_of(Money, type(None)))
    reason: str = field(default="", converter=_quiet, validator=text)
    page: Secret | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.state is ChargeState.PAID and self.amount is None:
            raise InvalidInput("ChargeAnswer.paid says what was charged: its amount with its currency")
        if self.state is ChargeState.REDIRECT and (self.page is None or not _safe(self.page.reveal())):
            raise InvalidInput(
                "ChargeAnswer.redirect names the provider's page by an address that begins with https://"
            )

    @classmethod
    def paid(cls, amount: Money, *, ref: str = "") -> ChargeAnswer:
        """Charged, and for good: this much."""
        return cls(ChargeState.PAID, ref, amount)

    @classmethod
    def declined(cls, reason: str = "", *, ref: str = "") -> ChargeAnswer:
        """Not charged."""
        return cls(ChargeState.DECLINED, ref, None, reason)

    @classmethod
    def redirect(cls, page: str, *, ref: str = "") -> ChargeAnswer:
        """The client goes on there."""
        return cls(ChargeState.REDIRECT, ref, None, "", Secret(page))

    @classmethod
    def pending(cls, *, ref: str = "") -> ChargeAnswer:
        """Not known yet."""
        return cls(ChargeState.PENDING, ref)


def _safe(url: str) -> bool:
    """Whether a browser may be sent there: https, to a host, without a user's name that makes it look like another."""
    if not url.isprintable() or " " in url or "\\" in url or len(url) > 4000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


@frozen
class Silence:
    """The provider did not answer, or with nothing that can be understood: what became of the charge is not known."""

    note: str
