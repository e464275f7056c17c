"""A client's pets (M8). Rules: ``rules/keeping_pets.py``, ``rules/who_may_see.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.people import principal
from clientportal.operations.sections import (
    ListItems,
    OpenSection,
    asks_section,
    item_of,
    open_section,
    remember_change,
    replay_change,
)
from clientportal.outcomes import SectionChanged
from clientportal.policy import Policy
from clientportal.rules.keeping_pets import read_pet
from clientportal.values import ItemPage, RecordRef, SectionWrite, in_zone
from clientportal.values.pets import Pet, pet_texts

__all__ = ["DELETE_PET", "PETS", "SAVE_PET", "DeletePet", "SavePet"]

SECTION = "pets"


async def _load_page(reading: Reading, asked: ListItems) -> ItemPage[Pet]:
    opened = await open_section(reading, SECTION)
    return await opened.port.page(opened.refs, asked.after, asked.limit) if opened.refs else ItemPage()


def _shown(seen: ItemPage[Pet], _asked: object, _policy: Policy, _now: datetime) -> Decision[ItemPage[Pet]]:
    return grant(seen, Because("who_may_see.own"))


PETS = Operation[ListItems, ItemPage[Pet], ItemPage[Pet]](name="pets", load=_load_page, decide=_shown, writes=False)


# --- saving ----------------------------------------------------------------------------------------------------------


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    given = cast("object", value)
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in cast("Mapping[object, Any]", given)):
        raise InvalidInput("pet is a mapping from the names of fields, such as {'name': 'Rex', 'species': 'dog'}")
    return dict(cast("Mapping[str, object]", given))


@frozen
class SavePet:
    """What was typed, of which pet (``None``: a new one), as of which version (``None``: whatever it is now)."""

    pet: Mapping[str, object] = field(repr=False, converter=_plain)
    id: str | None = None
    version: str | None = None


@frozen
class _Saving:
    before: Pet | None
    ref: RecordRef
    business: str
    today: date
    because: Because
    intent_id: str
    actor: str


def _writes_for(opened: OpenSection) -> RecordRef:
    if not opened.refs:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("who_may_see.own", (("records", "none"),))))
    return opened.writes_for


async def _load_saving(reading: Reading, asked: SavePet) -> _Saving:
    opened = await open_section(reading, SECTION, "save")
    before: Pet | None = None if asked.id is None else await item_of(opened, asked.id)
    ref = _writes_for(opened) if before is None else before.ref
    zone = (await reading.host.business()).zone
    today = in_zone(reading.now, zone).date()
    business = opened.branch if before is None else before.business
    return _Saving(before, ref, business, today, opened.because, reading.fresh_id(), reading.actor)


def _decide_saving(seen: _Saving, asked: SavePet, _policy: Policy, now: datetime) -> Decision[SectionChanged]:
    before = seen.before
    if before is not None and asked.version is not None and asked.version != before.version:
        return refuse(Reason.CHANGED_MEANWHILE, seen.because)
    after = read_pet(asked.pet, before, seen.intent_id, seen.ref, seen.today)
    outcome = SectionChanged(SECTION, "save", after.id)
    if after == before:
        return grant(outcome, seen.because)
    write = SectionWrite(
        section=SECTION,
        action="save",
        ref=seen.ref,
        item=None if before is None else before.id,
        version=after.version,
        fields=pet_texts(after),
        business=seen.business,
    )
    intent = asks_section(write, intent_id=seen.intent_id, actor=seen.actor, now=now, because=seen.because)
    return grant(outcome, seen.because, asks=intent)


SAVE_PET = Operation[SavePet, _Saving, SectionChanged](
    name="save_pet",
    load=_load_saving,
    decide=_decide_saving,
    subject=lambda asked: (asked.id or "a new one")[:200],
    keyed=Keyed(remember_change, replay_change, admit=principal),
)


# --- deleting --------------------------------------------------------------------------------------------------------


@frozen
class DeletePet:
    """Which one."""

    id: str


@frozen
class _Deleting:
    pet: Pet
    because: Because
    intent_id: str
    actor: str


async def _load_deleting(reading: Reading, asked: DeletePet) -> _Deleting:
    opened = await open_section(reading, SECTION, "delete")
    return _Deleting(await item_of(opened, asked.id), opened.because, reading.fresh_id(), reading.actor)


def _decide_deleting(seen: _Deleting, _asked: DeletePet, _policy: Policy, now: datetime) -> Decision[SectionChanged]:
    """Whether it can go just now (it may have appointments ahead), the platform knows; its note is shown."""
    pet = seen.pet
    write = SectionWrite(section=SECTION, action="delete", ref=pet.ref, item=pet.id, version=pet.version)
    intent = asks_section(write, intent_id=seen.intent_id, actor=seen.actor, now=now, because=seen.because)
    return grant(SectionChanged(SECTION, "delete", pet.id), seen.because, asks=intent)


DELETE_PET = Operation[DeletePet, _Deleting, SectionChanged](
    name="delete_pet",
    load=_load_deleting,
    decide=_decide_deleting,
    subject=lambda asked: asked.id[:200],
    keyed=Keyed(remember_change, replay_change, admit=principal),
)
