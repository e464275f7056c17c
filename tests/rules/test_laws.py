"""The shipped rules keep the laws: survivorship, tie breaks, links, comparisons and grouping."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
from attrs import evolve

from clientportal.policy import MatchingPolicy, Survivorship, presets
from clientportal.policy.merging import rules_for
from clientportal.rules.claiming import decide_link
from clientportal.rules.evidence import face_of, folded_alike, judge_pair
from clientportal.rules.surviving import choose_fields
from clientportal.rules.who_is_the_same import Component, SharedKey, group_records
from clientportal.rules.whose_contact import keys_of, newest_booking
from clientportal.similar_names import similar_names
from clientportal.testing.laws import (
    check_grouping,
    check_link_rule,
    check_matching,
    check_merge_rule,
    check_name_comparison,
    check_survivorship,
    check_tie_break,
)
from clientportal.testing.strategies import INSTANTS
from clientportal.values import CLIENT_FIELDS, ClientRecord, ContactKey, ContactKind, MatchKey, RecordRef

Records = Sequence[ClientRecord]

OF_FIELDS = [rule for rule in Survivorship if rule in rules_for("last_name")]


@pytest.mark.parametrize("rule", OF_FIELDS)
def test_the_shipped_rules_keep_every_law(rule: Survivorship) -> None:
    """Whichever rule a policy names for the fields of a client, it is a lawful merge rule."""
    check_merge_rule(lambda records: choose_fields(records, dict.fromkeys(CLIENT_FIELDS, rule), {}), examples=30)


@pytest.mark.parametrize("rule", OF_FIELDS)
def test_the_shipped_rules_keep_every_law_as_choosers(rule: Survivorship) -> None:
    """Chosen in steps or at once, for any grouping, the same record's value is shown."""

    def choose(name: str, records: Records) -> ClientRecord | None:
        source = choose_fields(records, {name: rule}, {})[name].source
        return next((record for record in records if record.ref == source), None)

    check_survivorship(choose, examples=20)


def test_the_shipped_tie_break_keeps_every_law() -> None:
    """Who most recently made a booking does not depend on the order of the rows (T4)."""
    check_tie_break(newest_booking, examples=60)


def test_the_contact_that_was_proved_keeps_every_law() -> None:
    """``verified`` asks when each contact was proved, and falls through where none was."""
    proofs = dict(zip(PROVED, INSTANTS, strict=True))
    rules = dict.fromkeys(("mobile", "phone", "email"), Survivorship.VERIFIED)
    check_merge_rule(lambda records: choose_fields(records, rules, {}, "NZ", proofs=proofs), examples=40)


def test_the_shipped_link_rule_keeps_every_law() -> None:
    """Only what was proved opens records, more proof never opens less, and "not me" is never forgotten (X5, X6)."""
    checked = check_link_rule(decide_link)
    assert all(checked.examples[law] >= 30 for law in (2, 4, 5, 10, 11, 12)), str(checked)


def test_the_shipped_comparisons_of_names_are_measures() -> None:
    """Case, accents and spaces change nothing. The order of words does: a first name weighs more, and it comes first.

    That the same words in another order are the same name is proved where ``similar_names`` is.
    """
    check_name_comparison(folded_alike, any_order=False)
    check_name_comparison(similar_names(), any_order=False)


PROVED = (
    ContactKey(ContactKind.MOBILE, "+64211234567"),
    ContactKey(ContactKind.MOBILE, "+64211234568"),
    ContactKey(ContactKind.EMAIL, "ana@example.com"),
)
WEIGHED = MatchingPolicy(
    weights={"mobile": 1.0, "email": 1.0, "name": 0.5}, vetoes=frozenset({"birthday"}), alike_from=0.9
)


@pytest.mark.parametrize("matching", [MatchingPolicy(), WEIGHED], ids=["exact keys", "weighed"])
def test_the_shipped_evidence_is_a_measure(matching: MatchingPolicy) -> None:
    """Of a pair, as a part of all the points there are: the same both ways, and most for a copy."""
    policy = evolve(presets.timely(region="NZ"), matching=matching)

    def judge(first: ClientRecord, second: ClientRecord) -> float:
        shared = [MatchKey.of(key) for key in keys_of(first, "NZ") & keys_of(second, "NZ")]
        one, other = face_of(first.ref, [first]), face_of(second.ref, [second])
        found = judge_pair(one, other, shared, policy, folded_alike)
        return 0.0 if found.vetoed_by else found.score / sum(policy.matching.weights.values())

    check_matching(judge)


def test_the_shipped_grouping_keeps_every_law() -> None:
    """Closed over, kept apart, whole and in parts (T5)."""
    policy = presets.timely(region="NZ")

    def group(
        links: Sequence[tuple[RecordRef, RecordRef]], dismissed: Collection[frozenset[RecordRef]]
    ) -> list[tuple[RecordRef, ...]]:
        pairs = {frozenset(link) for link in links}
        shared = tuple(
            SharedKey(MatchKey("mobile", f"+642112345{min(pair).id}{max(pair).id}"), tuple(sorted(pair)))
            for pair in pairs
        )
        return [found.refs for found in group_records(Component(shared, {}, dismissed), policy)]

    check_grouping(group)
