"""Budgets for sending, wherever they are counted. Rules: ``rules/budgets.py``.

In the portal's own store they are records like all others: read, judged and written in the unit that also writes the
message. What is counted outside (``Portal(budgets=…)``, and the cap for all businesses, which no unit of one business
may touch) is asked *between* two units:

    a unit        read, judge: granted, if the budgets say so; nothing is written
    the budgets   one atomic call, outside of every unit, once for a request however often a unit is run again
    a unit        read and judge again, with their answer; written and committed

A crash in between leaves the budget spent and nothing sent: pulling the plug is no way to send for nothing.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import evolve

from clientportal.errors import Conflict
from clientportal.operations.frame import TRIES, Reading
from clientportal.operations.setting import Setup
from clientportal.records import Allowance, Put
from clientportal.rules.budgets import Allowances, Elsewhere, in_all, next_use, spend
from clientportal.values.spending import Charge, Spending

__all__ = ["Unspent", "allowances_for", "budgets_answer", "spend_outside"]

_log = logging.getLogger("clientportal.budgets")

_EVERYBODY = ""
"""Where the cap for all businesses stands in the store: no business has this name."""


class Unspent(Exception):
    """Leaves a unit without a trace: what it decided rests on budgets that have not been asked yet."""

    def __init__(self, charges: Sequence[Charge]) -> None:
        super().__init__(f"{len(charges)} charges")
        self.charges = tuple(charges)


async def allowances_for(reading: Reading, charges: Sequence[Charge]) -> Allowances:
    """What is known of the budgets that a request needs. Two requests to one destination are kept apart either way."""
    setup = reading.setup
    if setup.budgets is not None:
        await reading.state.hold(f"budget:{charges[0].id}")
        return Elsewhere(reading.spending)
    held = await reading.state.get_many(Allowance, [charge.id for charge in charges], lock=True)
    return held if in_all(charges, setup.sends_per_hour) is None else Elsewhere(reading.spending, held)


async def spend_outside(
    setup: Setup, tenant: str, charges: Sequence[Charge], now: datetime, *, look: bool
) -> Spending | None:
    """Spend what is counted outside of this business's records; ``None`` where nobody can say, which is a "no".

    The attack: whoever brings the counter down, or slows it, sends without a limit. So what it does not answer is
    refused (I4), and the reason is for the log alone.
    """
    capped = in_all(charges, setup.sends_per_hour)
    try:
        if setup.budgets is None:
            assert capped is not None
            return await _spend_in_store(setup, capped, now, look=look)
        # Whoever reads the counter learns nobody's number or address: it is given keyed digests.
        hidden = [evolve(one, id=setup.keys.fingerprint("budget", tenant, one.id)) for one in charges]
        if capped is not None:
            hidden.append(evolve(capped, id=setup.keys.fingerprint("budget", _EVERYBODY, capped.id)))
        said = setup.budgets.spend(hidden, now, look=look)
        return await said if inspect.isawaitable(said) else said
    except Exception as error:
        _log.error("the budgets cannot be asked, so nothing is sent: %s", type(error).__name__)
        return None


async def budgets_answer(setup: Setup) -> None:
    """Spend one use of an axis that bounds nothing, as a request would, or raise what it raises: for whoever watches.

    A look would not do: a replica and a full server can still be read.
    """
    if setup.budgets is not None:
        charge = Charge(setup.keys.fingerprint("budget", _EVERYBODY, "health"), ((timedelta(seconds=1), 10**9),))
        said = setup.budgets.spend([charge], setup.clock())
        _ = await said if inspect.isawaitable(said) else said


async def _spend_in_store(setup: Setup, charge: Charge, now: datetime, *, look: bool) -> Spending | None:
    for _ in range(TRIES):
        try:
            async with setup.store.begin(_EVERYBODY, setup.host, writes=True) as unit:
                held = await unit.state.get_many(Allowance, [charge.id], lock=True)
                used = spend(held, [charge], now)
                if isinstance(used, datetime):
                    return Spending(False, used)
                if not look:
                    await unit.commit(tuple(map(Put, used)))
                return Spending(True, next_use(used[0], charge, now))
        except Conflict:
            continue
    return None
