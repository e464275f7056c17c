"""Whom a row of a file means, as laws over few people and many rows."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes import ImportedRow, RowOutcome, RowReason
from clientportal.records import ClientNumber, ContactEntry, ImportedClient, NumberCounter, Put
from clientportal.rules.importing import (
    KEPT,
    Arrived,
    Judged,
    Known,
    Made,
    Person,
    Row,
    asked_for,
    folded_name,
    judge_rows,
    record_made,
    told,
)
from clientportal.values import AnswerKind, ClientDraft, ContactKey, ContactKind, HostAnswer, RecordRef

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MERGING = frozenset({ContactKind.MOBILE, ContactKind.EMAIL})
MOBILE = ContactKey(ContactKind.MOBILE, "+64211234567")
OTHER = ContactKey(ContactKind.MOBILE, "+64217654321")
LANDLINE = ContactKey(ContactKind.PHONE, "+6493001234")
EMAIL = ContactKey(ContactKind.EMAIL, "ana@example.com")


def row(line: int, name: str = "Ana", *keys: ContactKey, number: int | None = None, digest: str = "") -> Row:
    """One row; equal rows have equal digests."""
    text = digest or f"{name}|{sorted(map(str, keys))}|{number}"
    return Row(line, text, ClientDraft(first_name=name or None), frozenset(keys), number)


def person(id: str, name: str, *keys: ContactKey) -> Person:
    """Somebody whom we have."""
    return Person(RecordRef.client(id), frozenset({name.casefold()}), frozenset(keys))


def known(*people: Person, **more: object) -> Known:
    """What is read when these people are there."""
    by_key = {key: [one for one in people if key in one.keys] for one in people for key in one.keys}
    return Known(by_key=by_key, **more)  # type: ignore[arg-type]


def judge(rows: list[Row], seen: Known | None = None, arrived: Arrived | None = None) -> Judged:
    """The rule, with the usual keys."""
    return judge_rows(rows, seen or Known(), MERGING, arrived or Arrived())


def words(judged: Judged) -> list[tuple[str, str | None]]:
    """Outcome and reason of every line."""
    return [(line.outcome.value, line.reason and line.reason.value) for line in judged.lines]


def test_a_name_is_compared_without_case_accents_and_spaces() -> None:
    """ "  NGĀTA " and "Ngata" are one name; first and last name are one text."""
    assert folded_name(ClientDraft(first_name=" Āna ", last_name="van  DYK")) == "ana van dyk"
    assert folded_name(ClientDraft(first_name="Ana van", last_name="Dyk")) == "ana van dyk"
    assert folded_name(ClientDraft()) == ""


def test_a_row_with_a_problem_is_refused_with_it() -> None:
    """It neither matches nor adds."""
    judged = judge([Row(2, "d", None, problem="the column 'mobile': letters")])
    assert judged.lines == (
        ImportedRow(2, RowOutcome.REFUSED, None, RowReason.UNREADABLE, "the column 'mobile': letters"),
    )
    assert judged.added == ()


@pytest.mark.parametrize(
    ("keys", "people", "expected"),
    [
        ((MOBILE,), [person("a", "ana", MOBILE)], ("matched", "same_contact")),
        ((MOBILE, EMAIL), [person("a", "ana", MOBILE, EMAIL)], ("matched", "same_contact")),
        ((MOBILE,), [person("a", "mere", MOBILE)], ("added", "shared_contact")),
        ((LANDLINE,), [person("a", "ana", LANDLINE)], ("added", "shared_contact")),
        ((LANDLINE, EMAIL), [person("a", "ana", LANDLINE, EMAIL)], ("matched", "same_contact")),
        ((LANDLINE, EMAIL), [person("a", "ana", LANDLINE, MOBILE)], ("added", "shared_contact")),
        ((MOBILE,), [person("a", "ana", MOBILE), person("b", "ana", MOBILE)], ("refused", "ambiguous")),
        ((MOBILE, EMAIL), [person("a", "ana", MOBILE), person("b", "ana", EMAIL)], ("refused", "ambiguous")),
        ((MOBILE,), [person("a", "ana", MOBILE), person("b", "mere", MOBILE)], ("matched", "same_contact")),
        ((MOBILE,), [person("a", "ana", OTHER)], ("added", None)),
        ((), [person("a", "ana", MOBILE)], ("added", None)),
    ],
)
def test_name_and_contact_together_make_a_match(
    keys: tuple[ContactKey, ...], people: list[Person], expected: tuple[str, str | None]
) -> None:
    """One who has both is the client; a landline alone joins nobody; several are refused; a contact alone is a note."""
    assert words(judge([row(2, "Ana", *keys)], known(*people))) == [expected]


def test_a_number_of_ours_goes_before_everything_else() -> None:
    """Where the name or any contact agrees it is that client; else it is refused; one never given says nothing."""
    seen = known(
        person("b", "ana", MOBILE),
        by_number={7: person("a", "ana kingi", LANDLINE), 8: None},
    )
    rows = [
        row(2, "Ana Kingi", number=7),
        row(3, "Anahera", LANDLINE, number=7),
        row(4, "Ana", MOBILE, number=7),
        row(5, "Ana Kingi", number=8),
        row(6, "Ana", MOBILE, number=9),
    ]
    assert words(judge(rows, seen)) == [
        ("matched", "same_number"),
        ("matched", "same_number"),
        ("refused", "number_of_another"),
        ("refused", "number_of_another"),
        ("matched", "same_contact"),
    ]


def test_a_number_names_its_client_and_what_to_do_about_it() -> None:
    """On the line that stands in the file: whoever puts it right need not search."""
    seen = known(by_number={7: person("a", "ana kingi", LANDLINE), 8: None})
    rows = [row(2, "Ana Kingi", number=7), row(3, "Ben", number=7), row(4, "Ana Kingi", number=8)]
    assert judge(rows, seen).lines == (
        ImportedRow(2, RowOutcome.MATCHED, RecordRef.client("a"), RowReason.SAME_NUMBER),
        ImportedRow(
            3,
            RowOutcome.REFUSED,
            None,
            RowReason.NUMBER_OF_ANOTHER,
            "number 7 is client:a, who shares neither name nor contact with this row",
        ),
        ImportedRow(
            4,
            RowOutcome.REFUSED,
            None,
            RowReason.NUMBER_OF_ANOTHER,
            "the client of number 8 was deleted or erased; take the number out to add somebody else",
        ),
    )


def test_whom_a_row_may_be_is_named() -> None:
    """Those whom we have and those further up in the file, so that staff know whom to merge, or to whom to add it."""
    two = known(person("b", "ana", MOBILE), person("a", "ana", EMAIL))
    rows = [row(2, "Ben", MOBILE), row(3, "Ana", MOBILE, EMAIL), row(4, "Zoë", EMAIL), row(5, "Zoë", MOBILE)]
    lines = judge(rows, two).lines
    assert [one.line for one in lines] == [2, 3, 4, 5]
    assert [one.text for one in lines] == [
        "client:b: same contact, another name",
        "client:a, client:b: it could be any of them; merge them first",
        "client:a: same contact, another name",
        "client:b, one in a row above: same contact, another name",
    ]
    again = judge([row(2, "Ana", OTHER), row(3, "Ana", EMAIL), row(4, "Ana", OTHER, EMAIL)], known())
    assert again.lines[2] == ImportedRow(
        4,
        RowOutcome.REFUSED,
        None,
        RowReason.AMBIGUOUS,
        "one in a row above, one in a row above: it could be any of them; merge them first",
    )


def test_a_client_who_is_met_again_is_named_on_the_line_of_the_file() -> None:
    """By contact or by an earlier run; a row like one above waits for whom that one becomes."""
    before = ImportedClient(id="d", ref="client:a", line=2, at=NOW, forget_at=NOW + KEPT)
    seen = known(person("b", "ana", MOBILE), added={"d": before})
    rows = [row(2, digest="d"), row(3, digest="d"), row(4, "Ana", MOBILE), row(5, "Mere"), row(6, "Mere")]
    a, b = RecordRef.client("a"), RecordRef.client("b")
    assert judge(rows, seen).lines == (
        ImportedRow(2, RowOutcome.ADDED, a, RowReason.ADDED_BEFORE),
        ImportedRow(3, RowOutcome.MATCHED, a, RowReason.SAME_ROW),
        ImportedRow(4, RowOutcome.MATCHED, b, RowReason.SAME_CONTACT),
        ImportedRow(5, RowOutcome.ADDED),
        ImportedRow(6, RowOutcome.MATCHED, None, RowReason.SAME_ROW, "the same client as in a row above"),
    )


def test_a_row_that_was_added_before_is_that_client() -> None:
    """On its own line it was added, as a run without a crash would say; on another it is here already."""
    before = ImportedClient(id="d", ref="client:a", line=2, at=NOW, forget_at=NOW + KEPT)
    rows = [row(2, digest="d"), row(9, digest="d")]
    judged = judge(rows, Known(added={"d": before}))
    assert words(judged) == [("added", "added_before"), ("matched", "same_row")]
    assert {line.ref for line in judged.lines} == {RecordRef.client("a")}
    assert judged.added == ()


def test_rows_of_a_file_are_found_by_those_that_follow() -> None:
    """Letter by letter, by name and contact, and not by the contact alone; two of them make a third ambiguous."""
    rows = [
        row(2, "Ben"),
        row(3, "Ben"),
        row(4, "Ana", MOBILE),
        row(5, "ANA", MOBILE),
        row(6, "Mere", MOBILE),
        row(7, "Ana", EMAIL),
        row(8, "Ana", MOBILE, EMAIL),
    ]
    judged = judge(rows)
    assert words(judged) == [
        ("added", None),
        ("matched", "same_row"),
        ("added", None),
        ("matched", "same_contact"),
        ("added", "shared_contact"),
        ("added", None),
        ("refused", "ambiguous"),
    ]
    assert judged.follows == {1: 0, 3: 1}


def test_a_dry_run_remembers_the_batches_before() -> None:
    """What an earlier batch would add is found, and has no ref to be followed."""
    arrived = Arrived()
    judge([row(2, "Ana", MOBILE), row(3, "Ben")], arrived=arrived)
    later = judge([row(4, "ana", MOBILE), row(5, "Ben"), row(6, "Zoë"), row(7, "Zoë")], arrived=arrived)
    assert words(later) == [
        ("matched", "same_contact"),
        ("matched", "same_row"),
        ("added", None),
        ("matched", "same_row"),
    ]
    assert later.follows == {3: 0}


def test_a_placeholder_joins_nobody() -> None:
    """Flagged contacts (X4) make neither a match nor a note, with people and with rows."""
    seen = known(person("a", "ana", EMAIL), nobodys=frozenset({EMAIL}))
    assert words(judge([row(2, "Ana", EMAIL), row(3, "ANA", EMAIL)], seen)) == [("added", None), ("added", None)]


KEYS = st.sampled_from([(), (MOBILE,), (OTHER,), (EMAIL,), (LANDLINE,)])
ROWS = st.lists(st.tuples(st.sampled_from(["Ana", "ana", "Mere", ""]), KEYS), max_size=5)
PEOPLE = st.lists(st.tuples(st.sampled_from(["ana", "mere", ""]), KEYS), max_size=3)


def _people(drawn: list[tuple[str, tuple[ContactKey, ...]]]) -> Known:
    return known(*(person(f"p{n}", name, *keys) for n, (name, keys) in enumerate(drawn)))


@given(ROWS, PEOPLE)
def test_the_order_of_a_file_does_not_change_how_many_are_added(
    drawn: list[tuple[str, tuple[ContactKey, ...]]], people: list[tuple[str, tuple[ContactKey, ...]]]
) -> None:
    """Of rows with one contact each. (With several, a row between two others joins them only where it comes first.)"""
    rows = [row(n, name, *keys) for n, (name, keys) in enumerate(drawn, start=2)]
    counts = {len(judge(list(order), _people(people)).added) for order in permutations(rows)}
    assert len(counts) == 1


@given(ROWS, PEOPLE)
def test_a_file_read_twice_adds_nothing_more(
    drawn: list[tuple[str, tuple[ContactKey, ...]]], people: list[tuple[str, tuple[ContactKey, ...]]]
) -> None:
    """Once its rows are clients, the same rows, in any order, add nobody, and name whom they named."""
    rows = [row(n, name, *keys) for n, (name, keys) in enumerate(drawn, start=2)]
    first = judge(rows, _people(people))
    refs = [RecordRef.client(f"new{n}") for n, _ in enumerate(first.added)]
    lines = told(first, [HostAnswer(ref=ref) for ref in refs])
    added = {
        one.row.digest: ImportedClient(id=one.row.digest, ref=str(ref), line=one.row.line, at=NOW, forget_at=NOW)
        for one, ref in zip(first.added, refs, strict=True)
    }
    new = [
        Person(ref, frozenset({folded_name(one.draft)}), one.row.keys)
        for one, ref in zip(first.added, refs, strict=True)
    ]
    old = [person(f"p{n}", name, *keys) for n, (name, keys) in enumerate(people)]
    again = judge(rows, known(*old, *new, added=added))
    assert again.added == ()
    assert [line.ref for line in again.lines] == [line.ref for line in lines]


def test_what_the_platform_answered_is_told() -> None:
    """Who was added has a ref, and so have the rows that are the same client; who was declined is refused, and so are
    they."""
    judged = judge([row(2, "Ana"), row(3, "Ben"), row(4, "Ana"), row(5, "Ben"), row(6, "Zoë")])
    ana = RecordRef.client("a")
    answers = [HostAnswer(ref=ana), HostAnswer(AnswerKind.DECLINED, note="full"), HostAnswer(AnswerKind.DECLINED)]
    lines = told(judged, answers)
    assert [(one.line, one.outcome.value, one.ref, one.text) for one in lines] == [
        (2, "added", ana, ""),
        (3, "refused", None, "full"),
        (4, "matched", ana, "the same client as in a row above"),
        (5, "refused", None, "full"),
        (6, "refused", None, "declined"),
    ]


def test_only_a_record_that_was_made_is_a_client() -> None:
    """A platform that declines and names somebody all the same has added nobody; the line says who declined."""
    judged = judge([row(2, "Ana")])
    ana = RecordRef.client("a")
    for answer in (HostAnswer(AnswerKind.DECLINED, ref=ana, note="full"), HostAnswer(note="full")):
        assert told(judged, [answer]) == (ImportedRow(2, RowOutcome.REFUSED, None, RowReason.DECLINED, "full"),)


def test_what_is_kept_of_a_new_client() -> None:
    """Contacts, the row, the number; what is there already is not written twice."""
    ana, ben = RecordRef.client("a"), RecordRef.client("b")
    begun = ImportedClient(id="y", version=1, line=3, at=NOW, forget_at=NOW + KEPT)
    entry = ContactEntry.of(ben, EMAIL)
    first = row(2, "Ana", MOBILE, digest="x")
    second = row(3, "Ben", EMAIL, OTHER, digest="y")
    writes = record_made(
        [Made(first, ana), Made(second, ben, begun, frozenset({entry.id}), numbered=True)],
        NumberCounter(id="clients", version=3, next=5),
        NOW,
    )
    assert writes == (
        Put(ContactEntry.of(ana, MOBILE)),
        Put(ImportedClient(id="x", ref="client:a", line=2, at=NOW, forget_at=NOW + KEPT)),
        Put(ContactEntry.of(ben, OTHER)),
        Put(ImportedClient(id="y", version=1, ref="client:b", line=3, at=NOW, forget_at=NOW + KEPT)),
        Put(ClientNumber(id="client:a", number=5)),
        Put(NumberCounter(id="clients", version=3, next=6)),
    )
    assert record_made([], None, NOW) == ()
    assert asked_for(first, NOW).ref == ""
