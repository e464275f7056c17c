"""Looking through a client's eyes: who may be looked at, what a look may do, and when the client is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Because, Decision, HostEvent, Reason, Refusal
from clientportal.outcomes import Viewing
from clientportal.policy import SeenBy, SeveralRecords, presets
from clientportal.records import Account, Allowance, MessageKind, OutboxMessage, Put, SecondFactor, Session, Stage
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.signing_in import FreshSession
from clientportal.rules.viewing import (
    ANNOUNCED_EVERY,
    VIEW_LIFE,
    AccountView,
    Looker,
    RecordView,
    as_looked_at,
    judge_look,
    view_account,
    view_record,
)
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, RecordRef, Secret

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TIMELY = presets.timely(region="NZ")
ACCOUNTS = evolve(
    TIMELY,
    registration=evolve(TIMELY.registration, accounts=True),
    login=evolve(TIMELY.login, several=SeveralRecords.CHOOSE),
)
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "lane-2", "intent-1", "message-1")
ANA, BEN, OLD = (RecordRef.client(id) for id in ("ana", "ben", "old-ana"))
ACCOUNT = Account(id="acc-1", email="email:ana@example.com", address="ana@example.com", created_at=NOW, proved_at=NOW)


def record(ref: RecordRef, usable: bool = True) -> ClientRecord:
    """Somebody's row."""
    return ClientRecord(ref, NOW, first_name="Ana", usable=usable)


def looker(told: Allowance | None = None) -> Looker:
    """Mia, at the front desk."""
    return Looker("mia", FRESH, "viewed:client:ana", told)


def at_account(*sharing: ClientRecord, chosen: RecordRef | None = None, **more: Any) -> AccountView:
    """Ana's account and the people who have its email; an old record of Ana's was merged into hers."""
    people = tuple(Candidate(one, (one, record(OLD)) if one.ref == ANA else (one,)) for one in sharing)
    return AccountView(looker(), AccountSight(ACCOUNT, sharing=people, **more), chosen)


def reason(decision: Decision[Any]) -> Reason | None:
    """Why not."""
    return decision.outcome.reason if isinstance(decision.outcome, Refusal) else None


def session_in(decision: Decision[Viewing]) -> Session:
    """The one session that is put."""
    (found,) = [one.record for one in decision.changes if isinstance(one.record, Session)]
    return found


def messages_in(decision: Decision[Viewing]) -> list[OutboxMessage]:
    """What the client is told."""
    return [one.record for one in decision.changes if isinstance(one.record, OutboxMessage)]


# --- a look touches nothing ------------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=20), st.sampled_from(["move", "switch", "not_me", "verify_code", "x"]))
def test_whatever_writes_is_refused_to_a_viewer(viewer: str, operation: str) -> None:
    """Also an operation that nobody has thought of yet: what may be done is named, the rest is refused."""
    refusal = judge_look(viewer, operation, writes=True)
    assert refusal is not None
    assert refusal.reason is Reason.LOOK_ONLY
    assert judge_look(viewer, operation, writes=False) is None
    assert judge_look(None, operation, writes=True) is None


def test_a_viewer_may_end_the_view_and_see_the_profiles() -> None:
    """Logging out ends the view itself; the list of profiles is shown without the numbers that it would give out."""
    assert judge_look("mia", "log_out", writes=True) is None
    assert judge_look("mia", "profiles", writes=True) is None
    put = Put(record=Allowance(id="a", last_at=NOW, forget_at=NOW))
    decision = Decision("shown", Because("x"), (put,), (HostEvent("moved", ()),))
    assert as_looked_at(decision, "mia", "profiles") == Decision("shown", Because("x"))
    assert as_looked_at(decision, "mia", "log_out") == decision
    assert as_looked_at(decision, None, "profiles") == decision


# --- a record --------------------------------------------------------------------------------------------------------


def test_a_view_of_a_record_is_an_hour_long_and_marked() -> None:
    """Whose it is, until when, and that it proves no contact: there is none under which it could be found."""
    decision = view_record(RecordView(looker(), OLD, record(ANA)), TIMELY, NOW)
    assert decision.outcome == Viewing(Secret("token"), NOW + VIEW_LIFE, announced=True)
    view = session_in(decision)
    assert (view.viewer, view.entry, view.own, view.stage) == ("mia", str(OLD), (OLD,), Stage.OPEN)
    assert (view.identity, view.device, view.account, view.confirmed_at) == ("email:", None, None, None)
    assert view.alive_at(NOW + VIEW_LIFE - TICK)
    assert not view.alive_at(NOW + VIEW_LIFE)


@pytest.mark.parametrize("speaker", [None, record(ANA, usable=False)], ids=["gone", "not usable"])
def test_nobody_can_look_at_what_no_client_could_log_in_to(speaker: ClientRecord | None) -> None:
    """A row that is gone or not usable is not found; where login is off, all of it is."""
    assert reason(view_record(RecordView(looker(), ANA, speaker), TIMELY, NOW)) is Reason.NOT_FOUND
    off = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))
    assert reason(view_record(RecordView(looker(), ANA, speaker), off, NOW)) is Reason.DISABLED


# --- an account ------------------------------------------------------------------------------------------------------


def test_a_view_of_an_account_with_one_record_shows_it() -> None:
    """No device, no step-up and no second factor come of it, though the policy asks clients for one."""
    strict = evolve(
        ACCOUNTS,
        login=evolve(ACCOUNTS.login, proof="password", identifiers={"email"}, delivery="email"),
        accounts=evolve(ACCOUNTS.accounts, second_factor="required"),
    )
    for factor in (None, SecondFactor(id="acc-1", key_id="k", nonce="n", begun_at=NOW, confirmed_at=NOW)):
        view = session_in(view_account(at_account(record(ANA), second_factor=factor), strict, NOW))
        assert (view.viewer, view.account, view.entry, view.stage) == ("mia", "acc-1", "client:ana", Stage.OPEN)
        assert (view.device, view.confirmed_at, view.ends_at) == (None, None, NOW + VIEW_LIFE)
        assert view.idle_until == NOW + VIEW_LIFE


def test_of_several_records_one_has_to_be_chosen() -> None:
    """Until then the view stands where the client chooses; an absorbed record stands for its survivor."""
    both = (record(ANA), record(BEN))
    view = session_in(view_account(at_account(*both), ACCOUNTS, NOW))
    assert (view.stage, view.entry, view.own) == (Stage.CHOOSING, None, (ANA, BEN))
    view = session_in(view_account(at_account(*both, chosen=OLD), ACCOUNTS, NOW))
    assert (view.stage, view.entry) == (Stage.OPEN, "client:ana")
    foreign = at_account(*both, chosen=RecordRef.client("zoe"))
    assert reason(view_account(foreign, ACCOUNTS, NOW)) is Reason.NOT_FOUND


def test_under_assigned_visibility_there_is_nothing_to_choose() -> None:
    """The view shows the account's appointments, whichever records it is for."""
    assigned = evolve(ACCOUNTS, visibility=evolve(ACCOUNTS.visibility, appointments=SeenBy.ASSIGNED))
    view = session_in(view_account(at_account(record(ANA), record(BEN)), assigned, NOW))
    assert view.stage is Stage.OPEN


def test_an_account_that_is_none_or_cannot_log_in_is_refused() -> None:
    """Unknown: not found. Where the business has no accounts, or no login: switched off."""
    assert reason(view_account(AccountView(looker(), None, None), ACCOUNTS, NOW)) is Reason.NOT_FOUND
    assert reason(view_account(at_account(record(ANA)), TIMELY, NOW)) is Reason.DISABLED
    off = evolve(ACCOUNTS, login=evolve(ACCOUNTS.login, enabled=False))
    assert reason(view_account(at_account(record(ANA)), off, NOW)) is Reason.DISABLED


# --- telling the client ----------------------------------------------------------------------------------------------


def test_the_client_is_told_by_record_or_by_account() -> None:
    """Where it goes is decided when it leaves, by who speaks for the record then: a merge may be undone meanwhile."""
    (told,) = messages_in(view_record(RecordView(looker(), OLD, record(ANA)), TIMELY, NOW))
    assert (told.kind, told.ref, told.account) == (MessageKind.VIEWED_BY_STAFF, str(OLD), None)
    (told,) = messages_in(view_account(at_account(record(ANA)), ACCOUNTS, NOW))
    assert (told.kind, told.ref, told.account) == (MessageKind.VIEWED_BY_STAFF, None, "acc-1")
    quiet = evolve(TIMELY, clients=evolve(TIMELY.clients, announce_viewing=False))
    decision = view_record(RecordView(looker(), ANA, record(ANA)), quiet, NOW)
    assert messages_in(decision) == []
    assert decision.outcome == Viewing(Secret("token"), NOW + VIEW_LIFE, announced=False)
    assert len(decision.changes) == 1


@given(st.timedeltas(timedelta(days=-3), timedelta(days=3)))
def test_at_most_once_a_day(ago: timedelta) -> None:
    """Told within the last day: not again. A telling in the future was a wrong clock's, and silences nothing."""
    told = Allowance(id="viewed:client:ana", version=4, last_at=NOW - ago, forget_at=NOW)
    decision = view_record(RecordView(looker(told), ANA, record(ANA)), TIMELY, NOW)
    again = not timedelta(0) <= ago < ANNOUNCED_EVERY
    assert bool(messages_in(decision)) is again
    kept = [one.record for one in decision.changes if isinstance(one.record, Allowance)]
    assert kept == ([evolve(told, last_at=NOW, forget_at=NOW + ANNOUNCED_EVERY)] if again else [])
