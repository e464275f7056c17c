"""Asking the payment provider: outside of every unit of work, for so long at most, and never failing for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from attrs import frozen

from clientportal.ports.payments import PaymentProvider
from clientportal.rules.paying import Heard
from clientportal.values.charging import Charge, ChargeAnswer, Silence

__all__ = ["Ask", "PaymentDesk"]

Ask = Callable[[Callable[[Any], Any], Any, timedelta], Awaitable[Any]]
"""Calls one method with one argument, for so long at most; raises what it raises, or ``TimeoutError``."""

PATIENCE = timedelta(seconds=30)


@frozen
class PaymentDesk:
    """A provider, and how it is asked in this colour."""

    provider: PaymentProvider
    ask: Ask

    async def begin(self, charge: Charge) -> ChargeAnswer | Silence:
        """Ask for a charge."""
        heard = await self._asked(self.provider.begin, charge)
        return Silence("the provider's begin() answered with None") if heard is None else heard

    async def outcome(self, key: str) -> Heard:
        """Ask what became of one."""
        return await self._asked(self.provider.outcome, key)

    async def _asked(self, method: Callable[[Any], Any], argument: Any) -> Heard:
        try:
            said: object = await self.ask(method, argument, PATIENCE)
        except Exception as error:
            # Only the kind of it: the words of a provider's exception may quote a card, or a key of the business.
            return Silence(f"the provider failed: {type(error).__name__}")
        if said is None or isinstance(said, ChargeAnswer):
            return said
        return Silence(f"the provider answered with {type(said).__name__}, and not with a ChargeAnswer")
