"""May this be paid now, and what follows from what the provider says? (V8)

The attacks. A client pays twice because a page hung, or because two people of a household pay at once: so one invoice
has one open payment, and its id is the key under which the provider charges once. A page shows yesterday's amount and
the client is charged today's: so the amount that is agreed to must be what is due. Somebody calls the webhook with
"paid": so nobody's word counts but the answer that the provider gives when it is asked. A provider that answers late,
twice, or one thing now and another later must not make money disappear: so "paid" is believed whenever it comes, also
after a "no", and nothing takes it back.

All transitions, by what the provider says; a dash changes nothing::

                     paid         declined    page        pending    silence    never heard of it
    begun, unknown   confirmed    declined    redirected  pending    unknown    charge again, under the same key;
                                                                                after an hour: expired
    redirected       confirmed    declined    redirected  pending    -          -
    pending          confirmed    declined    redirected  pending    -          -
    declined         confirmed    -           -           -          -          -
    expired          confirmed    declined    -           -          -          -
    confirmed, paid, overpaid: -, however it contradicts itself

    and then         confirmed  -> paid       the books take it: one commit with the host's own write
                     confirmed  -> overpaid   they cannot: paid otherwise, void, less is due
    in any of these  paid, but not the amount that was asked for -> overpaid

``overpaid`` waits for staff, and no second payment of that invoice is begun before they have dealt with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.outcomes.paying import PaymentView
from clientportal.records import HostWrite, Intent, Payment, PaymentStage, PaymentState, Put
from clientportal.values import Money, SectionWrite
from clientportal.values.charging import ChargeAnswer, ChargeState, Silence
from clientportal.values.invoices import Invoice, InvoiceStatus

__all__ = [
    "LEASE",
    "Asked",
    "Begun",
    "Heard",
    "Paying",
    "begin",
    "charge_again",
    "handled",
    "hear",
    "not_taken",
    "put_off",
    "settle_id",
    "settle_payment",
    "settled_payment",
    "shown",
    "tells_something",
]

Heard = ChargeAnswer | Silence | None
"""What the provider said: ``None`` where it has never heard of the key."""

LEASE = timedelta(minutes=1)
"""So long whoever asks the provider has it to themselves: twice the time after which they give up."""
CHARGE_AGAIN_FOR = timedelta(minutes=10)
"""As long as that a charge that never reached the provider is asked for again; the client has just agreed to it."""
EXPIRES_AFTER = timedelta(hours=1)
"""A charge of which the provider has still not heard by then was never made: nothing is on its way for so long."""
_FIRST_CHECK = timedelta(minutes=1)
_MOST_DOUBLINGS = 6

_UNANSWERED = (PaymentState.BEGUN, PaymentState.UNKNOWN)
_WAITING = (PaymentState.REDIRECTED, PaymentState.PENDING)
_CHARGED = (PaymentState.CONFIRMED, PaymentState.PAID, PaymentState.OVERPAID)
_SAID = {
    ChargeState.DECLINED: PaymentState.DECLINED,
    ChargeState.REDIRECT: PaymentState.REDIRECTED,
    ChargeState.PENDING: PaymentState.PENDING,
}


# --- beginning -------------------------------------------------------------------------------------------------------


@frozen
class Asked:
    """What a client agrees to: which invoice, how much, by which saved card or by none."""

    amount: Money
    card: str | None


@frozen
class Paying:
    """The invoice as it is now, and what else of it is under way or waits for staff."""

    invoice: Invoice
    others: tuple[Payment, ...]
    payment_id: str
    actor: str


@frozen
class Begun:
    """The payment, and whether it is new: the provider has not been asked for it."""

    payment: Payment
    fresh: bool


def begin(seen: Paying, asked: Asked, now: datetime) -> Decision[Begun]:
    """Begin a payment, or go on with the one that is under way. Nothing is charged that was not agreed to."""
    invoice = seen.invoice
    facts = (("invoice", invoice.id), ("due", str(invoice.due)), ("asked", str(asked.amount)))
    for other in seen.others:
        because = Because("paying.begin", (*facts, ("under way", other.state.value)))
        same = other.amount == asked.amount and other.card == asked.card
        if other.stage is not PaymentStage.OPEN or not same:
            return refuse(Reason.PAYMENT_UNDER_WAY, because, state=other.state.value)
        return grant(Begun(other, fresh=False), because)
    because = Because("paying.begin", facts)
    if invoice.status is not InvoiceStatus.OPEN or not invoice.due:
        return refuse(Reason.NOTHING_DUE, because)
    if asked.amount != invoice.due:
        return refuse(Reason.AMOUNT_CHANGED, because, due=str(invoice.due), asked=str(asked.amount))
    ref = str(invoice.moved_from or invoice.ref)
    payment = Payment(
        id=seen.payment_id,
        invoice=invoice.id,
        ref=ref,
        open_ref=ref,
        business=invoice.business,
        amount=invoice.due,
        purpose=invoice.purpose.value,
        what=invoice.name,
        card=asked.card,
        actor=seen.actor,
        begun_at=now,
        asked_at=now,
        check_at=now + LEASE,
    )
    return grant(Begun(payment, fresh=True), because, (Put(payment),))


# --- what the provider says ------------------------------------------------------------------------------------------


def tells_something(payment: Payment, heard: Heard) -> bool:
    """Whether an answer says more than is known: what does not is not worth a line in the audit."""
    if not isinstance(heard, ChargeAnswer):
        return payment.state is PaymentState.BEGUN
    if payment.state in _CHARGED:
        return heard.state is not ChargeState.PAID
    return _SAID.get(heard.state) is not payment.state


def hear(payment: Payment, heard: Heard, now: datetime) -> Decision[Payment]:
    """The payment after an answer, by the table above."""
    said = heard.state.value if isinstance(heard, ChargeAnswer) else "silence" if heard is not None else "never heard"
    because = Because("paying.hear", (("payment", payment.id), ("was", payment.state.value), ("provider", said)))
    after = _after(payment, heard, now)
    return grant(after, because, () if after == payment else (Put(after),))


def _after(payment: Payment, heard: Heard, now: datetime) -> Payment:
    if payment.state in _CHARGED:
        return payment
    if isinstance(heard, ChargeAnswer):
        return _answered(payment, heard, now)
    if payment.stage is not PaymentStage.OPEN:
        return payment
    if heard is None and payment.state in _UNANSWERED and now >= payment.begun_at + EXPIRES_AFTER:
        return _ended(payment, PaymentState.EXPIRED, "the provider has never heard of it", now)
    note = payment.note if heard is None else heard.note
    state = PaymentState.UNKNOWN if payment.state is PaymentState.BEGUN else payment.state
    return _looked_at(evolve(payment, state=state, note=note), now)


def _answered(payment: Payment, heard: ChargeAnswer, now: datetime) -> Payment:
    known = evolve(payment, provider_ref=heard.ref or payment.provider_ref)
    if heard.state is ChargeState.PAID:
        return _charged(known, heard.amount, now)
    state = _SAID[heard.state]
    if payment.state is PaymentState.DECLINED:
        return payment
    if payment.state is PaymentState.EXPIRED and state is not PaymentState.DECLINED:
        # Whoever has agreed to pay has gone, and may have paid otherwise: only money brings it back.
        return payment
    if state is PaymentState.DECLINED:
        return _ended(known, state, heard.reason, now)
    return _looked_at(evolve(known, state=state, note=""), now)


def _charged(payment: Payment, amount: Money | None, now: datetime) -> Payment:
    charged = evolve(payment, charged=amount, ended_at=None, checks=0)
    if amount != payment.amount:
        return _for_staff(charged, f"{amount} was charged instead of {payment.amount}; nothing of it is in the books")
    return evolve(
        charged,
        state=PaymentState.CONFIRMED,
        stage=PaymentStage.OPEN,
        open_ref=payment.ref,
        note="",
        check_at=now,
    )


def _ended(payment: Payment, state: PaymentState, note: str, now: datetime) -> Payment:
    return evolve(payment, state=state, stage=PaymentStage.DONE, open_ref="", note=note, ended_at=now)


def _for_staff(payment: Payment, note: str) -> Payment:
    return evolve(payment, state=PaymentState.OVERPAID, stage=PaymentStage.STAFF, open_ref="", note=note)


def _looked_at(payment: Payment, now: datetime) -> Payment:
    """Looked at in vain: again in a minute, then in two, in the end once an hour."""
    pause = _FIRST_CHECK * 2 ** min(payment.checks, _MOST_DOUBLINGS)
    return evolve(payment, checks=payment.checks + 1, check_at=now + pause)


def charge_again(payment: Payment, heard: Heard, now: datetime) -> Payment | None:
    """The payment as it is asked for once more, under its key; ``None`` where it is not.

    Only what never reached the provider, by its own word, and only shortly after the client has agreed to it; nobody
    else may be asking for it just now.
    """
    lost = heard is None and payment.state in _UNANSWERED
    if not lost or now >= payment.begun_at + CHARGE_AGAIN_FOR or now < payment.asked_at + LEASE:
        return None
    return evolve(payment, asked_at=now, check_at=now + LEASE, checks=payment.checks + 1)


# --- the books -------------------------------------------------------------------------------------------------------


def settle_id(payment: Payment) -> str:
    """The key under which the host puts it in the books, once: it follows from the payment's own."""
    return f"settle-{payment.id}"


def settle_payment(
    payment: Payment, invoice: Invoice | None, *, actor: str, action: tuple[str, str], now: datetime
) -> Decision[Payment]:
    """Put a confirmed payment in the books, in one commit with the host's own write; or leave it to staff.

    ``action`` is the section and its word for it.
    """
    facts = (
        ("payment", payment.id),
        ("was", payment.state.value),
        ("due", "-" if invoice is None else str(invoice.due)),
    )
    because = Because("paying.settle_payment", facts)
    if payment.state is not PaymentState.CONFIRMED:
        return grant(payment, because)
    why = _why_not(payment, invoice)
    if why or invoice is None:
        return not_taken(payment, why)
    done = settled_payment(payment, now)
    intent = Intent(
        id=settle_id(payment),
        write=HostWrite.SETTLE,
        actor=actor,
        asked_at=now,
        due_at=now + LEASE,
        for_ref=invoice.ref,
        section=SectionWrite(
            section=action[0],
            action=action[1],
            ref=invoice.ref,
            item=invoice.id,
            version=invoice.version,
            amount=payment.amount,
            fields={"payment": payment.id, "provider_ref": payment.provider_ref, "at": now.isoformat()},
        ),
        because=str(because),
    )
    return grant(done, because, (Put(done),), asks=intent)


def settled_payment(payment: Payment, now: datetime) -> Payment:
    """The payment once the books have it."""
    if payment.state is not PaymentState.CONFIRMED:
        return payment
    return evolve(payment, state=PaymentState.PAID, stage=PaymentStage.DONE, open_ref="", note="", ended_at=now)


def _why_not(payment: Payment, invoice: Invoice | None) -> str:
    if invoice is None:
        return "there is no such invoice any more"
    if invoice.status is not InvoiceStatus.OPEN:
        return f"the invoice is {invoice.status.value} by now"
    if invoice.due.currency != payment.amount.currency or invoice.due < payment.amount:
        return f"{invoice.due} is due by now"
    return ""


def not_taken(payment: Payment, why: str) -> Decision[Payment]:
    """It was charged and the books do not take it: staff see it, and nothing is refunded by itself."""
    because = Because("paying.not_taken", (("payment", payment.id), ("was", payment.state.value), ("why", why)))
    if payment.state is not PaymentState.CONFIRMED:
        return grant(payment, because)
    left = _for_staff(payment, why)
    return grant(left, because, (Put(left),))


def put_off(payment: Payment, why: str, now: datetime) -> Decision[Payment]:
    """The books could not be asked: it is charged and stays so, and the pump tries again a little later."""
    because = Because("paying.put_off", (("payment", payment.id), ("was", payment.state.value), ("why", why)))
    if payment.state is not PaymentState.CONFIRMED:
        return grant(payment, because)
    later = _looked_at(evolve(payment, note=why), now)
    return grant(later, because, (Put(later),))


# --- showing, and staff ----------------------------------------------------------------------------------------------


def shown(payment: Payment, heard: Heard = None) -> PaymentView:
    """A payment as its client may see it, without what the provider said of a "no" (of a stolen card, say)."""
    page = heard.page if isinstance(heard, ChargeAnswer) and payment.state is PaymentState.REDIRECTED else None
    return PaymentView(payment.id, payment.invoice, payment.amount, payment.state, payment.begun_at, page)


def handled(payment: Payment, by: str, now: datetime) -> Decision[Payment]:
    """Staff have dealt with money that is in no book: refunded it at the provider, or booked it by hand."""
    because = Because("paying.handled", (("payment", payment.id), ("stage", payment.stage.value)))
    if payment.stage is not PaymentStage.STAFF:
        return grant(payment, because)
    done = evolve(payment, stage=PaymentStage.DONE, handled_by=by, handled_at=now, ended_at=now)
    return grant(done, because, (Put(done),))
