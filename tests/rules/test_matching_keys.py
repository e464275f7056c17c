"""By what could a record be the same person as another? What the contact index holds of it, key by key."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.policy import MatchingPolicy, Policy, presets
from clientportal.ports import RawContacts
from clientportal.rules.matching_keys import index_keys, proposing_keys
from clientportal.values import ClientDraft, ClientRecord, ContactKind, MatchKey, RecordRef

TIMELY = presets.timely(region="NZ")
EVERYTHING = evolve(
    TIMELY,
    matching=MatchingPolicy(weights={"email": 1, "birthday": 0.5, "custom.member": 1}, enough=1.5),
)
ANA = RecordRef.client("ana")
BORN = date(1990, 4, 7)


def keys(policy: Policy = EVERYTHING, **said: Any) -> set[str]:
    """The keys of a record that says this, as text."""
    return {str(key) for key in index_keys(RawContacts(ANA, **said), policy).keys}


def test_contacts_are_keys_each_in_its_field() -> None:
    """Also those without a weight, for people log in with them; a number in the phone field is not the mobile (T11)."""
    said = {"mobile": "021 555 0142", "phone": "(09) 555 0101", "email": "Ana@Example.com"}

    assert keys(TIMELY, **said) == {"mobile:+64215550142", "phone:+6495550101", "email:ana@example.com"}
    australian = presets.timely(region="AU")
    assert keys(australian, mobile="0412 345 678") == {"mobile:+61412345678"}
    assert keys(TIMELY, mobile="0412 345 678") == set(), "no number of New Zealand"


def test_what_cannot_be_read_is_named_with_its_problem() -> None:
    """Field by field; the others are keys all the same."""
    found = index_keys(RawContacts(ANA, mobile="call my mum", phone="", email="ana(at)example.com"), TIMELY)

    assert found.keys == frozenset()
    assert found.unreadable == ((ContactKind.MOBILE, "letters"), (ContactKind.EMAIL, "not_an_address"))


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("Ana Kingi", "ak"),
        ("KINGI, Āna", "ak"),
        ("Ana Maria Kingi", "ak"),
        ("(Ana) 'Kingi'", "ak"),
        ("Ana", "aa"),
        ("Ana -", "aa"),
    ],
)
def test_a_birthday_goes_with_the_initials(name: str, block: str) -> None:
    """Of the first and the last word, in either order, without case, accents and signs."""
    assert keys(name=name, birthday=BORN) == {f"birthday:1990-04-07|{block}"}


@pytest.mark.parametrize("name", [None, "", "  ", "-"])
def test_a_birthday_without_a_name_is_no_key(name: str | None) -> None:
    """It would throw everybody together who was born that day and has no name."""
    assert keys(name=name, birthday=BORN) == set()


def test_what_has_no_weight_is_no_key() -> None:
    """Birthdays and custom fields stay out of the index where the policy does not ask for them."""
    assert keys(TIMELY, name="Ana Kingi", birthday=BORN, custom={"member": "A-17"}) == set()
    assert keys(name="Ana Kingi", custom={"hair": "brown", "member": " a-17 "}) == {"custom.member:a-17"}
    assert keys(name="Ana Kingi", custom={"member": "   "}) == set()


@pytest.mark.parametrize("value", ["m" * 81, "a\x00b", "\ud800"])
def test_what_no_index_takes_has_a_digest(value: str) -> None:
    """Long text and control characters: the same text the same key, another text another."""
    (key,) = keys(custom={"member": value})
    (again,) = keys(custom={"member": f" {value.upper()}  "})
    (other,) = keys(custom={"member": value + "x"})

    assert key == again != other
    assert len(key) < 60
    assert key.isprintable()


def test_the_longest_value_that_is_its_own_key() -> None:
    """Eighty characters; of one more there is a digest, which stays the same for as long as an index is kept."""
    assert keys(custom={"member": "7" * 80}) == {"custom.member:" + "7" * 80}
    digest = blake2b(b"7" * 81, digest_size=16).hexdigest()
    assert keys(custom={"member": "7" * 81}) == {f"custom.member:#{digest}"}


def test_a_client_and_a_draft_have_the_keys_of_the_walk() -> None:
    """Quick add, an import, one record that changed and the walk over all put the same into the index."""
    draft = ClientDraft(first_name="Ana", last_name="Kingi", birthday=BORN, custom={"member": "A-17"})
    record = ClientRecord(
        ref=ANA,
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
        first_name="Ana",
        last_name="Kingi",
        birthday=BORN,
        custom={"member": "A-17"},
        email="ana@example.com",
    )
    walked = RawContacts(ANA, email="ana@example.com", name="Ana Kingi", birthday=BORN, custom={"member": "A-17"})

    assert proposing_keys(draft, EVERYTHING) == {
        MatchKey("birthday", "1990-04-07|ak"),
        MatchKey("custom.member", "a-17"),
    }
    assert index_keys(record, EVERYTHING) == index_keys(walked, EVERYTHING)
    assert index_keys(record, EVERYTHING).keys == proposing_keys(draft, EVERYTHING) | {
        MatchKey("email", "ana@example.com")
    }


@given(st.text(max_size=120), st.text(max_size=30))
def test_every_key_is_read_back_from_its_text(value: str, name: str) -> None:
    """Whatever a custom field or a name holds: the index keeps text, and the report reads the key from it."""
    found = index_keys(RawContacts(ANA, name=name, birthday=BORN, custom={"member": value}), EVERYTHING).keys

    assert {MatchKey.parse(str(key)) for key in found} == found
