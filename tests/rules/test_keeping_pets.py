"""What the owner of a pet may write about it: rules/keeping_pets.py."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidField, InvalidInput
from clientportal.rules.keeping_pets import read_pet
from clientportal.values import RecordRef
from clientportal.values.pets import PET_FIELDS, Pet, PetSex, Weight, WeightUnit, pet_from_texts, pet_texts

pytestmark = pytest.mark.requirement("M8")

ANA = RecordRef.client("ana")
TODAY = date(2026, 11, 21)
REX = Pet(id="rex", ref=ANA, version="3", name="Rex", species="dog", weight=Weight("18.25", "kg"), neutered=True)


def _read(before: Pet | None = None, **typed: Any) -> Pet:
    return read_pet(typed, before, "new", ANA, TODAY)


def test_a_new_pet_is_made_of_what_was_typed() -> None:
    """Text as a form gives it, and typed values, come to the same."""
    typed = _read(name=" Rex  the Great ", sex="male", birthday="2021-03-14", weight="12.5kg", neutered="no")
    assert (typed.name, typed.sex, typed.neutered) == ("Rex the Great", PetSex.MALE, False)
    given_as = _read(
        name="Rex the Great", sex=PetSex.MALE, birthday=date(2021, 3, 14), weight=Weight("12.5", "kg"), neutered=False
    )
    assert typed == given_as


def test_a_field_that_is_absent_stays_and_a_blank_one_is_cleared() -> None:
    """Rex is weighed, and his species taken away; the rest of him stays."""
    after = _read(REX, weight="17 kg", species="  ")
    assert (str(after.weight), after.species, after.name, after.neutered) == ("17 kg", None, "Rex", True)
    assert (after.id, after.version) == ("rex", "3")
    cleared = _read(REX, weight=None, neutered="", sex=None, birthday="")
    assert (cleared.weight, cleared.neutered, cleared.sex, cleared.birthday) == (None, None, None, None)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("name", "", "a pet has a name"),
        ("name", None, "a pet has a name"),
        ("name", 7, "text is needed; this is int"),
        ("name", "R" * 101, "at most 100 characters; these are 101"),
        ("name", "Re\u202ex", "letters, digits and signs"),
        ("name", "Re\x00x", "letters, digits and signs"),
        ("species", "\ud800", "letters, digits and signs"),
        ("sex", "tom", "one of female, male, or nothing"),
        ("birthday", "14.3.2021", "a birthday is written year-month-day"),
        ("birthday", "2026-11-22", "a day from 1900-01-01 to today, 2026-11-21"),
        ("birthday", date(1899, 12, 31), "a day from 1900-01-01"),
        ("birthday", datetime(2021, 3, 14, tzinfo=UTC), "a date without a time of day"),
        ("weight", "heavy", "a number with a point and a unit"),
        ("weight", "12,5 kg", "a number with a point and a unit"),
        ("weight", "12.5 stone", "is no unit of weight; there are 'kg', 'g', 'lb', 'oz'"),
        ("weight", "0 kg", "more than 0 and at most 10000"),
        ("weight", "10001 kg", "more than 0 and at most 10000"),
        ("weight", "1.2345 kg", "at most 3 decimals"),
        ("weight", 12.5, "text is needed; this is float"),
        ("neutered", "maybe", "'yes', 'no', or nothing"),
        ("neutered", 1, "text is needed; this is int"),
        ("notes", "bites", "there is no such field of a pet; there are name, species"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_would_be_right(name: str, value: Any, said: str) -> None:
    """One typed error for each field."""
    with pytest.raises(InvalidField) as caught:
        _read(REX, **{name: value})
    assert said in str(caught.value)
    assert name in caught.value.field


def test_a_new_pet_needs_a_name() -> None:
    """Also where no name was typed at all."""
    with pytest.raises(InvalidField, match="name: a pet has a name"):
        _read(species="dog")


_TEXTS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20)


@given(
    st.fixed_dictionaries(
        {"name": _TEXTS},
        optional={
            "species": _TEXTS,
            "breed": _TEXTS,
            "sex": st.sampled_from(PetSex),
            "birthday": st.dates(date(1900, 1, 1), TODAY),
            "weight": st.builds(
                Weight, st.decimals("0.001", "10000", places=3, allow_nan=False), st.sampled_from(WeightUnit)
            ),
            "neutered": st.booleans(),
            "colour": _TEXTS,
            "microchip": _TEXTS,
        },
    )
)
def test_a_pet_goes_to_the_platform_and_back_exactly(typed: dict[str, Any]) -> None:
    """As the texts of a write, and read back: nothing is rounded, nothing is lost."""
    pet = read_pet(typed, None, "new", ANA, TODAY)
    assert pet_from_texts(pet_texts(pet), id="new", ref=ANA) == pet


def test_a_weight_is_exact() -> None:
    """A float is refused, and so is what is no number."""
    for wrong in (12.5, "heavy", "NaN", None):
        with pytest.raises(InvalidInput):
            Weight(wrong, "kg")  # type: ignore[arg-type]
    assert str(Weight("1E+3", "g")) == "1000 g"
    with pytest.raises(InvalidInput, match="not empty"):
        Pet(id="x", ref=ANA, name="")
    assert len(PET_FIELDS) == 9
