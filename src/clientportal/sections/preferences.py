"""Notification preferences: {transactional, marketing} x {email, SMS}, each on or off by itself (M11)."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import ClassVar

from clientportal.errors import HostError
from clientportal.ports.section import Given, Section
from clientportal.values import HostAnswer, ItemPage, RecordRef, SectionWrite
from clientportal.values.appointments import AnswerKind
from clientportal.values.channels import Channel
from clientportal.values.preferences import Category, Preference

__all__ = ["NotificationPreferences"]


class NotificationPreferences(Section[Preference]):
    """The port of preferences: what each record has chosen, kept where your own mailings can read it.

    A business without this section sends what is about a client's own things, and no marketing through the portal.
    Before you send a message of your own, ask ``portal.preferences``: it knows which records are one person.
    """

    name: ClassVar[str] = "preferences"
    item: ClassVar[type[Preference]] = Preference
    actions: ClassVar[tuple[str, ...]] = ("set",)
    moves: ClassVar[bool] = False

    def chosen(self, refs: Sequence[RecordRef]) -> Given[Sequence[Preference]]:
        """Whatever those records have chosen, in one statement: there may be thousands of refs, and each has at most
        four. What a record has never chosen is left out; a default of your own (an imported consent) is a choice.
        """
        raise HostError(f"{type(self).__name__}.chosen is not implemented, though something asked for it")

    def choose(
        self, refs: Sequence[RecordRef], category: Category, channel: Channel, on: bool, key: str
    ) -> Given[HostAnswer]:
        """Write this one choice for every one of those records; twice is no harm. The other three stay as they are."""
        return HostAnswer(AnswerKind.DECLINED, note=f"{type(self).__name__} cannot write preferences")

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> Given[ItemPage[Preference]]:
        """The same choices as items, by their ids. You need not write this one."""
        return self._page(refs, after, limit)

    async def _page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Preference]:
        answer = self.chosen(refs)
        found = await answer if inspect.isawaitable(answer) else answer
        later = [one for one in sorted(found, key=lambda one: one.id) if after is None or one.id > after]
        return ItemPage(tuple(later[:limit]), later[limit - 1].id if len(later) > limit else None)

    def write(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        fields = change.fields
        category, channel = Category(fields["category"]), Channel(fields["channel"])
        return self.choose(change.refs, category, channel, fields["on"] == "yes", key)
