"""What a merged client shows: the laws of survivorship, and a reference that is written from the words."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes import Source
from clientportal.policy import Survivorship, presets
from clientportal.records import Merge
from clientportal.rules.surviving import address_of, choices_of, choose_fields, rules_of
from clientportal.testing.strategies import record_groups, survivorships
from clientportal.values import CLIENT_FIELDS, Address, ClientRecord, RecordRef

Records = tuple[ClientRecord, ...]
EARLY, LATE = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
RULES = survivorships()


def client(id: str, made: datetime = EARLY, **more: Any) -> ClientRecord:
    """A record."""
    return ClientRecord(RecordRef.client(id), made, **more)


def merge(id: str, at: datetime = EARLY, **more: Any) -> Merge:
    """A journal entry."""
    return Merge(id=id, survivor="client:a", absorbed="client:b", merged_at=at, actor="mia", **more)


def shown(records: Any, rules: Any, choices: Any = None) -> dict[str, tuple[str | None, RecordRef | None]]:
    """Value and source of each field."""
    fields = choose_fields(records, rules, choices or {})
    return {name: (choice.value, choice.source) for name, choice in fields.items()}


def text(record: ClientRecord, name: str) -> str:
    """What a record says in a field."""
    return str(getattr(record, name) or "")


def by_the_words(name: str, records: Records, rule: Survivorship) -> ClientRecord | None:
    """The rule as it is described, by removing all that lose each comparison."""
    left = [record for record in records if text(record, name) or name in record.cleared]
    if not left:
        return None
    changed = {record.ref: (record.changed_at or {}).get(name, record.created_at) for record in left}
    steps: list[Any] = []
    match rule:
        case Survivorship.MOST_RECENT | Survivorship.VERIFIED:  # nothing is proved here
            steps = [(max, lambda one: changed[one.ref])]
        case Survivorship.OLDEST:
            steps = [(min, lambda one: one.created_at)]
        case Survivorship.MOST_COMPLETE:
            steps = [(max, lambda one: len(text(one, name))), (max, lambda one: changed[one.ref])]
    best = min if rule is Survivorship.OLDEST else max
    for pick, key in [*steps, (best, lambda one: text(one, name)), (best, lambda one: one.ref)]:
        extreme = pick(map(key, left))
        left = [one for one in left if key(one) == extreme]
    (winner,) = left
    return winner


@given(record_groups(), RULES)
def test_the_rules_are_what_their_words_say(records: Records, rules: dict[str, Survivorship]) -> None:
    """Most recent, oldest, most complete, each with its ties, for every field; unnamed, the first."""
    for name, found in shown(records, rules).items():
        winner = by_the_words(name, records, rules.get(name, Survivorship.MOST_RECENT))
        assert found == ((text(winner, name) or None, winner.ref) if winner else (None, None))


@given(record_groups(max_size=4), RULES, st.dictionaries(st.sampled_from(CLIENT_FIELDS), st.integers(0, 3), max_size=2))
def test_the_order_of_the_records_does_not_matter(records: Records, rules: Any, picks: dict[str, int]) -> None:
    """Every permutation gives the same choice, the same source and the same others (laws 2 and 5)."""
    choices = {name: str(records[place % len(records)].ref) for name, place in picks.items()}
    expected = choose_fields(records, rules, choices)

    assert all(choose_fields(order, rules, choices) == expected for order in permutations(records))


@given(record_groups(), RULES)
def test_every_value_names_its_source(records: Records, rules: Any) -> None:
    """What is shown is what the named record says; everything else that was said is among the others (law 4)."""
    by_ref = {record.ref: record for record in records}
    for name, choice in choose_fields(records, rules, {}).items():
        speaking = {record.ref for record in records if text(record, name) or name in record.cleared}
        if choice.source is None:
            assert (choice.value, choice.others, speaking) == (None, (), set())
        else:
            assert choice.value == (text(by_ref[choice.source], name) or None)
            assert {choice.source, *(other.ref for other in choice.others)} == speaking
            assert list(choice.others) == [
                Source(ref, text(by_ref[ref], name)) for ref in sorted(speaking - {choice.source})
            ]
            assert choice.conflict is any(other.value != (choice.value or "") for other in choice.others)


@given(record_groups(min_size=2), RULES)
def test_a_record_that_says_nothing_changes_nothing(records: Records, rules: Any) -> None:
    """One whose fields were never set is neutral (law 6), however new it is."""
    silent = evolve(
        records[0],
        cleared=frozenset(),
        first_name=None,
        last_name="",
        email=None,
        phone=None,
        mobile=None,
        address=None,
    )

    assert shown([silent, *records[1:]], rules) == shown(records[1:], rules)


def test_cleared_is_not_never_set() -> None:
    """An email that was emptied on purpose last year wins over an older one; one that was never set does not."""
    old = client("old", email="ana@example.com")
    cleared = client("new", LATE, cleared=frozenset({"email"}))
    unset = client("new", LATE)

    assert shown([old, cleared], {})["email"] == (None, cleared.ref)
    assert shown([old, unset], {})["email"] == ("ana@example.com", old.ref)
    assert choose_fields([old, cleared], {}, {})["email"].conflict
    assert shown([old, cleared], {"email": Survivorship.MOST_COMPLETE})["email"] == ("ana@example.com", old.ref)
    assert shown([old, cleared], {"email": Survivorship.OLDEST})["email"] == ("ana@example.com", old.ref)


@st.composite
def merge_trees(draw: st.DrawFn) -> tuple[Records, list[Records]]:
    """The same records put together in two different trees of merges, leaf order included."""
    records = draw(record_groups(min_size=2))
    orders = []
    for _ in range(2):
        groups = [[record] for record in draw(st.permutations(records))]
        while len(groups) > 1:
            into, other = draw(st.permutations(range(len(groups))))[:2]
            groups[into] = groups[into] + groups[other]
            del groups[other]
        orders.append(tuple(groups[0]))
    return records, orders


@given(merge_trees(), RULES)
def test_any_tree_of_merges_shows_the_same(trees: tuple[Records, list[Records]], rules: Any) -> None:
    """However the groups were put together (law 3)."""
    records, orders = trees
    assert [shown(order, rules) for order in orders] == [shown(records, rules)] * 2


def test_staff_pick_a_record_for_a_field() -> None:
    """Their pick holds while that record says something about the field, and is named as theirs."""
    a, b, silent = client("a", first_name="Ana"), client("b", LATE, first_name="Annie"), client("c", LATE)

    picked = choose_fields([a, b], {}, {"first_name": "client:a"})["first_name"]
    gone = choose_fields([b, silent], {}, {"first_name": "client:a"})["first_name"]
    said_nothing = choose_fields([a, b, silent], {}, {"first_name": "client:c"})["first_name"]
    cleared = choose_fields([evolve(a, first_name=None, cleared={"first_name"}), b], {}, {"first_name": "client:a"})

    assert (picked.value, picked.rule) == ("Ana", "staff_choice")
    assert (gone.value, gone.rule) == ("Annie", "most_recent")
    assert (said_nothing.value, said_nothing.rule) == ("Annie", "most_recent")
    assert (cleared["first_name"].value, cleared["first_name"].rule) == (None, "staff_choice")


def test_an_address_is_one_records_whole() -> None:
    """Street and postcode of two records are never mixed; where none is chosen there is none."""
    wellington, dunedin = Address("1 High St", "Wellington"), Address(postcode="9016")
    a, b = client("a", address=wellington), client("b", LATE, address=dunedin)

    assert address_of(choose_fields([a, b], {}, {}), [a, b]) == dunedin
    assert address_of(choose_fields([a, b], {"address": Survivorship.OLDEST}, {}), [a, b]) == wellington
    assert address_of(choose_fields([client("c")], {}, {}), [client("c")]) is None
    emptied = client("d", LATE, address=Address(), cleared=frozenset({"address"}))
    assert address_of(choose_fields([a, emptied], {}, {}), [a, emptied]) is None


# --- what a group keeps ----------------------------------------------------------------------------------------------


PICKED = [
    merge("1", EARLY, choices={"email": "client:1", "phone": "client:1"}),
    merge("2", LATE, choices={"email": "client:2"}),
    merge("3", LATE, choices={"email": "client:3"}),
]


@given(st.permutations(PICKED))
def test_of_two_picks_the_later_merges_holds(journal: list[Merge]) -> None:
    """By when it was merged, then by its id; a pick for another field stays."""
    assert choices_of(journal) == {"email": "client:3", "phone": "client:1"}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_group_keeps_the_rules_of_its_latest_merge(backwards: bool) -> None:
    """A policy that changed since does not change what was merged before; nothing merged, today's rules."""
    oldest = dict.fromkeys(CLIENT_FIELDS, "oldest")
    complete = dict.fromkeys(CLIENT_FIELDS, "most_complete")
    journal = [merge("2", EARLY, rules=oldest), merge("1", LATE, rules=oldest), merge("3", LATE, rules=complete)]
    policy = presets.timely(region="NZ")

    assert rules_of(journal[::-1] if backwards else journal, policy) == dict.fromkeys(
        CLIENT_FIELDS, Survivorship.MOST_COMPLETE
    )
    assert rules_of(journal[:2][::-1], policy) == dict.fromkeys(CLIENT_FIELDS, Survivorship.OLDEST)
    assert rules_of([], policy) == policy.merging.survivorship
