"""Where the budgets for sending are counted, if not in the portal's own store: the port, in both colours.

``stores.redis.RedisBudgets`` is one. Counters of wrong guesses are never counted here: they are judged and charged in
the transaction of the very codes that they bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from clientportal.values.spending import Charge, Spending

__all__ = ["AsyncBudgets", "Budgets", "Charge", "Spending"]


class Budgets(Protocol):
    """Budgets that all processes of an installation share: ``Portal(budgets=…)``.

    * **One call is one atomic step.** All charges are spent, or none: of two calls at once that both would reach a
      limit, one gets it. ``rules.budgets.spend`` is the reference, for every sequence of uses.
    * **Spent is spent.** What was spent stays spent, whatever becomes of the request afterwards.
    * **An exception means "no".** The portal refuses then, counts nothing as a try, and sends nothing. So answer, or
      raise, within a second or two: somebody is waiting for a page.
    * ``charge.id`` is a keyed digest: it tells nobody's address or number, and two businesses never have the same.
    """

    def spend(self, charges: Sequence[Charge], now: datetime, *, look: bool = False) -> Spending:
        """Spend all charges as of ``now``, the portal's clock, or none; with ``look`` nothing is spent, only said."""
        ...


class AsyncBudgets(Protocol):
    """The same, awaited: ``AsyncPortal(budgets=…)``."""

    async def spend(self, charges: Sequence[Charge], now: datetime, *, look: bool = False) -> Spending:
        """As :meth:`Budgets.spend`."""
        ...
