"""Hearing from a provider how a message fared. Rule: ``rules/delivering.py``."""

from __future__ import annotations

from attrs import frozen

from clientportal.operations.frame import Operation, Reading
from clientportal.records import OutboxMessage
from clientportal.rules.delivering import hear
from clientportal.values.receipts import DeliveryReceipt

__all__ = ["HEAR_RECEIPT", "Heard"]


@frozen
class Heard:
    """What a provider has reported; who it was, the host has checked."""

    receipt: DeliveryReceipt


async def _load_message(reading: Reading, asked: Heard) -> OutboxMessage | None:
    return await reading.state.get(OutboxMessage, asked.receipt.message_id, lock=True)


HEAR_RECEIPT = Operation[Heard, OutboxMessage | None, bool](
    name="delivery_receipt",
    load=_load_message,
    decide=lambda seen, asked, policy, now: hear(seen, asked.receipt, policy, now),
    previewable=False,
    # As little as the pump's own notes: the outbox says what there is to say, and a provider reports often.
    audited=False,
)
