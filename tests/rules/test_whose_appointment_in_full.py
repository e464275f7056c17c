"""Whose an appointment is, with everything that is said and written."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from clientportal.records import HostWrite, Intent
from clientportal.rules.whose_appointment import (
    TOLD_WITHIN,
    AllOfClient,
    ByStaff,
    How,
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
from rules.changing import appointment
from rules.in_full import in_full
from rules.test_whose_appointment import ACUITY, BY, CHOSEN, NOW, TICK, an_account, booking, held, prover


def test_each_clause_says_what_it_looked_at() -> None:
    """Accounts in order, each once; "none" where there are none."""
    known = {"provers": (prover("zoe", NOW + TICK), prover("eve", NOW, None)), "of_email": ("zoe", "dan", "zoe")}
    assert in_full(whose_appointment(booking(How.LOGGED_OUT, held_by="maya", **known), ACUITY)) == [
        "Whose(account=maya, because=whose_appointment.whose_appointment; facts: how logged_out, assigned",
        "  already to maya)",
    ]
    assert in_full(whose_appointment(booking(How.LOGGED_IN, logged_in="maya", **known), ACUITY)) == [
        "Whose(account=maya, because=whose_appointment.booked_logged_in; facts: how logged_in, session of",
        "  maya)",
    ]
    assert in_full(whose_appointment(booking(How.LOGGED_IN), ACUITY)) == [
        "Whose(account=None, because=whose_appointment.booked_logged_in; facts: how logged_in, session of a",
        "  record)",
    ]
    assert in_full(whose_appointment(booking(How.LOGGED_OUT, **known), ACUITY)) == [
        "Whose(account=None, because=whose_appointment.booked_logged_out; facts: how logged_out)"
    ]
    assert in_full(whose_appointment(booking(How.BEFORE_PROOF, **known), ACUITY)) == [
        "Whose(account=zoe, because=whose_appointment.booked_before_proof; facts: made",
        "  2026-03-02T14:00:00+00:00, account created 2026-03-02T14:00:00.000001+00:00, account created",
        "  2026-03-02T14:00:00+00:00)",
    ]
    assert in_full(whose_appointment(booking(How.BY_STAFF, **known), ACUITY)) == [
        "Whose(account=None, because=whose_appointment.unless_ambiguous; facts: accounts of the email's",
        "  appointments dan, zoe, proved the email zoe; policy: bookings.by_staff = unless_ambiguous)",
    ]
    assert in_full(whose_appointment(booking(How.BY_STAFF, provers=known["provers"]), ACUITY)) == [
        "Whose(account=zoe, because=whose_appointment.unless_ambiguous; facts: accounts of the email's",
        "  appointments none, proved the email zoe; policy: bookings.by_staff = unless_ambiguous)",
    ]
    assert in_full(whose_appointment(booking(How.BY_STAFF), ACUITY)) == [
        "Whose(account=None, because=whose_appointment.unless_ambiguous; facts: accounts of the email's",
        "  appointments none, proved the email none; policy: bookings.by_staff = unless_ambiguous)",
    ]
    assert in_full(whose_appointment(booking(How.BY_STAFF, linked=("maya",)), CHOSEN)) == [
        "Whose(account=maya, because=whose_appointment.for_chosen_client; facts: linked to the record maya;",
        "  policy: bookings.by_staff = chosen_client)",
    ]
    assert in_full(whose_appointment(booking(How.BY_STAFF, linked=("maya", "dan")), CHOSEN)) == [
        "Whose(account=None, because=whose_appointment.for_chosen_client; facts: linked to the record dan,",
        "  maya; policy: bookings.by_staff = chosen_client)",
    ]


def test_a_booking_that_the_platform_tells_of() -> None:
    """Assigned with the clause's own reason; own where the session made it."""
    opened = NOW - timedelta(hours=5)
    mine = booking(How.LOGGED_IN, logged_in="maya")
    assert in_full(booked(mine, ACUITY, NOW, actor="account:maya", session_opened=opened)) == [
        "yes: BookedFor(appointment_id=a1, account=maya)",
        "because whose_appointment.booked_logged_in; facts: how logged_in, session of maya",
        "put Assignment(id=a1, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=account:maya,",
        "  because=whose_appointment.booked_logged_in; facts: how logged_in, session of maya,",
        "  own_booking=True)",
    ]
    by_staff = booking(How.BY_STAFF, of_email=("dan",))
    assert in_full(booked(by_staff, ACUITY, NOW, actor="staff:mia")) == [
        "yes: BookedFor(appointment_id=a1, account=dan)",
        "because whose_appointment.unless_ambiguous; facts: accounts of the email's appointments dan, proved",
        "  the email none; policy: bookings.by_staff = unless_ambiguous",
        "put Assignment(id=a1, account=dan, ref=client:ana, at=2026-03-02 14:00, actor=staff:mia,",
        "  because=whose_appointment.unless_ambiguous; facts: accounts of the email's appointments dan,",
        "  proved the email none; policy: bookings.by_staff = unless_ambiguous)",
    ]
    assert in_full(booked(evolve(mine, held_by="maya"), ACUITY, NOW, actor="account:maya")) == [
        "yes: BookedFor(appointment_id=a1, account=maya)",
        "because whose_appointment.whose_appointment; facts: how logged_in, assigned already to maya",
    ]


def test_a_booking_that_is_none_of_the_sessions() -> None:
    """Of another account, older than the session or than an hour, or none at all: not found, all the same."""
    opened = NOW - timedelta(hours=5)
    mine = booking(How.LOGGED_IN, logged_in="maya")
    refused = in_full(booked(None, ACUITY, NOW, actor="account:maya"))
    assert refused == ["no: not_found", "because whose_appointment.booked; facts: session opened –"]
    late = NOW + TOLD_WITHIN + TICK
    assert in_full(booked(mine, ACUITY, late, actor="account:maya", session_opened=opened)) == [
        "no: not_found",
        "because whose_appointment.booked; facts: session opened 2026-03-02 09:00:00+00:00",
    ]
    assert booked(mine, ACUITY, NOW + TOLD_WITHIN, actor="account:maya", session_opened=opened).granted
    assert booked(mine, ACUITY, NOW, actor="account:maya", session_opened=NOW).granted
    assert in_full(booked(mine, ACUITY, NOW, actor="account:maya", session_opened=NOW + TICK)) == [
        "no: not_found",
        "because whose_appointment.booked; facts: session opened 2026-03-02 14:00:00.000001+00:00",
    ]
    theirs = evolve(mine, held_by="dan")
    assert in_full(booked(theirs, ACUITY, NOW, actor="account:maya", session_opened=opened)) == [
        "no: not_found",
        "because whose_appointment.booked; facts: session opened 2026-03-02 09:00:00+00:00",
    ]


def test_a_first_proof_brings_what_was_booked_before_it() -> None:
    """One assignment for each, with its own reason; what another has stays there."""
    mine = booking(How.BEFORE_PROOF, provers=(prover("maya", NOW + TICK),))
    taken = evolve(mine, appointment="a2", held_by="dan")
    by_staff = booking(How.BY_STAFF, appointment="a3", linked=("dan",))
    assert in_full(assigned_at_first_proof((mine, taken, by_staff), CHOSEN, "account:maya", NOW)) == [
        "put Assignment(id=a1, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=account:maya,",
        "  because=whose_appointment.booked_before_proof; facts: made 2026-03-02T14:00:00+00:00, account",
        "  created 2026-03-02T14:00:00.000001+00:00)",
        "put Assignment(id=a3, account=dan, ref=client:ana, at=2026-03-02 14:00, actor=account:maya,",
        "  because=whose_appointment.for_chosen_client; facts: linked to the record dan; policy:",
        "  bookings.by_staff = chosen_client)",
    ]


def test_what_a_hosts_answer_does_to_assignments() -> None:
    """A booking is the session's account's at once; a moved one takes its assignment along."""
    asked = Intent(id="i1", write=HostWrite.BOOK, actor="account:maya", asked_at=NOW, due_at=NOW, account="maya")
    there = appointment(id="b2")
    assert in_full(carried_over(asked, there)) == [
        "put Assignment(id=b2, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=account:maya,",
        "  because=whose_appointment.booked_logged_in; facts: how logged_in, session of maya,",
        "  own_booking=True)",
    ]
    moved = evolve(asked, write=HostWrite.MOVE, account=None, assignment=held("a1", "maya", version=3))
    assert in_full(carried_over(moved, there)) == [
        "remove Assignment a1 (version 3)",
        "put Assignment(id=b2, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=staff:tom)",
    ]
    assert in_full(carried_over(evolve(moved, account="dan"), there)) == ["remove Assignment a1 (version 3)"]
    assert carried_over(moved, appointment(id="a1")) == carried_over(moved, None) == ()


def test_staff_assign() -> None:
    """From whom to whom, and why in their own words; under the present id alone."""
    first = Standing(appointment(), (held("old", "dan"), held("a1", "dan", version=4)))
    assert in_full(assign(first, an_account("maya"), BY, NOW)) == [
        "Assignment(id=a1, version=4, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=staff:mia,",
        "  because=whose_appointment.assign; facts: to maya, before dan, reason she rang)",
        "whose_appointment.assign; facts: to maya, before dan, reason she rang",
        "(remove Assignment old (version 1), put Assignment(id=a1, version=4, account=maya, ref=client:ana,",
        "  at=2026-03-02 14:00, actor=staff:mia, because=whose_appointment.assign; facts: to maya, before",
        "  dan, reason she rang))",
    ]
    assert in_full(assign(first, an_account("dan"), ByStaff("staff:mia"), NOW)) == [
        "Assignment(id=a1, version=4, account=dan, ref=client:ana, at=2026-03-02 14:00, actor=staff:tom)",
        "whose_appointment.assign; facts: to dan, before dan, reason –",
        "(remove Assignment old (version 1))",
    ]
    assert in_full(assign(Standing(appointment()), an_account("maya"), ByStaff("staff:mia"), NOW)) == [
        "Assignment(id=a1, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=staff:mia,",
        "  because=whose_appointment.assign; facts: to maya, before nobody, reason –)",
        "whose_appointment.assign; facts: to maya, before nobody, reason –",
        "(put Assignment(id=a1, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=staff:mia,",
        "  because=whose_appointment.assign; facts: to maya, before nobody, reason –))",
    ]


def test_staff_take_an_assignment_away() -> None:
    """Under every id that it has had; of nobody's, nothing."""
    assert in_full(clear((held("old", "dan"), held("a1", "eve")), BY)) == [
        "yes: True",
        "because whose_appointment.clear; facts: before eve, reason she rang",
        "remove Assignment old (version 1)",
        "remove Assignment a1 (version 1)",
    ]
    assert in_full(clear((), ByStaff("staff:mia"))) == [
        "yes: False",
        "because whose_appointment.clear; facts: before nobody, reason –",
    ]


def test_staff_assign_all_of_a_client() -> None:
    """Offered with how many are whose; done, each new one is written."""
    some = (Standing(appointment(id="x"), (held("x", "maya"),)), Standing(appointment(id="y")))
    seen = AllOfClient(some, {"maya": an_account("maya")})
    assert in_full(may_assign_all(seen)) == [
        "MayAssignAll(allowed=True, reason=None, account=maya, assigned=1, unassigned=1)",
        "whose_appointment.may_assign_all; facts: assigned 1, of 2, accounts maya",
    ]
    assert in_full(assign_all(seen, BY, NOW)) == [
        "yes: AllAssigned(account=maya, newly=1, already=1)",
        "because whose_appointment.may_assign_all; facts: assigned 1, of 2, accounts maya",
        "put Assignment(id=y, account=maya, ref=client:ana, at=2026-03-02 14:00, actor=staff:mia,",
        "  because=whose_appointment.assign; facts: to maya, before nobody, reason she rang)",
    ]
    two = AllOfClient((*some, Standing(appointment(id="z"), (held("z", "dan"),))))
    assert in_full(may_assign_all(two)) == [
        "MayAssignAll(allowed=False, reason=several_accounts, account=None, assigned=2, unassigned=1)",
        "whose_appointment.may_assign_all; facts: assigned 2, of 3, accounts dan, maya",
    ]
    assert in_full(assign_all(two, BY, NOW)) == [
        "no: several_accounts",
        "because whose_appointment.may_assign_all; facts: assigned 2, of 3, accounts dan, maya",
    ]
    assert in_full(assign_all(AllOfClient(some[1:]), BY, NOW)) == [
        "no: nothing_assigned",
        "because whose_appointment.may_assign_all; facts: assigned 0, of 1, accounts none",
    ]
    assert in_full(assign_all(AllOfClient(some), BY, NOW)) == [
        "no: not_found",
        "because whose_appointment.may_assign_all; facts: assigned 1, of 2, accounts maya",
    ]
