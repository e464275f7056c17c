"""Whose a logged-out booking is: names and contacts agree, or it is nobody's."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.policy import LoggedOutMatch, Policy, presets
from clientportal.rules.whose_booking import HasContact, LoggedOutBooking, match_logged_out
from clientportal.rules.whose_contact import MOST_HITS, Candidate
from clientportal.values import ClientRecord, ContactKey, ContactKind, RecordRef
from rules.in_full import in_full

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EMAIL = ContactKey(ContactKind.EMAIL, "ana@example.com")
MOBILE = ContactKey(ContactKind.MOBILE, "+64211234567")


def by(how: LoggedOutMatch) -> Policy:
    """Timely, matching that way."""
    policy = presets.timely(region="NZ")
    return evolve(policy, bookings=evolve(policy.bookings, logged_out=how))


def person(id: str, name: str = "Ana Kingi", *, usable: bool = True, guest: bool = False) -> Candidate:
    """A client row, or a guest's booking."""
    first, _, last = name.partition(" ")
    ref = RecordRef.booking(id) if guest else RecordRef.client(id)
    record = ClientRecord(ref, NOW, first_name=first or None, last_name=last or None, usable=usable)
    return Candidate(record, (record,))


def whose(how: LoggedOutMatch, name: str, *contacts: HasContact) -> str | None:
    """The id of the client that it is filed under."""
    ref = match_logged_out(LoggedOutBooking(name, contacts), by(how)).ref
    return None if ref is None else ref.id


ANA, MERE = person("ana"), person("mere", "Mere Kingi")
NAME, FIRST, ANY, NEVER = (
    LoggedOutMatch.NAME_AND_CONTACT,
    LoggedOutMatch.FIRST_NAME_AND_EMAIL,
    LoggedOutMatch.EMAIL,
    LoggedOutMatch.CLAIM_ONLY,
)


@pytest.mark.parametrize(
    ("how", "name", "by_email", "by_mobile"),
    [
        (NAME, "Ana Kingi", "ana", "ana"),
        (NAME, "  ĀNA   kingi ", "ana", "ana"),
        (NAME, "Ana", None, None),
        (NAME, "Ana Kingi-Moana", None, None),
        (NAME, "", None, None),
        (FIRST, "Ana Moana", "ana", None),
        (FIRST, "ana", "ana", None),
        (FIRST, "Anahera Kingi", None, None),
        (FIRST, "", None, None),
        (ANY, "Somebody Else", "ana", None),
        (ANY, "", "ana", None),
        (NEVER, "Ana Kingi", None, None),
    ],
)
def test_each_product_matches_by_its_own_axis(
    how: LoggedOutMatch, name: str, by_email: str | None, by_mobile: str | None
) -> None:
    """Timely: name and one contact; MyTime: first name and email; TimeTap and vcita: the email; Acuity: never."""
    assert whose(how, name, HasContact(EMAIL, (ANA,))) == by_email
    assert whose(how, name, HasContact(MOBILE, (ANA,))) == by_mobile


def test_a_first_name_of_two_words_is_compared_word_by_word() -> None:
    """Mary Jane is neither Mary nor Mary Janet."""
    mary = person("mary")
    mary = Candidate(evolve(mary.speaker, first_name="Mary Jane"), (evolve(mary.speaker, first_name="Mary Jane"),))
    assert whose(FIRST, "Mary Jane Watson", HasContact(EMAIL, (mary,))) == "mary"
    assert whose(FIRST, "Mary Watson", HasContact(EMAIL, (mary,))) is None
    assert whose(FIRST, "Mary Janet", HasContact(EMAIL, (mary,))) is None


def test_of_a_household_the_name_tells() -> None:
    """Ana and Mere share the email and the number; under email alone it is a tie, and a tie is nobody."""
    both = (HasContact(EMAIL, (ANA, MERE)), HasContact(MOBILE, (MERE, ANA)))
    assert whose(NAME, "Mere Kingi", *both) == "mere"
    assert whose(FIRST, "Mere K", *both) == "mere"
    assert whose(ANY, "Mere Kingi", *both) is None


def test_two_contacts_that_lead_to_two_clients_are_a_tie() -> None:
    """The email is one Ana Kingi's, the number another's."""
    match = match_logged_out(
        LoggedOutBooking("Ana Kingi", (HasContact(EMAIL, (ANA,)), HasContact(MOBILE, (person("anna"),)))), by(NAME)
    )
    assert match.ref is None
    assert dict(match.because.facts)["clients that agree"] == "client:ana, client:anna"
    assert dict(match.because.settings) == {"bookings.logged_out": "name_and_contact"}
    assert "ana@example.com" not in str(match.because)


@pytest.mark.parametrize("how", [NAME, FIRST, ANY])
def test_what_nobody_may_use_is_not_used(how: LoggedOutMatch) -> None:
    """A placeholder, a record that is shut, a guest's booking, nobody at all."""
    for contact in (
        HasContact(EMAIL, (ANA,), flagged=True),
        HasContact(EMAIL, (ANA,), hits=MOST_HITS + 1),
        HasContact(EMAIL, (person("ana", usable=False),)),
        HasContact(EMAIL, (person("g1", guest=True),)),
        HasContact(EMAIL, ()),
    ):
        assert whose(how, "Ana Kingi", contact) is None


def test_what_any_merged_record_is_called_counts() -> None:
    """Ana was Ana Moana in the record that was merged into hers (law 4)."""
    old = person("old", "Ana Moana").speaker
    assert whose(NAME, "Ana Moana", HasContact(EMAIL, (Candidate(ANA.speaker, (ANA.speaker, old)),))) == "ana"


def test_why_a_booking_is_filed_under_nobody() -> None:
    """Each contact masked, those that are nobody's once more, the clients that agree, and what the business chose."""
    typed = LoggedOutBooking("Ana Kingi", (HasContact(EMAIL, (ANA, MERE)), HasContact(MOBILE, (ANA,), flagged=True)))
    assert in_full(match_logged_out(typed, by(ANY))) == [
        "Match(ref=None, because=whose_booking.match_logged_out; facts: contact a•••@example.com, contact",
        "  +64••••••567, flagged as nobody's by staff +64••••••567, clients that agree client:ana,",
        "  client:mere; policy: bookings.logged_out = email)",
    ]
    assert in_full(match_logged_out(typed, by(NAME))) == [
        "Match(ref=client:ana, because=whose_booking.match_logged_out; facts: contact a•••@example.com,",
        "  contact +64••••••567, flagged as nobody's by staff +64••••••567, clients that agree client:ana;",
        "  policy: bookings.logged_out = name_and_contact)",
    ]
    assert in_full(match_logged_out(evolve(typed, contacts=()), by(NEVER))) == [
        "Match(ref=None, because=whose_booking.match_logged_out; facts: clients that agree none; policy:",
        "  bookings.logged_out = claim_only)",
    ]


_PEOPLE = st.lists(
    st.builds(
        person, st.sampled_from("abc"), st.sampled_from(["Ana Kingi", "Ana", "Mere K"]), usable=st.booleans(),
        guest=st.booleans(),
    ),
    max_size=3, unique_by=lambda one: one.ref,
)  # fmt: skip


@given(_PEOPLE, _PEOPLE, st.sampled_from(["Ana Kingi", "Ana", ""]), st.sampled_from(LoggedOutMatch))
def test_it_is_one_of_them_or_nobody_in_every_order(
    one: list[Candidate], other: list[Candidate], name: str, how: LoggedOutMatch
) -> None:
    """A usable client row that has one of the contacts, whichever way round the rows and contacts came."""
    answers = set()
    for first in permutations(one):
        for contacts in permutations([HasContact(EMAIL, tuple(first)), HasContact(MOBILE, tuple(other))]):
            answers.add(match_logged_out(LoggedOutBooking(name, contacts), by(how)).ref)
    (answer,) = answers
    known = {each.ref for each in (*one, *other) if each.speaker.usable and each.ref.kind == "client"}
    assert answer is None or answer in known
