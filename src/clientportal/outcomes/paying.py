"""What the doors answer with about invoices and payments."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from clientportal.records import PaymentStage, PaymentState
from clientportal.values import ItemPage, Money, RecordRef, Secret
from clientportal.values.invoices import Invoice

__all__ = ["PaymentLine", "PaymentView", "PaymentsPage"]


@frozen
class PaymentView:
    """A payment as the client sees it.

    ``state`` says where it stands; ``paid`` whether the money was taken, also where it is not in the books yet. Where
    ``page`` is there, the client goes on at that address: send the browser there at once, and keep it nowhere.
    """

    id: str
    invoice: str
    amount: Money
    state: PaymentState
    begun_at: datetime
    page: Secret | None = field(default=None, repr=False)

    @property
    def paid(self) -> bool:
        """Whether the money was taken."""
        return self.state in (PaymentState.CONFIRMED, PaymentState.PAID, PaymentState.OVERPAID)


@frozen
class PaymentsPage:
    """A page of invoices, what is owed first; and, on the first page, the payments that are under way.

    ``due`` is what is owed by all invoices, one exact sum for each currency. ``can_pay``: whether paying online is
    possible just now.
    """

    due: tuple[Money, ...]
    invoices: ItemPage[Invoice]
    under_way: tuple[PaymentView, ...] = ()
    can_pay: bool = False


@frozen
class PaymentLine:
    """A payment as staff see it. ``stage`` says who has to do something; ``checks`` how often the provider was asked in
    vain. ``charged`` is what the provider says it has charged, ``note`` what it said, or what was wrong.
    """

    id: str
    invoice: str
    ref: RecordRef
    amount: Money
    state: PaymentState
    stage: PaymentStage
    begun_at: datetime
    checks: int
    charged: Money | None = None
    provider_ref: str = ""
    note: str = ""
    handled_by: str = ""
    handled_at: datetime | None = None
