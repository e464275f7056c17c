"""Duplicates: the closure is right whatever the order, and what is kept apart is never in one group.

By the default policy (T5): a shared mobile or email, nothing else. What a careful policy adds stands in
``test_who_is_the_same_carefully.py``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes import DuplicateGroup, Evidence, KeptApart
from clientportal.policy import presets
from clientportal.rules.evidence import Face
from clientportal.rules.who_is_the_same import Component, SharedKey, group_records, is_merge_key, judge_pairs
from clientportal.values import MatchKey, RecordRef

TIMELY = presets.timely(region="NZ")
REFS = [RecordRef.client(id) for id in "abcdefg"]
A, B, C, D, E, F, G = REFS


def mobile(number: str, *refs: RecordRef, placeholder: bool | None = None) -> SharedKey:
    """A mobile that several records share."""
    return SharedKey(MatchKey("mobile", number), refs, placeholder)


def grouped(shared: Sequence[SharedKey], *dismissed: Sequence[RecordRef]) -> tuple[DuplicateGroup, ...]:
    """The groups by Timely's policy, nothing known but the contacts."""
    return group_records(Component(tuple(shared), {}, [frozenset(pair) for pair in dismissed]), TIMELY)


def groups(shared: Sequence[SharedKey], *dismissed: Sequence[RecordRef]) -> list[tuple[RecordRef, ...]]:
    """Only who is with whom."""
    return [group.refs for group in grouped(shared, *dismissed)]


def link(first: RecordRef, second: RecordRef, *keys: MatchKey, **more: object) -> Evidence:
    """Two who share these contacts, a point for each kind."""
    kinds = [kind for kind in ("mobile", "email") if any(key.kind == kind for key in keys)]
    points = tuple((kind, 1.0) for kind in kinds)
    given = {"agreeing": points, "score": float(len(points)), "shared": tuple(sorted(keys)), **more}
    return Evidence(first=first, second=second, **given)  # type: ignore[arg-type]


SHARED = st.lists(
    st.builds(
        SharedKey,
        st.builds(MatchKey, st.sampled_from(["mobile", "phone", "email"]), st.sampled_from(["1", "2", "3", "4"])),
        st.lists(st.sampled_from(REFS), max_size=5).map(tuple),
        st.sampled_from([None] * 6 + [False, True]),
    ),
    max_size=8,
    unique_by=lambda one: one.key,
)
DISMISSED = st.sets(st.sampled_from([frozenset(pair) for pair in combinations(REFS, 2)]), max_size=4)


def partition(shared: Sequence[SharedKey]) -> list[tuple[RecordRef, ...]]:
    """The closure, naively: merge any two sets that meet until none do."""
    sets = [set(one.refs) for one in shared if is_merge_key(one, TIMELY)]
    met = True
    while met:
        met = False
        for one, other in combinations(sets, 2):
            if one & other:
                one |= other
                sets.remove(other)
                met = True
                break
    return sorted(tuple(sorted(members)) for members in sets)


@given(SHARED)
def test_the_groups_are_the_closure(shared: list[SharedKey]) -> None:
    """Without dismissals every group is exactly what shared contacts connect, however long the chain."""
    assert groups(shared) == partition(shared)


@given(SHARED, DISMISSED, st.randoms(use_true_random=False))
def test_the_order_of_what_was_found_does_not_matter(
    shared: list[SharedKey], dismissed: set[frozenset[RecordRef]], rnd: random.Random
) -> None:
    """Groups, evidence and what was blocked are the same for every order of contacts, of refs, and of pairs."""
    shuffled = [evolve(one, refs=tuple(rnd.sample(one.refs, len(one.refs)))) for one in rnd.sample(shared, len(shared))]
    pairs = sorted(map(sorted, dismissed))

    assert grouped(shuffled, *rnd.sample(pairs, len(pairs))) == grouped(shared, *pairs)


@given(SHARED, DISMISSED)
def test_a_dismissed_pair_is_never_in_one_group(shared: list[SharedKey], dismissed: set[frozenset[RecordRef]]) -> None:
    """However long the chain between them (law 12), whichever way round the pair is named."""
    found = grouped(shared, *map(sorted, dismissed))

    assert not [pair for pair in dismissed for group in found if pair <= set(group.refs)]


@given(SHARED, DISMISSED)
def test_nothing_but_a_dismissal_keeps_two_apart(shared: list[SharedKey], dismissed: set[frozenset[RecordRef]]) -> None:
    """Two records that share a contact are in one group, or a dismissed pair stands between their groups."""
    found = grouped(shared, *map(sorted, dismissed))
    home = {ref: set(group.refs) for group in found for ref in group.refs}

    for one in shared:
        for first, second in combinations(sorted(set(one.refs)), 2) if is_merge_key(one, TIMELY) else ():
            mine, theirs = home.get(first, {first}), home.get(second, {second})
            assert mine == theirs or any(len(pair & mine) == len(pair & theirs) == 1 for pair in dismissed)


@given(SHARED, DISMISSED, DISMISSED)
def test_a_dismissal_joins_nobody_whom_the_contacts_alone_do_not(
    shared: list[SharedKey], dismissed: set[frozenset[RecordRef]], more: set[frozenset[RecordRef]]
) -> None:
    """Telling two apart divides: every group lies within one of the closure, and where nothing had been blocked, within
    one of those that there were before."""
    before, after = grouped(shared, *map(sorted, dismissed)), grouped(shared, *map(sorted, dismissed | more))
    wholes = [set(refs) for refs in groups(shared)]
    if not any(one.blocked for one in before) and all(
        groups([one], *map(sorted, dismissed)) for one in _saying(shared)
    ):
        wholes = [set(group.refs) for group in before]

    assert all(any(set(group.refs) <= whole for whole in wholes) for group in after)


def _saying(shared: Sequence[SharedKey]) -> list[SharedKey]:
    return [one for one in shared if is_merge_key(one, TIMELY)]


@given(SHARED, DISMISSED)
def test_the_evidence_holds_each_group_together(shared: list[SharedKey], dismissed: set[frozenset[RecordRef]]) -> None:
    """Every two members that share a contact are a link with all the contacts that they share; the links alone connect
    the group; blocked links lead out of it."""
    by_key = {one.key: set(one.refs) for one in _saying(shared)}
    for group in grouped(shared, *map(sorted, dismissed)):
        members = set(group.refs)
        pairs = {pair for refs in by_key.values() for pair in combinations(sorted(refs & members), 2)}
        assert [(one.first, one.second) for one in group.evidence] == sorted(pairs)
        for one in group.evidence:
            assert set(one.shared) == {key for key, refs in by_key.items() if {one.first, one.second} <= refs}
            assert one.apart is None
        linked = [SharedKey(key, (one.first, one.second)) for one in group.evidence for key in one.shared]
        assert partition(linked) == [group.refs]
        for one in group.blocked:
            assert all({one.first, one.second} <= by_key[key] for key in one.shared)
            assert len({one.first, one.second} & members) == 1
            assert one.first < one.second
            assert one.apart in (KeptApart.DISMISSED, KeptApart.ACROSS)


@given(SHARED, DISMISSED)
def test_a_blocked_link_names_who_stands_between(shared: list[SharedKey], dismissed: set[frozenset[RecordRef]]) -> None:
    """The pair itself, or a dismissed pair of whom one is on either side of it."""
    found = grouped(shared, *map(sorted, dismissed))
    home = {ref: set(group.refs) for group in found for ref in group.refs}
    for one in (one for group in found for one in group.blocked):
        mine, theirs = home.get(one.first, {one.first}), home.get(one.second, {one.second})
        pair = frozenset(one.between or (one.first, one.second))
        assert pair in dismissed
        assert len(pair & mine) == len(pair & theirs) == 1
        assert (one.between_by == "dismissed") == (one.between is not None)


def test_a_group_in_full() -> None:
    """Names in the order of refs, a link for every two, the last that was needed as the weakest, nothing blocked."""
    faces = {A: Face(A, ("Ana Kingi", "Anna Kingi")), C: Face(C, ("A. Kingi",))}

    (group,) = group_records(Component((mobile("1", C, A, B, A),), faces), TIMELY)

    key = MatchKey("mobile", "1")
    assert group == DuplicateGroup(
        refs=(A, B, C),
        names=("Ana Kingi", "", "A. Kingi"),
        evidence=(link(A, B, key), link(A, C, key), link(B, C, key)),
        weakest=link(A, C, key),
    )


def test_every_contact_that_they_share_is_evidence() -> None:
    """Two who share a mobile and an email, one of whom shares the email with a third: the third holds on by less."""
    email, number = MatchKey("email", "ana@example.com"), MatchKey("mobile", "1")

    (group,) = grouped([SharedKey(email, (A, B, C)), mobile("1", B, C)])

    assert group.evidence == (link(A, B, email), link(A, C, email), link(B, C, email, number))
    assert group.weakest == link(A, B, email)
    assert str(group.evidence[2]) == "client:b and client:c: same email ana@example.com, same mobile 1"


def test_a_dismissed_pair_that_shares_a_number_is_shown_as_blocked() -> None:
    """Ana and Ben share a phone and are two people; Cy shares it too and goes with the first of them."""
    (group,) = grouped([mobile("1", A, B, C)], (B, A))

    key = MatchKey("mobile", "1")
    assert group.refs == (A, C)
    assert group.evidence == (link(A, C, key),)
    assert group.blocked == (
        link(A, B, key, apart=KeptApart.DISMISSED),
        link(B, C, key, apart=KeptApart.ACROSS, between=(A, B), between_by="dismissed"),
    )


@pytest.mark.parametrize(
    ("shared", "dismissed", "expected"),
    [
        ([mobile("1", A, B)], [(A, B)], []),
        ([mobile("1", A, B), mobile("2", B, C)], [(A, C)], [(A, B)]),
        ([mobile("1", A, B), mobile("2", B, C), mobile("3", C, D)], [(D, A)], [(A, B, C)]),
        ([mobile("1", A, B), mobile("2", C, D), mobile("3", B, C)], [(A, D)], [(A, B), (C, D)]),
        # A and C have nothing against each other, only against B's friend D: the number of all three joins them.
        ([mobile("1", B, D), mobile("2", A, B, C)], [(D, A), (D, C)], [(A, C), (B, D)]),
        # Two hold the same grudge: that of the joined group is told once, and both are remembered.
        ([mobile("1", A, B), mobile("2", C, D), mobile("3", B, D)], [(A, D), (B, C)], [(A, B), (C, D)]),
        # Somebody who shares nothing any more, and a pair that has become one person, stand between nobody.
        ([mobile("1", A, B)], [(A, G), (C, G)], [(A, B)]),
    ],
)  # fmt: skip
def test_what_a_dismissal_cuts(
    shared: list[SharedKey], dismissed: list[tuple[RecordRef, RecordRef]], expected: list[tuple[RecordRef, ...]]
) -> None:
    """Only what would put the dismissed pair together, and nothing else."""
    assert groups(shared, *dismissed) == expected


def test_a_pair_that_has_become_one_person_is_no_pair() -> None:
    """Both were merged into Ana: what told them apart says nothing about her."""
    assert groups([mobile("1", A, B)], (A, A)) == [(A, B)]


def test_the_weaker_link_is_cut() -> None:
    """Ben shares a number with Ana and both contacts with Cy, and Ana is not Cy: Ben goes with Cy."""
    email = SharedKey(MatchKey("email", "b@example.com"), (B, C))

    (group,) = grouped([mobile("1", A, B), mobile("2", B, C), email], (A, C))

    assert group.refs == (B, C)
    (blocked,) = group.blocked
    assert (blocked.first, blocked.second, blocked.between) == (A, B, (A, C))


@pytest.mark.parametrize(
    ("shared", "says_something"),
    [
        (mobile("1", A), False),
        (mobile("1", A, A), False),
        (mobile("1", A, B), True),
        (mobile("1", A, B, C), True),
        (mobile("1", A, B, C, D), False),
        (mobile("1", A, B, placeholder=True), False),
        (mobile("1", A, B, placeholder=False), True),
        (mobile("+64210000000", A, B), False),
        (mobile("+64210000000", A, B, placeholder=False), True),
        (SharedKey(MatchKey("phone", "1"), (A, B)), False),
        (SharedKey(MatchKey("email", "a@b"), (A, B)), True),
        (SharedKey(MatchKey("email", "noemail@b"), (A, B)), False),
        (SharedKey(MatchKey("birthday", "1990-02-03|ak"), (A, B)), False),
    ],
)
def test_which_contacts_say_something(shared: SharedKey, says_something: bool) -> None:
    """Two or more records, at most as many as the policy says (three), no placeholder, by itself or as staff say, a
    field that counts (X4)."""
    policy = evolve(TIMELY, contacts=evolve(TIMELY.contacts, shared_by_at_most=3))

    assert is_merge_key(shared, policy) is says_something
    assert bool(group_records(Component((shared,)), policy)) is says_something
    assert bool(judge_pairs(Component((shared,)), policy)) is says_something


@pytest.mark.slow
@pytest.mark.parametrize("dismissed", [[], [("00000", "99999")], [("00000", "09999")]])
def test_ten_thousand_in_a_chain_are_one_group_soon(dismissed: list[tuple[str, str]]) -> None:
    """Each shares a number with the next, also where somebody was dismissed; in seconds, not in minutes."""
    refs = [RecordRef.client(f"{number:05}") for number in range(10_000)]
    shared = [mobile(f"{number:05}", *pair) for number, pair in enumerate(pairwise(refs))]
    begun = time.process_time()

    group, *rest = grouped(shared, *[tuple(map(RecordRef.client, pair)) for pair in dismissed])

    assert len(group.refs) == 10_000 - (("00000", "09999") in dismissed)
    assert rest == []
    assert time.process_time() - begun < 5


def test_ten_thousand_pairs_are_five_thousand_groups_soon() -> None:
    """Many small groups cost no more than one large one."""
    refs = [RecordRef.client(f"{number:05}") for number in range(10_000)]
    begun = time.process_time()

    found = grouped([mobile(one.id, one, other) for one, other in zip(refs[::2], refs[1::2], strict=True)])

    assert len(found) == 5_000
    assert time.process_time() - begun < 5


def test_two_crowds_that_are_kept_apart_cost_no_more() -> None:
    """Two chains of two thousand, a dismissed pair between them and two thousand numbers that would join them: each
    is blocked at once, for who stands between is known."""
    left = [RecordRef.client(f"a{number:05}") for number in range(2_000)]
    right = [RecordRef.client(f"b{number:05}") for number in range(2_000)]
    chains = [mobile(f"1{one.id}", one, other) for side in (left, right) for one, other in pairwise(side)]
    across = [mobile(f"2{one.id}", one, other) for one, other in zip(left, right, strict=True)]
    begun = time.process_time()

    found = grouped(chains + across, (left[0], right[-1]))

    assert [len(group.refs) for group in found] == [2_000, 2_000]
    assert [len(group.blocked) for group in found] == [2_000, 2_000]
    assert time.process_time() - begun < 5
