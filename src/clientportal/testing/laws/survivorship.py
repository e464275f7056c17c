"""Which value of several records is shown: laws 1 to 6, for a rule over one field and for one over a whole client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, permutations
from typing import cast

from clientportal.errors import InvalidInput
from clientportal.outcomes import FieldChoice
from clientportal.rules.whose_contact import Candidate
from clientportal.testing.laws.searching import SILENT, Breaks, Search, look
from clientportal.testing.laws.statements import Checked
from clientportal.testing.laws.survivor_examples import ANY, APART, TIED, Records
from clientportal.testing.laws.telling import (
    field_words,
    ref_or_none,
    refs_words,
    said,
    speaks,
    tell_records,
    value_words,
)
from clientportal.values import CLIENT_FIELDS, ClientRecord, RecordRef

__all__ = ["Choose", "MergeRule", "TieBreak", "check_merge_rule", "check_survivorship", "check_tie_break"]

MergeRule = Callable[[Sequence[ClientRecord]], Mapping[str, FieldChoice]]
"""All records of one person -> what the person shows, field by field."""

Choose = Callable[[str, Sequence[ClientRecord]], ClientRecord | None]
"""A field and all records of one person -> the record whose value is shown; ``None`` where none has one."""

TieBreak = Callable[[Sequence[Candidate]], Candidate]
"""Several people who have one contact -> the one whose it is."""


def _checked(
    subject: str, order: Breaks[Records], ties: Breaks[Records], source: Breaks[Records],
    others: Mapping[int, Breaks[Records]], examples: int,
) -> Checked:  # fmt: skip
    """Order where nothing ties, ties where everything does, and the rest anyhow: so each mistake has its own law."""
    searches = (
        Search[Records](APART, {4: source, 2: order}, tell_records, tuple),
        Search[Records](TIED, {5: ties}, tell_records, tuple),
        Search[Records](ANY, {4: source, **others}, tell_records, tuple),
    )
    checked = Checked(subject)
    for search in searches:
        checked += look(subject, search, examples)
    return checked


def _orders(records: Records) -> Sequence[Records]:
    return list(permutations(records))[1:]


def _named(rule: object) -> str:
    return getattr(rule, "__name__", None) or type(rule).__name__


# --- one field -------------------------------------------------------------------------------------------------------


def check_survivorship(choose: Choose, *, examples: int = 200, fields: Sequence[str] = CLIENT_FIELDS) -> Checked:
    """Check a rule that chooses, for one field, the record whose value is shown (laws 1 to 6).

    ``fields`` are those that the rule is for, where it is not for all::

        from clientportal.testing.laws import check_survivorship

        def newest(field, records):
            said = [one for one in records if getattr(one, field) or field in one.cleared]
            return max(said, key=lambda one: (one.created_at, str(getattr(one, field)), one.ref), default=None)

        print(check_survivorship(newest, fields=["last_name"], examples=20))
    """

    for name in fields:
        if name not in CLIENT_FIELDS:
            raise InvalidInput(
                f"check_survivorship draws no records with {name!r}; there are {', '.join(CLIENT_FIELDS)}. A rule for "
                "another field is checked on one of these, where it takes the field's name as it is given"
            )

    def each(breaks: Callable[[str, Records], str | None]) -> Breaks[Records]:
        def first_broken(records: Records) -> str | None:
            answers = [breaks(name, records) for name in fields]
            return next(filter(None, answers), None if None in answers else SILENT)

        return first_broken

    def told(name: str, one: ClientRecord | None, how: str, other: ClientRecord | None) -> str | None:
        if (one and one.ref) == (other and other.ref):
            return None
        return f"For {field_words(name)} the rule chose {ref_or_none(one)}; {how} it chose {ref_or_none(other)}."

    def member(name: str, records: Records) -> str | None:
        chosen = choose(name, records)
        if not isinstance(cast("object", chosen), ClientRecord | None):
            return (
                f"For {field_words(name)} the rule answered with {type(chosen).__name__}; it answers with one of the "
                "records that it is given, or None."
            )
        if chosen is not None and chosen not in records:
            return f"For {field_words(name)} the rule chose {ref_or_none(chosen)}, which is none of these."
        return None

    def order(name: str, records: Records) -> str | None:
        if sum(speaks(record, name) for record in records) < 2:
            return SILENT
        first = choose(name, records)
        answers = ((other, choose(name, other)) for other in _orders(records))
        found = (told(name, first, f"in the order {refs_words(other)}", again) for other, again in answers)
        return next(filter(None, found), None)

    def twice(name: str, records: Records) -> str | None:
        again = choose(name, [*records, records[0]])
        return told(name, choose(name, records), "with the first record given twice", again)

    def steps(name: str, records: Records) -> str | None:
        if len(records) < 2:
            return SILENT
        whole = choose(name, records)
        for part, rest in _parts(records):
            kept = [record for record in (choose(name, part), choose(name, rest)) if record is not None]
            stepwise = choose(name, kept) if kept else None
            how = f"from what it chose for {refs_words(part)} and for {refs_words(rest)}"
            if text := told(name, whole, how, stepwise):
                return text
        return None

    def neutral(name: str, records: Records) -> str | None:
        speaking = [record for record in records if speaks(record, name)]
        if not speaking:
            mute = choose(name, records)
            return None if mute is None else f"For {field_words(name)} the rule chose {mute.ref}, which never had one."
        heard = choose(name, speaking)
        if heard is None:
            one = speaking[0]
            says = "emptied it on purpose" if name in one.cleared and not said(one, name) else "says something"
            return f"For {field_words(name)} the rule chose none, though {one.ref} {says}."
        return told(name, choose(name, records), "from those that say something", heard)

    others = {1: each(twice), 6: each(neutral), 3: each(steps)}
    return _checked(_named(choose), each(order), each(order), each(member), others, examples)


def _from_parts(choice: FieldChoice, by_ref: Mapping[RecordRef, ClientRecord]) -> bool:
    """Whether a value that was put together (``union``) says of each part which records have it, and they do."""
    return bool(choice.parts) and all(
        part.sources
        and all(ref in by_ref and part.value in (said(by_ref[ref], choice.field) or "") for ref in part.sources)
        for part in choice.parts
    )


def _parts(records: Records) -> list[tuple[Records, Records]]:
    """Every way to merge in two steps: which records were one client already, and which another."""
    refs = range(len(records))
    chosen = [set(part) for size in range(1, len(records)) for part in combinations(refs, size)]
    return [([records[n] for n in part], [records[n] for n in refs if n not in part]) for part in chosen]


# --- a whole client --------------------------------------------------------------------------------------------------


def check_merge_rule(rule: MergeRule, *, examples: int = 200) -> Checked:
    """Check a rule that decides all fields of a merged client from all its records (laws 1 to 6).

    Law 3 is asked field by field: deciding between the records that two parts have chosen is deciding between all::

        from clientportal.rules.surviving import choose_fields
        from clientportal.testing.laws import check_merge_rule

        print(check_merge_rule(lambda records: choose_fields(records, {}, {}), examples=20))
    """

    def shown(records: Records) -> dict[str, tuple[str | None, RecordRef | None]]:
        fields = rule(records)
        return {name: (fields[name].value, fields[name].source) for name in CLIENT_FIELDS}

    def differs(before: Records, after: Records, how: str) -> str | None:
        one, other = shown(before), shown(after)
        for name in CLIENT_FIELDS:
            if one[name] != other[name]:
                return f"{field_words(name)} is {value_words(*one[name])}; {how} it is {value_words(*other[name])}."
        return None

    def order(records: Records) -> str | None:
        found = (differs(records, other, f"in the order {refs_words(other)}") for other in _orders(records))
        return next(filter(None, found), None)

    def twice(records: Records) -> str | None:
        return differs(records, [*records, records[0]], "with the first record given twice")

    def source(records: Records) -> str | None:
        by_ref = {record.ref: record for record in records}
        for name, (value, ref) in shown(records).items():
            if value is not None and ref is None:
                if _from_parts(rule(records)[name], by_ref):
                    continue
                return f"{field_words(name)} is {value!r} and names no record."
            if ref is not None and (ref not in by_ref or said(by_ref[ref], name) != value):
                return f"{field_words(name)} is {value_words(value, ref)}, which that record does not say."
        return None

    def neutral(records: Records) -> str | None:
        with_all = shown(records)
        for name, (_, ref) in with_all.items():
            ignored = next((record for record in records if speaks(record, name)), None)
            if ref is None and ignored is not None:
                return f"{field_words(name)} comes from none of them, though {ignored.ref} says something."
        for mute in records:
            others = [record for record in records if record is not mute]
            without_it = shown(others) if others else dict.fromkeys(with_all, (None, None))
            for name in list[str](CLIENT_FIELDS):
                if not speaks(mute, name) and with_all[name] != without_it[name]:
                    return (
                        f"{field_words(name)} is {value_words(*with_all[name])}; without {mute.ref}, which never had "
                        f"one, it is {value_words(*without_it[name])}."
                    )
        return None

    def trees(records: Records) -> str | None:
        if len(records) < 2:
            return SILENT
        by_ref = {record.ref: record for record in records}
        whole = shown(records)
        for part, rest in _parts(records):
            one, other = shown(part), shown(rest)
            for name in CLIENT_FIELDS:
                kept = [by_ref[ref] for ref in (one[name][1], other[name][1]) if ref is not None]
                stepwise = shown(kept)[name] if kept else (None, None)
                if stepwise != whole[name]:
                    return (
                        f"{field_words(name)} is {value_words(*whole[name])}; from what was chosen for "
                        f"{refs_words(part)} and for {refs_words(rest)} it is {value_words(*stepwise)}."
                    )
        return None

    return _checked(_named(rule), order, order, source, {1: twice, 6: neutral, 3: trees}, examples)


# --- people ----------------------------------------------------------------------------------------------------------


def check_tie_break(rule: TieBreak, *, examples: int = 200) -> Checked:
    """Check a rule that says whose a contact is of several people's (laws 2, 4 and 5). Each person is one record here.

    ::

        from clientportal.rules.whose_contact import newest_booking
        from clientportal.testing.laws import check_tie_break

        print(check_tie_break(newest_booking, examples=20))
    """

    def people(records: Records) -> list[Candidate]:
        return [Candidate(record, (record,)) for record in records]

    def member(records: Records) -> str | None:
        chosen = rule(people(records))
        return None if chosen.speaker in records else f"The rule chose {chosen.ref}, which is none of these."

    def order(records: Records) -> str | None:
        first = rule(people(records)).ref
        for other in _orders(records):
            if (again := rule(people(other)).ref) != first:
                return f"The rule chose {first}; in the order {refs_words(other)} it chose {again}."
        return None

    return _checked(_named(rule), order, order, member, {}, examples)
