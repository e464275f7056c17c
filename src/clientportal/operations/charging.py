"""Asking the provider for a payment that was begun, recording what it says, and having it booked.

The second and third step of three; see ``paying.py``. Rules: ``rules/paying.py``.
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import HostError, Refused, StoreError
from clientportal.operations.frame import Denied, Operation, Reading, Unfinished
from clientportal.operations.performing import perform
from clientportal.operations.setting import Setup, System
from clientportal.policy import Policy
from clientportal.records import Intent, Payment, PaymentState, Put
from clientportal.rules.paying import (
    Heard,
    charge_again,
    hear,
    not_taken,
    put_off,
    settle_id,
    settle_payment,
    tells_something,
)
from clientportal.sections.payments import SETTLE, Payments
from clientportal.values import Secret
from clientportal.values.charging import Charge
from clientportal.values.invoices import Invoice, InvoicePurpose

__all__ = ["ask_about", "ask_to_charge", "charge_of", "record"]


def charge_of(tenant: str, payment: Payment, token: Secret | None) -> Charge:
    """What the provider is asked for."""
    return Charge(
        key=payment.id,
        amount=payment.amount,
        business=tenant,
        invoice=payment.invoice,
        purpose=InvoicePurpose(payment.purpose),
        what=payment.what,
        card=token,
    )


# --- asking the provider ---------------------------------------------------------------------------------------------


async def ask_to_charge(setup: Setup, system: System, payment: Payment, charge: Charge) -> tuple[Payment, Heard]:
    """Ask for the charge, and record what becomes of it."""
    if setup.payments is None:
        return payment, None
    heard = await setup.payments.begin(charge)
    return await record(setup, system, payment, heard), heard


async def ask_about(setup: Setup, system: System, payment: Payment) -> tuple[Payment, Heard]:
    """Find out what became of a payment, and record it; charge again what never reached the provider."""
    if setup.payments is None:
        return payment, None
    if payment.state is PaymentState.CONFIRMED:
        return await _into_the_books(setup, system, payment), None
    heard = await setup.payments.outcome(payment.id)
    if charge_again(payment, heard, setup.clock()) is not None:
        try:
            charge = await perform(setup, system, _CHARGE_AGAIN, _ById(payment.id))
        except Refused:
            charge = None  # others are at it
        if charge is not None:
            return await ask_to_charge(setup, system, payment, charge)
    return await record(setup, system, payment, heard), heard


@frozen
class _ById:
    id: str


@frozen
class _Again:
    payment: Payment | None
    charge: Charge | None


async def _load_again(reading: Reading, asked: _ById) -> _Again:
    payment = await reading.state.get(Payment, asked.id, lock=True)
    if payment is None or payment.card is None:
        return _Again(payment, None if payment is None else charge_of(reading.tenant, payment, None))
    port = await reading.host.section("payment_methods")
    card = None if port is None else await port.one(payment.card)
    # A card that was removed meanwhile pays for nothing any more.
    usable = card is not None and bool(card.token)
    return _Again(payment, charge_of(reading.tenant, payment, card.token) if card is not None and usable else None)


def _decide_again(seen: _Again, asked: _ById, _policy: Policy, now: datetime) -> Decision[Charge | None]:
    because = Because("paying.charge_again", (("payment", asked.id), ("can be charged", str(seen.charge is not None))))
    again = None if seen.payment is None or seen.charge is None else charge_again(seen.payment, None, now)
    return grant(None, because) if again is None else grant(seen.charge, because, (Put(again),))


_CHARGE_AGAIN = Operation[_ById, _Again, "Charge | None"](
    name="charge_again",
    load=_load_again,
    decide=_decide_again,
    subject=lambda asked: asked.id,
    previewable=False,
    durable=True,
)


# --- recording -------------------------------------------------------------------------------------------------------


@frozen
class _Hear:
    id: str
    heard: Heard


async def _load_stored(reading: Reading, asked: _ById | _Hear | _Refused) -> Payment:
    payment = await reading.state.get(Payment, asked.id, lock=True)
    if payment is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("paying.hear", (("payment", "gone"),))))
    return payment


def _decide_hear(seen: Payment, asked: _Hear, _policy: Policy, now: datetime) -> Decision[Payment]:
    return hear(seen, asked.heard, now)


_HEAR, _HEAR_NOTHING_NEW = (
    Operation[_Hear, Payment, Payment](
        name="payment_heard",
        load=_load_stored,
        decide=_decide_hear,
        subject=lambda asked: asked.id,
        previewable=False,
        durable=True,
        audited=audited,
    )
    for audited in (True, False)
)


async def record(setup: Setup, system: System, payment: Payment, heard: Heard) -> Payment:
    """Record what the provider said; what is charged by that goes into the books at once."""
    operation = _HEAR if tells_something(payment, heard) else _HEAR_NOTHING_NEW
    try:
        known = await perform(setup, system, operation, _Hear(payment.id, heard))
    except Refused:
        return payment  # others are recording; whatever they have heard is the same provider's word
    return await _into_the_books(setup, system, known) if known.state is PaymentState.CONFIRMED else known


# --- the books -------------------------------------------------------------------------------------------------------


@frozen
class _Booking:
    payment: Payment
    invoice: Invoice | None
    actor: str


@frozen
class _Refused:
    id: str
    why: str


async def _load_settle(reading: Reading, asked: _ById) -> _Booking:
    payment = await _load_stored(reading, asked)
    if not reading.setup.host.shares_transaction and await reading.state.get(Intent, settle_id(payment)) is not None:
        raise Unfinished(settle_id(payment))
    if payment.state is not PaymentState.CONFIRMED:
        return _Booking(payment, None, reading.actor)
    port = await reading.host.section(Payments.name)
    if port is None:
        raise HostError(f"a payment of {payment.invoice!r} was charged, and the host has no section for payments")
    return _Booking(payment, await port.one(payment.invoice), reading.actor)


def _decide_settle(seen: _Booking, _asked: _ById, _policy: Policy, now: datetime) -> Decision[Payment]:
    return settle_payment(seen.payment, seen.invoice, actor=seen.actor, action=(Payments.name, SETTLE), now=now)


_SETTLE = Operation[_ById, _Booking, Payment](
    name="settle_payment",
    load=_load_settle,
    decide=_decide_settle,
    subject=lambda asked: asked.id,
    previewable=False,
    durable=True,
)

_NOT_TAKEN = Operation[_Refused, Payment, Payment](
    name="payment_not_taken",
    load=_load_stored,
    decide=lambda seen, asked, _policy, _now: not_taken(seen, asked.why),
    subject=lambda asked: asked.id,
    previewable=False,
    durable=True,
)

_PUT_OFF = Operation[_Refused, Payment, Payment](
    name="put_off_payment",
    load=_load_stored,
    decide=lambda seen, asked, _policy, now: put_off(seen, asked.why, now),
    previewable=False,
    audited=False,
    durable=True,
)


async def _into_the_books(setup: Setup, system: System, payment: Payment) -> Payment:
    """The host books it, in the commit that says so here. It is charged whatever fails from here on, so nothing of
    that is the caller's: the pump goes on with it.
    """
    try:
        return await perform(setup, system, _SETTLE, _ById(payment.id))
    except Refused as refused:
        if refused.reason is Reason.NOT_CHANGEABLE:
            why = f"the platform would not take it: {refused.refusal.facts.get('why') or 'it did not say why'}"
            return await perform(setup, system, _NOT_TAKEN, _Refused(payment.id, why[:200]))
        return payment
    except Exception as error:
        why = f"the host failed: {type(error).__name__}"
    try:
        return await perform(setup, system, _PUT_OFF, _Refused(payment.id, why))
    except (Refused, StoreError):
        return payment
