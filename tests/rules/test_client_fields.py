"""The field definitions (TT7), and what was typed into quick add and the profile (TT10)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal import presets
from clientportal.errors import InvalidContact, InvalidInput, PolicyError
from clientportal.outcomes import CustomField, FieldChoice, FormField
from clientportal.policy import FieldDefinition, Policy
from clientportal.rules.client_fields import (
    custom_of,
    definition_of,
    form_fields,
    read_change,
    read_contacts,
    read_draft,
    shown,
)
from clientportal.values import Address, ClientChange, ClientDraft, ClientRecord, ContactKey, RecordRef
from world import at

pytestmark = pytest.mark.requirement("TT7")

PLAIN = presets.timetap(region="NZ")


def defined(**fields: FieldDefinition) -> Policy:
    """A clinic's fields; ``custom_birthday`` is the custom field "birthday"."""
    named = {name.replace("custom_", "custom."): one for name, one in fields.items()}
    return evolve(PLAIN, clients=evolve(PLAIN.clients, fields=named))


CLINIC = defined(
    mobile=FieldDefinition(label="Mobile number", required=True),
    phone=FieldDefinition(label="Landline", visible=False),
    custom_gp=FieldDefinition(label="Doctor"),
    custom_birthday=FieldDefinition(label="Date of birth", required=True),
)


# --- the form --------------------------------------------------------------------------------------------------------


def test_without_definitions_there_are_the_usual_fields() -> None:
    """The six of every client, and the notes; none must be filled in."""
    assert [(one.name, one.label, one.required) for one in form_fields(PLAIN)] == [
        ("first_name", "First name", False),
        ("last_name", "Last name", False),
        ("email", "Email", False),
        ("phone", "Phone", False),
        ("mobile", "Mobile", False),
        ("address", "Address", False),
        ("notes", "Internal notes", False),
    ]
    assert definition_of("custom.birthday", PLAIN) is None


def test_the_form_follows_the_definitions() -> None:
    """Labels, what must be filled in, what is not there; custom fields come last, by their labels."""
    assert [one.name for one in form_fields(CLINIC)] == [
        *("first_name", "last_name", "email", "mobile", "address", "notes"),
        *("custom.birthday", "custom.gp"),
    ]
    assert FormField("mobile", "Mobile number", True) in form_fields(CLINIC)
    assert FormField("custom.birthday", "Date of birth", True) in form_fields(CLINIC)


def test_custom_fields_stand_by_their_labels_and_equal_labels_by_their_names() -> None:
    """Staff look for "Allergies" under A, whatever the field is called in the table."""
    policy = defined(
        custom_b=FieldDefinition(label="Wishes"),
        custom_z=FieldDefinition(label="Allergies"),
        custom_a=FieldDefinition(label="Wishes"),
    )
    assert [one.name for one in form_fields(policy)][-3:] == ["custom.z", "custom.a", "custom.b"]


def test_the_profile_shows_what_the_form_has() -> None:
    """A field that is not visible is not shown; a custom one is, also where it is empty; what is not defined is not."""
    fields = {name: FieldChoice(name, "x", None, "most_recent") for name in ("phone", "mobile", "first_name")}
    assert [one.field for one in shown(fields, CLINIC)] == ["first_name", "mobile"]
    ana = ClientRecord(
        RecordRef.client("ana"), at("2026-01-05 09:00"), custom={"birthday": "4 May 1990", "shoe size": "39"}
    )
    assert custom_of(ana, CLINIC) == (
        CustomField("custom.birthday", "Date of birth", "4 May 1990"),
        CustomField("custom.gp", "Doctor", None),
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mobil": FieldDefinition(label="Mobile")}, "there is no field 'mobil'; there are first_name"),
        ({"custom.": FieldDefinition(label="Mobile")}, "a custom field has a name of 1 to 100 characters"),
        ({"custom." + "x" * 101: FieldDefinition(label="Mobile")}, "a custom field has a name of 1 to 100"),
        ({"custom.a\x00": FieldDefinition(label="Mobile")}, "a custom field has a name of 1 to 100"),
        ({"mobile": "Mobile"}, "'mobile' is defined by a FieldDefinition"),
        ({f"custom.{n}": FieldDefinition(label="X") for n in range(51)}, "at most 50 custom fields"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(fields: dict[str, Any], says: str) -> None:
    """When the policy is built, and the message says what would be right."""
    with pytest.raises(PolicyError, match=r"clients\.fields") as error:
        evolve(PLAIN.clients, fields=fields)
    assert says in str(error.value)


@pytest.mark.parametrize("given", [{"label": ""}, {"label": " "}, {"label": "x" * 61}, {"label": "a\nb"}, {"label": 3}])
def test_a_label_is_one_line(given: dict[str, Any]) -> None:
    """Not empty, not long, nothing that cannot be shown."""
    with pytest.raises(PolicyError, match="label is one line of 1 to 60 characters"):
        FieldDefinition(**given)


def test_what_nobody_sees_cannot_be_required() -> None:
    """Nobody could ever add a client."""
    with pytest.raises(PolicyError, match="nobody could fill it in"):
        FieldDefinition(label="Mobile", required=True, visible=False)


# --- quick add -------------------------------------------------------------------------------------------------------


WITH_BIRTHDAY = defined(birthday=FieldDefinition(label="Date of birth", required=True))


def test_birthdays_are_asked_for_by_those_who_want_them() -> None:
    """No business collects them unless it says so; then the field stands before the notes."""
    assert [one.name for one in form_fields(WITH_BIRTHDAY)][-3:] == ["address", "birthday", "notes"]
    with pytest.raises(InvalidInput, match="there is no field 'birthday' in the form"):
        read_draft({"first_name": "Ana", "birthday": "1984-02-29"}, {}, PLAIN)
    with pytest.raises(InvalidInput, match="Date of birth must be filled in"):
        read_draft({"first_name": "Ana", "birthday": " "}, {}, WITH_BIRTHDAY)
    with pytest.raises(InvalidInput, match="a name or a contact is needed"):
        read_draft({"birthday": "1984-02-29"}, {}, WITH_BIRTHDAY)


@pytest.mark.parametrize("typed", [" 1984-02-29 ", date(1984, 2, 29)])
def test_a_birthday_is_typed_or_picked(typed: str | date) -> None:
    """A text field and a calendar are the same; a change writes it, and takes it away."""
    assert read_draft({"last_name": "Kingi", "birthday": typed}, {}, WITH_BIRTHDAY).birthday == date(1984, 2, 29)
    plain = defined(birthday=FieldDefinition(label="Date of birth"))
    change, written = read_change("3", {"birthday": typed}, {}, plain)
    assert (change.fields, written) == ({"birthday": date(1984, 2, 29)}, ("birthday",))
    assert read_change("3", {"birthday": ""}, {}, plain)[0].fields == {"birthday": None}


@pytest.mark.parametrize("typed", ["29/02/1984", "1985-02-29", "yesterday"])
def test_a_birthday_that_nobody_can_read_is_told_by_its_label(typed: str) -> None:
    """The message says how one is written."""
    with pytest.raises(InvalidInput, match=r"Date of birth: .* such as 1984-02-29"):
        read_draft({"first_name": "Ana", "birthday": typed}, {}, WITH_BIRTHDAY)


@pytest.mark.requirement("TT10")
def test_a_form_becomes_a_client() -> None:
    """White space around values goes, blank fields are absent, contacts stay as they were typed."""
    typed = {"first_name": " Ana ", "last_name": "", "mobile": " 021 555 0142 ", "address": Address(), "notes": None}
    draft = read_draft(typed, {"birthday": " 4 May 1990 ", "gp": " "}, CLINIC)
    assert draft == ClientDraft(first_name="Ana", mobile="021 555 0142", custom={"birthday": "4 May 1990"})
    assert read_contacts(typed, CLINIC) == (ContactKey.parse("mobile:+64215550142"),)


@pytest.mark.requirement("TT10")
@pytest.mark.parametrize(
    ("typed", "custom", "says"),
    [
        ({"first_name": "Ana"}, {"birthday": "4 May"}, "Mobile number must be filled in"),
        ({"first_name": "Ana", "mobile": " "}, {"birthday": "4 May"}, "Mobile number must be filled in"),
        ({"mobile": "021 555 0142"}, {}, "Date of birth must be filled in"),
        (
            {"mobile": "021 555 0142", "phone": "09 555 0142"},
            {"birthday": "x"},
            "there is no field 'phone' in the form",
        ),
        ({"mobile": "021 555 0142"}, {"birthday": "x", "iban": "y"}, "there is no field 'custom.iban' in the form"),
    ],
)
def test_an_incomplete_form_names_the_field_by_its_label(
    typed: dict[str, Any], custom: dict[str, Any], says: str
) -> None:
    """What must be filled in and is not, and what is not in the form at all."""
    with pytest.raises(InvalidInput) as error:
        read_draft(typed, custom, CLINIC)
    assert says in str(error.value)


def test_whoever_names_a_field_that_is_not_there_reads_which_are() -> None:
    """In alphabetical order, and where to define another."""
    with pytest.raises(InvalidInput) as error:
        read_draft({"first_name": "Ana", "shoe size": "39"}, {}, CLINIC)
    assert str(error.value) == (
        "there is no field 'shoe size' in the form; there are address, custom.birthday, custom.gp, email, first_name, "
        "last_name, mobile, notes (clients.fields)"
    )


@pytest.mark.requirement("TT10")
@pytest.mark.parametrize(
    ("field", "text", "problem", "label"),
    [
        ("mobile", "021 CALL ANA", "letters", "Mobile number"),
        ("email", "ana at example", "not_an_address", "Email"),
        ("mobile", "12", "not_a_number", "Mobile number"),
    ],
)
def test_a_contact_that_cannot_be_read_is_refused_and_named(field: str, text: str, problem: str, label: str) -> None:
    """Kept, it could never be matched with anything."""
    with pytest.raises(InvalidContact, match=f"^{label}: ") as error:
        read_draft({"mobile": "021 555 0142", field: text}, {"birthday": "x"}, CLINIC)
    assert error.value.problem == problem


@pytest.mark.requirement("TT10")
def test_a_client_is_somebody() -> None:
    """A form with notes alone is nobody who could ever be found again; any name or contact will do."""
    with pytest.raises(InvalidInput) as error:
        read_draft({"notes": "came in on Monday"}, {}, PLAIN)
    assert str(error.value) == "a name or a contact is needed: first_name, last_name, email, phone or mobile"
    for name, text in (("last_name", "Kingi"), ("phone", "09 555 0142"), ("email", "ana@example.com")):
        assert getattr(read_draft({name: text}, {}, PLAIN), name) == text


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_change_writes_what_is_named_and_nothing_else() -> None:
    """Blank clears; an absent field stays; names of custom fields are told with their prefix."""
    change, written = read_change(
        "7", {"email": " ana@example.com", "notes": ""}, {"gp": "Dr Ngata", "birthday": "5"}, CLINIC
    )
    assert change == ClientChange("7", {"email": "ana@example.com", "notes": None}, {"gp": "Dr Ngata", "birthday": "5"})
    assert written == ("email", "notes", "custom.gp", "custom.birthday")
    assert read_change("7", {}, {"gp": None}, CLINIC)[0].custom == {"gp": None}


@pytest.mark.parametrize(
    ("typed", "custom", "says"),
    [
        ({"mobile": None}, {}, "Mobile number must be filled in"),
        ({}, {"birthday": ""}, "Date of birth must be filled in"),
        ({"phone": "09 555 0142"}, {}, "there is no field 'phone' in the form"),
        ({"email": "ana"}, {}, "Email: "),
    ],
)
def test_a_change_that_cannot_be_is_refused(typed: dict[str, Any], custom: dict[str, Any], says: str) -> None:
    """A required field is not emptied; what is not in the form is not written; a contact must be readable."""
    with pytest.raises(InvalidInput) as error:
        read_change("7", typed, custom, CLINIC)
    assert says in str(error.value)


def test_a_change_of_nothing_is_a_mistake() -> None:
    """Of whoever wrote the form; it says what to do."""
    with pytest.raises(InvalidInput) as error:
        read_change("7", {}, {}, CLINIC)
    assert str(error.value) == "nothing is to be changed: name at least one field"


@given(
    st.dictionaries(
        st.sampled_from(["first_name", "last_name", "notes"]), st.none() | st.text("ab \u00e9", max_size=4), max_size=3
    )
)
def test_law_a_draft_and_a_change_keep_the_same_text(typed: dict[str, str | None]) -> None:
    """Added or changed, a field is kept alike: what quick add would drop, a change clears."""
    try:
        draft = read_draft({"email": "ana@example.com", **typed}, {}, PLAIN)
        change, _ = read_change("1", {"email": "ana@example.com", **typed}, {}, PLAIN)
    except InvalidInput:
        pytest.fail("plain text is always taken")
    assert {name: getattr(draft, name) for name in change.fields} == dict(change.fields)
