"""How the client list folds, searches and orders text, whatever the database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.values import ClientRecord, RecordRef
from clientportal.values.searching import folded, list_place, search_words, searched_text

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(first: str | None = None, last: str | None = None, **more: str) -> ClientRecord:
    return ClientRecord(RecordRef.client("1"), NOON, first, last, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Kōwhai", "kowhai"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("İzmir", "izmir"), ("ISIK", "isik"),
        ("ışık", "isik"), ("Ærø", "aero"), ("Łódź", "lodz"), ("Ａｎａ", "ana"), ("ﬁn", "fin"), ("ΟΔΟΣ", "οδοσ"),
        ("οδός", "οδοσ"), ("O’Neil", "o'neil"), ("", ""),
    ],
)  # fmt: skip
def test_folding(typed: str, plain: str) -> None:
    """Case, accents, width and ligatures make no difference, in any script."""
    assert folded(typed) == plain


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """What is stored folded is found by what is folded when it is searched for."""
    once = folded(text)
    assert folded(once) == once


@given(st.text(max_size=50), st.text(max_size=50))
def test_everybody_is_found_by_their_own_name(first: str, last: str) -> None:
    """Whatever it is made of."""
    someone = record(first, last)
    assert all(word in searched_text(someone) for word in search_words(f"{last} {first}") if not word.isdecimal())


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("  Ana   KINGI ana ", ("ana", "kingi")),
        ("", ()),
        (" \n\t", ()),
        ("021 123 4567", ("11234567",)),
        ("+64 (21) 123-4567", ("11234567",)),
        ("021 12", ("02112",)),
        ("12", ("12",)),
        ("4 2", ("4", "2")),
        ("ana 021 123", ("ana", "021", "123")),
        ("١٢٣ ٤٥", ("12345",)),
    ],
)
def test_words_of_a_search(search: str, words: tuple[str, ...]) -> None:
    """A number is one word, however it is spaced; of a whole one its end is enough."""
    assert search_words(search) == words


def test_who_has_no_name_comes_last() -> None:
    """Last name before first name; blanks are no name."""
    people = [record(), record("Ana", " "), record("Zoë", "adams"), record("Amy", "Adams"), record(None, "Ādams")]
    assert sorted(people, key=list_place) == [people[n] for n in (3, 2, 4, 1, 0)]
