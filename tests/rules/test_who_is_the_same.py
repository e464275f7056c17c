"""Duplicates: the closure is right whatever the order, and a dismissed pair is never in one group."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes import DuplicateGroup, Evidence
from clientportal.policy import presets
from clientportal.rules.who_is_the_same import SharedContact, group_records, is_merge_key
from clientportal.values import ContactKey, ContactKind, RecordRef

TIMELY = presets.timely(region="NZ")
REFS = [RecordRef.client(id) for id in "abcdefg"]
A, B, C, D, E, F, G = REFS


def mobile(number: str, *refs: RecordRef, placeholder: bool = False) -> SharedContact:
    """A mobile that several records share."""
    return SharedContact(ContactKey(ContactKind.MOBILE, number), refs, placeholder)


def groups(shared: Sequence[SharedContact], *dismissed: tuple[RecordRef, RecordRef]) -> list[tuple[RecordRef, ...]]:
    """Only who is with whom."""
    pairs = [frozenset(pair) for pair in dismissed]
    return [group.refs for group in group_records(shared, pairs, {}, TIMELY)]


SHARED = st.lists(
    st.builds(
        SharedContact,
        st.builds(ContactKey, st.sampled_from(ContactKind), st.sampled_from(["1", "2", "3", "4"])),
        st.lists(st.sampled_from(REFS), max_size=5).map(tuple),
        st.integers(0, 9).map(lambda n: n == 0),
    ),
    max_size=8,
    unique_by=lambda one: one.key,
)
DISMISSED = st.sets(st.sampled_from([frozenset(pair) for pair in combinations(REFS, 2)]), max_size=4)


def partition(shared: Sequence[SharedContact]) -> list[tuple[RecordRef, ...]]:
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
def test_the_groups_are_the_closure(shared: list[SharedContact]) -> None:
    """Without dismissals every group is exactly what shared contacts connect, however long the chain."""
    assert groups(shared) == partition(shared)


@given(SHARED, DISMISSED, st.randoms(use_true_random=False))
def test_the_order_of_what_was_found_does_not_matter(
    shared: list[SharedContact], dismissed: set[frozenset[RecordRef]], rnd: random.Random
) -> None:
    """Groups, evidence and what was blocked are the same for every order of contacts, of refs, and of pairs."""
    shuffled = [evolve(one, refs=tuple(rnd.sample(one.refs, len(one.refs)))) for one in rnd.sample(shared, len(shared))]
    pairs = sorted(dismissed, key=sorted)

    answer = group_records(shared, pairs, {}, TIMELY)

    assert group_records(shuffled, rnd.sample(pairs, len(pairs)), {}, TIMELY) == answer


@given(SHARED, DISMISSED)
def test_a_dismissed_pair_is_never_in_one_group(
    shared: list[SharedContact], dismissed: set[frozenset[RecordRef]]
) -> None:
    """However long the chain between them (law 12), whichever way round the pair is named."""
    found = group_records(shared, dismissed, {}, TIMELY)

    assert not [pair for pair in dismissed for group in found if pair <= set(group.refs)]


@given(SHARED, DISMISSED)
def test_nothing_but_a_dismissal_keeps_two_apart(
    shared: list[SharedContact], dismissed: set[frozenset[RecordRef]]
) -> None:
    """Two records that share a contact are in one group, or a dismissed pair stands between their groups."""
    found = group_records(shared, dismissed, {}, TIMELY)
    home = {ref: set(group.refs) for group in found for ref in group.refs}

    for one in shared:
        for first, second in combinations(sorted(set(one.refs)), 2) if is_merge_key(one, TIMELY) else ():
            mine, theirs = home.get(first, {first}), home.get(second, {second})
            assert mine == theirs or any(len(pair & mine) == len(pair & theirs) == 1 for pair in dismissed)


@given(SHARED, DISMISSED)
def test_the_evidence_holds_each_group_together(
    shared: list[SharedContact], dismissed: set[frozenset[RecordRef]]
) -> None:
    """Every link is between members that share that contact, and the links alone connect the group; blocked links
    lead out of it."""
    by_key = {one.key: set(one.refs) for one in shared}
    for group in group_records(shared, dismissed, {}, TIMELY):
        members = set(group.refs)
        assert all({link.first, link.second} <= by_key[link.key] & members for link in group.evidence)
        linked = [SharedContact(link.key, (link.first, link.second)) for link in group.evidence]
        assert partition(linked) == [group.refs]
        for link in group.blocked:
            assert {link.first, link.second} <= by_key[link.key]
            assert len({link.first, link.second} & members) == 1
            assert link.first < link.second


def test_a_group_in_full() -> None:
    """Names in the order of refs, one link per neighbour, nothing blocked."""
    names = {A: "Ana Kingi", C: "A. Kingi"}

    (group,) = group_records([mobile("1", C, A, B, A)], [], names, TIMELY)

    key = ContactKey(ContactKind.MOBILE, "1")
    assert group == DuplicateGroup(
        refs=(A, B, C), names=("Ana Kingi", "", "A. Kingi"), evidence=(Evidence(key, A, B), Evidence(key, B, C))
    )


def test_every_contact_that_they_share_is_evidence() -> None:
    """Three who share a mobile and an email: a chain of neighbours for each, also where they are one group already."""
    email = ContactKey(ContactKind.EMAIL, "ana@example.com")
    number = ContactKey(ContactKind.MOBILE, "1")

    (group,) = group_records([SharedContact(email, (A, B, C)), mobile("1", A, B, C)], [], {}, TIMELY)

    assert group.evidence == tuple(Evidence(key, *pair) for key in (email, number) for pair in ((A, B), (B, C)))


def test_a_dismissed_pair_that_shares_a_number_is_shown_as_blocked() -> None:
    """Ana and Ben share a phone and are two people; Cy shares it too and goes with the one before."""
    (group,) = group_records([mobile("1", A, B, C)], [frozenset({B, A})], {}, TIMELY)

    key = ContactKey(ContactKind.MOBILE, "1")
    assert group.refs == (B, C)
    assert group.evidence == (Evidence(key, B, C),)
    assert group.blocked == (Evidence(key, A, B), Evidence(key, A, C))


@pytest.mark.parametrize(
    ("shared", "dismissed", "expected"),
    [
        ([mobile("1", A, B)], [(A, B)], []),
        ([mobile("1", A, B), mobile("2", B, C)], [(A, C)], [(A, B)]),
        ([mobile("1", A, B), mobile("2", B, C), mobile("3", C, D)], [(D, A)], [(A, B, C)]),
        ([mobile("1", A, B), mobile("2", C, D), mobile("3", B, C)], [(A, D)], [(A, B), (C, D)]),
        # A and C have nothing against each other, only against B's friend D: the number of all three joins them.
        ([mobile("1", B, D), mobile("2", A, B, C)], [(D, A), (D, C)], [(A, C), (B, D)]),
    ],
)  # fmt: skip
def test_what_a_dismissal_cuts(
    shared: list[SharedContact], dismissed: list[tuple[RecordRef, RecordRef]], expected: list[tuple[RecordRef, ...]]
) -> None:
    """Only what would put the dismissed pair together, and nothing else."""
    assert groups(shared, *dismissed) == expected


@pytest.mark.parametrize(
    ("shared", "says_something"),
    [
        (mobile("1", A), False),
        (mobile("1", A, A), False),
        (mobile("1", A, B), True),
        (mobile("1", A, B, C), True),
        (mobile("1", A, B, C, D), False),
        (mobile("1", A, B, placeholder=True), False),
        (SharedContact(ContactKey(ContactKind.PHONE, "1"), (A, B)), False),
        (SharedContact(ContactKey(ContactKind.EMAIL, "a@b"), (A, B)), True),
    ],
)
def test_which_contacts_say_something(shared: SharedContact, says_something: bool) -> None:
    """Two or more records, at most as many as the policy says (three), no placeholder, a field that counts (X4)."""
    policy = evolve(TIMELY, contacts=evolve(TIMELY.contacts, shared_by_at_most=3))

    assert is_merge_key(shared, policy) is says_something
    assert bool(group_records([shared], [], {}, policy)) is says_something


@pytest.mark.parametrize("dismissed", [[], [frozenset({RecordRef.client("00000"), RecordRef.client("99999")})]])
def test_ten_thousand_in_a_chain_are_one_group_soon(dismissed: list[frozenset[RecordRef]]) -> None:
    """Each shares a number with the next, also where somebody was dismissed; in seconds, not in minutes."""
    refs = [RecordRef.client(f"{number:05}") for number in range(10_000)]
    shared = [mobile(f"{number:05}", *pair) for number, pair in enumerate(pairwise(refs))]
    begun = time.process_time()

    (group,) = group_records(shared, dismissed, {}, TIMELY)

    assert len(group.refs) == 10_000
    assert time.process_time() - begun < 5


def test_ten_thousand_pairs_are_five_thousand_groups_soon() -> None:
    """Many small groups cost no more than one large one."""
    refs = [RecordRef.client(f"{number:05}") for number in range(10_000)]
    begun = time.process_time()

    found = group_records(
        [mobile(one.id, one, other) for one, other in zip(refs[::2], refs[1::2], strict=True)], [], {}, TIMELY
    )

    assert len(found) == 5_000
    assert time.process_time() - begun < 5
