"""A host's section is believed only as far as its contract goes: every answer is held against what was asked."""

from __future__ import annotations

import inspect
from collections.abc import Sequence, Set
from typing import Any, TypeVar, cast

from attrs import evolve

from clientportal.errors import HostError
from clientportal.ports.section import Section
from clientportal.rules.franchises import is_shown
from clientportal.values import HostAnswer, ItemPage, RecordRef, SectionItem, SectionWrite
from clientportal.values.invoices import Transaction

__all__ = ["CheckedSection"]

I = TypeVar("I", bound=SectionItem)  # noqa: E741


class CheckedSection:
    """The awaited face of one section; raises ``HostError`` where it breaks its contract."""

    def __init__(self, section: Section[Any], branch: str = "", shares: Set[str] = frozenset()) -> None:
        self._branch = branch
        self._shares = shares
        self.name = section.name
        self.actions = section.actions
        self.begins = section.begins
        self.asks = section.asks
        self.within = section.within
        self.kind = section.item
        self.details = getattr(type(section), "one", None) is not cast("Any", Section).one
        self.port = section

    async def ask(self, method: str, *args: Any) -> Any:
        """Call a method that this section alone has; the caller holds the answer against what it asked."""
        answer = getattr(self.port, method)(*args)
        return await answer if inspect.isawaitable(answer) else answer

    async def active(self) -> bool:
        answer = await self.ask("active")
        if not isinstance(answer, bool):
            raise HostError(f"{self.name}.active() answers with True or False; this answered with {_named(answer)}")
        return answer

    async def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        shown: ItemPage[Any] = await self.ask("page", refs, after, limit)
        if not isinstance(cast("object", shown), ItemPage):
            raise HostError(f"{self.name}.page() answers with an ItemPage; this answered with {_named(shown)}")
        if len(shown.items) > limit:
            raise HostError(f"{self.name}.page() was asked for at most {limit} and answered with {len(shown.items)}")
        if shown.next is not None and not isinstance(cast("object", shown.next), str):
            raise HostError(f"{self.name}.page() answers with a cursor of text or None; this is {_named(shown.next)}")
        items = self.those(shown.items, refs, "page")
        if len({item.id for item in items}) != len(items):
            raise HostError(f"{self.name}.page() answered twice with the same item")
        return ItemPage(items, shown.next)

    def those(self, items: Sequence[Any], refs: Sequence[RecordRef], method: str) -> tuple[Any, ...]:
        """Items that were asked for by those refs, each under the record that it belonged to first."""
        asked = frozenset(refs)
        for item in items:
            if not isinstance(item, self.kind):
                raise HostError(f"{self.name}.{method}() answers with {self.kind.__name__}; in this {_named(item)} was")
            if item.ref not in asked:
                raise HostError(f"{self.name}.{method}() answered with what was not asked for: of {item.ref}")
            if not is_shown(item.business, self.name, self._branch, self._shares):
                raise HostError(
                    f"{self.name}.{method}() was asked at {self._branch!r} and answered with what {item.business!r} has"
                )
        return tuple(_as_before_moving(item) for item in items)

    async def transactions(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Transaction]:
        """Of payments alone: a page of the money that has moved."""
        answer: object = await self.ask("transactions", refs, after, limit)
        if not isinstance(answer, ItemPage):
            raise HostError(f"payments.transactions() answers with an ItemPage; this is {type(answer).__name__}")
        page = cast("ItemPage[Transaction]", answer)
        if len(page.items) > limit:
            raise HostError(f"payments.transactions() was asked for at most {limit}, and found {len(page.items)}")
        mine = frozenset(refs)
        strange = [one for one in cast("Sequence[object]", page.items) if not isinstance(one, Transaction)]
        if strange or any(mine.isdisjoint({one.ref, one.moved_from}) for one in page.items):
            raise HostError("payments.transactions() answers with transactions of the records that it was asked for")
        if not all(is_shown(one.business, self.name, self._branch, self._shares) for one in page.items):
            raise HostError("payments.transactions() answers with what is shown at the business that it was asked at")
        return page

    async def one(self, id: str) -> Any | None:
        item = await self.ask("one", id)
        if item is None:
            return None
        if not isinstance(item, self.kind):
            raise HostError(f"{self.name}.one() answers with {self.kind.__name__}; this answered with {_named(item)}")
        if item.id != id:
            raise HostError(f"{self.name}.one() was asked for {id!r} and answered with {item.id!r}")
        return item if is_shown(item.business, self.name, self._branch, self._shares) else None

    async def write(self, change: SectionWrite, key: str) -> HostAnswer:
        return cast("HostAnswer", await self.ask("write", change, key))


def _named(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _as_before_moving(item: Any) -> Any:
    return item if item.moved_from is None else evolve(item, ref=item.moved_from, moved_from=None)
