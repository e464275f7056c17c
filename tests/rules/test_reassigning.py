"""Rows that follow a merge and come back at its undo, decision by decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Decision, HostEvent, Reason, Refusal
from clientportal.outcomes import Merged, Undone
from clientportal.policy import Policy, presets
from clientportal.records import HostWrite, Intent, Merge, Pointer, Put, Remove
from clientportal.rules.merging import Merging, merge
from clientportal.rules.reassigning import (
    RowsBehind,
    absorbed_refs,
    as_journalled,
    as_told,
    ask_to_move,
    ask_to_restore,
    in_journal,
    noted,
    settle_rows,
    standing_alone,
    still_moving,
)
from clientportal.rules.settling import settle
from clientportal.rules.undoing import Undoing, undo
from clientportal.values import AnswerKind, ClientRecord, HostAnswer, RecordRef

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A, B, C, D = (RecordRef.client(id) for id in "abcd")
STAYING = presets.timely(region="NZ")
MOVING = evolve(STAYING, merging=evolve(STAYING.merging, reassign=True))
MOVED = HostAnswer(moved={"codes": 1, "appointments": 12}, left=("client:b: saved cards",))


def entry(id: str = "m1", absorbed: RecordRef = B, survivor: RecordRef = A, **more: Any) -> Merge:
    """The journal of B into A."""
    return Merge(id=id, survivor=str(survivor), absorbed=str(absorbed), merged_at=NOW, actor="mia", **more)


def pointer(of: RecordRef, to: RecordRef, root: RecordRef, merge_id: str) -> Pointer:
    """An edge."""
    return Pointer(id=str(of), version=1, survivor=str(to), root=str(root), merge_id=merge_id)


def row(ref: RecordRef) -> ClientRecord:
    """A client row."""
    return ClientRecord(ref, NOW, first_name=ref.id.upper())


def merging(**more: Any) -> Merging:
    """B, into which C was merged before, is to be merged into A."""
    given: dict[str, Any] = {
        "survivor": A, "absorbed": (B,), "roots": {A: A, B: B}, "groups": {A: (row(A),), B: (row(B), row(C))},
        "pointers": (pointer(C, B, B, "m0"),), "journal": (entry("m0", C, B),), "dismissals": (), "appointments": {},
        "merge_ids": ("m1",), "actor": "mia",
    }  # fmt: skip
    return Merging(**given | more)


def moving(seen: Merging, policy: Policy = MOVING) -> Decision[Merged]:
    """The merge as it is decided, rows included."""
    rows = RowsBehind(absorbed_refs(seen), "i1")
    return ask_to_move(merge(seen, policy, NOW), seen, rows, policy, NOW)


def undoing(**more: Any) -> Undoing:
    """B, with C in it, is to stand by itself again."""
    pointers = (pointer(B, A, A, "m1"), pointer(C, B, A, "m0"), pointer(D, A, A, "m2"))
    return Undoing(evolve(entry(reassigned=True), **more), pointers, "mia")


def restoring(seen: Undoing) -> Decision[Undone]:
    """The undo as it is decided, rows included."""
    rows = RowsBehind((B, C), "i1")
    return ask_to_restore(undo(seen, STAYING, NOW), seen, rows, NOW)


def written(decision: Decision[Any]) -> dict[str, Merge]:
    """The journal entries among what is written."""
    return {change.record.id: change.record for change in decision.changes if isinstance(change.record, Merge)}


def test_a_merge_asks_for_the_rows_of_everybody_it_absorbs() -> None:
    """Of B and of C, who was merged into B before; the write knows its entries and who is to have the rows."""
    decision = moving(merging())
    asks = decision.asks
    assert asks is not None
    assert (asks.id, asks.write, asks.refs, asks.for_ref) == ("i1", HostWrite.REASSIGN, (B, C), A)
    assert (asks.merges, asks.actor, asks.asked_at, asks.due_at) == (("m1",), "mia", NOW, NOW)
    assert asks.because == str(merge(merging(), MOVING, NOW).because)
    assert ("merging.reassign", "True") in decision.because.settings


def test_it_marks_every_merge_whose_rows_are_elsewhere_from_then_on() -> None:
    """Its own, and the one of C into B: undoing that one has to bring rows back from A. One that was undone, one of
    somebody else's and one that is marked already are left alone."""
    journal = (
        entry("m0", C, B),
        entry("mu", C, B, undone_at=NOW),
        entry("mx", D, A),
        entry("my", B, D, reassigned=True),
    )
    entries = written(moving(merging(journal=journal)))
    assert {id: one.reassigned for id, one in entries.items()} == {"m1": True, "m0": True}


def test_without_the_setting_nothing_is_asked() -> None:
    """The merge is what it was."""
    assert moving(merging(), STAYING) == merge(merging(), STAYING, NOW)
    assert moving(merging(), STAYING).asks is None


def test_a_refused_merge_moves_nothing() -> None:
    """And one that was made before moves nothing again."""
    refused = merging(roots={A: A})
    assert moving(refused) == merge(refused, MOVING, NOW)
    again = merging(
        roots={A: A, B: A}, groups={A: (row(A), row(B))}, pointers=(pointer(B, A, A, "m1"),), journal=(entry(),)
    )
    assert absorbed_refs(again) == ()
    assert moving(again) == merge(again, MOVING, NOW)
    assert moving(again).asks is None


def test_an_undo_sets_a_record_apart_with_what_stays_merged_into_it() -> None:
    """B and C, however deep; not D, who was merged into A by itself."""
    assert standing_alone(entry(), undoing().pointers) == (B, C)
    deeper = (*undoing().pointers, pointer(RecordRef.client("e"), C, A, "m4"))
    assert standing_alone(entry(), deeper) == (B, C, RecordRef.client("e"))


def test_an_undo_asks_for_the_rows_that_were_moved() -> None:
    """Decided by the journal: the policy has it off."""
    decision = restoring(undoing())
    asks = decision.asks
    assert asks is not None
    assert (asks.id, asks.write, asks.refs, asks.for_ref) == ("i1", HostWrite.RESTORE, (B, C), B)
    assert (asks.merges, asks.actor, asks.asked_at, asks.due_at) == (("m1",), "mia", NOW, NOW)
    assert asks.because == str(undo(undoing(), STAYING, NOW).because)
    assert decision.because.facts[-1] == ("rows", "were moved, and come back")
    assert decision.changes == undo(undoing(), STAYING, NOW).changes


def test_an_undo_of_a_merge_that_moved_nothing_asks_for_nothing() -> None:
    """Nor does one that is refused, or that names no merge."""
    for seen in (undoing(reassigned=False), undoing(undone_at=NOW), Undoing(None, (), "mia")):
        assert restoring(seen) == undo(seen, STAYING, NOW)
        assert restoring(seen).asks is None


def test_what_the_platform_answered_is_told_and_noted() -> None:
    """Counts by table and what was left: in the outcome, the journal and the reasons."""
    decision = moving(merging())
    assert decision.asks is not None
    settled = settle(decision.asks, MOVED, decision.outcome, "fresh")
    assert isinstance(settled.outcome, Merged)
    assert (settled.outcome.moved, settled.outcome.left) == ({"codes": 1, "appointments": 12}, MOVED.left)
    assert not settled.outcome.under_way
    whole = noted(decision, decision.asks, MOVED)
    entries = written(whole)
    assert (entries["m1"].moved, entries["m1"].left) == ({"codes": 1, "appointments": 12}, MOVED.left)
    assert entries["m0"].moved == {}
    assert len(whole.changes) == len(decision.changes)
    assert whole.because.facts[-2:] == (("moved", "12 appointments, 1 codes"), ("left", "client:b: saved cards"))
    assert settled.because.facts[-2:] == whole.because.facts[-2:]


def test_what_came_back_is_told_and_noted() -> None:
    """The same of an undo; the journal keeps what the merge had moved."""
    decision = restoring(undoing(moved={"appointments": 12}, left=("x",)))
    assert decision.asks is not None
    answer = HostAnswer(moved={"appointments": 12})
    settled = settle(decision.asks, answer, decision.outcome, "fresh")
    assert settled.outcome == Undone(A, B, moved={"appointments": 12})
    whole = noted(decision, decision.asks, answer)
    found = written(whole)["m1"]
    assert (found.moved, found.left) == ({"appointments": 12}, ("x",))
    assert (found.restored, found.not_restored) == ({"appointments": 12}, ())
    assert isinstance(whole.changes[0], Remove)
    assert whole.because.facts[-1] == ("moved", "12 appointments")


@pytest.mark.parametrize(
    ("note", "why"), [("the ledger is closed", "the ledger is closed"), ("", "the platform would not")]
)
@pytest.mark.parametrize("kind", [AnswerKind.DECLINED, AnswerKind.WAITS])
def test_a_merge_stands_without_its_rows(kind: AnswerKind, note: str, why: str) -> None:
    """A platform that will not move them says so, and that is noted."""
    decision = moving(merging())
    assert decision.asks is not None
    answer = HostAnswer(kind, note=note)
    settled = settle(decision.asks, answer, decision.outcome, "fresh")
    assert isinstance(settled.outcome, Merged)
    assert (settled.outcome.moved, settled.outcome.left) == ({}, (f"everything: {why}",))
    assert in_journal(entry(), decision.asks, answer).left == (f"everything: {why}",)
    assert settled.because.facts[-2] == ("moved", "no rows")


@pytest.mark.parametrize("kind", [AnswerKind.DECLINED, AnswerKind.WAITS])
def test_an_undo_does_not_stand_without_its_rows(kind: AnswerKind) -> None:
    """They would show one person's appointments to another: the merge is kept, and staff are told why."""
    decision = restoring(undoing())
    assert decision.asks is not None
    settled = settle(decision.asks, HostAnswer(kind, note="the ledger is closed"), decision.outcome, "fresh")
    assert isinstance(settled.outcome, Refusal)
    assert settled.outcome.reason is Reason.NOT_CHANGEABLE
    assert settled.outcome.facts == {"why": "the ledger is closed"}
    assert settled.changes == ()


def test_the_pump_has_no_forecast_to_correct() -> None:
    """Whoever finishes it for somebody who went away gets what they came with."""
    intent = moving(merging()).asks
    assert intent is not None
    assert settle(intent, MOVED, None, "fresh").outcome is None


def test_other_writes_are_nobodys_rows() -> None:
    """A decision that asked for something else is left as it is."""
    decision = moving(merging())
    other = Intent(id="i2", write=HostWrite.CANCEL, actor="mia", asked_at=NOW, due_at=NOW)
    assert noted(decision, other, MOVED) is decision


def test_entries_of_other_merges_are_not_noted() -> None:
    """Only those that the write is about."""
    decision = evolve(moving(merging()), changes=(Put(entry("m9", D, A)),))
    intent = moving(merging()).asks
    assert intent is not None
    assert noted(decision, intent, MOVED).changes == (Put(entry("m9", D, A)),)


def test_a_merge_whose_platform_is_away_says_so() -> None:
    """It is made, and the rows are to follow; a refusal stays one."""
    decision = moving(merging())
    outcome = still_moving(decision).outcome
    assert isinstance(outcome, Merged)
    assert outcome.under_way
    refused = moving(merging(roots={A: A}))
    assert still_moving(refused) is refused


def test_a_merge_is_told_again_as_its_journal_has_it() -> None:
    """What was moved, or nothing where nobody has an entry of it any more."""
    decision = moving(merging())
    assert isinstance(decision.outcome, Merged)
    again = as_journalled(decision.outcome, (entry("m0", C, B), entry(moved={"codes": 1}, left=("x",))))
    assert (again.moved, again.left) == ({"codes": 1}, ("x",))
    assert as_journalled(decision.outcome, ()) is decision.outcome


def test_a_platform_elsewhere_is_told_of_a_merge_in_the_same_words() -> None:
    """Whether with the merge or after its rows."""
    assert (as_told(entry()),) == merge(merging(), STAYING, NOW).events
    assert as_told(entry()) == HostEvent(
        "merged", (("survivor", "client:a"), ("absorbed", "client:b"), ("merge", "m1"))
    )


def test_settling_rows_by_itself_and_through_settle_is_one() -> None:
    """The machinery has one place to ask."""
    intent = moving(merging()).asks
    assert intent is not None
    assert settle(intent, MOVED, None, "fresh") == settle_rows(intent, MOVED, None)
