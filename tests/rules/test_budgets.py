"""Budgets: never more than the limit in a window that began with its first use, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from clientportal.policy import SendPolicy
from clientportal.records import Allowance
from clientportal.rules.budgets import (
    Charge,
    Elsewhere,
    Spent,
    charge_all,
    destination_charge,
    in_all,
    next_use,
    request_charges,
    spend,
)
from clientportal.values import ContactKey, ContactKind
from clientportal.values.spending import Spending

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)

STEPS = st.lists(
    st.sampled_from([timedelta(0), TICK, SECOND, timedelta(seconds=30), MINUTE, timedelta(minutes=10), 2 * HOUR]),
    min_size=1,
    max_size=40,
)
CHARGES = st.builds(
    Charge,
    st.just("to:x"),
    st.tuples(
        st.tuples(st.just(timedelta(minutes=10)), st.integers(1, 4)),
        st.tuples(st.just(timedelta(days=1)), st.integers(1, 8)),
    ),
    st.sampled_from([None, TICK, timedelta(seconds=30), 2 * HOUR]),
)


def uses(charge: Charge, times: list[datetime]) -> tuple[list[datetime], Allowance | None]:
    """Try to spend at each time; answers when it worked, and what is held in the end."""
    held: dict[str, Allowance] = {}
    worked: list[datetime] = []
    for now in times:
        spent = spend(held, [charge], now)
        if not isinstance(spent, datetime):
            held[charge.id] = spent[0]
            worked.append(now)
    return worked, held.get(charge.id)


def windows_of(length: timedelta, worked: list[datetime]) -> list[list[datetime]]:
    """Cut uses into windows that begin with the first use after the one before has ended: the definition itself."""
    cut: list[list[datetime]] = []
    for time in worked:
        if not cut or time >= cut[-1][0] + length:
            cut.append([])
        cut[-1].append(time)
    return cut


@given(CHARGES, STEPS)
def test_no_window_holds_more_than_its_limit(charge: Charge, steps: list[timedelta]) -> None:
    """However the tries are spread, no window since its first use has more than its limit."""
    times = [NOON + sum(steps[: n + 1], timedelta(0)) for n in range(len(steps))]

    worked, _ = uses(charge, times)

    for length, at_most in charge.limits:
        assert all(len(window) <= at_most for window in windows_of(length, worked))


@given(CHARGES, STEPS)
def test_the_moment_of_a_refusal_is_exact(charge: Charge, steps: list[timedelta]) -> None:
    """At the time that a refusal names it works, and a microsecond before it does not: nobody waits in vain."""
    times = [NOON + sum(steps[: n + 1], timedelta(0)) for n in range(len(steps))]
    _, held = uses(charge, times)
    assert held is not None

    again = spend({charge.id: held}, [charge], times[-1])

    if isinstance(again, datetime):
        assert again > times[-1]
        assert not isinstance(spend({charge.id: held}, [charge], again), datetime)
        assert spend({charge.id: held}, [charge], again - TICK) == again


@given(CHARGES, STEPS, st.lists(st.integers(0, 9 * 60), min_size=40, max_size=40))
def test_a_clock_set_back_a_little_revives_nothing(charge: Charge, steps: list[timedelta], back: list[int]) -> None:
    """A clock that is set back by less than the shortest window gives nobody one use more than the limit."""
    times = [NOON + sum(steps[: n + 1], timedelta(0)) for n in range(len(steps))]
    shaken = [time - timedelta(seconds=shift) for time, shift in zip(times, back, strict=False)]
    began: list[datetime] = []

    held: dict[str, Allowance] = {}
    count = 0
    for now in shaken:
        spent = spend(held, [charge], now)
        if isinstance(spent, datetime):
            continue
        held[charge.id] = spent[0]
        _, start, number = spent[0].windows[0]
        count = count + 1 if began and began[-1] == start else 1
        began.append(start)
        assert number == count
        assert count <= charge.limits[0][1]


@given(CHARGES, st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_a_clock_that_jumped_ahead_locks_nobody_out_for_ever(charge: Charge, jump: timedelta) -> None:
    """Used up while the clock was ahead: back at the right time it works within twice the longest window."""
    _, held = uses(charge, [NOON + jump] * 10)
    assert held is not None

    again = spend({charge.id: held}, [charge], NOON)

    if isinstance(again, datetime):
        assert again <= NOON + 2 * timedelta(days=1)


def test_a_window_counts_to_the_microsecond() -> None:
    """Three in ten minutes: the fourth is refused until ten minutes after the first, whenever the others were."""
    charge = Charge("to:x", ((timedelta(minutes=10), 3),))
    times = [NOON, NOON + 9 * MINUTE, NOON + 9 * MINUTE, NOON + 10 * MINUTE - TICK]

    worked, held = uses(charge, times)

    assert worked == times[:3]
    assert held is not None
    assert spend({"to:x": held}, [charge], times[-1]) == NOON + 10 * MINUTE


def test_the_gap_doubles() -> None:
    """With a gap of 30 seconds the next is possible after 30, 60, 120, 240 seconds, not a microsecond earlier."""
    charge = destination_charge("to:x", SendPolicy(per_ten_minutes=100, per_day=100))
    now, held, gaps = NOON, {}, []
    for _ in range(5):
        spent = spend(held, [charge], now)
        assert not isinstance(spent, datetime)
        held = {charge.id: spent[0]}
        again = next_use(spent[0], charge, now)
        assert spend(held, [charge], again - TICK) == again
        gaps.append(again - now)
        now = again

    assert gaps == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480)]


def test_the_gap_is_forgotten_with_the_day() -> None:
    """A gap that has doubled to a day ends with the day's window, and begins small again."""
    charge = Charge("to:x", ((timedelta(days=1), 100),), timedelta(hours=10))
    worked, held = uses(charge, [NOON, NOON + 10 * HOUR])
    assert len(worked) == 2
    assert held is not None

    assert next_use(held, charge, NOON + 11 * HOUR) == NOON + timedelta(days=1)

    spent = spend({"to:x": held}, [charge], NOON + timedelta(days=1))
    assert not isinstance(spent, datetime)
    assert next_use(spent[0], charge, NOON + timedelta(days=1)) == NOON + timedelta(days=1, hours=10)


def test_a_clock_set_back_does_not_shorten_the_gap() -> None:
    """Sent at noon, then the clock is set back ten seconds: the next is still due thirty seconds after noon."""
    charge = destination_charge("to:x", SendPolicy())
    _, held = uses(charge, [NOON])
    assert held is not None

    assert next_use(held, charge, NOON - 10 * SECOND) == NOON + 30 * SECOND
    assert next_use(held, charge, NOON - 30 * SECOND) == NOON + 30 * SECOND
    assert next_use(held, charge, NOON - 30 * SECOND - TICK) == NOON - 30 * SECOND - TICK


def test_a_hundred_uses_do_not_overflow() -> None:
    """The gap's exponent is capped before it is used."""
    charge = Charge("to:x", ((timedelta(days=1), 500),), timedelta(hours=1))
    held = Allowance(id="to:x", windows=((86400, NOON, 400),), last_at=NOON, forget_at=NOON)

    assert next_use(held, charge, NOON + HOUR) == NOON + timedelta(days=1)


def test_the_gap_stops_doubling_at_a_million() -> None:
    """Of a millisecond, after 21 uses: 2 to the 20th, and not more after 30."""
    millisecond = timedelta(milliseconds=1)
    charge = Charge("to:x", ((timedelta(days=1), 100),), millisecond)
    for count in (21, 22, 30):
        used = Allowance(id="to:x", windows=((86400, NOON, count),), last_at=NOON, forget_at=NOON + timedelta(days=1))
        assert spend({"to:x": used}, [charge], NOON) == NOON + 2**20 * millisecond
    used = Allowance(id="to:x", windows=((86400, NOON, 20),), last_at=NOON, forget_at=NOON + timedelta(days=1))
    assert spend({"to:x": used}, [charge], NOON) == NOON + 2**19 * millisecond


def test_a_gap_without_a_use_is_no_gap() -> None:
    """The first use of a day after an earlier one waits for nothing."""
    charge = destination_charge("to:x", SendPolicy())
    _, held = uses(charge, [NOON])
    assert held is not None

    assert next_use(held, charge, NOON + timedelta(days=1)) == NOON + timedelta(days=1)


def test_one_used_up_axis_refuses_all_and_charges_none() -> None:
    """The business has its hour used up until 13:00, the destination its gap until 12:00:30: both are waited for."""
    policy = SendPolicy(per_tenant_hour=1)
    mobile = ContactKey(ContactKind.MOBILE, "+64211234567")
    charges = request_charges(mobile, "strangers", "192.0.2.7", policy)
    first = spend({}, charges, NOON)
    assert not isinstance(first, datetime)
    held = {one.id: one for one in first}

    assert spend(held, charges, NOON + 10 * SECOND) == NOON + HOUR
    assert spend(held, charges[:1], NOON + 10 * SECOND) == NOON + 30 * SECOND
    assert spend(held, tuple(reversed(charges)), NOON + 10 * SECOND) == NOON + HOUR


def test_each_axis_has_its_own_key_and_limit() -> None:
    """Destination and lane, source, the number's first eight digits, and the business."""
    policy = SendPolicy()
    mobile = ContactKey(ContactKind.MOBILE, "+64211234567")

    charges = request_charges(mobile, "lane-1", "192.0.2.7", policy)

    assert [charge.id for charge in charges] == [
        "to:mobile:+64211234567|lane-1", "from:192.0.2.7", "prefix:+64211234", "tenant"
    ]  # fmt: skip
    assert charges[0].limits == ((timedelta(minutes=10), 3), (timedelta(days=1), 10))
    assert charges[0].gap == timedelta(seconds=30)
    assert [(charge.limits, charge.gap) for charge in charges[1:]] == [
        (((HOUR, policy.per_source_hour),), None),
        (((HOUR, policy.per_prefix_hour),), None),
        (((HOUR, policy.per_tenant_hour),), None),
    ]


def test_an_email_has_no_prefix_and_an_unknown_source_is_not_counted() -> None:
    """A host that does not say where a request comes from has one axis less."""
    email = ContactKey(ContactKind.EMAIL, "ana@example.com")

    charges = request_charges(email, "strangers", None, SendPolicy())

    assert [charge.id for charge in charges] == ["to:email:ana@example.com|strangers", "tenant"]


@settings(max_examples=50)
@given(CHARGES, STEPS)
def test_an_allowance_may_be_forgotten_only_when_it_says_nothing_more(charge: Charge, steps: list[timedelta]) -> None:
    """What is forgotten at ``forget_at`` would have allowed everything by then."""
    times = [NOON + sum(steps[: n + 1], timedelta(0)) for n in range(len(steps))]
    _, held = uses(charge, times)
    assert held is not None

    with_it = spend({charge.id: held}, [charge], held.forget_at)

    assert not isinstance(with_it, datetime)
    assert with_it == spend({}, [charge], held.forget_at)


def test_an_allowance_outlives_a_window_that_began_ahead() -> None:
    """With the clock set back, the window that began ahead of it is remembered until its end."""
    charge = Charge("to:x", ((HOUR, 3),))
    _, held = uses(charge, [NOON, NOON - 10 * MINUTE])
    assert held is not None

    assert held == evolve(held, forget_at=NOON + HOUR, last_at=NOON - 10 * MINUTE, windows=((3600, NOON, 2),))


def test_a_window_from_the_future_is_void_only_if_it_is_further_ahead_than_it_is_long() -> None:
    """Used up while the clock was an hour ahead: counted. A microsecond more than an hour: begun again."""
    charge = Charge("to:x", ((HOUR, 1),))
    _, held = uses(charge, [NOON])
    assert held is not None

    assert spend({"to:x": held}, [charge], NOON - HOUR) == NOON + HOUR
    again = spend({"to:x": held}, [charge], NOON - HOUR - TICK)
    assert not isinstance(again, datetime)
    assert again[0].windows == ((3600, NOON - HOUR - TICK, 1),)


def test_a_plus_address_is_the_same_mailbox() -> None:
    """Ana's mailbox has one budget, whatever stands after a plus; a number's plus is its country code."""
    keys = [
        ContactKey(ContactKind.EMAIL, text) for text in ("ana@example.com", "ana+1@example.com", "ana+b+c@example.com")
    ]
    number = ContactKey(ContactKind.MOBILE, "+64211234567")

    assert {request_charges(key, "strangers", None, SendPolicy())[0].id for key in keys} == {
        "to:email:ana@example.com|strangers"
    }
    assert request_charges(number, "strangers", None, SendPolicy())[0].id == "to:mobile:+64211234567|strangers"


def test_known_devices_have_wider_budgets_of_their_own() -> None:
    """Strangers who use up the source, the prefix or the business leave those who have logged in before theirs."""
    number = ContactKey(ContactKind.MOBILE, "+64211234567")

    strangers, known = (
        {charge.id for charge in request_charges(number, lane, "192.0.2.7", SendPolicy())}
        for lane in ("strangers", "device:1")
    )

    assert not strangers & known
    assert known == {
        "to:mobile:+64211234567|device:1", "from:192.0.2.7|known", "prefix:+64211234|known", "tenant|known"
    }  # fmt: skip


# --- counted elsewhere -----------------------------------------------------------------------------------------------

ANA = ContactKey(ContactKind.MOBILE, "+64211234567")


def test_what_is_counted_in_the_store_is_written_and_nothing_is_asked_for_outside() -> None:
    """The changes are the allowances as they are then; the answer says when the first axis is free again."""
    charges = request_charges(ANA, "strangers", None, SendPolicy())
    spent = charge_all({}, charges, NOON)
    assert isinstance(spent, Spent)
    assert [write.record.id for write in spent.changes] == [charge.id for charge in charges]
    assert (spent.again_at, spent.elsewhere) == (NOON + 30 * SECOND, ())
    held = {write.record.id: write.record for write in spent.changes if isinstance(write.record, Allowance)}
    assert charge_all(held, charges, NOON) == NOON + 30 * SECOND


def test_before_budgets_elsewhere_were_asked_they_are_taken_to_be_free() -> None:
    """Nothing is written, and every charge is still to be spent."""
    charges = request_charges(ANA, "strangers", None, SendPolicy())
    assert charge_all(Elsewhere(), charges, NOON) == Spent(NOON, elsewhere=charges)


def test_what_budgets_elsewhere_have_answered_counts() -> None:
    """A yes with its moment, a no with its own."""
    charges = request_charges(ANA, "strangers", None, SendPolicy())
    yes, no = Spending(True, NOON + MINUTE), Spending(False, NOON + HOUR)
    assert charge_all(Elsewhere(yes), charges, NOON) == Spent(NOON + MINUTE, elsewhere=charges)
    assert charge_all(Elsewhere(no), charges, NOON) == NOON + HOUR


def test_a_cap_outside_is_asked_for_besides_what_the_store_counts() -> None:
    """The store's own limits are judged first, and still are when the cap has said yes."""
    charges = request_charges(ANA, "strangers", None, SendPolicy())
    fresh = charge_all({}, charges, NOON)
    assert isinstance(fresh, Spent)
    asked = charge_all(Elsewhere(Spending(True, NOON), {}), charges, NOON)
    assert asked == Spent(fresh.again_at, fresh.changes, charges)
    held = {write.record.id: write.record for write in fresh.changes if isinstance(write.record, Allowance)}
    assert charge_all(Elsewhere(Spending(True, NOON), held), charges, NOON) == NOON + 30 * SECOND


def test_the_cap_for_all_is_one_axis_for_strangers_and_one_for_known_devices() -> None:
    """Whatever has no cap for its business, as what goes out by another way does, has none for all."""
    strangers = in_all(request_charges(ANA, "strangers", None, SendPolicy()), 5000)
    known = in_all(request_charges(ANA, "device:1", None, SendPolicy()), 5000)
    assert (strangers, known) == (Charge("all", ((HOUR, 5000),)), Charge("all|known", ((HOUR, 5000),)))
    assert in_all(request_charges(ANA, "strangers", None, SendPolicy()), None) is None
    assert in_all([destination_charge("reach:+64211234567|", SendPolicy())], 5000) is None
