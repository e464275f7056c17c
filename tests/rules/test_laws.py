"""The checks that hosts run on their own rules: they pass the shipped ones, and catch broken ones with a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from attrs import evolve

from clientportal.outcomes import FieldChoice
from clientportal.policy import Survivorship
from clientportal.rules.surviving import choose_fields
from clientportal.rules.whose_contact import Candidate, newest_booking
from clientportal.testing.laws import LAWS, LawBroken, check_merge_rule, check_survivorship, check_tie_break
from clientportal.values import CLIENT_FIELDS, ClientRecord

Records = Sequence[ClientRecord]


def said(name: str, record: ClientRecord) -> str:
    """What a record says in one field, as text."""
    return str(getattr(record, name) or "")


def speaking(name: str, records: Records) -> list[ClientRecord]:
    """The records that have something to say about a field."""
    return [record for record in records if said(name, record) or name in record.cleared]


def shown(choose: Callable[[str, Records], ClientRecord | None], records: Records) -> Mapping[str, FieldChoice]:
    """A whole-client rule out of a chooser."""
    fields = {}
    for name in CLIENT_FIELDS:
        chosen = choose(name, records)
        value = None if chosen is None else said(name, chosen) or None
        fields[name] = FieldChoice(name, value, None if chosen is None else chosen.ref, "ours")
    return fields


@pytest.mark.parametrize("rule", Survivorship)
def test_the_shipped_rules_keep_every_law(rule: Survivorship) -> None:
    """Most recent, oldest and most complete are lawful merge rules."""
    check_merge_rule(lambda records: choose_fields(records, dict.fromkeys(CLIENT_FIELDS, rule), {}), examples=100)


@pytest.mark.parametrize("rule", Survivorship)
def test_the_shipped_rules_keep_every_law_as_choosers(rule: Survivorship) -> None:
    """Chosen in steps or at once, for any grouping, the same record's value is shown."""

    def choose(name: str, records: Records) -> ClientRecord | None:
        source = choose_fields(records, {name: rule}, {})[name].source
        return next((record for record in records if record.ref == source), None)

    check_survivorship(choose, examples=50)


def test_the_shipped_tie_break_keeps_every_law() -> None:
    """Who most recently made a booking does not depend on the order of the rows (T4)."""
    check_tie_break(newest_booking)


# --- broken ones -----------------------------------------------------------------------------------------------------


def last_given(name: str, records: Records) -> ClientRecord | None:
    """Whichever came last wins: depends on the order."""
    found = speaking(name, records)
    return found[-1] if found else None


def newest_without_tie_break(name: str, records: Records) -> ClientRecord | None:
    """``max`` keeps the first of equals, so two records of one moment depend on the order."""
    return max(speaking(name, records), key=lambda record: record.created_at, default=None)


def most_often_said(name: str, records: Records) -> ClientRecord | None:
    """A vote: depends on which records were merged first."""
    found = speaking(name, records)
    votes = Counter(said(name, record) for record in found)
    return max(found, key=lambda record: (votes[said(name, record)], said(name, record), record.ref), default=None)


def newest_record(name: str, records: Records) -> ClientRecord | None:
    """The newest record, though it never had the field: empty wins over a value."""
    return max(records, key=lambda record: (record.created_at, record.ref))


def ignores_clearing(name: str, records: Records) -> ClientRecord | None:
    """A field that was emptied on purpose comes back from an older record."""
    found = [record for record in records if said(name, record)]
    return max(found, key=lambda record: (record.created_at, said(name, record), record.ref), default=None)


def tidies_up(name: str, records: Records) -> ClientRecord | None:
    """Answers with a record that the host never handed over."""
    found = ignores_clearing(name, records)
    return None if found is None else evolve(found, version="tidied")


def crashes(name: str, records: Records) -> ClientRecord | None:
    """Assumes that there is always a value."""
    return max((record for record in records if said(name, record)), key=lambda record: record.ref)


BROKEN = [
    (last_given, 2),
    (newest_without_tie_break, 2),
    (newest_record, 6),
    (ignores_clearing, 6),
    (tidies_up, 4),
    (crashes, 4),
]


@pytest.mark.parametrize(("choose", "law"), BROKEN)
def test_a_broken_chooser_is_caught(choose: Callable[[str, Records], ClientRecord | None], law: int) -> None:
    """Each of these looks plausible, and breaks the law that is named."""
    with pytest.raises(LawBroken, match=LAWS[law]) as caught:
        check_survivorship(choose)

    assert caught.value.law == law


@pytest.mark.slow
def test_a_vote_depends_on_what_was_merged_first() -> None:
    """Even one that counts each record once answers otherwise where two parts were decided before the whole."""

    def vote(name: str, records: Records) -> ClientRecord | None:
        return most_often_said(name, list({record.ref: record for record in records}.values()))

    with pytest.raises(LawBroken, match=LAWS[3]) as caught:
        check_survivorship(vote, examples=400)

    assert "from what it chose for" in str(caught.value)


def newest_value(name: str, records: Records) -> ClientRecord | None:
    """A lawful one, to break in other ways."""
    found = speaking(name, records)
    return max(found, key=lambda record: (record.created_at, said(name, record), record.ref), default=None)


def invents(records: Records) -> Mapping[str, FieldChoice]:
    """Writes the first name in capitals: a value that no record says."""
    fields = dict(shown(newest_value, records))
    name = fields["first_name"]
    return {**fields, "first_name": evolve(name, value=name.value.upper() if name.value else None)}


def hides_its_source(records: Records) -> Mapping[str, FieldChoice]:
    """Shows values and does not say whose they are."""
    return {name: evolve(choice, source=None) for name, choice in shown(ignores_clearing, records).items()}


def counts_copies(records: Records) -> Mapping[str, FieldChoice]:
    """Shows nothing as soon as it was given more than three records: a retried merge changes it."""
    return shown(lambda name, some: None if len(some) > 3 else newest_value(name, some), records)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "law"),
    [*((partial(shown, choose), law) for choose, law in BROKEN if choose is last_given), (invents, 4),
     (hides_its_source, 4), (counts_copies, 1)],
)  # fmt: skip
def test_a_broken_merge_rule_is_caught(rule: Any, law: int) -> None:
    """The same for rules over a whole client."""
    with pytest.raises(LawBroken, match=LAWS[law]) as caught:
        check_merge_rule(rule)

    assert caught.value.law == law


@pytest.mark.parametrize(
    ("rule", "law"),
    [
        (lambda people: people[0], 2),
        (lambda people: max(people, key=lambda one: one.speaker.created_at), 2),
        (lambda people: Candidate(evolve(people[0].speaker, notes="x"), ()), 4),
    ],
)
def test_a_broken_tie_break_is_caught(rule: Callable[[Sequence[Candidate]], Candidate], law: int) -> None:
    """The first row, a tie that is left open, and somebody who was not asked about."""
    with pytest.raises(LawBroken, match=LAWS[law]):
        check_tie_break(rule)


def test_the_smallest_example_is_told_in_words() -> None:
    """Two records are enough to show that the last one given wins, and the text says everything about them."""
    with pytest.raises(LawBroken) as caught:
        check_survivorship(last_given)

    first, second = (record.ref for record in caught.value.records)
    lines = str(caught.value).splitlines()
    assert lines[0] == "Law 2 is broken: the order of the records does not matter. The smallest example found:"
    assert [line.split(": ")[0].strip() for line in lines[1:3]] == [str(first), str(second)]
    assert all("made 2024-02-29 23:59:59.999999, " in line for line in lines[1:3])
    assert lines[3].endswith(f"the rule chose {second}; in the order {second}, {first} it chose {first}.")


def test_a_rule_that_crashes_is_told_with_its_error() -> None:
    """The host's own exception is part of the sentence."""
    with pytest.raises(LawBroken, match="The rule raised ValueError") as caught:
        check_survivorship(crashes)

    assert len(caught.value.records) == 1
