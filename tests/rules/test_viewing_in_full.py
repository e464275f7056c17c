"""Looking through a client's eyes, with everything that is said and written."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from clientportal.decisions import Because, Decision
from clientportal.records import Allowance, HostWrite, Intent
from clientportal.rules.viewing import AccountView, RecordView, as_looked_at, judge_look, view_account, view_record
from clientportal.values import RecordRef
from rules.in_full import in_full
from rules.test_viewing import ACCOUNTS, ANA, BEN, NOW, OLD, TIMELY, at_account, looker, record

OFF = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))


def test_a_view_of_a_record() -> None:
    """The session is marked with who looks, and the client is told."""
    assert in_full(view_record(RecordView(looker(), ANA, record(ANA)), TIMELY, NOW)) == [
        "yes: Viewing(token=secret token, expires_at=2026-11-23 13:00, announced=True)",
        "because viewing.view; facts: record client:ana; policy: login.enabled = True,",
        "  clients.announce_viewing = True",
        "put Session(id=digest, entry=client:ana, own=(client:ana), identity=email:, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-11-23 13:00, ends_at=2026-11-23 13:00,",
        "  viewer=mia, because=viewing.view; facts: record client:ana; policy: login.enabled = True,",
        "  clients.announce_viewing = True)",
        "put Allowance(id=viewed:client:ana, last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put OutboxMessage(id=message-1, kind=viewed_by_staff, ref=client:ana, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    told = Allowance(id="viewed:client:ana", version=4, last_at=NOW - timedelta(days=2), forget_at=NOW)
    assert in_full(view_record(RecordView(looker(told), ANA, record(ANA)), TIMELY, NOW)) == [
        "yes: Viewing(token=secret token, expires_at=2026-11-23 13:00, announced=True)",
        "because viewing.view; facts: record client:ana; policy: login.enabled = True,",
        "  clients.announce_viewing = True",
        "put Session(id=digest, entry=client:ana, own=(client:ana), identity=email:, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-11-23 13:00, ends_at=2026-11-23 13:00,",
        "  viewer=mia, because=viewing.view; facts: record client:ana; policy: login.enabled = True,",
        "  clients.announce_viewing = True)",
        "put Allowance(id=viewed:client:ana, version=4, last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put OutboxMessage(id=message-1, kind=viewed_by_staff, ref=client:ana, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    today = evolve(told, last_at=NOW - timedelta(hours=23))
    assert in_full(view_record(RecordView(looker(today), ANA, record(ANA)), TIMELY, NOW)) == [
        "yes: Viewing(token=secret token, expires_at=2026-11-23 13:00, announced=False)",
        "because viewing.view; facts: record client:ana; policy: login.enabled = True,",
        "  clients.announce_viewing = True",
        "put Session(id=digest, entry=client:ana, own=(client:ana), identity=email:, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-11-23 13:00, ends_at=2026-11-23 13:00,",
        "  viewer=mia, because=viewing.view; facts: record client:ana; policy: login.enabled = True,",
        "  clients.announce_viewing = True)",
    ]


def test_a_view_of_an_account() -> None:
    """Of all that it shows, or of the one record that was chosen."""
    assert in_full(view_account(at_account(record(ANA), record(BEN)), ACCOUNTS, NOW)) == [
        "yes: Viewing(token=secret token, expires_at=2026-11-23 13:00, announced=True)",
        "because viewing.view; facts: account acc-1; policy: login.enabled = True, clients.announce_viewing =",
        "  True",
        "put Session(id=digest, stage=choosing, entry=None, own=(client:ana, client:ben),",
        "  identity=email:ana@example.com, opened_at=2026-11-23 12:00, used_at=2026-11-23 12:00,",
        "  idle_until=2026-11-23 13:00, ends_at=2026-11-23 13:00, account=acc-1, viewer=mia,",
        "  because=viewing.view; facts: account acc-1; policy: login.enabled = True, clients.announce_viewing",
        "  = True)",
        "put Allowance(id=viewed:client:ana, last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put OutboxMessage(id=message-1, kind=viewed_by_staff, account=acc-1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]
    assert in_full(view_account(at_account(record(ANA), record(BEN), chosen=OLD), ACCOUNTS, NOW)) == [
        "yes: Viewing(token=secret token, expires_at=2026-11-23 13:00, announced=True)",
        "because viewing.view; facts: account acc-1; policy: login.enabled = True, clients.announce_viewing =",
        "  True",
        "put Session(id=digest, entry=client:ana, own=(client:ana, client:ben),",
        "  identity=email:ana@example.com, opened_at=2026-11-23 12:00, used_at=2026-11-23 12:00,",
        "  idle_until=2026-11-23 13:00, ends_at=2026-11-23 13:00, account=acc-1, viewer=mia,",
        "  because=viewing.view; facts: account acc-1; policy: login.enabled = True, clients.announce_viewing",
        "  = True)",
        "put Allowance(id=viewed:client:ana, last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put OutboxMessage(id=message-1, kind=viewed_by_staff, account=acc-1, created_at=2026-11-23 12:00,",
        "  due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
    ]


def test_what_cannot_be_looked_at() -> None:
    """What was asked for is said, and which switch is off."""
    assert in_full(view_record(RecordView(looker(), ANA, None), TIMELY, NOW)) == [
        "no: not_found",
        "because viewing.view; facts: record client:ana; policy: login.enabled = True,",
        "  clients.announce_viewing = True",
    ]
    assert in_full(view_record(RecordView(looker(), ANA, record(ANA)), OFF, NOW)) == [
        "no: disabled",
        "because viewing.view; facts: record client:ana; policy: login.enabled = False,",
        "  clients.announce_viewing = True",
    ]
    assert in_full(view_account(AccountView(looker(), None, None), ACCOUNTS, NOW)) == [
        "no: not_found",
        "because viewing.view; facts: account none; policy: login.enabled = True, clients.announce_viewing =",
        "  True",
    ]
    assert in_full(view_account(at_account(record(ANA), chosen=RecordRef.client("zoe")), ACCOUNTS, NOW)) == [
        "no: not_found",
        "because viewing.view; facts: account acc-1; policy: login.enabled = True, clients.announce_viewing =",
        "  True",
    ]


def test_the_platform_is_asked_for_nothing_by_a_look() -> None:
    """A write of the host's would be one as well."""
    asked = Intent(id="i1", write=HostWrite.CANCEL, actor="client:ana", asked_at=NOW, due_at=NOW)
    cancelled = Decision("cancelled", Because("x"), asks=asked)
    assert as_looked_at(cancelled, "mia", "profiles") == Decision("cancelled", Because("x"))
    assert as_looked_at(cancelled, None, "cancel") == cancelled


def test_what_a_look_may_not_do() -> None:
    """Who looks, and what they tried, is in the refusal."""
    assert in_full(judge_look("mia", "cancel", writes=True)) == [
        "no: look_only",
        "because viewing.judge_look; facts: viewer mia, operation cancel",
    ]
    assert judge_look("mia", "appointments", writes=False) is None
    assert judge_look(None, "cancel", writes=True) is None
