"""Pets, inside the account, where the business is one for pets (M8)."""

from __future__ import annotations

from typing import ClassVar

from clientportal.ports.section import Given, Section
from clientportal.values import HostAnswer, SectionWrite
from clientportal.values.appointments import AnswerKind
from clientportal.values.pets import Pet, pet_from_texts

__all__ = ["Pets"]


class Pets(Section[Pet]):
    """The port of pets. ``active`` says whether this business is one for pets: for all others there is no such section.

    ``page`` and ``one`` hand over what a :class:`~clientportal.values.pets.Pet` has room for: notes of the staff and
    fields of your own stay with you, and every write leaves them as they are. ``page`` lists by name.
    """

    name: ClassVar[str] = "pets"
    item: ClassVar[type[Pet]] = Pet
    actions: ClassVar[tuple[str, ...]] = ("save", "delete")
    within: ClassVar[str | None] = "account"

    def create(self, pet: Pet, key: str) -> Given[HostAnswer]:
        """A new pet of ``pet.ref``. Its ``id`` is a proposal: answer with your own in ``HostAnswer(item=…)``."""
        return HostAnswer(AnswerKind.DECLINED, note=f"{type(self).__name__} takes no new pets")

    def save(self, pet: Pet, key: str) -> Given[HostAnswer]:
        """Write these fields of ``pet.id``, and nothing else of it, where it still has ``pet.version``."""
        return HostAnswer(AnswerKind.DECLINED, note=f"{type(self).__name__} changes no pets")

    def delete(self, id: str, version: str, key: str) -> Given[HostAnswer]:
        """Remove it, where it still has that version; ``DECLINED`` with a note where it cannot go now: because it has
        appointments ahead, say.
        """
        return HostAnswer(AnswerKind.DECLINED, note=f"{type(self).__name__} removes no pets")

    def write(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        if change.action == "delete":
            return self.delete(change.item or "", change.version, key)
        pet = pet_from_texts(
            change.fields, id=change.item or key, ref=change.ref, version=change.version, business=change.business
        )
        return self.create(pet, key) if change.item is None else self.save(pet, key)
