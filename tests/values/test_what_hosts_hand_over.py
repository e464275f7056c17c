"""What an adapter hands over is checked where it is made: the wrong type is named with its field, at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from clientportal.errors import InvalidInput
from clientportal.ports.host import RawContacts
from clientportal.values import (
    Address,
    AnswerKind,
    Appointment,
    AppointmentStatus,
    ClientDraft,
    ClientRecord,
    HostAnswer,
    Money,
    Offer,
    RecordKind,
    RecordRef,
    Service,
    Slot,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANA = RecordRef.client("ana")
APPOINTMENT = Appointment("a1", ANA, "cut", NOON, NOON, "Pacific/Auckland", AppointmentStatus.CONFIRMED, NOON)
SERVICE = Service("cut", "Cut", timedelta(minutes=45))
SLOT = Slot("s1", "cut", NOON, NOON + timedelta(minutes=45), "Pacific/Auckland")
RECORD = ClientRecord(ANA, NOON)

TEXTS = [
    (APPOINTMENT, ["id", "service_id", "zone", "version", "service_name", "staff_name", "booked_as"]),
    (SERVICE, ["id", "name"]),
    (SLOT, ["id", "service_id", "zone", "staff_name"]),
    (HostAnswer(), ["note"]),
    (Offer(), ["why_not"]),
    (RECORD, ["version"]),
]
TEXTS_OR_NONE = [
    (APPOINTMENT, ["staff_id"]),
    (SLOT, ["staff_id"]),
    (RECORD, ["first_name", "last_name", "email", "phone", "mobile", "notes"]),
    (ClientDraft(), ["first_name", "last_name", "email", "phone", "mobile"]),
    (RawContacts(ANA), ["mobile", "phone", "email"]),
    (Address(), ["street", "city", "region", "postcode", "country"]),
]
OTHERS = [
    (APPOINTMENT, ["ref", "price"]),
    (SERVICE, ["duration", "price"]),
    (HostAnswer(), ["appointment", "ref"]),
    (Offer(), ["fee", "forfeits"]),
    (RECORD, ["ref", "address"]),
    (ClientDraft(), ["address"]),
    (RawContacts(ANA), ["ref"]),
]


def _each(groups: list[tuple[Any, list[str]]]) -> list[Any]:
    return [pytest.param(value, name, id=f"{type(value).__name__}.{name}") for value, names in groups for name in names]


@pytest.mark.parametrize("wrong", [3, b"3", UUID(int=3)], ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize(("value", "name"), _each(TEXTS + TEXTS_OR_NONE))
def test_text_is_text(value: Any, name: str, wrong: object) -> None:
    """A number that is handed over as an id would equal nothing that comes back from a form."""
    with pytest.raises(InvalidInput, match=type(wrong).__name__):
        evolve(value, **{name: wrong})


@pytest.mark.parametrize(("value", "name"), _each(TEXTS))
def test_text_that_must_be_there_is_not_none(value: Any, name: str) -> None:
    """None is no text, unless the field says so."""
    with pytest.raises(InvalidInput, match="None"):
        evolve(value, **{name: None})


@pytest.mark.parametrize(("value", "name"), _each(TEXTS_OR_NONE))
def test_text_that_may_be_absent_may_be_none(value: Any, name: str) -> None:
    """None is how an adapter says that nothing stands there."""
    assert getattr(evolve(value, **{name: None}), name) is None


@pytest.mark.parametrize(("value", "name"), _each(OTHERS))
def test_what_is_no_text_is_of_its_own_type(value: Any, name: str) -> None:
    """A ref is a RecordRef and a price is Money: their text, or a bare number, is refused with the field's name."""
    for wrong in ("client:ana", 65):
        with pytest.raises(
            InvalidInput, match=rf"^{type(value).__name__}\.{name} is .*this is {type(wrong).__name__}$"
        ):
            evolve(value, **{name: wrong})


def test_the_message_says_what_to_do() -> None:
    """Whoever writes the adapter reads the field, what it is, what was given, and the remedy."""
    with pytest.raises(InvalidInput) as caught:
        evolve(APPOINTMENT, service_id=12)
    assert str(caught.value) == "Appointment.service_id is text; this is int: str() it in the adapter"


@pytest.mark.parametrize("status", AppointmentStatus)
def test_a_status_may_be_written_as_its_text(status: AppointmentStatus) -> None:
    """Text that equals a status, as it comes out of a column, becomes that status and answers ``open``."""
    assert evolve(APPOINTMENT, status=status.value).status is status


@pytest.mark.parametrize("kind", AnswerKind)
def test_an_answer_may_be_written_as_its_text(kind: AnswerKind) -> None:
    """The same for what a host answers."""
    assert HostAnswer(kind.value).kind is kind


@pytest.mark.parametrize("wrong", ["booked", "", "CONFIRMED", None, 1, ["confirmed"]])
def test_an_unknown_status_is_refused(wrong: Any) -> None:
    """The message lists those that there are."""
    with pytest.raises(InvalidInput, match="'no_show'"):
        evolve(APPOINTMENT, status=wrong)
    with pytest.raises(InvalidInput, match="'declined'"):
        HostAnswer(wrong)
    with pytest.raises(InvalidInput, match="'booking'"):
        RecordRef(wrong, "ana")


def test_kinds_of_record_may_be_written_as_their_text() -> None:
    """The same for refs."""
    assert RecordRef("booking", "a1").kind is RecordKind.BOOKING  # type: ignore[arg-type]


def test_money_may_stand_where_money_may_stand() -> None:
    """Prices, fees and deposits are Money or absent."""
    price = Money("65.00", "NZD")
    assert evolve(APPOINTMENT, price=price).price == price
    assert Offer(fee=price, forfeits=None).fee == price


@pytest.mark.parametrize("value", [APPOINTMENT, SLOT], ids=lambda value: type(value).__name__)
def test_nothing_ends_before_it_starts(value: Any) -> None:
    """To end at its start is allowed: some platforms have services without a length."""
    assert evolve(value, end=NOON).end == NOON
    with pytest.raises(InvalidInput, match="cannot end before it starts"):
        evolve(value, end=NOON - timedelta(microseconds=1))


@pytest.mark.parametrize(("name", "most"), [("first_name", 100), ("last_name", 100), ("notes", 10_000)])
def test_text_that_is_too_long_is_refused(name: str, most: int) -> None:
    """The longest is taken, one more is not, and the message says both lengths but not the text."""
    assert len(getattr(evolve(RECORD, **{name: "x" * most}), name)) == most
    with pytest.raises(InvalidInput, match=f"^ClientRecord.{name} has at most {most} characters; this has {most + 1}$"):
        evolve(RECORD, **{name: "x" * (most + 1)})
