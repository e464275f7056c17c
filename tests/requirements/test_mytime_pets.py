"""Pets, inside the account, where the business is one for pets (M8)."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal import Reason
from clientportal.errors import InvalidField, InvalidInput
from clientportal.records import AuditEntry
from clientportal.values import HostAnswer
from clientportal.values.appointments import AnswerKind
from clientportal.values.pets import PET_FIELDS, Pet, PetSex, Weight
from own_sections import open_sections
from watching import far_away, reason_of, refusal_of
from world import World, client

pytestmark = pytest.mark.requirement("M8")

ANA, BEN = "021 111 2222", "021 333 4444"
REX = {
    "name": "Rex",
    "species": "dog",
    "breed": "Kelpie",
    "sex": "male",
    "birthday": "2021-03-14",
    "weight": "18.25 kg",
}


def _vet(world: World, **ways: Any) -> None:
    """A veterinary practice with Ana and Ben; ``ways`` are how its pets differ from the shipped ones."""
    if ways:
        shipped = next(one for one in world.host.sections if one.name == "pets")
        others = tuple(one for one in world.host.sections if one.name != "pets")
        world.host = type("VetHost", (world.host,), {"sections": (*others, type("VetPets", (shipped,), ways))})
        world.portal = world.make_portal()
    open_sections(world, "pets")
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.add_client("ben", "Ben Tamati", mobile=BEN)


def test_pets_are_listed_added_changed_and_deleted(world: World) -> None:
    """Ana adds Rex and Aroha, weighs Rex, and lets Aroha go; the list is by name, and typed."""
    _vet(world)
    ana = world.log_in(ANA)
    assert ana.pets().items == ()
    rex = ana.save_pet(REX).item
    aroha = ana.save_pet({"name": "Aroha", "species": "cat", "neutered": "yes"}).item
    assert [pet.name for pet in ana.pets().items] == ["Aroha", "Rex"]
    ana.save_pet({"weight": Weight("17.9", "kg"), "breed": ""}, id=rex)
    pet = ana.section_item("pets", rex)
    assert (pet.name, pet.breed, pet.sex, str(pet.weight)) == ("Rex", None, PetSex.MALE, "17.9 kg")
    assert pet.birthday is not None
    assert pet.birthday.isoformat() == "2021-03-14"
    ana.delete_pet(aroha)
    assert [pet.name for pet in ana.pets().items] == ["Rex"]


def test_the_list_is_paged_by_name_and_what_is_added_meanwhile_moves_nothing(world: World) -> None:
    """Five cats, two a page; Bella, added after the first page, is neither skipped over nor shown twice."""
    _vet(world)
    ana = world.log_in(ANA)
    for name in ("Dusty", "Anahera", "Ed", "Cleo", "Ana"):
        ana.save_pet({"name": name})
    first = ana.pets(limit=2)
    ana.save_pet({"name": "Aaron"})
    second = ana.pets(after=first.next, limit=2)
    third = ana.pets(after=second.next, limit=2)
    assert [pet.name for page in (first, second, third) for pet in page.items] == [
        "Ana",
        "Anahera",
        "Cleo",
        "Dusty",
        "Ed",
    ]
    assert third.next is None


def test_somebody_elses_pet_is_absent(world: World) -> None:
    """Ben finds nothing under the id of Ana's dog, and can neither change nor delete it."""
    _vet(world)
    rex = world.log_in(ANA).save_pet(REX).item
    ben = world.log_in(BEN)
    assert ben.pets().items == ()
    for id in (rex, "nobody", "", "x" * 500, "nul\x00"):
        assert reason_of(lambda id=id: ben.save_pet({"name": "Mine"}, id=id)) is Reason.NOT_FOUND
        assert reason_of(lambda id=id: ben.delete_pet(id)) is Reason.NOT_FOUND
        assert reason_of(lambda id=id: ben.section_item("pets", id)) is Reason.NOT_FOUND
    assert world.log_in(ANA).pets().items[0].name == "Rex"


def test_elsewhere_there_is_no_such_section_and_it_is_refused(world: World) -> None:
    """A hairdresser on a platform that knows pets: absent from the menu, refused at each call."""
    _vet(world, active=lambda _self: False)
    ana = world.log_in(ANA)
    assert "pets" not in [one.name for one in ana.sections()]
    for call in (ana.pets, lambda: ana.save_pet(REX), lambda: ana.delete_pet("rex"), lambda: ana.section("pets")):
        assert reason_of(call) is Reason.DISABLED


def test_a_platform_without_pets_and_a_business_that_does_not_show_them_refuse_alike(world: World) -> None:
    """The port is missing; or it is there, and the policy does not name it."""
    _vet(world)
    world.change_policy("visibility", sections=("account", "bookings"))
    ana = world.log_in(ANA)
    assert reason_of(ana.pets) is Reason.DISABLED
    open_sections(world, "pets")
    assert ana.pets().items == ()
    others = tuple(one for one in world.host.sections if one.name != "pets")
    world.host = type("NoPets", (world.host,), {"sections": others})
    world.portal = world.make_portal()
    assert reason_of(world.log_in(ANA).pets) is Reason.DISABLED


def test_pets_stand_on_the_page_of_the_account(world: World) -> None:
    """The menu says so, and what may be done with them."""
    _vet(world)
    entry = next(one for one in world.log_in(ANA).sections() if one.name == "pets")
    assert (entry.within, entry.actions) == ("account", ("save", "delete"))


def test_what_the_policy_does_not_name_is_not_done(world: World) -> None:
    """Pets may be looked at and saved, not deleted (V5)."""
    _vet(world)
    world.change_policy("portal", actions=["pets.save"])
    ana = world.log_in(ANA)
    rex = ana.save_pet(REX).item
    assert reason_of(lambda: ana.delete_pet(rex)) is Reason.DISABLED
    assert [pet.name for pet in ana.pets().items] == ["Rex"]


def test_notes_and_custom_fields_of_a_pet_have_no_way_to_a_client_or_from_one() -> None:
    """By type: what crosses the port has room for nine fields, and notes and custom fields are none of them."""
    every = {name for name in dir(Pet) if not name.startswith("_")}
    assert not {"notes", "note", "custom", "fields", "extra"} & every
    assert not {"notes", "custom"} & set(PET_FIELDS)


@pytest.mark.parametrize("name", ["notes", "custom", "ref", "id", "version", "business", "owner"])
def test_a_field_that_the_form_does_not_show_is_refused_by_its_name(memory_world: World, name: str) -> None:
    """Ana's browser sends ``notes`` as well: nothing is written, and the error says which fields there are."""
    _vet(memory_world)
    ana = memory_world.log_in(ANA)
    with pytest.raises(InvalidField, match=f"'{name}': there is no such field of a pet; there are name, species"):
        ana.save_pet({**REX, name: "bites"})
    assert ana.pets().items == ()


def test_a_pet_with_appointments_ahead_stays_and_the_platform_says_why(world: World) -> None:
    """Rex has an appointment on Wednesday: the platform declines with a note, and he is still there."""
    note = "Rex has an appointment on Wednesday"

    class Busy:
        def delete(self, id: str, version: str, key: str) -> HostAnswer:
            return HostAnswer(AnswerKind.DECLINED, note=note)

    _vet(world, delete=Busy.delete)
    ana = world.log_in(ANA)
    rex = ana.save_pet(REX).item
    no = refusal_of(lambda: ana.delete_pet(rex))
    assert (no.reason, no.refusal.facts["why"]) == (Reason.NOT_CHANGEABLE, note)
    assert [pet.name for pet in ana.pets().items] == ["Rex"]


def test_two_who_save_one_pet_do_not_overwrite_each_other(world: World) -> None:
    """Ana has the form open in two tabs; the second to save is told that something has changed."""
    _vet(world)
    ana = world.log_in(ANA)
    rex = ana.save_pet(REX).item
    seen = ana.section_item("pets", rex).version
    ana.save_pet({"weight": "17 kg"}, id=rex, version=seen)
    assert reason_of(lambda: ana.save_pet({"name": "Rexy"}, id=rex, version=seen)) is Reason.CHANGED_MEANWHILE
    assert ana.section_item("pets", rex).name == "Rex"


def test_a_key_adds_a_pet_once(world: World) -> None:
    """The button was pressed twice: one Rex; other fields under that key are refused."""
    _vet(world)
    ana = world.log_in(ANA)
    first = ana.save_pet(REX, key="form-1")
    assert ana.save_pet(REX, key="form-1") == first
    assert len(ana.pets().items) == 1
    assert reason_of(lambda: ana.save_pet({"name": "Max"}, key="form-1")) is Reason.KEY_REUSED


def test_a_merge_brings_the_pets_together_and_its_undo_takes_them_apart(world: World) -> None:
    """Ana's two records have a pet each; after the undo each has its own again."""
    _vet(world)
    ana = world.log_in(ANA)
    ana.save_pet(REX)
    world.log_in(BEN).save_pet({"name": "Tui", "species": "parrot"})
    (merge,) = world.staff().merge(client("ana"), client("ben")).merges
    assert [pet.name for pet in ana.pets().items] == ["Rex", "Tui"]
    tui = ana.pets().items[1]
    ana.save_pet({"species": "kākā"}, id=tui.id)
    world.staff().undo(merge)
    assert [pet.name for pet in ana.pets().items] == ["Rex"]
    assert [pet.species for pet in world.log_in(BEN).pets().items] == ["kākā"]


def test_a_platform_elsewhere_adds_a_pet_once_too() -> None:
    """It keeps its tables in another database: the write goes under its key, and the audit names what was done."""
    with far_away() as world:
        _vet(world)
        ana = world.log_in(ANA)
        outcome = ana.save_pet(REX, key="form-1")
        assert ana.save_pet(REX, key="form-1").item == outcome.item
        assert [pet.id for pet in ana.pets().items] == [outcome.item]
        assert "save_pet" in [one.action for one in world.all_stored(AuditEntry, "time")]


def test_a_pet_is_a_mapping_of_fields(memory_world: World) -> None:
    """What is no mapping is named."""
    _vet(memory_world)
    with pytest.raises(InvalidInput, match="pet is a mapping from the names of fields"):
        memory_world.log_in(ANA).save_pet(["Rex"])
