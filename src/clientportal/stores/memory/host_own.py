"""What clients keep themselves in the in-memory host: pets, preferences, what they earned by recommending. The twin of
``stores.sql.host_own``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from attrs import evolve

from clientportal.ports.host import HostAnswer
from clientportal.sections import NotificationPreferences, Pets, ReferralProgram
from clientportal.stores.memory.host_rows import OwnedRow, id_from, next_version
from clientportal.stores.memory.kept_items import KeptItems
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import RecordRef
from clientportal.values.channels import Channel
from clientportal.values.pets import Pet
from clientportal.values.preferences import Category, Preference
from clientportal.values.referrals import ReferralCredit

__all__ = ["MemoryPets", "MemoryPreferences", "MemoryReferrals"]


class MemoryPets(KeptItems, Pets):
    """Pets of the in-memory host. Override ``active`` where not every business of the platform is one for pets."""

    def create(self, pet: Pet, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            self.add(tx, pet)
            return HostAnswer(item=pet.id)

        return self.once(key, write)

    def save(self, pet: Pet, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            self.change(tx, pet)
            return HostAnswer(item=pet.id)

        return self.once(key, write)

    def delete(self, id: str, version: str, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            self.drop(tx, id, version)
            return HostAnswer(item=id)

        return self.once(key, write)


class MemoryPreferences(KeptItems, NotificationPreferences):
    """Preferences of the in-memory host."""

    def chosen(self, refs: Sequence[RecordRef]) -> Sequence[Preference]:
        return self.every(refs)

    def choose(self, refs: Sequence[RecordRef], category: Category, channel: Channel, on: bool, key: str) -> HostAnswer:
        cell = (category, channel)
        there = {one.ref: one.id for one in self.every(refs) if (one.category, one.channel) == cell}

        def write(tx: MemoryTransaction) -> HostAnswer:
            for ref in refs:
                id = there.get(ref) or id_from("preference", str(ref), *cell)
                before = cast("OwnedRow[Preference] | None", tx.get(self._table, id))
                version = next_version("" if before is None else before.thing.version)
                chosen = Preference(
                    id=id,
                    ref=ref,
                    version=version,
                    category=category,
                    channel=channel,
                    on=on,
                    chosen_at=self.host.now(),
                )
                tx.put(self._table, id, OwnedRow(ref, chosen) if before is None else evolve(before, thing=chosen))
            return HostAnswer()

        return self.once(key, write)


class MemoryReferrals(KeptItems, ReferralProgram):
    """What was earned by recommending, in the in-memory host."""

    def credits(self, refs: Sequence[RecordRef]) -> Sequence[ReferralCredit]:
        return self.every(refs)
