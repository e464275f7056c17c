"""What is known of two records is weighed as the policy says, and explained by the numbers that were used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import HostError
from clientportal.outcomes import Evidence, KeptApart
from clientportal.policy import MatchingPolicy, Policy, presets
from clientportal.rules.evidence import (
    Alike,
    Face,
    face_of,
    folded_alike,
    folded_words,
    is_enough,
    judge_pair,
    names_alike,
    names_count,
    remembered,
)
from clientportal.values import ClientRecord, MatchKey, RecordRef
from clientportal.values.searching import folded

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A, B, C = (RecordRef.client(id) for id in "abc")
MOBILE = MatchKey("mobile", "+64215550142")
EMAIL = MatchKey("email", "ana@example.com")
SPRING, AUTUMN = date(1990, 2, 3), date(1962, 5, 17)


def policy(weights: Mapping[str, float], *vetoes: str, enough: float = 1.0, alike_from: float = 0.85) -> Policy:
    """Timely's, with this matching."""
    matching = MatchingPolicy(weights=weights, vetoes=vetoes, enough=enough, alike_from=alike_from)
    return evolve(presets.timely(region="NZ"), matching=matching)


CAREFUL = policy({"mobile": 1, "email": 1, "name": 0.5, "birthday": 0.5}, "name", "birthday")


def alike(first: str, second: str) -> float:
    """Names by their first letters: all that this file needs of a comparison."""
    pair = {folded_words(first)[:2], folded_words(second)[:2]}
    return 1.0 if first == second else 0.93 if len(pair) == 1 else 0.31


def face(ref: RecordRef, *names: str, born: date | None = None, **custom: str) -> Face:
    """What one person says."""
    days = frozenset() if born is None else frozenset({born})
    return Face(ref, names, days, {name: (text,) for name, text in custom.items()})


def judge(one: Face, other: Face, by: Policy, *shared: MatchKey, silent: tuple[MatchKey, ...] = ()) -> Evidence:
    """The verdict on one pair."""
    return judge_pair(one, other, shared, by, alike, silent=silent)


# --- in words --------------------------------------------------------------------------------------------------------


def test_every_pair_explains_itself() -> None:
    """Ana and Anna share a mobile, and were born on different days: the numbers, and what they came to."""
    found = judge(face(A, "Ana Kingi", born=SPRING), face(B, "Anna Kingi", born=AUTUMN), CAREFUL, MOBILE)

    assert str(found) == (
        "client:a and client:b: same mobile +64215550142, names alike 0.93, different birthdays: vetoed"
    )
    assert found == Evidence(
        first=A,
        second=B,
        shared=(MOBILE,),
        names_alike=0.93,
        agreeing=(("mobile", 1.0), ("name", 0.465)),
        differing=("birthday",),
        score=1.465,
        vetoed_by=("birthday",),
        apart=KeptApart.VETOED,
    )
    assert found.reckoning == "mobile 1.00 + name 0.47 = 1.47"


@pytest.mark.parametrize(
    ("one", "other", "shared", "silent", "said", "reckoning"),
    [
        (
            face(A, "Ana Kingi", born=SPRING),
            face(B, "Ana Kingi", born=SPRING),
            (MOBILE, EMAIL),
            (),
            "same email ana@example.com, same mobile +64215550142, names alike 1.00, same birthday",
            "mobile 1.00 + email 1.00 + name 0.50 + birthday 0.50 = 3.00",
        ),
        (face(A), face(B, "Ana"), (EMAIL,), (), "same email ana@example.com", "email 1.00 = 1.00"),
        (
            face(A, "Ana Kingi"),
            face(B, "Mere Kingi"),
            (),
            (MOBILE,),
            "mobile +64215550142 is used under other names, names unlike 0.31: vetoed",
            "nothing = 0.00",
        ),
    ],
)
def test_what_is_said_of_a_pair(
    one: Face, other: Face, shared: tuple[MatchKey, ...], silent: tuple[MatchKey, ...], said: str, reckoning: str
) -> None:
    """What agrees with its value or its number, what differs, what says nothing here, and the sum."""
    found = judge(one, other, CAREFUL, *shared, silent=silent)
    assert str(found) == f"client:a and client:b: {said}"
    assert found.reckoning == reckoning


def test_custom_fields_are_named_as_they_are_called_and_their_values_are_not_told() -> None:
    """A card number is the client's: the report names the field; a veto on it names it too."""
    by = policy({"mobile": 1, "custom.card": 2}, "custom.passport")
    found = judge(face(A, card="K-1", passport="7"), face(B, card="k-1 ", passport="8"), by, MOBILE)
    assert str(found) == "client:a and client:b: same mobile +64215550142, same card, different passport: vetoed"
    assert found.agreeing == (("mobile", 1.0), ("custom.card", 2.0))
    assert "K-1" not in str(found) + repr(found) + repr(face(A, card="K-1"))


@pytest.mark.parametrize(
    ("apart", "by", "said"),
    [
        (KeptApart.DISMISSED, "", "staff have called them no duplicates"),
        (KeptApart.ACROSS, "dismissed", "would join client:b and client:c, which staff have told apart"),
        (KeptApart.ACROSS, "birthday", "would join client:b and client:c, which have different birthdays"),
        (KeptApart.ACROSS, "custom.card", "would join client:b and client:c, which have different card"),
    ],
)
def test_why_a_pair_is_no_link(apart: KeptApart, by: str, said: str) -> None:
    """Told apart by staff, or because of two others whom the link would put together."""
    between = (B, C) if by else None
    found = Evidence(first=A, second=B, shared=(EMAIL,), apart=apart, between=between, between_by=by)
    assert str(found) == f"client:a and client:b: same email ana@example.com: {said}"


# --- points and vetoes -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("T5")
def test_by_default_one_contact_is_enough_and_nothing_else_is_looked_at() -> None:
    """Whatever the names and the birthdays are."""
    by = presets.timely(region="NZ")
    found = judge(face(A, "Ana Kingi", born=SPRING), face(B, "Ben Ngata", born=AUTUMN), by, MOBILE)
    assert (found.score, found.names_alike, found.differing, found.apart) == (1.0, None, (), None)
    assert is_enough(found, by)
    assert not names_count(by)


def test_a_fact_counts_once_however_many_of_its_keys_agree() -> None:
    """A merged record has two emails, and so has the other: one point for emails."""
    found = judge(face(A), face(B), CAREFUL, EMAIL, MatchKey("email", "ana@work.example"))
    assert (found.score, len(found.shared)) == (1.0, 2)


@pytest.mark.parametrize(("alike_from", "points", "differs"), [(0.93, 0.465, ()), (0.94, 0.0, ("name",))])
def test_names_count_from_where_the_policy_says(alike_from: float, points: float, differs: tuple[str, ...]) -> None:
    """As far as they are alike; below, they are a difference."""
    by = policy({"mobile": 1, "name": 0.5}, alike_from=alike_from)
    found = judge(face(A, "Ana"), face(B, "Anna"), by, MOBILE)
    assert dict(found.agreeing).get("name", 0.0) == points
    assert found.differing == differs
    assert found.vetoed_by == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (face(A), face(B)),
        (face(A, "Ana", born=SPRING, card="7"), face(B)),
        (face(A), face(B, "Ben", born=AUTUMN, card="8")),
        (face(A, " ", born=date(1900, 1, 1), card="n/a"), face(B, "Ben", born=AUTUMN, card="8")),
    ],
)
def test_who_says_nothing_contradicts_nobody(one: Face, other: Face) -> None:
    """A veto takes two who have the fact; what stands for nothing is nothing."""
    by = policy({"mobile": 1}, "name", "birthday", "custom.card")
    found = judge(one, other, by, MOBILE)
    assert (found.differing, found.vetoed_by, found.names_alike) == ((), (), None)


def test_an_agreement_without_a_weight_is_said_and_brings_nothing() -> None:
    """Birthdays are a veto only, and are the same."""
    found = judge(face(A, born=SPRING), face(B, born=SPRING), policy({"mobile": 1}, "birthday"), MOBILE)
    assert found.agreeing == (("mobile", 1.0), ("birthday", 0.0))
    assert str(found).endswith("same mobile +64215550142, same birthday")
    assert found.reckoning == "mobile 1.00 = 1.00"


def test_a_custom_field_is_no_contact_of_that_name() -> None:
    """A platform keeps "mobile" as a custom field too: that is not the mobile."""
    assert judge(face(A, mobile="021"), face(B, mobile="021"), CAREFUL).agreeing == ()


def test_a_key_of_a_long_custom_value_is_an_agreement() -> None:
    """The index holds a digest of it; that both have it is said by the key."""
    found = judge(face(A), face(B), policy({"mobile": 1, "custom.card": 1}), MatchKey("custom.card", "#ab12"))
    assert found.agreeing == (("custom.card", 1.0),)


def test_a_key_of_a_birthday_is_an_agreement_and_is_not_shown() -> None:
    """It is the day and two initials, for the index; what is said is that the birthday is the same."""
    found = judge(face(A), face(B), CAREFUL, MatchKey("birthday", "1990-02-03|ak"))
    assert (found.agreeing, found.shared) == ((("birthday", 0.5),), ())


@pytest.mark.parametrize(
    ("weights", "enough", "expected"),
    [
        ({"mobile": 0.7, "email": 0.3}, 1.0, True),
        ({"mobile": 0.1, "email": 0.2, "birthday": 0.7}, 1.0, False),
        ({"mobile": 0.1, "email": 0.2}, 0.3, True),
        ({"mobile": 1, "email": 1, "birthday": 1}, 2.5, False),
        ({"phone": 1, "mobile": 5e-10, "email": 5e-10}, 1e-12, True),
        ({"phone": 1, "mobile": 1 - 1e-9}, 1.0, True),
        ({"phone": 1, "mobile": 1 - 2e-9}, 1.0, False),
    ],
)
def test_how_much_is_enough(weights: dict[str, float], enough: float, expected: bool) -> None:
    """Seven tenths and three are one, whatever binary fractions make of them."""
    by = policy(weights, enough=enough)
    assert is_enough(judge(face(A), face(B), by, MOBILE, EMAIL), by) is expected
    assert not is_enough(judge(face(A), face(B), by), by), "nothing is never enough"


# --- the person, not the record --------------------------------------------------------------------------------------


def row(id: str, first: str | None, last: str | None, **fields: Any) -> ClientRecord:
    """One row of a platform."""
    return ClientRecord(ref=RecordRef.client(id), created_at=NOW, first_name=first, last_name=last, **fields)


def test_a_person_says_what_any_of_their_records_says() -> None:
    """Ana Kingi married: both names, both birthdays (one was a slip), every card (law 4)."""
    found = face_of(
        A,
        [
            row("a", "Ana", "Kingi", birthday=SPRING, custom={"card": "K-1", "hair": "n/a"}),
            row("b", None, None, custom={"card": " k-2"}),
            row("c", "Ana", "Ngata", birthday=AUTUMN, custom={"card": "K-1", "shoes": "38"}),
        ],
    )
    assert (found.ref, found.names) == (A, ("Ana Kingi", "", "Ana Ngata"))
    assert found.birthdays == {SPRING, AUTUMN}
    assert found.custom == {"card": {"k-1", "k-2"}, "shoes": {"38"}}


def test_a_day_that_programs_fill_in_is_nobodys_birthday() -> None:
    """1 January 1900 stands where nothing was typed: it is kept of nobody, beside a birthday or alone."""
    empty = date(1900, 1, 1)
    assert Face(A, birthdays=frozenset({empty, SPRING})).birthdays == {SPRING}
    assert face_of(A, [row("a", "Ana", None, birthday=empty)]).birthdays == frozenset()


def test_what_matches_a_member_matches_the_person() -> None:
    """The best of any two names counts, and a birthday that one of them has is no difference (law 4)."""
    one = Face(A, ("Mere Kingi", "", "Anna Ngata"), frozenset({AUTUMN, SPRING}))
    found = judge(one, face(B, "Ana Ngata", born=SPRING), CAREFUL, MOBILE)
    assert (found.names_alike, found.differing, found.apart) == (0.93, (), None)
    assert names_alike(one, face(B), alike) is None


# --- the comparison of names -----------------------------------------------------------------------------------------


def test_names_are_folded() -> None:
    """Without case, accents and superfluous spaces; nothing is guessed."""
    assert folded_alike(" Žoë  KŌWHAI", "zoe kowhai") == 1.0
    assert folded_alike("Liz", "Beth") == 0.0


def test_a_comparison_is_asked_once_for_two_names_in_one_order() -> None:
    """So it is symmetric whatever it is, and a host's slow one costs what it must."""
    asked: list[tuple[str, str]] = []

    def crooked(first: str, second: str) -> float:
        asked.append((first, second))
        return 0.9 if first < second else 0.1

    held = remembered(crooked)
    assert [held("Ben", "Ana"), held("Ana", "Ben"), held("Ben", "Ana")] == [0.9, 0.9, 0.9]
    assert asked == [("Ana", "Ben")]


@pytest.mark.parametrize("answer", [-0.1, 1.1, float("nan"), True, None, "0.9"])
def test_a_comparison_that_answers_no_likeness_is_an_error_of_the_host(answer: Any) -> None:
    """A number from 0 to 1; anything else would be a score that nobody can explain."""
    with pytest.raises(HostError) as error:
        remembered(lambda _first, _second: answer)("Ana", "Ben")
    assert str(error.value) == (
        f"names_alike answered {answer!r}: how alike two names are is a number from 0 (not at all) to 1 (the same)"
    )


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    """What is compared is folded when it is written and when it is read: it must not matter."""
    assert folded_words(folded_words(text)) == folded_words(text)
    assert folded(folded(text)) == folded(text)


# --- laws ------------------------------------------------------------------------------------------------------------

NAMES = st.lists(st.sampled_from(["", "Ana Kingi", "Anna Kingi", "Ben Ngata", "ana  kingi"]), max_size=3).map(tuple)
DAYS = st.frozensets(st.sampled_from([SPRING, AUTUMN, date(1900, 1, 1)]), max_size=2)
CARDS = st.dictionaries(
    st.sampled_from(["card", "hair"]), st.frozensets(st.sampled_from(["k-1", "K-1 ", "k-2", "none"]), max_size=2)
)
KEYS = st.frozensets(
    st.sampled_from([MOBILE, EMAIL, MatchKey("phone", "+6493001234"), MatchKey("custom.card", "k-1")]), max_size=4
)
FACTS = ["mobile", "phone", "email", "name", "birthday", "custom.card", "custom.hair"]
POLICIES = st.builds(
    lambda weights, vetoes, alike_from: policy(weights | {"mobile": 1.0}, *vetoes, enough=0.5, alike_from=alike_from),
    st.dictionaries(st.sampled_from(FACTS), st.sampled_from([0.1, 0.5, 1.0, 3.0])),
    st.sets(st.sampled_from(FACTS[3:])),
    st.sampled_from([0.5, 0.85, 0.93, 1.0]),
)


def faces(ref: RecordRef) -> st.SearchStrategy[Face]:
    """Anything that a person can say."""
    return st.builds(Face, st.just(ref), NAMES, DAYS, CARDS)


COMPARISONS: st.SearchStrategy[Alike] = st.sampled_from([alike, folded_alike])


@given(faces(A), faces(B), KEYS, POLICIES, COMPARISONS)
def test_a_pair_is_the_same_both_ways_round(one: Face, other: Face, shared: Any, by: Policy, compare: Alike) -> None:
    """Who is named first does not matter."""
    assert judge_pair(one, other, shared, by, compare) == judge_pair(other, one, shared, by, compare)


@given(faces(A), faces(B), KEYS, POLICIES, COMPARISONS)
def test_the_score_that_is_explained_is_the_score_that_is_used(
    one: Face, other: Face, shared: Any, by: Policy, compare: Alike
) -> None:
    """The points add up to it, each at most its weight; a fact agrees or differs, never both; vetoes differ."""
    found = judge_pair(one, other, shared, by, compare)
    agreeing = dict(found.agreeing)

    assert found.score == math.fsum(agreeing.values())
    assert all(points <= by.matching.weights.get(fact, 0.0) for fact, points in agreeing.items())
    assert not agreeing.keys() & set(found.differing)
    assert set(found.vetoed_by) == set(found.differing) & by.matching.vetoes
    assert (found.apart is KeptApart.VETOED) == bool(found.vetoed_by)
    assert f"= {found.score:.2f}" in found.reckoning
    assert str(found).endswith(": vetoed") == bool(found.vetoed_by)


@given(faces(A), faces(B), KEYS, POLICIES, NAMES, DAYS)
def test_a_merged_record_never_speaks_against_the_person(
    one: Face, other: Face, shared: Any, by: Policy, names: tuple[str, ...], days: frozenset[date]
) -> None:
    """Merged with somebody who agrees with the other as much as before, the person agrees at least as much (law 4)."""
    before = judge_pair(one, other, shared, by, alike)
    merged = evolve(one, names=one.names + names, birthdays=one.birthdays | days)
    after = judge_pair(merged, other, shared, by, alike)

    assert {fact for fact, _ in before.agreeing} <= {fact for fact, _ in after.agreeing}
    assert after.score >= before.score
