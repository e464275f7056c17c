"""What is owed, what was paid, what is under way: for the client (V8, V4) and for staff. Rules: ``rules/paying.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import HostError, InvalidInput
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.paying import shown_at
from clientportal.operations.sections import OpenSection, open_section
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import PaymentLine, PaymentsPage
from clientportal.policy import Policy
from clientportal.ports import Page
from clientportal.records import Payment, PaymentStage
from clientportal.rules.paying import handled, shown
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.who_may_see import judge_action
from clientportal.sections.payments import Payments
from clientportal.values import ItemPage, Money, RecordRef
from clientportal.values.invoices import Transaction

__all__ = [
    "HANDLED",
    "PAYMENTS",
    "STAFF_PAYMENTS",
    "TOTAL_DUE",
    "TRANSACTIONS",
    "ListInvoices",
    "ListPayments",
    "PaymentById",
]

_MOST_OPEN = 1000


@frozen
class ListInvoices(Paged):
    """From where, how many."""

    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


async def _due(opened: OpenSection) -> tuple[Money, ...]:
    """What the host says is owed, held against its contract: a sum is shown as one, so it is one of each currency."""
    if not opened.refs:
        return ()
    answer: object = await opened.port.ask("due", opened.refs)
    sums = cast("Sequence[object]", answer) if isinstance(answer, Sequence) else ()
    if not isinstance(answer, Sequence) or not all(isinstance(one, Money) for one in sums):
        raise HostError("payments.due() answers with a sequence of Money; this answered with something else")
    found = tuple(sorted(cast("Sequence[Money]", answer), key=lambda one: one.currency))
    if len({one.currency for one in found}) != len(found) or any(one.amount < 0 for one in found):
        raise HostError("payments.due() answers with one sum for each currency, none of them negative")
    return tuple(one for one in found if one)


# --- the client ------------------------------------------------------------------------------------------------------


async def _load_payments(reading: Reading, asked: ListInvoices) -> PaymentsPage:
    opened = await open_section(reading, Payments.name)
    may_pay = not isinstance(judge_action(Payments.name, "pay", reading.policy), Refusal)
    can_pay = reading.setup.payments is not None and may_pay
    if not opened.refs:
        return PaymentsPage((), ItemPage(), can_pay=can_pay)
    invoices = await opened.port.page(opened.refs, asked.after, asked.limit)
    found: Sequence[Payment] = ()
    if asked.after is None:
        refs = [str(ref) for ref in opened.refs]
        found = await reading.state.find_any(Payment, "open_record", refs, limit=_MOST_OPEN)
    under_way = sorted(
        (shown(one) for one in found if shown_at(reading, one)), key=lambda one: (one.begun_at, one.id), reverse=True
    )
    return PaymentsPage(await _due(opened), invoices, tuple(under_way), can_pay)


def _given(seen: Any, _asked: object, _policy: Policy, _now: datetime) -> Decision[Any]:
    return grant(seen, Because("who_may_see.own"))


PAYMENTS = Operation[ListInvoices, PaymentsPage, PaymentsPage](
    name="payments", load=_load_payments, decide=_given, writes=False
)


async def _load_total(reading: Reading, _asked: Nothing) -> tuple[Money, ...] | None:
    try:
        opened = await open_section(reading, Payments.name)
    except Denied as denied:
        if denied.refusal.reason is not Reason.DISABLED:
            raise
        return None
    return await _due(opened)


TOTAL_DUE = Operation[Nothing, "tuple[Money, ...] | None", "tuple[Money, ...] | None"](
    name="total_due", load=_load_total, decide=_given, writes=False
)


async def _load_transactions(reading: Reading, asked: ListInvoices) -> ItemPage[Transaction]:
    opened = await open_section(reading, Payments.name)
    if not opened.refs:
        return ItemPage()
    return await opened.port.transactions(opened.refs, asked.after, asked.limit)


TRANSACTIONS = Operation[ListInvoices, ItemPage[Transaction], ItemPage[Transaction]](
    name="transactions", load=_load_transactions, decide=_given, writes=False
)


# --- staff -----------------------------------------------------------------------------------------------------------


def _stage(value: PaymentStage | str) -> PaymentStage:
    try:
        return PaymentStage(value)
    except ValueError as error:
        raise InvalidInput(f"payments are {', '.join(one.value for one in PaymentStage)}") from error


@frozen
class ListPayments(Paged):
    """Which payments: those that wait for one of the two, or are done; the latest first."""

    stage: PaymentStage = field(default=PaymentStage.STAFF, converter=_stage)
    after: str | None = None
    limit: int = field(default=50, converter=check_limit)


def _line(one: Payment) -> PaymentLine:
    return PaymentLine(
        id=one.id,
        invoice=one.invoice,
        ref=RecordRef.parse(one.ref),
        amount=one.amount,
        state=one.state,
        stage=one.stage,
        begun_at=one.begun_at,
        checks=one.checks,
        charged=one.charged,
        provider_ref=one.provider_ref,
        note=one.note,
        handled_by=one.handled_by,
        handled_at=one.handled_at,
    )


async def _load_list(reading: Reading, asked: ListPayments) -> Page[PaymentLine]:
    page = await reading.state.page(
        Payment, "stage", [asked.stage.value], after=asked.after, limit=asked.limit, newest_first=True
    )
    return Page(tuple(_line(one) for one in page.items if shown_at(reading, one)), page.next)


STAFF_PAYMENTS = Operation[ListPayments, Page[PaymentLine], Page[PaymentLine]](
    name="staff_payments", load=_load_list, decide=_given, writes=False, permission=Permission.PAYMENTS
)


@frozen
class PaymentById:
    """Which payment staff have dealt with."""

    id: str


async def _load_handled(reading: Reading, asked: PaymentById) -> tuple[Payment, str]:
    sound = 0 < len(asked.id) <= 200 and "\x00" not in asked.id
    found = await reading.state.get(Payment, asked.id, lock=True) if sound else None
    if found is None or not shown_at(reading, found):
        raise Denied(Refusal(Reason.NOT_FOUND, Because("paying.handled", (("payment", "none"),))))
    return found, reading.actor


def _decide_handled(
    seen: tuple[Payment, str], _asked: PaymentById, _policy: Policy, now: datetime
) -> Decision[PaymentLine]:
    decision = handled(*seen, now)
    if isinstance(decision.outcome, Refusal):
        return Decision(decision.outcome, decision.because)
    return grant(_line(decision.outcome), decision.because, decision.changes)


HANDLED = Operation[PaymentById, "tuple[Payment, str]", PaymentLine](
    name="payment_handled",
    load=_load_handled,
    decide=_decide_handled,
    subject=lambda asked: asked.id[:200],
    permission=Permission.PAYMENTS,
)
