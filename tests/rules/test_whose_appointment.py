"""Whose an appointment is: every clause, its edge, and what holds whatever is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Reason, Refusal
from clientportal.policy import Policy, StaffBooking, presets
from clientportal.records import Account, Assignment, HostWrite, Intent, Put, Remove
from clientportal.rules.whose_appointment import (
    TOLD_WITHIN,
    AllOfClient,
    Booking,
    ByStaff,
    How,
    Prover,
    Standing,
    assign,
    assign_all,
    assigned_at_first_proof,
    booked,
    carried_over,
    clear,
    may_assign_all,
    whose_appointment,
)
from clientportal.values import RecordRef
from rules.changing import ANA, appointment

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ACUITY = presets.acuity(region="US")
CHOSEN = evolve(ACUITY, bookings=evolve(ACUITY.bookings, by_staff=StaffBooking.CHOSEN_CLIENT))
BY = ByStaff("staff:mia", "she rang")


def booking(how: How, **more: Any) -> Booking:
    """An appointment that was made on 2 March 2026, 14:00 UTC."""
    given: dict[str, Any] = {"appointment": "a1", "ref": ANA, "how": how, "made_at": NOW}
    return Booking(**given | more)


def account_of(seen: Booking, policy: Policy = ACUITY) -> str | None:
    """Whose it is."""
    return whose_appointment(seen, policy).account


def prover(id: str, created: datetime, proved: datetime | None = NOW) -> Prover:
    """An account."""
    return Prover(id, created, proved)


def held(id: str, account: str, version: int = 1) -> Assignment:
    """An assignment that is stored."""
    return Assignment(id=id, version=version, account=account, ref=str(ANA), at=NOW, actor="staff:tom")


def an_account(id: str) -> Account:
    """An account."""
    return Account(id=id, email=f"email:{id}@example.com", address=f"{id}@example.com", created_at=NOW)


# --- the clauses ------------------------------------------------------------------------------------------------------


def test_booked_logged_in_is_the_sessions_account() -> None:
    """A8a; a session of a record assigns nothing."""
    assert account_of(booking(How.LOGGED_IN, logged_in="maya", of_email=("dan", "eve"))) == "maya"
    assert account_of(booking(How.LOGGED_IN)) is None


def test_booked_logged_out_is_nobodys() -> None:
    """A9, even where all that is known speaks for one account."""
    known = {"logged_in": "maya", "provers": (prover("maya", NOW),), "of_email": ("maya",), "linked": ("maya",)}
    assert account_of(booking(How.LOGGED_OUT, **known)) is None


@pytest.mark.parametrize(("created", "expected"), [(NOW + TICK, "maya"), (NOW, None), (NOW - TICK, None)])
def test_before_the_proof_means_strictly_before_the_account(created: datetime, expected: str | None) -> None:
    """A8b and A9 meet at the microsecond at which the account was created."""
    assert account_of(booking(How.BEFORE_PROOF, provers=(prover("maya", created),))) == expected


def test_what_is_not_proved_claims_nothing() -> None:
    """Typing a stranger's email into a registration is no proof (A8b, A10)."""
    unproved = (prover("eve", NOW + TICK, None),)
    assert account_of(booking(How.BEFORE_PROOF, provers=unproved)) is None
    assert account_of(booking(How.BY_STAFF, provers=unproved)) is None


@pytest.mark.parametrize(
    ("of_email", "provers", "expected"),
    [
        ((), (), None),
        ((), ("maya",), "maya"),
        ((), ("maya", "dan"), None),
        (("dan",), ("maya",), "dan"),
        (("dan", "dan"), (), "dan"),
        (("dan", "maya"), ("maya",), None),
    ],
)
def test_booked_by_staff_unless_ambiguous(
    of_email: tuple[str, ...], provers: tuple[str, ...], expected: str | None
) -> None:
    """A8c, A10: one account among the email's assignments; none: who proved the email; several: nobody."""
    owners = tuple(prover(id, NOW) for id in provers)
    assert account_of(booking(How.BY_STAFF, of_email=of_email, provers=owners, linked=("zoe",))) == expected


@pytest.mark.parametrize(("linked", "expected"), [((), None), (("maya",), "maya"), (("maya", "dan"), None)])
def test_booked_by_staff_for_the_chosen_client(linked: tuple[str, ...], expected: str | None) -> None:
    """The record's one account; the email plays no part."""
    seen = booking(How.BY_STAFF, linked=linked, of_email=("zoe",), provers=(prover("zoe", NOW),))
    assert account_of(seen, CHOSEN) == expected
    assert ("bookings.by_staff", "chosen_client") in whose_appointment(seen, CHOSEN).because.settings


# --- laws ------------------------------------------------------------------------------------------------------------

ACCOUNTS = st.sampled_from(["ana", "ben", "cleo"])
TIMES = st.integers(-3, 3).map(lambda hours: NOW + timedelta(hours=hours))
PROVERS = st.lists(st.builds(Prover, ACCOUNTS, TIMES, st.none() | TIMES), max_size=3).map(tuple)
SOME = st.lists(ACCOUNTS, max_size=4).map(tuple)
BOOKINGS = st.builds(
    Booking,
    appointment=st.sampled_from(["a1", "a2"]),
    ref=st.just(ANA),
    how=st.sampled_from(How),
    made_at=TIMES,
    held_by=st.none() | ACCOUNTS,
    logged_in=st.none() | ACCOUNTS,
    provers=PROVERS,
    of_email=SOME,
    linked=SOME,
)
POLICIES = st.sampled_from([ACUITY, CHOSEN, presets.timetap(region="US")])


@given(BOOKINGS, POLICIES)
def test_what_is_assigned_is_never_changed_by_a_rule(seen: Booking, policy: Policy) -> None:
    """Only staff move it (A11): no clause writes anything for what somebody holds."""
    decision = booked(seen, policy, NOW, actor="x")
    if seen.held_by is not None:
        assert account_of(seen, policy) == seen.held_by
        assert decision.changes == ()
        assert assigned_at_first_proof([seen], policy, "x", NOW) == ()


@given(BOOKINGS, POLICIES)
def test_logged_out_after_the_account_exists_is_never_assigned(seen: Booking, policy: Policy) -> None:
    """A9 holds whatever else is known: neither when it is told, nor at any proof by an account that was there."""
    free = evolve(seen, held_by=None)
    assert account_of(evolve(free, how=How.LOGGED_OUT), policy) is None
    there = evolve(
        free, how=How.BEFORE_PROOF, provers=tuple(one for one in seen.provers if one.created_at <= seen.made_at)
    )
    assert account_of(there, policy) is None


@given(BOOKINGS, POLICIES, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_read_does_not_matter(seen: Booking, policy: Policy, random: Any) -> None:
    """A database returns rows in any order."""

    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(items, len(items)))

    other = evolve(
        seen,
        provers=mixed(seen.provers),
        of_email=mixed(seen.of_email),
        linked=mixed(seen.linked),
    )
    assert account_of(other, policy) == account_of(seen, policy)


@given(BOOKINGS, POLICIES)
def test_nobody_gets_what_nothing_speaks_for(seen: Booking, policy: Policy) -> None:
    """Whoever it is assigned to is named by what was read; one booking makes at most one assignment, of its own id."""
    whose = account_of(seen, policy)
    owners = {one.account for one in seen.provers if one.proved_at is not None}
    assert whose is None or whose in {seen.held_by, seen.logged_in, *owners, *seen.of_email, *seen.linked}
    changes = booked(seen, policy, NOW, actor="x").changes
    assert len(changes) <= 1
    assert all(isinstance(one, Put) and one.record.id == seen.appointment for one in changes)


EVENTS = st.lists(st.tuples(st.sampled_from(How), ACCOUNTS, st.sampled_from(["a1", "a2", "a3"]), TIMES), max_size=12)


@given(EVENTS, POLICIES)
def test_over_any_history_each_appointment_has_one_account_for_good(events: list[Any], policy: Policy) -> None:
    """Whatever is told in whatever order: the first assignment stands."""
    ledger: dict[str, str] = {}
    for how, account, id, made in events:
        before = dict(ledger)
        seen = booking(
            how,
            appointment=id,
            made_at=made,
            held_by=ledger.get(id),
            logged_in=account,
            provers=(prover(account, NOW),),
            of_email=tuple(ledger.values()),
            linked=(account,),
        )
        for write in booked(seen, policy, NOW, actor="x").changes:
            assert isinstance(write, Put)
            assert isinstance(write.record, Assignment)
            assert id not in ledger
            ledger[id] = write.record.account
        assert before.items() <= ledger.items()


# --- telling ----------------------------------------------------------------------------------------------------------


def test_what_does_not_exist_was_not_booked() -> None:
    """Not found."""
    outcome = booked(None, ACUITY, NOW, actor="x").outcome
    assert isinstance(outcome, Refusal)
    assert outcome.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("made", "holder", "expected"),
    [
        (NOW - TICK, None, Reason.NOT_FOUND),
        (NOW, None, "maya"),
        (NOW - TICK, "maya", "maya"),
        (NOW + TICK, "dan", Reason.NOT_FOUND),
    ],
)
def test_a_session_takes_what_it_may_have_booked(made: datetime, holder: str | None, expected: Any) -> None:
    """Nobody's, and made since the session was opened, at that very moment included; its own stays its own."""
    seen = booking(How.LOGGED_IN, made_at=made, held_by=holder, logged_in="maya")
    decision = booked(seen, ACUITY, NOW, actor="account:maya", session_opened=NOW)
    if isinstance(decision.outcome, Refusal):
        assert decision.outcome.reason is expected
        assert decision.changes == ()
    else:
        assert decision.outcome.account == expected
        assert len(decision.changes) == (holder is None)


@pytest.mark.parametrize(
    ("ago", "holder", "taken"),
    [
        (TOLD_WITHIN, None, True),
        (TOLD_WITHIN + TICK, None, False),
        (TOLD_WITHIN + TICK, "maya", True),
        (-TICK, None, True),
    ],
)
def test_a_session_that_is_kept_open_takes_nothing_old(ago: timedelta, holder: str | None, taken: bool) -> None:
    """An hour after it was made nobody's stays nobody's, in a session of a month; what is its own stays its own."""
    seen = booking(How.LOGGED_IN, made_at=NOW - ago, held_by=holder, logged_in="maya")
    opened = NOW - timedelta(days=29)
    decision = booked(seen, ACUITY, NOW, actor="account:maya", session_opened=opened)
    assert isinstance(decision.outcome, Refusal) is not taken


# --- what a host's answer does ---------------------------------------------------------------------------------------


def intent(write: HostWrite, **more: Any) -> Intent:
    """What the host was asked for."""
    return Intent(id="i1", write=write, actor="account:maya", asked_at=NOW, due_at=NOW, **more)


def test_a_booking_by_an_accounts_session_is_assigned_with_it() -> None:
    """A8a, in the same commit; without an account, or an appointment, there is nothing to assign."""
    new = appointment(id="new")
    (write,) = carried_over(intent(HostWrite.BOOK, account="maya"), new)
    assert isinstance(write, Put)
    assert isinstance(write.record, Assignment)
    assert (write.record.id, write.record.account, write.record.actor) == ("new", "maya", "account:maya")
    assert carried_over(intent(HostWrite.BOOK), new) == ()
    assert carried_over(intent(HostWrite.BOOK, account="maya"), None) == ()


def test_a_move_to_a_new_id_takes_the_assignment_along() -> None:
    """It stands under the new id alone; a guest's booking is a record of its own, so its ref goes along too."""
    before = held("a1", "maya")
    after = appointment(id="a2", ref=RecordRef.booking("a2"))
    assert carried_over(intent(HostWrite.MOVE, assignment=before), after) == (
        Remove(before),
        Put(evolve(before, id="a2", version=0, ref="booking:a2")),
    )
    assert carried_over(intent(HostWrite.MOVE, assignment=before, account="dan"), after) == (Remove(before),)
    assert carried_over(intent(HostWrite.MOVE, assignment=before), appointment(id="a1")) == ()
    assert carried_over(intent(HostWrite.MOVE), after) == ()
    assert carried_over(intent(HostWrite.CANCEL, assignment=before), after) == ()


# --- staff ------------------------------------------------------------------------------------------------------------


def test_staff_assign_anew_over_and_under_the_present_id() -> None:
    """From nobody, from another account, and again to the same; what stands under an earlier id goes."""
    maya = an_account("maya")
    made, because, writes = assign(Standing(appointment()), maya, BY, NOW)
    assert writes == (Put(made),)
    assert (made.id, made.version, made.account, made.actor) == ("a1", 0, "maya", "staff:mia")
    assert ("reason", "she rang") in because.facts

    dans = held("a1", "dan", version=4)
    made, because, writes = assign(Standing(appointment(), (dans,)), maya, ByStaff("staff:mia"), NOW)
    assert (made.version, writes) == (4, (Put(made),))
    assert ("before", "dan") in because.facts

    mine, old = held("a1", "maya"), held("a0", "maya")
    made, _, writes = assign(Standing(appointment(), (old, mine)), maya, BY, NOW)
    assert (made, writes) == (mine, (Remove(old),))


def test_staff_clear() -> None:
    """Under every id that the booking has had."""
    both = (held("a0", "maya"), held("a1", "maya"))
    decision = clear(both, BY)
    assert decision.outcome is True
    assert decision.changes == tuple(Remove(one) for one in both)
    assert clear((), BY).outcome is False


@given(st.lists(st.none() | ACCOUNTS, max_size=5))
def test_assign_all_wants_one_account_and_leaves_none_out(accounts: list[str | None]) -> None:
    """A12: at least one is assigned, at most one account is linked; then all are that account's."""
    standings = tuple(
        Standing(appointment(id=f"a{n}"), () if one is None else (held(f"a{n}", one),))
        for n, one in enumerate(accounts)
    )
    seen = AllOfClient(standings, {id: an_account(id) for id in ("ana", "ben", "cleo")})
    linked = {one for one in accounts if one is not None}
    offer, _ = may_assign_all(seen)
    decision = assign_all(seen, BY, NOW)
    assert offer.allowed == (len(linked) == 1)
    assert (offer.assigned, offer.unassigned) == (len(accounts) - accounts.count(None), accounts.count(None))
    if isinstance(decision.outcome, Refusal):
        expected = Reason.SEVERAL_ACCOUNTS if linked else Reason.NOTHING_ASSIGNED
        assert (decision.outcome.reason, offer.reason) == (expected, expected)
        assert decision.changes == ()
        assert offer.account is None
    else:
        assert {offer.account} == linked
        assert (decision.outcome.newly, len(decision.changes)) == (accounts.count(None), accounts.count(None))


def test_assign_all_to_an_account_that_is_gone() -> None:
    """Not found."""
    decision = assign_all(AllOfClient((Standing(appointment(), (held("a1", "maya"),)),)), BY, NOW)
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.reason is Reason.NOT_FOUND
