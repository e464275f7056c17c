"""What the parts of the host contract about sections share: which there are, their items, and putting more there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from clientportal.operations.trusting import CheckedHost
from clientportal.operations.trusting_sections import CheckedSection
from clientportal.ports.branches import HostAtBranch
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.testing.contracts.host_writes import WritingHost
from clientportal.testing.contracts.section_examples import EXAMPLES, UNLISTED
from clientportal.values import RecordRef, SectionItem
from clientportal.values.documents import Document

__all__ = ["SectionFrame"]


class SectionFrame(WritingHost):
    """Every section that the platform has, those that ship and its own."""

    def all_sections(self, ground: HostGround) -> list[str]:
        """The names of all, whether or not they are listed page by page."""
        found = self.run(self.sections_of(ground, ground.businesses[0]))
        return found or self.not_declared("sections")

    def listed_sections(self, ground: HostGround) -> list[str]:
        """Those that are listed page by page; the report names them."""
        found = [name for name in self.all_sections(ground) if name not in UNLISTED]
        if not found:
            self.not_declared("sections that are listed")
        for name in found:
            self.proven(name)
        return found

    def needs_section(self, ground: HostGround, name: str) -> None:
        """This test is about that one."""
        if name not in self.run(self.sections_of(ground, ground.businesses[0])):
            self.not_declared(f"the section {name}")

    def example(self, ground: HostGround, name: str, id: str, ref: RecordRef, place: int = 0, **more: Any) -> Any:
        """An item of that section: the greater its place, the earlier it is listed."""
        make = EXAMPLES.get(name) or ground.examples.get(name)
        if make is None:
            pytest.fail(f"nobody knows what an item of {name} looks like: HostGround.examples is to say")
        return evolve(make(id, ref, place), **more)

    def add_item(self, ground: HostGround, item: SectionItem, business: str | None = None, content: bytes = b"") -> str:
        """Put an item into the platform's tables; its id there."""
        if isinstance(item, Document):
            item = evolve(item, size=len(content))
        return self.put(lambda: ground.add_item(business or ground.businesses[0], item, content))

    def add_example(self, ground: HostGround, name: str, id: str, ref: RecordRef, place: int = 0, **more: Any) -> str:
        """Put one there that the contract makes."""
        return self.add_item(ground, self.example(ground, name, id, ref, place, **more))

    async def section(self, host: CheckedHost, name: str) -> CheckedSection:
        """That section, which is there."""
        found = await host.section(name)
        assert found is not None, f"section({name!r}) is there"
        return found

    def asks(self, ground: HostGround, name: str, method: str, *arguments: Any, business: str | None = None) -> Any:
        """What a method of a section answers, in a unit of its own."""

        async def look(host: CheckedHost) -> Any:
            return await (await self.section(host, name)).ask(method, *arguments)

        return self.ask(ground, look, business)

    def found(self, ground: HostGround, name: str, id: str, business: str | None = None) -> Any:
        """One item by its id, held against what was asked."""

        async def look(host: CheckedHost) -> Any:
            return await (await self.section(host, name)).one(id)

        return self.ask(ground, look, business)

    def items(
        self, ground: HostGround, name: str, refs: Sequence[RecordRef], limit: int = 50, *, branch: str = ""
    ) -> list[Any]:
        """The whole of a section, page by page, each in a unit of its own; at one business of a franchise."""
        found: list[Any] = []
        after: str | None = None
        host: Any = HostAtBranch(ground.host, branch, frozenset()) if branch else ground.host

        async def turn() -> str | None:
            async with ground.store.begin(ground.businesses[0], host, writes=False) as unit:
                page = await (await self.section(CheckedHost(unit.host, branch), name)).page(refs, after, limit)
            found.extend(page.items)
            last: str | None = page.next
            if branch and last is not None:
                assert len(page.items) == limit, f"{name}.page(): a page is full where another one follows"
            return last

        while True:
            after = self.run(turn())
            if after is None:
                return found
            assert len(found) < 1000, f"the pages of {name} never end"

    def ids(self, ground: HostGround, name: str, refs: Sequence[RecordRef], limit: int = 50) -> list[str]:
        """Their ids, in order."""
        return [one.id for one in self.items(ground, name, refs, limit)]
