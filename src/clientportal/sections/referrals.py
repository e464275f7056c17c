"""Recommendations: credits earned, friends who came, a personal link (M10)."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import ClassVar

from clientportal.errors import HostError
from clientportal.ports.section import Given, Section
from clientportal.values import ItemPage, RecordRef
from clientportal.values.referrals import ReferralCredit

__all__ = ["ReferralProgram"]


class ReferralProgram(Section[ReferralCredit]):
    """The port of recommendations: the credits are yours to give, the portal counts the friends.

    Your booking page hands the link that a visitor came by to ``portal.referred``; where the friend counts, your host
    hears the event ``referred`` in the same commit, and gives the credit.
    """

    name: ClassVar[str] = "referrals"
    item: ClassVar[type[ReferralCredit]] = ReferralCredit

    def credits(self, refs: Sequence[RecordRef]) -> Given[Sequence[ReferralCredit]]:
        """Everything that those records have earned, in one statement; or fewer items that add up to the same: the
        portal shows the sums alone, one for each currency and one of points.
        """
        raise HostError(f"{type(self).__name__}.credits is not implemented, though something asked for it")

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> Given[ItemPage[ReferralCredit]]:
        """The same credits as items, by their ids: what is exported of a client (X7). You need not write this one."""
        return self._page(refs, after, limit)

    async def _page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[ReferralCredit]:
        answer = self.credits(refs)
        found = await answer if inspect.isawaitable(answer) else answer
        later = [one for one in sorted(found, key=lambda one: one.id) if after is None or one.id > after]
        return ItemPage(tuple(later[:limit]), later[limit - 1].id if len(later) > limit else None)
