"""The laws of merging, for a host's own rules: each check looks for the smallest example that breaks one.

A host that replaces a rule calls the check in a test of its own::

    from clientportal.testing.laws import check_survivorship

    def test_our_rule() -> None:
        check_survivorship(our_rule)

Nothing is returned. A rule that breaks a law makes the check raise :class:`LawBroken`, whose text names the law, tells
the example record by record, and what the rule answered. The numbers of the laws are those of the documentation; the
same seed is used every time, so that a failure stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from random import Random
from typing import TypeVar

from hypothesis import find, settings
from hypothesis.errors import NoSuchExample

from clientportal.outcomes import FieldChoice
from clientportal.rules.whose_contact import Candidate
from clientportal.testing.strategies import record_groups
from clientportal.values import CLIENT_FIELDS, ClientRecord, RecordRef

__all__ = [
    "LAWS",
    "Choose",
    "LawBroken",
    "MergeRule",
    "TieBreak",
    "check_merge_rule",
    "check_survivorship",
    "check_tie_break",
]

T = TypeVar("T")

MergeRule = Callable[[Sequence[ClientRecord]], Mapping[str, FieldChoice]]
"""All records of one person -> what the person shows, field by field."""

Choose = Callable[[str, Sequence[ClientRecord]], ClientRecord | None]
"""A field and all records of one person -> the record whose value is shown; ``None`` where none has one."""

TieBreak = Callable[[Sequence[Candidate]], Candidate]
"""Several people who have one contact -> the one whose it is."""

_Breaks = Callable[[Sequence[ClientRecord]], str | None]
# Records -> in words, how the rule breaks a law on them; None where it keeps it.

LAWS: Mapping[int, str] = {
    1: "merging what is merged already changes nothing",
    2: "the order of the records does not matter",
    3: "it does not matter which records were merged first",
    4: "every value comes from one of the records, and is what that record says",
    6: "a record whose field was never set has no say in it, and one whose field was cleared on purpose has",
}
"""Number -> the law in words. Law 5 (ties are broken totally) is what law 2 means for records that tie."""


class LawBroken(AssertionError):
    """A rule breaks a law of merging. ``law`` is its number in :data:`LAWS`; ``records`` the smallest example found."""

    def __init__(self, law: int, records: Sequence[ClientRecord], found: str) -> None:
        lines = [f"Law {law} is broken: {LAWS[law]}. The smallest example found:"]
        lines.extend(f"  {_told(record)}" for record in records)
        super().__init__("\n".join([*lines, found]))
        self.law = law
        self.records = tuple(records)


def check_merge_rule(rule: MergeRule, *, examples: int = 200) -> None:
    """Check a rule that decides all fields of a merged client from all its records (laws 1, 2, 4 and 6)."""

    def shown(records: Sequence[ClientRecord]) -> dict[str, tuple[str | None, RecordRef | None]]:
        fields = rule(records)
        return {name: (fields[name].value, fields[name].source) for name in CLIENT_FIELDS}

    def differs(before: Sequence[ClientRecord], after: Sequence[ClientRecord], how: str) -> str | None:
        one, other = shown(before), shown(after)
        for name in CLIENT_FIELDS:
            if one[name] != other[name]:
                return f"{_field(name)} is {_value(*one[name])}; {how} it is {_value(*other[name])}."
        return None

    def twice(records: Sequence[ClientRecord]) -> str | None:
        return differs(records, [*records, records[0]], "with the first record given twice")

    def order(records: Sequence[ClientRecord]) -> str | None:
        found = (differs(records, other, f"in the order {_refs(other)}") for other in _orders(records))
        return next((text for text in found if text), None)

    def source(records: Sequence[ClientRecord]) -> str | None:
        by_ref = {record.ref: record for record in records}
        for name, (value, ref) in shown(records).items():
            if value is not None and ref is None:
                return f"{_field(name)} is {value!r} and names no record."
            if ref is not None and (ref not in by_ref or _said(by_ref[ref], name) != value):
                return f"{_field(name)} is {_value(value, ref)}, which that record does not say."
        return None

    def neutral(records: Sequence[ClientRecord]) -> str | None:
        for name, (_, ref) in shown(records).items():
            ignored = next((record for record in records if _speaks(record, name)), None)
            if ref is None and ignored is not None:
                return f"{_field(name)} comes from none of them, though {ignored.ref} says something."
        for silent in records:
            for name in (name for name in CLIENT_FIELDS if not _speaks(silent, name)):
                others = [record for record in records if record is not silent]
                with_it, without = shown(records)[name], shown(others)[name] if others else (None, None)
                if with_it != without:
                    return (
                        f"{_field(name)} is {_value(*with_it)}; without {silent.ref}, which never had one, it is "
                        f"{_value(*without)}."
                    )
        return None

    _look({4: source, 2: order, 1: twice, 6: neutral}, examples)


def check_survivorship(choose: Choose, *, examples: int = 200) -> None:
    """Check a rule that chooses, for one field, the record whose value is shown (laws 1, 2, 3, 4 and 6)."""

    def each(breaks: Callable[[str, Sequence[ClientRecord]], str | None]) -> _Breaks:
        return lambda records: next((text for name in CLIENT_FIELDS if (text := breaks(name, records))), None)

    def told(name: str, one: ClientRecord | None, how: str, other: ClientRecord | None) -> str | None:
        if (one and one.ref) == (other and other.ref):
            return None
        return f"For {_field(name)} the rule chose {_ref(one)}; {how} it chose {_ref(other)}."

    def member(name: str, records: Sequence[ClientRecord]) -> str | None:
        chosen = choose(name, records)
        if chosen is not None and chosen not in records:
            return f"For {_field(name)} the rule chose {_ref(chosen)}, which is none of these."
        return None

    def order(name: str, records: Sequence[ClientRecord]) -> str | None:
        first = choose(name, records)
        found = (told(name, first, f"in the order {_refs(other)}", choose(name, other)) for other in _orders(records))
        return next((text for text in found if text), None)

    def twice(name: str, records: Sequence[ClientRecord]) -> str | None:
        again = choose(name, [*records, records[0]])
        return told(name, choose(name, records), "with the first record given twice", again)

    def steps(name: str, records: Sequence[ClientRecord]) -> str | None:
        whole = choose(name, records)
        for cut in range(1, len(records)):
            parts = (choose(name, records[:cut]), choose(name, records[cut:]))
            kept = [record for record in parts if record is not None]
            stepwise = choose(name, kept) if kept else None
            how = f"from what it chose for {_refs(records[:cut])} and for {_refs(records[cut:])}"
            if text := told(name, whole, how, stepwise):
                return text
        return None

    def neutral(name: str, records: Sequence[ClientRecord]) -> str | None:
        speaking = [record for record in records if _speaks(record, name)]
        if not speaking:
            silent = choose(name, records)
            return None if silent is None else f"For {_field(name)} the rule chose {_ref(silent)}, which never had one."
        return told(name, choose(name, records), "from those that say something", choose(name, speaking)) or (
            None if choose(name, speaking) else f"For {_field(name)} the rule chose none, though there are some."
        )

    _look({4: each(member), 2: each(order), 1: each(twice), 6: each(neutral), 3: each(steps)}, examples)


def check_tie_break(rule: TieBreak, *, examples: int = 200) -> None:
    """Check a rule that says whose a contact is of several people's (laws 2 and 4). Each person is one record here."""

    def people(records: Sequence[ClientRecord]) -> list[Candidate]:
        return [Candidate(record, (record,)) for record in records]

    def member(records: Sequence[ClientRecord]) -> str | None:
        chosen = rule(people(records))
        return None if chosen.speaker in records else f"The rule chose {chosen.ref}, which is none of these."

    def order(records: Sequence[ClientRecord]) -> str | None:
        first = rule(people(records)).ref
        for other in _orders(records):
            if (again := rule(people(other)).ref) != first:
                return f"The rule chose {first}; in the order {_refs(other)} it chose {again}."
        return None

    _look({4: member, 2: order}, examples)


# --- looking, and telling --------------------------------------------------------------------------------------------


_GROUPS = record_groups(max_size=3)


def _look(laws: Mapping[int, _Breaks], examples: int) -> None:
    """One search for all laws, in the order given. The first that is found broken is the one that is made small."""
    broken: int | None = None

    def text(law: int, records: Sequence[ClientRecord]) -> str | None:
        try:
            return laws[law](records)
        except Exception as error:
            return f"The rule raised {type(error).__name__}: {error}"

    def breaks_one(records: Sequence[ClientRecord]) -> bool:
        nonlocal broken
        if broken is None:
            broken = next((law for law in laws if text(law, records)), None)
            return broken is not None
        return text(broken, records) is not None

    search = settings(max_examples=examples, database=None, deadline=None)
    try:
        smallest = find(_GROUPS, breaks_one, settings=search, random=Random(1))  # noqa: S311
    except NoSuchExample:
        return
    assert broken is not None
    raise LawBroken(broken, smallest, text(broken, smallest) or _BY_CHANCE)


_BY_CHANCE = "Asked again, the rule answered differently: it depends on more than the records."


def _orders(records: Sequence[T]) -> list[tuple[T, ...]]:
    return list(permutations(records))[1:]


def _said(record: ClientRecord, name: str) -> str | None:
    value = getattr(record, name)
    return None if value is None else str(value) or None


def _speaks(record: ClientRecord, name: str) -> bool:
    return _said(record, name) is not None or name in record.cleared


def _field(name: str) -> str:
    return "the " + name.replace("_", " ")


def _value(value: object, ref: object) -> str:
    if ref is None:
        return "empty"
    return f"{'cleared' if value is None else repr(value)} (from {ref})"


def _ref(record: ClientRecord | None) -> str:
    return "none" if record is None else str(record.ref)


def _refs(records: Sequence[ClientRecord]) -> str:
    return ", ".join(str(record.ref) for record in records)


def _told(record: ClientRecord) -> str:
    """One record in words: when it was made, what it says, and when that was changed."""
    parts = [f"made {record.created_at:%Y-%m-%d %H:%M:%S.%f}"]
    if record.last_booked_at is not None:
        parts.append(f"last booked {record.last_booked_at:%Y-%m-%d %H:%M:%S.%f}")
    changed = record.changed_at or {}
    for name in CLIENT_FIELDS:
        said, when = _said(record, name), changed.get(name)
        if _speaks(record, name):
            suffix = f" (changed {when:%Y-%m-%d %H:%M:%S.%f})" if when else ""
            parts.append(f"{name.replace('_', ' ')} {'cleared' if said is None else repr(said)}{suffix}")
    return f"{record.ref}: {', '.join(parts)}"
