"""V12: what the contact index holds of a demo client, and where it stands in the list."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from attrs import evolve

from clientportal import InvalidInput
from clientportal.policy import MatchingPolicy, presets
from clientportal.ports import RawContacts
from clientportal.records import ContactEntry
from clientportal.rules.matching_keys import DEMO, demo_key, index_keys
from clientportal.values import ClientRecord, ContactKey, ContactKind, RecordRef
from clientportal.values.searching import list_place

pytestmark = pytest.mark.requirement("V12")

TIMELY = presets.timely(region="NZ")
EVERYTHING = evolve(
    TIMELY, matching=MatchingPolicy(weights={"email": 1, "birthday": 0.5, "custom.member": 1}, enough=1.5)
)
YOU = RecordRef.client("you")
AT = datetime(2026, 1, 5, tzinfo=UTC)


def test_its_contacts_are_keys_of_another_kind_and_nothing_else_is_one() -> None:
    """The birthday and the custom field propose nobody; what cannot be read is named as ever."""
    said = RawContacts(
        YOU, mobile="021 555 0142", phone="no", email="You@Example.com", name="You", birthday=date(1990, 4, 7),
        custom={"member": "7"}, demo=True,
    )  # fmt: skip
    found = index_keys(said, EVERYTHING)
    assert {str(key) for key in found.keys} == {"demo:mobile:+64215550142", "demo:email:you@example.com"}
    assert found.unreadable == index_keys(evolve(said, demo=False), EVERYTHING).unreadable
    record = ClientRecord(
        YOU, AT, first_name="You", mobile="021 555 0142", phone="no", email="You@Example.com", demo=True,
        birthday=date(1990, 4, 7), custom={"member": "7"},
    )  # fmt: skip
    assert index_keys(record, EVERYTHING) == found
    assert not {key.kind for key in found.keys} & set(EVERYTHING.matching.weights)


def test_such_a_key_is_no_contact_of_anybodys() -> None:
    """Whoever reads the index for contacts finds none in it; it can be told from an address that begins like it."""
    key = demo_key(ContactKey(ContactKind.EMAIL, "you@example.com"))
    assert (key.kind, key.contact) == (DEMO, None)
    assert ContactEntry.of(YOU, key).contact is None
    assert str(key) != str(ContactKey(ContactKind.EMAIL, "demo:email:you@example.com"))


def test_it_stands_before_everybody() -> None:
    """Before a name that begins with a blank, an exclamation mark or nothing."""
    places = [list_place(ClientRecord(YOU, AT, last_name=name)) for name in (" ", "!", "\u0001", "0", None)]
    assert all(list_place(ClientRecord(YOU, AT, last_name="Zzz", demo=True)) < place for place in places)


def test_the_mark_is_true_or_false() -> None:
    """A platform that hands over a 1 is told so."""
    with pytest.raises(InvalidInput, match="demo"):
        ClientRecord(YOU, AT, demo=1)  # type: ignore[arg-type]
