"""What follows from the host's answer: the forecast corrected, what is remembered, or nothing at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Reason, Refusal
from clientportal.outcomes import Booked, Cancelled, Detached, Moved, SectionChanged, SignedIn, SignInStage
from clientportal.records import ContactEntry, HostWrite, Intent, Put, Session, Snapshot, Trail
from clientportal.rules.reassigning import MOVING_ROWS
from clientportal.rules.settling import settle, settled_result
from clientportal.rules.who_may_change import catch_up
from clientportal.values import (
    AnswerKind,
    Appointment,
    AppointmentStatus,
    ContactKey,
    ContactKind,
    HostAnswer,
    RecordRef,
    Secret,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA = RecordRef.client("ana")
MOBILE = ContactKey(ContactKind.MOBILE, "+64211234567")
SIGNED_IN = SignedIn(Secret("t"), Secret("d"), SignInStage.DONE, expires_at=NOW, new_record=True)


def appointment(**more: Any) -> Appointment:
    """A cut."""
    given: dict[str, Any] = {
        "id": "a1", "ref": ANA, "service_id": "cut", "start": NOW, "end": NOW + HOUR, "zone": "Pacific/Auckland",
        "status": AppointmentStatus.CONFIRMED, "made_at": NOW - HOUR,
    }  # fmt: skip
    return Appointment(**given | more)


def intent(write: HostWrite, **more: Any) -> Intent:
    """What the host was asked for."""
    return Intent(id="i1", write=write, actor="client:ana", asked_at=NOW, due_at=NOW, **more)


def session() -> Session:
    """Waits for its record."""
    return Session(
        id="s1", entry=None, own=(), identity=str(MOBILE), opened_at=NOW, used_at=NOW, idle_until=NOW, ends_at=NOW
    )


@pytest.mark.parametrize("write", [write for write in HostWrite if write not in MOVING_ROWS])
@pytest.mark.parametrize("kind", [AnswerKind.TAKEN, AnswerKind.DECLINED])
def test_a_host_that_says_no_leaves_no_trace(write: HostWrite, kind: AnswerKind) -> None:
    """Nothing is written here either, and the host's own word goes to staff."""
    asked = intent(write, appointment=appointment(), session=session(), entries=(MOBILE,))

    decision = settle(asked, HostAnswer(kind, note="closed that day"), Booked(appointment()), "n1")

    assert isinstance(decision.outcome, Refusal)
    assert decision.changes == ()
    if kind is AnswerKind.TAKEN:
        assert decision.outcome.reason is Reason.SLOT_TAKEN
    else:
        booking = write is HostWrite.BOOK
        assert decision.outcome.reason is (Reason.CONTACT_BUSINESS if booking else Reason.NOT_CHANGEABLE)
        assert decision.outcome.facts["why"] == "closed that day"


def test_a_new_record_opens_the_session_that_waited() -> None:
    """In the outcome, in the session and in the contact index (T6)."""
    asked = intent(HostWrite.CREATE_CLIENT, session=session(), entries=(MOBILE,))
    answer = HostAnswer(ref=ANA)
    writes = (Put(evolve(session(), entry="client:ana", own=(ANA,))), Put(ContactEntry.of(ANA, MOBILE)))

    plain = settle(asked, answer, SIGNED_IN, "n1")
    detached = settle(asked, answer, Detached("+64…", SIGNED_IN), "n1")
    nobody = settle(asked, answer, Detached("+64…", None), "n1")

    assert plain.outcome == evolve(SIGNED_IN, record=ANA)
    assert detached.outcome == Detached("+64…", evolve(SIGNED_IN, record=ANA))
    assert nobody.outcome == Detached("+64…", None)
    assert plain.changes == detached.changes == writes


def test_a_host_that_made_no_record_is_found_out() -> None:
    """Done, it says, and names nobody: the client is sent to the business, and no session is opened."""
    decision = settle(intent(HostWrite.CREATE_CLIENT, session=session()), HostAnswer(), SIGNED_IN, "n1")

    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.reason is Reason.CONTACT_BUSINESS
    assert decision.changes == ()


@pytest.mark.parametrize("kind", [AnswerKind.DONE, AnswerKind.WAITS])
@pytest.mark.parametrize("after", [None, appointment(id="b2", status=AppointmentStatus.REQUESTED)])
def test_the_forecast_is_corrected_by_the_answer(kind: AnswerKind, after: Appointment | None) -> None:
    """The appointment as the host has it now, where it still has one, and whether it waits."""
    answer, waits = HostAnswer(kind, appointment=after), kind is AnswerKind.WAITS
    asked = intent(HostWrite.MOVE, appointment=appointment())

    assert settle(asked, answer, Moved(appointment()), "n1").outcome == Moved(after or appointment(), waits=waits)
    assert settle(asked, answer, Booked(appointment()), "n1").outcome == Booked(after or appointment(), waits=waits)
    cancelled = Cancelled(appointment(), AppointmentStatus.CANCELLED)
    status = AppointmentStatus.CANCELLED if after is None else AppointmentStatus.REQUESTED
    assert settle(asked, answer, cancelled, "n1").outcome == Cancelled(after or appointment(), status, waits=waits)
    assert settle(asked, answer, "something else", "n1").outcome == "something else"


@pytest.mark.parametrize(
    ("answer", "item", "waits"),
    [
        (HostAnswer(item="p7"), "p7", False),
        (HostAnswer(), "new", False),
        (HostAnswer(AnswerKind.WAITS), "new", True),
    ],
)
@pytest.mark.parametrize("write", [HostWrite.SECTION, HostWrite.SETTLE])
def test_what_changed_in_a_section_is_named_by_the_host(
    write: HostWrite, answer: HostAnswer, item: str, waits: bool
) -> None:
    """The host's own id of what is new, where it says one; nothing of ours is written with it."""
    forecast = SectionChanged("pets", "save", "new")
    decision = settle(intent(write), answer, forecast, "n1")

    assert decision.outcome == SectionChanged("pets", "save", item, waits)
    assert decision.changes == ()
    assert settle(intent(write), answer, "paid", "n1").outcome == "paid"


def test_a_change_leaves_its_snapshot_and_trail() -> None:
    """In the commit that records the host's answer."""
    decision = settle(
        intent(HostWrite.MOVE, appointment=appointment()), HostAnswer(appointment=appointment(id="b2")),
        Moved(appointment()), "n1",
    )  # fmt: skip

    kinds = [type(change.record) for change in decision.changes]
    assert kinds == [Snapshot, Trail, Trail]
    assert decision.changes[0].record.id == "n1"


@pytest.mark.parametrize(
    ("forecast", "answer", "expected"),
    [
        ({"appointment": "a1"}, HostAnswer(appointment=appointment(id="b2")), {"appointment": "b2", "waits": ""}),
        ({"appointment": "a1"}, HostAnswer(AnswerKind.WAITS), {"appointment": "a1", "waits": "1"}),
        ({"appointment": "a1", "waits": "1"}, HostAnswer(), {"appointment": "a1", "waits": ""}),
        ({"merges": "m1"}, HostAnswer(AnswerKind.WAITS), {"merges": "m1"}),
        ({"item": "", "waits": ""}, HostAnswer(item="p7"), {"item": "p7", "waits": ""}),
        ({"item": "c1"}, HostAnswer(AnswerKind.WAITS), {"item": "c1", "waits": "1"}),
        ({"client": ""}, HostAnswer(ref=ANA), {"client": "client:ana"}),
        ({"client": "client:ben"}, HostAnswer(), {"client": "client:ben"}),
    ],
)
def test_what_a_key_remembers_is_corrected_too(
    forecast: dict[str, str], answer: HostAnswer, expected: dict[str, str]
) -> None:
    """A retry tells what became of it, not what was expected."""
    before = dict(forecast)

    assert settled_result(forecast, answer) == expected
    assert forecast == before


# --- two moves of one appointment, recorded the other way round ----------------------------


def recorded(asked: Intent, answer: HostAnswer, present: Trail | None) -> Trail:
    """The trail after recording one answer over the trail that is there."""
    settled = settle(catch_up(asked, present, answer), answer, Moved(appointment()), "n1")
    return next(c.record for c in settled.changes if isinstance(c.record, Trail) and c.record.id == "a1")


@given(st.booleans(), st.integers(0, 3), st.booleans())
def test_two_moves_count_twice_in_either_order(host_counts: bool, before: int, has_trail: bool) -> None:
    """The host made both, one after the other; whichever is recorded first, two are counted."""
    trail = Trail(id="a1", version=1, current_id="a1", moves=before) if has_trail else None
    start = before if host_counts or not has_trail else 0
    # A host that counts has told the second of the first.
    first = intent(HostWrite.MOVE, appointment=appointment(moves=start), trail=trail)
    answers = [HostAnswer(appointment=appointment(moves=start + n if host_counts else start)) for n in (1, 2)]

    for order in (answers, answers[::-1]):
        present = trail
        for answer in order:
            told = answer.appointment.moves - 1 if host_counts and answer.appointment else start
            asked = evolve(first, appointment=appointment(moves=told))
            present = recorded(asked, answer, present)
        assert present is not None
        assert present.moves == max(start, before if has_trail else 0) + 2


def test_nothing_to_catch_up_with_changes_nothing() -> None:
    """The trail is as it was read, or there is none, or nothing is left of the appointment."""
    trail = Trail(id="a1", version=1, current_id="a1", moves=1)
    asked = intent(HostWrite.MOVE, appointment=appointment(), trail=trail)
    done = HostAnswer(appointment=appointment(moves=2))

    assert catch_up(asked, trail, done) is asked
    assert catch_up(asked, None, done) is asked
    assert catch_up(asked, evolve(trail, moves=2), HostAnswer()) is asked
    assert catch_up(evolve(asked, appointment=None), evolve(trail, moves=2), done) == evolve(asked, appointment=None)


def test_the_larger_count_at_first_is_what_is_built_on() -> None:
    """The host counted three moves and the portal one; another move was recorded meanwhile: three it is still."""
    asked = intent(HostWrite.MOVE, appointment=appointment(moves=3), trail=Trail(id="a1", current_id="a1", moves=1))
    present = Trail(id="a1", version=2, current_id="a1", moves=2)

    caught_up = catch_up(asked, present, HostAnswer(appointment=appointment(moves=4)))

    assert caught_up.trail == evolve(present, moves=3)


@pytest.mark.requirement("TT4", "X7")
@pytest.mark.parametrize(
    "write",
    [HostWrite.UPDATE_CLIENT, HostWrite.DELETE_CLIENT, HostWrite.ERASE_CLIENT, HostWrite.DELETE_APPOINTMENT],
)
def test_what_staff_do_with_a_client_leaves_no_snapshot(write: HostWrite) -> None:
    """The forecast is the outcome, and the portal keeps no copy of what was deleted or erased."""
    decision = settle(intent(write, appointment=appointment(), for_ref=ANA), HostAnswer(), "as forecast", "n1")

    assert decision.outcome == "as forecast"
    assert decision.changes == ()
