"""Duplicates where names, birthdays and custom fields count: households, twins, vetoes that survive closure."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes import DuplicateGroup, Evidence, KeptApart
from clientportal.policy import MatchingPolicy, Policy, presets
from clientportal.rules.evidence import Alike, Face, folded_alike, is_enough
from clientportal.rules.who_is_the_same import Component, SharedKey, group_records, judge_pairs
from clientportal.values import MatchKey, RecordRef

REFS = [RecordRef.client(id) for id in "abcdef"]
A, B, C, D, E, F = REFS
MOBILE = MatchKey("mobile", "+64215550142")
EMAIL = MatchKey("email", "kingi@example.com")
SPRING, AUTUMN = date(1990, 2, 3), date(1962, 5, 17)


def careful(weights: Mapping[str, float] | None = None, *vetoes: str, enough: float = 1.0, at_most: int = 10) -> Policy:
    """A policy that looks at more than contacts: by default one point each, half a point for name and birthday."""
    base = presets.timely(region="NZ")
    given = weights or {"mobile": 1, "email": 1, "name": 0.5, "birthday": 0.5}
    return evolve(
        base,
        contacts=evolve(base.contacts, shared_by_at_most=at_most),
        matching=MatchingPolicy(weights=given, vetoes=vetoes or ("name", "birthday"), enough=enough),
    )


CAREFUL = careful()


def alike(first: str, second: str) -> float:
    """Alike by their first letters, more or less: Ana, Anna and Annie are; Mia is not."""
    return 1.0 if first == second else 0.93 if first[:2] == second[:2] else 0.31


def faces(*said: tuple[RecordRef, str, date | None]) -> dict[RecordRef, Face]:
    """A name and a birthday each."""
    return {
        ref: Face(ref, (name,) if name else (), frozenset() if born is None else {born}) for ref, name, born in said
    }


def grouped(
    shared: Sequence[SharedKey],
    said: Mapping[RecordRef, Face],
    by: Policy = CAREFUL,
    *dismissed: Sequence[RecordRef],
    compare: Alike = alike,
) -> tuple[DuplicateGroup, ...]:
    """The groups by a careful policy."""
    pairs = [frozenset(pair) for pair in dismissed]
    return group_records(Component(tuple(shared), said, pairs, compare), by)


def on(key: MatchKey, *refs: RecordRef) -> SharedKey:
    """A key and those who have it."""
    return SharedKey(key, refs)


# --- X4, X5: what a family shares ------------------------------------------------------------------------------------


@pytest.mark.requirement("X5")
def test_a_mother_and_her_daughters_are_not_one_person_and_ana_is_found_among_them() -> None:
    """Mere's mobile stands on her daughters' records. Ana is there twice, once misspelt, and is found; the others are
    told apart by their names, and the number says nothing about them."""
    said = faces((A, "Mere Kingi", None), (B, "Ana Kingi", None), (C, "Anna Kingi", None), (D, "Tia Kingi", None))

    (group,) = grouped([on(MOBILE, A, B, C, D)], said)

    assert group.refs == (B, C)
    assert [str(one) for one in group.evidence] == ["client:b and client:c: same mobile +64215550142, names alike 0.93"]
    assert [str(one) for one in group.blocked] == [
        f"client:{first} and client:{second}: mobile +64215550142 is used under other names, names unlike 0.31: vetoed"
        for first, second in ("ab", "ac", "bd", "cd")
    ]


@pytest.mark.requirement("X5")
def test_a_record_without_a_name_on_a_households_number_may_be_any_of_them() -> None:
    """So it is nobody's duplicate; on the number of one person it is that person's."""
    said = faces((A, "Mere Kingi", None), (B, "Ana Kingi", None))
    assert grouped([on(MOBILE, A, B, C, D)], said) == ()
    assert [group.refs for group in grouped([on(MOBILE, B, C)], said)] == [(B, C)]


@pytest.mark.requirement("X5")
def test_names_are_closed_over_before_a_number_is_split() -> None:
    """Ana, Anna and Annie, of whom the first is not like the last: one person's number, and it says something. That the
    two are not alike rules out the two, and not that both are Anna."""
    near = {frozenset(("Ana", "Anna")): 0.9, frozenset(("Anna", "Annie")): 0.9}
    said = faces((A, "Ana", None), (B, "Anna", None), (C, "Annie", None), (D, "", None))

    (group,) = grouped(
        [on(MOBILE, A, B, C, D)], said, compare=lambda one, other: near.get(frozenset((one, other)), 0.4)
    )

    assert group.refs == (A, B, C, D)
    (apart,) = group.blocked
    assert str(apart) == "client:a and client:c: same mobile +64215550142, names unlike 0.40: vetoed"


@pytest.mark.requirement("X5")
def test_other_evidence_holds_in_a_household() -> None:
    """Mere and a record without a name share the household's number and an email of hers: the email joins them, and the
    number is said to be of no use."""
    said = faces((A, "Mere Kingi", None), (B, "Ana Kingi", None))

    (group,) = grouped([on(MOBILE, A, B, C), on(EMAIL, A, C)], said)

    assert group.refs == (A, C)
    assert str(group.weakest) == (
        "client:a and client:c: same email kingi@example.com, mobile +64215550142 is used under other names"
    )


@pytest.mark.requirement("X5")
def test_where_names_are_no_veto_a_family_is_shown_as_by_default() -> None:
    """Names bring points only: a number joins whoever has it, and staff look at the names (T5)."""
    said = faces((A, "Mere Kingi", None), (B, "Ana Kingi", None))
    (group,) = grouped([on(MOBILE, A, B)], said, careful(None, "birthday"))
    assert group.refs == (A, B)
    assert str(group.weakest) == "client:a and client:b: same mobile +64215550142, names unlike 0.31"


@pytest.mark.requirement("X5")
def test_a_card_of_a_household_says_as_little_as_its_number() -> None:
    """One card for all of them: it joins nobody, and that it is the same is no evidence beside other evidence."""
    by = careful({"mobile": 1, "custom.card": 1}, "name")
    said = faces((A, "Mere", None), (B, "", None), (C, "Ana", None))
    said = {ref: evolve(face, custom={"card": {"K-1"}}) for ref, face in said.items()}
    card = on(MatchKey("custom.card", "k-1"), A, B, C)
    assert grouped([card], said, by) == ()

    (group,) = grouped([card, on(MOBILE, A, B)], said, by)

    assert group.refs == (A, B)
    assert group.weakest.reckoning == "mobile 1.00 = 1.00"
    assert str(group.weakest) == "client:a and client:b: same mobile +64215550142, card is used under other names"


# --- vetoes ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("X5")
def test_a_veto_survives_closure() -> None:
    """A father and his son of one name share a number; the son is there twice, once without a birthday. His two records
    are joined by more, and the father's birthday keeps his record from both, however it is linked."""
    said = faces((A, "Tama Kingi", AUTUMN), (B, "Tama Kingi", None), (C, "Tama Kingi", SPRING))

    (group,) = grouped([on(MOBILE, A, B, C), on(EMAIL, B, C)], said)

    assert group.refs == (B, C)
    assert [(str(one).partition(": ")[0], one.apart, one.between, one.between_by) for one in group.blocked] == [
        ("client:a and client:b", KeptApart.ACROSS, (A, C), "birthday"),
        ("client:a and client:c", KeptApart.VETOED, None, ""),
    ]


def test_a_custom_field_may_be_a_veto() -> None:
    """Two passports are two people, also through a third record that has none."""
    by = careful({"mobile": 1, "email": 1}, "custom.passport")
    said = {A: Face(A, custom={"passport": {"LA 1"}}), C: Face(C, custom={"passport": {"LA 2"}})}

    (group,) = grouped([on(MOBILE, A, B), on(EMAIL, B, C)], said, by)

    assert group.refs == (B, C)
    (apart,) = group.blocked
    assert str(apart).endswith("would join client:a and client:c, which have different passport")


def test_a_person_of_two_birthdays_is_kept_from_neither_and_joins_no_two() -> None:
    """Merged records disagree on a birthday: the person goes with one who has either, and not with both of them."""
    said = faces((A, "Ana", SPRING), (C, "Ana", AUTUMN)) | {B: Face(B, ("Ana",), {SPRING, AUTUMN})}

    (group,) = grouped([on(MOBILE, A, B), on(EMAIL, B, C)], said)

    assert group.refs == (B, C)
    assert group.blocked[0].between == (A, C)


def test_staffs_word_comes_before_a_veto() -> None:
    """Both hold; what staff have said is told, and the difference with it."""
    said = faces((A, "Ana", SPRING), (B, "Ana", AUTUMN), (C, "Ana", SPRING))
    (group,) = grouped([on(MOBILE, A, B, C)], said, CAREFUL, (A, B))
    told, vetoed = group.blocked
    assert (told.apart, told.vetoed_by) == (KeptApart.DISMISSED, ("birthday",))
    assert (vetoed.apart, vetoed.first, vetoed.second) == (KeptApart.VETOED, B, C)


# --- points ----------------------------------------------------------------------------------------------------------


def test_what_is_not_enough_is_left_out() -> None:
    """A mobile alone is half of what it takes: with the name it is enough, without it is neither shown nor blocked."""
    by = careful({"mobile": 0.5, "name": 0.5}, "birthday")
    said = faces((A, "Ana", None), (B, "Ana", None), (C, "Mia", None))

    (group,) = grouped([on(MOBILE, A, B, C)], said, by)

    assert group.refs == (A, B)
    assert group.blocked == ()


def test_the_weakest_link_is_the_last_that_the_group_needed() -> None:
    """Ana and Anna share three things and are joined by them; the third record holds on by an email alone."""
    said = faces((A, "Ana", SPRING), (B, "Ana", SPRING), (C, "", None))
    (group,) = grouped([on(MOBILE, A, B), on(EMAIL, A, B, C)], said)
    assert [one.score for one in group.evidence] == [3.0, 1.0, 1.0]
    assert group.weakest == group.evidence[1]


def test_a_birthday_and_a_card_propose_pairs_of_their_own() -> None:
    """Nobody shares a contact: a birthday under the same initials and a card number are what is looked at."""
    by = careful({"mobile": 1, "name": 0.5, "birthday": 0.5, "custom.card": 1}, "birthday")
    said = faces((A, "Ana Kingi", SPRING), (B, "Anna Kingi", SPRING)) | {C: Face(C, custom={"card": {"7"}})}
    said[B] = evolve(said[B], custom={"card": {"7"}})
    shared = [on(MatchKey("birthday", "1990-02-03|ak"), A, B), on(MatchKey("custom.card", "7"), B, C)]

    (group,) = grouped(shared, said, evolve(by, matching=evolve(by.matching, enough=0.9)))

    assert group.refs == (A, B, C)
    assert [str(one) for one in group.evidence] == [
        "client:a and client:b: names alike 0.93, same birthday",
        "client:b and client:c: same card",
    ]


def test_a_household_of_a_hundred_costs_what_its_pairs_cost() -> None:
    """At most k² pairs for k on one number, and k is at most what the policy says; names are compared once for two."""
    refs = [RecordRef.client(f"{number:03}") for number in range(100)]
    said = {ref: Face(ref, (f"Name{place % 10} Kingi",)) for place, ref in enumerate(refs)}
    asked: list[tuple[str, str]] = []

    def counted(first: str, second: str) -> float:
        asked.append((first, second))
        return folded_alike(first, second)

    begun = time.process_time()
    found = grouped([on(MOBILE, *refs), on(EMAIL, *refs)], said, careful(at_most=100), compare=counted)

    assert [len(group.refs) for group in found] == [10] * 10
    assert len(asked) == len(set(asked)) == 55
    assert time.process_time() - begun < 5


# --- laws ------------------------------------------------------------------------------------------------------------

KEYS = [MOBILE, EMAIL, MatchKey("mobile", "+64215550143"), MatchKey("custom.card", "k-1"), MatchKey("birthday", "x|ak")]
SHARED = st.lists(
    st.builds(SharedKey, st.sampled_from(KEYS), st.lists(st.sampled_from(REFS), max_size=6).map(tuple)),
    max_size=6,
    unique_by=lambda one: one.key,
).map(tuple)
NAMES = st.lists(st.sampled_from(["", "Ana", "Anna", "Annie", "Mia", "Mere"]), max_size=2).map(tuple)
DAYS = st.frozensets(st.sampled_from([SPRING, AUTUMN]), max_size=2)
CARDS = st.dictionaries(st.just("card"), st.frozensets(st.sampled_from(["k-1", "k-2"]), max_size=2))
PAIRS = st.frozensets(st.sampled_from([frozenset(pair) for pair in combinations(REFS, 2)]), max_size=3)


@st.composite
def components(draw: st.DrawFn) -> Component:
    """Six records that meet all the time: few keys, few names, few days."""
    said = {ref: Face(ref, draw(NAMES), draw(DAYS), draw(CARDS)) for ref in REFS}
    return Component(draw(SHARED), said, draw(PAIRS), alike)


FACTS = ["mobile", "email", "name", "birthday", "custom.card"]
POLICIES = st.builds(
    lambda weights, vetoes, enough: careful(weights | {"mobile": 1.0}, *vetoes, enough=enough),
    st.dictionaries(st.sampled_from(FACTS), st.sampled_from([0.25, 0.5, 1.0])),
    st.sets(st.sampled_from(FACTS[2:]), min_size=1),
    st.sampled_from([0.25, 0.75, 1.0]),
)


def links_of(component: Component, by: Policy) -> list[Evidence]:
    """Every pair that speaks for one person, before anything is closed over."""
    return [one for one in judge_pairs(component, by) if one.apart is None and is_enough(one, by)]


def home_of(found: Sequence[DuplicateGroup]) -> dict[RecordRef, frozenset[RecordRef]]:
    """Who is with whom; who is alone is with themselves."""
    return {ref: frozenset((ref,)) for ref in REFS} | {
        ref: frozenset(group.refs) for group in found for ref in group.refs
    }


@given(components(), POLICIES, st.randoms(use_true_random=False))
def test_the_order_of_what_is_known_does_not_matter(component: Component, by: Policy, rnd: random.Random) -> None:
    """Keys, refs, faces, names and pairs in any order: the same groups, the same words."""
    shuffled = Component(
        tuple(
            evolve(one, refs=tuple(rnd.sample(one.refs, len(one.refs))))
            for one in rnd.sample(component.shared, len(component.shared))
        ),
        {ref: component.faces[ref] for ref in rnd.sample(REFS, len(REFS))},
        rnd.sample(sorted(component.dismissed, key=sorted), len(component.dismissed)),
        lambda first, second: alike(second, first),
    )
    assert group_records(shuffled, by) == group_records(component, by)


@given(components(), POLICIES)
def test_no_group_holds_two_who_are_kept_apart(component: Component, by: Policy) -> None:
    """Neither a dismissed pair, nor two whose birthdays or cards differ where those are a veto (law 12)."""
    facts = by.matching.vetoes - {"name"}
    for group in group_records(component, by):
        for first, second in combinations(group.refs, 2):
            assert frozenset((first, second)) not in component.dismissed
            for fact in facts:
                one, other = component.faces[first].says(fact), component.faces[second].says(fact)
                assert not one or not other or one & other


@given(components(), POLICIES)
def test_every_link_is_inside_a_group_or_something_stands_between(component: Component, by: Policy) -> None:
    """And what stands between is named: a pair of whom one is on either side, and who are kept apart."""
    found = group_records(component, by)
    home = home_of(found)
    for one in links_of(component, by):
        if home[one.first] == home[one.second]:
            assert [group for group in found if one in group.evidence]
            continue
        blocked = {
            shown
            for group in found
            for shown in group.blocked
            if (shown.first, shown.second, shown.apart) == (one.first, one.second, KeptApart.ACROSS)
        }
        crowded = len(home[one.first]) > 1 or len(home[one.second]) > 1
        assert len(blocked) == (1 if crowded else 0)
        for shown in blocked:
            assert shown.between is not None
            pair = frozenset(shown.between)
            assert len(pair & home[one.first]) == len(pair & home[one.second]) == 1
            left, right = (component.faces[ref] for ref in shown.between)
            if shown.between_by == "dismissed":
                assert pair in component.dismissed
            else:
                assert left.says(shown.between_by).isdisjoint(right.says(shown.between_by))


@given(components(), POLICIES)
def test_the_links_of_a_group_hold_it_together_and_the_weakest_is_the_weakest_that_it_takes(
    component: Component, by: Policy
) -> None:
    """The group is connected by its evidence; without the links that are as weak as the weakest it falls apart, and by
    all that are no weaker it holds: that is the weakest link of a maximum spanning tree."""
    for group in group_records(component, by):
        assert group.weakest in group.evidence
        pairs = [(one.first, one.second, one.score) for one in group.evidence]
        assert _pieces(group.refs, [pair[:2] for pair in pairs if pair[2] >= group.weakest.score]) == 1
        assert _pieces(group.refs, [pair[:2] for pair in pairs if pair[2] > group.weakest.score]) > 1
        assert all(is_enough(one, by) and one.apart is None for one in group.evidence)


def _pieces(refs: Sequence[RecordRef], pairs: Sequence[tuple[RecordRef, RecordRef]]) -> int:
    """How many pieces those links leave."""
    home = {ref: {ref} for ref in refs}
    for first, second in pairs:
        whole = home[first] | home[second]
        home |= dict.fromkeys(whole, whole)
    return len({id(piece) for piece in home.values()})


@given(components(), POLICIES)
def test_blocked_pairs_share_something_and_say_why(component: Component, by: Policy) -> None:
    """Each is with the groups of its ends, agrees on a key or is told to share one that says nothing, and is no
    link; no pair is shown twice."""
    for group in group_records(component, by):
        pairs = [(one.first, one.second) for one in group.blocked]
        assert pairs == sorted(set(pairs))
        assert not set(pairs) & {(one.first, one.second) for one in group.evidence}
        for one in group.blocked:
            assert one.first in group.refs or one.second in group.refs
            assert one.apart is not None
            assert one.shared or one.silent or ("birthday" in dict(one.agreeing))
            assert (one.apart is KeptApart.VETOED) <= bool(one.vetoed_by)


@given(components(), POLICIES, PAIRS)
def test_a_dismissal_joins_nobody_whom_the_evidence_alone_does_not(component: Component, by: Policy, more: Any) -> None:
    """Telling two apart divides: every group lies within what the links connect, and where none of them had been
    blocked, within one of the groups that there were."""
    before, after = (
        group_records(component, by),
        group_records(evolve(component, dismissed=[*component.dismissed, *more]), by),
    )
    links = [(one.first, one.second) for one in links_of(component, by)]
    home = home_of(before)
    if any(home[first] != home[second] for first, second in links):
        home = {ref: {ref} for ref in REFS}  # type: ignore[misc]
        for first, second in links:
            whole = home[first] | home[second]
            home |= dict.fromkeys(whole, whole)
    assert all(set(group.refs) <= home[group.refs[0]] for group in after)


@given(components(), POLICIES)
def test_components_are_judged_as_each_would_be_alone(component: Component, by: Policy) -> None:
    """Whoever shares no key with anybody here changes nothing: pages equal the whole (law 15)."""
    moved = {ref: RecordRef.client(f"z{ref.id}") for ref in REFS}
    other = Component(
        tuple(
            SharedKey(evolve(one.key, value=f"{one.key.value}9"), tuple(moved[ref] for ref in one.refs))
            for one in component.shared
        ),
        {moved[ref]: evolve(face, ref=moved[ref]) for ref, face in component.faces.items()},
        [frozenset(moved[ref] for ref in pair) for pair in component.dismissed],
        alike,
    )
    both = Component(
        component.shared + other.shared,
        {**component.faces, **other.faces},
        [*component.dismissed, *other.dismissed],
        alike,
    )
    assert group_records(both, by) == group_records(component, by) + group_records(other, by)


# --- what is looked at, and what is told -----------------------------------------------------------------------------


def test_a_key_that_says_nothing_ends_no_search() -> None:
    """``none@example.com`` stands first; the mobile after it is evidence all the same."""
    nobodys = SharedKey(MatchKey("email", "none@example.com"), (A, B), placeholder=True)
    (group,) = grouped([nobodys, on(MOBILE, A, B)], faces((A, "Ana", None), (B, "Ana", None)))
    assert group.evidence[0].shared == (MOBILE,)


def test_a_birthday_is_no_households() -> None:
    """Ana and Mia were born on one day, and so was Ana's other record: the day speaks for all three."""
    day = MatchKey("birthday", "1990-02-03|ak")
    said = faces((A, "Ana", SPRING), (B, "Ana", SPRING), (C, "Mia", SPRING))
    by = careful({"mobile": 1, "birthday": 1}, "name")
    found = judge_pairs(Component((on(day, A, B, C),), said, (), alike), by)
    assert [(str(one), one.agreeing, one.score) for one in found] == [
        ("client:a and client:b: names alike 1.00, same birthday", (("name", 0.0), ("birthday", 1.0)), 1.0),
        ("client:a and client:c: names unlike 0.31, same birthday: vetoed", (("birthday", 1.0),), 1.0),
        ("client:b and client:c: names unlike 0.31, same birthday: vetoed", (("birthday", 1.0),), 1.0),
    ]


def test_names_that_are_just_alike_enough_are_one_in_a_household() -> None:
    """Exactly as alike as the policy asks: Ana's two records are hers, Mia's is another's."""
    said = faces((A, "Ana", None), (B, "Anna", None), (C, "Mia", None))

    def just(first: str, second: str) -> float:
        return CAREFUL.matching.alike_from if first[0] == second[0] else 0.1

    found = judge_pairs(Component((on(MOBILE, A, B, C),), said, (), just), CAREFUL)
    assert [one.shared for one in found] == [(MOBILE,), (), ()]


def test_of_all_who_stand_between_two_groups_the_first_are_told() -> None:
    """Two pairs were called different; whichever way the groups grew, one pair stands for both."""
    keys = [MatchKey("mobile", f"+6421555010{n}") for n in range(5)]
    strong = [on(MatchKey("email", f"{n}@example.com"), *pair) for n, pair in enumerate(((A, D), (B, E)))]
    both = [on(keys[0], A, D), on(keys[1], B, E), on(keys[2], D, E)]
    one, other = grouped([*strong, *both], {}, careful({"mobile": 1, "email": 1}, "birthday"), (D, B), (A, E))
    assert (one.refs, other.refs) == ((A, D), (B, E))
    assert [(link.between, link.between_by) for link in one.blocked] == [((A, E), "dismissed")]


@pytest.mark.parametrize("joined", [((C, D), (B, D), (A, D)), ((A, B), (B, C), (C, D))])
def test_of_all_who_say_the_same_the_first_is_told(joined: Sequence[Sequence[RecordRef]]) -> None:
    """Four records with one passport and one with another: the pair that is named is the smallest."""
    by = careful({"mobile": 1, "email": 1}, "custom.passport")
    said = {ref: Face(ref, custom={"passport": {"LA 1"}}) for ref in (B, C, D, A)}
    said[F] = Face(F, custom={"passport": {"LA 2"}})
    strong = [on(MatchKey("email", f"{n}@example.com"), *pair) for n, pair in enumerate(joined)]
    same = [on(MatchKey("mobile", f"+6421555010{n}"), *pair) for n, pair in enumerate(joined)]
    last = [on(EMAIL, D, E), on(MatchKey("mobile", "+64215550109"), D, E), on(MOBILE, E, F)]
    (group,) = grouped([*strong, *same, *last], said, by)
    assert group.refs == (A, B, C, D, E)
    (apart,) = group.blocked
    assert (apart.between, apart.between_by) == ((A, F), "custom.passport")
