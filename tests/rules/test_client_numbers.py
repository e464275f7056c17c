"""Client numbers (TT9): assigned once, never changed, never given to anybody else; whom one leads to."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Because, Reason, Refusal
from clientportal.outcomes import Added, NumberFound, NumberState
from clientportal.records import ClientNumber, ContactEntry, HostWrite, Intent, NumberCounter, Put
from clientportal.rules.client_numbers import (
    COUNTER,
    TypedNumber,
    assign_numbers,
    find_number,
    next_number,
    read_number,
)
from clientportal.rules.settling import settle, settled_result
from clientportal.values import AnswerKind, ContactKey, HostAnswer, RecordRef
from world import at

pytestmark = pytest.mark.requirement("TT9")

NOW = at("2026-11-21 10:00")
ANA, MERE = RecordRef.client("ana"), RecordRef.client("mere")


def test_the_first_clients_are_number_one_and_two() -> None:
    """In the order in which they are named, with the counter behind them."""
    assert assign_numbers([ANA, MERE], None) == (
        Put(ClientNumber(id="client:ana", number=1)),
        Put(ClientNumber(id="client:mere", number=2)),
        Put(NumberCounter(id=COUNTER, next=3)),
    )


def test_who_is_just_being_made_is_counted_by_the_same_counter() -> None:
    """The first client of a business, and the tenth; one row counts them all."""
    assert next_number(None) == (1, Put(NumberCounter(id=COUNTER, next=2)))
    held = NumberCounter(id=COUNTER, version=4, next=10)
    assert next_number(held) == (10, Put(evolve(held, next=11)))


def test_nobody_to_number_leaves_the_counter_alone() -> None:
    """It is one row of the whole business: it is written where it has to be, and nowhere else."""
    assert assign_numbers([], NumberCounter(id=COUNTER, next=9)) == ()


@given(st.lists(st.one_of(st.none(), st.lists(st.integers(0, 50), max_size=5, unique=True)), max_size=30))
def test_law_no_number_is_ever_given_twice_nor_changed(events: list[list[int] | None]) -> None:
    """Whatever pages are listed and whatever clients are added in between (``None``), deleted ones too: the numbers
    only go up, each is given once, and who has one keeps it.
    """
    counter: NumberCounter | None = None
    numbers: dict[str, int] = {}
    made = 0
    for page in events:
        if page is None:
            number, counted = next_number(counter)
            writes = (Put(ClientNumber(id=f"client:made-{made}", number=number)), counted)
            made += 1
        else:
            refs = [RecordRef.client(str(id)) for id in page]
            writes = assign_numbers([ref for ref in refs if str(ref) not in numbers], counter)
        for write in writes:
            if isinstance(write.record, ClientNumber):
                assert write.record.id not in numbers
                assert write.record.number > max(numbers.values(), default=0)
                numbers[write.record.id] = write.record.number
            else:
                assert isinstance(write.record, NumberCounter)
                counter = write.record
    assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("17", TypedNumber(17, alone=False)),
        (" 17 ", TypedNumber(17, alone=False)),
        ("no. 17", TypedNumber(17, alone=True)),
        ("No 17", TypedNumber(17, alone=True)),
        ("Nr. 17", TypedNumber(17, alone=True)),
        ("number 17", TypedNumber(17, alone=True)),
        ("#17", TypedNumber(17, alone=True)),
        ("№ 17", TypedNumber(17, alone=True)),
        ("999999999", TypedNumber(999_999_999, alone=False)),
        ("1000000000", None),
        ("021", None),
        ("0", None),
        ("no. 0", None),
        ("17 Ponsonby Road", None),
        ("norman 17", None),
        ("", None),
        ("١٧", None),
    ],
)
def test_what_staff_type_for_a_number(typed: str, read: TypedNumber | None) -> None:
    """With a sign it is a client number and nothing else; bare digits may be; with a zero before them they are not."""
    assert read_number(typed) == read


def test_a_number_leads_to_its_client_for_ever() -> None:
    """To the client; merged, to the survivor; deleted or erased, to nobody; one that was never given, to nothing."""
    seventeen = ClientNumber(id="client:ana", number=17)
    whole, gone = {"there": True, "erased": False}, {"there": False, "erased": False}
    assert find_number(17, seventeen, ANA, **whole).outcome == NumberFound(17, ANA, NumberState.CURRENT)
    assert find_number(17, seventeen, MERE, **whole).outcome == NumberFound(17, MERE, NumberState.MERGED)
    assert find_number(17, seventeen, ANA, **gone).outcome == NumberFound(17, None, NumberState.DELETED)
    assert find_number(17, seventeen, MERE, **gone).outcome == NumberFound(17, None, NumberState.DELETED)
    erased = find_number(17, seventeen, ANA, there=True, erased=True)
    assert erased.outcome == NumberFound(17, None, NumberState.ERASED)
    never = find_number(17, None, None, **gone)
    assert isinstance(never.outcome, Refusal)
    assert never.outcome.reason is Reason.NOT_FOUND
    assert never.because == erased.because == Because("client_numbers.find_number", (("number", "17"),))


@pytest.mark.requirement("TT10")
def test_who_is_added_has_contacts_and_number_as_soon_as_the_platform_has_made_the_row() -> None:
    """In the same commit, or in the one after a platform elsewhere has answered; the key remembers whom."""
    mobile = ContactKey.parse("mobile:+64211234567")
    intent = Intent(
        id="i",
        write=HostWrite.CREATE_CLIENT,
        actor="staff:mia",
        asked_at=NOW,
        due_at=NOW,
        entries=(mobile,),
        number=17,
    )
    decision = settle(intent, HostAnswer(ref=ANA), Added(None, 17, (MERE,)), "fresh")
    assert decision.outcome == Added(ANA, 17, (MERE,))
    assert decision.changes == (
        Put(ContactEntry.of(ANA, mobile)),
        Put(ClientNumber(id="client:ana", number=17)),
    )
    forecast = {"client": "", "number": "17"}
    assert settled_result(forecast, HostAnswer(ref=ANA)) == {"client": "client:ana", "number": "17"}
    assert settled_result(forecast, HostAnswer(AnswerKind.DECLINED)) == forecast
