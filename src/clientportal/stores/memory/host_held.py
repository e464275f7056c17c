"""What clients hold in the in-memory host: packages, gift cards, rewards, saved cards. The twin of
``stores.sql.host_held``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from clientportal.ports.host import HostAnswer
from clientportal.sections import GiftCards, Memberships, Packages, PaymentMethods, Rewards
from clientportal.stores.memory.host_rows import AppointmentRow
from clientportal.stores.memory.kept_items import KeptItems
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import AppointmentStatus, SectionWrite
from clientportal.values.cards import Card, CardGuard

__all__ = ["MemoryGiftCards", "MemoryMemberships", "MemoryPackages", "MemoryPaymentMethods", "MemoryRewards"]


class MemoryMemberships(KeptItems, Memberships):
    """Memberships of the in-memory host."""


class MemoryPackages(KeptItems, Packages):
    """Packages of the in-memory host."""


class MemoryGiftCards(KeptItems, GiftCards):
    """Gift cards of the in-memory host; a platform that sells them online answers ``shop``."""


class MemoryRewards(KeptItems, Rewards):
    """Balances of the in-memory host."""


class MemoryPaymentMethods(KeptItems, PaymentMethods):
    """Saved cards of the in-memory host: what each has paid for in advance is kept with it."""

    def guards(self, card: Card) -> Sequence[CardGuard]:
        """Each prepaid appointment as it is now; one whose row is gone was cancelled."""
        found: list[CardGuard] = []
        with self.host.rows() as tx:
            for paid in card.prepaid:
                row = cast("AppointmentRow | None", tx.get("appointments", paid.appointment))
                now = None if row is None else row.appointment
                found.append(
                    CardGuard(
                        appointment=paid.appointment,
                        status=AppointmentStatus.CANCELLED if now is None else now.status,
                        start=paid.start if now is None else now.start,
                        zone=paid.zone if now is None else now.zone,
                        refund_outstanding=paid.refund_outstanding,
                    )
                )
        return found

    def remove(self, change: SectionWrite, key: str) -> HostAnswer:
        """The row goes, in the version that was decided on."""

        def write(tx: MemoryTransaction) -> HostAnswer:
            self.drop(tx, str(change.item), change.version)
            return HostAnswer()

        return self.once(key, write)
