"""What a change costs: the larger fee, shown first, and accepted exactly."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal.decisions import Reason
from clientportal.outcomes import Cancelled
from clientportal.policy import Fee, Late, Window
from clientportal.rules.who_may_change import (
    Change,
    cancel,
    judge,
    move,
    terms,
)
from clientportal.values import (
    ChangeKind,
    Money,
    Offer,
)
from rules.changing import (
    HOUR,
    NZD10,
    NZD20,
    NZD65,
    START,
    TIMELY,
    appointment,
    changes,
    reason,
    seen,
)


@pytest.mark.parametrize(
    ("host", "policy_fee", "price", "expected"),
    [
        (None, Fee(amount=NZD10), NZD65, NZD10),
        (NZD20, Fee(amount=NZD10), NZD65, NZD20),
        (NZD10, Fee(percent=50), NZD65, Money("32.50", "NZD")),
        (Money("5", "USD"), Fee(amount=NZD10), NZD65, Money("5", "USD")),
        (Money("0", "NZD"), Fee(percent=50), Money("0", "NZD"), Money("0", "NZD")),
    ],
)
def test_the_larger_fee_is_asked(
    host: Money | None, policy_fee: Fee, price: Money | None, expected: Money | None
) -> None:
    """Of host and policy the larger; in two currencies, which cannot be compared, the host's own."""
    policy = changes(cancel=Window(amount=24, late=Late.FEE, fee=policy_fee))
    one = seen(appointment=appointment(price=price), offer=Offer(fee=host))

    assert judge(one, ChangeKind.CANCEL, policy, START - HOUR).fee == expected
    assert judge(one, ChangeKind.CANCEL, policy, START - 25 * HOUR).fee == host


def test_a_percentage_of_an_unknown_price_is_no_offer() -> None:
    """Late, half the price is asked, and nobody knows the price: too late, whatever the host asks."""
    policy = changes(cancel=Window(amount=24, late=Late.FEE, fee=Fee(percent=50)))
    for host in (None, NZD10):
        one = seen(appointment=appointment(price=None), offer=Offer(fee=host))
        assert judge(one, ChangeKind.CANCEL, policy, START - HOUR).reason is Reason.TOO_LATE
        assert judge(one, ChangeKind.CANCEL, policy, START - 25 * HOUR).fee == host


def test_a_fee_and_a_lost_deposit_are_accepted_together() -> None:
    """Their sum, where they have one currency; else the fee, and the terms show both."""
    now = START - 90 * HOUR
    both, mixed = Offer(fee=NZD10, forfeits=NZD20), Offer(fee=Money("5", "USD"), forfeits=NZD20)

    assert reason(cancel(seen(offer=both), Change("a1", accept_fee=NZD10), TIMELY, now)) is Reason.FEE_NOT_ACCEPTED
    assert cancel(seen(offer=both), Change("a1", accept_fee=Money("30", "NZD")), TIMELY, now).granted
    assert cancel(seen(offer=mixed), Change("a1", accept_fee=Money("5", "USD")), TIMELY, now).granted
    assert cancel(seen(offer=Offer(fee=NZD10)), Change("a1", accept_fee=NZD10), TIMELY, now).granted


@pytest.mark.parametrize("change", [cancel, move])
def test_a_fee_is_accepted_exactly_or_not_at_all(change: Any) -> None:
    """Nothing, another amount or currency: refused with the fee. The very amount: done, and handed to the host."""
    window = Window(amount=24, late=Late.FEE, fee=Fee(amount=NZD10))
    policy, now = changes(cancel=window, move=window), START - HOUR

    for accepted in (None, NZD20, Money("10.00", "USD")):
        no = change(seen(), Change("a1", accept_fee=accepted), policy, now)
        assert reason(no) is Reason.FEE_NOT_ACCEPTED
        assert no.outcome.fee == NZD10
        assert no.asks is None
        assert ("fee", "10.00 NZD") in no.because.facts
    yes = change(seen(), Change("a1", accept_fee=Money("10", "NZD")), policy, now)
    assert yes.asks is not None
    assert yes.asks.fee == yes.outcome.fee == NZD10


@pytest.mark.parametrize("fee", [None, Money("0", "NZD")])
def test_a_lost_deposit_is_shown_first_even_where_the_fee_is_nothing(fee: Money | None) -> None:
    """A host with a fee of 0.00 and a deposit of 20: the deposit is what must be accepted."""
    one = seen(offer=Offer(fee=fee, forfeits=NZD20))
    now = START - 90 * HOUR

    assert reason(cancel(one, Change("a1"), TIMELY, now)) is Reason.FEE_NOT_ACCEPTED
    yes = cancel(one, Change("a1", accept_fee=NZD20), TIMELY, now)
    assert isinstance(yes.outcome, Cancelled)
    assert yes.outcome.forfeits == NZD20


def test_terms_say_beforehand_what_the_change_will_say() -> None:
    """Allowed, with the last moment, the fee and the deposit; a no has no deposit, and a move never loses one."""
    one = seen(offer=Offer(fee=NZD10, forfeits=NZD20))
    early, late = START - 90 * HOUR, START - HOUR

    free = terms(one, ChangeKind.CANCEL, TIMELY, early)
    assert (free.allowed, free.refusal) == (True, None)
    assert (free.until, free.fee, free.forfeits) == (START - 24 * HOUR, NZD10, NZD20)
    no = terms(one, ChangeKind.CANCEL, TIMELY, late)
    assert no.refusal is not None
    assert (no.allowed, no.refusal.reason, no.forfeits) == (False, Reason.TOO_LATE, None)
    assert terms(one, ChangeKind.MOVE, TIMELY, early).forfeits is None
    again = terms(one, ChangeKind.REBOOK, TIMELY, late)
    assert (again.allowed, again.until, again.fee) == (True, None, None)
