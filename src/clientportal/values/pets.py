"""Pets of a client (M8): what the portal shows of them, and what their owner writes.

A platform keeps more of a pet: notes of the staff, fields of its own. There is no room for either in these values, so
nothing of it can reach a client.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.clients import RecordRef
from clientportal.values.field_checks import as_member, day_or_none, one_of, text, text_or_none
from clientportal.values.sections import SectionItem

__all__ = ["MAX_PET_TEXT", "PET_FIELDS", "Pet", "PetSex", "Weight", "WeightUnit", "pet_from_texts", "pet_texts"]

MAX_PET_TEXT = 100
_MOST_WEIGHT = Decimal(10_000)
_DECIMALS = 3
_LAST, _TURNED = 0x10FFFF, 0xD000


class PetSex(StrEnum):
    """Which sex."""

    FEMALE = "female"
    MALE = "male"


class WeightUnit(StrEnum):
    """In what somebody weighs."""

    KG = "kg"
    G = "g"
    LB = "lb"
    OZ = "oz"


def _amount(value: Decimal | int | str) -> Decimal:
    if isinstance(value, float):
        raise InvalidInput("a weight is exact: use Decimal, int or str, not float")
    try:
        amount = Decimal(value)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise InvalidInput("a weight is a number such as '12.5'") from error
    if not amount.is_finite() or not 0 < amount <= _MOST_WEIGHT:
        raise InvalidInput(f"a weight is more than 0 and at most {_MOST_WEIGHT}")
    if int(amount.normalize().as_tuple().exponent) < -_DECIMALS:
        raise InvalidInput(f"a weight has at most {_DECIMALS} decimals")
    return amount


def _unit(value: WeightUnit | str) -> WeightUnit:
    return as_member(WeightUnit, value, "unit of weight")


@frozen
class Weight:
    """An exact weight: ``Weight("12.5", "kg")``. More than 0, at most 10,000, with at most three decimals."""

    amount: Decimal = field(converter=_amount)
    unit: WeightUnit = field(converter=_unit)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.unit.value}"


def _sex(value: PetSex | str | None) -> PetSex | None:
    return None if value is None else as_member(PetSex, value, "sex")


def _name(instance: object, attribute: Any, value: Any) -> None:
    text(instance, attribute, value)
    if not value:
        raise InvalidInput(f"{type(instance).__name__}.{attribute.name} is not empty")


@frozen(kw_only=True)
class Pet(SectionItem):
    """One pet. ``neutered`` is ``None`` where nobody has said."""

    name: str = field(validator=_name)
    species: str | None = field(default=None, validator=text_or_none)
    breed: str | None = field(default=None, validator=text_or_none)
    sex: PetSex | None = field(default=None, converter=_sex)
    birthday: date | None = field(default=None, validator=day_or_none)
    weight: Weight | None = field(default=None, validator=one_of(Weight, type(None)))
    neutered: bool | None = field(default=None, validator=one_of(bool, type(None)))
    colour: str | None = field(default=None, validator=text_or_none)
    microchip: str | None = field(default=None, validator=text_or_none)

    @property
    def listed_by(self) -> str:
        """By name, from A to Z. Lists begin with the greatest, so the letters are turned round, and a name that has
        ended comes before one that goes on.
        """
        letters = (chr(_LAST - ord(one)) if ord(one) < _TURNED else one for one in self.name.casefold())
        return "".join((*letters, chr(_LAST)))


PET_FIELDS = ("name", "species", "breed", "sex", "birthday", "weight", "neutered", "colour", "microchip")
"""What the owner of a pet may write."""


def pet_texts(pet: Pet) -> dict[str, str]:
    """What is written of a pet, as the texts of a write; what is not known is left out."""
    found: dict[str, str] = {}
    for name in PET_FIELDS:
        value = getattr(pet, name)
        if isinstance(value, bool):
            found[name] = "yes" if value else "no"
        elif value is not None:
            found[name] = value.isoformat() if isinstance(value, date) else str(value)
    return found


def pet_from_texts(texts: Mapping[str, str], *, id: str, ref: RecordRef, version: str = "", business: str = "") -> Pet:
    """Read back what :func:`pet_texts` wrote."""
    typed: dict[str, Any] = dict(texts)
    if "birthday" in typed:
        typed["birthday"] = date.fromisoformat(typed["birthday"])
    if "weight" in typed:
        typed["weight"] = Weight(*typed["weight"].split(" "))
    if "neutered" in typed:
        typed["neutered"] = typed["neutered"] == "yes"
    return Pet(id=id, ref=ref, version=version, business=business, **typed)
