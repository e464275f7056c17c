"""X3: merging two accounts with logins: what moves, what ends, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Because, Reason, Refusal
from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    Consent,
    Credential,
    Identifier,
    LinkEvidence,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    SecondFactor,
    Session,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.first_proof import Belongings
from clientportal.rules.keeping_records import keep_in_sight, opened_by_email
from clientportal.rules.merging_accounts import MergingAccounts, absorb, merge_accounts
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, RecordRef
from rules.emails import ACUITY, DAY, HOUR, NOW, TIMETAP, account, everything, mailed, put, removed

pytestmark = pytest.mark.requirement("X3")
BECAUSE = Because("test")
LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)


def owner(id: str, **more: Any) -> Belongings:
    """An account with everything, whose email is proved."""
    proved = account(id, email=f"email:{id}@example.com", address=f"{id}@example.com", proved_at=NOW - DAY)
    held = everything(id, account=proved, mailed=(mailed(f"{id}-reset", MailPurpose.RESET, account=id),))
    identifier = Identifier(id=f"email:{id}@example.com", account=id, proved_at=NOW - DAY)
    return evolve(held, identifiers=(identifier,), **more)


def person(id: str) -> Candidate:
    """Somebody who has the email."""
    record = ClientRecord(RecordRef.client(id), LONG_AGO, id.title())
    return Candidate(record, (record,))


def link(account: str, ref: str, **more: Any) -> AccountLink:
    """A link by staff."""
    given = {"evidence": LinkEvidence.STAFF, "made_at": NOW - DAY, "actor": "staff:mia", **more}
    return AccountLink(id=f"{account}|client:{ref}", account=account, ref=f"client:{ref}", **given)


def merging(survivor: Belongings, absorbed: Belongings, **sight: Any) -> MergingAccounts:
    """Staff merge them."""
    seen = AccountSight(absorbed.account, absorbed.links, **sight)
    return MergingAccounts(survivor, absorbed, seen, "staff:mia", ("n1", "n2"))


def reason(decision: Any) -> Reason:
    """Why not."""
    assert isinstance(decision.outcome, Refusal)
    assert decision.changes == ()
    return decision.outcome.reason


def test_everything_that_is_seen_moves_and_every_way_in_ends() -> None:
    """Links, appointments, consents and the proved email are the survivor's; the rest of the absorbed one is gone."""
    one, other = owner("one", links=(), consents=()), owner("two")
    decision = merge_accounts(merging(one, other), TIMETAP, NOW)
    writes = decision.changes
    assert {"two-s", "two-code", "two-reset", "two", "two|client:x", "two|c"} <= removed(writes)
    assert [(held.id, held.account, held.version) for held in put(writes, AccountLink)] == [("one|client:x", "one", 0)]
    assert [(held.id, held.account) for held in put(writes, Assignment)] == [("two-a1", "one")]
    assert [(held.id, held.account) for held in put(writes, Consent)] == [(Consent.id_of("one", "terms", "1"), "one")]
    assert [(held.id, held.account) for held in put(writes, Identifier)] == [("email:two@example.com", "one")]
    for kind in (Account, Session, Credential, SecondFactor):
        assert put(writes, kind) == []
    told = put(writes, OutboxMessage)
    assert [(one.kind, one.facts["address"], one.account) for one in told] == [
        (MessageKind.ACCOUNTS_MERGED, "one@example.com", "one"),
        (MessageKind.ACCOUNTS_MERGED, "two@example.com", "one"),
    ]
    assert [event.kind for event in decision.events] == ["accounts_merged"]
    assert (decision.outcome.records, decision.outcome.appointments) == (1, 1)  # type: ignore[union-attr]


def test_nothing_is_written_twice() -> None:
    """Each record once: a store refuses what is removed and put in one commit."""
    decision = merge_accounts(merging(owner("one"), owner("two")), TIMETAP, NOW)
    named = [(type(write.record), write.record.id) for write in decision.changes]
    assert len(named) == len(set(named))


def test_what_the_survivor_has_itself_stays() -> None:
    """A link of its own is not replaced, a revoked one not made again; a revoked one of the other comes along so."""
    one = owner("one", links=(link("one", "x"), link("one", "off", revoked_at=NOW)))
    other = owner("two", links=(link("two", "x"), link("two", "off"), link("two", "never", revoked_at=NOW)))
    moved = absorb(one, other, AccountSight(other.account, other.links), "staff:mia", TIMETAP, NOW, BECAUSE)
    assert [(held.ref, held.revoked_at) for held in put(moved.writes, AccountLink)] == [("client:never", NOW)]
    assert moved.records == 0


def test_of_one_edition_the_earlier_agreement_stays() -> None:
    """Both agreed to the terms: the earlier time, whichever account had it."""

    def agreed(account: str, at: datetime) -> Consent:
        id = Consent.id_of(account, "terms", "1")
        return Consent(id=id, account=account, document="terms", edition="1", at=at)

    for first, second, kept in ((NOW, NOW - DAY, [NOW - DAY]), (NOW - DAY, NOW, [])):
        one, other = owner("one", consents=(agreed("one", first),)), owner("two", consents=(agreed("two", second),))
        moved = absorb(one, other, AccountSight(other.account), "staff:mia", TIMETAP, NOW, BECAUSE)
        assert [held.at for held in put(moved.writes, Consent)] == kept


@pytest.mark.parametrize(("proved", "with_identifiers"), [(False, True), (True, False)])
def test_an_email_does_not_come_along(proved: bool, with_identifiers: bool) -> None:
    """Never proved it owns nothing; and a thief's is not asked for."""
    other = owner("two")
    if not proved:
        other = evolve(other, identifiers=(Identifier(id="email:two@example.com", account="two"),))
    moved = absorb(
        owner("one"), other, AccountSight(other.account), "a", TIMETAP, NOW, BECAUSE, with_identifiers=with_identifiers
    )
    assert put(moved.writes, Identifier) == []
    assert "email:two@example.com" in removed(moved.writes)


def test_only_a_proved_address_is_told() -> None:
    """Somebody typed the other address: its owner has never heard of it."""
    other = owner("two", account=account("two", email="email:two@example.com", address="two@example.com"))
    decision = merge_accounts(merging(owner("one"), other), TIMETAP, NOW)
    assert [one.facts["address"] for one in put(decision.changes, OutboxMessage)] == ["one@example.com"]


def test_what_is_refused() -> None:
    """One and the same; a survivor that nobody has proved; an absorbed one whose change can still be taken back."""
    one, other = owner("one"), owner("two")
    assert reason(merge_accounts(merging(one, one), TIMETAP, NOW)) is Reason.SAME_RECORD
    unproved = evolve(one, account=evolve(one.account, proved_at=None))
    assert reason(merge_accounts(merging(unproved, other), TIMETAP, NOW)) is Reason.PROOF_NEEDED
    reverts = tuple(
        mailed(f"r{hours}", MailPurpose.REVERT_EMAIL, account="two", expires_at=NOW + hours * HOUR) for hours in (1, 5)
    )
    decision = merge_accounts(merging(one, evolve(other, mailed=reverts)), TIMETAP, NOW)
    assert reason(decision) is Reason.WAIT
    assert decision.outcome.retry_at == NOW + timedelta(hours=5)  # type: ignore[union-attr]
    assert merge_accounts(merging(one, evolve(other, mailed=reverts)), TIMETAP, NOW + timedelta(hours=5)).granted


def test_what_the_email_alone_opened_is_linked_first() -> None:
    """TT11: two people share it, one is linked already, one was taken off the account that goes on."""
    proved = account("ana", proved_at=NOW - DAY)
    seen = AccountSight(
        proved,
        (link("ana", "linked"),),
        linked=(person("linked"),),
        sharing=(person("linked"), person("shared"), person("off")),
    )
    held = (link("new", "off", revoked_at=NOW),)
    assert [one.ref.id for one in opened_by_email(seen, held, TIMETAP)] == ["shared"]
    writes, events = keep_in_sight(seen, account("new"), held, "account:ana", TIMETAP, NOW, BECAUSE)
    (made,) = put(writes, AccountLink)
    assert (made.id, made.evidence, made.actor) == ("new|client:shared", LinkEvidence.PROVED_EMAIL, "account:ana")
    assert [event.kind for event in events] == ["linked"]


def test_where_an_equal_email_opens_nothing_nothing_is_linked() -> None:
    """A7: accounts share nothing by an equal email there."""
    seen = AccountSight(account("ana", proved_at=NOW), sharing=(person("shared"),))
    assert keep_in_sight(seen, account("new"), (), "a", ACUITY, NOW, BECAUSE) == ((), ())
