"""Payments that a client has begun: never lost, never charged twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from attrs import frozen

from clientportal.records.stored import stored
from clientportal.values import Money

__all__ = ["Payment", "PaymentStage", "PaymentState"]


class PaymentState(StrEnum):
    """Where a payment stands; ``rules/paying.py`` draws how it gets from one to the next."""

    BEGUN = "begun"
    """Committed; the provider is being asked, or whoever asked has died."""
    UNKNOWN = "unknown"
    """The provider was asked and has not answered: perhaps charged, perhaps not."""
    REDIRECTED = "redirected"
    """The client pays at the provider's page, or has left it."""
    PENDING = "pending"
    """The provider works on it."""
    CONFIRMED = "confirmed"
    """Charged; not in the business's books yet."""
    PAID = "paid"
    """Charged, and in the books."""
    OVERPAID = "overpaid"
    """Charged, and not to be put in the books: the invoice was paid otherwise, or something else was charged. Staff
    decide; nothing is refunded by itself."""
    DECLINED = "declined"
    """Not charged."""
    EXPIRED = "expired"
    """The provider has never heard of it: not charged."""


class PaymentStage(StrEnum):
    """Who has to do something."""

    OPEN = "open"
    """The portal: it asks the provider, or puts it in the books."""
    STAFF = "staff"
    """Staff: it was charged and is in no book."""
    DONE = "done"


@stored(
    "payments",
    invoice=("invoice", "stage"),
    due=("stage", "check_at"),
    stage=("stage", "begun_at"),
    time=("begun_at",),
    record=("ref",),
    open_record=("open_ref",),
    provider=("provider_ref",),
)
@frozen(kw_only=True)
class Payment:
    """One payment of one invoice; ``id`` is the idempotency key that the provider gets.

    No card and no address of a page is in it: ``card`` is the id of a saved card, whose token is read when it is
    needed, and the page is asked for anew. ``charged`` is what the provider says it has charged. ``asked_at`` is when
    it was last asked to charge, ``check_at`` when the pump looks next, ``checks`` how often it has looked in vain.
    ``ref`` is the record whose invoice it is, ``open_ref`` the same while it is open; ``business`` the one of a
    franchise that the invoice belongs to.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    invoice: str
    ref: str
    open_ref: str = ""
    business: str = ""
    amount: Money
    purpose: str
    what: str
    card: str | None = None
    actor: str
    state: PaymentState = PaymentState.BEGUN
    stage: PaymentStage = PaymentStage.OPEN
    begun_at: datetime
    asked_at: datetime
    check_at: datetime
    checks: int = 0
    charged: Money | None = None
    provider_ref: str = ""
    note: str = ""
    ended_at: datetime | None = None
    handled_by: str = ""
    handled_at: datetime | None = None
