"""Who takes the money: the port of a payment provider, in both colours.

The portal never sees a card. It asks for a charge under an idempotency key, outside of every transaction, and asks
again under the same key whenever it does not know what became of it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeAlias

from clientportal.values.charging import Charge, ChargeAnswer, ChargeState

__all__ = ["Charge", "ChargeAnswer", "ChargeState", "PaymentProvider"]

Answer: TypeAlias = ChargeAnswer | Awaitable[ChargeAnswer]
Outcome: TypeAlias = ChargeAnswer | Awaitable[ChargeAnswer | None] | None


class PaymentProvider(Protocol):
    """A payment provider: ``Portal(payments=…)``. Plain methods for ``Portal``; either kind for ``AsyncPortal``.

    What both methods promise:

    * **One key is one charge.** Whatever is asked for under a key a second time, at once or an hour later, charges
      nothing more, and answers with what the first came to. Most providers take such a key themselves; hand it on.
    * **An exception means "not known"**, and so does no answer in thirty seconds. It is never taken for a "no": say
      ``ChargeAnswer.declined`` where nothing was charged, and nothing will be.
    * Called from a thread of its own behind a plain portal, never inside a transaction; several at once.
    """

    def begin(self, charge: Charge) -> Answer:
        """Charge ``charge.amount`` exactly, or begin to: paid, declined, a page for the client, or pending."""
        ...

    def outcome(self, key: str) -> Outcome:
        """What became of the charge under that key; ``None`` where you have never heard of the key.

        For a client who left your page without paying and can still come back it is ``redirect`` or ``pending``; once
        nobody can pay there any more, ``declined``.
        """
        ...
