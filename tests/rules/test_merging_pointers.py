"""Merging and undoing as a machine: whatever is merged and undone in whatever order, the pointers stay right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.outcomes import Merged
from clientportal.policy import presets
from clientportal.records import Dismissal, Merge, Pointer, Put, Remove
from clientportal.rules.merging import Merging, merge, plan
from clientportal.rules.surviving import choices_of, choose_fields, rules_of
from clientportal.rules.undoing import Undoing, undo
from clientportal.testing.strategies import client_records
from clientportal.values import CLIENT_FIELDS, ClientRecord, RecordRef

POLICY = presets.timely(region="NZ")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REFS = [RecordRef.client(str(number)) for number in range(6)]
PICKS = st.sampled_from(REFS)


class Records:
    """The portal's pointers and journal, in two dictionaries; versions are checked as a store would."""

    def __init__(self, clients: dict[RecordRef, ClientRecord]) -> None:
        self.clients = clients
        self.pointers: dict[str, Pointer] = {}
        self.journal: dict[str, Merge] = {}
        self.dismissed: set[frozenset[RecordRef]] = set()
        self.now = NOON

    def root(self, ref: RecordRef) -> RecordRef:
        """Where its pointer leads: what the portal reads."""
        pointer = self.pointers.get(str(ref))
        return ref if pointer is None else pointer.root_ref

    def group(self, root: RecordRef) -> tuple[RecordRef, ...]:
        """Everybody who leads there, the root first."""
        return (root, *sorted(ref for ref in REFS if ref != root and self.root(ref) == root))

    def below(self, *roots: RecordRef) -> tuple[Pointer, ...]:
        """The pointers of those groups."""
        return tuple(pointer for pointer in self.pointers.values() if pointer.root_ref in roots)

    def seen(self, survivor: RecordRef, absorbed: tuple[RecordRef, ...], choices: dict[str, str]) -> Merging:
        """What the loader would read."""
        roots = {ref: self.root(ref) for ref in (survivor, *absorbed)}
        heads = dict.fromkeys(roots.values())
        pointers = self.below(*heads)
        between = [
            pair for pair in self.dismissed
            if {self.root(ref) for ref in pair} <= heads.keys() and len({self.root(ref) for ref in pair}) == 2
        ]  # fmt: skip
        return Merging(
            survivor=survivor,
            absorbed=absorbed,
            roots=roots,
            groups={head: tuple(self.clients[ref] for ref in self.group(head)) for head in heads},
            pointers=pointers,
            journal=tuple(self.journal[pointer.merge_id] for pointer in pointers),
            dismissals=tuple(
                Dismissal(id=Dismissal.pair_id(*sorted(pair)), first="", second="", at=NOON, actor="mia")
                for pair in between
            ),
            appointments={},
            merge_ids=tuple(f"m{len(self.journal) + place:03}" for place in range(len(absorbed))),
            actor="mia",
            choices=choices,
        )

    def write(self, decision: Decision[Any]) -> None:
        """Commit, checking each version."""
        for change in decision.changes:
            record = change.record
            table: dict[str, Any] = self.pointers if isinstance(record, Pointer) else self.journal
            stored = table.get(record.id)
            assert (stored.version if stored else 0) == record.version, "a store would refuse this write"
            if isinstance(change, Remove):
                del table[record.id]
            else:
                assert isinstance(change, Put)
                table[record.id] = evolve(record, version=record.version + 1)

    def shown(self) -> dict[RecordRef, Any]:
        """All that the doors show of every record: who speaks for it, with what values, from where."""
        picture = {}
        for ref in REFS:
            root = self.root(ref)
            journal = [self.journal[pointer.merge_id] for pointer in self.below(root)]
            records = [self.clients[member] for member in self.group(root)]
            picture[ref] = (
                root,
                choose_fields(records, rules_of(journal, POLICY), choices_of(journal), POLICY.contacts.region),
            )
        return picture


class MergingAndUndoing(RuleBasedStateMachine):
    """Six records that staff merge, undo and dismiss. ``edges`` is the naive truth: absorbed -> (survivor, merge)."""

    @initialize(clients=st.tuples(*(client_records(st.just(ref)) for ref in REFS)))
    def begin(self, clients: tuple[ClientRecord, ...]) -> None:
        """Nobody is merged with anybody."""
        self.records = Records({record.ref: record for record in clients})
        self.edges: dict[RecordRef, tuple[RecordRef, str]] = {}

    def truth(self, ref: RecordRef) -> RecordRef:
        """Follow the edges by hand; a cycle would never end, and is refused."""
        seen = {ref}
        while ref in self.edges:
            ref = self.edges[ref][0]
            assert ref not in seen, "a cycle"
            seen.add(ref)
        return ref

    def merge(self, survivor: RecordRef, absorbed: tuple[RecordRef, ...], choices: dict[str, str]) -> Decision[Merged]:
        """Merge at a moment of its own."""
        self.records.now += timedelta(minutes=1)
        before = self.records.seen(survivor, absorbed, choices)
        self.planned = plan(before, POLICY)
        return merge(before, POLICY, self.records.now)

    @rule(
        survivor=PICKS,
        absorbed=st.lists(PICKS, min_size=1, max_size=3, unique=True).map(tuple),
        choices=st.dictionaries(st.sampled_from(CLIENT_FIELDS), PICKS.map(str), max_size=1),
    )
    def merges(self, survivor: RecordRef, absorbed: tuple[RecordRef, ...], choices: dict[str, str]) -> None:
        """Any records, heads or not; what is refused changes nothing, what is granted is what the plan said."""
        roots = {ref: self.truth(ref) for ref in (survivor, *absorbed)}
        fresh = [ref for ref in absorbed if roots[ref] != roots[survivor]]
        members = {str(ref) for ref in REFS if self.truth(ref) in roots.values()}
        dismissed = any(
            len(ends := {self.truth(ref) for ref in pair}) == 2 and ends <= set(roots.values())
            for pair in self.records.dismissed
        )
        before = self.records.shown()

        decision = self.merge(survivor, absorbed, choices)

        if survivor in absorbed:
            expected = Reason.SAME_RECORD
        elif not fresh:
            expected = Reason.ALREADY_MERGED if roots[survivor] in absorbed else None
        elif any(roots[ref] != ref for ref in (survivor, *fresh)):
            expected = Reason.ALREADY_MERGED
        elif dismissed:
            expected = Reason.NOT_DUPLICATES
        else:
            expected = None if set(choices.values()) <= members else Reason.NOT_FOUND
        if isinstance(decision.outcome, Refusal):
            assert decision.outcome.reason is expected
            assert (decision.changes, decision.events) == ((), ())
            return
        assert expected is None
        self.records.write(decision)
        self.edges.update(
            {ref: (survivor, merge_id) for ref, merge_id in zip(fresh, decision.outcome.merges, strict=False)}
        )
        assert len(decision.events) == len(fresh)
        if not fresh:
            assert decision.changes == ()
            assert self.records.shown() == before
        else:
            shown = self.records.shown()[survivor][1]
            assert tuple(shown.values()) == self.planned.fields

    @precondition(lambda self: self.edges)
    @rule(pick=st.integers(0, 5), data=st.data())
    def merges_again(self, pick: int, data: st.DataObject) -> None:
        """A retried merge is a no-op that answers with the same merge (law 1)."""
        absorbed = sorted(self.edges)[pick % len(self.edges)]
        survivor, merge_id = self.edges[absorbed]
        before = dict(self.records.pointers)

        decision = self.merge(survivor, (absorbed,), {})

        assert isinstance(decision.outcome, Merged)
        assert decision.outcome.merges == (merge_id,)
        assert decision.changes == ()
        assert self.records.pointers == before

    @precondition(lambda self: self.edges)
    @rule(pick=st.integers(0, 5))
    def undoes(self, pick: int) -> None:
        """Any merge, in any order: the edge goes, and the rest is as if it had never been drawn."""
        absorbed = sorted(self.edges)[pick % len(self.edges)]
        _, merge_id = self.edges.pop(absorbed)
        entry = self.records.journal[merge_id]
        pointers = self.records.below(self.records.root(absorbed))
        self.records.now += timedelta(minutes=1)

        decision = undo(Undoing(entry, pointers, "tom"), POLICY, self.records.now)

        assert decision.granted
        self.records.write(decision)
        after = self.records.journal[merge_id]
        assert (after.undone_at, after.undone_by) == (self.records.now, "tom")
        again = undo(Undoing(after, pointers, "tom"), POLICY, self.records.now)
        assert isinstance(again.outcome, Refusal)
        assert again.outcome.reason is Reason.UNDONE_ALREADY

    @rule(survivor=PICKS, absorbed=PICKS)
    def merges_and_undoes(self, survivor: RecordRef, absorbed: RecordRef) -> None:
        """Undo after merge is the identity of everything that is shown (law 8)."""
        before, pointers = self.records.shown(), set(self.records.pointers)
        decision = self.merge(survivor, (absorbed,), {})
        if not isinstance(decision.outcome, Merged) or not decision.changes:
            return
        self.records.write(decision)
        (merge_id,) = decision.outcome.merges
        group = self.records.below(survivor)
        self.records.write(undo(Undoing(self.records.journal[merge_id], group, "mia"), POLICY, self.records.now))

        assert self.records.shown() == before
        assert set(self.records.pointers) == pointers

    @rule(pair=st.sets(PICKS, min_size=2, max_size=2))
    def dismisses(self, pair: set[RecordRef]) -> None:
        """ "Not a duplicate", or back again."""
        self.records.dismissed ^= {frozenset(pair)}

    @invariant()
    def every_old_id_resolves_where_the_edges_lead(self) -> None:
        """The stored root is the end of the chain of survivors, without cycles, for every record for ever (law 9)."""
        if not hasattr(self, "records"):
            return
        assert {ref: self.records.root(ref) for ref in REFS} == {ref: self.truth(ref) for ref in REFS}
        drawn = {one.absorbed_ref: (one.survivor, one.merge_id) for one in self.records.pointers.values()}
        assert drawn == {ref: (str(survivor), merge_id) for ref, (survivor, merge_id) in self.edges.items()}

    @invariant()
    def it_is_as_if_what_was_undone_had_never_been_merged(self) -> None:
        """A fresh portal with only the edges that stand, drawn in the order of their merges, shows the same."""
        if not hasattr(self, "records"):
            return
        fresh = Records(self.records.clients)
        for absorbed, (survivor, merge_id) in sorted(self.edges.items(), key=lambda edge: edge[1][1]):
            fresh.journal[merge_id] = self.records.journal[merge_id]
            fresh.pointers[str(absorbed)] = Pointer(
                id=str(absorbed), survivor=str(survivor), root=str(self.truth(absorbed)), merge_id=merge_id
            )
        assert fresh.shown() == self.records.shown()


TestMergingAndUndoing = MergingAndUndoing.TestCase
TestMergingAndUndoing.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
