"""What an adapter hands over is checked where it is made: the wrong type is named with its field, at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
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
    ClientChange,
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
    (ClientChange("1"), ["version"]),
]
TEXTS_OR_NONE = [
    (APPOINTMENT, ["staff_id"]),
    (SLOT, ["staff_id"]),
    (RECORD, ["first_name", "last_name", "email", "phone", "mobile", "notes"]),
    (ClientDraft(), ["first_name", "last_name", "email", "phone", "mobile", "notes"]),
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


# --- what staff write


@pytest.mark.parametrize(
    ("name", "most"),
    [("first_name", 100), ("last_name", 100), ("email", 320), ("phone", 320), ("mobile", 320), ("notes", 10_000)],
)
def test_what_is_written_into_a_client_has_its_limits(name: str, most: int) -> None:
    """In a draft and in a change alike; the message says both lengths and not the text."""
    assert getattr(ClientDraft(**{name: "x" * most}), name) == "x" * most
    assert ClientChange("1", {name: "x" * most}).fields[name] == "x" * most
    for make in (lambda: ClientDraft(**{name: "x" * (most + 1)}), lambda: ClientChange("1", {name: "x" * (most + 1)})):
        with pytest.raises(InvalidInput, match=rf"{name}.* has at most {most} characters; this has {most + 1}$"):
            make()


def test_a_birthday_is_a_day_and_a_consent_a_yes_or_a_no() -> None:
    """A moment is another day elsewhere, and what was never asked is neither yes nor no."""
    for make in (lambda day: ClientDraft(birthday=day), lambda day: evolve(RECORD, birthday=day)):
        for wrong in ("1984-02-29", NOON):
            with pytest.raises(InvalidInput, match=r"birthday"):
                make(wrong)
        assert make(date(1904, 2, 29)).birthday == date(1904, 2, 29)
    assert evolve(RECORD, consents={"marketing_email": True, "photos": False}).consents["photos"] is False
    with pytest.raises(InvalidInput, match="what was never asked is left out"):
        evolve(RECORD, consents={"marketing_email": None})


@pytest.mark.parametrize("wrong", ["a\x00b", "\ud800"])
def test_what_no_database_keeps_is_refused_before_it_is_written(wrong: str) -> None:
    """NUL and half a surrogate pair, wherever they stand."""
    for make in (
        lambda: ClientDraft(wrong),
        lambda: ClientDraft(notes=wrong),
        lambda: ClientDraft(address=Address(city=wrong)),
        lambda: ClientDraft(custom={"Door": wrong}),
        lambda: ClientDraft(custom={wrong: "3"}),
        lambda: ClientChange("1", {"email": wrong}),
        lambda: ClientChange("1", {"address": Address(wrong)}),
        lambda: ClientChange("1", {}, {wrong: None}),
    ):
        with pytest.raises(InvalidInput, match="which no database keeps"):
            make()


def test_custom_fields_have_their_limits() -> None:
    """Fifty, with names of a hundred characters and values of a thousand; one more of anything is refused."""
    full = {f"{n:02}{'x' * 98}": "y" * 1000 for n in range(50)}
    assert ClientDraft(custom=full).custom == ClientChange("1", {}, full).custom == full
    cases: list[tuple[Any, str]] = [
        ({**full, "more": ""}, "has at most 50 entries; this has 51"),
        ({"x" * 101: ""}, "has at most 100 characters; this has 101"),
        ({"x": "y" * 1001}, "has at most 1000 characters; this has 1001"),
        ({"": "y"}, "text that is not empty"),
        ({3: "y"}, "text that is not empty"),
        ({"x": 3}, "are text; 'x' has int"),
    ]
    for custom, message in cases:
        for make in (
            lambda custom=custom: ClientDraft(custom=custom),
            lambda custom=custom: ClientChange("1", {}, custom),
        ):
            with pytest.raises(InvalidInput, match=message):
                make()
    with pytest.raises(InvalidInput, match="are text; 'x' has NoneType"):
        ClientDraft(custom={"x": None})  # type: ignore[dict-item]
    assert ClientChange("1", {}, {"x": None}).custom == {"x": None}


def test_a_change_names_fields_that_there_are() -> None:
    """An unknown field, or one of another type, is refused with what there is."""
    for fields, message in (
        ({"usable": "no"}, "no 'usable'; there are first_name, .*, notes"),
        ({"address": "1 High St"}, r"\['address'\] is Address or None; this is str"),
        ({"email": Address("1 High St")}, r"\['email'\] is str or None; this is Address"),
        ({"email": 3}, r"\['email'\] is str or None; this is int"),
        ({"birthday": "1984-02-29"}, r"\['birthday'\] is date or None; this is str"),
        ({"birthday": NOON}, r"\['birthday'\] is date or None; this is datetime"),
    ):
        with pytest.raises(InvalidInput, match=message):
            ClientChange("1", fields)  # type: ignore[arg-type]


def test_an_emptied_field_is_a_cleared_one() -> None:
    """A form sends empty text where somebody deleted what stood there; an address without any part is none."""
    change = ClientChange("1", {"email": "", "address": Address(), "notes": None})
    assert change.fields == {"email": None, "address": None, "notes": None}


def test_a_change_shows_names_and_no_contents() -> None:
    """What is logged by its repr tells nobody's data; drafts keep notes and custom fields to themselves."""
    change = ClientChange("1", {"notes": "diabetic", "email": "ana@example.com"}, {"Allergies": "nuts"})
    born = date(1984, 2, 29)
    for told in (ClientDraft(birthday=born), evolve(RECORD, birthday=born), ClientChange("1", {"birthday": born})):
        assert "1984" not in repr(told)
    assert repr(change) == "ClientChange(version='1', fields=<email, notes>, custom=<Allergies>)"
    assert "nuts" not in repr(ClientDraft(notes="nuts", custom={"Allergies": "nuts"}))


def test_values_with_mappings_can_be_members_of_sets() -> None:
    """They are compared by all of their fields, and hashed."""
    assert len({ClientDraft(custom={"a": "b"}), ClientDraft(custom={"a": "b"}), ClientDraft(custom={"a": "c"})}) == 2
    assert len({ClientChange("1", {"email": "a"}), ClientChange("1", {"email": "a"})}) == 1


def test_a_change_applied() -> None:
    """What is named is written and stamped, what is not stays, and what was emptied says so until it is filled."""
    before = evolve(
        RECORD, first_name="Ana", email="a@b.nz", cleared={"phone"}, changed_at={"email": NOON}, version="4"
    )
    later = NOON + timedelta(days=1)
    after = ClientChange("4", {"email": None, "phone": "09 1"}, {"Door": "3"}).applied_to(before, later)
    assert after == evolve(before, email=None, phone="09 1", cleared={"email"}, custom={"Door": "3"})
    assert after.changed_at == {"email": later, "phone": later}
    assert ClientChange("4").applied_to(RECORD, later).changed_at is None
    many = evolve(RECORD, custom={str(n): "" for n in range(60)})
    assert len(ClientChange("4", {}, {"0": "x"}).applied_to(many, later).custom) == 60
    with pytest.raises(InvalidInput, match="at most 50 custom fields; with this change there would be 61"):
        ClientChange("4", {}, {"more": "x"}).applied_to(many, later)
