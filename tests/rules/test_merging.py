"""Merging and undoing, decision by decision: what is written, told and refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import HostEvent, Reason, Refusal
from clientportal.messages.texts import Catalogue
from clientportal.outcomes import Merged, Undone
from clientportal.policy import MatchingPolicy, presets
from clientportal.records import Account, Dismissal, Merge, Pointer, Put, Remove
from clientportal.rules.evidence import Face
from clientportal.rules.merging import Merging, merge, plan
from clientportal.rules.taking_over import LeadsTo
from clientportal.rules.undoing import Undoing, undo
from clientportal.rules.who_is_the_same import Component, SharedKey
from clientportal.values import (
    CLIENT_FIELDS,
    ClientRecord,
    ContactKey,
    ContactKind,
    Holding,
    HoldingKind,
    MatchKey,
    RecordRef,
)
from rules.test_sessions import session

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TIMELY = presets.timely(region="NZ")
A, B, C, D = (RecordRef.client(id) for id in "abcd")
ANA = ClientRecord(A, NOW, first_name="Ana", mobile="021 123 4567")
ANNIE = ClientRecord(B, NOW, first_name="Annie", mobile="+64 21 123 4567", email="Ana@example.com")
DISMISSED = Dismissal(id="client:a|client:b", first="client:a", second="client:b", at=NOW, actor="mia")
BLANK = ClientRecord(B, NOW, usable=False)
CY = ClientRecord(C, NOW, first_name="Cy", email="ana@example.com")


def seen(**more: Any) -> Merging:
    """B is to be merged into A."""
    given: dict[str, Any] = {
        "survivor": A, "absorbed": (B,), "roots": {A: A, B: B}, "groups": {A: (ANA,), B: (ANNIE,)}, "pointers": (),
        "journal": (), "dismissals": (), "appointments": {"client:a": 2}, "merge_ids": ("m1", "m2"), "actor": "mia",
        "reason": "same phone",
    }  # fmt: skip
    return Merging(**given | more)


def with_merging(**more: Any) -> Any:
    """Timely's policy with other settings of merging."""
    return evolve(TIMELY, merging=evolve(TIMELY.merging, **more))


def entry(**more: Any) -> Merge:
    """The journal of B into A at noon."""
    return Merge(
        **{"id": "m1", "survivor": "client:a", "absorbed": "client:b", "merged_at": NOW, "actor": "mia"} | more
    )


def pointer(of: RecordRef, to: RecordRef, root: RecordRef | None = None, merge_id: str = "m1") -> Pointer:
    """An edge."""
    return Pointer(id=str(of), version=1, survivor=str(to), root=str(root or to), merge_id=merge_id)


def reason(decision: Any) -> Reason:
    """Why not, with nothing written or told."""
    assert isinstance(decision.outcome, Refusal)
    assert (decision.changes, decision.events) == ((), ())
    return decision.outcome.reason


def test_a_merge_writes_one_edge_and_one_entry() -> None:
    """With the rules, the picks and the absorbed contacts, and tells the host in the same commit."""
    decision = merge(seen(choices={"first_name": "client:b"}), TIMELY, NOW)

    assert decision.changes == (
        Put(
            entry(
                reason="same phone",
                rules={**dict.fromkeys(CLIENT_FIELDS, "most_recent"), "birthday": "most_recent", "notes": "union"},
                choices={"first_name": "client:b"},
                contacts=(
                    ContactKey(ContactKind.EMAIL, "ana@example.com"),
                    ContactKey(ContactKind.MOBILE, "+64211234567"),
                ),
            )
        ),
        Put(Pointer(id="client:b", survivor="client:a", root="client:a", merge_id="m1")),
    )
    assert decision.events == (
        HostEvent("merged", (("survivor", "client:a"), ("absorbed", "client:b"), ("merge", "m1"))),
    )
    assert isinstance(decision.outcome, Merged)
    assert (decision.outcome.survivor, decision.outcome.merges) == (A, ("m1",))


def test_what_was_merged_into_the_absorbed_comes_along() -> None:
    """C leads to B and now ends at A; its own edge stays; what leads to A already is left alone."""
    inside, before = pointer(C, B, merge_id="m0"), pointer(D, A, merge_id="m9")

    decision = merge(seen(groups={A: (ANA,), B: (ANNIE, CY)}, pointers=(inside, before)), TIMELY, NOW)

    assert decision.changes[2:] == (Put(evolve(inside, root="client:a")),)


def test_the_journal_keeps_what_the_absorbed_record_refused() -> None:
    """Of itself; what C had refused, merged into it before, stands in C's own entry. The plan goes by both."""
    annie = evolve(ANNIE, consents={"photos": False, "news": True, "calls": False})
    cy = evolve(CY, consents={"sms": False})
    before = entry(id="m0", survivor="client:b", absorbed="client:c", refused=("sms",))
    given = seen(groups={A: (ANA,), B: (annie, cy)}, pointers=(pointer(C, B, merge_id="m0"),), journal=(before,))

    assert merge(given, TIMELY, NOW).changes[0].record.refused == ("calls", "photos")
    refused = ["calls", "photos", "sms"]
    assert [one.name for one in plan(given, TIMELY).consents if not one.given] == refused
    without_cy = evolve(given, groups={A: (ANA,), B: (annie,)})
    assert [one.name for one in plan(without_cy, TIMELY).consents if not one.given] == refused


def test_sessions_that_would_show_a_record_that_was_shut_end() -> None:
    """In the commit of the merge."""
    open_one = session()

    assert merge(seen(shut_out=(open_one,)), TIMELY, NOW).changes[2:] == (Remove(open_one),)


def test_only_the_new_ones_are_merged() -> None:
    """Of two, one is merged already: one edge, one entry, one event, and the first free id."""
    roots = {A: A, B: A, C: C}

    decision = merge(
        seen(absorbed=(B, C), roots=roots, groups={A: (ANA, ANNIE), C: (CY,)}, pointers=(pointer(B, A),)), TIMELY, NOW
    )

    assert [change.record.id for change in decision.changes] == ["m1", "client:c"]
    assert isinstance(decision.outcome, Merged)
    assert decision.outcome.merges == ("m1",)
    assert len(decision.events) == 1


def test_a_retried_merge_answers_with_the_merge_that_was_made() -> None:
    """Not with one that was undone since, nor with somebody else's (law 1)."""
    journal = (entry(id="m7"), entry(id="m8", undone_at=NOW), entry(id="m9", absorbed="client:c"))

    decision = merge(seen(roots={A: A, B: A}, groups={A: (ANA, ANNIE)}, journal=journal), TIMELY, NOW)

    assert isinstance(decision.outcome, Merged)
    assert decision.outcome.merges == ("m7",)
    assert (decision.changes, decision.events) == ((), ())


def test_a_merge_the_other_way_round_is_not_the_same_merge() -> None:
    """B leads to A, and staff ask that B survive: that was decided otherwise, and is not silently agreed to."""
    swapped = seen(survivor=B, absorbed=(A,), roots={A: A, B: A}, groups={A: (ANA, ANNIE)})

    decision = merge(swapped, TIMELY, NOW)

    assert reason(decision) is Reason.ALREADY_MERGED
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.facts == {"record": "client:b", "survivor": "client:a"}


def test_a_merge_is_later_than_what_it_builds_on() -> None:
    """With the clock set back, the rules and picks of the new merge are still the latest of the group."""
    decision = merge(seen(journal=(entry(id="m0", merged_at=NOW + TICK),)), TIMELY, NOW)

    assert isinstance(decision.changes[0].record, Merge)
    assert decision.changes[0].record.merged_at == NOW + 2 * TICK


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"roots": {A: A}}, Reason.NOT_FOUND),
        ({"roots": {B: B}}, Reason.NOT_FOUND),
        ({"absorbed": ()}, Reason.SAME_RECORD),
        ({"absorbed": (B, A)}, Reason.SAME_RECORD),
        ({"roots": {A: A, B: C}}, Reason.ALREADY_MERGED),
        ({"roots": {A: C, B: B}}, Reason.ALREADY_MERGED),
        ({"groups": {A: (ANA,), B: (BLANK,)}}, Reason.ERASED),
        ({"groups": {A: (evolve(BLANK, ref=A),), B: (ANNIE,)}}, Reason.ERASED),
        ({"groups": {A: (ANA,), B: (evolve(ANNIE, demo=True),)}}, Reason.NOT_CHANGEABLE),
        ({"dismissals": (DISMISSED,)}, Reason.NOT_DUPLICATES),
        ({"choices": {"shoe_size": "client:a"}}, Reason.NOT_FOUND),
        ({"choices": {"custom.": "client:a"}}, Reason.NOT_FOUND),
        ({"choices": {"email": "client:z"}}, Reason.NOT_FOUND),
    ],
)  # fmt: skip
def test_what_is_not_merged(more: dict[str, Any], expected: Reason) -> None:
    """Absent, the same, not the head of its group, erased, dismissed, or with a pick that is no field or no member."""
    assert reason(merge(seen(**more), TIMELY, NOW)) is expected


def test_a_refusal_names_the_record_in_question() -> None:
    """The record that was merged already and where it went; the pair that are two people."""
    merged = merge(seen(roots={A: A, B: C}), TIMELY, NOW).outcome
    dismissed = merge(seen(dismissals=(DISMISSED,)), TIMELY, NOW).outcome

    assert isinstance(merged, Refusal)
    assert isinstance(dismissed, Refusal)
    assert merged.facts == {"record": "client:b", "survivor": "client:c"}
    assert dismissed.facts == {"pair": "client:a and client:b"}


def test_the_plan_names_what_they_share_and_where_they_differ() -> None:
    """In the words of the duplicate report, of those who are merged alone: that D has the mobile too is not asked."""
    mobile = MatchKey("mobile", "+64211234567")
    faces = {A: Face(A, ("Ana",)), B: Face(B, ("Annie",)), D: Face(D, ("Dan",))}
    careful = evolve(TIMELY, matching=MatchingPolicy(weights={"mobile": 1}, vetoes={"name"}))

    made = plan(
        seen(groups={A: (ANA,), B: (ANNIE, CY)}, common=Component((SharedKey(mobile, (A, B, D)),), faces)), TIMELY
    )
    told = plan(seen(common=Component((SharedKey(mobile, (A, B)),), faces)), careful)

    assert tuple(map(str, made.evidence)) == ("client:a and client:b: same mobile +64211234567",)
    assert tuple(map(str, told.evidence)) == (
        "client:a and client:b: mobile +64211234567 is used under other names, names unlike 0.00: vetoed",
    )
    assert plan(seen(), TIMELY).evidence == (), "nothing in common"
    assert [choice.field for choice in made.conflicts] == ["first_name"], "other spellings are no conflict"
    assert (made.survivor, made.absorbed, made.appointments) == (A, (B,), {"client:a": 2})


def unfounded(*shared: tuple[RecordRef, ...], absorbed: tuple[RecordRef, ...] = (B, C, D), **more: Any) -> list[str]:
    """Of whom the plan says that nothing speaks for it, where these share a mobile each."""
    rows = {ref: ClientRecord(ref, NOW, first_name="Ana") for ref in (A, B, C, D)}
    keys = (SharedKey(MatchKey("mobile", f"+6421123456{n}"), refs) for n, refs in enumerate(shared))
    common = Component(tuple(keys), {ref: Face(ref, ("Ana",)) for ref in rows}, more.pop("dismissed", frozenset()))
    groups = {ref: (rows[ref],) for ref in (A, *absorbed)}
    given = {"roots": {ref: ref for ref in groups}, "groups": groups, "absorbed": absorbed, "holdings": ()} | more
    start, end = "nothing that the duplicate report goes by says that ", " is one person with client:a"
    remarks = plan(seen(common=common, **given), TIMELY).remarks
    assert all(one.startswith(start) and one.endswith(end) for one in remarks)
    return [one.removeprefix(start).removesuffix(end) for one in remarks]


def test_a_plan_names_each_for_whom_nothing_speaks() -> None:
    """One record after the other: that B is Ana does not make C Ana. By way of another that is absorbed too it may."""
    assert unfounded() == ["client:b", "client:c", "client:d"]
    assert unfounded((A, B)) == ["client:c", "client:d"]
    assert unfounded((A, B), (B, C)) == ["client:d"]
    assert unfounded((A, B), (C, D)) == ["client:c", "client:d"], "they are one, and nothing says that it is Ana"
    assert unfounded((A, B), (B, C), (C, D)) == []
    assert unfounded((A, B, C), absorbed=(B,)) == []
    assert unfounded((A, B), dismissed=frozenset({frozenset((A, B))}), absorbed=(B,)) == ["client:b"]
    assert unfounded(absorbed=(B,), roots={A: A, B: A}) == [], "they are one already"


def test_a_plan_keeps_earlier_picks_unless_there_is_a_new_one() -> None:
    """A pick of an earlier merge holds in the plan; a pick made now wins over it."""
    journal = (entry(id="m0", choices={"first_name": "client:a"}),)

    kept = plan(seen(journal=journal), TIMELY)
    changed = plan(seen(journal=journal, choices={"first_name": "client:b"}), TIMELY)

    assert (kept.fields[0].value, changed.fields[0].value) == ("Ana", "Annie")


def test_a_plan_says_what_is_taken_over_and_what_is_not() -> None:
    """Cards by the policy, everything else whole; notes and consents with their sources; accounts that lead there."""
    ana = evolve(ANA, notes="Latex", consents={"marketing_email": True})
    annie = evolve(ANNIE, notes="Pays cash", consents={"marketing_email": False})
    held = (Holding(A, HoldingKind.CARD, 1), Holding(B, HoldingKind.CARD, 1), Holding(B, HoldingKind.DOCUMENT, 2))
    account = Account(id="acc", email="email:ana@example.com", address="ana@example.com", created_at=NOW)
    given = seen(groups={A: (ana,), B: (annie,)}, holdings=held, own_cards=(A,), logins=(LeadsTo(account, (B,)),))

    strict, generous = plan(given, TIMELY), plan(given, with_merging(cards="all"))

    assert strict.holdings is not None
    assert [(one.kind, one.count) for one in strict.holdings.together] == [
        (HoldingKind.CARD, 1),
        (HoldingKind.DOCUMENT, 2),
    ]
    assert (strict.cards, generous.cards) == ((A,), (A, B))
    assert [text[:24] for text in strict.left_behind] == ["1 saved card of client:b"]
    assert generous.left_behind == ()
    assert [(one.name, one.given, one.sources) for one in strict.consents] == [("marketing_email", False, (B,))]
    assert [(one.field, one.value) for one in strict.internal] == [("birthday", None), ("notes", "Latex\n\nPays cash")]
    assert [(one.account, one.sees) for one in strict.logins] == [("acc", A)]
    unseen = plan(evolve(given, sees_clients=False), TIMELY)
    assert unseen == evolve(strict, internal=(), consents=()), "who may not look at clients is not told these two"
    assert plan(seen(), TIMELY).holdings is None
    assert plan(seen(), TIMELY).cards == (A,), "the survivor's own, where nothing else is known"


def test_the_plan_of_what_is_merged_already_is_what_is_shown() -> None:
    """By the rules and picks that the group keeps, not by today's: nothing is decided anew."""
    journal = (entry(id="m7", rules={"first_name": "oldest"}, choices={"email": "client:b"}, cards="all"),)
    late = evolve(ANNIE, created_at=NOW + TICK)
    again = seen(roots={A: A, B: A}, groups={A: (ANA, late)}, journal=journal, choices={"first_name": "client:b"})

    made = plan(again, with_merging(cards="all"))

    assert (made.fields[0].value, made.fields[0].rule) == ("Ana", "oldest")
    assert made.cards == (A, B)
    assert plan(evolve(again, roots={}), TIMELY).fields == made.fields, "also once one of them has gone"


def test_the_platforms_rules_and_the_proofs_decide_the_plan() -> None:
    """They are in the view; the journal keeps the name of the rule."""

    def oldest(_name: str, records: Any) -> Any:
        return records[0]

    key = ContactKey(ContactKind.MOBILE, "+64275550001")
    other = evolve(ANNIE, mobile="027 555 0001", created_at=NOW + TICK)
    given = seen(
        groups={A: (evolve(ANA, created_at=NOW + 2 * TICK),), B: (other,)},
        own={"first_name": oldest},
        proofs={key: NOW},
    )

    careful = with_merging(survivorship={"mobile": "verified"})
    decision = merge(given, careful, NOW)

    assert isinstance(decision.outcome, Merged)
    shown = {choice.field: (choice.value, choice.rule) for choice in plan(given, careful).fields}
    assert (shown["first_name"], shown["mobile"]) == (("Ana", "own:oldest"), ("027 555 0001", "verified"))
    assert isinstance(decision.changes[0].record, Merge)
    assert decision.changes[0].record.rules["first_name"] == "own:oldest"
    assert ("merging.cards", "survivors") in decision.because.settings


# --- undoing ---------------------------------------------------------------------------------------------------------


def test_an_undo_erases_one_edge() -> None:
    """What had been merged into B goes with B, at any depth; what leads to A stays."""
    edge, below = pointer(B, A), pointer(C, B, A, "m2")
    deeper, beside = pointer(D, C, A, "m3"), pointer(RecordRef.client("e"), A, merge_id="m4")

    decision = undo(Undoing(entry(), (beside, deeper, below, edge), "tom"), TIMELY, NOW + TICK)

    assert decision.changes[:2] == (Remove(edge), Put(entry(undone_at=NOW + TICK, undone_by="tom")))
    assert set(decision.changes[2:]) == {Put(evolve(below, root="client:b")), Put(evolve(deeper, root="client:b"))}
    assert decision.outcome == Undone(A, B)
    assert decision.events == (
        HostEvent("unmerged", (("survivor", "client:a"), ("absorbed", "client:b"), ("merge", "m1"))),
    )


@pytest.mark.parametrize(
    ("of", "now", "expected"),
    [
        (None, NOW, Reason.NOT_FOUND),
        (entry(undone_at=NOW), NOW, Reason.UNDONE_ALREADY),
        (entry(erased=True), NOW, Reason.ERASED),
        (entry(), NOW + timedelta(days=30, microseconds=1), Reason.UNDO_TOO_LATE),
        (entry(id="m2"), NOW, Reason.NOT_FOUND),
    ],
)
def test_what_is_not_undone(of: Merge | None, now: datetime, expected: Reason) -> None:
    """No such merge, undone or erased since, over a month ago, or without its edge."""
    assert reason(undo(Undoing(of, (pointer(B, A),), "tom"), TIMELY, now)) is expected


@pytest.mark.parametrize(
    ("given", "now", "facts"),
    [
        (
            Undoing(entry(undone_at=NOW, undone_by="staff:tom"), (), "mia"),
            NOW,
            {"at": "2026-11-23 12:00 UTC", "by": "staff:tom"},
        ),
        (Undoing(entry(undone_at=NOW), (), "mia"), NOW, {"at": "2026-11-23 12:00 UTC", "by": "somebody"}),
        (Undoing(entry(erased=True), (), "mia", blank=(B,)), NOW, {"what": "erased: client:b"}),
        (Undoing(entry(erased=True), (), "mia", blank=(B, A)), NOW, {"what": "erased: client:b and client:a"}),
        (Undoing(entry(erased=True), (), "mia", gone=(A, B)), NOW, {"what": "erased: client:b or client:a"}),
        (Undoing(entry(), (), "mia", gone=(B, A)), NOW, {"what": "deleted: client:b and client:a"}),
        (
            Undoing(entry(), (), "mia"),
            NOW + timedelta(days=31),
            {"since": "2026-12-23 12:00 UTC", "at": "2026-11-23 12:00 UTC"},
        ),
    ],
)
def test_what_stands_in_the_way_is_named(given: Undoing, now: datetime, facts: dict[str, str]) -> None:
    """Which record, since when, by whom: in the words that staff read."""
    outcome = undo(given, TIMELY, now).outcome
    assert isinstance(outcome, Refusal)
    assert outcome.facts == facts
    told = Catalogue().for_staff(outcome)
    assert all(text in told for text in facts.values())


@pytest.mark.parametrize("gone", [(A,), (B,)])
def test_while_one_of_the_two_is_there_they_can_be_told_apart(gone: tuple[RecordRef, ...]) -> None:
    """Two people who were taken for one do not stay one because a row was deleted."""
    edge = pointer(B, A)
    assert undo(Undoing(entry(), (edge,), "tom", gone=gone), TIMELY, NOW).granted


def test_the_thirtieth_day_is_still_in_time() -> None:
    """To the microsecond."""
    assert undo(Undoing(entry(), (pointer(B, A),), "tom"), TIMELY, NOW + timedelta(days=30)).granted


def test_another_number_is_a_conflict_and_another_spelling_is_none() -> None:
    """Spellings are compared by what they mean; what cannot be read differs from everything."""
    other = evolve(ANNIE, mobile="027 555 0001")
    unreadable = evolve(ANNIE, mobile="ask her")

    assert "mobile" not in [one.field for one in plan(seen(), TIMELY).conflicts]
    assert "mobile" in [one.field for one in plan(seen(groups={A: (ANA,), B: (other,)}), TIMELY).conflicts]
    assert "mobile" in [one.field for one in plan(seen(groups={A: (ANA,), B: (unreadable,)}), TIMELY).conflicts]
