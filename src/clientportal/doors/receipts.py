"""What providers report of messages, told to the portal, in both colours."""

from __future__ import annotations

from typing import cast

from clientportal.doors.base import describe
from clientportal.doors.checks import check_tenant
from clientportal.errors import InvalidInput
from clientportal.operations.performing import perform
from clientportal.operations.receipts import HEAR_RECEIPT, Heard
from clientportal.operations.setting import Setup, System
from clientportal.ports import step
from clientportal.values.receipts import DeliveryReceipt

__all__ = ["AsyncPortalReceipts", "PortalReceipts"]


def _heard(receipt: DeliveryReceipt) -> Heard:
    if not isinstance(cast("object", receipt), DeliveryReceipt):
        raise InvalidInput(f"receipt is a DeliveryReceipt; this is {type(receipt).__name__}")
    return Heard(receipt)


class PortalReceipts:
    """What a provider says of a message after it took it."""

    _setup: Setup

    def delivery_receipt(self, business: str, receipt: DeliveryReceipt) -> bool:
        """Note that a message has arrived, or has not: the latter goes by the other channel where the policy lets it.

        Call it where your provider reports to, after you have checked that it is your provider: a forged receipt can
        keep a client from being told. Reports may come twice, in any order, and before :meth:`deliver` is back. Answers
        whether this one said anything new; of a message that nobody knows it does not.
        """
        return step(perform(self._setup, System(check_tenant(business)), HEAR_RECEIPT, _heard(receipt)))


class AsyncPortalReceipts:
    """The same, awaited."""

    _setup: Setup

    async def delivery_receipt(self, business: str, receipt: DeliveryReceipt) -> bool:
        return await perform(self._setup, System(check_tenant(business)), HEAR_RECEIPT, _heard(receipt))


describe(AsyncPortalReceipts, PortalReceipts)
