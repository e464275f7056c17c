"""The invented client base of the benchmarks: the same twice, as mixed as it says, and normal as it says."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from clientportal.values import parse_email, parse_phone

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MANY = 20_000

pytestmark = pytest.mark.slow


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generator, imported as its own command imports it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import people

    yield people
    for name in ("people", "names"):
        sys.modules.pop(name, None)


def test_the_same_seed_gives_the_same_people(invented: ModuleType) -> None:
    """Two runs agree in every field; another seed gives others; every id is there once."""
    once, again = list(invented.people(MANY, 7)), list(invented.people(MANY, 7))
    assert once == again
    assert once != list(invented.people(MANY, 8))
    assert len({one.id for one in once}) == MANY
    assert [one.id for one in invented.people(3, 7)] == sorted({"c0000000", "c0000001", "c0000002"})


def test_duplicates_are_eight_in_a_hundred(invented: ModuleType) -> None:
    """Of all records, 8 % are somebody's second, third or fourth; they stand far apart."""
    every = list(invented.people(MANY, 1))
    of = defaultdict(list)
    for one in every:
        of[one.person].append(int(one.id[1:]))
    assert 1 - len(of) / MANY == pytest.approx(0.08, abs=0.01)
    assert max(map(len, of.values())) == 4
    apart = [abs(b - a) for places in of.values() for a, b in pairwise(places)]
    assert min(apart) > MANY / 10


def test_what_is_shared_and_what_is_none(invented: ModuleType) -> None:
    """Placeholders, the reception, households, chains and missing fields are there, about as often as is said."""
    every = list(invented.people(MANY, 1))
    keys = Counter(key for one in every for key in one.keys)
    persons = defaultdict(set)
    for one in every:
        for key in one.keys:
            persons[key].add(one.person)
    none = sum(keys[f"email:{address}"] for address in invented.NO_ADDRESSES)
    assert none / MANY == pytest.approx(invented.SHARES["an address that is none"], rel=0.25)
    assert keys[f"mobile:{invented.RECEPTION[0]}"] / MANY == pytest.approx(0.002, rel=0.4)
    for kind in ("mobile", "phone"):
        families = [key for key, who in persons.items() if key.startswith(kind) and 2 <= len(who) <= 4]
        assert len(families) > MANY / 400
    assert sum(one.birthday is not None for one in every) / MANY == pytest.approx(0.4, abs=0.02)
    assert sum(one.mobile is None for one in every) / MANY == pytest.approx(0.12, abs=0.02)
    assert any(one.last_name is None for one in every)


def test_parents_and_children_of_one_name_are_there(invented: ModuleType) -> None:
    """Few families have two persons of one name with one number: only their birthdays tell them apart."""
    sharing = defaultdict(set)
    for one in invented.people(MANY, 1):
        for key in one.keys:
            sharing[key, one.first_name, one.last_name].add(one.person)
    assert 1 <= sum(len(persons) > 1 for persons in sharing.values()) <= MANY / 500


def test_the_keys_are_what_reading_the_contacts_gives(invented: ModuleType) -> None:
    """Every number and address, however it is spelt, is read as the key that the generator says."""
    for one in invented.people(3000, 2):
        read = [
            *([f"mobile:{parse_phone(one.mobile, region='NZ').e164}"] if one.mobile else []),
            *([f"phone:{parse_phone(one.phone, region='NZ').e164}"] if one.phone else []),
            *([f"email:{parse_email(one.email).key_text}"] if one.email else []),
        ]
        assert tuple(read) == one.keys
