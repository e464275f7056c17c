"""The rules of paying: every transition of the table, and that no sequence of answers loses or doubles money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal import Money, Policy, Reason, RecordRef
from clientportal.decisions import Refusal
from clientportal.records import HostWrite, Payment, PaymentStage, PaymentState, Remove
from clientportal.rules.erasing import Held, erased
from clientportal.rules.paying import (
    EXPIRES_AFTER,
    LEASE,
    Asked,
    Heard,
    Paying,
    begin,
    charge_again,
    handled,
    hear,
    not_taken,
    put_off,
    settle_id,
    settle_payment,
    settled_payment,
    shown,
    tells_something,
)
from clientportal.rules.who_may_see import SectionState, judge_section
from clientportal.values.charging import ChargeAnswer, Silence
from clientportal.values.invoices import Invoice, InvoiceStatus

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
ANA = RecordRef.client("ana")
DUE = Money("65.00", "NZD")

PAID = ChargeAnswer.paid(DUE, ref="ch_1")
NO = ChargeAnswer.declined("insufficient_funds", ref="ch_1")
PAGE = ChargeAnswer.redirect("https://pay.example/1", ref="ch_1")
LATER = ChargeAnswer.pending(ref="ch_1")
SILENT = Silence("the provider failed: TimeoutError")
EVERY_ANSWER: dict[str, Heard] = {
    "paid": PAID,
    "declined": NO,
    "page": PAGE,
    "pending": LATER,
    "silence": SILENT,
    "never": None,
}


def invoice(**more: Any) -> Invoice:
    """Ana's invoice of 65.00 NZD."""
    given_ = {"id": "i1", "ref": ANA, "name": "Invoice 118", "issued_at": NOW, "total": DUE, "due": DUE, "version": "3"}
    return Invoice(**{**given_, **more})


def payment(state: PaymentState = PaymentState.BEGUN, **more: Any) -> Payment:
    """A payment of it, as it would be in that state."""
    stage = {
        PaymentState.PAID: PaymentStage.DONE,
        PaymentState.DECLINED: PaymentStage.DONE,
        PaymentState.EXPIRED: PaymentStage.DONE,
        PaymentState.OVERPAID: PaymentStage.STAFF,
    }.get(state, PaymentStage.OPEN)
    made = Payment(
        id="p1",
        invoice="i1",
        ref=str(ANA),
        open_ref=str(ANA) if stage is PaymentStage.OPEN else "",
        amount=DUE,
        purpose="invoice",
        what="Invoice 118",
        actor="client:ana",
        state=state,
        stage=stage,
        begun_at=NOW,
        asked_at=NOW,
        check_at=NOW + LEASE,
    )
    return evolve(made, **more)


def seen(*others: Payment, **more: Any) -> Paying:
    """What the rule is told."""
    return Paying(invoice(**more), others, "p2", "client:ana")


# --- beginning --------------------------------------------------------------------------------------------------------


def test_a_payment_begins_for_what_is_due() -> None:
    """The id that was drawn is the provider's key; the pump looks after a minute."""
    decision = begin(seen(), Asked(Money("65", "NZD"), "card-1"), NOW)
    assert not isinstance(decision.outcome, Refusal)
    made = decision.outcome.payment
    assert decision.outcome.fresh
    assert (made.id, made.amount, made.card, made.state) == ("p2", DUE, "card-1", PaymentState.BEGUN)
    assert (made.check_at, made.open_ref) == (NOW + LEASE, str(ANA))
    assert [write.record for write in decision.changes] == [made]


@pytest.mark.parametrize(
    ("view", "asked", "reason"),
    [
        (seen(due=Money("70", "NZD")), DUE, Reason.AMOUNT_CHANGED),
        (seen(), Money("65.00", "AUD"), Reason.AMOUNT_CHANGED),
        (seen(), Money("64.99", "NZD"), Reason.AMOUNT_CHANGED),
        (seen(due=Money(0, "NZD"), status=InvoiceStatus.PAID), DUE, Reason.NOTHING_DUE),
        (seen(due=Money(0, "NZD"), status=InvoiceStatus.VOID), DUE, Reason.NOTHING_DUE),
        (seen(due=Money(0, "NZD")), Money(0, "NZD"), Reason.NOTHING_DUE),
        (seen(payment(PaymentState.PENDING, amount=Money("60", "NZD"))), DUE, Reason.PAYMENT_UNDER_WAY),
        (seen(payment(PaymentState.PENDING, card="card-2")), DUE, Reason.PAYMENT_UNDER_WAY),
        (seen(payment(PaymentState.OVERPAID)), DUE, Reason.PAYMENT_UNDER_WAY),
    ],
)
def test_what_was_not_agreed_to_is_not_begun(view: Paying, asked: Money, reason: Reason) -> None:
    """Another amount or currency, nothing due, or something under way that is not the same."""
    decision = begin(view, Asked(asked, None), NOW)
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.reason is reason
    assert decision.changes == ()


def test_the_same_again_goes_on_with_what_is_under_way() -> None:
    """Two clients who race, or one who presses twice: one payment."""
    open_ = payment(PaymentState.PENDING)
    decision = begin(seen(open_), Asked(DUE, None), NOW)
    assert not isinstance(decision.outcome, Refusal)
    assert (decision.outcome.payment, decision.outcome.fresh, decision.changes) == (open_, False, ())


# --- what the provider says -------------------------------------------------------------------------------------------

S = PaymentState
TABLE: dict[PaymentState, tuple[PaymentState, ...]] = {
    #             paid         declined    page          pending    silence       never heard of it
    S.BEGUN: (S.CONFIRMED, S.DECLINED, S.REDIRECTED, S.PENDING, S.UNKNOWN, S.UNKNOWN),
    S.UNKNOWN: (S.CONFIRMED, S.DECLINED, S.REDIRECTED, S.PENDING, S.UNKNOWN, S.UNKNOWN),
    S.REDIRECTED: (S.CONFIRMED, S.DECLINED, S.REDIRECTED, S.PENDING, S.REDIRECTED, S.REDIRECTED),
    S.PENDING: (S.CONFIRMED, S.DECLINED, S.REDIRECTED, S.PENDING, S.PENDING, S.PENDING),
    S.DECLINED: (S.CONFIRMED, S.DECLINED, S.DECLINED, S.DECLINED, S.DECLINED, S.DECLINED),
    S.EXPIRED: (S.CONFIRMED, S.DECLINED, S.EXPIRED, S.EXPIRED, S.EXPIRED, S.EXPIRED),
    S.CONFIRMED: (S.CONFIRMED,) * 6,
    S.PAID: (S.PAID,) * 6,
    S.OVERPAID: (S.OVERPAID,) * 6,
}


@pytest.mark.parametrize("state", PaymentState)
def test_every_transition_is_in_the_table(state: PaymentState) -> None:
    """State by state, answer by answer; what changes nothing writes nothing."""
    for answer, after in zip(EVERY_ANSWER.values(), TABLE[state], strict=True):
        before = payment(state)
        decision = hear(before, answer, NOW + timedelta(minutes=5))
        assert not isinstance(decision.outcome, Refusal)
        assert decision.outcome.state is after, (state, answer)
        assert bool(decision.changes) is (decision.outcome != before)
        assert (decision.outcome.open_ref == str(ANA)) is (decision.outcome.stage is PaymentStage.OPEN)


def test_a_no_is_noted_for_staff_and_a_yes_clears_it() -> None:
    """The provider's own name for it is kept, also where a later answer has none."""
    no = hear(payment(), NO, NOW).outcome
    assert not isinstance(no, Refusal)
    assert (no.note, no.provider_ref, no.ended_at) == ("insufficient_funds", "ch_1", NOW)
    yes = hear(no, ChargeAnswer.paid(DUE), NOW).outcome
    assert not isinstance(yes, Refusal)
    assert (yes.note, yes.provider_ref, yes.ended_at, yes.charged) == ("", "ch_1", None, DUE)
    assert (yes.stage, yes.open_ref, yes.check_at) == (PaymentStage.OPEN, str(ANA), NOW)


@pytest.mark.parametrize("wrong", [Money("64.99", "NZD"), Money("65.01", "NZD"), Money("65.00", "AUD")])
def test_what_was_charged_wrongly_is_for_staff(wrong: Money) -> None:
    """Nothing of it goes into the books by itself."""
    after = hear(payment(), ChargeAnswer.paid(wrong), NOW).outcome
    assert not isinstance(after, Refusal)
    assert (after.state, after.stage, after.charged) == (PaymentState.OVERPAID, PaymentStage.STAFF, wrong)
    assert after.note == f"{wrong} was charged instead of 65.00 NZD; nothing of it is in the books"


def test_a_page_is_waited_for_in_longer_and_longer_pauses() -> None:
    """One minute, two, four … and in the end about an hour."""
    now, at_last = payment(PaymentState.PENDING), NOW
    pauses: list[int] = []
    for _ in range(9):
        after = hear(now, LATER, at_last).outcome
        assert not isinstance(after, Refusal)
        pauses.append(int((after.check_at - at_last).total_seconds() // 60))
        now, at_last = after, after.check_at
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_what_the_provider_has_never_heard_of_expires_after_an_hour() -> None:
    """Not before; and silence is not a word of it."""
    hour = NOW + EXPIRES_AFTER
    for heard, when, state in (
        (None, hour - timedelta(seconds=1), PaymentState.UNKNOWN),
        (None, hour, PaymentState.EXPIRED),
        (SILENT, hour, PaymentState.UNKNOWN),
    ):
        after = hear(payment(PaymentState.UNKNOWN), heard, when).outcome
        assert not isinstance(after, Refusal)
        assert after.state is state


def test_a_charge_is_asked_for_again_only_where_it_cannot_have_been_made() -> None:
    """By the provider's own word, for ten minutes, and by one at a time."""
    lost, minute = payment(PaymentState.UNKNOWN), timedelta(minutes=1)
    again = charge_again(lost, None, NOW + minute)
    assert again is not None
    assert (again.asked_at, again.check_at) == (NOW + minute, NOW + 2 * minute)
    assert charge_again(again, None, NOW + minute) is None
    assert charge_again(lost, None, NOW + timedelta(seconds=59)) is None
    assert charge_again(lost, None, NOW + 10 * minute) is None
    assert charge_again(lost, SILENT, NOW + minute) is None
    assert charge_again(payment(PaymentState.PENDING), None, NOW + minute) is None


@pytest.mark.parametrize(
    ("state", "heard", "said"),
    [
        (PaymentState.BEGUN, SILENT, True),
        (PaymentState.UNKNOWN, SILENT, False),
        (PaymentState.UNKNOWN, None, False),
        (PaymentState.PENDING, LATER, False),
        (PaymentState.PENDING, PAGE, True),
        (PaymentState.PENDING, PAID, True),
        (PaymentState.PAID, PAID, False),
        (PaymentState.PAID, NO, True),
    ],
)
def test_what_says_nothing_new_is_not_audited(state: PaymentState, heard: Heard, said: bool) -> None:
    """A poll that finds what is known; a contradiction is always told."""
    assert tells_something(payment(state), heard) is said


# --- the books --------------------------------------------------------------------------------------------------------


def book(one: Payment, owed: Invoice | None) -> Any:
    """Try to put it into the books."""
    return settle_payment(one, owed, actor="system", action=("payments", "settle"), now=NOW)


def test_a_confirmed_payment_goes_into_the_books_once() -> None:
    """The host is asked under a key of its own, for the invoice as it was read."""
    decision = book(payment(PaymentState.CONFIRMED, provider_ref="ch_1"), invoice())
    assert decision.outcome.state is PaymentState.PAID
    asks = decision.asks
    assert (asks.id, asks.write, asks.for_ref) == (settle_id(payment()), HostWrite.SETTLE, ANA)
    assert (asks.section.item, asks.section.version, asks.section.amount) == ("i1", "3", DUE)
    assert asks.section.fields == {"payment": "p1", "provider_ref": "ch_1", "at": NOW.isoformat()}
    for other in set(PaymentState) - {PaymentState.CONFIRMED}:
        once_more = book(payment(other), invoice())
        assert (once_more.outcome, once_more.asks, once_more.changes) == (payment(other), None, ())
        assert settled_payment(payment(other), NOW) == payment(other)


@pytest.mark.parametrize(
    ("owed", "why"),
    [
        (None, "there is no such invoice any more"),
        (invoice(status=InvoiceStatus.PAID, due=Money(0, "NZD")), "the invoice is paid by now"),
        (invoice(status=InvoiceStatus.VOID, due=Money(0, "NZD")), "the invoice is void by now"),
        (invoice(due=Money("64.99", "NZD")), "64.99 NZD is due by now"),
        (invoice(due=Money("65", "AUD"), total=Money("65", "AUD")), "65 AUD is due by now"),
    ],
)
def test_what_the_books_cannot_take_is_overpaid(owed: Invoice | None, why: str) -> None:
    """Visible to staff, refunded by nobody."""
    decision = book(payment(PaymentState.CONFIRMED), owed)
    assert decision.asks is None
    assert (decision.outcome.state, decision.outcome.note) == (PaymentState.OVERPAID, why)
    assert decision.outcome.stage is PaymentStage.STAFF


def test_what_is_due_has_grown_meanwhile() -> None:
    """70.00 is due by now: the 65.00 that were agreed to are booked, and the rest stays due."""
    assert book(payment(PaymentState.CONFIRMED), invoice(due=Money("70", "NZD"))).asks is not None


def test_only_what_is_charged_and_not_booked_is_left_or_put_off() -> None:
    """Whatever was recorded meanwhile stands."""
    for state in PaymentState:
        left, later = not_taken(payment(state), "no").outcome, put_off(payment(state), "away", NOW).outcome
        assert not isinstance(left, Refusal)
        assert not isinstance(later, Refusal)
        if state is PaymentState.CONFIRMED:
            assert (left.state, left.note) == (PaymentState.OVERPAID, "no")
            assert (later.state, later.note, later.checks) == (state, "away", 1)
        else:
            assert left == later == payment(state)


def test_staff_handle_what_waits_for_them_alone() -> None:
    """Who and when is kept; anything else stays as it is."""
    done = handled(payment(PaymentState.OVERPAID), "staff:mia", NOW).outcome
    assert not isinstance(done, Refusal)
    assert (done.state, done.stage, done.handled_by) == (PaymentState.OVERPAID, PaymentStage.DONE, "staff:mia")
    assert handled(payment(PaymentState.PENDING), "staff:mia", NOW).outcome == payment(PaymentState.PENDING)


def test_a_client_sees_the_page_only_where_it_is_the_next_step() -> None:
    """And neither notes nor the provider's name for it."""
    view = shown(payment(PaymentState.REDIRECTED, note="secret", provider_ref="ch_1"), PAGE)
    assert view.page == PAGE.page
    assert "secret" not in repr(view)
    assert "pay.example" not in repr(view)
    assert shown(payment(PaymentState.PAID), PAGE).page is None
    assert shown(payment(PaymentState.REDIRECTED), LATER).page is None
    assert shown(payment(PaymentState.REDIRECTED)).page is None


@given(st.lists(st.tuples(st.sampled_from(sorted(EVERY_ANSWER)), st.integers(0, 40)), max_size=12))
def test_no_sequence_of_answers_forgets_money_or_takes_it_twice(answers: list[tuple[str, int]]) -> None:
    """Once anybody has said "paid" it is charged for good, it asks the books once, and is never begun again."""
    now, at_last, asked, said_paid = payment(), NOW, 0, False
    for name, minutes in answers:
        at_last += timedelta(minutes=minutes)
        after = hear(now, EVERY_ANSWER[name], at_last).outcome
        assert not isinstance(after, Refusal)
        said_paid = said_paid or name == "paid"
        decision = book(after, invoice())
        asked += decision.asks is not None
        now = decision.outcome
        assert (now.charged == DUE) is said_paid
        assert (now.state is PaymentState.PAID) is said_paid
        assert not said_paid or charge_again(now, None, at_last + LEASE) is None
    assert asked == said_paid


@pytest.mark.parametrize("taking", [True, False])
def test_the_section_of_payments_needs_online_payments(taking: bool) -> None:
    """V8, V4: shown, activated and there, it is still closed where the business takes no payments online."""
    policy = evolve(
        Policy(),
        visibility=evolve(Policy().visibility, sections=("payments",)),
        bookings=evolve(Policy().bookings, payments=taking),
    )
    said = judge_section(SectionState("payments", True, True), policy)
    assert isinstance(said, Refusal) is not taking
    because = said.because if isinstance(said, Refusal) else said
    assert ("bookings.payments", "on" if taking else "off") in because.settings


def test_erasing_forgets_a_payment_once_it_is_over() -> None:
    """X7: what is under way, or charged and in no book, stays until it is dealt with."""
    for state in PaymentState:
        one = payment(state)
        gone = erased(Held(ANA, (ANA,), stored={Payment: (one,)}))
        assert gone == ((Remove(one),) if one.stage is PaymentStage.DONE else ())
