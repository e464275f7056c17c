"""What clients hold in the shipped SQL host: packages, gift cards, rewards, saved cards."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Executable, bindparam, select

from clientportal.ports.host import HostAnswer
from clientportal.sections import GiftCards, Memberships, Packages, PaymentMethods, Rewards
from clientportal.stores.sql.codec import instant_from_text
from clientportal.stores.sql.host_queries import among, listed
from clientportal.stores.sql.host_tables import APPOINTMENTS
from clientportal.stores.sql.kept_items import KeptItems
from clientportal.stores.sql.tables import TEXT, storable
from clientportal.values import AppointmentStatus, SectionWrite
from clientportal.values.cards import Card, CardGuard

__all__ = ["SqlGiftCards", "SqlMemberships", "SqlPackages", "SqlPaymentMethods", "SqlRewards"]


class SqlMemberships(KeptItems, Memberships):
    """Memberships in ``cp_host_items``."""


class SqlPackages(KeptItems, Packages):
    """Packages in ``cp_host_items``."""


class SqlGiftCards(KeptItems, GiftCards):
    """Gift cards in ``cp_host_items``; a platform that sells them online answers ``shop``."""


class SqlRewards(KeptItems, Rewards):
    """Balances in ``cp_host_items``."""


@cache
def _prepaid(sqlite: bool) -> Executable:
    one = APPOINTMENTS.c
    return select(one.id, one.status, one.start_at, one.zone).where(
        one.tenant == bindparam("p_tenant", type_=TEXT), among(one.id, "p_ids", sqlite)
    )


class SqlPaymentMethods(KeptItems, PaymentMethods):
    """Saved cards in ``cp_host_items``: what each has paid for in advance is kept with it."""

    async def guards(self, card: Card) -> Sequence[CardGuard]:
        """Each prepaid appointment as it is now, in one statement; one whose row is gone was cancelled."""
        ids = [paid.appointment for paid in card.prepaid if storable(paid.appointment)]
        if not ids:
            return ()
        sqlite = self.host.face.sqlite
        rows = {row.id: row for row in await self.host.fetched(_prepaid(sqlite), **listed({"p_ids": ids}, sqlite))}
        found: list[CardGuard] = []
        for paid in card.prepaid:
            now = rows.get(paid.appointment)
            found.append(
                CardGuard(
                    appointment=paid.appointment,
                    status=AppointmentStatus.CANCELLED if now is None else now.status,
                    start=paid.start if now is None else instant_from_text(now.start_at),
                    zone=paid.zone if now is None else now.zone,
                    refund_outstanding=paid.refund_outstanding,
                )
            )
        return found

    async def remove(self, change: SectionWrite, key: str) -> HostAnswer:
        """The row goes, in the version that was decided on."""
        await self.drop(str(change.item), change.version)
        return HostAnswer()
