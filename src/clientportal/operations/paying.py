"""Paying: commit, ask the provider outside of every unit, record what it says. Rules: ``rules/paying.py``.

Three steps, as with everything slow or outside (see the plan of the house)::

    begin     a unit: the payment is committed, with its id as the provider's key
    ask       outside: begin(), or outcome() of what was begun before
    record    a unit: what the provider said; and where it was charged, one more, in which the books take it

A process that dies between two steps leaves an open payment, which the pump, the client's next look or the provider's
webhook takes up: each asks the provider first.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from attrs import frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import InvalidInput, StoreError
from clientportal.operations.charging import ask_about, ask_to_charge, charge_of, record
from clientportal.operations.frame import Denied, Keyed, Operation, Reading, alone
from clientportal.operations.people import principal
from clientportal.operations.performing import perform
from clientportal.operations.sections import item_of, open_section
from clientportal.operations.setting import Caller, Setup, System
from clientportal.outcomes import PaymentView
from clientportal.policy import Policy
from clientportal.records import Payment, PaymentStage, PaymentState, Receipt
from clientportal.rules.franchises import is_shown
from clientportal.rules.paying import Asked, Paying, begin, shown
from clientportal.sections.payments import Payments
from clientportal.values import Money, RecordRef, Secret
from clientportal.values.cards import Card
from clientportal.values.charging import Charge, Silence
from clientportal.values.invoices import Invoice

__all__ = ["LookAtPayment", "Pay", "finish_payments", "look_at_payment", "pay", "payment_changed", "shown_at"]

_FEW = 20
"""No invoice has more open payments than one; more of them come from a provider that contradicts itself."""


# --- beginning -------------------------------------------------------------------------------------------------------


def _amount(value: Money) -> Money:
    if not isinstance(cast("object", value), Money):
        raise InvalidInput(f"amount is Money, such as Money('25.00', 'NZD'); this is {type(value).__name__}")
    return value


@frozen
class Pay:
    """Which invoice, how much the client agrees to pay, by which saved card (its id) or by none."""

    invoice: str
    amount: Money
    card: str | None = None


@frozen
class _Seen:
    paying: Paying
    token: Secret | None
    tenant: str


@frozen
class _Ready:
    """What was begun, and what the provider is to be asked for where it is new."""

    payment: Payment
    charge: Charge | None


async def _load_pay(reading: Reading, asked: Pay) -> _Seen:
    _amount(asked.amount)
    opened = await open_section(reading, Payments.name, "pay")
    if reading.setup.payments is None:
        raise Denied(Refusal(Reason.DISABLED, Because("paying.begin", (("payment provider", "none"),))))
    await item_of(opened, asked.invoice)
    token = None if asked.card is None else await _own_token(reading, asked.card)
    await reading.state.hold(f"paying {asked.invoice}")
    # In this order: a payment is no longer open, nor staff's, from the very commit on that changes its invoice.
    others = [
        one
        for stage in (PaymentStage.OPEN, PaymentStage.STAFF)
        for one in await reading.state.find(Payment, "invoice", [asked.invoice, stage.value], limit=_FEW)
    ]
    invoice: Invoice = await item_of(opened, asked.invoice)
    return _Seen(Paying(invoice, tuple(others), reading.fresh_id(), reading.actor), token, reading.tenant)


async def _own_token(reading: Reading, card: str) -> Secret:
    """The token of a saved card of the caller's own."""
    found: Card = await item_of(await open_section(reading, "payment_methods"), card)
    if not found.token:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("paying.begin", (("card", "has no token"),))))
    return found.token


def _decide_pay(seen: _Seen, asked: Pay, _policy: Policy, now: datetime) -> Decision[_Ready]:
    decision = begin(seen.paying, Asked(asked.amount, asked.card), now)
    if isinstance(decision.outcome, Refusal):
        return Decision(decision.outcome, decision.because)
    begun = decision.outcome
    charge = charge_of(seen.tenant, begun.payment, seen.token) if begun.fresh else None
    return grant(_Ready(begun.payment, charge), decision.because, decision.changes)


def _remember(outcome: _Ready) -> dict[str, str]:
    return {"payment": outcome.payment.id}


async def _replay(reading: Reading, _asked: Pay, receipt: Receipt) -> Decision[_Ready]:
    """The same payment again, where it could still be asked for: a key goes on asking the provider, and may charge,
    so it opens nothing that has been closed since, nor what an undone merge has given back to somebody else.
    """
    payment = await _own_payment(reading, receipt.result["payment"], "pay")
    return grant(_Ready(payment, None), Because("performing.perform", (("receipt", "found"),)))


_PAY = Operation[Pay, _Seen, _Ready](
    name="pay",
    load=_load_pay,
    decide=_decide_pay,
    subject=lambda asked: asked.invoice[:200],
    durable=True,
    keyed=Keyed(_remember, _replay, admit=principal),
)


async def pay(setup: Setup, caller: Caller, asked: Pay, *, key: str | None, preview: bool) -> PaymentView:
    """Pay, or go on with what is under way."""
    ready = await perform(setup, caller, _PAY, asked, key=key, preview=preview)
    if preview:
        return shown(ready.payment)
    system = System(caller.tenant)
    if ready.charge is None:
        return shown(*await ask_about(setup, system, ready.payment))
    return shown(*await ask_to_charge(setup, system, ready.payment, ready.charge))


# --- who asks: the client, the provider's webhook, the pump -----------------------------------------------------------


@frozen
class LookAtPayment:
    """Which payment, by the id that ``pay`` answered with."""

    id: str


@frozen
class _Looked:
    payment: Payment
    by_staff: bool


def shown_at(reading: Reading, payment: Payment) -> bool:
    """Whether a payment is shown at the business of a franchise whose door this is."""
    return is_shown(payment.business, Payments.name, reading.setup.branch, reading.policy.franchise.shares)


async def _own_payment(reading: Reading, id: str, action: str | None = None) -> Payment:
    """A payment of the caller's own, shown at this door; for everybody else there is none."""
    opened = await open_section(reading, Payments.name, action)
    found = await reading.state.get(Payment, id) if 0 < len(id) <= 200 and "\x00" not in id else None
    if found is None or RecordRef.parse(found.ref) not in opened.refs or not shown_at(reading, found):
        raise Denied(Refusal(Reason.NOT_FOUND, Because("who_may_see.own", (("section", Payments.name),))))
    return found


async def _load_look(reading: Reading, asked: LookAtPayment) -> _Looked:
    return _Looked(await _own_payment(reading, asked.id), reading.viewer is not None)


_LOOK = Operation[LookAtPayment, _Looked, _Looked](
    name="payment",
    load=_load_look,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("who_may_see.own")),
    subject=lambda asked: asked.id[:200],
    writes=False,
)


async def look_at_payment(setup: Setup, caller: Caller, asked: LookAtPayment, *, preview: bool) -> PaymentView:
    """What became of a payment: as it is known, and if it is open, as the provider says it is now."""
    looked = await perform(setup, caller, _LOOK, asked, preview=preview)
    payment = looked.payment
    if looked.by_staff or preview or setup.connection is not None or payment.stage is not PaymentStage.OPEN:
        return shown(payment)
    return shown(*await ask_about(setup, System(caller.tenant), payment))


async def payment_changed(setup: Setup, tenant: str, id: str) -> PaymentState | None:
    """Somebody says that a payment has changed: ask the provider, whoever it was."""
    alone(setup, "payment_changed")
    if not isinstance(cast("object", id), str):
        raise InvalidInput(f"payment_changed: the id of a payment is text; this is {type(id).__name__}")
    if not 0 < len(id) <= 200 or not id.isprintable():
        return None
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        found = await unit.state.get(Payment, id)
        several = [found] if found else list(await unit.state.find(Payment, "provider", [id], limit=_FEW))
    states = [(await ask_about(setup, System(tenant), one))[0].state for one in several]
    return states[0] if states else None


async def finish_payments(setup: Setup, tenant: str, limit: int) -> int:
    """What nobody has heard of for a while: ask the provider; answers of how many it said what became of them."""
    if setup.payments is None:
        return 0
    async with setup.store.begin(tenant, setup.host, writes=False) as unit:
        page = await unit.state.page(Payment, "due", [PaymentStage.OPEN.value], upto=setup.clock(), limit=limit)
    finished = 0
    for payment in page.items:
        system = System(tenant)
        try:
            after, heard = await ask_about(setup, system, payment)
        except StoreError:
            raise
        except Exception as error:  # the host is away for this one: it is put off, and holds nothing up
            heard = Silence(f"the host failed: {type(error).__name__}")
            after = await record(setup, system, payment, heard)
        finished += after.stage is not PaymentStage.OPEN
        if isinstance(heard, Silence):
            break  # a provider that is away is not waited for again and again in one run
    return finished
