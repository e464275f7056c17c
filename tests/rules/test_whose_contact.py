"""Whose contact: the tie-break is a total order, and many records are nobody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.policy import SeveralRecords, presets
from clientportal.records import ContactHistory
from clientportal.rules.whose_contact import (
    MOST_HITS,
    Candidate,
    Flagged,
    Found,
    Nobody,
    Several,
    TooMany,
    is_flagged,
    keys_of,
    may_be_recycled,
    newest_booking,
    one_per_guest,
    whose_contact,
)
from clientportal.testing.strategies import EMAIL_SPELLINGS, NUMBER_SPELLINGS, client_records, record_groups
from clientportal.values import ClientRecord, ContactKey, ContactKind, RecordRef

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
KEY = ContactKey(ContactKind.MOBILE, "+64211234567")
TIMELY = presets.timely(region="NZ")
CHOOSE = evolve(TIMELY, login=evolve(TIMELY.login, several=SeveralRecords.CHOOSE))


def person(id: str, *, made: datetime = NOW, booked: datetime | None = None, usable: bool = True) -> Candidate:
    """One record that has the contact."""
    record = ClientRecord(RecordRef.client(id), made, last_booked_at=booked, usable=usable)
    return Candidate(record, (record,))


PEOPLE = record_groups(max_size=4).map(lambda records: [Candidate(record, (record,)) for record in records])


def test_every_answer_says_how_many_have_the_contact() -> None:
    """The contact masked, those who cannot be used not counted, and what the business chose."""
    two, off = (person("a"), person("b", booked=NOW)), person("c", usable=False)
    for policy, several in ((TIMELY, "newest_booking"), (CHOOSE, "choose")):
        for people, kind in (((), Nobody), (two[:1], Found), (two, Found if policy is TIMELY else Several)):
            answer = whose_contact(KEY, (*people, off), len(people), policy, flagged=False)
            assert isinstance(answer, kind)
            assert str(answer.because) == (
                f"whose_contact.whose_contact; facts: contact +64••••••567, records that have it {len(people)}; "
                f"policy: login.several = {several}"
            )


def test_too_many_are_named_as_the_index_counts_them() -> None:
    """What nobody has read is not called nobody: the explanation says how many, and how many there may be."""
    answer = whose_contact(KEY, (), 4711, TIMELY, flagged=False)
    assert str(answer.because) == (
        "whose_contact.whose_contact; facts: contact +64••••••567, records that the index names 4711, at most 100"
    )


@given(PEOPLE, st.sampled_from([0, 1, MOST_HITS + 1]))
def test_what_staff_flagged_is_nobodys_whoever_has_it(people: list[Candidate], hits: int) -> None:
    """And the explanation says that it was staff, not that it is on too many records (X4)."""
    answer = whose_contact(KEY, people, hits, TIMELY, flagged=True)
    assert isinstance(answer, Flagged)
    assert str(answer.because) == (
        "whose_contact.whose_contact; facts: contact +64••••••567, flagged as nobody's by staff"
    )


def test_a_contact_is_flagged_by_what_staff_said_last() -> None:
    """Nothing is known of it, it was proved, flagged, and cleared again."""
    proved = ContactHistory(id=str(KEY), proved_at=NOW)
    assert not is_flagged(None)
    assert not is_flagged(proved)
    assert is_flagged(evolve(proved, placeholder=True))
    assert not is_flagged(evolve(proved, cleared=True))


@given(PEOPLE)
def test_the_tie_break_ignores_the_order_of_rows(people: list[Candidate]) -> None:
    """Every order of the same rows finds the same record (T4)."""
    assert {newest_booking(order).ref for order in permutations(people)} == {newest_booking(people).ref}


@given(PEOPLE)
def test_the_tie_break_is_a_total_order(people: list[Candidate]) -> None:
    """Whoever wins among all wins against each alone, and without the winner the rest have one winner again."""
    best = newest_booking(people)
    assert all(newest_booking([one, best]).ref == best.ref for one in people)
    rest = [one for one in people if one.ref != best.ref]
    if rest:
        second = newest_booking(rest)
        assert all(newest_booking([second, one]).ref == second.ref for one in rest)


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (person("a", made=NOW - DAY, booked=NOW - DAY), person("b", made=NOW)),
        (person("a", booked=NOW), person("b", booked=NOW - TICK)),
        (person("a", made=NOW, booked=NOW - DAY), person("b", made=NOW - TICK, booked=NOW - DAY)),
        (person("b", booked=NOW), person("a", booked=NOW)),
        (person("9"), person("10")),
        (person("1"), Candidate(ClientRecord(RecordRef.booking("1"), NOW), ())),
    ],
    ids=["booked beats never", "later booking", "then newer record", "then greater id", "ids are text", "then kind"],
)  # fmt: skip
def test_each_step_of_the_tie_break(winner: Candidate, loser: Candidate) -> None:
    """When the booking was made, then when the record was, then the id by code points."""
    assert newest_booking([winner, loser]) == newest_booking([loser, winner]) == winner


def test_any_members_booking_counts_for_the_group() -> None:
    """What was merged into a record counts for it (law 4)."""
    ana, old_ana, ben = (ClientRecord(RecordRef.client(id), NOW) for id in ("ana", "old", "ben"))
    booked_old = evolve(old_ana, last_booked_at=NOW - DAY)
    booked_ben = evolve(ben, last_booked_at=NOW - 2 * DAY)

    found = newest_booking([Candidate(ana, (ana, booked_old)), Candidate(booked_ben, (booked_ben,))])

    assert found.ref == ana.ref
    assert Candidate(ana, (ana,)).last_booked_at is None
    twice = evolve(ana, last_booked_at=NOW - 3 * DAY)
    assert Candidate(twice, (twice, booked_old)).last_booked_at == NOW - DAY


@given(PEOPLE, st.sampled_from([TIMELY, CHOOSE]))
def test_what_is_found_does_not_depend_on_the_order(people: list[Candidate], policy: object) -> None:
    """Found, several or nobody: the same for every order of the candidates."""
    answers = [whose_contact(KEY, order, len(people), policy, flagged=False) for order in permutations(people)]  # type: ignore[arg-type]
    assert all(answer == answers[0] for answer in answers)


@given(PEOPLE)
def test_only_usable_records_are_found(people: list[Candidate]) -> None:
    """Staff in the same table and inactive clients never log in; nobody usable is nobody."""
    usable = {one.ref for one in people if one.speaker.usable}
    match whose_contact(KEY, people, len(people), CHOOSE, flagged=False):
        case Found(candidate):
            assert {candidate.ref} == usable
        case Several(candidates):
            assert [one.ref for one in candidates] == sorted(usable)
            assert len(usable) > 1
        case Nobody():
            assert not usable
        case TooMany() | Flagged():
            raise AssertionError("four records are not too many, and nobody flagged them")


def test_the_newest_of_several_is_found_where_the_policy_says_so() -> None:
    """Timely finds the one who booked last; elsewhere the client chooses."""
    people = [person("a", booked=NOW), person("b")]

    found = whose_contact(KEY, people, 2, TIMELY, flagged=False)
    several = whose_contact(KEY, people, 2, CHOOSE, flagged=False)

    assert isinstance(found, Found)
    assert found.candidate.ref.id == "a"
    assert isinstance(several, Several)
    assert ("records that have it", "2") in several.because.facts
    assert ("contact", "+64••••••567") in several.because.facts


def test_a_contact_on_101_records_is_nobodys() -> None:
    """At a hundred it is still somebody's, at 101 it identifies nobody, whatever was read of them."""
    assert MOST_HITS == 100
    assert isinstance(whose_contact(KEY, [person("a")], MOST_HITS, TIMELY, flagged=False), Found)
    assert isinstance(whose_contact(KEY, [person("a")], MOST_HITS + 1, TIMELY, flagged=False), TooMany)
    assert isinstance(whose_contact(KEY, [], MOST_HITS + 1, TIMELY, flagged=False), TooMany)


@given(client_records())
def test_keys_do_not_depend_on_the_spelling(record: ClientRecord) -> None:
    """All spellings of a number or an address have one key (law 16), in their own field (T11)."""
    numbers = {spelling: number for number, spellings in NUMBER_SPELLINGS.items() for spelling in spellings}
    addresses = {spelling: address for address, spellings in EMAIL_SPELLINGS.items() for spelling in spellings}
    expected = set()
    if record.mobile in numbers:
        expected.add(ContactKey(ContactKind.MOBILE, numbers[record.mobile]))
    if record.phone in numbers:
        expected.add(ContactKey(ContactKind.PHONE, numbers[record.phone]))
    if record.email in addresses:
        expected.add(ContactKey(ContactKind.EMAIL, addresses[record.email]))

    assert keys_of(record, "NZ") == expected


def test_a_contact_is_recycled_after_more_than_the_age() -> None:
    """Quiet for exactly 90 days is not yet too long; a microsecond more is."""
    age, people = 90 * DAY, [person("a", made=NOW - 500 * DAY, booked=NOW - 90 * DAY)]

    assert not may_be_recycled(people, None, age, NOW)
    assert may_be_recycled(people, None, age, NOW + TICK)


def test_the_last_sign_of_life_counts_for_recycling() -> None:
    """A proof, a booking by anybody who has the contact, or a new record: the latest counts."""
    age, old = 90 * DAY, NOW - 500 * DAY

    assert may_be_recycled([person("a", made=old)], old, age, NOW)
    assert not may_be_recycled([person("a", made=old)], NOW - DAY, age, NOW)
    assert not may_be_recycled([person("a", made=old), person("b", made=old, booked=NOW - DAY)], None, age, NOW)
    assert not may_be_recycled([person("a", made=NOW - DAY)], None, age, NOW)
    assert may_be_recycled([person("a", made=NOW - DAY, booked=old)], None, age, NOW)
    assert not may_be_recycled([], old, age, NOW)
    assert not may_be_recycled([person("a", made=old)], old, None, NOW)


# --- guests ----------------------------------------------------------------------------------------------------------


def guest(id: str, name: str | None, *, booked: datetime = NOW, usable: bool = True) -> Candidate:
    """A booking without a client row, under the name given there."""
    record = ClientRecord(RecordRef.booking(id), booked, first_name=name, last_booked_at=booked, usable=usable)
    return Candidate(record, (record,))


def members(people: tuple[Candidate, ...]) -> list[tuple[str, list[str]]]:
    """Who speaks, and for which records."""
    return [(one.ref.id, [member.ref.id for member in one.members]) for one in people]


def test_a_guests_bookings_under_one_name_are_one_person() -> None:
    """However the name is written; the newest booking speaks."""
    bookings = [
        guest("g1", "Āna  Kingi", booked=NOW - DAY),
        guest("g2", "ana kingi", booked=NOW),
        guest("g3", " ANA KINGI ", booked=NOW - 2 * DAY),
    ]
    assert members(one_per_guest(bookings)) == [("g2", ["g2", "g1", "g3"])]


def test_names_shut_bookings_and_client_rows_stay_apart() -> None:
    """Another name, no name, a booking that nobody may use, and a client row of the same name."""
    row = ClientRecord(RecordRef.client("ana"), NOW, first_name="Ana")
    people = [
        guest("g1", "Ana"),
        guest("g2", "Ben"),
        guest("g3", None),
        guest("g4", None),
        guest("g5", "Ana", usable=False),
        Candidate(row, (row, guest("g6", "Ana").speaker)),
    ]
    alone = [(id, [id]) for id in ("g1", "g2", "g3", "g4", "g5")]
    assert members(one_per_guest(people)) == [*alone, ("ana", ["ana", "g6"])]


@given(PEOPLE)
def test_guests_change_neither_who_is_found_nor_the_order(people: list[Candidate]) -> None:
    """T4 finds the record that it would have found among single bookings; nobody is lost, nobody is there twice."""
    whole = one_per_guest(people)
    assert all(one_per_guest(order) == whole for order in permutations(people))
    assert one_per_guest(whole) == whole
    before = sorted(member.ref for one in people for member in one.members)
    assert sorted(member.ref for one in whole for member in one.members) == before
    if people:
        usable = [one for one in people if one.speaker.usable]
        if usable:
            best = newest_booking(usable).ref
            assert newest_booking([one for one in whole if one.speaker.usable]).ref == best


# --- what a session or a link is made for ----------------------------------------------------------------------------

ANA, EVE, ZOE = (ClientRecord(RecordRef.client(id), NOW) for id in ("ana", "eve", "zoe"))


def test_a_session_is_made_for_the_record_that_has_the_number() -> None:
    """The one that speaks, where it has it or nothing else is said; else the one by which the number leads there."""
    assert Candidate(ANA, (ANA, EVE)).entry == ANA.ref
    assert Candidate(ANA, (ANA, EVE), (ANA.ref, EVE.ref)).entry == ANA.ref
    assert Candidate(ANA, (ANA, EVE), (EVE.ref,)).entry == EVE.ref


def test_of_several_that_have_the_number_one_that_may_log_in_goes_first() -> None:
    """The first by its ref; one that nobody may log in to, or whose row is gone, only where there is no other."""
    shut = evolve(EVE, usable=False)
    assert Candidate(ANA, (ANA, EVE, ZOE), (EVE.ref, ZOE.ref)).entry == EVE.ref
    assert Candidate(ANA, (ANA, shut, ZOE), (EVE.ref, ZOE.ref)).entry == ZOE.ref
    assert Candidate(ANA, (ANA, ZOE), (EVE.ref, ZOE.ref)).entry == ZOE.ref
    assert Candidate(ANA, (ANA,), (EVE.ref,)).entry == EVE.ref


def test_a_person_is_every_record_that_leads_there() -> None:
    """Also one whose row the platform has deleted."""
    assert Candidate(ANA, (ANA, EVE), (ZOE.ref,)).refs == {ANA.ref, EVE.ref, ZOE.ref}
    assert Candidate(ANA, ()).refs == {ANA.ref}


def test_a_guest_has_the_number_by_all_of_their_bookings() -> None:
    """A session is made for the newest of those that have it themselves."""
    older, newer = guest("g1", "Ana", booked=NOW - DAY), guest("g2", "Ana")
    (whole,) = one_per_guest([older, newer])
    assert (whole.entry, whole.having) == (newer.ref, (older.ref, newer.ref))
    (whole,) = one_per_guest([older, evolve(newer, having=(EVE.ref,))])
    assert (whole.ref, whole.entry) == (newer.ref, older.ref)
