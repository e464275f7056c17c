"""May this be changed: to the microsecond, and the stricter of host and policy, and of two overrides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.outcomes import Booked, Cancelled, Moved
from clientportal.policy import ChangePolicy, Edge, Fee, Late, Override, Policy, Window, presets
from clientportal.records import HostWrite, Intent, Put, Snapshot, Trail
from clientportal.rules.who_may_change import (
    Change,
    Changing,
    Judged,
    cancel,
    judge,
    move,
    rebook,
    remember_change,
    terms,
)
from clientportal.testing.strategies import appointments, change_policies, windows
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    ChangeKind,
    Money,
    Offer,
    RecordRef,
    Service,
    Slot,
)

START = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
NZD10, NZD20, NZD65 = (Money(amount, "NZD") for amount in ("10.00", "20.00", "65.00"))
ANA = RecordRef.client("ana")
TIMELY = presets.timely(region="NZ")
KINDS = st.sampled_from([ChangeKind.CANCEL, ChangeKind.MOVE])


def changes(**settings: Any) -> Policy:
    """Timely with other change settings."""
    return evolve(TIMELY, changes=ChangePolicy(**settings))


def appointment(**more: Any) -> Appointment:
    """A cut on Wednesday, 25 November 2026, 14:00 in Auckland."""
    given: dict[str, Any] = {
        "id": "a1", "ref": ANA, "service_id": "cut", "start": START, "end": START + HOUR, "zone": "Pacific/Auckland",
        "status": AppointmentStatus.CONFIRMED, "made_at": START - 90 * HOUR, "staff_id": "mia", "staff_name": "Mia",
        "price": NZD65, "version": "7", "booked_as": "Ana K",
    }  # fmt: skip
    return Appointment(**given | more)


def slot(**more: Any) -> Slot:
    """The same on the day after, with Tom."""
    given: dict[str, Any] = {
        "id": "s1", "service_id": "cut", "start": START + 24 * HOUR, "end": START + 25 * HOUR,
        "zone": "Pacific/Auckland", "staff_id": "tom", "staff_name": "Tom",
    }  # fmt: skip
    return Slot(**given | more)


def seen(**more: Any) -> Changing:
    """What is read about it."""
    given: dict[str, Any] = {
        "appointment": appointment(), "mine": True, "zone": "Pacific/Auckland", "offer": Offer(),
        "service": Service("cut", "Cut", HOUR), "trail": None, "slot": slot(), "actor": "client:ana",
        "intent_id": "i1", "name": "Ana Kingi",
    }  # fmt: skip
    return Changing(**given | more)


def reason(decision: Decision[Any]) -> Reason:
    """Why it was refused."""
    assert isinstance(decision.outcome, Refusal)
    return decision.outcome.reason


def cost(judged: Judged) -> tuple[bool, Any]:
    """How strict an answer is: a no is stricter than any fee, a larger fee stricter than a smaller one."""
    return judged.reason is not None, judged.fee.amount if judged.fee else 0


# --- the window ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("edge", "at_the_edge"), [(Edge.ALLOWED, None), (Edge.LATE, Reason.TOO_LATE)])
def test_the_edge_is_exact(edge: Edge, at_the_edge: Reason | None) -> None:
    """A microsecond before the last moment it may be changed, after it it may not; at it the policy says."""
    policy = changes(cancel=Window(amount=24, edge=edge), move=Window(amount=1))
    last = START - 24 * HOUR

    answers = [judge(seen(), ChangeKind.CANCEL, policy, last + shift).reason for shift in (-TICK, TICK * 0, TICK)]

    assert answers == [None, at_the_edge, Reason.TOO_LATE]
    assert judge(seen(), ChangeKind.CANCEL, policy, last).until == last
    assert judge(seen(), ChangeKind.MOVE, policy, last + TICK).reason is None


def test_the_hosts_last_moment_is_still_in_time() -> None:
    """The host's own deadline counts where it is earlier; at that very moment it is in time."""
    until = START - 48 * HOUR
    policy = changes(cancel=Window(amount=24))

    answers = [
        judge(seen(offer=Offer(until=until)), ChangeKind.CANCEL, policy, until + shift) for shift in (TICK * 0, TICK)
    ]

    assert [answer.reason for answer in answers] == [None, Reason.TOO_LATE]
    assert {answer.until for answer in answers} == {until}
    later = judge(seen(offer=Offer(until=START)), ChangeKind.CANCEL, policy, until)
    assert later.until == START - 24 * HOUR


@given(appointments(), change_policies(), windows(), windows(), KINDS, st.integers(-200, 10))
def test_of_two_overrides_the_stricter_answer_wins(
    of: Appointment, policy: ChangePolicy, one: Window, other: Window, kind: ChangeKind, hours: int
) -> None:
    """With both, nothing is allowed or cheaper that either by itself forbids or prices higher."""
    of = evolve(of, staff_id="mia", service_id="cut", status=AppointmentStatus.CONFIRMED)
    now = of.start + timedelta(minutes=15 * hours)
    by_service, by_staff = {"cut": Override(cancel=one, move=one)}, {"mia": Override(cancel=other, move=other)}

    def judged(services: dict[str, Override], staff: dict[str, Override]) -> Judged:
        with_these = evolve(TIMELY, changes=evolve(policy, services=services, staff=staff))
        return judge(seen(appointment=of), kind, with_these, now)

    both, first, second = judged(by_service, by_staff), judged(by_service, {}), judged({}, by_staff)

    assert cost(both) == max(cost(first), cost(second))
    if both.until is not None and first.until is not None and second.until is not None:
        assert both.until == min(first.until, second.until)


def test_a_refusal_after_the_later_deadline_is_not_bought_off() -> None:
    """The service asks for a fee from two days before; Mia refuses from one day before: then a fee is not enough."""
    fee = Window(amount=48, late=Late.FEE, fee=Fee(amount=NZD10))
    policy = changes(services={"cut": Override(cancel=fee)}, staff={"mia": Override(cancel=Window(amount=24))})

    assert judge(seen(), ChangeKind.CANCEL, policy, START - 30 * HOUR).fee == NZD10
    assert judge(seen(), ChangeKind.CANCEL, policy, START - 20 * HOUR).reason is Reason.TOO_LATE


def test_an_override_replaces_the_general_window() -> None:
    """For its service or member of staff, and for the kind of change that it names."""
    policy = changes(
        cancel=Window(amount=24), move=Window(amount=24), services={"cut": Override(cancel=Window(amount=1))}
    )
    now = START - 2 * HOUR

    assert judge(seen(), ChangeKind.CANCEL, policy, now).reason is None
    assert judge(seen(), ChangeKind.MOVE, policy, now).reason is Reason.TOO_LATE
    assert (
        judge(seen(appointment=appointment(service_id="dye")), ChangeKind.CANCEL, policy, now).reason is Reason.TOO_LATE
    )
    nobody = appointment(staff_id=None)
    by_nobody = changes(cancel=Window(amount=24), staff={"mia": Override(cancel=Window(amount=1))})
    assert judge(seen(appointment=nobody), ChangeKind.CANCEL, by_nobody, now).reason is Reason.TOO_LATE
    assert ("changes.services.cut.cancel", "1 hours, edge allowed, late refused") in judge(
        seen(), ChangeKind.CANCEL, policy, now
    ).because.settings


@given(appointments(), change_policies(), KINDS, st.integers(-400, 20))
def test_the_stricter_of_host_and_policy_wins(
    of: Appointment, policy: ChangePolicy, kind: ChangeKind, quarters: int
) -> None:
    """A host that has a fee, a deadline or a no never makes the answer milder."""
    now = of.start + timedelta(minutes=15 * quarters)
    whole = evolve(TIMELY, changes=policy)
    plain = judge(seen(appointment=of), kind, whole, now)
    strict = [Offer(allowed=False), Offer(fee=NZD20), Offer(until=of.start - 30 * HOUR), Offer(forfeits=NZD20)]

    for offer in strict:
        judged = judge(seen(appointment=of, offer=offer), kind, whole, now)
        assert cost(judged) >= cost(plain)
        if plain.until is not None and judged.until is not None:
            assert judged.until <= plain.until


@given(appointments(), change_policies(), KINDS)
def test_waiting_never_makes_it_cheaper(of: Appointment, policy: ChangePolicy, kind: ChangeKind) -> None:
    """As time passes, a change goes from free through a fee to a no, never back."""
    whole = evolve(TIMELY, changes=policy)
    times = [of.start + 3 * HOUR * step for step in range(-40, 2)]

    costs = [cost(judge(seen(appointment=of), kind, whole, now)) for now in times]

    assert costs == sorted(costs)


# --- the order of reasons ------------------------------------------------------------------------------------------


def test_the_first_true_reason_is_given() -> None:
    """Not yours, switched off, over, forbidden by the host, moved too often, too late: in this order."""
    everything = {
        "mine": False,
        "offer": Offer(allowed=False),
        "appointment": appointment(status=AppointmentStatus.CANCELLED, moves=3),
    }
    policy = changes(enabled=False, max_moves=3, move=Window(amount=24))
    late = START - HOUR

    def answer(policy: Policy, now: datetime = late, **repaired: Any) -> Reason | None:
        everything.update(repaired)
        return judge(seen(**everything), ChangeKind.MOVE, policy, now).reason

    assert answer(policy) is Reason.NOT_FOUND
    assert answer(policy, mine=True) is Reason.DISABLED
    on = evolve(policy, changes=evolve(policy.changes, enabled=True))
    assert answer(on) is Reason.ALREADY_OVER
    assert answer(on, START, appointment=appointment(moves=3)) is Reason.ALREADY_OVER
    assert answer(on, START - TICK) is Reason.NOT_CHANGEABLE
    assert answer(on, offer=Offer()) is Reason.TOO_MANY_MOVES
    assert answer(on, appointment=appointment(moves=2)) is Reason.TOO_LATE
    assert answer(on, START - 25 * HOUR) is None
    assert answer(on, appointment=None) is Reason.NOT_FOUND


@pytest.mark.parametrize(("own", "trail", "allowed"), [(1, None, True), (2, None, False), (0, 2, False), (1, 1, True)])
def test_moves_are_counted_by_whoever_counted_more(own: int, trail: int | None, allowed: bool) -> None:
    """The platform's count and the portal's own trail: the larger one; two moves are allowed here."""
    gone = None if trail is None else Trail(id="a1", current_id="a1", moves=trail)
    policy = changes(max_moves=2)

    judged = judge(seen(appointment=appointment(moves=own), trail=gone), ChangeKind.MOVE, policy, START - 90 * HOUR)

    assert (judged.reason is None) is allowed
    capped = judge(seen(appointment=appointment(moves=9)), ChangeKind.CANCEL, policy, START - 90 * HOUR)
    assert capped.reason is None


def test_a_pending_request_may_be_cancelled_whatever_the_window() -> None:
    """Cancelled, not moved; while cancelling is on and it has not begun (X1)."""
    pending = seen(appointment=appointment(status=AppointmentStatus.REQUESTED))
    policy = changes(cancel=Window(amount=24), move=Window(amount=24))

    assert judge(pending, ChangeKind.CANCEL, policy, START - TICK).reason is None
    assert judge(pending, ChangeKind.MOVE, policy, START - TICK).reason is Reason.TOO_LATE
    assert judge(pending, ChangeKind.CANCEL, policy, START).reason is Reason.ALREADY_OVER


def test_staff_are_bound_by_the_host_and_time_alone() -> None:
    """No switch, cap, window or fee; but what is over is over, and the host's no is a no."""
    policy = changes(enabled=False, max_moves=0, move=Window(amount=500), cancel=Window(amount=500))
    staff = seen(staff=True, appointment=appointment(moves=9), offer=Offer(fee=NZD10, forfeits=NZD20))

    for kind in (ChangeKind.CANCEL, ChangeKind.MOVE):
        judged = judge(staff, kind, policy, START - TICK)
        assert (judged.reason, judged.fee) == (None, None)
        assert judge(staff, kind, policy, START).reason is Reason.ALREADY_OVER
        assert (
            judge(evolve(staff, offer=Offer(allowed=False)), kind, policy, START - HOUR).reason is Reason.NOT_CHANGEABLE
        )
    free = cancel(staff, Change("a1"), policy, START - HOUR)
    assert isinstance(free.outcome, Cancelled)
    assert (free.outcome.fee, free.outcome.forfeits) == (None, None)


# --- fees ----------------------------------------------------------------------------------------------------------


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


# --- what is asked of the host ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("waits", [False, True])
def test_the_forecast_of_a_move(waits: bool) -> None:
    """The new time and person, one move more; everything else stays."""
    decision = move(seen(offer=Offer(needs_approval=waits)), Change("a1", "s1"), TIMELY, START - 90 * HOUR)

    expected = appointment(
        start=START + 24 * HOUR, end=START + 25 * HOUR, staff_id="tom", staff_name="Tom", moves=1
    )  # fmt: skip
    assert decision.outcome == Moved(expected, waits=waits)
    assert decision.asks is not None
    assert (decision.asks.write, decision.asks.appointment) == (HostWrite.MOVE, appointment())
    assert (decision.asks.id, decision.asks.slot, decision.asks.actor) == ("i1", slot(), "client:ana")
    unnamed = move(seen(slot=slot(staff_name="")), Change("a1"), TIMELY, START - 90 * HOUR).outcome
    assert isinstance(unnamed, Moved)
    assert unnamed.appointment.staff_name == "Mia"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, Reason.SLOT_TAKEN),
        (slot(service_id="dye"), Reason.NOT_FOUND),
        (slot(start=START - 90 * HOUR), Reason.NOT_FOUND),
        (slot(start=START, staff_id="mia"), Reason.SAME_SLOT),
        (slot(start=START, staff_id="tom"), None),
        (slot(staff_id="mia"), None),
        (slot(start=START - 90 * HOUR + TICK), None),
    ],
)
def test_where_an_appointment_may_be_moved(where: Slot | None, expected: Reason | None) -> None:
    """To a free slot of the same service that is yet to come, and not to where it is."""
    decision = move(seen(slot=where), Change("a1"), TIMELY, START - 90 * HOUR)

    assert decision.granted if expected is None else reason(decision) is expected
    assert (decision.asks is None) is (expected is not None)


@pytest.mark.parametrize(
    ("more", "policy", "expected"),
    [
        ({"appointment": None}, TIMELY, Reason.NOT_FOUND),
        ({"mine": False}, TIMELY, Reason.NOT_FOUND),
        ({}, changes(rebooking=False), Reason.DISABLED),
        ({"staff": True}, changes(rebooking=False), None),
        ({"service": None}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"service": Service("cut", "Cut", HOUR, active=False)}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"service": Service("cut", "Cut", HOUR, bookable_online=False)}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"slots_possible": False}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"offer": Offer(allowed=False, why_not="blocked")}, TIMELY, Reason.CONTACT_BUSINESS),
        ({"slot": None}, TIMELY, Reason.SLOT_TAKEN),
        ({"slot": slot(service_id="dye")}, TIMELY, Reason.NOT_FOUND),
        ({"slot": slot(start=START + HOUR)}, TIMELY, Reason.NOT_FOUND),
        ({"slot": slot(start=START + HOUR + TICK)}, TIMELY, None),
        ({"appointment": appointment(status=AppointmentStatus.NO_SHOW)}, TIMELY, None),
    ],
)
def test_when_the_same_may_be_booked_again(more: dict[str, Any], policy: Policy, expected: Reason | None) -> None:
    """Today's settings of the service decide (T9), an hour after the old appointment began."""
    decision = rebook(seen(**more), Change("a1", "s1"), policy, START + HOUR)

    assert decision.granted if expected is None else reason(decision) is expected


@pytest.mark.parametrize(("for_ref", "waits"), [(None, False), (RecordRef.client("s"), True)])
def test_the_forecast_of_a_new_booking(for_ref: RecordRef | None, waits: bool) -> None:
    """For the record that the session is for, under today's name, never moved yet."""
    one = seen(for_ref=for_ref, offer=Offer(needs_approval=waits), appointment=appointment(moves=2))

    decision = rebook(one, Change("a1", "s1"), TIMELY, START + HOUR)

    status = AppointmentStatus.REQUESTED if waits else AppointmentStatus.CONFIRMED
    expected = appointment(
        id="", ref=for_ref or ANA, start=START + 24 * HOUR, end=START + 25 * HOUR, staff_id="tom", staff_name="Tom",
        status=status, made_at=START + HOUR, booked_as="Ana Kingi", version="",
    )  # fmt: skip
    assert decision.outcome == Booked(expected, waits=waits)
    assert decision.asks is not None
    assert (decision.asks.write, decision.asks.for_ref) == (HostWrite.BOOK, for_ref or ANA)


def test_a_refused_change_says_until_when_it_was_possible() -> None:
    """In the refusal's facts, for the text; empty where there was no such moment."""
    late = cancel(seen(), Change("a1"), TIMELY, START - HOUR).outcome
    absent = move(seen(appointment=None), Change("a1"), TIMELY, START - HOUR).outcome

    assert isinstance(late, Refusal)
    assert isinstance(absent, Refusal)
    assert late.facts["until"] == (START - 24 * HOUR).isoformat()
    assert absent.facts["until"] == ""


# --- what is remembered ----------------------------------------------------------------------------------------------


def intent(write: HostWrite, **more: Any) -> Intent:
    """What the host was asked for."""
    given: dict[str, Any] = {"appointment": appointment(), "asked_at": START, "due_at": START, "actor": "client:ana"}
    return Intent(id="i1", write=write, **given | more)


def test_the_appointment_is_kept_as_it_was() -> None:
    """A snapshot per change; a booking, or nothing, leaves none."""
    snapshot = Snapshot(
        id="n1", ref="client:ana", appointment_id="a1", taken_at=START, change=ChangeKind.CANCEL,
        actor="client:ana", appointment=appointment(),
    )  # fmt: skip

    assert remember_change(intent(HostWrite.CANCEL), appointment(), "n1") == (Put(snapshot),)
    assert remember_change(intent(HostWrite.MOVE), None, "n1") == (Put(evolve(snapshot, change=ChangeKind.MOVE)),)
    assert remember_change(intent(HostWrite.BOOK), appointment(), "n1") == ()
    assert remember_change(intent(HostWrite.CANCEL, appointment=None), None, "n1") == ()


@pytest.mark.parametrize(
    ("before", "trail", "after", "expected"),
    [
        (0, None, "a1", [Trail(id="a1", current_id="a1", moves=1)]),
        (3, Trail(id="a1", version=2, current_id="a1"), "a1", [Trail(id="a1", version=2, current_id="a1", moves=4)]),
        (0, None, "b2", [Trail(id="a1", current_id="b2", moves=1), Trail(id="b2", current_id="b2", moves=1)]),
        (
            0,
            Trail(id="a1", version=1, current_id="a1", moves=5),
            "b2",
            [Trail(id="a1", version=1, current_id="b2", moves=6), Trail(id="b2", current_id="b2", moves=6)],
        ),
    ],
)  # fmt: skip
def test_a_move_leaves_a_trail(before: int, trail: Trail | None, after: str, expected: list[Trail]) -> None:
    """From the old id to the new one, and the number of moves goes along."""
    asked = intent(HostWrite.MOVE, appointment=appointment(moves=before), trail=trail)

    writes = remember_change(asked, appointment(id=after), "n1")

    assert [write.record for write in writes[1:]] == expected
