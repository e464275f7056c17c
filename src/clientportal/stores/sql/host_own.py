"""What clients keep themselves in the shipped SQL host: pets, preferences, what they earned by recommending."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports.host import HostAnswer
from clientportal.sections import NotificationPreferences, Pets, ReferralProgram
from clientportal.stores.sql.kept_items import KeptItems
from clientportal.values import RecordRef
from clientportal.values.channels import Channel
from clientportal.values.pets import Pet
from clientportal.values.preferences import Category, Preference
from clientportal.values.referrals import ReferralCredit

__all__ = ["SqlPets", "SqlPreferences", "SqlReferrals"]


class SqlPets(KeptItems, Pets):
    """Pets in ``cp_host_items``. Override ``active`` where not every business of the platform is one for pets."""

    async def create(self, pet: Pet, key: str) -> HostAnswer:
        await self.add(pet)
        return HostAnswer(item=pet.id)

    async def save(self, pet: Pet, key: str) -> HostAnswer:
        before = await self.one(pet.id)
        if before is None:
            raise Conflict("the pet has gone since it was read")
        # Whose it is, and was first, stays as the row has it: a merge may have moved it.
        await self.change(evolve(pet, ref=before.ref, moved_from=before.moved_from))
        return HostAnswer(item=pet.id)

    async def delete(self, id: str, version: str, key: str) -> HostAnswer:
        await self.drop(id, version)
        return HostAnswer(item=id)


class SqlPreferences(KeptItems, NotificationPreferences):
    """Preferences in ``cp_host_items``: a row for each choice, which writing it again replaces."""

    async def chosen(self, refs: Sequence[RecordRef]) -> Sequence[Preference]:
        return await self.every(refs)

    async def choose(
        self, refs: Sequence[RecordRef], category: Category, channel: Channel, on: bool, key: str
    ) -> HostAnswer:
        found = [one for one in await self.every(refs) if (one.category, one.channel) == (category, channel)]
        there = {one.ref: one.id for one in found}
        chosen = Preference(id="new", ref=refs[0], category=category, channel=channel, on=on, chosen_at=self.host.now())
        ids = {ref: there.get(ref) or _id(ref, category, channel) for ref in refs}
        await self.host.add_items([evolve(chosen, id=id, ref=ref) for ref, id in ids.items()])
        return HostAnswer()


def _id(ref: RecordRef, category: Category, channel: Channel) -> str:
    text = f"{category.value} {channel.value} {ref}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class SqlReferrals(KeptItems, ReferralProgram):
    """What was earned by recommending, in ``cp_host_items``."""

    async def credits(self, refs: Sequence[RecordRef]) -> Sequence[ReferralCredit]:
        return await self.every(refs)
